// Package databasetest gives a test a store of its own on the engine that the
// suite runs on: SQLite in a temporary folder, or, when PARVIS_TEST_POSTGRES
// holds an address, a database of that PostgreSQL server.
package databasetest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"parvis/portal"
	"parvis/portal/database"
)

// New returns an empty, migrated store that ends with the test.
func New(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, URL(t))
}

// URL returns the address of a migrated store without rows that ends with the
// test.
func URL(t testing.TB) string {
	t.Helper()
	if server := os.Getenv("PARVIS_TEST_POSTGRES"); server != "" {
		return onPostgres(t, server)
	}
	blank, err := blankSQLite()
	path := filepath.Join(t.TempDir(), "parvis.db")
	if err == nil {
		err = os.WriteFile(path, blank, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// blankSQLite is the file of a store that was only migrated. Migrating takes longer
// than most tests.
var blankSQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "parvis-blank-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "parvis.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func migrate(url string) error {
	db, err := database.Open(context.Background(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return db.Close()
}

// Open opens the store at an address and closes it with the test.
func Open(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(context.Background(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// AddCollectivities adds bare collectivities, for the tests of features whose
// rows refer to them.
func AddCollectivities(t testing.TB, db *database.DB, ids ...portal.CollectivityID) {
	t.Helper()
	for _, id := range ids {
		_, err := db.Exec(context.Background(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $2, $3, 'commune', 1)`,
			id, string(id), "Mairie de "+string(id))
		if err != nil {
			t.Fatal(err)
		}
	}
}
