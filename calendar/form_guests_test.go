package calendar

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// newMeetingDesk are the pages where people can be invited: claire and paul of bourg, and a letter
// reaches anybody else.
func newMeetingDesk(t *testing.T) (*desk, *meetingPlace) {
	d, m := newDesk(t), newMeetingPlace(t)
	d.store.Scheduling(m.people, m.post)
	m.Store = d.store
	return d, m
}

// hidden are the guests of a form as its page sends them back.
func hidden(addresses ...string) []string {
	var pairs []string
	for _, address := range addresses {
		pairs = append(pairs, "guest", address, "guest-name", "")
	}
	return append(pairs, "invites", "1")
}

// send posts a form whose fields may come several times.
func (d *desk) send(target, who string, status int, pairs ...string) (location, page string) {
	d.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	response := d.do("POST", target, who, form)
	page = body(d.t, response)
	if response.StatusCode != status {
		d.t.Fatalf("POST %s as %s: %d, want %d\n%s", target, who, response.StatusCode, status, page)
	}
	return response.Header.Get("Location"), page
}

func TestPeopleAreInvitedFromTheForm(t *testing.T) {
	d, m := newMeetingDesk(t)
	wants(t, d.get("/calendar/new", "claire"), `id="guests"`, "Inviter un ou une collègue")
	typed := fields("Budget", "2026-11-24", "invites", "1")

	_, page := d.send("/calendar/guests", "claire", http.StatusOK, append(slices.Clone(typed), "q", "petit", "do", "find")...)
	wants(t, page, `value="Budget"`, `value="Bureau 2"`, `name="in" value="paul"`, "Voirie")
	_, page = d.send("/calendar/guests", "claire", http.StatusOK, append(slices.Clone(typed), "q", "claire", "do", "find")...)
	wants(t, page, "Personne ne porte ce nom")
	_, page = d.send("/calendar/guests", "claire", http.StatusOK, append(slices.Clone(typed), "q", "petit", "in", "paul")...)
	wants(t, page, `name="guest" value="paul@bourg.example"`, `name="guest-name" value="Paul Petit"`)
	lacks(t, page, `name="q" type="search" value="petit"`)
	_, page = d.send("/calendar/guests", "claire", http.StatusUnprocessableEntity, append(slices.Clone(typed), "in", "zoe")...)
	wants(t, page, "plus dans l’annuaire", `value="Budget"`)

	pasted := append(slices.Clone(typed), "guest", "paul@bourg.example", "guest-name", "Paul Petit", "addresses", "Jean <jean@ailleurs.example>; nobody", "do", "addresses")
	_, page = d.send("/calendar/guests", "claire", http.StatusUnprocessableEntity, pasted...)
	write(t, "form-guests.html", page)
	wants(t, page, `href="#addresses"`, "«\u00a0nobody\u00a0» n’est pas une adresse", ">nobody</textarea>", `value="jean@ailleurs.example"`, `value="paul@bourg.example"`)
	_, page = d.send("/calendar/guests", "claire", http.StatusOK, append(slices.Clone(typed), append(hidden("paul@bourg.example", "jean@ailleurs.example"), "out", "paul@bourg.example")...)...)
	wants(t, page, `value="jean@ailleurs.example"`)
	lacks(t, page, `value="paul@bourg.example"`)
	if got := titles(t, d.store, d.agents["claire"]); got != nil || len(m.post.letters) != 0 {
		t.Fatalf("before anything is saved: %q, %d letters", got, len(m.post.letters))
	}

	_, page = d.send("/calendar/events", "claire", http.StatusUnprocessableEntity, append(slices.Clone(typed), "q", "petit")...)
	wants(t, page, `href="#q"`, "Choisissez une personne trouvée", `name="in" value="paul"`)
	_, page = d.send("/calendar/events", "claire", http.StatusUnprocessableEntity, append(slices.Clone(typed), append(hidden("paul@bourg.example"), "addresses", "jean@", "title", "")...)...)
	wants(t, page, `href="#addresses"`, `value="paul@bourg.example"`)

	saved := append(slices.Clone(typed), append(hidden("paul@bourg.example"), "optional", "paul@bourg.example", "addresses", "jean@ailleurs.example")...)
	location, _ := d.send("/calendar/events", "claire", http.StatusSeeOther, saved...)
	shown := d.get(location, "claire")
	wants(t, shown, "invitations et réservations envoyées", "paul@bourg.example", "présence facultative", "jean@ailleurs.example", "invitation par courriel", "2 sans réponse", "est annoncé aux invités")
	if m.has(m.paul) == "" || len(m.post.letters) != 1 {
		t.Errorf("paul has %q, %d letters", m.has(m.paul), len(m.post.letters))
	}
	theirs := d.get("/calendar/events/"+string(m.eventOf(m.paul)), "paul")
	lacks(t, theirs, "est annoncé aux invités")
	wants(t, theirs, "Serez-vous là")

	form := d.get(location+"/edit", "claire")
	wants(t, form, `name="guest" value="paul@bourg.example"`, `name="optional" value="paul@bourg.example" checked`, "sans réponse")
	lacks(t, d.get("/calendar/events/"+string(m.eventOf(m.paul))+"/edit", "paul"), `id="guests"`, `name="invites"`)
}

