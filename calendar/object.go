package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// Components that a calendar stores, in the words of RFC 5545.
const (
	EventComponent   = ical.CompEvent
	TodoComponent    = ical.CompToDo
	JournalComponent = ical.CompJournal
)

// Components lists them, for supported-calendar-component-set.
var Components = []string{EventComponent, TodoComponent, JournalComponent}

// Object is a calendar object resource, parsed: one component and its overridden instances, all
// of one UID (RFC 4791 §4.1). Its octets are kept beside it, as received.
type Object struct {
	UID       string
	Component string // EventComponent, TodoComponent or JournalComponent
	root      *ical.Component
	zones     *zoneTable
	items     []*item // the master first, when there is one
}

// Parse reads a client's calendar object within the limits of this package. What breaks a rule
// comes back as *Refusal; no input makes it panic or take long.
func Parse(octets []byte) (*Object, error) {
	o, err := ParseForeign(octets)
	if err != nil {
		return nil, err
	}
	for _, it := range o.items {
		if it.rule == nil {
			continue
		}
		if err := it.rule.storable(); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// ParseForeign is Parse of what is only shown: it takes rules that come up more often than what is stored.
func ParseForeign(octets []byte) (*Object, error) { return parseOnly(octets, nil) }

// parseTiming is Parse of what was stored without its texts, which costs a third: enough to know when
// it happens, and whether that takes time.
func parseTiming(octets []byte) (*Object, error) { return parseOnly(octets, timing) }

// timing are the properties of which parseTiming reads an object, and shown those that pages read.
var (
	timing = namesOf(
		"BEGIN", "END", ical.PropUID, ical.PropDateTimeStart, ical.PropDateTimeEnd, ical.PropDue, ical.PropDuration, ical.PropRecurrenceRule,
		ical.PropRecurrenceDates, ical.PropExceptionDates, ical.PropRecurrenceID, ical.PropCompleted, ical.PropCreated,
		ical.PropTransparency, ical.PropStatus, ical.PropTimezoneID, ical.PropTimezoneOffsetFrom, ical.PropTimezoneOffsetTo, zoneLocation,
	)
	shown = namesOf(append(slices.Collect(maps.Keys(timing)), ical.PropSummary, ical.PropLocation, ical.PropDescription, ical.PropAttach)...)
)

func namesOf(names ...string) map[string]bool {
	set := map[string]bool{}
	for _, name := range names {
		set[name] = true
	}
	return set
}

func parseOnly(octets []byte, only map[string]bool) (*Object, error) {
	root, err := decodeOnly(octets, only)
	if err != nil {
		return nil, err
	}
	if root.Props.Get(ical.PropMethod) != nil {
		return nil, refusal(InvalidResource, "METHOD in a stored object")
	}
	o := &Object{root: root, zones: newZoneTable(root)}
	for _, c := range root.Children {
		if c.Name != ical.CompTimezone {
			if err := o.add(c); err != nil {
				return nil, err
			}
		}
	}
	if len(o.items) == 0 {
		return nil, refusal(InvalidResource, "no component but VTIMEZONE")
	}
	slices.SortStableFunc(o.items, func(a, b *item) int { return boolToInt(a.isOverride) - boolToInt(b.isOverride) })
	if len(o.items) > 1 && !o.items[1].isOverride {
		return nil, refusal(InvalidResource, "two components without RECURRENCE-ID")
	}
	return o, nil
}

func (o *Object) add(c *ical.Component) error {
	if !slices.Contains(Components, c.Name) {
		return refusal(UnsupportedComponent, "%.40s", c.Name)
	}
	uid := strings.TrimSpace(propText(c, ical.PropUID))
	switch {
	case uid == "" || len(uid) > 1024:
		return refusal(InvalidResource, "%s without a UID of 1 to 1,024 bytes", c.Name)
	case o.UID != "" && (o.UID != uid || o.Component != c.Name):
		return refusal(InvalidResource, "two UIDs or two kinds of component")
	}
	o.UID, o.Component = uid, c.Name
	it, err := newItem(c, o.zones)
	if err != nil {
		return err
	}
	o.items = append(o.items, it)
	return nil
}

// item is one VEVENT, VTODO or VJOURNAL with its dates read.
type item struct {
	component    *ical.Component
	start        *moment // nil: a task may have none
	end          *moment // DTEND or DUE
	span         *span   // DURATION
	recurrenceID moment
	isOverride   bool
	rule         *rule
	added        []addition // RDATE
	excluded     []moment   // EXDATE
}

// addition is one RDATE; a PERIOD has an end of its own.
type addition struct {
	start moment
	end   *moment
	span  *span
}

func newItem(c *ical.Component, zones *zoneTable) (*item, error) {
	it := &item{component: c}
	endName := ical.PropDateTimeEnd
	if c.Name == TodoComponent {
		endName = ical.PropDue
	}
	var recurrenceID *moment
	for _, date := range [...]struct {
		name string
		into **moment
	}{{ical.PropDateTimeStart, &it.start}, {endName, &it.end}, {ical.PropRecurrenceID, &recurrenceID}} {
		if err := readMoment(c, date.name, zones, date.into); err != nil {
			return nil, err
		}
	}
	if p := c.Props.Get(ical.PropDuration); p != nil {
		s, err := parseSpan(p.Value)
		if err != nil {
			return nil, err
		}
		it.span = &s
	}
	if recurrenceID != nil {
		it.recurrenceID, it.isOverride = *recurrenceID, true
	}
	if err := it.recurrence(zones); err != nil {
		return nil, err
	}
	return it, it.check()
}

// recurrence reads RRULE, RDATE and EXDATE.
func (it *item) recurrence(zones *zoneTable) error {
	rules := it.component.Props[ical.PropRecurrenceRule]
	if len(rules) > 1 {
		return refusal(Malformed, "more than one RRULE")
	}
	if len(rules) == 1 && !it.isOverride {
		r, err := parseRule(rules[0].Value)
		if err != nil {
			return err
		}
		if it.start != nil && it.start.isDate() {
			r.forDates()
		}
		it.rule = r
	}
	for _, p := range it.component.Props[ical.PropRecurrenceDates] {
		for value := range strings.SplitSeq(p.Value, ",") {
			a, err := parseAddition(value, p.Params, zones)
			if err != nil {
				return err
			}
			it.added = append(it.added, a)
		}
	}
	for _, p := range it.component.Props[ical.PropExceptionDates] {
		for value := range strings.SplitSeq(p.Value, ",") {
			m, err := parseMoment(value, p.Params, zones)
			if err != nil {
				return err
			}
			it.excluded = append(it.excluded, m)
		}
	}
	if len(it.added) > MaxInstances || len(it.excluded) > MaxInstances {
		return refusal(TooManyInstances, "%d RDATE, %d EXDATE", len(it.added), len(it.excluded))
	}
	return nil
}

func parseAddition(value string, params ical.Params, zones *zoneTable) (addition, error) {
	from, to, isPeriod := strings.Cut(strings.TrimSpace(value), "/")
	start, err := parseMoment(from, params, zones)
	if err != nil {
		return addition{}, err
	}
	a := addition{start: start}
	switch {
	case !isPeriod:
	case strings.HasPrefix(strings.TrimPrefix(to, "+"), "P"):
		s, err := parseSpan(to)
		if err != nil {
			return addition{}, err
		}
		a.span = &s
	default:
		end, err := parseMoment(to, params, zones)
		if err != nil {
			return addition{}, err
		}
		a.end = &end
	}
	return a, nil
}

func (it *item) check() error {
	switch {
	case it.start == nil && it.component.Name == EventComponent:
		return refusal(Malformed, "VEVENT without DTSTART")
	case it.start == nil && it.rule != nil && it.end == nil:
		return refusal(Malformed, "RRULE without DTSTART")
	case it.start != nil && it.end != nil && it.end.at(time.UTC).Before(it.start.at(time.UTC)):
		return refusal(Malformed, "it ends before it starts")
	case it.end != nil && it.span != nil:
		return refusal(Malformed, "both an end and a DURATION")
	}
	return nil
}

// readMoment reads a date-time property into a pointer that stays nil when there is none.
func readMoment(c *ical.Component, name string, zones *zoneTable, into **moment) error {
	p := c.Props.Get(name)
	if p == nil || p.Value == "" && name != ical.PropDateTimeStart {
		return nil
	}
	m, err := parseMoment(p.Value, p.Params, zones)
	if err != nil {
		return err
	}
	*into = &m
	return nil
}

// propText is the first value of a TEXT property, "" when there is none.
func propText(c *ical.Component, name string) string {
	if p := c.Props.Get(name); p != nil {
		return text(p.Value)
	}
	return ""
}

// propValue is the first value of a property as it is written, "" when there is none.
func propValue(c *ical.Component, name string) string {
	if p := c.Props.Get(name); p != nil {
		return p.Value
	}
	return ""
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// etagOf names a version of an object by its octets: a quoted strong ETag.
func etagOf(octets []byte) string {
	sum := sha256.Sum256(octets)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// Ends of time in the index, milliseconds since the epoch.
const (
	always = math.MinInt64
	never  = math.MaxInt64
)

// indexRow is what the store knows of an object without parsing it.
type indexRow struct {
	uid, component, summary, status string
	class                           string
	// Instances lie within [first, last], UTC milliseconds. The bounds are never too narrow; those
	// of local times hold for every zone. last is never for what repeats without end.
	first, last int64
	// simple: one instance, exactly [first, last) whatever the calendar's zone.
	simple      bool
	allDay      bool
	recurring   bool
	transparent bool // all of it
}

// takesTime says whether the agent is not free during an instance.
func (it *item) takesTime() bool {
	said := wordsOf(it.component)
	return !said.transparent && said.status != "CANCELLED"
}

// zoneSlack is how far a local time may lie from the same time in UTC.
const zoneSlack = 15 * 3600 * 1000

func (o *Object) indexRow() indexRow {
	main := o.items[0]
	row := indexRow{
		uid:         o.UID,
		component:   o.Component,
		summary:     propText(main.component, ical.PropSummary),
		status:      strings.ToUpper(propText(main.component, ical.PropStatus)),
		class:       o.class(),
		transparent: !slices.ContainsFunc(o.items, (*item).takesTime),
		allDay:      main.start != nil && main.start.isDate(),
		recurring:   main.repeats() || main.isOverride,
		first:       never,
		last:        always,
	}
	row.simple = len(o.items) == 1 && !row.recurring && o.Component == EventComponent && !main.start.local()
	for _, it := range o.items {
		first, last := it.bounds()
		row.first, row.last = min(row.first, first), max(row.last, last)
	}
	return row
}

func (it *item) repeats() bool { return it.rule != nil || len(it.added) > 0 }

// bounds are the earliest start and the latest end of all its instances, or wider.
func (it *item) bounds() (first, last int64) {
	start := it.firstMoment()
	if start == nil || it.component.Name != EventComponent {
		return always, never // a task matches by COMPLETED and CREATED too: few, so checked exactly
	}
	slack := int64(boolToInt(start.local())) * zoneSlack
	at := start.at(time.UTC)
	end := it.endOf(start.wall, at, time.UTC, nil)
	length := end.Sub(at).Milliseconds()
	first, last = at.UnixMilli()-slack, end.UnixMilli()+slack
	for _, a := range it.added {
		// A day more on each side: the RDATE may be in another zone than DTSTART.
		rdate := a.start.at(time.UTC)
		first = min(first, rdate.UnixMilli()-zoneSlack)
		last = max(last, it.endOf(a.start.wall, rdate, time.UTC, &a).UnixMilli()+zoneSlack)
	}
	if it.rule != nil {
		if it.rule.endless() {
			return first, never
		}
		last = max(last, it.lastStart(*start).UnixMilli()+length+zoneSlack)
	}
	return first, last
}

// lastStart is when the last instance of the rule begins, or later.
func (it *item) lastStart(start moment) time.Time {
	place := start.place(time.UTC)
	r := it.ruleIn(place)
	if r.hasUntil {
		return r.until.in(place)
	}
	last := start.wall
	r.each(start.wall, start.wall, func(w wall) bool { last = w; return true })
	return last.in(place)
}
