package calendar

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// override is the item that replaces one instance, nil when nobody changed it alone.
func (o *Object) override(recurrence time.Time, zone *time.Location) *item {
	for _, it := range o.items {
		if it.isOverride && it.recurrenceID.at(zone).Equal(recurrence) {
			return it
		}
	}
	return nil
}

// hasInstance says whether a series has an instance, wherever it was moved to.
func (o *Object) hasInstance(recurrence time.Time, zone *time.Location) bool {
	return o.override(recurrence, zone) != nil ||
		o.anyRecurrence(recurrence.Add(-time.Second), recurrence.Add(time.Second), zone, recurrence.Equal)
}

// anyRecurrence says whether one of the instances that overlap a range is a wanted one.
func (o *Object) anyRecurrence(from, to time.Time, zone *time.Location, wanted func(time.Time) bool) bool {
	return o.occurrences(from, to, zone, func(occ occurrence) error {
		if wanted(occ.recurrence) {
			return errStop
		}
		return nil
	}) != nil
}

// instanceAt is one instance where it was moved to, portal.ErrNotFound when there is none.
func (o *Object) instanceAt(recurrence time.Time, zone *time.Location) (Instance, error) {
	from := recurrence
	if it := o.override(recurrence, zone); it != nil && it.start != nil {
		from = it.start.at(zone)
	}
	found, err := o.Instances(from, from.Add(time.Second), zone)
	if err != nil {
		return Instance{}, err
	}
	for _, in := range found {
		if in.Recurrence.Equal(recurrence) {
			return in, nil
		}
	}
	return Instance{}, portal.ErrNotFound
}

// changeOne writes a draft over one instance alone, which keeps what the series has and the form
// doesn't show: alarms, attendees, X- properties.
func (o *Object) changeOne(recurrence time.Time, d Draft, zone *time.Location, now time.Time) error {
	d.Repeat = Repeat{}
	it := o.override(recurrence, zone)
	if it == nil {
		made, err := o.makeOverride(recurrence, zone)
		if err != nil {
			return err
		}
		it = made
	}
	o.writeOverride(it, d, zone, now)
	return nil
}

func (o *Object) writeOverride(it *item, d Draft, zone *time.Location, now time.Time) {
	d.Repeat = Repeat{}
	var kept *moment
	if it.start != nil {
		m := *it.start
		m.zone = m.place(zone)
		kept = &m
	}
	addZone(o.root, d.write(it.component, now, kept), d.Start.Year())
}

// makeOverride gives an instance of the series a component of its own, as the series has it.
func (o *Object) makeOverride(recurrence time.Time, zone *time.Location) (*item, error) {
	main := o.items[0]
	at, _, ok := o.momentOf(recurrence, zone)
	if !ok {
		return nil, portal.ErrNotFound
	}
	c := clone(main.component)
	for _, name := range []string{ical.PropRecurrenceRule, ical.PropRecurrenceDates, ical.PropExceptionDates} {
		c.Props.Del(name)
	}
	setMoment(c, ical.PropRecurrenceID, at)
	addZone(o.root, at, recurrence.Year())
	main.startAt(c, at, zone)
	o.root.Children = append(o.root.Children, c)
	return newItem(c, o.zones)
}

// startAt moves the dates of a copy of an item to another instance of it.
func (it *item) startAt(c *ical.Component, at moment, zone *time.Location) {
	if it.start == nil { // a task that is only due
		setMoment(c, ical.PropDue, at)
		return
	}
	setMoment(c, ical.PropDateTimeStart, at)
	if it.end == nil {
		return
	}
	end := *it.end
	place := at.place(zone)
	end.wall = wallOf(it.endOf(at.wall, at.at(zone), place, nil), end.place(zone))
	name := ical.PropDateTimeEnd
	if c.Name == TodoComponent {
		name = ical.PropDue
	}
	setMoment(c, name, end)
}

