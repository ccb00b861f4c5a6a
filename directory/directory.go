// Package directory knows who is who: collectivities, the accounts of those
// who sign in, the agents that these accounts are in each collectivity, their
// units, groups and rights. How an account proves itself is not here but in sso;
// directory servers are in ldapdir.
package directory

import (
	"context"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Store reads and writes the directory. Its methods may be called at the same
// time from many goroutines.
type Store struct {
	db    *database.DB
	queue search.Queue
	now   func() time.Time

	bodies  sync.Map // portal.CollectivityID → body
	located sync.Map // of an address → portal.CollectivityID, as it last was
	books   books
	rolls   rolls

	unitMentions  []UnitMentions
	groupMentions []GroupMentions
	reviewed      []Openings
	absences      []Absences
	agendas       Agendas // nil: nobody hands any over
	left          []portal.LeftBy
	departures    []func(id portal.CollectivityID)

	mu       sync.RWMutex
	watchers []func(collectivity portal.CollectivityID, account portal.AccountID)
	charts   []func(collectivity portal.CollectivityID)
	cards    []func(collectivity portal.CollectivityID)
}

// New returns the directory kept in a store.
func New(db *database.DB) *Store {
	s := &Store{db: db, now: time.Now}
	s.Mentioning(nil, func(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
		return s.rightsNaming(ctx, from, caller, portal.Subject{Kind: portal.TheGroup, ID: string(group)})
	})
	return s
}

// UnitMentions tells what of a feature names a unit of the caller's collectivity, as a
// reader sees it: a transaction, by whom nothing can name the unit meanwhile.
type UnitMentions func(ctx context.Context, from database.Reader, caller portal.Caller, unit portal.UnitID) ([]portal.Mention, error)

// GroupMentions tells the same of a group.
type GroupMentions func(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error)

// Mentioning adds a feature that names units, or groups: nil for one that does
// not. It is a step of set-up, before any other method is called.
func (s *Store) Mentioning(units UnitMentions, groups GroupMentions) {
	if units != nil {
		s.unitMentions = append(s.unitMentions, units)
	}
	if groups != nil {
		s.groupMentions = append(s.groupMentions, groups)
	}
}

// OnChange calls fn after each change to who an account is or what it may do,
// in this process, so that caches can forget it. An empty account is everybody, of the
// collectivity that is named, or of the pool when none is. fn must be quick.
func (s *Store) OnChange(fn func(collectivity portal.CollectivityID, account portal.AccountID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, fn)
}

// changedAccount is changed for one account: nobody is told about an agent without.
func (s *Store) changedAccount(account portal.AccountID) {
	if account != "" {
		s.changed(account)
	}
}

// changed tells of one account, "" for all of the pool.
func (s *Store) changed(account portal.AccountID) { s.tell("", account) }

// changedIn tells of all agents of a collectivity.
func (s *Store) changedIn(collectivity portal.CollectivityID) { s.tell(collectivity, "") }

func (s *Store) tell(collectivity portal.CollectivityID, account portal.AccountID) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, fn := range s.watchers {
		fn(collectivity, account)
	}
}

// Installation is the caller that the installation itself acts as while it
// fills a collectivity: set-up, the demo, a directory server's first sign-in.
// With an empty collectivity it is the pool, which makes accounts for any. No
// request is ever made by it.
func Installation(collectivity portal.CollectivityID) portal.Caller {
	return portal.Caller{Collectivity: collectivity, Rights: []portal.Right{portal.Admin}}
}

// isInstallation tells the installation from a person.
func isInstallation(caller portal.Caller) bool { return caller.Account == "" && caller.Agent == "" }

// OnChart calls fn after each change to the organisation chart of a collectivity,
// in this process, as OnChange does.
func (s *Store) OnChart(fn func(collectivity portal.CollectivityID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.charts = append(s.charts, fn)
}

// redrawn tells that the organisation chart changed, and with it what is open to
// those of a unit.
func (s *Store) redrawn(collectivity portal.CollectivityID) {
	s.changedIn(collectivity)
	s.reordered(collectivity)
}

// reordered tells that the chart is drawn in another order, which opens nothing to
// anybody.
func (s *Store) reordered(collectivity portal.CollectivityID) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, fn := range s.charts {
		fn(collectivity)
	}
}

// OnCards calls fn after each change to what the cards of a collectivity say or show
// to whom, in this process, as OnChange does.
func (s *Store) OnCards(fn func(collectivity portal.CollectivityID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cards = append(s.cards, fn)
}

// rewritten tells that cards say something else, or to others.
func (s *Store) rewritten(collectivity portal.CollectivityID) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, fn := range s.cards {
		fn(collectivity)
	}
}

// queued runs a change and puts what it touched in the search queue, in the
// same transaction.
func (s *Store) queued(ctx context.Context, collectivity portal.CollectivityID, kind search.Kind, change func(tx *database.Tx) (ids []string, err error)) error {
	return s.queuedAs(ctx, collectivity, kind, portal.NewID(), change)
}

// queuedAs is queued with the stamp that tells of a change of people.
func (s *Store) queuedAs(ctx context.Context, collectivity portal.CollectivityID, kind search.Kind, stamp string, change func(tx *database.Tx) (ids []string, err error)) error {
	var ids []string
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		room := func() error { return nil }
		if kind == search.KindPerson {
			if room, err = bounded(ctx, tx, collectivity); err != nil {
				return err
			}
		}
		if ids, err = change(tx); err != nil {
			return err
		}
		if err := room(); err != nil {
			return err
		}
		if len(ids) > 0 && kind == search.KindPerson {
			if err := restamp(ctx, tx, collectivity, stamp); err != nil {
				return err
			}
		}
		return s.queue.Changed(ctx, tx, collectivity, kind, ids...)
	})
	if err == nil && kind == search.KindPerson {
		s.books.touch(collectivity, ids)
		if len(ids) > 0 {
			s.rewritten(collectivity)
		}
	}
	return err
}
