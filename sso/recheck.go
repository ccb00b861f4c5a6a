package sso

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

const (
	// recheckEvery is how often a directory server or an issuer is asked about a
	// person with a session, at most.
	recheckEvery = 15 * time.Minute
	// recheckPause is between two looks at the sessions.
	recheckPause = time.Minute
)

// holder is a person for whom a collectivity's method vouches, with a session or
// an app password.
type holder struct {
	home    portal.CollectivityID
	account portal.AccountID
}

// WatchPeople ends the sessions of people who are no more in their directory, or
// whom their issuer vouches for no more, and stops their app passwords until they
// are back, until the context ends.
func (s *Service) WatchPeople(ctx context.Context) error {
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

// Recheck asks the directory servers and the issuers about the people who were
// active a moment ago or have an app password, and were not asked about for a
// while. Where a server is silent, nothing ends. It is for one goroutine.
func (s *Service) Recheck(ctx context.Context) error {
	due, err := s.due(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for home, people := range due {
		failures = append(failures, s.recheckAt(ctx, home, people))
	}
	return errors.Join(failures...)
}

// waiting are people to ask about, and whether their app passwords are stopped.
type waiting map[portal.AccountID]bool

// due are the people to ask about. A session of a quarter of an hour began with a
// sign-in, which is as good; a phone may be used by who has left since, whenever
// its password was made.
func (s *Service) due(ctx context.Context) (map[portal.CollectivityID]waiting, error) {
	now := s.now()
	for who, at := range s.rechecked {
		if now.Sub(at) >= recheckEvery {
			delete(s.rechecked, who)
		}
	}
	edge := database.Millis(now.Add(-recheckEvery))
	rows, err := s.db.Query(ctx, `
		SELECT home, account, FALSE FROM sessions WHERE created <= $1 AND used > $1
		UNION SELECT home, account, stopped <> '' FROM app_passwords WHERE created <= $1 AND (ends = 0 OR ends > $2)`, edge, database.Millis(now))
	due := map[portal.CollectivityID]waiting{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var who holder
		var stopped bool
		if err := rows.Scan(&who.home, &who.account, &stopped); err != nil {
			return none, err
		}
		if _, recent := s.rechecked[who]; recent {
			return none, nil
		}
		if due[who.home] == nil {
			due[who.home] = waiting{}
		}
		due[who.home][who.account] = due[who.home][who.account] || stopped
		return none, nil
	})
	if err != nil {
		return nil, fmt.Errorf("sso: find people to ask about: %w", err)
	}
	return due, nil
}

// verdicts say why people may enter no more, "" when they may. Who is not among
// them is not known: the server is silent.
type verdicts map[portal.AccountID]audit.Reason

func (s *Service) recheckAt(ctx context.Context, home portal.CollectivityID, people waiting) error {
	method, err := s.Methods.Of(ctx, home)
	if err != nil {
		return err
	}
	known, err := s.ask(ctx, method, people)
	if err != nil {
		return err
	}
	for account, reason := range known {
		who := holder{home, account}
		s.rechecked[who] = s.now()
		if reason != "" {
			err = s.endGone(ctx, who, reason)
		} else if people[account] {
			err = s.resume(ctx, who)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ask asks who decides about the people of a collectivity. Where Parvis does,
// what a server stopped is stopped no more.
func (s *Service) ask(ctx context.Context, method Method, people waiting) (verdicts, error) {
	switch {
	case method.Kind == LDAP && s.registry != nil:
		return s.askDirectory(ctx, method, people)
	case method.Kind == OIDC && s.issuers != nil:
		return s.askIssuer(ctx, method, people)
	}
	known := verdicts{}
	for account := range people {
		known[account] = ""
	}
	return known, nil
}

// askDirectory asks the directory servers of a collectivity about people. Those
// who are not of them go on.
func (s *Service) askDirectory(ctx context.Context, method Method, people waiting) (verdicts, error) {
	accounts := slices.Sorted(maps.Keys(people))
	keys, err := s.people.SourceKeys(ctx, method.Collectivity, accounts)
	if err != nil {
		return nil, err
	}
	var gone map[string]audit.Reason
	if len(keys) > 0 {
		if gone, err = s.registry.Gone(ctx, method, slices.Sorted(maps.Values(keys))); err != nil {
			s.log.Warn("people with sessions not checked", "collectivity", method.Collectivity, "error", err)
			return nil, nil
		}
	}
	known := verdicts{}
	for _, account := range accounts {
		known[account] = gone[keys[account]]
	}
	return known, nil
}

// endGone ends the sessions that a collectivity's method opened for a person, and
// stops the app passwords that it vouches for. Those that another one vouched for
// go on.
func (s *Service) endGone(ctx context.Context, who holder, reason audit.Reason) error {
	line := s.aboutHolder(ctx, who)
	line.Refused = reason
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		line.Action = audit.SessionClosed
		err := tellIfChanged(ctx, tx, line, `DELETE FROM sessions WHERE account = $1 AND home = $2`, string(who.account), string(who.home))
		if err != nil {
			return err
		}
		line.Action = audit.AppPasswordStopped
		return tellIfChanged(ctx, tx, line, `UPDATE app_passwords SET stopped = $3 WHERE account = $1 AND home = $2 AND stopped = ''`,
			string(who.account), string(who.home), string(reason))
	})
	s.Forget(who.account)
	s.Participants.Wake()
	if err != nil {
		return fmt.Errorf("sso: end sessions of one who left: %w", err)
	}
	return nil
}

// resume has the app passwords of a person serve again that the directory server
// or the issuer had stopped.
func (s *Service) resume(ctx context.Context, who holder) error {
	line := s.aboutHolder(ctx, who)
	line.Action = audit.AppPasswordResumed
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		return tellIfChanged(ctx, tx, line, `UPDATE app_passwords SET stopped = '' WHERE account = $1 AND home = $2 AND stopped <> ''`,
			string(who.account), string(who.home))
	})
	if err != nil {
		return fmt.Errorf("sso: resume app passwords: %w", err)
	}
	return nil
}

func (s *Service) aboutHolder(ctx context.Context, who holder) audit.Line {
	return audit.Line{At: s.now(), Collectivity: who.home, Account: who.account, Agent: s.agentOf(ctx, who.account, who.home)}
}

// tellIfChanged writes a line about a change, but for one that changed nothing:
// another node was first.
func tellIfChanged(ctx context.Context, tx *database.Tx, line audit.Line, change string, args ...any) error {
	result, err := tx.Exec(ctx, change, args...)
	if err != nil {
		return err
	}
	if count, err := result.RowsAffected(); err != nil || count == 0 {
		return err
	}
	return audit.Write(ctx, tx, line)
}
