package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// GroupChanged refuses a group that another administrator renamed since it was
// shown. It is of kind portal.ErrConflict.
type GroupChanged struct{ Now Group }

// Error is for logs.
func (c GroupChanged) Error() string {
	return fmt.Sprintf("%v: the group is %q now", portal.ErrConflict, c.Now.Name)
}

// Unwrap gives the kind.
func (c GroupChanged) Unwrap() error { return portal.ErrConflict }

// CountedGroup is a group with its active members.
type CountedGroup struct {
	Group
	Members int
	Ruled   bool // they follow a rule
}

// CountedGroups lists the groups of the caller's collectivity by name, for its
// administrator.
func (s *Store) CountedGroups(ctx context.Context, caller portal.Caller) ([]CountedGroup, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: count groups: %w", err)
	}
	return s.countedGroups(ctx, caller.Collectivity)
}

func (s *Store) countedGroups(ctx context.Context, collectivity portal.CollectivityID) ([]CountedGroup, error) {
	rows, err := s.db.Query(ctx, `
		SELECT g.id, g.name, g.ruled, (SELECT COUNT(*) FROM agent_group_members m
			JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
			WHERE m.collectivity = g.collectivity AND m.group_id = g.id AND a.active)
		FROM agent_groups g WHERE g.collectivity = $1`, string(collectivity))
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (g CountedGroup, err error) {
		return g, rows.Scan(&g.ID, &g.Name, &g.Ruled, &g.Members)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: count groups: %w", err)
	}
	slices.SortFunc(groups, func(a, b CountedGroup) int { return i18n.ByName(a.Name, b.Name) })
	return groups, nil
}

// AddGroup adds a group for the administrator of the caller's collectivity.
func (s *Store) AddGroup(ctx context.Context, caller portal.Caller, name, address string) (portal.GroupID, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: add group: %w", err)
	}
	group := Group{ID: portal.GroupID(portal.NewID()), Name: name}
	err := checkGroup(group)
	if err == nil {
		err = s.db.Tx(ctx, func(tx *database.Tx) error {
			if err := insertGroup(ctx, tx, caller.Collectivity, group); err != nil {
				return err
			}
			return s.tellGroup(ctx, tx, caller, audit.GroupCreated, group, "", address)
		})
	}
	if err != nil {
		return "", fmt.Errorf("directory: add group: %w", err)
	}
	return group.ID, nil
}

func checkGroup(group Group) error {
	var wrong portal.Check
	wrong.Identifier("id", string(group.ID))
	wrong.Text("name", group.Name, true, 120)
	return wrong.OrNil()
}

// tellGroup writes what was done to a group in the journal.
func (s *Store) tellGroup(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, group Group, detail, address string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), group.Name, string(group.ID), detail, address
	return audit.Write(ctx, tx, line)
}

func readGroup(ctx context.Context, from rows, collectivity portal.CollectivityID, id portal.GroupID) (group Group, err error) {
	err = from.QueryRow(ctx, `SELECT id, name FROM agent_groups WHERE collectivity = $1 AND id = $2`, string(collectivity), string(id)).
		Scan(&group.ID, &group.Name)
	return group, err
}

// RenameGroup changes a name by what was typed over what was shown. GroupChanged
// when it is no more what was shown.
func (s *Store) RenameGroup(ctx context.Context, caller portal.Caller, shown string, typed Group, address string) error {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: rename group: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		now, err := readGroup(ctx, tx, caller.Collectivity, typed.ID)
		if err != nil {
			return err
		}
		if err := checkGroup(typed); err != nil {
			return err
		}
		if now.Name != shown {
			return GroupChanged{now}
		}
		return s.renameGroup(ctx, tx, caller, now, typed, address)
	})
	if err != nil {
		return fmt.Errorf("directory: rename group: %w", err)
	}
	return nil
}

