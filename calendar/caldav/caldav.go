// Package caldav serves the calendars of package calendar as CalDAV (RFC 4791) on the core of
// package dav. Rights, octets and recurrence are calendar's; here are only addresses, properties
// and reports.
package caldav

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// segment is the first part of every calendar's address: /dav/calendars/{agent}/{calendar}/{object}.
const segment = "calendars"

func name(local string) xml.Name { return xml.Name{Space: dav.CalDAV, Local: local} }

// Home is what calendars put into the DAV tree.
func Home(store *calendar.Store) dav.Home {
	return dav.Home{
		Segment: segment, Scope: portal.ScopeCalendar,
		Open: func(caller portal.Caller) dav.Collection { return &homes{store, caller} },
		Public: []dav.Property[*dav.Principal]{
			{Name: name("calendar-home-set"), OnDemand: true, Value: func(p *dav.Principal) dav.Value {
				if !p.Own() && !p.Kept() {
					return nil
				}
				return dav.Href(homeHref(p.Person.Agent))
			}},
			{Name: name("schedule-inbox-URL"), OnDemand: true, Value: func(p *dav.Principal) dav.Value {
				return dav.Href(dav.Join(homeHref(p.Person.Agent), calendar.InboxSlug) + "/")
			}},
			{Name: name("schedule-outbox-URL"), OnDemand: true, Value: func(p *dav.Principal) dav.Value {
				return dav.Href(dav.Join(homeHref(p.Person.Agent), calendar.OutboxSlug) + "/")
			}},
			{Name: name("calendar-user-address-set"), OnDemand: true, Value: userAddresses},
			{Name: name("calendar-user-type"), OnDemand: true, Value: func(p *dav.Principal) dav.Value {
				return dav.Text(cmp.Or(p.Person.Type, "INDIVIDUAL"))
			}},
		},
		SetProxies: store.SetDelegates,
		Proxies: func(ctx context.Context, caller portal.Caller) (dav.Proxies, error) {
			return proxies(ctx, store, caller)
		},
	}
}

// proxies are who keeps whose agenda.
func proxies(ctx context.Context, store *calendar.Store, caller portal.Caller) (dav.Proxies, error) {
	given, err := store.Delegates(ctx, caller)
	if err != nil {
		return dav.Proxies{}, err
	}
	kept, err := store.DelegateOf(ctx, caller)
	var all dav.Proxies
	for _, one := range given {
		all.By = append(all.By, dav.Proxy{Agent: one.Agent, Writes: one.Writes})
	}
	for _, one := range kept {
		all.For = append(all.For, dav.Proxy{Agent: one.Owner, Writes: one.Writes})
	}
	return all, err
}

// userAddresses are how invitations name the agent, her mail address first.
func userAddresses(p *dav.Principal) dav.Value {
	return func(w *dav.Writer) {
		if p.Person.Email != "" {
			w.Href("mailto:" + p.Person.Email)
		}
		w.Href(p.Href())
	}
}

// homesHref is the collection of all homes.
const homesHref = dav.Prefix + segment + "/"

func homeHref(agent portal.AgentID) string { return dav.Join(homesHref, string(agent)) + "/" }

// answer turns the store's errors into DAV's; base is the calendar's address.
func answer(err error, base string) error {
	var refused *calendar.Refusal
	var taken *calendar.UIDTaken
	switch {
	case errors.As(err, &refused):
		return dav.Forbidden(condition(refused.Reason))
	case errors.As(err, &taken):
		if taken.Slug != "" {
			e := dav.Forbidden(name("unique-scheduling-object-resource"))
			e.Href = dav.Join(parentOf(base), taken.Slug, taken.Name)
			return e
		}
		e := dav.Forbidden(name("no-uid-conflict"))
		e.Href = dav.Join(base, taken.Name)
		return e
	case errors.Is(err, calendar.ErrCondition):
		return dav.ErrPrecondition
	case errors.Is(err, calendar.ErrTooMuchWork):
		return &dav.Error{Status: http.StatusInsufficientStorage, Condition: dav.Name("number-of-matches-within-limits")}
	case errors.Is(err, calendar.ErrSyncToken):
		return dav.Forbidden(dav.Name("valid-sync-token"))
	default:
		return err
	}
}

// parentOf is the address of the collection that holds another.
func parentOf(href string) string {
	return href[:strings.LastIndexByte(strings.TrimSuffix(href, "/"), '/')+1]
}

// condition is the precondition of RFC 4791 §5.3.2.1 for what a calendar object broke.
func condition(reason calendar.RefusalReason) xml.Name {
	switch reason {
	case calendar.InvalidResource:
		return name("valid-calendar-object-resource")
	case calendar.UnsupportedComponent:
		return name("supported-calendar-component")
	case calendar.TooLarge:
		return name("max-resource-size")
	case calendar.TooManyInstances:
		return name("max-instances")
	case calendar.OutOfRange:
		return name("max-date-time")
	case calendar.SeveralOrganizers:
		return name("same-organizer-in-all-components")
	case calendar.TooManyAttendees:
		return name("max-attendees-per-instance")
	case calendar.ForeignOrganizer:
		return name("organizer-allowed")
	case calendar.AttendeeChange:
		return name("allowed-attendee-scheduling-object-change")
	case calendar.OrganizerChange:
		return name("allowed-organizer-scheduling-object-change")
	default:
		return name("valid-calendar-data")
	}
}

// homes is the collection of all homes, in which a caller finds her own, and by their names those of
// whose agenda she keeps.
type homes struct {
	store  *calendar.Store
	caller portal.Caller
}

var homesTable = dav.NewTable(append(
	dav.Common(func(h *homes) portal.Caller { return h.caller }, dav.ReadOnly[*homes]),
	dav.Property[*homes]{Name: dav.Name("resourcetype"), Value: func(*homes) dav.Value { return dav.Elements(dav.Name("collection")) }},
)...)

func (h *homes) Href() string { return homesHref }

func (h *homes) Property(name xml.Name) dav.Value { return homesTable.Of(h, name) }

func (h *homes) PropertyNames(onDemand bool) []xml.Name { return homesTable.Names(h, onDemand) }

func (h *homes) Child(ctx context.Context, caller portal.Caller, name string) (dav.Resource, error) {
	if name == string(caller.Agent) {
		return &home{h.store, caller, caller.Agent}, nil
	}
	kept, err := h.store.DelegateOf(ctx, caller)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(kept, func(one calendar.Delegate) bool { return string(one.Owner) == name }) {
		return nil, portal.ErrNotFound
	}
	return &home{h.store, caller, portal.AgentID(name)}, nil
}

func (h *homes) Children(_ context.Context, caller portal.Caller) ([]dav.Resource, error) {
	return []dav.Resource{&home{h.store, caller, caller.Agent}}, nil
}
