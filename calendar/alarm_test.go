package calendar

import (
	"strings"
	"testing"
	"time"
)

// TestAlarmsAreFoundWhenTheyGoOff (RFC 4791 §9.9, VALARM).
func TestAlarmsAreFoundWhenTheyGoOff(t *testing.T) {
	alarm := func(lines ...string) []string {
		return append(append([]string{"BEGIN:VALARM", "ACTION:DISPLAY"}, lines...), "END:VALARM")
	}
	once := []string{"DTSTART;TZID=Europe/Paris:20260329T090000", "DURATION:PT2H"} // 7:00Z, on the day when summer begins
	weekly := append([]string{"RRULE:FREQ=WEEKLY;COUNT=3"}, once...)
	for _, c := range []struct {
		name     string
		lines    []string
		from, to string
		rings    bool
	}{
		{"at its minute", append(once, alarm("TRIGGER:-PT15M")...), "20260329T064500Z", "20260329T064600Z", true},
		{"half-open", append(once, alarm("TRIGGER:-PT15M")...), "20260329T064000Z", "20260329T064500Z", false},
		{"not when the event is", append(once, alarm("TRIGGER:-PT15M")...), "20260329T070000Z", "20260329T090000Z", false},
		{"a day before by the clock", append(once, alarm("TRIGGER:-P1D")...), "20260328T080000Z", "20260328T080100Z", true},
		{"from the end", append(once, alarm("TRIGGER;RELATED=END:PT5M")...), "20260329T090500Z", "20260329T090600Z", true},
		{"at a time of its own", append(once, alarm("TRIGGER;VALUE=DATE-TIME:20260101T080000Z")...), "20260101T080000Z", "20260101T080100Z", true},
		{"of the third instance", append(weekly, alarm("TRIGGER:-PT15M")...), "20260412T064500Z", "20260412T064600Z", true},
		{"of no fourth instance", append(weekly, alarm("TRIGGER:-PT15M")...), "20260419T064500Z", "20260419T064600Z", false},
		{"days before an instance", append(weekly, alarm("TRIGGER:-P3D")...), "20260409T070000Z", "20260409T070100Z", true},
		{"days after an instance", append(weekly, alarm("TRIGGER;RELATED=END:P3D")...), "20260415T090000Z", "20260415T090100Z", true},
		{"again", append(once, alarm("TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT10M")...), "20260329T070500Z", "20260329T070600Z", true},
		{"not a third time", append(once, alarm("TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT10M")...), "20260329T071500Z", "20260329T071600Z", false},
		{"between its rings", append(once, alarm("TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT10M")...), "20260329T064600Z", "20260329T065500Z", false},
		{"since then", append(weekly, alarm("TRIGGER:-PT15M")...), "20260412T064500Z", "", true},
		{"until then", append(weekly, alarm("TRIGGER:-PT15M")...), "", "20260329T064500Z", false},
		{"never", append(once, alarm("TRIGGER:soon")...), "", "20270101T000000Z", false},
		{"without end", append(once, alarm("TRIGGER:-PT15M", "REPEAT:999999999", "DURATION:P36500D")...), "20260330T000000Z", "", false},
	} {
		o, err := Parse(eventText(c.lines...))
		if err != nil {
			t.Fatal(c.name, err)
		}
		read := func(text string) (at time.Time) {
			at, _ = time.Parse("20060102T150405Z", text)
			return at
		}
		f := Filter{Component: "VEVENT", Inner: []Filter{{Component: "VALARM", Range: Range{read(c.from), read(c.to)}}}}
		if got := f.Matches(o, time.UTC); got != c.rings {
			t.Errorf("%s: rings = %v, want %v", c.name, got, c.rings)
		}
	}
}

// TestPartsOfAnObject: what a client did not ask for is left out, and the rest stays.
func TestPartsOfAnObject(t *testing.T) {
	text := strings.Replace(string(eventText("SUMMARY:Budget", "LOCATION:Salle", atNine, atTen, "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM")), "BEGIN:VEVENT", "X-WR-CALNAME:x\r\nBEGIN:VEVENT", 1)
	o, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := o.As(Data{Part: &Part{Name: "VCALENDAR", Props: map[string]bool{"VERSION": false}, Parts: []Part{{
		Name: "VEVENT", Props: map[string]bool{"UID": false, "SUMMARY": false, "LOCATION": true, "DESCRIPTION": false},
	}}}}, time.UTC)
	want := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nLOCATION:\r\nSUMMARY:Budget\r\nUID:u\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}
