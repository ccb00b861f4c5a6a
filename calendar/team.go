package calendar

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
)

// engagement is a time of a colleague as a caller may know it: an instance of a calendar that is open to her,
// or only that the colleague is taken.
type engagement struct {
	Start, End time.Time // half-open, in the zone asked for
	Tentative  bool
	Free       bool      // it takes none of her time
	Instance   *Instance // nil: taken, nothing of what for
}

// team tells what some colleagues do between two midnights, at most 62 days apart, in from's zone: all
// that is in their calendars that are open to the caller, and beside it when else they are taken. Engagements
// are sorted; who has none is left out.
func (s *Store) team(ctx context.Context, caller portal.Caller, agents []portal.AgentID, from, to time.Time) (map[portal.AgentID][]engagement, error) {
	busy, err := s.Busy(ctx, caller, agents, from, to)
	if err != nil {
		return nil, fmt.Errorf("calendar: team: %w", err)
	}
	open, err := s.openTo(ctx, caller, agents, from, to)
	if err != nil {
		return nil, fmt.Errorf("calendar: team: %w", err)
	}
	all := map[portal.AgentID][]engagement{}
	for _, agent := range agents {
		engaged := open[agent]
		for _, one := range without(busy[agent], engaged) {
			engaged = append(engaged, engagement{Start: one.From.In(from.Location()), End: one.To.In(from.Location()), Tentative: one.Tentative})
		}
		slices.SortStableFunc(engaged, func(a, b engagement) int { return cmp.Or(a.Start.Compare(b.Start), a.End.Compare(b.End)) })
		if len(engaged) > 0 {
			all[agent] = engaged
		}
	}
	return all, nil
}

// openTo reads what is in the calendars of some agents of which the caller may know what for.
func (s *Store) openTo(ctx context.Context, caller portal.Caller, agents []portal.AgentID, from, to time.Time) (map[portal.AgentID][]engagement, error) {
	visible, err := s.Calendars(ctx, caller)
	if err != nil {
		return nil, err
	}
	shown, asked := map[CalendarID]Calendar{}, map[portal.AgentID]bool{}
	for _, agent := range agents {
		asked[agent] = true
	}
	var open []CalendarID
	for _, c := range visible {
		if asked[c.Owner] && c.Level.above(LevelBusy) {
			shown[c.ID], open = c, append(open, c.ID)
		}
	}
	if len(open) == 0 {
		return nil, nil // without an id, Instances answers with all
	}
	found, err := s.Instances(ctx, caller, from, to, open...)
	engaged := map[portal.AgentID][]engagement{}
	for _, one := range found {
		if !one.Hidden && one.Status != "CANCELLED" {
			c := shown[one.Calendar]
			engaged[c.Owner] = append(engaged[c.Owner], engagement{one.Start, one.End, one.Status == "TENTATIVE", one.Transparent || !c.Busy, &one})
		}
	}
	return engaged, err
}

// without is what is left of busy times beside those that engaged explain.
func without(busy []BusyTime, engaged []engagement) []BusyTime {
	for _, known := range engaged {
		if known.Free {
			continue
		}
		var left []BusyTime
		for _, one := range busy {
			if known.Tentative && !one.Tentative { // something else, and certain
				left = append(left, one)
				continue
			}
			before := BusyTime{one.From, earlier(one.To, known.Start.UTC()), one.Tentative}
			after := BusyTime{later(one.From, known.End.UTC()), one.To, one.Tentative}
			for _, part := range []BusyTime{before, after} {
				if part.From.Before(part.To) {
					left = append(left, part)
				}
			}
		}
		busy = left
	}
	return busy
}
