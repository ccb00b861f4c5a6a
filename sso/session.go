package sso

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// Lifetimes bound a session.
type Lifetimes struct {
	Idle     time.Duration // without a request; 0 is 4 hours
	Kiosk    time.Duration // the same on a computer that several people share; 0 is 20 minutes
	Absolute time.Duration // since the sign-in; 0 is 12 hours, a working day
}

const (
	// cacheLife bounds how long another node may take to see that an account
	// was closed. In this process Forget takes effect at once.
	cacheLife = 5 * time.Second
	// touchEvery is how exact the hour of last use is.
	touchEvery = time.Minute
	// maxCached bounds the sessions kept in memory, about 2 KB each.
	maxCached = 20_000
)

// Sessions knows the person behind a browser's cookie.
type Sessions struct {
	db     *database.DB
	people People
	life   Lifetimes
	log    *slog.Logger
	now    func() time.Time

	onForget []func(portal.AccountID)

	epoch atomic.Uint64 // raised by Forget: what was being read then is not kept
	mu    sync.RWMutex
	known map[sessionHash]*known
}

type sessionHash [sha256.Size]byte

// known is a session read from the store a moment ago.
type known struct {
	identity *web.Identity
	since    time.Time
	factors  string
	kiosk    bool
	counted  string
	fresh    time.Time // until when it needs no reading
	ends     time.Time
}

// Signed is a session as the applications that it opens know it.
type Signed struct {
	Identity *web.Identity // Session names the session
	Since    time.Time     // when the person last proved who she is, in UTC
	Factors  string        // how, "pwd otp" (RFC 8176)
	Kiosk    bool          // on a computer that several people share
	counted  string        // subject of her wrong passwords, "" for her account's
}

// Second says whether she proved a second factor, or a key that is two in one.
func (s Signed) Second() bool { return hasSecond(s.Factors) }

// hasSecond says whether one of these references is more than a password.
func hasSecond(factors string) bool {
	return slices.ContainsFunc(strings.Fields(factors), func(one string) bool {
		return one == "otp" || one == "hwk" || one == "swk"
	})
}

func newSessions(db *database.DB, people People, life Lifetimes, log *slog.Logger, now func() time.Time) *Sessions {
	if life.Idle == 0 {
		life.Idle = 4 * time.Hour
	}
	if life.Kiosk == 0 {
		life.Kiosk = 20 * time.Minute
	}
	if life.Absolute == 0 {
		life.Absolute = 12 * time.Hour
	}
	return &Sessions{db: db, people: people, life: life, log: log, now: now, known: map[sessionHash]*known{}}
}

var _ web.Identifier = (*Sessions)(nil)

