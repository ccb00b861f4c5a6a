package sso

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
)

// atDesk makes of a session one that sees the desk of another, for as long as its
// person may: she is at her own again as soon as she may not.
func (s *Sessions) atDesk(ctx context.Context, row sessionRow, found *known) (*known, error) {
	own := found.own
	identity, err := s.people.Desk(ctx, own.Caller, row.desk)
	if errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrNotFound) {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sso: see desk: %w", err)
	}
	seen := *identity
	seen.Language, seen.Scheme, seen.Session = own.Language, own.Scheme, own.Session
	seen.Seer = &web.Seer{Agent: own.Caller.Agent, Until: row.deskUntil}
	seen.Version = fmt.Sprintf("%s seen %s %d", identity.Version, own.Version, database.Millis(row.deskUntil))
	there := *found
	there.identity = &seen
	if row.deskUntil.Before(there.ends) {
		there.ends = row.deskUntil
	}
	return &there, nil
}

// SeeDesk makes a session of the caller's see the desk of an agent until a moment,
// in the transaction that writes it down; "" is her own. The caller of it calls
// Forget after the transaction.
func (s *Sessions) SeeDesk(ctx context.Context, tx *database.Tx, caller portal.Caller, session string, agent portal.AgentID, until time.Time) error {
	return database.OneRow(tx.Exec(ctx, `UPDATE sessions SET desk = $1, desk_until = $2 WHERE account = $3 AND id = $4 AND collectivity = $5`,
		string(agent), database.Millis(until), string(caller.Account), session, string(caller.Collectivity)))
}
