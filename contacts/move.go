package contacts

import (
	"context"
	"fmt"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
)

// Rename gives a card of the caller's book another name. A name that is taken is ErrCondition where
// nothing may be written over, and *UIDTaken else: it is another card. Errors: ErrCondition, *UIDTaken,
// portal.ErrNotFound.
func (s *Store) Rename(ctx context.Context, caller portal.Caller, name, as string, overwrite bool, conditions dav.Conditions) (dav.Written, error) {
	if err := checkName(as); err != nil {
		return dav.Written{}, err
	}
	var card Contact
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var over Contact
		var err error
		if card, _, err = replaced(ctx, tx, caller, name, ""); err != nil {
			return err
		}
		if over, _, err = replaced(ctx, tx, caller, as, ""); err != nil {
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
		err = tx.Write(ctx, `UPDATE contacts SET name = $4 WHERE collectivity = $1 AND agent = $2 AND name = $3`,
			string(caller.Collectivity), string(caller.Agent), name, as)
		if err != nil {
			return err
		}
		if err := s.changed(ctx, tx, caller, name, growth{}, true); err != nil {
			return err
		}
		return s.changed(ctx, tx, caller, as, growth{}, false)
	})
	if err != nil {
		return dav.Written{}, fmt.Errorf("contacts: rename %.60q: %w", name, err)
	}
	return dav.Written{ETag: card.ETag, Created: true}, nil
}
