package calendar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/database/databasetest"
)

var paris = ianaZone("Europe/Paris")

// newStore gives a store with two collectivities, bourg and agglo.
func newStore(t testing.TB) *Store {
	t.Helper()
	db := databasetest.New(t)
	for _, id := range []string{"bourg", "agglo"} {
		_, err := db.Exec(context.Background(), `
			INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		if err != nil {
			t.Fatal(err)
		}
	}
	return NewStore(db)
}

func agent(collectivity, name string, groups ...portal.GroupID) portal.Caller {
	return portal.Caller{
		Account: portal.AccountID(name), Agent: portal.AgentID(name),
		Collectivity: portal.CollectivityID(collectivity), Groups: groups,
	}
}

func personal(caller portal.Caller) CalendarID { return CalendarID(caller.Agent) }

// meeting is a draft from 9 to 10 on a day of November 2026.
func meeting(caller portal.Caller, title string, dayOfMonth int) Draft {
	return Draft{
		Calendar: personal(caller), Title: title,
		Start: time.Date(2026, 11, dayOfMonth, 9, 0, 0, 0, paris),
		End:   time.Date(2026, 11, dayOfMonth, 10, 0, 0, 0, paris),
	}
}

func mustCreate(t testing.TB, s *Store, caller portal.Caller, d Draft) EventID {
	t.Helper()
	id, err := s.CreateEvent(context.Background(), caller, d)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// titles lists the instances of November 2026 as "24 9:00 title".
func titles(t testing.TB, s *Store, caller portal.Caller, calendars ...CalendarID) []string {
	t.Helper()
	found, err := s.Instances(context.Background(), caller,
		time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 1, 0, 0, 0, 0, paris), calendars...)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, in := range found {
		all = append(all, in.Start.Format("2 15:04 ")+in.Title)
	}
	return all
}

func ics(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// eventText is a whole object of one VEVENT with the UID u and these lines.
func eventText(lines ...string) []byte {
	return ics(append(append([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", "UID:u",
		"DTSTAMP:20261101T000000Z",
	}, lines...), "END:VEVENT", "END:VCALENDAR")...)
}

func TestWhatIsWrittenInOneCollectivityDoesNotExistInTheOther(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	here := agent("bourg", "claire")
	id := mustCreate(t, s, here, meeting(here, "Budget", 24))
	ev, err := s.Event(ctx, here, id)
	if err != nil {
		t.Fatal(err)
	}
	// The same agent id in the other collectivity, its administrator, and a colleague.
	strangers := []portal.Caller{agent("agglo", "claire"), agent("agglo", "claire"), agent("bourg", "paul"), {}}
	strangers[1].Rights = []portal.Right{portal.Admin}
	for i, there := range strangers {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			_, readErr := s.Event(ctx, there, id)
			_, entryErr := s.Entry(ctx, there, ev.Calendar, ev.Name)
			for what, err := range map[string]error{
				"read":   readErr,
				"entry":  entryErr,
				"update": s.ChangeEvent(ctx, there, id, "", meeting(there, "Volé", 24)),
				"delete": s.DeleteEvent(ctx, there, id, ""),
				"DAV":    s.Delete(ctx, there, ev.Calendar, ev.Name, Condition{}),
			} {
				if !errors.Is(err, portal.ErrNotFound) {
					t.Errorf("%s: %v, want ErrNotFound", what, err)
				}
			}
			if there.Agent != "" {
				if got := titles(t, s, there); got != nil {
					t.Errorf("listed %q, want nothing", got)
				}
			}
		})
	}
	documents, err := s.Source().Load(ctx, "agglo", []string{string(id)})
	if err != nil || len(documents) != 0 {
		t.Errorf("search of agglo loads %v, %v", documents, err)
	}
	if got, want := titles(t, s, here), []string{"24 09:00 Budget"}; !cmp.Equal(got, want) {
		t.Errorf("after all attempts the event is %q, want %q", got, want)
	}
}

func TestACalendarOfTheCollectivityIsReadAndWrittenByItsGroups(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	secretary := agent("bourg", "claire")
	secretary.Rights = []portal.Right{portal.EditCalendars}
	shared, err := s.CreateCalendar(ctx, secretary, NewCalendar{
		Name: "Élus", Shared: true, ReadGroups: []portal.GroupID{"elus"}, WriteGroups: []portal.GroupID{"cabinet"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		groups []portal.GroupID
		want   error
	}{
		{nil, portal.ErrNotFound}, {[]portal.GroupID{"elus"}, portal.ErrDenied}, {[]portal.GroupID{"cabinet"}, nil},
	} {
		d := meeting(secretary, "Bureau", 24)
		d.Calendar = shared.ID
		_, err := s.CreateEvent(ctx, agent("bourg", "paul", c.groups...), d)
		if !errors.Is(err, c.want) {
			t.Errorf("groups %v: %v, want %v", c.groups, err, c.want)
		}
	}
	if got := titles(t, s, agent("bourg", "elu", "elus")); len(got) != 1 {
		t.Errorf("an élu sees %q, want one event", got)
	}
	if got := titles(t, s, agent("bourg", "autre")); got != nil {
		t.Errorf("others see %q, want nothing", got)
	}
	if _, err := s.CreateCalendar(ctx, agent("bourg", "paul"), NewCalendar{Name: "x", Shared: true}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("anybody may make a calendar of the collectivity: %v", err)
	}
}

func TestTheLookOfASharedCalendarIsEachAgentsOwn(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	secretary := agent("bourg", "claire")
	secretary.Rights = []portal.Right{portal.EditCalendars}
	shared, err := s.CreateCalendar(ctx, secretary, NewCalendar{Name: "Vie associative", Color: "#112233", Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	paul, color := agent("bourg", "paul"), "#abcdef"
	if err := s.ChangeLook(ctx, paul, shared.ID, Look{Color: &color}); err != nil {
		t.Fatal(err)
	}
	for caller, want := range map[string]string{"paul": "#abcdef", "claire": "#112233"} {
		if c, err := s.Calendar(ctx, agent("bourg", caller), shared.ID); err != nil || c.Color != want || c.Name != "Vie associative" {
			t.Errorf("%s sees %q %q, %v; want %q", caller, c.Name, c.Color, err, want)
		}
	}
	if err := s.ChangeLook(ctx, paul, shared.ID, Look{Description: &color}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a reader changed the description: %v", err)
	}
}

func TestReadingWritesNothing(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	if all, err := s.Calendars(ctx, caller); err != nil || len(all) != 1 || !all[0].Writable {
		t.Fatalf("a new agent has %v, %v; want one writable calendar", all, err)
	}
	var n int
	if err := s.db.QueryRow(ctx, `SELECT count(*) FROM calendars WHERE collectivity = 'bourg'`).Scan(&n); err != nil || n != 0 {
		t.Errorf("listing wrote %d calendars, %v", n, err)
	}
}

func TestPutKeepsOctetsAndHonoursConditions(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	id := personal(caller)
	octets := eventText("DTSTART;TZID=Romance Standard Time:20261124T090000", "X-WEIRD;P=\"a;b\":x", "SUMMARY:Été")
	put := func(name string, octets []byte, c Condition) (Written, error) {
		return s.Put(ctx, caller, id, name, octets, c)
	}
	first, err := put("a.ics", octets, Condition{NoneMatch: []string{"*"}})
	if err != nil || !first.Created {
		t.Fatalf("put = %+v, %v", first, err)
	}
	e, err := s.Entry(ctx, caller, id, "a.ics")
	if err != nil || string(e.Octets) != string(octets) || e.ETag != first.ETag {
		t.Errorf("read back %q %s, %v", e.Octets, e.ETag, err)
	}
	changed := eventText("DTSTART:20261124T090000Z")
	for name, c := range map[string]Condition{
		"exists":     {NoneMatch: []string{"*"}},
		"other etag": {Match: []string{`"x"`}},
		"this etag":  {NoneMatch: []string{first.ETag}},
	} {
		if _, err := put("a.ics", changed, c); !errors.Is(err, ErrCondition) {
			t.Errorf("%s: %v, want ErrCondition", name, err)
		}
	}
	if _, err := put("b.ics", changed, Condition{Match: []string{"*"}}); !errors.Is(err, ErrCondition) {
		t.Errorf("If-Match: * without an object: %v", err)
	}
	var taken *UIDTaken
	if _, err := put("b.ics", changed, Condition{}); !errors.As(err, &taken) || taken.Name != "a.ics" {
		t.Errorf("the same UID twice: %v", err)
	}
	if second, err := put("a.ics", changed, Condition{Match: []string{`"y"`, first.ETag}}); err != nil || second.Created || second.ETag == first.ETag {
		t.Errorf("replace = %+v, %v", second, err)
	}
}

func TestChangesSinceAToken(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	id := personal(caller)
	since := func(token SyncToken, limit int) string {
		t.Helper()
		c, err := s.ChangesSince(ctx, caller, id, token, limit)
		if err != nil {
			t.Fatal(err)
		}
		var changed []string
		for _, e := range c.Changed {
			changed = append(changed, e.Name)
		}
		return fmt.Sprintf("+%v -%v more=%v", changed, c.Deleted, c.More)
	}
	put := func(name, hour string) {
		t.Helper()
		octets := ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:"+name, "DTSTART:20261124T"+hour+"0000Z", "END:VEVENT", "END:VCALENDAR")
		if _, err := s.Put(ctx, caller, id, name, octets, Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	token := func() SyncToken {
		t.Helper()
		c, err := s.Calendar(ctx, caller, id)
		if err != nil {
			t.Fatal(err)
		}
		return c.Sync
	}
	before := token()
	put("a", "08")
	put("b", "08")
	start := token()
	put("a", "09")
	put("a", "09") // the same octets are no change
	put("c", "08")
	if err := s.Delete(ctx, caller, id, "b", Condition{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		token SyncToken
		limit int
		want  string
	}{
		{SyncToken{}, 0, "+[a c] -[] more=false"},
		{before, 0, "+[a c] -[] more=false"},
		{start, 0, "+[a c] -[b] more=false"},
		{start, 1, "+[a] -[] more=true"},
		{token(), 0, "+[] -[] more=false"},
	} {
		if got := since(c.token, c.limit); got != c.want {
			t.Errorf("since %v, limit %d: %s, want %s", c.token, c.limit, got, c.want)
		}
	}
	page, err := s.ChangesSince(ctx, caller, id, start, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := since(page.Token, 0), "+[c] -[b] more=false"; got != want {
		t.Errorf("the next page is %s, want %s", got, want)
	}
	if err := s.ForgetChanges(ctx, "bourg", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]SyncToken{
		"other epoch": {Epoch: "x", Sequence: 1}, "future": {Epoch: start.Epoch, Sequence: 99}, "forgotten": start,
		"of a reading begun before": {Epoch: start.Epoch, Sequence: start.Sequence, forgotten: start.Sequence},
	} {
		if _, err := s.ChangesSince(ctx, caller, id, bad, 0); !errors.Is(err, ErrSyncToken) {
			t.Errorf("%s: %v, want ErrSyncToken", name, err)
		}
	}
}

func TestAnEventOfOlderLimitsHoldsUpNoOtherInSearch(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	old, other := mustCreate(t, s, caller, meeting(caller, "Ancien", 23)), mustCreate(t, s, caller, meeting(caller, "Conseil", 24))
	_, err := s.db.Exec(ctx, `UPDATE calendar_objects SET octets = $2 WHERE collectivity = 'bourg' AND id = $1`, string(old), []byte("no event"))
	if err != nil {
		t.Fatal(err)
	}
	docs, err := s.Source().Load(ctx, "bourg", []string{string(old), string(other)})
	if err != nil || len(docs) != 1 || docs[0].Title != "Conseil" {
		t.Errorf("Load = %+v, %v", docs, err)
	}
}

func TestAFirstReadingByPagesComesToItsEnd(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	for _, title := range []string{"a", "b", "c"} {
		mustCreate(t, s, caller, meeting(caller, title, 24))
	}
	gone := mustCreate(t, s, caller, meeting(caller, "gone", 24))
	if err := s.DeleteEvent(ctx, caller, gone, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetChanges(ctx, "bourg", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	found, token := 0, SyncToken{}
	for page := 0; ; page++ {
		changes, err := s.ChangesSince(ctx, caller, personal(caller), token, 1)
		if err != nil || page > 4 {
			t.Fatalf("page %d after %v: %v", page, token, err)
		}
		found += len(changes.Changed)
		if !changes.More {
			break
		}
		if token, err = ParseSyncToken(changes.Token.String()); err != nil {
			t.Fatal(err)
		}
	}
	if found != 3 {
		t.Errorf("%d objects, want 3", found)
	}
	for _, bad := range []string{"", "x", "x-", "-1", "x-1-", "x-1-2-3", "x--1", "x-1--1", "x-y", "x-1-y"} {
		if token, err := ParseSyncToken(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, token)
		}
	}
}

func TestWhoReadsACalendarFindsItsEvents(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	admin := agent("bourg", "admin")
	admin.Rights = []portal.Right{portal.EditCalendars}
	for name, c := range map[string]struct{ read, write, want []portal.GroupID }{
		"everyone reads":  {nil, []portal.GroupID{"accueil"}, nil},
		"some read":       {[]portal.GroupID{"urbanisme"}, []portal.GroupID{"accueil"}, []portal.GroupID{"accueil", "urbanisme"}},
		"nobody is named": {nil, nil, nil},
	} {
		shared, err := s.CreateCalendar(ctx, admin, NewCalendar{Name: name, Shared: true, ReadGroups: c.read, WriteGroups: c.write})
		if err != nil {
			t.Fatal(err)
		}
		d := meeting(admin, "Conseil", 24)
		d.Calendar = shared.ID
		docs, err := s.Source().Load(ctx, "bourg", []string{string(mustCreate(t, s, admin, d)), string(mustCreate(t, s, admin, d))})
		if err != nil || len(docs) != 2 || !cmp.Equal(docs[0].Audience, c.want) || !cmp.Equal(docs[1].Audience, c.want) {
			t.Errorf("%s: %+v, %v; want audience %q", name, docs, err, c.want)
		}
	}
}

func TestSearchHearsOfEveryChangeInItsTransaction(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	id := mustCreate(t, s, caller, meeting(caller, "Conseil", 24))
	queued := func() (n int) {
		t.Helper()
		err := s.db.QueryRow(ctx, `SELECT count(*) FROM search_queue WHERE collectivity = 'bourg' AND kind = 'event' AND id = $1`, string(id)).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if queued() != 1 {
		t.Error("a new event is not queued")
	}
	docs, err := s.Source().Load(ctx, "bourg", []string{string(id), "absent"})
	if err != nil || len(docs) != 1 || docs[0].Title != "Conseil" || !docs[0].VisibleTo(caller) || docs[0].VisibleTo(agent("bourg", "paul")) {
		t.Errorf("Load = %+v, %v", docs, err)
	}
	if ids, err := s.Source().IDs(ctx, "bourg", "", 10); err != nil || !cmp.Equal(ids, []string{string(id)}) {
		t.Errorf("IDs = %v, %v", ids, err)
	}
	if _, err := s.db.Exec(ctx, `DELETE FROM search_queue WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteEvent(ctx, caller, id, ""); err != nil {
		t.Fatal(err)
	}
	if queued() != 1 {
		t.Error("a deletion is not queued")
	}
}

func TestDeletingACalendarLeavesNothing(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	c, err := s.CreateCalendar(ctx, caller, NewCalendar{Name: "Projet", Slug: "projet"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateCalendar(ctx, caller, NewCalendar{Slug: "projet"}); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("the same address twice: %v", err)
	}
	d := meeting(caller, "x", 24)
	d.Calendar = c.ID
	mustCreate(t, s, caller, d)
	if err := s.DeleteCalendar(ctx, agent("bourg", "paul"), c.ID); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("deleted by another: %v", err)
	}
	if err := s.DeleteCalendar(ctx, caller, c.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteCalendar(ctx, caller, personal(caller)); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("the first calendar was deleted: %v", err)
	}
	for _, table := range []string{"calendar_objects", "calendar_changes"} {
		var n int
		if err := s.db.QueryRow(ctx, `SELECT count(*) FROM `+table+` WHERE collectivity = 'bourg'`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s keeps %d rows, %v", table, n, err)
		}
	}
}

func TestFirstWritesThatMeetAreAllKept(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for n := range 5 {
				d := meeting(caller, fmt.Sprintf("%d-%d", i, n), 24)
				if _, err := s.CreateEvent(ctx, caller, d); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	c, err := s.ChangesSince(ctx, caller, personal(caller), SyncToken{}, 0)
	if err != nil || len(c.Changed) != 20 || c.Token.Sequence != 20 {
		t.Errorf("%d events, token %v, %v; want 20 and 20", len(c.Changed), c.Token, err)
	}
}

func TestAfterARestoreClientsReadEverythingAgain(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	mustCreate(t, s, caller, meeting(caller, "x", 24))
	before, err := s.Calendar(ctx, caller, personal(caller))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Restored(ctx, "bourg"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChangesSince(ctx, caller, before.ID, before.Sync, 0); !errors.Is(err, ErrSyncToken) {
		t.Errorf("the token from before the restore: %v, want ErrSyncToken", err)
	}
}
