package server_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/calendar"
	"parvis/server/servertest"
)

const (
	propfindAll = `<propfind xmlns="DAV:"><allprop/></propfind>`
	queryAll    = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop>` +
		`<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`
	syncAll  = `<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`
	rename   = `<propertyupdate xmlns="DAV:"><set><prop><displayname>À moi</displayname></prop></set></propertyupdate>`
	intruder = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:intruder\r\nDTSTAMP:20261101T000000Z\r\n" +
		"DTSTART:20261124T090000Z\r\nSUMMARY:Intrus\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)

// multiget asks for one object by its address.
func multiget(href string) string {
	return `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><href>` +
		href + `</href></C:calendar-multiget>`
}

// phone speaks DAV with an app password.
type phone struct {
	*servertest.Client
	authorization string
}

func (w *world) phone(login, password string) phone {
	return phone{w.Anonymous(), "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
}

func (p phone) ask(method, path, body string, headers ...string) servertest.Answer {
	return p.Do(method, path, strings.NewReader(body), append(headers, "Authorization", p.authorization, "Content-Type", "application/xml; charset=utf-8")...)
}

// davRequest is a request on one of the author's resources.
type davRequest struct {
	method, path, body string
	depth              string
}

// absent is the status where there is nothing: to write in a place that is not
// there is a conflict (RFC 4918 §9.3.1 and §9.7.1).
func (r davRequest) absent() int {
	switch r.method {
	case "PUT", "MKCOL", "MKCALENDAR":
		return http.StatusConflict
	}
	return http.StatusNotFound
}

// TestDAVOfAnotherFindsNothing asks for the author's calendars by every method,
// as a colleague who is in no group and as a stranger of another collectivity.
func TestDAVOfAnotherFindsNothing(t *testing.T) {
	w := newWorld(t)
	own, err := w.Calendar.Event(t.Context(), w.caller, calendar.EventID(w.event()))
	w.must(err)
	common, err := w.Calendar.Event(t.Context(), w.caller, calendar.EventID(w.sharedEvent()))
	w.must(err)
	home := "/dav/calendars/" + string(w.caller.Agent) + "/"
	mine, shared := home+"personal/", home+w.shared.Slug+"/"
	requests := []davRequest{
		{"PROPFIND", "/dav/principals/" + string(w.caller.Agent) + "/", propfindAll, "0"},
		{"PROPFIND", home, propfindAll, "1"},
		{"PROPFIND", mine, propfindAll, "1"},
		{"PROPFIND", shared, propfindAll, "1"},
		{"REPORT", mine, queryAll, "1"},
		{"REPORT", shared, queryAll, "1"},
		{"REPORT", mine, syncAll, "0"},
		{"REPORT", mine, multiget(mine + own.Name), "0"},
		{"GET", mine + own.Name, "", ""},
		{"GET", shared + common.Name, "", ""},
		{"HEAD", mine + own.Name, "", ""},
		{"PUT", mine + own.Name, intruder, ""},
		{"PUT", mine + "intruder.ics", intruder, ""},
		{"PUT", shared + "intruder.ics", intruder, ""},
		{"PROPPATCH", mine, rename, ""},
		{"MKCALENDAR", home + "intruder/", "", ""},
		{"MKCOL", home + "intruder/", "", ""},
		{"DELETE", mine + own.Name, "", ""},
		{"DELETE", shared + common.Name, "", ""},
		{"DELETE", mine, "", ""},
	}
	author := w.phone(author, w.password)
	for _, r := range requests[:10] {
		answer := author.ask(r.method, r.path, r.body, "Depth", r.depth)
		tells := strings.Contains(answer.Body, canary) || r.body == syncAll || r.method == "PROPFIND"
		if answer.Status/100 != 2 || !tells {
			t.Errorf("the author's own %s %s: %d\n%.500s", r.method, r.path, answer.Status, answer.Body)
		}
	}
	others := map[string]phone{
		"colleague": w.phone(colleague, w.AppPassword(colleague, "bourg")),
		"stranger":  w.phone(stranger, w.AppPassword(stranger, "agglo")),
	}
	before := dump(t, w.Portal)
	for who, other := range others {
		for _, r := range requests {
			answer := other.ask(r.method, r.path, r.body, "Depth", r.depth)
			if want := r.absent(); answer.Status != want {
				t.Errorf("%s: %s %s = %d, want %d\n%.500s", who, r.method, r.path, answer.Status, want, answer.Body)
			}
			silent(t, who, r, answer)
		}
	}
	for who, other := range others {
		agent := string(w.Caller(colleague, "bourg").Agent)
		if who == "stranger" {
			agent = string(w.Caller(stranger, "agglo").Agent)
		}
		theirs := "/dav/calendars/" + agent + "/"
		for _, r := range []davRequest{
			{"PROPFIND", "/dav/", propfindAll, "1"},
			{"PROPFIND", theirs, propfindAll, "1"},
			{"REPORT", theirs + "personal/", multiget(mine + own.Name), "0"},
			{"REPORT", theirs + "personal/", multiget(shared + common.Name), "0"},
			{"REPORT", theirs + "personal/", multiget(theirs + "partage/" + common.Name), "0"},
			{"PROPFIND", theirs + "partage/", propfindAll, "1"},
			{"GET", theirs + "partage/" + common.Name, "", ""},
			{"GET", theirs + "personal/" + own.Name, "", ""},
		} {
			silent(t, who, r, other.ask(r.method, r.path, r.body, "Depth", r.depth))
		}
	}
	if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
		t.Errorf("what was refused changed the store:\n%s", diff)
	}
	for _, wrong := range []phone{w.phone(stranger, w.password), w.phone(colleague, w.password), w.phone(canary, servertest.Password)} {
		if answer := wrong.ask("PROPFIND", home, propfindAll, "Depth", "1"); answer.Status != http.StatusUnauthorized {
			t.Errorf("a password of another opens: %d", answer.Status)
		}
	}
}

// silent fails an answer that tells what another wrote.
func silent(t *testing.T, who string, r davRequest, answer servertest.Answer) {
	t.Helper()
	for _, text := range []string{canary, secret} {
		if strings.Contains(answer.Body, text) {
			t.Errorf("%s: %s %s tells %q:\n%.1000s", who, r.method, r.path, text, answer.Body)
		}
		for name, values := range answer.Header {
			if strings.Contains(strings.Join(values, "\n"), text) {
				t.Errorf("%s: %s %s tells %q in %s", who, r.method, r.path, text, name)
			}
		}
	}
}
