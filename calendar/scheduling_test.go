package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"parvis/portal"
	"parvis/portal/database"
)

// neighbours are the people of two collectivities, by their addresses.
type neighbours map[string]Person

func (n neighbours) AtAddresses(_ context.Context, _ database.Reader, _ portal.CollectivityID, addresses []string) (map[string]Person, error) {
	found := map[string]Person{}
	for _, address := range addresses {
		if person, known := n[address]; known {
			found[address] = person
		}
	}
	return found, nil
}

func (n neighbours) AgentNamed(_ context.Context, _ database.Reader, collectivity portal.CollectivityID, agent portal.AgentID) (Person, error) {
	for _, person := range n {
		if person.Agent == agent && person.Collectivity == collectivity {
			return person, nil
		}
	}
	return Person{}, portal.ErrNotFound
}

// satchel keeps the letters that are to leave.
type satchel struct {
	letters []Letter
	left    int  // how often they were sent
	meets   bool // the next one meets another transaction
}

func (*satchel) Sends(portal.CollectivityID) bool { return true }

func (s *satchel) Carry(_ context.Context, _ *database.Tx, letter Letter) error {
	if s.meets {
		s.meets = false
		return &pgconn.PgError{Code: "40001"}
	}
	s.letters = append(s.letters, letter)
	return nil
}

func (s *satchel) Leave() { s.left++ }

// meetingPlace is a store whose agents can be invited: claire and paul of bourg, anne of agglo.
type meetingPlace struct {
	*Store
	t                  *testing.T
	claire, paul, anne portal.Caller
	post               *satchel
}

func newMeetingPlace(t *testing.T) *meetingPlace {
	m := &meetingPlace{
		Store: newStore(t), t: t, post: &satchel{},
		claire: agent("bourg", "claire"), paul: agent("bourg", "paul"), anne: agent("agglo", "anne"),
	}
	m.Scheduling(neighbours{
		"claire@bourg.example": {Collectivity: "bourg", Agent: "claire", Name: "Claire Morel", Address: "claire@bourg.example"},
		"paul@bourg.example":   {Collectivity: "bourg", Agent: "paul", Name: "Paul Petit", Address: "paul@bourg.example"},
		"anne@agglo.example":   {Collectivity: "agglo", Agent: "anne", Name: "Anne Roy", Address: "anne@agglo.example"},
	}, m.post)
	return m
}

const (
	byClaire = "ORGANIZER;CN=Claire Morel:mailto:claire@bourg.example"
	toClaire = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:claire@bourg.example"
	toPaul   = "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:Paul@bourg.example"
	toAnne   = "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:anne@agglo.example"
	toJean   = "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:jean@ailleurs.example"
	atNine   = "DTSTART;TZID=Europe/Paris:20261124T090000"
	atTen    = "DTEND;TZID=Europe/Paris:20261124T100000"
)

func (m *meetingPlace) put(caller portal.Caller, condition Condition, lines ...string) Written {
	m.t.Helper()
	w, err := m.Put(m.t.Context(), caller, personal(caller), "u.ics", eventText(lines...), condition)
	if err != nil {
		m.t.Fatal(err)
	}
	return w
}

// has is somebody's copy of the event, unfolded; "" for none.
func (m *meetingPlace) has(caller portal.Caller) string {
	m.t.Helper()
	var found []string
	entries, err := m.List(m.t.Context(), caller, personal(caller))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, listed := range entries {
		e, err := m.Entry(m.t.Context(), caller, personal(caller), listed.Name)
		if err != nil {
			m.t.Fatal(err)
		}
		found = append(found, string(e.UnfoldedText()))
	}
	if len(found) > 1 {
		m.t.Errorf("%s has %d copies", caller.Agent, len(found))
	}
	return strings.Join(found, "")
}

// told are the messages in somebody's inbox, the oldest first.
func (m *meetingPlace) told(caller portal.Caller) (methods []string) {
	m.t.Helper()
	rows, err := m.db.Query(m.t.Context(), `SELECT method FROM calendar_messages WHERE collectivity = $1 AND agent = $2 ORDER BY created, name`,
		string(caller.Collectivity), string(caller.Agent))
	methods, err = database.Collect(rows, err, scanString)
	if err != nil {
		m.t.Fatal(err)
	}
	return methods
}

// wants tells how a text lacks lines, or has some that it should not.
func (m *meetingPlace) wants(who portal.Caller, lines ...string) {
	m.t.Helper()
	text := m.has(who)
	for _, line := range lines {
		if unwanted, not := strings.CutPrefix(line, "!"); not == strings.Contains(text, unwanted) && not {
			m.t.Errorf("%s has %q:\n%s", who.Agent, unwanted, text)
		} else if !not && !strings.Contains(text, line) {
			m.t.Errorf("%s lacks %q:\n%s", who.Agent, line, text)
		}
	}
}

