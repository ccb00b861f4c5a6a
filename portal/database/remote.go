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

// InTurn runs a statement and hands over its rows. Of those who ask for the same name at once, on any node, each sees
// what the ones before her wrote: a count and a write that depends on it are one. Other names do not wait. It is one
// exchange with the server, where a serializable transaction needs several and may have to be run again. PostgreSQL
// alone: on SQLite transactions are run in turn anyhow.
func (db *DB) InTurn(ctx context.Context, name string, what Read) error {
	batch := &pgx.Batch{}
	// What is read committed is seen from the moment when a statement begins, so that it is read after the wait.
	batch.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	batch.Queue("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
	what.queue(batch)
	batch.Queue(commitRemote)
	conn, err := db.writer.conns.Conn(ctx)
	if err != nil {
		return fmt.Errorf("database: take turn: %w", err)
	}
	defer conn.Close()
	if err := exchange(ctx, conn, batch); err != nil {
		undo(ctx, conn)
		return fmt.Errorf("database: take turn: %w", err)
	}
	return nil
}

// readRemote has the server answer several questions in one exchange.
func (db *DB) readRemote(ctx context.Context, reads []Read) error {
	batch := &pgx.Batch{}
	for _, read := range reads {
		read.queue(batch)
	}
	conn, err := db.readers.conns.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return exchange(ctx, conn, batch)
}

// queue adds a question to those of one exchange.
func (read Read) queue(to *pgx.Batch) {
	to.Queue(read.Query, read.Args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := read.Row(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// exchange sends what a batch holds, and hands over what each of it answers.
func exchange(ctx context.Context, conn *sql.Conn, batch *pgx.Batch) error {
	return conn.Raw(func(raw any) error { return raw.(*stdlib.Conn).Conn().SendBatch(ctx, batch).Close() })
}

// rollbackTimeout bounds the wait of whoever failed already.
const rollbackTimeout = 5 * time.Second

// rollback takes the transaction back.
func (r *remote) rollback(ctx context.Context) { undo(ctx, r.conn) }

// undo takes the transaction of a connection back. One on which that fails is dropped: nobody else inherits it.
func undo(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}
