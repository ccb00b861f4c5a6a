package calendar

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// Instance is one occurrence of an event: what a page shows at one place of a week.
type Instance struct {
	Calendar CalendarID
	Event    EventID
	Name     string // of the object in its calendar, "3f0c.ics"
	UID      string
	// Recurrence tells instances of one event apart: when this one was to start before anybody
	// moved it. Zero for an event that doesn't repeat.
	Recurrence  time.Time
	Start, End  time.Time // half-open, in the zone asked for; midnights when AllDay
	AllDay      bool
	Title       string
	Location    string
	Description string
	Links       []Attached
	Status      string // "CONFIRMED", "TENTATIVE", "CANCELLED" or ""
	Transparent bool   // takes no time: the agent stays free
	Hidden      bool   // the caller may only know when it happens
}

// errStop ends a walk that has seen enough.
var errStop = errors.New("stop")

// occurrence is an instance before its texts are read.
type occurrence struct {
	item       *item
	start, end time.Time
	recurrence time.Time
}

// Instances lists what overlaps [from, to), sorted by start; a zero bound is open. Dates and
// floating times are read in zone, the calendar's own. More than 10,000 are a *Refusal with
// TooManyInstances.
func (o *Object) Instances(from, to time.Time, zone *time.Location) ([]Instance, error) {
	var all []Instance
	var of *item
	var said words
	err := o.occurrences(from, to, zone, func(occ occurrence) error {
		if len(all) == MaxInstances {
			return refusal(TooManyInstances, "more than %d instances", MaxInstances)
		}
		if occ.item != of {
			of, said = occ.item, wordsOf(occ.item.component)
		}
		all = append(all, o.instance(occ, said, zone))
		return nil
	})
	slices.SortStableFunc(all, func(a, b Instance) int { return a.Start.Compare(b.Start) })
	return all, err
}

// Overlaps says whether an instance overlaps [from, to) in the sense of RFC 4791 §9.9.
func (o *Object) Overlaps(from, to time.Time, zone *time.Location) bool {
	err := o.occurrences(from, to, zone, func(occurrence) error { return errStop })
	return err != nil
}

// words are the texts that all instances of one item share: read once, as unescaping a description
// of 64 KiB for each of 10,000 instances would take hundreds of megabytes.
type words struct {
	title, location, description, status string
	transparent                          bool
	links                                []Attached
}

func wordsOf(c *ical.Component) words {
	return words{
		title:       propText(c, ical.PropSummary),
		location:    propText(c, ical.PropLocation),
		description: propText(c, ical.PropDescription),
		status:      strings.ToUpper(propText(c, ical.PropStatus)),
		transparent: strings.EqualFold(propText(c, ical.PropTransparency), "TRANSPARENT"),
		links:       attachedOf(c),
	}
}

func (o *Object) instance(occ occurrence, said words, zone *time.Location) Instance {
	in := Instance{
		UID:         o.UID,
		Start:       occ.start.In(zone),
		End:         occ.end.In(zone),
		AllDay:      occ.item.start != nil && occ.item.start.isDate(),
		Title:       said.title,
		Location:    said.location,
		Description: said.description,
		Links:       said.links,
		Status:      said.status,
		Transparent: said.transparent,
	}
	if occ.item.isOverride || occ.item.repeats() {
		in.Recurrence = occ.recurrence.In(zone)
	}
	return in
}

// occurrences calls yield for what overlaps [from, to), each item in order.
func (o *Object) occurrences(from, to time.Time, zone *time.Location, yield func(occurrence) error) error {
	w := o.window(from, to, zone)
	for _, it := range o.items {
		if err := w.walk(it, yield); err != nil {
			return err
		}
	}
	return nil
}

func (o *Object) window(from, to time.Time, zone *time.Location) window {
	w := window{from: from, to: to, zone: zone}
	for _, it := range o.items {
		if it.isOverride {
			w.moved = append(w.moved, it.recurrenceID.at(zone).Unix())
		}
	}
	slices.Sort(w.moved)
	return w
}

