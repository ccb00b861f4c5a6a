// Package mirror keeps the directory of a collectivity in step with its own
// directory server: it compares what the server says with agents, units and
// groups, shows what would change, and changes it every few minutes. How a server
// is spoken to is in ldapdir; how agents are written is in directory.
package mirror

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/sso"
)

// Templates are the pages.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales are the sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// Mirror runs the mirrors of all collectivities.
type Mirror struct {
	db        *database.DB
	directory *directory.Store
	servers   *ldapdir.Servers
	methods   *sso.Methods
	log       *slog.Logger
	now       func() time.Time
	size      int

	onWaiting func(id portal.CollectivityID)

	mu      sync.Mutex
	running map[portal.CollectivityID]*sync.Mutex
}

// Options are what a Mirror stands on. Now is time.Now when nil, and Step the usual size
// when it is 0.
type Options struct {
	DB        *database.DB
	Directory *directory.Store
	Servers   *ldapdir.Servers
	Methods   *sso.Methods
	Log       *slog.Logger
	Now       func() time.Time
	Step      int // people who are written in one transaction
}

// New returns the mirrors kept in a store. Run runs them.
func New(o Options) *Mirror {
	m := &Mirror{
		db: o.DB, directory: o.Directory, servers: o.Servers, methods: o.Methods, log: o.Log, now: o.Now, size: cmp.Or(o.Step, stepSize),
		running: map[portal.CollectivityID]*sync.Mutex{}, onWaiting: func(portal.CollectivityID) {},
	}
	if m.now == nil {
		m.now = time.Now
	}
	return m
}

// OnWaiting calls fn when what waits for the administrators of a collectivity
// changed. It is a step of set-up.
func (m *Mirror) OnWaiting(fn func(id portal.CollectivityID)) { m.onWaiting = fn }

// Status is how the mirror of a collectivity stands. The zero Status is one that
// was never set.
type Status struct {
	Settings Settings
	Set      bool // its settings were saved
	Active   bool
	Next     time.Time
	Checked  time.Time // when the server last answered
	Failing  time.Time // since when it does not; zero when it does
	Fault    *Sentence // why, or why nobody is closed
	Waiting  string    // run that asks, "" for none
	Links    int       // entries that may be agents who are there

	stamp   ldapdir.Stamp
	listed  time.Time
	linked  time.Time // since when Links wait
	allowed string
	from    standing
}

// standing is what a run begins from: when it is another one at the end, somebody
// saved settings, answered or ran the mirror meanwhile, perhaps on another node.
type standing struct {
	settings, stamp, allowed string
	active                   bool
	listed, checked          int64
}

// Sentence is a sentence of the catalogue as it is stored.
type Sentence struct {
	Key  string   `json:"key"`
	Args []string `json:"args,omitempty"`
}

func sentenceOf(said portal.UserError) *Sentence {
	one := &Sentence{Key: said.Key}
	for _, arg := range said.Args {
		one.Args = append(one.Args, fmt.Sprint(arg))
	}
	return one
}

func (s *Sentence) text() string {
	if s == nil {
		return ""
	}
	text, _ := json.Marshal(s) // strings always are
	return string(text)
}

func readSentence(text string) *Sentence {
	one := &Sentence{}
	if text == "" || json.Unmarshal([]byte(text), one) != nil {
		return nil
	}
	return one
}

// In is the sentence in the reader's language, "" for none.
func (s *Sentence) In(printer *i18n.Printer) string {
	if s == nil {
		return ""
	}
	args := make([]any, len(s.Args))
	for i, arg := range s.Args {
		args[i] = arg
	}
	return printer.T(s.Key, args...)
}

// Of returns the status of the caller's collectivity, with the usual settings when
// none were saved. Only its administrator may ask.
func (m *Mirror) Of(ctx context.Context, caller portal.Caller) (Status, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Status{}, fmt.Errorf("mirror: read status: %w", err)
	}
	return m.status(ctx, caller.Collectivity)
}

func (m *Mirror) status(ctx context.Context, id portal.CollectivityID) (status Status, err error) {
	var settings, stamp, fault string
	var next, listed, checked, failing, linked int64
	err = m.db.QueryRow(ctx, `
		SELECT settings, active, next, stamp, listed, checked, failing, fault, waiting, allowed,
			(SELECT COUNT(*) FROM mirror_links l WHERE l.collectivity = $1), (SELECT COALESCE(MIN(l.since), 0) FROM mirror_links l WHERE l.collectivity = $1)
		FROM mirrors WHERE collectivity = $1`, string(id)).
		Scan(&settings, &status.Active, &next, &stamp, &listed, &checked, &failing, &fault, &status.Waiting, &status.allowed, &status.Links, &linked)
	if errors.Is(err, portal.ErrNotFound) {
		return m.unset(ctx, id)
	}
	if err == nil {
		status.Settings, err = parse(settings)
	}
	if err != nil {
		return Status{}, fmt.Errorf("mirror: read status: %w", err)
	}
	status.from = standing{settings, stamp, status.allowed, status.Active, listed, checked}
	status.linked = database.FromMillis(linked)
	status.Set, status.stamp, status.Fault = true, ldapdir.Stamp(stamp), readSentence(fault)
	status.Next, status.listed = database.FromMillis(next), database.FromMillis(listed)
	status.Checked, status.Failing = database.FromMillis(checked), database.FromMillis(failing)
	return status, nil
}

