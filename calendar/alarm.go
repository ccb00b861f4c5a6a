package calendar

import (
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// trigger is when an alarm goes off (RFC 5545 §3.6.6).
type trigger struct {
	at      *moment // a time of its own; nil: counted from an instance
	toEnd   bool    // from its end
	early   bool    // before it
	by      span
	repeats int           // more times
	every   time.Duration // between these
}

// longestRing is how long an alarm is taken to repeat at the most.
const longestRing = 366 * 24 * time.Hour

// triggerOf reads an alarm; false for one that never goes off.
func triggerOf(alarm *ical.Component) (t trigger, ok bool) {
	p := alarm.Props.Get(ical.PropTrigger)
	if p == nil {
		return t, false
	}
	if strings.EqualFold(p.Params.Get(ical.ParamValue), "DATE-TIME") {
		m, err := parseMoment(p.Value, p.Params, &zoneTable{})
		t.at = &m
		if err != nil {
			return t, false
		}
	} else {
		value, early := strings.CutPrefix(strings.TrimSpace(p.Value), "-")
		var err error
		if t.by, err = parseSpan(value); err != nil {
			return t, false
		}
		t.early, t.toEnd = early, strings.EqualFold(p.Params.Get("RELATED"), "END")
	}
	every, err := parseSpan(propValue(alarm, ical.PropDuration))
	if n, wrong := strconv.Atoi(propValue(alarm, "REPEAT")); err == nil && wrong == nil && n > 0 {
		t.every = time.Duration(every.days*secondsADay+every.seconds) * time.Second
		if t.every > 0 {
			t.repeats = min(n, int(longestRing/t.every))
		}
	}
	return t, true
}

// shift is how far the first ring is from what it is counted from, days taken as 24 hours.
func (t trigger) shift() time.Duration {
	by := time.Duration(t.by.days*secondsADay+t.by.seconds) * time.Second
	if t.early {
		return -by
	}
	return by
}

// first is when it goes off for an instance.
func (t trigger) first(occ occurrence, zone *time.Location) time.Time {
	base, place := occ.start, occ.item.firstMoment().place(zone)
	if t.toEnd {
		base = occ.end
	}
	if !t.early {
		return t.by.after(wallOf(base, place), place)
	}
	return (wallOf(base, place) - wall(t.by.days)*secondsADay).in(place).Add(-time.Duration(t.by.seconds) * time.Second)
}

// within says whether one of its rings, the first of which is known, is in a range.
func (t trigger) within(first time.Time, r Range) bool {
	rings := 0 // the first that is not before the range
	if !r.From.IsZero() && first.Before(r.From) {
		late := r.From.Sub(first)
		if t.every <= 0 || late > longestRing {
			return false
		}
		rings = int((late + t.every - 1) / t.every)
	}
	return rings <= t.repeats && (r.To.IsZero() || first.Add(time.Duration(rings)*t.every).Before(r.To))
}

// rings says whether an alarm of a component goes off in a range (RFC 4791 §9.9).
func (o *Object) rings(of, alarm *ical.Component, r Range, zone *time.Location) bool {
	t, ok := triggerOf(alarm)
	switch {
	case !ok:
		return false
	case t.at != nil:
		return t.within(t.at.at(zone), r)
	}
	from, to := r.From, r.To
	const slack = 2 * time.Hour // a day is not always 24 hours
	if !from.IsZero() {
		from = from.Add(-t.shift() - time.Duration(t.repeats)*t.every - slack)
	}
	if !to.IsZero() {
		to = to.Add(-t.shift() + slack)
	}
	rung := false
	_ = o.occurrences(from, to, zone, func(occ occurrence) error {
		if occ.item.component == of && occ.item.firstMoment() != nil && t.within(t.first(occ, zone), r) {
			rung = true
			return errStop
		}
		return nil
	})
	return rung
}
