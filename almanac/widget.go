// Package almanac is the box that says what day it is: the saint, the week,
// the next public holiday. It is also the worked example of CONTRIBUTING.md.
package almanac

import (
	"context"
	"embed"
	"time"

	"parvis/portal/i18n"
	"parvis/widgets"
)

// Locales holds the sentences of the box.
//
//go:embed locales/*.json
var Locales embed.FS

// Widget is the box. It needs no source: the calendar is computed.
type Widget struct{}

// Manifest says that a whole collectivity shares one content for an hour.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "almanac", Title: "almanac.title", Help: "almanac.help", Icon: "sun",
		Sizes: []widgets.Size{widgets.Small}, SettingsVersion: 1, Scope: widgets.ScopeCollectivity,
		Fresh: time.Hour, Stale: time.Hour, Deadline: time.Second,
	}
}

// Load looks no further than the request: its clock and its language.
func (Widget) Load(_ context.Context, request widgets.Request) (widgets.Content, error) {
	now, printer := request.Now, request.Printer
	holiday := nextHoliday(now)
	return widgets.Content{Items: []widgets.Item{
		{Title: i18n.SaintOf(now), Detail: printer.Week(now)},
		{Title: printer.T(holiday.Key), Detail: printer.DateLong(holiday.Date, now)},
	}}, nil
}

// nextHoliday is the first public holiday from the day of now on, at its
// midnight there.
func nextHoliday(now time.Time) i18n.Holiday {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	for year := now.Year(); ; year++ {
		for _, holiday := range i18n.PublicHolidays(year, i18n.Region{}) {
			day := time.Date(year, holiday.Date.Month(), holiday.Date.Day(), 0, 0, 0, 0, now.Location())
			if !day.Before(today) {
				return i18n.Holiday{Date: day, Key: holiday.Key}
			}
		}
	}
}
