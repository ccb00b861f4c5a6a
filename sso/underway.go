package sso

import (
	"errors"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/web"
)

// secondPage is where a second factor is asked for, by the sign-in under way in
// this browser.
const secondPage = "/sign-in/second"

// firstPage is where who has none adds her first.
const firstPage = secondPage + "/new"

// secondOf returns the sign-in under way in this browser that waits for a second
// factor, and what its person has. One that raises a session is only that
// session's, and one whose password was replaced meanwhile is over: who knew the
// old one could otherwise add a factor of his own.
func (s *Service) secondOf(r *http.Request) (under flow, held Held, ok bool, err error) {
	under, ok = s.readFlow(r)
	if !ok || under.Proved == nil {
		return flow{}, Held{}, false, nil
	}
	if under.Proved.Session != "" {
		identity := web.IdentityOf(r)
		if identity == nil || identity.Session != under.Proved.Session || identity.Caller.Account != under.Proved.Account {
			return flow{}, Held{}, false, nil
		}
	}
	err = still(r.Context(), s.db, under.Proved.Account, under.Proved.Mark)
	if errors.Is(err, portal.ErrDenied) {
		return flow{}, Held{}, false, nil
	}
	if err == nil {
		held, err = s.Factors.Of(r.Context(), under.Proved.Account)
	}
	return under, held, true, err
}

// errOtherTab is for the form of a sign-in that another tab began anew.
var errOtherTab = portal.UserError{Kind: portal.ErrDenied, Field: "code", Key: "sso.error.other-tab"}

// whoseTurn serves a step of the sign-in under way: who has no second factor adds
// her first, the others give theirs. Who comes to the step of the other is led to
// her own; who comes with the form of a sign-in that another tab began anew is
// asked again. Each tab keeps leading where it led.
func (s *Service) whoseTurn(first bool, serve func(w http.ResponseWriter, r *http.Request, under flow, held Held) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		posted := r.Method == http.MethodPost
		if posted {
			if err := web.ParseForm(r); err != nil {
				return err
			}
		}
		under, held, ok, err := s.secondOf(r)
		if err != nil {
			return err
		}
		if !ok {
			return s.notUnderWay(w, r)
		}
		if to := tabLeadsTo(r); to != "" {
			under.Next = SafeNext(to)
		}
		switch {
		case held.Any() == first:
			return web.Redirect(w, r, stepOf(held)+"?to="+url.QueryEscape(under.Next))
		case posted && under.Proved.ID != r.PostFormValue("flow"):
			return s.askAgain(w, r, under, held)
		}
		return serve(w, r, under, held)
	}
}

// tabLeadsTo is where the page of this request leads, "" when it does not say. The
// cookie of the sign-in under way only knows that of the last tab. It is as free as
// the one that a sign-in begins with, so what may be opened is still up to the page
// that it names.
func tabLeadsTo(r *http.Request) string {
	if r.Method == http.MethodPost {
		return r.PostFormValue("next")
	}
	return r.URL.Query().Get("to")
}

// askAgain shows the step of the sign-in under way in the tab of another one, whose
// form was refused.
func (s *Service) askAgain(w http.ResponseWriter, r *http.Request, under flow, held Held) error {
	if held.Any() {
		return s.refuseSecond(w, r, under, held, useOf(r), errOtherTab)
	}
	form, _ := web.FormErrors(r, errOtherTab)
	return s.renderFirst(w, r, http.StatusUnprocessableEntity, under, s.readPending(under.Proved.Account, r.PostFormValue("pending")), form)
}

// stepOf is the page of what a sign-in waits for.
func stepOf(held Held) string {
	if held.Any() {
		return secondPage
	}
	return firstPage
}

// notUnderWay answers who comes to a step that is not, or no more: in another tab
// she may have ended it, and goes on to where this one began.
func (s *Service) notUnderWay(w http.ResponseWriter, r *http.Request) error {
	next := SafeNext(tabLeadsTo(r))
	if web.IdentityOf(r) != nil {
		return web.Redirect(w, r, next)
	}
	if r.Method == http.MethodPost {
		return s.refuse(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}, next)
	}
	return web.Redirect(w, r, "/sign-in")
}
