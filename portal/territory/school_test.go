package territory

import (
	"testing"
	"time"
)

func TestSchoolHolidaysBeginOnSaturdaysAndEndOnTheDayBeforeLessons(t *testing.T) {
	for _, h := range schoolHolidays {
		from, err := time.Parse(time.DateOnly, h.from)
		to, err2 := time.Parse(time.DateOnly, h.to)
		if err != nil || err2 != nil || from.Weekday() != time.Saturday {
			t.Errorf("%s from %s, a %v: %v, %v", h.name, h.from, from.Weekday(), err, err2)
		}
		if days := int(to.Sub(from).Hours()/24) + 1; h.name != "summer" && (days != 16 || to.Weekday() != time.Sunday) {
			t.Errorf("%s %s lasts %d days, until a %v", h.name, h.from, days, to.Weekday())
		}
	}
}

func TestEachZoneHasItsHolidays(t *testing.T) {
	for _, c := range []struct{ day, zone, want string }{
		{"2026-02-07", "A", "winter"},
		{"2026-02-07", "B", ""},
		{"2026-02-06", "A", ""},
		{"2026-02-22", "A", "winter"},
		{"2026-02-23", "A", ""},
		{"2026-12-25", "C", "christmas"},
		{"2026-12-25", "", ""},
		{"2026-12-25", "Corse", ""},
		{"2026-12-25", "AB", ""},
		{"2026-11-24", "B", ""},
		{"2040-08-01", "B", ""},
	} {
		day, _ := time.Parse(time.DateOnly, c.day)
		if got, _ := SchoolHolidayOn(day, c.zone); got.Name != c.want {
			t.Errorf("%s in zone %s: %q, want %q", c.day, c.zone, got.Name, c.want)
		}
	}
}
