package sso

import (
	"errors"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// issuerOf returns the sign-in under way and the method of its collectivity.
func (s *Service) issuerOf(r *http.Request) (under flow, place Place, method Method, err error) {
	under, ok := s.readFlow(r)
	if !ok || under.State == "" || under.Trial != "" && !triedBy(r, under) {
		return under, Place{}, Method{}, portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}
	}
	if under.Trial != "" {
		place, err = s.people.Place(r.Context(), under.In)
	} else {
		place, err = s.people.Locate(r.Context(), under.Login)
	}
	if err != nil {
		return under, place, Method{}, err
	}
	if method, err = s.Methods.Of(r.Context(), place.Collectivity.ID); err != nil {
		return under, place, method, err
	}
	if method.Kind != OIDC || s.issuers == nil {
		return under, place, method, errNoMethod
	}
	return under, place, method, nil
}

// callbackOf is where the issuer of a collectivity answers. Each has an address of its
// own: an issuer that leads the browser to another one's page, to be handed the code
// that is given there, finds it at that one's address (RFC 9700 §4.4.2.2).
func callbackOf(r *http.Request, collectivity portal.CollectivityID) string {
	return web.BaseURL(r) + "/sign-in/callback/" + url.PathEscape(string(collectivity))
}

func question(r *http.Request, under flow, place Place) Question {
	return Question{
		State: under.State, Nonce: under.Nonce, Verifier: under.Verifier, SIRET: place.SIRET,
		Redirect: callbackOf(r, place.Collectivity.ID), LoginHint: under.Login, Again: under.Again,
	}
}

// leaveForIssuer answers with a page that goes on by itself: a redirect would
// follow from our form, which the page's policy keeps on our own pages.
func (s *Service) leaveForIssuer(w http.ResponseWriter, r *http.Request) error {
	under, place, method, err := s.issuerOf(r)
	if err != nil {
		return s.refuse(w, r, err, home)
	}
	address, err := s.issuers.Ask(r.Context(), method, question(r, under, place))
	if err != nil && under.Trial != "" {
		return s.showTrial(w, r, under, place, Answer{}, err)
	}
	if err != nil {
		return s.refuse(w, r, err, under.Next)
	}
	page := &sentencePage{Address: address}
	printer := web.Printer(r)
	page.Title, page.Sentence, page.Label = printer.T("sso.issuer.title"), printer.T("sso.issuer.how"), printer.T("sso.issuer.go")
	return s.goOn(w, r, page)
}

func (s *Service) goOn(w http.ResponseWriter, r *http.Request, page *sentencePage) error {
	page.Gate = true
	w.Header().Set("Refresh", "0; url="+page.Address)
	return s.render(w, r, http.StatusOK, "sso/continue", page)
}

func (s *Service) backFromIssuer(w http.ResponseWriter, r *http.Request) error {
	under, place, method, err := s.issuerOf(r)
	if err == nil && web.Var(r, "collectivity") != string(place.Collectivity.ID) {
		err = Because(portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}, audit.Issuer)
	}
	if err != nil {
		return s.refuse(w, r, err, home)
	}
	answer, err := s.issuers.Read(r.Context(), method, question(r, under, place), r.URL.Query())
	if err != nil {
		err = Because(err, issuerReason(err))
	}
	if under.Trial != "" {
		return s.showTrial(w, r, under, place, answer, err)
	}
	if err == nil {
		err = answer.Refused
	}
	var account portal.AccountID
	if err == nil {
		account, err = s.linked(r.Context(), place, answer)
	}
	if err == nil {
		err = s.keepVoucher(r.Context(), holder{place.Collectivity.ID, account}, answer)
	}
	next := under.Next
	if err == nil {
		next, err = s.proceed(w, r, entry{
			account: account, home: place.Collectivity.ID, kind: OIDC, vouched: answer.Factors, idToken: answer.IDToken, kiosk: under.Kiosk,
		}, under)
	}
	if err != nil {
		return s.refuseIssuer(w, r, under, err)
	}
	return web.Redirect(w, r, next)
}

// issuerReason tells an issuer that is silent from one whose answer is refused.
func issuerReason(err error) audit.Reason {
	if errors.Is(err, portal.ErrUnavailable) {
		return audit.Unavailable
	}
	return audit.Issuer
}

// refuseIssuer is refuse for a sign-in that an issuer answered.
func (s *Service) refuseIssuer(w http.ResponseWriter, r *http.Request, under flow, err error) error {
	if journalled := s.journalRefusal(r, under.Login, err); journalled != nil {
		return errors.Join(err, journalled)
	}
	return s.refuse(w, r, err, under.Next)
}
