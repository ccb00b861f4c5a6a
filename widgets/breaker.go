package widgets

import (
	"sync"
	"time"
)

const (
	breakerFailures = 5                // in a row, that open it
	breakerPause    = 30 * time.Second // until one load is tried again
)

// breaker stops asking a source that keeps failing. There is one for each
// widget in each collectivity: sources are configured by collectivity.
type breaker struct {
	mu       sync.Mutex
	failures int
	retryAt  time.Time // zero while closed
}

// allow says whether a load may be tried. Once open, it lets one through at
// the end of each pause.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerFailures {
		return true
	}
	if now.Before(b.retryAt) {
		return false
	}
	b.retryAt = now.Add(breakerPause)
	return true
}

// note records how a load ended, and returns the failures in a row.
func (b *breaker) note(ok bool, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok {
		b.failures = 0
		return 0
	}
	b.failures++
	if b.failures >= breakerFailures {
		b.retryAt = now.Add(breakerPause)
	}
	return b.failures
}
