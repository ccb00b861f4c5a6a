package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/portal/web"
	"parvis/search"
	"parvis/sso"
)

// SignIn is the directory as sign-in sees it.
type SignIn struct {
	*Store
	Theme ThemeURL // may be nil
}

var _ sso.People = SignIn{}

// Town is what pages show of a collectivity that is open; portal.ErrNotFound for any other.
func (d SignIn) Town(ctx context.Context, id portal.CollectivityID) (web.Collectivity, error) {
	c, err := d.remembered(ctx, id)
	if err == nil && !c.Active {
		err = portal.ErrNotFound
	}
	if err != nil {
		return web.Collectivity{}, fmt.Errorf("directory: find the town %q: %w", id, err)
	}
	return c.shown(d.Theme), nil
}

// Locate finds the collectivity of a login by the domain of its address, else
// by the oldest agent of its account.
func (d SignIn) Locate(ctx context.Context, login string) (sso.Place, error) {
	c, err := d.ofDomain(ctx, sso.LoginDomain(login))
	if err == nil {
		return sso.Place{Collectivity: c.shown(d.Theme), Domains: c.Domains, SIRET: c.SIRET, ByDomain: true}, nil
	}
	if !errors.Is(err, portal.ErrNotFound) {
		return sso.Place{}, fmt.Errorf("directory: locate login: %w", err)
	}
	account, err := d.AccountOf(ctx, login)
	if err != nil || account == "" {
		return sso.Place{}, err
	}
	memberships, err := d.Memberships(ctx, account)
	if err != nil || len(memberships) == 0 {
		return sso.Place{}, err
	}
	if c, err = d.remembered(ctx, memberships[0].Collectivity); err != nil {
		return sso.Place{}, err
	}
	return sso.Place{Collectivity: c.shown(d.Theme), Domains: c.Domains, SIRET: c.SIRET}, nil
}

// Place is where the logins of an open collectivity belong.
func (d SignIn) Place(ctx context.Context, collectivity portal.CollectivityID) (sso.Place, error) {
	c, err := d.remembered(ctx, collectivity)
	if err == nil && !c.Active {
		err = portal.ErrNotFound
	}
	if err != nil {
		return sso.Place{}, fmt.Errorf("directory: find place: %w", err)
	}
	return sso.Place{Collectivity: c.shown(d.Theme), Domains: c.Domains, SIRET: c.SIRET, ByDomain: true}, nil
}

// AccountOf returns the open account that signs in with a canonical login, ""
// for none.
func (d SignIn) AccountOf(ctx context.Context, login string) (account portal.AccountID, err error) {
	err = d.db.QueryRow(ctx, `SELECT id FROM accounts WHERE login = $1 AND active`, login).Scan(&account)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return "", fmt.Errorf("directory: find account: %w", err)
	}
	return account, nil
}

// ofDomain returns the open collectivity of a domain; portal.ErrNotFound for
// none. Which it was last time is remembered, and holds while the collectivity,
// which is read at most once in five seconds, says that the domain is its own.
func (s *Store) ofDomain(ctx context.Context, domain string) (body, error) {
	if known, ok := s.located.Load(domain); ok {
		c, err := s.remembered(ctx, known.(portal.CollectivityID))
		if err == nil && c.Active && slices.Contains(c.Domains, domain) {
			return c, nil
		}
	}
	var id portal.CollectivityID
	err := s.db.QueryRow(ctx, `
		SELECT c.id FROM collectivity_domains d JOIN collectivities c ON c.id = d.collectivity
		WHERE d.domain = $1 AND c.active`, domain).Scan(&id)
	if err != nil {
		return body{}, err
	}
	s.located.Store(domain, id)
	return s.remembered(ctx, id)
}

// Identity is who an account is in a collectivity.
func (d SignIn) Identity(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error) {
	return d.identity(ctx, d.Theme, account, collectivity)
}

// Collectivities lists the agents of an account.
func (d SignIn) Collectivities(ctx context.Context, account portal.AccountID) ([]sso.Agency, error) {
	memberships, err := d.Memberships(ctx, account)
	agencies := make([]sso.Agency, len(memberships))
	for i, m := range memberships {
		agencies[i] = sso.Agency{Agent: m.Agent, Collectivity: m.Collectivity}
	}
	return agencies, err
}

// LoginOf returns the login of an account.
func (d SignIn) LoginOf(ctx context.Context, account portal.AccountID) (string, error) {
	found, err := d.Account(ctx, account)
	return found.Login, err
}

