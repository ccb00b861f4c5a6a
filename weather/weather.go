// Package weather shows the weather of the commune, from a source that the
// installation names. Without a source, or without a place, there is no box.
package weather

import (
	"context"
	"embed"
	"fmt"
	"math"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Locales holds the sentences of the box.
//
//go:embed locales/*.json
var Locales embed.FS

// Source forecasts the weather of a place.
type Source interface {
	// Forecast returns the weather now and hour by hour for at least the rest of
	// the day. portal.ErrUnavailable when the source does not answer.
	Forecast(ctx context.Context, place Place) (Forecast, error)
}

// Place is where the weather is asked for, in degrees (WGS 84).
type Place struct {
	Name                string
	Latitude, Longitude float64
}

// Forecast is the weather now and in the coming hours, in order.
type Forecast struct {
	At    time.Time
	Now   Conditions
	Hours []Hour
}

// Hour is the weather of the hour that starts at From.
type Hour struct {
	From time.Time
	Conditions
}

// Conditions are what it is like.
type Conditions struct {
	Celsius float64
	Rain    float64 // millimetres in the hour
	Sky     Sky
}

// Sky is what one sees looking up.
type Sky string

// The skies, each a catalogue key "weather.sky.…".
const (
	Clear  Sky = "clear"
	Cloudy Sky = "cloudy"
	Fog    Sky = "fog"
	Rain   Sky = "rain"
	Snow   Sky = "snow"
	Storm  Sky = "storm"
)

// wet is from how many millimetres in an hour one takes an umbrella.
const wet = 0.2

// rainSpell is the next run of wet hours of the day of now, as [from, to);
// false when it stays dry.
func (f Forecast) rainSpell(now time.Time) (from, to time.Time, found bool) {
	year, month, day := now.Date()
	midnight := time.Date(year, month, day+1, 0, 0, 0, 0, now.Location())
	for _, hour := range f.Hours {
		end := hour.From.Add(time.Hour)
		switch {
		case !end.After(now) || !hour.From.Before(midnight):
		case hour.Rain >= wet && !found:
			from, to, found = hour.From, end, true
		case hour.Rain >= wet && hour.From.Equal(to):
			to = end
		case found:
			return from, to, true
		}
	}
	return from, to, found
}

// Store keeps the place of each collectivity.
type Store struct{ db *database.DB }

// NewStore returns the store over db.
func NewStore(db *database.DB) *Store { return &Store{db} }

// Place returns the collectivity's place; portal.ErrNotFound without one.
func (s *Store) Place(ctx context.Context, collectivity portal.CollectivityID) (Place, error) {
	var place Place
	err := s.db.QueryRow(ctx, `SELECT name, latitude, longitude FROM weather_places WHERE collectivity = $1`, collectivity).
		Scan(&place.Name, &place.Latitude, &place.Longitude)
	if err != nil {
		return Place{}, fmt.Errorf("weather: place of %q: %w", collectivity, err)
	}
	return place, nil
}

// SetPlace sets the place of the caller's collectivity. It needs the
// administrator's right.
func (s *Store) SetPlace(ctx context.Context, caller portal.Caller, place Place) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("weather: set place: %w", err)
	}
	if place.Name == "" || !(math.Abs(place.Latitude) <= 90) || !(math.Abs(place.Longitude) <= 180) {
		return fmt.Errorf("weather: set place: %w", portal.Invalid("place", "weather.error.place"))
	}
	_, err := s.db.Exec(ctx, `INSERT INTO weather_places (collectivity, name, latitude, longitude) VALUES ($1, $2, $3, $4)
		ON CONFLICT (collectivity) DO UPDATE SET name = excluded.name, latitude = excluded.latitude, longitude = excluded.longitude`,
		caller.Collectivity, place.Name, place.Latitude, place.Longitude)
	if err != nil {
		return fmt.Errorf("weather: set place: %w", err)
	}
	return nil
}
