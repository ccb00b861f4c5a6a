package portal

import "context"

// Left is what of a feature an agent leaves behind, as a number: never what it is.
type Left struct {
	Key   string // of the sentence in the catalogue, "calendar.left"
	Count int
}

// LeftBy tells what of a feature an agent would leave behind, who is given as she stands
// today.
type LeftBy func(ctx context.Context, she Caller) ([]Left, error)
