package calendar

import (
	"context"

	"parvis/portal"
	"parvis/portal/database"
)

// Person is somebody who has an agenda in the pool.
type Person struct {
	Collectivity portal.CollectivityID
	Agent        portal.AgentID
	Name         string // "Claire Morel"
	Address      string // of her mail, lower case; "" when she has none
}

// parties are the names by which invitations call her.
func (p Person) parties() parties {
	names := parties{principals + string(p.Agent) + "/"}
	if p.Address != "" {
		names = append(names, p.Address)
	}
	return names
}

// caller writes in her own agenda, with no right beyond that.
func (p Person) caller() portal.Caller {
	return portal.Caller{Collectivity: p.Collectivity, Agent: p.Agent}
}

// People knows who can be invited.
type People interface {
	// AtAddresses finds active agents by mail addresses in lower case: those of the near
	// collectivity, and of all others that are in service where the address has their domain.
	AtAddresses(ctx context.Context, from database.Reader, near portal.CollectivityID, addresses []string) (map[string]Person, error)
	// AgentNamed is one active agent; portal.ErrNotFound.
	AgentNamed(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, agent portal.AgentID) (Person, error)
}

// Courier takes what is to be told to people who have no agenda here.
type Courier interface {
	// Sends says whether letters of a collectivity leave at all.
	Sends(collectivity portal.CollectivityID) bool
	// Carry queues a letter in the transaction of what it tells.
	Carry(ctx context.Context, tx *database.Tx, letter Letter) error
	// Leave sends what was queued, once that is done.
	Leave()
}

// Letter is an iTIP message to one address (RFC 6047).
type Letter struct {
	From   Person
	To     string // "jean@exemple.fr"
	Method string // "REQUEST", "CANCEL", "REPLY"
	Octets []byte // with METHOD
	Secret string // of the link by which she answers, "" without
	Event  Event  // for the words of the letter
	Answer string // of a REPLY: Accepted…
}
