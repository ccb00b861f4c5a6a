package server_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
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

const (
	cardsAll     = `<R:addressbook-query xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><getetag/><R:address-data/></prop></R:addressbook-query>`
	intruderCard = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:intruder\r\nFN:Intrus\r\nEND:VCARD\r\n"
)

// getCard asks for one card by its address.
func getCard(href string) string {
	return `<R:addressbook-multiget xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><getetag/><R:address-data/></prop><href>` +
		href + `</href></R:addressbook-multiget>`
}

// phone speaks DAV with an app password.
type phone struct {
	*servertest.Client
	authorization string
}

func (w *world) phone(login, password string) phone { return newPhone(w.Anonymous(), login, password) }

func newPhone(client *servertest.Client, login, password string) phone {
	return phone{client, "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
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
// as a colleague who is in no group, as managers of the other collectivities and
// as the secretary while she is in another one.
func TestDAVOfAnotherFindsNothing(t *testing.T) {
	w := newWorld(t)
	e := w.of("bourg")
	own, err := e.Calendar.Event(t.Context(), e.caller, calendar.EventID(e.event()))
	e.must(err)
	common, err := e.Calendar.Event(t.Context(), e.caller, calendar.EventID(e.sharedEvent()))
	e.must(err)
	contact := e.contact()
	home := "/dav/calendars/" + string(e.caller.Agent) + "/"
	books := "/dav/contacts/" + string(e.caller.Agent) + "/"
	people, colleagues, card := books+"personal/", books+"directory/", string(e.card)+".vcf"
	mine, shared := home+"personal/", home+e.shared.Slug+"/"
	requests := []davRequest{
		{"PROPFIND", "/dav/principals/" + string(e.caller.Agent) + "/", propfindAll, "0"},
		{"PROPFIND", home, propfindAll, "1"},
		{"PROPFIND", mine, propfindAll, "1"},
		{"PROPFIND", shared, propfindAll, "1"},
		{"REPORT", mine, queryAll, "1"},
		{"REPORT", shared, queryAll, "1"},
		{"REPORT", mine, syncAll, "0"},
		{"REPORT", mine, multiget(mine + own.Name), "0"},
		{"PROPFIND", books, propfindAll, "1"},
		{"REPORT", people, cardsAll, "1"},
		{"REPORT", colleagues, cardsAll, "1"},
		{"REPORT", people, syncAll, "0"},
		{"REPORT", colleagues, syncAll, "0"},
		{"REPORT", people, getCard(people + contact), "0"},
		{"REPORT", colleagues, getCard(colleagues + card), "0"},
		{"GET", people + contact, "", ""},
		{"GET", colleagues + card, "", ""},
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
		{"PUT", people + contact, intruderCard, ""},
		{"PUT", people + "intruder.vcf", intruderCard, ""},
		{"PUT", colleagues + card, intruderCard, ""},
		{"MKCOL", books + "intruder/", "", ""},
		{"DELETE", people + contact, "", ""},
		{"DELETE", colleagues + card, "", ""},
		{"COPY", mine + own.Name, "", ""},
		{"MOVE", mine + own.Name, "", ""},
		{"COPY", shared + common.Name, "", ""},
		{"MOVE", shared + common.Name, "", ""},
		{"COPY", people + contact, "", ""},
		{"MOVE", people + contact, "", ""},
		{"COPY", colleagues + card, "", ""},
	}
	author := w.phone(e.author, e.password)
	for _, r := range requests[:19] {
		answer := author.ask(r.method, r.path, r.body, "Depth", r.depth)
		tells := strings.Contains(answer.Body, e.every) || r.body == syncAll || r.method == "PROPFIND"
		if answer.Status/100 != 2 || !tells {
			t.Errorf("the author's own %s %s: %d\n%.500s", r.method, r.path, answer.Status, answer.Body)
		}
	}
	others := map[person]phone{}
	for _, p := range w.people(e) {
		if p.in != "" && p.in != e.id || p.login == e.colleague {
			others[p] = w.phone(p.login, w.AppPassword(p.login, p.in))
		}
	}
	for _, other := range w.estates { // what phones were told of a directory is written down at their first reading
		_, err := other.Directory.Book(t.Context(), other.caller)
		other.must(err)
	}
	before := dump(t, w.Portal)
	for p, other := range others {
		takenTo := "/dav/calendars/" + string(w.Caller(p.login, p.in).Agent) + "/personal/taken.ics"
		for _, r := range requests {
			if strings.HasSuffix(r.path, ".vcf") {
				takenTo = strings.NewReplacer("calendars", "contacts", ".ics", ".vcf").Replace(takenTo)
			}
			answer := other.ask(r.method, r.path, r.body, "Depth", r.depth, "Destination", takenTo)
			want := r.absent()
			if p.login == e.colleague && strings.HasPrefix(r.path, "/dav/principals/") {
				want = http.StatusMultiStatus // colleagues find each other, by name alone
			}
			if answer.Status != want {
				t.Errorf("%s: %s %s = %d, want %d\n%.500s", p.who, r.method, r.path, answer.Status, want, answer.Body)
			}
			w.silent(t, p, r.method+" "+r.path, "", answer)
		}
		agent := string(w.Caller(p.login, p.in).Agent)
		theirs, theirBooks := "/dav/calendars/"+agent+"/", "/dav/contacts/"+agent+"/"
		for _, r := range []davRequest{
			{"PROPFIND", "/dav/", propfindAll, "1"},
			{"PROPFIND", theirs, propfindAll, "1"},
			{"REPORT", theirs + "personal/", multiget(mine + own.Name), "0"},
			{"REPORT", theirs + "personal/", multiget(shared + common.Name), "0"},
			{"REPORT", theirs + "personal/", multiget(theirs + e.shared.Slug + "/" + common.Name), "0"},
			{"PROPFIND", theirs + e.shared.Slug + "/", propfindAll, "1"},
			{"GET", theirs + e.shared.Slug + "/" + common.Name, "", ""},
			{"GET", theirs + "personal/" + own.Name, "", ""},
			{"COPY", theirs + "personal/" + own.Name, "", ""},
			{"REPORT", theirBooks + "personal/", getCard(people + contact), "0"},
			{"REPORT", theirBooks + "personal/", getCard(theirBooks + "personal/" + contact), "0"},
			{"REPORT", theirBooks + "personal/", cardsAll, "1"},
			{"REPORT", theirBooks + "directory/", getCard(theirBooks + "personal/" + contact), "0"},
			{"REPORT", theirBooks + "directory/", cardsAll, "1"},
			{"GET", theirBooks + "personal/" + contact, "", ""},
		} {
			w.silent(t, p, r.method+" "+r.path, "", other.ask(r.method, r.path, r.body, "Depth", r.depth))
		}
	}
	if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
		t.Errorf("what was refused changed the store:\n%s", diff)
	}
	for _, wrong := range []phone{w.phone(e.manager, e.password), w.phone(e.colleague, e.password), w.phone(secretary, e.password), w.phone(e.author, servertest.Password)} {
		if answer := wrong.ask("PROPFIND", home, propfindAll, "Depth", "1"); answer.Status != http.StatusUnauthorized {
			t.Errorf("a password of another opens: %d", answer.Status)
		}
	}
	w.silentLog(t)
}

// TestDAVTreeIsOfOneCollectivity walks the whole tree of each person's agents:
// the secretary finds by each of her passwords what is of that collectivity.
func TestDAVTreeIsOfOneCollectivity(t *testing.T) {
	w := newWorld(t)
	people := []person{{who: "secretary in bourg", login: secretary, in: "bourg"}, {who: "secretary in syndicat", login: secretary, in: "syndicat"}}
	for _, e := range w.estates {
		people = append(people, person{who: "author in " + string(e.id), login: e.author, in: e.id})
	}
	for range 2 { // the second time, passwords and callers are remembered
		for _, p := range people {
			phone := w.phone(p.login, w.AppPassword(p.login, p.in))
			told := ""
			for _, path := range phone.tree(t, "/dav/") {
				answer := phone.ask("PROPFIND", path, propfindAll, "Depth", "0")
				if strings.HasSuffix(path, ".ics") || strings.HasSuffix(path, ".vcf") {
					answer = phone.ask("GET", path, "")
				}
				told += answer.Want(t, answer.Status).Body
				w.silent(t, p, path, "", answer)
			}
			if e := w.of(p.in); !strings.Contains(told, e.group) || p.login == e.author && !strings.Contains(told, e.own) {
				t.Errorf("%s does not find what she may read:\n%.2000s", p.who, told)
			}
		}
	}
}

var href = regexp.MustCompile(`<(?:\w+:)?href>([^<]+)</`)

// tree is every address under one.
func (p phone) tree(t *testing.T, path string) []string {
	t.Helper()
	all := []string{path}
	answer := p.ask("PROPFIND", path, `<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`, "Depth", "1").Want(t, http.StatusMultiStatus)
	for _, match := range href.FindAllStringSubmatch(answer.Body, -1) {
		switch child := match[1]; {
		case child == path || !strings.HasPrefix(child, path):
		case strings.HasSuffix(child, "/"):
			all = append(all, p.tree(t, child)...)
		default:
			all = append(all, child)
		}
	}
	return all
}
