package scim

import (
	"fmt"
	"strings"
	"testing"

	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// TestWhoIsNamedIsFoundByIndexes: what a provider asks before each change, and what each
// new name is compared with, read no agents beside those that may have it.
func TestWhoIsNamedIsFoundByIndexes(t *testing.T) {
	db, ctx := databasetest.New(t), t.Context()
	databasetest.AddCollectivities(t, db, "bourg")
	err := db.Tx(ctx, func(tx *database.Tx) error {
		for i := range 3000 {
			for _, text := range []string{
				`INSERT INTO accounts (id, login, created) VALUES ($1, $1, 1)`,
				`INSERT INTO agents (collectivity, id, account, given_name, family_name, sort_name, search_text, function, unit, email, phone, mobile, office, source_key, active, created, kind, manager)
					VALUES ('bourg', $1, $1, 'A', 'A', $1, 'a', 'a', '', $1, '1', '2', '', '', TRUE, 1, 'agent', '')`,
				`INSERT INTO scim_agents (collectivity, agent, user_name, folded, external_id) VALUES ('bourg', $1, $1, $1, $1)`,
			} {
				if err := tx.Write(ctx, text, fmt.Sprint("m", i)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		_, err = db.Exec(ctx, `ANALYZE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	plan := func(text string, args ...any) (steps []string) {
		t.Helper()
		for _, explain := range []string{"EXPLAIN QUERY PLAN ", "EXPLAIN "} { // of SQLite, and of PostgreSQL
			rows, err := db.Query(ctx, explain+text, args...)
			if err != nil {
				continue
			}
			defer rows.Close()
			columns, err := rows.Columns()
			for err == nil && rows.Next() {
				var step string
				dest := make([]any, len(columns))
				for i := range dest {
					dest[i] = new(any)
				}
				dest[len(dest)-1] = &step
				err = rows.Scan(dest...)
				steps = append(steps, step)
			}
			if err != nil || rows.Err() != nil {
				t.Fatal(err, rows.Err())
			}
			return steps
		}
		t.Fatalf("no engine explains %s", text)
		return nil
	}
	far := func(step string) bool { // reads all agents of the collectivity, or of the pool
		return strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" || strings.HasSuffix(step, "(collectivity=?)") || strings.Contains(step, "Seq Scan on agents") ||
			strings.Contains(step, "Seq Scan on scim_agents") || strings.Contains(step, "Seq Scan on accounts")
	}
	for _, step := range plan(`SELECT COUNT(*)`+userFrom+taken, "bourg", "m777", "m778") {
		if far(step) {
			t.Errorf("whether a name is taken: %s", step)
		}
	}
	for _, filter := range []string{`userName eq "m777"`, `externalId eq "m777"`, `emails.value eq "m777"`, `emails[type eq "work" and value eq "m777"]`, `id eq "m777"`} {
		write := &statement{attributes: userAttributes, args: []any{"bourg"}}
		where, err := write.where(filter)
		if err != nil {
			t.Fatal(err)
		}
		var found int
		if err := db.QueryRow(ctx, `SELECT COUNT(*)`+userFrom+where, write.args...).Scan(&found); err != nil || found != 1 {
			t.Errorf("%s finds %d, %v", filter, found, err)
		}
		for _, step := range plan(`SELECT COUNT(*)`+userFrom+where, write.args...) {
			if far(step) {
				t.Errorf("%s: %s", filter, step)
			}
		}
	}
}
