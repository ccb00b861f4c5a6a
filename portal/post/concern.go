package post

import (
	"context"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Concerns tells the administrator of a collectivity which of its letters were given up,
// and whether those that wait do because of the server.
func (q *Queue) Concerns(ctx context.Context, caller portal.Caller) (all []portal.Concern, err error) {
	if !caller.CanAny(portal.Admin, portal.ManageAgents) {
		return nil, nil
	}
	err = q.db.ReadAll(ctx, database.Read{
		Query: `SELECT due = 0, COUNT(*), MAX(fault), MIN(created) FROM outgoing_mail WHERE collectivity = $1 AND fault <> '' GROUP BY due = 0 ORDER BY due = 0`,
		Args:  []any{string(caller.Collectivity)},
		Row: func(scan func(dest ...any) error) error {
			var lost bool
			var word string
			var since int64
			one := portal.Concern{Key: "post.concern.held", Path: "/admin/agents?state=invited", Icon: "mail"}
			if err := scan(&lost, &one.Count, &word, &since); err != nil {
				return err
			}
			if one.Since = database.FromMillis(since); lost {
				one.Key = "post.concern.lost"
			}
			one.Why = "post.fault." + word
			all = append(all, one)
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("post: what is wrong: %w", err)
	}
	return all, nil
}
