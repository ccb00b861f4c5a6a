package directory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Membership is one agent that an account is.
type Membership struct {
	Agent        portal.AgentID
	Collectivity portal.CollectivityID
	Name         string // of the collectivity, "Bourg-sur-Loire"
}

// membership is the same with what a page says of the person there.
type membership struct {
	Membership
	unit       portal.UnitID
	personName string
	language   i18n.Language
	scheme     string
	away       string // announcements that she put away
}

// memberships reads the active agents of an account in open collectivities, the
// oldest first; none when the account is closed.
func (s *Store) memberships(ctx context.Context, account portal.AccountID) ([]membership, error) {
	var all []membership
	if err := s.db.ReadAll(ctx, readMemberships(account, &all)); err != nil {
		return nil, fmt.Errorf("directory: list memberships: %w", err)
	}
	return all, nil
}

func readMemberships(account portal.AccountID, to *[]membership) database.Read {
	return database.Read{
		Query: `
			SELECT a.id, a.collectivity, c.name, a.unit, a.given_name, a.family_name, p.language, p.scheme, p.announcements_read FROM agents a
			JOIN accounts p ON p.id = a.account JOIN collectivities c ON c.id = a.collectivity
			WHERE a.account = $1 AND a.active AND p.active AND c.active ORDER BY a.created, a.collectivity`,
		Args: []any{string(account)},
		Row: func(scan func(...any) error) error {
			var m membership
			var person Agent
			err := scan(&m.Agent, &m.Collectivity, &m.Name, &m.unit, &person.GivenName, &person.FamilyName, &m.language, &m.scheme, &m.away)
			m.personName = person.Name()
			*to = append(*to, m)
			return err
		},
	}
}

// Memberships lists the active agents of an account in open collectivities, the
// oldest first. Only the account itself may be told.
func (s *Store) Memberships(ctx context.Context, account portal.AccountID) ([]Membership, error) {
	found, err := s.memberships(ctx, account)
	all := make([]Membership, len(found))
	for i, m := range found {
		all[i] = m.Membership
	}
	return all, err
}

// CallerFor returns the caller that an account is in a collectivity, as it may
// act now. portal.ErrNotFound when the account, its agent or the collectivity is
// missing or closed.
func (s *Store) CallerFor(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error) {
	all, err := s.memberships(ctx, account)
	if err != nil {
		return portal.Caller{}, err
	}
	here := memberOf(all, collectivity)
	if here < 0 {
		return portal.Caller{}, fmt.Errorf("directory: find caller: %w", portal.ErrNotFound)
	}
	return s.caller(ctx, account, all[here])
}

// memberOf is the index of the agent of a collectivity, negative without.
func memberOf(all []membership, collectivity portal.CollectivityID) int {
	return slices.IndexFunc(all, func(m membership) bool { return m.Collectivity == collectivity })
}

// caller is an account as one of its agents.
func (s *Store) caller(ctx context.Context, account portal.AccountID, m membership) (portal.Caller, error) {
	caller := callerOf(account, m)
	if err := s.entitle(ctx, &caller); err != nil {
		return portal.Caller{}, fmt.Errorf("directory: find caller: %w", err)
	}
	return caller, nil
}

// callerOf is caller without units, groups and rights.
func callerOf(account portal.AccountID, m membership) portal.Caller {
	return portal.Caller{Account: account, Agent: m.Agent, Collectivity: m.Collectivity, Unit: m.unit}
}

// standings are memberships and, where a collectivity is asked for, what the account
// is entitled to there, asked at once.
func (s *Store) standings(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (all []membership, entitled []entitlement, err error) {
	reads := []database.Read{readMemberships(account, &all)}
	if collectivity != "" {
		reads = append(reads, s.readEntitled(account, collectivity, &entitled))
	}
	if err := s.db.ReadAll(ctx, reads...); err != nil {
		return nil, nil, fmt.Errorf("directory: list memberships: %w", err)
	}
	return all, entitled, nil
}

// entitle fills in the units, groups and rights of a caller.
func (s *Store) entitle(ctx context.Context, caller *portal.Caller) error {
	all, err := s.entitlements(ctx, s.db, *caller)
	if err != nil {
		return err
	}
	return s.fill(ctx, caller, all)
}

// fill gives a caller what is its own.
func (s *Store) fill(ctx context.Context, caller *portal.Caller, all []entitlement) error {
	for _, one := range all {
		switch one.kind {
		case "unit":
			caller.Units = append(caller.Units, portal.UnitID(one.name))
		case "group":
			caller.Groups = append(caller.Groups, portal.GroupID(one.name))
		}
	}
	slices.Sort(caller.Units) // here, since engines order texts differently
	slices.Sort(caller.Groups)
	above, err := s.above(ctx, s.db, caller.Collectivity, all)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.kind != "right" {
			continue
		}
		holding, holds := above.holding(portal.Right(one.name), one.unit)
		if holds && one.lender != "" {
			holds, err = s.lends(ctx, caller.Collectivity, one.lender, holding)
		}
		if err != nil {
			return err
		}
		if holds {
			hold(caller, holding)
		}
	}
	tidy(caller)
	return nil
}

