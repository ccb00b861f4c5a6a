package contacts

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/database"
)

// Put writes a client's octets under a name of a book, as they are. Errors: *vcard.Refusal for what is no card,
// ErrCondition, *UIDTaken, ErrFull, portal.ErrDenied in a book that the caller only reads.
func (s *Store) Put(ctx context.Context, caller portal.Caller, book BookID, name string, octets []byte, conditions dav.Conditions) (dav.Written, error) {
	if err := checkName(name); err != nil {
		return dav.Written{}, err
	}
	card, err := vcard.Parse(octets)
	if err != nil {
		return dav.Written{}, fmt.Errorf("contacts: put %.60q: %w", name, err)
	}
	var written dav.Written
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		written, err = s.put(ctx, tx, caller, book, name, card, octets, conditions)
		return err
	})
	if database.IsDuplicate(err) { // two devices wrote the same at the same time
		err = fmt.Errorf("%w: %w", portal.ErrConflict, err)
	}
	if err != nil {
		return dav.Written{}, fmt.Errorf("contacts: put %.60q: %w", name, err)
	}
	return written, nil
}

func checkName(name string) error {
	if name == "" || len(name) > maxName || strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
		return fmt.Errorf("contacts: name %.60q: %w", name, portal.ErrInvalid)
	}
	return nil
}

func (s *Store) put(ctx context.Context, tx *database.Tx, caller portal.Caller, id BookID, name string, card *vcard.Card, octets []byte, conditions dav.Conditions) (dav.Written, error) {
	book, err := writable(ctx, tx, caller, id)
	if err != nil {
		return dav.Written{}, err
	}
	old, other, err := replaced(ctx, tx, caller, id, name, card.UID)
	if err != nil {
		return dav.Written{}, err
	}
	w := dav.Written{ETag: etagOf(octets), Created: old.Name == ""}
	switch {
	case !conditions.Hold(old.ETag):
		return dav.Written{}, ErrCondition
	case other.Name != "":
		return dav.Written{}, &UIDTaken{other.Name}
	case old.Name != "" && old.UID != card.UID: // another person does not take the place of one
		return dav.Written{}, &UIDTaken{old.Name}
	case w.ETag == old.ETag:
		return w, nil // nothing changed: other devices need not hear of it
	}
	grown := growth{bytes: len(octets) - old.Size}
	if w.Created {
		grown.cards = 1
	}
	if !book.holds(grown) {
		return dav.Written{}, ErrFull
	}
	if err := s.store(ctx, tx, caller, book); err != nil {
		return dav.Written{}, err
	}
	i := indexOf(card)
	_, err = tx.Exec(ctx, `
		INSERT INTO contacts (collectivity, book, name, uid, etag, size, full_name, modified, kind, sort_name, detail, phone, email, photo, reference, words, octets)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (collectivity, book, name) DO UPDATE SET uid = excluded.uid, etag = excluded.etag, size = excluded.size,
			full_name = excluded.full_name, modified = excluded.modified, kind = excluded.kind, sort_name = excluded.sort_name, detail = excluded.detail,
			phone = excluded.phone, email = excluded.email, photo = excluded.photo, reference = excluded.reference, words = excluded.words, octets = excluded.octets`,
		string(caller.Collectivity), string(id), name, card.UID, w.ETag, len(octets), card.Name, database.Millis(s.now()),
		i.kind, i.sortName, i.detail, i.phone, i.email, i.photo, i.reference, i.words, octets)
	if err != nil {
		return dav.Written{}, err
	}
	if !w.Created || len(i.links) > 0 {
		if err := s.link(ctx, tx, caller.Collectivity, id, name, i.links); err != nil {
			return dav.Written{}, err
		}
	}
	return w, s.changed(ctx, tx, caller, id, name, grown, false)
}

// growth is what a change adds to a book, negative for what it takes away.
type growth struct{ cards, bytes int }

// holds says whether a book has room for more. What makes it no larger is never refused.
func (b Book) holds(more growth) bool {
	return (more.cards <= 0 || b.Cards+more.cards <= MaxContacts) && (more.bytes <= 0 || b.bytes+more.bytes <= MaxBytes)
}

// replaced finds the card under a name, and the other one that has the UID; empty when there is none.
func replaced(ctx context.Context, tx *database.Tx, caller portal.Caller, book BookID, name, uid string) (old, other Contact, err error) {
	rows, err := tx.Query(ctx, `
		SELECT name, uid, etag, size FROM contacts WHERE collectivity = $1 AND book = $2 AND (name = $3 OR uid = $4)`,
		string(caller.Collectivity), string(book), name, uid)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (c Contact, err error) {
		return c, rows.Scan(&c.Name, &c.UID, &c.ETag, &c.Size)
	})
	for _, c := range found {
		if c.Name == name {
			old = c
		} else {
			other = c
		}
	}
	return old, other, err
}

// etagOf is half of a SHA-256: two cards that a person could make to collide are in a book where she writes.
func etagOf(octets []byte) string {
	sum := sha256.Sum256(octets)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// changed numbers a change and records it for clients that synchronise.
func (s *Store) changed(ctx context.Context, tx *database.Tx, caller portal.Caller, book BookID, name string, grown growth, deleted bool) error {
	var sequence int64
	err := tx.QueryRow(ctx, `
		UPDATE contact_books SET sequence = sequence + 1, cards = cards + $3, bytes = bytes + $4
		WHERE collectivity = $1 AND id = $2 RETURNING sequence`,
		string(caller.Collectivity), string(book), grown.cards, grown.bytes).Scan(&sequence)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO contact_changes (collectivity, book, name, sequence, deleted, changed) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (collectivity, book, name) DO UPDATE SET
			sequence = excluded.sequence, deleted = excluded.deleted, changed = excluded.changed`,
		string(caller.Collectivity), string(book), name, sequence, deleted, database.Millis(s.now()))
	return err
}

// Delete deletes the card under a name. Errors: ErrCondition, portal.ErrNotFound, portal.ErrDenied.
func (s *Store) Delete(ctx context.Context, caller portal.Caller, book BookID, name string, conditions dav.Conditions) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error { return s.delete(ctx, tx, caller, book, name, conditions) })
	if err != nil {
		return fmt.Errorf("contacts: delete %.60q: %w", name, err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, tx *database.Tx, caller portal.Caller, book BookID, name string, conditions dav.Conditions) error {
	if _, err := writable(ctx, tx, caller, book); err != nil {
		return err
	}
	old, _, err := replaced(ctx, tx, caller, book, name, "")
	switch {
	case err != nil:
		return err
	case old.Name == "":
		return portal.ErrNotFound
	case !conditions.Hold(old.ETag):
		return ErrCondition
	}
	_, err = tx.Exec(ctx, `DELETE FROM contacts WHERE collectivity = $1 AND book = $2 AND name = $3`,
		string(caller.Collectivity), string(book), name)
	if err == nil {
		err = s.link(ctx, tx, caller.Collectivity, book, name, nil)
	}
	if err != nil {
		return err
	}
	return s.changed(ctx, tx, caller, book, name, growth{-1, -old.Size}, true)
}
