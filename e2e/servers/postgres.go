package servers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver named "pgx"
)

// Cluster is a real PostgreSQL server that keeps nothing on disk for good: it never waits for the disk.
type Cluster struct {
	DSN string // "postgres://parvis:…@127.0.0.1:40125/postgres?sslmode=disable", a superuser's

	dir     string
	process *process
}

// sharedCluster serves the whole test process, and ends with it.
var sharedCluster = sync.OnceValues(func() (*Cluster, error) { return StartPostgres(context.Background()) })

// Postgres gives t an empty database of its own, dropped with t, and returns its DSN. The server is the
// one of PARVIS_TEST_POSTGRES when that is set, else one that this test process shares.
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv("PARVIS_TEST_POSTGRES")
	if server == "" {
		need(t, "initdb", "postgres")
		cluster, err := sharedCluster()
		if err != nil {
			t.Fatal(err)
		}
		server = cluster.DSN
	}
	name := "test_" + strings.ToLower(rand.Text())
	execPostgres(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execPostgres(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	dsn, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	dsn.Path = "/" + name
	return dsn.String()
}

func execPostgres(t testing.TB, dsn, text string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, text); err != nil {
		t.Fatalf("servers: %s: %v", text, err)
	}
}

// StartPostgres starts a cluster until Close, or until this process ends. As root it runs as the user
// "postgres", since PostgreSQL refuses root.
func StartPostgres(ctx context.Context) (*Cluster, error) {
	dir, err := newDir("postgres")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	if err := c.start(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the server at once and removes its data.
func (c *Cluster) Close() {
	if c.process != nil {
		c.process.stop()
	}
	os.RemoveAll(c.dir)
}

func (c *Cluster) start(ctx context.Context) error {
	if err := giveDir(c.dir, "postgres"); err != nil {
		return err
	}
	password := rand.Text()
	if err := c.initialise(ctx, password); err != nil {
		return err
	}
	postgres, err := find("postgres")
	if err != nil {
		return err
	}
	return retryPorts(1, nil, func(ports []int) error {
		p, err := start(command{
			args: as("postgres", postgres, "-D", c.data(), "-p", fmt.Sprint(ports[0]), "-k", c.dir,
				"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c", "fsync=off",
				"-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off",
				// A log that nobody reads again must not fill a small disk, as a gigabyte would.
				"-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "max_wal_size=64MB", "-c", "min_wal_size=32MB"),
			signal: syscall.SIGINT, // ends sessions instead of waiting for them
			folder: c.dir,
		})
		if err != nil {
			return err
		}
		c.process = p
		c.DSN = fmt.Sprintf("postgres://parvis:%s@%s/postgres?sslmode=disable", password, address(ports[0]))
		return p.ready(c.ping)
	})
}

// broken finds the lines by which a server tells that it broke down, and why.
var broken = regexp.MustCompile(`(?m)^.*(?:PANIC|terminated by signal|No space left|Out of memory|recovery).*$`)

// Trouble is what the server said of breaking down, a line each; "" when it did not.
func (c *Cluster) Trouble() string {
	return strings.Join(broken.FindAllString(c.process.output.whole(), 20), "\n")
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// initialise creates the cluster: UTF-8, sorted by code point as SQLite does.
func (c *Cluster) initialise(ctx context.Context, password string) error {
	initdb, err := find("initdb")
	if err != nil {
		return err
	}
	secret := filepath.Join(c.dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o644); err != nil { // in a folder that only postgres enters
		return fmt.Errorf("servers: postgres: %w", err)
	}
	return run(ctx, nil, as("postgres", initdb, "-D", c.data(), "-U", "parvis",
		"--pwfile="+secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")...)
}

func (c *Cluster) ping() error {
	db, err := sql.Open("pgx", c.DSN)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Ping()
}

// as prefixes a command so that it runs as a user when this process is root; otherwise it runs as we do.
func as(name string, args ...string) []string {
	if os.Getuid() != 0 {
		return args
	}
	return append([]string{"setpriv", "--reuid", name, "--regid", name, "--init-groups", "--"}, args...)
}

// giveDir gives a folder to the user that as runs commands as, and to that user only.
func giveDir(dir, name string) error {
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	if os.Getuid() != 0 {
		return nil
	}
	owner, err := user.Lookup(name)
	if err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	var uid, gid int
	if _, err := fmt.Sscan(owner.Uid+" "+owner.Gid, &uid, &gid); err != nil {
		return fmt.Errorf("servers: user %s: %w", name, err)
	}
	return os.Chown(dir, uid, gid)
}
