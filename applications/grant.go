package applications

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Grant gives an agent of the caller's collectivity access to an application
// beside its audience, or changes when it ends: until is the first instant
// without access, zero for ever. from is where the request comes from, for the
// journal.
func (s *Store) Grant(ctx context.Context, caller portal.Caller, id string, agent portal.AgentID, until time.Time, from string) error {
	if !until.IsZero() && ended(until, s.now()) {
		return portal.FieldErrors{portal.Invalid("until", "applications.error.until")}
	}
	return s.entitle(ctx, caller, audit.ApplicationGranted, id, agent, from, `
		INSERT INTO application_grants (collectivity, agent, application, until) VALUES ($1, $2, $3, $4)
		ON CONFLICT (collectivity, agent, application) DO UPDATE SET until = excluded.until`, database.Millis(until))
}

// Revoke takes back what Grant gave; portal.ErrNotFound when nothing was given.
func (s *Store) Revoke(ctx context.Context, caller portal.Caller, id string, agent portal.AgentID, from string) error {
	return s.entitle(ctx, caller, audit.ApplicationRevoked, id, agent, from,
		`DELETE FROM application_grants WHERE collectivity = $1 AND agent = $2 AND application = $3`)
}

// entitle changes the access of one agent to one application.
func (s *Store) entitle(ctx context.Context, caller portal.Caller, action audit.Action, id string, agent portal.AgentID, from, change string, more ...any) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("applications: %s: %w", action, err)
	}
	names, err := s.directory.Names(ctx, caller, []portal.AgentID{agent})
	if err == nil && names[agent] == "" {
		err = portal.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("applications: %s: %w", action, err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		app := Application{ID: id}
		err := tx.QueryRow(ctx, `SELECT name FROM applications WHERE collectivity = $1 AND id = $2 AND deleted = 0`,
			string(caller.Collectivity), id).Scan(&app.Name)
		if err != nil {
			return err
		}
		args := append([]any{string(caller.Collectivity), string(agent), id}, more...)
		if err := database.OneRow(tx.Exec(ctx, change, args...)); err != nil {
			return err
		}
		return record(ctx, tx, caller, action, app, names[agent], from)
	})
	if err != nil {
		return fmt.Errorf("applications: %s %q: %w", action, id, err)
	}
	s.changed(caller.Collectivity, agent)
	return nil
}

func scanNamed(rows *sql.Rows) (a Application, err error) {
	return a, rows.Scan(&a.ID, &a.Name)
}
