package directory

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// What a list of groups can be narrowed to.
const (
	GroupsFilledByHand = "hand"
	GroupsByRule       = "rule"
	GroupsEmpty        = "empty" // without an active member
)

// GroupStates lists them in the order in which an administrator chooses.
var GroupStates = []string{GroupsFilledByHand, GroupsByRule, GroupsEmpty}

// GroupQuery says which groups to list. The zero query lists the first page of
// all.
type GroupQuery struct {
	Text  string // each of its words begins a word of the name
	State string // "" for all; a text that is none of GroupStates finds none
	Page  int    // from 1; less is 1
}

// groupQuery reads the filters of the address.
func groupQuery(r *http.Request) GroupQuery {
	query := web.Query(r)
	return GroupQuery{Text: query.Get("q"), State: query.Get("state"), Page: web.PageNumber(r)}
}

// GroupPage is a page of groups by name.
type GroupPage struct {
	Groups      []CountedGroup
	Total       int
	Page, Pages int
}

const groupsSize = 25

// ListGroups lists a page of the groups of the caller's collectivity, for its
// administrator. Members are counted for those of the page alone.
func (s *Store) ListGroups(ctx context.Context, caller portal.Caller, query GroupQuery) (page GroupPage, err error) {
	all, err := s.findGroups(ctx, caller, query)
	if err != nil {
		return GroupPage{}, err
	}
	page.Total = len(all)
	page.Groups, page.Page, page.Pages = web.PageOf(all, query.Page, groupsSize)
	return page, s.countMembers(ctx, caller, page.Groups)
}

// findGroups are the groups that a query asks for, by name, whatever its page,
// without how many are in each. Names are folded here: engines know no accents.
func (s *Store) findGroups(ctx context.Context, caller portal.Caller, query GroupQuery) ([]CountedGroup, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: list groups: %w", err)
	}
	rows, err := s.db.Query(ctx, `
		SELECT g.id, g.name, g.ruled FROM agent_groups g
		WHERE g.collectivity = $1 AND ($2 = '' OR $2 = 'rule' AND g.ruled OR $2 = 'hand' AND NOT g.ruled OR $2 = 'empty' AND NOT EXISTS (
			SELECT 1 FROM agent_group_members m JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
			WHERE m.collectivity = g.collectivity AND m.group_id = g.id AND a.active))`, string(caller.Collectivity), query.State)
	type folded struct {
		CountedGroup
		name string
	}
	words := wordsSought(query.Text)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (g folded, err error) {
		err = rows.Scan(&g.ID, &g.Name, &g.Ruled)
		g.name = " " + i18n.Fold(g.Name)
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list groups: %w", err)
	}
	all = slices.DeleteFunc(all, func(g folded) bool { return !allBegin(g.name, words) })
	slices.SortFunc(all, func(a, b folded) int { return strings.Compare(a.name+" "+a.Name, b.name+" "+b.Name) })
	groups := make([]CountedGroup, len(all))
	for i, g := range all {
		groups[i] = g.CountedGroup
	}
	return groups, nil
}

// wordsSought are the words of a search, each after a space; signs alone find
// nothing.
func wordsSought(text string) []string {
	words := beginnings(text)
	if len(words) == 0 && strings.TrimSpace(text) != "" {
		return []string{"-"}
	}
	return words
}

// countMembers fills in how many active agents are in some groups.
func (s *Store) countMembers(ctx context.Context, caller portal.Caller, groups []CountedGroup) error {
	counts := map[portal.GroupID]int{}
	for some := range slices.Chunk(groups, maxTogether) {
		ids := make([]portal.GroupID, len(some))
		for i, group := range some {
			ids[i] = group.ID
		}
		args, marks := among([]any{string(caller.Collectivity)}, ids)
		rows, err := s.db.Query(ctx, `
			SELECT m.group_id, COUNT(*) FROM agent_group_members m JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
			WHERE m.collectivity = $1 AND a.active AND m.group_id IN (`+marks+`) GROUP BY m.group_id`, args...)
		_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
			var id portal.GroupID
			var count int
			err = rows.Scan(&id, &count)
			counts[id] = count
			return none, err
		})
		if err != nil {
			return fmt.Errorf("directory: count members: %w", err)
		}
	}
	for i := range groups {
		groups[i].Members = counts[groups[i].ID]
	}
	return nil
}

// rulesOf are the rules of the groups by rule of the caller's collectivity.
func (s *Store) rulesOf(ctx context.Context, caller portal.Caller) (map[portal.GroupID]Rule, error) {
	rules := map[portal.GroupID]Rule{}
	rows, err := s.db.Query(ctx, `SELECT id, rule FROM agent_groups WHERE collectivity = $1 AND ruled`, string(caller.Collectivity))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.GroupID
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return none, err
		}
		rules[id], err = parseRule(text)
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list rules: %w", err)
	}
	return rules, nil
}
