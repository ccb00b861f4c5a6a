package demo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"parvis/portal/i18n"
)

var weekdays = [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}

// french writes the days of the story.
var french = sync.OnceValue(func() *i18n.Printer {
	catalogue, err := i18n.Load()
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // compiled in: the tests find it
	}
	return catalogue.Printer(i18n.French)
})

// frenchDay writes "mardi 24 novembre" and "mardi 1er décembre", never cut.
func frenchDay(t time.Time) string {
	return strings.ReplaceAll(french().DateLong(t, t), " ", "\u00a0")
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
				return frenchDay(workday(dayIn(now, week, time.Weekday(day))))
			}
		}
		return found
	})
}

// holiday says whether a day is a public holiday of mainland France.
func holiday(t time.Time) bool {
	_, off := i18n.HolidayOn(t, i18n.Region{})
	return off
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
