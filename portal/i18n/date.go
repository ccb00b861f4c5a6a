package i18n

import (
	"html/template"
	"strconv"
	"strings"
	"time"
)

// Dates are written in the zone of now, so that a moment stored in UTC reads in the reader's hours; the year is
// written only when it isn’t the year of now. A line never breaks between the day and its month. A zero now leaves the zone alone and always writes the year.
// English dates follow the British order, "Tuesday 24 November", as the rest of the product's English.

// DateLong is "mardi 24 novembre", "mardi 1er décembre 2026", "Tuesday 24 November".
func (p *Printer) DateLong(t, now time.Time) string {
	t = zoned(t, now)
	return p.DayName(t) + " " + p.Date(t, now)
}

// Date is "24 novembre", "1er décembre 2026", "24 November".
func (p *Printer) Date(t, now time.Time) string {
	t = zoned(t, now)
	return p.dayNumber(t) + nbsp + p.words.months[t.Month()-1] + year(t, now)
}

// DateShort is "24 nov.", "1er déc. 2025", "24 Nov".
func (p *Printer) DateShort(t, now time.Time) string {
	t = zoned(t, now)
	return p.dayNumber(t) + nbsp + p.words.shortMonths[t.Month()-1] + year(t, now)
}

// DateHTML is Date, and DateLongHTML is DateLong, with the ordinal raised: 1<sup>er</sup> décembre.
func (p *Printer) DateHTML(t, now time.Time) template.HTML { return raise(p.Date(t, now)) }

// DateLongHTML is DateLong with the ordinal raised.
func (p *Printer) DateLongHTML(t, now time.Time) template.HTML { return raise(p.DateLong(t, now)) }

// DateRange is "16 – 20 févr.", "30 nov. – 4 déc.", or one date when both ends are the same day. Both ends are included.
func (p *Printer) DateRange(from, to, now time.Time) string {
	from, to = zoned(from, now), zoned(to, now)
	switch {
	case daysBetween(from, to) == 0:
		return p.DateShort(from, now)
	case from.Year() != to.Year():
		return p.DateShort(from, time.Time{}) + " – " + p.DateShort(to, time.Time{})
	case from.Month() == to.Month():
		return p.dayNumber(from) + " – " + p.DateShort(to, now)
	}
	return p.DateShort(from, to) + " – " + p.DateShort(to, now)
}

// DayName is "mardi", "Tuesday".
func (p *Printer) DayName(t time.Time) string { return p.words.days[t.Weekday()] }

// DayShort is "mar.", "Tue".
func (p *Printer) DayShort(t time.Time) string { return p.words.shortDays[t.Weekday()] }

// MonthName is "novembre", "November".
func (p *Printer) MonthName(t time.Time) string { return p.words.months[t.Month()-1] }

// MonthYear is "novembre 2026", the title of a month.
func (p *Printer) MonthYear(t time.Time) string {
	return p.MonthName(t) + " " + strconv.Itoa(t.Year())
}

// Week is "semaine 48", "week 48", by ISO 8601: weeks start on Monday, week 1 holds the first Thursday.
func (p *Printer) Week(t time.Time) string {
	_, week := t.ISOWeek()
	if p.lang == English {
		return "week" + nbsp + strconv.Itoa(week)
	}
	return "semaine" + nbsp + strconv.Itoa(week)
}

// NearDay names days close to now: "hier", "aujourd’hui", "demain", then the day's name up to six days ahead ("lundi"),
// else DateShort. Days before yesterday have a date: "lundi" alone would read as the next one.
func (p *Printer) NearDay(t, now time.Time) string {
	t = zoned(t, now)
	switch days := daysBetween(now, t); {
	case days == 0:
		return p.pick("aujourd’hui", "today")
	case days == 1:
		return p.pick("demain", "tomorrow")
	case days == -1:
		return p.pick("hier", "yesterday")
	case 1 < days && days < 7:
		return p.DayName(t)
	}
	return p.DateShort(t, now)
}

// Moment is for lists of what happened: the hour for today ("8 h 05"), else NearDay ("hier", "20 nov.").
func (p *Printer) Moment(t, now time.Time) string {
	t = zoned(t, now)
	if daysBetween(now, t) == 0 {
		return p.Clock(t)
	}
	return p.NearDay(t, now)
}

// NearClock is the near day and the hour: "aujourd’hui, 8 h 31", "lundi, 8 h", "20 nov., 16 h 40".
func (p *Printer) NearClock(t, now time.Time) string {
	t = zoned(t, now)
	return p.NearDay(t, now) + ", " + p.Clock(t)
}

// Clock is "8 h", "8 h 05", "14 h 30"; in English "8:00", "8:05", "14:30".
func (p *Printer) Clock(t time.Time) string {
	hour, minute := strconv.Itoa(t.Hour()), twoDigits(t.Minute())
	if p.lang == English {
		return hour + ":" + minute
	}
	if t.Minute() == 0 {
		return hour + nbsp + "h"
	}
	return hour + nbsp + "h" + nbsp + minute
}

// ClockRange is "9 h – 12 h", "9:00 – 12:00". The end may be on another day; only hours are written.
func (p *Printer) ClockRange(from, to time.Time) string { return p.Clock(from) + " – " + p.Clock(to) }

// ISODate is a day for the datetime attribute and date fields: "2026-11-24".
func ISODate(t time.Time) string { return t.Format(time.DateOnly) }

// ISO is a moment for the datetime attribute: "2026-11-24T10:00:00+01:00".
func ISO(t time.Time) string { return t.Format(time.RFC3339) }

// Monday gives the first day of t's ISO week, at midnight in t's zone.
func Monday(t time.Time) time.Time {
	back := (int(t.Weekday()) + 6) % 7
	return time.Date(t.Year(), t.Month(), t.Day()-back, 0, 0, 0, 0, t.Location())
}

// MondayOf gives the first day of an ISO week, at midnight UTC: MondayOf(2026, 48) is 23 November 2026.
func MondayOf(year, week int) time.Time {
	// 4 January is always in week 1 (ISO 8601).
	return Monday(time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)).AddDate(0, 0, 7*(week-1))
}

// dayNumber is the day of the month; in French the first is an ordinal and the other days are not.
func (p *Printer) dayNumber(t time.Time) string {
	if p.lang == French && t.Day() == 1 {
		return "1er"
	}
	return strconv.Itoa(t.Day())
}

func (p *Printer) pick(french, english string) string {
	if p.lang == English {
		return english
	}
	return french
}

func zoned(t, now time.Time) time.Time {
	if now.IsZero() {
		return t
	}
	return t.In(now.Location())
}

func year(t, now time.Time) string {
	if !now.IsZero() && t.Year() == now.Year() {
		return ""
	}
	return " " + strconv.Itoa(t.Year())
}

// daysBetween counts calendar days from a to b, each in its own zone: noon to noon would miscount when clocks change.
func daysBetween(a, b time.Time) int {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(b).Sub(day(a)) / (24 * time.Hour))
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// raise puts the ordinal of the first day in <sup>. The text is our own words and digits: nothing in it needs escaping.
func raise(date string) template.HTML {
	before, after, found := strings.Cut(date, "1er"+nbsp)
	if !found {
		return template.HTML(date)
	}
	return template.HTML(before + "1<sup>er</sup>" + nbsp + after)
}
