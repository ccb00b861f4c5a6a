package server_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/server/servertest"
)

// passing are columns and tables that reading moves: when something was last
// used, and what the work in the background is up to.
var passing = map[string]bool{
	"sessions.used": true, "kiosks.seen": true, "kiosk_sessions.used": true, "app_passwords.used": true, "app_passwords.address": true, "device_syncs": true, "sign_in_attempts": true, "search_queue": true,
	"document_versions.text_state": true, "document_versions.text_reason": true, "document_versions.text_tries": true,
	"document_versions.text_after": true, "document_versions.text_title": true, "document_versions.pages": true,
	"articles.announced":         true,
	"collectivity_exports.state": true, "collectivity_exports.beat": true, "collectivity_exports.ends": true,
	"collectivity_exports.size": true, "collectivity_exports.sha256": true,
}

// dumped is the last dump with what told then how far its store was: most forms of the
// isolation table are refused, and change nothing.
var dumped struct {
	db    *database.DB
	from  *sql.DB // SQLite counts for a connection the commits of the others
	state string
	rows  []string
}

// stateOf is a text that is another one after each commit.
func stateOf(t *testing.T, db *database.DB) (state string) {
	t.Helper()
	query, from := `SELECT pg_current_snapshot()::text`, db.SQL() // the transactions under way, and the next that writes
	if db.Engine() == database.SQLite {
		query = `PRAGMA data_version`
		if dumped.db != db {
			dumped.from = observer(t, db)
		}
		from = dumped.from
	}
	if dumped.db != db {
		dumped.db, dumped.state = db, ""
	}
	if err := from.QueryRowContext(t.Context(), query).Scan(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

// observer opens a store's file once more until the test ends, by one connection that stays.
func observer(t *testing.T, db *database.DB) *sql.DB {
	t.Helper()
	var number int
	var name, file string
	err := db.SQL().QueryRowContext(t.Context(), `PRAGMA database_list`).Scan(&number, &name, &file)
	if err != nil {
		t.Fatal(err)
	}
	from, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	from.SetMaxOpenConns(1)
	t.Cleanup(func() {
		from.Close()
		dumped.db = nil
	})
	return from
}

// dump is every row of the store as text, sorted, without what is passing.
func dump(t *testing.T, p *servertest.Portal) []string {
	t.Helper()
	state := stateOf(t, p.DB)
	if state != dumped.state {
		dumped.state, dumped.rows = state, allRows(t, p)
	}
	return slices.Clone(dumped.rows)
}

func allRows(t *testing.T, p *servertest.Portal) []string {
	t.Helper()
	var all []string
	for _, table := range tables(t, p.DB) {
		if !passing[table] {
			all = append(all, rowsOf(t, p.DB, table)...)
		}
	}
	slices.Sort(all)
	return all
}

func tables(t *testing.T, db *database.DB) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if db.Engine() == database.PostgreSQL {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	rows, err := db.SQL().QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, "sqlite_") && !strings.HasPrefix(name, "goose_") {
			names = append(names, name)
		}
	}
	if err := rows.Err(); err != nil || len(names) < 20 {
		t.Fatalf("%d tables, %v", len(names), err)
	}
	return names
}

func rowsOf(t *testing.T, db *database.DB, table string) []string {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), "SELECT * FROM "+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, rowText(table, columns, values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

func rowText(table string, columns []string, values []any) string {
	var text strings.Builder
	text.WriteString(table)
	for i, column := range columns {
		if passing[table+"."+column] {
			continue
		}
		value := *values[i].(*any)
		if octets, ok := value.([]byte); ok {
			value = string(octets)
		}
		fmt.Fprintf(&text, " %s=%v", column, value)
	}
	return text.String()
}

// of keeps the rows that belong to one collectivity.
func of(rows []string, collectivity portal.CollectivityID) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
		return !strings.Contains(row+" ", " collectivity="+string(collectivity)+" ")
	})
}

// without leaves out what an account holds whatever its collectivities, such as
// its sessions.
func without(rows []string, account portal.AccountID) []string {
	return slices.DeleteFunc(rows, func(row string) bool { return strings.Contains(row+" ", " account="+string(account)+" ") })
}

// TestADumpSeesEachCommit shows that what did not change is all that is not read again.
func TestADumpSeesEachCommit(t *testing.T) {
	p := servertest.New(t)
	for n := range 3 {
		before := dump(t, p)
		if again := dump(t, p); !slices.Equal(before, again) {
			t.Error("two dumps differ with nothing between")
		}
		if _, err := p.DB.Exec(t.Context(), `UPDATE collectivities SET name = $1 WHERE id = 'bourg'`, fmt.Sprint("Bourg ", n)); err != nil {
			t.Fatal(err)
		}
		if after := dump(t, p); slices.Equal(before, after) {
			t.Error("a dump does not see what was committed")
		}
	}
}
