package database

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// ErrNewer: the schema was made by a later Parvis than this one.
var ErrNewer = errors.New("database is newer than this Parvis")

//go:embed migrations/*.sql
var embedded embed.FS

// migrate brings the schema to this binary's version, one migration in one
// transaction, so that a start killed half-way goes on at the next.
func migrate(ctx context.Context, db *DB, log *slog.Logger) error {
	conns := db.SQL()
	if db.engine == PostgreSQL {
		unhurried, err := openPostgres(db.url, 0)
		if err != nil {
			return err
		}
		defer unhurried.Close()
		conns = unhurried
	}
	provider, err := newProvider(db.engine, conns)
	if err != nil {
		return fmt.Errorf("database: read migrations: %w", err)
	}
	have, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("database: read schema version: %w", err)
	}
	sources := provider.ListSources()
	if known := sources[len(sources)-1].Version; have > known {
		return fmt.Errorf("%w: schema %d, this binary knows up to %d; install the newer Parvis, or restore a backup made by this one", ErrNewer, have, known)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("database: migrate: %w", err)
	}
	for _, result := range results {
		log.Info("schema migrated", "version", result.Source.Version, "took", result.Duration)
	}
	return nil
}

func newProvider(engine Engine, conns *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return nil, err
	}
	if engine == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, conns, files, goose.WithDisableGlobalRegistry(true))
	}
	// Two nodes that start together must not migrate together.
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, conns, files,
		goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(locker))
}
