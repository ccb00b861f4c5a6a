package ssotest

import (
	"context"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Open gives accounts that have none a password. Its costly hash is made once in a process.
func Open(t testing.TB, db *database.DB, passwords setter, password string, accounts ...portal.AccountID) {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if hash := made.hashes[password]; hash != "" {
		for _, account := range accounts {
			err := db.Write(t.Context(), `INSERT INTO account_passwords (account, hash, changed) VALUES ($1, $2, $3)`, string(account), hash, time.Now().UnixMilli())
			if err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if err := passwords.Set(t.Context(), password, accounts...); err != nil {
		t.Fatal(err)
	}
	var hash string
	if err := db.QueryRow(t.Context(), `SELECT hash FROM account_passwords WHERE account = $1`, string(accounts[0])).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	made.hashes[password] = hash
}

// setter is sso.Passwords, which this package is a test of.
type setter interface {
	Set(ctx context.Context, password string, accounts ...portal.AccountID) error
}

var made = struct {
	sync.Mutex
	hashes map[string]string
}{hashes: map[string]string{}}
