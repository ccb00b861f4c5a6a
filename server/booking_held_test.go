package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// wants checks how many times the room is taken.
func (h *hall) wants(what string, want int) {
	h.t.Helper()
	if n := h.taken(h.room); n != want {
		h.t.Errorf("%s: the room is taken %d times, want %d", what, n, want)
	}
}

// alone to want the room.
func TestWhatIsFarAheadIsBooked(t *testing.T) {
	h := newHall(t)
	a := diaryOf(h.Portal, t, "admin@bourg.example", "bourg")
	b := diaryOf(h.Portal, t, "collegue@bourg.example", "bourg")
	a.put(event("far", "admin@bourg.example", day(110), 9, 10, room), "far.ics").Want(t, http.StatusCreated)
	a.answered("far.ics", room[0], "ACCEPTED")
	b.put(event("other", "collegue@bourg.example", day(110), 9, 10, room), "other.ics").Want(t, http.StatusCreated)
	b.answered("other.ics", room[0], "DECLINED")
	h.wants("once", 1)
	a.put(event("series", "admin@bourg.example", day(111), 9, 10, room, "RRULE:FREQ=WEEKLY;COUNT=5"), "series.ics").Want(t, http.StatusCreated)
	a.answered("series.ics", room[0], "ACCEPTED")
	h.wants("a series", 2)
	var due int
	err := h.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM bookings WHERE goes_on AND starts = $1`, day(111).Add(9*time.Hour).UnixMilli()).Scan(&due)
	if err != nil || due != 1 {
		t.Errorf("%d rows say that the series goes on: %v", due, err)
	}
	alone := string(event("alone", "admin@bourg.example", day(1), 11, 12, nil, "RRULE:FREQ=WEEKLY;COUNT=200"))
	exception := string(event("alone", "admin@bourg.example", day(120), 11, 12, room, "RECURRENCE-ID;TZID=Europe/Paris:"+day(120).Format("20060102")+"T110000"))
	exception = exception[strings.Index(exception, "BEGIN:VEVENT"):]
	a.put([]byte(strings.Replace(alone, "END:VCALENDAR\r\n", exception, 1)), "alone.ics").Want(t, http.StatusCreated)
	a.answered("alone.ics", room[0], "ACCEPTED")
	h.wants("an exception", 3)
}
