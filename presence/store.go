package presence

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Week is a week that repeats, from a day on.
type Week struct {
	Since  string // "2026-12-07"; "" for who never said anything
	Halves Halves // 14
}

// Day is where somebody works on a day.
type Day struct {
	Date   string // "2026-12-09"
	Halves Halves // 2
	Week   Halves // 2, as the week says
}

// Differs says whether the day is not as in the week.
func (d Day) Differs() bool { return d.Halves != d.Week }

const (
	// maxDays bounds what is asked, and changed, at once.
	maxDays = 62
	// keptDays is how long ago days are still kept.
	keptDays = 400
	// ahead is how far from today somebody may say where she works.
	ahead = 366
)

// On tells where some agents work on the days from first to last, both included, at most 62, where it is not only
// here; agents without a word are left out. It asks the store twice, however many they are.
func (s *Store) On(ctx context.Context, collectivity portal.CollectivityID, agents []portal.AgentID, first, last time.Time) (map[portal.AgentID][]Day, error) {
	if len(agents) == 0 {
		return nil, nil
	}
	all := map[portal.AgentID][]Day{}
	for part := range slices.Chunk(agents, 30_000) {
		if err := s.on(ctx, collectivity, part, first, last, all); err != nil {
			return nil, fmt.Errorf("presence: from %s to %s: %w", first.Format(time.DateOnly), last.Format(time.DateOnly), err)
		}
	}
	return all, nil
}

func (s *Store) on(ctx context.Context, collectivity portal.CollectivityID, agents []portal.AgentID, first, last time.Time, all map[portal.AgentID][]Day) error {
	from, to := first.Format(time.DateOnly), last.Format(time.DateOnly)
	if last.Sub(first) >= maxDays*24*time.Hour || to < from {
		return portal.ErrInvalid
	}
	weeks, err := s.weeks(ctx, collectivity, agents, to)
	if err != nil {
		return err
	}
	differing, err := s.differing(ctx, s.db, collectivity, agents, from, to)
	if err != nil {
		return err
	}
	for _, agent := range agents {
		if weeks[agent] == nil && differing[agent] == nil {
			continue
		}
		if days := merge(weeks[agent], differing[agent], first, last); len(days) > 0 {
			all[agent] = days
		}
	}
	return nil
}

// merge is the days of one agent on which she is not only here.
func merge(weeks []Week, differing map[string]Halves, first, last time.Time) (days []Day) {
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		one := dayOf(weeks, differing, day)
		if one.Halves != allHere {
			days = append(days, one)
		}
	}
	return days
}

// dayOf is a day of one agent; her weeks are sorted, the latest first.
func dayOf(weeks []Week, differing map[string]Halves, day time.Time) Day {
	one := Day{Date: day.Format(time.DateOnly), Week: allHere}
	if i := slices.IndexFunc(weeks, func(w Week) bool { return w.Since <= one.Date }); i >= 0 {
		one.Week = weeks[i].Halves.of(day.Weekday())
	}
	one.Halves = one.Week
	if said, ok := differing[one.Date]; ok {
		one.Halves = said.over(one.Week)
	}
	return one
}

// weeks are those that began until a day, the latest first.
func (s *Store) weeks(ctx context.Context, collectivity portal.CollectivityID, agents []portal.AgentID, until string) (map[portal.AgentID][]Week, error) {
	list, args := database.Among([]any{string(collectivity), until}, agents)
	rows, err := s.db.Query(ctx, `
		SELECT agent, since, halves FROM presence_weeks WHERE collectivity = $1 AND since <= $2 AND agent IN `+list+` ORDER BY agent, since DESC`, args...)
	all := map[portal.AgentID][]Week{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var week Week
		err = rows.Scan(&agent, &week.Since, &week.Halves)
		all[agent] = append(all[agent], week)
		return none, err
	})
	return all, err
}

