// Package webhooks tells the programs of a collectivity what happens to its agents,
// units, groups and rights: messages of the outbox are signed as Standard Webhooks
// says (https://www.standardwebhooks.com) and sent, at least once each, to addresses
// that its administrator governs. What is told is decided where it happens.
package webhooks

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/portal/seal"
)

// Templates are the pages.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales are their sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// State is how a webhook stands.
type State string

// The states.
const (
	On      State = "on"
	Off     State = "off"     // by an administrator
	Stopped State = "stopped" // by itself: nothing was taken for days, or the address said that it is no more
	Removed State = "removed" // and can be had again for thirty days, as it was
)

// Webhook is an address that is told of what happens.
type Webhook struct {
	ID        string
	Address   string        // "https://paie.example/parvis"
	Label     string        // in the administrator's words, "Paie"
	Kinds     []outbox.Kind // that it is told; empty for all
	State     State
	Created   time.Time
	CreatedBy portal.AgentID
	Turned    time.Time // when it came to its state
	Delivered time.Time // the last message that was taken; zero for none
	Failing   time.Time // since when nothing is; zero when all is well
	Rotated   time.Time // until when the former secret signs too; zero for none
	Waiting   int       // messages that are not taken yet
}

// Wants says whether it is told of a kind, in a template.
func (w Webhook) Wants(kind outbox.Kind) bool {
	return len(w.Kinds) == 0 || slices.Contains(w.Kinds, kind)
}

const (
	maxWebhooks = 10 // of a collectivity
	maxAddress  = 500
	maxLabel    = 80
	// keptRemoved is how long one that was removed can be had again.
	keptRemoved = 30 * 24 * time.Hour
	// keptMessages is how long it is told what became of a message.
	keptMessages = 30 * 24 * time.Hour
	// bothSecrets is how long the secret before the last one signs too: a receiver is
	// given the new one meanwhile.
	bothSecrets = 24 * time.Hour
)

// Options are what webhooks need.
type Options struct {
	DB     *database.DB
	Sealer *seal.Sealer
	Log    *slog.Logger
	// Client dials what administrators wrote, and follows no redirection.
	Client *http.Client
	// AllowInside lets addresses be of our network, and without TLS.
	AllowInside bool
	Now         func() time.Time // nil is time.Now
}

// Store keeps the webhooks of every collectivity, and sends.
type Store struct {
	Options
	node    string // that holds a lease
	wake    chan struct{}
	pausing func(streak int64) time.Duration
	waiting []func(portal.CollectivityID)

	mu      sync.Mutex
	sending map[sender]bool
	busy    map[portal.CollectivityID]int // senders
	left    bool                          // some had no place
	slow    map[sender]bool               // webhooks whose last try failed or took long
	all     chan struct{}                 // holds a token for each sender
	late    chan struct{}                 // the same, for those of slow ones
}

// New returns the webhooks. Nothing is sent before Run.
func New(options Options) *Store {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Store{
		Options: options, node: portal.NewID(), wake: make(chan struct{}, 1), pausing: pause,
		sending: map[sender]bool{}, busy: map[portal.CollectivityID]int{}, slow: map[sender]bool{}, all: make(chan struct{}, maxSenders), late: make(chan struct{}, maxSenders/2),
	}
}

// OnWaiting calls a function when an administrator of a collectivity has, or has no
// more, something to mend.
func (s *Store) OnWaiting(call func(portal.CollectivityID)) { s.waiting = append(s.waiting, call) }

func (s *Store) changed(collectivity portal.CollectivityID) {
	for _, call := range s.waiting {
		call(collectivity)
	}
}

// Wake has the worker look at once.
func (s *Store) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look
	}
}

const columns = `w.id, w.address, w.label, w.kinds, w.state, w.created, w.created_by, w.turned, w.delivered, w.failing, w.former_ends,
	(SELECT COUNT(*) FROM webhook_messages m WHERE m.collectivity = w.collectivity AND m.webhook = w.id AND m.due > 0)`

