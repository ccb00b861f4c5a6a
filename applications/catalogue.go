package applications

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/sso"
)

// catalogue is every application of a collectivity, as it was read.
type catalogue struct {
	read  time.Time
	apps  []Application                   // by id
	above map[portal.UnitID]portal.UnitID // parent of each unit; nil when no audience names one
}

// kept is how long a catalogue may be believed when another process changes it.
const kept = 5 * time.Second

// shelf holds the catalogues that were asked for lately, and the places.
type shelf struct {
	mu      sync.Mutex
	read    map[portal.CollectivityID]*catalogue
	places  map[place]placed
	changes int // so that what was read before a change is not kept after it
}

// place is a host and port where applications of a kind live.
type place struct {
	kind   sso.ApplicationKind
	origin string
}

type placed struct {
	read time.Time
	apps []sso.Application // of every collectivity; shared: never change one
}

// maxPlaces bounds those kept, should somebody ask for addresses of nobody.
const maxPlaces = 10_000

// find returns a fresh enough catalogue, or nil, and how many changes there were.
func (s *shelf) find(collectivity portal.CollectivityID, now time.Time) (*catalogue, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.read[collectivity]
	if found == nil || now.Sub(found.read) >= kept || now.Before(found.read) {
		return nil, s.changes
	}
	return found, s.changes
}

func (s *shelf) keep(collectivity portal.CollectivityID, read *catalogue, changes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes != s.changes {
		return
	}
	for id, old := range s.read {
		if read.read.Sub(old.read) >= kept {
			delete(s.read, id)
		}
	}
	if s.read == nil {
		s.read = map[portal.CollectivityID]*catalogue{}
	}
	s.read[collectivity] = read
}

func (s *shelf) drop(collectivity portal.CollectivityID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	delete(s.read, collectivity)
	clear(s.places)
}

func (s *shelf) placed(at place, now time.Time) (apps []sso.Application, changes int, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, found := s.places[at]
	return known.apps, s.changes, found && now.Sub(known.read) < kept && !now.Before(known.read)
}

func (s *shelf) place(at place, apps []sso.Application, now time.Time, changes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changes != s.changes {
		return
	}
	if s.places == nil || len(s.places) >= maxPlaces {
		s.places = map[place]placed{}
	}
	s.places[at] = placed{now, apps}
}

// catalogue returns the applications of a collectivity, at most kept old. It is
// shared: never change one.
func (s *Store) catalogue(ctx context.Context, collectivity portal.CollectivityID) (*catalogue, error) {
	now := s.now()
	found, changes := s.shelf.find(collectivity, now)
	if found != nil {
		return found, nil
	}
	read, err := s.read(ctx, collectivity)
	if err != nil {
		return nil, fmt.Errorf("applications: read catalogue: %w", err)
	}
	read.read = now
	s.shelf.keep(collectivity, read, changes)
	return read, nil
}

// find returns one application; portal.ErrNotFound when there is none.
func (s *Store) find(ctx context.Context, collectivity portal.CollectivityID, id string) (Application, error) {
	all, err := s.catalogue(ctx, collectivity)
	if err != nil {
		return Application{}, err
	}
	return all.find(id)
}

func (c *catalogue) find(id string) (Application, error) {
	at, found := slices.BinarySearchFunc(c.apps, id, func(a Application, id string) int { return compare(a.ID, id) })
	if !found {
		return Application{}, fmt.Errorf("applications: find %q: %w", id, portal.ErrNotFound)
	}
	return c.apps[at], nil
}

// read reads the whole of a collectivity's applications from the store.
func (s *Store) read(ctx context.Context, collectivity portal.CollectivityID) (*catalogue, error) {
	rows, err := s.db.Query(ctx, `
		SELECT id, name, description, url, icon, category, pinned, position, kind, second_factor, subject, on_demand, changed
		FROM applications WHERE collectivity = $1 AND deleted = 0`, string(collectivity))
	apps, err := database.Collect(rows, err, scanApplication)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(apps, func(a, b Application) int { return compare(a.ID, b.ID) }) // engines order texts differently
	all := &catalogue{apps: apps}
	byUnit, err := s.detail(ctx, collectivity, all)
	if err != nil || !byUnit {
		return all, err
	}
	units, err := s.directory.Units(ctx, portal.Caller{Collectivity: collectivity})
	all.above = map[portal.UnitID]portal.UnitID{}
	for _, unit := range units {
		all.above[unit.ID] = unit.Parent
	}
	return all, err
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func scanApplication(rows *sql.Rows) (Application, error) {
	var a Application
	var changed int64
	err := rows.Scan(&a.ID, &a.Name, &a.Description, &a.URL, &a.Icon, &a.Category, &a.Pinned, &a.Position,
		&a.Kind, &a.SecondFactor, &a.Subject, &a.OnDemand, &changed)
	a.Changed = database.FromMillis(changed)
	return a, err
}

// detail gives the applications of a catalogue what several rows say of each,
// and says whether one of them is for a unit.
func (s *Store) detail(ctx context.Context, collectivity portal.CollectivityID, all *catalogue) (byUnit bool, err error) {
	rows, err := s.db.Query(ctx, `
		SELECT 'group', application, group_id, '', '', 0 FROM application_audience WHERE collectivity = $1
		UNION ALL SELECT 'unit', application, unit, '', '', 0 FROM application_units WHERE collectivity = $1
		UNION ALL SELECT 'address', application, origin, path, query, 0 FROM application_addresses WHERE collectivity = $1
		UNION ALL SELECT 'release', application, name, attribute, '', position FROM application_releases WHERE collectivity = $1
		ORDER BY 6, 3, 4, 5`, string(collectivity))
	type detail struct {
		what, application, one, two, three string
		position                           int64
	}
	details, err := database.Collect(rows, err, func(rows *sql.Rows) (d detail, err error) {
		return d, rows.Scan(&d.what, &d.application, &d.one, &d.two, &d.three, &d.position)
	})
	for _, d := range details {
		at, found := slices.BinarySearchFunc(all.apps, d.application, func(a Application, id string) int { return compare(a.ID, id) })
		if !found {
			continue // of one that was deleted
		}
		switch app := &all.apps[at]; d.what {
		case "group":
			app.Audience = append(app.Audience, portal.GroupID(d.one))
		case "unit":
			app.Units, byUnit = append(app.Units, portal.UnitID(d.one)), true
		case "address":
			app.Addresses = append(app.Addresses, sso.Address{Origin: d.one, Path: d.two, Query: d.three})
		case "release":
			app.Releases = append(app.Releases, Release{d.one, Attribute(d.two)})
		}
	}
	return byUnit, err
}
