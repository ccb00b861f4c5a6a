package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// french are the words of a French reader.
func (h *hall) french() *i18n.Printer {
	h.t.Helper()
	catalogue, err := i18n.Load(booking.Locales)
	if err != nil {
		h.t.Fatal(err)
	}
	return catalogue.Printer(i18n.French)
}

// What the rules of a room refuse is refused at the PUT, with what to do; of a series each date alone.
func TestARoomKeepsItsRules(t *testing.T) {
	h := newHall(t)
	hours := booking.Hours{}
	for day := time.Monday; day <= time.Friday; day++ {
		hours[day] = []booking.Range{{From: 480, Until: 720}, {From: 840, Until: 1080}}
	}
	closed := day(4).Format(time.DateOnly)
	id := h.add("bourg", booking.Resource{
		Kind: booking.Room, Name: "Salle réglée", Address: "reglee@bourg.example", Hours: hours, Longest: 3 * time.Hour, Ahead: 100, Notice: 48 * time.Hour,
		Closings: []booking.Closing{{First: closed, Last: closed, Reason: "Travaux"}},
	})
	ruled := []string{"mailto:reglee@bourg.example"}
	here := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	n := 0
	refused := func(at time.Time, from, until int, why string, more ...string) string {
		t.Helper()
		n++
		uid := fmt.Sprint("rule", n)
		here.put(event(uid, "collegue@bourg.example", at, from, until, ruled, more...), uid+".ics").Want(t, http.StatusCreated)
		want := "DECLINED"
		if why == "" {
			want = "ACCEPTED"
		}
		text := strings.ReplaceAll(here.get("personal/"+uid+".ics"), "\r\n ", "")
		if got := answers(text, ruled[0]); got != want && len(more) == 0 || !strings.Contains(text, why) {
			t.Errorf("%s: the room answers %q, want %q and %q:\n%s", uid, got, want, why, text)
		}
		here.ask("DELETE", here.home+"personal/"+uid+".ics", "").Want(t, http.StatusNoContent)
		return text
	}
	refused(day(2), 9, 11, "")
	refused(day(2), 12, 15, "Horaires d’ouverture le lundi")
	refused(day(2), 12, 15, "de 8\u00a0h à 12\u00a0h et de 14\u00a0h à 18\u00a0h")
	refused(day(2), 8, 12, "pour 3\u00a0h au plus")
	refused(day(2).AddDate(0, 0, 6), 9, 10, "Jours d’ouverture\u00a0: lundi, mardi, mercredi, jeudi et vendredi")
	refused(day(4), 9, 10, "(Travaux)")
	refused(day(20), 9, 10, "au plus tard")
	refused(day(0).AddDate(0, 0, int(time.Now().In(day(0).Location()).Weekday()+6)%7+1), 9, 10, "2\u00a0jours à l’avance")
	text := refused(day(2), 9, 10, "(Travaux)", "RRULE:FREQ=WEEKLY;COUNT=6")
	if got := answers(text, ruled[0]); got != "ACCEPTED DECLINED" {
		t.Errorf("the series is answered %q:\n%s", got, text)
	}
	refused(day(2), 9, 10, "dates ne sont pas possibles", "RRULE:FREQ=DAILY;COUNT=200")
	h.As("collegue@bourg.example").Post("/calendar/guests", h.meeting("collegue@bourg.example", "11:00", "14:00", "do", "rooms")...).
		Want(t, http.StatusOK, "Horaires d’ouverture le lundi")
	if left := h.taken(id); left != 0 {
		t.Errorf("%d bookings are left", left)
	}

	h.add("bourg", booking.Resource{Kind: booking.Equipment, Name: "Sono", Address: "sono@bourg.example", HolidaysOff: true})
	sono := []string{"mailto:sono@bourg.example"}
	christmas := time.Date(day(2).Year()+1, 12, 25, 0, 0, 0, 0, day(2).Location())
	here.put(event("noel", "collegue@bourg.example", christmas, 9, 10, sono), "noel.ics").Want(t, http.StatusCreated)
	if text := here.answered("noel.ics", sono[0], "DECLINED"); !strings.Contains(strings.ReplaceAll(text, "\r\n ", ""), "(Noël)") {
		t.Errorf("the holiday is not said:\n%s", text)
	}
	here.put(event("eve", "collegue@bourg.example", christmas.AddDate(0, 0, -1), 9, 10, sono), "eve.ics").Want(t, http.StatusCreated)
	here.answered("eve.ics", sono[0], "ACCEPTED")
}

