package sso

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

const (
	// recheckEvery is how often a directory server is asked about a person with
	// a session, at most.
	recheckEvery = 15 * time.Minute
	// recheckPause is between two looks at the sessions.
	recheckPause = time.Minute
)

// holder is a person with a session that a collectivity's method opened.
type holder struct {
	home    portal.CollectivityID
	account portal.AccountID
}

// WatchDirectories ends the sessions of people who are no more in their
// directory, until the context ends.
func (s *Service) WatchDirectories(ctx context.Context) error {
	ticker := time.NewTicker(recheckPause)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		if err := s.Recheck(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("people with sessions not checked", "error", err)
		}
	}
}

// Recheck asks the directory servers about the people who were active a moment
// ago and were not asked about for a while. Where a server is silent, nobody's
// session ends. It is for one goroutine.
func (s *Service) Recheck(ctx context.Context) error {
	if s.registry == nil {
		return nil
	}
	due, err := s.due(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for home, accounts := range due {
		failures = append(failures, s.recheckAt(ctx, home, accounts))
	}
	return errors.Join(failures...)
}

// due are the active people to ask about. A session of a quarter of an hour
// began with a sign-in, which is as good.
func (s *Service) due(ctx context.Context) (map[portal.CollectivityID][]portal.AccountID, error) {
	now := s.now()
	for who, at := range s.rechecked {
		if now.Sub(at) >= recheckEvery {
			delete(s.rechecked, who)
		}
	}
	edge := database.Millis(now.Add(-recheckEvery))
	rows, err := s.db.Query(ctx, `SELECT DISTINCT home, account FROM sessions WHERE created <= $1 AND used > $1`, edge)
	holders, err := database.Collect(rows, err, func(rows *sql.Rows) (one holder, err error) {
		return one, rows.Scan(&one.home, &one.account)
	})
	if err != nil {
		return nil, fmt.Errorf("sso: find active people: %w", err)
	}
	due := map[portal.CollectivityID][]portal.AccountID{}
	for _, who := range holders {
		if _, recent := s.rechecked[who]; !recent {
			due[who.home] = append(due[who.home], who.account)
		}
	}
	return due, nil
}

func (s *Service) recheckAt(ctx context.Context, home portal.CollectivityID, accounts []portal.AccountID) error {
	method, err := s.Methods.Of(ctx, home)
	if err != nil || method.Kind != LDAP {
		return err
	}
	keys, err := s.people.SourceKeys(ctx, home, accounts)
	if err != nil || len(keys) == 0 {
		return err
	}
	var asked []string
	for _, key := range keys {
		asked = append(asked, key)
	}
	slices.Sort(asked)
	gone, err := s.registry.Gone(ctx, method, asked)
	if err != nil {
		s.log.Warn("people with sessions not checked", "collectivity", home, "error", err)
		return nil
	}
	for account, key := range keys {
		s.rechecked[holder{home, account}] = s.now()
		if reason, isGone := gone[key]; isGone {
			if err := s.endGone(ctx, holder{home, account}, reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// endGone ends the sessions that a collectivity's method opened for a person.
// Those that another one vouched for go on.
func (s *Service) endGone(ctx context.Context, who holder, reason audit.Reason) error {
	line := audit.Line{
		At: s.now(), Collectivity: who.home, Account: who.account, Agent: s.agentOf(ctx, who.account, who.home),
		Action: audit.SessionClosed, Refused: reason,
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account = $1 AND home = $2`, string(who.account), string(who.home))
		if err != nil {
			return err
		}
		if count, err := result.RowsAffected(); err != nil || count == 0 {
			return err // another node was first
		}
		return audit.Write(ctx, tx, line)
	})
	s.Sessions.Forget(who.account)
	s.Participants.Wake()
	if err != nil {
		return fmt.Errorf("sso: end sessions of one who left: %w", err)
	}
	return nil
}
