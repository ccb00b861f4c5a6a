package probe

import (
	"net/http"
	"slices"
	"strings"
)

// objects are events, tasks and journals as files.
func objects() []Check {
	fresh := func(s *session, more ...string) (href, text string, put answer) {
		uid := s.name()
		href, text = s.simple()+uid+".ics", at(uid, "20260610T100000Z", more...)
		return href, text, s.me.do("PUT", href, text).want(201)
	}
	// kept puts an object and looks for each of its lines.
	kept := func(text string) func(*session) {
		return func(s *session) {
			uid := s.name()
			text := strings.ReplaceAll(text, "UID:u", "UID:"+uid)
			s.me.do("PUT", s.simple()+uid+".ics", text).want(201)
			got := s.me.do("GET", s.simple()+uid+".ics", "").want(200)
			hasLines(got, answer{body: text}.unfolded())
		}
	}
	etag := func(s *session, href string) string { return s.me.do("GET", href, "").want(200).header.Get("ETag") }
	all := []Check{
		{"", "a new object: 201", "RFC 4791 §5.3.2", func(s *session) { fresh(s) }},
		{"", "a changed object: 204", "RFC 4791 §5.3.2", func(s *session) {
			href, text, _ := fresh(s)
			s.me.do("PUT", href, strings.Replace(text, "SUMMARY:", "SUMMARY:x ", 1)).want(204, 200)
		}},
		{"", "PUT tells the ETag that GET tells", "RFC 4791 §5.3.4", func(s *session) {
			href, _, put := fresh(s)
			that(put.header.Get("ETag") != "" && put.header.Get("ETag") == etag(s, href), etag(s, href), put.header.Get("ETag"))
		}},
		{"", "the ETag is strong, and another after a change", "RFC 4791 §5.3.4", func(s *session) {
			href, text, _ := fresh(s)
			before := etag(s, href)
			s.me.do("PUT", href, strings.Replace(text, "SUMMARY:", "SUMMARY:x ", 1)).want(204, 200, 201)
			after := etag(s, href)
			that(before != after && strings.HasPrefix(after, `"`), "another strong one", before+" → "+after)
		}},
		{"", "getetag is the ETag", "RFC 4918 §15.6", func(s *session) {
			href, _, _ := fresh(s)
			r := s.me.propfind(href, "0", "getetag").only()
			that(r.props["getetag"].value() == etag(s, href), etag(s, href), r.props["getetag"].value())
		}},
		{"", "octets are kept", "clients", func(s *session) {
			href, text, _ := fresh(s, "DESCRIPTION:Été\\, \\n budget", "X-MOZ-GENERATION:4", "COLOR:turquoise")
			got := s.me.do("GET", href, "").want(200)
			that(got.body == text, "the same octets", got)
		}},
		{"", "alarms are kept", "RFC 5545 §3.6.6", kept(ical(vevent("u", "DTSTART:20260610T100000Z", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:r", "TRIGGER:-PT15M", "X-WR-ALARMUID:a", "END:VALARM")))},
		{"", "time zones are kept", "RFC 5545 §3.6.5", kept(ical(paris("Europe/Paris"), vevent("u", "DTSTART;TZID=Europe/Paris:20260610T100000", "DURATION:PT1H")))},
		{"", "unknown properties and parameters are kept", "RFC 4791 §5.3.3", kept(ical(vevent("u", "DTSTART:20260610T100000Z", `X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="1, rue":geo:48,2`, "IMAGE;VALUE=URI:https://x.example/i.png")))},
		{"", "a line folded inside of a character is kept", "RFC 5545 §3.1", kept(ical(vevent("u", "DTSTART:20260610T100000Z", "SUMMARY:caf\xc3\r\n \xa9")))},
		{"", "GET tells text/calendar", "RFC 4791 §5.3.4", func(s *session) {
			href, _, _ := fresh(s)
			a := s.me.do("GET", href, "")
			that(strings.HasPrefix(a.header.Get("Content-Type"), "text/calendar"), "text/calendar", a.header.Get("Content-Type"))
		}},
		{"", "HEAD is GET without a body", "RFC 7231 §4.3.2", func(s *session) {
			href, _, _ := fresh(s)
			a := s.me.do("HEAD", href, "").want(200)
			that(a.header.Get("ETag") == etag(s, href) && a.body == "", "an ETag and no body", a)
		}},
		{"", "GET with the ETag in If-None-Match: 304", "RFC 7232 §4.1", func(s *session) {
			href, _, _ := fresh(s)
			s.me.do("GET", href, "", "If-None-Match", etag(s, href)).want(304)
		}},
		{"", "an object is deleted", "RFC 4918 §9.6", func(s *session) {
			href, _, _ := fresh(s)
			s.me.do("DELETE", href, "").want(204, 200)
			s.me.do("GET", href, "").want(404)
			s.me.do("DELETE", href, "").want(404)
		}},
		{"", "iCalendar sent as text/xml is taken", "clients: old Outlook plugins", func(s *session) {
			uid := s.name()
			s.me.do("PUT", s.simple()+uid+".ics", at(uid, "20260610T100000Z"), "Content-Type", "text/xml").want(201)
		}},
		{"", "iCalendar without a Content-Type is taken", "clients", func(s *session) {
			uid := s.name()
			s.me.do("PUT", s.simple()+uid+".ics", at(uid, "20260610T100000Z"), "Content-Type", "").want(201)
		}},
		{"", "a name with a space, a percent and an accent", "RFC 3986 §2.1", func(s *session) {
			uid := s.name()
			href := s.simple() + "r%C3%A9union%20100%25%20" + uid + ".ics"
			s.me.do("PUT", href, at(uid, "20260610T100000Z")).want(201)
			r, found := s.me.propfind(s.simple(), "1", "getetag").responses()[pathOf(href)]
			that(found, href, "not listed")
			s.me.do("GET", r.href, "").want(200)
		}},
		{"", "a name without .ics", "RFC 4791 §5.3.2", func(s *session) {
			uid := s.name()
			s.me.do("PUT", s.simple()+uid, at(uid, "20260610T100000Z")).want(201)
			s.me.do("GET", s.simple()+uid, "").want(200)
		}},
		{"", "lines that end with LF alone are taken", "clients", func(s *session) {
			uid := s.name()
			s.me.do("PUT", s.simple()+uid+".ics", strings.ReplaceAll(at(uid, "20260610T100000Z"), "\r\n", "\n")).want(201)
		}},
		{"", "a task is stored", "RFC 4791 §4.1", kept(ical(component("VTODO", "u", "SUMMARY:à faire")))},
		{"", "a journal entry is stored", "RFC 4791 §4.1", kept(ical(component("VJOURNAL", "u", "DTSTART:20260610T100000Z", "SUMMARY:journal")))},
		{"", "exceptions without their series are stored", "RFC 4791 §4.1", kept(ical(vevent("u", "RECURRENCE-ID:20260610T100000Z", "DTSTART:20260610T110000Z", "DURATION:PT1H")))},
		{"", "PROPFIND depth 1 lists objects with type and length", "RFC 4918 §9.1", func(s *session) {
			href, text, _ := fresh(s)
			r := s.me.propfind(s.simple(), "1", "getetag getcontenttype getcontentlength").responses()[pathOf(href)]
			that(strings.HasPrefix(r.props["getcontenttype"].value(), "text/calendar"), "text/calendar", r.props["getcontenttype"].value())
			that(r.props["getcontentlength"].value() == itoa(len(text)), itoa(len(text)), r.props["getcontentlength"].value())
		}},
		{"", "getlastmodified is a date", "RFC 4918 §15.7", func(s *session) {
			href, _, _ := fresh(s)
			text := s.me.propfind(href, "0", "getlastmodified").only().props["getlastmodified"].value()
			_, err := http.ParseTime(text)
			that(err == nil, "an HTTP date", text)
		}},
		{"", "COPY into another calendar", "RFC 4918 §9.8", func(s *session) {
			href, _, _ := fresh(s)
			to := s.second() + s.name() + ".ics"
			s.me.do("COPY", href, "", "Destination", s.full(to)).want(201)
			that(s.me.do("GET", to, "").want(200).body == s.me.do("GET", href, "").body, "the same event", "another")
			s.me.do("GET", href, "").want(200)
		}},
		{"", "MOVE into another calendar", "RFC 4918 §9.9", func(s *session) {
			href, _, _ := fresh(s)
			before := etag(s, href)
			to := s.second() + s.name() + ".ics"
			s.me.do("MOVE", href, "", "Destination", s.full(to), "Overwrite", "F").want(201)
			that(s.me.do("GET", to, "").want(200).header.Get("ETag") == before, before, "another ETag")
			s.me.do("GET", href, "").want(404)
		}},
		{"", "a Destination by its path alone", "RFC 4918 §10.3", func(s *session) {
			href, _, _ := fresh(s)
			s.me.do("MOVE", href, "", "Destination", s.second()+s.name()+".ics").want(201)
		}},
		{"", "a Destination on another server: 502", "RFC 4918 §9.9.4", func(s *session) {
			href, _, _ := fresh(s)
			s.me.do("MOVE", href, "", "Destination", "https://elsewhere.example"+href).want(502)
		}},
		{"", "a Destination without a collection: 409", "RFC 4918 §9.9.4", func(s *session) {
			href, _, _ := fresh(s)
			s.me.do("MOVE", href, "", "Destination", s.full(s.me.home+s.name()+"/a.ics")).want(409)
		}},
		{"", "OPTIONS of an object allows what can be done", "RFC 7231 §7.4.1", func(s *session) {
			href, _, _ := fresh(s)
			a := s.me.do("OPTIONS", href, "").want(200, 204)
			allow := strings.Join(a.header.Values("Allow"), ",")
			for _, method := range []string{"GET", "PUT", "DELETE", "COPY", "MOVE", "PROPFIND"} {
				that(strings.Contains(allow, method), method, allow)
			}
		}},
	}
	return grouped("objects", all)
}

// hasLines fails a check unless the answer has all lines of a text, with their parameters in any order.
func hasLines(got answer, text string) {
	sorted := func(line string) string {
		parts := strings.FieldsFunc(strings.TrimSpace(line), func(r rune) bool { return r == ';' || r == ':' })
		slices.Sort(parts)
		return strings.Join(parts, ";")
	}
	there := map[string]bool{}
	for line := range strings.Lines(got.unfolded()) {
		there[sorted(line)] = true
	}
	for line := range strings.Lines(text) {
		that(there[sorted(line)], strings.TrimSpace(line), got)
	}
}

// preconditions are what must hold for a write.
func preconditions() []Check {
	fresh := func(s *session) (href, uid string) {
		uid = s.name()
		href = s.simple() + uid + ".ics"
		s.me.do("PUT", href, at(uid, "20260610T100000Z")).want(201)
		return href, uid
	}
	refused := func(text string, conditions ...string) func(*session) {
		return func(s *session) { s.me.do("PUT", s.calendar("")+s.name()+".ics", text).refused(conditions...) }
	}
	all := []Check{
		{"", "If-None-Match: * over something: 412", "RFC 4791 §5.3.2", func(s *session) {
			href, uid := fresh(s)
			s.me.do("PUT", href, at(uid, "20260611T100000Z"), "If-None-Match", "*").want(412)
		}},
		{"", "If-None-Match: * over nothing: 201", "RFC 4791 §5.3.2", func(s *session) {
			uid := s.name()
			s.me.do("PUT", s.simple()+uid+".ics", at(uid, "20260610T100000Z"), "If-None-Match", "*").want(201)
		}},
		{"", "If-Match of another state: 412, and nothing is written", "RFC 7232 §3.1", func(s *session) {
			href, uid := fresh(s)
			s.me.do("PUT", href, at(uid, "20260611T100000Z"), "If-Match", `"other"`).want(412)
			s.me.do("GET", href, "").holds("20260610T100000Z")
		}},
		{"", "If-Match of the state: written", "RFC 7232 §3.1", func(s *session) {
			href, uid := fresh(s)
			s.me.do("PUT", href, at(uid, "20260611T100000Z"), "If-Match", s.me.do("GET", href, "").header.Get("ETag")).want(204, 200, 201)
		}},
		{"", "If-Match where nothing is: 412", "RFC 7232 §3.1", func(s *session) {
			uid := s.name()
			s.me.do("PUT", s.simple()+uid+".ics", at(uid, "20260610T100000Z"), "If-Match", `"x"`).want(412)
		}},
		{"", "DELETE with If-Match of another state: 412", "RFC 7232 §3.1", func(s *session) {
			href, _ := fresh(s)
			s.me.do("DELETE", href, "", "If-Match", `"other"`).want(412)
			s.me.do("GET", href, "").want(200)
		}},
		{"", "an If header with another ETag: 412", "RFC 4918 §10.4", func(s *session) {
			href, uid := fresh(s)
			s.me.do("PUT", href, at(uid, "20260611T100000Z"), "If", `(["other"])`).want(412)
		}},
		{"", "a UID twice in a calendar: no-uid-conflict, with the address", "RFC 4791 §5.3.2.1", func(s *session) {
			href, uid := fresh(s)
			a := s.me.do("PUT", s.simple()+s.name()+".ics", at(uid, "20260610T100000Z")).refused("no-uid-conflict")
			that(pathOf(a.xml().find("href").value()) == pathOf(href), href, a)
		}},
		{"", "another UID over an object: no-uid-conflict", "RFC 4791 §5.3.2.1", func(s *session) {
			href, _ := fresh(s)
			s.me.do("PUT", href, at(s.name(), "20260610T100000Z")).refused("no-uid-conflict")
		}},
		{"", "MOVE beside the same UID: no-uid-conflict", "RFC 4791 §5.3.2.1", func(s *session) {
			href, uid := fresh(s)
			second := s.second()
			s.me.put(second, uid, at(uid, "20260610T100000Z"))
			s.me.do("MOVE", href, "", "Destination", s.second()+s.name()+".ics").refused("no-uid-conflict")
		}},
		{"", "MOVE with Overwrite: F over something: 412", "RFC 4918 §10.6", func(s *session) {
			href, _ := fresh(s)
			to, _ := fresh(s)
			s.me.do("MOVE", href, "", "Destination", s.full(to), "Overwrite", "F").want(412)
		}},
		{"", "no iCalendar: valid-calendar-data", "RFC 4791 §5.3.2.1", refused("hello", "valid-calendar-data", "supported-calendar-data")},
		{"", "two UIDs in one object: valid-calendar-object-resource", "RFC 4791 §5.3.2.1", refused(ical(vevent("a", "DTSTART:20260610T100000Z"), vevent("b", "DTSTART:20260610T100000Z")), "valid-calendar-object-resource")},
		{"", "an event and a task in one object: valid-calendar-object-resource", "RFC 4791 §5.3.2.1", refused(ical(vevent("a", "DTSTART:20260610T100000Z"), component("VTODO", "a")), "valid-calendar-object-resource")},
		{"", "a METHOD: valid-calendar-object-resource", "RFC 4791 §5.3.2.1", refused(strings.Replace(at("a", "20260610T100000Z"), "PRODID", "METHOD:REQUEST\r\nPRODID", 1), "valid-calendar-object-resource")},
		{"", "a task in a calendar of events: supported-calendar-component", "RFC 4791 §5.3.2.1", func(s *session) {
			only := s.keep("events", func() string {
				return s.calendar(`<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>`)
			})
			s.me.do("PUT", only+s.name()+".ics", ical(component("VTODO", s.name()))).refused("supported-calendar-component")
		}},
		{"", "an object beyond max-resource-size is refused for that", "RFC 4791 §5.3.2.1", func(s *session) {
			size := s.me.propfind(s.simple(), "0", "C:max-resource-size").only().props["max-resource-size"].value()
			that(size != "", "max-resource-size", "none")
			uid := s.name()
			filling := strings.Repeat("X-FILL:"+strings.Repeat("x", 70)+"\r\n", atoi(size)/79+10)
			a := s.me.do("PUT", s.simple()+uid+".ics", strings.Replace(at(uid, "20260610T100000Z"), "SUMMARY:", filling+"SUMMARY:", 1))
			if a.status != http.StatusRequestEntityTooLarge {
				a.refused("max-resource-size")
			}
		}},
	}
	return grouped("preconditions", all)
}
