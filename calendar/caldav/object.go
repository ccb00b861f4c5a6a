package caldav

import (
	"bytes"
	"context"
	"encoding/xml"
	"strconv"
	"unicode/utf8"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// object is an event, task or journal entry of a calendar.
type object struct {
	calendar.Entry
	in   *collection
	href string
	data *wanted // of a report; nil: the octets as they are
}

// Prepare makes the data that a report asks for.
func (o *object) Prepare() error {
	if o.data == nil || o.data.IsZero() || o.Octets == nil {
		return nil
	}
	octets, err := o.data.of(o.Octets, o.in.Zone)
	if err != nil {
		return answer(err, o.href)
	}
	o.Octets = octets
	return nil
}

// calendarData is the property that a report answers with the octets.
var calendarData = name("calendar-data")

var objectTable = dav.NewTable(append(
	dav.Common(func(o *object) portal.Caller { return o.in.caller }, func(o *object) dav.Privileges {
		return dav.Privileges{Write: o.in.Writable && !o.Hidden}
	}),
	[]dav.Property[*object]{
		{Name: dav.Name("resourcetype"), Value: func(*object) dav.Value { return dav.Elements() }},
		{Name: dav.Name("getetag"), Value: func(o *object) dav.Value { return dav.Text(o.ETag) }},
		{Name: name("schedule-tag"), OnDemand: true, Value: func(o *object) dav.Value { return textIfAny(o.ScheduleTag) }},
		{Name: dav.Name("getcontenttype"), Value: func(o *object) dav.Value { return typeValues[o.Component] }},
		{Name: dav.Name("getcontentlength"), Value: (*object).length},
		{Name: dav.Name("getlastmodified"), Value: func(o *object) dav.Value { return dav.HTTPDate(o.Modified) }},
		{Name: dav.Name("owner"), OnDemand: true, Value: func(o *object) dav.Value { return o.in.Property(dav.Name("owner")) }},
		{Name: calendarData, OnDemand: true, Value: (*object).value},
	}...,
)...)

// length is not known of a veiled object before it is read.
func (o *object) length() dav.Value {
	if o.Hidden && o.Octets == nil {
		return nil
	}
	return dav.Text(strconv.Itoa(o.Size))
}

func (o *object) contentType() string { return contentType(o.Component) }

func contentType(component string) string {
	return "text/calendar; charset=utf-8; component=" + component
}

// typeValues are the values of getcontenttype by component.
var typeValues = func() map[string]dav.Value {
	values := map[string]dav.Value{}
	for _, component := range calendar.Components {
		values[component] = dav.Text(contentType(component))
	}
	return values
}()

// value is the octets, for reports that loaded them.
func (o *object) value() dav.Value {
	if o.Octets == nil {
		return nil
	}
	octets := o.Octets
	if !utf8.Valid(octets) {
		octets = o.UnfoldedText()
	}
	return func(w *dav.Writer) { w.Raw(octets) }
}

func (o *object) Href() string { return o.href }

func (o *object) Property(name xml.Name) dav.Value { return objectTable.Of(o, name) }

func (o *object) PropertyNames(onDemand bool) []xml.Name { return objectTable.Names(o, onDemand) }

func (o *object) Get(context.Context, portal.Caller) (dav.Content, error) {
	return dav.Content{
		Body: bytes.NewReader(o.Octets), Type: o.contentType(), ETag: o.ETag, Modified: o.Modified, ScheduleTag: o.ScheduleTag,
	}, nil
}

func (o *object) Delete(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error {
	return answer(o.in.store.Delete(ctx, caller, o.in.ID, o.Name, calendar.Condition(conditions)), o.in.Href())
}
