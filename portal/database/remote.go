package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// remote is a transaction at a PostgreSQL server. An exchange with the server is most of what a small
// statement costs us, so it begins with the first of them, and writes that need no answer go with the next
// that does, or with the end: a transaction of such writes alone is one exchange.
type remote struct {
	conn    *sql.Conn
	begun   bool
	pending []statement
}

type statement struct {
	query string
	args  []any
}

const (
	beginRemote  = "BEGIN ISOLATION LEVEL SERIALIZABLE"
	commitRemote = "COMMIT"
)

// runRemote runs fn in a serializable transaction of the server.
func (db *DB) runRemote(ctx context.Context, fn func(tx *Tx) error) error {
	conn, err := db.writer.conns.Conn(ctx)
	if err != nil {
		return fmt.Errorf("database: begin: %w", err)
	}
	defer conn.Close()
	r := &remote{conn: conn}
	defer func() { // also when fn panics
		if r.begun {
			r.rollback(ctx)
		}
	}()
	if err := fn(&Tx{on: conn, remote: r, pool: db.writer}); err != nil {
		return err
	}
	return r.commit(ctx)
}

// write keeps a statement until the next exchange.
func (r *remote) write(query string, args []any) {
	r.pending = append(r.pending, statement{query, args})
}

// ready begins the transaction, and sends what waits, before a statement that must see it.
func (r *remote) ready(ctx context.Context) error {
	if r.begun && len(r.pending) == 0 {
		return nil
	}
	return r.send(ctx, r.take())
}

// commit ends the transaction. One in which nothing was done has not begun.
func (r *remote) commit(ctx context.Context) error {
	if !r.begun && len(r.pending) == 0 {
		return nil
	}
	if err := r.send(ctx, append(r.take(), statement{query: commitRemote})); err != nil {
		return err
	}
	r.begun = false
	return nil
}

// take returns what waits, after the beginning if that was not sent.
func (r *remote) take() []statement {
	taken := r.pending
	if !r.begun {
		taken = append([]statement{{query: beginRemote}}, taken...)
	}
	r.pending = nil
	return taken
}

// errUndone tells that the server ended a transaction that was to be kept, since one of its statements had failed.
var errUndone = errors.New("database: commit of a transaction in which a statement had failed")

// send has the server run statements in one exchange. None runs after one that fails.
func (r *remote) send(ctx context.Context, statements []statement) error {
	r.begun = true // or may have: a rollback too many does no harm
	batch := &pgx.Batch{}
	for _, one := range statements {
		batch.Queue(one.query, one.args...)
	}
	return r.conn.Raw(func(raw any) (err error) {
		results := raw.(*stdlib.Conn).Conn().SendBatch(ctx, batch)
		defer func() {
			if closing := results.Close(); err == nil {
				err = closing
			}
		}()
		for _, one := range statements {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			if one.query == commitRemote && tag.String() != commitRemote {
				return errUndone
			}
		}
		return nil
	})
}

// rollbackTimeout bounds the wait of whoever failed already.
const rollbackTimeout = 5 * time.Second

// rollback takes the transaction back. A connection on which that fails is dropped: nobody else inherits it.
func (r *remote) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := r.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = r.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}
