package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// PeopleQuery says which agents to list. The zero PeopleQuery lists the first
// page of all of them.
type PeopleQuery struct {
	Text string        // words of names, initials, function, unit; digits of a telephone
	Unit portal.UnitID // "" for all
	Page int           // from 1; less is 1
	Size int           // agents on a page; 0 is 25
}

// People are a page of agents: those whose names begin as it was typed, then the
// others, each in the order of names.
type People struct {
	Agents []Agent
	Total  int
	Page   int
	Pages  int  // 0 when nobody is found
	Near   bool // nobody is found as it was typed: these are the nearest
}

const (
	defaultPageSize = 25
	maxPageSize     = 100
	maxWords        = 4 // the others only narrow what these found
)

// People lists the active agents of the caller's collectivity as she may see them.
// Each word must begin a word of the entry, accents and case aside; telephones are
// found by any run of their digits. What the caller may not see finds nobody.
func (s *Store) People(ctx context.Context, caller portal.Caller, query PeopleQuery) (People, error) {
	if query.Size <= 0 || query.Size > maxPageSize {
		query.Size = defaultPageSize
	}
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return People{}, fmt.Errorf("directory: list agents: %w", err)
	}
	var people People
	if asked := ask(query.Text); asked.empty() {
		people, err = s.listed(ctx, caller, query)
	} else {
		people, err = s.found(ctx, caller, query, asked, seen)
	}
	if err != nil {
		return People{}, fmt.Errorf("directory: list agents: %w", err)
	}
	seen.overAll(people.Agents)
	return people, nil
}

// paged says which page of a number of people it is.
func (q PeopleQuery) paged(total int) People {
	pages := (total + q.Size - 1) / q.Size
	return People{Total: total, Pages: pages, Page: max(1, min(q.Page, pages))}
}

// listed reads a page of everybody, or of a unit: an index has the order.
func (s *Store) listed(ctx context.Context, caller portal.Caller, query PeopleQuery) (People, error) {
	return s.page(ctx, query, countListed, listListed, []any{string(caller.Collectivity), string(query.Unit)})
}

const (
	countListed = `SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND a.active AND ($2 = '' OR a.unit = $2)`
	listListed  = `SELECT ` + agentColumns + agentTables + `WHERE a.collectivity = $1 AND a.active AND ($2 = '' OR a.unit = $2)
		ORDER BY a.sort_name, a.id LIMIT 0 + $3 OFFSET $4`
)

// page counts the agents and reads one page of them.
func (s *Store) page(ctx context.Context, query PeopleQuery, count, list string, args []any) (People, error) {
	total := 0
	if err := s.db.QueryRow(ctx, count, args...).Scan(&total); err != nil {
		return People{}, fmt.Errorf("directory: count agents: %w", err)
	}
	people := query.paged(total)
	rows, err := s.db.Query(ctx, list, append(args, query.Size, (people.Page-1)*query.Size)...)
	people.Agents, err = database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return People{}, fmt.Errorf("directory: list agents: %w", err)
	}
	return people, nil
}

// found reads a page of those who answer a question.
func (s *Store) found(ctx context.Context, caller portal.Caller, query PeopleQuery, asked question, seen veil) (People, error) {
	all, err := s.rollOf(ctx, caller.Collectivity)
	if err != nil {
		return People{}, err
	}
	found, near := all.find(asked, seen, query.Unit)
	people := query.paged(len(found))
	people.Near = near
	first := (people.Page - 1) * query.Size
	var ids []portal.AgentID
	for _, one := range found[min(first, len(found)):min(first+query.Size, len(found))] {
		ids = append(ids, all.people[one.place].id)
	}
	people.Agents, err = s.agentsOf(ctx, caller, ids)
	return people, err
}