// answer writes what somebody's client writes when she answers.
func (m *meetingPlace) answer(who portal.Caller, address, stat string) {
	m.t.Helper()
	entries, err := m.List(m.t.Context(), who, personal(who))
	if err != nil || len(entries) != 1 {
		m.t.Fatal(entries, err)
	}
	e, err := m.Entry(m.t.Context(), who, personal(who), entries[0].Name)
	if err != nil {
		m.t.Fatal(err)
	}
	o, err := Parse(e.Octets)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, it := range o.items {
		for _, p := range attendeesOf(it.component, address) {
			setParam(p, "PARTSTAT", stat)
		}
	}
	if _, err := m.Put(m.t.Context(), who, personal(who), e.Name, encode(o.root), Condition{Match: []string{e.ETag}}); err != nil {
		m.t.Fatal(err)
	}
}

func TestAnInvitationReachesWhoIsInvited(t *testing.T) {
	m := newMeetingPlace(t)
	w := m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toAnne, toJean,
		"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", "TRIGGER:-PT15M", "END:VALARM")
	if !w.Changed || w.ScheduleTag == "" {
		t.Errorf("written %+v: how invitations went is to be told", w)
	}
	m.wants(m.paul, "SUMMARY:Budget", "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:Paul@bourg.example", "!VALARM", "!SCHEDULE-STATUS", "!METHOD")
	m.wants(m.anne, "SUMMARY:Budget", "mailto:anne@agglo.example")
	m.wants(m.claire, "SCHEDULE-STATUS=1.2:mailto:Paul@bourg.example", "SCHEDULE-STATUS=1.2:mailto:anne@agglo.example",
		"SCHEDULE-STATUS=1.1:mailto:jean@ailleurs.example", "VALARM")
	if told := m.told(m.anne); !slices.Equal(told, []string{"REQUEST"}) {
		t.Errorf("anne's inbox: %v", told)
	}
	if letters := m.post.letters; len(letters) != 1 || letters[0].To != "jean@ailleurs.example" || letters[0].Method != "REQUEST" || letters[0].Secret == "" ||
		!strings.Contains(string(letters[0].Octets), "METHOD:REQUEST") || letters[0].Event.Title != "Budget" {
		t.Errorf("letters: %+v", letters)
	}
	if told := m.told(m.claire); len(told) != 0 {
		t.Errorf("claire invites, and is told %v", told)
	}
}

func TestAnAnswerReachesWhoInvitedAndTheOthers(t *testing.T) {
	m := newMeetingPlace(t)
	tag := m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toAnne).ScheduleTag
	m.answer(m.anne, "anne@agglo.example", Declined)
	m.wants(m.anne, "TRANSP:TRANSPARENT", "PARTSTAT=DECLINED", "SCHEDULE-STATUS=1.2:mailto:claire@bourg.example")
	m.wants(m.claire, "PARTSTAT=DECLINED;SCHEDULE-STATUS=2.0:mailto:anne@agglo.example", "!TRANSPARENT")
	m.wants(m.paul, "PARTSTAT=DECLINED:mailto:anne@agglo.example", "PARTSTAT=NEEDS-ACTION", "!TRANSPARENT")
	if told := m.told(m.claire); !slices.Equal(told, []string{"REPLY"}) {
		t.Errorf("claire's inbox: %v", told)
	}
	if told := m.told(m.paul); len(told) != 1 {
		t.Errorf("paul hears of what anne answers: %v", told)
	}
	e, err := m.Entry(t.Context(), m.claire, personal(m.claire), "u.ics")
	if err != nil || e.ScheduleTag != tag {
		t.Errorf("an answer changed the Schedule-Tag: %q, %q, %v", tag, e.ScheduleTag, err)
	}
}

func TestAMoveAsksEverybodyAnew(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toJean)
	m.answer(m.paul, "paul@bourg.example", Accepted)
	accepted := strings.Replace(toPaul, NeedsAction, Accepted, 1)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", "DTSTART;TZID=Europe/Paris:20261125T090000", "DTEND;TZID=Europe/Paris:20261125T100000", byClaire, toClaire, accepted, toJean)
	m.wants(m.paul, "20261125T090000", "PARTSTAT=NEEDS-ACTION", "SEQUENCE:1")
	m.wants(m.claire, "PARTSTAT=ACCEPTED:mailto:claire", "PARTSTAT=NEEDS-ACTION;RSVP=TRUE;SCHEDULE-STATUS=1.2:mailto:Paul@bourg.example")
	if len(m.post.letters) != 2 {
		t.Errorf("%d letters", len(m.post.letters))
	}
	m.put(m.claire, Condition{}, "SUMMARY:Budget", "DTSTART;TZID=Europe/Paris:20261125T090000", "DTEND;TZID=Europe/Paris:20261125T100000", byClaire, toClaire, accepted, toJean, "X-COLOR:red")
	if told := m.told(m.paul); len(told) != 2 || len(m.post.letters) != 2 {
		t.Errorf("what tells nothing was told: %v, %d letters", told, len(m.post.letters))
	}
}

