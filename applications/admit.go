package applications

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/sso"
)

var _ sso.Applications = (*Store)(nil)

// At lists the applications of a kind that an address belongs to, in the whole
// pool: an OpenID address is one of theirs, any other lies under one of them.
// The cost is that of the applications of the address's own origin.
func (s *Store) At(ctx context.Context, kind sso.ApplicationKind, address sso.Address) ([]sso.Application, error) {
	here, now := place{kind, address.Origin}, s.now()
	each, changes, found := s.shelf.placed(here, now)
	if !found {
		var err error
		if each, err = s.atOrigin(ctx, here); err != nil {
			return nil, fmt.Errorf("applications: find %s: %w", address.Origin, err)
		}
		s.shelf.place(here, each, now, changes)
	}
	var all []sso.Application
	for _, app := range each {
		if livesAt(app, address) {
			all = append(all, app)
		}
	}
	return all, nil
}

// atOrigin reads the applications of a place, each with all of its addresses.
func (s *Store) atOrigin(ctx context.Context, at place) ([]sso.Application, error) {
	rows, err := s.db.Query(ctx, `
		SELECT p.collectivity, p.id, p.name, p.second_factor, b.origin, b.path, b.query FROM application_addresses a
		JOIN applications p ON p.collectivity = a.collectivity AND p.id = a.application
		JOIN application_addresses b ON b.collectivity = a.collectivity AND b.application = a.application
		WHERE a.origin = $1 AND p.kind = $2 AND p.deleted = 0
		GROUP BY p.collectivity, p.id, p.name, p.second_factor, b.origin, b.path, b.query`, at.origin, string(at.kind))
	each, err := database.Collect(rows, err, func(rows *sql.Rows) (sso.Application, error) {
		app, one := sso.Application{Kind: at.kind}, sso.Address{}
		err := rows.Scan(&app.Collectivity, &app.ID, &app.Name, &app.SecondFactor, &one.Origin, &one.Path, &one.Query)
		app.Addresses = []sso.Address{one}
		return app, err
	})
	return gathered(each), err
}

// gathered makes one of the applications that stand there once for each of their
// addresses, by collectivity and identifier.
func gathered(each []sso.Application) []sso.Application {
	order := func(a, b sso.Application) int {
		return cmp.Or(cmp.Compare(a.Collectivity, b.Collectivity), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(each, func(a, b sso.Application) int {
		return cmp.Or(order(a, b), cmp.Compare(a.Addresses[0].String(), b.Addresses[0].String()))
	})
	var all []sso.Application
	for _, app := range each {
		if last := len(all) - 1; last >= 0 && order(all[last], app) == 0 {
			all[last].Addresses = append(all[last].Addresses, app.Addresses...)
			continue
		}
		all = append(all, app)
	}
	return all
}

func livesAt(app sso.Application, address sso.Address) bool {
	if app.Kind == sso.KindOIDC {
		return slices.Contains(app.Addresses, address)
	}
	return slices.ContainsFunc(app.Addresses, func(own sso.Address) bool { return own.Covers(address) })
}

// Application returns one as the protocols know it; portal.ErrNotFound when there
// is none, or when it is of another kind.
func (s *Store) Application(ctx context.Context, kind sso.ApplicationKind, collectivity portal.CollectivityID, id string) (sso.Application, error) {
	app, err := s.find(ctx, collectivity, id)
	if err == nil && app.Kind != kind {
		err = fmt.Errorf("applications: %q is no %s: %w", id, kind, portal.ErrNotFound)
	}
	if err != nil {
		return sso.Application{}, err
	}
	return app.signOn(collectivity), nil
}

// Admit says whether a caller may open an application: nil, or a portal.UserError
// of kind portal.ErrDenied with the reason that she reads.
func (s *Store) Admit(ctx context.Context, caller portal.Caller, application sso.Application) error {
	refused := func(key string) error {
		refusal := portal.UserError{Kind: portal.ErrDenied, Key: key, Args: []any{"name", application.Name}}
		return sso.Because(refusal, audit.Barred)
	}
	if caller.Agent == "" || caller.Collectivity != application.Collectivity {
		return refused("applications.refused.elsewhere")
	}
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	app, err := all.find(application.ID)
	if err != nil {
		return refused("applications.refused.gone")
	}
	if all.isFor(caller, app) {
		return nil
	}
	mine, err := s.decisions(ctx, caller)
	if err != nil {
		return err
	}
	until, given := mine.grants[app.ID]
	switch {
	case given && !ended(until, s.now()):
		return nil
	case given:
		return sso.Offering(refused("applications.refused.ended"), askPath(caller.Collectivity, app.ID))
	case app.OnDemand:
		return sso.Offering(refused("applications.refused.ondemand"), askPath(caller.Collectivity, app.ID))
	}
	return refused("applications.refused.audience")
}

// isFor says whether the audience of an application holds a caller.
func (c *catalogue) isFor(caller portal.Caller, app Application) bool {
	if len(app.Audience) == 0 && len(app.Units) == 0 {
		return true
	}
	if len(app.Audience) > 0 && caller.InAudience(app.Audience) {
		return true
	}
	unit := caller.Unit
	for range len(c.above) + 1 { // a chart may hold a loop
		if unit == "" {
			return false
		}
		if slices.Contains(app.Units, unit) {
			return true
		}
		unit = c.above[unit]
	}
	return false
}

// ended says whether access given until a moment, zero for ever, is over.
func ended(until, now time.Time) bool { return !until.IsZero() && !now.Before(until) }

// decisions are what is one agent's own: pins, and access beside the audience.
type decisions struct {
	pins   map[string]bool
	grants map[string]time.Time // first instant without access, zero for ever
}

// known is what a caller may be told of applications: all that there are, and
// what was decided for her.
func (s *Store) known(ctx context.Context, caller portal.Caller) (all *catalogue, mine decisions, err error) {
	if all, err = s.catalogue(ctx, caller.Collectivity); err == nil {
		mine, err = s.decisions(ctx, caller)
	}
	return all, mine, err
}

func (s *Store) decisions(ctx context.Context, caller portal.Caller) (decisions, error) {
	rows, err := s.db.Query(ctx, `
		SELECT TRUE, application, pinned, 0 FROM application_pins WHERE collectivity = $1 AND agent = $2
		UNION ALL SELECT FALSE, application, FALSE, until FROM application_grants WHERE collectivity = $1 AND agent = $2 AND revoked = 0`,
		string(caller.Collectivity), string(caller.Agent))
	mine := decisions{map[string]bool{}, map[string]time.Time{}}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var isPin, pinned bool
		var application string
		var until int64
		err := rows.Scan(&isPin, &application, &pinned, &until)
		if isPin {
			mine.pins[application] = pinned
		} else {
			mine.grants[application] = database.FromMillis(until)
		}
		return struct{}{}, err
	})
	if err != nil {
		return decisions{}, fmt.Errorf("applications: read decisions: %w", err)
	}
	return mine, nil
}
