package calendar

import (
	"bytes"
	"testing"
	"time"
)

// FuzzVeil veils whatever parses: it still parses, happens at the same times, and holds none of the
// words that an object may be told by.
func FuzzVeil(f *testing.F) {
	f.Add([]byte(secretEvent))
	f.Add([]byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VTODO\r\nUID:a\r\nDUE:20261124T090000Z\r\nSTATUS:secret\r\nTRANSP:secret\r\nDTSTAMP:secret\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"))
	from, to := time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 1, 0, 0, 0, 0, paris)
	f.Fuzz(func(t *testing.T, octets []byte) {
		o, err := Parse(octets)
		if err != nil {
			return
		}
		veiled, err := Parse(o.veil("k3v9m2p7q4r8s6t2", "fr"))
		if err != nil {
			t.Fatalf("veiled, it can't be parsed: %v\n%s", err, o.veil("k3v9m2p7q4r8s6t2", "fr"))
		}
		was, err1 := o.Instances(from, to, paris)
		is, err2 := veiled.Instances(from, to, paris)
		if len(was) != len(is) || (err1 == nil) != (err2 == nil) {
			t.Fatalf("%d instances, veiled %d: %v, %v", len(was), len(is), err1, err2)
		}
		for i := range was {
			if !was[i].Start.Equal(is[i].Start) || !was[i].End.Equal(is[i].End) || is[i].Title != "Occupé" || is[i].Location+is[i].Description != "" {
				t.Errorf("%+v is veiled as %+v", was[i], is[i])
			}
		}
	})
}

func TestAVeilKeepsNoWord(t *testing.T) {
	zone := "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nCOMMENT:secret\r\nX-SECRET:secret\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n" +
		"TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:secret\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT"
	for _, octets := range []string{
		secretEvent,
		string(bytes.Replace([]byte(secretEvent), []byte("BEGIN:VEVENT"), []byte(zone), 1)),
		string(bytes.Replace([]byte(secretEvent), []byte("STATUS:CONFIRMED"), []byte("STATUS:secret\r\nTRANSP:secret"), 1)),
		string(bytes.Replace([]byte(secretEvent), []byte("DTSTAMP:20261101T000000Z"), []byte("DTSTAMP:secret"), 1)),
		string(bytes.Replace([]byte(secretEvent), []byte("RRULE:FREQ=WEEKLY;COUNT=3"), []byte("RRULE;X-SECRET=secret:FREQ=WEEKLY;COUNT=3"), 1)),
	} {
		o, err := Parse([]byte(octets))
		if err != nil {
			t.Fatal(err)
		}
		if veiled := o.veil("id", "fr"); bytes.Contains(veiled, []byte("secret")) {
			t.Errorf("veiled, it says\n%s", veiled)
		}
	}
}
