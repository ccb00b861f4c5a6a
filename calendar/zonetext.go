package calendar

import (
	"strconv"
	"time"

	"github.com/emersion/go-ical"
)

// addZone gives an object the VTIMEZONE that the TZID of its start refers to (RFC 5545 §3.8.3.1), as
// it is in a year, when it has none yet.
func addZone(root *ical.Component, start moment, year int) {
	if start.form != zonedForm {
		return
	}
	name := start.zone.String()
	for _, c := range root.Children {
		if id := c.Props.Get(ical.PropTimezoneID); c.Name == ical.CompTimezone && id != nil && id.Value == name {
			return
		}
	}
	root.Children = append([]*ical.Component{zoneComponent(start.zone, year)}, root.Children...)
}

// zoneComponent describes a zone as it is in one year: by one offset, or by the two days of the
// year on which it changes, which is how all zones with summer time work today.
func zoneComponent(zone *time.Location, year int) *ical.Component {
	c := ical.NewComponent(ical.CompTimezone)
	set(c, ical.PropTimezoneID, zone.String())
	changes := changesIn(zone, year)
	if len(changes) != 2 {
		offset := int(offsetAt(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), zone))
		c.Children = []*ical.Component{observance(false, wall(0), offset, offset, "")}
		return c
	}
	for _, t := range changes {
		c.Children = append(c.Children, observance(t.daylight, wall(t.at+int64(t.offsetEarly)), t.offsetEarly, t.offset, yearlyRule(t)))
	}
	return c
}

// changesIn finds when a zone changes its offset in a year, to the minute.
func changesIn(zone *time.Location, year int) []transition {
	var found []transition
	at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	end := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for ; at < end; at += secondsADay {
		early, late := offsetAt(at, zone), offsetAt(at+secondsADay, zone)
		if early == late {
			continue
		}
		low, high := at, at+secondsADay
		for high-low > 60 {
			middle := low + (high-low)/120*60
			if offsetAt(middle, zone) == early {
				low = middle
			} else {
				high = middle
			}
		}
		found = append(found, transition{
			at: high, offset: int(late), offsetEarly: int(early), daylight: time.Unix(high, 0).In(zone).IsDST(),
		})
	}
	return found
}

// yearlyRule says on which weekday of which month a change falls: the last one when it may be.
func yearlyRule(t transition) string {
	d := wall(t.at + int64(t.offsetEarly)).day()
	year, month, dayOfMonth := d.date()
	ordinal := strconv.Itoa((dayOfMonth-1)/7 + 1)
	if dayOfMonth > daysIn(year, month)-7 {
		ordinal = "-1"
	}
	weekday := [...]string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}[d.weekday()]
	return "FREQ=YEARLY;BYMONTH=" + strconv.Itoa(month) + ";BYDAY=" + ordinal + weekday
}

func observance(daylight bool, start wall, from, to int, rule string) *ical.Component {
	name := ical.CompTimezoneStandard
	if daylight {
		name = ical.CompTimezoneDaylight
	}
	c := ical.NewComponent(name)
	set(c, ical.PropDateTimeStart, formatWall(start))
	set(c, ical.PropTimezoneOffsetFrom, formatOffset(from))
	set(c, ical.PropTimezoneOffsetTo, formatOffset(to))
	if rule != "" {
		set(c, ical.PropRecurrenceRule, rule)
	}
	return c
}

func formatOffset(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return sign + pad(seconds/3600, 2) + pad(seconds/60%60, 2)
}

// ZoneText is a VCALENDAR with the VTIMEZONE of a zone as it is this year.
func ZoneText(zone *time.Location) string {
	root := newRoot()
	root.Children = []*ical.Component{zoneComponent(zone, time.Now().Year())}
	return string(encode(root))
}
