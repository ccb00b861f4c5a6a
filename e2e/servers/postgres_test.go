package servers_test

import (
	"database/sql"
	"strings"
	"syscall"
	"testing"
	"time"

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

// What fails because the server broke down must not look like a fault of what was tried.
func TestAServerThatBreaksDownSaysSo(t *testing.T) {
	t.Parallel()
	cluster, err := servers.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	db, err := sql.Open("pgx", cluster.DSN)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var session int
	if err := db.QueryRow(`SELECT pg_backend_pid()`).Scan(&session); err != nil {
		t.Fatal(err)
	}
	if said := cluster.Trouble(); said != "" {
		t.Errorf("a server that runs well says %q", said)
	}
	if err := syscall.Kill(session, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for db.Ping() != nil {
		time.Sleep(10 * time.Millisecond) // it starts again by itself
	}
	if said := cluster.Trouble(); !strings.Contains(said, "terminated by signal 9") {
		t.Errorf("a server whose session was killed says %q", said)
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
