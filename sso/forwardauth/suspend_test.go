package forwardauth_test

import (
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
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
	operator := portal.Caller{Rights: []portal.Right{portal.OperatePool}}
	if err := w.Directory.Suspend(t.Context(), operator, "bourg", directory.Suspension{Reason: "Essai"}, ""); err != nil {
		t.Fatal(err)
	}
	if _, body, _ := w.get(client, w.proxy+"/"); strings.Contains(body, "user=") {
		t.Errorf("an agent of a suspended collectivity reads %q", body)
	}
}
