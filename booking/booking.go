// Package booking keeps the rooms, vehicles and equipment of each collectivity, and when each is taken.
// Who may have one is decided here, in the transaction of the event that asks for it: two events never
// have the same resource at the same time.
package booking

import (
	"context"
	"embed"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of resources.
//
//go:embed locales/*.json
var Locales embed.FS

// ResourceID names a resource of a collectivity, "k3v9m2p7q4r8s6t2". No agent has the same.
type ResourceID string

// Kind says what a resource is.
type Kind string

// The kinds.
const (
	Room      Kind = "room"
	Vehicle   Kind = "vehicle"
	Equipment Kind = "equipment"
)

// Kinds lists them in the order in which an administrator chooses.
var Kinds = []Kind{Room, Vehicle, Equipment}

// UserType is what invitations call it (RFC 5545 §3.2.3).
func (k Kind) UserType() string {
	if k == Room {
		return "ROOM"
	}
	return "RESOURCE"
}

// Resource is something that can be booked.
type Resource struct {
	ID      ResourceID
	Kind    Kind
	Name    string // "Salle du conseil"
	Place   string // "Mairie, 1er étage", "" for none
	Seats   int    // 0 where nobody counts
	Address string // of mail, lower case, by which it is invited; "" for none
	Active  bool   // false: withdrawn, it accepts nothing
	// Groups may book it, everyone of the collectivity who sees it where there is none.
	Groups []portal.GroupID
	// Seers and Approvers are agents and groups. Where there are no Seers everyone of the collectivity sees it.
	// Where it needs Approval and no approver is left, administrators accept its bookings.
	Seers, Approvers []portal.Subject
	Approval         bool
	TitlesPublic     bool // who sees it reads what it is booked for, but for what is private

	Category    string   // in the collectivity's words: "Salles de réunion"
	Description string   // and how one is to use it; lines
	Features    []string // "écran", "accessible PMR"
	Photo       string   // version of its photograph, a part of its address; "" for none

	Hours       Hours
	HolidaysOff bool          // it is closed on public holidays
	Closings    []Closing     // by their first day
	Longest     time.Duration // of one booking, 0: as long as one likes
	Ahead       int           // days, 0: as far as one likes
	Notice      time.Duration // before it begins, 0: none

	Vehicle  VehicleFacts
	Modified time.Time

	// LentBy is the name of the collectivity that lends it, by a convention; "" for the reader's own.
	LentBy  string
	Lending LendingID
}

// Closing are days on which a resource is not booked, both included, as "2027-08-02".
type Closing struct {
	First, Last string
	Reason      string // "Travaux", "" when none is told
}

// VehicleFacts are what is known of a vehicle.
type VehicleFacts struct {
	Plate      string // "AB-123-CD"
	Energy     string // one of Energies, "" when unknown
	Odometer   int    // km, 0 when unknown
	Inspection string // day of the next technical inspection, "2027-05-31"; "" when unknown
	Insured    string // last day of the insurance, "" when unknown
}

// Energies are what vehicles run on, in the order in which an administrator chooses.
var Energies = []string{electric, "hybrid", "petrol", "diesel", "gas", "hydrogen", muscle}

const (
	electric = "electric" // has a battery, read in percents
	muscle   = "muscle"   // counts no km
)

// Store keeps resources and their bookings.
type Store struct {
	db        *database.DB
	catalogue *i18n.Catalogue
	now       func() time.Time

	// withdrawn has decided anew what is booked of a resource that was withdrawn, or needs nobody's approval any more.
	withdrawn func(portal.CollectivityID)
	// titles says which events' titles a caller may read.
	titles   Titles
	holidays Holidays
	// answered has an event decided anew; book writes one into an agenda.
	answered func(context.Context, portal.CollectivityID, Held) error
	book     Booker
	cancel   Canceller
	foremen  Foremen // who books for others
	dates    Dates
	// onTrip is told of a vehicle that went out or came back.
	onTrip func(portal.CollectivityID)
	// turns has those wait who want one resource at once.
	turns Turns
	// agenda keeps loans in the agendas of those who borrow; lendingChanged tells whose people are to see something else.
	agenda         Agenda
	lendingChanged func(portal.CollectivityID)
}

// New opens the resources of a pool; reasons are told in the words of the catalogue.
func New(db *database.DB, catalogue *i18n.Catalogue) *Store {
	return &Store{db: db, catalogue: catalogue, now: time.Now}
}

// OnWithdrawn adds what is done after a resource of a collectivity was withdrawn, or needs nobody's approval any
// more. It is a step of set-up.
func (s *Store) OnWithdrawn(do func(portal.CollectivityID)) { s.withdrawn = do }

// Reader is what a caller may read of the events of others.
type Reader struct {
	Reads  func(calendar, class string) bool // class as in RFC 5545 §3.8.1.3
	Owners map[portal.AgentID]bool           // whose calendars these are: of anybody else she reads nothing
}

// Titles says what events are called that a caller may read.
type Titles func(ctx context.Context, caller portal.Caller) (Reader, error)

// OnTitles adds who may read what things are booked for. Without it only holders do, and everybody of what
// has public titles. It is a step of set-up.
func (s *Store) OnTitles(titles Titles) { s.titles = titles }
