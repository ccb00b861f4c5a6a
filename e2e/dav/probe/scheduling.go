package probe

import (
	"strings"
	"time"
)

// meeting is an event to which one person invites others.
func (s *session) meeting(uid string, more ...string) string {
	return ical(vevent(uid, append([]string{
		"DTSTART:20270610T100000Z", "DTEND:20270610T110000Z", "SUMMARY:Meeting " + uid, "SEQUENCE:0", "ORGANIZER:" + s.me.address,
		"ATTENDEE;PARTSTAT=ACCEPTED:" + s.me.address, "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:" + s.colleague().address,
	}, more...)...))
}

// patienceOfMail is how long a delivery may take.
const patienceOfMail = 8 * time.Second

// copyOf waits for an object of a UID that holds a text in somebody's home, and returns its address and text; "" when none comes.
func (u *user) copyOf(uid, holds string) (href, text string) {
	for end := time.Now().Add(patienceOfMail); ; time.Sleep(200 * time.Millisecond) {
		for _, calendar := range u.calendars() {
			a := u.query(calendar, `<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match collation="i;octet">`+uid+`</C:text-match></C:prop-filter></C:comp-filter>`, "<C:calendar-data/>")
			if a.status != 207 {
				continue
			}
			for at, r := range a.responses() {
				text := strings.NewReplacer("\r\n ", "", "\n ", "", "\r", "").Replace(r.props["calendar-data"].value())
				if strings.Contains(text, "UID:"+uid) && strings.Contains(text, holds) && at != "" {
					return r.href, text
				}
			}
		}
		if time.Now().After(end) {
			return "", ""
		}
	}
}

// calendars are those that somebody owns, where the server names owners; those of nobody else otherwise.
func (u *user) calendars() []string {
	var hers, nobodys []string
	for at, r := range u.propfind(u.home, "1", "resourcetype owner").responses() {
		if !r.props["resourcetype"].has("calendar") || at == "" || strings.Contains(r.href, "/probe-") {
			continue
		}
		switch pathOf(r.props["owner"].find("href").value()) {
		case pathOf(u.principal):
			hers = append(hers, r.href)
		case "":
			nobodys = append(nobodys, r.href)
		}
	}
	if len(hers) == 0 {
		return nobodys
	}
	return hers
}

// partstat is what an attendee answered, in an object.
func partstat(text, address string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "ATTENDEE") && strings.HasSuffix(strings.ToLower(line), strings.ToLower(address)) {
			_, rest, found := strings.Cut(line, "PARTSTAT=")
			if !found {
				return "NEEDS-ACTION"
			}
			return rest[:strings.IndexAny(rest+";", ";:")]
		}
	}
	return ""
}

