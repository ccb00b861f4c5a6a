package remote

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"parvis/calendar"
)

func TestLongTextsAreCutBetweenCharacters(t *testing.T) {
	long := strings.Repeat("é", 30_000)
	s, _ := newStore(t, nil)
	mustAdd(t, s, canned(t, object("a", "SUMMARY:"+long, "LOCATION:"+long, "DESCRIPTION:x"+long, "STATUS:"+long, "DTSTART:20261124T130000Z")))
	_, feeds := titles(t, s, claire)
	if len(feeds) != 1 || len(feeds[0].Instances) != 1 {
		t.Fatalf("%+v", feeds)
	}
	in := feeds[0].Instances[0]
	in.Status = strings.ToLower(in.Status)
	for name, c := range map[string]struct {
		got string
		n   int // bytes
	}{
		"title": {in.Title, 600}, "location": {in.Location, 600}, "description": {in.Description, 4095}, "status": {in.Status, 80},
	} {
		if len(c.got) != c.n || !utf8.ValidString(c.got) || !strings.HasPrefix(strings.TrimPrefix(c.got, "x")+long, "éé") {
			t.Errorf("%s: %d bytes, want %d of whole characters", name, len(c.got), c.n)
		}
	}
}

func TestTheTextsOfAnAccountAreBoundTogether(t *testing.T) {
	var r reading
	in := calendar.Instance{UID: "a", Title: "Budget", Description: strings.Repeat("a", 1<<20)}
	titled := 0
	for range maxInstances + 1 {
		one := in
		if !r.admit(&one) {
			break
		}
		if one.Title == in.Title {
			titled++
		}
	}
	if titled != maxInstances || r.text > maxText {
		t.Errorf("%d of %d instances are kept in %d bytes, at most %d", titled, maxInstances, r.text, maxText)
	}
	wide := calendar.Instance{UID: strings.Repeat("u", 1024), Title: strings.Repeat("😀", 300), Location: strings.Repeat("😀", 300)}
	r = reading{}
	for range maxInstances {
		one := wide
		r.admit(&one)
	}
	if r.text > maxText {
		t.Errorf("wide texts take %d bytes, at most %d", r.text, maxText)
	}
}

func TestAReadingThatIsKeptAlreadyIsNotWrittenAgain(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t, nil)
	weekly := object("a", "SUMMARY:Point", "DTSTART:20261124T130000Z", "RRULE:FREQ=DAILY;COUNT=3")
	id := mustAdd(t, s, canned(t, weekly, object("b", "SUMMARY:Budget", "DTSTART:20261124T140000Z")))
	// Whatever is written again would bring this row back.
	if _, err := s.DB.Exec(ctx, `DELETE FROM remote_instances WHERE collectivity = $1 AND title = $2`, "bourg", "Budget"); err != nil {
		t.Fatal(err)
	}
	c.add(10 * time.Hour)
	if err := s.Refresh(ctx, claire, id, paris); err != nil {
		t.Fatal(err)
	}
	want := []string{"24 14:00 Point", "25 14:00 Point", "26 14:00 Point"}
	got, feeds := titles(t, s, claire)
	if !cmp.Equal(got, want) || feeds[0].State != calendar.FeedFresh || !feeds[0].At.Equal(c.Now()) {
		t.Errorf("%q at %v, want %q, fresh", got, feeds[0].At, want)
	}
	if _, err := s.DB.Exec(ctx, `UPDATE remote_accounts SET url = $2 WHERE collectivity = $1`, "bourg", canned(t, weekly)+"/c/"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(ctx, `DELETE FROM remote_instances WHERE collectivity = $1`, "bourg"); err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(ctx, claire, id, paris); err != nil {
		t.Fatal(err)
	}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, want) {
		t.Errorf("after a change there %q, want %q", got, want)
	}
}

// TestARuleThatWeDontStoreIsShown has one that comes up twice on Tuesdays, written as every hour, beside one
// of every second since 1900.
func TestARuleThatWeDontStoreIsShown(t *testing.T) {
	s, _ := newStore(t, nil)
	mustAdd(t, s, canned(t,
		object("a", "SUMMARY:Relevé", "DTSTART;TZID=Europe/Paris:20261020T090000", "DURATION:PT15M", "RRULE:FREQ=HOURLY;BYHOUR=9,14;BYDAY=TU"),
		object("b", "SUMMARY:Battement", "DTSTART:19000101T000000Z", "RRULE:FREQ=SECONDLY"),
		object("c", "SUMMARY:Conseil", "DTSTART:20261126T180000Z"),
	))
	found, _ := titles(t, s, claire)
	if diff := cmp.Diff([]string{"24 09:00 Relevé", "24 14:00 Relevé", "26 19:00 Conseil"}, found); diff != "" {
		t.Error(diff)
	}
}

func TestAReadingThatTookItsTimeExpandsNothing(t *testing.T) {
	r, day := reading{work: maxWork + 1}, time.Date(2026, 11, 24, 0, 0, 0, 0, paris)
	if found, err := r.expand("/c/", answer{octets: []byte(object("a", "DTSTART:20261124T130000Z"))}, day, day.AddDate(0, 0, 1), paris); err == nil {
		t.Errorf("found %v", found)
	}
}
