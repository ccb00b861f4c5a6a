package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parvis/e2e/servers"
)

// computer is a person's own computer, where vdirsyncer keeps a copy of her
// calendars in a folder.
type computer struct {
	t      *testing.T
	dir    string
	config string
}

// newComputer sets vdirsyncer up with the bare address of the portal.
func newComputer(t *testing.T, address, login, password string) *computer {
	t.Helper()
	if _, err := exec.LookPath("vdirsyncer"); err != nil {
		servers.Missing(t, "vdirsyncer")
	}
	dir := t.TempDir()
	c := &computer{t: t, dir: dir, config: filepath.Join(dir, "config")}
	text := fmt.Sprintf(`[general]
status_path = %q
[pair agenda]
a = "here"
b = "there"
collections = ["from b"]
[storage here]
type = "filesystem"
path = %q
fileext = ".ics"
[storage there]
type = "caldav"
url = %q
username = %q
password = %q
`, filepath.Join(dir, "status"), filepath.Join(dir, "calendars"), address+"/", login, password)
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.run("discover", "agenda")
	return c
}

func (c *computer) run(args ...string) {
	c.t.Helper()
	command := exec.Command("vdirsyncer", append([]string{"-c", c.config}, args...)...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "LANG=C.UTF-8", "HOME="+c.dir)
	command.Stdin = strings.NewReader(strings.Repeat("y\n", 20))
	if output, err := command.CombinedOutput(); err != nil {
		c.t.Fatalf("vdirsyncer %v: %v\n%s", args, err, output)
	}
}

// sync brings both sides to the same state.
func (c *computer) sync() { c.t.Helper(); c.run("sync") }

// events are the files of every calendar, one text.
func (c *computer) events() string {
	c.t.Helper()
	paths, err := filepath.Glob(filepath.Join(c.dir, "calendars", "*", "*.ics"))
	if err != nil {
		c.t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			c.t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// add writes an event into the person's own calendar on the computer.
func (c *computer) add(name, ics string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, "calendars", "personal", name), []byte(ics), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
