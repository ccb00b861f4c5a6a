package sso

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database/databasetest"
)

// TestApplicationsAreToldWhenTheirSessionEnds, once, also by a process that was
// not there when it ended, and those of others are left alone.
func TestApplicationsAreToldWhenTheirSessionEnds(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	account := newAccount(t, db, "a")
	if _, err := db.Exec(ctx, `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ('bourg', 'B', 'B', 'commune', 0)`); err != nil {
		t.Fatal(err)
	}
	sessions := newSessions(db, &shutting{}, Lifetimes{}, slog.New(slog.DiscardHandler), time.Now)
	open := func() (id string, hash sessionHash) {
		t.Helper()
		secret, err := sessions.insert(ctx, db, opening{account: account})
		if err != nil {
			t.Fatal(err)
		}
		found, err := sessions.resolve(ctx, hashSecret(secret))
		if err != nil {
			t.Fatal(err)
		}
		return found.identity.Session, hashSecret(secret)
	}
	ended, hash := open()
	lasting, _ := open()
	before := newParticipants(db, slog.New(slog.DiscardHandler), time.Now)
	for _, one := range []Participant{
		{Session: ended, Reference: "ST-1", Protocol: "cas"},
		{Session: ended, Reference: "ST-2", Protocol: "cas"},
		{Session: ended, Reference: "gone", Protocol: "of-the-past"},
		{Session: lasting, Reference: "ST-3", Protocol: "cas"},
	} {
		one.Collectivity, one.Account, one.Application = "bourg", account, "finances"
		if err := before.Join(ctx, db, one); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sessions.end(ctx, hash, portal.Caller{}); err != nil {
		t.Fatal(err)
	}

	participants := newParticipants(db, slog.New(slog.DiscardHandler), time.Now)
	var mu sync.Mutex
	var told []string
	participants.Handle("cas", func(_ context.Context, one Participant) error {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, one.Reference)
		return context.DeadlineExceeded // the application does not answer: told all the same
	})
	for range 2 {
		if _, err := participants.tellOrphans(ctx); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(told)
	if want := []string{"ST-1", "ST-2"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v once", told, want)
	}
	if left, err := participants.Opened(ctx, account, lasting); err != nil || len(left) != 1 {
		t.Errorf("the lasting session knows %v, %v", left, err)
	}
	if left, err := participants.Opened(ctx, account, ended); err != nil || len(left) != 0 {
		t.Errorf("the ended session knows %v, %v", left, err)
	}
}

// TestAPersonWhoProvesAgainKeepsHerSession under a new secret; another person
// does not get it.
func TestAPersonWhoProvesAgainKeepsHerSession(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	account, other := newAccount(t, db, "a"), newAccount(t, db, "b")
	now := time.Now().Truncate(time.Millisecond)
	sessions := newSessions(db, &shutting{}, Lifetimes{}, slog.New(slog.DiscardHandler), func() time.Time { return now })
	secret, err := sessions.insert(ctx, db, opening{account: account, factors: "pwd"})
	if err != nil {
		t.Fatal(err)
	}
	old, err := sessions.resolve(ctx, hashSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sessions.renew(ctx, db, hashSecret(secret), opening{account: other}); err == nil {
		t.Error("another person's proof renews the session")
	}
	now = now.Add(time.Hour)
	renewed, err := sessions.renew(ctx, db, hashSecret(secret), opening{account: account, factors: "pwd otp"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := sessions.resolve(ctx, hashSecret(renewed))
	if err != nil || found.identity.Session != old.identity.Session || !found.since.Equal(now) || found.factors != "pwd otp" {
		t.Errorf("renewed session = %+v, %v; want the same one, proved now", found, err)
	}
	sessions.Forget(account)
	if _, err := sessions.resolve(ctx, hashSecret(secret)); err == nil {
		t.Error("the old secret still opens the session")
	}
}
