package calendar

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/post"
)

// Guest is one whom an event invites.
type Guest struct {
	Party    string // "jean@exemple.fr", or the path of a principal for a colleague without an address of her own
	Name     string // "Jean Petit", "" when only the address is known
	Optional bool
}

// Guests are those whom a draft invites, but for who invites.
type Guests struct {
	All  []Guest
	host Person // the owner of the calendar, whom the store finds
}

// CanInvite says whether somebody invites from a calendar: its owner does, and a calendar of the
// collectivity has none.
func (s *Store) CanInvite(c Calendar) bool { return s.people != nil && !c.Shared() }

// hosted is a draft with the one who invites from a calendar. Of an event to which somebody else
// invites the guests are not hers to change: portal.ErrDenied.
func (s *Store) hosted(ctx context.Context, q querier, caller portal.Caller, c Calendar, o *Object, d Draft) (Draft, error) {
	if d.Guests == nil {
		return d, nil
	}
	if !c.Writable {
		return d, portal.ErrDenied
	}
	invites := len(d.Guests.All) > 0
	noHost := portal.FieldErrors{portal.Invalid("calendar", "calendar.error.invites-nobody")}
	if !s.CanInvite(c) {
		d.Guests = nil
		if invites {
			return d, noHost
		}
		return d, nil
	}
	host, err := s.people.AgentNamed(ctx, q, caller.Collectivity, c.Owner)
	if errors.Is(err, portal.ErrNotFound) && invites {
		return d, noHost
	}
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return d, err
	}
	if organizer := o.organizer(); organizer != "" && !host.parties().has(organizer) {
		return d, portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.not-organizer"}
	}
	d.Guests = &Guests{All: d.Guests.All, host: host}
	return d, nil
}

// GuestOf is a colleague as a guest: by her address where it finds her, else by her principal, which
// no other has. portal.ErrNotFound for who is no active agent of the collectivity.
func (s *Store) GuestOf(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Guest, error) {
	if s.people == nil {
		return Guest{}, portal.ErrNotFound
	}
	person, err := s.people.AgentNamed(ctx, s.db, caller.Collectivity, agent)
	if err != nil {
		return Guest{}, wrap(err, "calendar: guest %.40q", agent)
	}
	guest := Guest{Party: person.parties()[0], Name: person.Name}
	if person.Address == "" {
		return guest, nil
	}
	found, err := s.people.AtAddresses(ctx, s.db, caller.Collectivity, []string{person.Address})
	if one, known := found[person.Address]; known && one.Agent == agent && one.Collectivity == caller.Collectivity {
		guest.Party = person.Address
	}
	return guest, wrap(err, "calendar: guest %.40q", agent)
}

// colleagues are the agents of the caller's collectivity among parties.
func (s *Store) colleagues(ctx context.Context, caller portal.Caller, all []string) (map[string]portal.AgentID, error) {
	if s.people == nil {
		return nil, portal.ErrDenied
	}
	known, err := s.people.AtAddresses(ctx, s.db, caller.Collectivity, all)
	if err != nil {
		return nil, err
	}
	found := map[string]portal.AgentID{}
	for _, party := range all {
		id, isPath := strings.CutPrefix(party, principals)
		agent := portal.AgentID(strings.TrimSuffix(id, "/"))
		if isPath {
			_, err := s.people.AgentNamed(ctx, s.db, caller.Collectivity, agent)
			if err != nil && !errors.Is(err, portal.ErrNotFound) {
				return nil, err
			}
			if err == nil {
				found[party] = agent
			}
		} else if person, here := known[party]; here && person.Collectivity == caller.Collectivity {
			found[party] = person.Agent
		}
	}
	return found, nil
}

// check refuses guests whom no letter and no agenda reaches, and too many of them.
func (g *Guests) check() (key string, args []any) {
	if g == nil {
		return "", nil
	}
	if len(g.All) >= MaxAttendees { // who invites is one of them
		return "guests-many", []any{"max", MaxAttendees - 1}
	}
	for _, one := range g.All {
		if !isPrincipal(one.Party) && !isAddress(one.Party) {
			return "guest-address", []any{"address", cut(one.Party, 60)}
		}
	}
	return "", nil
}

