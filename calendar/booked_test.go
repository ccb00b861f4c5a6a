package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const toRoom = "ATTENDEE;CUTYPE=ROOM;RSVP=TRUE:mailto:salle@bourg.example"

func hall() invitedResource {
	return invitedResource{Resource{ID: "r", Name: "Salle du conseil", Type: "ROOM", Zone: paris, Idle: "idle"}, parties{"salle@bourg.example"}}
}

func parsed(t testing.TB, octets []byte) *Object {
	t.Helper()
	o, err := Parse(octets)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var before2027 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// What an event wants of a room: the instances to come that take time, until the horizon.
func TestWhatAnEventWants(t *testing.T) {
	for _, c := range []struct {
		what   string
		lines  []string
		slots  int
		goesOn bool
	}{
		{"once", []string{atNine, atTen}, 1, false},
		{"past", []string{"DTSTART:20260924T090000Z", "DTEND:20260924T100000Z"}, 0, false},
		{"no length", []string{atNine}, 0, false},
		{"four weeks", []string{atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4"}, 4, false},
		{"without one", []string{atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Europe/Paris:20261201T090000"}, 3, false},
		{"for ever", []string{atNine, atTen, "RRULE:FREQ=MONTHLY"}, 24, true},
		{"since long", []string{"DTSTART;TZID=Europe/Paris:20101124T090000", "DTEND;TZID=Europe/Paris:20101124T100000", "RRULE:FREQ=YEARLY"}, 2, true},
		{"free", []string{atNine, atTen, "TRANSP:TRANSPARENT"}, 0, false},
		{"called off", []string{atNine, atTen, "STATUS:CANCELLED"}, 0, false},
		{"every hour", []string{atNine, atTen, "RRULE:FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12"}, MaxBooked + 1, true},
		{"a day", []string{"DTSTART;VALUE=DATE:20261124"}, 1, false},
		{"once in ten years", []string{"DTSTART:20361124T090000Z", "DTEND:20361124T100000Z"}, 1, false},
		{"series in ten years", []string{"DTSTART:20361124T090000Z", "DTEND:20361124T100000Z", "RRULE:FREQ=WEEKLY"}, 1, true},
		{"series in ten years and a date in five", []string{"DTSTART:20361124T090000Z", "DTEND:20361124T100000Z", "RRULE:FREQ=WEEKLY", "RDATE:20311124T090000Z"}, 1, true},
		{"every ten years", []string{atNine, atTen, "RRULE:FREQ=YEARLY;INTERVAL=10", "EXDATE;TZID=Europe/Paris:20261124T090000"}, 1, true},
	} {
		o := parsed(t, eventText(append(c.lines, byClaire, toClaire, toRoom)...))
		w := o.wish(hall(), nil, before2027)
		if len(w.Slots) != c.slots || w.After.IsZero() == c.goesOn {
			t.Errorf("%s: %d slots, goes on %v; want %d, %v", c.what, len(w.Slots), !w.After.IsZero(), c.slots, c.goesOn)
		}
	}
	day := parsed(t, eventText("DTSTART;VALUE=DATE:20261124", byClaire, toClaire, toRoom)).wish(hall(), nil, before2027).Slots[0]
	if want := time.Date(2026, 11, 24, 0, 0, 0, 0, paris); !day.Start.Equal(want) || !day.End.Equal(want.AddDate(0, 0, 1)) {
		t.Errorf("the day is %v to %v", day.Start, day.End)
	}
}

// A series takes part in the room's answer date by date; one that is too large for exceptions has none.
func TestARoomsAnswerIsWritten(t *testing.T) {
	text := eventText(atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire, toRoom)
	o := parsed(t, text)
	w := o.wish(hall(), nil, before2027)
	why := `Une "réservation", déjà` + "\n"
	declined, changed, err := o.settle(hall(), Verdict{Resource: "r", Refused: []RefusedSlot{{w.Slots[2], why}}}, nil, before2027)
	if err != nil || !changed || len(declined) != 1 {
		t.Fatal(declined, changed, err)
	}
	o = parsed(t, encode(o.root))
	out := strings.ReplaceAll(string(encode(o.root)), "\r\n ", "")
	for _, part := range []string{
		`CN=Salle du conseil`, `CUTYPE=ROOM;PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:salle@bourg.example`,
		`PARTSTAT=DECLINED;SCHEDULE-STATUS=2.0;X-RESPONSE-COMMENT="Une 'réservation', déjà ":mailto:salle@bourg.example`, "RECURRENCE-ID;TZID=Europe/Paris:20261208T090000",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("%q lacks:\n%s", part, out)
		}
	}
	if share := strings.ReplaceAll(string(encode(o.shareOf("claire@bourg.example"))), "\r\n ", ""); strings.Contains(share, "X-RESPONSE-COMMENT") {
		t.Errorf("others are told when the room is taken:\n%s", share)
	}
	again := parsed(t, encode(o.root))
	if w := again.wish(hall(), o, before2027); len(w.Slots) != 3 {
		t.Errorf("what was declined is asked again: %v", w.Slots)
	}
	if _, changed, err := again.settle(hall(), Verdict{Resource: "r"}, o, before2027); changed || err != nil {
		t.Errorf("the same answer is written again: %v\n%s", err, encode(again.root))
	}
	long := parsed(t, eventText(atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", byClaire, toClaire, toRoom, "DESCRIPTION:"+strings.Repeat("x", 40<<10)))
	if n := long.exceptions(); n < 5 || n > 20 {
		t.Errorf("%d exceptions of 40 KiB", n)
	}
}

// FuzzBooked has rooms answer whatever can be stored: what is written of it can be read, and holds an
// exception for each date that is refused.
func FuzzBooked(f *testing.F) {
	for _, lines := range [][]string{
		{atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4"},
		{"DTSTART;VALUE=DATE:20261124", "RRULE:FREQ=MONTHLY;BYDAY=-1TU", "EXDATE;VALUE=DATE:20261124"},
		{"DTSTART:20261124T090000", "DURATION:PT25H", "RRULE:FREQ=DAILY;UNTIL=20270101T000000Z", "RDATE:20261130T100000"},
		{"DTSTART;TZID=Europe/Paris:20270328T023000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "RDATE;VALUE=PERIOD:20270401T090000Z/PT5H"},
		{atNine, atTen, "RRULE:FREQ=WEEKLY;COUNT=4", toClaire, toRoom, "END:VEVENT", "BEGIN:VEVENT", "UID:u", "DTSTAMP:20261101T000000Z", "RECURRENCE-ID;TZID=Europe/Paris:20261201T090000", "DTSTART;TZID=Europe/Paris:20261201T140000", "DURATION:PT1H"},
		{"DTSTART;VALUE=DATE:20261110", "RDATE:20270101T010000"},
		{"DTSTART;VALUE=DATE:20261110", toRoom, "END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20000101", "DTSTART;VALUE=DATE:20261112"},
	} {
		f.Add(eventText(append(lines, byClaire, toClaire, toRoom)...), uint16(0b101))
	}
	f.Fuzz(func(t *testing.T, octets []byte, refuse uint16) {
		begun := time.Now()
		o, err := Parse(octets)
		if err != nil || o.Component != EventComponent || len(o.inviting(hall().as)) == 0 {
			return
		}
		w := o.wish(hall(), nil, before2027)
		var refused []RefusedSlot
		for i, slot := range w.Slots[:min(16, len(w.Slots))] {
			if refuse>>i&1 == 1 && len(refused) < w.Exceptions {
				refused = append(refused, RefusedSlot{slot, fmt.Sprint("no ", i)})
			}
		}
		declined, _, err := o.settle(hall(), Verdict{Resource: "r", Refused: refused}, nil, before2027)
		if err != nil {
			t.Fatalf("%v of\n%s", err, octets)
		}
		again, err := Parse(encode(o.root))
		if err != nil {
			t.Fatalf("what we write of it can't be read: %v\n%s", err, encode(o.root))
		}
		for _, one := range refused {
			it := again.override(one.Recurrence, paris)
			if one.Recurrence.IsZero() {
				it = again.items[0]
			}
			if it == nil || !allDeclined(it, hall().as) {
				t.Errorf("%v was refused and is not declined (%d are):\n%s", one.Slot, len(declined), encode(again.root))
			}
		}
		if took := time.Since(begun); took > slow {
			t.Errorf("took %v", took)
		}
	})
}
