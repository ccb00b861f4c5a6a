package directory

import (
	"context"
	"fmt"

	"parvis/portal"
)

// veil is what one caller may see of cards. Every way out of the directory looks
// through one: pages, search, boxes, address books, files.
type veil struct {
	policy Policy
	caller portal.Caller
	keeps  bool                    // the caller keeps the cards
	kept   map[portal.UnitID]bool  // the units whose cards she keeps, where she does not keep them all
	all    bool                    // the installation itself
	below  map[portal.AgentID]bool // whose manager she is, or above; nil when no field asks
}

// veil reads what the caller may see.
func (s *Store) veil(ctx context.Context, caller portal.Caller) (veil, error) {
	v := veil{caller: caller, keeps: caller.Can(portal.ManageAgents)}
	v.all = isInstallation(caller) && v.keeps
	var err error
	if v.policy, err = policyIn(ctx, s.db, caller.Collectivity); err != nil {
		return v, fmt.Errorf("directory: read policy: %w", err)
	}
	if v.keeps || caller.Agent == "" {
		return v, nil
	}
	if caller.CanSomewhere(portal.ManageAgents) {
		above, err := s.parents(ctx, caller.Collectivity)
		if err != nil {
			return v, fmt.Errorf("directory: read policy: %w", err)
		}
		v.kept = map[portal.UnitID]bool{}
		for unit := range above {
			v.kept[unit] = caller.CanIn(portal.ManageAgents, above.chain(unit))
		}
	}
	if !v.policy.asksManagers() {
		return v, nil
	}
	all, err := s.rollOf(ctx, caller.Collectivity)
	if err == nil {
		v.below = all.below(caller.Agent)
	}
	return v, err
}

// openVeil shows what everyone of a collectivity may see: what is kept once for all
// of them, and what stays on a phone whose owner changes units, shows no more.
func (s *Store) openVeil(ctx context.Context, collectivity portal.CollectivityID) (veil, error) {
	return s.veil(ctx, portal.Caller{Collectivity: collectivity})
}

// asksManagers says whether who is whose manager decides about a field.
func (p Policy) asksManagers() bool {
	for _, one := range p {
		if one.SeenBy == ByUnit || one.SeenBy == ByManagers {
			return true
		}
	}
	return false
}

// shows says whether a field of an agent's card is shown.
func (v veil) shows(field Field, agent portal.AgentID, unit portal.UnitID) bool {
	seenBy := v.policy.Of(field).SeenBy
	switch {
	case v.all, seenBy == ByEveryone, agent == v.caller.Agent:
		return true
	case seenBy == ByNobody:
		return false
	case v.keepsOf(unit), v.below[agent]:
		return true
	}
	return seenBy == ByUnit && unit != "" && unit == v.caller.Unit
}

// keepsOf says whether the caller keeps the cards of a unit, "" for none.
func (v veil) keepsOf(unit portal.UnitID) bool { return v.keeps || v.kept[unit] }

// opaque says whether some field is hidden of some agents.
func (v veil) opaque() bool {
	for _, one := range v.policy {
		if one.SeenBy != ByEveryone && !v.all && (!v.keeps || one.SeenBy == ByNobody) {
			return true
		}
	}
	return false
}

// over leaves out of a card what is not shown.
func (v veil) over(a Agent) Agent {
	if !v.opaque() {
		return a
	}
	hide := func(field Field, value *string) {
		if !v.shows(field, a.ID, a.Unit) {
			*value = ""
		}
	}
	hide(FieldPhoto, &a.Photo)
	hide(FieldFunction, &a.Function)
	hide(FieldManager, (*string)(&a.Manager))
	hide(FieldPhone, &a.Phone)
	hide(FieldMobile, &a.Mobile)
	hide(FieldEmail, &a.Email)
	hide(FieldOffice, &a.Office)
	return a
}

// overAll leaves the same out of many.
func (v veil) overAll(agents []Agent) []Agent {
	for i, agent := range agents {
		agents[i] = v.over(agent)
	}
	return agents
}
