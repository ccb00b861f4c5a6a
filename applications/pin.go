package applications

import (
	"context"
	"fmt"
	"slices"

	"parvis/portal"
)

// List returns what the caller may open, category by category.
func (s *Store) List(ctx context.Context, caller portal.Caller) ([]Application, error) {
	apps, err := s.open(ctx, caller)
	slices.SortStableFunc(apps, byCategory)
	return apps, err
}

// Pinned returns the applications on the caller's home page, at most limit, in
// the order of their positions.
func (s *Store) Pinned(ctx context.Context, caller portal.Caller, limit int) ([]Application, error) {
	apps, err := s.open(ctx, caller)
	if err != nil {
		return nil, err
	}
	apps = slices.DeleteFunc(apps, func(a Application) bool { return !a.Pinned })
	slices.SortStableFunc(apps, byPosition)
	return apps[:min(len(apps), limit)], nil
}

// open are the applications that the caller may open, pinned as she decided. An
// access that is given to her stands among them until it ends.
func (s *Store) open(ctx context.Context, caller portal.Caller) ([]Application, error) {
	all, mine, err := s.known(ctx, caller)
	if err != nil {
		return nil, err
	}
	var apps []Application
	for _, app := range all.apps {
		until, given := mine.grants[app.ID]
		if !all.isFor(caller, app) && (!given || ended(until, s.now())) {
			continue
		}
		if pinned, decided := mine.pins[app.ID]; decided {
			app.Pinned = pinned
		}
		apps = append(apps, app)
	}
	return apps, nil
}

// Pin puts an application on the caller's home page, or takes it off.
// portal.ErrNotFound when the caller may not open it.
func (s *Store) Pin(ctx context.Context, caller portal.Caller, id string, pinned bool) (Application, error) {
	apps, err := s.open(ctx, caller)
	if err != nil {
		return Application{}, err
	}
	at := slices.IndexFunc(apps, func(a Application) bool { return a.ID == id })
	if at < 0 {
		return Application{}, fmt.Errorf("applications: pin %q: %w", id, portal.ErrNotFound)
	}
	_, err = s.db.Exec(ctx, `
		INSERT INTO application_pins (collectivity, agent, application, pinned) VALUES ($1, $2, $3, $4)
		ON CONFLICT (collectivity, agent, application) DO UPDATE SET pinned = excluded.pinned`,
		string(caller.Collectivity), string(caller.Agent), id, pinned)
	if err != nil {
		return Application{}, fmt.Errorf("applications: pin %q: %w", id, err)
	}
	s.changed(caller.Collectivity, caller.Agent)
	apps[at].Pinned = pinned
	return apps[at], nil
}
