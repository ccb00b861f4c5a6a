package sso

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
)

func (s *Service) signOut(w http.ResponseWriter, r *http.Request) error {
	return s.SignOut(w, r, func() error {
		return web.Redirect(w, r, "/sign-in")
	})
}

// SignOut ends the session of this browser, and answers: with the way to the
// issuer whose own session must end too, or with what next answers.
func (s *Service) SignOut(w http.ResponseWriter, r *http.Request, next func() error) error {
	was, err := s.leave(w, r)
	if errors.Is(err, portal.ErrNotFound) {
		return next()
	}
	if err != nil {
		return err
	}
	state := portal.NewSecret()
	if address := s.issuerSignOut(r, was.home, was.idToken, state); address != "" {
		setCookie(w, r, leftCookie, state, flowLife)
		page := &sentencePage{Address: address}
		printer := web.Printer(r)
		page.Title, page.Sentence, page.Label = printer.T("sso.left.title"), printer.T("sso.left.how"), printer.T("sso.left.go")
		return s.goOn(w, r, page)
	}
	return next()
}

// backFromSignOut is where an issuer leads back to when it ended its own session.
// Only an answer to the sign-out of this browser is believed.
func (s *Service) backFromSignOut(w http.ResponseWriter, r *http.Request) error {
	cookie, err := r.Cookie(cookieName(r, leftCookie))
	clearCookie(w, r, leftCookie)
	if err == nil && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(r.URL.Query().Get("state"))) == 1 {
		web.SetFlash(w, r, "sso.left.both")
	}
	return web.Redirect(w, r, "/sign-in")
}

// leave ends the session of this browser and has its applications told. It
// returns what the session was; portal.ErrNotFound when there was none.
func (s *Service) leave(w http.ResponseWriter, r *http.Request) (was ended, err error) {
	hash, ok := hashOf(r)
	clearCookie(w, r, sessionCookie)
	clearCookie(w, r, flowCookie)
	clearCookie(w, r, keyCookie)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`) // storage: the page that a telephone keeps
	if !ok {
		return ended{}, portal.ErrNotFound
	}
	was, err = s.Sessions.end(r.Context(), hash, web.CallerOf(r))
	s.Participants.Wake()
	if err == nil && was.kiosk {
		w.Header().Set("Clear-Site-Data", `"cache", "cookies", "storage"`) // the next person finds nothing
	} else {
		web.SetFlash(w, r, "sso.left")
	}
	return was, err
}

// Drop ends the session of this browser without a word, for somebody else who takes its place there.
func (s *Service) Drop(w http.ResponseWriter, r *http.Request) error {
	hash, ok := hashOf(r)
	if !ok {
		return nil
	}
	clearCookie(w, r, sessionCookie)
	_, err := s.Sessions.end(r.Context(), hash, web.CallerOf(r))
	s.Participants.Wake()
	if errors.Is(err, portal.ErrNotFound) {
		return nil
	}
	return err
}

// issuerSignOut is where the issuer's own session ends, "" when it has none.
func (s *Service) issuerSignOut(r *http.Request, from portal.CollectivityID, idToken, state string) string {
	if idToken == "" || s.issuers == nil {
		return ""
	}
	method, err := s.Methods.Of(r.Context(), from)
	if err != nil || method.Kind != OIDC {
		return "" // ours ended, which is what was asked
	}
	return s.issuers.SignOut(r.Context(), method, idToken, web.BaseURL(r)+"/sign-in", state)
}
