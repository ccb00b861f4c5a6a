package sso

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// AppPasswords are the passwords of phones and other programs that speak a
// protocol. Each is of one agent of one account: the collectivity that the
// person was in when she made it.
type AppPasswords struct {
	db     *database.DB
	people People
	log    *slog.Logger
	now    func() time.Time

	allowed *Memory[sessionHash, portal.Caller]
	seen    *window // a wrong password that was seen already
	callers *window // wrong passwords by network address, each counted once
}

// AppPassword is one of a person's passwords, without its secret.
type AppPassword struct {
	ID            string
	Name          string // "Mon téléphone"
	Created, Used time.Time
}

const (
	appIDSize     = 8  // characters of the prefix
	appSecretSize = 26 // characters holding at least 128 random bits
	// maxAppPasswords of one agent; nobody has more devices.
	maxAppPasswords = 50
	// wrongByNetwork is how many different wrong passwords may come from one
	// address in wrongWithin before it is told to wait. A phone that keeps trying
	// an old one counts once. Accounts are not counted: nobody guesses 128 bits,
	// and anybody could stop another's phones.
	wrongByNetwork   = 200
	wrongWithin      = 15 * time.Minute
	maxAllowedCached = 5000
)

func newAppPasswords(db *database.DB, people People, log *slog.Logger, now func() time.Time) *AppPasswords {
	return &AppPasswords{
		db: db, people: people, log: log, now: now, allowed: NewMemory[sessionHash, portal.Caller](maxAllowedCached, now),
		seen:    newWindow(1, wrongWithin, now),
		callers: newWindow(wrongByNetwork, wrongWithin, now),
	}
}