// scheduling is RFC 6638 between two people of the server.
func scheduling() []Check {
	// invite writes a meeting into a calendar that schedules: the first that its owner has.
	invite := func(s *session, more ...string) (href, uid string, a answer) {
		if s.colleague().address == "" || s.me.address == "" {
			panic(failure{"mail addresses of both", "none"})
		}
		uid = s.name()
		href = s.me.own() + uid + ".ics"
		a = s.me.do("PUT", href, s.meeting(uid, more...)).want(201, 204)
		s.made = append(s.made, href)
		return href, uid, a
	}
	delivered := func(s *session, more ...string) (href, uid, copied, text string) {
		href, uid, _ = invite(s, more...)
		copied, text = s.other.copyOf(uid, "")
		that(copied != "", "the event in the agenda of who is invited", "none")
		return href, uid, copied, text
	}
	answered := func(s *session, stat string) (href, uid, copied string) {
		href, uid, copied, text := delivered(s)
		reply := answering(text, s.other.address, stat)
		s.other.do("PUT", copied, strings.ReplaceAll(reply, "\n", "\r\n")+"\r\n").want(201, 204, 200)
		return href, uid, copied
	}
	all := []Check{
		{"", "who is invited has the event", "RFC 6638 §3.2.1", func(s *session) { delivered(s) }},
		{"", "and a message in her inbox", "RFC 6638 §4.1", func(s *session) {
			_, uid, _, _ := delivered(s)
			for href, r := range s.other.propfind(s.other.inbox, "1", "getetag").responses() {
				if href != pathOf(s.other.inbox) && strings.Contains(s.other.do("GET", r.href, "").body, uid) {
					return
				}
			}
			panic(failure{"a message about " + uid, "none"})
		}},
		{"", "the inbox answers calendar-query", "RFC 6638 §2.2", func(s *session) {
			_, uid, _, _ := delivered(s)
			s.other.query(s.other.inbox, `<C:comp-filter name="VEVENT"/>`, "<C:calendar-data/>").want(207).holds(uid)
		}},
		{"", "the organizer reads that it was delivered", "RFC 6638 §3.2.9", func(s *session) {
			href, _, _, _ := delivered(s)
			text := s.me.do("GET", href, "").unfolded()
			that(strings.Contains(text, "SCHEDULE-STATUS=1.2") || strings.Contains(text, `SCHEDULE-STATUS="1.2`) || strings.Contains(text, "SCHEDULE-STATUS=1.1"), "SCHEDULE-STATUS=1.2", text)
		}},
		{"", "a Schedule-Tag for organizer and attendee", "RFC 6638 §3.2.10", func(s *session) {
			href, _, copied, _ := delivered(s)
			that(s.me.do("GET", href, "").header.Get("Schedule-Tag") != "" && s.other.do("GET", copied, "").header.Get("Schedule-Tag") != "", "both", "none")
		}},
		{"", "an answer reaches the organizer", "RFC 6638 §3.2.2", func(s *session) {
			_, uid, _ := answered(s, "ACCEPTED")
			that(waits(s, uid, "ACCEPTED"), "PARTSTAT=ACCEPTED", "no answer")
		}},
		{"", "an answer leaves the Schedule-Tag as it is", "RFC 6638 §3.2.10", func(s *session) {
			href, uid, _, text := delivered(s)
			before := s.me.do("GET", href, "").header.Get("Schedule-Tag")
			copied, _ := s.other.copyOf(uid, "")
			s.other.do("PUT", copied, strings.ReplaceAll(answering(text, s.other.address, "TENTATIVE"), "\n", "\r\n")+"\r\n").want(201, 204, 200)
			that(waits(s, uid, "TENTATIVE"), "PARTSTAT=TENTATIVE", "no answer")
			after := s.me.do("GET", href, "").header.Get("Schedule-Tag")
			that(before != "" && before == after, before, after)
		}},
		{"", "another hour is told, and asked anew", "RFC 6638 §3.2.8", func(s *session) {
			href, uid, _ := answered(s, "ACCEPTED")
			that(waits(s, uid, "ACCEPTED"), "PARTSTAT=ACCEPTED", "no answer")
			text := s.me.do("GET", href, "").body
			moved := strings.NewReplacer("20270610T100000Z", "20270611T100000Z", "20270610T110000Z", "20270611T110000Z", "SEQUENCE:0", "SEQUENCE:1").Replace(text)
			s.me.do("PUT", href, moved).want(204, 201, 200)
			copied, text := s.other.copyOf(uid, "DTSTART:20270611T100000Z")
			that(copied != "", "the new hour", "none")
			that(partstat(text, s.other.address) == "NEEDS-ACTION", "NEEDS-ACTION", text)
		}},
		{"", "If-Schedule-Tag-Match of another state: 412", "RFC 6638 §8.3", func(s *session) {
			href, _, _, _ := delivered(s)
			s.me.do("PUT", href, s.me.do("GET", href, "").body, "If-Schedule-Tag-Match", `"other"`).want(412)
		}},
		{"", "SCHEDULE-AGENT=CLIENT: the server tells nobody", "RFC 6638 §7.1", func(s *session) {
			own, uid := s.me.own(), s.name()
			text := strings.Replace(s.meeting(uid), "ATTENDEE;PARTSTAT=NEEDS", "ATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT=NEEDS", 1)
			s.me.do("PUT", own+uid+".ics", text).want(201)
			s.made = append(s.made, own+uid+".ics")
			time.Sleep(time.Second)
			for _, calendar := range s.other.calendars() {
				s.other.events(calendar, "20270610T000000Z", "20270611T000000Z").lacks(uid)
			}
		}},
		{"", "who deletes an invitation declines it", "RFC 6638 §3.2.2.4", func(s *session) {
			_, uid, copied, _ := delivered(s)
			s.other.do("DELETE", copied, "").want(204, 200)
			that(waits(s, uid, "DECLINED"), "PARTSTAT=DECLINED", "no answer")
		}},
		{"", "Schedule-Reply: F deletes in silence", "RFC 6638 §8.1", func(s *session) {
			href, _, copied, _ := delivered(s)
			s.other.do("DELETE", copied, "", "Schedule-Reply", "F").want(204, 200)
			time.Sleep(time.Second)
			that(partstat(s.me.do("GET", href, "").unfolded(), s.other.address) == "NEEDS-ACTION", "NEEDS-ACTION", "an answer")
		}},
		{"", "what is deleted is called off", "RFC 6638 §3.2.1.3", func(s *session) {
			href, uid, _, _ := delivered(s)
			s.me.do("DELETE", href, "").want(204, 200)
			for end := time.Now().Add(patienceOfMail); ; time.Sleep(200 * time.Millisecond) {
				if copied, text := s.other.copyOf(uid, ""); copied == "" || strings.Contains(text, "STATUS:CANCELLED") {
					return
				}
				that(time.Now().Before(end), "STATUS:CANCELLED, or gone", "as it was")
			}
		}},
		{"", "an attendee does not choose another hour", "RFC 6638 §3.2.2.1", func(s *session) {
			_, _, copied, text := delivered(s)
			s.other.do("PUT", copied, strings.ReplaceAll(strings.ReplaceAll(text, "20270610T100000Z", "20270610T090000Z"), "\n", "\r\n")+"\r\n").refused("allowed-attendee-scheduling-object-change")
		}},
		{"", "who is invited to one date of a series has that one", "RFC 6638 §3.2.6", func(s *session) {
			own, uid := s.me.own(), s.name()
			series := vevent(uid, "DTSTART:20270701T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=5", "SUMMARY:S", "ORGANIZER:"+s.me.address, "ATTENDEE;PARTSTAT=ACCEPTED:"+s.me.address)
			one := vevent(uid, "RECURRENCE-ID:20270703T100000Z", "DTSTART:20270703T100000Z", "DURATION:PT1H", "SUMMARY:S", "ORGANIZER:"+s.me.address,
				"ATTENDEE;PARTSTAT=ACCEPTED:"+s.me.address, "ATTENDEE;PARTSTAT=NEEDS-ACTION:"+s.colleague().address)
			s.me.do("PUT", own+uid+".ics", ical(series, one)).want(201)
			s.made = append(s.made, own+uid+".ics")
			_, text := s.other.copyOf(uid, "RECURRENCE-ID")
			that(text != "" && !strings.Contains(text, "RRULE"), "that date alone", text)
		}},
		{"", "an event accepted from a mail lands on the copy", "clients: Outlook, Thunderbird", func(s *session) {
			_, uid, copied, text := delivered(s)
			at := copied[:strings.LastIndexByte(copied, '/')+1]
			s.other.do("PUT", at+uid+"-mail.ics", strings.ReplaceAll(answering(text, s.other.address, "ACCEPTED"), "\n", "\r\n")+"\r\n").want(201, 204, 200, 403, 409)
			count := 0
			for _, calendar := range s.other.calendars() {
				count += len(s.other.query(calendar, `<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match>`+uid+`</C:text-match></C:prop-filter></C:comp-filter>`).named(calendar))
			}
			that(count == 1, "one event", count)
		}},
		{"", "the outbox tells when a colleague is taken", "RFC 6638 §5", func(s *session) {
			delivered(s)
			a := s.me.do("POST", s.me.outbox, s.asks(s.other.address), "Content-Type", "text/calendar; charset=utf-8").want(200)
			r := a.xml()
			that(strings.HasPrefix(r.find("request-status").value(), "2.0"), "2.0", a)
			that(strings.Contains(r.find("calendar-data").value(), "VFREEBUSY"), "a VFREEBUSY", a)
		}},
		{"", "the outbox knows who is nobody", "RFC 6638 §5", func(s *session) {
			a := s.me.do("POST", s.me.outbox, s.asks("mailto:nobody@nonesuch.example"), "Content-Type", "text/calendar; charset=utf-8").want(200)
			that(strings.HasPrefix(a.xml().find("request-status").value(), "3.7") || strings.HasPrefix(a.xml().find("request-status").value(), "5."), "3.7", a)
		}},
		{"", "the inbox names the default calendar", "RFC 6638 §9.2", func(s *session) {
			if s.me.inbox == "" {
				panic(failure{"an inbox", "none"})
			}
			r := s.me.propfind(s.me.inbox, "0", "C:schedule-default-calendar-URL").only()
			that(r.props["schedule-default-calendar-URL"].find("href").value() != "", "an address", r)
		}},
	}
	for i := range all {
		run := all[i].run
		all[i].run = func(s *session) {
			if s.colleague(); s.me.inbox == "" || s.me.outbox == "" {
				panic(skipped("the server offers no scheduling"))
			}
			run(s)
		}
	}
	return grouped("scheduling", all)
}

// asks is a VFREEBUSY request.
func (s *session) asks(whom string) string {
	return strings.Replace(ical(lines("BEGIN:VFREEBUSY", "UID:"+s.name(), "DTSTAMP:20260101T000000Z", "DTSTART:20270610T000000Z", "DTEND:20270611T000000Z",
		"ORGANIZER:"+s.me.address, "ATTENDEE:"+whom, "END:VFREEBUSY")), "PRODID", "METHOD:REQUEST\r\nPRODID", 1)
}

// waits says whether the colleague's answer comes into the organizer's event.
func waits(s *session, uid, stat string) bool {
	for end := time.Now().Add(patienceOfMail); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if _, text := s.me.copyOf(uid, ""); partstat(text, s.other.address) == stat {
			return true
		}
	}
	return false
}

// answering is an object in which one attendee answers.
func answering(text, address, stat string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "ATTENDEE") && strings.HasSuffix(strings.ToLower(strings.TrimSpace(line)), strings.ToLower(address)) {
			line = "ATTENDEE;PARTSTAT=" + stat + ":" + address + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}
