package directory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Turn says what a change was for the one concerned.
type Turn string

// The turns.
const (
	Won   Turn = "won"
	Lost  Turn = "lost"
	Moved Turn = "moved" // between groups or units: she may have won and lost
)

// RightsChange is that somebody won or lost something.
type RightsChange struct {
	At   time.Time
	Turn Turn
	// Of a right.
	Given Given
	Over  bool // it ended by itself
	// Of the rest, as the journal tells it: zero for a right.
	Line audit.Entry

	id string
}

// mark is the place of a change among all.
func (c RightsChange) mark() audit.Mark { return audit.Mark{At: database.Millis(c.At), ID: c.id} }

// turns are what the actions of the journal do.
var turns = map[audit.Action]Turn{
	audit.ApplicationGranted: Won, audit.AgentReopened: Won,
	audit.ApplicationRevoked: Lost, audit.AgentClosed: Lost,
}

// Changes returns who won or lost what in the caller's collectivity since a moment, the
// newest first: those before a mark, at most size, with the mark for those before
// them, zero when there are none. Rights are told as they stand, so that one that was
// taken and given back counts for nothing; the rest is what the journal still holds.
// portal.ErrDenied but for the administrator.
func (s *Store) Changes(ctx context.Context, caller portal.Caller, since time.Time, before audit.Mark, size int) ([]RightsChange, audit.Mark, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, audit.Mark{}, fmt.Errorf("directory: list changes: %w", err)
	}
	all, err := s.rightChanges(ctx, caller, since)
	if err != nil {
		return nil, audit.Mark{}, fmt.Errorf("directory: list changes: %w", err)
	}
	if before != (audit.Mark{}) {
		all = slices.DeleteFunc(all, func(c RightsChange) bool { return compareMarks(c.mark(), before) >= 0 })
	}
	lines, err := audit.NewJournal(s.db, s).Entitled(ctx, caller, since, before, size+1)
	if err != nil {
		return nil, audit.Mark{}, fmt.Errorf("directory: list changes: %w", err)
	}
	for _, line := range lines {
		all = append(all, RightsChange{At: line.At, Turn: cmp.Or(turns[line.Action], Moved), Line: line, id: line.ID})
	}
	slices.SortFunc(all, func(a, b RightsChange) int { return compareMarks(b.mark(), a.mark()) })
	if len(all) <= size {
		return all, audit.Mark{}, nil
	}
	return all[:size], all[size-1].mark(), nil
}

func compareMarks(a, b audit.Mark) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
}

// rightChanges are the beginnings and ends of rights since a moment.
func (s *Store) rightChanges(ctx context.Context, caller portal.Caller, since time.Time) (changes []RightsChange, err error) {
	now, from := s.now(), database.Millis(since)
	given, err := s.listGiven(ctx, `SELECT `+givenColumns+givenTables+`
		WHERE g.collectivity = $1 AND (g.created >= $2 OR g.starts >= $2 OR g.taken >= $2 OR g.ends >= $2)`, string(caller.Collectivity), from)
	for _, one := range given {
		begins, ends, over := one.Created, one.Taken, false
		if one.Starts.After(begins) {
			begins = one.Starts
		}
		if !one.Ends.IsZero() && (ends.IsZero() || one.Ends.Before(ends)) {
			ends, over = one.Ends, true
		}
		happened := func(at time.Time) bool { return !at.IsZero() && !at.Before(since) && !at.After(now) }
		if !ends.IsZero() && ends.Before(begins) {
			continue // it was taken before it began
		}
		if happened(begins) {
			changes = append(changes, RightsChange{At: begins, Turn: Won, Given: one, id: one.ID + "-won"})
		}
		if happened(ends) {
			changes = append(changes, RightsChange{At: ends, Turn: Lost, Given: one, Over: over, id: one.ID + "-lost"})
		}
	}
	return changes, err
}
