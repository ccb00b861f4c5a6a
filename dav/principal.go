package dav

import (
	"context"
	"encoding/xml"

	"parvis/portal"
)

// Person is what a principal tells of an agent.
type Person struct {
	Name  string // "Claire Morel"
	Email string // "" when she has none
}

// People knows the agents.
type People interface {
	// Person is the caller's own entry.
	Person(ctx context.Context, caller portal.Caller) (Person, error)
}

// Home is what a feature puts into the tree: its collection, and what principals tell of it.
type Home struct {
	Segment string       // under Prefix, "calendars"
	Scope   portal.Scope // of the programs that may write there
	Open    func(caller portal.Caller) Collection
	// Properties are added to those of principals: calendar-home-set.
	Properties []Property[*Principal]
}

// Principal is the caller as a resource (RFC 3744 §2).
type Principal struct {
	Caller portal.Caller
	Person Person
	scopes portal.Scopes
	table  *Table[*Principal]
}

// principalsHref is the collection of principals.
const principalsHref = Prefix + "principals/"

// PrincipalHref is the address of an agent's principal.
func PrincipalHref(agent portal.AgentID) string { return Join(principalsHref, string(agent)) + "/" }

// Href is its address.
func (p *Principal) Href() string { return PrincipalHref(p.Caller.Agent) }

// Property is nil when it has none of this name.
func (p *Principal) Property(name xml.Name) Value { return p.table.Of(p, name) }

// PropertyNames lists its properties.
func (p *Principal) PropertyNames(onDemand bool) []xml.Name { return p.table.Names(p, onDemand) }

func newPrincipalTable(homes []Home) *Table[*Principal] {
	properties := append(Common(func(p *Principal) portal.Caller { return p.Caller }, ReadOnly[*Principal]),
		Property[*Principal]{Name: Name("resourcetype"), Value: func(*Principal) Value {
			return Elements(Name("principal"), Name("collection"))
		}},
		Property[*Principal]{Name: Name("displayname"), Value: func(p *Principal) Value { return Text(p.Person.Name) }},
		Property[*Principal]{Name: Name("principal-URL"), OnDemand: true, Value: func(p *Principal) Value { return Href(p.Href()) }},
		Property[*Principal]{Name: Name("group-membership"), OnDemand: true, Value: func(*Principal) Value { return Elements() }},
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

// principals holds the caller's own principal; others are found when agendas are shared.
func (s *Site) principals(caller portal.Caller, scopes portal.Scopes) *folder {
	own := func(ctx context.Context) (Resource, error) {
		person, err := s.people.Person(ctx, caller)
		return &Principal{Caller: caller, Person: person, scopes: scopes, table: s.principal}, err
	}
	return &folder{
		path: principalsHref, caller: caller,
		child: func(ctx context.Context, name string) (Resource, error) {
			if name != string(caller.Agent) {
				return nil, portal.ErrNotFound
			}
			return own(ctx)
		},
		children: func(ctx context.Context) ([]Resource, error) {
			p, err := own(ctx)
			return []Resource{p}, err
		},
	}
}
