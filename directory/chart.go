package directory

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// branch is a unit of the organisation chart with what is below it.
type branch struct {
	UnitNode
	Base   string // of the directory that it is in
	All    int    // active agents in the unit and below it
	Heads  []face // who leads it
	Open   bool   // what is below is unfolded
	Found  bool   // its name is what was searched
	People []face // those of the unit, when they were asked for or found
	Shown  bool   // People are all of the unit, or the first of them
	Below  []*branch
}

// More is how many of the unit's people are not shown of those who were asked for.
func (b *branch) More() int { return b.Agents - len(b.People) }

// chartPage is the organisation chart.
type chartPage struct {
	web.Page
	In     whose
	Text   string
	Tree   []*branch
	Units  int // of the whole chart
	People int // active agents in any of them
	Loose  int // active agents in none
	Found  int // units and people that were searched
	More   int // people that were found and are not on the chart
	Unfold bool
}

const (
	// unfoldedUnits is how large a chart is seen whole at first.
	unfoldedUnits = 12
	// unitPeople is how many people of a unit the chart shows; the list has the rest.
	unitPeople = 100
	// chartFound is how many people a search shows on the chart.
	chartFound = 50
)

func (h *Handler) chart(w http.ResponseWriter, r *http.Request) error {
	in, err := h.whose(r)
	if err != nil {
		return err
	}
	ctx, caller, query := r.Context(), in.Caller, web.Query(r)
	units, err := h.store.Units(ctx, caller)
	if err != nil {
		return err
	}
	seen, err := h.store.veil(ctx, caller)
	if err != nil {
		return err
	}
	all, err := h.store.rollOf(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	page := &chartPage{In: in, Text: query.Get("q"), Units: len(units), Unfold: query.Get("open") == "all"}
	tree, byID := grow(units)
	page.Tree = tree
	for _, one := range byID {
		one.Base = in.Base
	}
	for _, top := range tree {
		page.People += top.All
	}
	page.Loose = len(all.people) - page.People
	fresh := map[portal.AgentID]*face{} // people to show, by where they stand
	var ids []portal.AgentID
	keep := func(place *[]face, agents ...portal.AgentID) {
		for _, id := range agents {
			*place = append(*place, face{Agent: Agent{ID: id}})
			ids = append(ids, id)
		}
	}
	for unit, heads := range all.heads(seen) {
		if one := byID[unit]; one != nil {
			keep(&one.Heads, heads...)
		}
	}
	chosen := byID[portal.UnitID(query.Get("unit"))]
	switch {
	case page.Text != "":
		page.search(all, seen, byID, keep)
	case chosen != nil:
		chosen.Shown = true
		keep(&chosen.People, all.of(chosen.ID, unitPeople)...)
		openTo(byID, chosen)
		if query.Get("only") != "" {
			page.Tree, chosen.Below = []*branch{chosen}, nil
		}
	default:
		for _, one := range byID {
			one.Open = page.Unfold || len(one.Below) > 0 && (one.Depth == 0 || len(units) <= unfoldedUnits)
		}
	}
	if err := h.fillFaces(r, in, ids, fresh); err != nil {
		return err
	}
	for _, one := range byID {
		one.Heads, one.People = filled(one.Heads, fresh), filled(one.People, fresh)
	}
	page.Title, page.Section = web.Printer(r).T("directory.chart"), "directory"
	if in.Town != "" {
		page.Title = web.Printer(r).T("directory.chart.of", "name", in.Town)
	}
	return h.renderer.Render(w, r, http.StatusOK, "directory/chart", page)
}

// grow makes branches of the units in their order, and finds them by unit.
func grow(units []UnitNode) (tree []*branch, byID map[portal.UnitID]*branch) {
	byID = make(map[portal.UnitID]*branch, len(units))
	var path []*branch // the last one of each depth
	for _, unit := range units {
		one := &branch{UnitNode: unit}
		byID[unit.ID] = one
		path = append(path[:min(unit.Depth, len(path))], one)
		for _, above := range path {
			above.All += unit.Agents
		}
		if unit.Depth == 0 {
			tree = append(tree, one)
		} else {
			above := path[len(path)-2]
			above.Below = append(above.Below, one)
		}
	}
	return tree, byID
}

// openTo unfolds a branch and those that it is on.
func openTo(byID map[portal.UnitID]*branch, one *branch) {
	for ; one != nil && !one.Open; one = byID[one.Parent] {
		one.Open = true
	}
}

// search keeps of the chart the units and the people that answer, and the branches
// to them.
func (p *chartPage) search(all *roll, seen veil, byID map[portal.UnitID]*branch, keep func(place *[]face, agents ...portal.AgentID)) {
	words := strings.Fields(i18n.Fold(p.Text))
	for _, one := range byID {
		name := " " + i18n.Fold(one.Name)
		one.Found = len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(name, " "+word) })
		if one.Found {
			p.Found++
			openTo(byID, one)
		}
	}
	found, _ := all.find(ask(p.Text), seen, "")
	for _, place := range found[:min(len(found), chartFound)] {
		person := all.people[place.place]
		if one := byID[person.unit]; one != nil && !one.Found {
			p.Found++
			keep(&one.People, person.id)
			openTo(byID, one)
		}
	}
	p.More = max(0, len(found)-chartFound)
	p.Tree = pruned(p.Tree)
}