// approvers make a room whose bookings an agent accepts, and name it as a guest.
func (h *hall) approved(people ...portal.Subject) (id booking.ResourceID, guest []string) {
	h.t.Helper()
	id = h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des fêtes", Address: "fetes@bourg.example", Approval: true, Approvers: people})
	return id, []string{"mailto:fetes@bourg.example"}
}

func (h *hall) subject(login string) portal.Subject {
	return portal.Subject{Kind: portal.TheAgent, ID: string(h.Caller(login, "bourg").Agent)}
}

// request is what waits for somebody in À traiter.
func (h *hall) request(login string) string {
	h.t.Helper()
	page := h.As(login).Get("/todo").Want(h.t, http.StatusOK).Body
	found := regexp.MustCompile(`/todo/do/bourg/bookings/([a-z0-9]+)/accept`).FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return found[1]
}

// A booking that somebody is to accept holds its time meanwhile; accepted or refused, its event says so and
// its organizer is told; an answer is taken back within the hour.
func TestABookingIsApproved(t *testing.T) {
	h := newHall(t)
	id, guest := h.approved(h.subject("redaction@bourg.example"))
	here, beside := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg"), diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("fete", "collegue@bourg.example", day(2), 9, 10, guest), "fete.ics").Want(t, http.StatusCreated)
	if text := here.answered("fete.ics", guest[0], "TENTATIVE"); !strings.Contains(text, "En attente de validation") {
		t.Errorf("she is not told that it waits:\n%s", text)
	}
	beside.put(event("other", "agent@bourg.example", day(2), 9, 10, guest), "other.ics").Want(t, http.StatusCreated)
	beside.answered("other.ics", guest[0], "DECLINED")

	for _, login := range []string{"agent@bourg.example", "admin@bourg.example", "collegue@bourg.example"} {
		if h.request(login) != "" {
			t.Errorf("%s is asked to accept it", login)
		}
	}
	asked := h.request("redaction@bourg.example")
	approver := h.As("redaction@bourg.example")
	page := approver.Get("/todo").Want(t, http.StatusOK, "Salle des fêtes", "Noé Martin", "Réunion secrète de fete").Body
	if asked == "" {
		t.Fatalf("nothing waits:\n%s", page)
	}
	h.As("agent@bourg.example").Post("/todo/do/bourg/bookings/"+asked+"/accept").Want(t, http.StatusNotFound)
	h.As("admin@agglo.example").Post("/todo/do/bourg/bookings/"+asked+"/accept").Want(t, http.StatusNotFound)
	approver.Post("/todo/do/bourg/bookings/"+asked+"/refuse").Want(t, http.StatusUnprocessableEntity)
	approver.Post("/todo/do/bourg/bookings/"+asked+"/accept").Want(t, http.StatusSeeOther)
	here.answered("fete.ics", guest[0], "ACCEPTED")
	inbox := here.lists("inbox/")
	if len(inbox) != 1 || !strings.Contains(here.get(inbox[0]), "PARTSTAT=ACCEPTED") {
		t.Errorf("the organizer is told %v", inbox)
	}
	approver.Post("/todo/do/bourg/bookings/"+asked+"/accept").Want(t, http.StatusSeeOther)
	approver.Get("/todo").Want(t, http.StatusOK, "déjà répondu")

	// She takes it back, and refuses.
	approver.Post("/todo/undo/bourg/bookings/"+asked).Want(t, http.StatusSeeOther)
	here.answered("fete.ics", guest[0], "TENTATIVE")
	approver.Post("/todo/do/bourg/bookings/"+asked+"/refuse", "reason", `Bal "des pompiers"`).Want(t, http.StatusSeeOther)
	if text := here.answered("fete.ics", guest[0], "DECLINED"); !strings.Contains(text, "refusée\u00a0: Bal") || strings.Contains(text, "précédente") {
		t.Errorf("why is not said:\n%s", text)
	}
	if n := h.taken(id); n != 0 {
		t.Errorf("%d bookings are left of what is refused", n)
	}

	// What is private is asked for without what for.
	here.put(event("intime", "collegue@bourg.example", day(5), 9, 10, guest, "CLASS:PRIVATE"), "intime.ics").Want(t, http.StatusCreated)
	if page := approver.Get("/todo").Want(t, http.StatusOK, "Noé Martin").Body; strings.Contains(page, "Réunion secrète") {
		t.Errorf("the title of what is private is told:\n%s", page)
	}
	here.ask("DELETE", here.home+"personal/intime.ics", "").Want(t, http.StatusNoContent)

	// Taken back while it is free, it waits again; once somebody else has it, it can't.
	approver.Post("/todo/undo/bourg/bookings/"+asked).Want(t, http.StatusSeeOther)
	here.answered("fete.ics", guest[0], "TENTATIVE")
	approver.Post("/todo/do/bourg/bookings/"+asked+"/refuse", "reason", "Non").Want(t, http.StatusSeeOther)
	here.answered("fete.ics", guest[0], "DECLINED")
	beside.put(event("third", "agent@bourg.example", day(2), 9, 10, guest), "third.ics").Want(t, http.StatusCreated)
	beside.answered("third.ics", guest[0], "TENTATIVE")
	approver.Post("/todo/undo/bourg/bookings/"+asked).Want(t, http.StatusSeeOther)
	here.answered("fete.ics", guest[0], "DECLINED")
	beside.answered("third.ics", guest[0], "TENTATIVE")
}

