package dav

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"sync"
)

// errFiniteDepth refuses to list a whole tree (RFC 4918 §9.1).
var errFiniteDepth = Forbidden(Name("propfind-finite-depth"))

func (q *query) propfind(r Resource) error {
	want, err := q.wanted()
	if err != nil {
		return err
	}
	m := q.multistatus(want)
	// Without the header the standard means infinity, which is refused; clients that leave it out
	// are content with one level.
	switch q.depth("1") {
	case "0":
		if err := q.learn(r, want.Names); err != nil {
			return err
		}
		m.Resource(q.URL.EscapedPath(), r)
	case "1":
		return q.list(r, m)
	default:
		return errFiniteDepth
	}
	return m.end("")
}

// list answers with a resource and what is in it.
func (q *query) list(r Resource, m *Multistatus) error {
	all := []Resource{r}
	if parent, ok := r.(Parent); ok {
		children, err := parent.Children(q.Context(), q.caller)
		if err != nil {
			return err
		}
		all = append(all, children...)
	}
	for _, one := range all {
		if err := q.learn(one, m.want.Names); err != nil {
			return err
		}
	}
	itself := sync.OnceFunc(func() { m.Resource(q.URL.EscapedPath(), r) })
	if lister, ok := r.(Lister); ok {
		err := lister.Each(q.Context(), q.caller, func(child Resource) {
			itself() // not before: there may be an error instead
			m.Resource(child.Href(), child)
		})
		if err != nil {
			return m.finish(err, "")
		}
	}
	itself()
	for _, child := range all[1:] {
		m.Resource(child.Href(), child)
	}
	return m.end("")
}

// learn lets a resource ask its feature for what is asked of it by name.
func (q *query) learn(r Resource, names []xml.Name) error {
	if learner, ok := r.(Learner); ok && len(names) > 0 {
		return learner.Learn(q.Context(), names)
	}
	return nil
}

func (q *query) multistatus(want Wanted) *Multistatus {
	return &Multistatus{http: q.w, x: newWriter(q.w), want: want, readOnly: q.readOnly}
}

// wanted reads the body of PROPFIND (RFC 4918 §14.20); none is allprop.
func (q *query) wanted() (Wanted, error) {
	root, ok, err := readNode(q.Body)
	if err != nil {
		return Wanted{}, err
	}
	if !ok {
		return Wanted{All: true, Minimal: q.minimal()}, nil
	}
	if root.Name != Name("propfind") {
		return Wanted{}, &Error{Status: http.StatusBadRequest, Text: "DAV:propfind expected"}
	}
	return WantedOf(root, q.minimal())
}

var errProperties = &Error{Status: http.StatusBadRequest, Text: "too many properties"}

// WantedOf reads the prop, allprop or propname of a PROPFIND or REPORT. A property named twice is
// answered once.
func WantedOf(n *Node, minimal bool) (Wanted, error) {
	want := Wanted{Minimal: minimal}
	named := map[xml.Name]bool{}
	for _, c := range n.Children {
		switch c.Name {
		case Name("prop"), Name("include"):
			for _, p := range c.Children {
				if named[p.Name] {
					continue
				}
				if named[p.Name] = true; len(named) > maxProperties {
					return want, errProperties
				}
				want.Names = append(want.Names, p.Name)
			}
		case Name("allprop"):
			want.All = true
		case Name("propname"):
			want.OnlyName = true
		}
	}
	if len(want.Names) == 0 && !want.All && !want.OnlyName && n.Child(Name("prop")) == nil {
		return want, &Error{Status: http.StatusBadRequest, Text: "neither prop, allprop nor propname"}
	}
	return want, nil
}

// finish reports an error met while a multistatus was written.
func (m *Multistatus) finish(err error, token string) error {
	if err != nil && m.started {
		return fmt.Errorf("%w: %w", errSent, err)
	}
	if err != nil {
		return err
	}
	return m.end(token)
}