// isPrincipal says whether a party is a person or a room of ours by its path. Whatever else begins so
// was forged.
func isPrincipal(party string) bool {
	id, found := strings.CutPrefix(party, principals)
	id = strings.TrimSuffix(id, "/")
	return found && id != "" && !strings.ContainsFunc(id, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') })
}

// write makes the guests those of a component. Who was invited already keeps what her ATTENDEE says,
// above all her answer.
func (g *Guests) write(event *ical.Component) {
	if g == nil {
		return
	}
	if len(g.All) == 0 {
		event.Props.Del(ical.PropAttendee)
		return
	}
	me := g.host.parties()
	var all []ical.Prop
	if own := attendeesOf(event, me...); len(own) > 0 {
		all = append(all, *own[0])
	} else {
		own := g.host.prop(ical.PropAttendee)
		setParam(&own, ical.ParamParticipationStatus, Accepted)
		all = append(all, own)
	}
	for _, one := range g.All {
		if me.has(one.Party) || slices.ContainsFunc(all, func(p ical.Prop) bool { return partyOf(&p) == one.Party }) {
			continue
		}
		prop := one.prop()
		if was := attendeesOf(event, one.Party); len(was) > 0 {
			prop = *was[0]
		}
		one.setRole(&prop)
		all = append(all, prop)
	}
	event.Props[ical.PropAttendee] = all
}

// follow makes on another component of a series what a change made on the one that was shown: who
// came is invited to it too, who was taken out is no more. What else differs there stays.
func (g *Guests) follow(event *ical.Component, before []string) {
	if g == nil {
		return
	}
	now := map[string]bool{}
	for _, one := range g.All {
		now[one.Party] = true
	}
	me := g.host.parties()
	event.Props[ical.PropAttendee] = slices.DeleteFunc(event.Props[ical.PropAttendee], func(p ical.Prop) bool {
		party := partyOf(&p)
		return !me.has(party) && !now[party] && slices.Contains(before, party)
	})
	for _, one := range g.All {
		if was := attendeesOf(event, one.Party); len(was) > 0 {
			one.setRole(was[0])
		} else if !slices.Contains(before, one.Party) && !me.has(one.Party) {
			if len(attendeesOf(event, me...)) == 0 {
				own := g.host.prop(ical.PropAttendee)
				setParam(&own, ical.ParamParticipationStatus, Accepted)
				event.Props.Add(&own)
			}
			prop := one.prop()
			one.setRole(&prop)
			event.Props.Add(&prop)
		}
	}
	if left := attendeesOf(event); !slices.ContainsFunc(left, func(p *ical.Prop) bool { return !me.has(partyOf(p)) }) {
		event.Props.Del(ical.PropAttendee)
	}
}

// settle names who invites in all components of an object, or in none when nobody is invited any more:
// one that names another organizer than its series is refused (RFC 6638 §3.2.4.2).
func (g *Guests) settle(root *ical.Component) {
	if g == nil {
		return
	}
	invites := slices.ContainsFunc(root.Children, func(c *ical.Component) bool { return len(c.Props[ical.PropAttendee]) > 0 })
	for _, c := range root.Children {
		switch {
		case c.Name == ical.CompTimezone:
		case !invites:
			c.Props.Del(ical.PropOrganizer)
		case c.Props.Get(ical.PropOrganizer) == nil:
			organizer := g.host.prop(ical.PropOrganizer)
			c.Props.Set(&organizer)
		}
	}
}

// partiesIn are those whom a component invites.
func partiesIn(event *ical.Component) (all []string) {
	for _, p := range attendeesOf(event) {
		all = append(all, partyOf(p))
	}
	return all
}

// prop names a person who has an agenda here.
func (p Person) prop(name string) ical.Prop {
	names := p.parties()
	return partyProp(name, names[len(names)-1], p.Name)
}

func (g Guest) prop() ical.Prop {
	p := partyProp(ical.PropAttendee, g.Party, g.Name)
	setParam(&p, ical.ParamParticipationStatus, NeedsAction)
	setParam(&p, ical.ParamRSVP, "TRUE")
	return p
}

// setRole says whether her presence is needed. Other roles, of a chair, are kept.
func (g Guest) setRole(p *ical.Prop) {
	switch was := isOptional(p); {
	case g.Optional && !was:
		setParam(p, ical.ParamRole, "OPT-PARTICIPANT")
	case !g.Optional && was:
		setParam(p, ical.ParamRole, "REQ-PARTICIPANT")
	}
}

func isOptional(p *ical.Prop) bool { return param(p, ical.ParamRole) == "OPT-PARTICIPANT" }

// partyProp is ORGANIZER or ATTENDEE.
func partyProp(name, party, called string) ical.Prop {
	value := party
	if !strings.HasPrefix(party, principals) {
		value = "mailto:" + party
	}
	p := ical.Prop{Name: name, Params: ical.Params{}, Value: value}
	if called = plainName(called); called != "" {
		p.Params.Set(ical.ParamCommonName, called)
	}
	return p
}

// maxName is the longest name of a guest, in characters.
const maxName = 100

// plainName is a name as a parameter can hold it (RFC 5545 §3.2).
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '"' || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
	letters := []rune(strings.Join(strings.Fields(name), " "))
	return string(letters[:min(len(letters), maxName)])
}

