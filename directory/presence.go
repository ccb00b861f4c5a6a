package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// WritesFor says whether the caller may say of an agent of her collectivity where that one works: of herself, of
// those under her and of those whom she governs. portal.ErrNotFound for who is no active agent.
func (s *Store) WritesFor(ctx context.Context, caller portal.Caller, id portal.AgentID) (Agent, bool, error) {
	agent, err := s.Agent(ctx, caller, id)
	if err != nil || id == caller.Agent {
		return agent, err == nil, err
	}
	governed, err := s.isGoverned(ctx, s.db, caller, id)
	if errors.Is(err, portal.ErrDenied) {
		governed, err = false, nil
	}
	if err != nil || governed {
		return agent, governed, err
	}
	all, err := s.rollOf(ctx, caller.Collectivity)
	if err != nil {
		return agent, false, fmt.Errorf("directory: who is under %q: %w", caller.Agent, err)
	}
	return agent, all.below(caller.Agent)[id], nil
}

// PresenceSeen are those of some agents of the caller's collectivity of whom she may know whether they are there.
func (s *Store) PresenceSeen(ctx context.Context, caller portal.Caller, agents []Agent) (map[portal.AgentID]bool, error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("directory: who is there: %w", err)
	}
	shown := make(map[portal.AgentID]bool, len(agents))
	for _, agent := range agents {
		shown[agent.ID] = seen.shows(FieldPresence, agent.ID, agent.Unit)
	}
	return shown, nil
}

// Roll lists the active agents of the caller's collectivity of whom she may know whether they are there, of one
// unit or of all, in the order of their names: id and unit alone. It is kept in memory.
func (s *Store) Roll(ctx context.Context, caller portal.Caller, unit portal.UnitID) ([]Agent, error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("directory: who is there: %w", err)
	}
	all, err := s.rollOf(ctx, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: who is there: %w", err)
	}
	var listed []Agent
	for _, one := range all.people {
		if (unit == "" || one.unit == unit) && seen.shows(FieldPresence, one.id, one.unit) {
			listed = append(listed, Agent{ID: one.id, Unit: one.unit})
		}
	}
	return listed, nil
}

// AgentsByID are some active agents of the caller's collectivity as she may see them, in their order; who left is left
// out.
func (s *Store) AgentsByID(ctx context.Context, caller portal.Caller, ids []portal.AgentID) ([]Agent, error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("directory: agents: %w", err)
	}
	agents, err := s.agentsOf(ctx, caller, ids)
	if err != nil {
		return nil, fmt.Errorf("directory: agents: %w", err)
	}
	return seen.overAll(agents), nil
}

// UnitMembers are the first active agents of one unit, as the caller may see them, by name.
func (s *Store) UnitMembers(ctx context.Context, caller portal.Caller, unit portal.UnitID, most int) ([]Agent, error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("directory: members of %q: %w", unit, err)
	}
	rows, err := s.db.Query(ctx, listListed, string(caller.Collectivity), string(unit), most, 0)
	agents, err := database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("directory: members of %q: %w", unit, err)
	}
	return seen.overAll(agents), nil
}
