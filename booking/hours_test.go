package booking

import (
	"slices"
	"testing"
	"time"
)

func TestHoursAsPeopleWriteThem(t *testing.T) {
	day := []Range{{480, 720}, {840, 1080}}
	for text, want := range map[string][]Range{
		"":                         nil,
		"8h-12h 14h-18h":           day,
		"8 h – 12 h, 14 h – 18 h":  day,
		"08:00-12:00 14:00-18:00":  day,
		"14h à 18h ; 8h00 à 12h00": day,
		"8-12 14-18":               day,
		"8h30-12h":                 {{510, 720}},
		"8h-12h 12h-18h":           {{480, 1080}},
		"0h-24h":                   {{0, 1440}},
		"9\u00a0h\u00a0–\u00a017\u00a0h\u00a030": {{540, 1050}},
	} {
		got, err := ParseRanges(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"matin", "8h", "12h-8h", "8h-8h", "8h-12h 11h-14h", "8h-25h", "8h75-12h", "8h-12h demain", "1-2 3-4 5-6 7-8 9-10", "-", "8h--12h"} {
		if got, err := ParseRanges(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func FuzzHours(f *testing.F) {
	for _, text := range []string{"8h-12h 14h-18h", "08:30 – 12:00", "0-24", "", "à"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ranges, err := ParseRanges(text)
		if err != nil {
			return
		}
		h := Hours{time.Monday: ranges, time.Sunday: ranges}
		again, err := hoursOf(h.String())
		if err != nil || again.String() != h.String() {
			t.Errorf("%q is kept as %q, read as %q: %v", text, h.String(), again.String(), err)
		}
		typed, err := ParseRanges(h.Typed(time.Monday))
		if err != nil || !slices.Equal(typed, ranges) {
			t.Errorf("%q is shown as %q, read as %v: %v", text, h.Typed(time.Monday), typed, err)
		}
		before := -1
		for _, r := range ranges {
			if r.From <= before || r.Until <= r.From || r.Until > dayLong {
				t.Errorf("%q: %v", text, ranges)
			}
			before = r.Until
		}
	})
}
