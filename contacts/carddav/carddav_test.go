package carddav_test

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/contacts"
	"parvis/contacts/carddav"
	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// agents is a small directory: login → caller. The password is the login's; "claire+contacts.read" is a
// program of claire with another scope.
type agents map[string]portal.Caller

func (a agents) Authenticate(_ context.Context, login, password, _ string) (portal.Program, error) {
	name, scopes, limited := strings.Cut(login, "+")
	if !limited {
		scopes = string(portal.ScopeContacts)
	}
	caller, ok := a[name]
	if !ok || password != login {
		return portal.Program{}, portal.ErrDenied
	}
	return portal.Program{Caller: caller, Scopes: portal.ParseScopes(strings.ReplaceAll(scopes, ".", ":"))}, nil
}

func (a agents) Person(_ context.Context, caller portal.Caller) (dav.Person, error) {
	return dav.Person{Name: "Agent " + string(caller.Agent)}, nil
}

func (agents) Named(context.Context, portal.Caller, []portal.AgentID) ([]dav.Person, error) {
	return nil, nil
}

func (agents) Resources(context.Context, portal.Caller, int) ([]dav.Person, error) {
	return nil, nil
}

func (agents) Find(context.Context, portal.Caller, string, int) ([]dav.Person, error) {
	return nil, nil
}

// server is a site on a real store.
type server struct {
	testing.TB
	url   string
	site  *dav.Site
	store *contacts.Store
	db    *database.DB
	known agents
}

func newServer(t testing.TB) *server {
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
		"claire": {Agent: "claire", Account: "claire", Collectivity: "bourg"},
		"paul":   {Agent: "paul", Account: "paul", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}},
		"agglo":  {Agent: "claire", Account: "claire", Collectivity: "agglo", Rights: []portal.Right{portal.Admin}},
	}
	store := contacts.NewStore(db)
	site := dav.NewSite(known, known, slog.New(slog.DiscardHandler), addressbook.Home(carddav.Books(store)))
	srv := httptest.NewServer(site)
	t.Cleanup(srv.Close)
	return &server{t, srv.URL, site, store, db, known}
}

type answer struct {
	*http.Response
	body string
}

// do sends a request as claire unless a header "As" names another; headers come as name, value, ….
func (s *server) do(method, path, body string, headers ...string) answer {
	s.Helper()
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	login := "claire"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "As" {
			login = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	request.SetBasicAuth(login, login)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{response, string(text)}
}

// want checks a status and texts of the body.
func (a answer) want(t testing.TB, status int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: %s, want %d\n%.600s", a.Request.Method, a.Request.URL.Path, a.Status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s %s: %q is not in\n%.3000s", a.Request.Method, a.Request.URL.Path, text, a.body)
		}
	}
	return a
}

const own = "/dav/contacts/claire/personal/"

func card(version, uid string, lines ...string) string {
	return "BEGIN:VCARD\r\nVERSION:" + version + "\r\nUID:" + uid + "\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCARD\r\n"
}

func named(uid, name string) string { return card("3.0", uid, "FN:"+name, "N:"+name+";;;;") }

const spaces = `xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav" xmlns:S="http://calendarserver.org/ns/"`

func query(filter string) string {
	return `<R:addressbook-query ` + spaces + `><prop><getetag/><R:address-data/></prop>` + filter + `</R:addressbook-query>`
}

func multiget(data string, names ...string) string {
	body := `<R:addressbook-multiget ` + spaces + `><prop><getetag/>` + data + `</prop>`
	for _, name := range names {
		body += "<href>" + own + name + "</href>"
	}
	return body + `</R:addressbook-multiget>`
}

func syncBody(token, more string) string {
	return `<sync-collection ` + spaces + `><sync-token>` + token + `</sync-token><sync-level>1</sync-level>` + more + `<prop><getetag/></prop></sync-collection>`
}

