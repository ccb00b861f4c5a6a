package dav

import (
	"encoding/xml"
	"net/http"
	"slices"

	"parvis/portal"
)

// reading are the methods that change nothing where they are sent.
var reading = []string{http.MethodGet, http.MethodHead, http.MethodOptions, "PROPFIND", "REPORT", "COPY"}

// allow refuses what the program's password is not for, with the privilege that it
// lacks: a 401 would have it ask its person for another password, again and again.
func (q *query) allow(parts []string) error {
	home, found := q.site.homeOf(parts)
	if !found {
		return nil
	}
	q.readOnly = !q.scopes.Write(home.Scope)
	switch {
	case !q.scopes.Read(home.Scope):
		return Needs("read", q.URL.EscapedPath())
	case q.readOnly && !slices.Contains(reading, q.Method):
		return Needs("write", q.URL.EscapedPath())
	}
	return nil
}

// homeOf is the feature that a path lies in.
func (s *Site) homeOf(parts []string) (Home, bool) {
	if len(parts) == 0 {
		return Home{}, false
	}
	i := slices.IndexFunc(s.homes, func(h Home) bool { return h.Segment == parts[0] })
	if i < 0 {
		return Home{}, false
	}
	return s.homes[i], true
}

// within leaves a property of a feature out for programs that may not read there:
// a home that is named is asked for.
func within(property Property[*Principal], scope portal.Scope) Property[*Principal] {
	value := property.Value
	property.Value = func(p *Principal) Value {
		if !p.scopes.Read(scope) {
			return nil
		}
		return value(p)
	}
	return property
}

// Needs is a 403 with the privilege that is missing, and where (RFC 3744 §7.1.1).
func Needs(privilege, href string) *Error {
	return &Error{Status: http.StatusForbidden, Condition: Name("need-privileges"), Href: href, Privilege: Name(privilege)}
}

// property is one of a resource as the program may use it: one that may only read
// is told so, and does not try to write.
func (m *Multistatus) property(r Resource, name xml.Name) Value {
	value := r.Property(name)
	if m.readOnly && value != nil && name == Name("current-user-privilege-set") {
		return Privileges{}.value()
	}
	return value
}
