package calendar

import (
	"context"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Resource is a room, a vehicle or equipment, booked by who invites it.
type Resource struct {
	ID   string
	Name string         // "Salle du conseil"
	Type string         // of a calendar user (RFC 5545 §3.2.3): "ROOM", "RESOURCE"
	Zone *time.Location // where it stands: its days begin and end there
	// Idle is why it is not booked for an event that takes no time, in the language of its collectivity.
	Idle string
}

// Offered is a resource among which a person chooses.
type Offered struct {
	Resource
	Icon   string
	Party  string // by which it is invited
	Place  string // "Mairie, 1er étage", "" for none
	Seats  int    // 0 where nobody counts
	Barred bool   // only groups may book it, and who asks is in none of them
}

// Where is what an event says of its location, "Salle du conseil, Mairie, 1er étage".
func (o Offered) Where() string {
	if o.Place == "" {
		return o.Name
	}
	return o.Name + ", " + o.Place
}

// The types of a calendar user that are no person (RFC 5545 §3.2.3).
const (
	typeRoom     = "ROOM"
	typeResource = "RESOURCE"
)

// Slot is one instance for which a resource is wanted, half-open [Start, End).
type Slot struct {
	Recurrence time.Time // as Instance.Recurrence: zero for what happens once
	Start, End time.Time
}

// Wish is what an event asks of a resource.
type Wish struct {
	Resource string
	// Slots are to come; at most MaxBooked and one more. Those of a series are within BookingHorizon, or are
	// the first of one that begins later.
	Slots []Slot
	After time.Time // the series has more of them after this one; zero: it has not
	// Exceptions is how many slots can be refused alone: those of exceptions that are there, and some to make.
	// Where more are, all must be.
	Exceptions int
}

// Claim is what an event asks of all resources, in place of what it holds of any.
type Claim struct {
	Collectivity portal.CollectivityID
	Event        EventID
	UID          string
	Holder       portal.AgentID // in whose calendar it is, and whose rights decide
	Wishes       []Wish
}

// Verdict is what a resource answers.
type Verdict struct {
	Resource string
	Why      string        // all is refused, for this reason; "" when it is not
	Refused  []RefusedSlot // where all is not
	// Waiting are slots that it holds until somebody accepts them, and Wait says so.
	Waiting []Slot
	Wait    string
}

// RefusedSlot is an instance that a resource does not take part in, and why, in the language of its
// collectivity: nothing of what others do there.
type RefusedSlot struct {
	Slot
	Why string
}

// Held is an event for which resources are to be decided anew.
type Held struct {
	Event  EventID
	Holder portal.AgentID
	Again  []string // resources that declined and are asked again
}

const (
	// BookingHorizon is how far ahead the instances of a series are booked.
	BookingHorizon = 2 * 365 * 24 * time.Hour
	// MaxBooked is how many instances one event books of a resource: every day until the horizon, and a
	// third more.
	MaxBooked = 1000
	// maxExceptions is how many dates of a series a resource declines alone. Nobody reads more.
	maxExceptions = 50
)

// Resources knows what can be booked in a collectivity, and decides who has it.
type Resources interface {
	// Among finds those of a collectivity that parties name: addresses in lower case, and paths of
	// principals.
	Among(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, parties []string) (map[string]Resource, error)
	// Offer finds what can be booked whose name, place or address holds each word of a text, by name and at
	// most limit; an agent is the one whose right to it is told.
	Offer(ctx context.Context, caller portal.Caller, holder portal.AgentID, text string, limit int) ([]Offered, error)
	// Decide books what is free in place of all that the event held, one claim after the other for each
	// resource, and answers for every wish in their order. What the event holds already stays its own.
	Decide(ctx context.Context, tx *database.Tx, claim Claim) ([]Verdict, error)
	// Taken tells when resources that the caller sees are taken between two instants, each sorted; an event, by its
	// UID, is not counted.
	Taken(ctx context.Context, caller portal.Caller, resources []string, from, until time.Time, but string) (map[string][]BusyTime, error)
	// Broken tells, for each of some resources whose rules refuse a time, why: it is closed, or the time too long.
	Broken(ctx context.Context, caller portal.Caller, resources []string, start, end time.Time) (map[string]string, error)
	// Due lists the events of series that are booked for less than the time from now until an instant, and
	// of what can't be booked any more.
	Due(ctx context.Context, collectivity portal.CollectivityID, until time.Time) ([]Held, error)
	// HandOver makes an agent the holder of what some events have booked.
	HandOver(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, events []string, to portal.AgentID) error
	// Held lists the events that have booked something to come.
	Held(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) ([]EventID, error)
	// Holds says whether an event has booked something.
	Holds(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, event EventID) (bool, error)
}

// Booking makes resources answer invitations. It is a step of set-up.
func (s *Store) Booking(resources Resources) { s.resources = resources }
