package mail

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingGroup lists the shared mailboxes of the caller's collectivity that name a group.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `
		SELECT m.address, m.name FROM mail_shared m WHERE m.collectivity = $1 AND EXISTS (
			SELECT 1 FROM mail_shared_audience w WHERE w.collectivity = $1 AND w.address = m.address AND w.group_id = $2)
		ORDER BY m.name, m.address`,
		string(caller.Collectivity), string(group))
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		var id string
		mention := portal.Mention{Kind: "mail.mention", Icon: "mail", Path: "/mail"}
		err := rows.Scan(&id, &mention.Name)
		return mention, err
	})
	if err != nil {
		return nil, fmt.Errorf("mail: list what names a group: %w", err)
	}
	return mentions, nil
}
