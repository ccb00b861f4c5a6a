package calendar

import (
	"fmt"
	"slices"
	"testing"
)

func TestALongListingTellsEachObjectOnce(t *testing.T) {
	s := staffed(t)
	claire, paul := agent("bourg", "claire"), agent("bourg", "paul")
	if _, err := s.db.Exec(t.Context(), `PRAGMA synchronous = OFF`); err != nil && s.db.Engine() == "sqlite" {
		t.Fatal(err)
	}
	const count = 2*page + 1
	var names []string
	for i := range count {
		name := fmt.Sprintf("%04d.ics", i)
		takes := "TRANSP:OPAQUE"
		if i <= page { // a whole page of what a colleague doesn't see
			takes = "TRANSP:TRANSPARENT"
		}
		octets := ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:"+name, "DTSTART:20261124T090000Z", takes, "END:VEVENT", "END:VCALENDAR")
		if _, err := s.Put(t.Context(), claire, personal(claire), name, octets, Condition{}); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	all, err := s.List(t.Context(), claire, personal(claire))
	var listed []string
	for _, e := range all {
		listed = append(listed, e.Name)
	}
	if err != nil || !slices.Equal(listed, names) {
		t.Errorf("%d of %d listed: %v", len(listed), count, err)
	}
	mustShare(t, s, claire, toAgent(paul), LevelBusy)
	seen := map[string]bool{}
	all, err = s.List(t.Context(), paul, personal(claire))
	for _, e := range all {
		seen[e.Name] = true
	}
	if want := count - page - 1; err != nil || len(all) != want || len(seen) != want {
		t.Errorf("a colleague is told %d objects, %d different, want %d: %v", len(all), len(seen), want, err)
	}
}
