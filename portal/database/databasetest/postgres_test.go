package databasetest_test

import (
	"context"
	"os"
	"testing"

	"parvis/portal/database/databasetest"
)

// What a test wrote, or changed of the tables, is not there for the next one.
func TestEachTestFindsAnEmptyStore(t *testing.T) {
	if os.Getenv("PARVIS_TEST_POSTGRES") == "" {
		return // on SQLite each has a file of its own
	}
	ctx, before := context.Background(), ""
	for _, change := range []string{
		`INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ('bourg', 'Bourg', 'Bourg', 'commune', 1)`,
		`DELETE FROM goose_db_version`,
		`DROP TABLE calendar_undo`,
		`ALTER TABLE accounts ADD COLUMN spare TEXT`,
		`CREATE TABLE spare (id TEXT)`,
		`SELECT 1`,
	} {
		t.Run(change, func(t *testing.T) {
			address := databasetest.URL(t)
			if address == before {
				t.Error("the address is that of the test before")
			}
			before = address
			db := databasetest.Open(t, address) // would migrate what it does not find
			var rows, undone, changed int
			if err := db.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM collectivities), (SELECT COUNT(*) FROM calendar_undo),
				(SELECT COUNT(*) FROM information_schema.columns WHERE 'spare' IN (table_name, column_name))`).Scan(&rows, &undone, &changed); err != nil {
				t.Fatal(err)
			}
			if rows != 0 || undone != 0 || changed != 0 {
				t.Errorf("%d collectivities, %d undone, %d columns too many", rows, undone, changed)
			}
			if _, err := db.Exec(ctx, change); err != nil {
				t.Fatal(err)
			}
		})
	}
}
