package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"parvis/portal"
)

// Tx is a transaction: all or nothing, and alone. It lives inside DB.Tx.
type Tx struct {
	on     handle
	remote *remote // nil on SQLite
	pool   *pool
	// aborted is the error by which the engine may have ended the transaction,
	// whatever becomes of it in fn. Nothing runs after it: outside of a transaction
	// SQLite would keep it at once.
	aborted error
	// missed are the texts that no prepared statement was there for. They are
	// prepared once the transaction has given its connection back.
	missed []string
}

// handle is what runs statements in a transaction.
type handle interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// attempts bounds how often a transaction that met another one is run again.
const attempts = 20

// Tx runs fn in a transaction and commits it when fn returns nil. On SQLite
// transactions run one after the other, and those that waited share one commit;
// on PostgreSQL they are serializable. When it met
// another transaction it is run again, so fn must have no effect outside of
// the store. After several meetings it gives up with portal.ErrUnavailable.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	return again(ctx, func() error { return db.once(ctx, fn) })
}

// again runs what met another transaction again, after a moment.
func again(ctx context.Context, run func() error) error {
	for attempt := 1; ; attempt++ {
		err := run()
		if err == nil || !collided(err) {
			return err
		}
		if attempt == attempts {
			return fmt.Errorf("database: transaction met others %d times: %w: %w", attempts, portal.ErrUnavailable, err)
		}
		pause := time.Duration(rand.Int64N(int64(attempt) * int64(10*time.Millisecond)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (db *DB) once(ctx context.Context, fn func(tx *Tx) error) error {
	if db.queue == nil {
		return db.runRemote(ctx, fn)
	}
	return db.queue.run(ctx, fn)
}

// prepareMissed prepares for the next time what this one had to compile.
func (tx *Tx) prepareMissed(ctx context.Context) {
	for _, query := range tx.missed {
		tx.pool.statement(ctx, query)
	}
}

// note keeps an error that may have ended the transaction.
func (tx *Tx) note(err error) error {
	if err != nil && tx.aborted == nil && aborts(err) {
		tx.aborted = err
	}
	return err
}

// collided says whether an error only means that two transactions met.
func collided(err error) bool {
	if errors.Is(err, errRegroup) {
		return true
	}
	var postgres *pgconn.PgError
	if errors.As(err, &postgres) {
		return postgres.Code == "40001" || postgres.Code == "40P01" // serialization failure, deadlock
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		const busy, locked = 5, 6
		primary := lite.Code() & 0xff
		return primary == busy || primary == locked
	}
	return false
}

// IsDuplicate says whether a write was refused because a row with the same
// key is there already.
func IsDuplicate(err error) bool {
	var postgres *pgconn.PgError
	if errors.As(err, &postgres) {
		return postgres.Code == "23505"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		const primaryKey, unique = 1555, 2067
		return lite.Code() == primaryKey || lite.Code() == unique
	}
	return false
}

// IsConstraint says whether a write was refused because of what its row holds: a key
// that is there already, a column without a value, a row that leads nowhere.
func IsConstraint(err error) bool {
	var postgres *pgconn.PgError
	if errors.As(err, &postgres) {
		return strings.HasPrefix(postgres.Code, "23")
	}
	var lite *sqlite.Error
	const constraint = 19
	return errors.As(err, &lite) && lite.Code()&0xff == constraint
}

// statement binds a statement of the pool to the transaction.
func (tx *Tx) statement(ctx context.Context, query string) *sql.Stmt {
	found, ok := tx.pool.statements.Load(query)
	if !ok {
		if tx.pool.cacheStatements {
			tx.missed = append(tx.missed, query)
		}
		return nil
	}
	return tx.on.(*sql.Tx).StmtContext(ctx, found.(*sql.Stmt))
}

// Query reads rows. The caller closes them before the next call: a
// transaction has one connection.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := tx.ready(ctx); err != nil {
		return nil, err
	}
	rows, err := tx.run(ctx, query, args)
	return rows, tx.note(err)
}

func (tx *Tx) run(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if stmt := tx.statement(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return tx.on.QueryContext(ctx, query, args...)
}

// QueryRow reads one row.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return tx.queryRow(ctx, query, args)
}

func (tx *Tx) queryRow(ctx context.Context, query string, args []any) Row {
	if err := tx.ready(ctx); err != nil {
		return Row{scan: func(...any) error { return err }}
	}
	if stmt := tx.statement(ctx, query); stmt != nil {
		return Row{row: stmt.QueryRowContext(ctx, args...), tx: tx}
	}
	return Row{row: tx.on.QueryRowContext(ctx, query, args...), tx: tx}
}

// Exec writes.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return tx.exec(ctx, query, args)
}

func (tx *Tx) exec(ctx context.Context, query string, args []any) (result sql.Result, err error) {
	if err := tx.ready(ctx); err != nil {
		return nil, err
	}
	if stmt := tx.statement(ctx, query); stmt != nil {
		result, err = stmt.ExecContext(ctx, args...)
	} else {
		result, err = tx.on.ExecContext(ctx, query, args...)
	}
	return result, tx.note(err)
}

// Prepare compiles a statement that the transaction runs many times. The caller
// closes it.
func (tx *Tx) Prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := tx.ready(ctx); err != nil {
		return nil, err
	}
	return tx.on.PrepareContext(ctx, query)
}

// Write is Exec for who needs nothing of the result. A PostgreSQL server is sent
// such writes together, at the latest with the end of the transaction: the error
// of one may come from a later call, or from DB.Tx.
func (tx *Tx) Write(ctx context.Context, query string, args ...any) error {
	if tx.remote == nil {
		_, err := tx.exec(ctx, query, args)
		return err
	}
	tx.remote.write(query, args)
	return nil
}

// ready says whether a statement may run now, and sends what it must see.
func (tx *Tx) ready(ctx context.Context) error {
	if tx.aborted != nil || tx.remote == nil {
		return tx.aborted
	}
	return tx.remote.ready(ctx)
}
