package dav

import (
	"encoding/xml"

	"parvis/portal"
)

// Privileges that a resource gives its caller (RFC 3744 §3).
type Privileges struct{ Write, WriteProperties bool }

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
	return all
}

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
	return all
}
