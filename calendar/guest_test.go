package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

func TestAddressesAreReadAsTheyArePasted(t *testing.T) {
	jean, marie := Guest{Party: "jean@x.fr", Name: "Jean Petit"}, Guest{Party: "marie@x.fr"}
	for _, c := range []struct {
		text   string
		want   []Guest
		unread []string
	}{
		{"", nil, nil},
		{" ;\n, ", nil, nil},
		{"Jean Petit <Jean@X.fr>; marie@x.fr", []Guest{jean, marie}, nil},
		{"Jean Petit <jean@x.fr>\r\nmarie@x.fr\n", []Guest{jean, marie}, nil},
		{"marie@x.fr JEAN@x.fr, marie@x.fr", []Guest{marie, {Party: "jean@x.fr"}}, nil},
		{`"Petit, Jean" <jean@x.fr>, mailto:marie@x.fr`, []Guest{{Party: "jean@x.fr", Name: "Petit, Jean"}, marie}, nil},
		{"Petit, Jean <jean@x.fr>", []Guest{{Party: "jean@x.fr", Name: "Petit, Jean"}}, nil},
		{"<marie@x.fr>", []Guest{marie}, nil},
		{"jean", nil, []string{"jean"}},
		{"jean, marie@x.fr", []Guest{{Party: "marie@x.fr", Name: "jean,"}}, nil},
		{"jean; marie@x.fr", []Guest{marie}, []string{"jean"}},
		{"Jean <jean@x.fr; marie@x.fr", []Guest{marie}, []string{"Jean <jean@x.fr"}},
		{"jean@nowhere", nil, []string{"jean@nowhere"}},
		{"Jean\x00\"P\" <jean@x.fr>", []Guest{{Party: "jean@x.fr", Name: "Jean P"}}, nil},
		{"jérôme@mairie-évry.fr", []Guest{{Party: "jérôme@xn--mairie-vry-h7a.fr"}}, nil},
	} {
		found, unread := readAddresses(c.text)
		if diff := cmp.Diff(c.want, found); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.text, diff)
		}
		if diff := cmp.Diff(c.unread, unread); diff != "" {
			t.Errorf("%q unread (-want +got):\n%s", c.text, diff)
		}
	}
}

// Whatever is pasted, what is found can be written into an event and read back.
func FuzzReadAddresses(f *testing.F) {
	for _, seed := range []string{"Jean Petit <jean@x.fr>; marie@x.fr", `"Petit, Jean" <jean@x.fr>, Petit, Jean <j@x.fr>`, "a <b> c <d@e.fr", "mailto:a@b.fr\n\"<,;>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		begun := time.Now()
		found, _ := readAddresses(text)
		if time.Since(begun) > slow {
			t.Errorf("%d bytes took %v", len(text), time.Since(begun))
		}
		if len(found) == 0 || len(found) >= MaxAttendees {
			return
		}
		d := Draft{Title: "Point", Start: time.Date(2026, 11, 24, 9, 0, 0, 0, paris), Guests: &Guests{All: found, host: Person{Agent: "claire", Address: "claire@bourg.example"}}}
		if err := d.check(); err != nil {
			t.Fatalf("%v is found and refused: %v", found, err)
		}
		o, err := Parse(encode(d.object("u", begun)))
		if err != nil {
			t.Fatalf("%v can't be read back: %v", found, err)
		}
		for _, one := range found {
			if got := attendeesOf(o.items[0].component, one.Party); one.Party != "claire@bourg.example" && (len(got) != 1 || got[0].Params.Get("CN") != one.Name) {
				t.Errorf("%v became %v", one, got)
			}
		}
	})
}

// guests are a draft's, by their addresses; one that ends in "?" is optional.
func guests(addresses ...string) *Guests {
	all := &Guests{}
	for _, address := range addresses {
		party, optional := strings.CutSuffix(address, "?")
		all.All = append(all.All, Guest{Party: party, Optional: optional})
	}
	return all
}

func (m *meetingPlace) make(d Draft) Event {
	m.t.Helper()
	id, err := m.CreateEvent(m.t.Context(), m.claire, d)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.event(id)
}

func (m *meetingPlace) event(id EventID) Event {
	m.t.Helper()
	event, err := m.Event(m.t.Context(), m.claire, id)
	if err != nil {
		m.t.Fatal(err)
	}
	return event
}