// renameGroup writes another name of a group that was just read.
func (s *Store) renameGroup(ctx context.Context, tx *database.Tx, caller portal.Caller, now, typed Group, address string) error {
	if err := checkGroup(typed); err != nil {
		return err
	}
	if err := s.mayJoin(ctx, tx, caller, typed.ID); err != nil {
		return err // whoever fills it goes by its name
	}
	if err := nameIsFree(ctx, tx, caller.Collectivity, typed); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE agent_groups SET name = $1 WHERE collectivity = $2 AND id = $3`,
		typed.Name, string(caller.Collectivity), string(typed.ID))
	if err != nil || now == typed {
		return err
	}
	return s.tellGroup(ctx, tx, caller, audit.GroupRenamed, typed, now.Name, address)
}

// Members are a page of the active agents of a group.
type Members struct {
	Group
	People
	Mentions []portal.Mention // what names the group, and keeps it from being deleted
}

// The texts of the members and of their count.
const (
	membersFrom = agentTables + `WHERE a.collectivity = $1 AND a.active AND EXISTS (
		SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.agent = a.id AND m.group_id = $2)`
	countMembers = `SELECT COUNT(*)` + membersFrom
	listMembers  = `SELECT ` + agentColumns + membersFrom + ` ORDER BY a.sort_name, a.id LIMIT 0 + $3 OFFSET $4`
)

// Members returns a page of those in a group of the caller's collectivity, and
// what names it, for its administrator.
func (s *Store) Members(ctx context.Context, caller portal.Caller, id portal.GroupID, page int) (members Members, err error) {
	if members, err = s.InGroup(ctx, caller, id, page); err == nil {
		members.Mentions, err = s.namingGroup(ctx, s.db, caller, id)
	}
	return members, err
}

// InGroup is Members without what names the group.
func (s *Store) InGroup(ctx context.Context, caller portal.Caller, id portal.GroupID, page int) (members Members, err error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return Members{}, fmt.Errorf("directory: list members: %w", err)
	}
	if members.Group, err = readGroup(ctx, s.db, caller.Collectivity, id); err != nil {
		return Members{}, fmt.Errorf("directory: list members: %w", err)
	}
	members.People, err = s.page(ctx, PeopleQuery{Page: page, Size: defaultPageSize}, countMembers, listMembers,
		[]any{string(caller.Collectivity), string(id)})
	if err != nil {
		return Members{}, err
	}
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return Members{}, fmt.Errorf("directory: list members: %w", err)
	}
	seen.overAll(members.Agents)
	return members, nil
}

// errGroupNamed refuses to lose who may see something.
var errGroupNamed = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.group.named"}

// DeleteGroup deletes a group that nothing names: portal.ErrConflict for another,
// see Members. It can be had again for thirty days, with its members.
func (s *Store) DeleteGroup(ctx context.Context, caller portal.Caller, id portal.GroupID, address string) error {
	return s.DeleteGroupIf(ctx, caller, id, func(*database.Tx) error { return nil }, address)
}

// DeleteGroupIf deletes it unless still refuses, in the same transaction.
func (s *Store) DeleteGroupIf(ctx context.Context, caller portal.Caller, id portal.GroupID, still func(tx *database.Tx) error, address string) error {
	err := caller.Require(portal.ManageAgents)
	if err == nil {
		err = s.db.Tx(ctx, func(tx *database.Tx) error {
			if err := still(tx); err != nil {
				return err
			}
			group, err := readGroup(ctx, tx, caller.Collectivity, id)
			if err != nil {
				return err
			}
			mentions, err := s.namingGroup(ctx, tx, caller, id)
			if err == nil && len(mentions) > 0 {
				err = errGroupNamed
			}
			if err != nil {
				return err
			}
			if err := s.forgetGroups(ctx, tx, caller.Collectivity); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `
				INSERT INTO deleted_groups (collectivity, id, name, deleted, rule, ruled)
				SELECT g.collectivity, g.id, g.name, CAST($3 AS BIGINT), g.rule, g.ruled FROM agent_groups g WHERE g.collectivity = $1 AND g.id = $2`,
				string(caller.Collectivity), string(id), database.Millis(s.now()))
			if err != nil {
				return err
			}
			if err := moveMembers(ctx, tx, caller.Collectivity, id, false); err != nil {
				return err
			}
			if err := watch(ctx, tx, caller.Collectivity, id, nil); err != nil {
				return err
			}
			err = database.OneRow(tx.Exec(ctx, `DELETE FROM agent_groups WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id)))
			if err != nil {
				return err
			}
			return s.tellGroup(ctx, tx, caller, audit.GroupDeleted, group, "", address)
		})
	}
	if err != nil {
		return fmt.Errorf("directory: delete group: %w", err)
	}
	s.changedIn(caller.Collectivity)
	return nil
}

