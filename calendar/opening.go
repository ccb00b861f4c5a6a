package calendar

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
)

// Openings tells to whom the calendars of the caller's collectivity are open. Those
// of agents are their own, which nobody else reads. portal.ErrDenied but for its
// administrator.
func (s *Store) Openings(ctx context.Context, caller portal.Caller, _ []portal.AgentID) ([]portal.Opening, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("calendar: list openings: %w", err)
	}
	rows, err := s.db.Query(ctx, `
		SELECT c.id, c.name, COALESCE(g.group_id, ''), COALESCE(g.writes, FALSE) FROM calendars c
		LEFT JOIN calendar_groups g ON g.collectivity = c.collectivity AND g.calendar = c.id
		WHERE c.collectivity = $1 AND c.owner = '' ORDER BY c.id, g.group_id`, string(caller.Collectivity))
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (c Calendar, err error) {
		var group portal.GroupID
		var writes bool
		err = rows.Scan(&c.ID, &c.Name, &group, &writes)
		switch {
		case group == "":
		case writes:
			c.WriteGroups = []portal.GroupID{group}
		default:
			c.ReadGroups = []portal.GroupID{group}
		}
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("calendar: list openings: %w", err)
	}
	var openings []portal.Opening
	for _, c := range mergeGroups(found) {
		openings = append(openings, c.openings()...)
	}
	return openings, nil
}

// openings says of a calendar of the collectivity what visibleTo and writableBy
// decide.
func (c Calendar) openings() (all []portal.Opening) {
	open := portal.Opening{Mention: portal.Mention{Kind: "calendar.mention", Name: c.Name, Path: "/calendar?view=list", Icon: "calendar"}, ID: string(c.ID)}
	add := func(to portal.Subject, does portal.Deed, needs portal.Right) {
		open.To, open.Does, open.Needs = to, does, needs
		all = append(all, open)
	}
	everyone := portal.Subject{Kind: portal.Everyone}
	if len(c.ReadGroups) == 0 {
		add(everyone, portal.Reads, "")
	}
	for _, group := range c.ReadGroups {
		if !slices.Contains(c.WriteGroups, group) {
			add(portal.Subject{Kind: portal.TheGroup, ID: string(group)}, portal.Reads, "")
		}
	}
	for _, group := range c.WriteGroups {
		add(portal.Subject{Kind: portal.TheGroup, ID: string(group)}, portal.Writes, "")
	}
	add(everyone, portal.Writes, portal.EditCalendars)
	return all
}
