package directory

import (
	"fmt"

	"parvis/portal"
)

// CheckCollectivity refuses what is no sound collectivity: portal.FieldErrors.
func CheckCollectivity(c Collectivity) error {
	if err := c.withDefaults().check(); err != nil {
		return fmt.Errorf("directory: check collectivity %q: %w", c.ID, err)
	}
	return nil
}

// Refresh forgets what is kept in memory of an account, "" for all of them and of
// every collectivity: rows came or went beside this store.
func (s *Store) Refresh(account portal.AccountID) {
	if account == "" {
		s.bodies.Clear()
	}
	s.changed(account)
}
