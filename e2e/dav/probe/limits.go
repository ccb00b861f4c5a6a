package probe

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// limits is bad and strange input: it costs its sender a clear answer, and others nothing.
func limits() []Check {
	refused := func(text string, conditions ...string) func(*session) {
		return func(s *session) {
			if a := s.me.do("PUT", s.calendar("")+s.name()+".ics", text).quick(5); a.status != 400 {
				a.refused(conditions...)
			}
		}
	}
	// found puts an event and looks for it in a range.
	found := func(text, start, end string, is bool) func(*session) {
		return func(s *session) {
			made := s.calendar("")
			s.me.do("PUT", made+"u.ics", text).quick(5).want(201)
			names := s.me.events(made, start, end).quick(5).named(made)
			that(slices.Contains(names, "u") == is, fmt.Sprint("found: ", is), names)
		}
	}
	// survives puts an event, and others are still found.
	survives := func(text string) func(*session) {
		return func(s *session) {
			poisoned := s.calendar("")
			s.me.put(poisoned, "good", at("good", "20260610T100000Z"))
			s.me.do("PUT", poisoned+"bad.ics", text).quick(5).calm()
			names := s.me.events(poisoned, "20260610T000000Z", "20260611T000000Z").quick(5).named(poisoned)
			that(slices.Contains(names, "good"), "the good event", names)
		}
	}
	xml := func(method, body string, statuses ...int) func(*session) {
		return func(s *session) {
			s.me.do(method, s.simple(), body, "Depth", "0").quick(5).want(statuses...)
			s.me.propfind(s.simple(), "0", "displayname").quick(5).want(207)
		}
	}
	local := func(tzid string) string {
		return ical(vevent("u", "DTSTART;TZID="+tzid+":20260610T100000", "DURATION:PT1H"))
	}
	all := []Check{
		{"", "a zone by the name that Windows gives it", "clients: Outlook", found(local("Romance Standard Time"), "20260610T080000Z", "20260610T090000Z", true)},
		{"", "a zone by an address with its name at the end", "clients: Evolution", found(local("/freeassociation.sourceforge.net/Europe/Paris"), "20260610T080000Z", "20260610T090000Z", true)},
		{"", "a zone by X-LIC-LOCATION", "clients: Mozilla", found(ical(paris("Paris", "X-LIC-LOCATION:Europe/Paris\r\n"), vevent("u", "DTSTART;TZID=Paris:20260610T100000", "DURATION:PT1H")), "20260610T080000Z", "20260610T090000Z", true)},
		{"", "a zone of a name of its own, by its VTIMEZONE", "RFC 5545 §3.6.5", found(ical(paris("Chez moi"), vevent("u", "DTSTART;TZID=Chez moi:20260610T100000", "DURATION:PT1H")), "20260610T080000Z", "20260610T090000Z", true)},
		{"", "a zone that nobody knows stops no query", "RFC 5545 §3.6.5", survives(local("Nonesuch/Zone"))},
		{"", "EXDATE as a list", "RFC 5545 §3.8.5.1", found(ical(vevent("u", "DTSTART:20260610T200000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20260611T200000Z,20260612T200000Z,20260613T200000Z")), "20260612T200000Z", "20260612T210000Z", false)},
		{"", "a date that is none is refused", "RFC 5545 §3.3.4", refused(at("x", "20260231T100000Z"), "valid-calendar-data", "valid-calendar-object-resource")},
		{"", "TZID without a colon is refused", "RFC 5545 §3.1", refused(ical(vevent("x", "DTSTART;TZID=Europe/Paris")), "valid-calendar-data", "valid-calendar-object-resource")},
		{"", "an end before the start is refused", "RFC 5545 §3.6.1", refused(ical(vevent("x", "DTSTART:20260610T100000Z", "DTEND:20260609T100000Z")), "valid-calendar-data", "valid-calendar-object-resource")},
		{"", "an event without a start is refused", "RFC 5545 §3.6.1", refused(ical(vevent("x", "SUMMARY:x")), "valid-calendar-data", "valid-calendar-object-resource")},
		{"", "an event without a UID is refused", "RFC 4791 §4.1", refused(ical(lines("BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", "DTSTART:20260610T100000Z", "END:VEVENT")), "valid-calendar-data", "valid-calendar-object-resource")},
		{"", "an empty body is refused", "RFC 4791 §5.3.2.1", refused("", "valid-calendar-data", "supported-calendar-data")},
		{"", "a body that breaks off is refused", "RFC 4791 §5.3.2.1", refused("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:2026061", "valid-calendar-data", "supported-calendar-data")},
		{"", "a parameter of 1 MiB stops nobody", "limits", survives(ical(vevent("bad", `DTSTART;X-A="`+strings.Repeat("a", 1<<20)+`":20260610T100000Z`)))},
		{"", "every second since 1900 stops nobody", "limits", survives(ical(vevent("bad", "DTSTART:19000101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")))},
		{"", "every day since 1900 is found in time", "limits", found(ical(vevent("u", "DTSTART:19000101T200000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY")), "20260610T200000Z", "20260610T210000Z", true)},
		{"", "a rule that never happens stops nobody", "limits", survives(ical(vevent("bad", "DTSTART:20260101T000000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")))},
		{"", "expanding a hundred years of days is bounded", "limits", func(s *session) {
			made := s.calendar("")
			s.me.put(made, "days", ical(vevent("days", "DTSTART:19000101T000000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY")))
			s.me.query(made, `<C:comp-filter name="VEVENT">`+timeRange("19000101T000000Z", "20500101T000000Z")+`</C:comp-filter>`,
				`<C:calendar-data><C:expand start="19000101T000000Z" end="20500101T000000Z"/></C:calendar-data>`).quick(5).calm()
		}},
		{"", "XML that breaks off: 400", "RFC 4918 §8.2", xml("PROPFIND", "<propfind", 400)},
		{"", "200,000 elements in each other", "limits", xml("PROPFIND", strings.Repeat("<a>", 200_000)+strings.Repeat("</a>", 200_000), 400, 403, 413, 422)},
		{"", "entities of entities", "limits", xml("PROPFIND", `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><propfind xmlns="DAV:"><prop><displayname>&c;</displayname></prop></propfind>`, 400, 403, 422)},
		{"", "an entity that reads a file", "limits", func(s *session) {
			made := s.calendar("")
			s.me.do("PROPPATCH", made, `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><propertyupdate xmlns="DAV:"><set><prop><displayname>&x;</displayname></prop></set></propertyupdate>`).calm().lacks("root:")
			s.me.propfind(made, "0", "displayname").want(207).lacks("root:")
		}},
		{"", "Depth: infinity is refused", "limits", func(s *session) {
			s.me.propfind(s.me.home, "infinity", "displayname").want(403).refused("propfind-finite-depth")
		}},
		{"", "5,001 addresses in a multiget", "limits", func(s *session) {
			hrefs := make([]string, 5001)
			for i := range hrefs {
				hrefs[i] = fmt.Sprintf("%sn%d.ics", s.simple(), i)
			}
			s.me.do("REPORT", s.simple(), `<C:calendar-multiget `+spaces+`><prop><getetag/></prop><href>`+strings.Join(hrefs, "</href><href>")+`</href></C:calendar-multiget>`, "Depth", "1").quick(10).calm()
		}},
		{"", "a name that climbs", "RFC 3986 §3.3", func(s *session) {
			s.me.do("PUT", s.simple()+"..%2f..%2fx.ics", at("x", "20260610T100000Z")).calm().want(400, 403, 404, 405, 409)
		}},
		{"", "a name with a NUL", "RFC 3986 §7.3", func(s *session) {
			s.me.do("PUT", s.simple()+"a%00b.ics", at("x", "20260610T100000Z")).calm().want(400, 403, 404, 405, 409)
		}},
		{"", "a part of an object can't be written", "RFC 7231 §4.3.4", func(s *session) {
			uid := s.name()
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			s.me.do("PUT", s.simple()+uid+".ics", at(uid, "20260611T100000Z"), "Content-Range", "bytes 0-9/100").want(400, 403, 501)
		}},
	}
	return grouped("limits", all)
}

