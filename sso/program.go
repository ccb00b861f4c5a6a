package sso

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Forget makes the next request of an account ask the store again.
func (a *AppPasswords) Forget(account portal.AccountID) { a.allowed.Forget(account) }

// ForgetIn is Forget for all who are in a collectivity.
func (a *AppPasswords) ForgetIn(collectivity portal.CollectivityID) {
	a.allowed.ForgetThose(func(one allowed) bool { return one.Collectivity == collectivity })
}

// Authenticate returns the agent that a login and an app password are of. It is
// made for protocols that send both at each request: right ones are remembered
// for 5 seconds, wrong ones cost no argon2 and, once seen, no query. A right one
// is never refused for the wrong ones of others. address is the client's.
// portal.ErrDenied when it refuses: ErrWrong, or how long to wait.
func (a *AppPasswords) Authenticate(ctx context.Context, login, password, address string) (portal.Program, error) {
	canonical, ok := CanonicalLogin(login)
	id, plain, formed := splitAppPassword(password)
	tried := sha256.Sum256([]byte(canonical + "\x00" + password))
	known, epoch, found := a.allowed.Get(tried)
	if found && known.serves(a.now()) {
		return known.Program, nil
	}
	key := string(tried[:16])
	if a.seen.full(key) > 0 {
		return portal.Program{}, ErrWrong
	}
	right, err := allowed{}, error(ErrWrong)
	if ok && formed {
		right, err = a.check(ctx, canonical, id, plain, address)
	}
	if errors.Is(err, ErrWrong) {
		refusal := a.count(key, Network(address))
		return portal.Program{}, errors.Join(refusal, a.journalRefusal(ctx, canonical, address, refusal))
	}
	if err != nil {
		return portal.Program{}, err
	}
	a.allowed.Keep(tried, right.Account, right, epoch)
	return right.Program, nil
}

// count counts a wrong password the first time that it is seen and returns what
// to answer: ErrWrong, or how long a client that tries too many must wait.
func (a *AppPasswords) count(key, client string) error {
	a.seen.add(key)
	if wait := a.callers.add(client); wait > 0 {
		return errWait(wait)
	}
	return ErrWrong
}

// journalRefusal tells the collectivity of a known account of a password that
// was not seen before: a phone that keeps trying an old one makes one line in
// wrongWithin.
func (a *AppPasswords) journalRefusal(ctx context.Context, login, address string, cause error) error {
	account, err := a.people.AccountOf(ctx, login)
	if err != nil || account == "" {
		return err
	}
	place, err := a.people.Locate(ctx, login)
	if err != nil {
		return err
	}
	return audit.Write(ctx, a.db, audit.Line{
		At: a.now(), Collectivity: place.Collectivity.ID, Account: account, Login: login,
		Action: audit.AppPasswordRefused, Refused: ReasonOf(cause), Address: address,
	})
}

// splitAppPassword undoes what people do to a password that they copy.
func splitAppPassword(password string) (id, plain string, ok bool) {
	if len(password) > 200 {
		return "", "", false
	}
	plain = strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, password)
	if len(plain) != appIDSize+appSecretSize {
		return "", "", false
	}
	return plain[:appIDSize], plain, true
}

// allowed is what a right password allows, until it ends.
type allowed struct {
	portal.Program
	ends time.Time // zero for never
}

func (a allowed) serves(now time.Time) bool { return a.ends.IsZero() || now.Before(a.ends) }

// kept is a password as the store has it.
type kept struct {
	collectivity portal.CollectivityID
	hash         []byte
	scopes       string
	ends, used   int64
	stopped      audit.Reason
}

func (a *AppPasswords) check(ctx context.Context, login, id, plain, address string) (allowed, error) {
	account, err := a.people.AccountOf(ctx, login)
	if err != nil {
		return allowed{}, fmt.Errorf("sso: check app password: %w", err)
	}
	rows, err := a.db.Query(ctx, `SELECT collectivity, hash, scopes, ends, used, stopped FROM app_passwords WHERE account = $1 AND id = $2`,
		string(account), id)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (k kept, err error) {
		return k, rows.Scan(&k.collectivity, &k.hash, &k.scopes, &k.ends, &k.used, &k.stopped)
	})
	if err != nil {
		return allowed{}, fmt.Errorf("sso: check app password: %w", err)
	}
	sum := sha256.Sum256([]byte(plain))
	for _, one := range all {
		if subtle.ConstantTimeCompare(one.hash, sum[:]) == 1 {
			return a.admit(ctx, account, id, one, address)
		}
	}
	return allowed{}, ErrWrong
}

// errEnded is for the right password of a program whose time is over.
var errEnded = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.app-ended"}

// admit is what the right password of an account allows. One that ended, or whose
// person may not enter, is not counted as wrong: the phone may come back.
func (a *AppPasswords) admit(ctx context.Context, account portal.AccountID, id string, one kept, address string) (allowed, error) {
	right := allowed{ends: database.FromMillis(one.ends)}
	switch {
	case !right.serves(a.now()):
		return allowed{}, errEnded
	case one.stopped != "":
		return allowed{}, Because(errNotAllowed(portal.ErrNotFound), one.stopped)
	}
	identity, err := a.people.Identity(ctx, account, one.collectivity)
	if err == nil && identity.Caller.Agent == "" {
		err = portal.ErrNotFound // she operates the pool, and at most assists the collectivity, on its pages
	}
	if err != nil {
		return allowed{}, errNotAllowed(err)
	}
	a.touch(one, id, address)
	right.Program = portal.Program{Caller: identity.Caller, Scopes: portal.ParseScopes(one.scopes), Password: id}
	return right, nil
}

// touch has it written when and from where a password was last used, at most once a minute.
func (a *AppPasswords) touch(one kept, id, address string) {
	now := a.now()
	if now.Sub(database.FromMillis(one.used)) < touchEvery {
		return
	}
	a.late.put("used "+string(one.collectivity)+" "+id, func(ctx context.Context, to database.Writer) error {
		_, err := to.Exec(ctx, `UPDATE app_passwords SET used = $1, address = $2 WHERE collectivity = $3 AND id = $4`,
			database.Millis(now), address, string(one.collectivity), id)
		return err
	})
}