func TestAnswersThatComeWhileTheFormIsOpenAreKept(t *testing.T) {
	d, m := newMeetingDesk(t)
	location, _ := d.send("/calendar/events", "claire", http.StatusSeeOther, fields("Budget", "2026-11-24", hidden("paul@bourg.example")...)...)
	id := EventID(strings.TrimPrefix(location, "/calendar/events/"))
	opened := m.event(id)
	if err := m.AnswerEvent(t.Context(), m.paul, m.eventOf(m.paul), time.Time{}, Accepted); err != nil {
		t.Fatal(err)
	}
	again := fields("Budget primitif", "2026-11-24", append(hidden("paul@bourg.example"), "etag", opened.ETag, "tag", opened.ScheduleTag)...)
	d.send(location, "claire", http.StatusSeeOther, again...)
	wants(t, d.get(location, "claire"), "Budget primitif", "1 oui")
	// What somebody else changed of the event itself is shown, as ever.
	_, page := d.send(location, "claire", http.StatusConflict, again...)
	wants(t, page, "Quelqu’un a modifié", `value="paul@bourg.example"`)
}

func TestGuestsAreNobodyElsesToChange(t *testing.T) {
	d, m := newMeetingDesk(t)
	location, _ := d.send("/calendar/events", "claire", http.StatusSeeOther, fields("Budget", "2026-11-24", hidden("paul@bourg.example")...)...)
	for _, who := range []string{"paul", "stranger"} {
		d.send(location+"/guests", who, http.StatusNotFound, fields("x", "2026-11-24", hidden("jean@ailleurs.example")...)...)
		d.send(location, who, http.StatusNotFound, fields("x", "2026-11-24", hidden("jean@ailleurs.example")...)...)
	}
	theirs := "/calendar/events/" + string(m.eventOf(m.paul))
	d.send(theirs, "paul", http.StatusForbidden, fields("Budget", "2026-11-24", append(hidden("jean@ailleurs.example"), "etag", "")...)...)
	if len(m.post.letters) != 0 {
		t.Errorf("who is invited invited: %d letters", len(m.post.letters))
	}
	// The form of an event that is gone keeps what was typed.
	d.post(location+"/delete", "claire", http.StatusSeeOther, "next", "/calendar")
	_, page := d.send(location+"/guests", "claire", http.StatusNotFound, append(fields("Budget", "2026-11-24", hidden("paul@bourg.example", "jean@ailleurs.example")...), "etag", "x")...)
	wants(t, page, "n’existe plus", `value="jean@ailleurs.example"`)
}

func TestWhereNobodyInvitesNothingIsOffered(t *testing.T) {
	lacks(t, newDesk(t).get("/calendar/new", "claire"), `id="guests"`)
}

func TestAnEventThatOneOnlyReadsInvitesNobody(t *testing.T) {
	d, m := newMeetingDesk(t)
	editor := d.agents["claire"]
	editor.Rights = []portal.Right{portal.EditCalendars}
	common, err := m.CreateCalendar(t.Context(), editor, NewCalendar{Name: "Mairie", Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	id, err := m.CreateEvent(t.Context(), editor, Draft{Calendar: common.ID, Title: "Vœux", Start: time.Date(2026, 11, 24, 9, 0, 0, 0, paris)})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"/guests", "/times", ""} {
		d.send("/calendar/events/"+string(id)+step, "paul", http.StatusForbidden, fields("Vœux", "2026-11-24", hidden("jean@ailleurs.example")...)...)
	}
	d.agents["claire"] = editor
	lacks(t, d.get("/calendar/events/"+string(id)+"/edit", "claire"), `id="guests"`) // hers to write, and nobody's to invite from
	_, page := d.send("/calendar/events", "claire", http.StatusUnprocessableEntity, fieldsSet(fields("Vœux", "2026-11-24", hidden("jean@ailleurs.example")...), "calendar", string(common.ID))...)
	wants(t, page, `href="#calendar"`, "qui n’est à personne", `value="jean@ailleurs.example"`)
}

// TestAForgedFormOfManyGuestsIsRefusedAtOnce posts as many addresses as a form holds: nothing is lost, and
// nobody waits.
func TestAForgedFormOfManyGuestsIsRefusedAtOnce(t *testing.T) {
	var all strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&all, "a%d@b.fr ", i)
	}
	typed := all.String()
	form := guestForm{Addresses: typed}
	begun := time.Now()
	if err := form.addTyped(); err == nil || !strings.Contains(err.Error(), "guests-many") || form.Addresses != typed || len(form.Guests) != 0 {
		t.Errorf("%v, %d guests, %d of %d bytes kept", err, len(form.Guests), len(form.Addresses), len(typed))
	}
	for i := range 40_000 {
		form.add(Guest{Party: fmt.Sprintf("a%d@b.fr", i)})
	}
	if took := time.Since(begun); len(form.Guests) != MaxAttendees+1 || took > 5*time.Second {
		t.Errorf("%d guests in %v", len(form.Guests), took)
	}
}

func TestAForgedGuestWritesNoLineOfItsOwn(t *testing.T) {
	for party, well := range map[string]bool{
		principals + "k3v9m2p7q4r8s6t2/": true, principals + "claire/": true, "jean@ailleurs.example": true,
		principals: false, principals + "x/\r\nATTACH:http://a/": false, principals + "../x/": false, principals + "X y/": false, "": false,
	} {
		if key, _ := (&Guests{All: []Guest{{Party: party}}}).check(); (key == "") != well {
			t.Errorf("%q: %q", party, key)
		}
	}
	event := ical.NewComponent(ical.CompEvent)
	event.Props.Add(&ical.Prop{Name: ical.PropSummary, Value: "a\r\nATTACH:b\nc"})
	if text := string(encode(event)); !strings.Contains(text, "SUMMARY:a ATTACH:b c\r\n") {
		t.Errorf("%q", text)
	}
}
