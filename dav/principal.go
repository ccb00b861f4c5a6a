package dav

import (
	"context"
	"encoding/xml"
	"slices"

	"parvis/portal"
)

// Person is what a principal tells of an agent, as far as who reads it may know; or of a room, a vehicle,
// equipment, which is invited like one.
type Person struct {
	Agent portal.AgentID
	Name  string // "Claire Morel"
	Email string // "" when she has none
	Type  string // of a calendar user (RFC 5545 §3.2.3): "" for an individual, "ROOM", "RESOURCE"
}

// People knows the agents of the caller's collectivity, and what they can book.
type People interface {
	// Person is the caller's own entry.
	Person(ctx context.Context, caller portal.Caller) (Person, error)
	// Named are some agents; who is none, or left, is left out.
	Named(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]Person, error)
	// Find are those whom a text of a name or an address finds, at most limit.
	Find(ctx context.Context, caller portal.Caller, text string, limit int) ([]Person, error)
	// Resources are the rooms and other things that can be invited, at most limit.
	Resources(ctx context.Context, caller portal.Caller, limit int) ([]Person, error)
}

// Proxy is an agent who acts for another one.
type Proxy struct {
	Agent  portal.AgentID
	Writes bool
}

// Proxies are for whom the caller acts, and who acts for her.
type Proxies struct{ For, By []Proxy }

// acting are those who read, or those who write.
func acting(all []Proxy, writes bool) (agents []portal.AgentID) {
	for _, one := range all {
		if one.Writes == writes {
			agents = append(agents, one.Agent)
		}
	}
	return agents
}

// Home is what a feature puts into the tree: its collection, and what principals tell of it.
type Home struct {
	Segment string       // under Prefix, "calendars"
	Scope   portal.Scope // of the programs that may write there
	Open    func(caller portal.Caller) Collection
	// Properties are added to those of the caller's own principal: calendar-home-set.
	Properties []Property[*Principal]
	// Public are added to those of every principal.
	Public []Property[*Principal]
	// Proxies says who acts for whom here, as calendar-proxy tells it; nil where nobody does.
	Proxies func(ctx context.Context, caller portal.Caller) (Proxies, error)
	// SetProxies makes agents, and no others, those who read for the caller, or those who write.
	SetProxies func(ctx context.Context, caller portal.Caller, writes bool, agents []portal.AgentID) error
}

// Principal is an agent as a resource (RFC 3744 §2): the caller, or a colleague.
type Principal struct {
	Caller  portal.Caller // who reads it
	Person  Person
	scopes  portal.Scopes
	proxies Proxies
	proxied bool // there are proxies at all
	// setProxies is that of the home whose proxies these are; nil where the program may not.
	setProxies func(ctx context.Context, caller portal.Caller, writes bool, agents []portal.AgentID) error
	table      *Table[*Principal]
}

// Own says that the principal is the caller's.
func (p *Principal) Own() bool { return p.Person.Agent == p.Caller.Agent }

// Kept says that the caller acts for this agent.
func (p *Principal) Kept() bool {
	return slices.ContainsFunc(p.proxies.For, func(one Proxy) bool { return one.Agent == p.Person.Agent })
}

// principalsHref is the collection of principals.
const principalsHref = Prefix + "principals/"

// PrincipalHref is the address of an agent's principal.
func PrincipalHref(agent portal.AgentID) string { return Join(principalsHref, string(agent)) + "/" }

// Href is its address.
func (p *Principal) Href() string { return PrincipalHref(p.Person.Agent) }

// Property is nil when it has none of this name.
func (p *Principal) Property(name xml.Name) Value { return p.table.Of(p, name) }

// PropertyNames lists its properties.
func (p *Principal) PropertyNames(onDemand bool) []xml.Name { return p.table.Names(p, onDemand) }

// actsFor are those for whom the agent acts, as far as the caller may know: of herself alone.
func (p *Principal) actsFor(writes bool) []portal.AgentID {
	if !p.Own() {
		return nil
	}
	return acting(p.proxies.For, writes)
}

func proxyFor(local string, writes bool) Property[*Principal] {
	return Property[*Principal]{Name: xml.Name{Space: CalendarServer, Local: local}, OnDemand: true, Value: func(p *Principal) Value {
		if !p.proxied {
			return nil
		}
		return func(w *Writer) {
			for _, agent := range p.actsFor(writes) {
				w.Href(PrincipalHref(agent))
			}
		}
	}}
}

