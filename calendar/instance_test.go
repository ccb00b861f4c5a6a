package calendar

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// allocated is how many bytes f takes of the heap, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestTheInstancesOfASeriesShareItsTexts(t *testing.T) {
	long := strings.Repeat(`a\, `, 15_000) // 60 KB, escaped
	object, err := Parse(eventText("SUMMARY:"+long, "LOCATION:"+long, "DESCRIPTION:"+long,
		"DTSTART:20260101T080000Z", "RRULE:FREQ=DAILY;COUNT=2000"))
	if err != nil {
		t.Fatal(err)
	}
	var found []Instance
	took := allocated(func() { found, err = object.Instances(time.Time{}, time.Time{}, paris) })
	if err != nil || len(found) != 2000 || found[1999].Title != strings.ReplaceAll(long, `\`, "") {
		t.Fatalf("%d instances, %v", len(found), err)
	}
	if took > 16<<20 {
		t.Errorf("2,000 instances of 180 KB took %d MB", took>>20)
	}
}

func TestDatesBesideARuleCostOneWalk(t *testing.T) {
	for name, rule := range map[string]string{
		"a rule that never comes up": "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
		"a rule counted from 1970":   "RRULE:FREQ=DAILY;COUNT=10000",
	} {
		lines := []string{"DTSTART:19700101T000000Z", rule}
		for second := range 10_000 {
			lines = append(lines, "RDATE:"+stamp(time.Date(2026, 1, 1, 0, 0, second, 0, time.UTC)))
		}
		object, err := Parse(eventText(lines...))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		found, err := object.Instances(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), paris)
		// Twenty milliseconds; a walk for each date takes longer than anybody waits.
		if took := time.Since(begun); took > 20*time.Second || err != nil || len(found) != 10_000 {
			t.Errorf("%s: %d instances in %v, %v", name, len(found), took, err)
		}
	}
}
