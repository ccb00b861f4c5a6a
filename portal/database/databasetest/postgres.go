package databasetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"parvis/portal"
)

// cluster is the server of PARVIS_TEST_POSTGRES with the databases of this test
// process. To copy a database and drop it takes longer than most tests: one that a test
// leaves as it found it, but for rows, serves the next. All end with the server.
type cluster struct {
	server string // address of its database "postgres"
	blank  string // database that was only migrated, the template of all
	shape  string // of blank

	mu    sync.Mutex
	spare []string // databases without rows
}

// onlyCluster is that of the first address asked for: a process has one.
var (
	onlyCluster *cluster
	errCluster  error
	openCluster sync.Once
)

// onPostgres returns the address of a migrated database without rows.
func onPostgres(t testing.TB, server string) string {
	t.Helper()
	openCluster.Do(func() { onlyCluster, errCluster = newCluster(context.Background(), server) })
	if errCluster != nil {
		t.Fatal(errCluster)
	}
	name, err := onlyCluster.take(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := onlyCluster.giveBack(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return onlyCluster.address(name)
}

func newCluster(ctx context.Context, server string) (*cluster, error) {
	c := &cluster{server: server, blank: "blank_" + portal.NewID()}
	if err := inside(server, func(db *sql.DB) error { return run(ctx, db, "CREATE DATABASE "+c.blank) }); err != nil {
		return nil, err
	}
	if err := migrate(c.address(c.blank)); err != nil {
		return nil, err
	}
	err := inside(c.address(c.blank), func(db *sql.DB) error {
		if _, err := db.ExecContext(ctx, keepRows); err != nil {
			return err
		}
		return db.QueryRowContext(ctx, shapeOf).Scan(&c.shape)
	})
	return c, err
}

func (c *cluster) address(name string) string {
	address, err := url.Parse(c.server)
	if err != nil {
		return c.server // connecting says what is wrong
	}
	address.Path = "/" + name
	return address.String()
}

// inside connects to a database for the time of do: what stayed open would be taken for
// something that the test left running.
func inside(address string, do func(*sql.DB) error) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

func run(ctx context.Context, db *sql.DB, statement string) error {
	_, err := db.ExecContext(ctx, statement)
	return err
}

func (c *cluster) take(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.spare) - 1; last >= 0 {
		name := c.spare[last]
		c.spare = c.spare[:last]
		return name, nil
	}
	name := "test_" + portal.NewID()
	return name, inside(c.server, func(db *sql.DB) error { return run(ctx, db, "CREATE DATABASE "+name+" TEMPLATE "+c.blank) })
}

// giveBack empties a database for the next test, under a new name: what a test left
// running finds nothing more. One whose tables or triggers changed, or that grew, is dropped.
func (c *cluster) giveBack(ctx context.Context, name string) error {
	fresh := "test_" + portal.NewID()
	return inside(c.server, func(db *sql.DB) error {
		if err := disconnect(ctx, db, name); err != nil {
			return err
		}
		if run(ctx, db, "ALTER DATABASE "+name+" RENAME TO "+fresh) != nil { // somebody came back in between
			return run(ctx, db, "DROP DATABASE "+name+" WITH (FORCE)")
		}
		serves, err := c.empty(ctx, fresh)
		if err != nil {
			return fmt.Errorf("databasetest: empty a database: %w", err)
		}
		if !serves {
			return run(ctx, db, "DROP DATABASE "+fresh+" WITH (FORCE)")
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.spare = append(c.spare, fresh)
		return nil
	})
}

// disconnect ends what is connected to a database. PostgreSQL itself would wait a tenth
// of a second for one that is leaving.
func disconnect(ctx context.Context, db *sql.DB, name string) error {
	for range 2000 {
		connected := 0
		if err := db.QueryRowContext(ctx, `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1`, name).Scan(&connected); err != nil {
			return err
		}
		if connected == 0 {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("databasetest: %s is still in use", name)
}

// empty deletes the rows of a database, and says whether it may serve again.
func (c *cluster) empty(ctx context.Context, name string) (serves bool, err error) {
	err = inside(c.address(name), func(db *sql.DB) error {
		var shape string
		if err := db.QueryRowContext(ctx, shapeOf).Scan(&shape); err != nil || shape != c.shape {
			return err
		}
		if err := run(ctx, db, emptyTables); err != nil {
			return err
		}
		return db.QueryRowContext(ctx, isSmall, c.blank).Scan(&serves)
	})
	return serves, err
}

const (
	// keepRows copies what the migrations wrote to another schema.
	keepRows = `DO $$ DECLARE name text; filled boolean; BEGIN
		CREATE SCHEMA blank;
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', name) INTO filled;
			IF filled THEN EXECUTE format('CREATE TABLE blank.%I AS TABLE public.%I', name, name); END IF;
		END LOOP;
	END $$`

	// emptyTables leaves the rows of the migrations alone. Foreign keys are not looked at.
	emptyTables = `DO $$ DECLARE name text; BEGIN
		SET LOCAL session_replication_role = replica;
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
			EXECUTE format('DELETE FROM public.%I', name);
		END LOOP;
		FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'blank' LOOP
			EXECUTE format('INSERT INTO public.%I SELECT * FROM blank.%I', name, name);
		END LOOP;
	END $$`

	// shapeOf tells tables, their columns and constraints, triggers and functions.
	shapeOf = `SELECT md5(concat(
		(SELECT string_agg(concat(relname, relkind, relnatts, relchecks), ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
		(SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
		(SELECT string_agg(tgname, ' ' ORDER BY tgname) FROM pg_trigger WHERE NOT tgisinternal),
		(SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)))`

	isSmall = `SELECT pg_database_size(current_database()) < pg_database_size($1) + 16777216`
)
