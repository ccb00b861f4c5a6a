package oncall

import (
	"cmp"
	"slices"
	"time"

	"parvis/portal"
)

// Line is one unit of a duty, and what it is worth.
type Line struct {
	Team     TeamID
	TeamName string
	Kind     Kind
	Level    int
	Agent    portal.AgentID
	Name     string
	Unit     Unit
	// Starts and Ends are what was on call of the unit, by the clocks of the collectivity, as if they were
	// of UTC: a change of the hour neither takes nor gives.
	Starts, Ends time.Time
	Rate         Rate   // the zero Rate where nothing says what it is worth
	Amount       int64  // cents
	Of           int64  // of a raise: the amount that it raises
	Note         string // key of what is to be looked at, "" for nothing
}

// Day is the day by whose rate, and in whose month, a line counts: the one when it begins.
func (l Line) Day() string { return l.Starts.Format(time.DateOnly) }

// Notes of lines.
const (
	NoRate     = "oncall.note.no-rate"     // nothing says what the unit is worth
	PartOfDay  = "oncall.note.part-of-day" // not all of the day, for which no text knows a part
	InFlatWeek = "oncall.note.in-week"     // a public holiday that the week holds
)

// fullNight is how long a night is that is no fraction of one.
const fullNight = 10 * time.Hour

// Pay is what lines are made with.
type Pay struct {
	Rates   Rates
	Holiday func(day time.Time) string
	Zone    *time.Location
}

// clock is an instant as clocks of the zone show it, written in UTC.
func (p Pay) clock(t time.Time) time.Time {
	t = t.In(p.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// Lines counts the periods of one team: each for itself, parts of one that are the same agent's again
// together. A stretch is weeks of seven days first, then weekends from Friday evening to Monday morning,
// then nights and the days that are no working days. A unit counts on the day when it begins, by the rate
// of that day.
func (p Pay) Lines(team Team, periods []Period) (lines []Line) {
	for _, stretch := range stretches(team, periods) {
		made := p.count(team, stretch)
		if p.late(team, stretch) {
			made = p.raise(team, made)
		}
		for i := range made {
			made[i].Team, made[i].TeamName, made[i].Kind = team.ID, team.Name, team.Kind
			made[i].Level, made[i].Agent, made[i].Name = stretch.Level, stretch.Agent, stretch.Name
		}
		lines = append(lines, made...)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.Starts.Compare(b.Starts) })
	return lines
}

// stretches joins the parts of a period that are beside each other and the same agent's, told at one time.
func stretches(team Team, periods []Period) (all []Period) {
	sorted := slices.DeleteFunc(slices.Clone(periods), func(p Period) bool { return p.Team != team.ID })
	slices.SortStableFunc(sorted, func(a, b Period) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Root, b.Root), a.Starts.Compare(b.Starts))
	})
	for _, p := range sorted {
		if n := len(all); n > 0 {
			last := &all[n-1]
			if last.Level == p.Level && last.Root == p.Root && last.Agent == p.Agent && last.Ends.Equal(p.Starts) && last.Told.Equal(p.Told) {
				last.Ends = p.Ends
				continue
			}
		}
		all = append(all, p)
	}
	return all
}

// count is the units of a stretch.
func (p Pay) count(team Team, stretch Period) (lines []Line) {
	from, to := p.clock(stretch.Starts), p.clock(stretch.Ends)
	for end := addDays(from, 7); !end.After(to); from, end = end, addDays(end, 7) {
		if _, paid := p.Rates.On(team.Kind, Week, from.Format(time.DateOnly)); !paid {
			break
		}
		lines = append(lines, p.line(team, Week, from, end))
		lines = append(lines, p.holidaysOfWeek(team, from, end)...)
	}
	for day := addDays(midnight(from), -1); day.Before(to); day = addDays(day, 1) {
		friday, monday := at(day, team.Evening), at(addDays(day, 3), team.Morning)
		_, paid := p.Rates.On(team.Kind, Weekend, friday.Format(time.DateOnly))
		if day.Weekday() == time.Friday && paid && !from.After(friday) && !monday.After(to) {
			lines = append(lines, p.dayLines(team, day, from, to)...)
			lines = append(lines, p.line(team, Weekend, friday, monday))
			day = addDays(day, 2)
			continue
		}
		lines = append(lines, p.dayLines(team, day, from, to)...)
		lines = append(lines, p.nightLines(team, day, from, to)...)
	}
	return lines
}

