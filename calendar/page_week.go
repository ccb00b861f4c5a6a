package calendar

import (
	"time"

	"parvis/portal/i18n"
)

// grid is the table of a day or a week: half-hour rows, a column a day.
type grid struct {
	Days []gridDay
	Rows []gridRow
}

type gridDay struct {
	Date    time.Time
	Name    string // "Lundi"
	Href    string // of the day alone
	Today   bool
	Past    bool   // over
	Holiday string // key of its name, "" on other days
	School  string // the same of school holidays
	Whole   []*placed
	timed   []*placed
}

// gridRow is half an hour, by the wall clock.
type gridRow struct {
	Start time.Time // on the first day of the table
	On    bool      // a full hour
	Now   bool      // now is in this half hour of a day of the table
	Cells []gridCell
}

// gridCell is one or several half hours of a day; what lies under a long cell has none.
type gridCell struct {
	Span   int
	Past   bool
	Placed []*placed
	More   int // beside those that there is room for
	Date   time.Time
}

// Half hours of the day that a table shows even when they are empty.
const (
	slotMinutes = 30
	slotsADay   = 24 * 60 / slotMinutes
	firstSlot   = 8 * 60 / slotMinutes
	lastSlot    = 19 * 60 / slotMinutes
)

// maxBeside is how many events a column of the week has room for.
const maxBeside = 3

// newGrid lays out days, given by their midnights. beside is how many events may stand side by
// side; 0 is no limit.
func newGrid(p *i18n.Printer, a *agenda, q query, days []time.Time, now time.Time, beside int) *grid {
	g := &grid{}
	for _, date := range days {
		day := newGridDay(a, date, now)
		day.Name, day.Href = capital(p.DayName(date)), q.href(dayView, date)
		g.Days = append(g.Days, day)
	}
	first, last := firstSlot, lastSlot
	for _, day := range g.Days {
		for _, p := range day.timed {
			from, to := day.slots(p)
			first, last = min(first, from/2*2), max(last, (to+1)/2*2)
		}
	}
	for slot := first; slot < last; slot++ {
		g.Rows = append(g.Rows, gridRow{Start: atSlot(days[0], slot), On: slot%2 == 0})
	}
	for _, day := range g.Days {
		day.fill(g.Rows, first, now, beside)
	}
	return g
}

func newGridDay(a *agenda, date, now time.Time) gridDay {
	day := gridDay{Date: date, Today: sameDay(date, now), Past: !addDays(date, 1).After(now)}
	day.Holiday, day.School = a.off.holiday(date), a.off.school(date)
	for _, p := range a.of(date) {
		if p.Fills(date) {
			day.Whole = append(day.Whole, p)
		} else {
			day.timed = append(day.timed, p)
		}
	}
	return day
}

// slots are the half hours that an instance takes on this day, half-open, at least one. They are
// read on the wall clock: on the night when clocks change the table has its usual rows.
func (d gridDay) slots(p *placed) (from, to int) {
	if p.Start.After(d.Date) {
		from = minuteOfDay(p.Start) / slotMinutes
	}
	to = slotsADay
	if p.End.Before(addDays(d.Date, 1)) {
		to = (minuteOfDay(p.End) + slotMinutes - 1) / slotMinutes
	}
	return from, max(to, from+1)
}

func minuteOfDay(t time.Time) int { return 60*t.Hour() + t.Minute() }

// fill adds this day's cells to the rows: a cell for each empty half hour, and one for each group
// of events that overlap.
func (d gridDay) fill(rows []gridRow, first int, now time.Time, beside int) {
	timed := d.timed
	for slot := first; slot < first+len(rows); {
		cell := gridCell{Span: 1, Date: d.Date}
		for len(timed) > 0 {
			from, to := d.slots(timed[0])
			if from >= slot+cell.Span {
				break
			}
			cell.Placed = append(cell.Placed, timed[0])
			cell.Span = max(cell.Span, to-slot)
			timed = timed[1:]
		}
		cell.Past = !atSlot(d.Date, slot+cell.Span).After(now)
		if n := len(cell.Placed); beside > 0 && n > beside {
			cell.Placed, cell.More = cell.Placed[:beside], n-beside
		}
		row := &rows[slot-first]
		row.Cells = append(row.Cells, cell)
		slot += cell.Span
	}
	if at := minuteOfDay(now)/slotMinutes - first; d.Today && at >= 0 && at < len(rows) {
		rows[at].Now = true
	}
}

// Classes are the CSS classes of the cell, "" for none.
func (c gridCell) Classes() string {
	switch {
	case c.Many() && c.Past:
		return "many past"
	case c.Many():
		return "many"
	case c.Past:
		return "past"
	}
	return ""
}

// Many says that events stand side by side.
func (c gridCell) Many() bool { return len(c.Placed)+min(c.More, 1) > 1 }

func atSlot(day time.Time, slot int) time.Time {
	year, month, d := day.Date()
	return time.Date(year, month, d, 0, slot*slotMinutes, 0, 0, day.Location())
}

// weekDays are the days of a week that its table shows: those of work, and of the week-end what
// lies before the last day that holds something, is today, or was asked for.
func weekDays(a *agenda, asked, now time.Time) []time.Time {
	first := i18n.Monday(asked)
	var days []time.Time
	n := workingDays
	for i := range 7 {
		day := addDays(first, i)
		if sameDay(day, now) || sameDay(day, asked) || len(a.of(day)) > 0 {
			n = max(n, i+1)
		}
		days = append(days, day)
	}
	return days[:n]
}

// workingDays are Monday to Friday.
const workingDays = 5
