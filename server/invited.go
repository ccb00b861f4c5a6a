package server

import (
	"context"

	"parvis/calendar"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// invited is the directory as invitations see it.
type invited struct{ directory *directory.Store }

// AtAddresses implements calendar.People.
func (i invited) AtAddresses(ctx context.Context, from database.Reader, near portal.CollectivityID, addresses []string) (map[string]calendar.Person, error) {
	found, err := i.directory.Addressees(ctx, from, near, addresses)
	people := make(map[string]calendar.Person, len(found))
	for address, one := range found {
		people[address] = person(one)
	}
	return people, err
}

// AgentNamed implements calendar.People.
func (i invited) AgentNamed(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, agent portal.AgentID) (calendar.Person, error) {
	one, err := i.directory.Addressee(ctx, from, collectivity, agent)
	return person(one), err
}

func person(one directory.Addressee) calendar.Person {
	return calendar.Person{Collectivity: one.Collectivity, Agent: one.Agent, Name: one.Name, Address: one.Address}
}
