package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/search"
)

// Application is a link into a business application.
type Application struct {
	ID          string // given, or drawn when ""
	Name        string // "Finances"
	Description string
	URL         string           // https, absolute
	Icon        string           // name in the sprite without "i-"; "" is "apps"
	Category    string           // "Gestion", "" for none
	Pinned      bool             // on the home page; when read, as the caller decided
	Position    int              // order in its category
	Audience    []portal.GroupID // empty: everyone of the collectivity; filled by sources only
}

func (a Application) check() error {
	var wrong refusals
	wrong.identifier("id", a.ID)
	wrong.text("name", a.Name, true, 80)
	wrong.text("description", a.Description, false, 300)
	wrong.text("category", a.Category, false, 80)
	wrong.identifier("icon", a.Icon)
	wrong.https("url", a.URL)
	return wrong.orNil()
}

// CreateApplication adds an application to the caller's collectivity.
func (s *Store) CreateApplication(ctx context.Context, caller portal.Caller, app Application) (string, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("directory: create application: %w", err)
	}
	if app.ID == "" {
		app.ID = portal.NewID()
	}
	if app.Icon == "" {
		app.Icon = "apps"
	}
	if err := app.check(); err != nil {
		return "", fmt.Errorf("directory: create application: %w", err)
	}
	err := s.queued(ctx, caller.Collectivity, search.KindApplication, func(tx *database.Tx) ([]string, error) {
		return []string{app.ID}, insertApplication(ctx, tx, caller.Collectivity, app)
	})
	if err != nil {
		return "", fmt.Errorf("directory: create application: %w", err)
	}
	s.rearranged(caller.Collectivity)
	return app.ID, nil
}

func insertApplication(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, app Application) error {
	if err := groupsExist(ctx, tx, collectivity, app.Audience...); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO applications (collectivity, id, name, description, url, icon, category, pinned, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(collectivity), app.ID, app.Name, app.Description, app.URL, app.Icon, app.Category, app.Pinned, app.Position)
	if database.IsDuplicate(err) {
		return portal.FieldErrors{portal.Invalid("id", "directory.error.taken")}
	}
	if err != nil {
		return err
	}
	for _, group := range app.Audience {
		_, err := tx.Exec(ctx, `
			INSERT INTO application_audience (collectivity, application, group_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(collectivity), app.ID, string(group))
		if err != nil {
			return err
		}
	}
	return nil
}

const applicationColumns = `p.id, p.name, p.description, p.url, p.icon, p.category, p.position`

// visible keeps the applications p of collectivity $1 that agent $2 is shown:
// those without audience, and those of one of the agent's groups.
const visible = ` p.collectivity = $1 AND (
	NOT EXISTS (SELECT 1 FROM application_audience x WHERE x.collectivity = p.collectivity AND x.application = p.id)
	OR EXISTS (SELECT 1 FROM application_audience x
		JOIN agent_group_members m ON m.collectivity = x.collectivity AND m.group_id = x.group_id
		WHERE x.collectivity = p.collectivity AND x.application = p.id AND m.agent = $2)) `

// Applications lists what the caller may open, category by category.
func (s *Store) Applications(ctx context.Context, caller portal.Caller) ([]Application, error) {
	rows, err := s.db.Query(ctx, `
		SELECT `+applicationColumns+`, COALESCE(n.pinned, p.pinned)
		FROM applications p
		LEFT JOIN application_pins n ON n.collectivity = p.collectivity AND n.application = p.id AND n.agent = $2
		WHERE `+visible+` ORDER BY p.id`,
		string(caller.Collectivity), string(caller.Agent))
	apps, err := database.Collect(rows, err, scanApplication)
	if err != nil {
		return nil, fmt.Errorf("directory: list applications: %w", err)
	}
	slices.SortStableFunc(apps, func(a, b Application) int {
		return cmp.Or(i18n.ByName(a.Category, b.Category), byPosition(a, b))
	})
	return apps, nil
}

// PinnedApplications lists the applications on the caller's home page, at most
// limit, in the order of their positions.
func (s *Store) PinnedApplications(ctx context.Context, caller portal.Caller, limit int) ([]Application, error) {
	rows, err := s.db.Query(ctx, `
		SELECT `+applicationColumns+`, COALESCE(n.pinned, p.pinned)
		FROM applications p
		LEFT JOIN application_pins n ON n.collectivity = p.collectivity AND n.application = p.id AND n.agent = $2
		WHERE `+visible+` AND COALESCE(n.pinned, p.pinned) ORDER BY p.id`,
		string(caller.Collectivity), string(caller.Agent))
	apps, err := database.Collect(rows, err, scanApplication)
	if err != nil {
		return nil, fmt.Errorf("directory: list pinned applications: %w", err)
	}
	slices.SortStableFunc(apps, byPosition)
	return apps[:min(len(apps), limit)], nil
}

func byPosition(a, b Application) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), i18n.ByName(a.Name, b.Name))
}

func scanApplication(rows *sql.Rows) (Application, error) {
	var a Application
	err := rows.Scan(&a.ID, &a.Name, &a.Description, &a.URL, &a.Icon, &a.Category, &a.Position, &a.Pinned)
	return a, err
}

// Pin puts an application on the caller's home page, or takes it off.
// portal.ErrNotFound when the caller is not shown it.
func (s *Store) Pin(ctx context.Context, caller portal.Caller, application string, pinned bool) (Application, error) {
	app := Application{ID: application, Pinned: pinned}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.QueryRow(ctx, `SELECT p.name FROM applications p WHERE `+visible+` AND p.id = $3`,
			string(caller.Collectivity), string(caller.Agent), application).Scan(&app.Name)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO application_pins (collectivity, agent, application, pinned) VALUES ($1, $2, $3, $4)
			ON CONFLICT (collectivity, agent, application) DO UPDATE SET pinned = excluded.pinned`,
			string(caller.Collectivity), string(caller.Agent), application, pinned)
		return err
	})
	if err != nil {
		return Application{}, fmt.Errorf("directory: pin application: %w", err)
	}
	s.rearranged(caller.Collectivity, caller.Agent)
	return app, nil
}

// host is the server that an application opens, for people who wonder.
func host(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	name, _, _ := strings.Cut(rest, "/")
	return name
}
