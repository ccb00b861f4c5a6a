package kiosk

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

const (
	minPIN, maxPIN = 4, 8
	// givenPIN is how many digits one has that somebody is given.
	givenPIN = 6

	// freeTries are wrong codes in a row after which each one more locks, for firstLock and then for twice as long as
	// before, at most longestLock: who tries all of four digits needs years.
	freeTries   = 5
	firstLock   = 5 * time.Minute
	longestLock = 24 * time.Hour
	// kioskTries are wrong codes at one kiosk, of whomever, within kioskWindow.
	kioskTries  = 30
	kioskWindow = 15 * time.Minute
)

func isNotFound(err error) bool { return errors.Is(err, portal.ErrNotFound) }

// errPIN is the one answer to a wrong code, to somebody who has none, and to who is not on the kiosk.
var errPIN = portal.UserError{Kind: portal.ErrDenied, Key: "kiosk.error.pin", Field: "pin"}

// errLocked says how long a code is locked still.
func errLocked(left time.Duration) error {
	return portal.UserError{Kind: portal.ErrDenied, Key: "kiosk.error.locked", Args: []any{"minutes", int((left + time.Minute - 1) / time.Minute)}, Field: "pin"}
}

// checkPIN refuses what is no code, and what others guess first: digits that go on by the same step, as 1234, 0000 or
// 8642, and a part that is repeated, as 1212.
func checkPIN(pin string) error {
	if len(pin) < minPIN || len(pin) > maxPIN || strings.ContainsFunc(pin, func(c rune) bool { return c < '0' || c > '9' }) {
		return portal.Invalid("pin", "kiosk.error.digits", "min", minPIN, "max", maxPIN)
	}
	steady := true
	for i := 2; i < len(pin); i++ {
		steady = steady && (pin[i]+10-pin[i-1])%10 == (pin[1]+10-pin[0])%10
	}
	repeats := false
	for size := 1; size <= len(pin)/2; size++ {
		repeats = repeats || len(pin)%size == 0 && strings.Repeat(pin[:size], len(pin)/size) == pin
	}
	if steady || repeats {
		return portal.Invalid("pin", "kiosk.error.weak")
	}
	return nil
}

// randomPIN is a code that checkPIN takes.
func randomPIN() string {
	for {
		var digits strings.Builder
		for range givenPIN {
			n, _ := rand.Int(rand.Reader, big.NewInt(10)) // crypto/rand does not fail
			digits.WriteByte('0' + byte(n.Int64()))
		}
		if checkPIN(digits.String()) == nil {
			return digits.String()
		}
	}
}

// PIN is what is known of the code of an agent.
type PIN struct {
	Set       bool
	Temporary bool
	Changed   time.Time
	Locked    time.Time // until when, zero when it is not
}

// PINOf is the caller's own.
func (s *Store) PINOf(ctx context.Context, caller portal.Caller) (PIN, error) {
	return s.pinOf(ctx, caller.Collectivity, caller.Agent)
}

// PINFor is that of an agent whom the caller manages, and her name.
func (s *Store) PINFor(ctx context.Context, caller portal.Caller, agent portal.AgentID) (pin PIN, name string, err error) {
	if name, err = s.people.Governs(ctx, caller, agent); err != nil {
		return PIN{}, "", wrap(err, "read code")
	}
	pin, err = s.pinOf(ctx, caller.Collectivity, agent)
	return pin, name, err
}

func (s *Store) pinOf(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID) (pin PIN, err error) {
	var changed, locked int64
	err = s.db.QueryRow(ctx, `
		SELECT p.temporary, p.changed, COALESCE(t.locked, 0) FROM agent_pins p
		LEFT JOIN pin_tries t ON t.collectivity = $1 AND t.agent = p.agent
		WHERE p.collectivity = $1 AND p.agent = $2`, string(collectivity), string(agent)).Scan(&pin.Temporary, &changed, &locked)
	if isNotFound(err) {
		return PIN{}, nil
	}
	pin.Set, pin.Changed = true, database.FromMillis(changed)
	if until := database.FromMillis(locked); until.After(s.now()) {
		pin.Locked = until
	}
	return pin, wrap(err, "read code")
}

