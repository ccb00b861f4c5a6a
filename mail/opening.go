package mail

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Openings tells to whom the shared mailboxes of the caller's collectivity are open:
// to nobody without a group. portal.ErrDenied but for its administrator.
func (s *Store) Openings(ctx context.Context, caller portal.Caller, _ []portal.AgentID) ([]portal.Opening, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("mail: list openings: %w", err)
	}
	rows, err := s.db.Query(ctx, `
		SELECT m.address, m.name, w.group_id FROM mail_shared m
		JOIN mail_shared_audience w ON w.collectivity = m.collectivity AND w.address = m.address
		WHERE m.collectivity = $1 ORDER BY m.address, w.group_id`, string(caller.Collectivity))
	openings, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Opening, error) {
		open := portal.Opening{
			Mention: portal.Mention{Kind: "mail.mention", Path: "/mail", Icon: "mail"},
			To:      portal.Subject{Kind: portal.TheGroup}, Does: portal.Reads,
		}
		err := rows.Scan(&open.ID, &open.Name, &open.To.ID)
		return open, err
	})
	if err != nil {
		return nil, fmt.Errorf("mail: list openings: %w", err)
	}
	return openings, nil
}
