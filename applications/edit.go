package applications

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Find returns an application for its administrator, whoever may open it.
func (s *Store) Find(ctx context.Context, caller portal.Caller, id string) (Application, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return Application{}, fmt.Errorf("applications: find: %w", err)
	}
	return s.find(ctx, caller.Collectivity, id)
}

// All lists the applications of the caller's collectivity for its administrator,
// category by category.
func (s *Store) All(ctx context.Context, caller portal.Caller) ([]Application, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return nil, fmt.Errorf("applications: list: %w", err)
	}
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	apps := slices.Clone(all.apps)
	slices.SortStableFunc(apps, byCategory)
	return apps, nil
}

// Create adds an application to the caller's collectivity and returns its
// identifier. from is where the request comes from, for the journal.
func (s *Store) Create(ctx context.Context, caller portal.Caller, app Application, from string) (string, error) {
	app, err := s.checked(ctx, caller, app)
	if err != nil {
		return "", fmt.Errorf("applications: create: %w", err)
	}
	given := app.ID
	err = s.write(ctx, caller, audit.ApplicationCreated, from, func(tx *database.Tx) (Application, error) {
		var err error
		if app.ID, err = free(ctx, tx, caller.Collectivity, given, app.Name); err != nil {
			return app, err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO applications (collectivity, id, name, description, url, icon, category, pinned, position, kind, second_factor, subject, on_demand, changed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			string(caller.Collectivity), app.ID, app.Name, app.Description, app.URL, app.Icon, app.Category, app.Pinned, app.Position,
			string(app.Kind), app.SecondFactor, string(app.Subject), app.OnDemand, database.Millis(s.now()))
		if err != nil {
			return app, err
		}
		return app, describe(ctx, tx, caller.Collectivity, app)
	})
	if err != nil {
		return "", fmt.Errorf("applications: create: %w", err)
	}
	return app.ID, nil
}

// free is the identifier that was given, which must be nobody's, or one made from
// the name. Those of deleted applications are not free until they are forgotten.
func free(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, given, name string) (string, error) {
	wanted := given
	if wanted == "" {
		wanted = identifierOf(name)
	}
	var taken int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM applications WHERE collectivity = $1 AND id = $2`, string(collectivity), wanted).Scan(&taken)
	switch {
	case err != nil:
		return "", err
	case taken == 0 && wanted != "" && wanted != reserved:
		return wanted, nil
	case given != "":
		return "", portal.FieldErrors{portal.Invalid("id", "applications.error.taken")}
	case wanted == "":
		return portal.NewID(), nil
	}
	const apart = 6 // letters that tell two of one name apart
	return wanted + "-" + portal.NewID()[:apart], nil
}

// Change replaces an application. seen is its Changed when the form was opened:
// portal.ErrConflict when somebody changed it since.
func (s *Store) Change(ctx context.Context, caller portal.Caller, seen time.Time, app Application, from string) error {
	app, err := s.checked(ctx, caller, app)
	if err != nil {
		return fmt.Errorf("applications: change %q: %w", app.ID, err)
	}
	names, err := s.audienceNames(ctx, caller)
	if err != nil {
		return fmt.Errorf("applications: change %q: %w", app.ID, err)
	}
	err = s.write(ctx, caller, audit.ApplicationChanged, from, func(tx *database.Tx) (Application, error) {
		var changed int64
		err := tx.QueryRow(ctx, `SELECT changed FROM applications WHERE collectivity = $1 AND id = $2 AND deleted = 0`,
			string(caller.Collectivity), app.ID).Scan(&changed)
		if err != nil {
			return app, err
		}
		if changed != database.Millis(seen) {
			return app, portal.UserError{Kind: portal.ErrConflict, Key: "applications.error.changed"}
		}
		if err := changeAudience(ctx, tx, caller, app, names, from); err != nil {
			return app, err
		}
		_, err = tx.Exec(ctx, `
			UPDATE applications SET name = $3, description = $4, url = $5, icon = $6, category = $7, pinned = $8, position = $9,
				kind = $10, second_factor = $11, subject = $12, on_demand = $13, changed = $14 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), app.ID, app.Name, app.Description, app.URL, app.Icon, app.Category, app.Pinned, app.Position,
			string(app.Kind), app.SecondFactor, string(app.Subject), app.OnDemand, max(database.Millis(s.now()), changed+1))
		if err != nil {
			return app, err
		}
		return app, describe(ctx, tx, caller.Collectivity, app)
	})
	if err != nil {
		return fmt.Errorf("applications: change %q: %w", app.ID, err)
	}
	return nil
}

