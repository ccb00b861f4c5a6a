package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/sso"
)

// Hosted is a collectivity as the operator of the pool sees it: its name and
// its size, nothing of what it holds.
type Hosted struct {
	Collectivity
	Suspended time.Time // zero for one that is open
	Suspension
	Agents int // active ones
}

// Suspension is what is said of a collectivity that is suspended.
type Suspension struct {
	Reason string // for the pool and for its journal
	Notice string // what its agents read where they sign in, "" for no more than that it is so
}

const maxNotice = 300

func (s Suspension) check() error {
	var wrong portal.Check
	wrong.Text("reason", s.Reason, true, maxNotice)
	wrong.Text("notice", s.Notice, false, maxNotice)
	return wrong.OrNil()
}

// States of a collectivity, to narrow the list by.
const (
	CollectivityOpen      = "open"
	CollectivitySuspended = "suspended"
)

// PoolQuery says which collectivities to list. The zero query lists the first
// page of all.
type PoolQuery struct {
	Text  string // of the name, the identifier, a domain, the SIREN or the INSEE code
	Kind  string // "" for all
	State string // "" for all
	Page  int    // from 1; less is 1
	Whole bool   // all pages at once
	// First are those listed before the others, the highest number first.
	First map[portal.CollectivityID]int
	// Among are the only ones that may be found; nil for all.
	Among map[portal.CollectivityID]bool
}

// PoolList is a page of collectivities: what comes first, then by name.
type PoolList struct {
	Rows        []Hosted
	Total       int // that the query finds
	Page, Pages int
}

const poolSize = 25

// Pool lists the collectivities with their domains and sizes. It needs the right
// to operate the pool.
func (s *Store) Pool(ctx context.Context, caller portal.Caller, query PoolQuery) (PoolList, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return PoolList{}, fmt.Errorf("directory: pool: %w", err)
	}
	found, err := s.hosted(ctx, query)
	if err != nil {
		return PoolList{}, err
	}
	list := PoolList{Total: len(found), Pages: (len(found) + poolSize - 1) / poolSize}
	list.Page = max(1, min(query.Page, list.Pages))
	if !query.Whole {
		found = found[(list.Page-1)*poolSize : min(len(found), list.Page*poolSize)]
	}
	list.Rows = found
	return list, s.countAgents(ctx, found) // only of those shown: counting is most of the work
}

// countAgents fills in how many agents collectivities have.
func (s *Store) countAgents(ctx context.Context, all []Hosted) error {
	if len(all) == 0 {
		return nil
	}
	at, ids := map[portal.CollectivityID]int{}, make([]any, len(all))
	for i, one := range all {
		at[one.ID], ids[i] = i, string(one.ID)
	}
	rows, err := s.db.Query(ctx, `SELECT collectivity, COUNT(*) FROM agents WHERE active AND collectivity IN (`+database.Params(1, len(ids))+`) GROUP BY collectivity`, ids...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (count int, err error) {
		var id portal.CollectivityID
		err = rows.Scan(&id, &count)
		all[at[id]].Agents = count
		return count, err
	})
	if err != nil {
		return fmt.Errorf("directory: count agents: %w", err)
	}
	return nil
}

const (
	countActive  = `SELECT COUNT(*) FROM agents WHERE collectivity = $1 AND active`
	countInvited = `SELECT COUNT(*) FROM invitations WHERE collectivity = $1`
)

func (s *Store) count(ctx context.Context, query string, id portal.CollectivityID) (count int, err error) {
	if err = s.db.QueryRow(ctx, query, string(id)).Scan(&count); err != nil {
		return 0, fmt.Errorf("directory: count of %q: %w", id, err)
	}
	return count, nil
}

// hosted reads the collectivities that a query finds, sorted by name. A pool has
// a thousand at most: their names are compared here, as people spell them.
func (s *Store) hosted(ctx context.Context, query PoolQuery) ([]Hosted, error) {
	rows, err := s.db.Query(ctx, `SELECT `+collectivityColumns+`, suspended, suspended_reason, suspended_notice FROM collectivities ORDER BY id`)
	all, err := database.Collect(rows, err, scanHosted)
	if err != nil {
		return nil, fmt.Errorf("directory: pool: %w", err)
	}
	domains, err := s.domains(ctx)
	if err != nil {
		return nil, err
	}
	names := map[portal.CollectivityID]string{}
	words := strings.Fields(i18n.Fold(query.Text))
	all = slices.DeleteFunc(all, func(one Hosted) bool {
		names[one.ID] = i18n.Fold(one.Name)
		searched := " " + names[one.ID] + " " + i18n.Fold(strings.Join(append(domains[one.ID], string(one.ID), one.SIREN, one.INSEE), " "))
		return query.Among != nil && !query.Among[one.ID] || query.Kind != "" && one.Kind != query.Kind || query.State != "" && one.state() != query.State ||
			slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(searched, " "+word) })
	})
	for i := range all {
		all[i].Domains = domains[all[i].ID]
	}
	slices.SortStableFunc(all, func(a, b Hosted) int {
		return cmp.Or(query.First[b.ID]-query.First[a.ID], strings.Compare(names[a.ID], names[b.ID]))
	})
	return all, nil
}

