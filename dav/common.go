package dav

import (
	"encoding/xml"

	"parvis/portal"
)

// Privileges that a resource gives (RFC 3744 §3).
type Privileges struct {
	Write, WriteProperties bool
	FreeBusy               bool // CALDAV:read-free-busy (RFC 4791 §6.1.1), which calendars have
	// Of an inbox and an outbox (RFC 6638 §6).
	Deliver, Send bool
}

// ReadOnly is a resource that only tells.
func ReadOnly[R any](R) Privileges { return Privileges{} }

// names lists the privileges, each in an element of its own, aggregates with what they hold:
// Outlook CalDav Synchronizer looks for write-content, bind and unbind by name.
func (p Privileges) names() []xml.Name {
	all := []xml.Name{Name("read"), Name("read-current-user-privilege-set")}
	if p.Write {
		all = append(all, Name("write"), Name("write-content"), Name("bind"), Name("unbind"))
	}
	if p.Write || p.WriteProperties {
		all = append(all, Name("write-properties"))
	}
	if p.FreeBusy {
		all = append(all, readFreeBusy)
	}
	if p.Deliver {
		all = append(all, caldav("schedule-deliver"), caldav("schedule-deliver-invite"), caldav("schedule-deliver-reply"), caldav("schedule-query-freebusy"))
	}
	if p.Send {
		all = append(all, caldav("schedule-send"), caldav("schedule-send-invite"), caldav("schedule-send-reply"), caldav("schedule-send-freebusy"))
	}
	return all
}

var readFreeBusy = caldav("read-free-busy")

func caldav(local string) xml.Name { return xml.Name{Space: CalDAV, Local: local} }

func (p Privileges) value() Value {
	return func(w *Writer) {
		for _, name := range p.names() {
			w.Element(Name("privilege"), func() { w.Empty(name) })
		}
	}
}

// Common are the properties that every resource has: any of them leads a client to the principal.
func Common[R Resource](callerOf func(R) portal.Caller, privilegesOf func(R) Privileges) []Property[R] {
	return []Property[R]{
		{Name: Name("current-user-principal"), OnDemand: true, Value: func(r R) Value {
			return Href(PrincipalHref(callerOf(r).Agent))
		}},
		{Name: Name("principal-collection-set"), OnDemand: true, Value: func(R) Value { return Href(principalsHref) }},
		{Name: Name("current-user-privilege-set"), OnDemand: true, Value: func(r R) Value {
			return privilegesOf(r).value()
		}},
		{Name: Name("acl"), OnDemand: true, Value: func(r R) Value { return aclOf(r, PrincipalHref(callerOf(r).Agent), privilegesOf(r)) }},
		{Name: Name("acl-restrictions"), OnDemand: true, Value: func(R) Value { return Elements(Name("grant-only"), Name("no-invert")) }},
		{Name: Name("supported-privilege-set"), OnDemand: true, Value: func(R) Value { return supportedPrivileges }},
		{Name: Name("supported-report-set"), OnDemand: true, Value: func(r R) Value {
			return func(w *Writer) {
				for _, name := range reports(r) {
					w.Element(Name("supported-report"), func() {
						w.Element(Name("report"), func() { w.Empty(name) })
					})
				}
			}
		}},
	}
}

func reports(r Resource) []xml.Name {
	var all []xml.Name
	if reporter, ok := r.(Reporter); ok {
		all = append(all, reporter.Reports()...)
	}
	if _, ok := r.(Syncer); ok {
		all = append(all, Name("sync-collection"))
	}
	if answersForPrincipals(r) {
		all = append(all, principalReports...)
	}
	return append(all, Name("expand-property"), Name("acl-principal-prop-set"))
}
