package leaving

import (
	"slices"
	"strings"
	"testing"

	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// without a collectivity, and what becomes of them: of accounts, of the pool, or of
// no one.
var poolTables = map[string]string{
	"collectivities": "the collectivity itself", "accounts": "public part in tables/accounts.jsonl", "account_rights": "rights over the pool",
	"account_passwords": "secret", "account_otp": "secret", "account_keys": "secret", "account_recovery_codes": "secret", "password_resets": "secret",
	"sign_in_attempts": "hashed, an hour", "sign_in_spent": "an hour", "openid_requests": "minutes", "reset_requests": "sealed, minutes",
	"announcements": "of the pool", "pool_quotas": "of the pool", "pool_templates": "of the pool", "collectivity_drafts": "of the pool", "collectivity_erasures": "of the pool, names nobody",
}

// TestEveryTableLeavesOrSaysWhy reads the schema: a table that is neither exported
// nor excluded with a reason would be forgotten by whoever leaves, and by erasure.
func TestEveryTableLeavesOrSaysWhy(t *testing.T) {
	db := databasetest.New(t)
	known := map[string]Table{}
	for _, table := range catalogue {
		if _, twice := known[table.Name]; twice {
			t.Errorf("%s is in the catalogue twice", table.Name)
		}
		known[table.Name] = table
	}
	for _, name := range tablesOf(t, db) {
		columns := columnsOf(t, db, name)
		table, there := known[name]
		_, belongs := columns["collectivity"]
		switch {
		case belongs && !there:
			t.Errorf("%s has a collectivity and is not in leaving/catalogue.go: export it, or say why not", name)
		case !belongs && poolTables[name] == "":
			t.Errorf("%s has no collectivity: say in this test whose it is, and who erases it", name)
		}
		delete(known, name)
		if !there {
			continue
		}
		checkColumns(t, table, columns)
	}
	for name := range known {
		t.Errorf("there is no table %s", name)
	}
}

// agentColumns are the names under which the store keeps an agent.
var agentColumns = []string{"agent", "owner", "author", "manager", "given_by", "lent_by", "changed_by", "answered_by", "had_by"}

func checkColumns(t *testing.T, table Table, columns map[string]kind) {
	t.Helper()
	for _, column := range table.Key {
		if columns[column] == 0 {
			t.Errorf("%s: there is no key column %s", table.Name, column)
		}
	}
	for column := range table.Left {
		if columns[column] == 0 {
			t.Errorf("%s: there is no column %s to leave out", table.Name, column)
		}
	}
	for column := range columns {
		if slices.Contains(agentColumns, column) && table.Person[column] == 0 {
			t.Errorf("%s.%s is an agent: say what her erasure does to it", table.Name, column)
		}
		if column == "account" && !slices.Contains(table.Account, column) && table.Under == nil {
			t.Errorf("%s.%s is an account: say so", table.Name, column)
		}
		if columns[column] == kindOctets && table.Excluded == "" && column != "octets" {
			t.Errorf("%s.%s may be a secret: octets that leave are named octets", table.Name, column)
		}
	}
}

func tablesOf(t *testing.T, db *database.DB) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if db.Engine() == database.PostgreSQL {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()`
	}
	rows, err := db.Query(t.Context(), query)
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

func columnsOf(t *testing.T, db *database.DB, table string) map[string]kind {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT * FROM `+table+` WHERE 1 = 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string]kind{}
	for _, column := range kinds {
		columns[column.Name()] = kindOf(column.DatabaseTypeName())
	}
	return columns
}