func (s *Store) scan(scan func(dest ...any) error) (w Webhook, err error) {
	var kinds string
	var created, turned, delivered, failing, rotated int64
	err = scan(&w.ID, &w.Address, &w.Label, &kinds, &w.State, &created, &w.CreatedBy, &turned, &delivered, &failing, &rotated, &w.Waiting)
	w.Kinds = parseKinds(kinds)
	w.Created, w.Turned = database.FromMillis(created), database.FromMillis(turned)
	w.Delivered, w.Failing = database.FromMillis(delivered), database.FromMillis(failing)
	if ends := database.FromMillis(rotated); ends.After(s.Now()) {
		w.Rotated = ends
	}
	return w, err
}

func parseKinds(text string) (kinds []outbox.Kind) {
	for _, word := range strings.Fields(text) {
		kinds = append(kinds, outbox.Kind(word))
	}
	return kinds
}

// kindsText is how they are stored, between blanks; "" for all.
func kindsText(kinds []outbox.Kind) string {
	if len(kinds) == 0 || len(kinds) == len(outbox.Kinds) {
		return ""
	}
	text := " "
	for _, kind := range outbox.Kinds {
		if slices.Contains(kinds, kind) {
			text += string(kind) + " "
		}
	}
	return text
}

// All lists the webhooks of the caller's collectivity, the oldest first, those that were
// removed within thirty days too. portal.ErrDenied but for its administrator, as all
// that follows.
func (s *Store) All(ctx context.Context, caller portal.Caller) ([]Webhook, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("webhooks: list: %w", err)
	}
	rows, err := s.DB.Query(ctx, `SELECT `+columns+` FROM webhooks w WHERE w.collectivity = $1 AND (w.state <> 'removed' OR w.turned >= $2) ORDER BY w.created, w.id`,
		string(caller.Collectivity), database.Millis(s.Now().Add(-keptRemoved)))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Webhook, error) { return s.scan(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("webhooks: list: %w", err)
	}
	return all, nil
}

// Get returns one that was not removed.
func (s *Store) Get(ctx context.Context, caller portal.Caller, id string) (Webhook, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Webhook{}, fmt.Errorf("webhooks: read: %w", err)
	}
	found, err := s.scan(s.DB.QueryRow(ctx, `SELECT `+columns+` FROM webhooks w WHERE w.collectivity = $1 AND w.id = $2 AND w.state <> 'removed'`,
		string(caller.Collectivity), id).Scan)
	if err != nil {
		return Webhook{}, fmt.Errorf("webhooks: read: %w", err)
	}
	return found, nil
}

// check refuses what can't be an address to tell.
func (s *Store) check(w Webhook) error {
	var wrong portal.Check
	wrong.Text("address", w.Address, true, maxAddress)
	if err := wrong.OrNil(); err == nil {
		switch at, err := url.Parse(w.Address); {
		case err != nil || at.Host == "" || at.Hostname() == "" || at.User != nil || at.Fragment != "" || strings.ContainsAny(w.Address, " <>\"") ||
			at.Scheme != "https" && at.Scheme != "http":
			wrong.Add("address", "webhooks.error.address")
		case at.Scheme == "http" && !s.AllowInside:
			wrong.Add("address", "webhooks.error.https")
		}
	}
	wrong.Text("label", w.Label, true, maxLabel)
	for _, kind := range w.Kinds {
		if !slices.Contains(outbox.Kinds, kind) {
			wrong.Add("kinds", "webhooks.error.kinds")
			break
		}
	}
	return wrong.OrNil()
}

// errMany bounds what each change of the directory has to write.
var errMany = portal.UserError{Kind: portal.ErrConflict, Key: "webhooks.error.many", Args: []any{"max", maxWebhooks}}

// errAssisted refuses to who assists a collectivity what would outlive the assistance: where
// its changes are told, and what signs them.
var errAssisted = portal.UserError{Kind: portal.ErrDenied, Key: "webhooks.error.assisted"}

// mayDirect says whether a caller decides where a collectivity's changes are told.
func mayDirect(caller portal.Caller) error {
	if err := caller.Require(portal.Admin); err != nil {
		return err
	}
	if caller.Assists() {
		return errAssisted
	}
	return nil
}

