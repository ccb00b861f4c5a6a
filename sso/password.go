package sso

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"parvis/portal"
	"parvis/portal/database"
)

// ErrWrong is the one refusal of a wrong password, an unknown login and an
// account without password: nobody may tell them apart. It is a
// portal.UserError of kind portal.ErrDenied.
var ErrWrong error = wrong{}

// wrong can be compared, which a portal.UserError can't.
type wrong struct{}

func (wrong) Error() string { return "sso: wrong login or password" }

func (wrong) Unwrap() error {
	return portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.wrong", Field: "password"}
}

// cost of argon2id: 19 MiB, two passes, one lane (OWASP's first choice); about
// 33 ms of one core. It is written in each hash, so that raising it later
// leaves the hashes that exist readable.
type cost struct{ memory, passes, lanes uint32 }

var argonCost = cost{memory: 19 * 1024, passes: 2, lanes: 1}

const (
	saltSize    = 16
	hashSize    = 32
	maxPassword = 1024 // bytes; nobody types more
)

// Passwords keeps the embedded passwords.
type Passwords struct {
	db    *database.DB
	slots chan struct{} // one a core: more would only share the cores and fill memory
	dummy string        // compared with when there is no hash, at the same cost
}

func newPasswords(db *database.DB) *Passwords {
	p := &Passwords{db: db, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	p.dummy = encodeHash(argonCost, make([]byte, saltSize), make([]byte, hashSize))
	return p
}

// Set gives accounts a password, and ends what the old one opened: their sessions
// and the links to another. Several share one hash, for a demo whose accounts
// share a password. portal.FieldErrors when the password is too weak.
func (p *Passwords) Set(ctx context.Context, password string, accounts ...portal.AccountID) error {
	if err := checkStrength(password); err != nil {
		return fmt.Errorf("sso: set password: %w", err)
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("sso: set password: %w", err)
	}
	err = p.db.Tx(ctx, func(tx *database.Tx) error {
		for _, account := range accounts {
			if err := putHash(ctx, tx, account, hash); err != nil {
				return err
			}
			if err := killLinks(ctx, tx, account); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account = $1`, string(account)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sso: set password: %w", err)
	}
	return nil
}

// putHash replaces what is kept of the password of an account.
func putHash(ctx context.Context, to database.Writer, account portal.AccountID, hash string) error {
	_, err := to.Exec(ctx, `
		INSERT INTO account_passwords (account, hash, changed) VALUES ($1, $2, $3)
		ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, changed = excluded.changed`,
		string(account), hash, time.Now().UnixMilli())
	return err
}

// Has says whether an account has an embedded password.
func (p *Passwords) Has(ctx context.Context, account portal.AccountID) (bool, error) {
	var count int
	err := p.db.QueryRow(ctx, `SELECT COUNT(*) FROM account_passwords WHERE account = $1`, string(account)).Scan(&count)
	if err != nil {
		return false, fmt.Errorf("sso: read password: %w", err)
	}
	return count > 0, nil
}

// verify checks the password of an account, "" for nobody's, and returns its
// mark. It costs the same whatever the answer; ErrWrong when it is not the
// password.
func (p *Passwords) verify(ctx context.Context, account portal.AccountID, password string) (mark string, err error) {
	hash, err := hashOfAccount(ctx, p.db, account)
	if err != nil {
		return "", err
	}
	right, err := p.Matches(ctx, hash, password)
	if err != nil {
		return "", fmt.Errorf("sso: verify password of account %q: %w", account, err)
	}
	if !right {
		return "", ErrWrong
	}
	return markOf(hash), nil
}

// Hash is what is kept of a secret that is typed, at the cost of a password.
func (p *Passwords) Hash(ctx context.Context, secret string) (string, error) {
	return p.hash(ctx, secret)
}

// Matches says whether a secret is that of a hash that Hash returned. It costs the same whatever the answer; a hash of ""
// matches nothing.
func (p *Passwords) Matches(ctx context.Context, hash, secret string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	spent, salt, want, ok := decodeHash(hash)
	if !ok {
		return false, errors.New("sso: read secret: unknown hash")
	}
	got, err := p.derive(ctx, spent, secret, salt)
	return err == nil && known && subtle.ConstantTimeCompare(got, want) == 1, err
}

// oneRow is what a store and a transaction share.
type oneRow interface {
	QueryRow(ctx context.Context, query string, args ...any) database.Row
}

// hashOfAccount is what is kept of the password of an account, "" for none.
func hashOfAccount(ctx context.Context, from oneRow, account portal.AccountID) (hash string, err error) {
	err = from.QueryRow(ctx, `SELECT hash FROM account_passwords WHERE account = $1`, string(account)).Scan(&hash)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return "", fmt.Errorf("sso: read password: %w", err)
	}
	return hash, nil
}

// markOf tells a password from the ones before and after it: a sign-in that
// takes several steps is over when its password was replaced meanwhile. It is of
// the hash, so that no clock decides.
func markOf(hash string) string {
	sum := sha256.Sum256([]byte(hash))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// errReplaced is for who proved a password that is one no more.
var errReplaced = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}

// still refuses with errReplaced when the password of an account is not the one
// of a mark any more. Without a mark it says nothing.
func still(ctx context.Context, from oneRow, account portal.AccountID, mark string) error {
	if mark == "" {
		return nil
	}
	hash, err := hashOfAccount(ctx, from, account)
	if err == nil && markOf(hash) != mark {
		err = errReplaced
	}
	return err
}

func (p *Passwords) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	derived, err := p.derive(ctx, argonCost, password, salt)
	if err != nil {
		return "", err
	}
	return encodeHash(argonCost, salt, derived), nil
}

// derive waits for a slot, so that many sign-ins at once queue instead of
// taking 19 MiB each. The password is composed first: keyboards write é in two
// ways.
func (p *Passwords) derive(ctx context.Context, spent cost, password string, salt []byte) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("sso: derive password: %w", ctx.Err())
	}
	defer func() { <-p.slots }()
	if len(password) > maxPassword {
		password = password[:maxPassword]
	}
	return argon2.IDKey(norm.NFC.Bytes([]byte(password)), salt, spent.passes, spent.memory, uint8(spent.lanes), hashSize), nil
}

var hashEncoding = base64.RawStdEncoding

func encodeHash(spent cost, salt, hash []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, spent.memory, spent.passes, spent.lanes,
		hashEncoding.EncodeToString(salt), hashEncoding.EncodeToString(hash))
}

func decodeHash(text string) (spent cost, salt, hash []byte, ok bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost{}, nil, nil, false
	}
	_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &spent.memory, &spent.passes, &spent.lanes)
	salt, err2 := hashEncoding.DecodeString(parts[4])
	hash, err3 := hashEncoding.DecodeString(parts[5])
	return spent, salt, hash, errors.Join(err, err2, err3) == nil && len(hash) == hashSize
}
