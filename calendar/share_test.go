package calendar

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// staffed adds agents, a group and a unit to both collectivities, whom shares name.
func staffed(t testing.TB) *Store {
	t.Helper()
	s := newStore(t)
	for _, text := range []string{
		`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES
			('bourg', 'claire', 'Claire', 'Morel', 'morel claire', 0), ('bourg', 'paul', 'Paul', 'Roux', 'roux paul', 0),
			('bourg', 'odile', 'Odile', 'Petit', 'petit odile', 0), ('bourg', 'zoe', 'Zoé', 'Blanc', 'blanc zoe', 0),
			('agglo', 'claire', 'Claire', 'Autre', 'autre claire', 0), ('agglo', 'paul', 'Paul', 'Autre', 'autre paul', 0)`,
		`INSERT INTO agent_groups (collectivity, id, name) VALUES ('bourg', 'elus', 'Élus'), ('agglo', 'elus', 'Élus')`,
		`INSERT INTO units (collectivity, id, name) VALUES ('bourg', 'voirie', 'Voirie'), ('agglo', 'voirie', 'Voirie')`,
	} {
		if _, err := s.db.Exec(context.Background(), text); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func mustShare(t testing.TB, s *Store, owner portal.Caller, to portal.Subject, level Level) string {
	t.Helper()
	id, err := s.Share(context.Background(), owner, Share{Calendar: personal(owner), To: to, Level: level}, "")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func toAgent(caller portal.Caller) portal.Subject {
	return portal.Subject{Kind: portal.TheAgent, ID: string(caller.Agent)}
}

// everywhere is all that a caller can read of a calendar, as one text.
func everywhere(t testing.TB, s *Store, caller portal.Caller, id CalendarID, event EventID) string {
	t.Helper()
	ctx := context.Background()
	var all bytes.Buffer
	say := func(texts ...string) { all.WriteString(strings.Join(texts, "|") + "\n") }
	c, err := s.Calendar(ctx, caller, id)
	if err != nil {
		t.Fatal(err)
	}
	say(c.Name, c.Description, c.ZoneText)
	list, err := s.List(ctx, caller, id)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		say(e.Name, e.ETag)
		names = append(names, e.Name)
	}
	entries, err := s.Entries(ctx, caller, id, names)
	if err != nil || len(entries) != len(list) {
		t.Fatalf("%d of %d objects read: %v", len(entries), len(list), err)
	}
	for _, e := range list {
		got := entries[e.Name]
		if got.ETag != e.ETag {
			t.Errorf("%s is listed as %s and read as %s", e.Name, e.ETag, got.ETag)
		}
		say(string(got.Octets))
	}
	err = s.Find(ctx, caller, id, Filter{}, nil, func(e Entry) error { say(e.Name, e.ETag, string(e.Octets)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	changes, err := s.ChangesSince(ctx, caller, id, SyncToken{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range changes.Changed {
		say(e.Name, e.ETag)
	}
	found, err := s.Instances(ctx, caller, time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 1, 0, 0, 0, 0, paris), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range found {
		say(in.Title, in.Location, in.Description, in.Name, in.UID)
	}
	busy, err := s.FreeBusy(ctx, caller, id, Range{time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 1, 0, 0, 0, 0, paris)})
	if err != nil {
		t.Fatal(err)
	}
	say(string(busy))
	if ev, err := s.Event(ctx, caller, event); err == nil {
		say(ev.Title, ev.Location, ev.Description, ev.Name, ev.UID)
	}
	return all.String()
}

const secretEvent = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:secret-uid\r\nDTSTAMP:20261101T000000Z\r\n" +
	"DTSTART;TZID=Europe/Paris;X-NOTE=secret:20261110T090000\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nSUMMARY:secret titre\r\nLOCATION:secret lieu\r\n" +
	"DESCRIPTION:secret texte\r\nATTENDEE;CN=secret:mailto:secret@bourg.example\r\nORGANIZER:mailto:secret@bourg.example\r\nCATEGORIES:secret\r\n" +
	"STATUS:CONFIRMED\r\nX-SECRET:secret\r\nCOMMENT:secret\r\nURL:https://secret.example/\r\nATTACH:https://secret.example/\r\n" +
	"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:secret\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:secret-uid\r\nDTSTAMP:20261101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Paris:20261117T090000\r\n" +
	"DTSTART;TZID=Europe/Paris:20261117T110000\r\nDURATION:PT1H\r\nSUMMARY:secret autre\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func mustPut(t testing.TB, s *Store, caller portal.Caller, name, octets string) EventID {
	t.Helper()
	w, err := s.Put(context.Background(), caller, personal(caller), name, []byte(octets), Condition{})
	if err != nil {
		t.Fatal(err)
	}
	return w.ID
}

func TestWhoOnlySeesBusyTimesReadsNothingElse(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	id := mustPut(t, s, claire, "secret-nom.ics", secretEvent)
	free := strings.ReplaceAll(strings.Replace(secretEvent, "STATUS:CONFIRMED", "STATUS:CANCELLED", 1), "secret-uid", "secret-cancelled")
	free, _, _ = strings.Cut(free, "BEGIN:VEVENT\r\nUID:secret-cancelled\r\nDTSTAMP:20261101T000000Z\r\nRECURRENCE-ID")
	mustPut(t, s, claire, "secret-annulé.ics", strings.Replace(free, "RRULE:FREQ=WEEKLY;COUNT=3\r\n", "", 1)+"END:VCALENDAR\r\n")
	mustPut(t, s, claire, "secret-tâche.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VTODO\r\nUID:secret-todo\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:secret\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")
	name, description := "secret agenda", "secret"
	if err := s.ChangeLook(ctx, claire, personal(claire), Look{Name: &name, Description: &description}); err != nil {
		t.Fatal(err)
	}
	mustShare(t, s, claire, toAgent(paul), LevelBusy)
	all := everywhere(t, s, paul, personal(claire), id)
	if strings.Contains(all, "secret") {
		t.Errorf("who sees busy times alone reads\n%s", all)
	}
	list, _ := s.List(ctx, paul, personal(claire))
	if len(list) != 1 {
		t.Errorf("%d objects, want the one that takes time", len(list))
	}
	found, err := s.Instances(ctx, paul, time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 1, 0, 0, 0, 0, paris), personal(claire))
	if err != nil || len(found) != 3 || found[1].Start.Hour() != 11 || !found[0].Hidden {
		t.Errorf("instances %+v, %v, want three, the second moved to 11", found, err)
	}
	for _, text := range []string{"secret", "titre"} {
		f := Filter{Component: EventComponent, Props: []PropFilter{{Name: "SUMMARY", Text: &TextMatch{Text: text}}}}
		if err := s.Find(ctx, paul, personal(claire), f, nil, func(Entry) error { return errors.New("found") }); err != nil {
			t.Errorf("a filter on %q finds what it must not: %v", text, err)
		}
	}
	docs, err := s.Source().Load(ctx, "bourg", []string{string(id)})
	if err != nil || len(docs) != 1 || docs[0].VisibleTo(paul) || !docs[0].VisibleTo(claire) {
		t.Errorf("search offers %+v, %v", docs, err)
	}
	if _, err := s.Put(ctx, paul, personal(claire), "x.ics", []byte(secretEvent), Condition{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who sees busy times writes: %v", err)
	}
}

func TestWhatIsPrivateStaysSoWhereACalendarIsShared(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul, odile, zoe := agent("bourg", "claire"), agent("bourg", "paul"), agent("bourg", "odile"), agent("bourg", "zoe")
	private := mustPut(t, s, claire, "prive.ics", strings.ReplaceAll(secretEvent, "STATUS:CONFIRMED", "CLASS:X-MINE"))
	public := mustCreate(t, s, claire, meeting(claire, "Conseil", 12))
	// As it was stored before classes were read.
	if _, err := s.db.Exec(ctx, `UPDATE calendar_objects SET class = '' WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	mustShare(t, s, claire, toAgent(paul), LevelWrite)
	for _, given := range []Delegate{{Agent: odile.Agent, Writes: true}, {Agent: zoe.Agent}} {
		if _, err := s.Delegate(ctx, claire, given, ""); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		who  portal.Caller
		sees bool
	}{{paul, false}, {zoe, false}, {odile, true}, {claire, true}} {
		all := everywhere(t, s, c.who, personal(claire), private)
		if strings.Contains(all, "secret") != c.sees || !strings.Contains(all, "Conseil") || !strings.Contains(all, "prive.ics") {
			t.Errorf("%s sees what is private: %v, want %v\n%s", c.who.Agent, !c.sees, c.sees, all)
		}
	}
	// Nobody writes over what she may not read, whatever else she may write.
	if _, err := s.Put(ctx, paul, personal(claire), "prive.ics", []byte(secretEvent), Condition{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who writes a shared calendar writes over what is private: %v", err)
	}
	if err := s.Delete(ctx, paul, personal(claire), "prive.ics", Condition{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("and deletes it: %v", err)
	}
	if _, err := s.Remove(ctx, paul, Target{Event: private}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("and removes it: %v", err)
	}
	if ev, err := s.Event(ctx, paul, private); err != nil || ev.Writable || !ev.Hidden {
		t.Errorf("its page is %+v, %v", ev, err)
	}
	if _, err := s.Remove(ctx, paul, Target{Event: public}); err != nil {
		t.Errorf("who writes a shared calendar can't remove from it: %v", err)
	}
	if _, err := s.Remove(ctx, zoe, Target{Event: private}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who reads an agenda removes: %v", err)
	}
	if _, err := s.Remove(ctx, odile, Target{Event: private}); err != nil {
		t.Errorf("who keeps an agenda can't remove: %v", err)
	}
	if err := s.DeleteCalendar(ctx, odile, personal(claire)); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who keeps an agenda deletes a calendar: %v", err)
	}
}

// seenBy are the levels at which a caller sees a calendar in her agenda and by its id, "" for not.
func seenBy(t testing.TB, s *Store, caller portal.Caller, id CalendarID) (listed, named Level) {
	t.Helper()
	all, err := s.Calendars(context.Background(), caller)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.ID == id {
			listed = c.Level
		}
	}
	c, err := s.Calendar(context.Background(), caller, id)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		t.Fatal(err)
	}
	return listed, c.Level
}

func TestACalendarIsOpenToWhomItIsSharedWithAndToNobodyElse(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	member, below := agent("bourg", "odile", "elus"), agent("bourg", "zoe")
	below.Units = []portal.UnitID{"eclairage", "voirie"}
	strangers := []portal.Caller{agent("agglo", "paul", "elus"), agent("agglo", "claire")}
	strangers[0].Units = []portal.UnitID{"voirie"}
	all := []portal.Caller{paul, member, below}
	mustCreate(t, s, claire, meeting(claire, "Conseil", 12))
	c, err := s.CreateCalendar(ctx, claire, NewCalendar{Name: "Projets"})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []struct {
		subject portal.Subject
		reaches []portal.Caller
	}{
		{toAgent(paul), all[:1]},
		{portal.Subject{Kind: portal.TheGroup, ID: "elus"}, all[1:2]},
		{portal.Subject{Kind: portal.TheUnit, ID: "voirie"}, all[2:]},
		{portal.Subject{Kind: portal.Everyone}, all},
	} {
		id, err := s.Share(ctx, claire, Share{Calendar: c.ID, To: to.subject, Level: LevelRead}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range slices.Concat(all, strangers) {
			want := Level("")
			if slices.ContainsFunc(to.reaches, func(one portal.Caller) bool { return one.Agent == who.Agent && one.Collectivity == who.Collectivity }) {
				want = LevelRead
			}
			listed, named := seenBy(t, s, who, c.ID)
			if to.subject.Kind == portal.Everyone { // it waits to be taken
				if listed != "" {
					t.Errorf("what is open to everyone is in the agenda of %s", who.Agent)
				}
				listed = want
			}
			if listed != want || named != want {
				t.Errorf("shared with %+v: %s of %s lists it at %q and reads it at %q, want %q", to.subject, who.Agent, who.Collectivity, listed, named, want)
			}
			if listed, named := seenBy(t, s, who, personal(claire)); who.Collectivity == "bourg" && (listed != "" || named != "") {
				t.Errorf("%s sees another calendar of claire than the shared one", who.Agent)
			}
		}
		if err := s.EndShare(ctx, claire, id, ""); err != nil {
			t.Fatal(err)
		}
		for _, who := range all {
			if listed, named := seenBy(t, s, who, c.ID); listed != "" || named != "" {
				t.Errorf("%s still sees what is shared no more", who.Agent)
			}
		}
	}
}

func TestSharesCrossNoCollectivity(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	other := agent("agglo", "paul")
	id := mustShare(t, s, claire, toAgent(paul), LevelWrite)
	given, err := s.Delegate(ctx, claire, Delegate{Agent: "odile", Writes: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"ended by a colleague":        s.EndShare(ctx, paul, id, ""),
		"ended from elsewhere":        s.EndShare(ctx, agent("agglo", "claire"), id, ""),
		"restored from elsewhere":     s.RestoreShare(ctx, agent("agglo", "claire"), id, ""),
		"a delegate ended by another": s.EndDelegate(ctx, paul, given, ""),
		"ended from another":          s.EndDelegate(ctx, agent("agglo", "claire"), given, ""),
		"put away from elsewhere":     s.PutAway(ctx, other, personal(claire)),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
	_, err = s.Share(ctx, paul, Share{Calendar: personal(claire), To: portal.Subject{Kind: portal.TheAgent, ID: "zoe"}, Level: LevelRead}, "")
	if !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who writes a calendar shares it: %v", err)
	}
	for _, wrong := range []Share{
		{To: portal.Subject{Kind: portal.TheAgent, ID: "claire"}, Level: LevelRead},
		{To: portal.Subject{Kind: portal.TheAgent, ID: "nobody"}, Level: LevelRead},
		{To: portal.Subject{Kind: portal.TheGroup, ID: "paul"}, Level: LevelRead},
		{To: portal.Subject{Kind: "x", ID: "y"}, Level: LevelRead},
		{To: portal.Subject{Kind: portal.Everyone, ID: "y"}, Level: LevelRead},
		{To: portal.Subject{Kind: portal.Everyone}, Level: LevelWrite},
		{To: toAgent(paul), Level: LevelFull},
		{To: toAgent(paul)},
	} {
		wrong.Calendar = personal(claire)
		if _, err := s.Share(ctx, claire, wrong, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("shared with %+v at %q: %v", wrong.To, wrong.Level, err)
		}
	}
	for _, wrong := range []Delegate{{}, {Agent: "claire"}, {Agent: "nobody"}, {Agent: "paul", Ends: time.Unix(1, 0)}} {
		if _, err := s.Delegate(ctx, claire, wrong, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("delegate %+v: %v", wrong, err)
		}
	}
	var lines int
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND action IN ('thing.readers', 'thing.writers')`).Scan(&lines); err != nil || lines != 2 {
		t.Errorf("%d lines in the journal, %v, want one for the share and one for the delegate", lines, err)
	}
}

func TestAShareThatTellsLessIsReadAnew(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	mustCreate(t, s, claire, meeting(claire, "Conseil", 12))
	id := mustShare(t, s, claire, toAgent(paul), LevelRead)
	token := func() SyncToken {
		c, err := s.Calendar(ctx, paul, personal(claire))
		if err != nil {
			t.Fatal(err)
		}
		return c.Sync
	}
	read := token()
	mustShare(t, s, claire, toAgent(paul), LevelBusy)
	if _, err := s.ChangesSince(ctx, paul, personal(claire), read, 0); !errors.Is(err, ErrSyncToken) {
		t.Errorf("who read titles goes on from them: %v", err)
	}
	busy := token()
	second := mustCreate(t, s, claire, meeting(claire, "Budget", 13))
	changes, err := s.ChangesSince(ctx, paul, personal(claire), busy, 0)
	if err != nil || len(changes.Changed) != 1 || changes.Changed[0].Name != string(second)+".ics" {
		t.Errorf("a busy reader hears %+v, %v", changes, err)
	}
	if err := s.DeleteEvent(ctx, claire, second, ""); err != nil {
		t.Fatal(err)
	}
	changes, err = s.ChangesSince(ctx, paul, personal(claire), busy, 0)
	if err != nil || len(changes.Deleted) != 1 || changes.Deleted[0] != string(second)+".ics" {
		t.Errorf("a busy reader hears of a deletion %+v, %v", changes, err)
	}
	if err := s.EndShare(ctx, claire, id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangesSince(ctx, paul, personal(claire), busy, 0); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("after the end: %v", err)
	}
	if err := s.RestoreShare(ctx, claire, id, ""); err != nil {
		t.Fatal(err)
	}
	if listed, named := seenBy(t, s, paul, personal(claire)); listed != LevelBusy || named != LevelBusy {
		t.Errorf("taken back, it is seen at %q and %q", listed, named)
	}
	if err := s.EndShare(ctx, claire, id, ""); err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	if err := s.RestoreShare(ctx, claire, id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("taken back too late: %v", err)
	}
}

func TestADelegationEndsOnItsDay(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, odile := agent("bourg", "claire"), agent("bourg", "odile")
	if _, err := s.Delegate(ctx, claire, Delegate{Agent: odile.Agent, Writes: true, Ends: time.Now().Add(24 * time.Hour)}, ""); err != nil {
		t.Fatal(err)
	}
	later, err := s.CreateCalendar(ctx, claire, NewCalendar{Name: "Projets"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []CalendarID{personal(claire), later.ID} {
		if listed, named := seenBy(t, s, odile, id); listed != LevelFull || named != LevelFull {
			t.Errorf("who keeps an agenda sees %s at %q and %q", id, listed, named)
		}
	}
	whose, err := s.DelegateOf(ctx, odile)
	if err != nil || len(whose) != 1 || whose[0].Owner != claire.Agent || whose[0].Name != "Claire Morel" {
		t.Errorf("she keeps %+v, %v", whose, err)
	}
	s.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	for _, id := range []CalendarID{personal(claire), later.ID} {
		if listed, named := seenBy(t, s, odile, id); listed != "" || named != "" {
			t.Errorf("after the day she sees %s at %q and %q", id, listed, named)
		}
	}
}

func TestACalendarOfAnotherIsPutAwayAndTakenBack(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	if _, err := s.Delegate(ctx, claire, Delegate{Agent: paul.Agent}, ""); err != nil {
		t.Fatal(err)
	}
	mustShare(t, s, claire, portal.Subject{Kind: portal.Everyone}, LevelBusy)
	if err := s.PutAway(ctx, paul, personal(claire)); err != nil {
		t.Fatal(err)
	}
	if listed, named := seenBy(t, s, paul, personal(claire)); listed != "" || named != LevelRead {
		t.Errorf("put away, it is listed at %q and read at %q", listed, named)
	}
	if _, err := s.CalendarBySlug(ctx, paul, string(personal(claire))); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("it is still on her phone: %v", err)
	}
	if away, err := s.AwayFrom(ctx, paul); err != nil || len(away) != 1 || away[0].OwnerName != "Claire Morel" {
		t.Errorf("away: %+v, %v", away, err)
	}
	if err := s.TakeBack(ctx, paul, personal(claire)); err != nil {
		t.Fatal(err)
	}
	if listed, _ := seenBy(t, s, paul, personal(claire)); listed != LevelRead {
		t.Errorf("taken back, it is listed at %q", listed)
	}
	if err := s.PutAway(ctx, paul, personal(paul)); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("her own is put away: %v", err)
	}
	zoe := agent("bourg", "zoe")
	for text, want := range map[string]int{"": 1, "mor": 1, "CLAI": 1, "orel": 0, "%": 1, "Élus": 0} {
		if open, err := s.OpenToAll(ctx, zoe, text, 10); err != nil || len(open) != want {
			t.Errorf("%q finds %d calendars, %v, want %d", text, len(open), err, want)
		}
	}
	if open, err := s.OpenToAll(ctx, agent("agglo", "paul"), "", 10); err != nil || len(open) != 0 {
		t.Errorf("another collectivity finds %+v, %v", open, err)
	}
	if err := s.TakeBack(ctx, zoe, personal(claire)); err != nil {
		t.Fatal(err)
	}
	if listed, _ := seenBy(t, s, zoe, personal(claire)); listed != LevelBusy {
		t.Errorf("taken, it is listed at %q", listed)
	}
	// Her name and colour of it are hers alone.
	name, color := "Direction", "#aa0000"
	if err := s.ChangeLook(ctx, zoe, personal(claire), Look{Name: &name, Color: &color}); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]string{"zoe": "Direction", "claire": "", "paul": ""} {
		c, err := s.Calendar(ctx, agent("bourg", who), personal(claire))
		if err != nil || c.Name != want {
			t.Errorf("%s calls it %q, %v, want %q", who, c.Name, err, want)
		}
	}
}

func TestAnAgendaThatIsHandedOverStaysOpen(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul, odile := agent("bourg", "claire"), agent("bourg", "paul"), agent("bourg", "odile")
	mustCreate(t, s, claire, meeting(claire, "Conseil", 12))
	mustShare(t, s, claire, toAgent(paul), LevelRead)
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		return s.HandOver(ctx, tx, "bourg", claire.Agent, odile.Agent, "m1", "Claire Morel")
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Calendars(ctx, paul)
	if err != nil || len(all) != 2 || all[1].OwnerName != "Odile Petit" || all[1].Level != LevelRead {
		t.Errorf("who read it has %+v, %v", all, err)
	}
	shares, err := s.Shares(ctx, odile)
	if err != nil || len(shares) != 1 {
		t.Errorf("her successor shares %+v, %v", shares, err)
	}
}

// plan is how SQLite answers a query.
func plan(t *testing.T, s *Store, query string, args []any) []string {
	t.Helper()
	rows, err := s.db.Query(t.Context(), `EXPLAIN QUERY PLAN `+query, args...)
	steps, err := database.Collect(rows, err, func(rows *sql.Rows) (step string, err error) {
		var node, parent, unused int
		return step, rows.Scan(&node, &parent, &unused, &step)
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// TestWhenOthersAreTakenCostsNothing: the calendars of those asked for come first, and their times by their index.
func TestWhenOthersAreTakenCostsNothing(t *testing.T) {
	s := staffed(t)
	if s.db.Engine() != database.SQLite {
		return
	}
	query, args := takenQuery("bourg", []portal.AgentID{"claire"}, at(1, 0, 0), at(30, 0, 0), "")
	steps := plan(t, s, query, args)
	if len(steps) != 3 || !strings.Contains(steps[0], "calendars_by_slug (collectivity=? AND owner=?)") || !strings.Contains(steps[2], "calendar_objects_by_time (collectivity=? AND calendar=?") {
		t.Errorf("it is answered by %q", steps)
	}
}

// TestWhatOthersShareCostsNothing: SQLite begins at what names the reader, and asks each table for more
// than its collectivity. What it costs on both engines is measured in bench/calendar.
func TestWhatOthersShareCostsNothing(t *testing.T) {
	s := staffed(t)
	if s.db.Engine() != database.SQLite {
		return
	}
	for _, id := range []CalendarID{"", "claire"} {
		query, args := s.sharedQuery(agent("bourg", "paul", "elus"), id)
		steps := plan(t, s, query, args)
		if len(steps) < 8 {
			t.Fatal(steps)
		}
		for _, step := range steps {
			if strings.Contains(step, "AUTOMATIC") || strings.HasSuffix(step, "(collectivity=?)") || strings.HasPrefix(step, "SCAN") && step != "SCAN seen" {
				t.Errorf("%q reads a whole collectivity: %q", id, step)
			}
		}
	}
}
