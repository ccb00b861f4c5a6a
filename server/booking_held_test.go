package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/portal"
)

// wants checks how many times the room is taken.
func (h *hall) wants(what string, want int) {
	h.t.Helper()
	if n := h.taken(h.room); n != want {
		h.t.Errorf("%s: the room is taken %d times, want %d", what, n, want)
	}
}

// later moves an event of 11 to 16.
func later(text string) string {
	return strings.NewReplacer("T110000", "T160000", "T120000", "T170000").Replace(text)
}

// alone to want the room.
func TestWhatIsFarAheadIsBooked(t *testing.T) {
	h := newHall(t)
	a := diaryOf(h.Portal, t, "admin@bourg.example", "bourg")
	b := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	a.put(event("far", "admin@bourg.example", day(110), 9, 10, room), "far.ics").Want(t, http.StatusCreated)
	a.answered("far.ics", room[0], "ACCEPTED")
	b.put(event("other", "collegue@bourg.example", day(110), 9, 10, room), "other.ics").Want(t, http.StatusCreated)
	b.answered("other.ics", room[0], "DECLINED")
	h.wants("once", 1)
	a.put(event("series", "admin@bourg.example", day(111), 9, 10, room, "RRULE:FREQ=WEEKLY;COUNT=5"), "series.ics").Want(t, http.StatusCreated)
	a.answered("series.ics", room[0], "ACCEPTED")
	h.wants("a series", 2)
	var due int
	err := h.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM bookings WHERE goes_on AND starts = $1`, day(111).Add(9*time.Hour).UnixMilli()).Scan(&due)
	if err != nil || due != 1 {
		t.Errorf("%d rows say that the series goes on: %v", due, err)
	}
	alone := string(event("alone", "admin@bourg.example", day(1), 11, 12, nil, "RRULE:FREQ=WEEKLY;COUNT=200"))
	exception := string(event("alone", "admin@bourg.example", day(120), 11, 12, room, "RECURRENCE-ID;TZID=Europe/Paris:"+day(120).Format("20060102")+"T110000"))
	exception = exception[strings.Index(exception, "BEGIN:VEVENT"):]
	a.put([]byte(strings.Replace(alone, "END:VCALENDAR\r\n", exception, 1)), "alone.ics").Want(t, http.StatusCreated)
	a.answered("alone.ics", room[0], "ACCEPTED")
	h.wants("an exception", 3)
}

// holds one event.
func given(t *testing.T) (h *hall, left portal.Caller, beside diary, path string) {
	h = newHall(t)
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("moved", "agent@bourg.example", day(2), 11, 12, room), "moved.ics").Want(t, http.StatusCreated)
	left, _ = leaver(t, h.Portal, 3)
	pass(t, h.Portal)
	step(t, h.Portal)
	beside = diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	for _, href := range regexp.MustCompile(`<D:href>([^<]+-personal/)</D:href>`).FindAllStringSubmatch(beside.ask("PROPFIND", beside.home, "", "Depth", "1").Body, -1) {
		path = href[1]
	}
	if path == "" {
		t.Fatal("she has no agenda of who left")
	}
	return h, left, beside, path
}

// edit moves the event that was handed over.
func (d diary) edit(path string) {
	d.t.Helper()
	d.ask("PUT", path+"moved.ics", later(d.ask("GET", path+"moved.ics", "").Want(d.t, http.StatusOK).Body)).Want(d.t, http.StatusNoContent)
}

// holder is in whose calendar the only booking is.
func (h *hall) holder() (agent portal.AgentID) {
	h.t.Helper()
	if err := h.DB.QueryRow(h.t.Context(), `SELECT holder FROM bookings`).Scan(&agent); err != nil {
		h.t.Fatal(err)
	}
	return agent
}

// What who left had booked is her successor's: erasing her frees nothing.
func TestErasingWhoLeftKeepsTheRoomsOfHerSuccessor(t *testing.T) {
	h, left, _, _ := given(t)
	if she := h.Caller("collegue@bourg.example", "bourg"); h.holder() != she.Agent {
		t.Errorf("held by %q, want %q", h.holder(), she.Agent)
	}
	if _, err := h.Leaving.ErasePerson(t.Context(), h.Caller("admin@bourg.example", "bourg"), left.Agent, ""); err != nil {
		t.Fatal(err)
	}
	h.wants("she is erased", 1)
	other := diaryOf(h.Portal, t, "redaction@bourg.example", "bourg")
	other.put(event("b", "redaction@bourg.example", day(2), 11, 12, room), "b.ics").Want(t, http.StatusCreated)
	other.answered("b.ics", room[0], "DECLINED")
}

// Who comes back has her bookings back.
func TestWhoComesBackHoldsHerRooms(t *testing.T) {
	h, left, _, _ := given(t)
	if err := h.Directory.ReopenAgent(t.Context(), h.Caller("admin@bourg.example", "bourg"), left.Agent, ""); err != nil {
		t.Fatal(err)
	}
	if h.holder() != left.Agent {
		t.Errorf("held by %q, want %q", h.holder(), left.Agent)
	}
}

// While a resource is booked its address stays, and an event whose room nobody knows any more holds none.
func TestTheAddressOfABookedRoom(t *testing.T) {
	h := newHall(t)
	admin := h.Caller("admin@bourg.example", "bourg")
	a := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	a.put(event("e", "agent@bourg.example", day(2), 9, 10, room), "e.ics").Want(t, http.StatusCreated)
	r, err := h.Booking.Resource(t.Context(), admin, h.room)
	if err != nil {
		t.Fatal(err)
	}
	named := func(address string) error {
		r.Address = address
		return h.Booking.Change(t.Context(), admin, r, "")
	}
	const next = "salle-du-conseil@bourg.example"
	for _, address := range []string{next, ""} {
		if err := named(address); err == nil || !strings.Contains(err.Error(), "booking.error.address.booked") {
			t.Errorf("the address becomes %q: %v", address, err)
		}
	}
	r.Place = "1er étage"
	if err := named(roomAddress); err != nil {
		t.Errorf("another place: %v", err)
	}
	form := h.As("admin@bourg.example")
	fields := []string{"name", "Salle du conseil", "kind", "room", "address", next, "seen", regexp.MustCompile(`name="seen" value="(\d+)"`).
		FindStringSubmatch(form.Get("/admin/resources/" + string(h.room)).Body)[1]}
	if body := form.Post("/admin/resources/"+string(h.room), fields...).Want(t, http.StatusUnprocessableEntity).Body; !strings.Contains(body, "réservations à venir") {
		t.Errorf("she is not told why:\n%s", body)
	}
	// As it was changed before that was refused.
	if _, err := h.DB.Exec(t.Context(), `UPDATE resources SET address = $1`, next); err != nil {
		t.Fatal(err)
	}
	a.put(event("e", "agent@bourg.example", day(2), 14, 15, room), "e.ics").Want(t, http.StatusNoContent)
	a.answered("e.ics", room[0], "NEEDS-ACTION")
	h.wants("a room that nobody knows", 0)

	// A withdrawn one has another address once all who booked it are told.
	a.put(event("f", "agent@bourg.example", day(2), 9, 10, []string{"mailto:" + next}), "f.ics").Want(t, http.StatusCreated)
	if _, err := h.DB.Exec(t.Context(), `UPDATE resources SET active = FALSE`); err != nil {
		t.Fatal(err)
	}
	again := func() error {
		if r, err = h.Booking.Resource(t.Context(), admin, h.room); err != nil {
			t.Fatal(err)
		}
		return named(roomAddress)
	}
	if err := again(); err == nil {
		t.Error("who booked it is not told")
	}
	if err := h.Calendar.KeepBooked(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	a.answered("f.ics", "mailto:"+next, "DECLINED")
}

// Who may write the agenda of an agent who is closed moves her bookings too.
func TestTheAgendaOfAClosedAgent(t *testing.T) {
	h := newHall(t)
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("kept", "agent@bourg.example", day(2), 11, 12, room), "kept.ics").Want(t, http.StatusCreated)
	agent, she := h.Caller("agent@bourg.example", "bourg"), h.Caller("collegue@bourg.example", "bourg")
	if _, err := h.Calendar.Share(t.Context(), agent, calendar.Share{Calendar: calendar.CalendarID(agent.Agent), To: portal.Subject{Kind: portal.TheAgent, ID: string(she.Agent)}, Level: calendar.LevelWrite}, ""); err != nil {
		t.Fatal(err)
	}
	if err := h.Directory.CloseAgent(t.Context(), h.Caller("admin@bourg.example", "bourg"), agent.Agent, ""); err != nil {
		t.Fatal(err)
	}
	beside := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	path := beside.home + string(agent.Agent) + "/kept.ics"
	beside.ask("PUT", path, later(beside.ask("GET", path, "").Want(t, http.StatusOK).Body)).Want(t, http.StatusNoContent)
	other := diaryOf(h.Portal, t, "redaction@bourg.example", "bourg")
	other.put(event("b", "redaction@bourg.example", day(2), 16, 17, room), "b.ics").Want(t, http.StatusCreated)
	other.answered("b.ics", room[0], "DECLINED")
	other.put(event("c", "redaction@bourg.example", day(2), 11, 12, room), "c.ics").Want(t, http.StatusCreated)
	other.answered("c.ics", room[0], "ACCEPTED")
	beside.ask("DELETE", path, "").Want(t, http.StatusNoContent)
	h.wants("it is deleted", 1)
}

// However an event that was handed over goes, edited or not, its room is free.
func TestWhatWasHandedOverGivesBack(t *testing.T) {
	for what, away := range map[string]func(h *hall, beside diary, path string){
		"its agenda is deleted": func(_ *hall, beside diary, path string) {
			beside.ask("DELETE", path, "").Want(beside.t, http.StatusNoContent)
		},
		"it invites nobody": func(_ *hall, beside diary, path string) {
			text := strings.ReplaceAll(beside.ask("GET", path+"moved.ics", "").Want(beside.t, http.StatusOK).Body, "\r\n ", "")
			text = regexp.MustCompile(`(?m)^(ORGANIZER|ATTENDEE).*\r\n`).ReplaceAllString(text, "")
			beside.ask("PUT", path+"moved.ics", text).Want(beside.t, http.StatusNoContent)
		},
		"nothing remains of it": func(h *hall, _ diary, _ string) {
			if _, err := h.DB.Exec(h.t.Context(), `DELETE FROM calendar_objects WHERE uid = 'moved'`); err != nil {
				h.t.Fatal(err)
			}
			if err := h.Calendar.KeepBooked(h.t.Context(), "bourg"); err != nil {
				h.t.Fatal(err)
			}
		},
	} {
		for _, tagged := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, tagged %v", what, tagged), func(t *testing.T) {
				h, _, beside, path := given(t)
				beside.edit(path)
				h.wants("moved", 1)
				if !tagged { // as it was kept before
					if _, err := h.DB.Exec(t.Context(), `UPDATE calendar_objects SET schedule_tag = '' WHERE uid = 'moved'`); err != nil {
						t.Fatal(err)
					}
				}
				away(h, beside, path)
				h.wants(what, 0)
			})
		}
	}
}

// the one whose place another takes gives back too.
func TestAMoveLeavesNoBooking(t *testing.T) {
	h, _, beside, path := given(t)
	beside.edit(path)
	boss, she := h.Caller("redaction@bourg.example", "bourg"), h.Caller("collegue@bourg.example", "bourg")
	if _, err := h.Calendar.Share(t.Context(), boss, calendar.Share{Calendar: calendar.CalendarID(boss.Agent), To: portal.Subject{Kind: portal.TheAgent, ID: string(she.Agent)}, Level: calendar.LevelWrite}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := h.DB.Exec(t.Context(), `UPDATE calendar_objects SET schedule_tag = '' WHERE uid = 'moved'`); err != nil {
		t.Fatal(err)
	}
	all, err := h.Calendar.Calendars(t.Context(), she)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !strings.HasSuffix(c.Slug, "-personal") {
			continue
		}
		if _, err := h.Calendar.Move(t.Context(), she, c.ID, "moved.ics", calendar.CalendarID(boss.Agent), "moved.ics", calendar.Transfer{}); err != nil {
			t.Fatal(err)
		}
	}
	h.wants("it is another's", 0)
	if text := diaryOf(h.Portal, t, "redaction@bourg.example", "bourg").get("personal/moved.ics"); answers(text, room[0]) != "NEEDS-ACTION" {
		t.Errorf("the room that it does not hold answers %q", answers(text, room[0]))
	}
}

// An imported event has no room until its organizer asks for it.
func TestAnImportedEventHasNoRoomYet(t *testing.T) {
	h := newHall(t)
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	agent := h.Caller("agent@bourg.example", "bourg")
	text := strings.Replace(string(event("old", "agent@bourg.example", day(2), 11, 12, room)), "PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED", 1)
	if _, err := h.Calendar.Put(t.Context(), agent, calendar.CalendarID(agent.Agent), "old.ics", []byte(text), calendar.Condition{NoneMatch: []string{"*"}, Quiet: true}); err != nil {
		t.Fatal(err)
	}
	here.answered("old.ics", room[0], "NEEDS-ACTION")
	h.wants("imported", 0)
	here.put([]byte(strings.Replace(text, "SUMMARY:", "SUMMARY:X ", 1)), "old.ics").Want(t, http.StatusNoContent)
	here.answered("old.ics", room[0], "ACCEPTED")
	h.wants("asked", 1)
}

// The times at which all are free are those of rooms too, but for what the event itself has booked.
func TestTimesAtWhichARoomIsFree(t *testing.T) {
	h := newHall(t)
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("e", "agent@bourg.example", day(2), 11, 12, room), "e.ics").Want(t, http.StatusCreated)
	she := h.Caller("collegue@bourg.example", "bourg")
	small := h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Petite salle"})
	guests := []calendar.Guest{{Party: roomAddress, Name: "Salle du conseil"}, {Party: "/dav/principals/" + string(small) + "/"}}
	for but, want := range map[string]int{"": 1, "e": 0} {
		all, err := h.Calendar.Attendances(t.Context(), she, calendar.CalendarID(she.Agent), guests, day(2), day(3), but)
		if err != nil || len(all) != 3 {
			t.Fatal(all, err)
		}
		if !all[1].Known || len(all[1].Taken) != want || !all[2].Known || len(all[2].Taken) != 0 {
			t.Errorf("but for %q: %+v", but, all)
		}
	}
}

// no more.
func TestWhatTakesTheSamePlace(t *testing.T) {
	h := newHall(t)
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("both", "agent@bourg.example", day(2), 11, 12, []string{room[0], "mailto:collegue@bourg.example"}), "both.ics").Want(t, http.StatusCreated)
	leaver(t, h.Portal, 3)
	pass(t, h.Portal)
	step(t, h.Portal)
	she := h.Caller("collegue@bourg.example", "bourg")
	second, err := h.Calendar.CreateCalendar(t.Context(), she, calendar.NewCalendar{Name: "Autre"})
	if err != nil {
		t.Fatal(err)
	}
	var given, hers calendar.CalendarID
	var name string
	for into, query := range map[any]string{
		&given: `SELECT calendar FROM calendar_objects WHERE uid = 'both' AND id IN (SELECT event FROM bookings)`,
		&hers:  `SELECT calendar FROM calendar_objects WHERE uid = 'both' AND id NOT IN (SELECT event FROM bookings)`,
		&name:  `SELECT name FROM calendar_objects WHERE uid = 'both' AND id NOT IN (SELECT event FROM bookings)`,
	} {
		if err := h.DB.QueryRow(t.Context(), query).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	over := calendar.Transfer{Overwrite: true}
	if _, err := h.Calendar.Move(t.Context(), she, given, "both.ics", hers, name, over); err != nil {
		t.Fatal(err)
	}
	var held int
	if err := h.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM bookings b JOIN calendar_objects o ON o.id = b.event`).Scan(&held); err != nil || held != 1 {
		t.Errorf("%d bookings of an event: %v", held, err)
	}
	h.wants("in her own place", 1)
	if err := h.Calendar.Delete(t.Context(), she, hers, name, calendar.Condition{}); err != nil {
		t.Fatal(err)
	}
	h.wants("deleted", 0)

	for _, c := range []calendar.CalendarID{second.ID, calendar.CalendarID(she.Agent)} {
		if _, err := h.Calendar.Put(t.Context(), she, c, "u.ics", event("u", "mairie@ailleurs.example", day(3), 9, 10, room), calendar.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.DB.Exec(t.Context(), `INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on)
		SELECT collectivity, $1, id, 0, $2, $3, $4, uid, FALSE FROM calendar_objects WHERE uid = 'u' AND calendar = $5`,
		string(h.room), day(3).Add(9*time.Hour).UnixMilli(), day(3).Add(10*time.Hour).UnixMilli(), string(she.Agent), string(she.Agent))
	if err != nil {
		t.Fatal(err)
	}
	h.wants("by what is to be written over", 1)
	if _, err := h.Calendar.Move(t.Context(), she, second.ID, "u.ics", calendar.CalendarID(she.Agent), "u.ics", over); err != nil {
		t.Fatal(err)
	}
	h.wants("written over", 0)
}
