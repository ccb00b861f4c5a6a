package booking

import (
	"testing"
	"time"
)

func TestStatesOfADoor(t *testing.T) {
	clock := func(text string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-12-01 "+text, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	booked := func(from, until string) Booking { return Booking{Start: clock(from), End: clock(until)} }
	night := []Shut{{From: clock("00:00"), To: clock("08:00")}, {From: clock("18:00"), To: clock("00:00").AddDate(0, 0, 1)}}
	two := []Booking{booked("09:00", "10:00"), booked("10:00", "11:30"), booked("14:00", "15:00")}
	for _, c := range []struct {
		at       string
		bookings []Booking
		shut     []Shut
		now      bool
		closed   bool
		until    string // "" for the whole day
		next     string
	}{
		{"08:30", two, nil, false, false, "09:00", "09:00"},
		{"09:00", two, nil, true, false, "11:30", "14:00"}, // what follows without a gap is one
		{"10:00", two, nil, true, false, "11:30", "14:00"},
		{"11:30", two, nil, false, false, "14:00", "14:00"},
		{"15:00", two, nil, false, false, "", ""},
		{"15:00", two, night, false, false, "18:00", ""},
		{"12:00", two, night, false, false, "14:00", "14:00"},
		{"07:00", two, night, false, true, "08:00", "09:00"},
		{"19:00", nil, night, false, true, "24:00", ""},
		{"19:00", []Booking{booked("18:30", "20:00")}, night, true, false, "20:00", ""}, // booked before the hours were
		{"10:00", nil, nil, false, false, "", ""},
	} {
		state := DoorRoom{Bookings: c.bookings, Shut: c.shut}.At(clock(c.at))
		until, next := "", ""
		if !state.Until.IsZero() {
			until = state.Until.Format("15:04")
			if state.Until.Day() != 1 {
				until = "24:00"
			}
		}
		if state.Next != nil {
			next = state.Next.Start.Format("15:04")
		}
		if (state.Now != nil) != c.now || (state.Shut != nil) != c.closed || until != c.until || next != c.next {
			t.Errorf("at %s: now %v, shut %v, until %q, next %q, want %+v", c.at, state.Now, state.Shut, until, next, c)
		}
	}
}
