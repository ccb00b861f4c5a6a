package calendar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

func TestAnEventIsCreatedChangedAndDeleted(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	d := meeting(caller, "Réunion, de; service\\", 24)
	d.Location, d.Description = "Bureau 1", "Ordre du jour :\n1. budget"
	id := mustCreate(t, s, caller, d)
	ev, err := s.Event(ctx, caller, id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, ev.Draft); diff != "" {
		t.Errorf("read back differs (-written +read):\n%s", diff)
	}
	d.Title, d.Start, d.End = "Réunion", d.Start.Add(time.Hour), d.End.Add(2*time.Hour)
	if err := s.ChangeEvent(ctx, caller, id, ev.ETag, d); err != nil {
		t.Fatal(err)
	}
	if got, want := titles(t, s, caller), []string{"24 10:00 Réunion"}; !cmp.Equal(got, want) {
		t.Errorf("after the change %q, want %q", got, want)
	}
	if err := s.ChangeEvent(ctx, caller, id, ev.ETag, d); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a change over another's change: %v, want ErrConflict", err)
	}
	if err := s.DeleteEvent(ctx, caller, id, ev.ETag); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a deletion over another's change: %v, want ErrConflict", err)
	}
	if err := s.DeleteEvent(ctx, caller, id, ""); err != nil {
		t.Fatal(err)
	}
	if got := titles(t, s, caller); got != nil {
		t.Errorf("after the deletion %q", got)
	}
}

