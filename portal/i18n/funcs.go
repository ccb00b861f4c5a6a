package i18n

import (
	"html/template"
	"time"
)

// Funcs offers the printer to html/template. Dates take the moment and, last, the page's now, in the reader's zone:
// {{nearDay .At .Now}}. Without now the zone is the moment's own and "this year" is today's, which suits days already
// computed by the feature.
//
//	t, th, n                                 sentences: {{t "key" "name" .Name}}, {{n "key" .Count}}
//	date dateLong dateShort dateRange        24 novembre; mardi 24 novembre; 24 nov.; 16 – 20 févr.
//	nearDay nearClock moment until           hier; aujourd’hui, 8 h 31; 8 h 05 or hier; dans 25 min
//	clock clockRange dayName dayShort monthYear week
//	number signed money size duration phone tel iso isoDate saint lang
func (p *Printer) Funcs() template.FuncMap {
	return template.FuncMap{
		"t": p.T, "th": p.TH, "n": p.N,
		"lang":       func() string { return string(p.lang) },
		"date":       func(t time.Time, now ...time.Time) template.HTML { return p.DateHTML(t, nowOf(t, now)) },
		"dateLong":   func(t time.Time, now ...time.Time) template.HTML { return p.DateLongHTML(t, nowOf(t, now)) },
		"dateShort":  func(t time.Time, now ...time.Time) template.HTML { return raise(p.DateShort(t, nowOf(t, now))) },
		"dateText":   func(t time.Time, now ...time.Time) string { return p.DateLong(t, nowOf(t, now)) },
		"dateRange":  func(from, to time.Time, now ...time.Time) string { return p.DateRange(from, to, nowOf(from, now)) },
		"nearDay":    func(t time.Time, now ...time.Time) string { return p.NearDay(t, nowOf(t, now)) },
		"nearClock":  func(t time.Time, now ...time.Time) string { return p.NearClock(t, nowOf(t, now)) },
		"moment":     func(t time.Time, now ...time.Time) string { return p.Moment(t, nowOf(t, now)) },
		"until":      func(t time.Time, now ...time.Time) string { return p.Until(t, nowOf(t, now)) },
		"clock":      func(t time.Time, now ...time.Time) string { return p.Clock(zoned(t, nowOf(t, now))) },
		"clockRange": func(from, to time.Time, now ...time.Time) string { return p.clockRangeIn(from, to, nowOf(from, now)) },
		"dayName":    p.DayName, "dayShort": p.DayShort, "monthName": p.MonthName, "monthYear": p.MonthYear, "week": p.Week,
		"number": p.Number, "signed": p.Signed, "money": p.Money, "size": p.Size, "duration": p.Duration,
		"phone": Phone, "tel": Tel, "mailto": Mailto, "iso": ISO, "isoDate": ISODate, "saint": SaintOf,
	}
}

func (p *Printer) clockRangeIn(from, to, now time.Time) string {
	return p.ClockRange(zoned(from, now), zoned(to, now))
}

// nowOf is the now that a template gave, or this moment in t's own zone.
func nowOf(t time.Time, given []time.Time) time.Time {
	if len(given) > 0 {
		return given[0]
	}
	return time.Now().In(t.Location())
}
