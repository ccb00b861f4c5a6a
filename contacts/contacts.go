// Package contacts keeps the personal address book of each agent: people whom only she writes to. It
// stores the cards that her programs send, octet for octet. Colleagues are not here but in directory,
// and the protocol is in contacts/carddav.
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

// Limits of one book.
const (
	MaxContacts = 20_000
	MaxBytes    = 256 << 20 // 20,000 cards with a small photograph
	maxName     = 255       // bytes of a DAV name
)

// The refusals beside those of package portal and *vcard.Refusal.
var (
	// ErrSyncToken: the token is of another epoch, of the future, or older than the log.
	ErrSyncToken = fmt.Errorf("contacts: sync token: %w", portal.ErrInvalid)
	// ErrCondition: the card is not in the state that the conditions ask for.
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

// Book is the state of a caller's book.
type Book struct {
	Sync      dav.SyncToken
	forgotten int64
	cards     int
	bytes     int  // of all cards
	stored    bool // false before the first card: what is only read must not write
}

// unstoredEpoch is that of a book before its first card.
const unstoredEpoch = "new"

// Changes is what happened since a token.
type Changes struct {
	Changed []Contact // without octets; as they are now
	Deleted []string  // names
	Token   dav.SyncToken
	More    bool // there are changes after Token
}
