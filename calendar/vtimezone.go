package calendar

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// Years for which the transitions of a client's own time zone are computed.
const zoneFrom, zoneTo = 1970, 2100

// transition is an instant from which a zone has another offset, in seconds east of Greenwich.
type transition struct {
	at          int64 // UTC
	offset      int
	daylight    bool
	offsetEarly int // in force before
}

// ownZone makes a time.Location of a VTIMEZONE (RFC 5545 §3.6.5), nil when it makes no sense.
func ownZone(c *ical.Component) *time.Location {
	var all []transition
	for _, observance := range c.Children {
		all = append(all, transitionsOf(observance)...)
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b transition) int { return int(max(-1, min(1, a.at-b.at))) })
	name := c.Props.Get(ical.PropTimezoneID).Value
	zone, err := time.LoadLocationFromTZData(name, zoneFile(all))
	if err != nil {
		return nil
	}
	return zone
}

// transitionsOf lists when a STANDARD or DAYLIGHT observance begins.
func transitionsOf(c *ical.Component) []transition {
	from, ok1 := parseOffset(c.Props.Get(ical.PropTimezoneOffsetFrom))
	to, ok2 := parseOffset(c.Props.Get(ical.PropTimezoneOffsetTo))
	start := c.Props.Get(ical.PropDateTimeStart)
	if !ok1 || !ok2 || start == nil {
		return nil
	}
	first, f, ok := parseWall(start.Value)
	if !ok || f == dateForm {
		return nil
	}
	var all []transition
	add := func(w wall) bool {
		all = append(all, transition{int64(w) - int64(from), to, c.Name == ical.CompTimezoneDaylight, from})
		return w.day() < dayOf(zoneTo, 1, 1) && len(all) < 2*(zoneTo-zoneFrom)
	}
	add(first)
	for _, p := range c.Props[ical.PropRecurrenceDates] {
		for value := range strings.SplitSeq(p.Value, ",") {
			if w, _, ok := parseWall(value); ok && len(all) < 1000 {
				add(w)
			}
		}
	}
	if p := c.Props.Get(ical.PropRecurrenceRule); p != nil {
		r, err := parseRule(p.Value)
		if err != nil || r.storable() != nil {
			return all
		}
		if r.untilUTC {
			r.until += wall(from)
		}
		r.each(first, max(first+1, dayOf(zoneFrom, 1, 1).wall()), add)
	}
	return all
}

// parseOffset reads +0100 or -043000, in seconds.
func parseOffset(p *ical.Prop) (int, bool) {
	if p == nil || (len(p.Value) != 5 && len(p.Value) != 7) {
		return 0, false
	}
	hours, ok1 := digits(p.Value[1:3])
	minutes, ok2 := digits(p.Value[3:5])
	seconds, ok3 := digits(p.Value[5:])
	n := hours*3600 + minutes*60 + seconds
	if p.Value[0] == '-' {
		n = -n
	}
	ok := (p.Value[0] == '+' || p.Value[0] == '-') && hours < 24 && minutes < 60 && seconds < 60
	return n, ok && ok1 && ok2 && ok3
}

// zoneFile writes transitions as a TZif file (RFC 9636), the only way into a time.Location.
func zoneFile(all []transition) []byte {
	type zoneType struct {
		offset   int32
		daylight bool
	}
	types := []zoneType{{int32(all[0].offsetEarly), false}}
	var times, indexes bytes.Buffer
	for _, t := range all {
		kind := zoneType{int32(t.offset), t.daylight}
		index := slices.Index(types, kind)
		if index < 0 {
			if len(types) == 250 {
				continue
			}
			index = len(types)
			types = append(types, kind)
		}
		binary.Write(&times, binary.BigEndian, t.at)
		indexes.WriteByte(byte(index))
	}
	block := func(version byte, transitions int) []byte {
		var b bytes.Buffer
		b.WriteString("TZif")
		b.WriteByte(version)
		b.Write(make([]byte, 15))
		for _, n := range []int{0, 0, 0, transitions, len(types), 4} {
			binary.Write(&b, binary.BigEndian, uint32(n))
		}
		return b.Bytes()
	}
	var typeBlock bytes.Buffer
	for _, t := range types {
		binary.Write(&typeBlock, binary.BigEndian, t.offset)
		typeBlock.WriteByte(map[bool]byte{true: 1}[t.daylight])
		typeBlock.WriteByte(0)
	}
	typeBlock.WriteString("own\x00")
	// A version 2 file starts with a version 1 block, which readers of version 2 skip.
	return slices.Concat(block('2', 0), typeBlock.Bytes(),
		block('2', indexes.Len()), times.Bytes(), indexes.Bytes(), typeBlock.Bytes(), []byte("\n\n"))
}
