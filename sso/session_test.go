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
	found, err := sessions.resolve(ctx, hashSecret(secret))
	if err != nil {
		t.Fatal(err) // it was read before the account was closed
	}
	if _, err := sessions.resolve(ctx, hashSecret(secret)); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the next request of a closed account = %v, want ErrNotFound", err)
	}
	if _, err := sessions.Of(ctx, account, found.identity.Session, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a ticket of a closed account = %v, want ErrNotFound", err)
	}
}
