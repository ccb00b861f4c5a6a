package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Group is a group to create, its ID drawn when "", or one that is there.
type Group = portal.Group

// CreateGroup adds a group to the caller's collectivity.
func (s *Store) CreateGroup(ctx context.Context, caller portal.Caller, group Group) (portal.GroupID, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: create group: %w", err)
	}
	if group.ID == "" {
		group.ID = portal.GroupID(portal.NewID())
	}
	if err := checkGroup(group); err != nil {
		return "", fmt.Errorf("directory: create group: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error { return insertGroup(ctx, tx, caller.Collectivity, group) })
	if database.IsDuplicate(err) {
		err = portal.FieldErrors{portal.Invalid("id", "directory.error.taken")}
	}
	if err != nil {
		return "", fmt.Errorf("directory: create group: %w", err)
	}
	return group.ID, nil
}

// insertGroup adds a group, unless another one has its name, case and accents aside:
// in a form nobody could tell them apart.
func insertGroup(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, group Group) error {
	if err := nameIsFree(ctx, tx, collectivity, group); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO agent_groups (collectivity, id, name) VALUES ($1, $2, $3)`,
		string(collectivity), string(group.ID), group.Name)
	return err
}

// nameIsFree refuses for a group the name of another one.
func nameIsFree(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, group Group) error {
	rows, err := tx.Query(ctx, `SELECT name FROM agent_groups WHERE collectivity = $1 AND id <> $2`, string(collectivity), string(group.ID))
	names, err := database.Collect(rows, err, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
	for _, name := range names {
		if i18n.Fold(name) == i18n.Fold(group.Name) {
			return portal.FieldErrors{portal.Invalid("name", "directory.error.group.name", "name", name)}
		}
	}
	return err
}

// Groups lists the groups of the caller's collectivity by name.
func (s *Store) Groups(ctx context.Context, caller portal.Caller) ([]Group, error) {
	rows, err := s.db.Query(ctx, `SELECT id, name FROM agent_groups WHERE collectivity = $1 ORDER BY id`, string(caller.Collectivity))
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (Group, error) {
		var group Group
		err := rows.Scan(&group.ID, &group.Name)
		return group, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list groups: %w", err)
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return i18n.ByName(a.Name, b.Name) })
	return groups, nil
}

// AddMember puts an agent in a group of the caller's collectivity; both must be
// there. An agent who is in it already stays.
func (s *Store) AddMember(ctx context.Context, caller portal.Caller, group portal.GroupID, agent portal.AgentID) error {
	return s.changeMembership(ctx, caller, group, agent, `
		INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`)
}

// RemoveMember takes an agent out of a group.
func (s *Store) RemoveMember(ctx context.Context, caller portal.Caller, group portal.GroupID, agent portal.AgentID) error {
	return s.changeMembership(ctx, caller, group, agent, `
		DELETE FROM agent_group_members WHERE collectivity = $1 AND group_id = $2 AND agent = $3`)
}

func (s *Store) changeMembership(ctx context.Context, caller portal.Caller, group portal.GroupID, agent portal.AgentID, change string) error {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: change group: %w", err)
	}
	var account portal.AccountID
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if account, err = accountOf(ctx, tx, caller.Collectivity, agent); err != nil {
			return err
		}
		if err := s.mayDecide(ctx, tx, caller, agent); err != nil {
			return err
		}
		if err := groupsByHand(ctx, tx, caller.Collectivity, group); err != nil {
			return err
		}
		if err := s.mayFill(ctx, tx, caller, group); err != nil {
			return err
		}
		return keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error {
			_, err := tx.Exec(ctx, change, string(caller.Collectivity), string(group), string(agent))
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("directory: change group: %w", err)
	}
	s.changed(account)
	return nil
}

// groupsByHand refuses to place anybody into a group of nobody, or into one that
// a rule fills.
func groupsByHand(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, groups ...portal.GroupID) error {
	for _, group := range groups {
		var name string
		var ruled bool
		err := tx.QueryRow(ctx, `SELECT name, ruled FROM agent_groups WHERE collectivity = $1 AND id = $2`, string(collectivity), string(group)).
			Scan(&name, &ruled)
		switch {
		case errors.Is(err, portal.ErrNotFound):
			return portal.FieldErrors{portal.Invalid("group", "directory.error.group")}
		case err != nil:
			return err
		case ruled:
			return portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.group.ruled", Args: []any{"name", name}, Field: "group"}
		}
	}
	return nil
}

// accountOf returns the account of an agent, an id of nobody when it has none;
// portal.ErrNotFound when there is no such agent in the collectivity.
func accountOf(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) (portal.AccountID, error) {
	var account portal.AccountID
	err := tx.QueryRow(ctx, `SELECT COALESCE(account, '-') FROM agents WHERE collectivity = $1 AND id = $2`,
		string(collectivity), string(agent)).Scan(&account)
	return account, err
}
