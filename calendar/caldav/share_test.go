package caldav_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"parvis/calendar"
	"parvis/portal"
)

// hire gives the agents of the tests their entries, which shares name.
func (s *server) hire() {
	s.t.Helper()
	_, err := s.db.Exec(context.Background(), `
		INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES
			('bourg', 'claire', 'Claire', 'Morel', 'morel claire', 0), ('bourg', 'paul', 'Paul', 'Roux', 'roux paul', 0),
			('agglo', 'claire', 'Claire', 'Autre', 'autre claire', 0)`)
	if err != nil {
		s.t.Fatal(err)
	}
}

var (
	claire = portal.Caller{Agent: "claire", Account: "claire", Collectivity: "bourg"}
	toPaul = portal.Subject{Kind: portal.TheAgent, ID: "paul"}
)

// share opens claire's first calendar to paul.
func (s *server) share(level calendar.Level) string {
	s.t.Helper()
	id, err := s.store.Share(context.Background(), claire, calendar.Share{Calendar: "claire", To: toPaul, Level: level}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *server) delegate(writes bool) string {
	s.t.Helper()
	id, err := s.store.Delegate(context.Background(), claire, calendar.Delegate{Agent: "paul", Writes: writes}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

const (
	pauls    = "/dav/calendars/paul/"
	ofClaire = pauls + "claire/"
	private  = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:prive\r\nDTSTAMP:20261101T000000Z\r\n" +
		"DTSTART:20261124T090000Z\r\nDTEND:20261124T100000Z\r\nSUMMARY:Chimio\r\nLOCATION:Clinique\r\nCLASS:CONFIDENTIAL\r\nATTENDEE:mailto:docteur@clinique.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	queryText = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop>` +
		`<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`
	syncAll = `<sync-collection xmlns="DAV:"><sync-token/><prop><getetag/></prop></sync-collection>`
)

func sharedProps(names string) string {
	return `<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"><prop>` + names + `</prop></propfind>`
}

func TestASharedCalendarIsInTheReadersHome(t *testing.T) {
	s := newServer(t)
	s.hire()
	s.do("PUT", "/dav/calendars/claire/personal/conseil.ics", strings.ReplaceAll(strings.Replace(private, "CLASS:CONFIDENTIAL\r\n", "", 1), "UID:prive", "UID:conseil")).want(t, 201)
	s.do("PUT", "/dav/calendars/claire/personal/prive.ics", strings.ReplaceAll(private, "Chimio", "Secret")).want(t, 201)
	s.share(calendar.LevelRead)
	home := s.do("PROPFIND", pauls, sharedProps(`<displayname/><owner/><current-user-privilege-set/>`), "As", "paul", "Depth", "1").
		want(t, 207, ofClaire, "Claire Morel", "<D:owner><D:href>/dav/principals/claire/</D:href></D:owner>")
	_, shared, _ := strings.Cut(home.body, "<D:href>"+ofClaire)
	shared, _, _ = strings.Cut(shared, "</D:response>")
	for privilege, has := range map[string]bool{"<D:read/>": true, "<C:read-free-busy/>": true, "<D:write/>": false, "<D:write-content/>": false, "<D:bind/>": false, "<D:write-properties/>": false} {
		if strings.Contains(shared, privilege) != has {
			t.Errorf("%s on a calendar to read: %v, want %v\n%s", privilege, !has, has, shared)
		}
	}
	s.do("GET", ofClaire+"conseil.ics", "", "As", "paul").want(t, 200, "SUMMARY:Chimio")
	veiled := s.do("GET", ofClaire+"prive.ics", "", "As", "paul").want(t, 200, "SUMMARY:Occupé", "DTSTART:20261124T090000Z", "CLASS:PRIVATE")
	if strings.Contains(veiled.body, "Secret") || strings.Contains(veiled.body, "Clinique") || strings.Contains(veiled.body, "docteur") {
		t.Errorf("what is confidential is read: %s", veiled.body)
	}
	s.do("PUT", ofClaire+"x.ics", private, "As", "paul").want(t, 403, "need-privileges")
	s.share(calendar.LevelWrite)
	s.do("PUT", ofClaire+"prive.ics", private, "As", "paul").want(t, 403)
	s.do("DELETE", ofClaire+"prive.ics", "", "As", "paul").want(t, 403)
	s.do("PUT", ofClaire+"x.ics", strings.ReplaceAll(strings.Replace(private, "CLASS:CONFIDENTIAL\r\n", "", 1), "UID:prive", "UID:x"), "As", "paul").want(t, 201)
	s.do("GET", "/dav/calendars/claire/personal/x.ics", "").want(t, 200)
	// Its name here is the reader's own.
	patch := `<propertyupdate xmlns="DAV:"><set><prop><displayname>Direction</displayname></prop></set></propertyupdate>`
	s.do("PROPPATCH", ofClaire, patch, "As", "paul").want(t, 207, "200 OK")
	s.do("PROPFIND", ofClaire, sharedProps(`<displayname/>`), "As", "paul", "Depth", "0").want(t, 207, "Direction")
	if s.do("PROPFIND", "/dav/calendars/claire/personal/", sharedProps(`<displayname/>`), "Depth", "0").want(t, 207); strings.Contains(s.do("PROPFIND", "/dav/calendars/claire/personal/", sharedProps(`<displayname/>`), "Depth", "0").body, "Direction") {
		t.Error("its owner sees the name that a reader gave it")
	}
	// Deleting it puts it away, and deletes nothing.
	s.do("DELETE", ofClaire, "", "As", "paul").want(t, 204)
	s.do("PROPFIND", ofClaire, "", "As", "paul", "Depth", "0").want(t, 404)
	s.do("GET", "/dav/calendars/claire/personal/conseil.ics", "").want(t, 200)
	for _, login := range []string{"admin", "agglo"} {
		for _, path := range []string{ofClaire, "/dav/calendars/claire/claire/", "/dav/calendars/" + login + "/claire/"} {
			if login == "agglo" && strings.HasPrefix(path, "/dav/calendars/claire/") {
				continue // she is another claire
			}
			s.do("PROPFIND", path, "", "As", login, "Depth", "0").want(t, 404)
		}
	}
}

func TestBusyTimesTellNoTitleByAnyRequest(t *testing.T) {
	s := newServer(t)
	s.hire()
	s.do("PUT", "/dav/calendars/claire/personal/Chimio-nom.ics", strings.Replace(strings.Replace(private, "CLASS:CONFIDENTIAL\r\n", "", 1), "UID:prive", "UID:Chimio", 1)).want(t, 201)
	id := s.share(calendar.LevelBusy)
	listed := s.do("PROPFIND", ofClaire, "", "As", "paul", "Depth", "1").want(t, 207)
	_, object, _ := strings.Cut(listed.body, "<D:href>"+ofClaire)
	_, object, _ = strings.Cut(object, "<D:href>")
	object, _, _ = strings.Cut(object, "</D:href>")
	if !strings.HasPrefix(object, ofClaire) {
		t.Fatalf("no object in %s", listed.body)
	}
	multiget := `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><href>` + object + `</href></C:calendar-multiget>`
	text := strings.Replace(queryText, `<C:comp-filter name="VCALENDAR"/>`, `<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>Chimio</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter>`, 1)
	expand := strings.Replace(queryText, `<C:calendar-data/>`, `<C:calendar-data><C:expand start="20261101T000000Z" end="20261201T000000Z"/></C:calendar-data>`, 1)
	freeBusy := `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20261101T000000Z" end="20261201T000000Z"/></C:free-busy-query>`
	for _, request := range []struct{ method, path, body, want string }{
		{"GET", object, "", "SUMMARY:Occupé"},
		{"PROPFIND", ofClaire, "", object},
		{"PROPFIND", ofClaire, `<propfind xmlns="DAV:"><propname/></propfind>`, object},
		{"REPORT", ofClaire, queryText, "20261124T090000Z"},
		{"REPORT", ofClaire, multiget, "20261124T090000Z"},
		{"REPORT", ofClaire, expand, "20261124T090000Z"},
		{"REPORT", ofClaire, text, "multistatus"},
		{"REPORT", ofClaire, syncAll, object},
		{"REPORT", ofClaire, freeBusy, "20261124T090000Z/20261124T100000Z"},
		{"PROPFIND", pauls, "", "Claire Morel"},
	} {
		answer := s.do(request.method, request.path, request.body, "As", "paul", "Depth", "1")
		if answer.StatusCode >= 300 || !strings.Contains(answer.body, request.want) {
			t.Errorf("%s %s: %s, want %q\n%.600s", request.method, request.path, answer.Status, request.want, answer.body)
		}
		for _, secret := range []string{"Chimio", "Clinique", "docteur"} {
			if strings.Contains(answer.body, secret) {
				t.Errorf("%s %.60s tells %q\n%.600s", request.method, request.body, secret, answer.body)
			}
		}
	}
	if found := s.do("REPORT", ofClaire, text, "As", "paul", "Depth", "1"); strings.Contains(found.body, "<D:response>") {
		t.Errorf("a filter finds a title that is not told: %s", found.body)
	}
	got := s.do("GET", object, "", "As", "paul")
	if own := s.do("GET", "/dav/calendars/claire/personal/Chimio-nom.ics", ""); got.Header.Get("ETag") == own.Header.Get("ETag") {
		t.Error("veiled octets have the ETag of the others")
	}
	s.do("GET", object, "", "As", "paul", "If-None-Match", got.Header.Get("ETag")).want(t, http.StatusNotModified)
	s.do("GET", ofClaire+"Chimio-nom.ics", "", "As", "paul").want(t, 404)
	s.do("DELETE", object, "", "As", "paul").want(t, 403)
	// Told more, then less, then nothing: the phone must not keep what it has.
	token := func() string {
		answer := s.do("PROPFIND", ofClaire, sharedProps(`<sync-token/>`), "As", "paul", "Depth", "0")
		_, rest, _ := strings.Cut(answer.body, "<D:sync-token>")
		found, _, _ := strings.Cut(rest, "<")
		return found
	}
	sync := func(token string) answer {
		return s.do("REPORT", ofClaire, strings.Replace(syncAll, "<sync-token/>", "<sync-token>"+token+"</sync-token>", 1), "As", "paul")
	}
	busy := token()
	s.share(calendar.LevelRead)
	read := token()
	sync(busy).want(t, 403, "valid-sync-token")
	sync(read).want(t, 207)
	s.share(calendar.LevelBusy)
	sync(read).want(t, 403, "valid-sync-token")
	sync(token()).want(t, 207)
	if err := s.store.EndShare(t.Context(), claire, id, ""); err != nil {
		t.Fatal(err)
	}
	sync(busy).want(t, 404)
	s.do("GET", object, "", "As", "paul").want(t, 404)
}

func TestWhoKeepsAnAgendaActsInIt(t *testing.T) {
	s := newServer(t)
	s.hire()
	s.do("PUT", "/dav/calendars/claire/personal/prive.ics", private).want(t, 201)
	const proxies = `<S:calendar-proxy-read-for/><S:calendar-proxy-write-for/><group-membership/><C:calendar-home-set/>`
	principal := func(as, of string) answer {
		return s.do("PROPFIND", "/dav/principals/"+of+"/", sharedProps(proxies), "As", as, "Depth", "0")
	}
	if before := principal("paul", "claire").want(t, 207); strings.Contains(before.body, "/dav/calendars/") {
		t.Errorf("the home of a colleague is told: %s", before.body)
	}
	s.do("PROPFIND", "/dav/calendars/claire/", "", "As", "paul", "Depth", "1").want(t, 404)
	id := s.delegate(true)
	principal("paul", "paul").want(t, 207, "<S:calendar-proxy-write-for><D:href>/dav/principals/claire/</D:href></S:calendar-proxy-write-for>",
		"<S:calendar-proxy-read-for></S:calendar-proxy-read-for>", "<D:href>/dav/principals/claire/calendar-proxy-write/</D:href>")
	principal("paul", "claire").want(t, 207, "/dav/calendars/claire/")
	members := sharedProps(`<group-member-set/><resourcetype/>`)
	for _, as := range []string{"claire", "paul"} {
		s.do("PROPFIND", "/dav/principals/claire/calendar-proxy-write/", members, "As", as, "Depth", "0").
			want(t, 207, "<D:group-member-set><D:href>/dav/principals/paul/</D:href></D:group-member-set>", "<S:calendar-proxy-write/>")
	}
	if others := s.do("PROPFIND", "/dav/principals/claire/calendar-proxy-write/", members, "As", "admin", "Depth", "0").want(t, 207); strings.Contains(others.body, "paul") {
		t.Error("a colleague reads who keeps whose agenda")
	}
	s.do("PROPFIND", "/dav/principals/claire/", "", "As", "paul", "Depth", "1").want(t, 207, "calendar-proxy-read/", "calendar-proxy-write/")
	s.do("PROPFIND", "/dav/calendars/claire/", "", "As", "paul", "Depth", "1").want(t, 207, "/dav/calendars/claire/claire/")
	s.do("PROPFIND", pauls, "", "As", "paul", "Depth", "1").want(t, 207, ofClaire)
	for _, base := range []string{ofClaire, "/dav/calendars/claire/claire/"} {
		s.do("GET", base+"prive.ics", "", "As", "paul").want(t, 200, "SUMMARY:Chimio")
		s.do("PUT", base+"prive.ics", strings.Replace(private, "Chimio", "Chimio "+base, 1), "As", "paul").want(t, 204)
	}
	s.do("MKCALENDAR", "/dav/calendars/claire/new/", "", "As", "paul").want(t, 403)
	s.do("PROPFIND", "/dav/calendars/admin/", "", "As", "paul", "Depth", "1").want(t, 404) // whose agenda he does not keep
	s.do("PROPFIND", "/dav/calendars/claire/paul/", "", "As", "paul", "Depth", "0").want(t, 404)
	s.delegate(false)
	principal("paul", "paul").want(t, 207, "<S:calendar-proxy-read-for><D:href>/dav/principals/claire/</D:href></S:calendar-proxy-read-for>")
	s.do("PUT", ofClaire+"prive.ics", private, "As", "paul").want(t, 403)
	s.do("GET", ofClaire+"prive.ics", "", "As", "paul").want(t, 200, "SUMMARY:Occupé")
	if err := s.store.EndDelegate(t.Context(), claire, id, ""); err != nil {
		t.Fatal(err)
	}
	s.do("PROPFIND", "/dav/calendars/claire/", "", "As", "paul", "Depth", "1").want(t, 404)
	s.do("PROPFIND", ofClaire, "", "As", "paul", "Depth", "0").want(t, 404)
}

// TestAppleChoosesDelegates: by the members of the group that reads, or of the one that writes.
func TestAppleChoosesDelegates(t *testing.T) {
	s := newServer(t)
	s.hire()
	const writers, readers = "/dav/principals/claire/calendar-proxy-write/", "/dav/principals/claire/calendar-proxy-read/"
	set := func(path, inside string, headers ...string) answer {
		return s.do("PROPPATCH", path, `<propertyupdate xmlns="DAV:"><set><prop>`+inside+`</prop></set></propertyupdate>`, headers...)
	}
	members := func(path, want string) {
		t.Helper()
		s.do("PROPFIND", path, sharedProps(`<group-member-set/>`), "Depth", "0").want(t, 207, "<D:group-member-set>"+want+"</D:group-member-set>")
	}
	const paul = `<D:href>/dav/principals/paul/</D:href>`
	pauls := `<group-member-set><href>` + s.url + `/dav/principals/paul/</href></group-member-set>`
	set(writers, pauls).want(t, 207, "200 OK")
	members(writers, paul)
	set(writers, pauls).want(t, 207, "200 OK")
	set(readers, `<group-member-set/>`).want(t, 207, "200 OK") // of the others alone
	members(writers, paul)
	set(readers, pauls).want(t, 207, "200 OK")
	members(readers, paul)
	members(writers, "")
	set(readers, `<group-member-set/>`).want(t, 207, "200 OK")
	members(readers, "")
	for _, wrong := range []string{"/dav/principals/claire/", "/dav/principals/agglo/", "/dav/principals/nobody/", "/dav/calendars/paul/", "/dav/principals/paul/calendar-proxy-read/"} {
		if got := set(writers, `<group-member-set><href>/dav/principals/paul/</href><href>`+wrong+`</href></group-member-set>`); strings.Contains(got.body, "200 OK") {
			t.Errorf("%s becomes a delegate: %s", wrong, got.body)
		}
		members(writers, "")
	}
	set(writers, `<displayname>x</displayname>`).want(t, 207, "403")
	set(writers, pauls, "As", "paul").want(t, 403)
	set(writers, pauls, "As", "admin").want(t, 403)
	read := []string{"As", "claire+calendar.read"}
	set(writers, pauls, read...).want(t, 403)
	members(writers, "")
}

func TestPrivilegesAreTold(t *testing.T) {
	s := newServer(t)
	s.hire()
	s.do("PUT", "/dav/calendars/claire/personal/prive.ics", private).want(t, 201)
	s.share(calendar.LevelRead)
	const acl = `<acl/><acl-restrictions/><supported-privilege-set/><current-user-privilege-set/>`
	own := s.do("PROPFIND", "/dav/calendars/claire/personal/", sharedProps(acl), "Depth", "0").want(t, 207,
		"<D:ace><D:principal><D:href>/dav/principals/paul/</D:href></D:principal><D:grant><D:privilege><D:read/></D:privilege>",
		"<D:grant-only/>", "<D:no-invert/>", "<D:privilege><D:all/></D:privilege>", "<D:privilege><D:bind/></D:privilege>", "<D:protected/>", "<C:read-free-busy/>")
	if strings.Contains(own.body, "404") {
		t.Errorf("a property is missing: %s", own.body)
	}
	if theirs := s.do("PROPFIND", ofClaire, sharedProps(acl), "As", "paul", "Depth", "0").want(t, 207); strings.Count(theirs.body, "<D:ace>") != 1 {
		t.Errorf("a reader sees to whom else a calendar is open: %s", theirs.body)
	}
	s.do("PROPFIND", "/dav/calendars/claire/personal/prive.ics", sharedProps(acl), "Depth", "0").want(t, 207, "<D:ace>")
	s.do("REPORT", "/dav/calendars/claire/personal/", `<acl-principal-prop-set xmlns="DAV:"><prop><displayname/></prop></acl-principal-prop-set>`).
		want(t, 207, "Agent claire", "Agent paul").without(t, "Agent admin")
	s.do("ACL", "/dav/calendars/claire/personal/", `<acl xmlns="DAV:"/>`).want(t, 403, "no-protected-ace-conflict")
}

func TestPrincipalsOfTheCollectivityAreFound(t *testing.T) {
	s := newServer(t)
	search := func(inside string) answer {
		return s.do("REPORT", "/dav/principals/", `<principal-property-search xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"`+inside+
			`<prop><displayname/><C:calendar-user-address-set/><C:calendar-user-type/><C:calendar-home-set/></prop></principal-property-search>`, "Depth", "0")
	}
	one := func(property, text string) string {
		return `<property-search><prop><` + property + `/></prop><match>` + text + `</match></property-search>`
	}
	found := search(">"+one("displayname", "paul")).want(t, 207, "Agent paul", "mailto:paul@bourg.example", "INDIVIDUAL", "/dav/principals/paul/")
	if strings.Count(found.body, "<D:response>") != 1 || strings.Contains(found.body, "/dav/calendars/") {
		t.Errorf("found %s", found.body)
	}
	for inside, want := range map[string]int{
		">" + one("C:calendar-user-address-set", "mailto:paul@bourg.example"):        1,
		">" + one("S:email-address-set", "bourg"):                                    3,
		">" + one("displayname", "paul") + one("displayname", "claire"):              0,
		` test="anyof">` + one("displayname", "paul") + one("displayname", "claire"): 2,
		">" + one("displayname", "agglo"):                                            0, // a colleague elsewhere
		">" + one("displayname", ""):                                                 0,
		">" + one("getetag", "paul"):                                                 0,
		">" + one("displayname", "hidden"):                                           0,
		">" + one("C:calendar-user-type", "ROOM"):                                    0,
	} {
		if answer := search(inside).want(t, 207); strings.Count(answer.body, "<D:response>") != want {
			t.Errorf("%s finds %s, want %d", inside, answer.body, want)
		}
	}
	search(">").want(t, 400)
	search("><property-search/>").want(t, 400)
	s.do("REPORT", "/dav/principals/", `<principal-search-property-set xmlns="DAV:"/>`, "Depth", "0").want(t, 200, "principal-search-property-set", "<D:displayname/>", "calendar-user-address-set")
	s.do("REPORT", "/dav/principals/", `<principal-match xmlns="DAV:"><self/><prop><displayname/></prop></principal-match>`, "Depth", "0").want(t, 207, "Agent claire")
	s.do("REPORT", "/dav/calendars/claire/", `<principal-match xmlns="DAV:"><self/></principal-match>`, "Depth", "0").want(t, 403, "supported-report")
	s.do("PROPFIND", "/dav/principals/paul/", "", "Depth", "0").want(t, 207, "Agent paul")
	for _, other := range []string{"hidden", "nobody", "agglo"} {
		s.do("PROPFIND", "/dav/principals/"+other+"/", "", "Depth", "0").want(t, 404)
	}
	s.do("PROPFIND", "/dav/principals/", sharedProps("<supported-report-set/>"), "Depth", "0").want(t, 207, "principal-property-search", "principal-match", "expand-property")
}

func TestPropertiesOfPropertiesAreExpanded(t *testing.T) {
	s := newServer(t)
	s.hire()
	s.do("PUT", "/dav/calendars/claire/personal/prive.ics", private).want(t, 201)
	s.delegate(true)
	ask := func(inside string) answer {
		return s.do("REPORT", "/dav/principals/paul/", `<expand-property xmlns="DAV:">`+inside+`</expand-property>`, "As", "paul")
	}
	ask(`<property name="calendar-proxy-write-for" namespace="http://calendarserver.org/ns/"><property name="displayname"/>`+
		`<property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav"/><property name="nothing" namespace="urn:x"/></property><property name="displayname"/>`).
		want(t, 207, "<S:calendar-proxy-write-for><D:response><D:href>/dav/principals/claire/</D:href>", "<D:displayname>Agent claire</D:displayname>",
			"/dav/calendars/claire/", `<X:nothing xmlns:X="urn:x"/>`, "<D:displayname>Agent paul</D:displayname>")
	for _, bad := range []string{`<property/>`, `<property name="a b"/>`, `<property name="x&gt;&lt;y"/>`, `<prop/>`} {
		ask(bad).want(t, 400)
	}
	deep := strings.Repeat(`<property name="principal-URL">`, 20) + `<property name="displayname"/>` + strings.Repeat(`</property>`, 20)
	ask(deep).want(t, 400)
}
