package caldav

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"time"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// collations that text-match knows (RFC 4791 §7.5), the default first.
var collations = []string{"i;ascii-casemap", "i;octet", "i;unicode-casemap"}

// Reports are those that a calendar answers beside sync-collection.
func (c *collection) Reports() []xml.Name {
	return []xml.Name{name("calendar-query"), multigetName, name("free-busy-query")}
}

// Report answers calendar-query (RFC 4791 §7.8), calendar-multiget (§7.9) and free-busy-query
// (§7.10).
func (c *collection) Report(ctx context.Context, caller portal.Caller, body *dav.Node, m *dav.Multistatus) error {
	if body.Name == name("free-busy-query") {
		return c.freeBusy(ctx, caller, body, m)
	}
	data, err := wantedOf(body)
	if err != nil {
		return err
	}
	if body.Name == multigetName {
		return m.Multiget(body, c.Href(), func(names []string) (map[string]dav.Resource, error) {
			entries, err := c.store.Entries(ctx, caller, c.ID, names)
			if err != nil {
				return nil, err
			}
			found := make(map[string]dav.Resource, len(entries))
			for objectName, e := range entries {
				o := c.object(e)
				o.data = data
				found[objectName] = o
			}
			return found, nil
		})
	}
	filter, zone, err := queryOf(body)
	if err != nil {
		return err
	}
	base := c.Href()
	err = c.store.Find(ctx, caller, c.ID, filter, zone, func(e calendar.Entry) error {
		o := &object{Entry: e, in: c, href: dav.Join(base, e.Name), data: data}
		if err := o.Prepare(); err != nil {
			return err
		}
		m.Resource(o.href, o)
		return nil
	})
	return answer(err, base)
}

// Reports are those that an object answers (RFC 4791 §7).
func (o *object) Reports() []xml.Name { return []xml.Name{name("calendar-query"), multigetName} }

// Report answers with the object when it passes.
func (o *object) Report(ctx context.Context, caller portal.Caller, body *dav.Node, m *dav.Multistatus) error {
	if body.Name == multigetName {
		return o.in.Report(ctx, caller, body, m)
	}
	data, err := wantedOf(body)
	if err != nil {
		return err
	}
	filter, zone, err := queryOf(body)
	if err != nil || !filter.Takes(o.Entry, cmp.Or(zone, o.in.Zone)) {
		return err
	}
	one := *o
	one.data = data
	if err := one.Prepare(); err != nil {
		return err
	}
	m.Resource(o.href, &one)
	return nil
}

func (c *collection) freeBusy(ctx context.Context, caller portal.Caller, body *dav.Node, m *dav.Multistatus) error {
	n := body.Child(name("time-range"))
	if n == nil {
		return errFilter
	}
	r, err := rangeOf(n)
	if err != nil {
		return err
	}
	octets, err := c.store.FreeBusy(ctx, caller, c.ID, r)
	if errors.Is(err, portal.ErrInvalid) {
		return errFilter
	}
	if err != nil {
		return answer(err, c.Href())
	}
	return m.Instead("text/calendar; charset=utf-8", octets)
}

var errFilter = dav.Forbidden(name("valid-filter"))

// maxFilters is how many filters a calendar-query may hold: each looks at each object. Clients write
// five.
const maxFilters = 100

// filters counts those inside of an element.
func filters(n *dav.Node) (count int) {
	for _, child := range n.Children {
		count += 1 + filters(child)
	}
	return count
}

