package demo

import (
	"context"
	"math"
	"time"

	"parvis/weather"
)

// Weather is a source for a demo without network: a plausible sky for the
// season and the hour, the same for everybody on the same day.
type Weather struct{}

// Forecast never fails.
func (Weather) Forecast(_ context.Context, place weather.Place) (weather.Forecast, error) {
	now := time.Now().UTC()
	hour := now.Truncate(time.Hour)
	forecast := weather.Forecast{At: now, Now: conditions(hour, place)}
	for i := range 36 {
		from := hour.Add(time.Duration(i) * time.Hour)
		forecast.Hours = append(forecast.Hours, weather.Hour{From: from, Conditions: conditions(from, place)})
	}
	return forecast, nil
}

// conditions swing with the year and the day; every third day it rains in the
// afternoon, and the day after is grey.
func conditions(at time.Time, place weather.Place) weather.Conditions {
	year := math.Cos(2 * math.Pi * float64(at.YearDay()-200) / 365)
	day := math.Cos(2 * math.Pi * float64(at.Hour()-14) / 24)
	here := weather.Conditions{Celsius: 12 + 8*year + 4*day - (place.Latitude-47)/2, Sky: weather.Clear}
	switch at.YearDay() % 3 {
	case 0:
		here.Sky = weather.Cloudy
		if at.Hour() >= 14 && at.Hour() < 17 {
			here.Sky, here.Rain = weather.Rain, 1.2
		}
	case 1:
		here.Sky = weather.Cloudy
	}
	return here
}