// window is a range of time asked of an object.
type window struct {
	from, to time.Time
	zone     *time.Location
	moved    []int64 // instants of the instances that have an override, sorted
}

// walk yields the occurrences of one item.
func (w *window) walk(it *item, yield func(occurrence) error) error {
	start := it.firstMoment()
	if start == nil {
		if undatedTaskOverlaps(it.component, w.from, w.to) {
			return yield(occurrence{item: it})
		}
		return nil
	}
	place := start.place(w.zone)
	if it.isOverride {
		return w.offer(it, start.wall, place, nil, it.recurrenceID.at(w.zone), yield)
	}
	skip := it.exclusions(w)
	one := func(at wall, place *time.Location, a *addition) error {
		instant := at.in(place)
		if skip.has(at, instant) {
			return nil
		}
		return w.offer(it, at, place, a, instant, yield)
	}
	// DTSTART is the first instance even where the rule doesn't say so (RFC 5545 §3.8.5.3).
	if err := one(start.wall, place, nil); err != nil {
		return err
	}
	if it.rule != nil {
		if err := w.walkRule(it, *start, one); err != nil {
			return err
		}
	}
	if len(it.added) == 0 {
		return nil
	}
	given := it.given(start.wall, place, w.zone)
	for _, a := range it.added {
		at := a.start.wallIn(place, w.zone)
		if given[at] {
			continue
		}
		given[at] = true
		if err := one(a.start.wall, a.start.place(w.zone), &a); err != nil {
			return err
		}
	}
	return nil
}

// given are the dates among RDATE that DTSTART or the rule gives too, which are no second instances:
// found in one walk, as 10,000 walks of a rule that hardly ever comes up would take minutes.
func (it *item) given(start wall, place, zone *time.Location) map[wall]bool {
	given := map[wall]bool{start: true}
	if it.rule == nil {
		return given
	}
	dates := make(map[wall]bool, len(it.added))
	first, last := lastWall, start
	for _, a := range it.added {
		at := a.start.wallIn(place, zone)
		dates[at] = true
		first, last = min(first, at), max(last, at)
	}
	it.ruleIn(place).each(start, first, func(at wall) bool {
		if dates[at] {
			given[at] = true
		}
		return at < last
	})
	return given
}

func (w *window) walkRule(it *item, start moment, one func(wall, *time.Location, *addition) error) error {
	place := start.place(w.zone)
	seek := start.wall + 1 // DTSTART itself was offered
	at := start.at(w.zone)
	length := it.endOf(start.wall, at, place, nil).Sub(at)
	if !w.from.IsZero() {
		// A day of margin: an offset may change between the instance and the window.
		seek = max(seek, wallOf(w.from.Add(-length), place)-secondsADay)
	}
	last := lastWall
	if !w.to.IsZero() {
		last = wallOf(w.to, place) + secondsADay
	}
	var failed error
	it.ruleIn(place).each(start.wall, seek, func(at wall) bool {
		if at > last {
			return false
		}
		failed = one(at, place, nil)
		return failed == nil
	})
	return failed
}

// offer yields one occurrence when it overlaps the window.
func (w *window) offer(it *item, at wall, place *time.Location, a *addition, recurrence time.Time, yield func(occurrence) error) error {
	start := at.in(place)
	occ := occurrence{item: it, start: start, end: it.endOf(at, start, place, a), recurrence: recurrence}
	if !it.overlaps(occ, w.from, w.to) {
		return nil
	}
	return yield(occ)
}

// firstMoment is DTSTART, or DUE for a task that has no start.
func (it *item) firstMoment() *moment {
	if it.start != nil {
		return it.start
	}
	return it.end
}

