// Package database opens the store of a pool, SQLite or PostgreSQL, brings its
// schema up to date, and runs one SQL text on both engines: parameters are
// written $1, instants are BIGINT milliseconds since the epoch in UTC, and
// octets are BYTEA. It knows no feature: who may read what is decided above.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"           // driver "sqlite"

	"parvis/portal"
)

// Engine is the kind of database behind a DB.
type Engine string

// The two engines. Everything in Parvis works on both.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// DB is an open store. Its methods may be called at the same time from many
// goroutines.
type DB struct {
	engine  Engine
	url     string // of a PostgreSQL server
	readers *pool
	writer  *pool  // the same as readers on PostgreSQL, one connection on SQLite
	queue   *queue // of who wants to write, nil on PostgreSQL
}

// Open opens the store at url and migrates it: "sqlite:/var/lib/parvis/parvis.db"
// or "postgres://user@host/parvis". It returns an error that wraps ErrNewer
// when the schema was made by a later Parvis, and portal.ErrUnavailable when
// the server does not answer.
func Open(ctx context.Context, url string, log *slog.Logger) (*DB, error) {
	db, err := connect(url)
	if err != nil {
		return nil, err
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := migrate(ctx, db, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func connect(url string) (*DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return connectSQLite(path)
	}
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return nil, fmt.Errorf("database: %w: address %q must start with sqlite: or postgres://", portal.ErrInvalid, url)
	}
	conns, err := openPostgres(url, statementTimeout)
	if err != nil {
		return nil, err
	}
	conns.SetMaxOpenConns(32)
	conns.SetMaxIdleConns(16)
	conns.SetConnMaxIdleTime(5 * time.Minute)
	shared := &pool{conns: conns} // pgx keeps the prepared statements of each connection
	return &DB{engine: PostgreSQL, url: url, readers: shared, writer: shared}, nil
}

// statementTimeout ends a statement on a server that hangs, so that connections
// come back. Migrations have no such bound.
const statementTimeout = 30 * time.Second

// planning is how PostgreSQL is to plan. A statement kept from one collectivity to another must not
// be planned for their average, of a hundred agents, when one has ten thousand; and compiling one that
// is over in milliseconds takes a hundred times as long as running it.
var planning = map[string]string{"plan_cache_mode": "force_custom_plan", "jit": "off"}

func openPostgres(url string, statement time.Duration) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database: %w: PostgreSQL address: %w", portal.ErrInvalid, err)
	}
	config.ConnectTimeout = 5 * time.Second
	for name, value := range planning {
		if config.RuntimeParams[name] == "" { // else the address says
			config.RuntimeParams[name] = value
		}
	}
	if statement > 0 {
		config.RuntimeParams["statement_timeout"] = strconv.FormatInt(statement.Milliseconds(), 10)
	}
	return stdlib.OpenDB(*config), nil
}

// connectSQLite opens one writing connection, so that writers queue in the
// process instead of meeting "database is locked", and as many readers as can
// be useful. Commits are synced to disk before they are acknowledged.
func connectSQLite(path string) (*DB, error) {
	dsn := "file:" + escapePath(path) +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"
	writer, err := sql.Open("sqlite", dsn+"&_txlock=immediate&_pragma=cache_size(-4000)")
	if err != nil {
		return nil, fmt.Errorf("database: open %s: %w", filepath.Base(path), err)
	}
	writer.SetMaxOpenConns(1)
	// Each reader has a cache of its own, which any commit empties: a small one does.
	readers, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)&_pragma=cache_size(-2000)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database: open %s: %w", filepath.Base(path), err), writer.Close())
	}
	count := max(4, runtime.GOMAXPROCS(0))
	readers.SetMaxOpenConns(count)
	readers.SetMaxIdleConns(count)
	write := &pool{conns: writer, cacheStatements: true}
	return &DB{
		engine:  SQLite,
		readers: &pool{conns: readers, cacheStatements: true},
		writer:  write, queue: newQueue(write),
	}, nil
}

// escapePath escapes what a SQLite file: address gives a meaning to.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

// Engine says which engine is behind, for the few places that must know.
func (db *DB) Engine() Engine { return db.engine }

// pingTimeout is how long a store may take to say that it is there.
const pingTimeout = 6 * time.Second

// Ping tells whether the store answers; portal.ErrUnavailable when not.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := db.writer.conns.PingContext(ctx); err != nil {
		return fmt.Errorf("database: %w: %w", portal.ErrUnavailable, err)
	}
	return nil
}

// SQL is the pool of connections that may write, for the libraries that keep
// their own tables beside ours (background jobs).
func (db *DB) SQL() *sql.DB { return db.writer.conns }

// Close ends every connection.
func (db *DB) Close() error {
	if db.readers == db.writer {
		return db.writer.close()
	}
	return errors.Join(db.readers.close(), db.writer.close())
}

// Query reads rows. The caller closes them.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.readers.query(ctx, query, args)
}

// QueryRow reads one row.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) Row {
	return db.readers.queryRow(ctx, query, args)
}

// Read is a question to the store, and what takes each row of its answer: it is
// handed the row's Scan.
type Read struct {
	Query string
	Args  []any
	Row   func(scan func(dest ...any) error) error
}

// ReadAll asks questions that do not depend on each other's answers. A PostgreSQL
// server is asked all of them at once.
func (db *DB) ReadAll(ctx context.Context, reads ...Read) error {
	if db.engine == PostgreSQL {
		return db.readRemote(ctx, reads)
	}
	for _, read := range reads {
		rows, err := db.Query(ctx, read.Query, read.Args...)
		_, err = Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) { return none, read.Row(rows.Scan) })
		if err != nil {
			return err
		}
	}
	return nil
}

// Exec writes in a transaction of its own.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	if db.queue == nil {
		return db.writer.exec(ctx, query, args)
	}
	err = db.queue.single(ctx, func(run runner) error {
		result, err = run.exec(ctx, query, args)
		return err
	})
	return result, err
}

// Write is Exec for who needs nothing of the result.
func (db *DB) Write(ctx context.Context, query string, args ...any) error {
	_, err := db.Exec(ctx, query, args...)
	return err
}

// Reader is what reads of a store and a transaction share. What is asked within a
// transaction is read by it: another connection would not see what it did, and could
// be waited for by as many transactions as there are connections.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) Row
}

// Writer is what a store and a transaction share.
type Writer interface {
	Exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	Write(ctx context.Context, query string, args ...any) error
}

// Change writes in a transaction of its own, by one statement that returns one
// row: "UPDATE … RETURNING …".
func (db *DB) Change(ctx context.Context, query string, args ...any) Row {
	if db.queue == nil {
		return db.writer.queryRow(ctx, query, args)
	}
	return Row{scan: func(dest ...any) error {
		return db.queue.single(ctx, func(run runner) error { return run.queryRow(ctx, query, args).Scan(dest...) })
	}}
}
