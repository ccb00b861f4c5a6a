package applications

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingUnit lists the applications of the caller's collectivity that are open to a unit by
// its name, in the order of their identifiers, as a reader sees them.
func (s *Store) NamingUnit(ctx context.Context, from database.Reader, caller portal.Caller, unit portal.UnitID) ([]portal.Mention, error) {
	return mentionsIn(from.Query(ctx, `
		SELECT a.id, a.name FROM applications a WHERE a.collectivity = $1 AND a.deleted = 0 AND EXISTS (
			SELECT 1 FROM application_units w WHERE w.collectivity = $1 AND w.application = a.id AND w.unit = $2)
		ORDER BY a.id`,
		string(caller.Collectivity), string(unit)))
}

// NamingGroup lists those that are open to a group.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	return mentionsIn(from.Query(ctx, `
		SELECT a.id, a.name FROM applications a WHERE a.collectivity = $1 AND a.deleted = 0 AND EXISTS (
			SELECT 1 FROM application_audience w WHERE w.collectivity = $1 AND w.application = a.id AND w.group_id = $2)
		ORDER BY a.id`,
		string(caller.Collectivity), string(group)))
}

func mentionsIn(rows *sql.Rows, err error) ([]portal.Mention, error) {
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		var id, name string
		err := rows.Scan(&id, &name)
		return mentionOf(id, name), err
	})
	if err != nil {
		return nil, fmt.Errorf("applications: list what is open to some: %w", err)
	}
	return mentions, nil
}

func mentionOf(id, name string) portal.Mention {
	return portal.Mention{Kind: "applications.mention", Name: name, Path: "/admin/applications/" + id, Icon: "apps", Governs: portal.ManageApplications}
}

// Forget makes what is open to whom be read again, once the organisation chart of
// a collectivity changed.
func (s *Store) Forget(collectivity portal.CollectivityID) { s.shelf.drop(collectivity) }
