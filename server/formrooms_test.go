package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/portal"
)

// meeting is the form of an event in two weeks, as its page sends it.
func (h *hall) meeting(login, from, until string, more ...string) []string {
	on, calendar := day(2).Format("2006-01-02"), string(h.Caller(login, "bourg").Agent)
	return append([]string{
		"title", "Budget", "start", on, "start-time", from, "end", on, "end-time", until, "invites", "1", "calendar", calendar,
	}, more...)
}

// A room is found by a part of its name, with whether it is free when the event is, and booked with it.
func TestARoomIsBookedInTheForm(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des fêtes", Place: "Quai des Mariniers"})
	h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Seats: 9})
	h.add("agglo", booking.Resource{Kind: booking.Room, Name: "Salle Loire"})
	diaryOf(h.Portal, t, "collegue@bourg.example", "bourg").put(event("theirs", "collegue@bourg.example", day(2), 9, 11, room), "theirs.ics").Want(t, http.StatusCreated)
	const who = "admin@bourg.example"
	claire := h.As(who)
	claire.Get("/calendar/new").Want(t, http.StatusOK, "Réserver une salle")

	all := claire.Post("/calendar/guests", h.meeting(who, "10:00", "12:00", "do", "rooms")...).Want(t, http.StatusOK,
		"Minibus", "9 places · libre", "Quai des Mariniers · libre", "40 places · <strong>déjà une réservation\u00a0: 10\u00a0h – 11\u00a0h")
	if free, taken := strings.Index(all.Body, "Salle des fêtes"), strings.Index(all.Body, "Salle du conseil"); free > taken {
		t.Error("what is taken stands before what is free")
	}
	lacks(t, all.Body, "Réunion secrète")
	lacks(t, all.Body, "Salle Loire")
	within := claire.Post("/calendar/guests", h.meeting(who, "09:15", "10:00", "do", "rooms")...).Want(t, http.StatusOK, "déjà une réservation\u00a0: 9\u00a0h\u00a015 – 10\u00a0h")
	if n := strings.Count(within.Body, "déjà une réservation"); n != 1 {
		t.Errorf("%d are taken", n)
	}
	before := claire.Post("/calendar/guests", h.meeting(who, "08:00", "09:00", "do", "rooms")...).Want(t, http.StatusOK, "40 places · libre")
	lacks(t, before.Body, "déjà une réservation")
	found := claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "room", "CONSEIL salle", "do", "rooms")...).Want(t, http.StatusOK, "40 places · libre", `name="book" value="`+roomAddress+`"`)
	lacks(t, found.Body, "Minibus")
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "room", "piscine", "do", "rooms")...).Want(t, http.StatusOK, "Rien de réservable ne porte ce nom")
	claire.Post("/calendar/guests", h.meeting(who, "nuit", "12:00", "do", "rooms")...).Want(t, http.StatusOK, "40 places</span>")

	chosen := claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "room", "conseil", "book", roomAddress)...)
	chosen.Want(t, http.StatusOK, `name="guest" value="`+roomAddress+`"`, `name="location" value="Salle du conseil"`)
	lacks(t, chosen.Body, `name="optional"`)
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "location", "salle du conseil", "book", roomAddress)...).Want(t, http.StatusOK, `name="location" value="Salle du conseil"`)
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "location", "Bureau 2", "book", roomAddress)...).Want(t, http.StatusOK, `name="location" value="Bureau 2"`)
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "location", "Salle du conseil", "guest", roomAddress, "guest-name", "Salle du conseil", "out", roomAddress)...).Want(t, http.StatusOK, `name="location" value=""`)
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "book", "salle@agglo.example")...).Want(t, http.StatusUnprocessableEntity, "Cela ne se réserve plus")
	claire.Post("/calendar/events", h.meeting(who, "11:00", "12:00", "room", "conseil")...).Want(t, http.StatusUnprocessableEntity, "Choisissez ce qui est à réserver", `name="book" value="`+roomAddress+`"`)

	made := claire.Post("/calendar/events", h.meeting(who, "11:00", "12:00", "guest", roomAddress, "guest-name", "Salle du conseil")...).Want(t, http.StatusSeeOther)
	if n := h.taken(h.room); n != 2 {
		t.Errorf("the room is taken %d times, want 2", n)
	}
	event := claire.Get(made.Header.Get("Location")).Want(t, http.StatusOK, "Réservations", "réservation confirmée")
	lacks(t, event.Body, `id="invited"`)
	lacks(t, event.Body, "1 oui")
	// Its own booking takes nothing away from an event.
	shown := claire.Get(made.Header.Get("Location")+"/edit").Want(t, http.StatusOK, "réservation confirmée · 40 places · libre")
	lacks(t, shown.Body, "déjà une réservation")
}

