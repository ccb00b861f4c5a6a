package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Unit is a direction or a service of the organisation chart.
type Unit struct {
	ID       portal.UnitID // given, or drawn when ""
	Parent   portal.UnitID // "" at the top
	Name     string        // "Services techniques"
	Position int           // order among its siblings
}

// UnitNode is a unit at its place in the organisation chart.
type UnitNode struct {
	Unit
	Depth  int  // 0 at the top
	Agents int  // active agents in the unit itself
	Root   bool // where the right of who asks begins: it is not hers to shape
}

// Dashes stand before the name of a unit in a list, one for each unit above it.
func (u UnitNode) Dashes() string { return strings.Repeat("– ", u.Depth) }

// CreateUnit adds a unit to the caller's collectivity. Its parent must be there.
func (s *Store) CreateUnit(ctx context.Context, caller portal.Caller, unit Unit) (portal.UnitID, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: create unit: %w", err)
	}
	if unit.ID == "" {
		unit.ID = portal.UnitID(portal.NewID())
	}
	if err := unit.check(); err != nil {
		return "", fmt.Errorf("directory: create unit: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := unitExists(ctx, tx, caller.Collectivity, "parent", unit.Parent); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO units (collectivity, id, parent, name, position) VALUES ($1, $2, $3, $4, $5)`,
			string(caller.Collectivity), string(unit.ID), string(unit.Parent), unit.Name, unit.Position)
		if database.IsDuplicate(err) {
			return portal.FieldErrors{portal.Invalid("id", "directory.error.taken")}
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("directory: create unit: %w", err)
	}
	return unit.ID, nil
}

// unitExists refuses a field that names no unit of the collectivity.
func unitExists(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, field string, unit portal.UnitID) error {
	if unit == "" {
		return nil
	}
	var count int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM units WHERE collectivity = $1 AND id = $2`, string(collectivity), string(unit)).Scan(&count)
	if err == nil && count == 0 {
		return portal.FieldErrors{portal.Invalid(field, "directory.error.unit")}
	}
	return err
}

// Units returns the organisation chart of the caller's collectivity, each unit
// followed by those below it.
func (s *Store) Units(ctx context.Context, caller portal.Caller) ([]UnitNode, error) {
	units, err := unitsIn(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: list units: %w", err)
	}
	return units, nil
}

func unitsIn(ctx context.Context, from rows, collectivity portal.CollectivityID) ([]UnitNode, error) {
	found, err := from.Query(ctx, `
		SELECT u.id, u.parent, u.name, u.position,
			(SELECT COUNT(*) FROM agents a WHERE a.collectivity = u.collectivity AND a.unit = u.id AND a.active)
		FROM units u WHERE u.collectivity = $1 ORDER BY u.id`, string(collectivity))
	flat, err := database.Collect(found, err, func(rows *sql.Rows) (UnitNode, error) {
		var u UnitNode
		err := rows.Scan(&u.ID, &u.Parent, &u.Name, &u.Position, &u.Agents)
		return u, err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(flat, func(a, b UnitNode) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), i18n.ByName(a.Name, b.Name))
	})
	return chart(flat), nil
}

// chart orders siblings into a tree. A unit whose parent is missing stands at
// the top, and a loop is cut, so that none is ever lost.
func chart(flat []UnitNode) []UnitNode {
	known := map[portal.UnitID]bool{}
	for _, unit := range flat {
		known[unit.ID] = true
	}
	below := map[portal.UnitID][]UnitNode{}
	for _, unit := range flat {
		parent := unit.Parent
		if !known[parent] {
			parent = ""
		}
		below[parent] = append(below[parent], unit)
	}
	placed := map[portal.UnitID]bool{}
	var tree []UnitNode
	var place func(unit UnitNode, depth int)
	place = func(unit UnitNode, depth int) {
		if placed[unit.ID] {
			return
		}
		placed[unit.ID] = true
		unit.Depth = depth
		tree = append(tree, unit)
		for _, child := range below[unit.ID] {
			place(child, depth+1)
		}
	}
	for _, top := range below[""] {
		place(top, 0)
	}
	for _, unit := range flat {
		place(unit, 0)
	}
	return tree
}
