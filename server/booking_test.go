package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
)

// hall is a place with a room that people book by their phones.
type hall struct {
	*servertest.Portal
	t    *testing.T
	room booking.ResourceID
}

const roomAddress = "salle@bourg.example"

func newHall(t *testing.T) *hall {
	h := &hall{Portal: servertest.New(t), t: t}
	h.room = h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle du conseil", Seats: 40, Address: roomAddress})
	return h
}

func (h *hall) add(id portal.CollectivityID, r booking.Resource) booking.ResourceID {
	h.t.Helper()
	made, err := h.Booking.Create(h.t.Context(), h.Caller("admin@"+string(id)+".example", id), r, "")
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

// day is a Monday in some weeks, at midnight in Paris.
func day(weeks int) time.Time {
	paris, _ := time.LoadLocation("Europe/Paris")
	now := time.Now().In(paris)
	monday := time.Date(now.Year(), now.Month(), now.Day()-int(now.Weekday()+6)%7, 0, 0, 0, 0, paris)
	return monday.AddDate(0, 0, 7*weeks)
}

// event is one from an hour to another that invites some, with more lines.
func event(uid, organizer string, at time.Time, from, until int, invited []string, more ...string) []byte {
	clock := func(hour int) string { return at.Format("20060102") + fmt.Sprintf("T%02d0000", hour) }
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//FR", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z",
		"DTSTART;TZID=Europe/Paris:" + clock(from), "DTEND;TZID=Europe/Paris:" + clock(until),
		"SUMMARY:Réunion secrète de " + uid, "ORGANIZER:mailto:" + organizer,
	}
	for _, one := range invited {
		lines = append(lines, "ATTENDEE;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:"+one)
	}
	return []byte(strings.Join(append(append(lines, more...), "END:VEVENT", "END:VCALENDAR", ""), "\r\n"))
}

var room = []string{"mailto:" + roomAddress}

// answers are those of an attendee in each component that names her, in order: "ACCEPTED DECLINED".
func answers(text, attendee string) string {
	var all []string
	for _, line := range strings.Split(text, "\r\n") {
		if strings.HasPrefix(line, "ATTENDEE") && strings.HasSuffix(strings.ToLower(line), strings.ToLower(":"+attendee)) {
			all = append(all, regexp.MustCompile(`PARTSTAT=([A-Z-]+)`).FindStringSubmatch(line)[1])
		}
	}
	return strings.Join(all, " ")
}

func (d diary) answered(name, attendee, want string) string {
	d.t.Helper()
	text := d.get("personal/" + name)
	if got := answers(text, attendee); got != want {
		d.t.Errorf("%s: %s answers %q, want %q:\n%s", name, attendee, got, want, text)
	}
	return text
}

// taken is how many times a resource is taken.
func (h *hall) taken(id booking.ResourceID) (count int) {
	h.t.Helper()
	err := h.DB.QueryRow(h.t.Context(), `SELECT COUNT(*) FROM bookings WHERE collectivity = 'bourg' AND resource = $1`, string(id)).Scan(&count)
	if err != nil {
		h.t.Fatal(err)
	}
	return count
}

// A resource of one collectivity is nothing in another: it is not booked, not found, and tells nothing.
func TestAResourceIsOfOneCollectivity(t *testing.T) {
	h := newHall(t)
	there := diaryOf(h.Portal, t, "admin@agglo.example", "agglo")
	path := "/dav/principals/" + string(h.room) + "/"
	for i, name := range []string{"mailto:" + roomAddress, path, h.URL + path} {
		uid := fmt.Sprint("u", i)
		there.put(event(uid, "admin@agglo.example", day(2), 9, 10, []string{name}), uid+".ics").Want(t, http.StatusCreated)
		there.answered(uid+".ics", name, "NEEDS-ACTION")
	}
	if n := h.taken(h.room); n != 0 {
		t.Errorf("agglo has booked the room of bourg %d times", n)
	}
	here := diaryOf(h.Portal, t, "admin@bourg.example", "bourg")
	here.put(event("ours", "admin@bourg.example", day(2), 9, 10, room), "ours.ics").Want(t, http.StatusCreated)
	here.answered("ours.ics", "mailto:"+roomAddress, "ACCEPTED")
	there.ask("PROPFIND", path, "", "Depth", "0").Want(t, http.StatusNotFound)
	for _, text := range []string{"salle", roomAddress, "ROOM"} {
		if body := there.search(text); strings.Contains(body, string(h.room)) {
			t.Errorf("agglo finds it by %q:\n%s", text, body)
		}
	}
	body := there.whenFree("admin@agglo.example", "mailto:"+roomAddress, path)
	if strings.Contains(body, "BUSY:") || strings.Count(body, "3.7;") != 2 {
		t.Errorf("agglo is told when it is taken:\n%s", body)
	}
	if _, err := h.Booking.Resource(t.Context(), h.Caller("admin@agglo.example", "agglo"), h.room); err == nil {
		t.Error("the administrator of agglo reads it")
	}
}

