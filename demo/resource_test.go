package demo

import (
	"testing"
	"time"

	"parvis/booking"
)

// What the demonstration books, it books for real: no two of its meetings are in one room.
func TestEveryMeetingHasItsRoom(t *testing.T) {
	known := map[string]bool{}
	for _, r := range resources() {
		if known[r.Address] {
			t.Errorf("%s twice", r.Address)
		}
		known[r.Address] = true
		body, found := Pool().Collectivity(r.Collectivity)
		if !found {
			t.Errorf("%s is of no collectivity", r.Address)
		}
		for _, group := range r.Groups {
			if !hasGroup(body, group) {
				t.Errorf("%s names the group %s of nobody", r.Address, group)
			}
		}
	}
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for _, m := range meetings() {
		event := m.at(now, 90)
		if _, found := Pool().Person(event.Owner); !found || !known[m.books] {
			t.Errorf("%s: %s or %s is unknown", event.Title, event.Owner, m.books)
		}
	}
}

// Each vehicle is driven by somebody, and is back before it goes again.
func TestEveryTripHasItsVehicle(t *testing.T) {
	known := map[string]bool{}
	for _, r := range resources() {
		known[r.Address] = r.Kind == booking.Vehicle
	}
	last := map[string]Trip{}
	for _, trip := range trips() {
		if _, found := Pool().Person(trip.Driver); !found || !known[trip.Vehicle] {
			t.Errorf("%s or %s is unknown", trip.Driver, trip.Vehicle)
		}
		if before, driven := last[trip.Vehicle]; driven && (before.Back == "" || before.Days <= trip.Days) {
			t.Errorf("%s goes %d days ago, and was not back", trip.Vehicle, trip.Days)
		}
		last[trip.Vehicle] = trip
	}
}

func hasGroup(body Collectivity, group string) bool {
	for _, one := range body.Groups {
		if one.ID == group {
			return true
		}
	}
	return false
}