// ofOwn leaves a property out of the principals of colleagues.
func ofOwn(property Property[*Principal]) Property[*Principal] {
	value := property.Value
	property.Value = func(p *Principal) Value {
		if !p.Own() {
			return nil
		}
		return value(p)
	}
	return property
}

func newPrincipalTable(homes []Home) *Table[*Principal] {
	properties := append(Common(func(p *Principal) portal.Caller { return p.Caller }, ReadOnly[*Principal]),
		Property[*Principal]{Name: Name("resourcetype"), Value: func(*Principal) Value {
			return Elements(Name("principal"), Name("collection"))
		}},
		Property[*Principal]{Name: Name("displayname"), Value: func(p *Principal) Value { return Text(p.Person.Name) }},
		Property[*Principal]{Name: Name("principal-URL"), OnDemand: true, Value: func(p *Principal) Value { return Href(p.Href()) }},
		Property[*Principal]{Name: Name("alternate-URI-set"), OnDemand: true, Value: func(*Principal) Value { return Elements() }},
		Property[*Principal]{Name: Name("group-membership"), OnDemand: true, Value: func(p *Principal) Value {
			return func(w *Writer) {
				for _, writes := range []bool{false, true} {
					for _, agent := range p.actsFor(writes) {
						w.Href(proxyHref(agent, writes))
					}
				}
			}
		}},
		proxyFor("calendar-proxy-read-for", false), proxyFor("calendar-proxy-write-for", true),
		Property[*Principal]{
			Name: xml.Name{Space: CalendarServer, Local: "email-address-set"}, OnDemand: true,
			Value: func(p *Principal) Value {
				if p.Person.Email == "" {
					return nil
				}
				return func(w *Writer) {
					w.Text(xml.Name{Space: CalendarServer, Local: "email-address"}, p.Person.Email)
				}
			},
		},
	)
	for _, home := range homes {
		for _, property := range home.Properties {
			properties = append(properties, within(ofOwn(property), home.Scope))
		}
		for _, property := range home.Public {
			properties = append(properties, within(property, home.Scope))
		}
	}
	return NewTable(properties...)
}

// folder is a collection of the site itself: "/", "/dav/" and "/dav/principals/".
type folder struct {
	path     string
	caller   portal.Caller
	child    func(ctx context.Context, name string) (Resource, error)
	children func(ctx context.Context) ([]Resource, error)
}

var folderTable = NewTable(append(Common(func(f *folder) portal.Caller { return f.caller }, ReadOnly[*folder]),
	Property[*folder]{Name: Name("resourcetype"), Value: func(*folder) Value { return Elements(Name("collection")) }},
)...)

// Href is its path.
func (f *folder) Href() string { return f.path }

// Property is nil when it has none of this name.
func (f *folder) Property(name xml.Name) Value { return folderTable.Of(f, name) }

// PropertyNames lists its properties.
func (f *folder) PropertyNames(onDemand bool) []xml.Name { return folderTable.Names(f, onDemand) }

// Child is one of its resources.
func (f *folder) Child(ctx context.Context, _ portal.Caller, name string) (Resource, error) {
	return f.child(ctx, name)
}

// Children are its resources.
func (f *folder) Children(ctx context.Context, _ portal.Caller) ([]Resource, error) {
	return f.children(ctx)
}

// root is "/dav/" as the caller sees it.
func (s *Site) root(caller portal.Caller, scopes portal.Scopes) *folder {
	open := func(name string) Collection {
		if name == "principals" {
			return s.principals(caller, scopes)
		}
		home, found := s.homeOf([]string{name})
		if !found {
			return nil
		}
		return home.Open(caller)
	}
	return &folder{
		path: Prefix, caller: caller,
		child: func(_ context.Context, name string) (Resource, error) {
			if found := open(name); found != nil {
				return found, nil
			}
			return nil, portal.ErrNotFound
		},
		children: func(context.Context) ([]Resource, error) {
			all := []Resource{s.principals(caller, scopes)}
			for _, home := range s.homes {
				if scopes.Read(home.Scope) {
					all = append(all, home.Open(caller))
				}
			}
			return all, nil
		},
	}
}
