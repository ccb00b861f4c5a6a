package database

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnUpgradeEndsWhereAFreshInstallBegins stops at each migration, as a start
// killed there would, and goes on from it.
func TestAnUpgradeEndsWhereAFreshInstallBegins(t *testing.T) {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	fresh := schemaOf(t, "fresh.db", func(db *DB) error { return migrate(ctx, db, log) })
	if len(fresh) < 20 {
		t.Fatalf("a fresh schema has %d objects", len(fresh))
	}
	stepped := schemaOf(t, "stepped.db", func(db *DB) error {
		provider, err := newProvider(db.engine, db.SQL())
		if err != nil {
			return err
		}
		for _, source := range provider.ListSources() {
			if _, err := provider.UpTo(ctx, source.Version); err != nil {
				return fmt.Errorf("to version %d: %w", source.Version, err)
			}
		}
		return migrate(ctx, db, log)
	})
	if diff := cmp.Diff(fresh, stepped); diff != "" {
		t.Errorf("fresh against upgraded:\n%s", diff)
	}
}

// schemaOf lists the tables and indexes that prepare makes, sorted.
func schemaOf(t *testing.T, name string, prepare func(*DB) error) []string {
	t.Helper()
	db, err := connect("sqlite:" + filepath.Join(t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := prepare(db); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(context.Background(), `SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var objects []string
	for rows.Next() {
		var object string
		if err := rows.Scan(&object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
	slices.Sort(objects)
	return objects
}
