package calendar

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"parvis/portal"
)

// TestAMeetingMovesInSilence between calendars of one person: nobody is asked again, nothing is called
// off or declined, and answers find it where it is.
func TestAMeetingMovesInSilence(t *testing.T) {
	m := newMeetingPlace(t)
	w := m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul, toJean)
	told, letters := m.told(m.paul), len(m.post.letters)
	for _, who := range []portal.Caller{m.claire, m.paul} {
		second, err := m.CreateCalendar(t.Context(), who, NewCalendar{Name: "Projets", Slug: "projets"})
		if err != nil {
			t.Fatal(err)
		}
		entries, err := m.List(t.Context(), who, personal(who))
		if err != nil || len(entries) != 1 {
			t.Fatal(entries, err)
		}
		moved, err := m.Move(t.Context(), who, personal(who), entries[0].Name, second.ID, "moved.ics", Transfer{})
		if err != nil || !moved.Created || moved.ETag != entries[0].ETag || moved.ScheduleTag != entries[0].ScheduleTag {
			t.Errorf("%s: %+v, %v; was %+v", who.Agent, moved, err, entries[0])
		}
		if left := m.has(who); left != "" {
			t.Errorf("%s still has %s", who.Agent, left)
		}
	}
	if now := m.told(m.paul); !slices.Equal(now, told) || len(m.told(m.claire)) != 0 || len(m.post.letters) != letters {
		t.Errorf("somebody was told: %v, %v, %d letters", now, m.told(m.claire), len(m.post.letters)-letters)
	}
	// The answer finds the event, by the id that pages know it by.
	of, err := m.Calendars(t.Context(), m.paul)
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.Entry(t.Context(), m.paul, of[1].ID, "moved.ics")
	if err != nil {
		t.Fatal(err)
	}
	o, err := Parse(e.Octets)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range attendeesOf(o.items[0].component, "paul@bourg.example") {
		setParam(p, "PARTSTAT", Accepted)
	}
	if _, err := m.Put(t.Context(), m.paul, of[1].ID, "moved.ics", encode(o.root), Condition{}); err != nil {
		t.Fatal(err)
	}
	hers, err := m.Calendars(t.Context(), m.claire)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := m.Entry(t.Context(), m.claire, hers[1].ID, "moved.ics"); err != nil || !strings.Contains(string(e.UnfoldedText()), "PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:Paul") {
		t.Errorf("the organizer reads %s, %v", e.Octets, err)
	}
	if event, err := m.Event(t.Context(), m.claire, w.ID); err != nil || event.Calendar != hers[1].ID {
		t.Errorf("her page shows %+v, %v", event, err)
	}
}

