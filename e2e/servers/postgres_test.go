package servers_test

import (
	"database/sql"
	"testing"

	"parvis/e2e/servers"
)

func TestPostgresGivesEachTestItsOwnEmptyDatabase(t *testing.T) {
	t.Parallel()
	first, second := openPostgres(t), openPostgres(t)
	if _, err := first.Exec(`CREATE TABLE agents (name TEXT)`); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Exec(`SELECT name FROM agents`); err == nil {
		t.Error("one test's table is seen by another")
	}
}

func TestPostgresSortsAsSQLiteDoes(t *testing.T) {
	t.Parallel()
	var sorted string
	err := openPostgres(t).QueryRow(`SELECT string_agg(w, ' ' ORDER BY w) FROM (VALUES ('é'), ('f'), ('E'), ('e')) v(w)`).Scan(&sorted)
	if err != nil {
		t.Fatal(err)
	}
	if want := "E e f é"; sorted != want {
		t.Errorf("order = %q, want by code point %q", sorted, want)
	}
}

func openPostgres(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", servers.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
