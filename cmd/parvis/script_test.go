package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"parvis/portal/database"
)

// TestMain makes the test binary the command that the scripts run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"parvis": main})
}

// TestCommands runs the scripts of testdata: what a person at a terminal types,
// and the sentence that she reads.
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"occupy": occupy, "free": free, "fill": fill, "newer": newer, "ready": ready,
		},
	})
}

// occupy listens on a port that $TAKEN then names.
func occupy(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	ts.Setenv("TAKEN", listener.Addr().String())
}

// free finds a port that nobody listens on, which $FREE then names.
func free(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("FREE", listener.Addr().String())
	ts.Check(listener.Close())
}

// fill replaces $NAMES in a file by the script's variables.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	ts.Check(os.WriteFile(file, []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

// newer makes the data folder one that a later release has written.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o750))
	db, err := database.Open(context.Background(), "sqlite:"+filepath.Join(dir, "parvis.db"), slog.New(slog.DiscardHandler))
	ts.Check(err)
	_, err = db.Exec(context.Background(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9000, TRUE)`)
	ts.Check(err)
	ts.Check(db.Close())
}

// ready waits until the portal at an address answers.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	for range 200 {
		var answer *http.Response
		if answer, err = http.Get("http://" + args[0] + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("readyz: %s", answer.Status)
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("not ready within 20 s: %v", err)
}
