package sso

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
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
	Address         int           // failures from one network in Window, see crowd; 0 is 40
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

// throttle counts attempts. An attempt is counted before it is judged, so that
// many at the same time can't pass together, and stays counted when it fails.
type throttle struct {
	db       *database.DB
	limits   Limits
	now      func() time.Time
	networks *crowd

	mu      sync.Mutex
	flights map[string]int // attempts being judged by this process, by subject
}

func newThrottle(db *database.DB, limits Limits, now func() time.Time) *throttle {
	limits = limits.withDefaults()
	return &throttle{
		db: db, limits: limits, now: now, flights: map[string]int{},
		networks: newCrowd(limits.Address, limits.Window, now),
	}
}

// attempt is one password about to be judged. The zero attempt was not counted.
type attempt struct {
	subject string // "account:…", hashed
	row     string // its row, "" while it is only in flight
	earlier int    // failures before it
}

// waitKey is the sentence of who has to wait.
const waitKey = "sso.error.wait"

// errWait says how long to wait.
func errWait(wait time.Duration) error {
	minutes := int((wait + time.Minute - 1) / time.Minute)
	return portal.UserError{Kind: portal.ErrDenied, Key: waitKey, Args: []any{"minutes", max(1, minutes)}, Field: "password"}
}

// account counts an attempt on one person. The error says how long to wait when
// there were too many. End it with forgive, fail or cancel.
//
// Several nodes may share a PostgreSQL, so there the attempt is a row from the
// beginning. A SQLite has one process: until the attempt fails it is counted in
// memory, which saves the ordinary sign-in a write to disk.
func (t *throttle) account(ctx context.Context, key string, within time.Duration) (attempt, error) {
	return t.begin(ctx, subjectOf(key), within)
}

// subjectOf is what attempts are counted by: a hash, since a key may hold a
// login.
func subjectOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "account:" + hex.EncodeToString(sum[:16])
}

// begin is account for a subject.
func (t *throttle) begin(ctx context.Context, subject string, within time.Duration) (attempt, error) {
	begun := attempt{subject: subject}
	if t.db.Engine() == database.PostgreSQL {
		return t.reserve(ctx, begun, within)
	}
	flying := t.fly(begun.subject, 1)
	times, err := t.failures(ctx, begun.subject, within)
	if err == nil {
		begun.earlier = len(times) + flying - 1 // those in flight may have failed when this one succeeds
		err = t.allow(times, flying-1, within)
	}
	if err != nil {
		t.fly(begun.subject, -1)
		return attempt{}, err
	}
	return begun, nil
}

// waits says whether the next attempt on a person would have to wait, without
// counting one.
func (t *throttle) waits(ctx context.Context, key string, within time.Duration) (bool, error) {
	times, err := t.failures(ctx, subjectOf(key), within)
	return err == nil && t.allow(times, 0, within) != nil, err
}

// reserve records an attempt unless there were too many, those in flight on any node with them. Attempts on one
// person are recorded in turn: of many at the same time as many pass as the limit says.
func (t *throttle) reserve(ctx context.Context, begun attempt, within time.Duration) (attempt, error) {
	begun.row = portal.NewID()
	now := t.now()
	var times []int64
	err := t.db.InTurn(ctx, begun.subject, database.Read{
		Query: `
			WITH earlier AS (SELECT at FROM sign_in_attempts WHERE subject = $1 AND at > $2),
			made AS (INSERT INTO sign_in_attempts (subject, id, at) SELECT $1, $3, $4 WHERE (SELECT COUNT(*) FROM earlier) < $5)
			SELECT at FROM earlier`,
		Args: []any{begun.subject, database.Millis(now.Add(-within)), begun.row, database.Millis(now), t.limits.Account},
		Row: func(scan func(...any) error) error {
			times = append(times, 0)
			return scan(&times[len(times)-1])
		},
	})
	if err != nil {
		return attempt{}, fmt.Errorf("sso: count attempts: %w", err)
	}
	begun.earlier = len(times)
	if err := t.allow(t.newest(times), 0, within); err != nil {
		return attempt{}, err
	}
	return begun, nil
}

// fly counts the attempts in flight and returns how many there are.
func (t *throttle) fly(subject string, change int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flights[subject] += change
	count := t.flights[subject]
	if count == 0 {
		delete(t.flights, subject)
	}
	return count
}

