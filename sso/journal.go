package sso

import (
	"context"
	"errors"
	"net/http"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// because is an error with the true reason, which the journal tells and the
// person who tries is not told.
type because struct {
	error
	reason audit.Reason
	proved bool // she gave the right password
}

func (b because) Unwrap() error { return b.error }

// Because adds to an error the reason that the journal gives for it.
func Because(err error, reason audit.Reason) error { return because{err, reason, false} }

// Proved is Because for one who proved to be who she is, and whom the source
// does not let in: that is no failed attempt.
func Proved(err error, reason audit.Reason) error { return because{err, reason, true} }

func isProved(err error) bool {
	var known because
	return errors.As(err, &known) && known.proved
}

// ReasonOf is why a sign-in was refused, for the journal.
func ReasonOf(err error) audit.Reason {
	var known because
	var said portal.UserError
	switch {
	case errors.As(err, &known):
		return known.reason
	case errors.Is(err, ErrWrong):
		return audit.Password
	case errors.As(err, &said) && said.Key == waitKey:
		return audit.Throttled
	case errors.As(err, &said) && said.Key == errNoQuestion.Key:
		return audit.Expired
	case errors.Is(err, portal.ErrUnavailable):
		return audit.Unavailable
	}
	return audit.Closed
}

// journalRefusal writes a sign-in that did not succeed into the journal of the
// collectivity that the login leads to. A login that names nobody is not kept:
// it may be a password typed in the wrong place. Nor are the attempts of who was
// told to wait, but for the first: a flood must not fill the store.
func (s *Service) journalRefusal(r *http.Request, login string, cause error) error {
	ctx := context.WithoutCancel(r.Context())
	reason := ReasonOf(cause)
	if reason == audit.Throttled && s.flood.add(network(web.ClientAddr(r))+" "+login) > 0 {
		return nil
	}
	place, err := s.people.Locate(ctx, login)
	if err != nil {
		return err
	}
	account, err := s.people.AccountOf(ctx, login)
	if err != nil {
		return err
	}
	line := audit.Line{
		At: s.now(), Collectivity: place.Collectivity.ID, Account: account, Action: audit.SignIn,
		Refused: reason, Address: web.ClientAddr(r),
	}
	if account != "" {
		line.Login = login
		line.Agent = s.agentOf(ctx, account, place.Collectivity.ID)
	}
	return audit.Write(ctx, s.db, line)
}

// journalFactor writes a second factor that was refused.
func (s *Service) journalFactor(r *http.Request, account portal.AccountID, in portal.CollectivityID, action audit.Action, detail string, cause error) error {
	ctx := context.WithoutCancel(r.Context())
	reason := ReasonOf(cause)
	if reason == audit.Throttled && s.flood.add(network(web.ClientAddr(r))+" "+string(account)) > 0 {
		return nil
	}
	line := audit.Line{
		At: s.now(), Collectivity: in, Account: account, Agent: s.agentOf(ctx, account, in), Action: action,
		Refused: reason, Detail: detail, Address: web.ClientAddr(r),
	}
	if line.Agent == "" {
		line.Account = "" // nobody's, or of an account that is closed
	}
	return audit.Write(ctx, s.db, line)
}

// agentOf is the agent of an account in a collectivity, "" when it is none.
func (s *Service) agentOf(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) portal.AgentID {
	identity, err := s.people.Identity(ctx, account, collectivity)
	if err != nil {
		return "" // closed, or the store fails: the line is written without
	}
	return identity.Caller.Agent
}

// journal writes what the person of a request did to her own sign-in, in the
// transaction that does it. What she called a device is hers: the line names it
// by its identifier.
func journal(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, object string) error {
	line := audit.By(caller, action)
	line.ObjectID = object
	return audit.Write(ctx, tx, line)
}