// changeAudience tells the journal to whom an application is open from now on, when that
// changes. It refuses it to who assists a collectivity, who may set the rest of its
// applications, which is what she is asked for.
func changeAudience(ctx context.Context, tx *database.Tx, caller portal.Caller, app Application, names map[portal.Subject]string, from string) error {
	rows, err := tx.Query(ctx, `
		SELECT 'group', group_id FROM application_audience WHERE collectivity = $1 AND application = $2
		UNION ALL SELECT 'unit', unit FROM application_units WHERE collectivity = $1 AND application = $2`, string(caller.Collectivity), app.ID)
	open, err := database.Collect(rows, err, func(rows *sql.Rows) (to portal.Subject, err error) { return to, rows.Scan(&to.Kind, &to.ID) })
	if err != nil {
		return err
	}
	typed := app.open()
	same := func(a, b []portal.Subject) bool {
		return !slices.ContainsFunc(a, func(one portal.Subject) bool { return !slices.Contains(b, one) })
	}
	if same(open, typed) && same(typed, open) {
		return nil
	}
	if caller.Assists() {
		return errAssisted
	}
	return record(ctx, tx, caller, audit.AudienceChanged, app, audit.Became(namesOf(open, names), namesOf(typed, names)), from)
}

// open are those to whom an application is open; none for everyone.
func (a Application) open() (to []portal.Subject) {
	for _, group := range a.Audience {
		to = append(to, portal.Subject{Kind: portal.TheGroup, ID: string(group)})
	}
	for _, unit := range a.Units {
		to = append(to, portal.Subject{Kind: portal.TheUnit, ID: string(unit)})
	}
	return to
}

// audienceNames are those of all groups and units of the caller's collectivity.
func (s *Store) audienceNames(ctx context.Context, caller portal.Caller) (map[portal.Subject]string, error) {
	names := map[portal.Subject]string{}
	groups, err := s.directory.Groups(ctx, caller)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		names[portal.Subject{Kind: portal.TheGroup, ID: string(group.ID)}] = group.Name
	}
	units, err := s.directory.Units(ctx, caller)
	for _, unit := range units {
		names[portal.Subject{Kind: portal.TheUnit, ID: string(unit.ID)}] = unit.Name
	}
	return names, err
}

// namesOf writes an audience for the journal, sorted; "" for everyone.
func namesOf(open []portal.Subject, names map[portal.Subject]string) string {
	var all []string
	for _, one := range open {
		all = append(all, cmp.Or(names[one], one.ID))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// checked is an application as it may be stored: its groups and units are there.
func (s *Store) checked(ctx context.Context, caller portal.Caller, app Application) (Application, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return app, err
	}
	app = app.withDefaults()
	if err := app.check(); err != nil {
		return app, err
	}
	if len(app.Audience) > 0 {
		groups, err := s.directory.Groups(ctx, caller)
		if err != nil {
			return app, err
		}
		known := func(id portal.GroupID) bool {
			return slices.ContainsFunc(groups, func(g portal.Group) bool { return g.ID == id })
		}
		if slices.ContainsFunc(app.Audience, func(id portal.GroupID) bool { return !known(id) }) {
			return app, portal.FieldErrors{portal.Invalid("group", "applications.error.group")}
		}
	}
	if len(app.Units) > 0 {
		units, err := s.directory.Units(ctx, caller)
		if err != nil {
			return app, err
		}
		known := func(id portal.UnitID) bool {
			return slices.ContainsFunc(units, func(u Unit) bool { return u.ID == id })
		}
		if slices.ContainsFunc(app.Units, func(id portal.UnitID) bool { return !known(id) }) {
			return app, portal.FieldErrors{portal.Invalid("unit", "applications.error.unit")}
		}
	}
	return app, nil
}

// describe replaces what several rows say of an application.
func describe(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, app Application) error {
	if err := forget(ctx, tx, collectivity, app.ID); err != nil {
		return err
	}
	for _, group := range app.Audience {
		_, err := tx.Exec(ctx, `INSERT INTO application_audience (collectivity, application, group_id) VALUES ($1, $2, $3)`,
			string(collectivity), app.ID, string(group))
		if err != nil {
			return err
		}
	}
	for _, unit := range app.Units {
		_, err := tx.Exec(ctx, `INSERT INTO application_units (collectivity, application, unit) VALUES ($1, $2, $3)`,
			string(collectivity), app.ID, string(unit))
		if err != nil {
			return err
		}
	}
	for _, address := range app.Addresses {
		_, err := tx.Exec(ctx, `
			INSERT INTO application_addresses (collectivity, application, origin, path, query) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING`, string(collectivity), app.ID, address.Origin, address.Path, address.Query)
		if err != nil {
			return err
		}
	}
	for i, release := range app.Releases {
		_, err := tx.Exec(ctx, `INSERT INTO application_releases (collectivity, application, name, attribute, position) VALUES ($1, $2, $3, $4, $5)`,
			string(collectivity), app.ID, release.Name, string(release.Attribute), i)
		if err != nil {
			return err
		}
	}
	return nil
}

// forget removes what several rows say of an application.
func forget(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string) error {
	for _, text := range []string{
		`DELETE FROM application_audience WHERE collectivity = $1 AND application = $2`,
		`DELETE FROM application_units WHERE collectivity = $1 AND application = $2`,
		`DELETE FROM application_addresses WHERE collectivity = $1 AND application = $2`,
		`DELETE FROM application_releases WHERE collectivity = $1 AND application = $2`,
	} {
		if _, err := tx.Exec(ctx, text, string(collectivity), id); err != nil {
			return err
		}
	}
	return nil
}

// Delete takes an application away, from the protocols too; Restore brings it
// back as it was for Bin.
func (s *Store) Delete(ctx context.Context, caller portal.Caller, id, from string) (Application, error) {
	return s.setDeleted(ctx, caller, id, audit.ApplicationDeleted, s.now(), from)
}

// Restore undoes Delete.
func (s *Store) Restore(ctx context.Context, caller portal.Caller, id, from string) (Application, error) {
	return s.setDeleted(ctx, caller, id, audit.ApplicationRestored, time.Time{}, from)
}

func (s *Store) setDeleted(ctx context.Context, caller portal.Caller, id string, action audit.Action, when time.Time, from string) (Application, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return Application{}, fmt.Errorf("applications: %s: %w", action, err)
	}
	app := Application{ID: id}
	err := s.write(ctx, caller, action, from, func(tx *database.Tx) (Application, error) {
		var deleted int64
		err := tx.QueryRow(ctx, `SELECT name, deleted FROM applications WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), id).Scan(&app.Name, &deleted)
		if err == nil && (deleted != 0) != when.IsZero() {
			err = portal.ErrNotFound
		}
		if err != nil {
			return app, err
		}
		_, err = tx.Exec(ctx, `UPDATE applications SET deleted = $3 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), id, database.Millis(when))
		return app, err
	})
	if err != nil {
		return Application{}, fmt.Errorf("applications: %s %q: %w", action, id, err)
	}
	return app, nil
}

