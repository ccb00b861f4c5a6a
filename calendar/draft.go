package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// Draft is what a person writes in the form of an event.
type Draft struct {
	Calendar              CalendarID
	Title                 string // 1 to 300 characters
	Location, Description string
	AllDay                bool
	// Start and End are half-open, in the zone in which the person thinks; their zone is written
	// with them. All day: midnights, End that after the last day. A zero End: the event lasts the
	// day, or no time at all, as RFC 5545 §3.6.1 has it.
	Start, End time.Time
	Repeat     Repeat
	Without    []time.Time // starts of the series that it leaves out, of a new event alone
	Guests     *Guests     // nil: they stay as they are
	Links      []Attached  // nil: the same
}

// Every is how often an event repeats.
type Every string

// How often; Otherwise is a rule that a client wrote and no form shows: a change keeps it.
const (
	Once        Every = ""
	Daily       Every = "daily"
	Workdays    Every = "workdays" // Monday to Friday
	Weekly      Every = "weekly"
	Fortnightly Every = "fortnightly"
	Monthly     Every = "monthly" // on the same day of the month
	Yearly      Every = "yearly"
	Otherwise   Every = "otherwise"
)

// rhythms are those that forms offer, in their order.
var rhythms = []Every{Once, Daily, Workdays, Weekly, Fortnightly, Monthly, Yearly}

