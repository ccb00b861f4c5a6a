package portal

import (
	"context"
	"time"
)

// Gravity says how much something asks for attention.
type Gravity int

// The gravities, the worst first.
const (
	Broken  Gravity = iota // it does not work
	Waiting                // somebody waits for a decision
	Missing                // it works, and less well or less safely than it could
	Coming                 // good to know
	Next                   // a step that a new collectivity did not take yet
)

// Settling is how long a collectivity is new.
const Settling = 90 * 24 * time.Hour

// Concern is something of a collectivity that asks for the attention of who governs it.
type Concern struct {
	Gravity Gravity
	Key     string // of its sentence in the catalogue, "directory.concern.no-unit"
	Count   int    // that the sentence is about; 0 for one without a number
	Args    []any  // name, value pairs of the sentence
	Why     string // key of a second sentence, which says why or what to do; "" for none
	WhyArgs []any
	Since   time.Time // when it began; zero when that is not known
	Path    string    // of the page where it is mended; "" when the caller can't
	Icon    string    // "people"
	Named   []Named   // the first few of them, the soonest first
}

// Named is one of those whom a concern is about.
type Named struct {
	Name string
	Path string
	Day  time.Time // at noon, in UTC; zero for none
}

// Concerns tells what of a feature asks for the attention of the caller: of her
// collectivity, and only of what she may govern. It asks the store once, and nothing for
// who governs nothing of it.
type Concerns func(ctx context.Context, caller Caller) ([]Concern, error)
