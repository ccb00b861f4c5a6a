package calendar

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// Filter is the CALDAV:comp-filter inside VCALENDAR of a calendar-query (RFC 4791 §9.7). The zero
// value takes everything.
type Filter struct {
	Component string // "VEVENT"; "" for any
	Absent    bool   // is-not-defined: objects without this component
	Range     Range
	Props     []PropFilter
	Inner     []Filter // of components inside: VALARM
	AnyOf     bool     // test="anyof" of Props and Inner, else all must hold
}

// Range is half-open, [From, To); a zero bound is open.
type Range struct{ From, To time.Time }

// IsZero says that the range is everything.
func (r Range) IsZero() bool { return r.From.IsZero() && r.To.IsZero() }

// PropFilter is a CALDAV:prop-filter (§9.7.2).
type PropFilter struct {
	Name   string // "SUMMARY"
	Absent bool
	Text   *TextMatch
	Range  Range
	Params []ParamFilter
}

// ParamFilter is a CALDAV:param-filter (§9.7.3).
type ParamFilter struct {
	Name   string // "PARTSTAT"
	Absent bool
	Text   *TextMatch
}

// TextMatch is a CALDAV:text-match (§9.7.5).
type TextMatch struct {
	Text   string
	Negate bool
	Octet  bool // i;octet: cases differ; else i;ascii-casemap and i;unicode-casemap
}

// maxWork is how long one Find, or the reading of one calendar's instances, may take; waiting for a
// slow client is not counted.
const maxWork = 4 * time.Second

// ErrTooMuchWork: the objects of a calendar take too long to check. It is a portal.ErrUnavailable.
var ErrTooMuchWork = fmt.Errorf("calendar: too much work: %w", portal.ErrUnavailable)

