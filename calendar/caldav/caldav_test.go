package caldav_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parvis/calendar"
	"parvis/calendar/caldav"
	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// agents is a small directory: login → caller. The password is the login's;
// "claire+calendar.read" is a program of claire with another scope.
type agents map[string]portal.Caller

func (a agents) Authenticate(_ context.Context, login, password, _ string) (portal.Program, error) {
	if login == "down" {
		return portal.Program{}, portal.ErrUnavailable
	}
	name, scopes, limited := strings.Cut(login, "+")
	if !limited {
		scopes = string(portal.ScopeCalendar)
	}
	caller, ok := a[name]
	if !ok || password != login {
		return portal.Program{}, portal.ErrDenied
	}
	return portal.Program{Caller: caller, Scopes: portal.ParseScopes(strings.ReplaceAll(scopes, ".", ":"))}, nil
}

func (a agents) Person(_ context.Context, caller portal.Caller) (dav.Person, error) {
	return personOf(caller), nil
}

func personOf(caller portal.Caller) dav.Person {
	return dav.Person{Agent: caller.Agent, Name: "Agent " + string(caller.Agent), Email: string(caller.Agent) + "@" + string(caller.Collectivity) + ".example"}
}

// Named and Find know the others of the caller's collectivity; "hidden" is in no answer.
func (a agents) Named(_ context.Context, caller portal.Caller, named []portal.AgentID) (people []dav.Person, err error) {
	for _, one := range a {
		if one.Collectivity == caller.Collectivity && slices.Contains(named, one.Agent) && one.Agent != "hidden" {
			people = append(people, personOf(one))
		}
	}
	return people, nil
}

func (agents) Resources(context.Context, portal.Caller, int) ([]dav.Person, error) {
	return nil, nil
}

func (a agents) Find(_ context.Context, caller portal.Caller, text string, limit int) (people []dav.Person, err error) {
	for _, one := range a {
		person := personOf(one)
		if one.Collectivity == caller.Collectivity && one.Agent != "hidden" && len(people) < limit && strings.Contains(person.Name+person.Email, text) {
			people = append(people, person)
		}
	}
	return people, nil
}

// server is a site on a real store.
type server struct {
	t     testing.TB
	url   string
	store *calendar.Store
	db    *database.DB
}

func newSite(t testing.TB) (*dav.Site, *calendar.Store, *database.DB) {
	t.Helper()
	db := databasetest.New(t)
	for _, id := range []string{"bourg", "agglo"} {
		_, err := db.Exec(context.Background(), `
			INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		if err != nil {
			t.Fatal(err)
		}
	}
	known := agents{
		"claire": {Agent: "claire", Account: "claire", Collectivity: "bourg", Groups: []portal.GroupID{"cabinet"}},
		"paul":   {Agent: "paul", Account: "paul", Collectivity: "bourg"},
		"agglo":  {Agent: "claire", Account: "claire", Collectivity: "agglo"},
		"admin":  {Agent: "admin", Account: "admin", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}},
	}
	store := calendar.NewStore(db)
	return dav.NewSite(known, known, slog.New(slog.DiscardHandler), caldav.Home(store)), store, db
}

func newServer(t testing.TB) *server {
	t.Helper()
	site, store, db := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/", site)
	for _, path := range []string{"/.well-known/caldav", "/.well-known/carddav"} {
		for _, route := range site.Routes() {
			if route.Path == path {
				mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
					if err := route.Handler(w, r); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &server{t: t, url: srv.URL, store: store, db: db}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// do sends a request as claire unless a header "As" names another; headers come as name, value, ….
func (s *server) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	login := "claire"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "As" {
			login = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	if login != "" {
		request.SetBasicAuth(login, login)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{response, string(text)}
}

// want checks a status and texts of the body.
func (a answer) want(t testing.TB, status int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: %s, want %d\n%.400s", a.Request.Method, a.Request.URL.Path, a.Status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s %s: %q is not in\n%.2000s", a.Request.Method, a.Request.URL.Path, text, a.body)
		}
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "application/xml") {
		if err := xml.Unmarshal([]byte(a.body), new(struct{})); err != nil {
			t.Errorf("%s %s: no well-formed XML: %v\n%.400s", a.Request.Method, a.Request.URL.Path, err, a.body)
		}
	}
	return a
}

func (a answer) without(t testing.TB, texts ...string) answer {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("%s %s: %q is in\n%.2000s", a.Request.Method, a.Request.URL.Path, text, a.body)
		}
	}
	return a
}

const own = "/dav/calendars/claire/personal/"

func event(uid string, lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20261101T000000Z\r\n" +
		strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
}

// on is an event from 9 to 10 UTC of a day of November 2026.
func on(uid string, day int) string {
	return event(uid, fmt.Sprintf("DTSTART:202611%02dT090000Z", day), fmt.Sprintf("DTEND:202611%02dT100000Z", day), "SUMMARY:"+uid)
}

func propfind(props ...string) string {
	return `<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"><prop><` +
		strings.Join(props, "/><") + `/></prop></propfind>`
}

// numbered are as many names of properties that nothing has.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("p%d", i)
	}
	return names
}

