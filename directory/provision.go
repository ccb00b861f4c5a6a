package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/search"
)

// Provisioning is what a program writes of one agent, all of it or nothing. It is held
// by the rules of the pages.
type Provisioning struct {
	Shown  Agent // as it was read; zero for a new agent
	Typed  Agent // without ID for a new agent
	Active bool
	// Also writes what the program knows of her beside, in the same transaction.
	Also func(tx *database.Tx, id portal.AgentID) error
}

// Provision adds an agent or changes one, lets her in or out, and returns who she is.
// Meanwhile when the card is no more what was shown.
func (s *Store) Provision(ctx context.Context, caller portal.Caller, write Provisioning, address string) (portal.AgentID, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: provision: %w", err)
	}
	id, isNew := write.Typed.ID, write.Typed.ID == ""
	if isNew {
		id = portal.AgentID(portal.NewID())
		write.Typed.ID = id
	}
	var accounts []portal.AccountID
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		accounts = nil
		did := func(some []string, account portal.AccountID, err error) error {
			ids = append(ids, some...)
			accounts = append(accounts, account)
			return err
		}
		if isNew {
			err = did([]string{string(id)}, "", s.addCard(ctx, tx, caller, write.Typed, address))
		} else {
			err = did(s.changeCard(ctx, tx, caller, write.Shown, write.Typed, address))
		}
		if err != nil {
			return nil, err
		}
		action := audit.AgentReopened
		if !write.Active {
			action = audit.AgentClosed
		}
		if err := did(s.turnCard(ctx, tx, caller, id, action, address)); err != nil {
			return nil, err
		}
		if write.Also != nil {
			err = write.Also(tx, id)
		}
		return slices.Compact(ids), err
	})
	if err != nil {
		return "", fmt.Errorf("directory: provision: %w", err)
	}
	for _, account := range accounts {
		s.changedAccount(account)
	}
	return id, nil
}

// GroupProvisioning is what a program writes of one group, all of it or nothing.
type GroupProvisioning struct {
	ID          portal.GroupID // "" for a new one
	Name        string         // "" leaves it
	Join, Leave []portal.AgentID
	Still       func(tx *database.Tx) error // refuses a group that is no more what was read; nil for none
	Also        func(tx *database.Tx, id portal.GroupID) error
}

