package calendar

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// Disclosure is how much of a calendar one iCalendar text tells.
type Disclosure struct {
	Name string // of the calendar, for its reader
	// Foreign is for a reader other than the owner: without her alarms, and of private events only
	// when they are.
	Foreign bool
	Busy    bool   // of every event only when it is
	Title   string // of what is told only when it is: "Occupé"
}

// Export is a calendar that the caller sees as one iCalendar text (RFC 5545 §3.4), each VTIMEZONE
// once. What was stored under older limits and can't be read any more is not in it.
func (s *Store) Export(ctx context.Context, caller portal.Caller, id CalendarID, how Disclosure) ([]byte, error) {
	out := exporter{Disclosure: how, zones: map[string]string{}}
	out.begin()
	err := s.Find(ctx, caller, id, Filter{}, nil, func(e Entry) error {
		if root, err := decode(e.Octets); err == nil {
			out.add(root)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("calendar: export %q: %w", id, err)
	}
	fold(&out.text, "END:VCALENDAR")
	return out.text.Bytes(), nil
}

// exporter writes objects into one VCALENDAR.
type exporter struct {
	Disclosure
	text  bytes.Buffer
	zones map[string]string // VTIMEZONE as written, by TZID
}

func (x *exporter) begin() {
	for _, line := range []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Parvis//Parvis//FR", "NAME:" + escapeText(x.Name), "X-WR-CALNAME:" + escapeText(x.Name),
	} {
		fold(&x.text, line)
	}
	if x.Foreign {
		fold(&x.text, "REFRESH-INTERVAL;VALUE=DURATION:PT1H")
		fold(&x.text, "X-PUBLISHED-TTL:PT1H")
	}
}

func (x *exporter) add(root *ical.Component) {
	reduced := x.Busy || x.Foreign && slices.ContainsFunc(root.Children, isPrivate)
	if reduced && !slices.ContainsFunc(root.Children, takesTime) {
		return
	}
	for _, c := range root.Children {
		if c.Name == ical.CompTimezone {
			x.zone(root, c)
		}
	}
	for _, c := range root.Children {
		switch {
		case c.Name == ical.CompTimezone:
		case reduced:
			encodeComponent(&x.text, reduce(c, x.Title))
		case x.Foreign:
			encodeComponent(&x.text, withoutAlarms(c))
		default:
			encodeComponent(&x.text, c)
		}
	}
}

// zone writes a VTIMEZONE that is not there yet. Of two that bear one name and differ, the second gets
// a name of its own, unless the name says all: every client knows Europe/Paris.
func (x *exporter) zone(root, c *ical.Component) {
	id := propText(c, ical.PropTimezoneID)
	if id == "" {
		return
	}
	var b bytes.Buffer
	encodeComponent(&b, c)
	text := b.String()
	known, written := x.zones[id]
	if written && (known == text || ianaZone(id) != nil) {
		return
	}
	if written {
		sum := sha256.Sum256([]byte(text))
		renamed := id + "-" + hex.EncodeToString(sum[:4])
		renameZone(root, id, renamed)
		if x.zones[renamed] != "" {
			return
		}
		b.Reset()
		encodeComponent(&b, c)
		id, text = renamed, b.String()
	}
	x.zones[id] = text
	x.text.WriteString(text)
}

// renameZone changes a TZID where it is defined and where it is used.
func renameZone(c *ical.Component, from, to string) {
	for name, props := range c.Props {
		for i := range props {
			if name == ical.PropTimezoneID && props[i].Value == from {
				props[i].Value = to
			}
			if props[i].Params.Get(ical.ParamTimezoneID) == from {
				props[i].Params.Set(ical.ParamTimezoneID, to)
			}
		}
	}
	for _, child := range c.Children {
		renameZone(child, from, to)
	}
}

func isPrivate(c *ical.Component) bool {
	class := strings.ToUpper(propText(c, ical.PropClass))
	return class == "PRIVATE" || class == "CONFIDENTIAL"
}

// takesTime says whether somebody is busy by a component.
func takesTime(c *ical.Component) bool {
	return c.Name == EventComponent && !strings.EqualFold(propText(c, ical.PropTransparency), "TRANSPARENT") &&
		!strings.EqualFold(propText(c, ical.PropStatus), "CANCELLED")
}

// toldOfBusy are the properties that say when, and nothing of what.
var toldOfBusy = []string{
	ical.PropDateTimeStart, ical.PropDateTimeEnd, ical.PropDuration, ical.PropRecurrenceRule, ical.PropRecurrenceDates,
	ical.PropExceptionDates, ical.PropRecurrenceID, ical.PropDateTimeStamp, ical.PropSequence, ical.PropStatus, ical.PropTransparency,
}

// reduce is a component that tells when it is. Clients write words into UIDs, so it has another one,
// always the same.
func reduce(c *ical.Component, title string) *ical.Component {
	told := &ical.Component{Name: c.Name, Props: ical.Props{}}
	for _, name := range toldOfBusy {
		for _, p := range c.Props[name] {
			kept := ical.Prop{Name: p.Name, Value: p.Value, Params: ical.Params{}}
			for _, param := range []string{ical.ParamTimezoneID, ical.ParamValue} {
				if values := p.Params[param]; len(values) > 0 {
					kept.Params[param] = values
				}
			}
			told.Props[name] = append(told.Props[name], kept)
		}
	}
	sum := sha256.Sum256([]byte("busy\x00" + propText(c, ical.PropUID)))
	set(told, ical.PropUID, hex.EncodeToString(sum[:16]))
	setText(told, ical.PropSummary, title)
	return told
}

func withoutAlarms(c *ical.Component) *ical.Component {
	silent := &ical.Component{Name: c.Name, Props: c.Props}
	for _, child := range c.Children {
		if child.Name != ical.CompAlarm {
			silent.Children = append(silent.Children, child)
		}
	}
	return silent
}
