package kiosk

import (
	"context"
	"errors"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

const (
	// idle is how long somebody may do nothing at a kiosk, and longest how long she may stay.
	idle    = 2 * time.Minute
	longest = 10 * time.Minute
	// touchEvery is how exact the hour of her last request is.
	touchEvery = time.Second
	// momentCookie holds the secret of who is in.
	momentCookie = "parvis-pin"
)

// moment is somebody who is let in at a kiosk.
type moment struct {
	collectivity portal.CollectivityID
	kiosk        ID
	name         string // of the kiosk
	agent        portal.AgentID
	changes      bool // she chooses a code of her own first
	opened, used time.Time
}

// momentOf is who is in by a secret; portal.ErrNotFound for nobody, and for who is out by now.
func (s *Store) momentOf(ctx context.Context, secret string) (m moment, err error) {
	if len(secret) != len(portal.NewSecret()) {
		return moment{}, wrap(portal.ErrNotFound, "who is in")
	}
	var opened, used int64
	err = s.db.QueryRow(ctx, `
		SELECT s.collectivity, s.kiosk, k.name, s.agent, s.changes, s.opened, s.used FROM kiosk_sessions s
		JOIN kiosks k ON k.collectivity = s.collectivity AND k.id = s.kiosk WHERE s.hash = $1`, portal.HashSecret(secret)).
		Scan(&m.collectivity, &m.kiosk, &m.name, &m.agent, &m.changes, &opened, &used)
	if err != nil {
		return moment{}, wrap(err, "who is in")
	}
	m.opened, m.used = database.FromMillis(opened), database.FromMillis(used)
	now := s.now()
	if !now.Before(m.used.Add(idle)) || !now.Before(m.opened.Add(longest)) {
		return moment{}, wrap(portal.ErrNotFound, "who is in")
	}
	if now.Sub(m.used) >= touchEvery {
		_, err = s.db.Exec(ctx, `UPDATE kiosk_sessions SET used = $3 WHERE collectivity = $1 AND hash = $2`, string(m.collectivity), portal.HashSecret(secret), database.Millis(now))
	}
	return m, wrap(err, "who is in")
}

// Identifier knows who is let in at a kiosk, and otherwise asks who is signed in: the narrower of the two counts.
type Identifier struct {
	Store  *Store
	Signed web.Identifier
}

// Identify implements web.Identifier. Who has to choose a code of her own first is nobody yet.
func (i Identifier) Identify(r *http.Request) (*web.Identity, error) {
	cookie, err := r.Cookie(cookieName(r, momentCookie))
	if err != nil {
		return i.Signed.Identify(r)
	}
	m, err := i.Store.momentOf(r.Context(), cookie.Value)
	if isNotFound(err) {
		return i.Signed.Identify(r)
	}
	if err != nil || m.changes {
		return nil, err
	}
	identity, err := i.Store.people.AtKiosk(r.Context(), m.collectivity, m.agent)
	if isNotFound(err) || errors.Is(err, portal.ErrDenied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	who := *identity
	who.Caller.AtKiosk, who.Caller.Rights, who.Caller.Narrowed, who.Memberships = true, nil, nil, nil
	who.Kiosk = &web.Kiosk{ID: string(m.kiosk), Name: m.name, Until: m.opened.Add(longest), Idle: idle}
	return &who, nil
}

// leave ends somebody's moment; nothing happens when she is out already.
func (s *Store) leave(ctx context.Context, secret, address string) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var m moment
		err := tx.QueryRow(ctx, `SELECT collectivity, agent FROM kiosk_sessions WHERE hash = $1`, portal.HashSecret(secret)).Scan(&m.collectivity, &m.agent)
		if err != nil {
			return err
		}
		line := audit.Line{At: s.now(), Collectivity: m.collectivity, Agent: m.agent, Action: audit.SignOut, Address: address}
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
		return tx.Write(ctx, `DELETE FROM kiosk_sessions WHERE collectivity = $1 AND hash = $2`, string(m.collectivity), portal.HashSecret(secret))
	})
	if isNotFound(err) {
		return nil
	}
	return wrap(err, "leave")
}

// own makes the code that somebody who was given one chooses the hers, and lets her in with it: another code than the
// one that she was given.
func (s *Store) own(ctx context.Context, m moment, secret, pin, again, address string) error {
	hash, err := s.checked(ctx, pin, again)
	if err != nil {
		return wrap(err, "choose code")
	}
	var given string
	if err := s.db.QueryRow(ctx, `SELECT hash FROM agent_pins WHERE collectivity = $1 AND agent = $2`, string(m.collectivity), string(m.agent)).Scan(&given); err != nil {
		return wrap(err, "choose code")
	}
	if same, err := s.hasher.Matches(ctx, given, pin); err != nil || same {
		return wrap(errors.Join(err, portal.FieldErrors{portal.Invalid("pin", "kiosk.error.same")}), "choose code")
	}
	caller := portal.Caller{Collectivity: m.collectivity, Agent: m.agent, AtKiosk: true}
	now := database.Millis(s.now())
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.put(ctx, tx, caller, m.agent, hash, false, audit.PINSet, "", address); err != nil {
			return err
		}
		return tx.Write(ctx, `INSERT INTO kiosk_sessions (collectivity, hash, kiosk, agent, changes, opened, used) VALUES ($1, $2, $3, $4, FALSE, $5, $6)`,
			string(m.collectivity), portal.HashSecret(secret), string(m.kiosk), string(m.agent), database.Millis(m.opened), now)
	})
	return wrap(err, "choose code")
}

// Clean drops the moments of a collectivity that are over.
func (s *Store) Clean(ctx context.Context, collectivity portal.CollectivityID) error {
	_, err := s.db.Exec(ctx, `DELETE FROM kiosk_sessions WHERE collectivity = $1 AND opened < $2`, string(collectivity), database.Millis(s.now().Add(-longest)))
	return wrap(err, "clean")
}

func cookieName(r *http.Request, name string) string {
	if web.Secure(r) {
		return "__Host-" + name
	}
	return name
}

// setCookie keeps a secret in the browser for some time, 0 for as long as it is open.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second), Secure: web.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func cookieOf(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}
