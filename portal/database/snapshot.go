package database

import (
	"context"
	"database/sql"
	"fmt"
)

// Snapshot reads the store as it was at one instant, whatever is written
// meanwhile. It lives inside DB.Snapshot.
type Snapshot struct{ tx *sql.Tx }

// Snapshot runs fn over the store as it is now. Writers do not wait for it. It
// holds one connection: what it reads should be read in parts, since a server
// ends a statement that lasts.
func (db *DB) Snapshot(ctx context.Context, fn func(view *Snapshot) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.engine == PostgreSQL {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.readers.conns.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("database: begin a snapshot: %w", err)
	}
	defer tx.Rollback() // it wrote nothing
	return fn(&Snapshot{tx})
}

// Query reads rows. The caller closes them before the next call.
func (s *Snapshot) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, query, args...)
}

// QueryRow reads one row.
func (s *Snapshot) QueryRow(ctx context.Context, query string, args ...any) Row {
	return Row{row: s.tx.QueryRowContext(ctx, query, args...)}
}

// Version is the number of the last migration of the store.
func (db *DB) Version(ctx context.Context) (version int64, err error) {
	err = db.QueryRow(ctx, `SELECT MAX(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("database: schema version: %w", err)
	}
	return version, nil
}
