package booking

import (
	"testing"
	"time"
)

// The row that says how far a series is booked is the last of the series: an exception years later does
// not put off the day on which it is booked further.
func TestHowFarASeriesIsBooked(t *testing.T) {
	rows := []booked{{starts: 1000}, {starts: 9000}, {starts: 3000}}
	for _, c := range []struct {
		after time.Time
		rows  []booked
		want  int64
	}{
		{time.UnixMilli(3000), rows, 3000},
		{time.UnixMilli(4000), rows, 3000}, // that one was refused
		{time.UnixMilli(500), rows, 1000},
		{time.Time{}, rows, none},
		{time.UnixMilli(3000), nil, none},
	} {
		if got := lastOf(c.rows, c.after); got != c.want {
			t.Errorf("after %v: %d, want %d", c.after, got, c.want)
		}
	}
}
