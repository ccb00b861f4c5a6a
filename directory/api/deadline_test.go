package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parvis/directory/api"
	"parvis/portal"
	"parvis/server/servertest"
)

// deadlined is a connection that may be read until a deadline, and remembers which one it had when it was answered.
type deadlined struct {
	*httptest.ResponseRecorder
	until, answered time.Time
}

func (d *deadlined) SetReadDeadline(at time.Time) error {
	d.until = at
	return nil
}

func (d *deadlined) SetWriteDeadline(time.Time) error { return nil }

func (d *deadlined) WriteHeader(status int) {
	d.answered = d.until
	d.ResponseRecorder.WriteHeader(status)
}

// A deadline for the body that is still there while the store works ends the context of the connection: what takes
// long is given up, and every later request of that connection fails.
func TestAnAnswerThatTakesLongIsWaitedFor(t *testing.T) {
	p := servertest.New(t)
	program := programOf(t, p, "admin@bourg.example", "bourg", portal.ScopeCalendar)
	r := httptest.NewRequest("POST", api.Prefix+"/bookings", strings.NewReader(`{"resource": "r", "from": "2027-01-01T09:00:00Z", "to": "2027-01-01T10:00:00Z"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", program.basic)
	w := &deadlined{ResponseRecorder: httptest.NewRecorder(), answered: time.Now()}
	p.ServeHTTP(w, r)
	if w.Code != http.StatusNotFound || !w.answered.IsZero() {
		t.Errorf("%d: the connection may be read until %v while the store works", w.Code, w.answered)
	}
}
