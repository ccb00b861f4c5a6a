package dav

import (
	"encoding/xml"
	"time"
)

// Value writes what is inside a property's element.
type Value func(w *Writer)

// Text is a property that holds text.
func Text(text string) Value { return func(w *Writer) { escape(w.out, text) } }

// Href is a property that holds one address.
func Href(href string) Value { return func(w *Writer) { w.Href(href) } }

// Elements is a property that holds empty elements.
func Elements(names ...xml.Name) Value {
	if len(names) == 0 {
		return nothing
	}
	return func(w *Writer) {
		for _, name := range names {
			w.Empty(name)
		}
	}
}

func nothing(*Writer) {}

// HTTPDate is the form of getlastmodified.
func HTTPDate(t time.Time) Value { return Text(t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")) }

// Property is one property that resources of type R may have.
type Property[R any] struct {
	Name xml.Name
	// OnDemand leaves it out of allprop, as all but those of RFC 4918 must be.
	OnDemand bool
	// Value is the property of one resource; nil: it has none.
	Value func(r R) Value
}

// Table is the properties of resources of type R.
type Table[R any] struct {
	byName map[xml.Name]func(R) Value
	all    []Property[R]
}

// NewTable makes a table; a later property replaces an earlier one of the same name.
func NewTable[R any](properties ...Property[R]) *Table[R] {
	t := &Table[R]{byName: make(map[xml.Name]func(R) Value, len(properties))}
	for _, p := range properties {
		if t.byName[p.Name] == nil {
			t.all = append(t.all, p)
		}
		t.byName[p.Name] = p.Value
	}
	return t
}

// Of is a property of r, nil when it has none of this name.
func (t *Table[R]) Of(r R, name xml.Name) Value {
	if value := t.byName[name]; value != nil {
		return value(r)
	}
	return nil
}

// Names lists the properties that r has: those of allprop, or all for propname.
func (t *Table[R]) Names(r R, onDemand bool) []xml.Name {
	var names []xml.Name
	for _, p := range t.all {
		if (onDemand || !p.OnDemand) && t.byName[p.Name](r) != nil {
			names = append(names, p.Name)
		}
	}
	return names
}
