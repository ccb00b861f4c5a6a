package sso

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
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

	onForget []func(portal.CollectivityID, portal.AccountID)

	known *Memory[sessionHash, *known]
	byID  *Memory[sessionIn, *known] // the same, for an application that asks without her browser
}

// sessionIn is a session of an account as one collectivity knows it.
type sessionIn struct {
	account      portal.AccountID
	id           string
	collectivity portal.CollectivityID
}

type sessionHash [sha256.Size]byte

// known is a session read from the store a moment ago.
type known struct {
	identity *web.Identity // whom pages are for
	own      *web.Identity // of the account, whom applications are told about: another one while she sees a desk
	since    time.Time
	factors  string
	vouched  string
	home     portal.CollectivityID
	kiosk    bool
	counted  string
	ends     time.Time
}

func (k *known) signed() Signed {
	return Signed{Identity: k.own, Since: k.since, Factors: k.factors, Kiosk: k.kiosk, counted: k.counted, vouched: k.vouched, home: k.home}
}

// Signed is a session as the applications that it opens know it.
type Signed struct {
	Identity *web.Identity         // Session names the session
	Since    time.Time             // when the person last proved who she is, in UTC
	Factors  string                // how, as we saw it, "pwd otp" (RFC 8176)
	Kiosk    bool                  // on a computer that several people share
	counted  string                // subject of her wrong passwords, "" for her account's
	vouched  string                // how, as an issuer says
	home     portal.CollectivityID // which chose that issuer
}

// Second says whether we saw her prove a second factor, or a key that is two in
// one.
func (s Signed) Second() bool { return hasSecond(s.Factors) }

// FactorsIn is how she proved who she is as a collectivity counts it: what an
// issuer says counts where it was chosen, and in no other collectivity.
func (s Signed) FactorsIn(collectivity portal.CollectivityID) string {
	if collectivity == "" || collectivity != s.home {
		return s.Factors
	}
	return joined(s.Factors, s.vouched)
}

// SecondIn says whether a collectivity counts a second factor.
func (s Signed) SecondIn(collectivity portal.CollectivityID) bool {
	return hasSecond(s.FactorsIn(collectivity))
}

// HasSecond says whether references that Signed.FactorsIn gave tell of a second
// factor.
func HasSecond(factors string) bool { return hasSecond(factors) }

