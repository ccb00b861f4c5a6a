package contacts

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingUnit lists the books of a unit of the caller's collectivity, which keep it from being deleted.
func (s *Store) NamingUnit(ctx context.Context, from database.Reader, caller portal.Caller, unit portal.UnitID) ([]portal.Mention, error) {
	return s.naming(ctx, from, caller, portal.Subject{Kind: portal.TheUnit, ID: string(unit)})
}

// NamingGroup lists those of a group.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	return s.naming(ctx, from, caller, portal.Subject{Kind: portal.TheGroup, ID: string(group)})
}

func (s *Store) naming(ctx context.Context, from database.Reader, caller portal.Caller, whose portal.Subject) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `SELECT id, name FROM contact_books WHERE collectivity = $1 AND kind = $2 AND subject = $3 ORDER BY name, id`,
		string(caller.Collectivity), string(whose.Kind), whose.ID)
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		var id, name string
		err := rows.Scan(&id, &name)
		return mentionOf(id, name), err
	})
	if err != nil {
		return nil, fmt.Errorf("contacts: list what names a unit or group: %w", err)
	}
	return mentions, nil
}

func mentionOf(id, name string) portal.Mention {
	return portal.Mention{Kind: "contacts.mention", Name: name, Path: "/contacts/books/" + id, Icon: "people", Governs: portal.ManageAgents}
}

// Openings tells to whom the books of the caller's collectivity are open, for its access review. Those of agents
// are open to nobody else. portal.ErrDenied but for its administrator.
func (s *Store) Openings(ctx context.Context, caller portal.Caller, _ []portal.AgentID) ([]portal.Opening, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("contacts: list openings: %w", err)
	}
	rows, err := s.db.Query(ctx, `SELECT id, name, kind, subject, members_write FROM contact_books WHERE collectivity = $1 AND owner = '' ORDER BY id`,
		string(caller.Collectivity))
	openings, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Opening, error) {
		open := portal.Opening{Does: portal.Reads}
		var name string
		var membersWrite bool
		err := rows.Scan(&open.ID, &name, &open.To.Kind, &open.To.ID, &membersWrite)
		open.Mention = mentionOf(open.ID, name)
		if membersWrite {
			open.Does = portal.Writes
		}
		return open, err
	})
	if err != nil {
		return nil, fmt.Errorf("contacts: list openings: %w", err)
	}
	return openings, nil
}