// concurrency is several clients at once.
func concurrency() []Check {
	// race sends requests at the same time, and counts those that answer so.
	race := func(n int, one func(i int) answer, statuses ...int) (count int) {
		var group sync.WaitGroup
		all := make([]answer, n)
		for i := range n {
			group.Go(func() {
				defer func() {
					if end := recover(); end != nil {
						all[i].body = fmt.Sprint(end)
					}
				}()
				all[i] = one(i)
			})
		}
		group.Wait()
		for _, a := range all {
			that(a.status != 0 && a.status < 500, "an answer that is no failure", a)
			if slices.Contains(statuses, a.status) {
				count++
			}
		}
		return count
	}
	all := []Check{
		{"", "two clients change one event: the second hears of it", "RFC 7232 §3.1", func(s *session) {
			uid := s.name()
			href := s.simple() + uid + ".ics"
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			etag := s.me.do("GET", href, "").header.Get("ETag")
			n := race(10, func(i int) answer {
				return s.me.do("PUT", href, at(uid, fmt.Sprintf("202606%02dT100000Z", 11+i)), "If-Match", etag)
			}, 204, 200, 201)
			that(n == 1, "one of ten", n)
		}},
		{"", "ten clients make one event: one does", "RFC 7232 §3.2", func(s *session) {
			uid := s.name()
			n := race(10, func(i int) answer {
				return s.me.do("PUT", s.simple()+uid+".ics", at(uid, "20260610T100000Z", fmt.Sprint("X-BY:", i)), "If-None-Match", "*")
			}, 201)
			that(n == 1, "one of ten", n)
		}},
		{"", "one UID under ten names: one is there", "RFC 4791 §5.3.2.1", func(s *session) {
			uid := s.name()
			n := race(10, func(i int) answer {
				return s.me.do("PUT", fmt.Sprint(s.simple(), uid, "-", i, ".ics"), at(uid, "20260610T100000Z"))
			}, 201)
			that(n == 1, "one of ten", n)
		}},
		{"", "a stale delete: 412, and the event stays", "RFC 7232 §3.1", func(s *session) {
			uid := s.name()
			href := s.simple() + uid + ".ics"
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			stale := s.me.do("GET", href, "").header.Get("ETag")
			s.me.put(s.simple(), uid, at(uid, "20260611T100000Z"))
			s.me.do("DELETE", href, "", "If-Match", stale).want(412)
			s.me.do("GET", href, "").want(200)
		}},
		{"", "a UID in two calendars is two events", "RFC 4791 §5.3.2.1", func(s *session) {
			uid := s.name()
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			second := s.second()
			s.me.do("PUT", second+uid+".ics", at(uid, "20260611T100000Z")).want(201)
			s.me.do("GET", s.simple()+uid+".ics", "").want(200).holds("20260610T100000Z")
		}},
		{"", "forty writes at once are all told by a sync", "RFC 6578 §3.5", func(s *session) {
			made := s.calendar("")
			token := s.me.sync(made, "", "").token()
			n := race(40, func(i int) answer {
				return s.me.do("PUT", fmt.Sprint(made, "w", i, ".ics"), at(fmt.Sprint("w", i), "20260610T100000Z"))
			}, 201)
			that(n == 40, "forty", n)
			told := len(s.me.sync(made, token, "").named(made))
			that(told == 40, "forty told", told)
		}},
	}
	return grouped("concurrency", all)
}
