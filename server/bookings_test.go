package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/booking"
)

// askFor is the form of a booking on the day two weeks from now.
func askFor(from, to string, more ...string) []string {
	return append([]string{"kind", "room", "date", day(2).Format(time.DateOnly), "from", from, "to", to}, more...)
}

// TestARoomIsBookedAndGivenBack in two clicks, and is in the agenda of who booked it.
func TestARoomIsBookedAndGivenBack(t *testing.T) {
	h := newHall(t)
	claire := h.As("agent@bourg.example")
	page := claire.Get("/bookings?date="+day(2).Format(time.DateOnly)).Want(t, 200, "Salle du conseil", "40 places", "Première libre").Body
	_, after, found := strings.Cut(page, `<a class="free" href="`)
	href, _, _ := strings.Cut(after, `"`)
	if !found || !strings.Contains(href, "from=8%3A00") && !strings.Contains(href, "from=08%3A00") {
		t.Fatalf("the first free hour leads to %q", href)
	}
	claire.Post("/bookings", askFor("10:00", "11:00", "resource", string(h.room), "title", "Point voirie")...).Want(t, http.StatusSeeOther)
	claire.Get("/bookings?date="+day(2).Format(time.DateOnly)).Want(t, 200, "est réservée", "Annuler", `class="ev mine"`, "Point voirie", "10\u00a0h – 11\u00a0h")
	claire.Get("/calendar?view=list&date="+day(2).Format(time.DateOnly)).Want(t, 200, "Point voirie", "Salle du conseil")
	claire.Get("/bookings?view=week&date="+day(2).Format(time.DateOnly)).Want(t, 200, "Point voirie", "Salle du conseil")
	claire.Get("/bookings/resources/"+string(h.room)).Want(t, 200, "Salle du conseil", "40 places")
	mine := claire.Get("/bookings/mine").Want(t, 200, "Salle du conseil", "Point voirie").Body

	// A colleague knows who has it, not what for; of another collectivity nobody knows that there is a room.
	other := h.As("collegue@bourg.example").Get("/bookings?date="+day(2).Format(time.DateOnly)).Want(t, 200, "Camille Le Goff").Body
	lacks(t, other, "Point voirie")
	lacks(t, h.As("agent@agglo.example").Get("/bookings?date="+day(2).Format(time.DateOnly)).Want(t, 200).Body, "Salle du conseil")
	h.As("agent@agglo.example").Get("/bookings/resources/"+string(h.room)).Want(t, http.StatusNotFound)
	h.As("agent@agglo.example").Post("/bookings", askFor("14:00", "15:00", "resource", string(h.room))...).Want(t, http.StatusNotFound)

	_, after, _ = strings.Cut(mine, `action="/bookings/events/`)
	event, _, _ := strings.Cut(after, `"`)
	h.As("collegue@bourg.example").Post("/bookings/events/"+event).Want(t, http.StatusNotFound)
	claire.Post("/bookings/events/"+event).Want(t, http.StatusSeeOther)
	lacks(t, claire.Get("/bookings/mine").Want(t, 200, "Réservation annulée").Body, "Point voirie")
	lacks(t, claire.Get("/calendar?view=list&date="+day(2).Format(time.DateOnly)).Body, "Point voirie")
	if n := h.taken(h.room); n != 0 {
		t.Errorf("%d bookings are left", n)
	}
}

