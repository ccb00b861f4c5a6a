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
