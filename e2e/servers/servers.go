// Package servers starts the real servers that the tests speak to: slapd, Samba, Dovecot, Exim, PostgreSQL and an
// OpenID provider, each on a free port of the loopback, in a folder of its own. It is a harness of the
// tests: nothing of the binary imports it.
//
// A server ends with its test (LDAP, Dovecot) or with the test process (Samba, OIDC, PostgreSQL), even when
// that process is killed.
package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// need skips the test when a program is missing, or fails it where everything must run: in CI, and
// under make test (PARVIS_TEST_ALL).
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := find(program); err != nil {
			Missing(t, fmt.Sprintf("%v: run tools/install.sh", err))
		}
	}
}

// Missing skips t, saying what this machine lacks, or fails it in CI and under make test.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "" && os.Getenv("PARVIS_TEST_ALL") == "" {
		t.Skip(what)
	}
	t.Fatal(what)
}

// find is the path of a program: Debian keeps daemons out of a user's PATH and PostgreSQL's versions
// side by side, of which the newest serves.
func find(program string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	places := []string{"/usr/sbin/" + program}
	versions, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if err == nil {
		slices.SortFunc(versions, func(a, b string) int { return len(b) - len(a) + strings.Compare(b, a) })
		places = append(places, versions...)
	}
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("servers: %s is not installed", program)
}

// Root is the folder of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// ProcessDir makes a folder that is removed when this test process ends, however it ends. Two seconds are
// left to the programs that die with the process and still write there.
func ProcessDir(name string) (string, error) {
	dir, err := newDir(name)
	if err != nil {
		return "", err
	}
	wait := `trap 'sleep 2; exit' TERM; while :; do sleep 3600 & wait; done`
	_, err = start(command{args: []string{"/bin/sh", "-c", wait}, folder: dir})
	return dir, err
}

// newDir makes a folder that a server's own user can enter, unlike testing's TempDir.
func newDir(name string) (string, error) {
	dir, err := os.MkdirTemp("", "parvis-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("servers: %w", err)
	}
	return dir, os.Chmod(dir, 0o755)
}
