package calendar

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parvis/portal"
)

// The hours of a day of work in which people meet, and how slots are proposed in it.
const (
	workBegins = 8
	workEnds   = 18
	lunchFrom  = 12
	lunchUntil = 14
	slotStep   = 30 * time.Minute
	timesADay  = 6  // at the most, that do not overlap
	slotDays   = 14 // that one page looks at
)

// Attendance is somebody who is to come, with her time.
type Attendance struct {
	Name     string
	Optional bool
	Known    bool // her times are: she is an agent of the collectivity, or a resource
	Taken    []BusyTime
}

// isFree says whether nothing is known to take her time.
func (a Attendance) isFree(from, to time.Time) bool {
	return !slices.ContainsFunc(a.Taken, func(b BusyTime) bool { return b.To.After(from) && b.From.Before(to) })
}

// FreeTime is a time at which all whose presence is needed are free.
type FreeTime struct {
	Start, End time.Time
	Without    []string // who is taken of those whose presence is optional
}

// slotsOn proposes times of a day, which is a midnight, of a length and not before an instant: those
// with most people first, then those that leave time for lunch, then in their order.
func slotsOn(day time.Time, lasts time.Duration, after time.Time, people []Attendance) []FreeTime {
	var all []FreeTime
	closes := hourOf(day, workEnds)
	for start := hourOf(day, workBegins); !start.Add(lasts).After(closes); start = start.Add(slotStep) {
		if slot, ok := slotAt(start, lasts, people); ok && !start.Before(after) {
			all = append(all, slot)
		}
	}
	lunch := func(slot FreeTime) int {
		return boolToInt(slot.End.After(hourOf(day, lunchFrom)) && slot.Start.Before(hourOf(day, lunchUntil)))
	}
	slices.SortStableFunc(all, func(a, b FreeTime) int {
		return cmp.Or(cmp.Compare(len(a.Without), len(b.Without)), lunch(a)-lunch(b))
	})
	var best []FreeTime
	for _, slot := range all {
		beside := !slices.ContainsFunc(best, func(b FreeTime) bool { return b.End.After(slot.Start) && b.Start.Before(slot.End) })
		if beside && len(best) < timesADay {
			best = append(best, slot)
		}
	}
	slices.SortFunc(best, func(a, b FreeTime) int { return a.Start.Compare(b.Start) })
	return best
}

func slotAt(start time.Time, lasts time.Duration, people []Attendance) (FreeTime, bool) {
	slot := FreeTime{Start: start, End: start.Add(lasts)}
	for _, one := range people {
		if one.isFree(slot.Start, slot.End) {
			continue
		}
		if !one.Optional {
			return FreeTime{}, false
		}
		slot.Without = append(slot.Without, one.Name)
	}
	return slot, true
}

// hourOf is an hour of the clock of a day.
func hourOf(day time.Time, hour int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, day.Location())
}

// Attendances are who invites from a calendar and the guests, with their times between two instants at
// most 62 days apart; an event, by its UID, is not counted. Times are told among colleagues and say
// nothing of what for. portal.FieldErrors where nobody invites from the calendar.
func (s *Store) Attendances(ctx context.Context, caller portal.Caller, id CalendarID, guests []Guest, from, until time.Time, but string) ([]Attendance, error) {
	c, err := s.writable(ctx, s.db, caller, id)
	if err != nil {
		return nil, fmt.Errorf("calendar: attendances: %w", err)
	}
	d, err := s.hosted(ctx, s.db, caller, c, nil, Draft{Guests: &Guests{All: guests}})
	if err != nil {
		return nil, err
	}
	if d.Guests == nil || d.Guests.host.Agent == "" {
		return nil, portal.FieldErrors{portal.Invalid("calendar", "calendar.error.invites-nobody")}
	}
	host := d.Guests.host
	var parties []string
	for _, one := range guests {
		parties = append(parties, one.Party)
	}
	agents, err := s.colleagues(ctx, caller, parties)
	if err != nil {
		return nil, fmt.Errorf("calendar: attendances: %w", err)
	}
	asked := append(slices.Collect(maps.Values(agents)), host.Agent)
	taken, err := s.busyBut(ctx, caller, asked, from, until, but)
	if err != nil {
		return nil, err
	}
	rooms, err := s.takenResources(ctx, caller, parties, from, until, but)
	if err != nil {
		return nil, fmt.Errorf("calendar: attendances: %w", err)
	}
	all := []Attendance{{Name: host.Name, Known: true, Taken: taken[host.Agent]}}
	for _, one := range guests {
		agent, known := agents[one.Party]
		times, isRoom := rooms[one.Party]
		if !isRoom {
			times = taken[agent]
		}
		all = append(all, Attendance{Name: cmp.Or(one.Name, one.Party), Optional: one.Optional, Known: known || isRoom, Taken: times})
	}
	slices.SortStableFunc(all, func(a, b Attendance) int { return boolToInt(a.Optional) - boolToInt(b.Optional) })
	return all, nil
}

// unknown names those of whom it is not known when they are taken.
func unknown(people []Attendance) string {
	var names []string
	for _, one := range people {
		if !one.Known {
			names = append(names, one.Name)
		}
	}
	return strings.Join(names, ", ")
}
