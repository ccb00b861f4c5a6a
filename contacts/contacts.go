// Package contacts keeps address books: those of each agent, whom nobody else reads, and those of a unit or a
// group, which are the collectivity's. It stores the cards that programs send, octet for octet. Colleagues are
// not here but in directory, and the protocol is in contacts/carddav.
package contacts

import (
	"fmt"
	"time"

	"parvis/dav"
	"parvis/portal"
)

// Contact is a card of a book.
type Contact struct {
	Name     string // last part of its DAV address, "a1b2.vcf"
	UID      string
	FullName string // FN, "Camille Le Goff"
	ETag     string // quoted
	Size     int    // bytes
	Modified time.Time
	Octets   []byte // as received; nil in listings
}

// Limits of one book, and of how many there are.
const (
	MaxContacts = 20_000
	MaxBytes    = 256 << 20 // 20,000 cards with a small photograph
	maxName     = 255       // bytes of a DAV name
	maxBooks    = 50        // of one agent, the first one not counted
	maxShared   = 500       // of a collectivity
	maxTitle    = 100       // characters of a book's name
	maxAbout    = 1000      // characters of its description
)

// The refusals beside those of package portal and *vcard.Refusal.
var (
	// ErrSyncToken: the token is of another epoch, of the future, or older than the log.
	ErrSyncToken = fmt.Errorf("contacts: sync token: %w", portal.ErrInvalid)
	// ErrCondition: the card, or the book, is not in the state that the conditions ask for.
	ErrCondition = fmt.Errorf("contacts: %w: the card changed meanwhile", portal.ErrConflict)
	// ErrFull: MaxContacts or MaxBytes.
	ErrFull = fmt.Errorf("contacts: the book is full: %w", portal.ErrTooLarge)
)

// UIDTaken: another card of the book has the UID already, or the one that would be written over has
// another. It is a portal.ErrConflict.
type UIDTaken struct{ Name string }

func (e *UIDTaken) Error() string { return fmt.Sprintf("contacts: the UID is that of %.60q", e.Name) }

// Unwrap makes it portal.ErrConflict.
func (e *UIDTaken) Unwrap() error { return portal.ErrConflict }

// BookID names a book, "k3v9m2p7q4r8s6t2"; that of an agent's first one is hers.
type BookID string

// PersonalSlug is the last part of the address of an agent's first book.
const PersonalSlug = "personal"

// Book is one as its caller sees it.
type Book struct {
	ID           BookID
	Slug         string // last part of its DAV address
	Name         string // "" for an agent's first one until she names it
	Description  string
	Owner        portal.AgentID // "" for one of the collectivity
	To           portal.Subject // the unit or group whose it is; zero for an agent's own
	ToName       string         // "Services techniques"; "" when that unit or group is no more
	MembersWrite bool           // those of the unit or group, and not only who manages it
	Writable     bool           // by the caller
	Kept         bool           // the caller decides about it: her own, or of what she manages
	Cards        int
	Groups       int // of those cards, that are groups of people
	Sync         dav.SyncToken

	forgotten int64
	bytes     int  // of all cards
	derived   bool // its cards are sorted and can be searched
	stored    bool // false before the first card: what is only read must not write
}

// Own says whether the book is an agent's.
func (b Book) Own() bool { return b.Owner != "" }

// People is how many cards are people.
func (b Book) People() int { return b.Cards - b.Groups }

// First says whether the book is the one that its agent always has.
func (b Book) First() bool { return b.Own() && string(b.ID) == string(b.Owner) }

// unstoredEpoch is that of a book before its first card.
const unstoredEpoch = "new"

// Changes is what happened since a token.
type Changes struct {
	Changed []Contact // without octets; as they are now
	Deleted []string  // names
	Token   dav.SyncToken
	More    bool // there are changes after Token
}
