package probe

import (
	"fmt"
	"strconv"
	"strings"
)

// ical is a calendar object of components.
func ical(components ...string) string {
	return lines("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//probe//FR") + strings.Join(components, "") + lines("END:VCALENDAR")
}

func lines(all ...string) string { return strings.Join(all, "\r\n") + "\r\n" }

// vevent is an event with more lines.
func vevent(uid string, more ...string) string { return component("VEVENT", uid, more...) }

func component(kind, uid string, more ...string) string {
	return lines("BEGIN:"+kind, "UID:"+uid, "DTSTAMP:20260101T000000Z") + lines(more...) + lines("END:"+kind)
}

// at is an event of one hour, "20260610T100000Z".
func at(uid, start string, more ...string) string {
	return ical(vevent(uid, append([]string{"DTSTART:" + start, "DURATION:PT1H", "SUMMARY:" + uid}, more...)...))
}

// paris is the zone as clients write it, under a name.
func paris(name string, more ...string) string {
	return lines("BEGIN:VTIMEZONE", "TZID:"+name) + strings.Join(more, "") + lines(
		"BEGIN:DAYLIGHT", "DTSTART:19810329T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST", "END:DAYLIGHT",
		"BEGIN:STANDARD", "DTSTART:19961027T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET", "END:STANDARD",
		"END:VTIMEZONE")
}

// newYork is another zone.
func newYork() string {
	return lines("BEGIN:VTIMEZONE", "TZID:America/New_York",
		"BEGIN:DAYLIGHT", "DTSTART:20070311T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", "TZNAME:EDT", "END:DAYLIGHT",
		"BEGIN:STANDARD", "DTSTART:20071104T020000", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500", "TZNAME:EST", "END:STANDARD",
		"END:VTIMEZONE")
}

// put writes an object into a calendar, "name.ics".
func (u *user) put(calendar, name, text string) answer {
	return u.do("PUT", calendar+name+".ics", text).want(201, 204, 200)
}

// query asks a calendar for what passes a filter inside of VCALENDAR.
func (u *user) query(calendar, filter string, more ...string) answer {
	data := "<getetag/>"
	if len(more) > 0 {
		data += more[0]
	}
	zone := ""
	if len(more) > 1 {
		zone = more[1]
	}
	return u.do("REPORT", calendar, `<C:calendar-query `+spaces+`><prop>`+data+`</prop><C:filter><C:comp-filter name="VCALENDAR">`+filter+
		`</C:comp-filter></C:filter>`+zone+`</C:calendar-query>`, "Depth", "1")
}

// events asks for those of a range, "" for an open end.
func (u *user) events(calendar, start, end string) answer {
	return u.query(calendar, `<C:comp-filter name="VEVENT">`+timeRange(start, end)+`</C:comp-filter>`)
}

func timeRange(start, end string) string {
	text := "<C:time-range"
	if start != "" {
		text += fmt.Sprintf(" start=%q", start)
	}
	if end != "" {
		text += fmt.Sprintf(" end=%q", end)
	}
	return text + "/>"
}

// sync asks what changed since a token.
func (u *user) sync(collection, token, more string) answer {
	return u.do("REPORT", collection, `<sync-collection `+spaces+`><sync-token>`+token+`</sync-token><sync-level>1</sync-level>`+more+
		`<prop><getetag/></prop></sync-collection>`, "Depth", "0")
}

// token is that of an answer of sync.
func (a answer) token() string {
	a.want(207)
	token := a.xml().find("sync-token").value()
	that(token != "", "a sync-token", a)
	return token
}

// unfolded is the text of a stored object on whole lines.
func (a answer) unfolded() string {
	return strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(a.body)
}

// vcard is one of a version.
func vcard(version, uid, name string, more ...string) string {
	return lines("BEGIN:VCARD", "VERSION:"+version, "UID:"+uid, "FN:"+name, "N:"+name+";;;;") + strings.Join(mapped(more), "") + lines("END:VCARD")
}

func mapped(all []string) []string {
	out := make([]string, len(all))
	for i, line := range all {
		out[i] = line + "\r\n"
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
