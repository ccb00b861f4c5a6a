package calendar

import (
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// Data is how a client wants an object (RFC 4791 §9.6); the zero value: as it is.
type Data struct {
	Expand Range // instances of it in place of series
	Limit  Range // of series, only the exceptions in it
	Part   *Part // nil: all of it
}

// IsZero says that the object is wanted as it is.
func (d Data) IsZero() bool { return d.Expand.IsZero() && d.Limit.IsZero() && d.Part == nil }

// Part is what is wanted of a component, and of those in it.
type Part struct {
	Name     string // "VEVENT"
	AllProps bool
	Props    map[string]bool // true: without their values
	AllParts bool
	Parts    []Part
}

// As writes an object as a client wants it. Errors are those of expanding: more than 8 MiB is
// ErrTooMuchWork.
func (o *Object) As(d Data, zone *time.Location) ([]byte, error) {
	root, err := o.root, error(nil)
	switch {
	case !d.Expand.IsZero():
		root, err = o.expand(d.Expand, zone)
	case !d.Limit.IsZero():
		root = o.limit(d.Limit, zone)
	}
	if err != nil {
		return nil, err
	}
	if d.Part != nil {
		root = d.Part.of(root)
	}
	return encode(root), nil
}

// limit leaves out the exceptions that neither are in a range nor were (§9.6.6).
func (o *Object) limit(r Range, zone *time.Location) *ical.Component {
	root := &ical.Component{Name: o.root.Name, Props: o.root.Props}
	for _, c := range o.root.Children {
		i := slices.IndexFunc(o.items, func(it *item) bool { return it.component == c })
		if i < 0 || !o.items[i].isOverride || o.items[i].touches(r, o.items[0], zone) {
			root.Children = append(root.Children, c)
		}
	}
	return root
}

// touches says whether an exception is in a range, or was before it was one.
func (it *item) touches(r Range, series *item, zone *time.Location) bool {
	place := it.recurrenceID.place(zone)
	at := it.recurrenceID.at(zone)
	was := occurrence{item: series, start: at, end: series.endOf(it.recurrenceID.wall, at, place, nil)}
	if series.firstMoment() != nil && series.overlaps(was, r.From, r.To) {
		return true
	}
	first := it.firstMoment()
	if first == nil {
		return true
	}
	start := first.at(zone)
	return it.overlaps(occurrence{item: it, start: start, end: it.endOf(first.wall, start, first.place(zone), nil)}, r.From, r.To)
}

// of is what is wanted of a component.
func (p Part) of(c *ical.Component) *ical.Component {
	kept := &ical.Component{Name: c.Name, Props: c.Props}
	if !p.AllProps {
		kept.Props = ical.Props{}
		for name, without := range p.Props {
			for _, prop := range c.Props[name] {
				if without {
					prop = ical.Prop{Name: prop.Name, Params: ical.Params{}}
				}
				kept.Props[name] = append(kept.Props[name], prop)
			}
		}
	}
	for _, child := range c.Children {
		i := slices.IndexFunc(p.Parts, func(part Part) bool { return strings.EqualFold(part.Name, child.Name) })
		switch {
		case p.AllParts:
			kept.Children = append(kept.Children, child)
		case i >= 0:
			kept.Children = append(kept.Children, p.Parts[i].of(child))
		}
	}
	return kept
}
