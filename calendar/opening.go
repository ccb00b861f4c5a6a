package calendar

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
)

// Openings tells to whom the calendars of the caller's collectivity are open, and to whom
// agents open theirs: named by their owner, since what she calls them is hers, and not
// where nothing is told but when she is taken. What is given to agents in their own name
// is read for some of them, or for nil of all. portal.ErrDenied but for its administrator.
func (s *Store) Openings(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]portal.Opening, error) {
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
	shared, err := s.sharedOpenings(ctx, caller, agents)
	if err != nil {
		return nil, fmt.Errorf("calendar: list openings: %w", err)
	}
	return append(openings, shared...), nil
}

// sharedOpenings are what agents opened of their own calendars, and to whom they gave their agenda.
func (s *Store) sharedOpenings(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]portal.Opening, error) {
	args := []any{string(caller.Collectivity), database.Millis(s.now())}
	ofShares, ofDelegates := "", ""
	if agents != nil {
		var list string
		list, args = database.Among(args, agents)
		ofShares, ofDelegates = ` AND (s.kind <> 'agent' OR s.subject IN `+list+`)`, ` AND d.delegate IN `+list
	}
	rows, err := s.db.Query(ctx, `
		SELECT c.id, a.given_name || ' ' || a.family_name, s.kind, s.subject, s.level = 'write', 0 FROM calendar_shares s
		JOIN calendars c ON c.collectivity = $1 AND c.id = s.calendar
		JOIN agents a ON a.collectivity = $1 AND a.id = c.owner
		WHERE s.collectivity = $1 AND s.ended = 0 AND s.level <> 'busy'`+ofShares+`
		UNION ALL SELECT d.owner, a.given_name || ' ' || a.family_name, 'agent', d.delegate, d.writes, d.ends FROM calendar_delegates d
		JOIN agents a ON a.collectivity = $1 AND a.id = d.owner
		WHERE d.collectivity = $1 AND d.ended = 0 AND (d.ends = 0 OR d.ends > $2)`+ofDelegates, args...)
	return database.Collect(rows, err, func(rows *sql.Rows) (portal.Opening, error) {
		open := portal.Opening{Mention: portal.Mention{Kind: "calendar.mention.shared", Path: "/calendar?view=list", Icon: "calendar"}, Does: portal.Reads}
		var writes bool
		var ends int64
		err := rows.Scan(&open.ID, &open.Name, &open.To.Kind, &open.To.ID, &writes, &ends)
		if writes {
			open.Does = portal.Writes
		}
		open.Until = database.FromMillis(ends)
		return open, err
	})
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