// pruned leaves out the branches that nothing opened.
func pruned(tree []*branch) []*branch {
	tree = slices.DeleteFunc(tree, func(one *branch) bool { return !one.Open })
	for _, one := range tree {
		if !one.Found {
			one.Below = pruned(one.Below)
		}
	}
	return tree
}

// fillFaces reads who is to be shown.
func (h *Handler) fillFaces(r *http.Request, in whose, ids []portal.AgentID, into map[portal.AgentID]*face) error {
	agents, err := h.store.shownAgents(r.Context(), in.Caller, ids)
	if err != nil {
		return err
	}
	faces, err := h.faces(r, in, agents)
	for i := range faces {
		into[faces[i].ID] = &faces[i]
	}
	return err
}

// filled puts faces in the places of those whose names alone were known.
func filled(places []face, faces map[portal.AgentID]*face) []face {
	var known []face
	for _, place := range places {
		if one := faces[place.ID]; one != nil {
			known = append(known, *one)
		}
	}
	return known
}

// shownAgents reads the cards of some agents as the caller may see them.
func (s *Store) shownAgents(ctx context.Context, caller portal.Caller, ids []portal.AgentID) ([]Agent, error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return nil, err
	}
	agents, err := s.agentsOf(ctx, caller, ids)
	return seen.overAll(agents), err
}

// of are the first people of a unit, in the order of names.
func (r *roll) of(unit portal.UnitID, most int) []portal.AgentID {
	var ids []portal.AgentID
	for _, one := range r.people {
		if one.unit == unit && len(ids) < most {
			ids = append(ids, one.id)
		}
	}
	return ids
}

// heads are who leads each unit, by what cards say: who manages somebody and is
// managed by nobody of her own unit. A manager that the caller may not see leads
// nothing.
func (r *roll) heads(seen veil) map[portal.UnitID][]portal.AgentID {
	opaque, manages := seen.opaque(), map[portal.AgentID]bool{}
	for _, one := range r.people {
		if one.manager != "" && (!opaque || seen.shows(FieldManager, one.id, one.unit)) {
			manages[one.manager] = true
		}
	}
	heads := map[portal.UnitID][]portal.AgentID{}
	for _, one := range r.people {
		above, listed := r.at[one.manager]
		if one.unit != "" && manages[one.id] && (!listed || r.people[above].unit != one.unit) {
			heads[one.unit] = append(heads[one.unit], one.id)
		}
	}
	return heads
}