// momentOf is an instance as DTSTART would be written if the series began with it, and whether the
// rule gives it. Its wall time is that of the rule: the hour that a clock skips stays the one meant
// for the days after. ok is false when the series has no such instance.
func (o *Object) momentOf(recurrence time.Time, zone *time.Location) (at moment, ruled, ok bool) {
	main := o.items[0]
	first := main.firstMoment()
	if main.isOverride || !main.repeats() || first == nil || !o.hasInstance(recurrence, zone) {
		return moment{}, false, false
	}
	at = *first
	place := first.place(zone)
	at.wall = wallOf(recurrence, place)
	if main.rule == nil {
		return at, false, true
	}
	main.ruleIn(place).each(first.wall, at.wall-secondsADay, func(w wall) bool {
		if w.in(place).Equal(recurrence) {
			at.wall, ruled = w, true
		}
		return !ruled && w < at.wall+secondsADay
	})
	return at, ruled, true
}

// startsBefore says whether a series has an instance before one of its own.
func (o *Object) startsBefore(recurrence time.Time, zone *time.Location) bool {
	return o.anyRecurrence(time.Time{}, recurrence, zone, recurrence.After) || slices.ContainsFunc(o.items, func(it *item) bool {
		return it.isOverride && it.recurrenceID.at(zone).Before(recurrence)
	})
}

// split cuts a series before one of its instances. o keeps what lies before; the object that is
// returned, under another UID, is the rest, each exception on its side. Nothing may lie before only
// where startsBefore says so. A portal.FieldErrors says that a date beside the rule begins no series.
func (o *Object) split(recurrence time.Time, uid string, zone *time.Location, now time.Time) (*Object, error) {
	main := o.items[0]
	at, ruled, ok := o.momentOf(recurrence, zone)
	if !ok {
		return nil, portal.ErrNotFound
	}
	if main.rule != nil && !ruled {
		return nil, portal.FieldErrors{portal.Invalid("scope", "calendar.error.split-added")}
	}
	rest, err := o.restFrom(at, uid, zone, now)
	if err != nil {
		return nil, err
	}
	return rest, o.endBefore(at, zone, now)
}

// endBefore leaves of a series what lies before an instance of its own.
func (o *Object) endBefore(at moment, zone *time.Location, now time.Time) error {
	main := o.items[0]
	if main.rule != nil {
		before, _ := main.rulesAround(at, zone)
		setOrDrop(main.component, ical.PropRecurrenceRule, before)
	}
	if err := o.keepSide(main.component, func(m moment) bool { return !m.reaches(at, zone) }); err != nil {
		return err
	}
	o.dropOverrides(func(it *item) bool { return it.recurrenceID.reaches(at, zone) })
	touch(main.component, now)
	return nil
}

// restFrom is a series of its own of what begins with an instance.
func (o *Object) restFrom(at moment, uid string, zone *time.Location, now time.Time) (*Object, error) {
	rest, err := Parse(encode(o.root))
	if err != nil {
		return nil, err
	}
	main := rest.items[0]
	if main.rule != nil {
		_, after := main.rulesAround(at, zone)
		setOrDrop(main.component, ical.PropRecurrenceRule, after)
	}
	if err := rest.keepSide(main.component, func(m moment) bool { return m.reaches(at, zone) }); err != nil {
		return nil, err
	}
	rest.dropOverrides(func(it *item) bool { return !it.recurrenceID.reaches(at, zone) })
	main.startAt(main.component, at, zone)
	for _, it := range rest.items {
		setText(it.component, ical.PropUID, uid)
	}
	main.component.Props.Add(&ical.Prop{
		Name: ical.PropRelatedTo, Params: ical.Params{ical.ParamRelationshipType: {"SIBLING"}}, Value: escapeText(o.UID),
	})
	set(main.component, ical.PropCreated, stamp(now))
	main.component.Props.Del(ical.PropSequence)
	touch(main.component, now)
	return Parse(encode(rest.root))
}

// reaches says whether an exception lies at an instance or after it. A date beside timed instances
// stands for its whole day.
func (m moment) reaches(at moment, zone *time.Location) bool {
	if m.isDate() && !at.isDate() {
		return m.wall.day() >= at.wall.day()
	}
	return !m.at(zone).Before(at.at(zone))
}

// keepSide leaves in EXDATE and RDATE the values of one side, and all that their properties say.
func (o *Object) keepSide(c *ical.Component, keep func(moment) bool) error {
	for _, name := range []string{ical.PropExceptionDates, ical.PropRecurrenceDates} {
		var left []ical.Prop
		for _, p := range c.Props[name] {
			var values []string
			for value := range strings.SplitSeq(p.Value, ",") {
				a, err := parseAddition(value, p.Params, o.zones)
				if err != nil {
					return err
				}
				if keep(a.start) {
					values = append(values, value)
				}
			}
			if len(values) > 0 {
				p.Value = strings.Join(values, ",")
				left = append(left, p)
			}
		}
		c.Props.Del(name)
		if len(left) > 0 {
			c.Props[name] = left
		}
	}
	return nil
}

