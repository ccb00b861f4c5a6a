package leaving

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Concerns tells the administrator of a collectivity that its journal, which remembers
// for a year at the most, knows of no archive of it.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	var never bool
	err := s.DB.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT 1 FROM audit_lines l WHERE l.collectivity = $1 AND l.action = 'collectivity.exported')
		FROM collectivities c WHERE c.id = $1 AND c.created <= $2`, string(caller.Collectivity), database.Millis(s.Now().Add(-patience))).Scan(&never)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return nil, fmt.Errorf("leaving: what is missing: %w", err)
	}
	if !never {
		return nil, nil
	}
	return []portal.Concern{{Gravity: portal.Missing, Key: "leaving.concern.never", Why: "leaving.concern.never.why", Path: "/admin/export", Icon: "download"}}, nil
}

// patience is how old a collectivity is before an archive of it is missed.
const patience = 30 * 24 * time.Hour
