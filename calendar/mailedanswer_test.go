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
			recorded, err := m.RecordReply(t.Context(), "bourg", "claire", c.from, replyText(append([]string{"UID:" + event.UID}, c.lines...)...))
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
			again, err := m.RecordReply(t.Context(), "bourg", "claire", c.from, replyText(append([]string{"UID:" + event.UID}, c.lines...)...))
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
		recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, replyText(append([]string{"UID:" + event.UID, "ATTENDEE;PARTSTAT=" + stat + ":mailto:" + jean}, lines...)...))
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
		recorded, err := m.RecordReply(t.Context(), who.collectivity, who.agent, jean, replyText("UID:"+event.UID, "SEQUENCE:99", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:"+jean))
		if err != nil || recorded {
			t.Errorf("in the mailbox of %v: %v, %v", who, recorded, err)
		}
	}
	if recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, replyText("UID:another", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:"+jean)); err != nil || recorded {
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
		recorded, err := m.RecordReply(t.Context(), "bourg", "claire", jean, replyText(append([]string{"UID:" + event.UID, "SEQUENCE:9"}, lines...)...))
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
		found, err := m.AskingByMail(t.Context(), "bourg", 10)
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
	if got, err := m.AskingByMail(t.Context(), "agglo", 10); got != nil || err != nil {
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
		if _, err := m.RecordReply(t.Context(), "bourg", "claire", "a@b.fr", text); !errors.Is(err, portal.ErrInvalid) {
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
