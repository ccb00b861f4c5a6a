package openid

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/seal"
)

// TestAnAccessTokenEnds by itself: nothing in the store says when.
func TestAnAccessTokenEnds(t *testing.T) {
	db, clock := databasetest.New(t), time.Unix(1_800_000_000, 0)
	databasetest.AddCollectivities(t, db, "bourg")
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{db: db, sealer: sealer, now: func() time.Time { return clock }}
	given := grant{collectivity: "bourg", id: portal.NewID(), issuer: "bourg"}
	for _, text := range []string{
		`INSERT INTO accounts (id, login, created) VALUES ('anne', 'anne@bourg.example', 0)`,
		`INSERT INTO openid_grants (collectivity, id, issuer, client, session, account, agent, request, authenticated, factors, created, used)
			VALUES ('bourg', '` + given.id + `', 'bourg', 'app', 's', 'anne', 'a', '{}', 0, 'pwd', 0, 0)`,
	} {
		if _, err := db.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	token, err := p.sealAccess(given)
	if err != nil {
		t.Fatal(err)
	}
	from := issuer{collectivity: "bourg"}
	clock = clock.Add(tokenLife - time.Millisecond)
	if _, _, err := p.openAccess(t.Context(), from, token); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	clock = clock.Add(time.Millisecond)
	if _, _, err := p.openAccess(t.Context(), from, token); !errors.Is(err, errGrant) {
		t.Errorf("at its end: %v, want errGrant", err)
	}
}
