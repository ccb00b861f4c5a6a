package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/directory/api"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

// script is a program of an agent's.
type script struct {
	t      testing.TB
	client *servertest.Client
	basic  string
}

func scriptOf(p *servertest.Portal, t testing.TB, login string, in portal.CollectivityID, scopes ...portal.Scope) script {
	t.Helper()
	password, err := p.SSO.AppPasswords.Create(t.Context(), p.Caller(login, in), sso.AppPassword{Name: "Borne", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return script{t, p.Anonymous(), "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
}

func (s script) ask(method, path, body string, out any) servertest.Answer {
	s.t.Helper()
	answer := s.client.Do(method, api.Prefix+path, strings.NewReader(body), "Authorization", s.basic, "Content-Type", "application/json", "Accept-Language", "fr")
	if out != nil {
		if err := json.Unmarshal([]byte(answer.Body), out); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, answer.Body)
		}
	}
	return answer
}

func (s script) book(resource booking.ResourceID, from time.Time, hours int) servertest.Answer {
	s.t.Helper()
	return s.ask("POST", "/bookings", bookingBody(resource, from, hours), nil)
}

func bookingBody(resource booking.ResourceID, from time.Time, hours int) string {
	return fmt.Sprintf(`{"resource": %q, "title": "Borne", "from": %q, "to": %q}`, resource, from.Format(time.RFC3339), from.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339))
}

// Any agent's program books what she may book, and is told why it can't in the words that phones are told.
func TestProgramsBook(t *testing.T) {
	h := newHall(t)
	writer := scriptOf(h.Portal, t, "collegue@bourg.example", "bourg", portal.ScopeCalendar)
	reader := scriptOf(h.Portal, t, "collegue@bourg.example", "bourg", portal.ScopeCalendarRead)
	stranger := scriptOf(h.Portal, t, "admin@agglo.example", "agglo", portal.ScopeCalendar)
	nine := day(2).Add(9 * time.Hour)
	reader.book(h.room, nine, 1).Want(t, http.StatusForbidden)
	stranger.book(h.room, nine, 1).Want(t, http.StatusNotFound)
	h.Anonymous().Do("POST", api.Prefix+"/bookings", strings.NewReader(bookingBody(h.room, nine, 1)), "Content-Type", "application/json").Want(t, http.StatusUnauthorized)
	var made api.Booking
	writer.ask("POST", "/bookings", bookingBody(h.room, nine, 1), &made).Want(t, http.StatusCreated)
	if made.ID == "" || made.State != "accepted" || made.Title != "Borne" || !made.From.Equal(nine) {
		t.Errorf("made %+v", made)
	}
	here := diaryOf(h.Portal, t, "agent@bourg.example", "bourg")
	here.put(event("clash", "agent@bourg.example", day(2), 9, 10, room), "clash.ics").Want(t, http.StatusCreated)
	here.answered("clash.ics", room[0], "DECLINED")
	other := scriptOf(h.Portal, t, "redaction@bourg.example", "bourg", portal.ScopeCalendar)
	refused := other.book(h.room, nine, 1).Want(t, http.StatusConflict)
	if !strings.Contains(refused.Body, "Il y a déjà une réservation le") {
		t.Errorf("why is not said: %s", refused.Body)
	}
	var left int
	if err := h.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM calendar_objects WHERE collectivity = 'bourg' AND summary = 'Borne'`).Scan(&left); err != nil || left != 1 {
		t.Errorf("%d events of programs, %v", left, err)
	}
	for body, want := range map[string]int{
		bookingBody(h.room, nine, 0):                        http.StatusUnprocessableEntity,
		bookingBody(h.room, nine, -1):                       http.StatusUnprocessableEntity,
		bookingBody(h.room, nine.AddDate(-1, 0, 0), 1):      http.StatusUnprocessableEntity,
		bookingBody("nothing", nine, 1):                     http.StatusNotFound,
		`{"resource": "x"}`:                                 http.StatusUnprocessableEntity,
		`{"resource": "x", "from": "demain", "to": "hier"}`: http.StatusUnprocessableEntity,
	} {
		writer.ask("POST", "/bookings", body, nil).Want(t, want)
	}

	var resources api.BookableList
	reader.ask("GET", "/resources?from="+day(2).UTC().Format("2006-01-02T15:04:05Z")+"&to="+day(3).UTC().Format("2006-01-02T15:04:05Z"), "", &resources).Want(t, http.StatusOK)
	if len(resources.Resources) != 1 || len(resources.Resources[0].Free) != 2 || !resources.Resources[0].Free[0].To.Equal(nine) || !resources.Resources[0].Bookable {
		t.Errorf("what is free: %+v", resources)
	}
	reader.ask("GET", "/resources?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", "", nil).Want(t, http.StatusUnprocessableEntity)
	var hers api.BookingList
	reader.ask("GET", "/bookings", "", &hers).Want(t, http.StatusOK)
	if len(hers.Bookings) != 1 || hers.Bookings[0].ID != made.ID {
		t.Errorf("hers are %+v", hers)
	}
	for _, one := range []script{other, stranger} {
		one.ask("DELETE", "/bookings/"+made.ID, "", nil).Want(t, http.StatusNotFound)
	}
	writer.ask("DELETE", "/bookings/"+made.ID, "", nil).Want(t, http.StatusNoContent)
	if n := h.taken(h.room); n != 0 {
		t.Errorf("%d bookings are left", n)
	}
}