// Choose makes the caller's own code what she typed twice. What is wrong with it is portal.FieldErrors.
func (s *Store) Choose(ctx context.Context, caller portal.Caller, pin, again, address string) error {
	if caller.Agent == "" {
		return wrap(portal.ErrDenied, "choose code")
	}
	hash, err := s.checked(ctx, pin, again)
	if err != nil {
		return wrap(err, "choose code")
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		return s.put(ctx, tx, caller, caller.Agent, hash, false, audit.PINSet, "", address)
	})
	return wrap(err, "choose code")
}

// checked is what is kept of a code that was typed twice.
func (s *Store) checked(ctx context.Context, pin, again string) (hash string, err error) {
	err = checkPIN(pin)
	if err == nil && pin != again {
		err = portal.Invalid("again", "kiosk.error.again")
	}
	var said portal.UserError
	if errors.As(err, &said) {
		return "", portal.FieldErrors{said}
	}
	return s.hasher.Hash(ctx, pin)
}

// Give makes a code for an agent whom the caller manages, who chooses her own when she first uses it; it is told once.
// Whatever was locked is not any more.
func (s *Store) Give(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string) (pin string, err error) {
	name, err := s.people.Governs(ctx, caller, agent)
	if err != nil {
		return "", wrap(err, "give code")
	}
	pin = randomPIN()
	hash, err := s.hasher.Hash(ctx, pin)
	if err != nil {
		return "", wrap(err, "give code")
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		return s.put(ctx, tx, caller, agent, hash, true, audit.PINGiven, name, address)
	})
	return pin, wrap(err, "give code")
}

// put writes a code over what was there, and ends what it opened.
func (s *Store) put(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID, hash string, temporary bool, action audit.Action, name, address string) error {
	err := tx.Write(ctx, `
		INSERT INTO agent_pins (collectivity, agent, hash, temporary, changed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collectivity, agent) DO UPDATE SET hash = excluded.hash, temporary = excluded.temporary, changed = excluded.changed`,
		string(caller.Collectivity), string(agent), hash, temporary, database.Millis(s.now()))
	if err == nil {
		err = s.forget(ctx, tx, caller.Collectivity, agent)
	}
	if err != nil {
		return err
	}
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Address = s.now(), name, string(agent), address
	return audit.Write(ctx, tx, line)
}

// forget drops the wrong codes of an agent, and lets her out wherever she is in.
func (s *Store) forget(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) error {
	for _, query := range []string{
		`DELETE FROM pin_tries WHERE collectivity = $1 AND agent = $2`, `DELETE FROM kiosk_sessions WHERE collectivity = $1 AND agent = $2`,
	} {
		if err := tx.Write(ctx, query, string(collectivity), string(agent)); err != nil {
			return err
		}
	}
	return nil
}

