package caldav

import (
	"context"
	"encoding/xml"
	"slices"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// home holds every calendar that an agent sees, her own, those of colleagues and the collectivity's:
// clients look for shared calendars nowhere else. That of another is what the caller keeps of hers.
type home struct {
	store  *calendar.Store
	caller portal.Caller
	owner  portal.AgentID
}

var homeTable = dav.NewTable(append(
	dav.Common(func(h *home) portal.Caller { return h.caller }, func(h *home) dav.Privileges { return dav.Privileges{Write: h.own(), FreeBusy: true} }),
	dav.Property[*home]{Name: dav.Name("resourcetype"), Value: func(*home) dav.Value { return dav.Elements(dav.Name("collection")) }},
	dav.Property[*home]{Name: dav.Name("owner"), OnDemand: true, Value: func(h *home) dav.Value {
		return dav.Href(dav.PrincipalHref(h.owner))
	}},
)...)

func (h *home) own() bool { return h.owner == h.caller.Agent }

func (h *home) Href() string { return homeHref(h.owner) }

func (h *home) Property(name xml.Name) dav.Value { return homeTable.Of(h, name) }

func (h *home) PropertyNames(onDemand bool) []xml.Name { return homeTable.Names(h, onDemand) }

func (h *home) Child(ctx context.Context, caller portal.Caller, slug string) (dav.Resource, error) {
	switch {
	case h.own() && slug == calendar.InboxSlug:
		return &inbox{h}, nil
	case h.own() && slug == calendar.OutboxSlug:
		return &outbox{h}, nil
	}
	c, err := h.store.CalendarBySlug(ctx, caller, slug)
	if err == nil && !h.holds(c) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return h.collection(c), nil
}

// holds says whether a calendar that the caller sees is in this home.
func (h *home) holds(c calendar.Calendar) bool { return h.own() || c.Owner == h.owner }

func (h *home) collection(c calendar.Calendar) *collection {
	return &collection{Calendar: c, store: h.store, caller: h.caller, home: h.owner}
}

func (h *home) Children(ctx context.Context, caller portal.Caller) ([]dav.Resource, error) {
	all, err := h.store.Calendars(ctx, caller)
	if err != nil {
		return nil, err
	}
	resources := make([]dav.Resource, 0, len(all))
	for _, c := range all {
		if h.holds(c) {
			resources = append(resources, h.collection(c))
		}
	}
	if h.own() {
		resources = append(resources, &inbox{h}, &outbox{h})
	}
	return resources, nil
}

// Make makes a calendar of the caller's own.
func (h *home) Make(ctx context.Context, caller portal.Caller, slug, method string, changes []dav.Change) ([]xml.Name, error) {
	if !h.own() {
		return nil, portal.ErrDenied // a calendar is made by its owner
	}
	made := calendar.NewCalendar{Slug: slug, Name: slug}
	isCalendar := method == "MKCALENDAR"
	var look calendar.Look
	var refused []xml.Name
	for _, c := range changes {
		switch {
		case c.Remove:
			refused = append(refused, c.Name)
		case c.Name == dav.Name("resourcetype"):
			isCalendar = c.Value.Child(name("calendar")) != nil
		case c.Name == name("supported-calendar-component-set"):
			for _, comp := range c.Value.Children {
				made.Components = append(made.Components, comp.Attribute("name"))
			}
		default:
			if !setLook(&look, c) {
				refused = append(refused, c.Name)
			}
		}
	}
	switch {
	case len(refused) > 0:
		return refused, nil
	case !isCalendar:
		return nil, dav.Forbidden(dav.Name("valid-resourcetype"))
	case !known(made.Components):
		return nil, dav.Forbidden(name("supported-calendar-component"))
	}
	slices.Sort(made.Components)
	made.Components = slices.Compact(made.Components)
	if _, err := h.store.CreateCalendar(ctx, caller, made); err != nil {
		return nil, err
	}
	c, err := h.store.CalendarBySlug(ctx, caller, slug)
	if err != nil {
		return nil, err
	}
	return nil, h.store.ChangeLook(ctx, caller, c.ID, look)
}

// known says whether calendars store all these components.
func known(components []string) bool {
	return !slices.ContainsFunc(components, func(component string) bool {
		return !slices.Contains(calendar.Components, component)
	})
}
