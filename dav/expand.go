package dav

import (
	"encoding/xml"
	"errors"
	"net/http"
	"regexp"
	"slices"
)

// Limits of expand-property, which may ask for the resources of resources.
const (
	maxExpandDepth = 4
	maxExpanded    = 500 // resources
)

// expansion is one expand-property report (RFC 3253 §3.8).
type expansion struct {
	q    *query
	m    *Multistatus
	left int
}

func (q *query) expandProperty(r Resource, root *Node) error {
	if !namesProperties(root, 0) {
		return &Error{Status: http.StatusBadRequest, Text: "a property without a name, or too deep"}
	}
	m := q.multistatus(Wanted{Minimal: q.minimal()})
	m.start()
	x := expansion{q, m, maxExpanded}
	return m.finish(x.response(q.URL.EscapedPath(), r, root), "")
}

// response writes a resource with the properties that n names.
func (x *expansion) response(href string, r Resource, n *Node) (err error) {
	if err := x.q.learn(r, namesIn(n)); err != nil {
		return err
	}
	w := x.m.x
	w.Element(Name("response"), func() {
		w.Href(href)
		var missing []xml.Name
		x.m.propstat(http.StatusOK, func() {
			for _, property := range n.Children {
				name := propertyNamed(property)
				value := x.m.property(r, name)
				if value == nil {
					missing = append(missing, name)
					continue
				}
				w.Element(name, func() {
					if len(property.Children) == 0 {
						value(w)
						return
					}
					err = errors.Join(err, x.inside(value, property))
				})
			}
		})
		if len(missing) > 0 && !x.m.want.Minimal {
			x.m.propstat(http.StatusNotFound, func() {
				for _, name := range missing {
					w.Empty(name)
				}
			})
		}
	})
	return err
}

// inside writes the resources whose addresses a property holds; what the caller can't reach is its
// status.
func (x *expansion) inside(value Value, n *Node) error {
	for _, href := range hrefsIn(value) {
		if x.left--; x.left < 0 {
			x.m.Status(href, http.StatusInsufficientStorage)
			return nil
		}
		r, err := x.q.reach(href)
		if err == nil {
			err = x.response(href, r, n)
		} else if answer, known := asError(err); known {
			x.m.Status(href, answer.Status)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reach is the resource at an address, as the caller's program may reach it.
func (q *query) reach(href string) (Resource, error) {
	parts, ok := Split(Prefix, pathOf(href))
	if !ok {
		return nil, &Error{Status: http.StatusNotFound}
	}
	if home, found := q.site.homeOf(parts); found && !q.scopes.Read(home.Scope) {
		return nil, Needs("read", href)
	}
	return q.find(parts)
}

// propertyNamed is the name that an element of expand-property asks for.
func propertyNamed(n *Node) xml.Name {
	space := n.Attribute("namespace")
	if space == "" {
		space = NS
	}
	return xml.Name{Space: space, Local: n.Attribute("name")}
}

// namesProperties says whether all that is asked for has the name of a property, as it is written into
// the answer.
func namesProperties(n *Node, depth int) bool {
	return depth <= maxExpandDepth && !slices.ContainsFunc(n.Children, func(property *Node) bool {
		return property.Name != Name("property") || !propertyName.MatchString(property.Attribute("name")) || !namesProperties(property, depth+1)
	})
}

var propertyName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// namesIn are the names that expand-property asks of one resource.
func namesIn(n *Node) (names []xml.Name) {
	for _, property := range n.Children {
		names = append(names, propertyNamed(property))
	}
	return slices.Clip(names)
}
