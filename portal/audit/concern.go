package audit

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// lately is how long ago a sign-in that nothing followed still tells something.
const lately = 24 * time.Hour

// Concerns tells the administrator of a collectivity that the server which vouches for
// its agents was silent at the last sign-in: what the journal knows, whatever that server
// is and whichever node asked it.
func (j *Journal) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	var held, let int64
	var count int
	err := j.db.QueryRow(ctx, `
		SELECT COUNT(*), COALESCE(MAX(l.at), 0),
			(SELECT COALESCE(MAX(s.at), 0) FROM audit_lines s WHERE s.collectivity = $1 AND s.action = 'sign-in' AND s.refused = '')
		FROM audit_lines l WHERE l.collectivity = $1 AND l.action = 'sign-in' AND l.refused = 'unavailable' AND l.at > $2`,
		string(caller.Collectivity), database.Millis(time.Now().Add(-lately))).Scan(&count, &held, &let)
	if err != nil {
		return nil, fmt.Errorf("audit: what is wrong: %w", err)
	}
	if count == 0 || let > held {
		return nil, nil
	}
	return []portal.Concern{{
		Key: "audit.concern.unavailable", Why: "audit.concern.unavailable.why", Since: database.FromMillis(held), Path: "/admin/sign-in", Icon: "lock",
	}}, nil
}