func (d diary) search(text string) string {
	d.t.Helper()
	var all strings.Builder
	for _, property := range []string{"<D:displayname/>", "<C:calendar-user-address-set/>", "<C:calendar-user-type/>"} {
		all.WriteString(d.ask("REPORT", "/dav/principals/", `<D:principal-property-search xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
			<D:property-search><D:prop>`+property+`</D:prop><D:match>`+text+`</D:match></D:property-search>
			<D:prop><D:displayname/><C:calendar-user-address-set/><C:calendar-user-type/></D:prop></D:principal-property-search>`, "Depth", "0").
			Want(d.t, http.StatusMultiStatus).Body)
	}
	return all.String()
}

// whenFree asks when some are free in the third week from now.
func (d diary) whenFree(organizer string, whom ...string) string {
	d.t.Helper()
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "METHOD:REQUEST", "BEGIN:VFREEBUSY", "UID:q", "DTSTAMP:20261101T000000Z",
		"DTSTART:" + day(2).UTC().Format("20060102T150405Z"), "DTEND:" + day(3).UTC().Format("20060102T150405Z"), "ORGANIZER:mailto:" + organizer,
	}
	for _, one := range whom {
		lines = append(lines, "ATTENDEE:"+one)
	}
	return d.ask("POST", d.home+"outbox/", strings.Join(append(lines, "END:VFREEBUSY", "END:VCALENDAR", ""), "\r\n"), "Content-Type", "text/calendar").
		Want(d.t, http.StatusOK).Body
}