// write changes one application, tells the journal and the search queue in the
// same transaction, then everyone who keeps something of it.
func (s *Store) write(ctx context.Context, caller portal.Caller, action audit.Action, from string,
	change func(tx *database.Tx) (Application, error),
) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		app, err := change(tx)
		if err != nil {
			return err
		}
		if err := record(ctx, tx, caller, action, app, "", from); err != nil {
			return err
		}
		return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindApplication, app.ID)
	})
	if err != nil {
		return err
	}
	s.shelf.drop(caller.Collectivity)
	s.changed(caller.Collectivity)
	s.waits(caller.Collectivity)
	return nil
}

// record writes the line of an act on an application.
func record(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, app Application, detail, from string) error {
	line := audit.By(caller, action)
	line.Object, line.ObjectID, line.Detail, line.Address = app.Name, app.ID, detail, from
	return audit.Write(ctx, tx, line)
}

// Bin is how long a deleted application may be restored.
const Bin = 30 * 24 * time.Hour

// Clean forgets, in one collectivity, the applications deleted longer ago than
// Bin, the accesses that ended as long ago, and the requests that nobody needs to
// answer any more.
func (s *Store) Clean(ctx context.Context, collectivity portal.CollectivityID, now time.Time) error {
	before := database.Millis(now.Add(-Bin))
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, name FROM applications WHERE collectivity = $1 AND deleted > 0 AND deleted < $2`,
			string(collectivity), before)
		old, err := database.Collect(rows, err, scanNamed)
		if err != nil {
			return err
		}
		for _, app := range old {
			if err := forget(ctx, tx, collectivity, app.ID); err != nil {
				return err
			}
			for _, text := range []string{
				`DELETE FROM application_pins WHERE collectivity = $1 AND application = $2`,
				`DELETE FROM application_grants WHERE collectivity = $1 AND application = $2`,
				`DELETE FROM application_requests WHERE collectivity = $1 AND application = $2`,
				`DELETE FROM applications WHERE collectivity = $1 AND id = $2`,
			} {
				if _, err := tx.Exec(ctx, text, string(collectivity), app.ID); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, `
			DELETE FROM application_grants WHERE collectivity = $1 AND ((until > 0 AND until < $2) OR (revoked > 0 AND revoked < $2))`,
			string(collectivity), before)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM application_requests WHERE collectivity = $1 AND state <> 'waiting' AND answered < $2`,
			string(collectivity), database.Millis(now.Add(-requestsKept)))
		return err
	})
	if err != nil {
		return fmt.Errorf("applications: clean: %w", err)
	}
	return s.settle(ctx, collectivity)
}