// An approver's own booking is accepted at once; another time of what was accepted is asked for anew, and what is
// renamed is not.
func TestWhatIsAskedAnew(t *testing.T) {
	h := newHall(t)
	_, guest := h.approved(portal.Subject{Kind: portal.TheGroup, ID: "accueil"})
	own := diaryOf(h.Portal, t, "redaction@bourg.example", "bourg")
	own.put(event("own", "redaction@bourg.example", day(3), 9, 10, guest), "own.ics").Want(t, http.StatusCreated)
	own.answered("own.ics", guest[0], "ACCEPTED")

	here := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	here.put(event("fete", "collegue@bourg.example", day(2), 9, 10, guest, "RRULE:FREQ=WEEKLY"), "fete.ics").Want(t, http.StatusCreated)
	here.answered("fete.ics", guest[0], "TENTATIVE DECLINED") // the approver has one of the dates
	asked := h.request("agent@bourg.example")
	h.As("agent@bourg.example").Post("/todo/do/bourg/bookings/"+asked+"/accept").Want(t, http.StatusSeeOther)
	h.As("redaction@bourg.example").Post("/todo/undo/bourg/bookings/"+asked).Want(t, http.StatusNotFound) // an approver too, but the answer is another's
	text := here.answered("fete.ics", guest[0], "ACCEPTED DECLINED")
	here.put([]byte(strings.ReplaceAll(text, "SUMMARY:", "SUMMARY:Autre ")), "fete.ics").Want(t, http.StatusNoContent)
	here.answered("fete.ics", guest[0], "ACCEPTED DECLINED")

	// As time passes the series goes on: nobody is asked again.
	if _, err := h.DB.Exec(t.Context(), `DELETE FROM bookings WHERE collectivity = 'bourg' AND uid = 'fete' AND starts > $1`, day(40).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if _, err := h.DB.Exec(t.Context(), `UPDATE bookings SET goes_on = TRUE WHERE collectivity = 'bourg' AND uid = 'fete' AND starts = (
		SELECT MAX(starts) FROM bookings WHERE collectivity = 'bourg' AND uid = 'fete')`); err != nil {
		t.Fatal(err)
	}
	if err := h.Calendar.KeepBooked(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	here.answered("fete.ics", guest[0], "ACCEPTED DECLINED")

	// One date that moves is asked for, and the others stay accepted.
	moved := string(event("fete", "collegue@bourg.example", day(4), 14, 15, guest, "RECURRENCE-ID;TZID=Europe/Paris:"+day(4).Format("20060102")+"T090000"))
	moved = moved[strings.Index(moved, "BEGIN:VEVENT"):]
	here.put([]byte(strings.Replace(here.get("personal/fete.ics"), "END:VCALENDAR\r\n", moved, 1)), "fete.ics").Want(t, http.StatusNoContent)
	if got := strings.Fields(answers(here.get("personal/fete.ics"), guest[0])); len(got) != 3 || got[0] != "ACCEPTED" || !slices.Contains(got, "TENTATIVE") {
		t.Errorf("a date that moves is answered %q", got)
	}

	here.put([]byte(strings.ReplaceAll(here.get("personal/fete.ics"), "T100000", "T103000")), "fete.ics").Want(t, http.StatusNoContent)
	if got := answers(here.get("personal/fete.ics"), guest[0]); !strings.HasPrefix(got, "TENTATIVE") {
		t.Errorf("another time is answered %q", got)
	}
	if h.request("agent@bourg.example") == "" {
		t.Error("nobody is asked")
	}
	here.ask("DELETE", here.home+"personal/fete.ics", "").Want(t, http.StatusNoContent)
	if h.request("agent@bourg.example") != "" {
		t.Error("what is deleted is still asked for")
	}
}

// When no approver is left administrators are asked; what nobody answers in time lapses; where nobody has to accept
// any more, what waits is accepted.
func TestWhoIsAskedAndUntilWhen(t *testing.T) {
	h := newHall(t)
	id, guest := h.approved(h.subject("redaction@bourg.example"))
	admin := h.Caller("admin@bourg.example", "bourg")
	here := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	here.put(event("fete", "collegue@bourg.example", day(2), 9, 10, guest), "fete.ics").Want(t, http.StatusCreated)
	if h.request("admin@bourg.example") != "" || h.request("redaction@bourg.example") == "" {
		t.Error("the approver is not asked, or not alone")
	}
	if err := h.Directory.CloseAgent(t.Context(), admin, h.Caller("redaction@bourg.example", "bourg").Agent, ""); err != nil {
		t.Fatal(err)
	}
	if h.request("admin@bourg.example") == "" {
		t.Error("nobody is asked since the approver left")
	}

	r, err := h.Booking.Resource(t.Context(), admin, id)
	if err != nil {
		t.Fatal(err)
	}
	r.Approval = false
	if err := h.Booking.Change(t.Context(), admin, r, ""); err != nil {
		t.Fatal(err)
	}
	here.answered("fete.ics", guest[0], "ACCEPTED")

	if r, err = h.Booking.Resource(t.Context(), admin, id); err != nil {
		t.Fatal(err)
	}
	r.Approval = true
	if err := h.Booking.Change(t.Context(), admin, r, ""); err != nil {
		t.Fatal(err)
	}
	here.answered("fete.ics", guest[0], "ACCEPTED")
	here.put(event("late", "collegue@bourg.example", day(-2), 9, 10, guest), "late.ics").Want(t, http.StatusCreated)
	here.put(event("soon", "collegue@bourg.example", day(3), 9, 10, guest), "soon.ics").Want(t, http.StatusCreated)
	if h.request("admin@bourg.example") == "" {
		t.Error("what is to come is not asked for")
	}
	// As if its day had passed.
	text := strings.ReplaceAll(here.get("personal/soon.ics"), day(3).Format("20060102"), day(-3).Format("20060102"))
	for query, args := range map[string][]any{
		`UPDATE calendar_objects SET octets = $1 WHERE uid = 'soon'`:    {[]byte(text)},
		`UPDATE bookings SET starts = $1, ends = $2 WHERE uid = 'soon'`: {day(-3).Add(9 * time.Hour).UnixMilli(), day(-3).Add(10 * time.Hour).UnixMilli()},
	} {
		if _, err := h.DB.Exec(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	if h.request("admin@bourg.example") != "" {
		t.Error("what is past is asked for")
	}
	if err := h.Calendar.KeepBooked(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	if text := here.answered("soon.ics", guest[0], "DECLINED"); !strings.Contains(text, "à temps") {
		t.Errorf("why is not said:\n%s", text)
	}
}

// Who waits for what is taken is offered it when it is given back, in the order in which they asked; meanwhile
// nobody else has it.
func TestWaitingForARoom(t *testing.T) {
	h := newHall(t)
	first, second := h.Caller("collegue@bourg.example", "bourg"), h.Caller("redaction@bourg.example", "bourg")
	start, end := day(2).Add(9*time.Hour), day(2).Add(10*time.Hour)
	wait := func(who portal.Caller, from, to time.Time) error {
		_, err := h.Booking.WaitFor(t.Context(), who, h.room, from, to, "Commission")
		return err
	}
	said := func(err error) string {
		var refused portal.UserError
		if !errors.As(err, &refused) {
			return fmt.Sprint(err)
		}
		return h.french().T(refused.Key, refused.Args...)
	}
	if got := said(wait(first, start, end)); !strings.Contains(got, "libre") {
		t.Errorf("she waits for what is free: %s", got)
	}
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("e", "agent@bourg.example", day(2), 8, 12, room), "e.ics").Want(t, http.StatusCreated)
	if got := said(wait(first, day(-2), day(-1))); !strings.Contains(got, "à venir") {
		t.Errorf("she waits for what is past: %s", got)
	}
	if err := wait(h.Caller("admin@agglo.example", "agglo"), start, end); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("agglo waits for a room of bourg: %v", err)
	}
	for _, who := range []portal.Caller{first, second} {
		if err := wait(who, start, end); err != nil {
			t.Fatal(said(err))
		}
	}
	if err := wait(second, end, end.Add(time.Hour)); err != nil {
		t.Fatal(said(err))
	}
	offered := func(login string) string {
		found := regexp.MustCompile(`/todo/do/bourg/freed/([a-z0-9]+)/take`).FindStringSubmatch(h.As(login).Get("/todo").Want(t, http.StatusOK).Body)
		if found == nil {
			return ""
		}
		return found[1]
	}
	if offered("collegue@bourg.example") != "" {
		t.Error("what is taken is offered")
	}
	here.put(event("e", "agent@bourg.example", day(2), 14, 15, room), "e.ics").Want(t, http.StatusNoContent)
	hers := offered("collegue@bourg.example")
	if hers == "" {
		t.Fatal("what became free is not offered to the first")
	}
	waits, err := h.Booking.MyWaits(t.Context(), second)
	if err != nil || len(waits) != 2 || !waits[0].Until.IsZero() || waits[1].Until.IsZero() {
		t.Errorf("the second waits for %+v, %v", waits, err)
	}
	here.put(event("quick", "agent@bourg.example", day(2), 9, 10, room), "quick.ics").Want(t, http.StatusCreated)
	if text := here.answered("quick.ics", room[0], "DECLINED"); !strings.Contains(text, "pour une personne qui l’attendait") {
		t.Errorf("why is not said:\n%s", text)
	}
	// She leaves it: the second has it, and takes it.
	h.As("collegue@bourg.example").Post("/todo/do/bourg/freed/"+hers+"/leave").Want(t, http.StatusSeeOther)
	if offered("collegue@bourg.example") != "" {
		t.Error("what she left is still kept for her")
	}
	theirs := offered("redaction@bourg.example")
	h.As("collegue@bourg.example").Post("/todo/do/bourg/freed/"+theirs+"/take").Want(t, http.StatusNotFound)
	h.As("redaction@bourg.example").Post("/todo/do/bourg/freed/"+theirs+"/take").Want(t, http.StatusSeeOther)
	var count int
	if err := h.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM bookings WHERE collectivity = 'bourg' AND holder = $1`, string(second.Agent)).Scan(&count); err != nil || count != 1 {
		t.Errorf("she has %d bookings, %v", count, err)
	}

	// What nobody takes in time goes on.
	if err := wait(first, day(2).Add(14*time.Hour), day(2).Add(15*time.Hour)); err != nil {
		t.Fatal(said(err))
	}
	here.ask("DELETE", here.home+"personal/e.ics", "").Want(t, http.StatusNoContent)
	if offered("collegue@bourg.example") == "" {
		t.Error("what is deleted is not offered")
	}
	if _, err := h.DB.Exec(t.Context(), `UPDATE booking_waits SET until = 1 WHERE collectivity = 'bourg' AND until > 0`); err != nil {
		t.Fatal(err)
	}
	if offered("collegue@bourg.example") != "" {
		t.Error("what was kept until now is kept")
	}
	if _, err := h.Booking.Sweep(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	if waits, err := h.Booking.MyWaits(t.Context(), first); err != nil || len(waits) != 0 {
		t.Errorf("she waits for %+v, %v", waits, err)
	}
}

// Two objects of one holder with one UID may have a room at one time, as while a client moves one: whoever asks is
// told of both.
func TestTwinsAreTold(t *testing.T) {
	h := newHall(t)
	nine := day(2).Add(9 * time.Hour)
	slot := func(from, until int) []booking.Slot {
		return []booking.Slot{{Start: nine.Add(time.Duration(from) * time.Minute), End: nine.Add(time.Duration(until) * time.Minute)}}
	}
	decide := func(event, uid string, holder portal.AgentID, slots []booking.Slot) (why string) {
		t.Helper()
		err := h.DB.Tx(t.Context(), func(tx *database.Tx) error {
			verdicts, err := h.Booking.Decide(t.Context(), tx, booking.Claim{
				Collectivity: "bourg", Event: event, UID: uid, Holder: holder, MaxSlots: 10, Wishes: []booking.Wish{{Resource: h.room, Slots: slots}},
			})
			if err == nil {
				why = verdicts[0].Why
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return why
	}
	her := h.Caller("agent@bourg.example", "bourg")
	for event, slots := range map[string][]booking.Slot{"long": slot(0, 240), "short": slot(120, 180)} {
		if why := decide(event, "one", her.Agent, slots); why != "" {
			t.Fatalf("%s is refused: %s", event, why)
		}
	}
	if why := decide("other", "other", her.Agent, slot(30, 60)); why == "" {
		t.Error("another event of hers has what is taken")
	}
	for name, c := range map[string]struct{ from, until, want int }{"before the short one": {30, 60, 1}, "in both": {130, 140, 2}, "after it": {200, 230, 1}, "later": {240, 300, 0}} {
		taken, err := h.Booking.Taken(t.Context(), "bourg", []booking.ResourceID{h.room}, nine.Add(time.Duration(c.from)*time.Minute), nine.Add(time.Duration(c.until)*time.Minute), "")
		if err != nil || len(taken[h.room]) != c.want {
			t.Errorf("%s: %v, %v, want %d", name, taken, err, c.want)
		}
	}
}

// What others booked is shown by who has it; what for only to those who may read it in her agenda, and to all where
// the resource says so, but for what is private.
func TestThePlanTellsNoTitle(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle ouverte", Address: "ouverte@bourg.example", TitlesPublic: true})
	secret := h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle cachée", Seers: []portal.Subject{{Kind: portal.TheGroup, ID: "accueil"}}})
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("closed", "agent@bourg.example", day(2), 9, 10, room), "closed.ics").Want(t, http.StatusCreated)
	here.put(event("shown", "agent@bourg.example", day(2), 9, 10, []string{"mailto:ouverte@bourg.example"}), "shown.ics").Want(t, http.StatusCreated)
	here.put(event("private", "agent@bourg.example", day(2), 11, 12, []string{"mailto:ouverte@bourg.example"}, "CLASS:PRIVATE"), "private.ics").Want(t, http.StatusCreated)
	here.put(event("hidden", "agent@bourg.example", day(2), 14, 15, []string{"/dav/principals/" + string(secret) + "/"}), "hidden.ics").Want(t, http.StatusCreated)
	told := func(login string) (all []string) {
		t.Helper()
		plan, err := h.Booking.Plan(t.Context(), h.Caller(login, "bourg"), nil, day(2), day(3))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range plan.Resources {
			for _, b := range plan.Bookings[r.ID] {
				all = append(all, fmt.Sprintf("%s %s%s %t", r.Name, b.Name, strings.TrimPrefix(b.Title, "Réunion secrète de"), b.Event != ""))
			}
		}
		for id := range plan.Bookings {
			if id == secret && login == "collegue@bourg.example" {
				t.Error("she is told when a room is taken that she does not see")
			}
		}
		return all
	}
	own := []string{"Salle cachée Zoé Petit hidden true", "Salle du conseil Zoé Petit closed true", "Salle ouverte Zoé Petit shown true", "Salle ouverte Zoé Petit private true"}
	want := map[string][]string{
		"agent@bourg.example":    own,
		"collegue@bourg.example": {"Salle du conseil Zoé Petit false", "Salle ouverte Zoé Petit shown false", "Salle ouverte Zoé Petit false"},
	}
	name := h.name("agent@bourg.example")
	for login, lines := range want {
		for i := range lines {
			lines[i] = strings.ReplaceAll(lines[i], "Zoé Petit", name)
		}
		if got := told(login); !slices.Equal(got, lines) {
			t.Errorf("%s is told %q, want %q", login, got, lines)
		}
	}
	her := h.Caller("agent@bourg.example", "bourg")
	if _, err := h.Calendar.Share(t.Context(), her, calendar.Share{Calendar: calendar.CalendarID(her.Agent), To: h.subject("collegue@bourg.example"), Level: calendar.LevelRead}, ""); err != nil {
		t.Fatal(err)
	}
	if got := told("collegue@bourg.example"); got[0] != "Salle du conseil "+name+" closed true" || got[2] != "Salle ouverte "+name+" false" {
		t.Errorf("who reads her agenda is told %q", got)
	}
	if _, err := h.Booking.Plan(t.Context(), her, nil, day(2), day(60)); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("a plan of a year: %v", err)
	}

	// Who does not see a room is told nothing of it at any door.
	out := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	path := "/dav/principals/" + string(secret) + "/"
	out.ask("PROPFIND", path, "", "Depth", "0").Want(t, http.StatusNotFound)
	if body := out.whenFree("collegue@bourg.example", path); strings.Contains(body, "BUSY:") || !strings.Contains(body, "3.7;") {
		t.Errorf("she is told when it is taken:\n%s", body)
	}
	out.put(event("try", "collegue@bourg.example", day(2), 8, 9, []string{path}), "try.ics").Want(t, http.StatusCreated)
	out.answered("try.ics", path, "DECLINED")
	lacks(t, h.As("collegue@bourg.example").Post("/calendar/guests", h.meeting("collegue@bourg.example", "10:00", "12:00", "do", "rooms")...).Body, "Salle cachée")
}

func (h *hall) name(login string) (name string) {
	h.t.Helper()
	err := h.DB.QueryRow(h.t.Context(), `SELECT given_name || ' ' || family_name FROM agents WHERE collectivity = 'bourg' AND id = $1`, string(h.Caller(login, "bourg").Agent)).Scan(&name)
	if err != nil {
		h.t.Fatal(err)
	}
	return name
}

// Something that fits is found: what is free first, then what will be, with when.
func TestSomethingFreeIsFound(t *testing.T) {
	h := newHall(t)
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Bureau", Seats: 6, Features: []string{"Écran"}})
	h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des fêtes", Seats: 180, Features: []string{"écran", "Cuisine"}, Longest: 30 * time.Minute})
	h.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Seats: 9})
	h.add("agglo", booking.Resource{Kind: booking.Room, Name: "Salle Loire", Seats: 50})
	caller := h.Caller("collegue@bourg.example", "bourg")
	nine := day(2).Add(9 * time.Hour)
	diaryOf(h.Portal, t, "agent@bourg.example", "bourg").put(event("e", "agent@bourg.example", day(2), 9, 11, room), "e.ics").Want(t, http.StatusCreated)
	find := func(need booking.Need) (all []string) {
		t.Helper()
		need.From, need.To = nine, nine.Add(time.Hour)
		found, err := h.Booking.Free(t.Context(), caller, h.french(), need)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range found {
			line := fmt.Sprint(one.Name, " ", one.Free)
			for _, next := range one.Next {
				line += next.Format(" 02/15h")
			}
			all = append(all, line)
		}
		return all
	}
	next := nine.Add(2 * time.Hour)
	taken := "Salle du conseil false" + next.Format(" 02/15h") + nine.AddDate(0, 0, 1).Format(" 02/15h") + nine.AddDate(0, 0, 2).Format(" 02/15h")
	for _, c := range []struct {
		need booking.Need
		want []string
	}{
		{booking.Need{Kind: booking.Room}, []string{"Bureau true", taken, "Salle des fêtes false"}},
		{booking.Need{Kind: booking.Room, Seats: 7}, []string{taken, "Salle des fêtes false"}},
		{booking.Need{Features: []string{"ecran"}}, []string{"Bureau true", "Salle des fêtes false"}},
		{booking.Need{Features: []string{"ecran", "cuisine"}}, []string{"Salle des fêtes false"}},
		{booking.Need{Text: "mini"}, []string{"Minibus true"}},
	} {
		if got := find(c.need); !slices.Equal(got, c.want) {
			t.Errorf("%+v finds %q, want %q", c.need, got, c.want)
		}
	}
	if _, err := h.Booking.Free(t.Context(), caller, nil, booking.Need{From: nine, To: nine}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("nothing at all: %v", err)
	}
}

// What an administrator writes in the form is kept, what is wrong is said at its field with all she typed, and the
// journal tells who sees a resource and who accepts its bookings.
func TestAllOfAResourceIsWritten(t *testing.T) {
	h := newHall(t)
	admin := h.As("admin@bourg.example")
	good := []string{
		"name", "Minibus", "kind", "vehicle", "place", "Dépôt", "seats", "9", "category", "Utilitaires", "description", "Clés à l’accueil.\r\nFaire le plein.",
		"features", "Attelage\r\n\r\nécran\r\nÉCRAN", "hours-1", "8h-12h 14h-18h", "hours-6", "9h-12h", "holidays", "1",
		"closed-from", "2027-08-02", "closed-to", "2027-08-06", "closed-why", "Révision", "closed-from", "", "closed-to", "", "closed-why", "",
		"longest", "1,5", "ahead", "90", "notice", "48", "see-group", "accueil", "see-add", "collegue@bourg.example", "titles", "1",
		"approval", "1", "approve-add", "redaction@bourg.example, AGENT@bourg.example", "plate", "ab-123-cd", "energy", "diesel", "odometer", "84 210",
		"inspection", "2027-05-31", "insured", "2027-12-31",
	}
	with := func(field, value string) []string {
		fields := slices.Clone(good)
		for i := 0; i < len(fields); i += 2 {
			if fields[i] == field {
				fields[i+1] = value
				return fields
			}
		}
		return append(fields, field, value)
	}
	for _, c := range [][3]string{
		{"hours-2", "le matin", "hours-2-error"},
		{"hours-1", "12h-8h", "hours-1-error"},
		{"longest", "beaucoup", "longest-error"},
		{"longest", "99999", "longest-error"},
		{"ahead", "-1", "ahead-error"},
		{"ahead", "1000", "ahead-error"},
		{"notice", "NaN", "notice-error"},
		{"closed-to", "2027-08-01", "Une fermeture finit avant de commencer"},
		{"closed-from", "demain", "Indiquez une date"},
		{"see-add", "nobody@bourg.example", "Aucun agent n’a l’adresse nobody@bourg.example"},
		{"approve-add", "admin@agglo.example", "Aucun agent n’a l’adresse"},
		{"approve-agent", "nobody", "n’existe plus"},
		{"approve-group", "nothing", "n’existe plus"},
		{"energy", "vapeur", "energy-error"},
		{"odometer", "9999999", "odometer-error"},
		{"inspection", "31/05/2027", "inspection-error"},
		{"features", strings.Repeat("x", 61), "features-error"},
		{"description", strings.Repeat("é", 4001), "description-error"},
		{"category", strings.Repeat("x", 81), "category-error"},
	} {
		page := admin.Post("/admin/resources", with(c[0], c[1])...).Want(t, http.StatusUnprocessableEntity, c[2]).Body
		for _, kept := range []string{`value="Minibus"`, "Faire le plein.", "Attelage", "Révision", `name="hours-6" value="9h-12h"`} {
			if !strings.Contains(page, kept) && c[0] != "features" && c[0] != "description" {
				t.Errorf("%s: %q is not kept", c[0], kept)
			}
		}
	}
	admin.Post("/admin/resources", good...).Want(t, http.StatusSeeOther)
	link := regexp.MustCompile(`/admin/resources/([a-z0-9]{16})[^/]*">Minibus`).FindStringSubmatch(admin.Get("/admin/resources").Want(t, http.StatusOK, "Utilitaires").Body)
	if link == nil {
		t.Fatal("it is not listed")
	}
	id := booking.ResourceID(link[1])
	r, err := h.Booking.Resource(t.Context(), h.Caller("admin@bourg.example", "bourg"), id)
	if err != nil {
		t.Fatal(err)
	}
	if r.Hours.String() != "mo 08:00-12:00 14:00-18:00\nsa 09:00-12:00" || !r.HolidaysOff || r.Longest != 90*time.Minute || r.Ahead != 90 || r.Notice != 48*time.Hour ||
		!slices.Equal(r.Features, []string{"Attelage", "écran"}) || len(r.Closings) != 1 || r.Closings[0].Reason != "Révision" || len(r.Seers) != 2 || len(r.Approvers) != 2 ||
		!r.Approval || !r.TitlesPublic || r.Vehicle != (booking.VehicleFacts{Plate: "AB-123-CD", Energy: "diesel", Odometer: 84210, Inspection: "2027-05-31", Insured: "2027-12-31"}) {
		t.Errorf("kept: %+v", r)
	}
	path := "/admin/resources/" + string(id)
	page := admin.Get(path).Want(t, http.StatusOK, `value="08:00-12:00 14:00-18:00"`, `value="1,5"`, "Noé Martin", `value="2027-08-02"`).Body
	seen := regexp.MustCompile(`name="seen" value="(\d+)"`).FindStringSubmatch(page)[1]
	admin.Post(path, "name", "Minibus", "kind", "room", "seen", seen, "plate", "AB-123-CD").Want(t, http.StatusSeeOther)
	if r, err = h.Booking.Resource(t.Context(), h.Caller("admin@bourg.example", "bourg"), id); err != nil || r.Vehicle != (booking.VehicleFacts{}) || len(r.Closings)+len(r.Seers) > 0 || !r.Hours.Always() {
		t.Errorf("a room has %+v, %v", r, err)
	}

	// A photograph is checked, scaled and shown to who sees the resource.
	admin.Upload(path+"/photo", "photo.png", strings.NewReader("no picture")).Want(t, http.StatusUnprocessableEntity, "n’est pas une photo lisible")
	admin.Upload(path+"/photo", "photo.png", bytes.NewReader(picture(t, 500))).Want(t, http.StatusSeeOther)
	photo := regexp.MustCompile(`/resources/[a-z0-9]+/photo\?side=384&amp;v=[0-9a-f]+`).FindString(admin.Get(path).Body)
	jpeg := h.As("collegue@bourg.example").Get(strings.ReplaceAll(photo, "&amp;", "&")).Want(t, http.StatusOK)
	if jpeg.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(jpeg.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("the photograph: %v", jpeg.Header)
	}
	h.As("admin@agglo.example").Get(strings.ReplaceAll(photo, "&amp;", "&")).Want(t, http.StatusNotFound)
	admin.Post(path+"/photo/remove").Want(t, http.StatusSeeOther)
	h.As("collegue@bourg.example").Get(strings.ReplaceAll(photo, "&amp;", "&")).Want(t, http.StatusNotFound)

	lines, _, err := h.Journal.Lines(t.Context(), h.Caller("admin@bourg.example", "bourg"), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, line := range slices.Backward(lines) {
		if line.Object == "Minibus" && told[string(line.Action)] == "" {
			told[string(line.Action)] = line.Detail
		}
	}
	if !strings.Contains(told["resource.seers"], "Noé Martin") || !strings.Contains(told["resource.approvers"], "Inès Roux") {
		t.Errorf("the journal tells %q", told)
	}
}
