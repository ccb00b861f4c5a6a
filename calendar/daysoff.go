package calendar

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/territory"
)

// daysOff is what is known of the days off where a collectivity is. The zero value knows the public
// holidays of the whole country.
type daysOff struct {
	region i18n.Region
	zone   string // of the school holidays, "A", "B", "C" or "" where they are not known
}

// daysOff reads where the caller's collectivity is: its commune's code, else its SIREN.
func (s *Store) daysOff(ctx context.Context, caller portal.Caller) (daysOff, error) {
	return s.daysOffOf(ctx, s.db, caller.Collectivity)
}

// HolidaysOf says which days are public holidays where a collectivity is, by the keys of their names.
func (s *Store) HolidaysOf(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (func(day time.Time) (key string, is bool), error) {
	off, err := s.daysOffOf(ctx, from, collectivity)
	return func(day time.Time) (string, bool) {
		key := off.holiday(day)
		return key, key != ""
	}, err
}

func (s *Store) daysOffOf(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (daysOff, error) {
	var insee, siren string
	err := from.QueryRow(ctx, `SELECT insee, siren FROM collectivities WHERE id = $1`, string(collectivity)).Scan(&insee, &siren)
	if err != nil {
		return daysOff{}, fmt.Errorf("calendar: days off: %w", err)
	}
	place := territory.Place{Departement: departementOf(insee)}
	if place.Departement == "" && siren != "" {
		place, _ = territory.BySIREN(siren)
	}
	return daysOff{region: regionOf(place.Departement), zone: place.SchoolZone()}, nil
}

// Holidays names the public holidays where the caller's collectivity is, by their keys in the catalogue: ""
// on other days.
func (s *Store) Holidays(ctx context.Context, caller portal.Caller) (func(day time.Time) string, error) {
	off, err := s.daysOff(ctx, caller)
	return off.holiday, err
}

// departementOf is the département of a commune's code: "2A004" is of "2A", "97411" of "974".
func departementOf(insee string) string {
	switch {
	case len(insee) != 5:
		return ""
	case strings.HasPrefix(insee, "97"), strings.HasPrefix(insee, "98"):
		return insee[:3]
	}
	return insee[:2]
}

// regionOf is the public holidays that a département keeps. Good Friday is kept in the communes of
// Alsace-Moselle that have a Protestant temple, which no code tells: its name says so.
func regionOf(departement string) i18n.Region {
	overseas := map[string]i18n.Overseas{
		"971": i18n.Guadeloupe, "972": i18n.Martinique, "973": i18n.Guyane, "974": i18n.Reunion, "976": i18n.Mayotte,
	}
	concordat := slices.Contains([]string{"57", "67", "68"}, departement)
	return i18n.Region{AlsaceMoselle: concordat, GoodFriday: concordat, Overseas: overseas[departement]}
}

// holiday is the key of the public holiday on a day, "" on other days.
func (o daysOff) holiday(day time.Time) string {
	key, _ := i18n.HolidayOn(day, o.region)
	if key == "holiday.good-friday" {
		return "calendar.good-friday"
	}
	return key
}

// school is the key of the school holidays on a day, "" when there is school or none is known.
func (o daysOff) school(day time.Time) string {
	found, ok := territory.SchoolHolidayOn(day, o.zone)
	if !ok {
		return ""
	}
	return "calendar.school." + found.Name
}

// announced is school on the days of a table that say it: the first one, Mondays, and the first of
// the table. The others would repeat it.
func (o daysOff) announced(day, first time.Time) string {
	found, ok := territory.SchoolHolidayOn(day, o.zone)
	if !ok || day.Weekday() != time.Monday && !sameDay(day, first) && !sameDay(day, found.From) {
		return ""
	}
	return o.school(day)
}

// during are the keys of the school holidays between two midnights.
func (o daysOff) during(from, to time.Time) (keys []string) {
	for day := from; day.Before(to); day = addDays(day, 1) {
		if key := o.school(day); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}
