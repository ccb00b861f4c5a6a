package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// boxRequest is what the home page of an agent asks of a box.
func boxRequest(t *testing.T, caller portal.Caller) widgets.Request {
	t.Helper()
	catalogue, err := i18n.Load(widgets.Locales, booking.Locales)
	if err != nil {
		t.Fatal(err)
	}
	return widgets.Request{Caller: caller, Printer: catalogue.Printer(i18n.French), Now: time.Now().In(day(0).Location())}
}

func TestTheBoxesOfBookingsKeepTheContract(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Seats: 9})
	h.As("agent@bourg.example").Post("/bookings", askFor("10:00", "11:00", "resource", string(h.room))...).Want(t, http.StatusSeeOther)
	for _, box := range []widgets.Widget{booking.NewWidget(h.Booking, booking.Room), booking.NewWidget(h.Booking, booking.Vehicle), booking.NewMineWidget(h.Booking)} {
		t.Run(box.Manifest().ID, func(t *testing.T) {
			widgetstest.Conforms(t, box, widgets.Request{Caller: h.Caller("agent@bourg.example", "bourg")}, booking.Locales)
		})
	}
}

// TestARoomIsBookedFromItsBox for what is left of an hour, once, and given back in the box of one's own.
func TestARoomIsBookedFromItsBox(t *testing.T) {
	h := newHall(t)
	h.AddGroup("bourg", "elus", "Élus", "admin@bourg.example")
	barred := h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Bureau des élus", Groups: []portal.GroupID{"elus"}})
	shared := h.add("agglo", booking.Resource{Kind: booking.Room, Name: "Salle Loire"})
	rooms, mine := booking.NewWidget(h.Booking, booking.Room), booking.NewMineWidget(h.Booking)
	claire, noe := boxRequest(t, h.Caller("agent@bourg.example", "bourg")), boxRequest(t, h.Caller("collegue@bourg.example", "bourg"))
	items := func(box widgets.Widget, request widgets.Request) []widgets.Item {
		t.Helper()
		content, err := box.Load(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		return content.Items
	}
	before := items(rooms, claire)
	if len(before) != 2 || len(before[0].Actions) != 0 || len(before[1].Actions) != 1 || !strings.HasPrefix(before[1].Detail, "Libre jusqu’à") {
		t.Fatalf("the box shows %+v", before)
	}
	act := func(box widgets.Actor, request widgets.Request, action string, values widgets.Values) (widgets.Sentence, error) {
		return box.Act(t.Context(), request, action, values)
	}
	for _, id := range []booking.ResourceID{barred, shared, "nothing"} {
		if said, err := act(rooms, claire, "book", widgets.Values{"resource": string(id)}); err == nil {
			t.Errorf("%s is booked: %+v", id, said)
		}
	}
	said, err := act(rooms, claire, "book", widgets.Values{"resource": string(h.room)})
	if err != nil || said.Key != "booking.done.booked" || said.Undo == "" {
		t.Fatalf("booked: %+v, %v", said, err)
	}
	if _, err := act(rooms, noe, "book", widgets.Values{"resource": string(h.room)}); err == nil || h.taken(h.room) != 1 {
		t.Errorf("booked twice, %d times: %v", h.taken(h.room), err)
	}
	if after := items(rooms, noe); len(after) != 2 || after[1].Title != "Salle du conseil" || !strings.HasPrefix(after[1].Detail, "Libre à ") || len(after[1].Actions) != 0 {
		t.Errorf("a colleague's box shows %+v", after)
	}
	own := items(mine, claire)
	if len(own) != 1 || len(own[0].Actions) != 1 || len(items(mine, noe)) != 0 {
		t.Fatalf("her own: %+v", own)
	}
	if _, err := act(mine, noe, "cancel", own[0].Actions[0].Values); err == nil {
		t.Error("a colleague gave it back")
	}
	given, err := act(mine, claire, "cancel", own[0].Actions[0].Values)
	if err != nil || h.taken(h.room) != 0 {
		t.Fatalf("not given back: %v", err)
	}
	h.As("agent@bourg.example").Post(given.Undo).Want(t, http.StatusSeeOther)
	if h.taken(h.room) != 1 {
		t.Error("what was given back is not taken again")
	}
}

// TestOneDateOfASeriesIsGivenBack alone, and can be had again.
func TestOneDateOfASeriesIsGivenBack(t *testing.T) {
	h := newHall(t)
	diary := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	diary.put(event("suite", "agent@bourg.example", day(2), 9, 10, room, "RRULE:FREQ=WEEKLY;COUNT=3"), "s.ics").Want(t, http.StatusCreated)
	claire := h.As("agent@bourg.example")
	mine := claire.Get("/bookings/mine").Want(t, 200, "Annuler cette date").Body
	_, after, _ := strings.Cut(mine, `action="/bookings/events/`)
	event, after, _ := strings.Cut(after, `/cancel"`)
	_, after, _ = strings.Cut(after, `name="date" value="`)
	date, _, _ := strings.Cut(after, `"`)
	cancel := "/bookings/events/" + event + "/cancel"
	claire.Post(cancel, "date", "hier").Want(t, http.StatusNotFound)
	claire.Post(cancel, "date", "12345").Want(t, http.StatusNotFound)
	h.As("collegue@bourg.example").Post(cancel, "date", date).Want(t, http.StatusNotFound)
	claire.Post(cancel, "date", date).Want(t, http.StatusSeeOther)
	if n := h.taken(h.room); n != 2 {
		t.Errorf("%d dates are left, want 2", n)
	}
	shown := claire.Get("/bookings/mine").Want(t, 200, "Les autres dates restent").Body
	_, after, _ = strings.Cut(shown, `action="/calendar/undo/`)
	undo, _, _ := strings.Cut(after, `"`)
	claire.Post("/calendar/undo/"+undo).Want(t, http.StatusSeeOther)
	if n := h.taken(h.room); n != 3 {
		t.Errorf("%d dates after the undo, want 3", n)
	}
}
