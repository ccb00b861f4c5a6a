package sso

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/web"
)

// shutting is a directory where somebody closes an account while it is read.
type shutting struct {
	People
	closed bool
	during func()
}

func (p *shutting) Identity(context.Context, portal.AccountID, portal.CollectivityID) (*web.Identity, error) {
	if p.closed {
		return nil, portal.ErrNotFound
	}
	identity := &web.Identity{Caller: portal.Caller{Account: "a"}}
	if p.during != nil {
		p.during()
	}
	return identity, nil
}

func TestWhatChangedWhileItWasReadIsNotKept(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	account := newAccount(t, db, "a")
	people := &shutting{}
	sessions := newSessions(db, people, Lifetimes{}, slog.New(slog.DiscardHandler), time.Now)
	secret, err := sessions.insert(ctx, db, opening{account: account})
	if err != nil {
		t.Fatal(err)
	}
	people.during = func() {
		people.closed = true
		sessions.Forget("a")
	}
	if _, err := sessions.resolve(ctx, hashSecret(secret)); err != nil {
		t.Fatal(err) // it was read before the account was closed
	}
	if _, err := sessions.resolve(ctx, hashSecret(secret)); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the next request of a closed account = %v, want ErrNotFound", err)
	}
}

func TestTheMemoryOfSessionsIsBounded(t *testing.T) {
	sessions := newSessions(databasetest.New(t), nil, Lifetimes{}, slog.New(slog.DiscardHandler), time.Now)
	identity := &web.Identity{}
	for i := range maxCached + 10 {
		hash := sessionHash{byte(i), byte(i >> 8), byte(i >> 16)}
		sessions.keep(hash, &known{identity: identity, fresh: time.Now().Add(time.Minute)}, 0)
	}
	if count := len(sessions.known); count > maxCached {
		t.Errorf("%d sessions kept, want at most %d", count, maxCached)
	}
}