// unset is the status before any settings: the usual ones, when there is a server.
func (m *Mirror) unset(ctx context.Context, id portal.CollectivityID) (Status, error) {
	method, err := m.methods.Of(ctx, id)
	if err != nil || onlyLDAP(method) != nil {
		return Status{}, err
	}
	wanted, err := m.servers.Usual(method)
	if err != nil {
		return Status{}, fmt.Errorf("mirror: read settings: %w", err)
	}
	return Status{Settings: usual(wanted)}, nil
}

// Available says whether a collectivity has a directory server to mirror.
func (m *Mirror) Available(ctx context.Context, id portal.CollectivityID) (bool, error) {
	method, err := m.methods.Of(ctx, id)
	return err == nil && onlyLDAP(method) == nil, err
}

// Save keeps settings. All entries are read again with them.
func (m *Mirror) Save(ctx context.Context, caller portal.Caller, settings Settings, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("mirror: save: %w", err)
	}
	if err := settings.check(); err != nil {
		return fmt.Errorf("mirror: save: %w", err)
	}
	method, err := m.methods.Of(ctx, caller.Collectivity)
	if err == nil {
		err = onlyLDAP(method)
	}
	if err != nil {
		return fmt.Errorf("mirror: save: %w", err)
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("mirror: save: %w", err)
	}
	return m.change(ctx, caller, audit.MirrorChanged, "", address, func(tx *database.Tx) error {
		return tx.Write(ctx, `INSERT INTO mirrors (collectivity, settings) VALUES ($1, $2)
			ON CONFLICT (collectivity) DO UPDATE SET settings = excluded.settings, stamp = '', listed = 0, allowed = '', waiting = ''`,
			string(caller.Collectivity), string(text))
	})
}

// Turn makes the mirror run by itself, or not. Off, the cards are the
// collectivity's again, as they are.
func (m *Mirror) Turn(ctx context.Context, caller portal.Caller, on bool, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("mirror: turn: %w", err)
	}
	detail := "off"
	if on {
		detail = "on"
	}
	return m.change(ctx, caller, audit.MirrorChanged, detail, address, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `UPDATE mirrors SET active = $1, next = $2, failing = 0, fault = '', waiting = '', allowed = '' WHERE collectivity = $3`,
			on, database.Millis(m.now()), string(caller.Collectivity)))
	})
}

// Allow lets go those whom a run asked about, if the next one asks about the same.
func (m *Mirror) Allow(ctx context.Context, caller portal.Caller, closings, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("mirror: allow: %w", err)
	}
	return m.change(ctx, caller, audit.MirrorAllowed, "", address, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `
			UPDATE mirrors SET allowed = $1, next = $2, stamp = '' WHERE collectivity = $3 AND active
				AND EXISTS (SELECT 1 FROM mirror_runs r WHERE r.collectivity = $3 AND r.id = mirrors.waiting AND r.closings = $1 AND r.closings <> '')`,
			closings, database.Millis(m.now()), string(caller.Collectivity)))
	})
}

