package contacts

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/database"
)

// link writes what a card says of groups in place of what it said before.
func (s *Store) link(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, book BookID, name string, links []link) error {
	err := tx.Write(ctx, `DELETE FROM contact_links WHERE collectivity = $1 AND book = $2 AND name = $3`, string(collectivity), string(book), name)
	for _, one := range links {
		if err == nil {
			err = tx.Write(ctx, `INSERT INTO contact_links (collectivity, book, name, kind, value) VALUES ($1, $2, $3, $4, $5)`,
				string(collectivity), string(book), name, one.kind, one.value)
		}
	}
	return err
}

// derive makes a book whose cards were written before they were sorted, or that came with an archive, ready for
// pages. A card that can't be read any more is found by its name alone.
func (s *Store) derive(ctx context.Context, collectivity portal.CollectivityID, b Book) error {
	if b.derived {
		return nil
	}
	for after := ""; ; {
		some := 0
		err := s.db.Tx(ctx, func(tx *database.Tx) error {
			rows, err := tx.Query(ctx, `SELECT name, full_name, octets FROM contacts WHERE collectivity = $1 AND book = $2 AND name > $3 ORDER BY name LIMIT 50`,
				string(collectivity), string(b.ID), after)
			found, err := database.Collect(rows, err, func(rows *sql.Rows) (c Contact, err error) { return c, rows.Scan(&c.Name, &c.FullName, &c.Octets) })
			if some = len(found); err != nil {
				return err
			}
			for _, c := range found {
				card, err := vcard.Parse(c.Octets)
				if err != nil {
					card = vcard.New(vcard.V4, vcard.Property{Name: "FN", Value: vcard.Escape(c.FullName)})
				}
				if err := s.index(ctx, tx, collectivity, b.ID, c.Name, indexOf(card)); err != nil {
					return err
				}
				after = c.Name
			}
			if some < batch {
				return tx.Write(ctx, `UPDATE contact_books SET derived = TRUE WHERE collectivity = $1 AND id = $2`, string(collectivity), string(b.ID))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("contacts: derive %q: %w", b.ID, err)
		}
		if some < batch {
			return nil
		}
	}
}

func (s *Store) index(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, book BookID, name string, i index) error {
	err := tx.Write(ctx, `
		UPDATE contacts SET kind = $4, sort_name = $5, detail = $6, phone = $7, email = $8, photo = $9, reference = $10, words = $11
		WHERE collectivity = $1 AND book = $2 AND name = $3`,
		string(collectivity), string(book), name, i.kind, i.sortName, i.detail, i.phone, i.email, i.photo, i.reference, i.words)
	if err != nil {
		return err
	}
	return s.link(ctx, tx, collectivity, book, name, i.links)
}
