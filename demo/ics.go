package demo

import (
	"fmt"
	"strings"
	"time"
)

// ics writes an event as an iCalendar object (RFC 5545), as a client would
// send it.
func (e Event) ics() []byte {
	var out strings.Builder
	line := func(text string) {
		out.WriteString(fold(text))
		out.WriteString("\r\n")
	}
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//Parvis//Demo//FR")
	line("BEGIN:VEVENT")
	line("UID:" + e.ID + "@parvis.example")
	line("DTSTAMP:" + e.Start.UTC().Format("20060102T150405Z"))
	line("DTSTART" + e.moment(e.Start))
	line("DTEND" + e.moment(e.End))
	line("SUMMARY:" + escape(e.Title))
	if e.Location != "" {
		line("LOCATION:" + escape(e.Location))
	}
	if e.Description != "" {
		line("DESCRIPTION:" + escape(e.Description))
	}
	if e.Repeat != "" {
		line("RRULE:" + e.Repeat)
	}
	for _, skipped := range e.Except {
		line("EXDATE" + e.moment(skipped))
	}
	if len(e.Guests) > 0 {
		line("ORGANIZER;CN=" + e.Host + ":mailto:" + e.Owner)
		line("ATTENDEE;CN=" + e.Host + ";PARTSTAT=ACCEPTED:mailto:" + e.Owner)
	}
	for _, guest := range e.Guests {
		role := ""
		if guest.Optional {
			role = ";ROLE=OPT-PARTICIPANT"
		}
		line("ATTENDEE;CN=" + guest.Name + role + ";PARTSTAT=" + guest.Answer + ":mailto:" + guest.Address)
	}
	line("END:VEVENT")
	line("END:VCALENDAR")
	return []byte(out.String())
}

func (e Event) moment(t time.Time) string {
	if e.AllDay {
		return ";VALUE=DATE:" + t.Format("20060102")
	}
	return fmt.Sprintf(";TZID=%s:%s", t.Location(), t.Format("20060102T150405"))
}

var textEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, ",", `\,`, ";", `\;`)

func escape(text string) string { return textEscaper.Replace(text) }

// fold cuts a content line at 75 octets, between characters (RFC 5545 §3.1).
func fold(text string) string {
	const limit = 75
	var out strings.Builder
	size := 0
	for _, char := range text {
		width := len(string(char))
		if size+width > limit {
			out.WriteString("\r\n ")
			size = 1
		}
		out.WriteRune(char)
		size += width
	}
	return out.String()
}
