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
	const count = 2*listPage + 1
	var names []string
	for i := range count {
		name := fmt.Sprintf("%04d.ics", i)
		takes := "TRANSP:OPAQUE"
		if i <= listPage { // a whole page of what a colleague doesn't see
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
	// What another client writes between two pages is in the listing, or in the changes since before it.
	before, err := s.Calendar(t.Context(), claire, personal(claire))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	err = s.Each(t.Context(), claire, personal(claire), func(e Entry) {
		if told[e.Name] = true; e.Name != names[0] {
			return
		}
		gone := s.Delete(t.Context(), claire, personal(claire), names[count-1], Condition{})
		early := ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:early", "DTSTART:20261124T090000Z", "END:VEVENT", "END:VCALENDAR")
		if _, err := s.Put(t.Context(), claire, personal(claire), "!.ics", early, Condition{}); err != nil || gone != nil {
			t.Error(err, gone)
		}
	})
	since, changesErr := s.ChangesSince(t.Context(), claire, personal(claire), before.Sync, 0)
	if err != nil || changesErr != nil || told[names[count-1]] || len(since.Changed) != 1 || since.Changed[0].Name != "!.ics" || !slices.Equal(since.Deleted, names[count-1:]) {
		t.Errorf("since the listing began %+v, %v, %v", since, err, changesErr)
	}
	mustShare(t, s, claire, toAgent(paul), LevelBusy)
	seen := map[string]bool{}
	all, err = s.List(t.Context(), paul, personal(claire))
	for _, e := range all {
		seen[e.Name] = true
	}
	if want := count - listPage - 1; err != nil || len(all) != want || len(seen) != want {
		t.Errorf("a colleague is told %d objects, %d different, want %d: %v", len(all), len(seen), want, err)
	}
}