// Add adds a webhook by its address, its label and its kinds, and returns its secret,
// which nobody reads again.
func (s *Store) Add(ctx context.Context, caller portal.Caller, w Webhook, client string) (added Webhook, secret string, err error) {
	if err := mayDirect(caller); err != nil {
		return Webhook{}, "", fmt.Errorf("webhooks: add: %w", err)
	}
	if err := s.check(w); err != nil {
		return Webhook{}, "", fmt.Errorf("webhooks: add: %w", err)
	}
	secret, id, now := newSecret(), portal.NewID(), s.Now()
	sealed, err := s.seal(caller.Collectivity, id, secret)
	if err != nil {
		return Webhook{}, "", fmt.Errorf("webhooks: add: %w", err)
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		if err := room(ctx, tx, caller.Collectivity); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO webhooks (collectivity, id, address, label, kinds, secret, former, state, created, created_by, turned, rights_seen)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 'on', $8, $9, $8, $8)`, string(caller.Collectivity), id, w.Address, w.Label, kindsText(w.Kinds), sealed, []byte{},
			database.Millis(now), string(caller.Agent)); err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.WebhookAdded, id, w.Label, w.Address, client)
	})
	if err != nil {
		return Webhook{}, "", fmt.Errorf("webhooks: add: %w", err)
	}
	added, err = s.Get(ctx, caller, id)
	return added, secret, err
}

func room(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID) error {
	var count int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM webhooks WHERE collectivity = $1 AND state <> 'removed'`, string(collectivity)).Scan(&count)
	if err == nil && count >= maxWebhooks {
		err = errMany
	}
	return err
}

// tell writes the journal's line.
func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, id, label, detail, client string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.Now(), label, id, detail, client
	return audit.Write(ctx, tx, line)
}

// act changes a webhook that is not removed, in a transaction with its line.
func (s *Store) act(ctx context.Context, caller portal.Caller, id, client string, action audit.Action, change func(tx *database.Tx, now Webhook) (detail string, err error)) error {
	err := caller.Require(portal.Admin)
	if err == nil {
		err = s.DB.Tx(ctx, func(tx *database.Tx) error {
			now, err := s.scan(tx.QueryRow(ctx, `SELECT `+columns+` FROM webhooks w WHERE w.collectivity = $1 AND w.id = $2 AND (w.state <> 'removed' OR w.turned >= $3)`,
				string(caller.Collectivity), id, database.Millis(s.Now().Add(-keptRemoved))).Scan)
			if err == nil && (now.State == Removed) != (action == audit.WebhookRestored) {
				err = portal.ErrNotFound
			}
			if err != nil {
				return err
			}
			detail, err := change(tx, now)
			if errors.Is(err, errSame) {
				return nil
			}
			if err != nil {
				return err
			}
			return s.tell(ctx, tx, caller, action, id, now.Label, detail, client)
		})
	}
	if err != nil {
		return fmt.Errorf("webhooks: %s: %w", action, err)
	}
	s.changed(caller.Collectivity)
	s.Wake()
	return nil
}

// errSame says that nothing was changed.
var errSame = errors.New("webhooks: as it was")

