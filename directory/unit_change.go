package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// UnitChanged refuses a unit that another administrator changed since it was
// shown. It is of kind portal.ErrConflict.
type UnitChanged struct{ Now Unit }

// Error is for logs.
func (c UnitChanged) Error() string {
	return fmt.Sprintf("%v: the unit is %q under %q now", portal.ErrConflict, c.Now.Name, c.Now.Parent)
}

// Unwrap gives the kind.
func (c UnitChanged) Unwrap() error { return portal.ErrConflict }

func (u Unit) check() error {
	var wrong portal.Check
	wrong.Identifier("id", string(u.ID))
	wrong.Text("name", u.Name, true, 120)
	return wrong.OrNil()
}

// AddUnit adds a unit as the last of its siblings, for the administrator of the
// caller's collectivity.
func (s *Store) AddUnit(ctx context.Context, caller portal.Caller, unit Unit, address string) (portal.UnitID, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: add unit: %w", err)
	}
	unit.ID = portal.UnitID(portal.NewID())
	if err := unit.check(); err != nil {
		return "", fmt.Errorf("directory: add unit: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := unitExists(ctx, tx, caller.Collectivity, "parent", unit.Parent); err != nil {
			return err
		}
		if err := s.mayHold(ctx, tx, caller, unit.Parent); err != nil {
			return err
		}
		if err := putUnit(ctx, tx, caller.Collectivity, unit); err != nil {
			return err
		}
		return s.tellUnit(ctx, tx, caller, audit.UnitCreated, unit, "", address)
	})
	if err != nil {
		return "", fmt.Errorf("directory: add unit: %w", err)
	}
	s.redrawn(caller.Collectivity)
	return unit.ID, nil
}

