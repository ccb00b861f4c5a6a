package demo

import (
	"fmt"
	"time"

	"parvis/booking"
	"parvis/portal"
)

// Trip is a vehicle that somebody of Bourg took.
type Trip struct {
	Vehicle  string // its address
	Driver   string
	Days     int    // working days ago, at least 1
	Out      string // "08:30"
	Back     string // "" while it is out
	Km       int    // driven
	Level    int    // thousandths, at the end
	Said     string // at the end
	Incident bool
}

// trips are in the order in which they were driven: the minibus has a log book, and the electric car is not back.
func trips() []Trip {
	const minibus, car = "minibus@bourg.example", "voiture@bourg.example"
	return []Trip{
		{minibus, "fatima.el-mansouri@bourg.example", 14, "13:30", "17:05", 38, 750, "", false},
		{minibus, "gael.quemeneur@bourg.example", 12, "09:00", "11:45", 22, 750, "", false},
		{minibus, "dominique.pautrat@bourg.example", 11, "14:00", "16:30", 17, 625, "Boue sur les tapis, nettoyés", false},
		{minibus, "fatima.el-mansouri@bourg.example", 9, "13:25", "17:10", 39, 500, "", false},
		{minibus, "sylvie.guegan@bourg.example", 8, "08:40", "12:00", 54, 375, "", false},
		{minibus, "bruno.lhermitte@bourg.example", 7, "08:15", "10:00", 12, 1000, "Plein fait à la station du dépôt", false},
		{minibus, "fatima.el-mansouri@bourg.example", 4, "13:30", "17:20", 38, 875, "", false},
		{minibus, "gael.quemeneur@bourg.example", 2, "17:30", "22:10", 41, 750, "Feu arrière gauche cassé en manœuvrant devant la salle des fêtes", true},
		{car, "francois-xavier.deschamps@bourg.example", 10, "08:30", "10:05", 19, 800, "", false},
		{car, "collegue@bourg.example", 6, "09:00", "11:50", 23, 700, "", false},
		{car, "francois-xavier.deschamps@bourg.example", 5, "08:30", "10:10", 21, 600, "Rechargée au retour", false},
		{car, "patrick.chausson@bourg.example", 3, "14:00", "17:40", 62, 500, "", false},
		{car, "odile.rousseau-thery@bourg.example", 1, "13:45", "", 0, 0, "", false},
	}
}

// vehicles drives what was driven.
func (l *loader) vehicles() error {
	house, err := l.steward("bourg")
	if err != nil {
		return err
	}
	all, err := l.server.Booking.Bookable(l.ctx, house)
	if err != nil {
		return err
	}
	counts, ids := map[string]int{}, map[string]booking.ResourceID{}
	for _, one := range all {
		counts[one.Address], ids[one.Address] = one.Vehicle.Odometer, one.ID
	}
	for _, trip := range trips() {
		if err := l.drive(trip, ids[trip.Vehicle], counts[trip.Vehicle]); err != nil {
			return fmt.Errorf("%s, %d days ago: %w", trip.Vehicle, trip.Days, err)
		}
		counts[trip.Vehicle] += trip.Km
	}
	return nil
}

func (l *loader) drive(trip Trip, vehicle booking.ResourceID, km int) error {
	driver, _, err := l.caller("bourg", trip.Driver, portal.Admin)
	if err != nil {
		return err
	}
	at := func(text string) time.Time {
		clock, err := time.Parse("15:04", text)
		if err != nil {
			panic(err) // of the story
		}
		day := workdayBefore(l.now, trip.Days)
		return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, day.Location())
	}
	out, err := l.server.Booking.CheckOut(l.ctx, driver, booking.Taking{
		Resource: vehicle, Leg: booking.Leg{At: at(trip.Out), Km: km, Level: booking.NoLevel},
	}, "")
	if err != nil || trip.Back == "" {
		return err
	}
	_, err = l.server.Booking.CheckIn(l.ctx, driver, out.ID, booking.Returning{
		Leg: booking.Leg{At: at(trip.Back), Km: km + trip.Km, Level: trip.Level, Said: trip.Said}, Incident: trip.Incident,
	}, "")
	return err
}
