package todo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"parvis/portal"
)

const (
	// countKept bounds how long what no event tells goes unseen: a date that
	// comes near, somebody who leaves.
	countKept = time.Minute
	// lostKept is the same for a count that a source did not answer for: each page
	// of a person must not wait for it.
	lostKept = 5 * time.Second
	// maxCounts bounds the people whose count is kept, about 300 bytes each.
	maxCounts = 20_000
)

// counts keeps how much waits for people, by who they are on the page that shows
// it.
type counts struct {
	now func() time.Time

	mu       sync.Mutex
	changes  int // so that what was counted before a change is not kept after it
	known    map[who]*counted
	within   map[portal.CollectivityID]map[who]bool // whose count takes something from there
	watchers []func(collectivity portal.CollectivityID, agents ...portal.AgentID)
}

// who is a person as she asks.
type who struct {
	collectivity portal.CollectivityID
	agent        portal.AgentID
}

type counted struct {
	count  int
	until  time.Time
	places []portal.CollectivityID
}

// Count is how much waits for the caller, in all of her collectivities. It is kept
// until something changes. What can't be counted in time is left out.
func (i *Inbox) Count(ctx context.Context, caller portal.Caller) int {
	if caller.Agent == "" {
		return 0
	}
	key := who{caller.Collectivity, caller.Agent}
	count, known, changes := i.counts.find(key)
	if known {
		return count
	}
	made := i.count(ctx, caller)
	i.counts.keep(key, made, changes)
	return made.count
}

// countPatience is how long a page waits for its count.
const countPatience = 150 * time.Millisecond

func (i *Inbox) count(ctx context.Context, caller portal.Caller) *counted {
	ctx, cancel := context.WithTimeout(ctx, countPatience)
	defer cancel()
	made := &counted{until: i.counts.now().Add(countKept)}
	lost := func(err error) *counted {
		i.log.Warn("what waits is not counted", "collectivity", caller.Collectivity, "error", err)
		made.until = i.counts.now().Add(lostKept)
		return made
	}
	places, err := i.places.Places(ctx, caller)
	if err != nil {
		return lost(err)
	}
	for _, place := range places {
		made.places = append(made.places, place.Caller.Collectivity)
		for _, source := range i.sources {
			if place.Shut {
				continue
			}
			count, err := countOf(ctx, source, place.Caller)
			if err != nil {
				lost(err)
				continue
			}
			made.count += count
		}
	}
	return made
}

// countOf is the count of one source: one that panics must not take every page of
// every person along.
func countOf(ctx context.Context, source Source, caller portal.Caller) (count int, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("todo: count %s: panic: %v", source.Manifest().ID, panicked)
		}
	}()
	return source.Count(ctx, caller)
}

// find returns what is kept, and how many changes there were.
func (c *counts) find(key who) (count int, known bool, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.known[key]; found != nil && c.now().Before(found.until) {
		return found.count, true, c.changes
	}
	return 0, false, c.changes
}

func (c *counts) keep(key who, made *counted, changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changes != c.changes {
		made.until = time.Time{} // counted before a change: kept for its places alone
	}
	if c.known == nil || len(c.known) >= maxCounts {
		c.known, c.within = map[who]*counted{}, map[portal.CollectivityID]map[who]bool{} // each costs one count to come back
	}
	c.known[key] = made
	for _, place := range made.places {
		if c.within[place] == nil {
			c.within[place] = map[who]bool{}
		}
		c.within[place][key] = true
	}
}

// OnChange calls fn when what waits for some agents of a collectivity may have
// changed; without any, for all of them. fn must be quick.
func (i *Inbox) OnChange(fn func(collectivity portal.CollectivityID, agents ...portal.AgentID)) {
	i.counts.mu.Lock()
	defer i.counts.mu.Unlock()
	i.counts.watchers = append(i.counts.watchers, fn)
}

// Changed says that what waits in a collectivity changed. A source calls it after
// the change is stored. People who work there and elsewhere are told wherever
// they are.
func (i *Inbox) Changed(collectivity portal.CollectivityID) {
	elsewhere, watchers := i.counts.drop(collectivity)
	for _, fn := range watchers {
		fn(collectivity)
		for _, one := range elsewhere {
			fn(one.collectivity, one.agent)
		}
	}
}

// drop forgets what was counted with a collectivity, and returns who asks from
// another one.
func (c *counts) drop(collectivity portal.CollectivityID) (elsewhere []who, watchers []func(portal.CollectivityID, ...portal.AgentID)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for key := range c.within[collectivity] {
		if found := c.known[key]; found != nil {
			found.until = time.Time{}
		}
		if key.collectivity != collectivity {
			elsewhere = append(elsewhere, key)
		}
	}
	return elsewhere, c.watchers
}