// Change writes another address, label, kinds, and whether it is told anything.
func (s *Store) Change(ctx context.Context, caller portal.Caller, id string, typed Webhook, client string) error {
	if err := s.check(typed); err != nil {
		return fmt.Errorf("webhooks: change: %w", err)
	}
	return s.act(ctx, caller, id, client, audit.WebhookChanged, func(tx *database.Tx, now Webhook) (string, error) {
		if now.Address == typed.Address && now.Label == typed.Label && kindsText(now.Kinds) == kindsText(typed.Kinds) {
			return "", errSame
		}
		if now.Address != typed.Address {
			if err := mayDirect(caller); err != nil {
				return "", err
			}
		}
		// another address has not failed yet
		_, err := tx.Exec(ctx, `UPDATE webhooks SET address = $3, label = $4, kinds = $5, failing = CASE WHEN address = $3 THEN failing ELSE 0 END,
				streak = CASE WHEN address = $3 THEN streak ELSE 0 END, resumes = CASE WHEN address = $3 THEN resumes ELSE 0 END
			WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id, typed.Address, typed.Label, kindsText(typed.Kinds))
		return typed.Address, err
	})
}

// Pause tells it nothing any more, until Resume. What waits is given up.
func (s *Store) Pause(ctx context.Context, caller portal.Caller, id, client string) error {
	return s.act(ctx, caller, id, client, audit.WebhookStopped, func(tx *database.Tx, now Webhook) (string, error) {
		if now.State != On {
			return "", errSame
		}
		return "", s.turn(ctx, tx, caller.Collectivity, id, Off)
	})
}

// Resume tells it again, first of all that it is to read the directory: nobody kept
// for it what happened meanwhile.
func (s *Store) Resume(ctx context.Context, caller portal.Caller, id, client string) error {
	return s.act(ctx, caller, id, client, audit.WebhookResumed, func(tx *database.Tx, now Webhook) (string, error) {
		if now.State == On {
			return "", errSame
		}
		return "", s.restart(ctx, tx, caller.Collectivity, id)
	})
}

// Remove takes a webhook away; Restore brings it back, with its secret, within thirty
// days.
func (s *Store) Remove(ctx context.Context, caller portal.Caller, id, client string) error {
	return s.act(ctx, caller, id, client, audit.WebhookRemoved, func(tx *database.Tx, _ Webhook) (string, error) {
		return "", s.turn(ctx, tx, caller.Collectivity, id, Removed)
	})
}

// Restore undoes Remove: one that was off, or had stopped, is so again.
func (s *Store) Restore(ctx context.Context, caller portal.Caller, id, client string) error {
	return s.act(ctx, caller, id, client, audit.WebhookRestored, func(tx *database.Tx, _ Webhook) (string, error) {
		if err := room(ctx, tx, caller.Collectivity); err != nil {
			return "", err
		}
		var was State
		err := tx.QueryRow(ctx, `SELECT was FROM webhooks WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id).Scan(&was)
		switch {
		case err != nil:
			return "", err
		case was == Off || was == Stopped:
			return "", s.turn(ctx, tx, caller.Collectivity, id, was)
		}
		return "", s.restart(ctx, tx, caller.Collectivity, id)
	})
}

// turn ends what is told, and gives up what waits.
func (s *Store) turn(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string, to State) error {
	if _, err := tx.Exec(ctx, `UPDATE webhooks SET was = state, state = $3, turned = $4 WHERE collectivity = $1 AND id = $2`,
		string(collectivity), id, string(to), database.Millis(s.Now())); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE webhook_messages SET due = 0 WHERE collectivity = $1 AND webhook = $2 AND due > 0`, string(collectivity), id)
	return err
}

func (s *Store) restart(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string) error {
	now := s.Now()
	if _, err := tx.Exec(ctx, `UPDATE webhooks SET state = 'on', turned = $3, failing = 0, streak = 0, resumes = 0, rights_seen = $3 WHERE collectivity = $1 AND id = $2`,
		string(collectivity), id, database.Millis(now)); err != nil {
		return err
	}
	return s.put(ctx, tx, collectivity, id, outbox.Event{Kind: outbox.DirectoryChanged, At: now}, now)
}

// put adds a message for one webhook, to be sent at a moment; the zero one is never.
func (s *Store) put(ctx context.Context, tx database.Writer, collectivity portal.CollectivityID, webhook string, event outbox.Event, due time.Time) error {
	return putAs(ctx, tx, collectivity, webhook, outbox.NewID(event.At), event, due)
}

func putAs(ctx context.Context, tx database.Writer, collectivity portal.CollectivityID, webhook, id string, event outbox.Event, due time.Time) error {
	return tx.Write(ctx, `INSERT INTO webhook_messages (collectivity, webhook, id, at, kind, agent, payload, due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		string(collectivity), webhook, id, database.Millis(event.At), string(event.Kind), string(event.Agent), event.Payload(collectivity), database.Millis(due))
}

