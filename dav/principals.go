package dav

import (
	"context"
	"encoding/xml"

	"parvis/portal"
)

// principals is the collection of the agents of the caller's collectivity. It lists her own alone: others
// are found by their address, or by a search.
type principals struct {
	site   *Site
	caller portal.Caller
	scopes portal.Scopes
}

var principalsTable = NewTable(append(Common(func(p *principals) portal.Caller { return p.caller }, ReadOnly[*principals]),
	Property[*principals]{Name: Name("resourcetype"), Value: func(*principals) Value { return Elements(Name("collection")) }},
)...)

func (s *Site) principals(caller portal.Caller, scopes portal.Scopes) *principals {
	return &principals{s, caller, scopes}
}

// Href is the address of the collection.
func (p *principals) Href() string { return principalsHref }

// Property is nil when it has none of this name.
func (p *principals) Property(name xml.Name) Value { return principalsTable.Of(p, name) }

// PropertyNames lists its properties.
func (p *principals) PropertyNames(onDemand bool) []xml.Name {
	return principalsTable.Names(p, onDemand)
}

// Child is the principal of an agent.
func (p *principals) Child(ctx context.Context, _ portal.Caller, name string) (Resource, error) {
	if name == string(p.caller.Agent) {
		return p.own(ctx)
	}
	found, err := p.site.people.Named(ctx, p.caller, []portal.AgentID{portal.AgentID(name)})
	if err != nil {
		return nil, err
	}
	all, err := p.of(ctx, found)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, portal.ErrNotFound
	}
	return all[0], nil
}

// Children is the caller's own principal.
func (p *principals) Children(ctx context.Context, _ portal.Caller) ([]Resource, error) {
	own, err := p.own(ctx)
	return []Resource{own}, err
}

func (p *principals) own(ctx context.Context) (Resource, error) {
	person, err := p.site.people.Person(ctx, p.caller)
	if err != nil {
		return nil, err
	}
	person.Agent = p.caller.Agent
	all, err := p.of(ctx, []Person{person})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// of are the principals of people.
func (p *principals) of(ctx context.Context, people []Person) ([]*Principal, error) {
	like := Principal{Caller: p.caller, scopes: p.scopes, table: p.site.principal}
	for _, home := range p.site.homes {
		if home.Proxies == nil || !p.scopes.Read(home.Scope) {
			continue
		}
		like.proxied = true
		if p.scopes.Write(home.Scope) {
			like.setProxies = home.SetProxies
		}
		some, err := home.Proxies(ctx, p.caller)
		if err != nil {
			return nil, err
		}
		like.proxies = some
	}
	all := make([]*Principal, len(people))
	for i, person := range people {
		one := like
		one.Person = person
		all[i] = &one
	}
	return all, nil
}

// Child is one of the two groups of those who act for an agent.
func (p *Principal) Child(_ context.Context, _ portal.Caller, name string) (Resource, error) {
	for _, writes := range []bool{false, true} {
		if p.proxied && name == proxyName(writes) {
			return &proxyGroup{p, writes}, nil
		}
	}
	return nil, portal.ErrNotFound
}

// Children are these two groups.
func (p *Principal) Children(context.Context, portal.Caller) ([]Resource, error) {
	if !p.proxied {
		return nil, nil
	}
	return []Resource{&proxyGroup{p, false}, &proxyGroup{p, true}}, nil
}

// proxyGroup is the group of those who act for an agent, as Apple's calendar looks for it
// (caldav-proxy, by Apple).
type proxyGroup struct {
	of     *Principal
	writes bool
}

func proxyName(writes bool) string {
	if writes {
		return "calendar-proxy-write"
	}
	return "calendar-proxy-read"
}

func proxyHref(agent portal.AgentID, writes bool) string {
	return Join(PrincipalHref(agent), proxyName(writes)) + "/"
}

var proxyTable = NewTable(append(Common(func(g *proxyGroup) portal.Caller { return g.of.Caller }, func(g *proxyGroup) Privileges {
	return Privileges{WriteProperties: g.of.Own() && g.of.setProxies != nil}
}),
	Property[*proxyGroup]{Name: Name("resourcetype"), Value: func(g *proxyGroup) Value {
		return Elements(Name("principal"), Name("collection"), xml.Name{Space: CalendarServer, Local: proxyName(g.writes)})
	}},
	Property[*proxyGroup]{Name: Name("displayname"), Value: func(g *proxyGroup) Value { return Text(g.of.Person.Name) }},
	Property[*proxyGroup]{Name: Name("principal-URL"), OnDemand: true, Value: func(g *proxyGroup) Value { return Href(g.Href()) }},
	Property[*proxyGroup]{Name: Name("group-membership"), OnDemand: true, Value: func(*proxyGroup) Value { return Elements() }},
	Property[*proxyGroup]{Name: Name("group-member-set"), OnDemand: true, Value: func(g *proxyGroup) Value {
		return func(w *Writer) {
			for _, agent := range g.members() {
				w.Href(PrincipalHref(agent))
			}
		}
	}},
)...)

// members are those that the caller may know: all of her own, and herself elsewhere.
func (g *proxyGroup) members() (agents []portal.AgentID) {
	if g.of.Own() {
		return acting(g.of.proxies.By, g.writes)
	}
	for _, one := range acting(g.of.proxies.For, g.writes) {
		if one == g.of.Person.Agent {
			agents = append(agents, g.of.Caller.Agent)
		}
	}
	return agents
}

// Patch sets the members of the caller's own group, as Apple's calendar does.
func (g *proxyGroup) Patch(ctx context.Context, caller portal.Caller, changes []Change) (refused []xml.Name, err error) {
	if !g.of.Own() || g.of.setProxies == nil {
		return nil, Needs("write-properties", g.Href())
	}
	var agents []portal.AgentID
	for _, change := range changes {
		named, ok := membersOf(change)
		if !ok {
			refused = append(refused, change.Name)
		}
		agents = append(agents, named...)
	}
	if len(refused) > 0 {
		return refused, nil
	}
	return nil, g.of.setProxies(ctx, caller, g.writes, agents)
}

// membersOf are the agents of a group-member-set; false for another property, and for who is no agent.
func membersOf(change Change) (agents []portal.AgentID, ok bool) {
	if change.Name != Name("group-member-set") || change.Value == nil {
		return nil, false
	}
	for _, href := range hrefsOf(change.Value) {
		parts, ok := Split(principalsHref, href)
		if !ok || len(parts) != 1 {
			return nil, false
		}
		agents = append(agents, portal.AgentID(parts[0]))
	}
	return agents, true
}

// Href is its address.
func (g *proxyGroup) Href() string { return proxyHref(g.of.Person.Agent, g.writes) }

// Property is nil when it has none of this name.
func (g *proxyGroup) Property(name xml.Name) Value { return proxyTable.Of(g, name) }

// PropertyNames lists its properties.
func (g *proxyGroup) PropertyNames(onDemand bool) []xml.Name { return proxyTable.Names(g, onDemand) }