func (h Hosted) state() string {
	if h.Active {
		return CollectivityOpen
	}
	return CollectivitySuspended
}

func scanHosted(rows *sql.Rows) (one Hosted, err error) {
	var suspended int64
	one.Collectivity, err = scanCollectivity(func(dest ...any) error { return rows.Scan(append(dest, &suspended, &one.Reason, &one.Notice)...) })
	one.Suspended = database.FromMillis(suspended)
	return one, err
}

// Administrator is one who administers a collectivity, or was asked to.
type Administrator struct {
	Name    string
	Address string    // of her account, else of her card
	Entered time.Time // first sign-in there, zero for never
}

// Hosting is what the operator knows of one collectivity.
type Hosting struct {
	Hosted
	Administrators []Administrator // by name
	Invited        int             // agents with a link that did not serve yet
}

// Hosting returns one collectivity of the pool; portal.ErrNotFound without. It
// needs the right to operate the pool.
func (s *Store) Hosting(ctx context.Context, caller portal.Caller, id portal.CollectivityID) (Hosting, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Hosting{}, fmt.Errorf("directory: hosting: %w", err)
	}
	rows, err := s.db.Query(ctx, `SELECT `+collectivityColumns+`, suspended, suspended_reason, suspended_notice FROM collectivities WHERE id = $1`, string(id))
	found, err := database.Collect(rows, err, scanHosted)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Hosting{}, fmt.Errorf("directory: hosting: %w", err)
	}
	hosting := Hosting{Hosted: found[0]}
	if hosting.Domains, err = s.domainsOf(ctx, id); err != nil {
		return Hosting{}, err
	}
	if hosting.Agents, err = s.count(ctx, countActive, id); err != nil {
		return Hosting{}, err
	}
	if hosting.Invited, err = s.count(ctx, countInvited, id); err != nil {
		return Hosting{}, err
	}
	hosting.Administrators, err = s.administrators(ctx, id)
	return hosting, err
}

func (s *Store) administrators(ctx context.Context, id portal.CollectivityID) ([]Administrator, error) {
	rows, err := s.db.Query(ctx, governing+`
		SELECT a.given_name, a.family_name, COALESCE(p.login, a.email), a.entered FROM agents a
		LEFT JOIN accounts p ON p.id = a.account
		WHERE a.collectivity = $1 AND a.active AND `+governs+` ORDER BY a.sort_name, a.id`, string(id), database.Millis(s.now()))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Administrator, err error) {
		var person Agent
		var entered int64
		err = rows.Scan(&person.GivenName, &person.FamilyName, &one.Address, &entered)
		one.Name, one.Entered = person.Name(), database.FromMillis(entered)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: administrators of %q: %w", id, err)
	}
	return all, nil
}

// domains are the e-mail domains of every collectivity, each sorted.
func (s *Store) domains(ctx context.Context) (map[portal.CollectivityID][]string, error) {
	rows, err := s.db.Query(ctx, `SELECT collectivity, domain FROM collectivity_domains ORDER BY domain`)
	byCollectivity := map[portal.CollectivityID][]string{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (domain string, err error) {
		var id portal.CollectivityID
		if err := rows.Scan(&id, &domain); err != nil {
			return "", err
		}
		byCollectivity[id] = append(byCollectivity[id], domain)
		return domain, nil
	})
	if err != nil {
		return nil, fmt.Errorf("directory: domains: %w", err)
	}
	return byCollectivity, nil
}

// Suspend closes a collectivity: its agents are out at their next request, and
// nothing is lost. address is the client's, for the journals of the collectivity
// and of the pool. Suspending what is suspended changes what is said of it. It
// needs the right to operate the pool. portal.FieldErrors when why is refused.
func (s *Store) Suspend(ctx context.Context, caller portal.Caller, id portal.CollectivityID, why Suspension, address string) error {
	if err := why.check(); err != nil {
		return fmt.Errorf("directory: suspend %q: %w", id, err)
	}
	return s.setOpen(ctx, caller, id, why, audit.CollectivitySuspended, address)
}

// Resume opens a suspended collectivity again, as it was. An erasure that was asked for
// is called back by it; portal.ErrConflict once that is due, for some of it is gone.
func (s *Store) Resume(ctx context.Context, caller portal.Caller, id portal.CollectivityID, address string) error {
	return s.setOpen(ctx, caller, id, Suspension{}, audit.CollectivityResumed, address)
}