func (m *meetingPlace) change(event Event, at time.Time, scope Scope, d Draft) Changed {
	m.t.Helper()
	changed, err := m.Change(m.t.Context(), m.claire, Target{Event: event.ID, ETag: m.event(event.ID).ETag, At: at, Scope: scope}, d)
	if err != nil {
		m.t.Fatal(err)
	}
	return changed
}

// asked is whom an event invites, at one instance or as a whole: "paul@bourg.example ACCEPTED".
func (m *meetingPlace) asked(id EventID, at time.Time) (all []string) {
	m.t.Helper()
	invited, err := m.Invited(m.t.Context(), m.claire, id, at)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, one := range invited.All {
		all = append(all, one.Address+" "+one.Answer)
	}
	return all
}

func weeklyAtNine(addresses ...string) Draft {
	return Draft{
		Calendar: "claire", Title: "Budget", Start: time.Date(2026, 11, 24, 9, 0, 0, 0, paris), End: time.Date(2026, 11, 24, 10, 0, 0, 0, paris),
		Repeat: Repeat{Every: Weekly}, Guests: guests(addresses...),
	}
}

func TestADraftInvitesAndTakesBack(t *testing.T) {
	m := newMeetingPlace(t)
	d := weeklyAtNine("paul@bourg.example", "anne@agglo.example?", "jean@ailleurs.example")
	d.Repeat = Repeat{}
	event := m.make(d)
	for _, text := range []string{"ORGANIZER;CN=Claire Morel:mailto:claire@bourg.example", "CN=Claire Morel;PARTSTAT=ACCEPTED", "ROLE=OPT-PARTICIPANT;RSVP=TRUE;SCHEDULE-STATUS=1.2:mailto:anne@agglo.example", "SCHEDULE-STATUS=1.1:mailto:jean@ailleurs.example"} {
		if got := m.has(m.claire); !strings.Contains(got, text) {
			t.Errorf("claire's event lacks %q:\n%s", text, got)
		}
	}
	if m.has(m.paul) == "" || m.has(m.anne) == "" || len(m.post.letters) != 1 {
		t.Fatalf("paul: %q, anne: %q, %d letters", m.has(m.paul), m.has(m.anne), len(m.post.letters))
	}
	if err := m.AnswerEvent(t.Context(), m.paul, m.eventOf(m.paul), time.Time{}, Accepted); err != nil {
		t.Fatal(err)
	}
	if after := m.event(event.ID); after.ETag == event.ETag || after.ScheduleTag != event.ScheduleTag {
		t.Errorf("an answer: ETag %s → %s, Schedule-Tag %s → %s", event.ETag, after.ETag, event.ScheduleTag, after.ScheduleTag)
	}
	d.Title, d.Guests = "Budget 2027", guests("paul@bourg.example?", "jean@ailleurs.example")
	m.change(event, time.Time{}, "", d)
	if got := m.asked(event.ID, time.Time{}); !slices.Equal(got, []string{"paul@bourg.example ACCEPTED", "jean@ailleurs.example NEEDS-ACTION"}) {
		t.Errorf("asked now: %v", got)
	}
	if got := m.has(m.anne); !strings.Contains(got, "STATUS:CANCELLED") {
		t.Errorf("anne, who was taken out, has\n%s", got)
	}
	if got := m.has(m.paul); !strings.Contains(got, "SUMMARY:Budget 2027") || !strings.Contains(got, "ROLE=OPT-PARTICIPANT") {
		t.Errorf("paul has\n%s", got)
	}
	d.Guests = nil
	d.Title = "Budget primitif"
	m.change(event, time.Time{}, "", d)
	if got := m.asked(event.ID, time.Time{}); len(got) != 2 {
		t.Errorf("a draft that says nothing of guests leaves %v", got)
	}
	d.Guests = guests()
	m.change(event, time.Time{}, "", d)
	if got := m.has(m.claire); strings.Contains(got, "ORGANIZER") || strings.Contains(got, "ATTENDEE") {
		t.Errorf("nobody is invited any more, and the event says\n%s", got)
	}
	if got := m.has(m.paul); !strings.Contains(got, "STATUS:CANCELLED") {
		t.Errorf("paul has\n%s", got)
	}
}

