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

// Hearing is a real receiver of webhooks, which verifies what it is sent with npm's
// standardwebhooks.
type Hearing struct {
	Address string
	t       testing.TB
	in      io.Writer
	out     *bufio.Reader
}

// Heard is what it was sent.
type Heard struct {
	Error   string // why it refused
	Message struct {
		Type string
		Data map[string]any
	}
}

// NewHearing starts a receiver that ends with the test. It refuses everything until
// it has a secret.
func NewHearing(t testing.TB) *Hearing {
	t.Helper()
	need(t, "node")
	if _, err := os.Stat(modules("standardwebhooks")); err != nil {
		Missing(t, "npm's standardwebhooks is not installed: run tools/install.sh")
	}
	command := exec.Command("node", filepath.Join(Root(), "e2e", "servers", "hearing.mjs"), modules(""))
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
			t.Errorf("standardwebhooks: %v", err)
		}
	})
	h := &Hearing{t: t, in: in, out: bufio.NewReader(out)}
	var begun struct{ Address string }
	h.read(&begun)
	h.Address = begun.Address
	return h
}

func (h *Hearing) read(into any) {
	h.t.Helper()
	line, err := h.out.ReadBytes('\n')
	if err != nil {
		h.t.Fatal(err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		h.t.Fatalf("%s: %v", line, err)
	}
}

// Trust makes it go by a secret.
func (h *Hearing) Trust(secret string) {
	h.t.Helper()
	if _, err := io.WriteString(h.in, secret+"\n"); err != nil {
		h.t.Fatal(err)
	}
	h.read(&struct{}{})
}

// Next waits for what it is sent.
func (h *Hearing) Next() (heard Heard) {
	h.t.Helper()
	h.read(&heard)
	return heard
}
