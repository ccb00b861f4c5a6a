package sso

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// opening is a session about to begin.
type opening struct {
	account         portal.AccountID
	collectivity    portal.CollectivityID
	device, address string
	home            portal.CollectivityID // whose method vouched for the person
	factors         string                // what she proved, "pwd"
	vouched         string                // what an issuer says she proved
	idToken         string
	since           time.Time // when she first proved it, zero for now
	kiosk           bool
	counted         string // by what her wrong passwords are counted, "" for her account
}

// insert writes a new session and returns its secret.
func (s *Sessions) insert(ctx context.Context, to database.Writer, begin opening) (secret string, err error) {
	secret = portal.NewSecret()
	hash := hashSecret(secret)
	err = to.Write(ctx, `
		INSERT INTO sessions (hash, id, account, collectivity, device, address, home, id_token, factors, vouched, kiosk, counted, created, used)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		hash[:], portal.NewID(), string(begin.account), sql.NullString{String: string(begin.collectivity), Valid: begin.collectivity != ""},
		begin.device, begin.address, string(begin.home), begin.idToken, begin.factors, begin.vouched, begin.kiosk, begin.counted,
		s.sinceOf(begin), database.Millis(s.now()))
	if err != nil {
		return "", fmt.Errorf("sso: open session: %w", err)
	}
	return secret, nil
}

// sinceOf is when the person of a session about to begin proved who she is, ms.
func (s *Sessions) sinceOf(begin opening) int64 {
	if begin.since.IsZero() {
		return database.Millis(s.now())
	}
	return database.Millis(begin.since)
}

// renew gives the session of a person who proved again who she is a new secret:
// the applications that it opened stay open, and whoever knew the old secret is
// out. portal.ErrNotFound when the session is not hers, or is gone.
func (s *Sessions) renew(ctx context.Context, to database.Writer, old sessionHash, begin opening) (secret string, err error) {
	secret = portal.NewSecret()
	hash := hashSecret(secret)
	err = database.OneRow(to.Exec(ctx, `
		UPDATE sessions SET hash = $1, device = $2, address = $3, home = $4, id_token = $5, factors = $6, created = $7, used = $8,
			kiosk = kiosk OR $9, counted = $10, vouched = $11
		WHERE hash = $12 AND account = $13`,
		hash[:], begin.device, begin.address, string(begin.home), begin.idToken, begin.factors, s.sinceOf(begin), database.Millis(s.now()),
		begin.kiosk, begin.counted, begin.vouched, old[:], string(begin.account)))
	if err != nil {
		return "", fmt.Errorf("sso: renew session: %w", err)
	}
	return secret, nil
}

// raise gives the session of a person who proved a second factor a new secret,
// and leads it into a collectivity. When she proved the first does not move.
// portal.ErrNotFound when the session is not hers, or is gone.
func (s *Sessions) raise(ctx context.Context, to database.Writer, old sessionHash, account portal.AccountID, factors string, into portal.CollectivityID) (secret string, err error) {
	secret = portal.NewSecret()
	hash := hashSecret(secret)
	err = database.OneRow(to.Exec(ctx, `UPDATE sessions SET hash = $1, factors = $2, collectivity = $3, used = $4 WHERE hash = $5 AND account = $6`,
		hash[:], factors, sql.NullString{String: string(into), Valid: into != ""}, database.Millis(s.now()), old[:], string(account)))
	if err != nil {
		return "", fmt.Errorf("sso: raise session: %w", err)
	}
	return secret, nil
}
