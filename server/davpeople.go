package server

import (
	"context"
	"slices"

	"parvis/booking"
	"parvis/dav"
	"parvis/directory"
	"parvis/portal"
)

// davPeople tells the DAV tree who its principals are: agents, and what they can book.
type davPeople struct {
	directory *directory.Store
	booking   *booking.Store
}

func (p davPeople) Person(ctx context.Context, caller portal.Caller) (dav.Person, error) {
	agent, err := p.directory.Agent(ctx, caller, caller.Agent)
	if err != nil {
		return dav.Person{}, err
	}
	return davPerson(agent), nil
}

func davPerson(agent directory.Agent) dav.Person {
	return dav.Person{Agent: agent.ID, Name: agent.Name(), Email: agent.Email}
}

// davResource is a resource as a principal; its id is none of an agent's.
func davResource(r booking.Resource) dav.Person {
	return dav.Person{Agent: portal.AgentID(r.ID), Name: r.Name, Email: r.Address, Type: r.Kind.UserType()}
}

func davResources(all []booking.Resource) []dav.Person {
	people := make([]dav.Person, len(all))
	for i, r := range all {
		people[i] = davResource(r)
	}
	return people
}

// Named are agents as the caller may see them, and resources.
func (p davPeople) Named(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]dav.Person, error) {
	present, err := p.directory.Present(ctx, caller, agents)
	var people []dav.Person
	for _, one := range present {
		people = append(people, davPerson(one.Agent))
	}
	if err != nil || len(people) == len(agents) {
		return people, err
	}
	resources, err := p.booking.Bookable(ctx, caller)
	resources = slices.DeleteFunc(resources, func(r booking.Resource) bool { return !slices.Contains(agents, portal.AgentID(r.ID)) })
	return append(people, davResources(resources)...), err
}

// Find are those whom the directory finds, and the resources of that text.
func (p davPeople) Find(ctx context.Context, caller portal.Caller, text string, limit int) ([]dav.Person, error) {
	found, err := p.directory.People(ctx, caller, directory.PeopleQuery{Text: text, Size: limit})
	if err != nil {
		return nil, err
	}
	people := make([]dav.Person, len(found.Agents))
	for i, agent := range found.Agents {
		people[i] = davPerson(agent)
	}
	resources, err := p.booking.Find(ctx, caller, text, limit)
	return append(people, davResources(resources)...), err
}

// Resources are all that can be booked.
func (p davPeople) Resources(ctx context.Context, caller portal.Caller, limit int) ([]dav.Person, error) {
	found, err := p.booking.Find(ctx, caller, "", limit)
	return davResources(found), err
}
