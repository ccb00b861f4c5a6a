// Package kiosk is for people who have no desk: a tablet or an old computer of a yard that its administrator opened. It
// shows to everybody what hangs on a wall, and lets a person in by a short code for a few minutes, to do a few things
// that server/kiosk.go lists. Who signs in with a password is sso's business; a code opens no session of an account.
package kiosk

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of kiosks.
//
//go:embed locales/*.json
var Locales embed.FS

// ID names a kiosk of a collectivity.
type ID string

// Kiosk is a device that an administrator opened, or is about to.
type Kiosk struct {
	ID           ID
	Collectivity portal.CollectivityID
	Name         string         // "Atelier"
	Place        string         // "Centre technique, vestiaire", "" for none
	For          portal.Subject // a unit with those below it, or a group: who uses it
	ForName      string         // "Voirie"; "" once it is gone
	Waits        bool           // for its code to be typed
	CodeUntil    time.Time
	Open         bool
	Device       string    // "Chrome, Android"
	Opened, Seen time.Time // zero for never; Seen is at most five minutes late
}

// Caller is who asks for what everybody reads on the wall: nobody's agent, in the unit or the group that uses the kiosk.
func (k Kiosk) Caller() portal.Caller {
	caller := portal.Caller{Collectivity: k.Collectivity, AtKiosk: true}
	if k.For.Kind == portal.TheGroup {
		caller.Groups = []portal.GroupID{portal.GroupID(k.For.ID)}
	}
	return caller
}

// People knows the agents of a collectivity, and what shows them.
type People interface {
	// AtKiosk is who an agent is at a kiosk: without any right, and without her other collectivities.
	// portal.ErrNotFound for who is no active agent of an open collectivity.
	AtKiosk(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID) (*web.Identity, error)
	// Wall is what a page of a collectivity shows before anybody is let in; portal.ErrNotFound when it is closed.
	Wall(ctx context.Context, collectivity portal.CollectivityID) (web.Collectivity, error)
	// Users are the active agents of a unit and of those below it, or of a group, by name.
	Users(ctx context.Context, collectivity portal.CollectivityID, of portal.Subject) ([]Person, error)
	// Uses lists the units and the groups of the caller's collectivity that a kiosk can be for.
	Uses(ctx context.Context, caller portal.Caller) ([]Use, error)
	// Governs says whether the caller manages an agent, and her name; portal.ErrNotFound for who is none of hers.
	Governs(ctx context.Context, caller portal.Caller, agent portal.AgentID) (name string, err error)
}

// Person is somebody whose name stands on a kiosk.
type Person struct {
	ID       portal.AgentID
	Name     string
	Function string
}

// Use is a unit or a group.
type Use struct {
	Subject portal.Subject
	Name    string
	Depth   int // in the organisation chart
}

// Hasher keeps codes as passwords are kept.
type Hasher interface {
	Hash(ctx context.Context, secret string) (string, error)
	// Matches costs the same whatever the answer; a hash of "" matches nothing.
	Matches(ctx context.Context, hash, secret string) (bool, error)
}

// Store keeps kiosks, codes and who is let in.
type Store struct {
	db     *database.DB
	people People
	hasher Hasher
	now    func() time.Time
}

// New opens the kiosks of a pool.
func New(db *database.DB, people People, hasher Hasher) *Store {
	return &Store{db: db, people: people, hasher: hasher, now: time.Now}
}

const (
	// codeLife is how long what opens a kiosk waits to be typed.
	codeLife = 24 * time.Hour
	// seenEvery is how exact the hour is at which a kiosk was last seen.
	seenEvery = 5 * time.Minute
	// maxKiosks bounds those of a collectivity.
	maxKiosks = 200
)

const columns = `SELECT k.id, k.collectivity, k.name, k.place, k.kind, k.subject, COALESCE(u.name, g.name, ''), k.code IS NOT NULL AND k.code_until > $2, k.code_until,
		k.hash IS NOT NULL, k.device, k.opened, k.seen
	FROM kiosks k
	LEFT JOIN units u ON u.collectivity = k.collectivity AND k.kind = 'unit' AND u.id = k.subject
	LEFT JOIN agent_groups g ON g.collectivity = k.collectivity AND k.kind = 'group' AND g.id = k.subject`

func scan(scan func(...any) error) (k Kiosk, err error) {
	var until, opened, seen int64
	err = scan(&k.ID, &k.Collectivity, &k.Name, &k.Place, &k.For.Kind, &k.For.ID, &k.ForName, &k.Waits, &until, &k.Open, &k.Device, &opened, &seen)
	k.CodeUntil, k.Opened, k.Seen = database.FromMillis(until), database.FromMillis(opened), database.FromMillis(seen)
	return k, err
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("kiosk: %s: %w", doing, err)
}

// List are the kiosks of the caller's collectivity by name, for its administrator.
func (s *Store) List(ctx context.Context, caller portal.Caller) ([]Kiosk, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, wrap(err, "list")
	}
	rows, err := s.db.Query(ctx, columns+` WHERE k.collectivity = $1 ORDER BY k.name, k.id`, string(caller.Collectivity), database.Millis(s.now()))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Kiosk, error) { return scan(rows.Scan) })
	return all, wrap(err, "list")
}