// hasSecond says whether one of these references is more than a password.
func hasSecond(factors string) bool {
	return slices.ContainsFunc(strings.Fields(factors), func(one string) bool {
		return one == "mfa" || one == "otp" || one == "hwk" || one == "swk"
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
	return &Sessions{
		db: db, people: people, life: life, log: log, now: now,
		known: NewMemory[sessionHash, *known](maxCached, now), byID: NewMemory[sessionIn, *known](maxCached, now),
	}
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
	return found.signed(), nil
}

// Of returns a session of an account by its id, as the account's agent in a
// collectivity; portal.ErrNotFound when it ended, or when she may not enter
// there. A ticket of the session leads here, without her browser; she has most
// often just been here with it, so that nothing is read.
func (s *Sessions) Of(ctx context.Context, account portal.AccountID, id string, collectivity portal.CollectivityID) (Signed, error) {
	found, err := s.of(ctx, sessionIn{account, id, collectivity}, false)
	if err != nil {
		return Signed{}, err
	}
	return found.signed(), nil
}

// Use is Of for an application that the person is using: she has not left her
// session while she works there.
func (s *Sessions) Use(ctx context.Context, account portal.AccountID, id string, collectivity portal.CollectivityID) (Signed, error) {
	found, err := s.of(ctx, sessionIn{account, id, collectivity}, true)
	if err != nil {
		return Signed{}, err
	}
	return found.signed(), nil
}

func (s *Sessions) of(ctx context.Context, key sessionIn, used bool) (*known, error) {
	found, epoch, ok := s.byID.Get(key)
	if ok && s.now().Before(found.ends) {
		return found, nil
	}
	row, err := s.find(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE account = $1 AND id = $2`, string(key.account), key.id)
	if err != nil {
		return nil, err
	}
	if found, err = s.know(ctx, row, key.collectivity); err != nil {
		return nil, err
	}
	if used {
		s.touch(ctx, row)
	}
	s.byID.Keep(key, key.account, found, epoch)
	return found, nil
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
	found, epoch, ok := s.known.Get(hash)
	if ok && s.now().Before(found.ends) {
		return found, nil
	}
	epochByID := s.byID.Epoch()
	row, err := s.find(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE hash = $1`, hash[:])
	if err != nil {
		return nil, err
	}
	found, err = s.know(ctx, row, row.collectivity)
	if errors.Is(err, portal.ErrNotFound) && row.collectivity != "" {
		found, err = s.knowOperator(ctx, row, err)
	}
	if err != nil {
		return nil, err
	}
	s.touch(ctx, row)
	if row.desk != "" && s.now().Before(row.deskUntil) {
		// Not kept: it ends with a change of either person, and an application that asks
		// by the session's id must be told of its own.
		return s.atDesk(ctx, row, found)
	}
	s.known.Keep(hash, row.account, found, epoch)
	s.byID.Keep(sessionIn{row.account, row.id, found.identity.Caller.Collectivity}, row.account, found, epochByID)
	return found, nil
}

// sessionRow is what the store keeps of a session.
type sessionRow struct {
	hash             []byte
	id               string
	account          portal.AccountID
	collectivity     portal.CollectivityID // "" for an operator of the pool
	factors, vouched string
	home             portal.CollectivityID
	kiosk            bool
	counted          string
	created, used    time.Time
	desk             portal.AgentID // that it sees instead of its own, "" for none
	deskUntil        time.Time
}

const sessionColumns = `desk, desk_until, hash, id, account, COALESCE(collectivity, ''), factors, vouched, home, kiosk, counted, created, used`

// find reads one session that has not ended.
func (s *Sessions) find(ctx context.Context, query string, args ...any) (row sessionRow, err error) {
	var created, used, deskUntil int64
	err = s.db.QueryRow(ctx, query, args...).Scan(&row.desk, &deskUntil, &row.hash, &row.id, &row.account, &row.collectivity, &row.factors, &row.vouched, &row.home, &row.kiosk, &row.counted, &created, &used)
	if err != nil {
		return sessionRow{}, fmt.Errorf("sso: read session: %w", err)
	}
	row.created, row.used, row.deskUntil = database.FromMillis(created), database.FromMillis(used), database.FromMillis(deskUntil)
	if s.ended(row.created, row.used, row.kiosk) {
		return sessionRow{}, fmt.Errorf("sso: session ended: %w", portal.ErrNotFound)
	}
	return row, nil
}

// know asks the directory about the person of a session, in a collectivity.
func (s *Sessions) know(ctx context.Context, row sessionRow, collectivity portal.CollectivityID) (*known, error) {
	identity, err := s.people.Identity(ctx, row.account, collectivity)
	if err != nil {
		return nil, fmt.Errorf("sso: read session: %w", err)
	}
	own := *identity
	own.Session = row.id
	return &known{
		identity: &own, own: &own, since: row.created, factors: row.factors, vouched: row.vouched, home: row.home,
		kiosk: row.kiosk, counted: row.counted, ends: row.created.Add(s.life.Absolute),
	}, nil
}

// knowOperator is for a session whose collectivity lets its person in no more: who
// operates the pool goes on as what she is without it, since it may be she who
// suspended it. For anybody else the refusal stands.
func (s *Sessions) knowOperator(ctx context.Context, row sessionRow, refusal error) (*known, error) {
	found, err := s.know(ctx, row, "")
	if err == nil && !found.identity.Caller.Can(portal.OperatePool) {
		return nil, refusal
	}
	return found, err
}

// touch writes the hour of last use, at most once a minute. A store that can't
// be written must not stop who can still read.
func (s *Sessions) touch(ctx context.Context, row sessionRow) {
	now := s.now()
	if now.Sub(row.used) < touchEvery {
		return
	}
	_, err := s.db.Exec(ctx, `UPDATE sessions SET used = $1 WHERE hash = $2`, database.Millis(now), row.hash)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("last use of a session not written", "error", err)
	}
}

// OnForget calls fn when what is known of an account counts no more, "" for those of
// everybody in a collectivity, or in the pool when none is named: the directory changed, or one of her sessions did. What a session
// opened elsewhere closes with it at once. Call it before the first request.
func (s *Sessions) OnForget(fn func(portal.CollectivityID, portal.AccountID)) {
	s.onForget = append(s.onForget, fn)
}

// Forget makes the next request of an account, "" for everybody's, ask the store
// and the directory again. It is called after each change of either.
func (s *Sessions) Forget(account portal.AccountID) {
	s.known.Forget(account)
	s.byID.Forget(account)
	for _, forget := range s.onForget {
		forget("", account)
	}
}

// ForgetIn is Forget for all who are in a collectivity: what is known of the others
// stays, so that one of a thousand that changes costs them nothing.
func (s *Sessions) ForgetIn(collectivity portal.CollectivityID) {
	in := func(one *known) bool {
		return one.identity.Caller.Collectivity == collectivity || one.own.Caller.Collectivity == collectivity
	}
	s.known.ForgetThose(in)
	s.byID.ForgetThose(in)
	for _, forget := range s.onForget {
		forget(collectivity, "")
	}
}

// purge removes the sessions that ended.
func (s *Sessions) purge(ctx context.Context) error {
	now := s.now()
	_, err := s.db.Exec(ctx, `DELETE FROM sessions WHERE created < $1 OR used < $2 OR (kiosk AND used < $3)`,
		database.Millis(now.Add(-s.life.Absolute)), database.Millis(now.Add(-s.life.Idle)), database.Millis(now.Add(-s.life.Kiosk)))
	return err
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
	if err != nil {
		return ended{}, fmt.Errorf("sso: end session: %w", err)
	}
	s.Forget(was.account)
	return was, nil
}

// MoveTo makes the session of a request act in another collectivity, where the
// directory lets its person in.
func (s *Sessions) MoveTo(r *http.Request, caller portal.Caller, to portal.CollectivityID) error {
	hash, ok := hashOf(r)
	if !ok {
		return portal.ErrNotFound
	}
	return s.move(r.Context(), hash, caller, to)
}

// move makes the session of a request act in another collectivity.
func (s *Sessions) move(ctx context.Context, hash sessionHash, caller portal.Caller, to portal.CollectivityID) error {
	err := database.OneRow(s.db.Exec(ctx, `UPDATE sessions SET collectivity = $1, desk = '', desk_until = 0 WHERE hash = $2 AND account = $3`,
		string(to), hash[:], string(caller.Account)))
	s.Forget(caller.Account)
	if err != nil {
		return fmt.Errorf("sso: switch collectivity: %w", err)
	}
	return nil
}