// Create makes a password for the caller's agent and returns it, the only time
// that it can be read: "k3v9m2p7-q4r8-…", to be typed with or without dashes.
func (a *AppPasswords) Create(ctx context.Context, caller portal.Caller, name string) (password string, err error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", portal.FieldErrors{portal.Invalid("name", "sso.error.app-name")}
	case utf8.RuneCountInString(name) > 60 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", portal.FieldErrors{portal.Invalid("name", "sso.error.app-name-long")}
	}
	id, secret := portal.NewID()[:appIDSize], portal.NewSecret()[:appSecretSize]
	hash := sha256.Sum256([]byte(id + secret))
	err = a.db.Tx(ctx, func(tx *database.Tx) error {
		var count int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM app_passwords WHERE collectivity = $1 AND account = $2`,
			string(caller.Collectivity), string(caller.Account)).Scan(&count)
		if err != nil {
			return err
		}
		if count >= maxAppPasswords {
			return portal.FieldErrors{portal.Invalid("name", "sso.error.app-many")}
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO app_passwords (collectivity, id, account, name, hash, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(caller.Collectivity), id, string(caller.Account), name, hash[:], database.Millis(a.now()))
		if err != nil {
			return err
		}
		return journal(ctx, tx, caller, audit.AppPasswordCreated, id)
	})
	if err != nil {
		return "", fmt.Errorf("sso: create app password: %w", err)
	}
	return id + "-" + grouped(secret), nil
}

// grouped cuts a secret in fours, as one reads it from a screen to a phone.
func grouped(secret string) string {
	var out strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 && len(secret)-i >= 4 {
			out.WriteByte('-')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// List returns the passwords of the caller's agent, the newest first.
func (a *AppPasswords) List(ctx context.Context, caller portal.Caller) ([]AppPassword, error) {
	rows, err := a.db.Query(ctx, `
		SELECT id, name, created, used FROM app_passwords WHERE collectivity = $1 AND account = $2 ORDER BY created DESC, id`,
		string(caller.Collectivity), string(caller.Account))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (AppPassword, error) {
		var one AppPassword
		var created, used int64
		err := rows.Scan(&one.ID, &one.Name, &created, &used)
		one.Created, one.Used = database.FromMillis(created), database.FromMillis(used)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("sso: list app passwords: %w", err)
	}
	return all, nil
}

// Revoke ends one password of the caller's agent, from the next request on.
func (a *AppPasswords) Revoke(ctx context.Context, caller portal.Caller, id string) error {
	err := a.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `DELETE FROM app_passwords WHERE collectivity = $1 AND account = $2 AND id = $3`,
			string(caller.Collectivity), string(caller.Account), id))
		if err != nil {
			return err
		}
		return journal(ctx, tx, caller, audit.AppPasswordRevoked, id)
	})
	a.Forget(caller.Account)
	if err != nil {
		return fmt.Errorf("sso: revoke app password: %w", err)
	}
	return nil
}

// Forget makes the next request of an account ask the store again.
func (a *AppPasswords) Forget(account portal.AccountID) { a.allowed.Forget(account) }

// Authenticate returns the agent that a login and an app password are of. It is
// made for protocols that send both at each request: right ones are remembered
// for 5 seconds, wrong ones cost no argon2 and, once seen, no query. A right one
// is never refused for the wrong ones of others. address is the client's.
// portal.ErrDenied when it refuses: ErrWrong, or how long to wait.
func (a *AppPasswords) Authenticate(ctx context.Context, login, password, address string) (portal.Caller, error) {
	canonical, ok := CanonicalLogin(login)
	id, plain, formed := splitAppPassword(password)
	tried := sha256.Sum256([]byte(canonical + "\x00" + password))
	known, epoch, found := a.allowed.Get(tried)
	if found {
		return known, nil
	}
	key := string(tried[:16])
	if a.seen.full(key) > 0 {
		return portal.Caller{}, ErrWrong
	}
	caller, err := portal.Caller{}, ErrWrong
	if ok && formed {
		caller, err = a.check(ctx, canonical, id, plain)
	}
	if errors.Is(err, ErrWrong) {
		refusal := a.count(key, network(address))
		return portal.Caller{}, errors.Join(refusal, a.journalRefusal(ctx, canonical, address, refusal))
	}
	if err != nil {
		return portal.Caller{}, err
	}
	a.allowed.Keep(tried, caller.Account, caller, epoch)
	return caller, nil
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

func (a *AppPasswords) check(ctx context.Context, login, id, plain string) (portal.Caller, error) {
	account, err := a.people.AccountOf(ctx, login)
	if err != nil {
		return portal.Caller{}, fmt.Errorf("sso: check app password: %w", err)
	}
	rows, err := a.db.Query(ctx, `SELECT collectivity, hash, used FROM app_passwords WHERE account = $1 AND id = $2`, string(account), id)
	type kept struct {
		collectivity portal.CollectivityID
		hash         []byte
		used         int64
	}
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (k kept, err error) {
		return k, rows.Scan(&k.collectivity, &k.hash, &k.used)
	})
	if err != nil {
		return portal.Caller{}, fmt.Errorf("sso: check app password: %w", err)
	}
	sum := sha256.Sum256([]byte(plain))
	for _, one := range all {
		if subtle.ConstantTimeCompare(one.hash, sum[:]) == 1 {
			a.touch(ctx, one.collectivity, id, one.used)
			return a.callerOf(ctx, account, one.collectivity)
		}
	}
	return portal.Caller{}, ErrWrong
}

// callerOf is the agent of a right password. One whose agent was closed is not
// counted as a wrong password: the phone may come back when it is opened.
func (a *AppPasswords) callerOf(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error) {
	identity, err := a.people.Identity(ctx, account, collectivity)
	if err != nil {
		return portal.Caller{}, errNotAllowed(err)
	}
	return identity.Caller, nil
}

// touch writes the hour of last use, at most once a minute.
func (a *AppPasswords) touch(ctx context.Context, collectivity portal.CollectivityID, id string, used int64) {
	now := a.now()
	if now.Sub(time.UnixMilli(used)) < touchEvery {
		return
	}
	_, err := a.db.Exec(ctx, `UPDATE app_passwords SET used = $1 WHERE collectivity = $2 AND id = $3`,
		database.Millis(now), string(collectivity), id)
	if err != nil && ctx.Err() == nil {
		a.log.Warn("last use of an app password not written", "error", err)
	}
}