// Admit makes or brings up to date the account and the agent of a person whom
// the collectivity's own source vouches for. The agent is found by the source's
// key, else by the account's login inside of the collectivity's domains: a
// source can't speak for anybody else. The ordinary sign-in, of one whom nothing
// changed about, only reads.
func (d SignIn) Admit(ctx context.Context, collectivity portal.CollectivityID, profile sso.Profile) (portal.AccountID, error) {
	agent, err := agentOfProfile(ctx, d.db, collectivity, profile)
	unit, unitErr := d.vouchedUnit(ctx, d.db, collectivity, agent, profile)
	if unitErr != nil {
		return "", fmt.Errorf("directory: admit: %w", unitErr)
	}
	if err == nil && agent.Active && agent.Account != "" && merge(agent, profile, unit) == agent {
		change, err := groupChangeOf(ctx, d.db, collectivity, agent.ID, profile)
		if err != nil || change.none() {
			return agent.Account, err
		}
	}
	var account portal.AccountID
	err = d.queued(ctx, collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		account, ids, err = d.admit(ctx, tx, collectivity, profile)
		return ids, err
	})
	if err != nil {
		return "", fmt.Errorf("directory: admit: %w", err)
	}
	d.changed(account)
	return account, nil
}

// admit returns the account and the agents that it made or changed.
func (d SignIn) admit(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, profile sso.Profile) (portal.AccountID, []string, error) {
	agent, err := agentOfProfile(ctx, tx, collectivity, profile)
	unit, unitErr := d.vouchedUnit(ctx, tx, collectivity, agent, profile)
	if unitErr != nil {
		return "", nil, unitErr
	}
	if errors.Is(err, portal.ErrNotFound) {
		account, id, err := d.admitNew(ctx, tx, Installation(collectivity), profile, unit)
		if err == nil {
			err = d.followGroups(ctx, tx, portal.Caller{Collectivity: collectivity, Account: account, Agent: id}, profile)
		}
		return account, []string{string(id)}, err
	}
	if err != nil {
		return "", nil, err
	}
	if !agent.Active || agent.Account == "" && profile.Key == "" {
		return "", nil, portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.closed"}
	}
	if agent.Account == "" { // read of the server before she first came
		if agent.Account, err = d.openAccount(ctx, tx, Installation(collectivity), agent.ID, profile.Login); err != nil {
			return "", nil, err
		}
	}
	ids, err := d.refreshAgent(ctx, tx, collectivity, agent, profile, unit)
	if err == nil {
		err = d.followGroups(ctx, tx, portal.Caller{Collectivity: collectivity, Account: agent.Account, Agent: agent.ID}, profile)
	}
	return agent.Account, ids, err
}

// rows is what both a store and a transaction can read.
type rows = database.Reader

// agentOfProfile finds the agent that a profile is about, closed ones too.
func agentOfProfile(ctx context.Context, tx rows, collectivity portal.CollectivityID, profile sso.Profile) (Agent, error) {
	if profile.Key != "" {
		row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.source_key = $2`,
			string(collectivity), profile.Key)
		if agent, err := scanAgent(row.Scan); !errors.Is(err, portal.ErrNotFound) {
			return agent, err
		}
	}
	row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`
		WHERE a.collectivity = $1 AND (a.source_key = '' OR $4 = '')
			AND a.account IN (SELECT id FROM accounts WHERE login = $2 OR (login = $3 AND $3 <> ''))
		ORDER BY a.created LIMIT 1`, string(collectivity), profile.Login, profile.Address, profile.Key)
	return scanAgent(row.Scan)
}

// admitNew makes the agent, and its account unless the login has one: that one
// is the person's own, since the login is of the collectivity.
func (d SignIn) admitNew(ctx context.Context, tx *database.Tx, installation portal.Caller, profile sso.Profile, unit portal.UnitID) (portal.AccountID, portal.AgentID, error) {
	account, err := d.accountFor(ctx, tx, installation, profile.Login)
	if err != nil {
		return "", "", err
	}
	agent := merge(Agent{ID: portal.AgentID(portal.NewID()), Account: account}, profile, unit)
	if err := d.insertVouched(ctx, tx, installation, agent); err != nil {
		return "", "", err
	}
	return account, agent.ID, outbox.Put(ctx, tx, installation.Collectivity, outbox.Event{Kind: outbox.AgentCreated, At: d.now(), Agent: agent.ID})
}

// accountFor is the account of a login of the collectivity, made if there is none.
func (d SignIn) accountFor(ctx context.Context, tx *database.Tx, installation portal.Caller, login string) (account portal.AccountID, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM accounts WHERE login = $1`, login).Scan(&account)
	if errors.Is(err, portal.ErrNotFound) {
		return d.insertAccount(ctx, tx, installation, login)
	}
	if err != nil {
		return "", err
	}
	return account, ownLogin(ctx, tx, installation, login)
}

