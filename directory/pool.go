package directory

import (
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
)

// Hosted is a collectivity as the operator of the pool sees it: its name and
// its size, nothing of what it holds.
type Hosted struct {
	Collectivity
	Suspended time.Time // zero for one that is open
	Agents    int       // active ones
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
}

// PoolList is a page of collectivities in the order of their names.
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
	for i := range found { // only of those shown: counting is most of the work
		if found[i].Agents, err = s.count(ctx, countActive, found[i].ID); err != nil {
			return PoolList{}, err
		}
	}
	list.Rows = found
	return list, nil
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
	rows, err := s.db.Query(ctx, `SELECT `+collectivityColumns+`, suspended FROM collectivities ORDER BY id`)
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
		return query.Kind != "" && one.Kind != query.Kind || query.State != "" && one.state() != query.State ||
			slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(searched, " "+word) })
	})
	for i := range all {
		all[i].Domains = domains[all[i].ID]
	}
	slices.SortStableFunc(all, func(a, b Hosted) int { return strings.Compare(names[a.ID], names[b.ID]) })
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
	one.Collectivity, err = scanCollectivity(func(dest ...any) error { return rows.Scan(append(dest, &suspended)...) })
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
	rows, err := s.db.Query(ctx, `SELECT `+collectivityColumns+`, suspended FROM collectivities WHERE id = $1`, string(id))
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
// and of the pool. Suspending what is suspended changes nothing. It needs the
// right to operate the pool.
func (s *Store) Suspend(ctx context.Context, caller portal.Caller, id portal.CollectivityID, address string) error {
	return s.setOpen(ctx, caller, id, false, audit.CollectivitySuspended, address)
}

// Resume opens a suspended collectivity again, as it was.
func (s *Store) Resume(ctx context.Context, caller portal.Caller, id portal.CollectivityID, address string) error {
	return s.setOpen(ctx, caller, id, true, audit.CollectivityResumed, address)
}

func (s *Store) setOpen(ctx context.Context, caller portal.Caller, id portal.CollectivityID, active bool, action audit.Action, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: %s: %w", action, err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var name string
		var was bool
		if err := tx.QueryRow(ctx, `SELECT name, active FROM collectivities WHERE id = $1`, string(id)).Scan(&name, &was); err != nil {
			return err
		}
		if was == active {
			return nil
		}
		since := int64(0)
		if !active {
			since = database.Millis(s.now())
		}
		if _, err := tx.Exec(ctx, `UPDATE collectivities SET active = $1, suspended = $2 WHERE id = $3`, active, since, string(id)); err != nil {
			return err
		}
		return s.tellBoth(ctx, tx, caller, action, id, name, address)
	})
	if err != nil {
		return fmt.Errorf("directory: %s %q: %w", action, id, err)
	}
	s.bodies.Delete(id)
	s.changed("")
	return nil
}

// tellBoth writes what the operator did to a collectivity into its own journal
// and into that of the pool.
func (s *Store) tellBoth(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, id portal.CollectivityID, name, address string) error {
	line, err := s.byOperator(ctx, tx, caller, action, address)
	if err != nil {
		return err
	}
	line.Object, line.ObjectID = name, string(id)
	for _, line.Collectivity = range []portal.CollectivityID{"", id} {
		if err := audit.Write(ctx, tx, line); err != nil {
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

// SuspendedAt names the suspended collectivity of an id or of an e-mail domain,
// "" when there is none.
func (s *Store) SuspendedAt(ctx context.Context, id portal.CollectivityID, domain string) (name string, err error) {
	err = s.db.QueryRow(ctx, `
		SELECT c.name FROM collectivities c LEFT JOIN collectivity_domains d ON d.collectivity = c.id
		WHERE NOT c.active AND (c.id = $1 OR d.domain = $2) LIMIT 1`, string(id), domain).Scan(&name)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return "", fmt.Errorf("directory: find what is suspended: %w", err)
	}
	return name, nil
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
	s.bodies.Delete(c.ID)
	s.books.touchAll(c.ID)
	s.changed("")
	return nil
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