// dropOverrides takes away the instances that were changed alone and are not wanted.
func (o *Object) dropOverrides(unwanted func(*item) bool) {
	o.items = slices.DeleteFunc(o.items, func(it *item) bool {
		if !it.isOverride || !unwanted(it) {
			return false
		}
		o.root.Children = slices.DeleteFunc(o.root.Children, func(c *ical.Component) bool { return c == it.component })
		return true
	})
}

// rulesAround are the RRULE of what lies before an instance and of what begins with it: COUNT is
// shared out, UNTIL ends the first part before the instance.
func (it *item) rulesAround(at moment, zone *time.Location) (before, after string) {
	value := propValue(it.component, ical.PropRecurrenceRule)
	place := at.place(zone)
	if it.rule.count == 0 {
		end := at
		end.wall = at.wall - 1
		return withPart(value, "UNTIL="+end.untilText(place)), value
	}
	passed := 0
	it.ruleIn(place).each(it.firstMoment().wall, it.firstMoment().wall, func(w wall) bool {
		if w < at.wall {
			passed++
		}
		return w < at.wall
	})
	if passed > 0 {
		before = withPart(value, "COUNT="+strconv.Itoa(passed))
	}
	return before, withPart(value, "COUNT="+strconv.Itoa(it.rule.count-passed))
}

// untilText writes a last moment as the start of the series asks for (RFC 5545 §3.3.10).
func (m moment) untilText(place *time.Location) string {
	switch m.form {
	case dateForm:
		return formatDate(m.wall.day())
	case floatingForm:
		return formatWall(m.wall)
	default:
		return stamp(m.wall.in(place))
	}
}

// withPart is a RECUR value with another end; parts that only its client knows stay.
func withPart(value, part string) string { return withoutParts(value, "COUNT", "UNTIL") + ";" + part }

func withoutParts(value string, names ...string) string {
	parts := slices.DeleteFunc(strings.Split(value, ";"), func(part string) bool {
		name, _, _ := strings.Cut(part, "=")
		return part == "" || slices.Contains(names, strings.ToUpper(strings.TrimSpace(name)))
	})
	return strings.Join(parts, ";")
}

// setOrDrop sets a property, an empty one to nothing.
func setOrDrop(c *ical.Component, name, value string) {
	if value == "" {
		c.Props.Del(name)
		return
	}
	set(c, name, value)
}

// changeSeries writes over the whole series the draft of one of its instances, as it is shown: what
// moved the instance moves them all as much.
func (o *Object) changeSeries(shown Instance, d Draft, zone *time.Location, now time.Time) error {
	it := o.override(shown.Recurrence, zone)
	if err := o.change(d.onSeries(shown, *o.items[0].start, zone), zone, now); err != nil {
		return err
	}
	if it != nil && slices.Contains(o.root.Children, it.component) {
		o.writeOverride(it, d, zone, now)
	}
	return nil
}

// onSeries is the draft of one instance as a draft of its series, which begins at first.
func (d Draft) onSeries(shown Instance, first moment, zone *time.Location) Draft {
	place := d.Start.Location()
	start := wallOf(d.Start, place)
	if !d.AllDay && !shown.AllDay && !first.isDate() {
		start += wallOf(first.at(zone), place) - wallOf(shown.Start, place)
	} else {
		start += (firstDay(first, zone, place) - shownDay(shown, place)).wall()
	}
	if !d.End.IsZero() {
		d.End = (start + wallOf(d.End, place) - wallOf(d.Start, place)).in(place)
	}
	d.Start = start.in(place)
	return d
}

func firstDay(first moment, zone, place *time.Location) day {
	if first.isDate() {
		return first.wall.day()
	}
	return wallOf(first.at(zone), place).day()
}

func shownDay(shown Instance, place *time.Location) day {
	if shown.AllDay {
		return dayOfTime(shown.Start)
	}
	return wallOf(shown.Start, place).day()
}
