package widgets

import (
	"context"
	"sync"

	"parvis/portal"
)

// share is the loaders that one widget may hold, divided so that a collectivity
// whose source is slow leaves some to the others: each may hold as many as are
// free. One alone takes half of them, two a third each, and whoever comes next
// finds one (Choudhury and Hahne, Dynamic queue length thresholds, 1998).
type share struct {
	mu      sync.Mutex
	free    int
	holds   map[portal.CollectivityID]int
	changed chan struct{} // closed when a loader comes back
}

func newShare(size int) *share {
	return &share{free: size, holds: map[portal.CollectivityID]int{}, changed: make(chan struct{})}
}

// acquire waits for a loader; the context's error when it ends first.
func (s *share) acquire(ctx context.Context, collectivity portal.CollectivityID) error {
	for {
		s.mu.Lock()
		if s.holds[collectivity] < s.free {
			s.free--
			s.holds[collectivity]++
			s.mu.Unlock()
			return nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *share) release(collectivity portal.CollectivityID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free++
	if s.holds[collectivity]--; s.holds[collectivity] == 0 {
		delete(s.holds, collectivity)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