// hold gives a caller a right. See tidy.
func hold(caller *portal.Caller, one portal.Holding) {
	if one.Unit == "" {
		caller.Rights = append(caller.Rights, one.Right)
	} else {
		caller.Narrowed = append(caller.Narrowed, one)
	}
}

// tidy orders what a caller holds.
func tidy(caller *portal.Caller) {
	slices.Sort(caller.Rights)
	caller.Rights = slices.Compact(caller.Rights)
	slices.SortFunc(caller.Narrowed, func(a, b portal.Holding) int {
		return cmp.Or(cmp.Compare(a.Right, b.Right), cmp.Compare(a.Unit, b.Unit))
	})
	caller.Narrowed = slices.CompactFunc(caller.Narrowed, func(a, b portal.Holding) bool { return a.Right == b.Right && a.Unit == b.Unit })
}

// holding is a right where it holds; false when its unit is no more there: it gives
// nothing then, to nobody.
func (p parents) holding(right portal.Right, unit portal.UnitID) (one portal.Holding, holds bool) {
	if unit == "" {
		return portal.Holding{Right: right}, true
	}
	chain := p.chain(unit)
	return portal.Holding{Right: right, Unit: unit, Above: chain}, len(chain) > 0
}

// above is the organisation chart, when a right of some entitlements is narrowed to a
// unit of it; nil else, since nobody asks.
func (s *Store) above(ctx context.Context, from rows, collectivity portal.CollectivityID, all []entitlement) (parents, error) {
	if !slices.ContainsFunc(all, func(one entitlement) bool { return one.unit != "" }) {
		return nil, nil
	}
	return parentsIn(ctx, from, collectivity)
}

// entitlement is a unit, a group or a right of an agent.
type entitlement struct {
	kind, name string
	unit       portal.UnitID  // that a right is narrowed to
	lender     portal.AgentID // of a right; "" when it is not lent
}

// entitlements reads those of who an account, an agent and a unit are.
func (s *Store) entitlements(ctx context.Context, from rows, who portal.Caller) ([]entitlement, error) {
	return s.entitledBy(ctx, from, who, s.now())
}

// entitledBy is entitlements with what starts until a moment and is not over now.
func (s *Store) entitledBy(ctx context.Context, from rows, who portal.Caller, started time.Time) ([]entitlement, error) {
	found, err := from.Query(ctx, `WITH RECURSIVE me (agent, unit) AS (SELECT CAST($5 AS TEXT), CAST($6 AS TEXT))`+entitledSQL,
		string(who.Collectivity), string(who.Account), database.Millis(s.now()), database.Millis(started), string(who.Agent), string(who.Unit))
	return database.Collect(found, err, func(rows *sql.Rows) (one entitlement, err error) { return one, one.scan(rows.Scan) })
}

// readEntitled is entitlements for the agent that an account is in a collectivity,
// the oldest if there were several, as memberOf says.
func (s *Store) readEntitled(account portal.AccountID, collectivity portal.CollectivityID, to *[]entitlement) database.Read {
	now := database.Millis(s.now())
	return database.Read{
		Query: `WITH RECURSIVE me (agent, unit) AS (
			SELECT id, unit FROM agents WHERE account = $2 AND collectivity = $1 AND active ORDER BY created LIMIT 1)` + entitledSQL,
		Args: []any{string(collectivity), string(account), now, now},
		Row: func(scan func(...any) error) error {
			var one entitlement
			err := one.scan(scan)
			*to = append(*to, one)
			return err
		},
	}
}

// entitledSQL follows who "me" is. SQLite keeps the order of a CROSS JOIN: what is
// given is looked up for each of what she is, however much there is.
const entitledSQL = `, above (id, parent) AS (
		SELECT u.id, u.parent FROM me CROSS JOIN units u WHERE u.collectivity = $1 AND u.id = me.unit
		UNION SELECT u.id, u.parent FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent
	), mine (kind, subject) AS (
		SELECT 'everyone', '' UNION ALL SELECT 'agent', agent FROM me
		UNION ALL SELECT 'group', m.group_id FROM me CROSS JOIN agent_group_members m WHERE m.collectivity = $1 AND m.agent = me.agent
		UNION ALL SELECT 'unit', id FROM above
	)
	SELECT kind, subject, '', '' FROM mine WHERE kind IN ('group', 'unit')
	UNION ALL SELECT 'right', right_name, '', '' FROM account_rights WHERE account = $2
	UNION ALL SELECT 'right', g.right_name, g.in_unit, g.lent_by FROM mine CROSS JOIN rights_given g
		WHERE g.collectivity = $1 AND g.kind = mine.kind AND g.subject = mine.subject AND g.taken = 0 AND g.starts <= $4 AND (g.ends = 0 OR g.ends > $3)`

