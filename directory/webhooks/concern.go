package webhooks

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// silent is how long messages wait before that is told of: a receiver may be out for as
// long as it takes to be updated.
const silent = time.Hour

// Concerns tells the administrator of a collectivity which of its webhooks are told
// nothing any more, and which do not answer.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) (all []portal.Concern, err error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	stopped := portal.Concern{Key: "webhooks.concern.stopped", Why: "webhooks.concern.stopped.why", Path: base, Icon: "send"}
	failing := portal.Concern{Key: "webhooks.concern.failing", Why: "webhooks.concern.failing.why", Path: base, Icon: "send"}
	err = s.DB.ReadAll(ctx, database.Read{
		Query: `SELECT id, label, state = 'stopped', failing FROM webhooks
			WHERE collectivity = $1 AND (state = 'stopped' OR state = 'on' AND failing > 0 AND failing <= $2) ORDER BY turned, id`,
		Args: []any{string(caller.Collectivity), database.Millis(s.Now().Add(-silent))},
		Row: func(scan func(dest ...any) error) error {
			var id string
			var over bool
			var since int64
			var named portal.Named
			err := scan(&id, &named.Name, &over, &since)
			named.Path = base + "/" + id
			about := &failing
			if over {
				about = &stopped
			} else if at := database.FromMillis(since); about.Since.IsZero() || at.Before(about.Since) {
				about.Since = at
			}
			about.Named = append(about.Named, named)
			about.Count++
			return err
		},
	})
	if err != nil {
		return nil, fmt.Errorf("webhooks: what is wrong: %w", err)
	}
	for _, one := range []portal.Concern{stopped, failing} {
		if one.Count > 0 {
			all = append(all, one)
		}
	}
	return all, nil
}