// eventOf is somebody's only event.
func (m *meetingPlace) eventOf(caller portal.Caller) EventID {
	m.t.Helper()
	entries, err := m.List(m.t.Context(), caller, personal(caller))
	if err != nil || len(entries) != 1 {
		m.t.Fatalf("%s has %d events, %v", caller.Agent, len(entries), err)
	}
	entry, err := m.Entry(m.t.Context(), caller, personal(caller), entries[0].Name)
	if err != nil {
		m.t.Fatal(err)
	}
	return entry.ID
}

func TestASeriesInvitesForOneDateForTheRestAndForAll(t *testing.T) {
	second := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	third := second.AddDate(0, 0, 7)
	onSecond := weeklyAtNine()
	onSecond.Start, onSecond.End = onSecond.Start.AddDate(0, 0, 7), onSecond.End.AddDate(0, 0, 7)
	t.Run("one", func(t *testing.T) {
		m := newMeetingPlace(t)
		event := m.make(weeklyAtNine())
		d := onSecond
		d.Guests = guests("paul@bourg.example")
		m.change(event, second, OneDate, d)
		if got := m.has(m.paul); !strings.Contains(got, "RECURRENCE-ID") || strings.Contains(got, "FREQ=WEEKLY") {
			t.Errorf("paul, asked to one date, has\n%s", got)
		}
		if got := m.asked(event.ID, third); got != nil {
			t.Errorf("asked to another date: %v", got)
		}
		d.Guests = guests()
		m.change(event, second, OneDate, d)
		if got := m.has(m.claire); strings.Contains(got, "ORGANIZER") {
			t.Errorf("nobody is invited any more:\n%s", got)
		}
	})
	t.Run("one of all", func(t *testing.T) {
		m := newMeetingPlace(t)
		event := m.make(weeklyAtNine("paul@bourg.example"))
		d := onSecond
		d.Guests = guests("paul@bourg.example", "anne@agglo.example")
		m.change(event, second, OneDate, d)
		whole := weeklyAtNine("jean@ailleurs.example")
		m.change(event, time.Time{}, "", whole)
		if got := m.asked(event.ID, second); !slices.Equal(got, []string{"anne@agglo.example NEEDS-ACTION", "jean@ailleurs.example NEEDS-ACTION"}) {
			t.Errorf("the date that differs asks %v", got)
		}
		if got := m.has(m.paul); !strings.Contains(got, "STATUS:CANCELLED") {
			t.Errorf("paul has\n%s", got)
		}
		if len(m.post.letters) != 1 {
			t.Errorf("%d letters", len(m.post.letters))
		}
	})
	t.Run("all from one", func(t *testing.T) {
		m := newMeetingPlace(t)
		event := m.make(weeklyAtNine())
		d := onSecond
		d.Guests = guests("paul@bourg.example")
		m.change(event, second, AllDates, d)
		if got := m.has(m.paul); !strings.Contains(got, "FREQ=WEEKLY") || strings.Contains(got, "RECURRENCE-ID") {
			t.Errorf("paul has\n%s", got)
		}
	})
	t.Run("following", func(t *testing.T) {
		m := newMeetingPlace(t)
		event := m.make(weeklyAtNine("paul@bourg.example"))
		if err := m.AnswerEvent(t.Context(), m.paul, m.eventOf(m.paul), time.Time{}, Accepted); err != nil {
			t.Fatal(err)
		}
		d := onSecond
		d.Start, d.End = d.Start.Add(2*time.Hour), d.End.Add(2*time.Hour)
		d.Guests = guests("paul@bourg.example", "anne@agglo.example")
		rest := m.change(event, second, Following, d)
		if got := m.asked(event.ID, time.Time{}); !slices.Equal(got, []string{"paul@bourg.example ACCEPTED"}) {
			t.Errorf("the dates before ask %v", got)
		}
		if got := m.asked(rest.Event, time.Time{}); !slices.Equal(got, []string{"paul@bourg.example NEEDS-ACTION", "anne@agglo.example NEEDS-ACTION"}) {
			t.Errorf("the dates after, at another hour, ask %v", got)
		}
		found, err := m.Instances(t.Context(), m.claire, second.Add(-time.Hour), second.Add(4*time.Hour))
		if err != nil || len(found) != 1 || found[0].Event != rest.Event {
			t.Errorf("on the date: %v, %v", found, err)
		}
	})
}

