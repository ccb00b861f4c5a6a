// Package applications knows the business applications of each collectivity:
// who may open them, by which protocol, what they are told of a person, and
// which ones an agent pinned, who asked for one and who may open it until when. It answers what the protocols of sso ask; how a
// protocol speaks is not here, nor who is in a group or a unit, which the
// directory says.
package applications

import (
	"context"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Directory is what the catalogue asks about people. Every answer is of the
// caller's collectivity.
type Directory interface {
	// Groups lists the groups, by name.
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
	// Units lists the organisation chart, each unit followed by those below it.
	Units(ctx context.Context, caller portal.Caller) ([]Unit, error)
	// Person is what the directory knows of the caller herself.
	Person(ctx context.Context, caller portal.Caller) (Person, error)
	// Names tells the names of agents; those it doesn't know are left out.
	Names(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]string, error)
	// Present tells who agents are; those who left are left out.
	Present(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]Colleague, error)
	// Standings tells how agents ask, without any right, and nothing else of them, in
	// one query for hundreds; those who left are left out.
	Standings(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]portal.Caller, error)
}

// Colleague is an agent who may enter.
type Colleague struct {
	Caller   portal.Caller // as she asks, without any right
	Name     string        // "Camille Le Goff"
	Function string
}

// Unit is a direction or a service at its place in the organisation chart.
type Unit struct {
	ID     portal.UnitID
	Parent portal.UnitID // "" at the top
	Name   string        // "Services techniques"
	Depth  int           // 0 at the top
}

// Store keeps the applications. Its methods may be called at the same time from
// many goroutines.
type Store struct {
	db        *database.DB
	directory Directory
	queue     search.Queue
	now       func() time.Time
	shelf     shelf

	mu       sync.RWMutex
	watchers []func(collectivity portal.CollectivityID, agents ...portal.AgentID)
	inboxes  []func(collectivity portal.CollectivityID)
}

// New returns the applications kept in a store.
func New(db *database.DB, directory Directory) *Store {
	return &Store{db: db, directory: directory, now: time.Now}
}

// OnChange calls fn after each change to the applications of a collectivity, or
// to what some of its agents pinned or may open. fn must be quick.
func (s *Store) OnChange(fn func(collectivity portal.CollectivityID, agents ...portal.AgentID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, fn)
}

// OnWaiting calls fn after each change to what waits for an answer, or for a
// look, in a collectivity. fn must be quick.
func (s *Store) OnWaiting(fn func(collectivity portal.CollectivityID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inboxes = append(s.inboxes, fn)
}

func (s *Store) waits(collectivity portal.CollectivityID) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, fn := range s.inboxes {
		fn(collectivity)
	}
}

func (s *Store) changed(collectivity portal.CollectivityID, agents ...portal.AgentID) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, fn := range s.watchers {
		fn(collectivity, agents...)
	}
}
