package calendar

import (
	"slices"
	"sync"
)

// tries remembers the names under which something was made on other servers, and told as saved: a form that
// comes back with one of them, by the browser's Back, is about another event. The last of them are enough.
type tries struct {
	mu   sync.Mutex
	told []string // UIDs, the oldest first
}

const keptTries = 500

// tell remembers a UID.
func (t *tries) tell(uid string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.told) == keptTries {
		t.told = slices.Delete(t.told, 0, 1)
	}
	t.told = append(t.told, uid)
}

// was says whether what has this UID was told as saved.
func (t *tries) was(uid string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.told, uid)
}