// openAccount gives an agent who had none the account that she signs in with.
func (d SignIn) openAccount(ctx context.Context, tx *database.Tx, installation portal.Caller, agent portal.AgentID, login string) (portal.AccountID, error) {
	account, err := d.accountFor(ctx, tx, installation, login)
	if err == nil {
		_, err = d.attachable(ctx, tx, installation, account)
	}
	if err != nil {
		return "", err
	}
	return account, database.OneRow(tx.Exec(ctx, `UPDATE agents SET account = $1 WHERE collectivity = $2 AND id = $3`,
		string(account), string(installation.Collectivity), string(agent)))
}

// refreshAgent writes what the source knows better; nothing when nothing
// changed, which is the ordinary sign-in.
func (d SignIn) refreshAgent(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent Agent, profile sso.Profile, unit portal.UnitID) ([]string, error) {
	fresh := merge(agent, profile, unit)
	if fresh == agent {
		return nil, nil
	}
	if given, err := givenFields(ctx, tx, collectivity, agent.ID); err != nil || given != nil {
		return nil, err // its mirror writes her card, perhaps from other attributes
	}
	if err := d.replaceVouched(ctx, tx, collectivity, agent, fresh); err != nil {
		return nil, err
	}
	err := database.OneRow(tx.Exec(ctx, `UPDATE agents SET source_key = $1 WHERE collectivity = $2 AND id = $3`,
		fresh.SourceKey, string(collectivity), string(agent.ID)))
	if fields := differing(agent, fresh); err == nil && len(fields) > 0 {
		err = outbox.Put(ctx, tx, collectivity, outbox.Event{Kind: outbox.AgentChanged, At: d.now(), Agent: agent.ID, Fields: fields})
	}
	return []string{string(agent.ID)}, err
}

// merge takes from a profile what it says; what it leaves out stays. Values
// that the directory would refuse are left out too: a bad telephone number must
// not keep a person out.
func merge(agent Agent, profile sso.Profile, unit portal.UnitID) Agent {
	merged := agent
	merged.GivenName = cmp.Or(profile.GivenName, agent.GivenName)
	merged.FamilyName = cmp.Or(profile.FamilyName, agent.FamilyName, profile.Login)
	merged.Email = cmp.Or(profile.Email, agent.Email)
	merged.Function = cmp.Or(profile.Function, agent.Function)
	merged.Phone = cmp.Or(profile.Phone, agent.Phone)
	merged.Mobile = cmp.Or(profile.Mobile, agent.Mobile)
	merged.Office = cmp.Or(profile.Office, agent.Office)
	merged.SourceKey = cmp.Or(profile.Key, agent.SourceKey)
	merged.Unit = cmp.Or(unit, agent.Unit)
	if merged == agent {
		return agent
	}
	var refused portal.FieldErrors
	if !errors.As(merged.check(), &refused) {
		return merged
	}
	bad := func(field string) bool {
		return slices.ContainsFunc(refused, func(e portal.UserError) bool { return e.Field == field })
	}
	keep := func(field string, value *string, old string) {
		if bad(field) {
			*value = old
		}
	}
	keep("given_name", &merged.GivenName, agent.GivenName)
	keep("family_name", &merged.FamilyName, cmp.Or(agent.FamilyName, profile.Login))
	keep("email", &merged.Email, agent.Email)
	keep("function", &merged.Function, agent.Function)
	keep("phone", &merged.Phone, agent.Phone)
	keep("mobile", &merged.Mobile, agent.Mobile)
	keep("office", &merged.Office, agent.Office)
	keep("source_key", &merged.SourceKey, agent.SourceKey)
	return merged
}

// Staff lists the active agents of the caller's collectivity who have an open
// account, by name. portal.ErrDenied but for who manages its agents.
func (d SignIn) Staff(ctx context.Context, caller portal.Caller) ([]sso.Member, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: list staff: %w", err)
	}
	units := map[portal.AgentID]portal.UnitID{}
	rows, err := d.db.Query(ctx, `
		SELECT a.id, a.account, p.login, a.given_name, a.family_name, a.unit FROM agents a JOIN accounts p ON p.id = a.account
		WHERE a.collectivity = $1 AND a.active AND p.active AND `+inArea("$2")+` ORDER BY a.sort_name, a.id`, string(caller.Collectivity), areaOf(caller))
	members, err := database.Collect(rows, err, func(rows *sql.Rows) (sso.Member, error) {
		var member sso.Member
		var person Agent
		err := rows.Scan(&member.Agent, &member.Account, &member.Login, &person.GivenName, &person.FamilyName, &person.Unit)
		member.Name, units[member.Agent] = person.Name(), person.Unit
		return member, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list staff: %w", err)
	}
	book, err := d.rightsBook(ctx, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: list staff: %w", err)
	}
	for i := range members {
		she := book.caller(caller.Collectivity, members[i].Agent, units[members[i].Agent])
		members[i].Groups, members[i].Rights, members[i].Narrowed = she.Groups, she.Rights, she.Narrowed
	}
	return members, nil
}