// change writes something of a mirror with its line in the journal.
func (m *Mirror) change(ctx context.Context, caller portal.Caller, action audit.Action, detail, address string, write func(tx *database.Tx) error) error {
	err := m.db.Tx(ctx, func(tx *database.Tx) error {
		if err := write(tx); err != nil {
			return err
		}
		line := audit.By(caller, action)
		line.At, line.Detail, line.Address = m.now(), detail, address
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("mirror: change: %w", err)
	}
	m.onWaiting(caller.Collectivity)
	return nil
}

// Waits is an entry that may be an agent who is there already.
type Waits struct {
	Key   string
	Name  string // that the server gives
	Email string
	Agent portal.AgentID
	Card  string // her name here
}

// Links lists the entries that an administrator decides about.
func (m *Mirror) Links(ctx context.Context, caller portal.Caller) ([]Waits, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("mirror: list links: %w", err)
	}
	rows, err := m.db.Query(ctx, `
		SELECT l.source_key, l.name, l.email, l.agent, a.given_name, a.family_name FROM mirror_links l
		JOIN agents a ON a.collectivity = l.collectivity AND a.id = l.agent
		WHERE l.collectivity = $1 ORDER BY a.sort_name, a.id LIMIT 500`, string(caller.Collectivity))
	links, err := database.Collect(rows, err, func(rows *sql.Rows) (one Waits, err error) {
		var card directory.Agent
		err = rows.Scan(&one.Key, &one.Name, &one.Email, &one.Agent, &card.GivenName, &card.FamilyName)
		one.Card = card.Name()
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("mirror: list links: %w", err)
	}
	return links, nil
}

// Tie says that entries are the agents that Links shows them with.
func (m *Mirror) Tie(ctx context.Context, caller portal.Caller, keys []string, address string) error {
	links, err := m.Links(ctx, caller)
	if err != nil {
		return err
	}
	chosen := map[string]bool{}
	for _, key := range keys {
		chosen[key] = true
	}
	err = m.db.Tx(ctx, func(tx *database.Tx) error {
		for _, one := range links {
			if !chosen[one.Key] {
				continue
			}
			for _, write := range []struct {
				text string
				args []any
			}{
				{`DELETE FROM mirror_links WHERE collectivity = $1 AND source_key = $2`, []any{one.Key}},
				{`UPDATE agents SET source_key = $2 WHERE collectivity = $1 AND id = $3`, []any{one.Key, string(one.Agent)}},
				{`DELETE FROM mirrored_agents WHERE collectivity = $1 AND agent = $2`, []any{string(one.Agent)}}, // an entry made anew
				{`INSERT INTO mirrored_agents (collectivity, source_key, agent) VALUES ($1, $2, $3)
					ON CONFLICT (collectivity, source_key) DO UPDATE SET agent = excluded.agent, version = ''`, []any{one.Key, string(one.Agent)}},
			} {
				if err := tx.Write(ctx, write.text, append([]any{string(caller.Collectivity)}, write.args...)...); err != nil {
					return err
				}
			}
			line := audit.By(caller, audit.MirrorLinked)
			line.At, line.Object, line.ObjectID, line.Detail, line.Address = m.now(), one.Card, string(one.Agent), one.Email, address
			if err := audit.Write(ctx, tx, line); err != nil {
				return err
			}
		}
		return tx.Write(ctx, `UPDATE mirrors SET stamp = '', next = $1 WHERE collectivity = $2`, database.Millis(m.now()), string(caller.Collectivity))
	})
	if err != nil {
		return fmt.Errorf("mirror: tie: %w", err)
	}
	m.onWaiting(caller.Collectivity)
	return nil
}

// Seen is one person as she would arrive.
type Seen struct {
	Entries int // 0, 1, or 2 for several: then the rest is empty
	Entry   ldapdir.Entry
	Line    *Line // what would be done with her; nil for nothing
	Skipped []Line
}

// Show reads one person of the server with settings that need not be saved. It
// changes nothing.
func (m *Mirror) Show(ctx context.Context, caller portal.Caller, settings Settings, text string) (Seen, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Seen{}, fmt.Errorf("mirror: show: %w", err)
	}
	method, wanted, err := m.asked(ctx, caller.Collectivity, settings)
	if err != nil {
		return Seen{}, fmt.Errorf("mirror: show: %w", err)
	}
	found, err := m.servers.One(ctx, method, wanted, text)
	if err != nil {
		return Seen{}, fmt.Errorf("mirror: show: %w", err)
	}
	seen := Seen{Entries: len(found)}
	if len(found) != 1 {
		return seen, nil
	}
	state, err := m.directory.MirrorState(ctx, caller.Collectivity)
	if err != nil {
		return Seen{}, err
	}
	seen.Entry = found[0]
	reading := ldapdir.Reading{First: true, People: found, Keyless: 1} // others are not shown, and have not left
	for _, line := range planOf(settings, reading, state, m.now()).Lines {
		switch line.Kind {
		case Skip:
			seen.Skipped = append(seen.Skipped, line)
		case Units:
		default:
			seen.Line = &line
		}
	}
	return seen, nil
}

// asked is how a server is asked with settings.
func (m *Mirror) asked(ctx context.Context, id portal.CollectivityID, settings Settings) (sso.Method, ldapdir.Wanted, error) {
	if err := settings.check(); err != nil {
		return sso.Method{}, ldapdir.Wanted{}, err
	}
	method, err := m.methods.Of(ctx, id)
	if err == nil {
		err = onlyLDAP(method)
	}
	if err != nil {
		return sso.Method{}, ldapdir.Wanted{}, err
	}
	common, err := m.servers.Usual(method)
	return method, settings.wanted(common.Attributes.Key), err
}