// agentsOf reads the whole cards of some active agents, in their order; who left
// meanwhile is left out.
func (s *Store) agentsOf(ctx context.Context, caller portal.Caller, ids []portal.AgentID) ([]Agent, error) {
	agents := make([]Agent, 0, len(ids))
	for some := range slices.Chunk(ids, askedAtOnce) {
		size := 8
		for size < len(some) {
			size *= 4 // few sizes, so that there are few texts: the last agent fills them
		}
		args := []any{string(caller.Collectivity)}
		for n := range size {
			args = append(args, string(some[min(n, len(some)-1)]))
		}
		rows, err := s.db.Query(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.active AND a.id IN (`+database.Params(2, size)+`)`, args...)
		read, err := database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
		if err != nil {
			return nil, err
		}
		agents = append(agents, read...)
	}
	slices.SortFunc(agents, func(a, b Agent) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return agents, nil
}

// patternsOf turns what was typed into LIKE patterns over search_text, "%" for
// those not used, and one over names for the order, "" when nothing was typed.
// Folded words hold no wildcard, so nothing needs escaping.
func patternsOf(text string) (patterns [maxWords]string, first string) {
	for i := range patterns {
		patterns[i] = "%"
	}
	if len(text) > 400 {
		text = text[:400] // no name is longer; a cut letter finds nobody
	}
	if number := digits(text); number != "" && !strings.ContainsFunc(text, unicode.IsLetter) {
		patterns[0] = "%" + number + "%"
		return patterns, "%"
	}
	words := strings.Fields(i18n.Fold(text))
	if len(words) == 0 && strings.TrimSpace(text) == "" {
		return patterns, ""
	}
	for i, word := range words[:min(len(words), maxWords)] {
		patterns[i] = "% " + word + "%"
	}
	if len(words) == 0 {
		patterns[0] = "-" // only signs were typed, which no entry holds
	}
	return patterns, patterns[0]
}

// Presence is an active agent of a collectivity with her groups, sorted.
type Presence struct {
	Agent
	Groups []portal.GroupID
}

// askedAtOnce bounds the agents of one query, and so how many texts of it there
// are.
const askedAtOnce = 100

// Present tells who some agents of the caller's collectivity are, as she may see
// them; those who left are left out.
func (s *Store) Present(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]Presence, error) {
	present := map[portal.AgentID]Presence{}
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("directory: list present: %w", err)
	}
	for some := range slices.Chunk(agents, askedAtOnce) {
		if err := s.addPresent(ctx, caller, some, present); err != nil {
			return nil, fmt.Errorf("directory: list present: %w", err)
		}
	}
	for id, one := range present {
		one.Agent = seen.over(one.Agent)
		present[id] = one
	}
	return present, nil
}

func (s *Store) addPresent(ctx context.Context, caller portal.Caller, agents []portal.AgentID, present map[portal.AgentID]Presence) error {
	args := []any{string(caller.Collectivity)}
	for _, agent := range agents {
		args = append(args, string(agent))
	}
	among := database.Params(2, len(agents)) + `)`
	rows, err := s.db.Query(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.active AND a.id IN (`+among, args...)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return err
	}
	for _, agent := range found {
		present[agent.ID] = Presence{Agent: agent}
	}
	type member struct {
		agent portal.AgentID
		group portal.GroupID
	}
	rows, err = s.db.Query(ctx, `SELECT agent, group_id FROM agent_group_members WHERE collectivity = $1 AND agent IN (`+among, args...)
	members, err := database.Collect(rows, err, func(rows *sql.Rows) (m member, err error) { return m, rows.Scan(&m.agent, &m.group) })
	for _, m := range members {
		if one, here := present[m.agent]; here {
			one.Groups = append(one.Groups, m.group)
			slices.Sort(one.Groups)
			present[m.agent] = one
		}
	}
	return err
}

// maxTogether bounds the agents of one query of Standings.
const maxTogether = 512

// Standings tells how some agents of the caller's collectivity ask: their units and
// groups, without any right. Those who left are left out. Hundreds are one query.
func (s *Store) Standings(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]portal.Caller, error) {
	standing := map[portal.AgentID]portal.Caller{}
	for some := range slices.Chunk(agents, maxTogether) {
		if err := s.addStandings(ctx, caller, some, standing); err != nil {
			return nil, fmt.Errorf("directory: list standings: %w", err)
		}
	}
	above, err := s.parents(ctx, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: list standings: %w", err)
	}
	for id, one := range standing {
		one.Units = above.chain(one.Unit)
		standing[id] = one
	}
	for id, who := range standing {
		slices.Sort(who.Groups)
		standing[id] = who
	}
	return standing, nil
}

func (s *Store) addStandings(ctx context.Context, caller portal.Caller, agents []portal.AgentID, standing map[portal.AgentID]portal.Caller) error {
	size := 8
	for size < len(agents) {
		size *= 8 // few sizes, so that there are few texts: the last agent fills them
	}
	args := []any{string(caller.Collectivity)}
	for n := range size {
		args = append(args, string(agents[min(n, len(agents)-1)]))
	}
	rows, err := s.db.Query(ctx, `
		SELECT a.id, COALESCE(a.account, ''), a.unit, COALESCE(m.group_id, '') FROM agents a
		LEFT JOIN agent_group_members m ON m.collectivity = a.collectivity AND m.agent = a.id
		WHERE a.collectivity = $1 AND a.active AND a.id IN (`+database.Params(2, size)+`)`, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var group portal.GroupID
		one := portal.Caller{Collectivity: caller.Collectivity}
		if err := rows.Scan(&one.Agent, &one.Account, &one.Unit, &group); err != nil {
			return none, err
		}
		one.Groups = standing[one.Agent].Groups
		if group != "" {
			one.Groups = append(one.Groups, group)
		}
		standing[one.Agent] = one
		return none, nil
	})
	return err
}
