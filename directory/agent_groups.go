package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Joined is a group and whether an agent is in it.
type Joined struct {
	Group
	In    bool
	Ruled bool // by a rule: it can't be changed by hand
}

// GroupsOf lists the groups of the caller's collectivity by name, with those
// that an agent is in, for its administrator.
func (s *Store) GroupsOf(ctx context.Context, caller portal.Caller, agent portal.AgentID) ([]Joined, error) {
	if err := s.governsAgent(ctx, s.db, caller, agent); err != nil {
		return nil, fmt.Errorf("directory: list groups of an agent: %w", err)
	}
	rows, err := s.db.Query(ctx, `
		SELECT g.id, g.name, m.agent IS NOT NULL, g.ruled FROM agent_groups g
		LEFT JOIN agent_group_members m ON m.collectivity = g.collectivity AND m.group_id = g.id AND m.agent = $2
		WHERE g.collectivity = $1 ORDER BY g.id`, string(caller.Collectivity), string(agent))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Joined, err error) {
		return one, rows.Scan(&one.ID, &one.Name, &one.In, &one.Ruled)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list groups of an agent: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Joined) int { return i18n.ByName(a.Name, b.Name) })
	return all, nil
}

// ChangeGroups puts an agent of the caller's collectivity into groups and takes
// her out of others; those that are in neither list stay what another
// administrator may have made of them meanwhile.
func (s *Store) ChangeGroups(ctx context.Context, caller portal.Caller, id portal.AgentID, join, leave []portal.GroupID, address string) error {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: change groups: %w", err)
	}
	var account portal.AccountID
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if account, err = accountOf(ctx, tx, caller.Collectivity, id); err != nil {
			return err
		}
		if err := s.mayDecide(ctx, tx, caller, id); err != nil {
			return err
		}
		if err := groupsByHand(ctx, tx, caller.Collectivity, slices.Concat(join, leave)...); err != nil {
			return err
		}
		if err := s.mayFill(ctx, tx, caller, slices.Concat(join, leave)...); err != nil {
			return err
		}
		before, err := groupNames(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		err = keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error {
			return moveGroups(ctx, tx, caller.Collectivity, id, join, leave)
		})
		if err != nil {
			return err
		}
		after, err := groupNames(ctx, tx, caller.Collectivity, id)
		if err != nil || slices.Equal(before, after) {
			return err
		}
		line := audit.By(caller, audit.MembersChanged)
		line.At, line.ObjectID, line.Detail, line.Address = s.now(), string(id), moved(before, after), address
		if line.Object, err = nameOf(ctx, tx, caller.Collectivity, id); err != nil {
			return err
		}
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("directory: change groups: %w", err)
	}
	s.changed(account)
	return nil
}

// moveGroups writes the memberships of one agent.
func moveGroups(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID, join, leave []portal.GroupID) error {
	for _, group := range join {
		_, err := tx.Exec(ctx, `INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(collectivity), string(group), string(agent))
		if err != nil {
			return err
		}
	}
	for _, group := range leave {
		_, err := tx.Exec(ctx, `DELETE FROM agent_group_members WHERE collectivity = $1 AND group_id = $2 AND agent = $3`,
			string(collectivity), string(group), string(agent))
		if err != nil {
			return err
		}
	}
	return nil
}

// moved tells two lists of names apart, "+Encadrants, −Élus".
func moved(before, after []string) string {
	var words []string
	for _, name := range after {
		if !slices.Contains(before, name) {
			words = append(words, "+"+name)
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			words = append(words, "−"+name)
		}
	}
	return strings.Join(words, ", ")
}

// groupsOfAll are the names of the groups of some agents of the caller's
// collectivity, each list by name.
func (s *Store) groupsOfAll(ctx context.Context, caller portal.Caller, agents []Enrolled) (map[portal.AgentID][]string, error) {
	names := map[portal.AgentID][]string{}
	if len(agents) == 0 {
		return names, nil
	}
	args := []any{string(caller.Collectivity)}
	for _, agent := range agents {
		args = append(args, string(agent.ID))
	}
	type member struct {
		agent portal.AgentID
		group string
	}
	rows, err := s.db.Query(ctx, `
		SELECT m.agent, g.name FROM agent_group_members m JOIN agent_groups g ON g.collectivity = m.collectivity AND g.id = m.group_id
		WHERE m.collectivity = $1 AND m.agent IN (`+database.Params(2, len(agents))+`)`, args...)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (m member, err error) { return m, rows.Scan(&m.agent, &m.group) })
	if err != nil {
		return nil, fmt.Errorf("directory: name groups: %w", err)
	}
	for _, m := range all {
		names[m.agent] = append(names[m.agent], m.group)
	}
	for _, groups := range names {
		slices.SortFunc(groups, i18n.ByName)
	}
	return names, nil
}
