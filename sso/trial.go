package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// Trial is what an answer of the issuer would give to its person, had she come to
// sign in.
type Trial struct {
	Answer    Answer
	Login     string // of ours that she would enter with, "" for none
	Linked    bool   // she signed in before
	Admission Admission
	Second    bool  // what the issuer says is a second factor
	Counts    bool  // and the collectivity counts it
	Refused   error // portal.UserError of why she would not enter, nil when she would
}

// tryIssuer sends an administrator to the issuer of her collectivity, to see what
// it says of who signs in there. Her own session stays what it is.
func (s *Service) tryIssuer(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	identity := web.IdentityOf(r)
	method, err := s.Methods.Of(r.Context(), identity.Caller.Collectivity)
	if err != nil {
		return err
	}
	if method.Kind != OIDC || s.issuers == nil {
		return errNoTrial
	}
	login, err := s.people.LoginOf(r.Context(), identity.Caller.Account)
	if err != nil {
		return err
	}
	err = s.writeFlow(w, r, flow{
		Login: login, Trial: identity.Session, In: identity.Caller.Collectivity, Next: methodAddress, Again: r.PostFormValue("again") != "",
		State: portal.NewSecret(), Nonce: portal.NewSecret(), Verifier: portal.NewSecret(),
	})
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/sign-in/issuer")
}

// methodAddress is the page about a collectivity's way of signing in.
const methodAddress = "/admin/sign-in"

// triedBy says whether a sign-in under way is a trial of who asks: an
// administrator of the collectivity that it is about, in the session in which she
// began it.
func triedBy(r *http.Request, under flow) bool {
	identity := web.IdentityOf(r)
	return identity != nil && identity.Session != "" && identity.Session == under.Trial &&
		identity.Caller.Collectivity == under.In && identity.Caller.Can(portal.Admin)
}

// showTrial shows what the issuer answered. Nothing is kept of it but that it was
// tried.
func (s *Service) showTrial(w http.ResponseWriter, r *http.Request, under flow, place Place, answer Answer, err error) error {
	clearCookie(w, r, flowCookie)
	tried := Trial{Answer: answer, Refused: err}
	if err == nil {
		tried, err = s.try(r.Context(), place, answer)
	}
	if _, ok := sentenceOf(r, tried.Refused); !ok && tried.Refused != nil {
		return tried.Refused
	}
	if err != nil && !isSaid(err) {
		return err
	}
	line := audit.By(web.CallerOf(r), audit.SignInTried)
	line.At, line.Object, line.Address = s.now(), tried.Login, web.ClientAddr(r)
	if tried.Refused != nil {
		line.Refused = ReasonOf(tried.Refused)
		s.log.Info("sign-in tried", "request", web.RequestID(r), "collectivity", under.In, "refused", tried.Refused)
	}
	if err := audit.Write(r.Context(), s.db, line); err != nil {
		return err
	}
	page := &methodPage{Trial: &tried}
	page.Refused, _ = sentenceOf(r, tried.Refused)
	return s.renderMethod(w, r, http.StatusOK, page)
}

// try tells what a sound answer would give, and changes nothing.
func (s *Service) try(ctx context.Context, place Place, answer Answer) (Trial, error) {
	policy, err := s.Policies.Of(ctx, place.Collectivity.ID)
	if err != nil {
		return Trial{}, err
	}
	tried := Trial{Answer: answer, Second: hasSecond(answer.Factors), Counts: policy.Issuer, Refused: answer.Refused}
	login, linked, err := s.loginOf(ctx, place, answer)
	if err == nil {
		tried.Login, tried.Linked = login, linked
		tried.Admission, err = s.people.TryAdmit(ctx, place.Collectivity.ID, answer.person(login))
		err = errNotAllowed(err)
	}
	var said portal.UserError
	switch {
	case err != nil && !errors.As(err, &said):
		return Trial{}, fmt.Errorf("sso: try an issuer: %w", err)
	case tried.Refused == nil:
		tried.Refused = err
	}
	return tried, nil
}
