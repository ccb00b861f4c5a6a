package forwardauth_test

import (
	"strings"
	"testing"
)

// TestASuspendedCollectivityIsOutAtTheNextRequest, of whoever has the cookie of one
// of its applications.
func TestASuspendedCollectivityIsOutAtTheNextRequest(t *testing.T) {
	w := newWorld(t)
	client := w.browser()
	at, _, _ := w.get(client, w.proxy+"/")
	if _, body := w.signIn(client, at, "agent@bourg.example"); !strings.Contains(body, "user=") {
		t.Fatalf("an agent reads %q", body)
	}
	w.Suspend("bourg")
	if _, body, _ := w.get(client, w.proxy+"/"); strings.Contains(body, "user=") {
		t.Errorf("an agent of a suspended collectivity reads %q", body)
	}
}