// moveMembers takes the members of a group along when it is deleted, so that it gives
// nobody anything, or back when it is there again.
func moveMembers(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, group portal.GroupID, back bool) error {
	texts := []string{
		`INSERT INTO deleted_group_members (collectivity, group_id, agent)
			SELECT m.collectivity, m.group_id, m.agent FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = $2`,
		`DELETE FROM agent_group_members WHERE collectivity = $1 AND group_id = $2`,
	}
	if back {
		texts = []string{
			`INSERT INTO agent_group_members (collectivity, group_id, agent)
				SELECT d.collectivity, d.group_id, d.agent FROM deleted_group_members d WHERE d.collectivity = $1 AND d.group_id = $2`,
			`DELETE FROM deleted_group_members WHERE collectivity = $1 AND group_id = $2`,
		}
	}
	for _, text := range texts {
		if _, err := tx.Exec(ctx, text, string(collectivity), string(group)); err != nil {
			return err
		}
	}
	return nil
}

// ForgetGroups makes an end of the groups of a collectivity that can't be had again
// any more.
func (s *Store) ForgetGroups(ctx context.Context, collectivity portal.CollectivityID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error { return s.forgetGroups(ctx, tx, collectivity) })
	if err != nil {
		return fmt.Errorf("directory: forget groups: %w", err)
	}
	return nil
}

// forgetGroups makes an end of what was deleted more than thirty days ago.
func (s *Store) forgetGroups(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID) error {
	for _, text := range []string{
		`DELETE FROM deleted_group_members WHERE collectivity = $1
			AND group_id IN (SELECT id FROM deleted_groups WHERE collectivity = $1 AND deleted < $2)`,
		`DELETE FROM scim_groups WHERE collectivity = $1
			AND group_id IN (SELECT id FROM deleted_groups WHERE collectivity = $1 AND deleted < $2)`,
		`DELETE FROM deleted_groups WHERE collectivity = $1 AND deleted < $2`,
	} {
		if _, err := tx.Exec(ctx, text, string(collectivity), database.Millis(s.now().Add(-undoLife))); err != nil {
			return err
		}
	}
	return nil
}

// DeletedGroups lists the groups that can be had again, by name.
func (s *Store) DeletedGroups(ctx context.Context, caller portal.Caller) ([]Group, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: list deleted groups: %w", err)
	}
	rows, err := s.db.Query(ctx, `SELECT id, name FROM deleted_groups WHERE collectivity = $1 AND deleted >= $2`,
		string(caller.Collectivity), database.Millis(s.now().Add(-undoLife)))
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (g Group, err error) { return g, rows.Scan(&g.ID, &g.Name) })
	if err != nil {
		return nil, fmt.Errorf("directory: list deleted groups: %w", err)
	}
	slices.SortFunc(groups, func(a, b Group) int { return i18n.ByName(a.Name, b.Name) })
	return groups, nil
}

// Restored is a group that is there again.
type Restored struct {
	Group
	Unruled bool // its rule names what is no more: it is filled by hand now
}

// RestoreGroup takes a deletion back, with the members of that day, or with those
// whom its rule catches today.
func (s *Store) RestoreGroup(ctx context.Context, caller portal.Caller, id portal.GroupID, address string) (group Restored, err error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return Restored{}, fmt.Errorf("directory: restore group: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		group = Restored{Group: Group{ID: id}}
		err := tx.QueryRow(ctx, `SELECT name FROM deleted_groups WHERE collectivity = $1 AND id = $2 AND deleted >= $3`,
			string(caller.Collectivity), string(id), database.Millis(s.now().Add(-undoLife))).Scan(&group.Name)
		if err != nil {
			return err
		}
		if err := s.mayFill(ctx, tx, caller, id); err != nil {
			return err
		}
		err = insertGroup(ctx, tx, caller.Collectivity, group.Group)
		if errors.Is(err, portal.ErrInvalid) || database.IsDuplicate(err) {
			err = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.group.there", Args: []any{"name", group.Name}}
		}
		if err == nil {
			_, err = tx.Exec(ctx, `
				UPDATE agent_groups SET (rule, ruled) = (SELECT d.rule, d.ruled FROM deleted_groups d WHERE d.collectivity = $1 AND d.id = $2)
				WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id))
		}
		if err != nil {
			return err
		}
		if err := moveMembers(ctx, tx, caller.Collectivity, id, true); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM deleted_groups WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id)); err != nil {
			return err
		}
		if err := s.tellGroup(ctx, tx, caller, audit.GroupRestored, group.Group, "", address); err != nil {
			return err
		}
		group.Unruled, err = s.resume(ctx, tx, caller, id, address)
		return err
	})
	if err != nil {
		return Restored{}, fmt.Errorf("directory: restore group: %w", err)
	}
	s.changedIn(caller.Collectivity)
	return group, nil
}
