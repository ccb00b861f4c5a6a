// Package booking keeps the rooms, vehicles and equipment of each collectivity, and when each is taken.
// Who may have one is decided here, in the transaction of the event that asks for it: two events never
// have the same resource at the same time.
package booking

import (
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
	// Groups may book it, everyone of the collectivity where there is none.
	Groups   []portal.GroupID
	Modified time.Time
}

// Store keeps resources and their bookings.
type Store struct {
	db        *database.DB
	catalogue *i18n.Catalogue
	now       func() time.Time

	// withdrawn has what a resource was booked for decided anew.
	withdrawn func(portal.CollectivityID)
}

// New opens the resources of a pool; reasons are told in the words of the catalogue.
func New(db *database.DB, catalogue *i18n.Catalogue) *Store {
	return &Store{db: db, catalogue: catalogue, now: time.Now}
}

// OnWithdrawn adds what is done after a resource of a collectivity was withdrawn. It is a step of
// set-up.
func (s *Store) OnWithdrawn(do func(portal.CollectivityID)) { s.withdrawn = do }