func (e *entitlement) scan(scan func(...any) error) error {
	return scan(&e.kind, &e.name, &e.unit, &e.lender)
}

// lends says whether an agent may enter and holds a right herself, where it is lent:
// what she lent is worth nothing any more once she does not.
func (s *Store) lends(ctx context.Context, collectivity portal.CollectivityID, lender portal.AgentID, lent portal.Holding) (bool, error) {
	she := portal.Caller{Collectivity: collectivity, Agent: lender}
	err := s.db.QueryRow(ctx, `
		SELECT a.unit FROM agents a JOIN accounts c ON c.id = a.account
		WHERE a.collectivity = $1 AND a.id = $2 AND a.active AND c.active`, string(collectivity), string(lender)).Scan(&she.Unit)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	all, err := s.entitlements(ctx, s.db, she)
	if err != nil {
		return false, err
	}
	above, err := s.above(ctx, s.db, collectivity, all)
	for _, one := range all {
		if one.kind != "right" || one.lender != "" {
			continue
		}
		if holding, holds := above.holding(portal.Right(one.name), one.unit); holds {
			hold(&she, holding)
		}
	}
	return she.Holds(lent), err
}

// Standing is who an agent of the caller's collectivity is when she asks, without
// any right, for its administrator to see what is open to her. portal.ErrNotFound
// for an agent who is not there or may not enter.
func (s *Store) Standing(ctx context.Context, caller portal.Caller, agent portal.AgentID) (portal.Caller, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return portal.Caller{}, fmt.Errorf("directory: find standing: %w", err)
	}
	card, err := s.bareAgent(ctx, caller, agent)
	if err != nil {
		return portal.Caller{}, err
	}
	she := portal.Caller{Account: card.Account, Agent: card.ID, Collectivity: caller.Collectivity, Unit: card.Unit}
	err = s.entitle(ctx, &she)
	she.Rights, she.Narrowed = nil, nil
	return she, err
}

// ThemeURL gives the address of a collectivity's colours, which the server
// that serves them knows.
type ThemeURL func(c Collectivity) string

// identity is who an account is in a collectivity and what every page shows of
// her. An empty collectivity is the account's oldest; who has none but operates
// the pool is nobody's agent.
func (s *Store) identity(ctx context.Context, theme ThemeURL, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error) {
	all, entitled, err := s.standings(ctx, account, collectivity)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 && collectivity == "" {
		return s.operator(ctx, account)
	}
	here := 0
	if collectivity != "" {
		here = memberOf(all, collectivity)
	}
	if here < 0 {
		return s.helper(ctx, theme, account, collectivity)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("directory: find identity: %w", portal.ErrNotFound)
	}
	c, err := s.remembered(ctx, all[here].Collectivity)
	if err != nil {
		return nil, err
	}
	identity := &web.Identity{
		PersonName: all[here].personName, Language: all[here].language, Scheme: all[here].scheme,
		Collectivity: c.shown(theme), Away: strings.Fields(all[here].away),
	}
	identity.Caller = callerOf(account, all[here])
	if collectivity == "" {
		err = s.entitle(ctx, &identity.Caller)
	} else {
		err = s.fill(ctx, &identity.Caller, entitled)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: find identity: %w", err)
	}
	for i, m := range all {
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

// shown is what pages show of a collectivity.
func (b body) shown(theme ThemeURL) web.Collectivity {
	shown := web.Collectivity{ID: b.ID, Name: b.Name, LongName: b.LongName, Kind: b.Kind, Phone: b.Phone, Language: b.Language, Zone: b.zone, Assistance: b.help}
	shown.Logo = b.logo()
	if theme != nil {
		shown.ThemeURL = theme(b.Collectivity)
	}
	return shown
}

// versionOf changes with anything that a page shows of an identity.
func versionOf(identity *web.Identity) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q %q %q %q", identity.Caller.Audience(), identity.Caller.Agent, identity.Caller.Unit,
		identity.PersonName, identity.Language, identity.Scheme)
	fmt.Fprintf(sum, "%q %q %q %q %q %v", identity.Collectivity.Name, identity.Collectivity.LongName,
		identity.Collectivity.Phone, identity.Collectivity.ThemeURL, cmp.Or(identity.Collectivity.Language, "fr"), identity.Collectivity.Zone)
	fmt.Fprintf(sum, "%q", identity.Collectivity.Logo.URL)
	if help := identity.Collectivity.Assistance; help != nil {
		fmt.Fprintf(sum, "%q", help.ID)
	}
	for _, m := range identity.Memberships {
		fmt.Fprintf(sum, "%q %q %v", m.ID, m.Name, m.Current)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
