package servers

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Relying is a real OpenID client, npm's openid-client, that a test drives: it
// verifies everything that it is told.
type Relying struct {
	t   testing.TB
	in  io.WriteCloser
	out *bufio.Reader
}

// NewRelying starts a client that ends with the test.
func NewRelying(t testing.TB) *Relying {
	t.Helper()
	need(t, "node")
	if _, err := os.Stat(modules("openid-client")); err != nil {
		Missing(t, "npm's openid-client is not installed: run tools/install.sh")
	}
	command := exec.Command("node", filepath.Join(Root(), "e2e", "servers", "relying.mjs"), modules(""))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("openid-client: %v", err)
		}
	})
	return &Relying{t: t, in: in, out: bufio.NewReader(out)}
}

// Ask gives the client a command, see relying.mjs, and reads its answer into
// into. It fails the test when the client reports an error.
func (r *Relying) Ask(command map[string]string, into any) {
	r.t.Helper()
	text, err := json.Marshal(command)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.in.Write(append(text, '\n')); err != nil {
		r.t.Fatal(err)
	}
	line, err := r.out.ReadBytes('\n')
	if err != nil {
		r.t.Fatal(err)
	}
	var failure struct{ Error string }
	if err := json.Unmarshal(line, &failure); err != nil || failure.Error != "" {
		r.t.Fatalf("openid-client, %s: %s %v", command["do"], failure.Error, err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		r.t.Fatal(err)
	}
}