// Identify returns who is signed in: nil when nobody is, whatever the cookie
// holds. A session read less than 5 seconds ago costs no query.
func (s *Sessions) Identify(r *http.Request) (*web.Identity, error) {
	hash, ok := hashOf(r)
	if !ok {
		return nil, nil
	}
	found, err := s.resolve(r.Context(), hash)
	if errors.Is(err, portal.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return found.identity, nil
}

// Signed returns the session of a request; portal.ErrNotFound when nobody is
// signed in.
func (s *Sessions) Signed(r *http.Request) (Signed, error) {
	hash, ok := hashOf(r)
	if !ok {
		return Signed{}, portal.ErrNotFound
	}
	found, err := s.resolve(r.Context(), hash)
	if err != nil {
		return Signed{}, err
	}
	return Signed{Identity: found.identity, Since: found.since, Factors: found.factors, Kiosk: found.kiosk, counted: found.counted}, nil
}

// Of returns a session of an account by its id, as the account's agent in a
// collectivity; portal.ErrNotFound when it ended, or when she may not enter
// there. A ticket of the session leads here, without her browser.
func (s *Sessions) Of(ctx context.Context, account portal.AccountID, id string, collectivity portal.CollectivityID) (Signed, error) {
	signed, _, err := s.of(ctx, account, id, collectivity)
	return signed, err
}

// Use is Of for an application that the person is using: she has not left her
// session while she works there.
func (s *Sessions) Use(ctx context.Context, account portal.AccountID, id string, collectivity portal.CollectivityID) (Signed, error) {
	signed, touch, err := s.of(ctx, account, id, collectivity)
	if err == nil {
		touch()
	}
	return signed, err
}

func (s *Sessions) of(ctx context.Context, account portal.AccountID, id string, collectivity portal.CollectivityID) (signed Signed, touch func(), err error) {
	var created, used int64
	var hash []byte
	err = s.db.QueryRow(ctx, `SELECT hash, factors, kiosk, created, used FROM sessions WHERE account = $1 AND id = $2`,
		string(account), id).Scan(&hash, &signed.Factors, &signed.Kiosk, &created, &used)
	if err != nil {
		return Signed{}, nil, fmt.Errorf("sso: find session: %w", err)
	}
	signed.Since = database.FromMillis(created)
	if s.ended(signed.Since, database.FromMillis(used), signed.Kiosk) {
		return Signed{}, nil, fmt.Errorf("sso: session ended: %w", portal.ErrNotFound)
	}
	identity, err := s.people.Identity(ctx, account, collectivity)
	if err != nil {
		return Signed{}, nil, fmt.Errorf("sso: find session: %w", err)
	}
	own := *identity
	own.Session = id
	signed.Identity = &own
	return signed, func() { s.touch(ctx, hash, s.now(), database.FromMillis(used)) }, nil
}

// ended says whether a session is too old, or was left.
func (s *Sessions) ended(created, used time.Time, kiosk bool) bool {
	now, idle := s.now(), s.life.Idle
	if kiosk {
		idle = s.life.Kiosk
	}
	return !now.Before(created.Add(s.life.Absolute)) || !now.Before(used.Add(idle))
}

// hashOf reads the session's secret; not ok for anything that can't be one.
func hashOf(r *http.Request) (sessionHash, bool) {
	cookie, err := r.Cookie(cookieName(r, sessionCookie))
	if err != nil || len(cookie.Value) != len(portal.NewSecret()) {
		return sessionHash{}, false
	}
	return hashSecret(cookie.Value), true
}

func (s *Sessions) resolve(ctx context.Context, hash sessionHash) (*known, error) {
	now := s.now()
	s.mu.RLock()
	found := s.known[hash]
	s.mu.RUnlock()
	if found != nil && now.Before(found.fresh) && now.Before(found.ends) {
		return found, nil
	}
	epoch := s.epoch.Load()
	found, err := s.read(ctx, hash, now)
	if err != nil {
		s.remove(hash)
		return nil, err
	}
	s.keep(hash, found, epoch)
	return found, nil
}

// read asks the store about a session and the directory about its person.
func (s *Sessions) read(ctx context.Context, hash sessionHash, now time.Time) (*known, error) {
	var id, account, collectivity, factors, counted string
	var created, used int64
	var kiosk bool
	err := s.db.QueryRow(ctx, `SELECT id, account, COALESCE(collectivity, ''), factors, kiosk, counted, created, used FROM sessions WHERE hash = $1`,
		hash[:]).Scan(&id, &account, &collectivity, &factors, &kiosk, &counted, &created, &used)
	if err != nil {
		return nil, fmt.Errorf("sso: read session: %w", err)
	}
	ends := database.FromMillis(created).Add(s.life.Absolute)
	if s.ended(database.FromMillis(created), database.FromMillis(used), kiosk) {
		return nil, fmt.Errorf("sso: session ended: %w", portal.ErrNotFound)
	}
	identity, err := s.people.Identity(ctx, portal.AccountID(account), portal.CollectivityID(collectivity))
	if err != nil {
		return nil, fmt.Errorf("sso: read session: %w", err)
	}
	s.touch(ctx, hash[:], now, database.FromMillis(used))
	own := *identity
	own.Session = id
	return &known{
		identity: &own, since: database.FromMillis(created), factors: factors, kiosk: kiosk, counted: counted,
		fresh: now.Add(cacheLife), ends: ends,
	}, nil
}

// touch writes the hour of last use, at most once a minute. A store that can't
// be written must not stop who can still read.
func (s *Sessions) touch(ctx context.Context, hash []byte, now, used time.Time) {
	if now.Sub(used) < touchEvery {
		return
	}
	_, err := s.db.Exec(ctx, `UPDATE sessions SET used = $1 WHERE hash = $2`, database.Millis(now), hash)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("last use of a session not written", "error", err)
	}
}

// keep remembers a session, unless something changed while it was read.
func (s *Sessions) keep(hash sessionHash, found *known, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch.Load() != epoch {
		return
	}
	if len(s.known) >= maxCached {
		s.sweep()
	}
	s.known[hash] = found
}