func TestWhoInvitesIsTheOwnerOfTheCalendar(t *testing.T) {
	m := newMeetingPlace(t)
	ctx := t.Context()
	d := weeklyAtNine("anne@agglo.example")
	// Paul keeps Claire's agenda: he invites in her name, himself too.
	if _, err := m.db.Exec(ctx, `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', 'claire', 'Claire', 'Morel', 'm', 0), ('bourg', 'paul', 'Paul', 'Petit', 'p', 0)`); err != nil {
		t.Fatal(err)
	}
	if _, err := m.CreateEvent(ctx, m.paul, d); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a colleague invites in her name: %v", err)
	}
	if _, err := m.Delegate(ctx, m.claire, Delegate{Agent: "paul", Writes: true}, ""); err != nil {
		t.Fatal(err)
	}
	d.Guests = guests("anne@agglo.example", "paul@bourg.example", "claire@bourg.example")
	id, err := m.CreateEvent(ctx, m.paul, d)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.asked(id, time.Time{}); !slices.Equal(got, []string{"anne@agglo.example NEEDS-ACTION", "paul@bourg.example NEEDS-ACTION"}) {
		t.Errorf("asked: %v", got)
	}
	if got := m.has(m.anne); !strings.Contains(got, "ORGANIZER;CN=Claire Morel:mailto:claire@bourg.example") {
		t.Errorf("anne is invited by\n%s", got)
	}
	// Who is invited changes no guests.
	var copied EventID
	if err := m.db.QueryRow(ctx, `SELECT o.id FROM calendar_objects o WHERE o.collectivity = 'agglo'`).Scan(&copied); err != nil {
		t.Fatal(err)
	}
	theirs := weeklyAtNine("jean@ailleurs.example")
	_, err = m.Change(ctx, m.anne, Target{Event: copied}, theirs)
	if !errors.Is(err, portal.ErrDenied) || len(m.post.letters) != 0 {
		t.Errorf("who is invited invites others: %v, %d letters", err, len(m.post.letters))
	}
	// A calendar of the collectivity has no owner in whose name one could.
	editor := agent("bourg", "claire")
	editor.Rights = []portal.Right{portal.EditCalendars}
	shared, err := m.CreateCalendar(ctx, editor, NewCalendar{Name: "Mairie", Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	d.Calendar = shared.ID
	var fields portal.FieldErrors
	if _, err := m.CreateEvent(ctx, editor, d); !errors.As(err, &fields) || fields[0].Field != "calendar" {
		t.Errorf("a calendar of nobody invites: %v", err)
	}
	d.Guests = guests()
	if _, err := m.CreateEvent(ctx, editor, d); err != nil {
		t.Errorf("without guests: %v", err)
	}
}

func TestADraftRefusesWhomNothingReaches(t *testing.T) {
	many := &Guests{}
	for i := range MaxAttendees {
		many.All = append(many.All, Guest{Party: fmt.Sprintf("agent%d@bourg.example", i)})
	}
	for name, invited := range map[string]*Guests{"many": many, "no address": guests("jean"), "a second line": guests("a@b.fr\r\nX:y")} {
		d := weeklyAtNine()
		d.Guests = invited
		var fields portal.FieldErrors
		if err := d.check(); !errors.As(err, &fields) || fields[0].Field != "guests" {
			t.Errorf("%s: %v", name, err)
		}
	}
	many.All = many.All[:MaxAttendees-1]
	d := weeklyAtNine()
	d.Guests = many
	if err := d.check(); err != nil {
		t.Errorf("one less: %v", err)
	}
}

// staffList is the directory of bourg's colleagues, as the pages search it.
type staffList struct{}

var staffOfBourg = []Someone{{ID: "claire", Name: "Claire Morel", Function: "Secrétaire générale"}, {ID: "paul", Name: "Paul Petit", Function: "Voirie"}}

func (staffList) Find(_ context.Context, caller portal.Caller, text string) (found []Someone, err error) {
	for _, one := range staffOfBourg {
		if caller.Collectivity == "bourg" && strings.Contains(strings.ToLower(one.Name), strings.ToLower(text)) {
			found = append(found, one)
		}
	}
	return found, nil
}

func (staffList) Someone(_ context.Context, caller portal.Caller, agent portal.AgentID) (Someone, error) {
	for _, one := range staffOfBourg {
		if caller.Collectivity == "bourg" && one.ID == agent {
			return one, nil
		}
	}
	return Someone{}, portal.ErrNotFound
}

func (staffList) Groups(context.Context, portal.Caller) ([]portal.Group, error) { return nil, nil }
func (staffList) Units(context.Context, portal.Caller) ([]Place, error)         { return nil, nil }
