package sso

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// StepUp leads a signed-in person to give a second factor, or to make one, and
// then to a page of ours: what an application's protocol answers when
// Application.SecondFactor asks for more than Signed.Second.
func (s *Service) StepUp(w http.ResponseWriter, r *http.Request, next string) error {
	return web.Redirect(w, r, secondPage+"?next="+url.QueryEscape(SafeNext(next)))
}

// leadToSecond leads a signed-in person who goes into a collectivity that asks
// for a second factor to give it first; not led when there is no need.
func (s *Service) leadToSecond(w http.ResponseWriter, r *http.Request, into portal.CollectivityID) (led bool, err error) {
	signed, err := s.Sessions.Signed(r)
	if err != nil || signed.SecondIn(into) {
		return false, err
	}
	there, err := s.people.Identity(r.Context(), signed.Identity.Caller.Account, into)
	if err != nil {
		return false, err
	}
	held, policy, err := s.heldAnd(r.Context(), there.Caller)
	if err != nil || !policy.Binds(there.Caller, s.now()) {
		return false, err
	}
	return true, s.raiseFrom(w, r, signed, held, into, home)
}

// raiseFrom begins to raise the session of a request.
func (s *Service) raiseFrom(w http.ResponseWriter, r *http.Request, signed Signed, held Held, into portal.CollectivityID, next string) error {
	if !held.Any() && s.now().Sub(signed.Since) > freshFor {
		return web.Redirect(w, r, "/sign-in?again=1&second=1&next="+url.QueryEscape(next))
	}
	caller := signed.Identity.Caller
	login, err := s.people.LoginOf(r.Context(), caller.Account)
	if err != nil {
		return err
	}
	err = s.writeFlow(w, r, flow{Login: login, Typed: login, Next: next, Proved: &proved{
		ID: portal.NewID(), Account: caller.Account, Into: into, Factors: signed.Factors, Since: signed.Since.UnixMilli(),
		Counted: signed.counted, Kiosk: signed.Kiosk, Session: signed.Identity.Session,
	}})
	if err != nil {
		return err
	}
	return web.Redirect(w, r, secondPage)
}

// stepUp begins to raise the session of who followed StepUp.
func (s *Service) stepUp(w http.ResponseWriter, r *http.Request, next string) error {
	signed, err := s.Sessions.Signed(r)
	if err != nil {
		return err
	}
	if signed.Second() {
		return web.Redirect(w, r, next)
	}
	held, err := s.Factors.Of(r.Context(), signed.Identity.Caller.Account)
	if err != nil {
		return err
	}
	return s.raiseFrom(w, r, signed, held, signed.Identity.Caller.Collectivity, next)
}

// raise gives the session of a request what its person proved beside, and a new
// secret: whoever knew the old one is out.
func (s *Service) raise(w http.ResponseWriter, r *http.Request, of proved, given second) error {
	hash, ok := hashOf(r)
	there, err := s.people.Identity(r.Context(), of.Account, of.Into)
	if err == nil && !ok {
		err = portal.ErrNotFound // signed out in another tab
	}
	if err != nil {
		return errors.Join(errNotAllowed(err), s.throttle.cancel(context.WithoutCancel(r.Context()), given.tries...))
	}
	line := audit.By(there.Caller, audit.StepUp)
	line.At, line.Detail, line.Address = s.now(), given.detail, web.ClientAddr(r)
	var secret string
	err = s.db.Tx(r.Context(), func(tx *database.Tx) error {
		if err := s.spend(r.Context(), tx, "flow:"+of.ID); err != nil {
			return err
		}
		if secret, err = s.Sessions.raise(r.Context(), tx, hash, of.Account, joined(of.Factors, given.factors), of.Into); err != nil {
			return err
		}
		if err := s.throttle.forgive(r.Context(), tx, given.tries...); err != nil {
			return err
		}
		return audit.Write(r.Context(), tx, line)
	})
	s.Sessions.Forget(of.Account)
	if err != nil {
		return errors.Join(err, s.throttle.cancel(context.WithoutCancel(r.Context()), given.tries...))
	}
	s.throttle.land(given.tries...)
	clearCookie(w, r, flowCookie)
	clearCookie(w, r, keyCookie)
	setCookie(w, r, sessionCookie, secret, 0)
	return nil
}