// What is free is accepted in the PUT itself, what is taken is declined with the time of what is there
// and nothing else; what ends when the other begins is no clash.
func TestARoomAnswersAtOnce(t *testing.T) {
	h := newHall(t)
	here, beside := diaryOf(h.Portal, t, "admin@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	answer := here.put(event("first", "admin@bourg.example", day(2), 9, 11, room), "first.ics").Want(t, http.StatusCreated)
	if answer.Header.Get("ETag") != "" || answer.Header.Get("Schedule-Tag") == "" {
		t.Errorf("ETag %q, Schedule-Tag %q: what is stored is not what came", answer.Header.Get("ETag"), answer.Header.Get("Schedule-Tag"))
	}
	if text := here.answered("first.ics", "mailto:"+roomAddress, "ACCEPTED"); !strings.Contains(text, "SCHEDULE-STATUS=2.0") || strings.Contains(text, "RSVP") {
		t.Errorf("how it went is not said:\n%s", text)
	}
	beside.put(event("clash", "collegue@bourg.example", day(2), 10, 12, room), "clash.ics").Want(t, http.StatusCreated)
	text := beside.answered("clash.ics", "mailto:"+roomAddress, "DECLINED")
	if !strings.Contains(text, "de 9\u00a0h à 11\u00a0h") || strings.Contains(text, "first") || strings.Contains(text, "Petit") {
		t.Errorf("why is not said, or too much is:\n%s", text)
	}
	inbox := beside.lists("inbox/")
	if len(inbox) != 1 {
		t.Fatalf("the inbox of who is refused: %v", inbox)
	}
	if reply := beside.get(inbox[0]); !strings.Contains(reply, "METHOD:REPLY") || !strings.Contains(reply, "COMMENT:Il y a déjà une réservation") {
		t.Errorf("the reply:\n%s", reply)
	}
	beside.put(event("before", "collegue@bourg.example", day(2), 8, 9, room), "before.ics").Want(t, http.StatusCreated)
	beside.answered("before.ics", "mailto:"+roomAddress, "ACCEPTED")
	beside.put(event("after", "collegue@bourg.example", day(2), 11, 12, []string{"/dav/principals/" + string(h.room) + "/"}), "after.ics").Want(t, http.StatusCreated)
	beside.answered("after.ics", "/dav/principals/"+string(h.room)+"/", "ACCEPTED")
	if body := beside.whenFree("collegue@bourg.example", "mailto:"+roomAddress); strings.Count(body, "2.0;Success") != 1 ||
		!strings.Contains(body, "FREEBUSY;FBTYPE=BUSY:"+day(2).Add(8*time.Hour).UTC().Format("20060102T150405Z")+"/"+day(2).Add(12*time.Hour).UTC().Format("20060102T150405Z")) {
		t.Errorf("when it is taken:\n%s", body)
	}

	// By its address and by its path it is one room.
	twice := []string{room[0], "/dav/principals/" + string(h.room) + "/"}
	beside.put(event("twice", "collegue@bourg.example", day(2), 14, 15, twice), "twice.ics").Want(t, http.StatusCreated)
	for _, name := range twice {
		beside.answered("twice.ics", name, "ACCEPTED")
	}

	// A client that says that it invites by itself, or what the room answers, changes nothing.
	lying := strings.Replace(string(event("lying", "collegue@bourg.example", day(2), 9, 10, room)), "ATTENDEE;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION", "ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=ACCEPTED", 1)
	beside.put([]byte(lying), "lying.ics").Want(t, http.StatusCreated)
	beside.answered("lying.ics", "mailto:"+roomAddress, "DECLINED")
}

// Whatever frees a room frees it: an event that is moved, deleted, called off or marked as free, and one
// that does without.
func TestARoomIsGivenBack(t *testing.T) {
	h := newHall(t)
	here, beside := diaryOf(h.Portal, t, "admin@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	other := event("other", "collegue@bourg.example", day(2), 9, 10, room)
	for what, change := range map[string]func(){
		"deleted": func() { here.ask("DELETE", here.home+"personal/e.ics", "").Want(t, http.StatusNoContent) },
		"moved": func() {
			here.put(event("e", "admin@bourg.example", day(2), 14, 15, room), "e.ics").Want(t, http.StatusNoContent)
		},
		"called off": func() {
			here.put(event("e", "admin@bourg.example", day(2), 9, 10, room, "STATUS:CANCELLED"), "e.ics").Want(t, http.StatusNoContent)
		},
		"free": func() {
			here.put(event("e", "admin@bourg.example", day(2), 9, 10, room, "TRANSP:TRANSPARENT"), "e.ics").Want(t, http.StatusNoContent)
		},
		"without": func() {
			here.put(event("e", "admin@bourg.example", day(2), 9, 10, []string{"mailto:redaction@bourg.example"}), "e.ics").Want(t, http.StatusNoContent)
		},
		"alone": func() {
			here.put([]byte(strings.Replace(string(event("e", "admin@bourg.example", day(2), 9, 10, nil)), "ORGANIZER:mailto:admin@bourg.example\r\n", "", 1)), "e.ics").Want(t, http.StatusNoContent)
		},
	} {
		here.put(event("e", "admin@bourg.example", day(2), 9, 10, room), "e.ics").Want(t, http.StatusCreated)
		here.answered("e.ics", "mailto:"+roomAddress, "ACCEPTED")
		change()
		beside.put(other, "other.ics").Want(t, http.StatusCreated)
		if got := answers(beside.get("personal/other.ics"), "mailto:"+roomAddress); got != "ACCEPTED" {
			t.Errorf("%s: the room is not free: %s", what, got)
		}
		beside.ask("DELETE", beside.home+"personal/other.ics", "").Want(t, http.StatusNoContent)
		here.ask("DELETE", here.home+"personal/e.ics", "")
		if n := h.taken(h.room); n != 0 {
			t.Errorf("%s: %d bookings are left", what, n)
		}
	}
}

// A meeting that is moved to where the room is taken loses it: nobody meets at the old time.
func TestAMoveIntoAClash(t *testing.T) {
	h := newHall(t)
	here, beside := diaryOf(h.Portal, t, "admin@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	here.put(event("e", "admin@bourg.example", day(2), 9, 10, room), "e.ics").Want(t, http.StatusCreated)
	beside.put(event("other", "collegue@bourg.example", day(2), 14, 15, room), "other.ics").Want(t, http.StatusCreated)
	here.put(event("e", "admin@bourg.example", day(2), 14, 15, room), "e.ics").Want(t, http.StatusNoContent)
	if text := here.answered("e.ics", "mailto:"+roomAddress, "DECLINED"); !strings.Contains(text, "réservation précédente est annulée") {
		t.Errorf("she is not told that the old booking is gone:\n%s", text)
	}
	beside.put(event("third", "collegue@bourg.example", day(2), 9, 10, room), "third.ics").Want(t, http.StatusCreated)
	beside.answered("third.ics", "mailto:"+roomAddress, "ACCEPTED")

	// What the room declined it does not take by surprise when another goes, but when it is asked again.
	beside.ask("DELETE", beside.home+"personal/other.ics", "").Want(t, http.StatusNoContent)
	kept := here.get("personal/e.ics")
	here.put([]byte(strings.Replace(kept, "SUMMARY:", "SUMMARY:Autre ", 1)), "e.ics").Want(t, http.StatusNoContent)
	here.answered("e.ics", "mailto:"+roomAddress, "DECLINED")
	here.put([]byte(strings.Replace(kept, "PARTSTAT=DECLINED", "PARTSTAT=NEEDS-ACTION", 1)), "e.ics").Want(t, http.StatusNoContent)
	here.answered("e.ics", "mailto:"+roomAddress, "ACCEPTED")
}

// A series has the room without the dates that others have; each is an exception that says why.
func TestASeriesWithoutSomeDates(t *testing.T) {
	h := newHall(t)
	here, beside := diaryOf(h.Portal, t, "admin@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	for _, week := range []int{3, 5} {
		beside.put(event(fmt.Sprint("w", week), "collegue@bourg.example", day(week), 9, 10, room), fmt.Sprint("w", week, ".ics")).Want(t, http.StatusCreated)
	}
	beside.put(event("next", "collegue@bourg.example", day(4), 10, 11, room), "next.ics").Want(t, http.StatusCreated)
	beside.put(event("last", "collegue@bourg.example", day(6), 8, 9, room), "last.ics").Want(t, http.StatusCreated)
	weekly := event("series", "admin@bourg.example", day(2), 9, 10, append([]string{"mailto:redaction@bourg.example"}, room...), "RRULE:FREQ=WEEKLY;COUNT=8")
	here.put(weekly, "series.ics").Want(t, http.StatusCreated)
	text := here.answered("series.ics", "mailto:"+roomAddress, "ACCEPTED DECLINED DECLINED")
	for _, week := range []int{3, 5} {
		if !strings.Contains(text, "RECURRENCE-ID;TZID=Europe/Paris:"+day(week).Format("20060102")+"T090000") {
			t.Errorf("week %d is no exception:\n%s", week, text)
		}
	}
	if n := h.taken(h.room); n != 10 {
		t.Errorf("%d bookings, want 6 and those of 4 others", n)
	}
	guest := diaryOf(h.Portal, t, "redaction@bourg.example", "bourg")
	if got := answers(guest.get("personal/series.ics"), "mailto:"+roomAddress); got != "ACCEPTED DECLINED DECLINED" {
		t.Errorf("who is invited is told %q", got)
	}

	// The client writes it back: nothing is decided again. One date that moves is.
	here.put([]byte(strings.Replace(text, "SUMMARY:", "SUMMARY:Autre ", 1)), "series.ics").Want(t, http.StatusNoContent)
	here.answered("series.ics", "mailto:"+roomAddress, "ACCEPTED DECLINED DECLINED")
	moved := strings.ReplaceAll(here.get("personal/series.ics"), "DTSTART;TZID=Europe/Paris:"+day(3).Format("20060102")+"T090000", "DTSTART;TZID=Europe/Paris:"+day(3).Format("20060102")+"T110000")
	moved = strings.ReplaceAll(moved, "DTEND;TZID=Europe/Paris:"+day(3).Format("20060102")+"T100000", "DTEND;TZID=Europe/Paris:"+day(3).Format("20060102")+"T120000")
	here.put([]byte(moved), "series.ics").Want(t, http.StatusNoContent)
	here.answered("series.ics", "mailto:"+roomAddress, "ACCEPTED ACCEPTED DECLINED")

	// More than half taken: it is for the organizer to find another time.
	beside.put(event("many", "collegue@bourg.example", day(20), 9, 10, room, "RRULE:FREQ=WEEKLY;COUNT=5"), "many.ics").Want(t, http.StatusCreated)
	here.put(event("most", "admin@bourg.example", day(20), 9, 10, room, "RRULE:FREQ=WEEKLY;COUNT=8"), "most.ics").Want(t, http.StatusCreated)
	if text := here.answered("most.ics", "mailto:"+roomAddress, "DECLINED"); !strings.Contains(text, "5 des 8 dates") {
		t.Errorf("why is not said:\n%s", text)
	}
	here.ask("DELETE", here.home+"personal/series.ics", "").Want(t, http.StatusNoContent)
	if n := h.taken(h.room); n != 9 {
		t.Errorf("%d bookings are left, want 9", n)
	}
}

// Days are those of the collectivity, whatever the zone of a calendar; a series without end is booked
// for two years, and further as time passes.
func TestDaysAndSeriesWithoutEnd(t *testing.T) {
	h := newHall(t)
	here, beside := diaryOf(h.Portal, t, "admin@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	whole := strings.NewReplacer("DTSTART;TZID=Europe/Paris:"+day(2).Format("20060102")+"T090000", "DTSTART;VALUE=DATE:"+day(2).Format("20060102"),
		"DTEND;TZID=Europe/Paris:"+day(2).Format("20060102")+"T100000", "DTEND;VALUE=DATE:"+day(2).AddDate(0, 0, 1).Format("20060102"))
	here.put([]byte(whole.Replace(string(event("day", "admin@bourg.example", day(2), 9, 10, room, "RRULE:FREQ=WEEKLY;COUNT=2")))), "day.ics").Want(t, http.StatusCreated)
	here.answered("day.ics", "mailto:"+roomAddress, "ACCEPTED")
	var starts, ends int64
	if err := h.DB.QueryRow(t.Context(), `SELECT MIN(starts), MIN(ends) FROM bookings WHERE collectivity = 'bourg'`).Scan(&starts, &ends); err != nil ||
		starts != day(2).UnixMilli() || ends != day(2).AddDate(0, 0, 1).UnixMilli() {
		t.Errorf("the day is %v to %v, %v", time.UnixMilli(starts), time.UnixMilli(ends), err)
	}
	beside.put(event("evening", "collegue@bourg.example", day(2), 22, 23, room), "evening.ics").Want(t, http.StatusCreated)
	beside.answered("evening.ics", "mailto:"+roomAddress, "DECLINED")
	beside.put(event("weekly", "collegue@bourg.example", day(3).AddDate(0, 0, 1), 9, 10, room, "RRULE:FREQ=WEEKLY"), "weekly.ics").Want(t, http.StatusCreated)
	beside.answered("weekly.ics", "mailto:"+roomAddress, "ACCEPTED")
	before := h.taken(h.room)
	if before < 100 || before > 108 {
		t.Errorf("%d bookings, want those of two years", before)
	}
	// As if it had been written a year ago: what is missing comes back, and somebody has one of the dates.
	year := time.Now().AddDate(1, 0, 0)
	var at int64
	err := h.DB.QueryRow(t.Context(), `SELECT MIN(starts) FROM bookings WHERE collectivity = 'bourg' AND uid = 'weekly' AND starts > $1`, year.UnixMilli()).Scan(&at)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`DELETE FROM bookings WHERE collectivity = 'bourg' AND uid = 'weekly' AND starts >= $1`,
		`UPDATE bookings SET goes_on = TRUE WHERE collectivity = 'bourg' AND uid = 'weekly' AND starts = (SELECT MAX(starts) FROM bookings WHERE collectivity = 'bourg' AND uid = 'weekly' AND starts < $1)`,
	} {
		if _, err := h.DB.Exec(t.Context(), text, at); err != nil {
			t.Fatal(err)
		}
	}
	clash := time.UnixMilli(at).In(day(0).Location())
	here.put(event("clash", "admin@bourg.example", clash, 9, 10, room), "clash.ics").Want(t, http.StatusCreated)
	here.answered("clash.ics", "mailto:"+roomAddress, "ACCEPTED")
	if err := h.Calendar.KeepBooked(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	beside.answered("weekly.ics", "mailto:"+roomAddress, "ACCEPTED DECLINED")
	if n := h.taken(h.room); n != before {
		t.Errorf("%d bookings, want %d", n, before)
	}
	if inbox := beside.lists("inbox/"); len(inbox) != 2 { // the evening, and the date that is lost
		t.Errorf("the organizer is told %v", inbox)
	}
}

// Who may not book is refused, whoever writes; a room that is withdrawn gives back what is to come, and
// tells who had it.
func TestWhoMayBookAndAWithdrawnRoom(t *testing.T) {
	h := newHall(t)
	administrator := h.Caller("admin@bourg.example", "bourg")
	bus := h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Address: "minibus@bourg.example", Groups: []portal.GroupID{"accueil"}})
	in, out := diaryOf(h.Portal, t, "agent@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	minibus := []string{"mailto:minibus@bourg.example"}
	out.put(event("out", "collegue@bourg.example", day(2), 9, 10, minibus), "out.ics").Want(t, http.StatusCreated)
	if text := out.answered("out.ics", minibus[0], "DECLINED"); !strings.Contains(text, "d’autres groupes") {
		t.Errorf("why is not said:\n%s", text)
	}
	out.put(event("outs", "collegue@bourg.example", day(2), 9, 10, minibus, "RRULE:FREQ=WEEKLY;COUNT=5"), "outs.ics").Want(t, http.StatusCreated)
	if text := out.answered("outs.ics", minibus[0], "DECLINED"); strings.Contains(text, "dates") {
		t.Errorf("why is not said:\n%s", text)
	}
	in.put(event("in", "agent@bourg.example", day(2), 9, 10, append(minibus, room...)), "in.ics").Want(t, http.StatusCreated)
	in.answered("in.ics", minibus[0], "ACCEPTED")

	if _, err := h.Booking.SetActive(t.Context(), administrator, bus, false, ""); err != nil {
		t.Fatal(err)
	}
	if text := in.answered("in.ics", minibus[0], "DECLINED"); !strings.Contains(text, "n’est plus proposée") {
		t.Errorf("why is not said:\n%s", text)
	}
	in.answered("in.ics", room[0], "ACCEPTED")
	if n := h.taken(bus); n != 0 || len(in.lists("inbox/")) != 1 {
		t.Errorf("%d bookings are left, the inbox has %v", n, in.lists("inbox/"))
	}
	in.put(event("again", "agent@bourg.example", day(3), 9, 10, minibus), "again.ics").Want(t, http.StatusCreated)
	in.answered("again.ics", minibus[0], "DECLINED")
}

// What an import brings books nothing; the pages do as phones do, and take it back by an undo.
func TestOtherDoors(t *testing.T) {
	h := newHall(t)
	caller := h.Caller("admin@bourg.example", "bourg")
	personal := calendar.CalendarID(caller.Agent)
	imported := event("old", "admin@bourg.example", day(2), 9, 10, room)
	if _, err := h.Calendar.Put(t.Context(), caller, personal, "old.ics", imported, calendar.Condition{Quiet: true}); err != nil {
		t.Fatal(err)
	}
	if n := h.taken(h.room); n != 0 {
		t.Errorf("an import has booked the room %d times", n)
	}
	w, err := h.Calendar.Put(t.Context(), caller, personal, "e.ics", event("e", "admin@bourg.example", day(2), 9, 10, room), calendar.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	undo, err := h.Calendar.Remove(t.Context(), caller, calendar.Target{Event: w.ID})
	if err != nil || h.taken(h.room) != 0 {
		t.Fatal(h.taken(h.room), err)
	}
	beside := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	beside.put(event("quick", "collegue@bourg.example", day(2), 9, 10, room), "quick.ics").Want(t, http.StatusCreated)
	if _, err := h.Calendar.Undo(t.Context(), caller, undo); err != nil {
		t.Fatal(err)
	}
	diaryOf(h.Portal, t, "admin@bourg.example", "bourg").answered("e.ics", room[0], "DECLINED")
	if n := h.taken(h.room); n != 1 {
		t.Errorf("%d bookings", n)
	}
}

// Fifty people ask for one room at one time, by PUT: one has it, 49 are told that it is taken, and
// nobody's PUT fails.
func TestFiftyRaceForOneRoom(t *testing.T) {
	h := newHall(t)
	const people, rounds = 50, 6
	clients := make([]diary, 0, people)
	for i := range people {
		login := fmt.Sprint("racer", i, "@bourg.example")
		h.Hire(servertest.Person{Login: login, GivenName: "Agent", FamilyName: fmt.Sprint(i), Collectivities: []portal.CollectivityID{"bourg"}})
		clients = append(clients, diaryOf(h.Portal, t, login, "bourg"))
	}
	for round := range rounds {
		uid, at := fmt.Sprint("race", round), day(2+round)
		var wait sync.WaitGroup
		status := make([]int, people)
		for i, d := range clients {
			wait.Go(func() {
				status[i] = d.put(event(fmt.Sprint(uid, "-", i), fmt.Sprint("racer", i, "@bourg.example"), at, 9, 10, room), uid+".ics").Status
			})
		}
		wait.Wait()
		accepted, declined := 0, 0
		for i, d := range clients {
			if status[i] != http.StatusCreated {
				t.Errorf("round %d: the PUT of %d is answered %d", round, i, status[i])
				continue
			}
			switch answers(d.get("personal/"+uid+".ics"), room[0]) {
			case "ACCEPTED":
				accepted++
			case "DECLINED":
				declined++
			}
		}
		if accepted != 1 || declined != people-1 {
			t.Errorf("round %d: %d accepted, %d declined", round, accepted, declined)
		}
	}
	if n := h.taken(h.room); n != rounds {
		t.Errorf("%d bookings after %d rounds", n, rounds)
	}
}

// Two rooms in opposite orders: nobody waits for ever, and nobody has half of what another has.
func TestTwoRoomsInOppositeOrders(t *testing.T) {
	h := newHall(t)
	second := h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des mariages", Address: "mariages@bourg.example"})
	both := []string{room[0], "mailto:mariages@bourg.example"}
	here, beside := diaryOf(h.Portal, t, "admin@bourg.example", "bourg"), diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	for round := range 20 {
		name, at := fmt.Sprint("r", round, ".ics"), day(2+round)
		var wait sync.WaitGroup
		wait.Go(func() {
			here.put(event("a"+name, "admin@bourg.example", at, 9, 10, both), name).Want(t, http.StatusCreated)
		})
		wait.Go(func() {
			beside.put(event("b"+name, "collegue@bourg.example", at, 9, 10, []string{both[1], both[0]}), name).Want(t, http.StatusCreated)
		})
		wait.Wait()
		got := answers(here.get("personal/"+name), both[0]) + answers(here.get("personal/"+name), both[1]) +
			answers(beside.get("personal/"+name), both[0]) + answers(beside.get("personal/"+name), both[1])
		if got != "ACCEPTEDACCEPTEDDECLINEDDECLINED" && got != "DECLINEDDECLINEDACCEPTEDACCEPTED" {
			t.Errorf("round %d: %s", round, got)
		}
	}
	if h.taken(h.room) != 20 || h.taken(second) != 20 {
		t.Errorf("%d and %d bookings", h.taken(h.room), h.taken(second))
	}
}

// Rooms and other resources are principals: clients find them by their name, their address and their
// sort, and know what they invite.
func TestResourcesAreFoundByClients(t *testing.T) {
	h := newHall(t)
	bus := h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Place: "Garage"})
	here := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	path := "/dav/principals/" + string(h.room) + "/"
	props := `<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:displayname/><D:resourcetype/><C:calendar-user-type/><C:calendar-user-address-set/><C:calendar-home-set/></D:prop></D:propfind>`
	body := here.ask("PROPFIND", path, props, "Depth", "0").Want(t, http.StatusMultiStatus).Body
	for _, part := range []string{"<D:displayname>Salle du conseil<", "<C:calendar-user-type>ROOM<", "<D:href>mailto:" + roomAddress + "<", "<D:href>" + path + "<", "<D:principal/>"} {
		if !strings.Contains(body, part) {
			t.Errorf("the principal lacks %q:\n%s", part, body)
		}
	}
	for text, found := range map[string][]booking.ResourceID{
		"conseil": {h.room}, roomAddress: {h.room}, "mailto:" + roomAddress: {h.room}, "ROOM": {h.room}, "RESOURCE": {bus}, "minib": {bus}, "nothing": nil,
	} {
		body := here.search(text)
		for _, id := range []booking.ResourceID{h.room, bus} {
			if got, want := strings.Contains(body, "/dav/principals/"+string(id)+"/"), strings.Contains(fmt.Sprint(found), string(id)); got != want {
				t.Errorf("%q finds %s: %v, want %v", text, id, got, want)
			}
		}
	}
	both := here.ask("REPORT", "/dav/principals/", `<D:principal-property-search xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
		<D:property-search><D:prop><C:calendar-user-type/></D:prop><D:match match-type="equals">ROOM</D:match></D:property-search>
		<D:property-search><D:prop><D:displayname/></D:prop><D:match>mini</D:match></D:property-search>
		<D:prop><D:displayname/></D:prop></D:principal-property-search>`, "Depth", "0").Want(t, http.StatusMultiStatus).Body
	if strings.Contains(both, "Minibus") || strings.Contains(both, "Salle") {
		t.Errorf("a room of that name is found:\n%s", both)
	}
}

// What a colleague who left had booked follows her agenda: who has it now gives the room back, or moves
// it, though she does not invite to it herself.
func TestABookingFollowsItsAgenda(t *testing.T) {
	h := newHall(t)
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	for _, uid := range []string{"kept", "moved", "deleted"} {
		at := map[string]int{"kept": 9, "moved": 11, "deleted": 14}[uid]
		here.put(event(uid, "agent@bourg.example", day(2), at, at+1, room), uid+".ics").Want(t, http.StatusCreated)
	}
	_, successor := leaver(t, h.Portal, 3)
	pass(t, h.Portal)
	step(t, h.Portal)
	beside := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	var path string
	for _, href := range regexp.MustCompile(`<D:href>([^<]+-personal/)</D:href>`).FindAllStringSubmatch(beside.ask("PROPFIND", beside.home, "", "Depth", "1").Body, -1) {
		path = href[1]
	}
	if path == "" || successor.Agent == "" {
		t.Fatal("she has no agenda of who left")
	}
	beside.ask("DELETE", path+"deleted.ics", "").Want(t, http.StatusNoContent)
	text := beside.ask("GET", path+"moved.ics", "").Want(t, http.StatusOK).Body
	beside.ask("PUT", path+"moved.ics", strings.NewReplacer("T110000", "T160000", "T120000", "T170000").Replace(text)).Want(t, http.StatusNoContent)
	other := diaryOf(h.Portal, t, "redaction@bourg.example", "bourg")
	for hour, want := range map[int]string{9: "DECLINED", 11: "ACCEPTED", 14: "ACCEPTED", 16: "DECLINED"} {
		uid := fmt.Sprint("at", hour)
		other.put(event(uid, "redaction@bourg.example", day(2), hour, hour+1, room), uid+".ics").Want(t, http.StatusCreated)
		other.answered(uid+".ics", room[0], want)
	}
	beside.ask("DELETE", path+"moved.ics", "").Want(t, http.StatusNoContent)
	beside.ask("DELETE", path+"kept.ics", "").Want(t, http.StatusNoContent)
	if n := h.taken(h.room); n != 2 {
		t.Errorf("%d bookings are left, want those of 2 others", n)
	}
}

// An administrator keeps resources on pages; the journal tells what she did, and two who change one at
// once are told.
func TestAdministratorsKeepResources(t *testing.T) {
	h := newHall(t)
	administrator := h.As("admin@bourg.example")
	page := func() string { return administrator.Get("/admin/resources").Want(t, http.StatusOK).Body }
	if !strings.Contains(page(), "Salle du conseil") {
		t.Error("the room is not listed")
	}
	for what, fields := range map[string][]string{
		"no name":          {"name", " ", "kind", "room"},
		"no kind":          {"name", "Minibus", "kind", "plane"},
		"seats":            {"name", "Minibus", "kind", "vehicle", "seats", "beaucoup"},
		"no address":       {"name", "Minibus", "kind", "vehicle", "address", "minibus"},
		"address of one":   {"name", "Minibus", "kind", "vehicle", "address", "Salle@bourg.example"},
		"address of agent": {"name", "Minibus", "kind", "vehicle", "address", "agent@bourg.example"},
		"group of nobody":  {"name", "Minibus", "kind", "vehicle", "group", "ghosts"},
	} {
		if body := administrator.Post("/admin/resources", fields...).Want(t, http.StatusUnprocessableEntity).Body; !strings.Contains(body, `aria-invalid="true"`) && what != "group of nobody" {
			t.Errorf("%s: no field is marked:\n%s", what, body)
		}
	}
	administrator.Post("/admin/resources", "name", "Minibus", "kind", "vehicle", "seats", "9", "address", "Minibus@bourg.example", "group", "accueil").Want(t, http.StatusSeeOther)
	link := regexp.MustCompile(`/admin/resources/[a-z0-9]{16}`).FindString(page())
	form := administrator.Get(link).Want(t, http.StatusOK).Body
	seen := regexp.MustCompile(`name="seen" value="(\d+)"`).FindStringSubmatch(form)[1]
	if !strings.Contains(form, `value="minibus@bourg.example"`) || !strings.Contains(form, `value="accueil" checked`) {
		t.Errorf("the form:\n%s", form)
	}
	changed := []string{"name", "Minibus 9 places", "kind", "vehicle", "address", "minibus@bourg.example", "seen", seen}
	administrator.Post(link, changed...).Want(t, http.StatusSeeOther)
	if body := administrator.Post(link, changed...).Want(t, http.StatusConflict).Body; !strings.Contains(body, "entre-temps") || !strings.Contains(body, "Minibus 9 places") {
		t.Errorf("she is not told that it changed:\n%s", body)
	}
	administrator.Post(link+"/withdraw").Want(t, http.StatusSeeOther)
	if strings.Contains(page(), link) || !strings.Contains(administrator.Get("/admin/resources?state=withdrawn&q=places").Body, link) {
		t.Error("what is withdrawn is listed among the others, or nowhere")
	}
	administrator.Post(link+"/restore").Want(t, http.StatusSeeOther)
	var told []string
	lines, _, err := h.Journal.Lines(t.Context(), h.Caller("admin@bourg.example", "bourg"), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if strings.HasPrefix(string(line.Action), "resource.") && strings.HasPrefix(line.Object, "Minibus") {
			told = append(told, string(line.Action))
		}
	}
	want := []string{"resource.restored", "resource.withdrawn", "resource.changed", "resource.audience", "resource.created", "resource.audience"}
	if !slices.Equal(told, want) {
		t.Errorf("the journal tells %v, want %v", told, want)
	}
	h.As("agent@bourg.example").Get("/admin/resources").Want(t, http.StatusNotFound)
}
