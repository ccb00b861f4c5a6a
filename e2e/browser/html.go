package browser

import (
	"testing"

	"parvis/e2e/servers"
)

// HTML fails t for each fault of a page's HTML, or of a fragment's that would stand inside <main>, as the
// Nu HTML checker finds them.
func HTML(t testing.TB, html []byte) {
	t.Helper()
	faults, err := servers.HTMLValidator(t).Check(t.Context(), html)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Errorf("html: %s", fault)
	}
}