// failures returns when the last attempts on a subject were, the newest first,
// in ms. There are few: beyond the limit none is kept.
func (t *throttle) failures(ctx context.Context, subject string, within time.Duration) ([]int64, error) {
	rows, err := t.db.Query(ctx, `SELECT at FROM sign_in_attempts WHERE subject = $1 AND at > $2`,
		subject, database.Millis(t.now().Add(-within)))
	times, err := database.Collect(rows, err, func(rows *sql.Rows) (at int64, err error) { return at, rows.Scan(&at) })
	if err != nil {
		return nil, fmt.Errorf("sso: count attempts: %w", err)
	}
	return t.newest(times), nil
}

// newest are the times that count, the newest first. They are sorted here: the
// engine would build a table for it.
func (t *throttle) newest(times []int64) []int64 {
	slices.SortFunc(times, func(a, b int64) int { return cmp.Compare(b, a) })
	return times[:min(len(times), t.limits.Account)]
}

// allow says how long to wait when the failures and the attempts in flight are
// too many together.
func (t *throttle) allow(times []int64, flying int, within time.Duration) error {
	if len(times)+flying < t.limits.Account {
		return nil
	}
	if len(times) < t.limits.Account {
		return errWait(within) // those in flight are about to fail, as far as one can know
	}
	return errWait(database.FromMillis(times[len(times)-1]).Add(within).Sub(t.now()))
}

func (t *throttle) record(ctx context.Context, failed attempt) error {
	_, err := t.db.Exec(ctx, `INSERT INTO sign_in_attempts (subject, id, at) VALUES ($1, $2, $3)`,
		failed.subject, failed.row, database.Millis(t.now()))
	if err != nil {
		return fmt.Errorf("sso: record attempt: %w", err)
	}
	return nil
}

// fail keeps attempts whose password was wrong.
func (t *throttle) fail(ctx context.Context, failed ...attempt) error {
	var failures []error
	for _, one := range failed {
		failures = append(failures, t.failOne(ctx, one))
	}
	return errors.Join(failures...)
}

func (t *throttle) failOne(ctx context.Context, failed attempt) error {
	if failed.subject == "" || failed.row != "" {
		return nil
	}
	failed.row = portal.NewID()
	err := t.record(ctx, failed)
	t.fly(failed.subject, -1) // after the row is there: never counted less than once
	return err
}

// forgive forgets the failures of a person who proved to be who she is. Once
// that is kept, land ends the attempts that proved it.
func (t *throttle) forgive(ctx context.Context, to database.Writer, proved ...attempt) error {
	for _, one := range proved {
		if one.row == "" && one.earlier == 0 {
			continue
		}
		if err := to.Write(ctx, `DELETE FROM sign_in_attempts WHERE subject = $1`, one.subject); err != nil {
			return fmt.Errorf("sso: forgive attempts: %w", err)
		}
	}
	return nil
}

// land ends attempts that were forgiven.
func (t *throttle) land(proved ...attempt) {
	for _, one := range proved {
		if one.row == "" && one.subject != "" {
			t.fly(one.subject, -1)
		}
	}
}

// forget forgives the failures of a person without an attempt of hers.
func (t *throttle) forget(ctx context.Context, key string) error {
	return t.forgive(ctx, t.db, attempt{subject: subjectOf(key), row: "-"})
}

// cancel takes back attempts that ended before they were judged, or that proved
// only a part.
func (t *throttle) cancel(ctx context.Context, unjudged ...attempt) error {
	var failures []error
	for _, one := range unjudged {
		failures = append(failures, t.cancelOne(ctx, one))
	}
	return errors.Join(failures...)
}

func (t *throttle) cancelOne(ctx context.Context, unjudged attempt) error {
	if unjudged.row == "" {
		if unjudged.subject != "" {
			t.fly(unjudged.subject, -1)
		}
		return nil
	}
	_, err := t.db.Exec(ctx, `DELETE FROM sign_in_attempts WHERE subject = $1 AND id = $2`, unjudged.subject, unjudged.row)
	return err
}

// sweep forgets the attempts that no window holds any more.
func (t *throttle) sweep(ctx context.Context) error {
	longest := max(t.limits.Window, t.limits.DirectoryWindow)
	_, err := t.db.Exec(ctx, `DELETE FROM sign_in_attempts WHERE at < $1`, database.Millis(t.now().Add(-longest)))
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

// Network is what client addresses are counted by: an IPv4 address, or the /64 that a
// subscriber is given in IPv6.
func Network(address string) string {
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
