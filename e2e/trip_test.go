package e2e_test

import (
	"testing"
	"time"

	"parvis/booking"
	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// TestAVehicleIsDrivenFromAPhone by a page of 360 px, with scripts and without: taken and brought back with its km, and
// the log book shows it.
func TestAVehicleIsDrivenFromAPhone(t *testing.T) {
	portal := servertest.New(t)
	admin := portal.Caller("admin@bourg.example", "bourg")
	for name, scripts := range map[string]bool{"Minibus": true, "Kangoo": false} {
		vehicle, err := portal.Booking.Create(t.Context(), admin, booking.Resource{
			Kind: booking.Vehicle, Name: name, Seats: 9, Vehicle: booking.VehicleFacts{Energy: "diesel", Odometer: 84_210},
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = portal.Booking.Book(t.Context(), portal.Caller("agent@bourg.example", "bourg"), vehicle, time.Now().Add(-15*time.Minute), time.Now().Add(2*time.Hour), "Piscine")
		if err != nil {
			t.Fatal(err)
		}
		page := browser.New(t)
		if !scripts {
			page.NoJavaScript()
		}
		page.SignIn(portal.URL, "agent@bourg.example", servertest.Password)
		page.Size(360, 740)
		look := func() {
			t.Helper()
			if scripts {
				browser.HTML(t, page.Source())
				page.Axe(t)
				page.Geometry(t)
			}
		}
		page.Open(portal.URL + "/bookings/mine")
		look()
		page.Follow(`a.main[href*="resource=` + string(vehicle) + `"]`)
		page.MustSee("Prendre " + name)
		look()
		page.Follow(`button.main`)
		page.MustSee("départ noté")
		page.Open(portal.URL + "/bookings/mine")
		look()
		page.Follow(`a.main[href$="/back"]`)
		page.Fill("#km", "84 200")
		page.Follow(`button.main`)
		page.MustSee("relevés au départ")
		look()
		page.Fill("#km", "84 258")
		page.Select("#level", "4/8")
		page.Follow(`button.main`)
		page.MustSee("retour noté")

		page = browser.New(t)
		page.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
		page.Size(360, 740)
		page.Open(portal.URL + "/bookings/resources/" + string(vehicle))
		look()
		page.Follow(`a[href$="/log"]`)
		for _, text := range []string{"Camille Le Goff", "48 km", "84 258 km", "4/8"} {
			page.MustSee(text)
		}
		look()
	}
}