// within is what two times share; false for nothing.
func within(from, to, begin, end time.Time) (first, last time.Time, some bool) {
	if from.Before(begin) {
		from = begin
	}
	if end.Before(to) {
		to = end
	}
	return from, to, from.Before(to)
}

// dayLines is the hours of service of a day that is no working day.
func (p Pay) dayLines(team Team, day, from, to time.Time) []Line {
	unit := Unit("")
	switch {
	case day.Weekday() == time.Sunday || p.Holiday(day) != "":
		unit = Sunday
	case day.Weekday() == time.Saturday:
		unit = Saturday
	default:
		return nil
	}
	first, last, some := within(from, to, at(day, team.Morning), at(day, team.Evening))
	if !some {
		return nil
	}
	line := p.line(team, unit, first, last)
	if line.Note == "" && last.Sub(first) < time.Duration(team.Evening-team.Morning)*time.Minute {
		line.Note = PartOfDay
	}
	return []Line{line}
}

// nightLines is the night that begins on a day.
func (p Pay) nightLines(team Team, day, from, to time.Time) []Line {
	first, last, some := within(from, to, at(day, team.Evening), at(addDays(day, 1), team.Morning))
	if !some {
		return nil
	}
	unit := Night
	if last.Sub(first) < fullNight {
		unit = NightPart
	}
	return []Line{p.line(team, unit, first, last)}
}

// holidaysOfWeek tells the public holidays that a week holds: of worth only where a rate says so.
func (p Pay) holidaysOfWeek(team Team, from, to time.Time) (lines []Line) {
	for day := midnight(from); day.Before(to); day = addDays(day, 1) {
		first, last, some := within(from, to, at(day, team.Morning), at(day, team.Evening))
		if !some || p.Holiday(day) == "" || day.Weekday() == time.Sunday {
			continue
		}
		line := p.line(team, WeekHoliday, first, last)
		if line.Note == NoRate {
			line.Note = InFlatWeek
		}
		lines = append(lines, line)
	}
	return lines
}

// line is a unit at the rate of the day when it begins.
func (p Pay) line(team Team, unit Unit, from, to time.Time) Line {
	line := Line{Unit: unit, Starts: from, Ends: to}
	rate, known := p.Rates.On(team.Kind, unit, line.Day())
	if line.Rate, line.Amount = rate, rate.Amount; !known {
		line.Note = NoRate
	}
	return line
}

// late says whether an agent was told of a duty too late for it to be paid as it is. A swap is what two
// colleagues agreed: it is late only where the team says so.
func (p Pay) late(team Team, stretch Period) bool {
	day := p.clock(stretch.Starts).Format(time.DateOnly)
	days, known := p.Rates.On(team.Kind, NoticeDays, day)
	if !known || stretch.Origin == BySwap && !team.SwapsRaise {
		return false
	}
	return tooLate(p.clock(stretch.Told), p.clock(stretch.Starts), int(days.Amount))
}

// tooLate says whether fewer clear days ("jours francs") lie between the days of two moments of one zone:
// neither the day when she was told nor the one when the duty begins is of them.
func tooLate(told, starts time.Time, days int) bool {
	return addDays(midnight(told), days+1).After(midnight(starts))
}

// raise adds to each line what it is worth more, as a line of its own, rounded to the nearest cent.
func (p Pay) raise(team Team, lines []Line) (all []Line) {
	for _, line := range lines {
		all = append(all, line)
		rate, known := p.Rates.On(team.Kind, Late, line.Day())
		if !known || line.Amount == 0 {
			continue
		}
		more := line
		more.Unit, more.Rate, more.Of, more.Note = Late, rate, line.Amount, ""
		more.Amount = (line.Amount*rate.Amount + 50) / 100
		all = append(all, more)
	}
	return all
}