// queryOf reads the filter and the time zone of a calendar-query.
func queryOf(body *dav.Node) (calendar.Filter, *time.Location, error) {
	var zone *time.Location
	if n := body.Child(name("timezone")); n != nil {
		parsed, err := calendar.ParseZone([]byte(n.Text))
		if err != nil {
			return calendar.Filter{}, nil, dav.Forbidden(name("valid-calendar-data"))
		}
		zone = parsed
	}
	filter := body.Child(name("filter"))
	if filter == nil {
		return calendar.Filter{}, nil, errFilter
	}
	outer := filter.Child(name("comp-filter"))
	if outer == nil || !strings.EqualFold(outer.Attribute("name"), "VCALENDAR") {
		return calendar.Filter{}, nil, errFilter
	}
	if filters(outer) > maxFilters {
		return calendar.Filter{}, nil, dav.Forbidden(name("supported-filter"))
	}
	f, err := innerFilter(outer)
	return f, zone, err
}

// innerFilter is the filter on the components of VCALENDAR: of one kind, as an object holds one.
func innerFilter(outer *dav.Node) (calendar.Filter, error) {
	var f calendar.Filter
	for _, n := range outer.Children {
		if n.Name == name("time-range") || n.Name == name("prop-filter") || n.Name == name("is-not-defined") || f.Component != "" {
			return f, dav.Forbidden(name("supported-filter"))
		}
		if n.Name != name("comp-filter") {
			continue
		}
		var err error
		if f, err = compFilter(n); err != nil {
			return f, err
		}
	}
	return f, nil
}

func compFilter(n *dav.Node) (calendar.Filter, error) {
	f := calendar.Filter{Component: strings.ToUpper(n.Attribute("name")), AnyOf: n.Attribute("test") == "anyof"}
	if f.Component == "" {
		return f, errFilter
	}
	for _, child := range n.Children {
		var err error
		switch child.Name {
		case name("is-not-defined"):
			f.Absent = true
		case name("time-range"):
			f.Range, err = rangeOf(child)
		case name("prop-filter"):
			var p calendar.PropFilter
			p, err = propFilter(child)
			f.Props = append(f.Props, p)
		case name("comp-filter"):
			var inner calendar.Filter
			inner, err = compFilter(child)
			if !inner.Range.IsZero() && inner.Component != "VALARM" { // of nothing else the standard says when it is
				err = dav.Forbidden(name("supported-filter"))
			}
			f.Inner = append(f.Inner, inner)
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

func propFilter(n *dav.Node) (calendar.PropFilter, error) {
	p := calendar.PropFilter{Name: strings.ToUpper(n.Attribute("name"))}
	if p.Name == "" {
		return p, errFilter
	}
	for _, child := range n.Children {
		var err error
		switch child.Name {
		case name("is-not-defined"):
			p.Absent = true
		case name("time-range"):
			p.Range, err = rangeOf(child)
		case name("text-match"):
			p.Text, err = textMatch(child)
		case name("param-filter"):
			param := calendar.ParamFilter{
				Name:   strings.ToUpper(child.Attribute("name")),
				Absent: child.Child(name("is-not-defined")) != nil,
			}
			if match := child.Child(name("text-match")); match != nil {
				param.Text, err = textMatch(match)
			}
			p.Params = append(p.Params, param)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func textMatch(n *dav.Node) (*calendar.TextMatch, error) {
	collation := n.Attribute("collation")
	if collation == "" || collation == "default" {
		collation = collations[0]
	}
	if !slices.Contains(collations, collation) {
		return nil, dav.Forbidden(name("supported-collation"))
	}
	return &calendar.TextMatch{
		Text: n.Text, Negate: n.Attribute("negate-condition") == "yes", Octet: collation == "i;octet",
	}, nil
}

// rangeOf reads a time-range (§9.9): UTC instants, either of which may be missing.
func rangeOf(n *dav.Node) (calendar.Range, error) {
	var r calendar.Range
	for _, bound := range []struct {
		text string
		into *time.Time
	}{{n.Attribute("start"), &r.From}, {n.Attribute("end"), &r.To}} {
		if bound.text == "" {
			continue
		}
		t, err := time.Parse("20060102T150405Z", bound.text)
		if err != nil {
			return r, errFilter
		}
		*bound.into = t
	}
	if r.IsZero() || !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		return r, errFilter
	}
	return r, nil
}
