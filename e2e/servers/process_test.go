package servers

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestServersEndWithAKilledTest kills a process that holds a cluster and waits for the cluster's folder
// to go: nothing may be left behind when a test process dies.
func TestServersEndWithAKilledTest(t *testing.T) {
	if os.Getenv("PARVIS_KILLED_TEST") != "" {
		holdCluster(t)
	}
	t.Parallel()
	need(t, "initdb", "postgres")
	cmd := exec.Command(os.Args[0], "-test.run=^TestServersEndWithAKilledTest$", "-test.v")
	cmd.Env = append(os.Environ(), "PARVIS_KILLED_TEST=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	dir, port := readHeld(t, out)
	if _, err := net.Dial("tcp", port); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for exists(dir) || listens(port) {
		if time.Now().After(deadline) {
			t.Fatalf("the server on %s outlives its test", port)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func holdCluster(t *testing.T) {
	c, err := StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(c.DSN, "@")
	port, _, _ := strings.Cut(rest, "/")
	os.Stdout.WriteString("held " + c.dir + " " + port + "\n")
	select {}
}

// readHeld reads "held DIR HOST:PORT" from the test that holds a cluster.
func readHeld(t *testing.T, out interface{ Read([]byte) (int, error) }) (dir, port string) {
	t.Helper()
	var text string
	chunk := make([]byte, 4096)
	for {
		n, err := out.Read(chunk)
		text += string(chunk[:n])
		if _, line, ok := strings.Cut(text, "held "); ok && strings.Contains(line, "\n") {
			fields := strings.Fields(line)
			return fields[0], fields[1]
		}
		if err != nil {
			t.Fatalf("no cluster: %v: %s", err, text)
		}
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func listens(port string) bool {
	conn, err := net.Dial("tcp", port)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
