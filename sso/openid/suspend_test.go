package openid_test

import "testing"

// TestASuspendedCollectivityGivesNothingMore: what its applications hold is worth
// nothing from the next request on.
func TestASuspendedCollectivityGivesNothingMore(t *testing.T) {
	r := newRelying(t)
	said := r.tokens("scope", "openid offline_access")
	if status, _ := r.userinfo(said["access_token"]); status != 200 {
		t.Fatalf("userinfo before: %d", status)
	}
	r.Suspend("bourg")
	if status, _ := r.userinfo(said["access_token"]); status != 401 {
		t.Errorf("userinfo: %d, want 401", status)
	}
	if status, _ := r.refresh(said["refresh_token"]); status != 400 {
		t.Errorf("refresh: %d, want 400", status)
	}
}
