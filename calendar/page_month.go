package calendar

import (
	"time"

	"parvis/portal/i18n"
)

// monthWeek is one line of a month.
type monthWeek struct {
	Days []monthDay
	In   bool // it is the week that the page shows
}

type monthDay struct {
	Date    time.Time
	Out     bool // of the month before or after
	Today   bool
	Holiday string // key of its name, "" on other days
	School  string // the same of school holidays, on the days that say it
	Placed  []*placed
	More    int  // beside Placed
	Has     bool // something happens
	Href    string
}

// dayRoom is how many titles the cell of a month has room for.
const dayRoom = 3

// newMonth is the weeks around the month of a day, each day with its first events.
func newMonth(a *agenda, q query, now time.Time, link view) []monthWeek {
	var weeks []monthWeek
	from, to := monthGrid(q.Day)
	for first := from; first.Before(to); first = addDays(first, 7) {
		week := monthWeek{In: i18n.Monday(q.Day).Equal(first) && q.View == weekView}
		for i := range 7 {
			day := addDays(first, i)
			week.Days = append(week.Days, newMonthDay(a, q, day, now, link))
		}
		weeks = append(weeks, week)
	}
	return weeks
}

func newMonthDay(a *agenda, q query, date, now time.Time, link view) monthDay {
	day := monthDay{Date: date, Out: date.Month() != q.Day.Month(), Today: sameDay(date, now), Href: q.href(link, date)}
	first, _ := monthGrid(q.Day)
	day.Holiday, day.School = a.off.holiday(date), a.off.announced(date, first)
	day.Placed = a.of(date)
	day.Has = len(day.Placed) > 0
	if n := len(day.Placed); n > dayRoom {
		day.Placed, day.More = day.Placed[:dayRoom], n-dayRoom
	}
	return day
}
