package calendar

import (
	"maps"
	"time"

	"github.com/emersion/go-ical"
)

// Expand writes every instance in a range as a component of its own, in UTC and without recurrence
// (RFC 4791 §9.6.5); at most MaxInstances.
func (o *Object) Expand(r Range, zone *time.Location) []byte {
	root := &ical.Component{Name: o.root.Name, Props: o.root.Props}
	// An object with too many instances is cut: the client asked for years of it.
	_ = o.occurrences(r.From, r.To, zone, func(occ occurrence) error {
		if len(root.Children) == MaxInstances {
			return errStop
		}
		root.Children = append(root.Children, expanded(occ, zone))
		return nil
	})
	return encode(root)
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
