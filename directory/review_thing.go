package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// ThingQuery says which things to review. The zero query is the first page of all.
type ThingQuery struct {
	Kind string // key of a kind, "" for all
	Text string // part of the name
	Page int    // from 1; less is 1
}

// Thing is a thing of a feature with all those to whom it is open.
type Thing struct {
	portal.Opening // the first of them
	To             []ThingSubject
	Own            int // agents to whom it is open in their own name, who are not in To
}

// ThingSubject is one to whom a thing is open.
type ThingSubject struct {
	portal.Opening
	Named string // of the group, the unit or the agent
}

// Things is a page of things by kind and name.
type Things struct {
	All         []Thing
	Kinds       []string // that there are
	Total       int
	Page, Pages int
}

// ReviewThings tells to whom the things of the caller's collectivity are open.
// portal.ErrDenied but for its administrator.
func (s *Store) ReviewThings(ctx context.Context, caller portal.Caller, query ThingQuery) (Things, error) {
	all, err := s.allThings(ctx, caller)
	if err != nil {
		return Things{}, fmt.Errorf("directory: review things: %w", err)
	}
	things := Things{}
	words := i18n.Fold(query.Text)
	for _, thing := range all {
		if !slices.Contains(things.Kinds, thing.Kind) {
			things.Kinds = append(things.Kinds, thing.Kind)
		}
		if (query.Kind == "" || thing.Kind == query.Kind) && strings.Contains(i18n.Fold(thing.Opening.Name), words) {
			things.All = append(things.All, thing)
		}
	}
	things.Total = len(things.All)
	things.Pages = (things.Total + reviewSize - 1) / reviewSize
	things.Page = max(1, min(query.Page, things.Pages))
	from := (things.Page - 1) * reviewSize
	things.All = things.All[from:min(from+reviewSize, things.Total)]
	return things, nil
}

// allThings reads what is open to whom. Agents are in no list, and counted.
func (s *Store) allThings(ctx context.Context, caller portal.Caller) (all []Thing, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, err
	}
	openings, err := s.openings(ctx, caller, nil)
	if err != nil {
		return nil, err
	}
	names, err := s.subjectNames(ctx, caller)
	if err != nil {
		return nil, err
	}
	at := map[[2]string]int{}
	for _, one := range openings {
		key := [2]string{one.Kind, one.ID}
		here, known := at[key]
		if !known {
			here = len(all)
			at[key] = here
			all = append(all, Thing{Opening: one})
		}
		if one.To.Kind == portal.TheAgent {
			all[here].Own++
			continue
		}
		all[here].To = append(all[here].To, ThingSubject{one, names[one.To]})
	}
	return all, nil
}

// ThingPeople is a thing with a page of those to whom it is open.
type ThingPeople struct {
	Thing
	Review
}

// ReviewThing tells to which agents one thing is open, and why: among them those of a
// text. portal.ErrNotFound for a thing that is not there.
func (s *Store) ReviewThing(ctx context.Context, caller portal.Caller, kind, id string, query ReviewQuery) (people ThingPeople, err error) {
	all, err := s.allThings(ctx, caller)
	if err != nil {
		return people, fmt.Errorf("directory: review thing: %w", err)
	}
	here := slices.IndexFunc(all, func(thing Thing) bool { return thing.Kind == kind && thing.ID == id })
	if here < 0 {
		return people, fmt.Errorf("directory: review thing: %w", portal.ErrNotFound)
	}
	people.Thing = all[here]
	openings, err := s.openings(ctx, caller, nil)
	if err != nil {
		return people, fmt.Errorf("directory: review thing: %w", err)
	}
	openings = slices.DeleteFunc(openings, func(one portal.Opening) bool { return one.Kind != kind || one.ID != id })
	among, args, err := s.among(ctx, caller, query, openings)
	if err != nil {
		return people, fmt.Errorf("directory: review thing: %w", err)
	}
	if err := s.db.QueryRow(ctx, countReviewed+query.whose()+among, args...).Scan(&people.Total); err != nil {
		return people, fmt.Errorf("directory: review thing: %w", err)
	}
	people.Pages = (people.Total + reviewSize - 1) / reviewSize
	people.Page = max(1, min(query.Page, people.Pages))
	limit := fmt.Sprintf(` ORDER BY a.sort_name, a.id LIMIT 0 + $%d OFFSET $%d`, len(args)+1, len(args)+2)
	people.Agents, err = s.explained(ctx, caller, listReviewed+query.whose()+among+limit, append(args, reviewSize, (people.Page-1)*reviewSize)...)
	for i := range people.Agents {
		people.Agents[i].Things = slices.DeleteFunc(people.Agents[i].Things, func(one OpenFor) bool { return one.Kind != kind || one.ID != id })
	}
	return people, err
}

// among is the condition on an agent a that something is open to her.
func (s *Store) among(ctx context.Context, caller portal.Caller, query ReviewQuery, openings []portal.Opening) (string, []any, error) {
	above, err := s.parents(ctx, caller.Collectivity)
	if err != nil {
		return "", nil, err
	}
	var agents, groups, units []string
	everyone, holders := false, ""
	for _, one := range openings {
		switch {
		case one.To.Kind == portal.Everyone && one.Needs != "":
			holders = string(one.Needs)
		case one.To.Kind == portal.Everyone:
			everyone = true
		case one.Needs != "": // narrows what is said of the same subject without
		case one.To.Kind == portal.TheAgent:
			agents = append(agents, one.To.ID)
		case one.To.Kind == portal.TheGroup:
			groups = append(groups, one.To.ID)
		case one.To.Kind == portal.TheUnit:
			units = append(units, one.To.ID)
		}
	}
	var below []string
	for unit := range above {
		if slices.ContainsFunc(above.chain(unit), func(one portal.UnitID) bool { return slices.Contains(units, string(one)) }) {
			below = append(below, string(unit))
		}
	}
	slices.Sort(below)
	args := append(query.args(caller, s.now()), everyone, holders)
	own, args := database.Among(args, agents)
	inUnits, args := database.Among(args, below)
	inGroups, args := database.Among(args, groups)
	return ` AND ($9 OR a.id IN ` + own + ` OR a.unit IN ` + inUnits + `
		OR EXISTS (SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.agent = a.id AND m.group_id IN ` + inGroups + `)
		OR $10 <> '' AND a.id IN (SELECT agent FROM held WHERE right_name = $10 OR right_name = 'admin'))`, args, nil
}
