package mail

import (
	"sync"
	"time"

	"parvis/portal"
)

// An agent may give this many wrong passwords in this time: the page must not
// serve to guess a colleague's, nor lock her mailbox.
const (
	maxAttempts   = 3
	attemptWindow = 15 * time.Minute
)

// attempts counts the wrong passwords of each agent. The zero value is ready.
type attempts struct {
	mu   sync.Mutex
	made map[portal.AgentID][]time.Time
}

// wait is how long the agent must wait before the next attempt; 0 for none.
func (a *attempts) wait(agent portal.AgentID, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	recent := a.recent(agent, now)
	if len(recent) < maxAttempts {
		return 0
	}
	return recent[0].Add(attemptWindow).Sub(now)
}

// failed counts a wrong password.
func (a *attempts) failed(agent portal.AgentID, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made == nil {
		a.made = map[portal.AgentID][]time.Time{}
	}
	for other := range a.made {
		if len(a.recent(other, now)) == 0 {
			delete(a.made, other)
		}
	}
	a.made[agent] = append(a.recent(agent, now), now)
}

func (a *attempts) recent(agent portal.AgentID, now time.Time) []time.Time {
	made := a.made[agent]
	for len(made) > 0 && now.Sub(made[0]) >= attemptWindow {
		made = made[1:]
	}
	return made
}
