package database_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

func TestOneSQLTextReadsAndWritesOnTheEngine(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	insert := `INSERT INTO collectivities (id, name, long_name, kind, active, created) VALUES ($1, $2, $3, $4, $5, $6)`
	if _, err := db.Exec(ctx, insert, "bourg", "Bourg", "Mairie de Bourg", "commune", true, database.Millis(time.Now())); err != nil {
		t.Fatal(err)
	}
	_, err := db.Exec(ctx, insert, "bourg", "Bourg", "Mairie de Bourg", "commune", true, 0)
	if !database.IsDuplicate(err) {
		t.Errorf("IsDuplicate(%v) = false", err)
	}
	var name string
	var active bool
	if err := db.QueryRow(ctx, `SELECT name, active FROM collectivities WHERE id = $1`, "bourg").Scan(&name, &active); err != nil {
		t.Fatal(err)
	}
	if name != "Bourg" || !active {
		t.Errorf("read %q %v", name, active)
	}
	err = db.QueryRow(ctx, `SELECT name, active FROM collectivities WHERE id = $1`, "agglo").Scan(&name, &active)
	if !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("missing row: %v, want ErrNotFound", err)
	}
	err = database.OneRow(db.Exec(ctx, `UPDATE collectivities SET name = $1 WHERE id = $2`, "x", "agglo"))
	if !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("update of a missing row: %v, want ErrNotFound", err)
	}
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	refusal := errors.New("refused")
	err := db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO accounts (id, login, created) VALUES ($1, $2, $3)`, "a", "a", 1); err != nil {
			return err
		}
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Fatalf("Tx = %v", err)
	}
	if got := count(t, db); got != 0 {
		t.Errorf("%d accounts after a refused transaction", got)
	}
}

func TestQuestionsAskedTogetherAreAnsweredInTheirOrder(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	for _, account := range []string{"a", "b"} {
		if err := db.Write(ctx, `INSERT INTO accounts (id, login, created) VALUES ($1, $2, $3)`, account, account+"@bourg.example", 1); err != nil {
			t.Fatal(err)
		}
	}
	var heard []string
	hear := func(scan func(...any) error) error {
		var said string
		err := scan(&said)
		heard = append(heard, said)
		return err
	}
	logins := database.Read{Query: `SELECT login FROM accounts ORDER BY id`, Row: hear}
	one := database.Read{Query: `SELECT id FROM accounts WHERE login = $1`, Args: []any{"b@bourg.example"}, Row: hear}
	none := database.Read{Query: `SELECT id FROM accounts WHERE login = $1`, Args: []any{"c@bourg.example"}, Row: hear}
	if err := db.ReadAll(ctx, logins, none, one); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a@bourg.example", "b@bourg.example", "b"}; !slices.Equal(heard, want) {
		t.Errorf("answers %q, want %q", heard, want)
	}
	refusal := errors.New("no more")
	refusing := database.Read{Query: logins.Query, Row: func(func(...any) error) error { return refusal }}
	if err := db.ReadAll(ctx, refusing, one); !errors.Is(err, refusal) {
		t.Errorf("who takes no row: %v, want its error", err)
	}
	if err := db.ReadAll(ctx, one, database.Read{Query: `SELECT nothing FROM accounts`, Row: hear}); err == nil {
		t.Error("a question with a fault was answered")
	}
	heard = nil
	if err := db.ReadAll(ctx, one); err != nil || !slices.Equal(heard, []string{"b"}) {
		t.Errorf("after questions that failed: %q, %v", heard, err)
	}
}

// Write may wait before it reaches the engine; nobody in the transaction can tell.
func TestWhatIsWrittenInATransactionIsSeenByWhatFollows(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	const add = `INSERT INTO accounts (id, login, created) VALUES ($1, $2, $3)`
	var seen []int
	err := db.Tx(ctx, func(tx *database.Tx) error {
		look := func() error {
			var found int
			err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM accounts`).Scan(&found)
			seen = append(seen, found)
			return err
		}
		return errors.Join(
			tx.Write(ctx, add, "a", "a", 1), tx.Write(ctx, add, "b", "b", 1), look(),
			tx.Write(ctx, `DELETE FROM accounts WHERE id = $1`, "b"),
			look(), tx.Write(ctx, add, "c", "c", 1),
		)
	})
	if err != nil || !slices.Equal(seen, []int{2, 1}) || count(t, db) != 2 {
		t.Errorf("Tx = %v, seen %v, then %d", err, seen, count(t, db))
	}
}

func TestAWriteThatFailsTakesItsTransactionBack(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	const add = `INSERT INTO accounts (id, login, created) VALUES ($1, $2, $3)`
	for name, after := range map[string]func(tx *database.Tx) error{
		"at its end":     func(*database.Tx) error { return nil },
		"before then":    func(tx *database.Tx) error { _, err := tx.Exec(ctx, add, "c", "c", 1); return err },
		"where it reads": func(tx *database.Tx) error { return tx.QueryRow(ctx, `SELECT 1`).Scan(new(int)) },
	} {
		t.Run(name, func(t *testing.T) {
			err := db.Tx(ctx, func(tx *database.Tx) error {
				return errors.Join(tx.Write(ctx, add, "a", "a", 1), tx.Write(ctx, add, "a", "again", 1), after(tx))
			})
			if !database.IsDuplicate(err) {
				t.Errorf("Tx = %v, want a duplicate", err)
			}
			if got := count(t, db); got != 0 {
				t.Errorf("%d accounts after it", got)
			}
		})
	}
}

