package caldav_test

import (
	"context"
	"strings"
	"testing"

	"parvis/calendar"
)

// second is another calendar of claire, for events alone.
const second = "/dav/calendars/claire/projets/"

func newServerWithTwoCalendars(t *testing.T) *server {
	t.Helper()
	s := newServer(t)
	s.do("MKCALENDAR", second, `<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>`+
		`<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set></prop></set></C:mkcalendar>`).want(t, 201)
	s.do("PUT", own+"a.ics", on("a", 10)).want(t, 201)
	return s
}

// sync is what changed in a calendar since a token.
func (s *server) sync(calendar, token string) answer {
	s.t.Helper()
	return s.do("REPORT", calendar, syncBody(token, ""), "Depth", "0").want(s.t, 207)
}

func TestAnEventMovesAsItIs(t *testing.T) {
	s := newServerWithTwoCalendars(t)
	before := s.do("GET", own+"a.ics", "").want(t, 200)
	here, there := tokenOf(t, s.sync(own, "")), tokenOf(t, s.sync(second, ""))
	moved := s.do("MOVE", own+"a.ics", "", "Destination", s.url+second+"b.ics", "Overwrite", "F").want(t, 201)
	if etag := moved.Header.Get("ETag"); etag != before.Header.Get("ETag") {
		t.Errorf("ETag %s, want that before, %s", etag, before.Header.Get("ETag"))
	}
	if after := s.do("GET", second+"b.ics", "").want(t, 200); after.body != before.body || after.Header.Get("ETag") != before.Header.Get("ETag") {
		t.Errorf("it became %s", after.body)
	}
	s.do("GET", own+"a.ics", "").want(t, 404)
	s.sync(own, here).want(t, 207, own+"a.ics", "404")
	s.sync(second, there).want(t, 207, second+"b.ics", before.Header.Get("ETag")).without(t, "404")
	s.do("MOVE", second+"b.ics", "", "Destination", second+"c%20d.ics").want(t, 201) // the same calendar, by its path
	s.do("GET", second+"c%20d.ics", "").want(t, 200, "UID:a")
	s.do("MOVE", own+"a.ics", "", "Destination", second+"a.ics").want(t, 404)
}

func TestAnEventIsCopied(t *testing.T) {
	s := newServerWithTwoCalendars(t)
	s.do("COPY", own+"a.ics", "", "Destination", second+"a.ics").want(t, 201)
	s.do("COPY", own+"a.ics", "", "Destination", second+"a.ics").want(t, 204)
	s.do("COPY", own+"a.ics", "", "Destination", second+"a.ics", "Overwrite", "F").want(t, 412)
	for _, at := range []string{own, second} {
		s.do("GET", at+"a.ics", "").want(t, 200, "UID:a")
	}
	s.do("MOVE", own+"a.ics", "", "Destination", second+"a.ics").want(t, 204) // over its copy
	s.do("GET", own+"a.ics", "").want(t, 404)
	s.do("GET", second+"a.ics", "").want(t, 200, "UID:a")
}

// TestWhereNothingMoves: each refusal leaves both calendars as they were.
func TestWhereNothingMoves(t *testing.T) {
	s := newServerWithTwoCalendars(t)
	s.do("PUT", own+"todo.ics", strings.ReplaceAll(event("todo"), "VEVENT", "VTODO")).want(t, 201)
	s.do("PUT", second+"a2.ics", on("a", 10)).want(t, 201)
	s.do("PUT", second+"other.ics", on("other", 12)).want(t, 201)
	here, there := tokenOf(t, s.sync(own, "")), tokenOf(t, s.sync(second, ""))
	for _, c := range []struct {
		name, from, to string
		status         int
		says           string
		headers        []string
	}{
		{"the UID is there", own + "a.ics", second + "new.ics", 403, "<C:no-uid-conflict><D:href>" + second + "a2.ics", nil},
		{"over another event", own + "a.ics", second + "other.ics", 403, "<C:no-uid-conflict><D:href>" + second + "other.ics", nil},
		{"a task among events", own + "todo.ics", second + "todo.ics", 403, "supported-calendar-component", nil},
		{"a name that is taken", own + "a.ics", second + "a2.ics", 412, "", []string{"Overwrite", "F"}},
		{"to itself", own + "a.ics", own + "a.ics", 403, "", nil},
		{"another server", own + "a.ics", "https://ailleurs.example" + second + "a.ics", 502, "", nil},
		{"another port", own + "a.ics", "http://127.0.0.1:1" + second + "a.ics", 502, "", nil},
		{"a page", own + "a.ics", "/calendar", 502, "", nil},
		{"nowhere", own + "a.ics", "", 400, "", nil},
		{"no address", own + "a.ics", "b.ics", 400, "", nil},
		{"a calendar that is not there", own + "a.ics", "/dav/calendars/claire/none/a.ics", 409, "", nil},
		{"the place of a calendar", own + "a.ics", strings.TrimSuffix(second, "/"), 403, "", nil},
		{"the place of a calendar, with a slash", own + "a.ics", second, 403, "", nil},
		{"the inbox", own + "a.ics", "/dav/calendars/claire/inbox/a.ics", 403, "", nil},
		{"the tree itself", own + "a.ics", "/dav/", 403, "", nil},
		{"of another", own + "a.ics", "/dav/calendars/paul/personal/a.ics", 409, "", nil},
		{"neither T nor F", own + "a.ics", second + "a2.ics", 400, "", []string{"Overwrite", "perhaps"}},
		{"changed meanwhile", own + "a.ics", second + "a2.ics", 412, "", []string{"If-Match", `"other"`}},
		{"changed meanwhile, by If", own + "a.ics", second + "a2.ics", 412, "", []string{"If", `(["other"])`}},
		{"no If header", own + "a.ics", second + "a2.ics", 400, "", []string{"If", `["other"]`}},
		{"a calendar", own, "/dav/calendars/claire/renamed", 405, "displayname", nil},
	} {
		for _, method := range []string{"COPY", "MOVE"} {
			t.Run(c.name+" "+method, func(t *testing.T) {
				s.do(method, c.from, "", append(c.headers, "Destination", c.to)...).want(t, c.status, c.says)
			})
		}
	}
	for at, token := range map[string]string{own: here, second: there} {
		if now := tokenOf(t, s.sync(at, token)); now != token {
			t.Errorf("%s changed from %s to %s", at, token, now)
		}
	}
}

