package portal

import "time"

// Deed is what may be done with a thing.
type Deed string

// The deeds, each more than the one before.
const (
	Opens  Deed = "open" // an application
	Reads  Deed = "read"
	Writes Deed = "write"
)

// Opening tells that a thing of a feature, "the folder Budget", is open to a
// subject: what an access review is made of.
type Opening struct {
	Mention
	ID    string // of the thing, one among those of its kind
	To    Subject
	Does  Deed
	Needs Right     // a right that she must hold besides, "" for none
	Until time.Time // first instant without it, zero: never
}
