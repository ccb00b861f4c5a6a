package directory

import (
	"context"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// SetUpCollectivity adds a public body and its agents, each with an account
// that signs in with the agent's address, whole or not at all: one transaction
// where CreateCollectivity, CreateAccount and CreateAgent take one for each
// person. As they do, it returns FieldErrors when something is refused; it is a
// step of set-up that no person may do.
func (s *Store) SetUpCollectivity(ctx context.Context, c Collectivity, agents []Agent) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return fmt.Errorf("directory: set up collectivity %q: %w", c.ID, err)
	}
	caller := Installation(c.ID)
	err := s.queued(ctx, c.ID, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		if err := s.insertCollectivity(ctx, tx, c); err != nil {
			return nil, err
		}
		ids := make([]string, len(agents))
		for i, agent := range agents {
			id, err := s.settle(ctx, tx, caller, agent)
			if err != nil {
				return nil, fmt.Errorf("agent %s: %w", agent.Email, err)
			}
			ids[i] = string(id)
		}
		return ids, nil
	})
	if err != nil {
		return fmt.Errorf("directory: set up collectivity %q: %w", c.ID, err)
	}
	s.changed("")
	return nil
}

// settle adds an agent and the account of her address.
func (s *Store) settle(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent) (portal.AgentID, error) {
	if agent.ID == "" {
		agent.ID = portal.AgentID(portal.NewID())
	}
	if err := agent.check(); err != nil {
		return "", err
	}
	account, err := s.insertAccount(ctx, tx, caller, agent.Email)
	if err != nil {
		return "", err
	}
	agent.Account = account
	return agent.ID, s.insertAgent(ctx, tx, caller, agent)
}