// sweep forgets what is no more fresh, or any half when all is.
func (s *Sessions) sweep() {
	now := s.now()
	for hash, one := range s.known {
		if !now.Before(one.fresh) {
			delete(s.known, hash)
		}
	}
	for hash := range s.known {
		if len(s.known) < maxCached/2 {
			return
		}
		delete(s.known, hash)
	}
}

// drop forgets a session that changed, also where it is being read right now.
func (s *Sessions) drop(hash sessionHash) {
	s.epoch.Add(1)
	s.remove(hash)
}

func (s *Sessions) remove(hash sessionHash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, hash)
}

// OnForget calls fn when what is known of an account, "" for everybody's, counts
// no more: the directory changed, or one of her sessions ended. What a session
// opened elsewhere closes with it at once. Call it before the first request.
func (s *Sessions) OnForget(fn func(portal.AccountID)) { s.onForget = append(s.onForget, fn) }

// Forget makes the next request of an account, "" for everybody's, ask the
// directory again. It is called after each change of the directory.
func (s *Sessions) Forget(account portal.AccountID) {
	s.forget(account)
	for _, forget := range s.onForget {
		forget(account)
	}
}

func (s *Sessions) forget(account portal.AccountID) {
	s.epoch.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, one := range s.known {
		if account == "" || one.identity.Caller.Account == account {
			delete(s.known, hash)
		}
	}
}

// opening is a session about to begin.
type opening struct {
	account         portal.AccountID
	collectivity    portal.CollectivityID
	device, address string
	home            portal.CollectivityID // whose method vouched for the person
	factors         string                // what she proved, "pwd"
	idToken         string
	since           time.Time // when she first proved it, zero for now
	kiosk           bool
	counted         string // by what her wrong passwords are counted, "" for her account
}

// insert writes a new session and returns its secret.
func (s *Sessions) insert(ctx context.Context, to writer, begin opening) (secret string, err error) {
	secret = portal.NewSecret()
	hash := hashSecret(secret)
	_, err = to.Exec(ctx, `
		INSERT INTO sessions (hash, id, account, collectivity, device, address, home, id_token, factors, kiosk, counted, created, used)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		hash[:], portal.NewID(), string(begin.account), sql.NullString{String: string(begin.collectivity), Valid: begin.collectivity != ""},
		begin.device, begin.address, string(begin.home), begin.idToken, begin.factors, begin.kiosk, begin.counted,
		s.sinceOf(begin), database.Millis(s.now()))
	if err != nil {
		return "", fmt.Errorf("sso: open session: %w", err)
	}
	return secret, nil
}

// sinceOf is when the person of a session about to begin proved who she is, ms.
func (s *Sessions) sinceOf(begin opening) int64 {
	if begin.since.IsZero() {
		return database.Millis(s.now())
	}
	return database.Millis(begin.since)
}

// renew gives the session of a person who proved again who she is a new secret:
// the applications that it opened stay open, and whoever knew the old secret is
// out. portal.ErrNotFound when the session is not hers, or is gone.
func (s *Sessions) renew(ctx context.Context, to writer, old sessionHash, begin opening) (secret string, err error) {
	secret = portal.NewSecret()
	hash := hashSecret(secret)
	err = database.OneRow(to.Exec(ctx, `
		UPDATE sessions SET hash = $1, device = $2, address = $3, home = $4, id_token = $5, factors = $6, created = $7, used = $8,
			kiosk = kiosk OR $9, counted = $10
		WHERE hash = $11 AND account = $12`,
		hash[:], begin.device, begin.address, string(begin.home), begin.idToken, begin.factors, s.sinceOf(begin), database.Millis(s.now()),
		begin.kiosk, begin.counted, old[:], string(begin.account)))
	if err != nil {
		return "", fmt.Errorf("sso: renew session: %w", err)
	}
	return secret, nil
}

// raise gives the session of a person who proved a second factor a new secret,
// and leads it into a collectivity. When she proved the first does not move.
// portal.ErrNotFound when the session is not hers, or is gone.
func (s *Sessions) raise(ctx context.Context, to writer, old sessionHash, account portal.AccountID, factors string, into portal.CollectivityID) (secret string, err error) {
	secret = portal.NewSecret()
	hash := hashSecret(secret)
	err = database.OneRow(to.Exec(ctx, `UPDATE sessions SET hash = $1, factors = $2, collectivity = $3, used = $4 WHERE hash = $5 AND account = $6`,
		hash[:], factors, sql.NullString{String: string(into), Valid: into != ""}, database.Millis(s.now()), old[:], string(account)))
	if err != nil {
		return "", fmt.Errorf("sso: raise session: %w", err)
	}
	return secret, nil
}

// purge removes the sessions that ended.
func (s *Sessions) purge(ctx context.Context) error {
	now := s.now()
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE created < $1 OR used < $2 OR (kiosk AND used < $3)`,
		database.Millis(now.Add(-s.life.Absolute)), database.Millis(now.Add(-s.life.Idle)), database.Millis(now.Add(-s.life.Kiosk)))
	return err
}