// Find lists the objects of a calendar that a filter takes, with their octets, sorted by name.
// Time is read in zone, the calendar's own when nil. A filter that only asks for a time range is
// answered by the index for all that happens once.
func (s *Store) Find(ctx context.Context, caller portal.Caller, id CalendarID, f Filter, zone *time.Location, yield func(Entry) error) error {
	c, err := s.Calendar(ctx, caller, id)
	if err != nil {
		return err
	}
	if zone == nil {
		zone = c.Zone
	}
	names, err := s.candidates(ctx, caller, c, f)
	if err != nil {
		return fmt.Errorf("calendar: find in %q: %w", id, err)
	}
	var work time.Duration
	for part := range slices.Chunk(names, batch) {
		found, err := s.entries(ctx, caller, c, part)
		if err != nil {
			return fmt.Errorf("calendar: find in %q: %w", id, err)
		}
		slices.SortFunc(found, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
		for _, e := range found {
			begun := time.Now()
			takes := f.Takes(e, zone)
			if work += time.Since(begun); work > maxWork {
				return ErrTooMuchWork
			}
			if !takes {
				continue
			}
			if err := yield(e); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("calendar: find in %q: %w", id, err)
		}
	}
	return nil
}

// candidates are the names of the objects that the index doesn't rule out, sorted.
func (s *Store) candidates(ctx context.Context, caller portal.Caller, c Calendar, f Filter) ([]string, error) {
	component := f.Component
	if f.Absent || !slices.Contains(Components, component) {
		component = ""
	}
	from, to := int64(always), int64(never)
	if !f.Absent && !f.Range.From.IsZero() {
		from = f.Range.From.UnixMilli()
	}
	if !f.Absent && !f.Range.To.IsZero() {
		to = f.Range.To.UnixMilli()
	}
	rows, err := s.db.Query(ctx, `
		SELECT name FROM calendar_objects
		WHERE collectivity = $1 AND calendar = $2 AND last_end >= $3 AND first_start <= $4
		  AND ($5 = '' OR component = $5)`, string(caller.Collectivity), string(c.ID), from, to, component)
	names, err := database.Collect(rows, err, scanString)
	slices.Sort(names)
	return names, err
}

// Takes says whether the filter takes an entry with its octets.
func (f Filter) Takes(e Entry, zone *time.Location) bool {
	onlyRange := !f.Absent && len(f.Props) == 0 && len(f.Inner) == 0
	if onlyRange && f.Component == "" {
		return true
	}
	if onlyRange && f.Component == e.Component && (f.Range.IsZero() || e.exact) {
		return f.Range.IsZero() || e.overlaps(f.Range)
	}
	parse := Parse
	if onlyRange {
		parse = parseTiming
	}
	o, err := parse(e.Octets)
	return err == nil && f.Matches(o, zone)
}

// TakesMessage says whether the filter takes what a message of an inbox is about; nil is the zone of Paris.
func (f Filter) TakesMessage(m Message, zone *time.Location) bool {
	o, err := Parse(bytes.Replace(m.Octets, []byte("METHOD:"+m.Method+"\r\n"), nil, 1)) // which no stored object has
	return err == nil && f.Matches(o, cmp.Or(zone, zoneNamed("")))
}

// overlaps is exact for an entry that happens once: VEVENT in the table of RFC 4791 §9.9.
func (e Entry) overlaps(r Range) bool {
	from, to := int64(always), int64(never)
	if !r.From.IsZero() {
		from = r.From.UnixMilli()
	}
	if !r.To.IsZero() {
		to = r.To.UnixMilli()
	}
	if e.first == e.last {
		return e.first >= from && e.first < to
	}
	return e.last > from && e.first < to
}

// Matches says whether the filter takes an object.
func (f Filter) Matches(o *Object, zone *time.Location) bool {
	if f.Component == "" {
		return true
	}
	var found []*ical.Component
	for _, c := range o.root.Children {
		if c.Name == f.Component {
			found = append(found, c)
		}
	}
	if f.Absent || len(found) == 0 {
		return f.Absent && len(found) == 0
	}
	if !f.Range.IsZero() && (f.Component != o.Component || !o.Overlaps(f.Range.From, f.Range.To, zone)) {
		return false
	}
	return slices.ContainsFunc(found, func(c *ical.Component) bool { return f.holds(o, c, zone) })
}

// holds checks what a filter asks of one component, its range apart.
func (f Filter) holds(o *Object, c *ical.Component, zone *time.Location) bool {
	tests := make([]bool, 0, len(f.Props)+len(f.Inner))
	for _, p := range f.Props {
		tests = append(tests, p.holds(c, zone))
	}
	for _, inner := range f.Inner {
		tests = append(tests, inner.holdsInside(o, c, zone))
	}
	if f.AnyOf {
		return len(tests) == 0 || slices.Contains(tests, true)
	}
	return !slices.Contains(tests, false)
}

// holdsInside checks what a filter asks of the alarms of a component.
func (f Filter) holdsInside(o *Object, c *ical.Component, zone *time.Location) bool {
	exists, holds := false, false
	for _, child := range c.Children {
		if child.Name == f.Component {
			exists = true
			holds = holds || (f.Range.IsZero() || o.rings(c, child, f.Range, zone)) && f.holds(o, child, zone)
		}
	}
	return exists != f.Absent && (f.Absent || holds)
}

func (p PropFilter) holds(c *ical.Component, zone *time.Location) bool {
	props := c.Props[p.Name]
	if p.Absent || len(props) == 0 {
		return p.Absent && len(props) == 0
	}
	return slices.ContainsFunc(props, func(prop ical.Prop) bool {
		return (p.Text == nil || p.Text.holds(text(prop.Value))) &&
			(p.Range.IsZero() || inRange(prop, p.Range, zone)) &&
			!slices.ContainsFunc(p.Params, func(f ParamFilter) bool { return !f.holds(prop) })
	})
}

func inRange(p ical.Prop, r Range, zone *time.Location) bool {
	m, err := parseMoment(p.Value, p.Params, &zoneTable{})
	if err != nil {
		return false
	}
	at := m.at(zone)
	return (r.From.IsZero() || !at.Before(r.From)) && (r.To.IsZero() || at.Before(r.To))
}

func (f ParamFilter) holds(p ical.Prop) bool {
	values := p.Params[f.Name]
	if f.Absent || len(values) == 0 {
		return f.Absent && len(values) == 0
	}
	return f.Text == nil || slices.ContainsFunc(values, f.Text.holds)
}

func (m TextMatch) holds(value string) bool {
	wanted := m.Text
	if !m.Octet {
		value, wanted = strings.ToLower(value), strings.ToLower(wanted)
	}
	return strings.Contains(value, wanted) != m.Negate
}