func TestADraftThatMakesNoSenseIsRefusedAtItsField(t *testing.T) {
	s := newStore(t)
	caller := agent("bourg", "claire")
	good := meeting(caller, "x", 24)
	for name, c := range map[string]struct {
		change func(*Draft)
		want   string
	}{
		"no title":           {func(d *Draft) { d.Title = " " }, "title calendar.error.title-missing"},
		"long title":         {func(d *Draft) { d.Title = strings.Repeat("é", 301) }, "title calendar.error.too-long"},
		"no start":           {func(d *Draft) { d.Start = time.Time{} }, "start calendar.error.start-missing"},
		"ends before start":  {func(d *Draft) { d.End = d.Start.Add(-time.Minute) }, "end calendar.error.end-before-start"},
		"last day first":     {func(d *Draft) { d.AllDay = true; d.End = d.Start }, "end calendar.error.end-before-start"},
		"year 9999":          {func(d *Draft) { d.Start = d.Start.AddDate(7973, 0, 0) }, "start calendar.error.date-far"},
		"repeat ends before": {func(d *Draft) { d.Repeat = Repeat{Weekly, d.Start.AddDate(0, 0, -1)} }, "until calendar.error.until-before-start"},
		"repeat unknown":     {func(d *Draft) { d.Repeat.Every = "hourly" }, "repeat calendar.error.repeat-unknown"},
	} {
		d := good
		c.change(&d)
		_, err := s.CreateEvent(context.Background(), caller, d)
		var errs portal.FieldErrors
		if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Field+" "+errs[0].Key != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestAnEventWithoutEnd(t *testing.T) {
	s := newStore(t)
	caller := agent("bourg", "claire")
	d := meeting(caller, "Livraison", 24)
	d.End = time.Time{}
	id := mustCreate(t, s, caller, d)
	d.AllDay, d.Title = true, "Foire"
	mustCreate(t, s, caller, d)
	ev, err := s.Event(context.Background(), caller, id)
	if err != nil || !ev.End.IsZero() {
		t.Errorf("its end is %v, %v; want none", ev.End, err)
	}
	found, err := s.Instances(context.Background(), caller, d.Start.AddDate(0, 0, -1), d.Start.AddDate(0, 0, 2))
	if err != nil || len(found) != 2 {
		t.Fatalf("instances %v, %v", found, err)
	}
	if got := found[0].End.Sub(found[0].Start); got != 24*time.Hour {
		t.Errorf("a day without end lasts %v", got)
	}
	if got := found[1].End.Sub(found[1].Start); got != 0 {
		t.Errorf("a time without end lasts %v", got)
	}
}

func TestAWeeklyMeetingKeepsItsHourWhenSummerTimeEnds(t *testing.T) {
	s := newStore(t)
	caller := agent("bourg", "claire")
	d := meeting(caller, "Point", 1)
	d.Start, d.End = time.Date(2026, 10, 5, 9, 0, 0, 0, paris), time.Date(2026, 10, 5, 10, 0, 0, 0, paris)
	d.Repeat = Repeat{Weekly, time.Date(2026, 11, 16, 0, 0, 0, 0, paris)}
	id := mustCreate(t, s, caller, d)
	want := []string{"2 09:00 Point", "9 09:00 Point", "16 09:00 Point"}
	if got := titles(t, s, caller); !cmp.Equal(got, want) {
		t.Errorf("November: %q, want %q", got, want)
	}
	ev, err := s.Event(context.Background(), caller, id)
	if err != nil || ev.Repeat.Every != Weekly || ev.Repeat.Until.Format(time.DateOnly) != "2026-11-16" {
		t.Errorf("read back %+v, %v", ev.Repeat, err)
	}
}

func TestMovingASeriesMovesItsExceptions(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	d := meeting(caller, "Point", 2)
	d.Repeat = Repeat{Every: Weekly}
	id := mustCreate(t, s, caller, d)
	ninth := time.Date(2026, 11, 9, 9, 0, 0, 0, paris)
	if err := s.DeleteInstance(ctx, caller, id, ninth.Add(time.Hour), ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("deleted an instance that is none: %v", err)
	}
	if err := s.DeleteInstance(ctx, caller, id, ninth, ""); err != nil {
		t.Fatal(err)
	}
	d.Start, d.End = d.Start.Add(30*time.Minute), d.End.Add(30*time.Minute)
	if err := s.ChangeEvent(ctx, caller, id, "", d); err != nil {
		t.Fatal(err)
	}
	want := []string{"2 09:30 Point", "16 09:30 Point", "23 09:30 Point", "30 09:30 Point"}
	if got := titles(t, s, caller); !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	d.AllDay = true
	d.End = d.Start.AddDate(0, 0, 1)
	if err := s.ChangeEvent(ctx, caller, id, "", d); err != nil {
		t.Fatal(err)
	}
	want = []string{"2 00:00 Point", "16 00:00 Point", "23 00:00 Point", "30 00:00 Point"}
	if got := titles(t, s, caller); !cmp.Equal(got, want) {
		t.Errorf("all day: %q, want %q", got, want)
	}
}

func TestAChangeKeepsWhatThePageDoesNotShow(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	octets := eventText("DTSTART;TZID=Europe/Paris:20261124T090000", "DURATION:PT1H", "SUMMARY;LANGUAGE=fr:Réunion",
		"RRULE:FREQ=MONTHLY;BYDAY=-1TU;COUNT=3", "ATTENDEE;CN=\"Durand, Paul\":mailto:paul@bourg.example",
		"X-APPLE-TRAVEL;X-N=1:PT5M", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM")
	w, err := s.Put(ctx, caller, personal(caller), "a.ics", octets, Condition{})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := s.Event(ctx, caller, w.ID)
	if err != nil || ev.Repeat.Every != Otherwise || ev.End.Sub(ev.Start) != time.Hour {
		t.Fatalf("read %+v, %v", ev, err)
	}
	ev.Location = "Salle du conseil"
	if err := s.ChangeEvent(ctx, caller, w.ID, ev.ETag, ev.Draft); err != nil {
		t.Fatal(err)
	}
	e, err := s.Entry(ctx, caller, personal(caller), "a.ics")
	if err != nil {
		t.Fatal(err)
	}
	unfolded := strings.ReplaceAll(string(e.Octets), "\r\n ", "")
	for _, want := range []string{
		"SUMMARY;LANGUAGE=fr:Réunion", "RRULE:FREQ=MONTHLY;BYDAY=-1TU;COUNT=3", "X-APPLE-TRAVEL;X-N=1:PT5M",
		`ATTENDEE;CN="Durand, Paul":mailto:paul@bourg.example`, "TRIGGER:-PT15M", "LOCATION:Salle du conseil",
		"DTEND;TZID=Europe/Paris:20261124T100000", "TZID:Europe/Paris", "SEQUENCE:0",
	} {
		if !strings.Contains(unfolded, want+"\r\n") {
			t.Errorf("%q is not in\n%s", want, unfolded)
		}
	}
	for line := range strings.SplitSeq(string(e.Octets), "\r\n") {
		if len(line) > 75 {
			t.Errorf("a line of %d bytes is not folded", len(line))
		}
	}
}

func TestATextThatAFormSendsBackIsUnchanged(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	const description = `DESCRIPTION;ALTREP="data:text/html,<b>un</b><p>deux":un\ndeux\n`
	w, err := s.Put(ctx, caller, personal(caller), "a.ics", eventText("DTSTART:20261124T090000Z", "SUMMARY:Point", description), Condition{})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := s.Event(ctx, caller, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ typed, want string }{
		{"un\r\ndeux\r\n", description}, {"un\r\ntrois", `DESCRIPTION:un\ntrois`},
	} {
		ev.Description = step.typed
		if err := s.ChangeEvent(ctx, caller, w.ID, "", ev.Draft); err != nil {
			t.Fatal(err)
		}
		e, err := s.Entry(ctx, caller, personal(caller), "a.ics")
		if err != nil || !strings.Contains(strings.ReplaceAll(string(e.Octets), "\r\n ", ""), step.want+"\r\n") {
			t.Errorf("after %q, %v:\n%s", step.typed, err, e.Octets)
		}
	}
}

func TestASeriesOfAnotherZoneStaysThere(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	own := "BEGIN:VTIMEZONE\r\nTZID:Notre zone\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:-0300\r\nTZOFFSETTO:-0300\r\nEND:STANDARD\r\nEND:VTIMEZONE"
	for name, c := range map[string]struct {
		zone, written, moved string // DTSTART, and when it is moved by an hour
		rule                 string
	}{
		"New York":     {"", "DTSTART;TZID=America/New_York:20261020T090000", "DTSTART;TZID=America/New_York:20261020T100000", "RRULE:FREQ=WEEKLY"},
		"UTC":          {"", "DTSTART:20261020T090000Z", "DTSTART:20261020T100000Z", "RRULE:FREQ=WEEKLY"},
		"floating":     {"", "DTSTART:20261020T090000", "DTSTART:20261020T100000", "RRULE:FREQ=WEEKLY;UNTIL=20261120T235959"},
		"its own zone": {own, "DTSTART;TZID=Notre zone:20261020T090000", "DTSTART;TZID=Notre zone:20261020T100000", "RRULE:FREQ=WEEKLY"},
	} {
		octets := ics("BEGIN:VCALENDAR", c.zone, "BEGIN:VEVENT", "UID:"+name, c.written, "DURATION:PT1H", c.rule, "END:VEVENT", "END:VCALENDAR")
		w, err := s.Put(ctx, caller, personal(caller), "a"+name, octets, Condition{})
		if err != nil {
			t.Fatal(name, err)
		}
		ev, err := s.Event(ctx, caller, w.ID)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, step := range []struct {
			by   time.Duration
			want string
		}{{0, c.written}, {time.Hour, c.moved}} {
			d := ev.Draft
			d.Title, d.Start, d.End = "Point", d.Start.In(paris).Add(step.by), d.End.In(paris).Add(step.by)
			if err := s.ChangeEvent(ctx, caller, w.ID, "", d); err != nil {
				t.Fatal(name, err)
			}
			e, err := s.Entry(ctx, caller, personal(caller), "a"+name)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, want := range []string{step.want, c.rule, "SUMMARY:Point"} {
				if !strings.Contains(string(e.Octets), want+"\r\n") {
					t.Errorf("%s: %q is not in\n%s", name, want, e.Octets)
				}
			}
		}
	}
}

func TestASeriesThatAPhoneCutKeepsItsLastDay(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	w, err := s.Put(ctx, caller, personal(caller), "a.ics", eventText("DTSTART;TZID=Europe/Paris:20261102T090000", "SUMMARY:Point",
		"RRULE:FREQ=WEEKLY;UNTIL=20261116T075959Z"), Condition{}) // a second before the third one
	if err != nil {
		t.Fatal(err)
	}
	before := titles(t, s, caller)
	ev, err := s.Event(ctx, caller, w.ID)
	if err != nil || ev.Repeat.Until.Format(time.DateOnly) != "2026-11-15" {
		t.Errorf("it may start until %v, %v", ev.Repeat.Until, err)
	}
	if err := s.ChangeEvent(ctx, caller, w.ID, ev.ETag, ev.Draft); err != nil {
		t.Fatal(err)
	}
	if got := titles(t, s, caller); !cmp.Equal(got, before) || len(got) != 2 {
		t.Errorf("%q, want %q as before", got, before)
	}
}

// watched is a context that measures the heap in use as often as it is asked whether it goes on.
type watched struct {
	context.Context
	asked *int
	peak  *uint64 // bytes
}

func (w watched) Err() error {
	if *w.asked++; *w.asked%8 == 0 {
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		*w.peak = max(*w.peak, memory.HeapAlloc)
	}
	return w.Context.Err()
}

func TestALargeCalendarIsNotInMemoryAtOnce(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	attached := strings.Repeat("ATTACH:"+strings.Repeat("a", 60_000)+"\r\n", 4)
	const objects = 160 // of 240 KB: 38 MB
	for i := range objects {
		octets := eventText(attached+"DTSTART:20261124T080000Z", "DTEND:20261124T090000Z")
		octets = bytes.Replace(octets, []byte("UID:u"), fmt.Appendf(nil, "UID:%d", i), 1)
		if _, err := s.Put(ctx, caller, personal(caller), fmt.Sprintf("%d.ics", i), octets, Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	w := watched{ctx, new(int), new(uint64)}
	from := time.Date(2026, 11, 24, 0, 0, 0, 0, paris)
	found, err := s.Instances(w, caller, from, from.AddDate(0, 0, 1))
	if err != nil || len(found) != objects {
		t.Fatalf("%d instances, %v", len(found), err)
	}
	if *w.peak == 0 || *w.peak > memory.HeapAlloc+26<<20 {
		t.Errorf("reading 38 MB of objects held %d MB at once, want one batch of 12 MB", (*w.peak-memory.HeapAlloc)>>20)
	}
}
