package calendar

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

// replyText is an iTIP REPLY of a VEVENT.
func replyText(lines ...string) []byte {
	return ics(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Outlook//EN", "METHOD:REPLY", "BEGIN:VEVENT"}, lines...), "END:VEVENT", "END:VCALENDAR")...)
}

func TestAnAnswerByMailIsRecordedWhereItFits(t *testing.T) {
	const jean, outsider = "jean@ailleurs.example", "paul.autre@ailleurs.example"
	for _, c := range []struct {
		name  string
		from  string
		lines []string // after UID
		want  string   // what Jean answered then
	}{
		{"yes", jean, []string{"SEQUENCE:0", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Jean@ailleurs.example"}, Accepted},
		{"perhaps", jean, []string{"ATTENDEE;CN=Jean;PARTSTAT=TENTATIVE:MAILTO:jean@ailleurs.example", "COMMENT:en retard"}, Tentative},
		{"from somebody else", outsider, []string{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:" + jean}, NeedsAction},
		{"for somebody else", jean, []string{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:anne@agglo.example"}, NeedsAction},
		{"from nobody", "", []string{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:" + jean}, NeedsAction},
		{"from who was not asked", outsider, []string{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:" + outsider}, NeedsAction},
		{"from who has an agenda here", "anne@agglo.example", []string{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:anne@agglo.example"}, NeedsAction},
		{"no answer", jean, []string{"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:" + jean}, NeedsAction},
		{"an answer that nobody knows", jean, []string{"ATTENDEE;PARTSTAT=X-MAYBE:mailto:" + jean}, NeedsAction},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMeetingPlace(t)
			event := m.make(Draft{Calendar: "claire", Title: "Budget", Start: time.Date(2026, 11, 24, 9, 0, 0, 0, paris), Guests: guests(jean, "anne@agglo.example")})
			recorded, err := m.RecordReply(t.Context(), "bourg", "claire", c.from, time.Now(), replyText(append([]string{"UID:" + event.UID}, c.lines...)...))
			if err != nil || recorded != (c.want != NeedsAction) {
				t.Fatalf("recorded: %v, %v", recorded, err)
			}
			if got := m.asked(event.ID, time.Time{}); !slices.Equal(got, []string{jean + " " + c.want, "anne@agglo.example NEEDS-ACTION"}) {
				t.Errorf("answers: %v", got)
			}
			messages, err := m.Messages(t.Context(), m.claire)
			if err != nil || (len(messages) == 1) != recorded {
				t.Errorf("%d messages in the inbox, %v", len(messages), err)
			}
			again, err := m.RecordReply(t.Context(), "bourg", "claire", c.from, time.Now(), replyText(append([]string{"UID:" + event.UID}, c.lines...)...))
			if err != nil || again {
				t.Errorf("once more: %v, %v", again, err)
			}
		})
	}
}

func TestAnAnswerByMailIsToTheInvitationAsItIs(t *testing.T) {
	const jean = "jean@ailleurs.example"
	m := newMeetingPlace(t)
	d := Draft{Calendar: "claire", Title: "Budget", Start: time.Date(2026, 11, 24, 9, 0, 0, 0, paris), Guests: guests(jean)}
	event := m.make(d)
	answer := func(stat string, lines ...string) bool {
		t.Helper()
		recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, time.Now(), replyText(append([]string{"UID:" + event.UID, "ATTENDEE;PARTSTAT=" + stat + ":mailto:" + jean}, lines...)...))
		if err != nil {
			t.Fatal(err)
		}
		return recorded
	}
	d.Title = "Budget 2027"
	m.change(event, time.Time{}, "", d)
	if answer(Accepted) {
		t.Error("an answer to an earlier number, that says no hour, is recorded")
	}
	if !answer(Accepted, "DTSTART:20261124T080000Z") {
		t.Error("an answer to an earlier number of the same hour is not")
	}
	d.Start = d.Start.Add(time.Hour)
	m.change(event, time.Time{}, "", d)
	if got := m.asked(event.ID, time.Time{}); !slices.Equal(got, []string{jean + " NEEDS-ACTION"}) {
		t.Fatalf("asked anew: %v", got)
	}
	if answer(Accepted, "DTSTART:20261124T080000Z") {
		t.Error("an answer to the hour that it had is recorded")
	}
	if !answer(Declined, "SEQUENCE:99") {
		t.Error("an answer to what is now is not")
	}
	for _, who := range []struct {
		collectivity portal.CollectivityID
		agent        portal.AgentID
	}{{"bourg", "paul"}, {"agglo", "anne"}, {"agglo", "claire"}, {"bourg", "nobody"}} {
		recorded, err := m.RecordReply(t.Context(), who.collectivity, who.agent, jean, time.Now(), replyText("UID:"+event.UID, "SEQUENCE:99", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:"+jean))
		if err != nil || recorded {
			t.Errorf("in the mailbox of %v: %v, %v", who, recorded, err)
		}
	}
	if recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, time.Now(), replyText("UID:another", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:"+jean)); err != nil || recorded {
		t.Errorf("to what is no event: %v, %v", recorded, err)
	}
	if err := m.DeleteEvent(t.Context(), m.claire, event.ID, ""); err != nil {
		t.Fatal(err)
	}
	if answer(Accepted, "SEQUENCE:99") {
		t.Error("an answer to what is called off is recorded")
	}
}

func TestAnAnswerByMailToASeries(t *testing.T) {
	const jean = "jean@ailleurs.example"
	m := newMeetingPlace(t)
	event := m.make(weeklyAtNine(jean, "paul@bourg.example"))
	second := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	answer := func(lines ...string) bool {
		t.Helper()
		recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, time.Now(), replyText(append([]string{"UID:" + event.UID, "SEQUENCE:9"}, lines...)...))
		if err != nil {
			t.Fatal(err)
		}
		return recorded
	}
	if !answer("RECURRENCE-ID:20261201T080000Z", "ATTENDEE;PARTSTAT=DECLINED:mailto:"+jean) {
		t.Error("an answer to one date is not recorded")
	}
	if !answer("ATTENDEE;PARTSTAT=ACCEPTED:mailto:" + jean) {
		t.Error("an answer to all is not recorded")
	}
	if got := m.asked(event.ID, second); got[0] != jean+" DECLINED" {
		t.Errorf("the date that she misses: %v", got)
	}
	if got := m.asked(event.ID, time.Time{}); got[0] != jean+" ACCEPTED" || got[1] != "paul@bourg.example NEEDS-ACTION" {
		t.Errorf("the others: %v", got)
	}
	if got := m.has(m.paul); !strings.Contains(got, "PARTSTAT=ACCEPTED:mailto:"+jean) {
		t.Errorf("paul does not see it:\n%s", got)
	}
	if answer("RECURRENCE-ID:20261202T080000Z", "ATTENDEE;PARTSTAT=DECLINED:mailto:"+jean) {
		t.Error("an answer to a date that there is not is recorded")
	}
}

func TestOnlyWhoAskedByMailIsLookedAt(t *testing.T) {
	m := newMeetingPlace(t)
	if _, err := m.db.Exec(t.Context(), `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', 'claire', 'C', 'M', 'm', 0), ('bourg', 'paul', 'P', 'P', 'p', 0)`); err != nil {
		t.Fatal(err)
	}
	asking := func() []portal.AgentID {
		t.Helper()
		found, err := m.AskingByMail(t.Context(), "bourg", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	start := time.Now().Add(time.Hour).Truncate(time.Second)
	d := Draft{Calendar: "claire", Title: "Budget", Start: start, Guests: guests("paul@bourg.example")}
	m.make(d)
	if got := asking(); got != nil {
		t.Errorf("of those who asked colleagues alone: %v", got)
	}
	d.Guests = guests("jean@ailleurs.example")
	m.make(d)
	if got := asking(); !slices.Equal(got, []portal.AgentID{"claire"}) {
		t.Errorf("of who asked by mail: %v", got)
	}
	d.Calendar = "paul"
	if _, err := m.CreateEvent(t.Context(), m.paul, d); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[portal.AgentID][]portal.AgentID{"": {"claire", "paul"}, "claire": {"paul", "claire"}, "d": {"paul", "claire"}, "paul": {"claire", "paul"}} {
		if got, err := m.AskingByMail(t.Context(), "bourg", after, 10); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %q: %v, %v; want %v", after, got, err, want)
		}
	}
	if got, err := m.AskingByMail(t.Context(), "bourg", "claire", 1); err != nil || !slices.Equal(got, []portal.AgentID{"paul"}) {
		t.Errorf("the next one: %v, %v", got, err)
	}
	if got, err := m.AskingByMail(t.Context(), "agglo", "", 10); got != nil || err != nil {
		t.Errorf("elsewhere: %v, %v", got, err)
	}
	m.now = func() time.Time { return start.Add(2 * time.Hour) }
	if got := asking(); got != nil {
		t.Errorf("after the meeting: %v", got)
	}
}

func TestWhatIsNoReplyIsRefused(t *testing.T) {
	m := newMeetingPlace(t)
	for name, text := range map[string][]byte{
		"nothing":      nil,
		"no calendar":  []byte("oui"),
		"a request":    []byte(strings.Replace(string(replyText("UID:u", "ATTENDEE:mailto:a@b.fr")), "REPLY", "REQUEST", 1)),
		"no attendee":  replyText("UID:u"),
		"two":          replyText("UID:u", "ATTENDEE:mailto:a@b.fr", "ATTENDEE:mailto:c@b.fr"),
		"no UID":       replyText("ATTENDEE:mailto:a@b.fr"),
		"a bad date":   replyText("UID:u", "RECURRENCE-ID:demain", "ATTENDEE:mailto:a@b.fr"),
		"a large one":  replyText("UID:u", "ATTENDEE:mailto:a@b.fr", "COMMENT:"+strings.Repeat("x", MaxObjectSize)),
		"of no events": ics("BEGIN:VCALENDAR", "METHOD:REPLY", "END:VCALENDAR"),
	} {
		if _, err := m.RecordReply(t.Context(), "bourg", "claire", "a@b.fr", time.Now(), text); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a mail holds, it costs little and breaks nothing of the event that it speaks of.
func FuzzReadReply(f *testing.F) {
	for _, seed := range [][]byte{
		replyText("UID:u", "SEQUENCE:3", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:jean@ailleurs.example"),
		replyText("UID:u", "RECURRENCE-ID;TZID=Europe/Paris:20261201T090000", "DTSTART;VALUE=DATE:20261201", "ATTENDEE;PARTSTAT=DECLINED:mailto:jean@ailleurs.example"),
		replyText("UID:u", "DTSTART:", "ATTENDEE;EMAIL=jean@ailleurs.example:urn:x"),
	} {
		f.Add(seed)
	}
	text := eventText(byClaire, toClaire, toJean, atNine, atTen, "RRULE:FREQ=WEEKLY")
	f.Fuzz(func(t *testing.T, octets []byte) {
		begun := time.Now()
		reply, err := readReply(octets)
		if err != nil {
			return
		}
		o, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		me := parties{"jean@ailleurs.example"}
		all := o.answersIn(reply, me, paris)
		if err := o.noteAll(all, me, paris, begun); err == nil {
			if _, err := Parse(encode(o.root)); err != nil {
				t.Errorf("the event can't be read any more: %v", err)
			}
		}
		if time.Since(begun) > slow {
			t.Errorf("%d bytes took %v", len(octets), time.Since(begun))
		}
	})
}

// What somebody said last counts, whichever way it came and however often an older mail is read.
func TestAnOlderAnswerByMailChangesNothing(t *testing.T) {
	const jean = "jean@ailleurs.example"
	m := newMeetingPlace(t)
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	m.now = func() time.Time { return noon }
	d := Draft{Calendar: "claire", Title: "Budget", Start: time.Date(2026, 11, 24, 9, 0, 0, 0, paris), Guests: guests(jean)}
	event := m.make(d)
	m.now = func() time.Time { return noon.Add(24 * time.Hour) }
	secret := func() string { return m.post.letters[len(m.post.letters)-1].Secret }
	mailed := func(stat string, stamp, received time.Duration, lines ...string) bool {
		t.Helper()
		lines = append([]string{"UID:" + event.UID, "ATTENDEE;PARTSTAT=" + stat + ":mailto:" + jean}, lines...)
		if stamp != 0 {
			lines = append(lines, "DTSTAMP:"+noon.Add(stamp).Format("20060102T150405Z"))
		}
		recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, noon.Add(received), replyText(lines...))
		if err != nil {
			t.Fatal(err)
		}
		return recorded
	}
	link := func(stat string, at time.Duration) {
		t.Helper()
		now := m.now
		m.now = func() time.Time { return noon.Add(at) }
		if err := m.AnswerInvitation(t.Context(), secret(), stat); err != nil {
			t.Fatal(err)
		}
		m.now = now
	}
	wants := func(stat string) {
		t.Helper()
		if got := m.asked(event.ID, time.Time{}); !slices.Equal(got, []string{jean + " " + stat}) {
			t.Errorf("answers: %v, want %s", got, stat)
		}
	}
	const minute, hour = time.Minute, time.Hour
	link(Declined, 10*minute)
	if mailed(Accepted, 5*minute, 6*minute) {
		t.Error("a yes by mail before the no by the link is recorded")
	}
	if mailed(Accepted, 0, 6*minute) {
		t.Error("one without DTSTAMP, that came before the no, is recorded")
	}
	wants(Declined)
	if !mailed(Tentative, 15*minute, 16*minute) || !mailed(Accepted, 20*minute, 21*minute) {
		t.Error("what is said later is not recorded")
	}
	if mailed(Tentative, 15*minute, 16*minute) || mailed(Accepted, 20*minute, 21*minute) {
		t.Error("what was read before is recorded again")
	}
	wants(Accepted)
	if mailed(Accepted, 25*minute, 26*minute) || mailed(Declined, 23*minute, 27*minute) {
		t.Error("a no, late on its way, changes the yes that was said again since")
	}
	wants(Accepted)
	if !mailed(Declined, 0, 30*minute) {
		t.Error("an answer without DTSTAMP is not taken as of when it came")
	}
	// The clock of her telephone is hours ahead: she said it before its mail came.
	if !mailed(Tentative, 10*hour, 31*minute) {
		t.Error("an answer of a clock that is ahead is not recorded")
	}
	link(Accepted, 40*minute)
	if mailed(Tentative, 10*hour, 31*minute) {
		t.Error("an answer of a clock that is ahead wins over what was said since")
	}
	if !mailed(Declined, 50*minute, 51*minute) {
		t.Error("an answer after that of a clock that is ahead is not recorded")
	}
	// The mail server's clock is ahead too.
	if !mailed(Tentative, 100*hour, 100*hour) {
		t.Error("an answer of two clocks that are ahead is not recorded")
	}
	m.now = func() time.Time { return noon.Add(25 * time.Hour) }
	link(Accepted, 25*hour)
	wants(Accepted)

	// Asked anew she answers to another number: her clock may be behind.
	d.Start = d.Start.Add(time.Hour)
	m.change(event, time.Time{}, "", d)
	if !mailed(Declined, hour, 25*hour, "SEQUENCE:9") {
		t.Error("an answer to a later number, by a clock that is behind, is not recorded")
	}
	if mailed(Accepted, hour, 25*hour, "SEQUENCE:9") {
		t.Error("another of the same second is recorded")
	}
	wants(Declined)
	if kept := m.said(event.UID); kept != 1 {
		t.Errorf("%d rows, want 1", kept)
	}
	m.now = func() time.Time { return noon.Add(25*hour + saidLife + time.Second) }
	if err := m.ForgetMessages(t.Context(), "bourg"); err != nil || m.said(event.UID) != 0 {
		t.Errorf("%d rows after their time, %v", m.said(event.UID), err)
	}
}

// said is how many rows tell when people answered an event.
func (m *meetingPlace) said(uid string) (count int) {
	m.t.Helper()
	if err := m.db.QueryRow(m.t.Context(), `SELECT COUNT(*) FROM calendar_said WHERE collectivity = 'bourg' AND organizer = 'claire' AND uid = $1`, uid).Scan(&count); err != nil {
		m.t.Fatal(err)
	}
	return count
}

func TestAnOlderAnswerByMailToOneDate(t *testing.T) {
	const jean = "jean@ailleurs.example"
	m := newMeetingPlace(t)
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	m.now = func() time.Time { return noon }
	event := m.make(weeklyAtNine(jean))
	m.now = func() time.Time { return noon.Add(time.Hour) }
	second, third := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), time.Date(2026, 12, 8, 8, 0, 0, 0, time.UTC)
	mailed := func(stat string, stamp time.Duration, at time.Time) bool {
		t.Helper()
		lines := []string{"UID:" + event.UID, "DTSTAMP:" + noon.Add(stamp).Format("20060102T150405Z"), "ATTENDEE;PARTSTAT=" + stat + ":mailto:" + jean}
		if !at.IsZero() {
			lines = append(lines, "RECURRENCE-ID:"+at.Format("20060102T150405Z"))
		}
		recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, noon.Add(30*time.Minute), replyText(lines...))
		if err != nil {
			t.Fatal(err)
		}
		return recorded
	}
	if !mailed(Declined, 10*time.Minute, second) || !mailed(Tentative, 10*time.Minute, third) {
		t.Error("answers to two dates in one second are not recorded")
	}
	if !mailed(Accepted, 5*time.Minute, time.Time{}) {
		t.Error("what was said of all before is not recorded of the other dates")
	}
	if got := m.asked(event.ID, second); got[0] != jean+" DECLINED" {
		t.Errorf("the second: %v", got)
	}
	if err := m.AnswerInvitation(t.Context(), m.post.letters[0].Secret, Declined); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{{}, second, third, third.AddDate(0, 0, 7)} {
		if mailed(Accepted, 20*time.Minute, at) {
			t.Errorf("what was said of %v before the no to all is recorded", at)
		}
	}
}
