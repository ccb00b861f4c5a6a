package calendar

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal/i18n"
)

// weekday is the head of a column: "Lundi", cut after its initial where there is room for no more.
type weekday struct{ Initial, Rest string }

// Name is the whole word.
func (d weekday) Name() string { return d.Initial + d.Rest }

// weekdaysOf are the seven names from a day on.
func weekdaysOf(p *i18n.Printer, first time.Time) []weekday {
	var names []weekday
	for i := range 7 {
		name := capital(p.DayName(addDays(first, i)))
		_, size := utf8.DecodeRuneInString(name)
		names = append(names, weekday{name[:size], name[size:]})
	}
	return names
}

// capital writes the first letter of a sentence or title large.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// dayOfMonth is "24", "1er": what Date writes before the month.
func dayOfMonth(p *i18n.Printer, t time.Time) string {
	day, _, _ := strings.Cut(p.Date(t, t), "\u00a0")
	return day
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// repeatWords says how an event repeats: "chaque mardi jusqu’au 30 juin"; "" when it doesn't.
func repeatWords(p *i18n.Printer, r Repeat, start, now time.Time) string {
	var words string
	switch r.Every {
	case Once:
		return ""
	case Weekly, Fortnightly:
		words = p.T("calendar.repeat.words."+string(r.Every), "day", p.DayName(start))
	case Monthly:
		words = p.T("calendar.repeat.words.monthly", "day", dayOfMonth(p, start))
	case Yearly:
		words = p.T("calendar.repeat.words.yearly", "date", p.Date(start, start))
	default:
		words = p.T("calendar.repeat.words." + string(r.Every))
	}
	if r.Until.IsZero() {
		return words
	}
	return p.T("calendar.repeat.words.until", "words", words, "date", p.Date(r.Until, now))
}
