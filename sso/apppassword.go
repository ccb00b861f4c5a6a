package sso

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
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
	late   *late

	allowed *Memory[sessionHash, allowed]
	seen    *window // a wrong password that was seen already
	callers *window // wrong passwords by network address, each counted once
}

// AppPassword is one of a person's passwords, without its secret.
type AppPassword struct {
	ID            string
	Name          string // "Mon téléphone"
	Scopes        portal.Scopes
	Ends          time.Time // the first instant without it, zero for never
	Created, Used time.Time // Used is zero for never
	Address       string    // of the last use
	// Stopped is why the directory server or the issuer lets its person in no more,
	// "" when it does. It serves again when she is back.
	Stopped audit.Reason
}

// Ended says whether its time is over.
func (p AppPassword) Ended(now time.Time) bool { return !p.Ends.IsZero() && !now.Before(p.Ends) }

// LastDay is an instant of the last day on which it serves.
func (p AppPassword) LastDay() time.Time { return p.Ends.Add(-time.Second) }

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
	// longestAdministration bounds what can do harm where nobody looks: a program
	// that administers is given a password anew each year.
	longestAdministration = 367 * 24 * time.Hour
)

func newAppPasswords(db *database.DB, late *late, people People, log *slog.Logger, now func() time.Time) *AppPasswords {
	return &AppPasswords{
		db: db, people: people, log: log, now: now, late: late, allowed: NewMemory[sessionHash, allowed](maxAllowedCached, now),
		seen:    newWindow(1, wrongWithin, now),
		callers: newWindow(wrongByNetwork, wrongWithin, now),
	}
}

// Create makes a password for the caller's agent, with the Name, Scopes and Ends
// of wanted, and returns it, the only time that it can be read:
// "k3v9m2p7-q4r8-…", to be typed with or without dashes.
func (a *AppPasswords) Create(ctx context.Context, caller portal.Caller, wanted AppPassword) (password string, err error) {
	wanted.Name = strings.TrimSpace(wanted.Name)
	if err := wanted.check(caller, a.now()); err != nil {
		return "", err
	}
	home, err := a.homeOf(ctx, caller)
	if err != nil {
		return "", fmt.Errorf("sso: create app password: %w", err)
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
			INSERT INTO app_passwords (collectivity, id, account, name, hash, scopes, ends, home, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			string(caller.Collectivity), id, string(caller.Account), wanted.Name, hash[:], wanted.Scopes.String(), database.Millis(wanted.Ends),
			string(home), database.Millis(a.now()))
		if err != nil {
			return err
		}
		line := audit.By(caller, audit.AppPasswordCreated)
		line.ObjectID, line.Detail = id, wanted.Scopes.String()
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return "", fmt.Errorf("sso: create app password: %w", err)
	}
	return id + "-" + grouped(secret), nil
}

func (p AppPassword) check(caller portal.Caller, now time.Time) error {
	open := portal.ScopesFor(caller)
	unknown := func(scope portal.Scope) bool { return !slices.Contains(open, scope) }
	governs := slices.ContainsFunc(p.Scopes, portal.Scope.Administrative)
	switch {
	case p.Name == "":
		return portal.FieldErrors{portal.Invalid("name", "sso.error.app-name")}
	case utf8.RuneCountInString(p.Name) > 60 || !utf8.ValidString(p.Name) || strings.ContainsFunc(p.Name, unicode.IsControl):
		return portal.FieldErrors{portal.Invalid("name", "sso.error.app-name-long")}
	case len(p.Scopes) == 0 || slices.ContainsFunc(p.Scopes, unknown):
		return portal.FieldErrors{portal.Invalid("scope", "sso.error.app-scope")}
	case p.Ended(now):
		return portal.FieldErrors{portal.Invalid("ends", "sso.error.app-ends")}
	case governs && (p.Ends.IsZero() || p.Ends.Sub(now) > longestAdministration):
		return portal.FieldErrors{portal.Invalid("ends", "sso.error.app-ends-needed")}
	}
	return nil
}

// homeOf is the collectivity whose method vouches for the caller.
func (a *AppPasswords) homeOf(ctx context.Context, caller portal.Caller) (portal.CollectivityID, error) {
	login, err := a.people.LoginOf(ctx, caller.Account)
	if err != nil {
		return "", err
	}
	place, err := a.people.Locate(ctx, login)
	return cmp.Or(place.Collectivity.ID, caller.Collectivity), err
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
	if err := a.late.flush(ctx); err != nil {
		return nil, fmt.Errorf("sso: list app passwords: %w", err)
	}
	rows, err := a.db.Query(ctx, `
		SELECT id, name, scopes, ends, created, used, address, stopped FROM app_passwords WHERE collectivity = $1 AND account = $2 ORDER BY created DESC, id`,
		string(caller.Collectivity), string(caller.Account))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (AppPassword, error) {
		var one AppPassword
		var scopes string
		var ends, created, used int64
		err := rows.Scan(&one.ID, &one.Name, &scopes, &ends, &created, &used, &one.Address, &one.Stopped)
		one.Scopes, one.Ends = portal.ParseScopes(scopes), database.FromMillis(ends)
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