// readAddresses reads addresses as people paste them out of a letter: "Jean Petit <jean@x.fr>; Marie
// <marie@x.fr>", one a line, or apart by commas and spaces. unread is what holds no address.
func readAddresses(text string) (found []Guest, unread []string) {
	seen, name := map[string]bool{}, ""
	for _, part := range splitAddresses(text) {
		one, ok := readAddress(part.text)
		switch {
		case ok && one != nil:
			if name != "" { // "Petit, Jean <jean@x.fr>"
				one[0].Name, name = plainName(name+", "+one[0].Name), ""
			}
			for _, guest := range one {
				if !seen[guest.Party] {
					seen[guest.Party] = true
					found = append(found, guest)
				}
			}
		case ok:
		case part.comma && name == "" && !strings.Contains(part.text, "@"):
			name = strings.TrimSpace(part.text)
			continue
		default:
			unread = append(unread, strings.TrimSpace(part.text))
		}
		if name != "" {
			unread, name = append(unread, name), ""
		}
	}
	if name != "" {
		unread = append(unread, name)
	}
	return found, unread
}

// addressPart is what stands between two separators.
type addressPart struct {
	text  string
	comma bool // a comma ends it: it may be the family name of the next
}

// splitAddresses cuts at semicolons, commas and line ends that are not within quotes or brackets.
func splitAddresses(text string) (parts []addressPart) {
	quoted, bracket, start := false, false, 0
	cutAt := func(i int, comma bool) {
		parts = append(parts, addressPart{text[start:i], comma})
		start, quoted, bracket = i+1, false, false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n' || c == '\r': // an end of line ends what was not closed
			cutAt(i, false)
		case c == '"' && !bracket:
			quoted = !quoted
		case quoted:
		case c == '<':
			bracket = true
		case c == '>':
			bracket = false
		case c == ';':
			cutAt(i, false)
		case c == ',' && !bracket:
			cutAt(i, true)
		}
	}
	return append(parts, addressPart{text[start:], false})
}

// readAddress reads one part: a name with an address in brackets, or bare addresses. ok is false where
// it holds none that can be written to; a blank part is no guest and no mistake.
func readAddress(text string) (found []Guest, ok bool) {
	text = strings.TrimSpace(text)
	name, rest, bracketed := strings.Cut(text, "<")
	if bracketed {
		address, after, closed := strings.Cut(rest, ">")
		one, good := guestAt(address)
		if !closed || !good || strings.TrimSpace(after) != "" {
			return nil, false
		}
		one.Name = plainName(strings.Trim(strings.TrimSpace(name), `"'`))
		return []Guest{one}, true
	}
	for _, word := range strings.Fields(text) {
		one, good := guestAt(word)
		if !good {
			return nil, false
		}
		found = append(found, one)
	}
	return found, true
}

// guestAt is a guest known by an address alone.
func guestAt(text string) (Guest, bool) {
	text = strings.TrimSpace(text)
	if len(text) > len("mailto:") && strings.EqualFold(text[:len("mailto:")], "mailto:") {
		text = text[len("mailto:"):]
	}
	address, err := post.CleanAddress(strings.ToLower(text))
	return Guest{Party: address}, err == nil
}
