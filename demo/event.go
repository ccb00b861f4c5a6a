package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Event is an entry of an agenda, placed on the calendar by At.
type Event struct {
	ID           string // stable whatever the day: "bourg-mairie-03"
	Collectivity string
	Calendar     string // a shared calendar of the collectivity, or "" for the owner's own
	Owner        string // login, when Calendar is ""
	Title        string
	Start, End   time.Time // in the zone of At's day; half-open; midnights when AllDay
	AllDay       bool
	Location     string
	Description  string
	Repeat       string      // RRULE value (RFC 5545 §3.3.10), "FREQ=WEEKLY;UNTIL=20270524T054500Z", or ""
	Except       []time.Time // starts of the repetitions that a public holiday removes
	Book         string      // another calendar of the owner's, "" for her first one
	Host         string      // name of the owner, who invites the guests
	Guests       []Guest
}

// Guest is one whom the owner of an event invites.
type Guest struct {
	Address  string // "collegue@bourg.example"; one that is no login has no agenda here
	Name     string
	Answer   string // PARTSTAT (RFC 5545 §3.2.12)
	Optional bool
}

// What guests answered.
const (
	says    = "ACCEPTED"
	refuses = "DECLINED"
	waits   = "NEEDS-ACTION"
)

// event is an Event told in weeks around a day that is not known yet.
type event struct {
	calendar string // "bourg/mairie", "bourg/agent@bourg.example", or "bourg/agent@bourg.example#Another of hers"
	week     int    // 0 is the week of now
	day      time.Weekday
	span     string // "10:00-11:30", or "" for whole days
	days     int    // length when the span is ""
	title    string
	location string
	detail   string
	every    int // weeks between two repetitions; 0: once
	guests   []Guest
}

// with invites guests to an event; names of those who are agents come from the story.
func (e event) with(guests ...Guest) event {
	e.guests = guests
	return e
}

// repetitions is half a year of weekly meetings, so that a demo kept for months stays alive.
const repetitions = 26

func once(calendar string, week int, day time.Weekday, span, title, location, detail string) event {
	return event{calendar: calendar, week: week, day: day, span: span, title: title, location: location, detail: detail}
}

func weekly(calendar string, day time.Weekday, span, title, location, detail string) event {
	return event{calendar: calendar, week: -2, day: day, span: span, title: title, location: location, detail: detail, every: 1}
}

func fortnightly(calendar string, day time.Weekday, span, title, location, detail string) event {
	return event{calendar: calendar, week: -2, day: day, span: span, title: title, location: location, detail: detail, every: 2}
}

func allDay(calendar string, week int, day time.Weekday, days int, title, location, detail string) event {
	return event{calendar: calendar, week: week, day: day, days: days, title: title, location: location, detail: detail}
}

// at places the event around now; n makes its identifier.
func (e event) at(now time.Time, n int) Event {
	collectivity, calendar, _ := strings.Cut(e.calendar, "/")
	calendar, book, _ := strings.Cut(calendar, "#")
	placed := Event{
		Book: book, Guests: slices.Clone(e.guests),
		ID: fmt.Sprintf("%s-%s-%02d", collectivity, strings.ReplaceAll(calendar, "@", "-"), n), Collectivity: collectivity, Calendar: calendar,
		Title: dated(e.title, now), Location: e.location, Description: dated(e.detail, now),
	}
	if strings.Contains(calendar, "@") {
		placed.Calendar, placed.Owner = "", calendar
	}
	day := dayIn(now, e.week, e.day)
	if e.every > 0 {
		placed.Repeat, placed.Except = e.repeat(day)
	} else {
		day = workday(day)
	}
	if e.span == "" {
		placed.Start, placed.End, placed.AllDay = day, midnight(day, e.days), true
		return placed
	}
	from, to, _ := strings.Cut(e.span, "-")
	placed.Start, placed.End = clock(day, from), clock(day, to)
	return placed
}

func (e event) repeat(first time.Time) (rule string, except []time.Time) {
	from, _, _ := strings.Cut(e.span, "-")
	last := clock(midnight(first, 7*e.every*(repetitions-1)), from)
	rule = "FREQ=WEEKLY;UNTIL=" + last.UTC().Format("20060102T150405Z")
	if e.every > 1 {
		rule = fmt.Sprintf("FREQ=WEEKLY;INTERVAL=%d;COUNT=%d", e.every, repetitions)
	}
	for n := range repetitions {
		day := midnight(first, 7*e.every*n)
		if holiday(day) {
			except = append(except, clock(day, from))
		}
	}
	return rule, except
}

// clock is the moment "14:30" of a day; a malformed one is a mistake in this package.
func clock(day time.Time, hour string) time.Time {
	at, err := time.Parse("15:04", hour)
	if err != nil {
		panic(fmt.Sprintf("demo: hour %q: %v", hour, err))
	}
	return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, day.Location())
}
