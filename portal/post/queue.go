package post

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/seal"
)

// Options are what sending needs.
type Options struct {
	DB     *database.DB
	Sealer *seal.Sealer
	Server Server
	Log    *slog.Logger
	Now    func() time.Time // nil is time.Now
}

// Queue holds the letters that wait.
type Queue struct {
	db     *database.DB
	sealer *seal.Sealer
	server Server
	log    *slog.Logger
	now    func() time.Time
	wake   chan struct{}
	silent bool // the server did not answer last time; the worker's alone
}

// New returns the queue. Nothing leaves before Run.
func New(options Options) *Queue {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Queue{db: options.DB, sealer: options.Sealer, server: options.Server, log: options.Log, now: options.Now, wake: make(chan struct{}, 1)}
}

// Sends says whether there is a server to send by. Without one, Put is not to be
// called: what a letter would say must reach the person in another way.
func (q *Queue) Sends() bool { return q.server.Address != "" }

// Put queues a letter in the transaction of what it tells, and returns its
// identifier. Call Wake once that is done. portal.ErrInvalid when nothing can be
// sent to the address.
func (q *Queue) Put(ctx context.Context, tx database.Writer, letter Letter) (id string, err error) {
	now := q.now()
	letter, err = letter.clean(now)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(letter)
	if err != nil {
		return "", fmt.Errorf("post: write letter: %w", err)
	}
	id = portal.NewID()
	err = tx.Write(ctx, `INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(letter.Collectivity), id, q.sealer.Seal(about(id), text), database.Millis(now), database.Millis(now), database.Millis(letter.Expires))
	if err != nil {
		return "", fmt.Errorf("post: queue letter: %w", err)
	}
	return id, nil
}

// about is what a sealed letter is about.
func about(id string) string { return "post/" + id }

// Wake makes the worker look at once.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // it will look
	}
}

// Withdraw takes a letter back that has not left, in the transaction of what
// makes it untrue.
func (q *Queue) Withdraw(ctx context.Context, from database.Writer, collectivity portal.CollectivityID, id string) error {
	err := from.Write(ctx, `DELETE FROM outgoing_mail WHERE collectivity = $1 AND id = $2`, string(collectivity), id)
	if err != nil {
		return fmt.Errorf("post: withdraw letter: %w", err)
	}
	return nil
}

// State is what became of a letter. The zero State is of one that was sent.
type State struct {
	Waits bool
	Lost  bool   // given up
	Key   string // sentence about the last attempt, "post.fault.address"; "" for none that failed
}

// States returns what became of letters of a collectivity, by their
// identifiers; those that were sent are left out.
func (q *Queue) States(ctx context.Context, collectivity portal.CollectivityID, ids []string) (map[string]State, error) {
	states := map[string]State{}
	if len(ids) == 0 {
		return states, nil
	}
	args := []any{string(collectivity)}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := q.db.Query(ctx, `SELECT id, due, fault FROM outgoing_mail WHERE collectivity = $1 AND id IN (`+database.Params(2, len(ids))+`)`, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (id string, err error) {
		var due int64
		var word string
		err = rows.Scan(&id, &due, &word)
		state := State{Waits: due != 0, Lost: due == 0}
		if word != "" {
			state.Key = "post.fault." + word
		}
		states[id] = state
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("post: read states: %w", err)
	}
	return states, nil
}

// Check tries the server and says in a sentence what is wrong: a
// portal.UserError, or nil.
func (q *Queue) Check(ctx context.Context) error {
	if !q.Sends() {
		return nil
	}
	return q.server.try(ctx)
}

// Sender is in whose name a collectivity writes.
type Sender struct{ Name, Address string }

// SetSender replaces the sender of a collectivity, "" for what is not said.
// It is a step of set-up: the server must let the address write.
func (q *Queue) SetSender(ctx context.Context, collectivity portal.CollectivityID, sender Sender) error {
	if sender.Address != "" {
		if _, err := CleanAddress(sender.Address); err != nil {
			return fmt.Errorf("post: set sender of %q: %w", collectivity, portal.FieldErrors{portal.Invalid("sender", "post.error.sender")})
		}
	}
	_, err := q.db.Exec(ctx, `
		INSERT INTO mail_senders (collectivity, name, address) VALUES ($1, $2, $3)
		ON CONFLICT (collectivity) DO UPDATE SET name = excluded.name, address = excluded.address`,
		string(collectivity), oneLine(sender.Name, maxName), sender.Address)
	if err != nil {
		return fmt.Errorf("post: set sender of %q: %w", collectivity, err)
	}
	return nil
}

// senderOf is in whose name a letter leaves.
func (q *Queue) senderOf(ctx context.Context, letter Letter) (Sender, error) {
	var sender Sender
	err := q.db.QueryRow(ctx, `SELECT name, address FROM mail_senders WHERE collectivity = $1`, string(letter.Collectivity)).Scan(&sender.Name, &sender.Address)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return Sender{}, fmt.Errorf("post: read sender: %w", err)
	}
	if sender.Name == "" {
		sender.Name = letter.Sender
	}
	if sender.Address == "" {
		sender.Address = q.server.From
	}
	sender.Address, err = CleanAddress(strings.TrimSpace(sender.Address))
	return sender, err
}
