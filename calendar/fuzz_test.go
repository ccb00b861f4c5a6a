package calendar

import (
	"slices"
	"testing"
	"time"
)

// slow is what no input may take. Under the fuzzer's own load it is far from what any needs.
const slow = 10 * time.Second

func FuzzParse(f *testing.F) {
	for _, seed := range [][]byte{
		eventText("DTSTART;TZID=Europe/Paris:20261124T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=MO,-1TU;COUNT=5", "EXDATE:20261130T080000Z"),
		eventText("DTSTART;VALUE=DATE:20261124", "RDATE;VALUE=PERIOD:20261110T090000Z/P40D", "SUMMARY:a\\,b\\n", "RECURRENCE-ID:20261124"),
		eventText("DTSTART;TZID=X"),
		ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:0\r0", "DTSTART:20000101", "END:VEVENT", "END:VCALENDAR"),
		eventText("SUMMARY:a", " DTSTART:20261124T090000Z", "DTST", " ART:20261125T090000Z", "dtend:20261125T100000Z", "TRANSP:TRANSPARENT"),
		ics("BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:x", "BEGIN:STANDARD", "DTSTART:16011028T030000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
			"TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE", "BEGIN:VTODO", "UID:u", "DUE;TZID=x:20261124T090000", "END:VTODO", "END:VCALENDAR"),
	} {
		f.Add(seed)
	}
	from := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, octets []byte) {
		start := time.Now()
		o, err := Parse(octets)
		if err != nil {
			return
		}
		row := o.indexRow()
		found, _ := o.Instances(from, from.AddDate(0, 1, 0), paris)
		for _, in := range found {
			if row.component == EventComponent && (in.Start.UnixMilli() < row.first || in.End.UnixMilli() > row.last) {
				t.Errorf("%v – %v lies outside of the index %d – %d", in.Start, in.End, row.first, row.last)
			}
		}
		timed, err := parseTiming(octets)
		if err != nil {
			t.Fatalf("without its texts it can't be read: %v", err)
		}
		times, _ := timed.Instances(from, from.AddDate(0, 1, 0), paris)
		if !slices.EqualFunc(found, times, func(a, b Instance) bool {
			return a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.Transparent == b.Transparent && a.Status == b.Status
		}) || o.Overlaps(from, from.AddDate(0, 1, 0), paris) != timed.Overlaps(from, from.AddDate(0, 1, 0), paris) {
			t.Errorf("without its texts it happens %v, with them %v", times, found)
		}
		year := Range{from, from.AddDate(1, 0, 0)}
		_, _ = o.As(Data{Expand: year}, paris)
		_, _ = o.As(Data{Limit: year, Part: &Part{Name: "VCALENDAR", AllProps: true, Parts: []Part{{Name: "VEVENT", Props: map[string]bool{"SUMMARY": false, "DTSTART": true}}}}}, paris)
		Filter{Component: "VEVENT", Inner: []Filter{{Component: "VALARM", Range: year}}}.Matches(o, paris)
		again, err := Parse(encode(o.root))
		if err != nil {
			t.Fatalf("what we write of it can't be read: %v\n%s", err, encode(o.root))
		}
		if again.UID != o.UID || len(again.items) != len(o.items) {
			t.Errorf("written and read again it is %q with %d items, was %q with %d", again.UID, len(again.items), o.UID, len(o.items))
		}
		if took := time.Since(start); took > slow {
			t.Errorf("took %v", took)
		}
	})
}

func FuzzRule(f *testing.F) {
	for _, seed := range []string{
		"FREQ=DAILY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=1,-1",
		"FREQ=WEEKLY;INTERVAL=1000000;WKST=SU;UNTIL=20301231", "FREQ=YEARLY;BYWEEKNO=53,-53;BYDAY=SU;BYHOUR=1,2",
	} {
		f.Add(seed, int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		r, err := parseRule(text)
		if err != nil || unix < -10_000_000_000 || unix > 7_000_000_000 {
			return
		}
		begun := time.Now()
		start, last, n := wall(unix), wall(0), 0
		r.each(start, start, func(w wall) bool {
			if w < start || n > 0 && w <= last {
				t.Fatalf("%s: %d comes after %d", text, w, last)
			}
			last = w
			n++
			return n < MaxInstances
		})
		if r.count > 0 && n > r.count {
			t.Errorf("%s: %d instances", text, n)
		}
		if n > 1 && r.count == 0 {
			first := wall(-1)
			r.each(start, last, func(w wall) bool { first = w; return false })
			if first != last {
				t.Errorf("%s: sought %d, found %d", text, last, first)
			}
		}
		if took := time.Since(begun); took > slow {
			t.Errorf("%s took %v", text, took)
		}
	})
}
