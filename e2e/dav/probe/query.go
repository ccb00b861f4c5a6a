package probe

import (
	"slices"
	"strings"
)

// asked is the calendar that queries ask, made once. Its agenda is in Paris.
func asked(s *session) string {
	return s.keep("asked", func() string {
		zone := strings.ReplaceAll(ical(paris("Europe/Paris")), "\r", "&#13;")
		made := s.calendar("<C:calendar-timezone>" + zone + "</C:calendar-timezone>")
		in := func(text string) string { return paris("Europe/Paris") + text }
		for name, components := range map[string]string{
			"once": vevent("once", "DTSTART:20260610T100000Z", "DTEND:20260610T110000Z", "SUMMARY:Réunion du budget", "CATEGORIES:TRAVAIL,Conseil",
				"LOCATION:Salle A", "X-CANARY:oui", "ATTENDEE;PARTSTAT=ACCEPTED;CN=Anne:mailto:anne@elsewhere.example"),
			"paris":    in(vevent("paris", "DTSTART;TZID=Europe/Paris:20260611T000000", "DTEND;TZID=Europe/Paris:20260611T010000", "SUMMARY:Minuit")),
			"day":      vevent("day", "DTSTART;VALUE=DATE:20260612", "DTEND;VALUE=DATE:20260613", "SUMMARY:Jour"),
			"oneday":   vevent("oneday", "DTSTART;VALUE=DATE:20260614", "SUMMARY:Sans fin"),
			"instant":  vevent("instant", "DTSTART:20260615T120000Z", "SUMMARY:Instant"),
			"floating": vevent("floating", "DTSTART:20260616T120000", "DTEND:20260616T130000", "SUMMARY:Flottant"),
			"lasting":  vevent("lasting", "DTSTART:20260617T100000Z", "DURATION:PT2H", "SUMMARY:Durée"),
			"weekly": in(vevent("weekly", "DTSTART;TZID=Europe/Paris:20260105T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=MO", "EXDATE;TZID=Europe/Paris:20260622T090000", "SUMMARY:Hebdo") +
				vevent("weekly", "RECURRENCE-ID;TZID=Europe/Paris:20260629T090000", "DTSTART;TZID=Europe/Paris:20260630T150000", "DURATION:PT1H", "SUMMARY:Déplacée")),
			"count":   vevent("count", "DTSTART:20260701T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "SUMMARY:Trois"),
			"until":   vevent("until", "DTSTART:20260710T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260712T080000Z", "SUMMARY:Jusque"),
			"rdate":   vevent("rdate", "DTSTART:20260720T080000Z", "DURATION:PT1H", "RDATE:20260725T080000Z", "SUMMARY:Deux"),
			"yearly":  vevent("yearly", "DTSTART;VALUE=DATE:19900714", "RRULE:FREQ=YEARLY", "SUMMARY:Fête"),
			"alarmed": vevent("alarmed", "DTSTART:20260801T080000Z", "DURATION:PT1H", "SUMMARY:Réveil", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:r", "TRIGGER:-PT1H", "END:VALARM"),
			"long":    vevent("long", "DTSTART:20260805T000000Z", "DTEND:20260820T000000Z", "SUMMARY:Long"),
			"due":     component("VTODO", "due", "DUE:20260905T100000Z", "SUMMARY:Échéance"),
			"begun":   component("VTODO", "begun", "DTSTART:20260906T100000Z", "DUE:20260906T120000Z", "SUMMARY:Début"),
			"done":    component("VTODO", "done", "CREATED:20260901T000000Z", "COMPLETED:20260907T100000Z", "STATUS:COMPLETED", "SUMMARY:Fait"),
			"bare":    component("VTODO", "bare", "SUMMARY:Un jour"),
			"journal": component("VJOURNAL", "journal", "DTSTART:20260915T100000Z", "SUMMARY:Journal"),
		} {
			s.me.put(made, name, ical(components))
		}
		return made
	})
}

// answers compares what a query finds with names; "=" before them: these and no others.
func answers(s *session, a answer, found, absent string) {
	names := a.named(asked(s))
	for name := range strings.FieldsSeq(found) {
		that(slices.Contains(names, name), "found: "+name, names)
	}
	for name := range strings.FieldsSeq(absent) {
		that(!slices.Contains(names, name), "not found: "+name, names)
	}
}

// queries are the reports of RFC 4791 that look for objects.
func queries() []Check {
	ranged := func(name, start, end, found, absent string) Check {
		return Check{"", "range: " + name, "RFC 4791 §9.9", func(s *session) { answers(s, s.me.events(asked(s), start, end), found, absent) }}
	}
	filtered := func(name, source, filter, found, absent string) Check {
		return Check{"", name, source, func(s *session) { answers(s, s.me.query(asked(s), filter), found, absent) }}
	}
	prop := func(inner string) string { return `<C:comp-filter name="VEVENT">` + inner + `</C:comp-filter>` }
	text := func(property, attributes, value string) string {
		return prop(`<C:prop-filter name="` + property + `"><C:text-match ` + attributes + `>` + value + `</C:text-match></C:prop-filter>`)
	}
	todo := func(start, end string) string {
		return `<C:comp-filter name="VTODO">` + timeRange(start, end) + `</C:comp-filter>`
	}
	expanded := func(start, end, zone string) func(s *session) answer {
		return func(s *session) answer {
			return s.me.query(asked(s), prop(timeRange(start, end)), `<C:calendar-data><C:expand start="`+start+`" end="`+end+`"/></C:calendar-data>`, zone)
		}
	}
	data := func(s *session, a answer, name string) string {
		for at, r := range a.responses() {
			if strings.HasSuffix(at, "/"+name+".ics") {
				return strings.NewReplacer("\r\n ", "", "\n ", "", "\r", "").Replace(r.props["calendar-data"].value())
			}
		}
		panic(failure{"data of " + name, a.String()})
	}
	all := []Check{
		ranged("an event that fills it", "20260610T100000Z", "20260610T110000Z", "once", "paris day"),
		ranged("half-open: it ends when the event begins", "20260610T090000Z", "20260610T100000Z", "", "once"),
		ranged("half-open: it begins when the event ends", "20260610T110000Z", "20260610T120000Z", "", "once"),
		ranged("within the event", "20260610T101500Z", "20260610T103000Z", "once", ""),
		ranged("a start alone", "20260804T000000Z", "", "long weekly yearly", "once alarmed count"),
		ranged("an end alone", "", "20260611T000000Z", "once paris yearly weekly", "day long"),
		ranged("a time of a zone", "20260610T220000Z", "20260610T230000Z", "paris", "day"),
		ranged("a time of a zone is not one of UTC", "20260611T000000Z", "20260611T010000Z", "", "paris"),
		ranged("a whole day", "20260612T100000Z", "20260612T110000Z", "day", "oneday"),
		ranged("a whole day begins in the agenda's own zone", "20260611T223000Z", "20260611T230000Z", "day", ""),
		ranged("a whole day ends in the agenda's own zone", "20260612T223000Z", "20260612T230000Z", "", "day"),
		ranged("a day without an end lasts one", "20260614T120000Z", "20260614T130000Z", "oneday", ""),
		ranged("an instant at its start", "20260615T120000Z", "20260615T130000Z", "instant", ""),
		ranged("an instant at its end", "20260615T110000Z", "20260615T120000Z", "", "instant"),
		ranged("a time without a zone, in the agenda's own", "20260616T100000Z", "20260616T103000Z", "floating", ""),
		ranged("a time without a zone is not one of UTC", "20260616T120000Z", "20260616T130000Z", "", "floating"),
		ranged("a DURATION", "20260617T113000Z", "20260617T120000Z", "lasting", ""),
		ranged("an instance of a series", "20260615T070000Z", "20260615T080000Z", "weekly", ""),
		ranged("a date that was taken out", "20260622T070000Z", "20260622T080000Z", "", "weekly"),
		ranged("an instance where it was moved to", "20260630T130000Z", "20260630T140000Z", "weekly", ""),
		ranged("an instance where it was moved from", "20260629T070000Z", "20260629T080000Z", "", "weekly"),
		ranged("the last of COUNT", "20260703T080000Z", "20260703T090000Z", "count", ""),
		ranged("after COUNT", "20260704T080000Z", "20260704T090000Z", "", "count"),
		ranged("UNTIL is included", "20260712T080000Z", "20260712T090000Z", "until", ""),
		ranged("after UNTIL", "20260713T080000Z", "20260713T090000Z", "", "until"),
		ranged("RDATE", "20260725T080000Z", "20260725T090000Z", "rdate", ""),
		ranged("a series without end, in a hundred years", "20990714T060000Z", "20990714T070000Z", "yearly", "once"),
		ranged("in winter the series is at the other hour of UTC", "20261102T080000Z", "20261102T090000Z", "weekly", ""),
		ranged("in winter it is not at the hour of summer", "20261102T070000Z", "20261102T080000Z", "", "weekly"),
		ranged("an event around it", "20260810T000000Z", "20260811T000000Z", "long", ""),
		filtered("a range of tasks: DUE alone", "RFC 4791 §9.9", todo("20260905T093000Z", "20260905T100000Z"), "due bare", "begun"),
		filtered("a range of tasks: from DTSTART to DUE", "RFC 4791 §9.9", todo("20260906T110000Z", "20260906T113000Z"), "begun bare", "due"),
		filtered("a range of tasks: between CREATED and COMPLETED", "RFC 4791 §9.9", todo("20260904T000000Z", "20260904T010000Z"), "done bare", "begun due"),
		filtered("a range of tasks: after COMPLETED", "RFC 4791 §9.9", todo("20260908T000000Z", "20260908T010000Z"), "bare", "begun due done"),
		filtered("a range of journal entries", "RFC 4791 §9.9", `<C:comp-filter name="VJOURNAL">`+timeRange("20260915T000000Z", "20260916T000000Z")+`</C:comp-filter>`, "journal", "bare"),
		filtered("a range of alarms", "RFC 4791 §9.9", prop(`<C:comp-filter name="VALARM">`+timeRange("20260801T065900Z", "20260801T070100Z")+`</C:comp-filter>`), "alarmed", "once long"),
		filtered("a range of alarms, at the hour of the event", "RFC 4791 §9.9", prop(`<C:comp-filter name="VALARM">`+timeRange("20260801T080000Z", "20260801T090000Z")+`</C:comp-filter>`), "", "alarmed"),
		filtered("one kind of component", "RFC 4791 §9.7.1", `<C:comp-filter name="VTODO"/>`, "due begun done bare", "once journal"),
		filtered("everything", "RFC 4791 §9.7.1", ``, "once due journal", ""),
		filtered("a text within a property", "RFC 4791 §9.7.5", text("SUMMARY", "", "budget"), "once", "paris"),
		filtered("case does not matter by default", "RFC 4791 §7.5", text("SUMMARY", "", "BUDGET"), "once", "paris"),
		filtered("i;octet minds the case", "RFC 4791 §7.5", text("SUMMARY", `collation="i;octet"`, "BUDGET"), "", "once"),
		filtered("a text that must not be there", "RFC 4791 §9.7.5", text("SUMMARY", `negate-condition="yes"`, "budget"), "paris day", "once"),
		filtered("a text of a list", "RFC 4791 §9.7.5", text("CATEGORIES", "", "conseil"), "once", "paris"),
		filtered("a property that must not be there", "RFC 4791 §9.7.4", prop(`<C:prop-filter name="LOCATION"><C:is-not-defined/></C:prop-filter>`), "paris day", "once"),
		filtered("a property that must be there", "RFC 4791 §9.7.2", prop(`<C:prop-filter name="X-CANARY"/>`), "once", "paris"),
		filtered("a range of a property", "RFC 4791 §9.7.2", prop(`<C:prop-filter name="DTSTART">`+timeRange("20260610T000000Z", "20260611T000000Z")+`</C:prop-filter>`), "once", "lasting long"),
		filtered("a parameter", "RFC 4791 §9.7.3", prop(`<C:prop-filter name="ATTENDEE"><C:param-filter name="PARTSTAT"><C:text-match>ACCEPTED</C:text-match></C:param-filter></C:prop-filter>`), "once", "paris"),
		filtered("a parameter that must not be there", "RFC 4791 §9.7.3", prop(`<C:prop-filter name="ATTENDEE"><C:param-filter name="CN"><C:is-not-defined/></C:param-filter></C:prop-filter>`), "", "once"),
		filtered("two filters must both hold", "RFC 4791 §9.7.1", prop(`<C:prop-filter name="X-CANARY"/><C:prop-filter name="LOCATION"><C:is-not-defined/></C:prop-filter>`), "", "once paris"),
		filtered("events with an alarm", "RFC 4791 §9.7.1", prop(`<C:comp-filter name="VALARM"/>`), "alarmed", "once"),
		filtered("events without an alarm", "RFC 4791 §9.7.1", prop(`<C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter>`), "once", "alarmed"),
		filtered("i;unicode-casemap knows accents", "RFC 5051", text("SUMMARY", `collation="i;unicode-casemap"`, "RÉUNION"), "once", "paris"),
		filtered("i;ascii-casemap knows no accents", "RFC 4790 §9.2", text("SUMMARY", `collation="i;ascii-casemap"`, "RÉUNION"), "", "once"),
		{"", "Depth: 0 asks about the calendar alone", "RFC 4791 §7.8", func(s *session) {
			a := s.me.do("REPORT", asked(s), `<C:calendar-query `+spaces+`><prop><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`, "Depth", "0")
			answers(s, a, "", "once")
		}},
		{"", "a query of one object", "RFC 4791 §7", func(s *session) {
			found := s.me.query(asked(s)+"once.ics", prop(timeRange("20260610T000000Z", "20260611T000000Z"))).responses()
			not := s.me.query(asked(s)+"once.ics", prop(timeRange("20260611T000000Z", "20260612T000000Z"))).responses()
			that(len(found) == 1 && len(not) == 0, "the object when it passes", found)
		}},
		{"", "a multiget at an object", "RFC 4791 §7", func(s *session) {
			s.me.do("REPORT", asked(s)+"once.ics", `<C:calendar-multiget `+spaces+`><prop><C:calendar-data/></prop><href>`+asked(s)+`once.ics</href></C:calendar-multiget>`).want(207).holds("UID:once")
		}},
		{"", "allprop in a report", "RFC 4791 §9.5", func(s *session) {
			a := s.me.do("REPORT", asked(s), `<C:calendar-query `+spaces+`><allprop/><C:filter><C:comp-filter name="VCALENDAR">`+prop(timeRange("20260610T100000Z", "20260610T110000Z"))+`</C:comp-filter></C:filter></C:calendar-query>`, "Depth", "1")
			that(a.responses()[pathOf(asked(s)+"once.ics")].props["getetag"] != nil, "getetag", a)
		}},
		{"", "multiget: an address escaped in another way", "RFC 3986 §6.2.2", func(s *session) {
			made := s.calendar("")
			s.me.do("PUT", made+"a@b.ics", at("u", "20260610T100000Z")).want(201)
			for _, name := range []string{"a@b.ics", "a%40b.ics"} {
				s.me.do("REPORT", made, `<C:calendar-multiget `+spaces+`><prop><C:calendar-data/></prop><href>`+made+name+`</href></C:calendar-multiget>`, "Depth", "1").want(207).holds("UID:u")
			}
		}},
		{"", "multiget: expand", "RFC 4791 §9.6.5", func(s *session) {
			a := s.me.do("REPORT", asked(s), `<C:calendar-multiget `+spaces+`><prop><C:calendar-data><C:expand start="20260701T000000Z" end="20260702T000000Z"/></C:calendar-data></prop><href>`+
				asked(s)+`count.ics</href></C:calendar-multiget>`, "Depth", "1").want(207)
			a.holds("DTSTART:20260701T080000Z").lacks("RRULE")
		}},
		{"", "the query's own time zone", "RFC 4791 §9.8", func(s *session) {
			zone := "<C:timezone>" + strings.ReplaceAll(ical(newYork()), "\r", "&#13;") + "</C:timezone>"
			early := s.me.query(asked(s), prop(timeRange("20260612T010000Z", "20260612T020000Z")), "", zone)
			answers(s, early, "", "day")
			late := s.me.query(asked(s), prop(timeRange("20260613T010000Z", "20260613T020000Z")), "", zone)
			answers(s, late, "day", "")
		}},
		{"", "expand: instances in UTC, without a rule", "RFC 4791 §9.6.5", func(s *session) {
			text := data(s, expanded("20260608T000000Z", "20260616T000000Z", "")(s), "weekly")
			for _, want := range []string{"DTSTART:20260608T070000Z", "DTSTART:20260615T070000Z", "RECURRENCE-ID:20260608T070000Z"} {
				that(strings.Contains(text, want), want, text)
			}
			that(!strings.Contains(text, "RRULE") && !strings.Contains(text, "VTIMEZONE"), "no RRULE, no VTIMEZONE", text)
		}},
		{"", "expand: exceptions as they are, without what was taken out", "RFC 4791 §9.6.5", func(s *session) {
			text := data(s, expanded("20260622T000000Z", "20260701T000000Z", "")(s), "weekly")
			that(strings.Contains(text, "SUMMARY:Déplacée") && strings.Contains(text, "DTSTART:20260630T130000Z"), "the moved instance", text)
			that(strings.Count(text, "BEGIN:VEVENT") == 1, "one instance", text)
		}},
		{"", "expand: days stay days", "RFC 4791 §9.6.5", func(s *session) {
			text := data(s, expanded("20260713T000000Z", "20260716T000000Z", "")(s), "yearly")
			that(strings.Contains(text, "VALUE=DATE:20260714"), "DTSTART;VALUE=DATE:20260714", text)
		}},
		{"", "limit-recurrence-set leaves out other exceptions", "RFC 4791 §9.6.6", func(s *session) {
			ask := func(start, end string) string {
				return data(s, s.me.query(asked(s), prop(timeRange(start, end)), `<C:calendar-data><C:limit-recurrence-set start="`+start+`" end="`+end+`"/></C:calendar-data>`), "weekly")
			}
			with, without := ask("20260629T000000Z", "20260701T000000Z"), ask("20260601T000000Z", "20260610T000000Z")
			that(strings.Contains(with, "Déplacée") && strings.Contains(with, "RRULE"), "the series with its exception", with)
			that(!strings.Contains(without, "Déplacée") && strings.Contains(without, "RRULE"), "the series alone", without)
		}},
		{"", "parts of the data", "RFC 4791 §9.6", func(s *session) {
			wanted := `<C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="UID"/><C:prop name="SUMMARY"/></C:comp></C:comp></C:calendar-data>`
			text := data(s, s.me.query(asked(s), prop(timeRange("20260610T100000Z", "20260610T110000Z")), wanted), "once")
			that(strings.Contains(text, "SUMMARY:Réunion du budget") && !strings.Contains(text, "LOCATION") && !strings.Contains(text, "DTSTART"), "UID and SUMMARY alone", text)
		}},
		{"", "a query without data has none", "RFC 4791 §7.8", func(s *session) {
			s.me.events(asked(s), "20260610T100000Z", "20260610T110000Z").want(207).holds("getetag").lacks("BEGIN:VCALENDAR")
		}},
		{"", "a filter that is missing: valid-filter", "RFC 4791 §7.8", func(s *session) {
			a := s.me.do("REPORT", asked(s), `<C:calendar-query `+spaces+`><prop><getetag/></prop></C:calendar-query>`, "Depth", "1")
			if a.status != 400 {
				a.refused("valid-filter")
			}
		}},
		{"", "a range that is none: valid-filter", "RFC 4791 §7.8", func(s *session) {
			a := s.me.events(asked(s), "tomorrow", "")
			if a.status != 400 {
				a.refused("valid-filter")
			}
		}},
		{"", "a collation that is not known: supported-collation", "RFC 4791 §7.5", func(s *session) {
			s.me.query(asked(s), text("SUMMARY", `collation="i;nonesuch"`, "a")).refused("supported-collation")
		}},
		{"", "a report that is not known: supported-report", "RFC 3253 §3.6", func(s *session) {
			s.me.do("REPORT", asked(s), `<nonesuch `+spaces+`/>`, "Depth", "1").refused("supported-report")
		}},
		{"", "multiget: data and ETag of each", "RFC 4791 §7.9", func(s *session) {
			for _, name := range []string{"once", "day"} {
				r := multiget(s, asked(s)+"once.ics", asked(s)+"day.ics").responses()[pathOf(asked(s)+name+".ics")]
				that(r.props["getetag"].value() != "" && strings.Contains(r.props["calendar-data"].value(), "UID:"+name), "both", r)
			}
		}},
		{"", "multiget: what is not there is 404", "RFC 4791 §7.9", func(s *session) {
			a := multiget(s, asked(s)+"once.ics", asked(s)+"nonesuch.ics")
			r := a.responses()[pathOf(asked(s)+"nonesuch.ics")]
			that(r.status == 404, "404", a)
		}},
		{"", "multiget: addresses with the host", "RFC 4918 §8.3", func(s *session) {
			a := multiget(s, s.full(asked(s)+"once.ics")).want(207)
			a.holds("UID:once")
		}},
	}
	return grouped("query", all)
}

func multiget(s *session, hrefs ...string) answer {
	return s.me.do("REPORT", asked(s), `<C:calendar-multiget `+spaces+`><prop><getetag/><C:calendar-data/></prop><href>`+strings.Join(hrefs, "</href><href>")+
		`</href></C:calendar-multiget>`, "Depth", "1")
}

// syncs are RFC 6578.
func syncs() []Check {
	filled := func(s *session, n int) string {
		made := s.calendar("")
		for i := range n {
			s.me.put(made, "e"+itoa(i), at("e"+itoa(i), "20260610T100000Z"))
		}
		return made
	}
	all := []Check{
		{"", "an empty token tells everything, with ETags", "RFC 6578 §3.4", func(s *session) {
			made := filled(s, 3)
			a := s.me.sync(made, "", "")
			that(len(a.named(made)) == 3, "three objects", a)
			for _, r := range a.responses() {
				that(r.props["getetag"].value() != "", "an ETag", r)
			}
			a.token()
		}},
		{"", "a new object", "RFC 6578 §3.5.1", func(s *session) {
			made := filled(s, 2)
			token := s.me.sync(made, "", "").token()
			s.me.put(made, "new", at("new", "20260610T100000Z"))
			a := s.me.sync(made, token, "")
			that(slices.Equal(a.named(made), []string{"new"}), "new alone", a)
		}},
		{"", "a changed object", "RFC 6578 §3.5.1", func(s *session) {
			made := filled(s, 2)
			token := s.me.sync(made, "", "").token()
			s.me.put(made, "e1", at("e1", "20260611T100000Z"))
			a := s.me.sync(made, token, "")
			that(slices.Equal(a.named(made), []string{"e1"}), "e1 alone", a)
		}},
		{"", "a deleted object is 404", "RFC 6578 §3.5.2", func(s *session) {
			made := filled(s, 2)
			token := s.me.sync(made, "", "").token()
			s.me.do("DELETE", made+"e0.ics", "").want(204, 200)
			r := s.me.sync(made, token, "").responses()
			that(len(r) == 1 && r[pathOf(made+"e0.ics")].status == 404, "404 for e0", r)
		}},
		{"", "what was made and deleted meanwhile is not told as there", "RFC 6578 §3.5.2", func(s *session) {
			made := filled(s, 1)
			token := s.me.sync(made, "", "").token()
			s.me.put(made, "brief", at("brief", "20260610T100000Z"))
			s.me.do("DELETE", made+"brief.ics", "").want(204, 200)
			a := s.me.sync(made, token, "")
			that(len(a.named(made)) == 0, "nothing that is there", a)
		}},
		{"", "no change: nothing, and a token", "RFC 6578 §3.4", func(s *session) {
			made := filled(s, 1)
			a := s.me.sync(made, s.me.sync(made, "", "").token(), "")
			that(len(a.responses()) == 0 && a.token() != "", "nothing", a)
		}},
		{"", "a limit: 507 for the collection, and all in the end", "RFC 6578 §3.6", func(s *session) {
			made := filled(s, 5)
			seen, token := map[string]bool{}, ""
			for range 10 {
				a := s.me.sync(made, token, "<limit><nresults>2</nresults></limit>")
				found := a.named(made)
				that(len(found) <= 2, "two at the most", a)
				for _, name := range found {
					seen[name] = true
				}
				token = a.token()
				if a.responses()[pathOf(made)].status != 507 {
					break
				}
			}
			that(len(seen) == 5, "five objects", seen)
		}},
		{"", "a token that is none: valid-sync-token", "RFC 6578 §3.2", func(s *session) {
			s.me.sync(s.simple(), "urn:nonesuch:1", "").refused("valid-sync-token")
		}},
		{"", "Depth 1, as older clients say", "clients", func(s *session) {
			made := filled(s, 1)
			a := s.me.do("REPORT", made, `<sync-collection `+spaces+`><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`, "Depth", "1")
			that(len(a.named(made)) == 1, "one object", a)
		}},
		{"", "the property is the report's token", "RFC 6578 §4", func(s *session) {
			made := filled(s, 1)
			property := s.me.propfind(made, "0", "sync-token").only().props["sync-token"].value()
			s.me.put(made, "more", at("more", "20260610T100000Z"))
			a := s.me.sync(made, property, "")
			that(slices.Equal(a.named(made), []string{"more"}), "more alone", a)
		}},
		{"", "MOVE: 404 where it was, told where it is", "RFC 6578 §3.5", func(s *session) {
			from, to := filled(s, 1), filled(s, 0)
			before, after := s.me.sync(from, "", "").token(), s.me.sync(to, "", "").token()
			s.me.do("MOVE", from+"e0.ics", "", "Destination", s.full(to+"e0.ics")).want(201)
			that(s.me.sync(from, before, "").responses()[pathOf(from+"e0.ics")].status == 404, "404", "none")
			that(len(s.me.sync(to, after, "").named(to)) == 1, "one object", "none")
		}},
	}
	return grouped("sync", all)
}

// freeBusy is when somebody is taken.
func freeBusy() []Check {
	busy := func(s *session) string {
		return s.keep("busy", func() string {
			made := s.calendar("")
			s.me.put(made, "taken", at("taken", "20260610T100000Z", "DESCRIPTION:secret-word"))
			s.me.put(made, "free", at("free", "20260610T120000Z", "TRANSP:TRANSPARENT"))
			s.me.put(made, "off", at("off", "20260610T140000Z", "STATUS:CANCELLED"))
			s.me.put(made, "perhaps", at("perhaps", "20260610T160000Z", "STATUS:TENTATIVE"))
			s.me.put(made, "daily", at("daily", "20260601T180000Z", "RRULE:FREQ=DAILY"))
			return made
		})
	}
	ask := func(s *session) answer {
		return s.me.do("REPORT", busy(s), `<C:free-busy-query `+spaces+`>`+timeRange("20260610T000000Z", "20260611T000000Z")+`</C:free-busy-query>`, "Depth", "1").want(200)
	}
	period := func(start string) []string {
		hour := atoi(start[9:11])
		return []string{start + "/PT1H", start + "/" + start[:9] + itoa(hour+1) + "0000Z"}
	}
	tells := func(start string, told bool) func(*session) {
		return func(s *session) {
			text := ask(s).unfolded()
			found := slices.ContainsFunc(period(start), func(p string) bool { return strings.Contains(text, p) })
			that(found == told, start+" told: "+map[bool]string{true: "yes", false: "no"}[told], text)
		}
	}
	all := []Check{
		{"", "the answer is a VFREEBUSY", "RFC 4791 §7.10", func(s *session) {
			a := ask(s).holds("BEGIN:VFREEBUSY")
			that(strings.HasPrefix(a.header.Get("Content-Type"), "text/calendar"), "text/calendar", a.header.Get("Content-Type"))
		}},
		{"", "an event takes time", "RFC 4791 §7.10", tells("20260610T100000Z", true)},
		{"", "a transparent one does not", "RFC 4791 §7.10", tells("20260610T120000Z", false)},
		{"", "a cancelled one does not", "RFC 4791 §7.10", tells("20260610T140000Z", false)},
		{"", "a tentative one is told as such", "RFC 4791 §7.10", func(s *session) { ask(s).holds("FBTYPE=BUSY-TENTATIVE") }},
		{"", "a series takes time at each instance", "RFC 4791 §7.10", tells("20260610T180000Z", true)},
		{"", "a whole day is one of the agenda's own zone", "RFC 4791 §7.10", func(s *session) {
			zone := strings.ReplaceAll(ical(paris("Europe/Paris")), "\r", "&#13;")
			made := s.calendar("<C:calendar-timezone>" + zone + "</C:calendar-timezone>")
			s.me.put(made, "day", ical(vevent("day", "DTSTART;VALUE=DATE:20260612", "TRANSP:OPAQUE")))
			a := s.me.do("REPORT", made, `<C:free-busy-query `+spaces+`>`+timeRange("20260611T000000Z", "20260614T000000Z")+`</C:free-busy-query>`, "Depth", "1").want(200)
			a.holds("20260611T220000Z/")
		}},
		{"", "nothing is told but when", "RFC 4791 §7.10", func(s *session) { ask(s).lacks("SUMMARY", "secret-word", "taken") }},
	}
	return grouped("free-busy", all)
}