// A vehicle without an address is invited by its path; who may not book something is told so before.
func TestWhatIsNotForHerIsNotOffered(t *testing.T) {
	h := newHall(t)
	const who = "agent@bourg.example"
	h.AddGroup("bourg", "elus", "Élus", "admin@bourg.example")
	h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Nacelle", Groups: []portal.GroupID{"elus"}})
	bus := h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Minibus"})
	paul, path := h.As(who), "/dav/principals/"+string(bus)+"/"
	found := paul.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "do", "rooms")...).Want(t, http.StatusOK, "Nacelle", "réservé à certains groupes", `name="book" value="`+path+`"`)
	if n := strings.Count(found.Body, `name="book"`); n != 2 {
		t.Errorf("%d are offered, want the room and the bus", n)
	}
	paul.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "book", path)...).Want(t, http.StatusOK, `name="guest" value="`+path+`"`, `name="location" value=""`)
	paul.Post("/calendar/events", h.meeting(who, "11:00", "12:00", "guest", path, "guest-name", "Minibus")...).Want(t, http.StatusSeeOther)
	if n := h.taken(bus); n != 1 {
		t.Errorf("the bus is taken %d times", n)
	}
	paul.Get("/calendar/new?typed=r%C3%A9union+mardi+14h+salle+du+conseil").Want(t, http.StatusOK, `name="book" value="`+roomAddress+`"`)
}

// Of a series the form knows its first date, and says so; of one date of it that one.
func TestAFreeRoomOfASeriesIsFreeOnItsFirstDate(t *testing.T) {
	h := newHall(t)
	const who, first = "admin@bourg.example", "40 places · libre à la première date"
	claire := h.As(who)
	chosen := []string{"guest", roomAddress, "guest-name", "Salle du conseil"}
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", "repeat", "weekly", "do", "rooms")...).Want(t, http.StatusOK, first)
	claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", append(chosen, "repeat", "weekly", "do", "rooms")...)...).Want(t, http.StatusOK, first)
	lacks(t, claire.Post("/calendar/guests", h.meeting(who, "11:00", "12:00", append(chosen, "do", "rooms")...)...).Want(t, http.StatusOK, "40 places · libre").Body, "première date")
	made := claire.Post("/calendar/events", h.meeting(who, "11:00", "12:00", append(chosen, "repeat", "weekly")...)...).Want(t, http.StatusSeeOther).Header.Get("Location")
	claire.Get(made+"/edit").Want(t, http.StatusOK, first)
	one := claire.Get(made+"/edit?at="+day(2).Add(11*time.Hour).UTC().Format("20060102T150405Z")).Want(t, http.StatusOK, "40 places · libre")
	lacks(t, one.Body, "première date")
}

// What was typed comes back from the page of times: documents too.
func TestTheTimesCarryTheWholeForm(t *testing.T) {
	h := newHall(t)
	const who = "admin@bourg.example"
	h.As(who).Post("/calendar/times", h.meeting(who, "11:00", "12:00", "guest", roomAddress, "links", "https://exemple.fr/budget.pdf")...).Want(t, http.StatusOK, `name="links" value="https://exemple.fr/budget.pdf`)
}