// Rotate makes another secret, and returns it: nobody reads it again. The former one
// signs too for a day.
func (s *Store) Rotate(ctx context.Context, caller portal.Caller, id, client string) (secret string, err error) {
	if err := mayDirect(caller); err != nil {
		return "", fmt.Errorf("webhooks: rotate: %w", err)
	}
	secret = newSecret()
	sealed, err := s.seal(caller.Collectivity, id, secret)
	if err != nil {
		return "", fmt.Errorf("webhooks: rotate: %w", err)
	}
	return secret, s.act(ctx, caller, id, client, audit.WebhookRotated, func(tx *database.Tx, _ Webhook) (string, error) {
		_, err := tx.Exec(ctx, `UPDATE webhooks SET former = secret, former_ends = $3, secret = $4 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), id, database.Millis(s.Now().Add(bothSecrets)), sealed)
		return "", err
	})
}

// Delivery is a message to a webhook, and what became of it.
type Delivery struct {
	ID      string
	At      time.Time
	Kind    outbox.Kind
	Payload string // as sent
	Due     time.Time
	Tries   int
	Tried   time.Time
	Taken   bool
	Status  int    // of the last answer, 0 for none
	Answer  string // its beginning; a key of the catalogue when there was none
}

// Lost says that it was given up.
func (d Delivery) Lost() bool { return !d.Taken && d.Due.IsZero() }

// DeliveryState is what deliveries are looked for by.
type DeliveryState string

// The states of deliveries.
const (
	Waits DeliveryState = "waits"
	Taken DeliveryState = "taken"
	Lost  DeliveryState = "lost"
)

// DeliveryStates lists them.
var DeliveryStates = []DeliveryState{Waits, Taken, Lost}

// ofState narrows to a state; it compares parameters first, so that a list of all is one
// too.
const ofState = ` WHERE m.collectivity = $1 AND m.webhook = $2 AND ($3 = '' OR $3 = 'waits' AND m.due > 0 OR $3 = 'taken' AND m.taken OR $3 = 'lost' AND m.due = 0 AND NOT m.taken)`

const deliveryColumns = `m.id, m.at, m.kind, m.payload, m.due, m.tries, m.tried, m.taken, m.status, m.answer`

func scanDelivery(scan func(dest ...any) error) (d Delivery, err error) {
	var at, due, tried int64
	err = scan(&d.ID, &at, &d.Kind, &d.Payload, &due, &d.Tries, &tried, &d.Taken, &d.Status, &d.Answer)
	d.At, d.Due, d.Tried = database.FromMillis(at), database.FromMillis(due), database.FromMillis(tried)
	return d, err
}

// Deliveries lists the messages of a webhook of the last thirty days, the newest first:
// those before one, "" for the newest, and at most size.
func (s *Store) Deliveries(ctx context.Context, caller portal.Caller, id string, state DeliveryState, before string, size int) ([]Delivery, error) {
	if _, err := s.Get(ctx, caller, id); err != nil {
		return nil, err
	}
	rows, err := s.DB.Query(ctx, `SELECT `+deliveryColumns+` FROM webhook_messages m`+ofState+` AND ($4 = '' OR m.id < $4) ORDER BY m.id DESC LIMIT 0 + $5`,
		string(caller.Collectivity), id, string(state), before, size)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Delivery, error) { return scanDelivery(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("webhooks: list deliveries: %w", err)
	}
	return all, nil
}

// Resend sends a message again, as soon as may be.
func (s *Store) Resend(ctx context.Context, caller portal.Caller, webhook, message string) error {
	err := caller.Require(portal.Admin)
	if err == nil {
		err = database.OneRow(s.DB.Exec(ctx, `
			UPDATE webhook_messages SET due = $4, tries = 0, taken = FALSE WHERE collectivity = $1 AND webhook = $2 AND id = $3
				AND EXISTS (SELECT 1 FROM webhooks w WHERE w.collectivity = $1 AND w.id = $2 AND w.state = 'on')`,
			string(caller.Collectivity), webhook, message, database.Millis(s.Now())))
	}
	if err == nil { // she asks for it now
		err = s.DB.Write(ctx, `UPDATE webhooks SET resumes = 0 WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), webhook)
	}
	if err != nil {
		return fmt.Errorf("webhooks: send again: %w", err)
	}
	s.Wake()
	return nil
}

// StoppedOnes are the webhooks of a collectivity that stopped by themselves, for who
// mends what is broken.
func (s *Store) StoppedOnes(ctx context.Context, caller portal.Caller) ([]Webhook, error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	all, err := s.All(ctx, caller)
	return slices.DeleteFunc(all, func(w Webhook) bool { return w.State != Stopped }), err
}