func TestWhoIsNotInvitedAnyMoreIsTold(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toAnne)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	m.wants(m.anne, "STATUS:CANCELLED")
	m.wants(m.paul, "!CANCELLED", "!anne")
	if err := m.Delete(t.Context(), m.claire, personal(m.claire), "u.ics", Condition{}); err != nil {
		t.Fatal(err)
	}
	m.wants(m.paul, "STATUS:CANCELLED")
	if told := m.told(m.paul); !slices.Contains(told, "CANCEL") || len(m.told(m.anne)) != 2 {
		t.Errorf("paul's inbox: %v, anne's: %v", told, m.told(m.anne))
	}
}

func TestInvitationsToOneInstanceOfASeries(t *testing.T) {
	m := newMeetingPlace(t)
	series := []string{"SUMMARY:Point", atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire, toPaul}
	with := func(second ...string) []byte {
		return ics(append(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:u", "DTSTAMP:20261101T000000Z"}, series...),
			append([]string{
				"END:VEVENT", "BEGIN:VEVENT", "UID:u", "DTSTAMP:20261101T000000Z", "RECURRENCE-ID;TZID=Europe/Paris:20261201T090000",
				"DTSTART;TZID=Europe/Paris:20261201T140000", "DTEND;TZID=Europe/Paris:20261201T150000", "SUMMARY:Point", byClaire, toClaire,
			}, second...)...),
			"END:VEVENT", "END:VCALENDAR")...)
	}
	if _, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", with(toAnne), Condition{}); err != nil {
		t.Fatal(err)
	}
	m.wants(m.anne, "20261201T140000", "!RRULE")
	m.wants(m.paul, "RRULE:", "EXDATE;TZID=Europe/Paris:20261201T090000", "!20261201T140000")

	// Paul declines the third one by taking it out of his copy.
	e, err := m.Entry(t.Context(), m.paul, personal(m.paul), "u.ics")
	if err != nil {
		t.Fatal(err)
	}
	without := strings.Replace(string(e.Octets), "EXDATE;", "EXDATE;TZID=Europe/Paris:20261208T090000\r\nEXDATE;", 1)
	if _, err := m.Put(t.Context(), m.paul, personal(m.paul), "u.ics", []byte(without), Condition{}); err != nil {
		t.Fatal(err)
	}
	m.wants(m.claire, "RECURRENCE-ID;TZID=Europe/Paris:20261208T090000", "DTEND;TZID=Europe/Paris:20261208T100000", "PARTSTAT=DECLINED")
	if found, err := m.Instances(t.Context(), m.claire, time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 31, 0, 0, 0, 0, paris)); err != nil || len(found) != 4 {
		t.Errorf("claire's series has %d instances, %v", len(found), err)
	}
}

func TestAnAttendeeDecidesForHerselfAlone(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toAnne)
	for what, lines := range map[string][]string{
		"time":      {"SUMMARY:Budget", "DTSTART;TZID=Europe/Paris:20261124T100000", "DTEND;TZID=Europe/Paris:20261124T110000", byClaire, toClaire, toPaul, toAnne},
		"organizer": {"SUMMARY:Budget", atNine, atTen, "ORGANIZER:mailto:paul@bourg.example", toClaire, toPaul, toAnne},
		"instances": {"SUMMARY:Budget", atNine, atTen, "RRULE:FREQ=DAILY", byClaire, toClaire, toPaul, toAnne},
	} {
		_, err := m.Put(t.Context(), m.paul, personal(m.paul), "u.ics", eventText(lines...), Condition{})
		var refused *Refusal
		if !errors.As(err, &refused) || refused.Reason != AttendeeChange {
			t.Errorf("another %s: %v", what, err)
		}
	}
	// An answer for another is none, and an alarm of her own stays when the organizer writes again.
	m.put(m.paul, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, strings.Replace(toAnne, NeedsAction, Accepted, 1),
		"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:mine", "TRIGGER:-PT5M", "END:VALARM")
	m.wants(m.claire, "!ACCEPTED;RSVP=TRUE")
	m.put(m.claire, Condition{}, "SUMMARY:Budget 2027", atNine, atTen, byClaire, toClaire, toPaul, toAnne)
	m.wants(m.paul, "Budget 2027", "DESCRIPTION:mine")
}

