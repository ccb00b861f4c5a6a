package demo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var weekdays = [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}

var months = [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
	"août", "septembre", "octobre", "novembre", "décembre"}

// frenchDay writes "mardi 24 novembre" and "mardi 1er décembre".
func frenchDay(t time.Time) string {
	ordinal := ""
	if t.Day() == 1 {
		ordinal = "er"
	}
	return fmt.Sprintf("%s %d%s %s", weekdays[t.Weekday()], t.Day(), ordinal, months[t.Month()-1])
}

// dayIn is midnight of a weekday, counted in weeks (Monday first) from the working week of now,
// in now's zone. On a weekend that is the week to come: what the story has on Wednesday is still
// ahead.
func dayIn(now time.Time, week int, day time.Weekday) time.Time {
	fromMonday := (int(day) + 6) % 7
	today := (int(now.Weekday()) + 6) % 7
	if weekend(now) {
		today -= 7
	}
	return midnight(now, 7*week+fromMonday-today)
}

func midnight(now time.Time, days int) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, now.Location())
}

var placeholder = regexp.MustCompile(`\{(dimanche|lundi|mardi|mercredi|jeudi|vendredi|samedi)([+-]\d+)\}`)

// dated replaces {mardi+1}, Tuesday of next week, by the day it is when read on now: moved
// like the events when it is a holiday.
func dated(text string, now time.Time) string {
	return placeholder.ReplaceAllStringFunc(text, func(found string) string {
		part := placeholder.FindStringSubmatch(found)
		week, _ := strconv.Atoi(part[2]) // the pattern holds a small integer
		for day, name := range weekdays {
			if name == part[1] {
				return strings.ReplaceAll(frenchDay(workday(dayIn(now, week, time.Weekday(day)))), " ", "\u00a0")
			}
		}
		return found
	})
}

// holiday says whether a day is one of the 11 national public holidays (Code du travail,
// L3133-1).
func holiday(t time.Time) bool {
	switch t.Format("01-02") {
	case "01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25":
		return true
	}
	afterEaster := int(midnight(t, 0).Sub(easter(t.Year(), t.Location())).Hours()+1) / 24 // +1: summer time
	switch afterEaster {
	case 1, 39, 50: // Easter Monday, Ascension, Whit Monday
		return true
	}
	return false
}

// easter is Easter Sunday in the Gregorian calendar (Meeus, Astronomical Algorithms, ch. 8).
func easter(year int, zone *time.Location) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e, g := b/4, b%4, (8*b+13)/25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, zone)
}

// workday is t, or the first day after it that is neither a holiday nor, coming from a
// holiday, in a weekend. A Saturday wedding stays on its Saturday.
func workday(t time.Time) time.Time {
	if !holiday(t) {
		return t
	}
	for holiday(t) || weekend(t) {
		t = midnight(t, 1)
	}
	return t
}

// workdayBefore is midnight of a working day at or before t, and as many more before that.
func workdayBefore(t time.Time, days int) time.Time {
	t = midnight(t, 0)
	for ; holiday(t) || weekend(t) || days > 0; t = midnight(t, -1) {
		if !holiday(t) && !weekend(t) {
			days--
		}
	}
	return t
}

func weekend(t time.Time) bool {
	return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
}