func TestDiscoveryFromTheBareHostName(t *testing.T) {
	s := newServer(t)
	for _, method := range []string{"GET", "PROPFIND"} {
		got := s.do(method, "/.well-known/caldav", "", "As", "").want(t, 301)
		if location := got.Header.Get("Location"); location != "/dav/" {
			t.Errorf("%s: Location %q, want /dav/", method, location)
		}
	}
	refused := s.do("PROPFIND", "/dav/", propfind("current-user-principal"), "As", "").want(t, 401)
	if got := refused.Header.Get("WWW-Authenticate"); got != `Basic realm="Parvis", charset="UTF-8"` {
		t.Errorf("realm %q", got)
	}
	s.do("PROPFIND", "/dav/", "", "As", "nobody").want(t, 401)
	for _, path := range []string{"/", "/principals/", "/dav", "/dav/", "/dav/principals/", "/dav/principals/claire", "/dav/principals/claire/", "/dav/calendars/", "/dav/calendars/claire/", own} {
		s.do("PROPFIND", path, propfind("current-user-principal", "resourcetype"), "Depth", "0").
			want(t, 207, "<D:href>"+path+"</D:href>", "<D:current-user-principal><D:href>/dav/principals/claire/</D:href>")
	}
	s.do("PROPFIND", "/dav/principals/claire/", propfind("displayname", "C:calendar-home-set", "C:calendar-user-address-set", "C:calendar-user-type", "principal-URL"), "Depth", "0").
		want(t, 207, "Agent claire", "<C:calendar-home-set><D:href>/dav/calendars/claire/</D:href>",
			"<C:calendar-user-address-set><D:href>mailto:claire@bourg.example</D:href>", "INDIVIDUAL").
		without(t, "404")
	s.do("OPTIONS", own, "").want(t, 204)
	if got := s.do("OPTIONS", own, "").Header.Get("DAV"); !strings.Contains(got, "calendar-access") {
		t.Errorf("DAV: %q", got)
	}
}

