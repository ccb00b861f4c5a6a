package calendar

import (
	"errors"
	"testing"
	"time"

	"parvis/portal"
)

// TestRhythmsAreReadBack: what a form writes is what it shows again, and no rule that says more is taken for it.
func TestRhythmsAreReadBack(t *testing.T) {
	tuesday := time.Date(2026, 12, 1, 9, 0, 0, 0, paris)
	for _, every := range rhythms {
		d := Draft{Title: "Point", Start: tuesday, End: tuesday.Add(time.Hour), Repeat: Repeat{Every: every}}
		if every != Once {
			d.Repeat.Until = time.Date(2027, 3, 26, 0, 0, 0, 0, paris) // summer time begins two days later
		}
		o, err := Parse(encode(d.object("u", tuesday)))
		if err != nil {
			t.Fatalf("%q: %v", every, err)
		}
		if got := repeatOf(o.items[0], paris); got.Every != every || !got.Until.Equal(d.Repeat.Until) {
			t.Errorf("%q until %v comes back as %+v", every, d.Repeat.Until, got)
		}
	}
	for rule, want := range map[string]Every{
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU":                   Fortnightly,
		"FREQ=WEEKLY;INTERVAL=2;WKST=SU":                    Fortnightly,
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH":                Otherwise,
		"FREQ=WEEKLY;INTERVAL=3":                            Otherwise,
		"FREQ=WEEKLY;BYDAY=FR,MO,TU,WE,TH":                  Workdays,
		"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH":                     Otherwise,
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR":       Otherwise,
		"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR":                   Otherwise,
		"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=10":         Otherwise,
		"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYMONTH=1,2,3,12": Otherwise,
	} {
		o := parsed(t, []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20261201T000000Z\r\nDTSTART:20261201T080000Z\r\nRRULE:"+rule+"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"))
		if got := repeatOf(o.items[0], paris).Every; got != want {
			t.Errorf("%s is %q, want %q", rule, got, want)
		}
	}
}

// TestDatesOfADraft: they keep the hour over the change of clocks, and their length is that of the event.
func TestDatesOfADraft(t *testing.T) {
	start := time.Date(2027, 3, 19, 18, 30, 0, 0, paris) // a Friday; the clocks change on the 28th
	d := Draft{Title: "Chorale", Start: start, End: start.Add(2 * time.Hour), Repeat: Repeat{Every: Fortnightly, Until: time.Date(2027, 4, 16, 0, 0, 0, 0, paris)}}
	dates, err := d.Dates(100)
	want := []time.Time{start, time.Date(2027, 4, 2, 18, 30, 0, 0, paris), time.Date(2027, 4, 16, 18, 30, 0, 0, paris)}
	if err != nil || len(dates) != len(want) {
		t.Fatalf("%v, %v, want %v", dates, err, want)
	}
	for i, at := range want {
		if !dates[i].Start.Equal(at) || !dates[i].Recurrence.Equal(at) || !dates[i].End.Equal(at.Add(2*time.Hour)) {
			t.Errorf("%+v, want %v", dates[i], at)
		}
	}
	d.Repeat = Repeat{Every: Daily}
	if dates, err := d.Dates(5); err != nil || len(dates) != 5 {
		t.Errorf("an endless series has %d dates under a bound of 5, %v", len(dates), err)
	}
	d.Repeat = Repeat{}
	if dates, err := d.Dates(5); err != nil || len(dates) != 1 || !dates[0].Recurrence.IsZero() {
		t.Errorf("what happens once: %+v, %v", dates, err)
	}
	d.End = start.Add(-time.Hour)
	if _, err := d.Dates(5); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("an end before the start: %v", err)
	}
}

func TestASeriesOfWorkingDaysBeginsOnOne(t *testing.T) {
	saturday := time.Date(2026, 12, 5, 9, 0, 0, 0, paris)
	err := Draft{Title: "Garde", Start: saturday, End: saturday.Add(time.Hour), Repeat: Repeat{Every: Workdays}}.check()
	var refused portal.FieldErrors
	if !errors.As(err, &refused) || len(refused) != 1 || refused[0].Field != "repeat" {
		t.Errorf("a Saturday: %v", err)
	}
}

// TestASeriesLeavesDatesOut: those that a draft is without are no instances.
func TestASeriesLeavesDatesOut(t *testing.T) {
	start := time.Date(2027, 3, 19, 18, 30, 0, 0, paris)
	until := time.Date(2027, 4, 16, 0, 0, 0, 0, paris)
	d := Draft{Title: "Chorale", Start: start, End: start.Add(time.Hour), Repeat: Repeat{Every: Weekly, Until: until}, Without: []time.Time{start.AddDate(0, 0, 14), start.AddDate(0, 0, 21)}}
	o, err := Parse(encode(d.object("u", start)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := o.Instances(start, until.AddDate(0, 0, 1), paris)
	if err != nil || len(all) != 3 || !all[2].Start.Equal(start.AddDate(0, 0, 28)) {
		t.Errorf("%+v, %v", all, err)
	}
}