// Remove takes the code of an agent whom the caller manages away.
func (s *Store) Remove(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string) error {
	name, err := s.people.Governs(ctx, caller, agent)
	if err != nil {
		return wrap(err, "remove code")
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `DELETE FROM agent_pins WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(agent)))
		if err == nil {
			err = s.forget(ctx, tx, caller.Collectivity, agent)
		}
		if err != nil {
			return err
		}
		line := audit.By(caller, audit.PINRemoved)
		line.At, line.Object, line.ObjectID, line.Address = s.now(), name, string(agent), address
		return audit.Write(ctx, tx, line)
	})
	return wrap(err, "remove code")
}

// Enter lets a person of a kiosk in by her code, and returns the secret of her moment there. It is counted before it is
// judged, so that many at the same time can't pass together.
func (s *Store) Enter(ctx context.Context, k Kiosk, agent portal.AgentID, pin, address string) (secret string, err error) {
	users, err := s.people.Users(ctx, k.Collectivity, k.For)
	if err != nil {
		return "", wrap(err, "enter")
	}
	known := slices.ContainsFunc(users, func(one Person) bool { return one.ID == agent })
	failures, err := s.count(ctx, k, agent, known)
	if err != nil {
		return "", wrap(err, "enter")
	}
	var hash string
	var temporary bool
	if known {
		err = s.db.QueryRow(ctx, `SELECT hash, temporary FROM agent_pins WHERE collectivity = $1 AND agent = $2`, string(k.Collectivity), string(agent)).Scan(&hash, &temporary)
	}
	if err != nil && !isNotFound(err) {
		return "", wrap(err, "enter")
	}
	right, err := s.hasher.Matches(ctx, hash, pin)
	if err != nil {
		return "", wrap(err, "enter")
	}
	if !right {
		return "", s.refused(ctx, k, agent, failures, address)
	}
	secret, err = s.letIn(ctx, k, agent, temporary, address)
	return secret, wrap(err, "enter")
}

// count writes a try of somebody at a kiosk down as if it were wrong, and returns how many that makes in a row. The
// error is a portal.UserError while she, or the kiosk, has to wait.
func (s *Store) count(ctx context.Context, k Kiosk, agent portal.AgentID, known bool) (failures int, err error) {
	now := s.now()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		failures = 0
		if known {
			var locked int64
			err := tx.QueryRow(ctx, `SELECT failures, locked FROM pin_tries WHERE collectivity = $1 AND agent = $2`, string(k.Collectivity), string(agent)).Scan(&failures, &locked)
			if err != nil && !isNotFound(err) {
				return err
			}
			if until := database.FromMillis(locked); until.After(now) {
				return errLocked(until.Sub(now))
			}
			failures++
			err = tx.Write(ctx, `
				INSERT INTO pin_tries (collectivity, agent, failures, locked) VALUES ($1, $2, $3, $4)
				ON CONFLICT (collectivity, agent) DO UPDATE SET failures = excluded.failures, locked = excluded.locked`,
				string(k.Collectivity), string(agent), failures, database.Millis(lockedUntil(now, failures)))
			if err != nil {
				return err
			}
		}
		err := database.OneRow(tx.Exec(ctx, `
			UPDATE kiosks SET tries = CASE WHEN tries_from <= $3 THEN 1 ELSE tries + 1 END, tries_from = CASE WHEN tries_from <= $3 THEN $4 ELSE tries_from END
			WHERE collectivity = $1 AND id = $2 AND hash IS NOT NULL AND (tries < $5 OR tries_from <= $3)`,
			string(k.Collectivity), string(k.ID), database.Millis(now.Add(-kioskWindow)), database.Millis(now), kioskTries))
		if isNotFound(err) {
			return portal.UserError{Kind: portal.ErrDenied, Key: "kiosk.error.busy", Field: "pin"}
		}
		return err
	})
	return failures, err
}

// lockedUntil is when a code may be tried again after so many wrong ones in a row; zero for at once.
func lockedUntil(now time.Time, failures int) time.Time {
	if failures < freeTries {
		return time.Time{}
	}
	lock := firstLock
	for range failures - freeTries {
		if lock *= 2; lock >= longestLock {
			return now.Add(longestLock)
		}
	}
	return now.Add(lock)
}

// refused is why a wrong code lets nobody in; that one is locked by it stands in the journal.
func (s *Store) refused(ctx context.Context, k Kiosk, agent portal.AgentID, failures int, address string) error {
	if failures < freeTries {
		return wrap(errPIN, "enter")
	}
	line := audit.Line{At: s.now(), Collectivity: k.Collectivity, Agent: agent, Action: audit.PINLocked, Object: k.Name, ObjectID: string(k.ID), Address: address}
	if err := audit.Write(ctx, s.db, line); err != nil {
		return wrap(err, "enter")
	}
	return wrap(errPIN, "enter")
}

// letIn opens a person's moment at a kiosk, and ends that of who was in there.
func (s *Store) letIn(ctx context.Context, k Kiosk, agent portal.AgentID, temporary bool, address string) (secret string, err error) {
	secret = portal.NewSecret()
	now := database.Millis(s.now())
	at := []any{string(k.Collectivity), string(k.ID)}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.forget(ctx, tx, k.Collectivity, agent); err != nil {
			return err
		}
		if err := tx.Write(ctx, `DELETE FROM kiosk_sessions WHERE collectivity = $1 AND kiosk = $2`, at...); err != nil {
			return err
		}
		if err := tx.Write(ctx, `UPDATE kiosks SET tries = CASE WHEN tries > 0 THEN tries - 1 ELSE 0 END WHERE collectivity = $1 AND id = $2`, at...); err != nil {
			return err
		}
		err := tx.Write(ctx, `INSERT INTO kiosk_sessions (collectivity, hash, kiosk, agent, changes, opened, used) VALUES ($1, $3, $2, $4, $5, $6, $6)`,
			append(at, portal.HashSecret(secret), string(agent), temporary, now)...)
		if err != nil {
			return err
		}
		line := audit.Line{At: s.now(), Collectivity: k.Collectivity, Agent: agent, Action: audit.KioskEntered, Object: k.Name, ObjectID: string(k.ID), Address: address}
		return audit.Write(ctx, tx, line)
	})
	return secret, err
}
