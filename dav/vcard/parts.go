package vcard

import "strings"

// Components are the parts of a structured value such as N, ADR or ORG, without escapes: what stands between
// its ";".
func (p Property) Components() []string { return split(p.Value, ';') }

// List are the values of a property that has several, such as CATEGORIES, without escapes and empty ones.
func (p Property) List() []string {
	var all []string
	for _, value := range split(p.Value, ',') {
		if value = strings.TrimSpace(value); value != "" {
			all = append(all, value)
		}
	}
	return all
}

// split cuts a value at a mark that is not escaped.
func split(value string, mark byte) []string {
	all := splitRaw(value, mark)
	for i, part := range all {
		all[i] = Unescape(part)
	}
	return all
}

func splitRaw(value string, mark byte) []string {
	var all []string
	from := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case mark:
			all, from = append(all, value[from:i]), i+1
		}
	}
	return append(all, value[from:])
}

// Listed is the value of a property that has several.
func Listed(values []string) string {
	escaped := make([]string, len(values))
	for i, value := range values {
		escaped[i] = Escape(value)
	}
	return strings.Join(escaped, ",")
}

// groupsOfPeople are the properties by which the versions say that a card is a group.
var groupsOfPeople = []string{"KIND", "X-ADDRESSBOOKSERVER-KIND"}

// IsGroup says whether the card is one of a group of people (RFC 6350 §6.1.4), also in Apple's way.
func (c *Card) IsGroup() bool {
	for _, name := range groupsOfPeople {
		for _, p := range c.Properties(name) {
			if strings.EqualFold(strings.TrimSpace(p.Value), "group") {
				return true
			}
		}
	}
	return false
}

// Members are the references of a group's members, in their order.
func (c *Card) Members() []string {
	var all []string
	for _, name := range []string{"MEMBER", "X-ADDRESSBOOKSERVER-MEMBER"} {
		for _, p := range c.Properties(name) {
			if reference := Reference(p.Text()); reference != "" {
				all = append(all, reference)
			}
		}
	}
	return all
}

// Reference is a UID as members of groups are compared: clients write the same one with and without urn:uuid:,
// in small and large letters.
func Reference(uid string) string {
	uid = strings.ToLower(strings.TrimSpace(uid))
	return strings.TrimPrefix(uid, "urn:uuid:")
}

// Edited is the card with its properties as change leaves them, those that are added after them. Change is given
// each property but VERSION, and says whether it stays; what it returns as it came keeps its octets.
func (c *Card) Edited(change func(p Property) (Property, bool), added ...Property) *Card {
	made := &Card{Version: c.Version, lines: make([]line, 0, len(c.lines)+len(added))}
	gone := map[string]bool{} // groups of what left
	for _, l := range c.lines {
		if l.Name == "VERSION" {
			made.lines = append(made.lines, l)
			continue
		}
		changed, stays := change(l.Property)
		switch {
		case !stays:
			gone[strings.ToUpper(l.Group)] = true
		case changed.String() == l.Property.String():
			made.lines = append(made.lines, l)
		default:
			made.lines = append(made.lines, line{Property: changed})
		}
	}
	made.dropLabels(gone)
	for _, p := range added {
		made.lines = append(made.lines, line{Property: p})
	}
	_ = made.check() // the UID stays, and what is added was checked where it came in
	return made
}

// dropLabels takes away what only named a property that left: "item1.X-ABLabel" without another of item1.
func (c *Card) dropLabels(gone map[string]bool) {
	named := map[string]bool{}
	for _, l := range c.lines {
		if !isLabel(l.Name) {
			named[strings.ToUpper(l.Group)] = true
		}
	}
	kept := c.lines[:0]
	for _, l := range c.lines {
		if group := strings.ToUpper(l.Group); group == "" || !isLabel(l.Name) || !gone[group] || named[group] {
			kept = append(kept, l)
		}
	}
	c.lines = kept
}

// isLabel holds for Apple's properties that say something of the one of their group.
func isLabel(name string) bool { return name == "X-ABLABEL" || name == "X-ABADR" }

// Label is what a person calls a property: Apple's label of its group, "" for none. Apple's own words come
// between marks, "_$!<Home>!$_".
func (c *Card) Label(p Property) string {
	if p.Group == "" {
		return ""
	}
	for _, l := range c.lines {
		if l.Name == "X-ABLABEL" && strings.EqualFold(l.Group, p.Group) {
			return strings.TrimSuffix(strings.TrimPrefix(l.Text(), "_$!<"), ">!$_")
		}
	}
	return ""
}

// SetTypes gives a property these kinds in place of those of known that it has; what else TYPE says stays.
func (p *Property) SetTypes(known []string, kinds ...string) {
	p.Params = append([]Param(nil), p.Params...)
	for _, kind := range known {
		p.dropType(kind)
	}
	for _, kind := range kinds {
		p.addType(kind)
	}
}

// SetText gives a property a text as its value, which is no address any more, nor written in a code.
func (p *Property) SetText(text string) {
	p.Params = append([]Param(nil), p.Params...)
	for _, param := range []string{"VALUE", "ENCODING", "CHARSET"} {
		p.dropParam(param)
	}
	p.Value = Escape(text)
}

// SetComponents gives a structured value some of its parts anew; the others stay as they are written.
func (p *Property) SetComponents(parts map[int]string) {
	raw := splitRaw(p.Value, ';')
	for at, text := range parts {
		for len(raw) <= at {
			raw = append(raw, "")
		}
		raw[at] = Escape(text)
	}
	p.Value = strings.Join(raw, ";")
}

// Bare says whether a structured value has no part that says anything.
func (p Property) Bare() bool { return strings.Trim(p.Value, "; ") == "" }

// DropParam takes a parameter away.
func (p *Property) DropParam(name string) {
	p.Params = append([]Param(nil), p.Params...)
	p.dropParam(name)
}
