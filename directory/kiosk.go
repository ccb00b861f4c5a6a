package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// AtKiosk is who an active agent of an open collectivity is on a kiosk, also one without an account: without any right,
// and without her other collectivities. portal.ErrNotFound for anybody else.
func (d SignIn) AtKiosk(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID) (*web.Identity, error) {
	c, err := d.remembered(ctx, collectivity)
	if err == nil && !c.Active {
		err = portal.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("directory: at a kiosk: %w", err)
	}
	var person Agent
	var account sql.NullString
	var language, scheme sql.NullString
	err = d.db.QueryRow(ctx, `
		SELECT a.given_name, a.family_name, a.unit, a.account, p.language, p.scheme FROM agents a LEFT JOIN accounts p ON p.id = a.account
		WHERE a.collectivity = $1 AND a.id = $2 AND a.active AND (a.account IS NULL OR p.active)`, string(collectivity), string(agent)).
		Scan(&person.GivenName, &person.FamilyName, &person.Unit, &account, &language, &scheme)
	if err != nil {
		return nil, fmt.Errorf("directory: at a kiosk: %w", err)
	}
	identity := &web.Identity{PersonName: person.Name(), Collectivity: c.shown(d.Theme), Language: i18n.Language(language.String), Scheme: scheme.String}
	identity.Caller = portal.Caller{Account: portal.AccountID(account.String), Agent: agent, Collectivity: collectivity, Unit: person.Unit}
	if err := d.entitle(ctx, &identity.Caller); err != nil {
		return nil, fmt.Errorf("directory: at a kiosk: %w", err)
	}
	identity.Caller.Rights, identity.Caller.Narrowed = nil, nil
	identity.Version = versionOf(identity)
	return identity, nil
}

// Users are the active agents of a unit and of those below it, or of a group, by name: their names and functions alone.
func (s *Store) Users(ctx context.Context, collectivity portal.CollectivityID, of portal.Subject) ([]Agent, error) {
	query, subject := `AND EXISTS (SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = $2 AND m.agent = a.id)`, of.ID
	if of.Kind == portal.TheUnit {
		query, subject = `AND `+inArea("$2"), unitsText(portal.UnitID(of.ID))
	}
	rows, err := s.db.Query(ctx, `
		SELECT a.id, a.given_name, a.family_name, a.function FROM agents a
		WHERE a.collectivity = $1 AND a.active `+query+` ORDER BY a.sort_name, a.id`, string(collectivity), subject)
	users, err := database.Collect(rows, err, func(rows *sql.Rows) (a Agent, err error) {
		return a, rows.Scan(&a.ID, &a.GivenName, &a.FamilyName, &a.Function)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: users of %q: %w", of.ID, err)
	}
	return users, nil
}

// Governs is the name of an active agent whom the caller manages; portal.ErrNotFound for anybody else.
func (s *Store) Governs(ctx context.Context, caller portal.Caller, id portal.AgentID) (string, error) {
	err := s.governsAgent(ctx, s.db, caller, id)
	if errors.Is(err, portal.ErrDenied) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("directory: govern %q: %w", id, err)
	}
	agent, err := s.Agent(ctx, caller, id)
	return agent.Name(), err
}
