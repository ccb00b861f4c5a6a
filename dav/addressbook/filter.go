package addressbook

import (
	"slices"
	"strings"

	"parvis/dav"
	"parvis/dav/vcard"
)

// collations that text-match knows (RFC 6352 §8.3), the default first.
var collations = []string{"i;unicode-casemap", "i;ascii-casemap", "i;octet"}

var errFilter = dav.Forbidden(name("valid-filter"))

// maxFilters is how many filters a query may hold: each looks at each card. Clients write ten.
const maxFilters = 100

// filter is that of an addressbook-query (§10.5); the zero filter finds every card.
type filter struct {
	all   bool // allof: every one must hold
	props []propFilter
}

type propFilter struct {
	group, name string // upper case; group "" for any
	absent      bool
	all         bool
	texts       []textMatch
	params      []paramFilter
}

type paramFilter struct {
	name   string
	absent bool
	text   *textMatch
}

type textMatch struct {
	text   string // folded by the collation
	fold   func(string) string
	hold   func(value, text string) bool
	negate bool
}

// filterOf reads the filter of a query. One without filter asks for everything, as some clients do.
func filterOf(body *dav.Node) (filter, error) {
	n := body.Child(name("filter"))
	if n == nil {
		return filter{}, nil
	}
	f := filter{}
	var err error
	if f.all, err = allOf(n); err != nil {
		return f, err
	}
	if count(n) > maxFilters {
		return f, dav.Forbidden(name("supported-filter"))
	}
	for _, child := range n.Children {
		if child.Name != name("prop-filter") {
			continue
		}
		p, err := propFilterOf(child)
		if err != nil {
			return f, err
		}
		f.props = append(f.props, p)
	}
	return f, nil
}

func count(n *dav.Node) (all int) {
	for _, child := range n.Children {
		all += 1 + count(child)
	}
	return all
}

// allOf reads test="anyof|allof"; anyof is the default.
func allOf(n *dav.Node) (bool, error) {
	switch n.Attribute("test") {
	case "", "anyof":
		return false, nil
	case "allof":
		return true, nil
	}
	return false, errFilter
}

func propFilterOf(n *dav.Node) (p propFilter, err error) {
	p.name = strings.ToUpper(n.Attribute("name"))
	if group, rest, grouped := strings.Cut(p.name, "."); grouped {
		p.group, p.name = group, rest
	}
	if p.name == "" {
		return p, errFilter
	}
	if p.all, err = allOf(n); err != nil {
		return p, err
	}
	for _, child := range n.Children {
		switch child.Name {
		case name("is-not-defined"):
			p.absent = true
		case name("text-match"):
			match, err := textMatchOf(child)
			if err != nil {
				return p, err
			}
			p.texts = append(p.texts, match)
		case name("param-filter"):
			param := paramFilter{name: strings.ToUpper(child.Attribute("name")), absent: child.Child(name("is-not-defined")) != nil}
			if n := child.Child(name("text-match")); n != nil {
				match, err := textMatchOf(n)
				if err != nil {
					return p, err
				}
				param.text = &match
			}
			p.params = append(p.params, param)
		}
	}
	return p, nil
}

func textMatchOf(n *dav.Node) (m textMatch, err error) {
	switch n.Attribute("collation") {
	case "", "default", collations[0]:
		m.fold = func(s string) string { return strings.ToLower(strings.ToUpper(s)) }
	case collations[1]:
		m.fold = asciiFold
	case collations[2]:
		m.fold = func(s string) string { return s }
	default:
		return m, dav.Forbidden(name("supported-collation"))
	}
	switch n.Attribute("match-type") {
	case "", "contains":
		m.hold = strings.Contains
	case "equals":
		m.hold = func(value, text string) bool { return value == text }
	case "starts-with":
		m.hold = strings.HasPrefix
	case "ends-with":
		m.hold = strings.HasSuffix
	default:
		return m, errFilter
	}
	m.text, m.negate = m.fold(n.Text), n.Attribute("negate-condition") == "yes"
	return m, nil
}

func asciiFold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func (f filter) matches(octets []byte) bool {
	if len(f.props) == 0 {
		return true
	}
	c, err := vcard.Parse(octets)
	if err != nil {
		return false
	}
	return hold(f.all, f.props, func(p propFilter) bool { return p.matches(c) })
}

// hold says whether one of the tests holds, or every one.
func hold[T any](all bool, tests []T, holds func(T) bool) bool {
	if all {
		return !slices.ContainsFunc(tests, func(t T) bool { return !holds(t) })
	}
	return slices.ContainsFunc(tests, holds)
}

// matches looks for a property that passes; a filter without tests asks that there is one.
func (p propFilter) matches(c *vcard.Card) bool {
	named := slices.DeleteFunc(c.Properties(p.name), func(one vcard.Property) bool {
		return p.group != "" && !strings.EqualFold(one.Group, p.group)
	})
	if p.absent {
		return len(named) == 0
	}
	return slices.ContainsFunc(named, func(one vcard.Property) bool {
		if len(p.texts)+len(p.params) == 0 {
			return true
		}
		text := func(m textMatch) bool { return m.matches(one.Text()) }
		param := func(f paramFilter) bool { return f.matches(one) }
		if p.all {
			return hold(true, p.texts, text) && hold(true, p.params, param)
		}
		return hold(false, p.texts, text) || hold(false, p.params, param)
	})
}

func (f paramFilter) matches(p vcard.Property) bool {
	values := p.Values(f.name)
	switch {
	case f.absent:
		return len(values) == 0
	case f.text == nil:
		return len(values) > 0
	}
	return slices.ContainsFunc(values, f.text.matches)
}

func (m textMatch) matches(value string) bool {
	return m.hold(m.fold(value), m.text) != m.negate
}
