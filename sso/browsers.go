package sso

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Session is a browser that is signed in, as its person sees it.
type Session struct {
	ID            string
	Device        string // "Firefox, Windows"
	Address       string
	Created, Used time.Time
}

// List returns the sessions of the caller's account, the last used first.
func (s *Sessions) List(ctx context.Context, caller portal.Caller) ([]Session, error) {
	now := s.now()
	rows, err := s.db.Query(ctx, `
		SELECT id, device, address, created, used FROM sessions
		WHERE account = $1 AND created > $2 AND used > $3 AND (NOT kiosk OR used > $4) ORDER BY used DESC, id`,
		string(caller.Account), database.Millis(now.Add(-s.life.Absolute)), database.Millis(now.Add(-s.life.Idle)),
		database.Millis(now.Add(-s.life.Kiosk)))
	sessions, err := database.Collect(rows, err, func(rows *sql.Rows) (Session, error) {
		var session Session
		var created, used int64
		err := rows.Scan(&session.ID, &session.Device, &session.Address, &created, &used)
		session.Created, session.Used = database.FromMillis(created), database.FromMillis(used)
		return session, err
	})
	if err != nil {
		return nil, fmt.Errorf("sso: list sessions: %w", err)
	}
	return sessions, nil
}

// Revoke ends one session of the caller's account, whichever browser it is in.
func (s *Sessions) Revoke(ctx context.Context, caller portal.Caller, id string) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND account = $2`, id, string(caller.Account)))
		if err != nil {
			return err
		}
		return journal(ctx, tx, caller, audit.SessionRevoked, "")
	})
	s.Forget(caller.Account)
	if err != nil {
		return fmt.Errorf("sso: revoke session: %w", err)
	}
	return nil
}

// RevokeOthers ends all sessions of the caller's account but one, and returns
// how many.
func (s *Sessions) RevokeOthers(ctx context.Context, caller portal.Caller, keep string) (int, error) {
	var count int64
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account = $1 AND id <> $2`, string(caller.Account), keep)
		if err != nil {
			return err
		}
		if count, err = result.RowsAffected(); err != nil || count == 0 {
			return err
		}
		return journal(ctx, tx, caller, audit.SessionRevoked, "")
	})
	s.Forget(caller.Account)
	if err != nil {
		return 0, fmt.Errorf("sso: revoke sessions: %w", err)
	}
	return int(count), nil
}
