package directory

import (
	"context"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// told is a sentence of the catalogue about a field, as it is kept.
type told struct {
	Field string   `json:"field,omitempty"` // of cardFields, "" for the whole line
	Key   string   `json:"key"`
	Args  []string `json:"args,omitempty"`
}

// place is where a line puts somebody.
type place struct {
	Unit portal.UnitID `json:"unit,omitempty"` // that is there, "" for none
	Make []string      `json:"make,omitempty"` // names of those to be created below it, from the top
}

// charted finds units by their names.
type charted struct {
	names map[portal.UnitID]string
	above map[portal.UnitID]portal.UnitID
	below map[portal.UnitID]map[string]portal.UnitID // by folded name
	named map[string][]portal.UnitID
}

func chartOf(units []UnitNode) *charted {
	c := &charted{
		names: map[portal.UnitID]string{}, above: map[portal.UnitID]portal.UnitID{},
		below: map[portal.UnitID]map[string]portal.UnitID{}, named: map[string][]portal.UnitID{},
	}
	for _, unit := range units {
		c.add(unit.Unit)
	}
	return c
}

func (c *charted) add(unit Unit) {
	name := i18n.Fold(unit.Name)
	c.names[unit.ID], c.above[unit.ID] = unit.Name, unit.Parent
	if c.below[unit.Parent] == nil {
		c.below[unit.Parent] = map[string]portal.UnitID{}
	}
	if c.below[unit.Parent][name] == "" {
		c.below[unit.Parent][name] = unit.ID
	}
	c.named[name] = append(c.named[name], unit.ID)
}

// path writes a place from the top, "Services techniques / Voirie".
func (c *charted) path(where place) string {
	parts := append([]string(nil), where.Make...)
	for unit, steps := where.Unit, 0; unit != "" && steps < maxDepth; unit, steps = c.above[unit], steps+1 {
		parts = append([]string{c.names[unit]}, parts...)
	}
	return strings.Join(parts, " / ")
}

// maxDepth bounds how deep a chart goes.
const maxDepth = 20

// find reads the name of a unit, or a path to it. A name that is nowhere yet is a unit
// to be created: at the top, or below what the path begins with.
func (c *charted) find(text string) (place, *told) {
	if all := c.named[i18n.Fold(text)]; len(all) == 1 {
		return place{Unit: all[0]}, nil
	}
	var parts []string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '/' || r == '>' || r == '\\' }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return place{}, nil
	}
	if len(parts) > maxDepth {
		return place{}, &told{Field: "unit", Key: "directory.arrival.fault.deep"}
	}
	first := i18n.Fold(parts[0])
	at := c.below[""][first]
	if all := c.named[first]; at == "" && len(all) > 0 {
		if at = all[0]; len(all) > 1 {
			return place{}, &told{Field: "unit", Key: "directory.arrival.fault.units", Args: []string{"name", parts[0]}}
		}
	}
	if at == "" {
		return c.fresh("", parts)
	}
	for i, part := range parts[1:] {
		next := c.below[at][i18n.Fold(part)]
		if next == "" {
			return c.fresh(at, parts[i+1:])
		}
		at = next
	}
	return place{Unit: at}, nil
}

// fresh is a place of which some is to be created.
func (c *charted) fresh(under portal.UnitID, names []string) (place, *told) {
	for _, name := range names {
		var wrong portal.FieldErrors
		if err := (Unit{ID: "new", Name: name}).check(); err != nil {
			wrong, _ = err.(portal.FieldErrors)
			return place{}, toldOf("unit", wrong[0])
		}
	}
	return place{Unit: under, Make: names}, nil
}

// settle creates what is missing of a place, and returns the unit that it ends in.
func (s *Store) settlePlace(ctx context.Context, tx *database.Tx, caller portal.Caller, arrival string, chart *charted, where place, address string) (portal.UnitID, error) {
	at, depth := where.Unit, 0
	for unit := at; unit != "" && depth < maxDepth; unit = chart.above[unit] {
		depth++
	}
	for _, name := range where.Make {
		if next := chart.below[at][i18n.Fold(name)]; next != "" {
			at, depth = next, depth+1
			continue
		}
		unit := Unit{ID: portal.UnitID(portal.NewID()), Parent: at, Name: name}
		if err := putUnit(ctx, tx, caller.Collectivity, unit); err != nil {
			return "", err
		}
		if err := s.tellUnit(ctx, tx, caller, audit.UnitCreated, unit, "", address); err != nil {
			return "", err
		}
		err := tx.Write(ctx, `INSERT INTO arrival_units (collectivity, arrival, unit, depth) VALUES ($1, $2, $3, $4)`,
			string(caller.Collectivity), arrival, string(unit.ID), depth)
		if err != nil {
			return "", err
		}
		chart.add(unit)
		at, depth = unit.ID, depth+1
	}
	return at, nil
}
