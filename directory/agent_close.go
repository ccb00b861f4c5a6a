package directory

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// undoLife is how long a closed agent can be had again as she was.
const undoLife = 30 * 24 * time.Hour

// CloseAgent lets an agent of the caller's collectivity in no more: she is
// neither listed nor found, leaves at her next request, her app passwords serve
// no more, and a link that invites her is dead. What she wrote stays.
// What was planned of her departure is done with it. portal.ErrConflict for the last
// administrator who can sign in. Address is the
// client's, for the journal. An agent who is closed already stays so.
func (s *Store) CloseAgent(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string) error {
	if err := s.turn(ctx, caller, agent, audit.AgentClosed, address); err != nil {
		return fmt.Errorf("directory: close agent: %w", err)
	}
	return nil
}

// ReopenAgent takes back a closing. After thirty days she comes back without
// the groups and the rights of her own that she had: nobody remembers what they were
// for. What her unit gives to all who are in it she has again, and groups by rule have
// her as soon as she is listed: they never lost her card.
func (s *Store) ReopenAgent(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string) error {
	if err := s.turn(ctx, caller, agent, audit.AgentReopened, address); err != nil {
		return fmt.Errorf("directory: reopen agent: %w", err)
	}
	return nil
}

// reopen opens a card again, without what its agent had when that was long ago.
func (s *Store) reopen(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) error {
	var closed int64
	err := tx.QueryRow(ctx, `SELECT closed FROM agents WHERE collectivity = $1 AND id = $2`, string(collectivity), string(agent)).Scan(&closed)
	if err != nil {
		return err
	}
	if err := s.undoDeparture(ctx, tx, collectivity, agent); err != nil {
		return err
	}
	texts := []string{
		`UPDATE agents SET active = TRUE, closed = 0 WHERE collectivity = $1 AND id = $2`,
		// for the program that deleted her she is there again, by a name that nobody took meanwhile
		`UPDATE scim_agents SET deleted = 0, user_name = '', folded = '' WHERE collectivity = $1 AND agent = $2 AND deleted <> 0`,
	}
	if s.now().Sub(database.FromMillis(closed)) > undoLife {
		texts = append(texts, `
			DELETE FROM agent_group_members WHERE collectivity = $1 AND agent = $2
				AND group_id NOT IN (SELECT id FROM agent_groups WHERE collectivity = $1 AND ruled)`,
			`DELETE FROM deleted_group_members WHERE collectivity = $1 AND agent = $2`,
			`DELETE FROM rights_given WHERE collectivity = $1 AND kind = 'agent' AND subject = $2`)
	}
	for _, text := range texts {
		if err := tx.Write(ctx, text, string(collectivity), string(agent)); err != nil {
			return err
		}
	}
	return nil
}

// turn lets an agent in or out, unless she is already.
func (s *Store) turn(ctx context.Context, caller portal.Caller, id portal.AgentID, action audit.Action, address string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return err
	}
	var account portal.AccountID
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		ids, account, err = s.turnCard(ctx, tx, caller, id, action, address)
		return ids, err
	})
	if err == nil {
		s.changedAccount(account)
	}
	return err
}

// turnCard is turn inside of a transaction; it returns what changeCard does.
func (s *Store) turnCard(ctx context.Context, tx *database.Tx, caller portal.Caller, id portal.AgentID, action audit.Action, address string) (ids []string, account portal.AccountID, err error) {
	row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`, string(caller.Collectivity), string(id))
	agent, err := scanAgent(row.Scan)
	if err != nil || agent.Active == (action == audit.AgentReopened) {
		return nil, agent.Account, err
	}
	if err := s.mayDecide(ctx, tx, caller, id); err != nil {
		return nil, "", err
	}
	if action == audit.AgentReopened {
		if err = s.mayReturn(ctx, tx, caller, id); err == nil {
			err = s.reopen(ctx, tx, caller.Collectivity, id)
		}
	} else {
		err = s.shut(ctx, tx, caller.Collectivity, id)
	}
	if err != nil {
		return nil, "", err
	}
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Address = s.now(), agent.Name(), string(id), address
	return []string{string(id)}, agent.Account, audit.Write(ctx, tx, line)
}

// Leaving is what closing an agent will end.
type Leaving struct {
	Last    bool // she is the last administrator, and can't be closed
	Admin   bool
	Groups  []string // their names
	Manages int      // active agents whose manager she is
}

// Leaving tells the administrator of the caller's collectivity what closing an
// agent will end; portal.ErrNotFound for one who is closed already.
func (s *Store) Leaving(ctx context.Context, caller portal.Caller, agent portal.AgentID) (leaving Leaving, err error) {
	if err := s.governsAgent(ctx, s.db, caller, agent); err != nil {
		return Leaving{}, fmt.Errorf("directory: foresee a closing: %w", err)
	}
	if _, err := s.bareAgent(ctx, caller, agent); err != nil {
		return Leaving{}, err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		leaving = Leaving{}
		all, err := countAdministrators(ctx, tx, caller.Collectivity, s.now())
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, governing+`
			SELECT (SELECT COUNT(*) FROM agents WHERE collectivity = $1 AND manager = $3 AND active),
				EXISTS (SELECT 1 FROM agents a WHERE a.collectivity = $1 AND a.id = $3 AND `+governs+`),
				EXISTS (SELECT 1 FROM agents a JOIN accounts p ON p.id = a.account WHERE a.collectivity = $1 AND a.id = $3 AND a.active AND p.active AND `+governs+`)`,
			string(caller.Collectivity), database.Millis(s.now()), string(agent)).Scan(&leaving.Manages, &leaving.Admin, &leaving.Last)
		if err != nil {
			return err
		}
		leaving.Last = leaving.Last && all == 1
		leaving.Groups, err = groupNames(ctx, tx, caller.Collectivity, agent)
		return err
	})
	if err != nil {
		return Leaving{}, fmt.Errorf("directory: foresee a closing: %w", err)
	}
	return leaving, nil
}
