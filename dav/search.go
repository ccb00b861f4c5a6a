package dav

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
)

// principalReports are those that the collection of principals answers (RFC 3744 §9.3 to §9.5); the
// root does too, as some clients ask there.
var principalReports = []xml.Name{Name("principal-property-search"), Name("principal-search-property-set"), Name("principal-match")}

// searchedBy are the properties by which principals are found, with what a client may call them.
var searchedBy = []struct {
	name  xml.Name
	words string
}{
	{Name("displayname"), "Nom"},
	{xml.Name{Space: CalendarServer, Local: "email-address-set"}, "Adresse"},
	{xml.Name{Space: CalDAV, Local: "calendar-user-address-set"}, "Adresse de calendrier"},
	{userType, "Sorte"},
}

var userType = xml.Name{Space: CalDAV, Local: "calendar-user-type"}

const (
	// maxFound is the most principals that one search answers.
	maxFound = 100
	// maxSearches is how many texts one search holds.
	maxSearches = 10
)

// principalReport answers what is asked of principals.
func (q *query) principalReport(root *Node) error {
	if root.Name == Name("principal-search-property-set") {
		return q.searchProperties()
	}
	want, err := WantedOf(root, q.minimal())
	if err != nil {
		want = Wanted{} // a report may ask for addresses alone
	}
	m := q.multistatus(want)
	if root.Name == Name("principal-match") {
		return m.finish(q.matchPrincipal(root, m), "")
	}
	return m.finish(q.searchPrincipals(root, m), "")
}

func (q *query) searchProperties() error {
	q.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	x := newWriter(q.w)
	x.out.WriteString(xmlHead + "<D:principal-search-property-set" + declareAllSpaces + ">")
	for _, one := range searchedBy {
		x.Element(Name("principal-search-property"), func() {
			x.Element(Name("prop"), func() { x.Empty(one.name) })
			x.Text(Name("description"), one.words)
		})
	}
	x.out.WriteString("</D:principal-search-property-set>")
	return x.end()
}

// matchPrincipal answers with the caller: she is the only one who is herself.
func (q *query) matchPrincipal(root *Node, m *Multistatus) error {
	if root.Child(Name("self")) == nil {
		return Forbidden(Name("supported-report"))
	}
	own, err := q.site.principals(q.caller, q.scopes).own(q.Context())
	if err == nil {
		m.Resource(own.Href(), own)
	}
	return err
}

// searching is one text that a property must hold.
type searching struct {
	properties []xml.Name
	text       string // folded
	typed      string
	exact      bool // the whole value; starts: its beginning
	starts     bool
}

func searchingOf(root *Node) (all []searching, err error) {
	for _, n := range root.Children {
		if n.Name != Name("property-search") {
			continue
		}
		match, prop := n.Child(Name("match")), n.Child(Name("prop"))
		if match == nil || prop == nil {
			return nil, &Error{Status: http.StatusBadRequest, Text: "a property-search without prop or match"}
		}
		one := searching{
			typed: strings.TrimPrefix(strings.TrimSpace(match.Text), "mailto:"),
			exact: match.Attribute("match-type") == "equals", starts: match.Attribute("match-type") == "starts-with",
		}
		one.text = i18n.Fold(one.typed)
		for _, p := range prop.Children {
			one.properties = append(one.properties, p.Name)
		}
		all = append(all, one)
	}
	if len(all) == 0 || len(all) > maxSearches {
		return nil, &Error{Status: http.StatusBadRequest, Text: "property-search expected, ten at the most"}
	}
	return all, nil
}

// holds says whether a principal has what is searched: each of the properties, as the standard asks.
func (s searching) holds(p *Principal) bool {
	return !slices.ContainsFunc(s.properties, func(name xml.Name) bool {
		known := slices.ContainsFunc(searchedBy, func(one struct {
			name  xml.Name
			words string
		},
		) bool {
			return one.name == name
		})
		value := p.Property(name)
		return !known || value == nil || !s.in(wordsOf(value))
	})
}

func (s searching) in(values []string) bool {
	return slices.ContainsFunc(values, func(value string) bool {
		value = i18n.Fold(strings.TrimPrefix(value, "mailto:"))
		switch {
		case s.exact:
			return value == s.text
		case s.starts:
			return strings.HasPrefix(value, s.text)
		}
		return strings.Contains(value, s.text)
	})
}

// wordsOf are the texts in a value, one an element.
func wordsOf(value Value) []string {
	node, ok, err := readNode(strings.NewReader("<v" + declareAllSpaces + ">" + textIn(value) + "</v>"))
	if err != nil || !ok {
		return nil
	}
	words := []string{node.Text}
	for _, child := range node.Children {
		words = append(words, child.Text)
	}
	return slices.DeleteFunc(words, func(word string) bool { return word == "" })
}

// searchPrincipals answers principal-property-search among the agents of the collectivity that its
// directory shows, and what they can book.
func (q *query) searchPrincipals(root *Node, m *Multistatus) error {
	all, err := searchingOf(root)
	if err != nil {
		return err
	}
	any := root.Attribute("test") == "anyof"
	found := map[portal.AgentID]bool{}
	var people []Person
	for _, one := range all {
		if one.text == "" {
			continue // everybody is nobody's answer
		}
		some, err := q.site.people.Find(q.Context(), q.caller, one.typed, maxFound)
		if err == nil && slices.Contains(one.properties, userType) { // a client that looks for rooms
			var resources []Person
			resources, err = q.site.people.Resources(q.Context(), q.caller, maxFound)
			some = append(some, resources...)
		}
		if err != nil {
			return err
		}
		for _, person := range some {
			if !found[person.Agent] {
				found[person.Agent] = true
				people = append(people, person)
			}
		}
	}
	principals, err := q.site.principals(q.caller, q.scopes).of(q.Context(), people)
	if err != nil {
		return err
	}
	for _, p := range principals {
		fails := func(one searching) bool { return !one.holds(p) }
		holds := func(one searching) bool { return one.holds(p) }
		if any && slices.ContainsFunc(all, holds) || !any && !slices.ContainsFunc(all, fails) {
			m.Resource(p.Href(), p)
		}
	}
	return nil
}
