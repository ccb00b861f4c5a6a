package looks_test

import (
	"testing"
	"time"

	"parvis/booking"
	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// TestADoorIsForEveryone: a screen at one room that is taken, and a panel of three.
func TestADoorIsForEveryone(t *testing.T) {
	p := servertest.Demo(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	rooms, err := p.Booking.Bookable(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	var all []booking.ResourceID
	for _, room := range rooms {
		if room.Kind == booking.Room {
			all = append(all, room.ID)
		}
	}
	hang := func(label string, shown []booking.ResourceID, names bool) string {
		secret, err := p.Booking.MakeScreen(t.Context(), admin, booking.Screen{Label: label, Resources: shown, Names: names}, "")
		if err != nil {
			t.Fatal(err)
		}
		return p.URL + "/door?key=" + secret
	}
	room, err := p.Booking.Create(t.Context(), admin, booking.Resource{Kind: booking.Room, Name: "Salle de la Loire", Place: "Mairie, 2e étage", Seats: 12, TitlesPublic: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, room)
	door, hall := hang("Porte de la salle de la Loire", []booking.ResourceID{room}, true), hang("Hall de la mairie", all, false)
	start := time.Now().Truncate(time.Minute)
	for i, minutes := range []int{0, 60, 150} {
		at := start.Add(time.Duration(minutes) * time.Minute)
		title := []string{"Commission des finances", "Point presse", "Réunion de quartier"}[i]
		if _, err := p.Booking.Book(t.Context(), admin, room, at, at.Add(45*time.Minute), title); err != nil {
			t.Fatal(err)
		}
	}
	page := browser.New(t)
	for name, address := range map[string]string{"door": door, "hall": hall} {
		page.Judge(t, address, true)
		page.Open(address)
		page.JudgeAndKeep(t, name)
	}
}
