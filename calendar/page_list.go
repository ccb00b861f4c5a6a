package calendar

import (
	"time"

	"parvis/portal/i18n"
)

// listDay is a day of the list; days on which nothing happens have none.
type listDay struct {
	Date    time.Time
	Name    string // "Aujourd’hui", "Demain", "Jeudi"
	Close   bool   // Name says no day of the week
	Holiday string // key of its name, "" on other days
	School  string // the same of school holidays
	Placed  []listed
}

// listed is an instance on one day of those that it may touch. Its fields are its own: templates look
// for those of embedded structs one after the other, which took a tenth of a month’s page.
type listed struct {
	Start, End                                 time.Time
	Title, Location, Href, Class, CalendarName string
	Timeless, Maybe, Cancelled, Hidden         bool

	Whole  bool // the whole of the day
	Before bool // it began on a day before
	After  bool // it goes on after this day
}

// newList groups what happens between two midnights by day.
func newList(p *i18n.Printer, a *agenda, from, to, now time.Time) []listDay {
	var days []listDay
	for date := from; date.Before(to); date = addDays(date, 1) {
		day := listDay{Date: date, Name: capital(p.DayName(date))}
		for i := -1; i <= 1; i++ {
			if sameDay(date, addDays(now, i)) {
				day.Name, day.Close = capital(p.NearDay(date, now)), true
			}
		}
		day.Holiday, day.School = a.off.holiday(date), a.off.school(date)
		for _, at := range a.of(date) {
			day.Placed = append(day.Placed, onDay(at, date))
		}
		if len(day.Placed) > 0 || day.Holiday != "" {
			days = append(days, day)
		}
	}
	return days
}

func onDay(p placed, date time.Time) listed {
	return listed{
		Start: p.Start, End: p.End, Title: p.Title, Location: p.Location, Href: p.Href, Class: p.Class, CalendarName: p.CalendarName,
		Timeless: p.Timeless(), Maybe: p.Maybe(), Cancelled: p.Cancelled(), Hidden: p.Hidden,
		Whole: p.Fills(date), Before: p.Start.Before(date), After: p.End.After(addDays(date, 1)),
	}
}