// differing are the days that are not as in the week, by date.
func (s *Store) differing(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, agents []portal.AgentID, first, last string) (map[portal.AgentID]map[string]Halves, error) {
	list, args := database.Among([]any{string(collectivity), first, last}, agents)
	rows, err := from.Query(ctx, `
		SELECT agent, day, halves FROM presence_days WHERE collectivity = $1 AND day >= $2 AND day <= $3 AND agent IN `+list, args...)
	all := map[portal.AgentID]map[string]Halves{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var day string
		var halves Halves
		err = rows.Scan(&agent, &day, &halves)
		if all[agent] == nil {
			all[agent] = map[string]Halves{}
		}
		all[agent][day] = halves
		return none, err
	})
	return all, err
}

// Days are all days of one agent from first to last, and her week as it is on the first. portal.ErrNotFound for
// whom the caller may not write.
func (s *Store) Days(ctx context.Context, caller portal.Caller, agent portal.AgentID, first, last time.Time) (Person, []Day, Week, error) {
	person, err := s.writable(ctx, caller, agent)
	if err != nil {
		return person, nil, Week{}, err
	}
	one := []portal.AgentID{agent}
	weeks, err := s.weeks(ctx, caller.Collectivity, one, last.Format(time.DateOnly))
	var differing map[portal.AgentID]map[string]Halves
	if err == nil {
		differing, err = s.differing(ctx, s.db, caller.Collectivity, one, first.Format(time.DateOnly), last.Format(time.DateOnly))
	}
	if err != nil {
		return person, nil, Week{}, fmt.Errorf("presence: days of %q: %w", agent, err)
	}
	var days []Day
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		days = append(days, dayOf(weeks[agent], differing[agent], day))
	}
	week := Week{Halves: usual}
	if len(weeks[agent]) > 0 {
		week = weeks[agent][0]
	}
	return person, days, week, nil
}

func (s *Store) writable(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Person, error) {
	person, may, err := s.people.Writes(ctx, caller, agent)
	if err == nil && !may {
		err = portal.ErrNotFound
	}
	if err != nil {
		return person, fmt.Errorf("presence: of %.40q: %w", agent, err)
	}
	return person, nil
}

// SetWeek has a week repeat from a day on. today is a day of the collectivity's calendar; a week does not begin
// before it, so that what was stays as it was.
func (s *Store) SetWeek(ctx context.Context, caller portal.Caller, agent portal.AgentID, week Week, today, address string) error {
	var wrong portal.Check
	checkDay(&wrong, "since", week.Since, today)
	if !week.Halves.valid(halvesAWeek, letters) {
		wrong.Add("week", "presence.error.place")
	}
	if err := wrong.OrNil(); err != nil {
		return err
	}
	return s.write(ctx, caller, agent, address, func(tx *database.Tx) error {
		err := tx.Write(ctx, `DELETE FROM presence_weeks WHERE collectivity = $1 AND agent = $2 AND since >= $3`,
			string(caller.Collectivity), string(agent), week.Since)
		if err != nil {
			return err
		}
		return tx.Write(ctx, `INSERT INTO presence_weeks (collectivity, agent, since, halves) VALUES ($1, $2, $3, $4)`,
			string(caller.Collectivity), string(agent), week.Since, string(week.Halves))
	})
}

// Half says which half of a day is meant.
type Half string

// The halves of a day.
const (
	WholeDay      Half = ""
	MorningOnly   Half = "morning"
	AfternoonOnly Half = "afternoon"
)

// Name is what catalogues call it: "whole", "morning" or "afternoon".
func (h Half) Name() string { return cmp.Or(string(h), "whole") }

// Span is days that are to differ from the week.
type Span struct {
	First, Last string // "2026-12-09", both included
	Half        Half
	Place       Place // AsUsual gives them back to the week
}

