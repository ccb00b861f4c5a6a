package sso

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Limits bound how often a sign-in may fail over a sliding window.
type Limits struct {
	Account         int           // failures of one account, by any of its names; 0 is 4
	Window          time.Duration // for embedded passwords; 0 is 15 minutes
	DirectoryWindow time.Duration // for directory servers; 0 is 30 minutes
	Address         int           // failures from one network address in Window; 0 is 40
}

// withDefaults: directory servers lock an account at five failures, most often
// counted over 30 minutes. Stopping at four, nobody locks an agent out of
// everything else by trying passwords here.
func (l Limits) withDefaults() Limits {
	if l.Account == 0 {
		l.Account = 4
	}
	if l.Window == 0 {
		l.Window = 15 * time.Minute
	}
	if l.DirectoryWindow == 0 {
		l.DirectoryWindow = 30 * time.Minute
	}
	if l.Address == 0 {
		l.Address = 40
	}
	return l
}

// throttle counts attempts. An attempt is counted before it is made and taken
// back when it succeeds, so that many at the same time can't pass together.
type throttle struct {
	db        *database.DB
	limits    Limits
	now       func() time.Time
	addresses *window
}

func newThrottle(db *database.DB, limits Limits, now func() time.Time) *throttle {
	limits = limits.withDefaults()
	return &throttle{db: db, limits: limits, now: now, addresses: newWindow(limits.Address, limits.Window, now)}
}

// errWait says how long to wait.
func errWait(wait time.Duration) error {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	return portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.wait", Args: []any{"minutes", max(1, minutes)}, Field: "password"}
}

// account counts an attempt on one person; the returned subject takes the
// attempts back. The error says how long to wait when there were too many.
func (t *throttle) account(ctx context.Context, key string, within time.Duration) (subject string, err error) {
	sum := sha256.Sum256([]byte(key))
	subject = "account:" + hex.EncodeToString(sum[:16])
	var wait time.Duration
	err = t.db.Tx(ctx, func(tx *database.Tx) error {
		now := t.now()
		rows, err := tx.Query(ctx, `SELECT at FROM sign_in_attempts WHERE subject = $1 AND at > $2 ORDER BY at DESC LIMIT $3`,
			subject, database.Millis(now.Add(-within)), t.limits.Account)
		times, err := database.Collect(rows, err, func(rows *sql.Rows) (at int64, err error) { return at, rows.Scan(&at) })
		if err != nil {
			return err
		}
		if wait = 0; len(times) >= t.limits.Account {
			wait = database.FromMillis(times[len(times)-1]).Add(within).Sub(now)
			return nil
		}
		_, err = tx.Exec(ctx, `INSERT INTO sign_in_attempts (subject, id, at) VALUES ($1, $2, $3)`,
			subject, portal.NewID(), database.Millis(now))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("sso: count attempt: %w", err)
	}
	if wait > 0 {
		return "", errWait(wait)
	}
	return subject, nil
}

// forgive takes back the attempts on a person who proved to be who she is.
func (t *throttle) forgive(ctx context.Context, tx *database.Tx, subject string) error {
	_, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE subject = $1`, subject)
	return err
}

// sweep forgets the attempts that no window holds any more.
func (t *throttle) sweep(ctx context.Context, tx *database.Tx) error {
	longest := max(t.limits.Window, t.limits.DirectoryWindow)
	_, err := tx.Exec(ctx, `DELETE FROM sign_in_attempts WHERE at < $1`, database.Millis(t.now().Add(-longest)))
	return err
}

// cancel takes back the last attempt, which a failure of ours ended before the
// password was judged.
func (t *throttle) cancel(ctx context.Context, subject string) error {
	_, err := t.db.Exec(ctx, `
		DELETE FROM sign_in_attempts WHERE subject = $1
			AND id = (SELECT id FROM sign_in_attempts WHERE subject = $1 ORDER BY at DESC, id LIMIT 1)`, subject)
	return err
}

// window counts events by key in memory. What it holds is bounded: beyond, the
// oldest keys are forgotten.
type window struct {
	limit  int
	within time.Duration
	now    func() time.Time

	mu    sync.Mutex
	times map[string][]time.Time
}

const maxKeys = 50_000

func newWindow(limit int, within time.Duration, now func() time.Time) *window {
	return &window{limit: limit, within: within, now: now, times: map[string][]time.Time{}}
}

// add counts an event, unless there were too many: then it returns how long to
// wait.
func (w *window) add(key string) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	recent := w.recent(key, now)
	if len(recent) >= w.limit {
		return recent[0].Add(w.within).Sub(now)
	}
	if len(w.times) >= maxKeys {
		w.prune(now)
	}
	w.times[key] = append(recent, now)
	return 0
}

// remove takes back the last event of a key.
func (w *window) remove(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if times := w.times[key]; len(times) > 1 {
		w.times[key] = times[:len(times)-1]
	} else {
		delete(w.times, key)
	}
}

// full says how long to wait, without counting.
func (w *window) full(key string) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if recent := w.recent(key, now); len(recent) >= w.limit {
		return recent[0].Add(w.within).Sub(now)
	}
	return 0
}

func (w *window) recent(key string, now time.Time) []time.Time {
	times := w.times[key]
	for len(times) > 0 && now.Sub(times[0]) >= w.within {
		times = times[1:]
	}
	return times
}

// prune drops the keys that have nothing recent, and any others when all have.
func (w *window) prune(now time.Time) {
	for key := range w.times {
		if len(w.recent(key, now)) == 0 {
			delete(w.times, key)
		}
	}
	for key := range w.times {
		if len(w.times) < maxKeys*3/4 {
			return
		}
		delete(w.times, key)
	}
}

// network is what addresses are counted by: an IPv4 address, or the /64 that a
// subscriber is given in IPv6.
func network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if parsed = parsed.Unmap(); parsed.Is4() {
		return parsed.String()
	}
	prefix, err := parsed.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
