package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
)

// queue passes the one writing connection of SQLite from transaction to
// transaction. Those that waited for each other are committed together: syncing to
// disk is most of what a small one costs, and one sync serves them all. Each still
// sees the work of those before it, fails alone, and is acknowledged only once it
// is on disk; so is a failure, which what was before it may explain.
type queue struct {
	pool    *pool
	longest time.Duration // of a group: a quick transaction doesn't wait for many slow ones
	turn    chan struct{} // holds a token while nobody writes
	waiting atomic.Int32  // who asked for the turn
	open    *group        // not committed yet; of whoever has the turn
}

// group is what one commit will write.
type group struct {
	tx    *sql.Tx
	count int
	begun time.Time
	done  chan struct{} // closed when it ended
	err   error         // how, once it did
}

const maxGroup = 32 // transactions

// errRegroup tells a transaction that another one of its group took it along. It
// is run again.
var errRegroup = errors.New("database: rolled back with its group")

func newQueue(writer *pool) *queue {
	q := &queue{pool: writer, longest: 5 * time.Millisecond, turn: make(chan struct{}, 1)}
	q.turn <- struct{}{}
	return q
}

// run runs fn in a transaction and returns when it is on disk, or is not.
func (q *queue) run(ctx context.Context, fn func(tx *Tx) error) error {
	if err := q.enter(ctx); err != nil {
		return err
	}
	return q.join(ctx, fn)
}

// join runs fn in its turn, and waits until it is on disk.
func (q *queue) join(ctx context.Context, fn func(tx *Tx) error) error {
	tx, joined, err := q.write(ctx, fn)
	if joined == nil {
		return err
	}
	<-joined.done
	if err != nil && joined.err != nil && !errors.Is(joined.err, errRegroup) {
		return errRegroup // it may have failed by what is not there now
	}
	if err != nil {
		return err
	}
	if joined.err == nil {
		tx.prepareMissed(ctx)
	}
	return joined.err
}

// runner is what runs one statement: the writing connection, or a transaction.
type runner interface {
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	queryRow(ctx context.Context, query string, args []any) Row
}

// single runs one statement. Where nobody waits it needs no transaction around it.
func (q *queue) single(ctx context.Context, fn func(run runner) error) error {
	return again(ctx, func() error { return q.singleOnce(ctx, fn) })
}

func (q *queue) singleOnce(ctx context.Context, fn func(run runner) error) error {
	if err := q.enter(ctx); err != nil {
		return err
	}
	if q.open == nil && q.waiting.Load() == 0 {
		defer q.leave()
		return fn(q.pool)
	}
	return q.join(ctx, func(tx *Tx) error { return fn(tx) })
}

// enter waits for the turn. Who gives up leaves somebody in her place, since the
// group before may count on her to commit it.
func (q *queue) enter(ctx context.Context) error {
	q.waiting.Add(1)
	select {
	case <-q.turn:
		q.waiting.Add(-1)
		return nil
	case <-ctx.Done():
		go func() {
			<-q.turn
			q.waiting.Add(-1)
			q.leave()
		}()
		return ctx.Err()
	}
}

// write runs fn in its turn, and passes the turn on whatever becomes of fn. It returns
// the group in which fn ran.
func (q *queue) write(ctx context.Context, fn func(tx *Tx) error) (*Tx, *group, error) {
	defer q.leave()
	if q.open == nil {
		begun, err := q.pool.conns.BeginTx(context.WithoutCancel(ctx), nil) // it serves others too
		if err != nil {
			return nil, nil, fmt.Errorf("database: begin: %w", err)
		}
		q.open = &group{tx: begun, begun: time.Now(), done: make(chan struct{})}
	}
	joined := q.open
	tx := &Tx{on: joined.tx, pool: q.pool}
	if joined.count > 0 {
		if err := joined.exec("SAVEPOINT member"); err != nil {
			q.end(err)
			return nil, nil, errRegroup
		}
	}
	kept := false
	defer func() { // also when fn panics
		if !kept {
			q.undo()
		}
	}()
	err := fn(tx)
	if err == nil {
		err = tx.aborted
	}
	if err == nil && joined.count > 0 {
		err = joined.exec("RELEASE member")
	}
	if err != nil {
		return nil, joined, err
	}
	kept = true
	joined.count++
	return tx, joined, nil
}

// undo takes back what one member wrote, and all of the group where the engine has
// already done so.
func (q *queue) undo() {
	joined := q.open
	switch {
	case joined.count == 0:
		q.end(nil)
	case joined.exec("ROLLBACK TO member") != nil || joined.exec("RELEASE member") != nil:
		q.end(errRegroup)
	}
}

// end rolls the open group back.
func (q *queue) end(err error) {
	joined := q.open
	q.open = nil
	joined.tx.Rollback()
	joined.err = err
	close(joined.done)
}

// leave passes the turn on: to who waits, with the open group to join, or to
// nobody, once the group is on disk.
func (q *queue) leave() {
	joined := q.open
	if joined != nil && (q.waiting.Load() == 0 || joined.count >= maxGroup || time.Since(joined.begun) > q.longest) {
		q.open = nil
		if err := joined.tx.Commit(); err != nil {
			joined.err = fmt.Errorf("database: commit: %w", err)
		}
		close(joined.done)
	}
	q.turn <- struct{}{}
}

func (g *group) exec(statement string) error {
	_, err := g.tx.Exec(statement)
	return err
}

// aborts says whether an error of a statement may have made SQLite roll the whole
// transaction back (https://www.sqlite.org/lang_transaction.html §3).
func aborts(err error) bool {
	var lite *sqlite.Error
	if !errors.As(err, &lite) {
		return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	}
	const busy, noMemory, interrupt, ioError, corrupt, full = 5, 7, 9, 10, 11, 13
	switch lite.Code() & 0xff {
	case busy, noMemory, interrupt, ioError, corrupt, full:
		return true
	}
	return false
}