// TestWhatIsTakenIsRefusedWithWhatIsFree: the same words as at other doors, what was typed, and a way to wait.
func TestWhatIsTakenIsRefusedWithWhatIsFree(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des fêtes", Seats: 180})
	claire, noe := h.As("agent@bourg.example"), h.As("collegue@bourg.example")
	claire.Post("/bookings", askFor("10:00", "11:00", "resource", string(h.room))...).Want(t, http.StatusSeeOther)
	refused := noe.Post("/bookings", askFor("10:30", "11:30", "resource", string(h.room), "title", "Répétition")...).Want(t, http.StatusConflict,
		"Il y a déjà une réservation le", `value="Répétition"`, `value="10:30"`, "Salle des fêtes", "Libre", "Attendre une place")
	lacks(t, refused.Body, "Salle du conseil</a></span><span class=\"d\">Libre")
	noe.Post("/bookings/waits", askFor("10:30", "11:30", "resource", string(h.room))...).Want(t, http.StatusSeeOther)
	noe.Get("/bookings/mine").Want(t, 200, "J’attends", "Ne plus attendre")
	// The first that is free and large enough.
	noe.Post("/bookings", askFor("10:30", "11:30", "seats", "100")...).Want(t, http.StatusSeeOther)
	noe.Get("/bookings/mine").Want(t, 200, "Salle des fêtes")
	noe.Post("/bookings", askFor("10:30", "11:30", "seats", "500")...).Want(t, http.StatusConflict, "Rien n’est libre")
	for _, c := range []struct{ from, to, want string }{
		{"11:00", "10:00", "La fin doit venir après le début"}, {"dix", "11:00", "Indiquez une heure"}, {"", "", "Indiquez une heure"},
	} {
		noe.Post("/bookings", askFor(c.from, c.to)...).Want(t, http.StatusUnprocessableEntity, c.want)
	}
	noe.Post("/bookings", "kind", "room", "date", "2020-01-01", "from", "10:00", "to", "11:00").Want(t, http.StatusUnprocessableEntity)
	noe.Post("/bookings", "kind", "room", "date", "demain", "from", "10:00", "to", "11:00").Want(t, http.StatusUnprocessableEntity, "Indiquez un jour")
}

// TestTheDayIsATableWhoseRowsAreAsWide: bookings that touch, that overlap a half hour, or go over midnight.
func TestTheDayIsATableWhoseRowsAreAsWide(t *testing.T) {
	h := newHall(t)
	diary := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	diary.put(event("a", "collegue@bourg.example", day(2), 9, 10, room), "a.ics").Want(t, http.StatusCreated)
	diary.put(event("b", "collegue@bourg.example", day(2), 10, 11, room), "b.ics").Want(t, http.StatusCreated)
	diary.put(event("c", "collegue@bourg.example", day(2), 6, 7, room), "c.ics").Want(t, http.StatusCreated)
	h.As("agent@bourg.example").Post("/bookings", askFor("19:10", "19:25", "resource", string(h.room))...).Want(t, http.StatusSeeOther)
	page := h.As("agent@bourg.example").Get("/bookings?date="+day(2).Format(time.DateOnly)).Want(t, 200, "19\u00a0h\u00a010").Body
	_, table, _ := strings.Cut(page, `<table class="week">`)
	table, _, _ = strings.Cut(table, "</table>")
	rows := strings.Split(table, "<tr")[2:]
	covered := 0
	for i, row := range rows {
		cells := strings.Count(row, "<td")
		if covered == 0 != (cells == 1) {
			t.Errorf("row %d has %d cells while %d rows are covered", i, cells, covered)
		}
		if cells == 1 {
			covered = 1
			if _, after, found := strings.Cut(row, `rowspan="`); found {
				covered = 0
				for _, digit := range strings.Split(after, `"`)[0] {
					covered = 10*covered + int(digit-'0')
				}
			}
		}
		covered--
	}
	if covered != 0 {
		t.Errorf("a cell reaches %d rows below the table", covered)
	}
}

// TestRoomsAreNarrowed by what they are and have; the first free one fits both.
func TestRoomsAreNarrowed(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Foyer", Seats: 60, Category: "Réception", Features: []string{"Cuisine"}})
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Studio", Seats: 4, Category: "Travail", Features: []string{"Visio"}})
	claire := h.As("agent@bourg.example")
	on := "/bookings?date=" + day(2).Format(time.DateOnly)
	claire.Get(on).Want(t, 200, "<option>Cuisine</option>", "<option>Travail</option>", "Foyer", "Studio")
	kitchen := claire.Get(on+"&features=Cuisine").Want(t, 200, "Foyer", "<option selected>Cuisine</option>", "features=Cuisine").Body
	lacks(t, kitchen, "Studio")
	lacks(t, claire.Get(on+"&category=Travail&view=week").Want(t, 200, "Studio").Body, "Foyer")
	claire.Post("/bookings", askFor("10:00", "11:00", "features", "Cuisine", "category", "Travail")...).Want(t, http.StatusConflict, "Rien n’est libre")
	claire.Post("/bookings", askFor("10:00", "11:00", "features", "Cuisine")...).Want(t, http.StatusSeeOther)
	claire.Get("/bookings/mine").Want(t, 200, "Foyer")
}