// Create adds a kiosk for the administrator of the caller's collectivity, and returns what opens it once on its device.
// What is wrong in it is portal.FieldErrors.
func (s *Store) Create(ctx context.Context, caller portal.Caller, k Kiosk, address string) (id ID, code string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", "", wrap(err, "create")
	}
	k.ID, k.Name, k.Place = ID(portal.NewID()), strings.TrimSpace(k.Name), strings.TrimSpace(k.Place)
	uses, err := s.people.Uses(ctx, caller)
	if err != nil {
		return "", "", wrap(err, "create")
	}
	var wrong portal.Check
	wrong.Text("name", k.Name, true, 80)
	wrong.Text("place", k.Place, false, 120)
	if !slices.ContainsFunc(uses, func(one Use) bool { return one.Subject == k.For }) {
		wrong.Add("for", "kiosk.error.for")
	}
	if err := wrong.OrNil(); err != nil {
		return "", "", wrap(err, "create")
	}
	code, hash := newCode()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var count int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM kiosks WHERE collectivity = $1`, string(caller.Collectivity)).Scan(&count); err != nil {
			return err
		}
		if count >= maxKiosks {
			return portal.FieldErrors{portal.Invalid("name", "kiosk.error.many", "max", maxKiosks)}
		}
		err := tx.Write(ctx, `
			INSERT INTO kiosks (collectivity, id, name, place, kind, subject, code, code_until, device, made, opened, seen, tries, tries_from)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, 0, 0, 0, 0)`,
			string(caller.Collectivity), string(k.ID), k.Name, k.Place, string(k.For.Kind), k.For.ID, hash,
			database.Millis(s.now().Add(codeLife)), database.Millis(s.now()))
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.KioskCreated, k, address)
	})
	return k.ID, code, wrap(err, "create")
}

// Recode gives what opens a kiosk again, on another device or on its own: that which it was until now stays open until
// then.
func (s *Store) Recode(ctx context.Context, caller portal.Caller, id ID, address string) (code string, err error) {
	code, hash := newCode()
	err = s.change(ctx, caller, id, audit.KioskCode, address, func(tx *database.Tx) error {
		return tx.Write(ctx, `UPDATE kiosks SET code = $3, code_until = $4 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(id), hash, database.Millis(s.now().Add(codeLife)))
	})
	return code, err
}

// Revoke deletes a kiosk: its device shows nothing any more, and who is let in there is out.
func (s *Store) Revoke(ctx context.Context, caller portal.Caller, id ID, address string) error {
	return s.change(ctx, caller, id, audit.KioskRevoked, address, func(tx *database.Tx) error {
		if err := tx.Write(ctx, `DELETE FROM kiosk_sessions WHERE collectivity = $1 AND kiosk = $2`, string(caller.Collectivity), string(id)); err != nil {
			return err
		}
		return tx.Write(ctx, `DELETE FROM kiosks WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id))
	})
}

func (s *Store) change(ctx context.Context, caller portal.Caller, id ID, action audit.Action, address string, do func(*database.Tx) error) error {
	if err := caller.Require(portal.Admin); err != nil {
		return wrap(err, string(action))
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		k, err := scan(tx.QueryRow(ctx, columns+` WHERE k.collectivity = $1 AND k.id = $3`, string(caller.Collectivity), database.Millis(s.now()), string(id)).Scan)
		if err == nil {
			err = do(tx)
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, action, k, address)
	})
	return wrap(err, string(action))
}

func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, k Kiosk, address string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), k.Name, string(k.ID), k.Place, address
	return audit.Write(ctx, tx, line)
}

// codeLength is 50 bits in the alphabet of identifiers: nobody guesses one in a day.
const codeLength = 10

// newCode is what opens a kiosk, as it is typed: "k3v9m-2p7q4".
func newCode() (code string, hash []byte) {
	code = portal.NewSecret()[:codeLength]
	return code[:codeLength/2] + "-" + code[codeLength/2:], portal.HashSecret(code)
}

// plainCode is a code as it is hashed, however it was typed.
func plainCode(typed string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(typed))
}

var errCode = portal.FieldErrors{portal.Invalid("code", "kiosk.error.code")}

// OpenWith makes a browser the device of the kiosk whose code was typed there, and returns the secret that it keeps: what
// was its device before shows nothing any more. A code that is none, or was typed before, is portal.FieldErrors.
func (s *Store) OpenWith(ctx context.Context, code, device, address string) (k Kiosk, secret string, err error) {
	secret = portal.NewSecret()
	now := database.Millis(s.now())
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if k, err = scan(tx.QueryRow(ctx, columns+` WHERE k.code = $1 AND k.code_until > $2`, portal.HashSecret(plainCode(code)), now).Scan); err != nil {
			return err
		}
		err := database.OneRow(tx.Exec(ctx, `UPDATE kiosks SET code = NULL, hash = $3, device = $4, opened = $5, seen = $5 WHERE collectivity = $1 AND id = $2 AND code IS NOT NULL`,
			string(k.Collectivity), string(k.ID), portal.HashSecret(secret), device, now))
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM kiosk_sessions WHERE collectivity = $1 AND kiosk = $2`, string(k.Collectivity), string(k.ID))
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, k.Caller(), audit.KioskOpened, k, address)
	})
	if isNotFound(err) {
		err = errCode
	}
	return k, secret, wrap(err, "open")
}

// Of is the kiosk of a browser by the secret that it keeps; portal.ErrNotFound for none.
func (s *Store) Of(ctx context.Context, secret string) (Kiosk, error) {
	if len(secret) != len(portal.NewSecret()) {
		return Kiosk{}, wrap(portal.ErrNotFound, "find")
	}
	now := s.now()
	k, err := scan(s.db.QueryRow(ctx, columns+` WHERE k.hash = $1`, portal.HashSecret(secret), database.Millis(now)).Scan)
	if err == nil && now.Sub(k.Seen) > seenEvery {
		_, err = s.db.Exec(ctx, `UPDATE kiosks SET seen = $3 WHERE collectivity = $1 AND id = $2`, string(k.Collectivity), string(k.ID), database.Millis(now))
	}
	return k, wrap(err, "find")
}
