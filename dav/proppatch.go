package dav

import (
	"encoding/xml"
	"errors"
	"net/http"
	"slices"

	"parvis/portal"
)

// changes reads the set and remove elements of PROPPATCH, MKCOL and MKCALENDAR, at most
// maxProperties.
func changes(root *Node) ([]Change, error) {
	var all []Change
	for _, part := range root.Children {
		remove := part.Name == Name("remove")
		if prop := part.Child(Name("prop")); prop != nil && (remove || part.Name.Local == "set") {
			for _, p := range prop.Children {
				change := Change{Name: p.Name, Remove: remove, Value: p}
				if remove {
					change.Value = nil
				}
				if all = append(all, change); len(all) > maxProperties {
					return nil, errProperties
				}
			}
		}
	}
	return all, nil
}

func (q *query) proppatch(r Resource) error {
	root, ok, err := readNode(q.Body)
	if err != nil {
		return err
	}
	if !ok || root.Name != Name("propertyupdate") {
		return &Error{Status: http.StatusBadRequest, Text: "DAV:propertyupdate expected"}
	}
	all, err := changes(root)
	if err != nil {
		return err
	}
	refused := names(all)
	if patcher, ok := r.(Patcher); ok {
		if refused, err = patcher.Patch(q.Context(), q.caller, all); err != nil {
			return err
		}
	}
	m := q.multistatus(Wanted{})
	m.start()
	m.x.Element(Name("response"), func() {
		m.x.Href(q.URL.EscapedPath())
		m.patched(all, refused)
	})
	return m.end("")
}

// patched writes one propstat a property: all of them done, or the refused ones 403 and the others
// 424, as they stand or fall together (RFC 4918 §9.2).
func (m *Multistatus) patched(all []Change, refused []xml.Name) {
	for _, name := range names(all) {
		status := http.StatusOK
		switch {
		case slices.Contains(refused, name):
			status = http.StatusForbidden
		case len(refused) > 0:
			status = http.StatusFailedDependency
		}
		m.propstat(status, func() { m.x.Empty(name) })
	}
}

func names(all []Change) []xml.Name {
	var found []xml.Name
	for _, c := range all {
		if !slices.Contains(found, c.Name) {
			found = append(found, c.Name)
		}
	}
	return found
}

// make answers MKCOL, plain and extended (RFC 5689), and MKCALENDAR (RFC 4791 §5.3.1).
func (q *query) make(parts []string) error {
	root, given, err := readNode(q.Body)
	if err != nil {
		return err
	}
	if _, err := q.find(parts); err == nil {
		return &Error{Status: http.StatusMethodNotAllowed, Condition: Name("resource-must-be-null")}
	} else if !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	parent, err := q.parent(parts)
	if err != nil {
		return err
	}
	maker, ok := parent.(Maker)
	if !ok {
		return Forbidden(xml.Name{Space: CalDAV, Local: "calendar-collection-location-ok"})
	}
	var all []Change
	if given {
		if all, err = changes(root); err != nil {
			return err
		}
	}
	refused, err := maker.Make(q.Context(), q.caller, parts[len(parts)-1], q.Method, all)
	if err != nil {
		return err
	}
	if len(refused) == 0 {
		q.w.WriteHeader(http.StatusCreated)
		return nil
	}
	return q.notMade(all, refused)
}

// notMade answers which properties stood in the way (RFC 5689 §3).
func (q *query) notMade(all []Change, refused []xml.Name) error {
	q.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	q.w.WriteHeader(http.StatusFailedDependency)
	m := q.multistatus(Wanted{})
	answer := "D:mkcol-response"
	if q.Method == "MKCALENDAR" {
		answer = "C:mkcalendar-response"
	}
	m.x.out.WriteString(xmlHead + "<" + answer + declareAllSpaces + ">")
	m.patched(all, refused)
	m.x.out.WriteString("</" + answer + ">")
	return m.x.out.Flush()
}