// ProvisionGroup adds a group or renames one, and moves its members. A group that is
// filled by a rule takes nobody: portal.ErrConflict.
func (s *Store) ProvisionGroup(ctx context.Context, caller portal.Caller, write GroupProvisioning, address string) (portal.GroupID, error) {
	err := caller.Require(portal.ManageAgents)
	moves := len(write.Join)+len(write.Leave) > 0
	if err != nil {
		return "", fmt.Errorf("directory: provision group: %w", err)
	}
	group := Group{ID: write.ID, Name: write.Name}
	if write.ID == "" {
		group.ID = portal.GroupID(portal.NewID())
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if write.Still != nil {
			if err := write.Still(tx); err != nil {
				return err
			}
		}
		if err := s.nameGroup(ctx, tx, caller, group, write.ID == "", address); err != nil {
			return err
		}
		if moves {
			if err := s.moveAll(ctx, tx, caller, group.ID, write.Join, write.Leave, address); err != nil {
				return err
			}
		}
		if write.Also != nil {
			return write.Also(tx, group.ID)
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("directory: provision group: %w", err)
	}
	s.changedIn(caller.Collectivity)
	return group.ID, nil
}

// nameGroup writes a new group, or another name of one.
func (s *Store) nameGroup(ctx context.Context, tx *database.Tx, caller portal.Caller, group Group, isNew bool, address string) error {
	if isNew {
		if err := checkGroup(group); err != nil {
			return err
		}
		if err := insertGroup(ctx, tx, caller.Collectivity, group); err != nil {
			return err
		}
		return s.tellGroup(ctx, tx, caller, audit.GroupCreated, group, "", address)
	}
	now, err := readGroup(ctx, tx, caller.Collectivity, group.ID)
	if err != nil || group.Name == "" || group.Name == now.Name {
		return err
	}
	return s.renameGroup(ctx, tx, caller, now, group, address)
}

// moveAll moves members of one group, as ChangeGroups does those of one agent. Agents
// of another collectivity are none: a field error.
func (s *Store) moveAll(ctx context.Context, tx *database.Tx, caller portal.Caller, group portal.GroupID, join, leave []portal.AgentID, address string) error {
	if err := groupsByHand(ctx, tx, caller.Collectivity, group); err != nil {
		return err
	}
	if err := s.mayFill(ctx, tx, caller, group); err != nil {
		return err
	}
	named, err := readGroup(ctx, tx, caller.Collectivity, group)
	if err != nil {
		return err
	}
	all := slices.Concat(join, leave)
	names, err := namesAmong(ctx, tx, caller.Collectivity, all)
	if err != nil {
		return err
	}
	for _, id := range all {
		if _, here := names[id]; !here {
			return portal.FieldErrors{portal.Invalid("members", "directory.error.subject")}
		}
		if err := s.mayDecide(ctx, tx, caller, id); err != nil {
			return err
		}
	}
	err = keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error {
		for _, id := range join {
			if err := moveGroups(ctx, tx, caller.Collectivity, id, []portal.GroupID{group}, nil); err != nil {
				return err
			}
		}
		for _, id := range leave {
			if err := moveGroups(ctx, tx, caller.Collectivity, id, nil, []portal.GroupID{group}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, id := range all {
		line := audit.By(caller, audit.MembersChanged)
		line.At, line.Object, line.ObjectID, line.Detail, line.Address, line.Untold = s.now(), names[id], string(id), "+"+named.Name, address, true
		if i >= len(join) {
			line.Detail = "−" + named.Name
		}
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
	}
	return outbox.Put(ctx, tx, caller.Collectivity, outbox.Event{Kind: outbox.GroupMembers, At: s.now(), Group: group})
}

// EnrolledAmong returns some agents of the caller's collectivity, closed ones too, for
// its administrator, in no order.
func (s *Store) EnrolledAmong(ctx context.Context, caller portal.Caller, ids []portal.AgentID) ([]Enrolled, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: read agents: %w", err)
	}
	var all []Enrolled
	err := eachAmong(ids, func(some []portal.AgentID) error {
		args, marks := among([]any{string(caller.Collectivity)}, some)
		rows, err := s.db.Query(ctx, enrolledColumns+enrolledFrom+`AND a.id IN (`+marks+`)`, args...)
		found, err := database.Collect(rows, err, scanEnrolled)
		all = append(all, found...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: read agents: %w", err)
	}
	return all, nil
}

// Veil leaves out of agents what nobody is to see in a list or a file.
func (s *Store) Veil(ctx context.Context, caller portal.Caller, agents []Enrolled) error {
	return s.veilRoster(ctx, caller, agents)
}

// GroupMembersOf are the active members of some groups of the caller's collectivity,
// with their names.
func (s *Store) GroupMembersOf(ctx context.Context, caller portal.Caller, groups []portal.GroupID) (map[portal.GroupID][]Agent, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: read members: %w", err)
	}
	members := map[portal.GroupID][]Agent{}
	for some := range slices.Chunk(groups, maxTogether) {
		args, marks := among([]any{string(caller.Collectivity)}, some)
		found, err := s.db.Query(ctx, `
			SELECT m.group_id, a.id, a.given_name, a.family_name FROM agent_group_members m
			JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
			WHERE m.collectivity = $1 AND m.group_id IN (`+marks+`) AND a.active ORDER BY m.group_id, a.sort_name, a.id`, args...)
		_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
			var group portal.GroupID
			var one Agent
			err = rows.Scan(&group, &one.ID, &one.GivenName, &one.FamilyName)
			members[group] = append(members[group], one)
			return none, err
		})
		if err != nil {
			return nil, fmt.Errorf("directory: read members: %w", err)
		}
	}
	return members, nil
}

// GroupsOfAgents are the groups of some agents of the caller's collectivity.
func (s *Store) GroupsOfAgents(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID][]Group, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: read groups: %w", err)
	}
	groups := map[portal.AgentID][]Group{}
	err := eachAmong(agents, func(some []portal.AgentID) error {
		args, marks := among([]any{string(caller.Collectivity)}, some)
		found, err := s.db.Query(ctx, `
			SELECT m.agent, g.id, g.name FROM agent_group_members m JOIN agent_groups g ON g.collectivity = m.collectivity AND g.id = m.group_id
			WHERE m.collectivity = $1 AND m.agent IN (`+marks+`) ORDER BY m.agent, g.id`, args...)
		_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
			var agent portal.AgentID
			var one Group
			err = rows.Scan(&agent, &one.ID, &one.Name)
			groups[agent] = append(groups[agent], one)
			return none, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: read groups: %w", err)
	}
	return groups, nil
}

// UnitNamed is the unit of the caller's collectivity that a program names, by its name
// or its identifier, accents and case aside; "" for one that it has not, or has twice.
func (s *Store) UnitNamed(ctx context.Context, caller portal.Caller, name string) (portal.UnitID, error) {
	return unitNamed(ctx, s.db, caller.Collectivity, name)
}
