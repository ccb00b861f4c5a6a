package applications

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Grant is the access of one agent to an application, beside its audience.
type Grant struct {
	Agent    portal.AgentID
	Name     string // "Camille Le Goff"
	Function string
	Since    time.Time // zero when it is not known
	Until    time.Time // first instant without access, zero for ever
	By       string    // name of who gave it, "" for the installation
	Ended    bool
	Left     bool // she is no more in the collectivity
	Audience bool // the application is open to her without it
}

// undoTime is how long what was answered or taken away can be taken back.
const undoTime = time.Hour

// errAssisted refuses to who assists a collectivity to decide who opens what there: it
// would outlast her hour.
var errAssisted = portal.UserError{Kind: portal.ErrDenied, Key: "applications.error.assisted"}

// Grant gives an agent of the caller's collectivity access to an application
// beside its audience, or changes when it ends: until is the first instant
// without access, zero for ever. What she asked for is then granted. from is where
// the request comes from, for the journal.
func (s *Store) Grant(ctx context.Context, caller portal.Caller, id string, agent portal.AgentID, until time.Time, from string) error {
	if err := s.mayEnd(until); err != nil {
		return err
	}
	if caller.Assists() {
		return fmt.Errorf("applications: grant %q: %w", id, errAssisted)
	}
	who, err := s.colleague(ctx, caller, agent)
	if err != nil {
		return fmt.Errorf("applications: grant %q: %w", id, err)
	}
	err = s.entitle(ctx, caller, audit.ApplicationGranted, id, who.Name, from, func(tx *database.Tx) error {
		answer := Answer{Grant: true, Until: until, at: s.now()}
		had, err := give(ctx, tx, caller, id, agent, answer)
		if err != nil {
			return err
		}
		waiting, err := waitingFor(ctx, tx, caller.Collectivity, id, agent)
		if errors.Is(err, portal.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return closeRequest(ctx, tx, caller, waiting, answer, had)
	})
	s.changed(caller.Collectivity, agent)
	return err
}

// mayEnd refuses an end that is past.
func (s *Store) mayEnd(until time.Time) error {
	if !until.IsZero() && ended(until, s.now()) {
		return portal.FieldErrors{portal.Invalid("until", "applications.error.until")}
	}
	return nil
}

// colleague is an agent of the caller's collectivity who may enter;
// portal.ErrNotFound for any other, portal.ErrDenied but for an administrator.
func (s *Store) colleague(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Colleague, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return Colleague{}, err
	}
	present, err := s.directory.Present(ctx, caller, []portal.AgentID{agent})
	if err != nil {
		return Colleague{}, err
	}
	who, here := present[agent]
	if !here {
		return Colleague{}, portal.UserError{Kind: portal.ErrNotFound, Key: "applications.error.left"}
	}
	return who, nil
}

// access is a row of application_grants, in ms.
type access struct {
	there        bool
	since, until int64
	by           string
}

// give writes an access and returns the one that it replaces.
func give(ctx context.Context, tx *database.Tx, caller portal.Caller, id string, agent portal.AgentID, answer Answer) (access, error) {
	had, err := accessOf(ctx, tx, caller.Collectivity, id, agent)
	if err != nil {
		return had, err
	}
	return had, writeAccess(ctx, tx, caller.Collectivity, id, agent, access{
		since: database.Millis(answer.at), until: database.Millis(answer.Until), by: string(caller.Agent),
	})
}

// accessOf reads an access that holds, or held until its end.
func accessOf(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string, agent portal.AgentID) (access, error) {
	held := access{there: true}
	err := tx.QueryRow(ctx, `
		SELECT since, until, given_by FROM application_grants WHERE collectivity = $1 AND agent = $2 AND application = $3 AND revoked = 0`,
		string(collectivity), string(agent), id).Scan(&held.since, &held.until, &held.by)
	if errors.Is(err, portal.ErrNotFound) {
		return access{}, nil
	}
	return held, err
}