// PostgreSQL answers the COMMIT of such a transaction with a ROLLBACK, and no error.
func TestWhatAFailureTookBackIsNotSaidToBeKept(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	const add = `INSERT INTO accounts (id, login, created) VALUES ($1, $2, $3)`
	err := db.Tx(ctx, func(tx *database.Tx) error {
		if err := tx.Write(ctx, add, "a", "a", 1); err != nil {
			return err
		}
		_, _ = tx.Exec(ctx, add, "a", "again", 1) // nobody looks at its error
		return nil
	})
	if kept := count(t, db) == 1; kept != (err == nil) {
		t.Errorf("Tx = %v, kept: %v", err, kept)
	}
}

func TestTransactionsThatMeetAllEndUpWritten(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	if _, err := db.Exec(ctx, `INSERT INTO accounts (id, login, created) VALUES ('n', 'n', 0)`); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 5 {
				err := db.Tx(ctx, func(tx *database.Tx) error {
					var n int64
					if err := tx.QueryRow(ctx, `SELECT created FROM accounts WHERE id = 'n'`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, `UPDATE accounts SET created = $1 WHERE id = 'n'`, n+1)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	var n int64
	if err := db.QueryRow(ctx, `SELECT created FROM accounts WHERE id = 'n'`).Scan(&n); err != nil || n != 20 {
		t.Errorf("counted %d, %v; want 20", n, err)
	}
}

func count(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	if err := db.QueryRow(context.Background(), `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADatabaseFromALaterParvisIsRefused(t *testing.T) {
	ctx, url := context.Background(), databasetest.URL(t)
	db := databasetest.Open(t, url)
	if _, err := db.Exec(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, $1)`, true); err != nil {
		t.Fatal(err)
	}
	_, err := database.Open(ctx, url, slog.New(slog.DiscardHandler))
	if !errors.Is(err, database.ErrNewer) || !strings.Contains(err.Error(), "9999") {
		t.Errorf("Open = %v, want ErrNewer naming 9999", err)
	}
}

func TestABadAddressIsRefusedInASentence(t *testing.T) {
	for _, url := range []string{"", "parvis.db", "mysql://localhost/x"} {
		if _, err := database.Open(context.Background(), url, slog.New(slog.DiscardHandler)); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("Open(%q) = %v, want ErrInvalid", url, err)
		}
	}
	missing := "sqlite:" + filepath.Join(t.TempDir(), "absent", "parvis.db")
	if _, err := database.Open(context.Background(), missing, slog.New(slog.DiscardHandler)); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Open(missing folder) = %v, want ErrUnavailable", err)
	}
}

func TestPostgreSQLPlansForWhoAsks(t *testing.T) {
	ctx, url := context.Background(), databasetest.URL(t)
	if strings.HasPrefix(url, "sqlite:") {
		return // which plans once and compiles nothing
	}
	planning := func(url string) (plans, compiles string) {
		db := databasetest.Open(t, url)
		if err := db.QueryRow(ctx, `SELECT current_setting('plan_cache_mode'), current_setting('jit')`).Scan(&plans, &compiles); err != nil {
			t.Fatal(err)
		}
		return plans, compiles
	}
	if plans, compiles := planning(url); plans != "force_custom_plan" || compiles != "off" {
		t.Errorf("plan_cache_mode %s, jit %s; want force_custom_plan, off", plans, compiles)
	}
	if plans, compiles := planning(url + "&plan_cache_mode=auto&jit=on"); plans != "auto" || compiles != "on" {
		t.Errorf("plan_cache_mode %s, jit %s; want what the address says", plans, compiles)
	}
}

func TestParams(t *testing.T) {
	if got, want := database.Params(3, 3), "$3, $4, $5"; got != want {
		t.Errorf("Params(3, 3) = %q, want %q", got, want)
	}
}

func TestSQLiteSyncsWhatItAcknowledges(t *testing.T) {
	ctx := context.Background()
	db := databasetest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "a b#c?.db"))
	var mode string
	var synchronous int
	if err := db.SQL().QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		t.Fatal(err)
	}
	if err := db.SQL().QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&synchronous); err != nil {
		t.Fatal(err)
	}
	if mode != "wal" || synchronous != 2 {
		t.Errorf("journal_mode %s, synchronous %d; want wal, 2 (FULL)", mode, synchronous)
	}
	rows, err := db.Query(ctx, `DELETE FROM accounts RETURNING id`)
	if err == nil {
		rows.Next()
		err = rows.Err()
		rows.Close()
	}
	if err == nil {
		t.Error("a reader may write")
	}
}

func BenchmarkTx(b *testing.B) {
	ctx, db := context.Background(), databasetest.New(b)
	for number := 0; b.Loop(); number++ {
		err := db.Tx(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO accounts (id, login, created) VALUES ($1, $1, 1)
				ON CONFLICT (id) DO UPDATE SET created = accounts.created + 1`, strconv.Itoa(number%100))
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTxAtOnce is what many small transactions at the same time cost each.
func BenchmarkTxAtOnce(b *testing.B) {
	ctx, db := context.Background(), databasetest.New(b)
	var number atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			err := db.Tx(ctx, func(tx *database.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO accounts (id, login, created) VALUES ($1, $1, 1)
					ON CONFLICT (id) DO UPDATE SET created = accounts.created + 1`, strconv.FormatInt(number.Add(1)%100, 10))
				return err
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
}