// endOf is when an instance that starts at a wall time ends: by RDATE's own period, by DURATION,
// or by the exact length from DTSTART to DTEND (RFC 5545 §3.8.5.3). Without any of these a date
// lasts a day and a time no time (§3.6.1).
func (it *item) endOf(at wall, start time.Time, place *time.Location, a *addition) time.Time {
	switch {
	case a != nil && a.span != nil:
		return a.span.after(at, place)
	case a != nil && a.end != nil:
		return a.end.at(place)
	case it.span != nil:
		return it.span.after(at, place)
	case it.start == nil || it.end == nil:
		if first := it.firstMoment(); first.isDate() && it.component.Name != TodoComponent {
			return (at + secondsADay).in(place)
		}
		return start
	case it.start.isDate():
		days := max(it.end.wall-it.start.wall, secondsADay) // equal dates, from old clients, are a day
		return (at + days).in(place)
	default:
		return start.Add(it.end.at(place).Sub(it.start.at(place)))
	}
}

// overlaps applies the tables of RFC 4791 §9.9.
func (it *item) overlaps(occ occurrence, from, to time.Time) bool {
	afterFrom := func(t time.Time) bool { return from.IsZero() || t.After(from) }
	beforeTo := func(t time.Time) bool { return to.IsZero() || t.Before(to) }
	atOrAfterFrom := from.IsZero() || !occ.start.Before(from)
	switch {
	case it.component.Name == TodoComponent && it.start == nil: // DUE alone
		return afterFrom(occ.start) && (to.IsZero() || !occ.start.After(to))
	case occ.end.Equal(occ.start):
		return atOrAfterFrom && beforeTo(occ.start)
	case it.component.Name == TodoComponent:
		return (afterFrom(occ.end) || atOrAfterFrom) && (beforeTo(occ.start) || !occ.end.After(to))
	default:
		return afterFrom(occ.end) && beforeTo(occ.start)
	}
}

// undatedTaskOverlaps is the end of the table for VTODO: COMPLETED and CREATED.
func undatedTaskOverlaps(c *ical.Component, from, to time.Time) bool {
	if c.Name == JournalComponent {
		return false
	}
	var completed, created *moment // a stamp that can't be read is none: it decides nothing else
	_ = readMoment(c, ical.PropCompleted, &zoneTable{}, &completed)
	_ = readMoment(c, ical.PropCreated, &zoneTable{}, &created)
	early := func(m *moment) bool { return m != nil && (from.IsZero() || !m.at(time.UTC).Before(from)) }
	late := func(m *moment) bool { return m != nil && (to.IsZero() || !m.at(time.UTC).After(to)) }
	switch {
	case completed != nil:
		return (early(created) || early(completed)) && (late(created) || late(completed))
	case created != nil:
		return to.IsZero() || created.at(time.UTC).Before(to)
	default:
		return true
	}
}

// ruleIn is the rule with UNTIL in wall time of the place where DTSTART is read.
func (it *item) ruleIn(place *time.Location) *rule {
	r := it.rule
	if !r.hasUntil || !r.untilUTC || place == time.UTC {
		return r
	}
	local := *r
	local.until, local.untilUTC = wallOf(r.until.in(time.UTC), place), false
	if it.start != nil && it.start.isDate() {
		local.until = r.until // dates compare with the date of UNTIL, whatever the zone
	}
	return &local
}

// exclusions are the instances that EXDATE or an override takes away.
type exclusions struct {
	instants []int64 // sorted
	days     []day   // of EXDATE;VALUE=DATE, which clients write for timed events too; sorted
	moved    []int64
}

func (it *item) exclusions(w *window) exclusions {
	skip := exclusions{moved: w.moved}
	for _, m := range it.excluded {
		if m.isDate() && !it.firstMoment().isDate() {
			skip.days = append(skip.days, m.wall.day())
		} else {
			skip.instants = append(skip.instants, m.at(w.zone).Unix())
		}
	}
	slices.Sort(skip.instants)
	slices.Sort(skip.days)
	return skip
}

func (x *exclusions) has(at wall, instant time.Time) bool {
	_, excluded := slices.BinarySearch(x.instants, instant.Unix())
	_, moved := slices.BinarySearch(x.moved, instant.Unix())
	_, onDay := slices.BinarySearch(x.days, at.day())
	return excluded || moved || onDay
}
