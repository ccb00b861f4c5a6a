// Package databasetest gives a test a store of its own on the engine that the
// suite runs on: SQLite in a temporary folder, or, when PARVIS_TEST_POSTGRES
// holds an address, a fresh schema of that PostgreSQL server.
package databasetest

import (
	"context"
	"database/sql"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"parvis/portal"
	"parvis/portal/database"
)

// New returns an empty, migrated store that ends with the test.
func New(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, URL(t))
}

// URL returns the address of an empty store that ends with the test.
func URL(t testing.TB) string {
	t.Helper()
	if server := os.Getenv("PARVIS_TEST_POSTGRES"); server != "" {
		return newSchema(t, server)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "parvis.db")
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

func newSchema(t testing.TB, server string) string {
	t.Helper()
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	schema := "test_" + portal.NewID()
	run := func(statement string) {
		conns, err := sql.Open("pgx", server)
		if err != nil {
			t.Fatal(err)
		}
		defer conns.Close()
		if _, err := conns.Exec(statement); err != nil {
			t.Error(err)
		}
	}
	run("CREATE SCHEMA " + schema)
	t.Cleanup(func() { run("DROP SCHEMA " + schema + " CASCADE") })
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
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
