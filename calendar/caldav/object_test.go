package caldav

import (
	"errors"
	"testing"
	"time"

	"parvis/calendar"
)

func TestAReportExpandsForALimitedTime(t *testing.T) {
	octets := []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20261124T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
	x := &wanted{}
	if _, err := x.of(octets, time.UTC); err != nil || x.work <= 0 {
		t.Errorf("the first object: %v after %v, want its work counted", err, x.work)
	}
	x.work = maxWanted + 1
	if _, err := x.of(octets, time.UTC); !errors.Is(err, calendar.ErrTooMuchWork) {
		t.Errorf("an object beyond the limit: %v, want ErrTooMuchWork", err)
	}
}