// putUnit writes a unit as the last of its siblings.
func putUnit(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit Unit) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO units (collectivity, id, parent, name, position)
		VALUES ($1, $2, $3, $4, 1 + (SELECT COALESCE(MAX(u.position), 0) FROM units u WHERE u.collectivity = $1 AND u.parent = $3))`,
		string(collectivity), string(unit.ID), string(unit.Parent), unit.Name)
	return err
}

// tellUnit writes what was done to a unit in the journal.
func (s *Store) tellUnit(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, unit Unit, detail, address string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), unit.Name, string(unit.ID), detail, address
	return audit.Write(ctx, tx, line)
}

// ChangeUnit renames and moves a unit by what was typed over what was shown.
// UnitChanged when it is no more what was shown; a field error for a parent that
// is the unit itself or below it.
func (s *Store) ChangeUnit(ctx context.Context, caller portal.Caller, shown, typed Unit, address string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: change unit: %w", err)
	}
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		now, err := readUnit(ctx, tx, caller.Collectivity, typed.ID)
		if err != nil {
			return nil, err
		}
		if err := typed.check(); err != nil {
			return nil, err
		}
		if now.Name != shown.Name || now.Parent != shown.Parent {
			return nil, UnitChanged{now}
		}
		if now.Name == typed.Name && now.Parent == typed.Parent {
			return nil, nil
		}
		if err := s.mayShape(ctx, tx, caller, now); err != nil {
			return nil, err
		}
		if err := mayHang(ctx, tx, caller.Collectivity, typed); err != nil {
			return nil, err
		}
		if now.Parent != typed.Parent {
			err = s.hang(ctx, tx, caller, now.Parent, typed, address)
		}
		if err == nil && now.Name != typed.Name {
			err = s.mayPlace(ctx, tx, caller, typed.ID) // sign-in places people by the name of a unit
		}
		if err == nil && now.Name != typed.Name {
			ids, err = s.renameUnit(ctx, tx, caller.Collectivity, typed)
		}
		if err != nil {
			return nil, err
		}
		return ids, s.tellUnitChanged(ctx, tx, caller, now, typed, address)
	})
	if err != nil {
		return fmt.Errorf("directory: change unit: %w", err)
	}
	s.redrawn(caller.Collectivity)
	return nil
}

// tellUnitChanged tells of another name, of another place, or of both.
func (s *Store) tellUnitChanged(ctx context.Context, tx *database.Tx, caller portal.Caller, was, now Unit, address string) error {
	if was.Name != now.Name {
		if err := s.tellUnit(ctx, tx, caller, audit.UnitChanged, now, was.Name, address); err != nil {
			return err
		}
	}
	if was.Parent == now.Parent {
		return nil
	}
	from, err := unitNameOr(ctx, tx, caller.Collectivity, was.Parent)
	if err != nil {
		return err
	}
	to, err := unitNameOr(ctx, tx, caller.Collectivity, now.Parent)
	if err != nil {
		return err
	}
	return s.tellUnit(ctx, tx, caller, audit.UnitMoved, now, audit.Became(from, to), address)
}

// unitNameOr is the name of a unit, "–" for the top and for one that is no more.
func unitNameOr(ctx context.Context, from rows, collectivity portal.CollectivityID, id portal.UnitID) (string, error) {
	unit, err := readUnit(ctx, from, collectivity, id)
	if errors.Is(err, portal.ErrNotFound) {
		err = nil
	}
	return cmp.Or(unit.Name, "–"), err
}

// hang moves a unit below another one. What is given to the units above reaches its
// agents, or does no more.
func (s *Store) hang(ctx context.Context, tx *database.Tx, caller portal.Caller, from portal.UnitID, unit Unit, address string) error {
	if err := s.mayPlace(ctx, tx, caller, from); err != nil {
		return err
	}
	if err := s.mayBring(ctx, tx, caller, unit.Parent); err != nil {
		return err
	}
	return keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error {
		return s.followChart(ctx, tx, caller, unit.ID, unit.Parent, false, address, func() error {
			_, err := tx.Exec(ctx, `
				UPDATE units SET parent = $1, position = 1 + (SELECT COALESCE(MAX(u.position), 0) FROM units u WHERE u.collectivity = $2 AND u.parent = $1)
				WHERE collectivity = $2 AND id = $3`, string(unit.Parent), string(caller.Collectivity), string(unit.ID))
			return err
		})
	})
}

func readUnit(ctx context.Context, tx rows, collectivity portal.CollectivityID, id portal.UnitID) (unit Unit, err error) {
	err = tx.QueryRow(ctx, `SELECT id, parent, name, position FROM units WHERE collectivity = $1 AND id = $2`, string(collectivity), string(id)).
		Scan(&unit.ID, &unit.Parent, &unit.Name, &unit.Position)
	return unit, err
}

// mayHang refuses a unit below itself.
func mayHang(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit Unit) error {
	if err := unitExists(ctx, tx, collectivity, "parent", unit.Parent); err != nil {
		return err
	}
	inside, err := isBelow(ctx, tx, collectivity, unit.Parent, unit.ID)
	if err == nil && inside {
		return portal.FieldErrors{portal.Invalid("parent", "directory.error.unit.loop", "name", unit.Name)}
	}
	return err
}

// isBelow says whether a unit is another one or below it.
func isBelow(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit, above portal.UnitID) (bool, error) {
	passed := map[portal.UnitID]bool{} // a loop that another program left must not hold us
	for unit != "" && !passed[unit] {
		if unit == above {
			return true, nil
		}
		passed[unit] = true
		one, err := readUnit(ctx, tx, collectivity, unit)
		if errors.Is(err, portal.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		unit = one.Parent
	}
	return false, nil
}

// renameUnit writes a name, and lets the agents of the unit be found by it. It
// returns who they are.
func (s *Store) renameUnit(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit Unit) ([]string, error) {
	_, err := tx.Exec(ctx, `UPDATE units SET name = $1 WHERE collectivity = $2 AND id = $3`, unit.Name, string(collectivity), string(unit.ID))
	if err != nil {
		return nil, err
	}
	return respell(ctx, tx, collectivity, unit.ID, unit.Name)
}

// respell writes anew by what the agents of a unit are found.
func respell(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit portal.UnitID, name string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.unit = $2`, string(collectivity), string(unit))
	agents, err := database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(agents))
	for some := range slices.Chunk(agents, maxRespelled) {
		args := []any{string(collectivity)}
		for n := range maxRespelled {
			agent := some[min(n, len(some)-1)] // the last one fills the text
			args = append(args, string(agent.ID), agent.searchText(name))
		}
		if _, err := tx.Exec(ctx, respellSome, args...); err != nil {
			return nil, err
		}
		for _, agent := range some {
			ids = append(ids, string(agent.ID))
		}
	}
	return ids, nil
}

// maxRespelled is how many agents one statement writes anew.
const maxRespelled = 100

var respellSome = `
	WITH spelled (id, words) AS (VALUES ` + pairs(2, maxRespelled) + `)
	UPDATE agents SET search_text = (SELECT MAX(s.words) FROM spelled s WHERE s.id = agents.id)
	WHERE collectivity = $1 AND id IN (SELECT s.id FROM spelled s)`

// pairs writes "($2, $3), ($4, $5)" for pairs(2, 2).
func pairs(first, count int) string {
	all := make([]string, count)
	for i := range all {
		all[i] = "(" + database.Params(first+2*i, 2) + ")"
	}
	return strings.Join(all, ", ")
}