// SetDays says where an agent works on some days. Saturdays and Sundays among several days are left as they are,
// unless her week has her work elsewhere then, or they are all that is named.
func (s *Store) SetDays(ctx context.Context, caller portal.Caller, agent portal.AgentID, span Span, today, address string) error {
	var wrong portal.Check
	checkDay(&wrong, "first", span.First, today)
	checkDay(&wrong, "last", span.Last, today)
	if names[span.Place] == "" || span.Half != WholeDay && span.Half != MorningOnly && span.Half != AfternoonOnly {
		wrong.Add("place", "presence.error.place")
	}
	days := daysOf(span)
	switch {
	case wrong.OrNil() != nil:
	case len(days) == 0:
		wrong.Add("last", "presence.error.order")
	case len(days) > maxDays:
		wrong.Add("last", "presence.error.long", "days", maxDays)
	}
	if err := wrong.OrNil(); err != nil {
		return err
	}
	return s.write(ctx, caller, agent, address, func(tx *database.Tx) error {
		was, err := s.differing(ctx, tx, caller.Collectivity, []portal.AgentID{agent}, span.First, span.Last)
		if err != nil {
			return err
		}
		for _, day := range workingOnly(days) {
			if err := s.setDay(ctx, tx, caller.Collectivity, agent, day, span.over(was[agent][day])); err != nil {
				return err
			}
		}
		return nil
	})
}

// over is what a day is once a span is said over what was.
func (s Span) over(was Halves) Halves {
	both := []byte(was + asUsual[len(was):])
	if s.Half != AfternoonOnly {
		both[0] = byte(s.Place)
	}
	if s.Half != MorningOnly {
		both[1] = byte(s.Place)
	}
	return Halves(both)
}

// asUsual is a day as in the week, which is no row.
const asUsual = Halves("  ")

// setDay writes a day.
func (s *Store) setDay(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID, day string, halves Halves) error {
	if halves == asUsual {
		return tx.Write(ctx, `DELETE FROM presence_days WHERE collectivity = $1 AND agent = $2 AND day = $3`, string(collectivity), string(agent), day)
	}
	return tx.Write(ctx, `
		INSERT INTO presence_days (collectivity, agent, day, halves) VALUES ($1, $2, $3, $4)
		ON CONFLICT (collectivity, agent, day) DO UPDATE SET halves = excluded.halves`,
		string(collectivity), string(agent), day, string(halves))
}

// daysOf are the days of a span, at most one too many.
func daysOf(span Span) (days []time.Time) {
	day, err := time.Parse(time.DateOnly, span.First)
	if err != nil {
		return nil
	}
	for ; day.Format(time.DateOnly) <= span.Last && len(days) <= maxDays; day = day.AddDate(0, 0, 1) {
		days = append(days, day)
	}
	return days
}

// workingOnly leaves out the week-ends among several days, unless they are all there is.
func workingOnly(days []time.Time) (dates []string) {
	weekend := func(day time.Time) bool { return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday }
	only := !slices.ContainsFunc(days, func(day time.Time) bool { return !weekend(day) })
	for _, day := range days {
		if only || !weekend(day) {
			dates = append(dates, day.Format(time.DateOnly))
		}
	}
	return dates
}

// checkDay refuses what is no day, one that is over, and one too far away.
func checkDay(wrong *portal.Check, field, day, today string) {
	at, err := time.Parse(time.DateOnly, day)
	now, nowErr := time.Parse(time.DateOnly, today)
	switch {
	case err != nil || nowErr != nil:
		wrong.Add(field, "presence.error.day")
	case day < today:
		wrong.Add(field, "presence.error.past")
	case at.Sub(now) > ahead*24*time.Hour:
		wrong.Add(field, "presence.error.far")
	}
}

// write changes what an agent says; for somebody else it leaves a line in the journal.
func (s *Store) write(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string, change func(tx *database.Tx) error) error {
	person, err := s.writable(ctx, caller, agent)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := change(tx); err != nil || agent == caller.Agent {
			return err
		}
		line := audit.By(caller, audit.PresenceChanged)
		line.At, line.Object, line.ObjectID, line.Address = s.now(), person.Name, string(agent), address
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("presence: of %q: %w", agent, err)
	}
	return nil
}

// Clean forgets the days of a collectivity that are long over.
func (s *Store) Clean(ctx context.Context, collectivity portal.CollectivityID) error {
	return s.db.Write(ctx, `DELETE FROM presence_days WHERE collectivity = $1 AND day < $2`,
		string(collectivity), s.now().AddDate(0, 0, -keptDays).Format(time.DateOnly))
}
