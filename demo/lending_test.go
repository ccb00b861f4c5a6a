package demo

import (
	"testing"
	"time"
)

// The minibus is lent to people of the story, once at a time, and rarely enough for its convention.
func TestEveryOutingIsOfTheStory(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	last := time.Time{}
	for _, one := range outings() {
		day := dayIn(now, -one.weeks, one.day)
		from, to := clock(day, one.from), clock(day, one.to)
		if _, known := Pool().Person(one.who); !known || !from.After(last) || !to.After(from) || !to.Before(now) {
			t.Errorf("%s by %s: %v to %v after %v", one.what, one.who, from, to, last)
		}
		last = to
	}
}
