package openid_test

import (
	"testing"

	"parvis/directory"
	"parvis/portal"
)

// TestASuspendedCollectivityGivesNothingMore: what its applications hold is worth
// nothing from the next request on.
func TestASuspendedCollectivityGivesNothingMore(t *testing.T) {
	r := newRelying(t)
	said := r.tokens("scope", "openid offline_access")
	if status, _ := r.userinfo(said["access_token"]); status != 200 {
		t.Fatalf("userinfo before: %d", status)
	}
	operator := portal.Caller{Rights: []portal.Right{portal.OperatePool}}
	if err := r.Directory.Suspend(t.Context(), operator, "bourg", directory.Suspension{Reason: "Essai"}, ""); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.userinfo(said["access_token"]); status != 401 {
		t.Errorf("userinfo: %d, want 401", status)
	}
	if status, _ := r.refresh(said["refresh_token"]); status != 400 {
		t.Errorf("refresh: %d, want 400", status)
	}
}
