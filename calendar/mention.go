package calendar

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingGroup lists the calendars of the caller's collectivity that name a group.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `
		SELECT c.id, c.name FROM calendars c WHERE c.collectivity = $1 AND EXISTS (
			SELECT 1 FROM calendar_groups g WHERE g.collectivity = $1 AND g.calendar = c.id AND g.group_id = $2)
		ORDER BY c.name, c.id`,
		string(caller.Collectivity), string(group))
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		var id string
		mention := portal.Mention{Kind: "calendar.mention", Icon: "calendar", Governs: portal.EditCalendars, Path: "/calendar?view=list"}
		err := rows.Scan(&id, &mention.Name)
		return mention, err
	})
	if err != nil {
		return nil, fmt.Errorf("calendar: list what names a group: %w", err)
	}
	return mentions, nil
}