// ShiftUnit puts a unit one place before or after, among its siblings as they are
// shown. The first one stays first, the last one last.
func (s *Store) ShiftUnit(ctx context.Context, caller portal.Caller, id portal.UnitID, by int, address string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: shift unit: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		unit, err := readUnit(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		if err := s.mayShape(ctx, tx, caller, unit); err != nil {
			return err
		}
		tree, err := unitsIn(ctx, tx, caller.Collectivity)
		if err != nil {
			return err
		}
		siblings := slices.DeleteFunc(tree, func(u UnitNode) bool { return u.Parent != unit.Parent })
		from := slices.IndexFunc(siblings, func(u UnitNode) bool { return u.ID == id })
		to := from + by
		if from < 0 || to < 0 || to >= len(siblings) {
			return nil
		}
		siblings[from], siblings[to] = siblings[to], siblings[from]
		for i, sibling := range siblings {
			_, err := tx.Exec(ctx, `UPDATE units SET position = $1 WHERE collectivity = $2 AND id = $3`, i+1, string(caller.Collectivity), string(sibling.ID))
			if err != nil {
				return err
			}
		}
		return s.tellUnit(ctx, tx, caller, audit.UnitChanged, unit, "", address)
	})
	if err != nil {
		return fmt.Errorf("directory: shift unit: %w", err)
	}
	s.reordered(caller.Collectivity)
	return nil
}

// UnitHolds is what keeps a unit from being deleted.
type UnitHolds struct {
	Agents, Closed int // closed ones may come back
	Units          []Unit
	Mentions       []portal.Mention
}

// Empty says that nothing does.
func (h UnitHolds) Empty() bool {
	return h.Agents == 0 && h.Closed == 0 && len(h.Units) == 0 && len(h.Mentions) == 0
}

// Holds tells what is in a unit of the caller's collectivity, and names it.
func (s *Store) Holds(ctx context.Context, caller portal.Caller, id portal.UnitID) (unit Unit, holds UnitHolds, err error) {
	if unit, holds, err = s.InUnit(ctx, caller, id); err == nil {
		holds.Mentions, err = s.namingUnit(ctx, s.db, caller, id)
	}
	return unit, holds, err
}

// namingUnit tells all that names a unit.
func (s *Store) namingUnit(ctx context.Context, from database.Reader, caller portal.Caller, id portal.UnitID) ([]portal.Mention, error) {
	all, err := s.rightsNaming(ctx, from, caller, portal.Subject{Kind: portal.TheUnit, ID: string(id)})
	if err != nil {
		return nil, err
	}
	ruled, err := rulesNaming(ctx, from, caller.Collectivity, id)
	if err != nil {
		return nil, err
	}
	opened, err := s.openedTo(ctx, from, caller, id)
	return slices.Concat(all, ruled, opened), err
}

