package openid_test

import (
	"testing"
	"time"

	"parvis/portal/audit"
)

// age makes what was given older.
func (r *relying) age(by time.Duration) {
	r.t.Helper()
	if _, err := r.DB.Exec(r.t.Context(), `UPDATE openid_grants SET used = used - $1`, by.Milliseconds()); err != nil {
		r.t.Fatal(err)
	}
}

func TestACodeServesForAMinute(t *testing.T) {
	r := newRelying(t)
	code := r.code()
	r.age(time.Minute + time.Millisecond)
	if status, said := r.exchange(code); status != 400 || said["error"] != "invalid_grant" {
		t.Errorf("a code of more than a minute: %d, %v", status, said)
	}
}

func TestARefreshTokenThatIsNotUsedEnds(t *testing.T) {
	r := newRelying(t)
	said := r.tokens("scope", "openid offline_access")
	r.age(29 * 24 * time.Hour)
	status, said := r.refresh(said["refresh_token"])
	if status != 200 {
		t.Fatalf("after 29 days: %d, %v", status, said)
	}
	r.age(30*24*time.Hour + time.Minute)
	if status, said := r.refresh(said["refresh_token"]); status != 400 || said["error"] != "invalid_grant" {
		t.Errorf("after 30 days: %d, %v", status, said)
	}
}

// TestACodeIsOfItsIssuer: one that bourg's gave is nothing at the pool's, which
// answers for the same client.
func TestACodeIsOfItsIssuer(t *testing.T) {
	r := newRelying(t)
	code := r.code()
	r.issuer = "/oidc/_"
	if status, said := r.exchange(code); status != 400 || said["error"] != "invalid_grant" {
		t.Errorf("a code of bourg's issuer at the pool's: %d, %v", status, said)
	}
}

// TestWhatWasGivenEndsWithTheRightToOpen: an application that is closed to a person
// learns nothing more of her, whatever it holds.
func TestWhatWasGivenEndsWithTheRightToOpen(t *testing.T) {
	r := newRelying(t)
	said := r.tokens("scope", "openid offline_access")
	r.AddGroup("bourg", "paye", "Paye")
	r.Restrict("bourg", "app", "paye")
	r.SSO.Forget("")
	if status, _ := r.userinfo(said["access_token"]); status != 401 {
		t.Errorf("userinfo: %d, want 401", status)
	}
	if status, _ := r.refresh(said["refresh_token"]); status != 400 {
		t.Errorf("refresh: %d, want 400", status)
	}
}

func TestAnOpenedApplicationIsInTheJournal(t *testing.T) {
	r := newRelying(t)
	r.code()
	lines, _, err := r.Journal.Lines(t.Context(), r.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.ApplicationOpened})
	if err != nil || len(lines) != 1 || lines[0].ObjectID != "app" || lines[0].Detail != "oidc" || lines[0].Agent != r.Caller("agent@bourg.example", "bourg").Agent {
		t.Errorf("the journal tells %+v, %v", lines, err)
	}
}
