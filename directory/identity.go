package directory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/themes"
)

// Membership is one agent that an account is.
type Membership struct {
	Agent        portal.AgentID
	Collectivity portal.CollectivityID
	Name         string // of the collectivity, "Bourg-sur-Loire"
}

// Memberships lists the active agents of an account in open collectivities, the
// oldest first. Only the account itself may be told.
func (s *Store) Memberships(ctx context.Context, account portal.AccountID) ([]Membership, error) {
	rows, err := s.db.Query(ctx, `
		SELECT a.id, a.collectivity, c.name FROM agents a JOIN collectivities c ON c.id = a.collectivity
		WHERE a.account = $1 AND a.active AND c.active ORDER BY a.created, a.collectivity`, string(account))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Membership, error) {
		var m Membership
		err := rows.Scan(&m.Agent, &m.Collectivity, &m.Name)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list memberships: %w", err)
	}
	return all, nil
}

// CallerFor returns the caller that an account is in a collectivity, as it may
// act now. portal.ErrNotFound when the account, its agent or the collectivity is
// missing or closed.
func (s *Store) CallerFor(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error) {
	identity, err := s.who(ctx, account, collectivity)
	if err != nil {
		return portal.Caller{}, err
	}
	return identity.Caller, nil
}

// who reads an account as the agent that it is in a collectivity, with what it
// may do and its preferences.
func (s *Store) who(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error) {
	identity := &web.Identity{Caller: portal.Caller{Account: account, Collectivity: collectivity}}
	var agent Agent
	err := s.db.QueryRow(ctx, `
		SELECT a.id, a.unit, a.given_name, a.family_name, p.language, p.scheme FROM agents a
		JOIN accounts p ON p.id = a.account JOIN collectivities c ON c.id = a.collectivity
		WHERE a.account = $1 AND a.collectivity = $2 AND a.active AND p.active AND c.active`,
		string(account), string(collectivity)).Scan(&identity.Caller.Agent, &identity.Caller.Unit,
		&agent.GivenName, &agent.FamilyName, &identity.Language, &identity.Scheme)
	if err != nil {
		return nil, fmt.Errorf("directory: find caller: %w", err)
	}
	identity.PersonName = agent.Name()
	if err := s.entitle(ctx, &identity.Caller); err != nil {
		return nil, fmt.Errorf("directory: find caller: %w", err)
	}
	return identity, nil
}

// entitle fills in the groups and rights of a caller.
func (s *Store) entitle(ctx context.Context, caller *portal.Caller) error {
	rows, err := s.db.Query(ctx, `SELECT group_id FROM agent_group_members WHERE collectivity = $1 AND agent = $2`,
		string(caller.Collectivity), string(caller.Agent))
	caller.Groups, err = database.Collect(rows, err, func(rows *sql.Rows) (id portal.GroupID, err error) {
		return id, rows.Scan(&id)
	})
	if err != nil {
		return err
	}
	rows, err = s.db.Query(ctx, `
		SELECT right_name FROM agent_rights WHERE collectivity = $1 AND agent = $2
		UNION SELECT right_name FROM account_rights WHERE account = $3`,
		string(caller.Collectivity), string(caller.Agent), string(caller.Account))
	caller.Rights, err = database.Collect(rows, err, func(rows *sql.Rows) (right portal.Right, err error) {
		return right, rows.Scan(&right)
	})
	slices.Sort(caller.Groups) // here, since engines order texts differently
	slices.Sort(caller.Rights)
	return err
}

// ThemeURL gives the address of a collectivity's colours, which the server
// that serves them knows.
type ThemeURL func(c Collectivity) string

// identity is who an account is in a collectivity and what every page shows of
// her. An empty collectivity is the account's oldest; who has none but operates
// the pool is nobody's agent.
func (s *Store) identity(ctx context.Context, theme ThemeURL, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error) {
	memberships, err := s.Memberships(ctx, account)
	if err != nil {
		return nil, err
	}
	if len(memberships) == 0 && collectivity == "" {
		return s.operator(ctx, account)
	}
	here := 0
	if collectivity != "" {
		here = slices.IndexFunc(memberships, func(m Membership) bool { return m.Collectivity == collectivity })
	}
	if here < 0 || len(memberships) == 0 {
		return nil, fmt.Errorf("directory: find identity: %w", portal.ErrNotFound)
	}
	identity, err := s.who(ctx, account, memberships[here].Collectivity)
	if err != nil {
		return nil, err
	}
	c, err := s.remembered(ctx, identity.Caller.Collectivity)
	if err != nil {
		return nil, err
	}
	identity.Collectivity = webCollectivity(c, theme)
	for i, m := range memberships {
		identity.Memberships = append(identity.Memberships, themes.Membership{ID: string(m.Agent), Name: m.Name, Current: i == here})
	}
	identity.Version = versionOf(identity)
	return identity, nil
}

// operator is the identity of an account that operates the pool and is no
// agent: it sees no data of a collectivity.
func (s *Store) operator(ctx context.Context, account portal.AccountID) (*web.Identity, error) {
	found, err := s.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	identity := &web.Identity{Caller: portal.Caller{Account: account}, PersonName: found.Login, Language: found.Language, Scheme: found.Scheme}
	if err := s.entitle(ctx, &identity.Caller); err != nil {
		return nil, fmt.Errorf("directory: find operator: %w", err)
	}
	if !found.Active || !identity.Caller.Can(portal.OperatePool) {
		return nil, fmt.Errorf("directory: find operator: %w", portal.ErrNotFound)
	}
	identity.Version = versionOf(identity)
	return identity, nil
}

func webCollectivity(c Collectivity, theme ThemeURL) web.Collectivity {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC // checked when it was written; a machine may lack it
	}
	shown := web.Collectivity{ID: c.ID, Name: c.Name, LongName: c.LongName, Phone: c.Phone, Language: c.Language, Zone: zone}
	if theme != nil {
		shown.ThemeURL = theme(c)
	}
	return shown
}

// versionOf changes with anything that a page shows of an identity.
func versionOf(identity *web.Identity) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q %q %q %q", identity.Caller.Audience(), identity.Caller.Agent, identity.Caller.Unit,
		identity.PersonName, identity.Language, identity.Scheme)
	fmt.Fprintf(sum, "%q %q %q %q %q", identity.Collectivity.Name, identity.Collectivity.LongName,
		identity.Collectivity.Phone, identity.Collectivity.ThemeURL, cmp.Or(identity.Collectivity.Language, "fr"))
	for _, m := range identity.Memberships {
		fmt.Fprintf(sum, "%q %q %v", m.ID, m.Name, m.Current)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