// openedTo tells what of the features names a unit.
func (s *Store) openedTo(ctx context.Context, from database.Reader, caller portal.Caller, id portal.UnitID) (all []portal.Mention, err error) {
	for _, mentions := range s.unitMentions {
		more, err := mentions(ctx, from, caller, id)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// InUnit is Holds without what names the unit.
func (s *Store) InUnit(ctx context.Context, caller portal.Caller, id portal.UnitID) (unit Unit, holds UnitHolds, err error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return Unit{}, UnitHolds{}, fmt.Errorf("directory: read unit: %w", err)
	}
	if unit, err = readUnit(ctx, s.db, caller.Collectivity, id); err == nil && s.mayHold(ctx, s.db, caller, id) != nil {
		err = portal.ErrNotFound
	}
	if err == nil {
		holds, err = heldBy(ctx, s.db, caller.Collectivity, id)
	}
	if err != nil {
		return Unit{}, UnitHolds{}, fmt.Errorf("directory: read unit: %w", err)
	}
	return unit, holds, nil
}

func heldBy(ctx context.Context, from rows, collectivity portal.CollectivityID, id portal.UnitID) (holds UnitHolds, err error) {
	err = from.QueryRow(ctx, `
		SELECT COALESCE(SUM(CASE WHEN active THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN active THEN 0 ELSE 1 END), 0)
		FROM agents WHERE collectivity = $1 AND unit = $2`, string(collectivity), string(id)).Scan(&holds.Agents, &holds.Closed)
	if err != nil {
		return holds, err
	}
	found, err := from.Query(ctx, `SELECT id, parent, name, position FROM units WHERE collectivity = $1 AND parent = $2 ORDER BY position, id`,
		string(collectivity), string(id))
	holds.Units, err = database.Collect(found, err, func(rows *sql.Rows) (u Unit, err error) {
		return u, rows.Scan(&u.ID, &u.Parent, &u.Name, &u.Position)
	})
	return holds, err
}

// EmptyUnit moves the agents of a unit, closed ones too, and the units below it
// into another one, "" for none: then it may be deleted. It returns what UndoMove takes
// it back by.
func (s *Store) EmptyUnit(ctx context.Context, caller portal.Caller, id, into portal.UnitID, address string) (move string, err error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: empty unit: %w", err)
	}
	err = s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		unit, err := readUnit(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return nil, err
		}
		name, err := unitName(ctx, tx, caller.Collectivity, into)
		if err != nil {
			return nil, err
		}
		inside, err := isBelow(ctx, tx, caller.Collectivity, into, id)
		if err != nil {
			return nil, err
		}
		if inside {
			return nil, portal.FieldErrors{portal.Invalid("unit", "directory.error.unit.loop", "name", unit.Name)}
		}
		if err := s.mayPlace(ctx, tx, caller, id); err != nil {
			return nil, err
		}
		if err := s.mayBring(ctx, tx, caller, into); err != nil {
			return nil, err
		}
		if err := s.mayDecideIn(ctx, tx, caller, id); err != nil {
			return nil, err
		}
		if move, err = s.keepMove(ctx, tx, caller, unit, into); err != nil {
			return nil, err
		}
		if ids, err = respell(ctx, tx, caller.Collectivity, id, name); err != nil {
			return nil, err
		}
		err = keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error {
			return s.followChart(ctx, tx, caller, id, into, true, address, func() error {
				_, err := tx.Exec(ctx, `UPDATE agents SET unit = $1, changed = $4, changed_by = $5 WHERE collectivity = $2 AND unit = $3`,
					string(into), string(caller.Collectivity), string(id), database.Millis(s.now()), string(caller.Agent))
				if err != nil {
					return err
				}
				_, err = tx.Exec(ctx, `UPDATE units SET parent = $1 WHERE collectivity = $2 AND parent = $3`,
					string(into), string(caller.Collectivity), string(id))
				return err
			})
		})
		if err != nil {
			return nil, err
		}
		return ids, s.tellUnit(ctx, tx, caller, audit.UnitEmptied, unit, audit.Became(unit.Name, cmp.Or(name, "–")), address)
	})
	if err != nil {
		return "", fmt.Errorf("directory: empty unit: %w", err)
	}
	s.redrawn(caller.Collectivity)
	return move, nil
}

// errUnitHolds refuses to lose where people are.
var errUnitHolds = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.unit.holds"}

// DeleteUnit deletes an empty unit: portal.ErrConflict for one that holds
// something or that is named somewhere, see Holds.
func (s *Store) DeleteUnit(ctx context.Context, caller portal.Caller, id portal.UnitID, address string) error {
	_, holds, err := s.Holds(ctx, caller, id)
	if err == nil && !holds.Empty() {
		err = errUnitHolds
	}
	if err != nil {
		return fmt.Errorf("directory: delete unit: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		unit, err := readUnit(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		holds, err := heldBy(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		if !holds.Empty() {
			return errUnitHolds // somebody arrived since
		}
		ruled, err := rulesNaming(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		if len(ruled) > 0 {
			return errUnitHolds // a rule that names no unit would catch others
		}
		if err := s.mayShape(ctx, tx, caller, unit); err != nil {
			return err
		}
		named, err := s.unitGiven(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		if named {
			return errUnitHolds // whom a right is given to, or where it holds, would be forgotten
		}
		_, err = tx.Exec(ctx, `DELETE FROM units WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id))
		if err != nil {
			return err
		}
		return s.tellUnit(ctx, tx, caller, audit.UnitDeleted, unit, "", address)
	})
	if err != nil {
		return fmt.Errorf("directory: delete unit: %w", err)
	}
	s.redrawn(caller.Collectivity)
	return nil
}

// unitGiven says whether a right is given to a unit, or holds in it alone.
func (s *Store) unitGiven(ctx context.Context, from rows, collectivity portal.CollectivityID, id portal.UnitID) (given bool, err error) {
	err = from.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM rights_given
		WHERE collectivity = $1 AND (kind = 'unit' AND subject = $2 OR in_unit = $2) AND taken = 0 AND (ends = 0 OR ends > $3))`,
		string(collectivity), string(id), database.Millis(s.now())).Scan(&given)
	return given, err
}
