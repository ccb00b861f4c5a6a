package booking

import (
	"context"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// rules are when a resource is booked, at a moment and where it stands.
type rules struct {
	Resource
	holidays func(day time.Time) (key string, is bool)
	zone     *time.Location
	now      time.Time
}

// rule is why a time breaks the rules of a resource.
type rule struct {
	kind breach
	day  time.Time // on which it is closed
	name string    // of a closing or, as a key, of a holiday
}

// breach is how a time breaks a rule.
type breach string

const (
	tooLong      breach = "long"
	tooFar       breach = "far"
	tooLate      breach = "late"
	isClosed     breach = "closed"
	isHoliday    breach = "holiday"
	outsideHours breach = "hours"
)

// broken is the first rule that a time breaks, nil when it keeps all. A room is open all the while; a vehicle
// or equipment when it is taken and when it is brought back, and may be away while all is closed. What is
// booked by whole days needs days on which it opens at all.
func (r rules) broken(slot Slot) *rule {
	start, end := slot.Start.In(r.zone), slot.End.In(r.zone)
	switch {
	case r.Longest > 0 && r.length(start, end) > r.Longest:
		return &rule{kind: tooLong}
	case r.Ahead > 0 && midnight(start).After(midnight(r.now).AddDate(0, 0, r.Ahead)):
		return &rule{kind: tooFar}
	case r.Notice > 0 && start.Before(r.now.Add(r.Notice)):
		return &rule{kind: tooLate}
	}
	if len(r.Closings) == 0 && !r.HolidaysOff && r.Hours.Always() {
		return nil
	}
	first, last := midnight(start), midnight(end.Add(-time.Millisecond))
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		if r.Kind != Room && !day.Equal(first) && !day.Equal(last) {
			continue
		}
		if broken := r.shutOn(day, start, end); broken != nil {
			return broken
		}
	}
	return nil
}

// length is how long a booking is by the clock: the night on which clocks change makes no day longer.
func (r rules) length(start, end time.Time) time.Duration {
	return wall(end).Sub(wall(start))
}

// wall is a time with the clock of its zone, as if days were all alike.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// shutOn is the rule that a booking breaks on one of its days.
func (r rules) shutOn(day, start, end time.Time) *rule {
	if broken := r.closedOn(day); broken != nil || r.Hours.Always() {
		return broken
	}
	from, until := 0, dayLong
	if sameDay(start, day) {
		from = minuteOf(start)
	}
	if sameDay(end, day) {
		until = minuteOf(end)
		if end.Second() > 0 || end.Nanosecond() > 0 {
			until++
		}
	}
	ranges := r.Hours[day.Weekday()]
	switch {
	case from == 0 && until == dayLong && len(ranges) > 0: // the whole of an open day
		return nil
	case r.Kind == Room:
		if r.Hours.covers(day.Weekday(), from, until) {
			return nil
		}
	default:
		taken := !sameDay(start, day) || slices.ContainsFunc(ranges, func(one Range) bool { return one.From <= from && from < one.Until })
		back := !sameDay(end, day) || slices.ContainsFunc(ranges, func(one Range) bool { return one.From < until && until <= one.Until })
		if taken && back && len(ranges) > 0 {
			return nil
		}
	}
	return &rule{kind: outsideHours, day: day}
}

// closedOn is the closing or the holiday of a day.
func (r rules) closedOn(day time.Time) *rule {
	date := day.Format(time.DateOnly)
	for _, c := range r.Closings {
		if c.First <= date && date <= c.Last {
			return &rule{kind: isClosed, day: day, name: c.Reason}
		}
	}
	if r.HolidaysOff {
		if key, is := r.holidays(day); is {
			return &rule{kind: isHoliday, day: day, name: key}
		}
	}
	return nil
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

func minuteOf(t time.Time) int { return t.Hour()*60 + t.Minute() }

// say tells why a rule is broken and what to do about it.
func (w *words) say(broken rule, r Resource) string {
	p := w.printer
	switch broken.kind {
	case tooLong:
		return p.T("booking.refused.long", "longest", LengthWords(p, r.Longest))
	case tooFar:
		return p.T("booking.refused.far", "day", p.Date(midnight(w.now).AddDate(0, 0, r.Ahead), w.now))
	case tooLate:
		return p.T("booking.refused.late", "notice", LengthWords(p, r.Notice))
	case isHoliday:
		return p.T("booking.refused.holiday", "day", p.Date(broken.day, w.now), "holiday", p.T(broken.name))
	case isClosed:
		if broken.name == "" {
			return p.T("booking.refused.closed", "day", p.Date(broken.day, w.now))
		}
		return p.T("booking.refused.closed.reason", "day", p.Date(broken.day, w.now), "reason", broken.name)
	}
	ranges := r.Hours[broken.day.Weekday()]
	if len(ranges) == 0 {
		return p.T("booking.refused.day-off", "day", p.DayName(broken.day), "open", w.openDays(r.Hours))
	}
	return p.T("booking.refused.hours", "day", p.DayName(broken.day), "hours", HoursWords(p, ranges))
}

// openDays names the days of the week on which something is open.
func (w *words) openDays(h Hours) string {
	var days []string
	for _, day := range week {
		if len(h[day]) > 0 {
			days = append(days, w.printer.DayName(time.Date(2024, 1, int(day), 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7))) // 7 January 2024 was a Sunday
		}
	}
	return listed(w.printer, days)
}

// HoursWords tells ranges of a day, "de 8 h à 12 h et de 14 h à 18 h".
func HoursWords(p *i18n.Printer, ranges []Range) string {
	var all []string
	for _, r := range ranges {
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
		all = append(all, p.T("booking.from-to", "from", p.Clock(day.Add(time.Duration(r.From)*time.Minute)), "until", clockUntil(p, r.Until)))
	}
	return listed(p, all)
}

// LengthWords tells a length of time to the minute, "45 min", "2 h", "36 h", "3 jours".
func LengthWords(p *i18n.Printer, d time.Duration) string {
	const day = 24 * time.Hour
	if d < day || d%day == 0 {
		return p.Duration(d)
	}
	text := p.Number(int(d/time.Hour)) + "\u00a0h"
	if d%time.Hour > 0 {
		text += " " + p.Duration(d%time.Hour)
	}
	return text
}

// listed is "a, b et c".
func listed(p *i18n.Printer, all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return p.T("booking.list", "first", strings.Join(all[:len(all)-1], ", "), "last", all[len(all)-1])
}

// clockUntil is a time at which something ends: midnight is 24:00 there.
func clockUntil(p *i18n.Printer, minutes int) string {
	if minutes == dayLong {
		return p.T("booking.midnight")
	}
	return p.Clock(time.Date(2024, 1, 1, minutes/60, minutes%60, 0, 0, time.UTC))
}

// Holidays says which days are public holidays where a collectivity is, by the keys of their names.
type Holidays func(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (func(day time.Time) (key string, is bool), error)

// OnHolidays adds the public holidays. Without it there are those of the whole country. It is a step of
// set-up.
func (s *Store) OnHolidays(holidays Holidays) { s.holidays = holidays }

// holidaysOf are those of a collectivity, each year computed once.
func (s *Store) holidaysOf(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (func(time.Time) (string, bool), error) {
	if s.holidays == nil {
		return func(day time.Time) (string, bool) { return i18n.HolidayOn(day, i18n.Region{}) }, nil
	}
	return s.holidays(ctx, from, collectivity)
}
