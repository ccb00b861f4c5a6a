package caldav

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"strconv"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// inbox holds the messages that were delivered to the caller (RFC 6638 §2.2): for clients that show
// what is new, since what messages say is in her calendars already.
type inbox struct{ home *home }

var inboxTable = dav.NewTable(append(
	dav.Common(func(i *inbox) portal.Caller { return i.home.caller }, func(*inbox) dav.Privileges { return dav.Privileges{Deliver: true} }),
	dav.Property[*inbox]{Name: dav.Name("resourcetype"), Value: func(*inbox) dav.Value {
		return dav.Elements(dav.Name("collection"), name("schedule-inbox"))
	}},
	dav.Property[*inbox]{Name: name("schedule-default-calendar-URL"), OnDemand: true, Value: func(i *inbox) dav.Value {
		return dav.Href(dav.Join(i.home.Href(), calendar.PersonalSlug) + "/")
	}},
	dav.Property[*inbox]{Name: dav.Name("owner"), OnDemand: true, Value: func(i *inbox) dav.Value {
		return dav.Href(dav.PrincipalHref(i.home.owner))
	}},
)...)

func (i *inbox) Href() string { return dav.Join(i.home.Href(), calendar.InboxSlug) + "/" }

func (i *inbox) Property(name xml.Name) dav.Value { return inboxTable.Of(i, name) }

func (i *inbox) PropertyNames(onDemand bool) []xml.Name { return inboxTable.Names(i, onDemand) }

func (i *inbox) Children(ctx context.Context, caller portal.Caller) ([]dav.Resource, error) {
	messages, err := i.home.store.Messages(ctx, caller)
	if err != nil {
		return nil, err
	}
	resources := make([]dav.Resource, len(messages))
	for n, m := range messages {
		resources[n] = &message{m, i}
	}
	return resources, nil
}

func (i *inbox) Child(ctx context.Context, caller portal.Caller, name string) (dav.Resource, error) {
	m, err := i.home.store.Message(ctx, caller, name)
	if err != nil {
		return nil, err
	}
	return &message{m, i}, nil
}

var multigetName = name("calendar-multiget")

// Reports are those of a calendar but for free-busy-query (RFC 6638 §2.2).
func (i *inbox) Reports() []xml.Name { return []xml.Name{name("calendar-query"), multigetName} }

func (i *inbox) Report(ctx context.Context, caller portal.Caller, body *dav.Node, m *dav.Multistatus) error {
	messages, err := i.Children(ctx, caller)
	if err != nil {
		return err
	}
	if body.Name != multigetName {
		filter, zone, err := queryOf(body)
		for _, one := range messages {
			if err == nil && filter.TakesMessage(one.(*message).Message, zone) {
				m.Resource(one.Href(), one)
			}
		}
		return err
	}
	return m.Multiget(body, i.Href(), func([]string) (map[string]dav.Resource, error) {
		found := map[string]dav.Resource{}
		for _, one := range messages {
			found[one.(*message).Name] = one
		}
		return found, nil
	})
}

// message is one of an inbox.
type message struct {
	calendar.Message
	in *inbox
}

var messageTable = dav.NewTable(append(
	dav.Common(func(m *message) portal.Caller { return m.in.home.caller }, dav.ReadOnly[*message]),
	[]dav.Property[*message]{
		{Name: dav.Name("resourcetype"), Value: func(*message) dav.Value { return dav.Elements() }},
		{Name: dav.Name("getetag"), Value: func(m *message) dav.Value { return dav.Text(m.ETag) }},
		{Name: dav.Name("getcontenttype"), Value: func(m *message) dav.Value { return dav.Text(m.contentType()) }},
		{Name: dav.Name("getcontentlength"), Value: func(m *message) dav.Value { return dav.Text(strconv.Itoa(len(m.Octets))) }},
		{Name: dav.Name("getlastmodified"), Value: func(m *message) dav.Value { return dav.HTTPDate(m.Created) }},
		{Name: calendarData, OnDemand: true, Value: func(m *message) dav.Value { return func(w *dav.Writer) { w.Raw(m.Octets) } }},
	}...,
)...)

func (m *message) contentType() string {
	return "text/calendar; charset=utf-8; method=" + m.Method
}

func (m *message) Href() string { return dav.Join(m.in.Href(), m.Name) }

func (m *message) Property(name xml.Name) dav.Value { return messageTable.Of(m, name) }

func (m *message) PropertyNames(onDemand bool) []xml.Name { return messageTable.Names(m, onDemand) }

func (m *message) Get(context.Context, portal.Caller) (dav.Content, error) {
	return dav.Content{Body: bytes.NewReader(m.Octets), Type: m.contentType(), ETag: m.ETag, Modified: m.Created}, nil
}

func (m *message) Delete(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error {
	if !conditions.Hold(m.ETag) {
		return dav.ErrPrecondition
	}
	return m.in.home.store.DeleteMessage(ctx, caller, m.Name)
}

// outbox is where a client asks when people are free (RFC 6638 §2.1).
type outbox struct{ home *home }

var outboxTable = dav.NewTable(append(
	dav.Common(func(o *outbox) portal.Caller { return o.home.caller }, func(*outbox) dav.Privileges { return dav.Privileges{Send: true} }),
	dav.Property[*outbox]{Name: dav.Name("resourcetype"), Value: func(*outbox) dav.Value {
		return dav.Elements(dav.Name("collection"), name("schedule-outbox"))
	}},
	dav.Property[*outbox]{Name: dav.Name("owner"), OnDemand: true, Value: func(o *outbox) dav.Value {
		return dav.Href(dav.PrincipalHref(o.home.owner))
	}},
)...)

func (o *outbox) Href() string { return dav.Join(o.home.Href(), calendar.OutboxSlug) + "/" }

func (o *outbox) Property(name xml.Name) dav.Value { return outboxTable.Of(o, name) }

func (o *outbox) PropertyNames(onDemand bool) []xml.Name { return outboxTable.Names(o, onDemand) }

func (o *outbox) Children(context.Context, portal.Caller) ([]dav.Resource, error) { return nil, nil }

func (o *outbox) Child(context.Context, portal.Caller, string) (dav.Resource, error) {
	return nil, portal.ErrNotFound
}

// Post answers a VFREEBUSY request.
func (o *outbox) Post(ctx context.Context, caller portal.Caller, body io.Reader) (dav.Value, error) {
	octets, err := readObject(body)
	if err != nil {
		return nil, err
	}
	asked, err := o.home.store.Availability(ctx, caller, octets)
	if err != nil {
		return nil, answer(err, o.Href())
	}
	return func(w *dav.Writer) {
		w.Document(name("schedule-response"), func() {
			for _, one := range asked {
				w.Element(name("response"), func() {
					w.Element(name("recipient"), func() { w.Href(one.Address) })
					w.Text(name("request-status"), one.Status)
					if one.Octets != nil {
						w.Element(calendarData, func() { w.Raw(one.Octets) })
					}
				})
			}
		})
	}, nil
}