func TestNobodyTakesOverTheEventOfAnother(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	text := eventText("SUMMARY:Mine", atNine, atTen, "ORGANIZER:mailto:anne@agglo.example", toAnne, toPaul)
	if _, err := m.Put(t.Context(), m.anne, personal(m.anne), "x.ics", text, Condition{}); err != nil {
		t.Fatal(err)
	}
	m.wants(m.paul, "SUMMARY:Budget", "!Mine")
	m.wants(m.anne, "SCHEDULE-STATUS=5.1:mailto:Paul@bourg.example")

	// Who was not invited answers nothing, and who is not the organizer calls nothing off.
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	if _, err := m.Put(t.Context(), m.anne, personal(m.anne), "y.ics",
		[]byte(strings.ReplaceAll(string(eventText("SUMMARY:Budget", atNine, atTen, byClaire, toClaire, strings.Replace(toAnne, NeedsAction, Accepted, 1))), "UID:u", "UID:v")), Condition{}); err != nil {
		t.Fatal(err)
	}
	if told := m.told(m.claire); slices.Contains(told, "REPLY") {
		t.Errorf("claire's inbox: %v", told)
	}
	m.wants(m.claire, "!anne")
}

func TestAClientThatInvitesItselfIsNotHelped(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire,
		strings.Replace(toPaul, "ATTENDEE", "ATTENDEE;SCHEDULE-AGENT=CLIENT", 1), strings.Replace(toJean, "ATTENDEE", "ATTENDEE;SCHEDULE-AGENT=NONE", 1))
	if m.has(m.paul) != "" || len(m.post.letters) != 0 {
		t.Errorf("invited twice: %s, %v", m.has(m.paul), m.post.letters)
	}
}

func TestAScheduleTagKeepsTheAnswersThatCameMeanwhile(t *testing.T) {
	m := newMeetingPlace(t)
	w := m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	m.answer(m.paul, "paul@bourg.example", Accepted)
	if _, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", eventText("SUMMARY:Lost", atNine), Condition{Match: []string{w.ETag}}); !errors.Is(err, ErrCondition) {
		t.Errorf("an old ETag: %v", err)
	}
	m.put(m.claire, Condition{ScheduleTag: w.ScheduleTag}, "SUMMARY:Budget 2027", atNine, atTen, byClaire, toClaire, toPaul)
	m.wants(m.claire, "Budget 2027", "PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=1.2:mailto:Paul")
	_, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", eventText("SUMMARY:Again", atNine, atTen, byClaire, toClaire, toPaul), Condition{ScheduleTag: w.ScheduleTag})
	if !errors.Is(err, ErrCondition) {
		t.Errorf("an old Schedule-Tag: %v", err)
	}
}

func TestDeletingAnInvitationDeclinesIt(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		m := newMeetingPlace(t)
		m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
		if err := m.Delete(t.Context(), m.paul, personal(m.paul), "u.ics", Condition{Quiet: quiet}); err != nil {
			t.Fatal(err)
		}
		if declined := strings.Contains(m.has(m.claire), "PARTSTAT=DECLINED"); declined == quiet {
			t.Errorf("quiet %v: declined %v", quiet, declined)
		}
	}
}

