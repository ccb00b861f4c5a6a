package clients_test

import (
	_ "embed"
	"os"
	"strings"
	"testing"

	"parvis/e2e/servers"
)

//go:embed pythoncaldav.py
var pythonCalDAV string

// debianPython is the one for which Debian packages libraries: another may come first in the PATH.
const debianPython = "/usr/bin/python3"

func TestPythonCalDAV(t *testing.T) {
	if _, err := os.Stat("/usr/lib/python3/dist-packages/caldav"); err != nil {
		servers.Missing(t, "python3-caldav")
	}
	d := newDesk(t, debianPython)
	said := d.run(pythonCalDAV, debianPython, "-", d.portal.URL+"/", d.login, d.password, "admin@bourg.example")
	if !strings.HasSuffix(said, "done\n") {
		t.Error(said)
	}
	d.has("the agenda", d.kept(), "SUMMARY:Budget\\, premier tour", "SUMMARY:Compte rendu")
}