func writeAccess(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string, agent portal.AgentID, given access) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO application_grants (collectivity, agent, application, until, since, given_by) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (collectivity, agent, application) DO UPDATE SET
			until = excluded.until, since = excluded.since, given_by = excluded.given_by, revoked = 0, seen = 0`,
		string(collectivity), string(agent), id, given.until, given.since, given.by)
	return err
}

// Revoke takes back what Grant gave and returns the agent's name;
// portal.ErrNotFound when nothing was given. GiveBack undoes it for an hour.
func (s *Store) Revoke(ctx context.Context, caller portal.Caller, id string, agent portal.AgentID, from string) (string, error) {
	return s.setRevoked(ctx, caller, audit.ApplicationRevoked, id, agent, from, `
		UPDATE application_grants SET revoked = $4 WHERE collectivity = $1 AND agent = $2 AND application = $3 AND revoked = 0`, s.now())
}

// GiveBack undoes Revoke; portal.ErrNotFound when it is too late, or when the
// access was given anew.
func (s *Store) GiveBack(ctx context.Context, caller portal.Caller, id string, agent portal.AgentID, from string) (string, error) {
	if caller.Assists() {
		return "", fmt.Errorf("applications: give %q back: %w", id, errAssisted)
	}
	return s.setRevoked(ctx, caller, audit.ApplicationGranted, id, agent, from, `
		UPDATE application_grants SET revoked = 0 WHERE collectivity = $1 AND agent = $2 AND application = $3 AND revoked >= $4`, s.now().Add(-undoTime))
}

func (s *Store) setRevoked(ctx context.Context, caller portal.Caller, action audit.Action, id string, agent portal.AgentID, from, change string, when time.Time) (string, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return "", fmt.Errorf("applications: %s: %w", action, err)
	}
	names, err := s.directory.Names(ctx, caller, []portal.AgentID{agent})
	if err == nil && names[agent] == "" {
		err = portal.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("applications: %s: %w", action, err)
	}
	err = s.entitle(ctx, caller, action, id, names[agent], from, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, change, string(caller.Collectivity), string(agent), id, database.Millis(when)))
	})
	s.changed(caller.Collectivity, agent)
	return names[agent], err
}

// entitle changes the access of an agent, by her name, to one application that is
// there, and writes it down.
func (s *Store) entitle(ctx context.Context, caller portal.Caller, action audit.Action, id, name, from string, change func(tx *database.Tx) error) error {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return fmt.Errorf("applications: %s: %w", action, err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		app, err := applicationNamed(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		return record(ctx, tx, caller, action, app, name, from)
	})
	if err != nil {
		return fmt.Errorf("applications: %s %q: %w", action, id, err)
	}
	s.waits(caller.Collectivity)
	return nil
}

// applicationNamed is an application that was not deleted, with its name.
func applicationNamed(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string) (Application, error) {
	app := Application{ID: id}
	err := tx.QueryRow(ctx, `SELECT name FROM applications WHERE collectivity = $1 AND id = $2 AND deleted = 0`,
		string(collectivity), id).Scan(&app.Name)
	return app, err
}

// Grants lists who may open an application beside its audience, by name, for its
// administrator. Those whose access ended lately are among them.
func (s *Store) Grants(ctx context.Context, caller portal.Caller, id string) ([]Grant, error) {
	app, err := s.Find(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, `
		SELECT agent, since, until, given_by FROM application_grants WHERE collectivity = $1 AND application = $2 AND revoked = 0`,
		string(caller.Collectivity), id)
	var involved []portal.AgentID
	grants, err := database.Collect(rows, err, func(rows *sql.Rows) (Grant, error) {
		var grant Grant
		var by string
		var since, until int64
		err := rows.Scan(&grant.Agent, &since, &until, &by)
		grant.Since, grant.Until, grant.By = database.FromMillis(since), database.FromMillis(until), by
		involved = append(involved, grant.Agent, portal.AgentID(by))
		return grant, err
	})
	if err != nil {
		return nil, fmt.Errorf("applications: list grants: %w", err)
	}
	return grants, s.nameGrants(ctx, caller, app, grants, involved)
}

// nameGrants puts names where grants have identifiers, and sorts them.
func (s *Store) nameGrants(ctx context.Context, caller portal.Caller, app Application, grants []Grant, involved []portal.AgentID) error {
	names, err := s.directory.Names(ctx, caller, unique(involved))
	if err != nil {
		return err
	}
	present, err := s.directory.Present(ctx, caller, unique(involved))
	if err != nil {
		return err
	}
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	for i := range grants {
		grant := &grants[i]
		who, here := present[grant.Agent]
		grant.Name, grant.Function, grant.Left = names[grant.Agent], who.Function, !here
		grant.By, grant.Ended = names[portal.AgentID(grant.By)], ended(grant.Until, s.now())
		grant.Audience = here && all.isFor(who.Caller, app)
	}
	slices.SortFunc(grants, func(a, b Grant) int { return i18n.ByName(a.Name, b.Name) })
	return nil
}

// unique are the agents of a list, sorted, each once.
func unique(agents []portal.AgentID) []portal.AgentID {
	sorted := slices.Compact(slices.Sorted(slices.Values(agents)))
	if len(sorted) > 0 && sorted[0] == "" {
		return sorted[1:]
	}
	return sorted
}

func scanNamed(rows *sql.Rows) (a Application, err error) {
	return a, rows.Scan(&a.ID, &a.Name)
}
