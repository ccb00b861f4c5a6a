package sso

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Who is of whom a collectivity asks for a second factor.
type Who string

// The choices.
const (
	Nobody         Who = "nobody"
	Administrators Who = "administrators"
	SomeGroups     Who = "groups"
	Everyone       Who = "everyone"
)

// Whos lists them, the laxest first.
var Whos = []Who{Nobody, Administrators, SomeGroups, Everyone}

// Policy is what a collectivity asks for beside the password. It binds who enters
// that collectivity: an account of two is asked by each as it enters it, so that
// one neither weakens nor hardens the other.
type Policy struct {
	Who    Who
	Groups []portal.GroupID // with SomeGroups, sorted
	From   time.Time        // the first instant; the zero time is at once
	// Alone lets a passkey do without the password. Where a directory server or an
	// issuer vouches for people, that one is then not asked.
	Alone bool
	// Issuer counts the second factor that the collectivity's own issuer says it
	// asked for.
	Issuer bool
}

// Binds says whether a caller must have a second factor.
func (p Policy) Binds(caller portal.Caller, now time.Time) bool {
	if now.Before(p.From) {
		return false
	}
	return p.Names(caller)
}

// Names says whether a caller is one of those who must, whatever the date.
func (p Policy) Names(caller portal.Caller) bool {
	switch p.Who {
	case Everyone:
		return true
	case Administrators:
		return caller.Administers()
	case SomeGroups:
		return slices.ContainsFunc(p.Groups, caller.In)
	}
	return false
}

// Policies keeps what each collectivity asks for.
type Policies struct {
	db      *database.DB
	methods *Methods
	now     func() time.Time
	known   sync.Map // portal.CollectivityID → knownPolicy
}

type knownPolicy struct {
	Policy
	until time.Time
}

// Of returns the policy of a collectivity: nobody must when none was set, and a
// passkey is enough where Parvis keeps the passwords. Another node sees a change
// within five seconds.
func (p *Policies) Of(ctx context.Context, collectivity portal.CollectivityID) (Policy, error) {
	if found, ok := p.known.Load(collectivity); ok && p.now().Before(found.(knownPolicy).until) {
		return found.(knownPolicy).Policy, nil
	}
	policy, err := p.read(ctx, collectivity)
	if err != nil {
		return Policy{}, fmt.Errorf("sso: read policy of %q: %w", collectivity, err)
	}
	p.known.Store(collectivity, knownPolicy{policy, p.now().Add(cacheLife)})
	return policy, nil
}

func (p *Policies) read(ctx context.Context, collectivity portal.CollectivityID) (Policy, error) {
	var policy Policy
	var starts int64
	err := p.db.QueryRow(ctx, `SELECT who, starts, alone, issuer FROM sso_policies WHERE collectivity = $1`, string(collectivity)).
		Scan(&policy.Who, &starts, &policy.Alone, &policy.Issuer)
	if errors.Is(err, portal.ErrNotFound) {
		method, err := p.methods.Of(ctx, collectivity)
		return Policy{Who: Nobody, Alone: method.Kind == Embedded}, err
	}
	if err != nil {
		return Policy{}, err
	}
	policy.From = database.FromMillis(starts)
	rows, err := p.db.Query(ctx, `SELECT group_id FROM sso_policy_groups WHERE collectivity = $1 ORDER BY group_id`, string(collectivity))
	policy.Groups, err = database.Collect(rows, err, func(rows *sql.Rows) (group portal.GroupID, err error) {
		return group, rows.Scan(&group)
	})
	return policy, err
}

// Set replaces the policy of the caller's collectivity. portal.ErrDenied but for
// its administrator; portal.FieldErrors when it makes no sense.
func (p *Policies) Set(ctx context.Context, caller portal.Caller, policy Policy, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("sso: set policy: %w", err)
	}
	if err := policy.check(); err != nil {
		return err
	}
	err := p.db.Tx(ctx, func(tx *database.Tx) error { return writePolicy(ctx, tx, caller, policy, address) })
	p.known.Delete(caller.Collectivity)
	if err != nil {
		return fmt.Errorf("sso: set policy: %w", err)
	}
	return nil
}

func (p Policy) check() error {
	switch {
	case !slices.Contains(Whos, p.Who):
		return portal.FieldErrors{portal.Invalid("who", "sso.error.who")}
	case p.Who == SomeGroups && len(p.Groups) == 0:
		return portal.FieldErrors{portal.Invalid("groups", "sso.error.no-group")}
	}
	return nil
}

func writePolicy(ctx context.Context, tx *database.Tx, caller portal.Caller, policy Policy, address string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO sso_policies (collectivity, who, starts, alone, issuer) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collectivity) DO UPDATE SET who = excluded.who, starts = excluded.starts, alone = excluded.alone,
			issuer = excluded.issuer`,
		string(caller.Collectivity), string(policy.Who), database.Millis(policy.From), policy.Alone, policy.Issuer)
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, `DELETE FROM sso_policy_groups WHERE collectivity = $1`, string(caller.Collectivity)); err != nil {
		return err
	}
	if policy.Who == SomeGroups {
		for _, group := range policy.Groups {
			_, err := tx.Exec(ctx, `INSERT INTO sso_policy_groups (collectivity, group_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
				string(caller.Collectivity), string(group))
			if err != nil {
				return err
			}
		}
	}
	line := audit.By(caller, audit.FactorPolicy)
	line.Detail, line.Address = string(policy.Who), address
	return audit.Write(ctx, tx, line)
}
