package post

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	gomail "github.com/wneessen/go-mail"

	"parvis/portal"
	"parvis/portal/database"
)

const (
	// lookEvery is how often the worker looks by itself, for letters of other
	// nodes and for those that are tried again.
	lookEvery = 20 * time.Second
	// lease is how long a letter is one worker's: after a stop in the middle it
	// is sent again.
	lease = 5 * time.Minute
	// batch is how many letters go by one connection.
	batch = 20
	// firstPause doubles with each attempt, up to longestPause.
	firstPause   = time.Minute
	longestPause = 30 * time.Minute
	// keptFor is how long a letter that was given up says why.
	keptFor = 30 * 24 * time.Hour
)

// Run sends what is due until the context ends.
func (q *Queue) Run(ctx context.Context) error {
	if !q.Sends() {
		return nil
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		for more := true; more && ctx.Err() == nil; {
			sent, err := q.Deliver(ctx)
			if err != nil && ctx.Err() == nil {
				q.log.Error("mail not looked at", "error", err)
			}
			more = err == nil && sent == batch
		}
		select {
		case <-q.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// waiting is a letter about to be sent.
type waiting struct {
	collectivity portal.CollectivityID
	id           string
	sealed       []byte
	created      time.Time
	due          int64 // as it was read: another worker changes it
	expires      time.Time
	tries        int
}

// Deliver tries the letters that are due, at most one batch, and returns how
// many it took up. An error is of the store: what the server refuses is kept
// with the letter.
func (q *Queue) Deliver(ctx context.Context) (int, error) {
	due, err := q.due(ctx)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	line := &line{queue: q}
	defer line.close()
	taken := 0
	for _, one := range due {
		mine, err := q.takeUp(ctx, one)
		if err != nil {
			return 0, err
		}
		if !mine {
			continue
		}
		taken++
		if err := q.settle(context.WithoutCancel(ctx), one, line.carry(ctx, one)); err != nil {
			return 0, err
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return taken, nil
}

// line is the connection by which the letters of a batch go. It is opened for
// the first one, and anew after each that failed: a letter that makes the server
// hang up must not keep those behind it for ever.
type line struct {
	queue  *Queue
	client *gomail.Client // nil while it is closed
	ended  func() bool    // takes back that the end of the context closes it
	dead   error          // why it can't be opened: no letter of this batch leaves
}

var errLate = errors.New("its time is over")

// carry hands a letter over. One whose time is over would lead nowhere.
func (l *line) carry(ctx context.Context, one waiting) error {
	if !l.queue.now().Before(one.expires) {
		return fault{"late", true, errLate}
	}
	if l.client == nil && l.dead == nil {
		l.open(ctx)
	}
	if l.dead != nil {
		return l.dead
	}
	err := l.queue.send(ctx, l.client, one)
	if err != nil {
		l.close()
	}
	return err
}

func (l *line) open(ctx context.Context) {
	client, err := l.queue.server.dial(ctx)
	l.queue.announce(ctx, err)
	if err != nil {
		l.dead = err
		return
	}
	l.client, l.ended = client, context.AfterFunc(ctx, func() { client.Close() })
}

func (l *line) close() {
	if l.client != nil && l.ended() {
		l.client.Close() // what was taken was taken
	}
	l.client = nil
}

// announce tells the operator once that the server does not take mail, and once
// that it does again.
func (q *Queue) announce(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !q.silent:
		q.log.Warn("mail waits: the server does not take it", "server", q.server.Address, "error", err)
	case err == nil && q.silent:
		q.log.Info("mail leaves again", "server", q.server.Address)
	}
	if ctx.Err() == nil {
		q.silent = err != nil
	}
}

// due lists the letters to be tried, those that waited longest first. One that
// is due later than any pause was put there by a clock that went wrong. Those of a
// suspended collectivity wait until it is open again: what they announce is shut.
func (q *Queue) due(ctx context.Context) ([]waiting, error) {
	now := q.now()
	rows, err := q.db.Query(ctx, `
		SELECT collectivity, id, letter, created, due, expires, tries FROM outgoing_mail
		WHERE due > 0 AND (due <= $1 OR due > $2)
			AND NOT EXISTS (SELECT 1 FROM collectivities c WHERE c.id = outgoing_mail.collectivity AND NOT c.active)
		ORDER BY due LIMIT 0 + $3`,
		database.Millis(now), database.Millis(now.Add(2*longestPause)), batch)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (one waiting, err error) {
		var created, expires int64
		err = rows.Scan(&one.collectivity, &one.id, &one.sealed, &created, &one.due, &expires, &one.tries)
		one.created, one.expires = database.FromMillis(created), database.FromMillis(expires)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("post: read queue: %w", err)
	}
	return found, nil
}

// takeUp makes a letter this worker's, just before it is sent: the lease of one
// that waits behind slow ones would end too early, and it would be sent twice.
// Not mine: another node was first, or it was withdrawn.
func (q *Queue) takeUp(ctx context.Context, one waiting) (mine bool, err error) {
	err = database.OneRow(q.db.Exec(ctx, `UPDATE outgoing_mail SET due = $1 WHERE collectivity = $2 AND id = $3 AND due = $4`,
		database.Millis(q.now().Add(lease)), string(one.collectivity), one.id, one.due))
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("post: take up letter: %w", err)
	}
	return true, nil
}

func (q *Queue) send(ctx context.Context, client *gomail.Client, one waiting) error {
	text, err := q.sealer.Open(about(one.id), one.sealed)
	var letter Letter
	if err == nil {
		err = json.Unmarshal(text, &letter)
	}
	if err != nil {
		return fault{"unreadable", true, err}
	}
	from, err := q.senderOf(ctx, letter)
	if err != nil {
		return fault{"sender", false, err}
	}
	letter.Sender = from.Name
	message, err := letter.message(one.id, from, one.created)
	if err != nil {
		return fault{"unreadable", true, err}
	}
	if err := client.Send(message); err != nil && !message.IsDelivered() {
		return sendFault(err)
	}
	return nil
}

// settle deletes a letter that was taken, and puts off or gives up another.
func (q *Queue) settle(ctx context.Context, one waiting, failed error) error {
	if failed == nil {
		return q.Withdraw(ctx, q.db, one.collectivity, one.id)
	}
	var why fault
	errors.As(failed, &why)
	next := q.now().Add(pause(one.tries))
	lost := why.final || !next.Before(one.expires)
	query, due := `UPDATE outgoing_mail SET due = $1, tries = $2, fault = $3 WHERE collectivity = $4 AND id = $5`, database.Millis(next)
	if lost {
		query, due = `UPDATE outgoing_mail SET due = $1, tries = $2, fault = $3, letter = '' WHERE collectivity = $4 AND id = $5`, 0
		q.log.Warn("mail given up", "collectivity", one.collectivity, "mail", one.id, "tries", one.tries+1, "fault", why.word, "error", discreet(failed))
	}
	_, err := q.db.Exec(ctx, query, due, one.tries+1, why.word, string(one.collectivity), one.id)
	if err != nil {
		return fmt.Errorf("post: put off letter: %w", err)
	}
	return nil
}

// private is what servers repeat of a letter when they refuse it: addresses, and
// links, which may open an account.
var private = regexp.MustCompile(`(?i)[^\s<>]+@[^\s<>]+|[a-z]+://\S+|key=\S+`)

// discreet is an error as the log may keep it.
func discreet(err error) string { return private.ReplaceAllString(err.Error(), "…") }

// pause is how long after its nth failure, from 0, a letter is tried again.
func pause(tries int) time.Duration {
	return min(firstPause<<min(tries, 10), longestPause)
}

// Clean forgets what became of letters that were given up long ago.
func (q *Queue) Clean(ctx context.Context) error {
	_, err := q.db.Exec(ctx, `DELETE FROM outgoing_mail WHERE due = 0 AND created < $1`, database.Millis(q.now().Add(-keptFor)))
	if err != nil {
		return fmt.Errorf("post: clean: %w", err)
	}
	return nil
}