var (
	hrefPattern  = regexp.MustCompile(`<D:response><D:href>` + own + `([^<]+)</D:href>(?:<D:status>HTTP/1.1 (\d+))?`)
	tokenPattern = regexp.MustCompile(`<D:sync-token>([^<]+)</D:sync-token>`)
)

// found are the names of an answer, "-" before what is gone, sorted.
func (a answer) found() string {
	names := []string{}
	for _, match := range hrefPattern.FindAllStringSubmatch(a.body, -1) {
		name := strings.TrimSuffix(match[1], ".vcf")
		if match[2] != "" {
			name = "-" + name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (a answer) token() string {
	match := tokenPattern.FindStringSubmatch(a.body)
	if match == nil {
		return "none"
	}
	return match[1]
}

// TestABookIsItsOwnersAlone tries every method on it as a colleague who administers, and as the owner in
// another collectivity, where her agent has the same identifier.
func TestABookIsItsOwnersAlone(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a.vcf", named("a", "Secret de Claire")).want(t, 201)
	token := s.do("REPORT", own, syncBody("", "")).want(t, 207).token()
	for _, other := range []string{"paul", "agglo"} {
		for _, request := range []struct{ method, path, body string }{
			{"GET", own + "a.vcf", ""},
			{"PROPFIND", own, ""},
			{"PROPFIND", "/dav/contacts/claire/", ""},
			{"REPORT", own, query("")},
			{"REPORT", own, multiget("<R:address-data/>", "a.vcf")},
			{"REPORT", own, syncBody("", "")},
			{"REPORT", own, syncBody(token, "")},
			{"DELETE", own + "a.vcf", ""},
			{"REPORT", "/dav/contacts/paul/personal/", multiget("<R:address-data/>", "a.vcf")},
		} {
			got := s.do(request.method, request.path, request.body, "As", other, "Depth", "1")
			if strings.Contains(got.body, "Secret") || strings.Contains(got.body, "getetag>&#34;") {
				t.Errorf("%s: %s %s tells %s", other, request.method, request.path, got.body)
			}
			if other == "paul" && strings.HasPrefix(request.path, own) && got.StatusCode != 404 {
				t.Errorf("%s: %s %s = %d, want 404", other, request.method, request.path, got.StatusCode)
			}
		}
	}
	s.do("PUT", own+"b.vcf", named("a", "Autre"), "As", "paul").want(t, 409)
	s.do("PUT", own+"a.vcf", named("a", "De l’agglo"), "As", "agglo").want(t, 201) // her own there
	s.do("GET", own+"a.vcf", "").want(t, 200, "Secret de Claire")
	s.do("GET", own+"a.vcf", "", "As", "agglo").want(t, 200, "De l’agglo")
}

func TestAPhoneFindsItsBookFromTheRoot(t *testing.T) {
	s := newServer(t)
	s.do("PROPFIND", "/", `<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>`).want(t, 207, "/dav/principals/claire/")
	s.do("PROPFIND", "/dav/principals/claire/", `<propfind `+spaces+`><prop><R:addressbook-home-set/></prop></propfind>`, "Depth", "0").
		want(t, 207, "<R:addressbook-home-set><D:href>/dav/contacts/claire/</D:href>")
	if dav := s.do("OPTIONS", own, "").want(t, 204).Header.Get("DAV"); !strings.Contains(dav, "addressbook") || !strings.Contains(dav, "access-control") {
		t.Errorf("DAV: %s", dav)
	}
	s.do("PROPFIND", "/dav/contacts/claire/", `<propfind `+spaces+`><prop><resourcetype/><displayname/><S:getctag/><sync-token/><supported-report-set/>`+
		`<R:supported-address-data/><R:max-resource-size/><R:supported-collation-set/><current-user-privilege-set/><owner/></prop></propfind>`, "Depth", "1").
		want(t, 207, "<D:collection/><R:addressbook/>", "<D:displayname>Contacts</D:displayname>", "<D:report><D:sync-collection/>",
			"<R:addressbook-multiget/>", `<R:address-data-type content-type="text/vcard" version="4.0"/>`, "<D:write-content/>", "<D:bind/>", "1048576",
			"/dav/principals/claire/")
	s.do("PROPFIND", own, "", "Depth", "infinity").want(t, 403, "propfind-finite-depth")
	s.do("MKCOL", "/dav/contacts/claire/other/", "").want(t, 403, "valid-resourcetype") // no other collections than books
	s.do("DELETE", own, "").want(t, 403)
}

func TestACardComesBackOctetForOctet(t *testing.T) {
	s := newServer(t)
	octets := "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Apple Inc.//iOS 18//EN\nN:Le Goff;Camille;;;\nFN:Camille Le Goff\nitem1.TEL;type=pref:06 39 98 01 24\n" +
		"item1.X-ABLabel:_$!<Other>!$_\nX-Inconnu;X-P=\"a;b\":é\n  suite\nUID:a\nEND:VCARD\n"
	written := s.do("PUT", own+"Camille Le Goff.vcf", octets, "Content-Type", "text/vcard").want(t, 201)
	etag := written.Header.Get("ETag")
	got := s.do("GET", own+"Camille%20Le%20Goff.vcf", "").want(t, 200)
	if got.body != octets || got.Header.Get("ETag") != etag || got.Header.Get("Content-Type") != "text/vcard; charset=utf-8; version=3.0" {
		t.Errorf("read %q, %v", got.body, got.Header)
	}
	s.do("GET", own+"Camille%20Le%20Goff.vcf", "", "If-None-Match", etag).want(t, 304)
	s.do("GET", own+"Camille%20Le%20Goff.vcf", "", "Accept", "text/vcard;version=4.0, */*;q=0.1").
		want(t, 200, "VERSION:4.0\r\n", "item1.TEL;PREF=1:06 39 98 01 24\r\n", "X-Inconnu;X-P=\"a;b\":é\n  suite\n")
	s.do("REPORT", own, multiget(`<R:address-data content-type="text/vcard" version="4.0"/>`, "Camille%20Le%20Goff.vcf")).want(t, 207, "VERSION:4.0", "X-Inconnu")
	s.do("REPORT", own, multiget(`<R:address-data/>`, "Camille%20Le%20Goff.vcf", "none.vcf")).want(t, 207, "VERSION:3.0\n", "404 Not Found", strings.ReplaceAll(etag, `"`, ""))
	s.do("REPORT", own, multiget(`<R:address-data><R:prop name="FN"/></R:address-data>`, "Camille%20Le%20Goff.vcf")).want(t, 207, "BEGIN:VCARD&#13;\nVERSION:3.0\nFN:Camille Le Goff\nEND:VCARD")
	s.do("REPORT", own, multiget(`<R:address-data content-type="text/vcard" version="5.0"/>`, "x")).want(t, 403, "supported-address-data")
	s.do("REPORT", own, multiget(`<R:address-data content-type="application/vcard+json"/>`, "x")).want(t, 403, "supported-address-data")
}

func TestWhatIsWrittenMeetsItsConditions(t *testing.T) {
	s := newServer(t)
	first := s.do("PUT", own+"a.vcf", named("a", "Un"), "If-None-Match", "*").want(t, 201).Header.Get("ETag")
	s.do("PUT", own+"a.vcf", named("a", "Deux"), "If-None-Match", "*").want(t, 412)
	s.do("PUT", own+"a.vcf", named("a", "Deux"), "If-Match", `"other"`).want(t, 412)
	second := s.do("PUT", own+"a.vcf", named("a", "Deux"), "If-Match", first).want(t, 204).Header.Get("ETag")
	s.do("PUT", own+"none.vcf", named("n", "N"), "If-Match", "*").want(t, 412)
	s.do("PUT", own+"b.vcf", named("a", "Trois")).want(t, 403, "no-uid-conflict", own+"a.vcf")
	s.do("DELETE", own+"a.vcf", "", "If-Match", first).want(t, 412)
	s.do("DELETE", own+"a.vcf", "", "If-Match", second).want(t, 204)
	s.do("DELETE", own+"a.vcf", "").want(t, 404)
	s.do("PUT", own+"b.vcf", named("a", "Trois")).want(t, 201)
}

func TestARefusedCardIsToldWhy(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a.vcf", "BEGIN:VCALENDAR\r\n").want(t, 403, "<R:valid-address-data>", "a card starts with BEGIN:VCARD")
	s.do("PUT", own+"a.vcf", card("2.1", "a", "FN:x")).want(t, 403, "<R:supported-address-data>", "3.0 and 4.0 are")
	s.do("PUT", own+"a.vcf", card("3.0", "a", "NOTE:"+strings.Repeat("x", 1<<20))).want(t, 403, "<R:max-resource-size>")
	s.do("PUT", own+"a.vcf", card("3.0", "a", "FN:<&\x01")).want(t, 403, "<R:valid-address-data>", "no UTF-8 text")
	s.do("PROPFIND", own, "", "Depth", "1").want(t, 207)
	if names := s.do("REPORT", own, query("")).found(); names != "" {
		t.Errorf("the book holds %s", names)
	}
}

func TestAProgramDoesWhatItsPasswordIsFor(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a.vcf", named("a", "Un")).want(t, 201)
	reads := []string{"As", "claire+contacts.read", "Depth", "0"}
	s.do("GET", own+"a.vcf", "", reads...).want(t, 200)
	if got := s.do("PROPFIND", own, `<propfind xmlns="DAV:"><prop><current-user-privilege-set/></prop></propfind>`, reads...).want(t, 207); strings.Contains(got.body, "write") {
		t.Errorf("a program that reads is told %s", got.body)
	}
	s.do("PUT", own+"b.vcf", named("b", "Deux"), reads...).want(t, 403, "need-privileges")
	s.do("DELETE", own+"a.vcf", "", reads...).want(t, 403, "need-privileges")
	calendar := []string{"As", "claire+calendar", "Depth", "0"}
	s.do("GET", own+"a.vcf", "", calendar...).want(t, 403, "need-privileges")
	if got := s.do("PROPFIND", "/dav/principals/claire/", `<propfind `+spaces+`><prop><R:addressbook-home-set/></prop></propfind>`, calendar...); strings.Contains(got.body, "/dav/contacts/") {
		t.Errorf("a program for calendars is told %s", got.body)
	}
}

func TestADeviceHearsOfEveryChangeOnce(t *testing.T) {
	s := newServer(t)
	empty := s.do("REPORT", own, syncBody("", "")).want(t, 207)
	for _, name := range []string{"a", "b", "c"} {
		s.do("PUT", own+name+".vcf", named(name, name)).want(t, 201)
	}
	if got := s.do("REPORT", own, syncBody(empty.token(), "")).want(t, 207).found(); got != "a b c" {
		t.Errorf("after an empty book: %s", got)
	}
	all := s.do("REPORT", own, syncBody("", ""), "Depth", "1").want(t, 207)
	if all.found() != "a b c" {
		t.Errorf("first reading: %s", all.found())
	}
	s.do("PUT", own+"b.vcf", named("b", "changé")).want(t, 204)
	s.do("DELETE", own+"c.vcf", "").want(t, 204)
	s.do("PUT", own+"a.vcf", named("a", "a")).want(t, 204) // the same again is no change
	news := s.do("REPORT", own, syncBody(all.token(), "")).want(t, 207)
	if news.found() != "-c b" {
		t.Errorf("news: %s", news.found())
	}
	if got := s.do("REPORT", own, syncBody(news.token(), "")); got.found() != "" || got.token() != news.token() {
		t.Errorf("no news: %s %s", got.found(), got.token())
	}
	part := s.do("REPORT", own, syncBody(all.token(), "<limit><nresults>1</nresults></limit>")).want(t, 207, "507 Insufficient Storage")
	rest := s.do("REPORT", own, syncBody(part.token(), ""))
	if got := part.found() + " " + rest.found(); got != "b -c" {
		t.Errorf("one at a time: %s", got)
	}
	for _, wrong := range []string{"x", "urn:parvis:sync:other-1", all.token() + "9", "urn:parvis:sync:" + strings.Repeat("9", 400)} {
		s.do("REPORT", own, syncBody(wrong, "")).want(t, 403, "valid-sync-token")
	}
	if err := s.store.ForgetChanges(t.Context(), "bourg", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.do("REPORT", own, syncBody(all.token(), "")).want(t, 403, "valid-sync-token")
	if got := s.do("REPORT", own, syncBody("", "")).found(); got != "a b" {
		t.Errorf("after forgetting: %s", got)
	}
	if err := s.store.Restored(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	s.do("REPORT", own, syncBody(news.token(), "")).want(t, 403, "valid-sync-token")
}

func TestAQueryFindsWhatClientsAskFor(t *testing.T) {
	s := newServer(t)
	for name, lines := range map[string][]string{
		"zoe":    {"FN:Zoé Éluard", "N:Éluard;Zoé;;;", "EMAIL;TYPE=home:zoe@ailleurs.example", "TEL;TYPE=CELL:06 39 98 01 24"},
		"paul":   {"FN:Paul Martin", "N:Martin;Paul;;;", "EMAIL;TYPE=WORK:paul@bourg.example", "item1.TEL;TYPE=WORK,VOICE:02 61 91 01 42", "item1.X-ABLabel:Standard", "NICKNAME:Polo\\, dit"},
		"mairie": {"FN:Mairie", "N:;;;;", "ORG:Mairie;Accueil"},
	} {
		s.do("PUT", own+name+".vcf", card("3.0", name, lines...)).want(t, 201)
	}
	prop := func(name, inside string) string {
		return `<R:prop-filter name="` + name + `">` + inside + `</R:prop-filter>`
	}
	text := func(text string, attributes ...string) string {
		return `<R:text-match ` + strings.Join(attributes, " ") + `>` + text + `</R:text-match>`
	}
	for _, c := range []struct{ filter, want string }{
		{``, "mairie paul zoe"},
		{`<R:filter/>`, "mairie paul zoe"},
		{`<R:filter>` + prop("FN", text("éluard")) + `</R:filter>`, "zoe"},
		{`<R:filter>` + prop("FN", text("ÉLUARD", `collation="i;unicode-casemap"`, `match-type="ends-with"`)) + `</R:filter>`, "zoe"},
		{`<R:filter>` + prop("FN", text("éluard", `collation="i;ascii-casemap"`)) + `</R:filter>`, ""},
		{`<R:filter>` + prop("FN", text("paul", `match-type="starts-with"`)) + `</R:filter>`, "paul"},
		{`<R:filter>` + prop("FN", text("mairie", `match-type="equals"`)) + `</R:filter>`, "mairie"},
		{`<R:filter>` + prop("EMAIL", text("bourg.example")) + prop("TEL", text("0639")) + prop("TEL", text("06 39")) + `</R:filter>`, "paul zoe"},
		{`<R:filter test="allof">` + prop("EMAIL", text("example")) + prop("TEL", text("06 39")) + `</R:filter>`, "zoe"},
		{`<R:filter>` + prop("TEL", `<R:is-not-defined/>`) + `</R:filter>`, "mairie"},
		{`<R:filter>` + prop("TEL", ``) + `</R:filter>`, "paul zoe"},
		{`<R:filter>` + prop("FN", text("a", `negate-condition="yes"`)) + `</R:filter>`, ""},
		{`<R:filter>` + prop("FN", text("paul", `negate-condition="yes"`)) + `</R:filter>`, "mairie zoe"},
		{`<R:filter>` + prop("TEL", `<R:param-filter name="TYPE">`+text("work")+`</R:param-filter>`) + `</R:filter>`, "paul"},
		{`<R:filter>` + prop("TEL", `<R:param-filter name="PREF"><R:is-not-defined/></R:param-filter>`) + `</R:filter>`, "paul zoe"},
		{`<R:filter>` + prop("ITEM1.TEL", ``) + `</R:filter>`, "paul"},
		{`<R:filter>` + prop("NICKNAME", text("polo, dit")) + `</R:filter>`, "paul"},
	} {
		if got := s.do("REPORT", own, query(c.filter), "Depth", "1").want(t, 207).found(); got != c.want {
			t.Errorf("%s finds %q, want %q", c.filter, got, c.want)
		}
	}
	limited := s.do("REPORT", own, query(`<R:filter/><R:limit><R:nresults>2</R:nresults></R:limit>`)).want(t, 207, "507 Insufficient Storage")
	if n := len(strings.Fields(limited.found())); n != 2 {
		t.Errorf("%d within a limit of 2", n)
	}
	for filter, condition := range map[string]string{
		`<R:filter test="some"/>`:                                                     "valid-filter",
		`<R:filter>` + prop("", "") + `</R:filter>`:                                   "valid-filter",
		`<R:filter>` + prop("FN", text("x", `match-type="like"`)) + `</R:filter>`:     "valid-filter",
		`<R:filter>` + prop("FN", text("x", `collation="i;klingon"`)) + `</R:filter>`: "supported-collation",
		`<R:filter>` + strings.Repeat(prop("FN", text("x")), 60) + `</R:filter>`:      "supported-filter",
		`<R:filter/><R:limit><R:nresults>-1</R:nresults></R:limit>`:                   "valid-filter",
	} {
		s.do("REPORT", own, query(filter)).want(t, 403, condition)
	}
}

// FuzzReport sends bodies to a book as reports: whatever they hold, the answer is well-formed and never a
// fault of ours.
func FuzzReport(f *testing.F) {
	s := newServer(f)
	s.do("PUT", own+"a.vcf", card("3.0", "a", "FN:Zoé", "N:Zoé;;;;", "TEL;TYPE=CELL:06", "PHOTO;ENCODING=b;TYPE=JPEG:AAAA")).want(f, 201)
	s.do("PUT", own+"b.vcf", card("4.0", "b", "FN:Paul", "BDAY:--0412")).want(f, 201)
	f.Add(query(`<R:filter test="allof"><R:prop-filter name="TEL" test="allof"><R:param-filter name="TYPE"><R:text-match collation="i;octet" negate-condition="yes">X</R:text-match></R:param-filter></R:prop-filter></R:filter><R:limit><R:nresults>1</R:nresults></R:limit>`))
	f.Add(multiget(`<R:address-data version="4.0"><R:prop name="FN" novalue="yes"/></R:address-data>`, "a.vcf", "%zz"))
	f.Add(syncBody("urn:parvis:sync:new-0", "<limit><nresults>1</nresults></limit>"))
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("REPORT", own, strings.NewReader(body))
		r.SetBasicAuth("claire", "claire")
		w := httptest.NewRecorder()
		s.site.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != 507 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/xml") {
			if err := xml.Unmarshal(w.Body.Bytes(), new(struct{})); err != nil {
				t.Errorf("%v in %s", err, w.Body)
			}
		}
	})
}

// TestTwoDevicesMeet: of cards written at the same time none is lost, and each has its own number.
func TestTwoDevicesMeet(t *testing.T) {
	s := newServer(t)
	done := make(chan int)
	for i := range 8 {
		go func() { done <- s.do("PUT", fmt.Sprintf("%s%d.vcf", own, i), named(fmt.Sprint(i), "x")).StatusCode }()
	}
	for range 8 {
		if status := <-done; status != 201 {
			t.Errorf("status %d", status)
		}
	}
	if got := s.do("REPORT", own, syncBody("", "")).found(); got != "0 1 2 3 4 5 6 7" {
		t.Errorf("the book holds %s", got)
	}
}
