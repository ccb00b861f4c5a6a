package sso

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// newAccount adds an account to a store and returns its id.
func newAccount(t testing.TB, db *database.DB, login string) portal.AccountID {
	t.Helper()
	id := portal.NewID()
	if _, err := db.Exec(context.Background(), `INSERT INTO accounts (id, login, created) VALUES ($1, $2, 1)`, id, login); err != nil {
		t.Fatal(err)
	}
	return portal.AccountID(id)
}

func TestAPasswordIsTheOneThatWasSet(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	passwords, account := newPasswords(db), newAccount(t, db, "a")
	if err := passwords.Set(ctx, "Été à la mairie 2026", account); err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]error{
		"Été à la mairie 2026":                   nil,
		"E\u0301te\u0301 a\u0300 la mairie 2026": nil, // as another keyboard writes it
		"été à la mairie 2026":                   ErrWrong,
		"":                                       ErrWrong,
		strings.Repeat("x", 1<<20):               ErrWrong,
	} {
		if _, err := passwords.verify(ctx, account, password); !errors.Is(err, want) {
			t.Errorf("verify(%.30q) = %v, want %v", password, err, want)
		}
	}
	if _, err := passwords.verify(ctx, "", ""); !errors.Is(err, ErrWrong) {
		t.Errorf("verify of nobody = %v, want ErrWrong", err)
	}
	var hash string
	if err := db.QueryRow(ctx, `SELECT hash FROM account_passwords WHERE account = $1`, string(account)).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %q, want argon2id with 19 MiB, 2 passes, 1 lane", hash)
	}
}

func TestWaitingForASlotHonoursTheRequest(t *testing.T) {
	passwords := newPasswords(databasetest.New(t))
	for range cap(passwords.slots) {
		passwords.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := passwords.verify(ctx, "", "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("verify while all slots are taken = %v, want the deadline", err)
	}
}
