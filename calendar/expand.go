package calendar

import (
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// maxExpanded is the most that is expanded of one object, in bytes.
const maxExpanded = 8 << 20

// expand is every instance in a range as a component of its own, in UTC and without recurrence
// (RFC 4791 §9.6.5); at most MaxInstances. What would be larger than 8 MiB is ErrTooMuchWork.
func (o *Object) expand(r Range, zone *time.Location) (*ical.Component, error) {
	root := &ical.Component{Name: o.root.Name, Props: o.root.Props}
	var of *item
	var size, total int // bytes of one instance and of all
	err := o.occurrences(r.From, r.To, zone, func(occ occurrence) error {
		if len(root.Children) == MaxInstances {
			return errStop // cut: the client asked for years of it
		}
		c := expanded(occ, zone)
		if occ.item != of {
			of, size = occ.item, sizeOf(c)
		}
		if total += size; total > maxExpanded {
			return ErrTooMuchWork
		}
		root.Children = append(root.Children, c)
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return nil, err
	}
	return root, nil
}

// sizeOf is about how many bytes a component is when it is written.
func sizeOf(c *ical.Component) int {
	size := 2 * len("BEGIN:\r\n"+c.Name)
	for name, props := range c.Props {
		for _, p := range props {
			size += len(name) + len(p.Value) + len(":\r\n")
			for param, values := range p.Params {
				size += len(param) + len(strings.Join(values, ",")) + len(";=")
			}
		}
	}
	for _, child := range c.Children {
		size += sizeOf(child)
	}
	return size
}

func expanded(occ occurrence, zone *time.Location) *ical.Component {
	it := occ.item
	c := &ical.Component{Name: it.component.Name, Props: maps.Clone(it.component.Props), Children: it.component.Children}
	for _, name := range []string{ical.PropRecurrenceRule, ical.PropRecurrenceDates, ical.PropExceptionDates, ical.PropDuration} {
		c.Props.Del(name)
	}
	if it.start == nil {
		return c
	}
	at := func(t time.Time) moment {
		if it.start.isDate() {
			return moment{wall: wallOf(t, zone), form: dateForm}
		}
		return moment{wall: wall(t.Unix()), form: utcForm}
	}
	setMoment(c, ical.PropDateTimeStart, at(occ.start))
	if it.isOverride || it.repeats() {
		setMoment(c, ical.PropRecurrenceID, at(occ.recurrence))
	}
	end := ical.PropDateTimeEnd
	if c.Name == TodoComponent {
		end = ical.PropDue
	}
	if it.end != nil || it.span != nil {
		setMoment(c, end, at(occ.end))
	}
	return c
}
