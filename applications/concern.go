package applications

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// soon is how long before its end an access is told of.
const soon = 14 * 24 * time.Hour

// Concerns tells who governs the applications which requests wait for her, and which
// accesses end soon.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) (all []portal.Concern, err error) {
	if !caller.Can(portal.ManageApplications) {
		return nil, nil
	}
	now := s.now()
	var requests, ending int
	var asked int64
	var none bool
	err = s.db.QueryRow(ctx, `
		SELECT (SELECT COUNT(*) FROM application_requests r WHERE r.collectivity = $1 AND r.state = 'waiting'),
			(SELECT COALESCE(MIN(r.asked), 0) FROM application_requests r WHERE r.collectivity = $1 AND r.state = 'waiting'),
			(SELECT COUNT(*) FROM application_grants g WHERE g.collectivity = $1 AND g.until > 0 AND g.revoked = 0 AND g.until > $2 AND g.until <= $3),
			c.created > $4 AND NOT EXISTS (SELECT 1 FROM applications a WHERE a.collectivity = $1 AND a.deleted = 0)
		FROM collectivities c WHERE c.id = $1`,
		string(caller.Collectivity), database.Millis(now), database.Millis(now.Add(soon)), database.Millis(now.Add(-portal.Settling))).
		Scan(&requests, &asked, &ending, &none)
	if err != nil {
		return nil, fmt.Errorf("applications: what asks for attention: %w", err)
	}
	if requests > 0 {
		all = append(all, portal.Concern{
			Gravity: portal.Waiting, Key: "applications.concern.requests", Count: requests, Since: database.FromMillis(asked), Path: "/todo", Icon: "key",
		})
	}
	if ending > 0 {
		all = append(all, portal.Concern{
			Gravity: portal.Coming, Key: "applications.concern.ending", Count: ending, Path: "/admin/applications", Icon: "clock",
		})
	}
	if none {
		all = append(all, portal.Concern{
			Gravity: portal.Next, Key: "applications.concern.none", Why: "applications.concern.none.why", Path: "/admin/applications/new", Icon: "apps",
		})
	}
	return all, nil
}
