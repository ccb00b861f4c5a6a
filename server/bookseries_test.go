package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/server/servertest"
)

// choir is the form of a weekly booking over six weeks, from the day two weeks from now.
func choir(room booking.ResourceID, more ...string) []string {
	return append(askFor("18:00", "20:00", "resource", string(room), "every", "weekly", "until", day(2).AddDate(0, 0, 35).Format(time.DateOnly), "title", "Chorale"), more...)
}

// query writes a form as the address of a GET.
func query(path string, fields []string) string {
	var all []string
	for i := 0; i < len(fields); i += 2 {
		all = append(all, fields[i]+"="+strings.ReplaceAll(fields[i+1], " ", "+"))
	}
	return path + "?" + strings.Join(all, "&")
}

var tickable = regexp.MustCompile(`name="dates" value="(\d+)"( checked)?`)

// ticked are the fields of the dates that a page offers and has ticked.
func ticked(page string) (fields []string) {
	for _, found := range tickable.FindAllStringSubmatch(page, -1) {
		if found[2] != "" {
			fields = append(fields, "dates", found[1])
		}
	}
	return fields
}

// TestASeriesIsBookedWithoutTheDatesThatAreTaken: each conflict is told before anything is booked, with what is free
// instead, and one may leave dates out.
func TestASeriesIsBookedWithoutTheDatesThatAreTaken(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des fêtes", Seats: 180})
	claire, noe := h.As("agent@bourg.example"), h.As("collegue@bourg.example")
	third := day(2).AddDate(0, 0, 14).Format(time.DateOnly)
	noe.Post("/bookings", "kind", "room", "date", third, "from", "19:00", "to", "21:00", "resource", string(h.room)).Want(t, http.StatusSeeOther)
	claire.Get(query("/bookings/series", choir(""))).Want(t, 200, "Salle des fêtes", "6 dates libres sur 6", "5 dates libres sur 6")
	page := claire.Get(query("/bookings/series", choir(h.room))).Want(t, 200, "5 dates libres sur 6", "Il y a déjà une réservation", "Libre ce jour-là", "Salle des fêtes").Body
	dates := ticked(page)
	if len(dates) != 10 {
		t.Fatalf("%d fields of dates that are ticked, want those of 5", len(dates))
	}
	if h.taken(h.room) != 1 {
		t.Error("looking books something")
	}
	claire.Post("/bookings/series", choir(h.room, dates[:8]...)...).Want(t, http.StatusSeeOther)
	claire.Get("/bookings/mine").Want(t, 200, "Série réservée", "dates retenues\u00a0: 4", "Chorale")
	if n := h.taken(h.room); n != 5 {
		t.Errorf("%d bookings, want hers of 4 dates and that of a colleague", n)
	}
	claire.Get("/calendar?view=list&date="+day(2).Format(time.DateOnly)).Want(t, 200, "Chorale")
	lacks(t, claire.Get("/calendar?view=day&date="+third).Want(t, 200).Body, "Chorale")
	// It is one series, given back as a whole.
	_, after, _ := strings.Cut(claire.Get("/bookings/mine").Body, `action="/bookings/events/`)
	event, _, _ := strings.Cut(after, `"`)
	claire.Post("/bookings/events/"+event).Want(t, http.StatusSeeOther)
	if n := h.taken(h.room); n != 1 {
		t.Errorf("%d bookings after it was given back", n)
	}
}

// TestASeriesWhoseDateIsTakenMeanwhileBooksNothing, and tells what became of it.
func TestASeriesWhoseDateIsTakenMeanwhileBooksNothing(t *testing.T) {
	h := newHall(t)
	claire, noe := h.As("agent@bourg.example"), h.As("collegue@bourg.example")
	dates := ticked(claire.Get(query("/bookings/series", choir(h.room))).Want(t, 200, "6 dates libres sur 6").Body)
	noe.Post("/bookings", askFor("18:30", "19:00", "resource", string(h.room))...).Want(t, http.StatusSeeOther)
	again := claire.Post("/bookings/series", choir(h.room, dates...)...).Want(t, http.StatusConflict, "5 dates libres sur 6", "Il y a déjà une réservation", `value="Chorale"`).Body
	if n := h.taken(h.room); n != 1 {
		t.Errorf("%d bookings, want that of a colleague alone", n)
	}
	claire.Post("/bookings/series", choir(h.room, ticked(again)...)...).Want(t, http.StatusSeeOther)
	if n := h.taken(h.room); n != 6 {
		t.Errorf("%d bookings", n)
	}
}

func TestASeriesIsRefusedBySentences(t *testing.T) {
	h := newHall(t)
	claire := h.As("agent@bourg.example")
	first := day(2).Format(time.DateOnly)
	ask := func(who *servertest.Client, every, until, from, to string) servertest.Answer {
		return who.Get(query("/bookings/series", []string{"kind", "room", "resource", string(h.room), "date", first, "from", from, "to", to, "every", every, "until", until}))
	}
	claire.Get("/bookings/series").Want(t, 200, "Répéter", "Toutes les deux semaines", "Voir les dates")
	for _, c := range []struct{ every, until, from, to, want string }{
		{"weekly", "", "10:00", "11:00", "Indiquez jusqu’à quel jour"},
		{"weekly", "2020-01-01", "10:00", "11:00", "La dernière date vient avant la première"},
		{"weekly", "2099-01-01", "10:00", "11:00", "On réserve au plus deux ans à l’avance"},
		{"hourly", first, "10:00", "11:00", "Choisissez une répétition"},
		{"weekly", first, "11:00", "10:00", "La fin doit venir après le début"},
		{"weekly", first, "dix", "11:00", "Indiquez une heure"},
	} {
		ask(claire, c.every, c.until, c.from, c.to).Want(t, http.StatusUnprocessableEntity, c.want)
	}
	claire.Post("/bookings/series", choir(h.room)...).Want(t, http.StatusUnprocessableEntity, "Cochez au moins une date")
	claire.Post("/bookings/series", choir(h.room, "dates", "demain")...).Want(t, http.StatusUnprocessableEntity)
	// Whose collectivity has another room sees none of this one's dates, and books none.
	dates := ticked(ask(claire, "weekly", first, "10:00", "11:00").Want(t, 200).Body)
	foreign := h.As("agent@agglo.example")
	lacks(t, ask(foreign, "weekly", first, "10:00", "11:00").Want(t, 200).Body, "Salle du conseil")
	foreign.Post("/bookings/series", append([]string{"kind", "room", "resource", string(h.room), "date", first, "from", "10:00", "to", "11:00", "every", "weekly", "until", first}, dates...)...).Want(t, http.StatusNotFound)
	if n := h.taken(h.room); n != 0 {
		t.Errorf("%d bookings", n)
	}
}

// TestASeriesIsTwoYearsOfDays in one decision, and holidays are named.
func TestASeriesIsTwoYearsOfDays(t *testing.T) {
	h := newHall(t)
	claire := h.As("agent@bourg.example")
	last := time.Now().AddDate(0, 0, 728).Format(time.DateOnly)
	fields := askFor("10:00", "11:00", "resource", string(h.room), "every", "daily", "until", last)
	page := claire.Get(query("/bookings/series", fields)).Want(t, 200, "Noël").Body
	dates := ticked(page)
	claire.Post("/bookings/series", append(fields, dates...)...).Want(t, http.StatusSeeOther)
	if n := h.taken(h.room); n != len(dates)/2 || n < 700 {
		t.Errorf("%d bookings of %d dates", n, len(dates)/2)
	}
}
