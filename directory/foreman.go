package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// maxUnder bounds how many one acts for.
const maxUnder = 300

// Under lists by name the active agents for whom the caller acts: those below her by the managers on their cards, and
// those of the units to which her right over agents is narrowed, at most 300: their names and functions alone. Who
// manages the agents of the whole collectivity is nobody's foreman by that.
func (s *Store) Under(ctx context.Context, caller portal.Caller) ([]Agent, error) {
	if caller.Agent == "" || caller.AtKiosk {
		return nil, nil
	}
	all, err := s.rollOf(ctx, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: who is under %q: %w", caller.Agent, err)
	}
	below := all.below(caller.Agent)
	hers := unitsText(caller.Where(portal.ManageAgents)...)
	if hers == unitsText() && len(below) == 0 {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, `SELECT a.id FROM agents a WHERE a.collectivity = $1 AND a.active AND `+inArea("$2"), string(caller.Collectivity), hers)
	ids, err := database.Collect(rows, err, func(rows *sql.Rows) (id portal.AgentID, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("directory: who is under %q: %w", caller.Agent, err)
	}
	for id := range below {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id portal.AgentID) bool { return id == caller.Agent })
	agents, err := s.agentsOf(ctx, caller, ids[:min(len(ids), maxUnder)])
	if err != nil {
		return nil, fmt.Errorf("directory: who is under %q: %w", caller.Agent, err)
	}
	slices.SortStableFunc(agents, func(a, b Agent) int { return i18n.ByName(a.Name(), b.Name()) })
	for i, one := range agents {
		agents[i] = Agent{ID: one.ID, GivenName: one.GivenName, FamilyName: one.FamilyName, Function: one.Function}
	}
	return agents, nil
}

// ActsFor is how an agent for whom the caller acts asks herself, without any right; portal.ErrNotFound for anybody else.
func (s *Store) ActsFor(ctx context.Context, caller portal.Caller, agent portal.AgentID) (portal.Caller, error) {
	under, err := s.Under(ctx, caller)
	if err == nil && !slices.ContainsFunc(under, func(one Agent) bool { return one.ID == agent }) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return portal.Caller{}, fmt.Errorf("directory: act for %q: %w", agent, err)
	}
	standing, err := s.Standings(ctx, caller, []portal.AgentID{agent})
	she, there := standing[agent]
	if err == nil && !there {
		err = fmt.Errorf("directory: act for %q: %w", agent, portal.ErrNotFound)
	}
	return she, err
}