// fits says whether a series may begin on a day.
func (e Every) fits(day time.Time) bool {
	return e != Workdays || day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// Repeat is the recurrence of a Draft.
type Repeat struct {
	Every Every
	Until time.Time // on the last day on which it may start; zero: without end
}

// Longest texts, in characters.
const (
	maxTitle       = 300
	maxLocation    = 300
	maxDescription = 20_000
)

// check refuses a draft, in the order of the form's fields.
func (d Draft) check() error {
	var errs portal.FieldErrors
	refuse := func(field, key string, args ...any) {
		errs = append(errs, portal.Invalid(field, "calendar.error."+key, args...))
	}
	switch {
	case strings.TrimSpace(d.Title) == "":
		refuse("title", "title-missing")
	case utf8.RuneCountInString(d.Title) > maxTitle:
		refuse("title", "too-long", "max", maxTitle)
	}
	switch {
	case d.Start.IsZero():
		refuse("start", "start-missing")
	case d.Start.Year() < 1900 || d.Start.Year() >= lastYear-1:
		refuse("start", "date-far")
	case d.endsTooEarly():
		refuse("end", "end-before-start", "start", d.Start)
	case !d.End.IsZero() && d.End.Sub(d.Start) > 5*366*24*time.Hour:
		refuse("end", "too-long-event")
	}
	if utf8.RuneCountInString(d.Location) > maxLocation {
		refuse("location", "too-long", "max", maxLocation)
	}
	if utf8.RuneCountInString(d.Description) > maxDescription {
		refuse("description", "too-long", "max", maxDescription)
	}
	switch {
	case d.Repeat.Every != Otherwise && !slices.Contains(rhythms, d.Repeat.Every):
		refuse("repeat", "repeat-unknown")
	case !d.Start.IsZero() && !d.Repeat.Every.fits(d.Start):
		refuse("repeat", "repeat-weekend")
	case d.Repeat.Every == Once || d.Repeat.Until.IsZero() || d.Start.IsZero():
	case dayOfTime(d.Repeat.Until) < dayOfTime(d.Start):
		refuse("until", "until-before-start", "start", d.Start)
	case d.Repeat.Until.Year() >= lastYear:
		refuse("until", "date-far")
	}
	if key, args := d.Guests.check(); key != "" {
		refuse("guests", key, args...)
	}
	return errs.OrNil()
}

func (d Draft) endsTooEarly() bool {
	if d.End.IsZero() {
		return false
	}
	if d.AllDay {
		return dayOfTime(d.End) <= dayOfTime(d.Start)
	}
	return d.End.Before(d.Start)
}

// dayOfTime is the civil day of an instant in its own zone.
func dayOfTime(t time.Time) day {
	year, month, dayOfMonth := t.Date()
	return dayOf(year, int(month), dayOfMonth)
}

// object makes a calendar object of a draft.
func (d Draft) object(uid string, now time.Time) *ical.Component {
	event := ical.NewComponent(ical.CompEvent)
	setText(event, ical.PropUID, uid)
	set(event, ical.PropCreated, stamp(now))
	root := newRoot()
	root.Children = []*ical.Component{event}
	start := d.write(event, now, nil)
	addZone(root, start, d.Start.Year())
	for _, without := range d.Without {
		event.Props.Add(momentProp(ical.PropExceptionDates, d.moment(without.In(d.Start.Location()), &start)))
		addZone(root, start, without.Year())
	}
	d.Guests.settle(root)
	return root
}

// newRoot is an empty VCALENDAR.
func newRoot() *ical.Component {
	root := ical.NewComponent(ical.CompCalendar)
	setText(root, ical.PropVersion, "2.0")
	setText(root, ical.PropProductID, "-//Parvis//Parvis//FR")
	return root
}

// write puts what the form shows into an event, and returns its start. kept is how the event that is
// changed says it, nil for a new one.
func (d Draft) write(event *ical.Component, now time.Time, kept *moment) moment {
	setText(event, ical.PropSummary, strings.TrimSpace(d.Title))
	setText(event, ical.PropLocation, strings.TrimSpace(d.Location))
	setText(event, ical.PropDescription, strings.TrimSpace(d.Description))
	if d.Links != nil {
		writeLinks(event, d.Links)
	}
	start := d.moment(d.Start, kept)
	setMoment(event, ical.PropDateTimeStart, start)
	event.Props.Del(ical.PropDuration)
	event.Props.Del(ical.PropDateTimeEnd)
	if !d.End.IsZero() && !d.End.Equal(d.Start) {
		setMoment(event, ical.PropDateTimeEnd, d.moment(d.End.In(d.Start.Location()), kept))
	}
	switch d.Repeat.Every {
	case Otherwise:
	case Once:
		event.Props.Del(ical.PropRecurrenceRule)
	default:
		set(event, ical.PropRecurrenceRule, d.Repeat.value(start))
	}
	d.Guests.write(event)
	touch(event, now)
	return start
}

// moment is a time of the draft as DTSTART writes it. A time stays in the zone of the one that was
// kept: a weekly meeting of New York whose title is changed from Paris goes on changing its hour with
// New York's clocks. kept has its zone in any form.
func (d Draft) moment(t time.Time, kept *moment) moment {
	zone := t.Location()
	switch {
	case d.AllDay:
		return moment{wall: dayOfTime(t).wall(), form: dateForm}
	case kept != nil && !kept.isDate():
		return moment{wall: wallOf(t, kept.zone), form: kept.form, zone: kept.zone}
	case zone == time.UTC || ianaZone(zone.String()) == nil:
		return moment{wall: wall(t.Unix()), form: utcForm}
	default:
		return moment{wall: wallOf(t, zone), form: zonedForm, zone: zone}
	}
}

// value is the RRULE, with UNTIL in the form that DTSTART's asks for (RFC 5545 §3.3.10): the end of
// the last day where the person is.
func (r Repeat) value(start moment) string {
	rule := "FREQ=" + strings.ToUpper(string(r.Every))
	switch r.Every {
	case Workdays:
		rule = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
	case Fortnightly:
		rule = "FREQ=WEEKLY;INTERVAL=2"
	}
	if r.Until.IsZero() {
		return rule
	}
	last := dayOfTime(r.Until)
	end := ((last + 1).wall() - 1).in(r.Until.Location())
	switch start.form {
	case dateForm:
		return rule + ";UNTIL=" + formatDate(last)
	case floatingForm:
		return rule + ";UNTIL=" + formatWall(wallOf(end, start.zone))
	default:
		return rule + ";UNTIL=" + stamp(end)
	}
}

// workdays are Monday to Friday, as BYDAY has them.
var workdays = func() (all numbers) {
	for day := range 5 {
		all.add(day)
	}
	return all
}()

// repeatOf reads back what value wrote; a rule that says more is Otherwise.
func repeatOf(it *item, zone *time.Location) Repeat {
	if it.rule == nil {
		if len(it.added) > 0 {
			return Repeat{Every: Otherwise}
		}
		return Repeat{}
	}
	place := it.start.place(zone)
	r := it.ruleIn(place)
	var repeat Repeat
	if r.hasUntil {
		// The last day on which it may start: clients that cut a series in two end the first part a
		// second before an instance.
		hour := wall(it.start.wall.second())
		last := ((r.until - hour).day().wall() + hour).in(place)
		repeat.Until = midnight(last.In(zone))
	}
	plain := rule{
		freq: r.freq, interval: 1, until: r.until, hasUntil: r.hasUntil, untilUTC: r.untilUTC, weekStart: r.weekStart,
	}
	// A weekly rule on the weekday of its start, and a monthly one on its day, say no more.
	_, _, dayOfMonth := it.start.wall.day().date()
	repeat.Every = [...]Every{
		yearly: Yearly, monthly: Monthly, weekly: Weekly, daily: Daily, hourly: Otherwise, minutely: Otherwise, secondly: Otherwise,
	}[r.freq]
	switch {
	case r.freq == weekly && r.weekdays == workdays && r.weekdays.has(it.start.wall.day().weekday()):
		repeat.Every, plain.weekdays = Workdays, workdays
	case r.freq == weekly:
		if !r.weekdays.empty() {
			plain.weekdays.add(it.start.wall.day().weekday())
		}
		if r.interval == 2 {
			repeat.Every, plain.interval = Fortnightly, 2
		}
	case r.freq == monthly && !r.monthDays.empty():
		plain.monthDays.add(dayOfMonth)
	}
	if *r != plain || len(it.added) > 0 {
		repeat.Every = Otherwise
	}
	return repeat
}

// change writes a draft over the event. When the start moves, the exceptions of the series move
// with it: a meeting cancelled on the 14th stays cancelled. A rule that no form shows moves with it as
// far as it can be told what it means then; a portal.FieldErrors says where it can't.
func (o *Object) change(d Draft, zone *time.Location, now time.Time) error {
	main := o.items[0]
	before, kept := *main.start, *main.start
	kept.zone = before.place(zone)
	rule := propValue(main.component, ical.PropRecurrenceRule)
	if d.Repeat.Every == Otherwise && main.rule != nil {
		if err := main.moveRule(d.moment(d.Start, &kept), zone); err != nil {
			return err
		}
	}
	invited := partiesIn(main.component)
	after := d.write(main.component, now, &kept)
	for _, it := range o.items[1:] {
		d.Guests.follow(it.component, invited)
	}
	if !before.isDate() && after.isDate() {
		before.wall = before.wall.day().wall()
	}
	delta := after.wall - wallOf(before.at(zone), after.place(zone))
	if before.isDate() {
		delta = after.wall - before.wall
	}
	if delta != 0 || before.form != after.form {
		for _, it := range o.items {
			moveExceptions(it, delta, after, zone)
		}
	}
	addZone(o.root, after, d.Start.Year())
	if propValue(main.component, ical.PropRecurrenceRule) == rule {
		return nil
	}
	return o.dropStrays(d, zone)
}

// moveRule has a rule that the form doesn't show say the same of a series that begins at another
// moment.
func (it *item) moveRule(after moment, zone *time.Location) error {
	r, place := it.rule, it.start.place(zone)
	moved := after.wall - it.start.wallIn(after.place(zone), zone)
	if it.start.isDate() {
		moved = after.wall - it.start.wall
	}
	if moved == 0 && after.isDate() == it.start.isDate() {
		return nil
	}
	value := propValue(it.component, ical.PropRecurrenceRule)
	if after.wall.day() != it.start.wall.day() {
		if !r.followsStart(it.start.wall.day()) {
			return portal.FieldErrors{portal.Invalid("start", "calendar.error.rule-days")}
		}
		value = withoutParts(value, "BYDAY", "BYMONTHDAY", "BYMONTH")
	}
	if r.hours+r.minutes+r.seconds != "" {
		return portal.FieldErrors{portal.Invalid("start-time", "calendar.error.rule-days")}
	}
	if r.hasUntil {
		until := after
		until.wall = it.ruleIn(place).until + moved
		value = withPart(value, "UNTIL="+until.untilText(after.place(zone)))
	}
	set(it.component, ical.PropRecurrenceRule, value)
	return nil
}

// followsStart says that the days of a rule are those of its start, so that they move with it.
func (r *rule) followsStart(start day) bool {
	_, month, dayOfMonth := start.date()
	var weekday, monthDay, ofYear numbers
	weekday.add(start.weekday())
	monthDay.add(dayOfMonth)
	ofYear.add(month)
	follows := func(set, one numbers, allowed bool) bool { return set.empty() || allowed && set == one }
	return r.ordinals.empty() && r.positions.empty() && r.yearDays.empty() && r.weekNos.empty() &&
		follows(r.weekdays, weekday, r.freq == weekly) &&
		follows(r.monthDays, monthDay, r.freq == monthly || r.freq == yearly) &&
		follows(r.months, ofYear, r.freq == yearly)
}

// dropStrays takes away the exceptions of instances that a series does not have any more: clients
// would show them as dates of their own.
func (o *Object) dropStrays(d Draft, zone *time.Location) error {
	component := o.items[0].component
	if d.Repeat.Every == Once {
		component.Props.Del(ical.PropExceptionDates)
		component.Props.Del(ical.PropRecurrenceDates)
		o.dropOverrides(func(*item) bool { return true })
		return nil
	}
	main, err := newItem(component, o.zones)
	if err != nil {
		return err
	}
	series := &Object{items: []*item{main}}
	o.dropOverrides(func(it *item) bool {
		var at *moment
		err := readMoment(it.component, ical.PropRecurrenceID, o.zones, &at)
		return err != nil || !series.hasInstance(at.at(zone), zone)
	})
	return nil
}

// moveExceptions shifts EXDATE, RDATE and RECURRENCE-ID and writes them as DTSTART is written.
func moveExceptions(it *item, delta wall, like moment, zone *time.Location) {
	shift := func(m moment) moment {
		w := wallOf(m.at(zone), like.place(zone)) + delta
		if m.isDate() {
			w = m.wall + delta
		}
		if like.isDate() {
			w = w.day().wall()
		}
		return moment{wall: w, form: like.form, zone: like.zone}
	}
	if it.isOverride {
		setMoment(it.component, ical.PropRecurrenceID, shift(it.recurrenceID))
		return
	}
	it.component.Props.Del(ical.PropExceptionDates)
	for _, m := range it.excluded {
		it.component.Props.Add(momentProp(ical.PropExceptionDates, shift(m)))
	}
	it.component.Props.Del(ical.PropRecurrenceDates)
	for _, a := range it.added {
		it.component.Props.Add(momentProp(ical.PropRecurrenceDates, shift(a.start)))
	}
}

// exclude takes one instance out of a series, portal.ErrNotFound when there is none.
func (o *Object) exclude(recurrence time.Time, zone *time.Location, now time.Time) error {
	main := o.items[0]
	if main.isOverride || !main.repeats() {
		return portal.ErrNotFound
	}
	at := *main.start
	at.wall = wallOf(recurrence, main.start.place(zone))
	if !o.hasInstance(recurrence, zone) {
		return portal.ErrNotFound
	}
	o.root.Children = slices.DeleteFunc(o.root.Children, func(c *ical.Component) bool {
		return slices.ContainsFunc(o.items, func(it *item) bool {
			return it.component == c && it.isOverride && it.recurrenceID.at(zone).Equal(recurrence)
		})
	})
	main.component.Props.Add(momentProp(ical.PropExceptionDates, at))
	addZone(o.root, at, recurrence.Year())
	touch(main.component, now)
	return nil
}

// touch stamps a change (RFC 5545 §3.8.7).
func touch(event *ical.Component, now time.Time) {
	set(event, ical.PropDateTimeStamp, stamp(now))
	set(event, ical.PropLastModified, stamp(now))
	sequence := 0
	if p := event.Props.Get(ical.PropSequence); p != nil {
		n, err := strconv.Atoi(p.Value)
		if err == nil && n >= 0 && n < 1<<30 {
			sequence = n + 1
		}
	}
	set(event, ical.PropSequence, strconv.Itoa(sequence))
}

func stamp(t time.Time) string { return formatWall(wall(t.Unix())) + "Z" }

func set(c *ical.Component, name, value string) { c.Props.Set(&ical.Prop{Name: name, Value: value}) }

// setText keeps the parameters of the property (LANGUAGE, ALTREP) while its text stays the same, but
// for the line ends of forms and the spaces around it; an empty text removes it.
func setText(c *ical.Component, name, value string) {
	plain := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	switch p := c.Props.Get(name); {
	case p != nil && plain(text(p.Value)) == plain(value):
	case value == "":
		c.Props.Del(name)
	default:
		set(c, name, escapeText(value))
	}
}

func setMoment(c *ical.Component, name string, m moment) { c.Props.Set(momentProp(name, m)) }

func momentProp(name string, m moment) *ical.Prop {
	switch m.form {
	case dateForm:
		return &ical.Prop{Name: name, Value: formatDate(m.wall.day()), Params: ical.Params{ical.ParamValue: {"DATE"}}}
	case utcForm:
		return &ical.Prop{Name: name, Value: formatWall(m.wall) + "Z"}
	case zonedForm:
		return &ical.Prop{Name: name, Value: formatWall(m.wall), Params: ical.Params{ical.ParamTimezoneID: {m.zone.String()}}}
	default:
		return &ical.Prop{Name: name, Value: formatWall(m.wall)}
	}
}

// conflictForPage gives a lost race its sentence, and what an attendee may not change.
func conflictForPage(err error) error {
	if errors.Is(err, ErrCondition) {
		return portal.UserError{Kind: portal.ErrConflict, Key: "calendar.error.changed-meanwhile"}
	}
	var refused *Refusal
	switch {
	case !errors.As(err, &refused):
	case refused.Reason == AttendeeChange:
		return portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.not-organizer"}
	case refused.Reason == TooManyAttendees:
		return portal.FieldErrors{portal.Invalid("guests", "calendar.error.guests-large")}
	}
	return err
}

// Dates are when a new event of the draft happens, by start, at most so many.
func (d Draft) Dates(most int) (all []Slot, err error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	o, err := Parse(encode(d.object("draft", d.Start)))
	if err != nil {
		return nil, fmt.Errorf("calendar: dates of a draft: %w", err)
	}
	zone := d.Start.Location()
	err = o.occurrences(d.Start, time.Time{}, zone, func(occ occurrence) error {
		if len(all) == most {
			return errStop
		}
		one := o.instance(occ, words{}, zone)
		all = append(all, Slot{Recurrence: one.Recurrence, Start: one.Start, End: one.End})
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return all, err
}