func TestTheHomeListsCalendarsWithWhatClientsAskFor(t *testing.T) {
	s := newServer(t)
	admin := portal.Caller{Agent: "admin", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	_, err := s.store.CreateCalendar(context.Background(), admin, calendar.NewCalendar{
		Name: "Élus & Cie", Shared: true, ReadGroups: []portal.GroupID{"cabinet"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := propfind("resourcetype", "displayname", "sync-token", "S:getctag", "C:supported-calendar-component-set",
		"current-user-privilege-set", "supported-report-set", "owner", "C:calendar-timezone", "C:max-resource-size", "A:calendar-order", "nope")
	s.do("PROPFIND", "/dav/calendars/claire/", ask, "Depth", "1").want(t, 207,
		"<D:href>/dav/calendars/claire/</D:href>", "<D:href>"+own+"</D:href>", "<C:calendar/>", "Élus &amp; Cie",
		`<C:comp name="VEVENT"/>`, "<D:privilege><D:write-content/></D:privilege>", "<D:privilege><D:bind/></D:privilege>",
		"<D:report><D:sync-collection/></D:report>", "<D:report><C:calendar-query/></D:report>",
		"<D:owner><D:href>/dav/principals/claire/</D:href></D:owner>", "TZID:Europe/Paris",
		"<D:status>HTTP/1.1 404 Not Found</D:status>", "<D:nope/>")
	s.do("PROPFIND", "/dav/calendars/claire/", ask, "Depth", "1", "Prefer", "return=minimal").want(t, 207).without(t, "nope")
	s.do("PROPFIND", own, "", "Depth", "0").want(t, 207, "<C:calendar/>").without(t, "getctag")
	s.do("PROPFIND", own, `<propfind xmlns="DAV:"><propname/></propfind>`, "Depth", "0").want(t, 207, "<S:getctag/>")
	s.do("PROPFIND", "/dav/calendars/claire/", ask, "Depth", "1", "As", "paul").want(t, 404)
	s.do("PROPFIND", "/dav/calendars/paul/", ask, "Depth", "1", "As", "paul").want(t, 207).without(t, "Élus")
	s.do("PROPFIND", own, ask, "Depth", "infinity").want(t, 403, "propfind-finite-depth")
}

func TestObjectsKeepTheirOctetsAndETags(t *testing.T) {
	s := newServer(t)
	body := event("a@1", "DTSTART;TZID=\"Romance Standard Time\":20261124T090000", "X-MOZ;Q=\"a:b\":é", "SUMMARY:caf\u00e9 <&>")
	path := own + "a%40b%20c.ics"
	created := s.do("PUT", path, body, "If-None-Match", "*", "Content-Type", "text/xml").want(t, 201)
	etag := created.Header.Get("ETag")
	got := s.do("GET", path, "").want(t, 200)
	if got.body != body || got.Header.Get("ETag") != etag || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/calendar") {
		t.Errorf("GET %q %v", got.body, got.Header)
	}
	if head := s.do("HEAD", path, "").want(t, 200); head.ContentLength != int64(len(body)) || head.Header.Get("ETag") != etag {
		t.Errorf("HEAD %v", head.Header)
	}
	s.do("GET", path, "", "If-None-Match", etag).want(t, 304)
	s.do("PUT", path, body, "If-None-Match", "*").want(t, 412)
	s.do("PUT", path, body, "If-Match", `"other"`).want(t, 412)
	s.do("DELETE", path, "", "If-Match", `"other"`).want(t, 412)
	s.do("PUT", own+"new.ics", on("n", 1), "If-Match", "*").want(t, 412)
	changed := s.do("PUT", path, strings.Replace(body, "café", "thé", 1), "If-Match", etag).want(t, 204)
	if changed.Header.Get("ETag") == etag {
		t.Error("the ETag stays the same")
	}
	s.do("DELETE", path, "", "If-Match", "W/"+changed.Header.Get("ETag")).want(t, 204)
	s.do("GET", path, "").want(t, 404)
	s.do("DELETE", path, "").want(t, 404)
}

func TestPoisonIsRefusedByAPreconditionNeverA500(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"first.ics", on("first", 1)).want(t, 201)
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		condition          string
	}{
		"no iCalendar":     {"PUT", "x.ics", "hello", 403, "valid-calendar-data"},
		"empty":            {"PUT", "x.ics", "", 403, "valid-calendar-data"},
		"no colon":         {"PUT", "x.ics", event("x", "DTSTART;TZID=X"), 403, "valid-calendar-data"},
		"ends first":       {"PUT", "x.ics", event("x", "DTSTART:20261124T100000Z", "DTEND:20261124T090000Z"), 403, "valid-calendar-data"},
		"long parameter":   {"PUT", "x.ics", event("x", `DTSTART;X="`+strings.Repeat("a", 1<<20)+`":20261124T100000Z`), 403, ""},
		"too large":        {"PUT", "x.ics", event("x", "DTSTART:20261124T100000Z", strings.Repeat("X-A:"+strings.Repeat("b", 1000)+"\r\n", 1100)), 403, "max-resource-size"},
		"every minute":     {"PUT", "x.ics", event("x", "DTSTART:20261124T100000Z", "RRULE:FREQ=MINUTELY"), 403, "max-instances"},
		"a contact":        {"PUT", "x.ics", "BEGIN:VCARD\r\nEND:VCARD\r\n", 403, "valid-calendar-data"},
		"free-busy":        {"PUT", "x.ics", "BEGIN:VCALENDAR\r\nBEGIN:VFREEBUSY\r\nUID:x\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n", 403, "supported-calendar-component"},
		"METHOD":           {"PUT", "x.ics", strings.Replace(on("x", 1), "VERSION", "METHOD:REQUEST\r\nVERSION", 1), 403, "valid-calendar-object-resource"},
		"UID twice":        {"PUT", "x.ics", on("first", 2), 403, "<C:no-uid-conflict><D:href>" + own + "first.ics</D:href>"},
		"no such calendar": {"PUT", "/dav/calendars/claire/nope/x.ics", on("x", 1), 409, ""},
		"year 9999":        {"PUT", "x.ics", event("x", "DTSTART:99991231T235959Z"), 403, "max-date-time"},
		"broken XML":       {"PROPFIND", "", "<a", 400, ""},
		"deep XML":         {"PROPFIND", "", deep, 400, ""},
		"DOCTYPE":          {"PROPFIND", "", `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, 400, ""},
		"many nodes":       {"REPORT", "", "<a>" + strings.Repeat("<b/>", 100_001) + "</a>", 400, ""},
		"unknown report":   {"REPORT", "", `<x xmlns="DAV:"/>`, 403, "supported-report"},
		"no filter":        {"REPORT", "", `<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav"/>`, 403, "valid-filter"},
		"bad range":        {"REPORT", "", query(`<C:comp-filter name="VEVENT"><C:time-range start="yesterday"/></C:comp-filter>`), 403, "valid-filter"},
		"range backwards":  {"REPORT", "", query(`<C:comp-filter name="VEVENT"><C:time-range start="20270101T000000Z" end="20260101T000000Z"/></C:comp-filter>`), 403, "valid-filter"},
		"collation":        {"REPORT", "", query(`<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match collation="i;x">a</C:text-match></C:prop-filter></C:comp-filter>`), 403, "supported-collation"},
		"many filters":     {"REPORT", "", query(`<C:comp-filter name="VEVENT">` + strings.Repeat(`<C:prop-filter name="X-A"/>`, 101) + `</C:comp-filter>`), 403, "supported-filter"},
		"many properties":  {"PROPFIND", "", propfind(numbered(501)...), 400, ""},
		"many to report":   {"REPORT", "", syncBody("", "<prop><"+strings.Join(numbered(501), "/><")+"/></prop>"), 400, ""},
		"many to set":      {"PROPPATCH", "", `<propertyupdate xmlns="DAV:"><set><prop><` + strings.Join(numbered(501), "/><") + `/></prop></set></propertyupdate>`, 400, ""},
		"no UTF-8":         {"PUT", "%FF.ics", on("x", 1), 404, ""},
		"sync token":       {"REPORT", "", syncBody("urn:parvis:sync:x-1", ""), 403, "valid-sync-token"},
		"other token":      {"REPORT", "", syncBody("http://x/1", ""), 403, "valid-sync-token"},
		"slash in name":    {"PUT", "a%2Fb.ics", on("x", 1), 404, ""},
		"dots":             {"PUT", "%2e%2e", on("x", 1), 404, ""},
		"LOCK":             {"LOCK", "first.ics", "", 405, ""},
		"COPY to nowhere":  {"COPY", "first.ics", "", 400, ""},
		"another's place":  {"PUT", "first.ics", on("x", 1), 403, "<C:no-uid-conflict><D:href>" + own + "first.ics</D:href>"},
		"MKCOL plain":      {"MKCOL", "/dav/calendars/claire/plain/", "", 403, "valid-resourcetype"},
		"MKCALENDAR again": {"MKCALENDAR", "", "", 405, "resource-must-be-null"},
	} {
		t.Run(name, func(t *testing.T) {
			path := own + c.path
			if strings.HasPrefix(c.path, "/") {
				path = c.path
			}
			s.do(c.method, path, c.body, "Depth", "1").want(t, c.status, c.condition)
		})
	}
	s.do("REPORT", own, query(`<C:comp-filter name="VEVENT"/>`), "Depth", "1").want(t, 207, "first.ics").without(t, "x.ics")
}

func TestAPropertyNamedTwiceIsAnsweredOnce(t *testing.T) {
	s := newServer(t)
	names := slices.Repeat([]string{"C:calendar-timezone"}, 50_000)
	got := s.do("PROPFIND", "/dav/calendars/claire/", propfind(names...), "Depth", "1").want(t, 207, "BEGIN:VTIMEZONE")
	if n := strings.Count(got.body, "BEGIN:VTIMEZONE"); n != 1 {
		t.Errorf("one calendar tells its zone %d times", n)
	}
}

func TestACalendarTellsEachOfItsComponentsOnce(t *testing.T) {
	s := newServer(t)
	s.do("MKCALENDAR", "/dav/calendars/claire/other/", `<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><C:supported-calendar-component-set>`+
		strings.Repeat(`<C:comp name="VEVENT"/>`, 1000)+`</C:supported-calendar-component-set></prop></set></C:mkcalendar>`).want(t, 201)
	got := s.do("PROPFIND", "/dav/calendars/claire/other/", propfind("C:supported-calendar-component-set"), "Depth", "0").want(t, 207)
	if n := strings.Count(got.body, `name="VEVENT"`); n != 1 {
		t.Errorf("VEVENT is told %d times", n)
	}
}

func TestAnOutageAsksClientsToComeBack(t *testing.T) {
	s := newServer(t)
	if got := s.do("PROPFIND", own, "", "As", "down", "Depth", "0").want(t, 503); got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if err := s.db.SQL().Close(); err != nil {
		t.Fatal(err)
	}
	if got := s.do("PUT", own+"x.ics", on("x", 1)).want(t, 503); got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func query(inside string) string {
	return `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR">` +
		inside + `</C:comp-filter></C:filter></C:calendar-query>`
}

func ranged(start, end string) string {
	attributes := ""
	if start != "" {
		attributes += ` start="` + start + `"`
	}
	if end != "" {
		attributes += ` end="` + end + `"`
	}
	return query(`<C:comp-filter name="VEVENT"><C:time-range` + attributes + `/></C:comp-filter>`)
}

func TestCalendarQueryFindsExactlyWhatOverlaps(t *testing.T) {
	s := newServer(t)
	for name, body := range map[string]string{
		"nov10":  on("nov10", 10),
		"weekly": event("weekly", "DTSTART;TZID=Europe/Paris:20200106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Paris:20261116T090000"),
		"allday": event("allday", "DTSTART;VALUE=DATE:20261112", "SUMMARY:Foire, été"),
		"moved":  strings.Replace(event("moved", "DTSTART:20261001T090000Z", "DTEND:20261001T100000Z", "RRULE:FREQ=DAILY;COUNT=2"), "END:VCALENDAR", "BEGIN:VEVENT\r\nUID:moved\r\nRECURRENCE-ID:20261002T090000Z\r\nDTSTART:20261114T090000Z\r\nDTEND:20261114T093000Z\r\nEND:VEVENT\r\nEND:VCALENDAR", 1),
		"alarm":  event("alarm", "DTSTART:20261201T090000Z", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM"),
		"bom":    "\ufeff" + event("bom", "DTSTART:20270101T000000Z", "SUMMARY:BOM"),
	} {
		s.do("PUT", own+name+".ics", body).want(t, 201)
	}
	s.do("PUT", own+"todo.ics", strings.ReplaceAll(event("todo", "DUE:20261110T120000Z"), "VEVENT", "VTODO")).want(t, 201)
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"that hour exactly":    {ranged("20261110T090000Z", "20261110T100000Z"), "nov10"},
		"the hour before":      {ranged("20261110T080000Z", "20261110T090000Z"), ""},
		"the hour after":       {ranged("20261110T100000Z", "20261110T110000Z"), ""},
		"inside":               {ranged("20261110T091500Z", "20261110T091600Z"), "nov10"},
		"a Monday":             {ranged("20261109T000000Z", "20261110T000000Z"), "weekly"},
		"its exception":        {ranged("20261116T000000Z", "20261117T000000Z"), ""},
		"the day in Paris":     {ranged("20261111T230000Z", "20261111T233000Z"), "allday"},
		"before it in Paris":   {ranged("20261111T220000Z", "20261111T230000Z"), ""},
		"the moved instance":   {ranged("20261114T000000Z", "20261115T000000Z"), "moved"},
		"where it was":         {ranged("20261002T000000Z", "20261003T000000Z"), ""},
		"open end":             {ranged("20261115T000000Z", ""), "alarm bom weekly"},
		"open start":           {ranged("", "20201231T000000Z"), "weekly"},
		"all events":           {query(`<C:comp-filter name="VEVENT"/>`), "alarm allday bom moved nov10 weekly"},
		"tasks":                {query(`<C:comp-filter name="VTODO"><C:time-range start="20261110T000000Z" end="20261111T000000Z"/></C:comp-filter>`), "todo"},
		"everything":           {query(``), "alarm allday bom moved nov10 todo weekly"},
		"no events":            {query(`<C:comp-filter name="VEVENT"><C:is-not-defined/></C:comp-filter>`), "todo"},
		"by text":              {query(`<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>FOIRE, </C:text-match></C:prop-filter></C:comp-filter>`), "allday"},
		"by text, negated":     {query(`<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match negate-condition="yes">foire</C:text-match></C:prop-filter></C:comp-filter>`), "bom nov10"},
		"without a property":   {query(`<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:is-not-defined/></C:prop-filter></C:comp-filter>`), "alarm moved weekly"},
		"by UID, cases differ": {query(`<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match collation="i;octet">NOV10</C:text-match></C:prop-filter></C:comp-filter>`), ""},
		"with an alarm":        {query(`<C:comp-filter name="VEVENT"><C:comp-filter name="VALARM"/></C:comp-filter>`), "alarm"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do("REPORT", own, c.body, "Depth", "1").want(t, 207)
			if found := strings.Join(hrefs(t, got.body, own), " "); found != c.want {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

// hrefs lists the objects of a multistatus by name, sorted as they come, without ".ics".
func hrefs(t testing.TB, body, base string) []string {
	t.Helper()
	var multistatus struct {
		Response []struct {
			Href string `xml:"href"`
		} `xml:"response"`
	}
	if err := xml.Unmarshal([]byte(body), &multistatus); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range multistatus.Response {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(r.Href, base), ".ics"))
	}
	return names
}

func TestExpandGivesEveryInstanceInUTC(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"w.ics", event("w", "DTSTART;TZID=Europe/Paris:20261019T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY")).want(t, 201)
	body := strings.Replace(ranged("20261019T000000Z", "20261027T000000Z"), "<C:calendar-data/>",
		`<C:calendar-data><C:expand start="20261019T000000Z" end="20261027T000000Z"/></C:calendar-data>`, 1)
	s.do("REPORT", own, body, "Depth", "1").want(t, 207, "DTSTART:20261019T070000Z", "DTSTART:20261026T080000Z", "RECURRENCE-ID:20261026T080000Z").
		without(t, "RRULE", "20261102")
}

func multiget(hrefs ...string) string {
	return `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><href>` +
		strings.Join(hrefs, "</href><href>") + `</href></C:calendar-multiget>`
}

func TestMultigetAnswersEveryHref(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a%40b.ics", on("a", 1)).want(t, 201)
	etag := s.do("PUT", own+"b.ics", on("b", 2)).want(t, 201).Header.Get("ETag")
	s.do("REPORT", own, multiget(own+"a%40b.ics", s.url+own+"b.ics", own+"absent.ics", "/dav/calendars/paul/personal/b.ics", "nonsense")).want(t, 207,
		"<D:href>"+own+"a%40b.ics</D:href>", etag, "SUMMARY:b&#13;\n",
		"<D:href>"+own+"absent.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>",
		"<D:href>/dav/calendars/paul/personal/b.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>")
	many := make([]string, 5001)
	for i := range many {
		many[i] = own + strconv.Itoa(i)
	}
	s.do("REPORT", own, multiget(many...)).want(t, 403, "number-of-matches-within-limits")
}

func TestAnAddressNamedTwiceIsAnsweredOnce(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a.ics", on("a", 1)).want(t, 201)
	got := s.do("REPORT", own, multiget(own+"a.ics", own+"x.ics", s.url+own+"a.ics", own+"a.ics", own+"x.ics")).want(t, 207)
	if found := hrefs(t, got.body, own); strings.Join(found, " ") != "a x" {
		t.Errorf("answered %q, want each once", found)
	}
}

func TestAnExpansionBeyondTheLimitsIsRefusedForItself(t *testing.T) {
	s := newServer(t)
	long := "DESCRIPTION:" + strings.Repeat("a", 60_000)
	s.do("PUT", own+"large.ics", event("large", "DTSTART:20260101T090000Z", "RRULE:FREQ=DAILY", long)).want(t, 201)
	s.do("PUT", own+"small.ics", event("small", "DTSTART:20260101T090000Z", "RRULE:FREQ=DAILY")).want(t, 201)
	const expand = `<C:calendar-data><C:expand start="20260101T000000Z" end="20270101T000000Z"/></C:calendar-data>`
	both := strings.Replace(multiget(own+"large.ics", own+"small.ics"), "<C:calendar-data/>", expand, 1)
	s.do("REPORT", own, both).want(t, 207, "507 Insufficient Storage", "number-of-matches-within-limits", "DTSTART:20261231T090000Z").
		without(t, "aaaa")
	asked := strings.Replace(ranged("20260101T000000Z", "20270101T000000Z"), "<C:calendar-data/>", expand, 1)
	s.do("REPORT", own, asked, "Depth", "1").want(t, 507, "number-of-matches-within-limits")
}

func syncBody(token, limit string) string {
	return `<sync-collection xmlns="DAV:"><sync-token>` + token + `</sync-token><sync-level>1</sync-level>` + limit + `<prop><getetag/></prop></sync-collection>`
}

func tokenOf(t testing.TB, a answer) string {
	t.Helper()
	var multistatus struct {
		Token string `xml:"sync-token"`
	}
	if err := xml.Unmarshal([]byte(a.body), &multistatus); err != nil || multistatus.Token == "" {
		t.Fatalf("no token in %s, %v", a.body, err)
	}
	return multistatus.Token
}

func TestSyncCollectionTellsEveryChangeOnce(t *testing.T) {
	s := newServer(t)
	empty := tokenOf(t, s.do("REPORT", own, syncBody("", "")).want(t, 207))
	s.do("PUT", own+"a.ics", on("a", 1)).want(t, 201)
	s.do("PUT", own+"b.ics", on("b", 2)).want(t, 201)
	first := s.do("REPORT", own, syncBody("", ""), "Depth", "1").want(t, 207, "a.ics", "b.ics")
	s.do("REPORT", own, syncBody(empty, "")).want(t, 207, "a.ics", "b.ics")
	token := tokenOf(t, first)
	s.do("DELETE", own+"a.ics", "").want(t, 204)
	s.do("PUT", own+"c.ics", on("c", 3)).want(t, 201)
	s.do("REPORT", own, syncBody(token, "")).want(t, 207, "c.ics", "<D:href>"+own+"a.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>").without(t, "b.ics")
	page := s.do("REPORT", own, syncBody(token, "<limit><nresults>1</nresults></limit>")).want(t, 207, "a.ics", "507 Insufficient Storage").without(t, "c.ics")
	s.do("REPORT", own, syncBody(tokenOf(t, page), "")).want(t, 207, "c.ics").without(t, "a.ics", "507")
	ctag := s.do("PROPFIND", own, propfind("S:getctag", "sync-token"), "Depth", "0").want(t, 207).body
	s.do("PUT", own+"c.ics", on("c", 4)).want(t, 204)
	if again := s.do("PROPFIND", own, propfind("S:getctag", "sync-token"), "Depth", "0").body; again == ctag {
		t.Error("the ctag stays the same after a change")
	}
}

func TestNameAndColourAreSetPropertyByProperty(t *testing.T) {
	s := newServer(t)
	patch := func(props string) string {
		return `<propertyupdate xmlns="DAV:" xmlns:A="http://apple.com/ns/ical/" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>` + props + `</prop></set></propertyupdate>`
	}
	s.do("PROPPATCH", own, patch(`<displayname>Été &amp; hiver</displayname><A:calendar-color>#00ff00FF</A:calendar-color><A:calendar-order>3</A:calendar-order>`)).
		want(t, 207, "<D:displayname/>", "HTTP/1.1 200 OK").without(t, "403", "424")
	s.do("PROPFIND", own, propfind("displayname", "A:calendar-color", "A:calendar-order"), "Depth", "0").want(t, 207, "Été &amp; hiver", "#00ff00FF", "<A:calendar-order>3<")
	s.do("PROPPATCH", own, patch(`<displayname>Autre</displayname><getetag>x</getetag>`)).want(t, 207, "403 Forbidden", "424 Failed Dependency")
	s.do("PROPFIND", own, propfind("displayname"), "Depth", "0").want(t, 207, "Été")
	s.do("PROPPATCH", own, patch(`<A:calendar-color>red;}</A:calendar-color>`)).want(t, 207, "403 Forbidden")
}

func TestCalendarsAreMadeAndDeleted(t *testing.T) {
	s := newServer(t)
	path := "/dav/calendars/claire/projet%20X/"
	body := `<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><displayname>Projet</displayname><C:calendar-free-busy-set><C:NO/></C:calendar-free-busy-set><C:supported-calendar-component-set><C:comp name="VTODO"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>`
	s.do("MKCALENDAR", path, body).want(t, 201)
	s.do("MKCALENDAR", path, body).want(t, 405)
	s.do("PROPFIND", "/dav/calendars/claire/", propfind("displayname"), "Depth", "1").want(t, 207, "Projet", path)
	s.do("PROPFIND", path, propfind("C:schedule-calendar-transp"), "Depth", "0").want(t, 207, "<C:transparent/>")
	s.do("PUT", path+"e.ics", on("e", 1)).want(t, 403, "supported-calendar-component")
	s.do("MKCOL", "/dav/calendars/claire/ext/", `<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><resourcetype><collection/><C:calendar/></resourcetype><displayname>Ext</displayname></prop></set></mkcol>`).want(t, 201)
	s.do("MKCALENDAR", "/dav/calendars/paul/x/", body).want(t, 409)
	s.do("DELETE", path, "").want(t, 204)
	s.do("PROPFIND", path, "", "Depth", "0").want(t, 404)
	s.do("DELETE", own, "").want(t, 403, "need-privileges")
}

func TestAnotherCollectivityFindsNothing(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"secret.ics", on("canary", 1)).want(t, 201)
	for _, as := range []string{"agglo", "paul", "admin"} {
		home := "/dav/calendars/claire/"
		base := own
		status := 404
		if as == "agglo" { // the same agent id: her own, empty calendar
			status = 207
		}
		s.do("PROPFIND", home, "", "As", as, "Depth", "1").want(t, status).without(t, "canary", "secret")
		s.do("PROPFIND", base, "", "As", as, "Depth", "1").want(t, status).without(t, "canary", "secret")
		s.do("REPORT", base, query(""), "As", as, "Depth", "1").want(t, status).without(t, "canary")
		s.do("REPORT", base, syncBody("", ""), "As", as).want(t, status).without(t, "secret")
		s.do("GET", base+"secret.ics", "", "As", as).want(t, 404)
		s.do("DELETE", base+"secret.ics", "", "As", as).want(t, 404)
	}
	s.do("PUT", own+"secret.ics", on("canary", 2), "As", "paul").want(t, 409)
	s.do("GET", own+"secret.ics", "").want(t, 200, "20261101")
}

func TestAReaderCannotWriteTheCollectivitysCalendar(t *testing.T) {
	s := newServer(t)
	admin := portal.Caller{Agent: "admin", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	c, err := s.store.CreateCalendar(context.Background(), admin, calendar.NewCalendar{
		Name: "Salle", Shared: true, WriteGroups: []portal.GroupID{"cabinet"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.do("PUT", "/dav/calendars/claire/"+c.Slug+"/a.ics", on("a", 1)).want(t, 201)
	theirs := "/dav/calendars/paul/" + c.Slug + "/"
	s.do("GET", theirs+"a.ics", "", "As", "paul").want(t, 200)
	s.do("PUT", theirs+"a.ics", on("a", 2), "As", "paul").want(t, 403, "need-privileges")
	s.do("DELETE", theirs+"a.ics", "", "As", "paul").want(t, 403)
	s.do("PROPFIND", theirs, propfind("current-user-privilege-set"), "As", "paul", "Depth", "0").want(t, 207, "read").without(t, "write-content").without(t, "write-properties")
}

// TestAProgramThatMayOnlyReadIsToldSo, by its privileges first, so that it does not
// try: a client that is refused what it was promised tries again.
func TestAProgramThatMayOnlyReadIsToldSo(t *testing.T) {
	s := newServer(t)
	home := "/dav/calendars/claire/"
	own := home + "personal/"
	s.do("PUT", own+"a.ics", on("a", 1)).want(t, 201)
	before := s.do("GET", own+"a.ics", "").body
	as := []string{"As", "claire+calendar.read"}
	s.do("GET", own+"a.ics", "", as...).want(t, 200, "UID:a")
	s.do("REPORT", own, query(""), append(as, "Depth", "1")...).want(t, 207, "a.ics")
	s.do("REPORT", own, syncBody("", ""), as...).want(t, 207, "a.ics")
	s.do("PROPFIND", "/dav/principals/claire/", propfind("C:calendar-home-set"), append(as, "Depth", "0")...).want(t, 207, home)
	for depth, path := range map[string]string{"0": own, "1": home} {
		s.do("PROPFIND", path, propfind("current-user-privilege-set"), append(as, "Depth", depth)...).want(t, 207, "<D:privilege><D:read/></D:privilege>").
			without(t, "write", "bind")
	}
	missing := "<D:need-privileges><D:resource><D:href>" + own + "a.ics</D:href><D:privilege><D:write/></D:privilege></D:resource></D:need-privileges>"
	s.do("PUT", own+"a.ics", on("a", 2), as...).want(t, 403, missing)
	s.do("DELETE", own+"a.ics", "", as...).want(t, 403, missing)
	for method, path := range map[string]string{"PUT": own + "b.ics", "MKCALENDAR": home + "new/", "MKCOL": home + "new/", "PROPPATCH": own, "DELETE": own, "MOVE": own + "a.ics"} {
		s.do(method, path, "", as...).want(t, 403, "need-privileges")
	}
	if after := s.do("GET", own+"a.ics", "").body; after != before {
		t.Errorf("what was refused is done:\n%s", after)
	}
}

// TestAProgramForSomethingElseSeesNoCalendar, and is not sent to look for one.
func TestAProgramForSomethingElseSeesNoCalendar(t *testing.T) {
	s := newServer(t)
	as := []string{"As", "claire+contacts"}
	s.do("PROPFIND", "/dav/", "", append(as, "Depth", "1")...).want(t, 207, "/dav/principals/").without(t, "/dav/calendars/")
	s.do("PROPFIND", "/dav/principals/claire/", propfind("C:calendar-home-set", "displayname"), append(as, "Depth", "0")...).
		want(t, 207, "Agent claire").without(t, "/dav/calendars/claire/")
	for method, path := range map[string]string{"PROPFIND": "/dav/calendars/claire/", "REPORT": "/dav/calendars/claire/personal/", "GET": "/dav/calendars/claire/personal/a.ics", "PUT": "/dav/calendars/claire/personal/a.ics", "OPTIONS": "/dav/calendars/"} {
		s.do(method, path, "", as...).want(t, 403, "<D:privilege><D:read/></D:privilege>")
	}
}

func TestFreeBusyTellsWhenAndNotWhat(t *testing.T) {
	s := newServer(t)
	for name, lines := range map[string][]string{
		"a": {"DTSTART:20261110T090000Z", "DTEND:20261110T100000Z", "SUMMARY:canary"},
		"b": {"DTSTART:20261110T093000Z", "DTEND:20261110T110000Z", "STATUS:CONFIRMED"},
		"c": {"DTSTART:20261110T140000Z", "DTEND:20261110T150000Z", "STATUS:TENTATIVE"},
		"d": {"DTSTART:20261110T160000Z", "DTEND:20261110T170000Z", "TRANSP:TRANSPARENT"},
		"e": {"DTSTART:20261110T160000Z", "DTEND:20261110T170000Z", "STATUS:CANCELLED"},
		"f": {"DTSTART:20261101T230000Z", "DTEND:20261102T010000Z", "RRULE:FREQ=DAILY"},
	} {
		s.do("PUT", own+name+".ics", event(name, lines...)).want(t, 201)
	}
	body := `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20261110T000000Z" end="20261111T000000Z"/></C:free-busy-query>`
	got := s.do("REPORT", own, body, "Depth", "1").want(t, 200,
		"FREEBUSY;FBTYPE=BUSY:", "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261110T140000Z/20261110T150000Z").without(t, "canary", "T160000Z")
	unfolded := strings.ReplaceAll(got.body, "\r\n ", "")
	if want := "BUSY:20261110T000000Z/20261110T010000Z,20261110T090000Z/20261110T110000Z,20261110T230000Z/20261111T000000Z\r\n"; !strings.Contains(unfolded, want) {
		t.Errorf("%q is not in\n%s", want, unfolded)
	}
	s.do("REPORT", own, strings.Replace(body, ` end="20261111T000000Z"`, "", 1)).want(t, 403, "valid-filter")
}

func TestFreeBusyOfTooManyInstancesIsRefused(t *testing.T) {
	s := newServer(t)
	for n := range 11 {
		s.do("PUT", fmt.Sprintf("%s%d.ics", own, n), event(fmt.Sprintf("u%d", n), "DTSTART:20260101T000000Z",
			"RRULE:FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23")).want(t, 201)
	}
	body := `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20260101T000000Z" end="20300101T000000Z"/></C:free-busy-query>`
	s.do("REPORT", own, body).want(t, 507, "number-of-matches-within-limits")
}
