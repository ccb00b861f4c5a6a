package contacts

import (
	"context"
	"fmt"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
)

// Rename gives a card of a book another name. A name that is taken is ErrCondition where
// nothing may be written over, and *UIDTaken else: it is another card. Errors: ErrCondition, *UIDTaken,
// portal.ErrNotFound, portal.ErrDenied.
func (s *Store) Rename(ctx context.Context, caller portal.Caller, book BookID, name, as string, overwrite bool, conditions dav.Conditions) (dav.Written, error) {
	if err := checkName(as); err != nil {
		return dav.Written{}, err
	}
	var card Contact
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var over Contact
		_, err := writable(ctx, tx, caller, book)
		if err != nil {
			return err
		}
		if card, _, err = replaced(ctx, tx, caller, book, name, ""); err != nil {
			return err
		}
		if over, _, err = replaced(ctx, tx, caller, book, as, ""); err != nil {
			return err
		}
		switch {
		case card.Name == "":
			return portal.ErrNotFound
		case !conditions.Hold(card.ETag), over.Name != "" && !overwrite:
			return ErrCondition
		case over.Name != "":
			return &UIDTaken{over.Name}
		}
		for _, text := range []string{
			`UPDATE contacts SET name = $4 WHERE collectivity = $1 AND book = $2 AND name = $3`,
			`UPDATE contact_links SET name = $4 WHERE collectivity = $1 AND book = $2 AND name = $3`,
		} {
			if err := tx.Write(ctx, text, string(caller.Collectivity), string(book), name, as); err != nil {
				return err
			}
		}
		if err := s.changed(ctx, tx, caller, book, name, growth{}, true); err != nil {
			return err
		}
		return s.changed(ctx, tx, caller, book, as, growth{}, false)
	})
	if err != nil {
		return dav.Written{}, fmt.Errorf("contacts: rename %.60q: %w", name, err)
	}
	return dav.Written{ETag: card.ETag, Created: true}, nil
}