func TestAnInvitationLiesInOneCalendarAlone(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	// A client that read it from a mail puts it under a name of its own.
	text := eventText("SUMMARY:Budget", atNine, atTen, byClaire, toClaire, strings.Replace(toPaul, NeedsAction, Accepted, 1))
	w, err := m.Put(t.Context(), m.paul, personal(m.paul), "mail-3.ics", text, Condition{NoneMatch: []string{"*"}})
	if err != nil || w.Created {
		t.Errorf("beside the delivered copy: %+v, %v", w, err)
	}
	m.wants(m.paul, "PARTSTAT=ACCEPTED")
	m.wants(m.claire, "PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:Paul")
	second, err := m.CreateCalendar(t.Context(), m.paul, NewCalendar{Name: "Projets", Slug: "projets"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Put(t.Context(), m.paul, second.ID, "u.ics", text, Condition{})
	var taken *UIDTaken
	if !errors.As(err, &taken) || taken.Slug != PersonalSlug || taken.Name != "u.ics" {
		t.Errorf("in another calendar: %v", err)
	}
}

func TestACalendarThatGoesCallsOffItsMeetings(t *testing.T) {
	m := newMeetingPlace(t)
	second, err := m.CreateCalendar(t.Context(), m.claire, NewCalendar{Name: "Projets", Slug: "projets"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Put(t.Context(), m.claire, second.ID, "u.ics", eventText("SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul), Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := m.DeleteCalendar(t.Context(), m.claire, second.ID); err != nil {
		t.Fatal(err)
	}
	m.wants(m.paul, "STATUS:CANCELLED")
}

// A file of another program brings meetings whose people know of them: nobody is invited anew.
func TestAnImportInvitesNobody(t *testing.T) {
	m := newMeetingPlace(t)
	id, err := m.PlanImport(t.Context(), m.claire, personal(m.claire), "agenda.ics", eventText("SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toJean))
	if err == nil {
		err = m.RunImport(t.Context(), m.claire, id, time.Now().Add(time.Minute))
	}
	if err != nil {
		t.Fatal(err)
	}
	m.wants(m.claire, "SUMMARY:Budget", "!SCHEDULE-STATUS")
	// Nor does the same file, a month later and back.
	id, err = m.PlanImport(t.Context(), m.claire, personal(m.claire), "agenda.ics", eventText("SUMMARY:Budget 2027", atNine, atTen, byClaire, toClaire, toPaul, toJean))
	for _, do := range []func(context.Context, portal.Caller, string, time.Time) error{m.RunImport, m.UndoImport} {
		if err == nil {
			err = do(t.Context(), m.claire, id, time.Now().Add(time.Minute))
		}
		if err != nil || m.has(m.paul) != "" || len(m.post.letters) != 0 {
			t.Errorf("%v, paul has %q, letters: %v", err, m.has(m.paul), m.post.letters)
		}
	}
	m.wants(m.claire, "!2027")
}

func TestOneEventInvitesSoManyAndNoMore(t *testing.T) {
	m := newMeetingPlace(t)
	lines := []string{"SUMMARY:Budget", atNine, atTen, byClaire, toClaire}
	for i := range MaxAttendees {
		lines = append(lines, fmt.Sprintf("ATTENDEE:mailto:a%d@ailleurs.example", i))
	}
	_, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", eventText(lines...), Condition{})
	var refused *Refusal
	if !errors.As(err, &refused) || refused.Reason != TooManyAttendees || len(m.post.letters) != 0 {
		t.Errorf("%v, %d letters", err, len(m.post.letters))
	}
}

// A meeting of many costs an answer no more than one of fifty.
func TestAnAnswerToALargeMeetingIsForItsOrganizer(t *testing.T) {
	m := newMeetingPlace(t)
	lines := []string{"SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toAnne}
	for i := range refreshed {
		lines = append(lines, fmt.Sprintf("ATTENDEE;SCHEDULE-AGENT=NONE:mailto:a%d@ailleurs.example", i))
	}
	m.put(m.claire, Condition{}, lines...)
	m.answer(m.anne, "anne@agglo.example", Accepted)
	m.wants(m.claire, "PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:anne@agglo.example")
	m.wants(m.paul, "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:anne@agglo.example")
}

// Who imported an old agenda has the event already, without being invited by it: that stops nobody
// who invites her to it, and her own event of the same UID stays hers.
func TestAnImportedCopyIsNoObstacle(t *testing.T) {
	m := newMeetingPlace(t)
	quiet := Condition{Quiet: true}
	m.put(m.paul, quiet, "SUMMARY:Old", atNine, atTen, byClaire, toClaire, toPaul)
	m.put(m.anne, quiet, "SUMMARY:Mine", atNine, atTen)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toAnne)
	m.wants(m.paul, "SUMMARY:Budget")
	m.wants(m.anne, "SUMMARY:Mine", "!Budget")
	m.wants(m.claire, "SCHEDULE-STATUS=1.2:mailto:Paul@bourg.example", "SCHEDULE-STATUS=5.1:mailto:anne@agglo.example")
}

// taskText is a task with these lines.
func taskText(lines ...string) []byte {
	return []byte(strings.ReplaceAll(string(eventText(lines...)), "VEVENT", "VTODO"))
}

// Phones invite to tasks too, which have no start and may have no date at all.
func TestAnInvitationToATask(t *testing.T) {
	m := newMeetingPlace(t)
	for _, when := range [][]string{nil, {"DUE:20301224T090000Z"}, {"DUE:20301224T090000Z", "RRULE:FREQ=DAILY;COUNT=5"}} {
		task := append([]string{"SUMMARY:Rapport", byClaire, toClaire, toPaul, toJean}, when...)
		if _, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", taskText(task...), Condition{}); err != nil {
			t.Fatal(when, err)
		}
	}
	m.wants(m.paul, "SUMMARY:Rapport", "RRULE:")
	if n, err := (InvitationSource{Store: m.Store}).Count(t.Context(), m.paul); err != nil || n != 0 {
		t.Errorf("%d tasks wait to be answered on a page, %v", n, err)
	}
	// She takes one out of her copy, which tells who invites that she will not do it.
	e, err := m.Entry(t.Context(), m.paul, personal(m.paul), "u.ics")
	if err != nil {
		t.Fatal(err)
	}
	without := strings.Replace(string(e.Octets), "DUE:", "EXDATE:20301225T090000Z\r\nDUE:", 1)
	if _, err := m.Put(t.Context(), m.paul, personal(m.paul), "u.ics", []byte(without), Condition{}); err != nil {
		t.Fatal(err)
	}
	m.wants(m.claire, "RECURRENCE-ID:20301225T090000Z", "PARTSTAT=DECLINED")
}

// Who is invited to one date takes another out of her copy: she answers nothing by it.
func TestWhoIsInvitedToOneDateMissesNoOther(t *testing.T) {
	m := newMeetingPlace(t)
	text := func(lines ...string) []byte {
		return eventText(append(append([]string{atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire}, lines...),
			"END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID;TZID=Europe/Paris:20261201T090000", "DTSTART;TZID=Europe/Paris:20261201T090000",
			"DTEND;TZID=Europe/Paris:20261201T100000", byClaire, toClaire, toAnne)...)
	}
	for _, object := range [][]byte{text(), text("EXDATE;TZID=Europe/Paris:20261208T090000")} {
		if _, err := m.Put(t.Context(), m.anne, personal(m.anne), "u.ics", object, Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	if told := m.told(m.claire); len(told) != 0 {
		t.Errorf("claire is told %v", told)
	}
}

// The day that somebody misses is the same one for her collectivity overseas and for who invites.
func TestADayIsMissedInAnotherZone(t *testing.T) {
	m := newMeetingPlace(t)
	if err := m.db.Write(t.Context(), `UPDATE collectivities SET zone = 'Indian/Reunion' WHERE id = 'agglo'`); err != nil {
		t.Fatal(err)
	}
	m.put(m.claire, Condition{}, "DTSTART;VALUE=DATE:20261124", "RRULE:FREQ=DAILY;COUNT=5", byClaire, toClaire, toAnne)
	m.put(m.anne, Condition{}, "DTSTART;VALUE=DATE:20261124", "RRULE:FREQ=DAILY;COUNT=5", byClaire, toClaire, toAnne, "EXDATE;VALUE=DATE:20261126")
	m.wants(m.claire, "RECURRENCE-ID;VALUE=DATE:20261126", "PARTSTAT=DECLINED")
	var reply string
	err := m.db.QueryRow(t.Context(), `SELECT octets FROM calendar_messages WHERE collectivity = 'bourg' AND method = 'REPLY'`).Scan(&reply)
	if err != nil || !strings.Contains(reply, "RECURRENCE-ID;VALUE=DATE:20261126") {
		t.Errorf("%v:\n%s", err, reply)
	}
}

// A transaction that is tried again says the same as one that was not.
func TestAnInvitationThatIsTriedAgain(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toJean)
	m.post.meets = true
	again := func(invited string) string {
		return strings.Replace(invited, "ATTENDEE", "ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST", 1)
	}
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, again(toPaul), again(toJean))
	if told := m.told(m.paul); len(told) != 2 || m.post.meets {
		t.Errorf("paul's inbox: %v", told)
	}
}

// A meeting whose deletion is taken back is newer than its cancellation, and its letters leave at once.
func TestAMeetingThatIsPutBack(t *testing.T) {
	m := newMeetingPlace(t)
	w := m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toJean)
	undo, err := m.Remove(t.Context(), m.claire, Target{Event: w.ID})
	if err != nil {
		t.Fatal(err)
	}
	m.wants(m.paul, "STATUS:CANCELLED", "SEQUENCE:1")
	left := m.post.left
	if _, err := m.Undo(t.Context(), m.claire, undo); err != nil {
		t.Fatal(err)
	}
	m.wants(m.paul, "!CANCELLED", "SEQUENCE:2")
	if len(m.post.letters) != 3 || m.post.left != left+1 || !strings.Contains(string(m.post.letters[2].Octets), "SEQUENCE:2") {
		t.Errorf("%d letters, of which %d left", len(m.post.letters), m.post.left)
	}
	if _, err := m.Undo(t.Context(), m.claire, undo); !errors.Is(err, portal.ErrConflict) || len(m.post.letters) != 3 {
		t.Errorf("put back twice: %v, %d letters", err, len(m.post.letters))
	}
	// The number of a meeting is the organizer's, whatever becomes of a copy.
	entries, err := m.List(t.Context(), m.paul, personal(m.paul))
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Entry(t.Context(), m.paul, personal(m.paul), entries[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	if undo, err = m.Remove(t.Context(), m.paul, Target{Event: e.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Undo(t.Context(), m.paul, undo); err != nil {
		t.Fatal(err)
	}
	m.wants(m.paul, "SEQUENCE:2")
}

// Who is invited to one date of a series is told of that one: neither when the others are nor what
// they are about.
func TestAnInvitationToOneDateTellsOfNoOther(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Point", "DESCRIPTION:Salaires", atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire, toPaul,
		"END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID;TZID=Europe/Paris:20261201T090000", "SUMMARY:Travaux",
		"DTSTART:20261201T140000", "DTEND:20261201T150000", byClaire, toClaire, toJean)
	if len(m.post.letters) != 1 {
		t.Fatalf("letters: %v", m.post.letters)
	}
	letter := m.post.letters[0]
	asked, err := m.Invitation(t.Context(), letter.Secret)
	if err != nil {
		t.Fatal(err)
	}
	for where, event := range map[string]Event{"letter": letter.Event, "page": asked.Event} {
		if event.Title != "Travaux" || event.Description != "" || !event.Start.Equal(time.Date(2026, 12, 1, 14, 0, 0, 0, paris)) {
			t.Errorf("%s: %+v", where, event.Draft)
		}
	}
}

// An event that is called off and kept asks nobody any more.
func TestALinkToWhatIsCalledOff(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, strings.Replace(toJean, NeedsAction, "X-LATE", 1))
	if asked, err := m.Invitation(t.Context(), m.post.letters[0].Secret); err != nil || asked.Answer != NeedsAction {
		t.Errorf("%q, %v", asked.Answer, err)
	}
	m.put(m.claire, Condition{}, "SUMMARY:Budget", "STATUS:CANCELLED", atNine, atTen, byClaire, toClaire, toJean)
	for _, letter := range m.post.letters {
		if err := m.AnswerInvitation(t.Context(), letter.Secret, Accepted); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("answered: %v", err)
		}
	}
}

// An address that is none keeps nobody else from being invited.
func TestAnAddressThatIsNone(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toJean, "ATTENDEE:mailto:Jean Petit@", "ATTENDEE:mailto:a@b\rBcc: c@d", "ATTENDEE:")
	m.wants(m.claire, "SCHEDULE-STATUS=3.7:mailto:Jean Petit@", "SCHEDULE-STATUS=3.7:mailto:a@b", "SCHEDULE-STATUS=3.7:\r", "SCHEDULE-STATUS=1.1:mailto:jean@")
	if len(m.post.letters) != 1 {
		t.Errorf("%d letters", len(m.post.letters))
	}
}

// An organizer's phone writes the same hours in words of its own, and an answer stays; it moves one
// date, and those who come are asked about that one anew.
func TestWhatMovesAndWhatDoesNot(t *testing.T) {
	m := newMeetingPlace(t)
	accepted := strings.Replace(toPaul, NeedsAction, Accepted, 1)
	m.put(m.claire, Condition{}, "SUMMARY:Point", atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire, toPaul)
	m.answer(m.paul, "paul@bourg.example", Accepted)
	same := []string{"SUMMARY:Point", "DTSTART;TZID=/example.org/Europe/Paris:20261124T090000", "DURATION:PT1H", "RRULE:COUNT=4;FREQ=WEEKLY", byClaire, toClaire, accepted}
	m.put(m.claire, Condition{}, same...)
	m.wants(m.claire, "PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=1.2:mailto:Paul", "!SEQUENCE")
	m.put(m.claire, Condition{}, append(same, "END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID;TZID=Europe/Paris:20261201T090000", "SUMMARY:Point",
		"DTSTART;TZID=Europe/Paris:20261201T140000", "DURATION:PT1H", byClaire, toClaire, accepted)...)
	m.wants(m.claire, "PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=1.2:mailto:Paul", "PARTSTAT=NEEDS-ACTION;RSVP=TRUE;SCHEDULE-STATUS=1.2:mailto:Paul", "SEQUENCE:1")
	m.put(m.claire, Condition{}, "SUMMARY:Point", "DTSTART;TZID=Africa/Tunis:20261124T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire, accepted)
	m.wants(m.claire, "!PARTSTAT=ACCEPTED;RSVP", "SEQUENCE:1") // the same hour in November alone
}

// A meeting does not change hands: those who are invited would never hear of its end.
func TestAMeetingDoesNotChangeHands(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	_, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", eventText("SUMMARY:Budget", atNine, atTen, "ORGANIZER:mailto:paul@bourg.example", toClaire, toPaul), Condition{})
	var refused *Refusal
	if !errors.As(err, &refused) || refused.Reason != AttendeeChange {
		t.Errorf("another organizer: %v", err)
	}
}

// What somebody declined takes her time again when she comes after all, and when it is moved.
func TestWhatWasDeclinedTakesTimeAgain(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	m.answer(m.paul, "paul@bourg.example", Declined)
	m.wants(m.paul, "TRANSP:TRANSPARENT")
	m.answer(m.paul, "paul@bourg.example", Accepted)
	m.wants(m.paul, "!TRANSPARENT")
	m.answer(m.paul, "paul@bourg.example", Declined)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", "DTSTART;TZID=Europe/Paris:20261125T090000", byClaire, toClaire, strings.Replace(toPaul, NeedsAction, Declined, 1))
	m.wants(m.paul, "20261125", "PARTSTAT=NEEDS-ACTION", "!TRANSPARENT")

	// Who declined by deleting it stays free when it comes back.
	if err := m.Delete(t.Context(), m.paul, personal(m.paul), "u.ics", Condition{}); err != nil {
		t.Fatal(err)
	}
	m.put(m.claire, Condition{}, "SUMMARY:Budget 2027", "DTSTART;TZID=Europe/Paris:20261125T090000", byClaire, toClaire, strings.Replace(toPaul, NeedsAction, Declined, 1))
	m.wants(m.paul, "2027", "PARTSTAT=DECLINED", "TRANSP:TRANSPARENT")
}

// An attendee's EXDATE are answers that each cost the organizer an exception: there is an end to it.
func TestAnswersAreBounded(t *testing.T) {
	m := newMeetingPlace(t)
	put := func(who portal.Caller, lines ...string) error {
		_, err := m.Put(t.Context(), who, personal(who), "u.ics", eventText(append(lines, atNine, atTen, "RRULE:FREQ=DAILY", byClaire, toClaire, toPaul)...), Condition{})
		return err
	}
	missed := func(n int) string {
		var days []string
		for day := range n {
			days = append(days, time.Date(2026, 11, 25+day, 0, 0, 0, 0, time.UTC).Format("20060102T090000"))
		}
		return "EXDATE;TZID=Europe/Paris:" + strings.Join(days, ",")
	}
	large := []string{}
	for range 5 {
		large = append(large, "COMMENT:"+strings.Repeat("x", 40_000))
	}
	if err := put(m.claire, large...); err != nil {
		t.Fatal(err)
	}
	var refused *Refusal
	if err := put(m.paul, missed(MaxAnswers+1)); !errors.As(err, &refused) || refused.Reason != TooManyInstances {
		t.Errorf("too many: %v", err)
	}
	if err := put(m.paul, missed(MaxAnswers)); !errors.As(err, &refused) || refused.Reason != TooLarge {
		t.Errorf("too large: %v", err)
	}
	if err := put(m.paul, missed(2)); err != nil {
		t.Error(err)
	}
	m.wants(m.claire, "RECURRENCE-ID;TZID=Europe/Paris:20261126T090000", "PARTSTAT=DECLINED")
}

// What is attached is written to everybody who is invited.
func TestALargeEventInvitesFew(t *testing.T) {
	m := newMeetingPlace(t)
	lines := []string{"SUMMARY:Budget", atNine, atTen, byClaire, toClaire}
	for range 16 {
		lines = append(lines, "ATTACH:"+strings.Repeat("x", 60_000))
	}
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("ATTENDEE:mailto:a%d@ailleurs.example", i))
	}
	_, err := m.Put(t.Context(), m.claire, personal(m.claire), "u.ics", eventText(lines...), Condition{})
	var refused *Refusal
	if !errors.As(err, &refused) || refused.Reason != TooManyAttendees {
		t.Error(err)
	}
}

// What takes a change of a meeting back is news, too.
func TestAChangeOfAMeetingThatIsTakenBack(t *testing.T) {
	m := newMeetingPlace(t)
	w := m.put(m.claire, Condition{}, "SUMMARY:Budget", "SEQUENCE:4", atNine, atTen, byClaire, toClaire, toJean)
	changed, err := m.Change(t.Context(), m.claire, Target{Event: w.ID}, meeting(m.claire, "Budget 2027", 24))
	if err == nil {
		_, err = m.Undo(t.Context(), m.claire, changed.Undo)
	}
	if err != nil || len(m.post.letters) != 3 || !strings.Contains(string(m.post.letters[1].Octets), "SEQUENCE:5") || !strings.Contains(string(m.post.letters[2].Octets), "SEQUENCE:6") {
		t.Errorf("%v, %d letters", err, len(m.post.letters))
	}
}

// The agenda of who left goes, and its keeper still comes to what both were invited to.
func TestTheAgendaOfWhoLeftAnswersNothing(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.anne, Condition{}, "SUMMARY:Budget", atNine, atTen, "ORGANIZER:mailto:anne@agglo.example", toClaire, toPaul)
	m.answer(m.paul, "paul@bourg.example", Accepted)
	err := m.db.Tx(t.Context(), func(tx *database.Tx) error {
		return m.HandOver(t.Context(), tx, "bourg", m.claire.Agent, m.paul.Agent, "left", "Claire Morel")
	})
	if err != nil {
		t.Fatal(err)
	}
	calendars, err := m.Calendars(t.Context(), m.paul)
	if err != nil || len(calendars) != 2 {
		t.Fatal(calendars, err)
	}
	if err := m.DeleteCalendar(t.Context(), m.paul, calendars[1].ID); err != nil {
		t.Fatal(err)
	}
	m.wants(m.anne, "PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:Paul", "!DECLINED")
}
