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

// listed is an instance on one day of those that it may touch, in words: each thing that a template
// finds out or says of hundreds of them costs more than the words.
type listed struct {
	From   string // for the datetime attribute, "" for a whole day
	When   string // "9 h – 10 h", "jusqu’à 10 h"
	Href   string
	Class  string
	Title  string
	Detail string // "Salle du conseil · Mon agenda"
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
			day.Placed = append(day.Placed, onDay(p, at, date))
		}
		if len(day.Placed) > 0 || day.Holiday != "" {
			days = append(days, day)
		}
	}
	return days
}

func onDay(p *i18n.Printer, at *placed, date time.Time) listed {
	l := listed{Href: at.Href, Class: at.Class, Title: titleOf(p, at), Detail: at.CalendarName}
	if at.Maybe() {
		l.Detail = p.T("calendar.status.tentative") + " · " + l.Detail
	}
	if at.Location != "" {
		l.Detail = at.Location + " · " + l.Detail
	}
	if at.Fills(date) {
		l.When = p.T("calendar.all-day")
		return l
	}
	start, end := at.Start.In(date.Location()), at.End.In(date.Location())
	l.From = i18n.ISO(start)
	switch {
	case start.Before(date):
		l.When = p.T("calendar.until-hour", "hour", p.Clock(end))
	case end.After(addDays(date, 1)), at.Timeless():
		l.When = p.Clock(start)
	default:
		l.When = p.ClockRange(start, end)
	}
	return l
}

// titleOf is how an event is called where only a line says it.
func titleOf(p *i18n.Printer, at *placed) string {
	title := at.Title
	switch {
	case at.Hidden:
		title = p.T("calendar.hidden")
	case title == "":
		title = p.T("calendar.untitled")
	}
	if at.Cancelled() {
		title = p.T("calendar.status.cancelled") + " · " + title
	}
	return title
}
