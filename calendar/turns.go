package calendar

import (
	"context"
	"slices"
	"sync"

	"parvis/portal"
	"parvis/portal/database"
)

// turns lets those who want the same resources try one after the other. Who has one is decided in the
// store, whatever happens here; but on PostgreSQL whoever waits there for another one's decision is then
// sent back to begin anew, and of fifty who ask at once some would be sent back too often.
type turns struct {
	mu   sync.Mutex
	held map[string]chan struct{} // by collectivity and resource; closed when it is free
}

// wantsTurn ends a transaction that is to wait for its turn before it begins.
type wantsTurn struct{ of []string }

func (*wantsTurn) Error() string { return "calendar: waits for its turn" }

type turnKey struct{}

// inTurn says whether a transaction may decide about resources.
func (s *Store) inTurn(ctx context.Context, claim Claim) error {
	if s.db.Engine() != database.PostgreSQL || len(claim.Wishes) == 0 || ctx.Value(turnKey{}) != nil {
		return nil // SQLite has one writer, who waits for nobody
	}
	wants := &wantsTurn{}
	for _, wish := range claim.Wishes {
		wants.of = append(wants.of, string(claim.Collectivity)+"/"+wish.Resource)
	}
	slices.Sort(wants.of)
	wants.of = slices.Compact(wants.of)
	return wants
}

// Turn has who wants a resource without an event wait as those do who invite it; done gives the turn back.
func (s *Store) Turn(ctx context.Context, collectivity portal.CollectivityID, resource string) (done func(), err error) {
	if s.db.Engine() != database.PostgreSQL {
		return func() {}, nil
	}
	return s.turns.take(ctx, []string{string(collectivity) + "/" + resource})
}

// take waits for all of some names, in their order; done gives them back.
func (t *turns) take(ctx context.Context, names []string) (done func(), err error) {
	var mine []string
	done = func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, name := range mine {
			close(t.held[name])
			delete(t.held, name)
		}
	}
	for _, name := range names {
		for {
			t.mu.Lock()
			before, taken := t.held[name]
			if !taken {
				if t.held == nil {
					t.held = map[string]chan struct{}{}
				}
				t.held[name] = make(chan struct{})
				mine = append(mine, name)
			}
			t.mu.Unlock()
			if !taken {
				break
			}
			select {
			case <-before:
			case <-ctx.Done():
				done()
				return nil, ctx.Err()
			}
		}
	}
	return done, nil
}