func TestIfHeadersAreHeeded(t *testing.T) {
	s := newServerWithTwoCalendars(t)
	etag := s.do("GET", own+"a.ics", "").Header.Get("ETag")
	token := tokenOf(t, s.sync(second, ""))
	for _, c := range []struct {
		header string
		status int
	}{
		{`(["other"]) ([` + etag + `])`, 204},
		{`<` + second + `> (<` + token + `>)`, 204}, // RFC 6578 §5
		{`<` + s.url + own + `a.ics> ([` + etag + `])`, 204},
		{`(Not <DAV:no-lock>)`, 204},
		{`(<opaquelocktoken:1>)`, 412},
		{`<` + second + `> (<` + token + `1>)`, 412},
		{`<` + second + `none.ics> (["x"])`, 412},
		{`([` + etag + `] <opaquelocktoken:1>)`, 412},
	} {
		s.do("PUT", own+"a.ics", on("a", 10), "If", c.header).want(t, c.status)
	}
}

func TestOptionsTellWhatMoves(t *testing.T) {
	s := newServerWithTwoCalendars(t)
	for path, moves := range map[string]bool{own + "a.ics": true, own: false, "/dav/calendars/claire/": false, "/dav/calendars/claire/inbox/": false} {
		allow := s.do("OPTIONS", path, "").want(t, 204).Header.Get("Allow")
		if strings.Contains(allow, "MOVE") != moves || strings.Contains(allow, "COPY") != moves {
			t.Errorf("Allow of %s: %s", path, allow)
		}
	}
}

// TestMovesHaveTheRightsOfWrites: who reads a colleague's calendar copies out of it, and takes nothing
// from it; what is veiled stays where it is.
func TestMovesHaveTheRightsOfWrites(t *testing.T) {
	s := newServerWithTwoCalendars(t)
	s.hire()
	s.do("PUT", own+"private.ics", private).want(t, 201)
	share := s.share(calendar.LevelRead)
	s.do("PUT", pauls+"personal/mine.ics", on("mine", 11), "As", "paul").want(t, 201)
	s.do("MOVE", ofClaire+"a.ics", "", "Destination", pauls+"personal/a.ics", "As", "paul").want(t, 403, "need-privileges", "<D:unbind/>", ofClaire)
	s.do("MOVE", pauls+"personal/mine.ics", "", "Destination", ofClaire+"mine.ics", "As", "paul").want(t, 403, "need-privileges", "<D:bind/>", ofClaire)
	s.do("COPY", ofClaire+"private.ics", "", "Destination", pauls+"personal/p.ics", "As", "paul").want(t, 403, "need-privileges")
	s.do("COPY", ofClaire+"a.ics", "", "Destination", pauls+"personal/a.ics", "As", "paul").want(t, 201)
	s.do("COPY", own+"a.ics", "", "Destination", pauls+"personal/b.ics", "As", "agglo").want(t, 404)
	s.do("COPY", own+"a.ics", "", "Destination", second+"a.ics", "As", "claire+calendar.read").want(t, 403, "need-privileges")
	s.do("MOVE", own+"a.ics", "", "Destination", second+"a.ics", "As", "claire+calendar.read").want(t, 403, "need-privileges")
	if _, err := s.store.Share(context.Background(), claire, calendar.Share{Calendar: "claire", To: toPaul, Level: calendar.LevelWrite}, share); err != nil {
		t.Fatal(err)
	}
	s.do("MOVE", pauls+"personal/mine.ics", "", "Destination", ofClaire+"mine.ics", "As", "paul").want(t, 201)
	s.do("GET", own+"mine.ics", "").want(t, 200, "UID:mine")
	s.do("GET", pauls+"personal/mine.ics", "", "As", "paul").want(t, 404)
	// What comes into a calendar that is shared is seen there as what was written there.
	s.do("GET", ofClaire+"mine.ics", "", "As", "paul").want(t, 200, "UID:mine")
	s.do("MKCALENDAR", pauls+"more/", "", "As", "paul").want(t, 201)
	s.do("MOVE", ofClaire+"private.ics", "", "Destination", pauls+"more/p.ics", "As", "paul").want(t, 403)
}