// Session is a browser that is signed in, as its person sees it.
type Session struct {
	ID            string
	Device        string // "Firefox, Windows"
	Address       string
	Created, Used time.Time
}

// List returns the sessions of the caller's account, the last used first.
func (s *Sessions) List(ctx context.Context, caller portal.Caller) ([]Session, error) {
	now := s.now()
	rows, err := s.db.Query(ctx, `
		SELECT id, device, address, created, used FROM sessions
		WHERE account = $1 AND created > $2 AND used > $3 AND (NOT kiosk OR used > $4) ORDER BY used DESC, id`,
		string(caller.Account), database.Millis(now.Add(-s.life.Absolute)), database.Millis(now.Add(-s.life.Idle)),
		database.Millis(now.Add(-s.life.Kiosk)))
	sessions, err := database.Collect(rows, err, func(rows *sql.Rows) (Session, error) {
		var session Session
		var created, used int64
		err := rows.Scan(&session.ID, &session.Device, &session.Address, &created, &used)
		session.Created, session.Used = database.FromMillis(created), database.FromMillis(used)
		return session, err
	})
	if err != nil {
		return nil, fmt.Errorf("sso: list sessions: %w", err)
	}
	return sessions, nil
}

// Revoke ends one session of the caller's account, whichever browser it is in.
func (s *Sessions) Revoke(ctx context.Context, caller portal.Caller, id string) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND account = $2`, id, string(caller.Account)))
		if err != nil {
			return err
		}
		return journal(ctx, tx, caller, audit.SessionRevoked, "")
	})
	s.Forget(caller.Account)
	if err != nil {
		return fmt.Errorf("sso: revoke session: %w", err)
	}
	return nil
}

// RevokeOthers ends all sessions of the caller's account but one, and returns
// how many.
func (s *Sessions) RevokeOthers(ctx context.Context, caller portal.Caller, keep string) (int, error) {
	var count int64
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account = $1 AND id <> $2`, string(caller.Account), keep)
		if err != nil {
			return err
		}
		if count, err = result.RowsAffected(); err != nil || count == 0 {
			return err
		}
		return journal(ctx, tx, caller, audit.SessionRevoked, "")
	})
	s.Forget(caller.Account)
	if err != nil {
		return 0, fmt.Errorf("sso: revoke sessions: %w", err)
	}
	return int(count), nil
}

// ended is what a session leaves.
type ended struct {
	account portal.AccountID
	home    portal.CollectivityID // whose method opened it
	idToken string                // of the issuer, "" without
	kiosk   bool
}

// end ends the session of a request, whose person is caller.
func (s *Sessions) end(ctx context.Context, hash sessionHash, caller portal.Caller) (was ended, err error) {
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.QueryRow(ctx, `SELECT account, home, id_token, kiosk FROM sessions WHERE hash = $1`, hash[:]).Scan(&was.account, &was.home, &was.idToken, &was.kiosk)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `DELETE FROM sessions WHERE hash = $1`, hash[:]); err != nil {
			return err
		}
		if caller.Account == "" {
			return nil // it had expired
		}
		return journal(ctx, tx, caller, audit.SignOut, "")
	})
	s.drop(hash)
	if err != nil {
		return ended{}, fmt.Errorf("sso: end session: %w", err)
	}
	s.Forget(was.account)
	return was, nil
}

// move makes the session of a request act in another collectivity.
func (s *Sessions) move(ctx context.Context, hash sessionHash, caller portal.Caller, to portal.CollectivityID) error {
	err := database.OneRow(s.db.Exec(ctx, `UPDATE sessions SET collectivity = $1 WHERE hash = $2 AND account = $3`,
		string(to), hash[:], string(caller.Account)))
	s.drop(hash)
	if err != nil {
		return fmt.Errorf("sso: switch collectivity: %w", err)
	}
	return nil
}