// setOpen suspends for a reason, and opens again for none.
func (s *Store) setOpen(ctx context.Context, caller portal.Caller, id portal.CollectivityID, why Suspension, action audit.Action, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: %s: %w", action, err)
	}
	active := why == Suspension{}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var name string
		var was Suspension
		var open bool
		var since int64
		err := tx.QueryRow(ctx, `SELECT name, active, suspended, suspended_reason, suspended_notice FROM collectivities WHERE id = $1`, string(id)).
			Scan(&name, &open, &since, &was.Reason, &was.Notice)
		if err != nil || open == active && was == why {
			return err
		}
		switch {
		case active:
			since = 0
		case since == 0:
			since = database.Millis(s.now())
		}
		_, err = tx.Exec(ctx, `UPDATE collectivities SET active = $1, suspended = $2, suspended_reason = $3, suspended_notice = $4 WHERE id = $5`,
			active, since, why.Reason, why.Notice, string(id))
		if err != nil {
			return err
		}
		if active {
			if err := s.spare(ctx, tx, caller, id, name, address); err != nil {
				return err
			}
		}
		return s.tellBoth(ctx, tx, caller, audit.Line{Action: action, Detail: why.Reason, Object: name, ObjectID: string(id), Address: address})
	})
	if err != nil {
		return fmt.Errorf("directory: %s %q: %w", action, id, err)
	}
	s.bodies.Delete(id)
	s.changed("")
	return nil
}

var errErasing = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.erasing"}

// spare calls back the erasure of a collectivity that is opened: suspended once more,
// it would be erased the day that was said before.
func (s *Store) spare(ctx context.Context, tx *database.Tx, caller portal.Caller, id portal.CollectivityID, name, address string) error {
	var number string
	var due int64
	err := tx.QueryRow(ctx, `SELECT id, due FROM collectivity_erasures WHERE body = $1 AND done = 0`, string(id)).Scan(&number, &due)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		return nil
	case err != nil:
		return err
	case due <= database.Millis(s.now()):
		return errErasing
	}
	if err := tx.Write(ctx, `DELETE FROM collectivity_erasures WHERE id = $1`, number); err != nil {
		return err
	}
	return s.tellBoth(ctx, tx, caller, audit.Line{Action: audit.ErasureRecalled, Detail: number, Object: name, ObjectID: string(id), Address: address})
}

// tellBoth writes what the operator did to a collectivity into its own journal
// and into that of the pool.
func (s *Store) tellBoth(ctx context.Context, tx *database.Tx, caller portal.Caller, line audit.Line) error {
	by, err := s.byOperator(ctx, tx, caller, line.Action, line.Address)
	if err != nil {
		return err
	}
	by.Object, by.ObjectID, by.Detail = line.Object, line.ObjectID, line.Detail
	for _, by.Collectivity = range []portal.CollectivityID{"", portal.CollectivityID(line.ObjectID)} {
		if err := audit.Write(ctx, tx, by); err != nil {
			return err
		}
	}
	return nil
}

// byOperator is a line that names who operates the pool by her login: she is no
// agent of those who read it.
func (s *Store) byOperator(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, address string) (audit.Line, error) {
	line := audit.Line{At: s.now(), Account: caller.Account, Action: action, Address: address}
	err := tx.QueryRow(ctx, `SELECT login FROM accounts WHERE id = $1`, string(caller.Account)).Scan(&line.Login)
	if errors.Is(err, portal.ErrNotFound) {
		err = nil
	}
	return line, err
}

// SuspendedAt tells of the suspended collectivity of an id or of an e-mail domain;
// its name is "" when there is none.
func (s *Store) SuspendedAt(ctx context.Context, id portal.CollectivityID, domain string) (found sso.Suspended, err error) {
	err = s.db.QueryRow(ctx, `
		SELECT c.name, c.suspended_notice FROM collectivities c LEFT JOIN collectivity_domains d ON d.collectivity = c.id
		WHERE NOT c.active AND (c.id = $1 OR d.domain = $2) LIMIT 1`, string(id), domain).Scan(&found.Name, &found.Notice)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return sso.Suspended{}, fmt.Errorf("directory: find what is suspended: %w", err)
	}
	return found, nil
}

// ChangeCollectivity replaces what is known of a public body, its domains
// included. It is a step of set-up, like CreateCollectivity.
func (s *Store) ChangeCollectivity(ctx context.Context, c Collectivity) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return fmt.Errorf("directory: change collectivity %q: %w", c.ID, err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `
			UPDATE collectivities SET name = $2, long_name = $3, kind = $4, siren = $5, insee = $6, zone = $7, language = $8, colour = $9, phone = $10, siret = $11
			WHERE id = $1`, string(c.ID), c.Name, c.LongName, c.Kind, c.SIREN, c.INSEE, c.Zone, string(c.Language), c.Colour, c.Phone, c.SIRET))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM collectivity_domains WHERE collectivity = $1`, string(c.ID)); err != nil {
			return err
		}
		return insertDomains(ctx, tx, c)
	})
	if err != nil {
		return fmt.Errorf("directory: change collectivity %q: %w", c.ID, err)
	}
	s.collectivityChanged(c.ID)
	return nil
}

// collectivityChanged makes every page, and every card with its name, be made anew.
func (s *Store) collectivityChanged(id portal.CollectivityID) {
	s.bodies.Delete(id)
	s.books.touchAll(id)
	s.changed("")
}

// TellPool writes into the journal of the pool what its operator did.
func (s *Store) TellPool(ctx context.Context, caller portal.Caller, action audit.Action, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: tell the pool: %w", err)
	}
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		line, err := s.byOperator(ctx, tx, caller, action, address)
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, line)
	})
}
