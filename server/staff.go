package server

import (
	"context"
	"slices"
	"time"

	"parvis/calendar"
	"parvis/directory"
	"parvis/portal"
	"parvis/presence"
)

// staff tells presence who works in a collectivity, and what the directory and the agendas know of the day.
type staff struct {
	directory *directory.Store
	calendar  *calendar.Store
}

func personOf(agent directory.Agent) presence.Person {
	phone := agent.Phone
	if phone == "" {
		phone = agent.Mobile
	}
	return presence.Person{ID: agent.ID, Name: agent.Name(), Function: agent.Function, Unit: agent.UnitName, Phone: phone}
}

func peopleOf(agents []directory.Agent) []presence.Person {
	people := make([]presence.Person, len(agents))
	for i, agent := range agents {
		people[i] = personOf(agent)
	}
	return people
}

// Writes implements presence.People.
func (s staff) Writes(ctx context.Context, caller portal.Caller, agent portal.AgentID) (presence.Person, bool, error) {
	found, may, err := s.directory.WritesFor(ctx, caller, agent)
	return personOf(found), may, err
}

// Units implements presence.Staff.
func (s staff) Units(ctx context.Context, caller portal.Caller) ([]presence.Unit, error) {
	found, err := s.directory.Units(ctx, caller)
	units := make([]presence.Unit, len(found))
	for i, unit := range found {
		units[i] = presence.Unit{ID: unit.ID, Name: unit.Name, Depth: unit.Depth}
	}
	return units, err
}

// Find implements presence.Staff.
func (s staff) Find(ctx context.Context, caller portal.Caller, text string, unit portal.UnitID, page int) (presence.Found, error) {
	found, err := s.directory.People(ctx, caller, directory.PeopleQuery{Text: text, Unit: unit, Page: page})
	return presence.Found{People: peopleOf(found.Agents), Total: found.Total, Page: found.Page, Pages: found.Pages}, err
}

// Roll implements presence.Staff.
func (s staff) Roll(ctx context.Context, caller portal.Caller, unit portal.UnitID) ([]portal.AgentID, error) {
	found, err := s.directory.Roll(ctx, caller, unit)
	ids := make([]portal.AgentID, len(found))
	for i, agent := range found {
		ids[i] = agent.ID
	}
	return ids, err
}

// Named implements presence.Staff.
func (s staff) Named(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]presence.Person, error) {
	found, err := s.directory.AgentsByID(ctx, caller, agents)
	return peopleOf(found), err
}

// Seen implements presence.Staff.
func (s staff) Seen(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]bool, error) {
	found, err := s.directory.AgentsByID(ctx, caller, agents)
	if err != nil {
		return nil, err
	}
	return s.directory.PresenceSeen(ctx, caller, found)
}

// Away implements presence.Staff.
func (s staff) Away(ctx context.Context, caller portal.Caller, agents []portal.AgentID, day time.Time) (map[portal.AgentID]time.Time, error) {
	found, err := s.directory.AwayAmong(ctx, caller, agents, day.Format(time.DateOnly))
	away := make(map[portal.AgentID]time.Time, len(found))
	for id, absence := range found {
		away[id] = absence.LastDay()
	}
	return away, err
}

// marks tells the planning of a team where people work and who is away.
type marks struct {
	staff
	presence *presence.Store
}

// placeMarks are the places that a planning tells of.
var placeMarks = map[presence.Place]calendar.MarkKind{presence.Telework: calendar.MarkTelework, presence.Elsewhere: calendar.MarkElsewhere}

// Marks implements calendar.Marks.
func (m marks) Marks(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last time.Time) (map[portal.AgentID][]calendar.Mark, error) {
	seen, err := m.Seen(ctx, caller, agents)
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(slices.Clone(agents), func(agent portal.AgentID) bool { return !seen[agent] })
	away, err := m.directory.AwayDuring(ctx, caller, shown, first.Format(time.DateOnly), last.Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	said, err := m.presence.On(ctx, caller.Collectivity, shown, first, last)
	if err != nil {
		return nil, err
	}
	all := map[portal.AgentID][]calendar.Mark{}
	for _, agent := range shown {
		for _, absence := range away[agent] {
			all[agent] = append(all[agent], awayMarks(absence, first, last)...)
		}
		for _, day := range said[agent] {
			all[agent] = append(all[agent], placesOf(day)...)
		}
	}
	return all, nil
}

// awayMarks are the days of an absence within some.
func awayMarks(absence directory.Absence, first, last time.Time) (found []calendar.Mark) {
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		if date := day.Format(time.DateOnly); absence.On(date) {
			found = append(found, calendar.Mark{Kind: calendar.MarkAway, Day: date})
		}
	}
	return found
}

// placesOf are the marks of a day that is not spent on site.
func placesOf(day presence.Day) (found []calendar.Mark) {
	add := func(place presence.Place, half string) {
		if kind := placeMarks[place]; kind != "" {
			found = append(found, calendar.Mark{Kind: kind, Day: day.Date, Half: half})
		}
	}
	if day.Halves.Both() {
		add(day.Halves.Morning(), "")
		return found
	}
	add(day.Halves.Morning(), string(presence.MorningOnly))
	add(day.Halves.Afternoon(), string(presence.AfternoonOnly))
	return found
}

// Busy implements presence.Staff: until the end of the times that hold somebody now, at the latest midnight.
func (s staff) Busy(ctx context.Context, caller portal.Caller, agents []portal.AgentID, at time.Time) (map[portal.AgentID]time.Time, error) {
	if len(agents) == 0 {
		return nil, nil
	}
	found, err := s.calendar.Busy(ctx, caller, agents, at, at.Add(12*time.Hour))
	until := map[portal.AgentID]time.Time{}
	for id, times := range found {
		for _, one := range times {
			if !one.Tentative && !one.From.After(at) && one.To.After(at) && one.To.Before(at.Add(12*time.Hour)) { // whole days say nothing of an hour
				until[id] = one.To.In(at.Location())
			}
		}
	}
	return until, err
}