// TestAMeetingIsNotGivenAway: it would be called off by a change of place.
func TestAMeetingIsNotGivenAway(t *testing.T) {
	m := newMeetingPlace(t)
	m.put(m.claire, Condition{}, "SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul)
	boss := m.claire
	boss.Rights = []portal.Right{portal.Admin}
	common, err := m.CreateCalendar(t.Context(), boss, NewCalendar{Name: "Mairie", Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	var refused *Refusal
	_, err = m.Move(t.Context(), boss, personal(m.claire), "u.ics", common.ID, "u.ics", Transfer{Overwrite: true})
	if !errors.As(err, &refused) || refused.Reason != OrganizerChange {
		t.Errorf("by its organizer: %v", err)
	}
	paul := m.paul
	paul.Rights = []portal.Right{portal.Admin}
	entries, _ := m.List(t.Context(), paul, personal(paul))
	_, err = m.Move(t.Context(), paul, personal(paul), entries[0].Name, common.ID, "u.ics", Transfer{Overwrite: true})
	if !errors.As(err, &refused) || refused.Reason != AttendeeChange {
		t.Errorf("by who is invited: %v", err)
	}
	// A copy is a picture there, and one that comes back is a second meeting.
	if _, err := m.Move(t.Context(), boss, personal(m.claire), "u.ics", common.ID, "u.ics", Transfer{Copy: true}); err != nil {
		t.Error(err)
	}
	second, err := m.CreateCalendar(t.Context(), m.claire, NewCalendar{Name: "Projets", Slug: "projets"})
	if err != nil {
		t.Fatal(err)
	}
	var taken *UIDTaken
	if _, err := m.Move(t.Context(), m.claire, personal(m.claire), "u.ics", second.ID, "u.ics", Transfer{Copy: true}); !errors.As(err, &taken) || taken.Slug != PersonalSlug {
		t.Errorf("a copy beside the meeting: %v", err)
	}
	if told := m.told(m.paul); !slices.Equal(told, []string{"REQUEST"}) || len(m.told(m.claire)) != 0 {
		t.Errorf("paul was told %v, claire %v", told, m.told(m.claire))
	}
	m.wants(m.paul, "SUMMARY:Budget", "!CANCELLED")
}

// TestWhatMovesIntoOnesOwnInvitesNobody: a meeting of the collectivity's calendar that names people.
func TestWhatMovesIntoOnesOwnInvitesNobody(t *testing.T) {
	m := newMeetingPlace(t)
	boss := m.claire
	boss.Rights = []portal.Right{portal.Admin}
	common, err := m.CreateCalendar(t.Context(), boss, NewCalendar{Name: "Mairie", Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Put(t.Context(), boss, common.ID, "u.ics", eventText("SUMMARY:Budget", atNine, atTen, byClaire, toClaire, toPaul), Condition{}); err != nil {
		t.Fatal(err)
	}
	if w, err := m.Move(t.Context(), boss, common.ID, "u.ics", personal(m.claire), "v.ics", Transfer{}); err != nil || w.Changed {
		t.Errorf("%+v, %v", w, err)
	}
	m.wants(m.claire, "SUMMARY:Budget")
	if told := m.told(m.paul); len(told) != 0 {
		t.Errorf("paul was told %v", told)
	}
}

// TestAMoveIsFoundByItsOwnersPages: an event keeps its address there.
func TestAMoveIsFoundByItsOwnersPages(t *testing.T) {
	s, claire := newStore(t), agent("bourg", "claire")
	w, err := s.Put(t.Context(), claire, personal(claire), "u.ics", eventText("SUMMARY:Budget", atNine, atTen), Condition{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.CreateCalendar(t.Context(), claire, NewCalendar{Name: "Projets", Slug: "projets"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Move(t.Context(), claire, second.ID, "u.ics", personal(claire), "v.ics", Transfer{}); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("from where it is not: %v", err)
	}
	if _, err := s.Move(t.Context(), claire, personal(claire), "u.ics", second.ID, "../v.ics", Transfer{}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("to no name: %v", err)
	}
	if _, err := s.Move(t.Context(), claire, personal(claire), "u.ics", second.ID, "v.ics", Transfer{Condition: Condition{Match: []string{w.ETag}}}); err != nil {
		t.Fatal(err)
	}
	if event, err := s.Event(t.Context(), claire, w.ID); err != nil || event.Calendar != second.ID || event.Title != "Budget" {
		t.Errorf("the page shows %+v, %v", event, err)
	}
}

// TestAMoveAsksForRights of who takes, and of who puts.
func TestAMoveAsksForRights(t *testing.T) {
	s := staffed(t)
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	for name, class := range map[string]string{"open.ics": "CLASS:PUBLIC", "closed.ics": "CLASS:PRIVATE"} {
		text := strings.ReplaceAll(string(eventText("SUMMARY:Budget", atNine, atTen, class)), "UID:u", "UID:"+name)
		if _, err := s.Put(t.Context(), claire, personal(claire), name, []byte(text), Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	for level, wants := range map[Level][4]error{ // to copy and to move what is open, and what is closed
		LevelBusy:  {portal.ErrDenied, portal.ErrDenied, portal.ErrDenied, portal.ErrDenied},
		LevelRead:  {nil, portal.ErrDenied, portal.ErrDenied, portal.ErrDenied},
		LevelWrite: {nil, nil, portal.ErrDenied, portal.ErrDenied},
	} {
		mustShare(t, s, claire, toAgent(paul), level)
		for i, want := range wants {
			name, how := []string{"open.ics", "closed.ics"}[i/2], Transfer{Copy: i%2 == 0}
			if _, err := s.Move(t.Context(), paul, personal(claire), name, personal(paul), name, how); !errors.Is(err, want) {
				t.Errorf("%s of %s, copied %v: %v, want %v", level, name, how.Copy, err, want)
			}
			switch {
			case want == nil && how.Copy:
				_ = s.Delete(t.Context(), paul, personal(paul), name, Condition{})
			case want == nil: // back
				_, _ = s.Move(t.Context(), paul, personal(paul), name, personal(claire), name, Transfer{})
			}
		}
	}
}

// TestWhatMovesIsReadForItsClass: what was stored before anybody asked for it is no secret for ever.
func TestWhatMovesIsReadForItsClass(t *testing.T) {
	s, claire := newStore(t), agent("bourg", "claire")
	if _, err := s.Put(t.Context(), claire, personal(claire), "u.ics", eventText("SUMMARY:Budget", atNine, atTen), Condition{}); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Write(t.Context(), `UPDATE calendar_objects SET class = '' WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Move(t.Context(), claire, personal(claire), "u.ics", personal(claire), "v.ics", Transfer{}); err != nil {
		t.Fatal(err)
	}
	var class string
	if err := s.db.QueryRow(t.Context(), `SELECT class FROM calendar_objects WHERE collectivity = 'bourg'`).Scan(&class); err != nil || class != classPublic {
		t.Errorf("class %q, %v", class, err)
	}
}
