package sso

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// maxForm bounds the forms of sign-in in bytes: a login and a password.
const maxForm = 16 << 10

// Routes are the sign-in pages and the account's.
func (s *Service) Routes() []web.Route {
	return append(s.adminRoutes(), []web.Route{
		{Method: "GET", Path: "/sign-in", Access: web.Public, Handler: s.showLogin},
		{Method: "POST", Path: "/sign-in", Access: web.Public, MaxBody: maxForm, Handler: s.takeLogin},
		{Method: "GET", Path: "/sign-in/password", Access: web.Public, Handler: s.showPassword},
		{Method: "POST", Path: "/sign-in/password", Access: web.Public, MaxBody: maxForm, Handler: s.takePassword},
		{Method: "POST", Path: "/sign-in/key/ask", Access: web.Public, MaxBody: maxForm, Handler: s.askAnyKey},
		{Method: "POST", Path: "/sign-in/key", Access: web.Public, MaxBody: 2 * maxAnswer, Handler: s.takeKey},
		{Method: "GET", Path: "/sign-in/second", Access: web.Public, Handler: s.showSecond},
		{Method: "POST", Path: "/sign-in/second", Access: web.Public, MaxBody: 2 * maxAnswer, Handler: s.whoseTurn(false, s.takeSecond)},
		{Method: "GET", Path: firstPage, Access: web.Public, Handler: s.whoseTurn(true, s.showFirstFactor)},
		{Method: "POST", Path: firstPage, Access: web.Public, MaxBody: 2 * maxAnswer, Handler: s.whoseTurn(true, s.takeFirstFactor)},
		{Method: "POST", Path: "/sign-in/second/key/ask", Access: web.Public, MaxBody: maxForm, Handler: s.askSecondKey},
		{Method: "GET", Path: "/sign-in/issuer", Access: web.Public, Handler: s.leaveForIssuer},
		{Method: "GET", Path: "/sign-in/callback/{collectivity}", Access: web.Public, Handler: s.backFromIssuer},
		{Method: "GET", Path: "/sign-in/forgotten", Access: web.Public, Handler: s.showForgotten},
		{Method: "POST", Path: "/sign-in/forgotten", Access: web.Public, MaxBody: maxForm, Handler: s.takeForgotten},
		{Method: "GET", Path: "/sign-in/reset", Access: web.Public, Handler: s.showReset},
		{Method: "POST", Path: "/sign-in/reset", Access: web.Public, MaxBody: maxForm, Handler: s.takeReset},
		{Method: "GET", Path: "/sign-in/invitation", Access: web.Public, Handler: s.showInvitation},
		{Method: "POST", Path: "/sign-in/invitation", Access: web.Public, MaxBody: maxForm, Handler: s.takeInvitation},
		{Method: "GET", Path: acceptPage, Access: web.SignedIn, Handler: s.showAccept},
		{Method: "POST", Path: acceptPage, Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly(acceptPage, s.takeAccept)},
		{Method: "GET", Path: "/account/password", Access: web.SignedIn, Handler: s.freshly("/account/password", s.showOwnPassword)},
		{Method: "POST", Path: "/account/password", Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly("/account/password", s.takeOwnPassword)},
		{Method: "POST", Path: "/sign-out", Access: web.Public, MaxBody: maxForm, Handler: s.signOut},
		{Method: "GET", Path: "/account", Access: web.SignedIn, Handler: s.showAccount},
		{Method: "POST", Path: "/account/switch", Access: web.SignedIn, MaxBody: maxForm, Handler: s.switchCollectivity},
		{Method: "POST", Path: "/account/preferences", Access: web.SignedIn, MaxBody: maxForm, Handler: s.savePreferences},
		{Method: "POST", Path: "/account/app-passwords", Access: web.SignedIn, MaxBody: maxForm, Handler: s.createAppPassword},
		{Method: "POST", Path: "/account/app-passwords/{id}/revoke", Access: web.SignedIn, MaxBody: maxForm, Handler: s.revokeAppPassword},
		{Method: "POST", Path: "/account/app-passwords/{id}/settle", Access: web.SignedIn, MaxBody: maxForm, Handler: s.settleSync},
		{Method: "GET", Path: phonePath + "{secret}", Access: web.Public, Handler: s.showPhone},
		{Method: "GET", Path: phonePath + "{secret}" + profileName, Access: web.Public, Handler: s.showProfile},
		{Method: "GET", Path: "/account/factors", Access: web.Account, Handler: s.showFactors},
		{Method: "GET", Path: "/account/factors/app", Access: web.Account, Handler: s.freshly("/account/factors/app", s.showNewApp)},
		{Method: "POST", Path: "/account/factors/app", Access: web.Account, MaxBody: maxForm, Handler: s.freshly("/account/factors/app", s.takeNewApp)},
		{Method: "POST", Path: "/account/factors/app/remove", Access: web.Account, MaxBody: maxForm, Handler: s.freshly("/account/factors", s.removeApp)},
		{Method: "GET", Path: "/account/factors/keys", Access: web.Account, Handler: s.freshly("/account/factors/keys", s.showNewKey)},
		{Method: "POST", Path: "/account/factors/keys", Access: web.Account, MaxBody: 2 * maxAnswer, Handler: s.freshly("/account/factors/keys", s.takeNewKey)},
		{Method: "POST", Path: "/account/factors/keys/ask", Access: web.Account, MaxBody: maxForm, Handler: s.freshly("/account/factors/keys", s.askNewKey)},
		{Method: "POST", Path: "/account/factors/keys/{id}/remove", Access: web.Account, MaxBody: maxForm, Handler: s.freshly("/account/factors", s.removeKey)},
		{Method: "POST", Path: "/account/factors/codes", Access: web.Account, MaxBody: maxForm, Handler: s.freshly("/account/factors", s.renewCodes)},
		{Method: "GET", Path: "/admin/sign-in/factors", Access: web.Needs(portal.Admin), Handler: s.showStaff},
		{Method: "POST", Path: "/admin/sign-in/factors", Access: web.Needs(portal.Admin), Handler: s.freshly("/admin/sign-in/factors", s.savePolicy)},
		{Method: "POST", Path: "/admin/sign-in/factors/{id}/reset", Access: web.Needs(portal.Admin), Handler: s.freshly("/admin/sign-in/factors", s.resetFactors)},
		{Method: "POST", Path: "/admin/agents/{id}/password", Access: web.NeedsSomewhere(portal.ManageAgents), Handler: s.freshly("/admin/agents", s.sendReset)},
		{Method: "POST", Path: "/account/sessions/revoke-others", Access: web.SignedIn, MaxBody: maxForm, Handler: s.revokeOtherSessions},
		{Method: "POST", Path: "/account/sessions/{id}/revoke", Access: web.SignedIn, MaxBody: maxForm, Handler: s.revokeSession},
	}...)
}

// loginPage asks who signs in; the same struct asks for the password.
type loginPage struct {
	web.Page
	Form  web.Form
	Login string
	Next  string
	Again bool // she is signed in, and proves it anew
	Kiosk bool // ticked
	// Second says that an application asks for a second factor.
	Second bool
	Keys   bool // keys can be used here
	// Suspended is the collectivity whose agents can't enter, nameless for none.
	Suspended Suspended
}

func (s *Service) showLogin(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("state") {
		return s.backFromSignOut(w, r)
	}
	next := SafeNext(r.URL.Query().Get("next"))
	again := r.URL.Query().Get("again") != ""
	if web.IdentityOf(r) != nil && !again {
		return web.Redirect(w, r, next)
	}
	page := &loginPage{Next: next, Again: again, Login: r.URL.Query().Get("login"), Second: r.URL.Query().Get("second") != ""}
	if identity := web.IdentityOf(r); identity != nil {
		login, err := s.people.LoginOf(r.Context(), identity.Caller.Account)
		if err != nil {
			return err
		}
		page.Login = login
	}
	return s.renderLogin(w, r, http.StatusOK, page)
}

func (s *Service) renderLogin(w http.ResponseWriter, r *http.Request, status int, page *loginPage) error {
	page.Title, page.Gate, page.Keys = web.Printer(r).T("sso.title"), true, takesKeys(web.BaseURL(r))
	if err := s.allowForms(w, r, page.Next); err != nil { // a key alone signs in from here
		return err
	}
	if web.IdentityOf(r) == nil {
		var err error
		if page.Suspended, err = s.suspendedOf(r); err != nil {
			return err
		}
	}
	return s.render(w, r, status, "sso/login", page)
}

// suspendedOf is the collectivity of a session that its suspension ended, nameless
// for none.
func (s *Service) suspendedOf(r *http.Request) (Suspended, error) {
	hash, ok := hashOf(r)
	if !ok {
		return Suspended{}, nil
	}
	row, err := s.Sessions.find(r.Context(), `SELECT `+sessionColumns+` FROM sessions WHERE hash = $1`, hash[:])
	if errors.Is(err, portal.ErrNotFound) || err == nil && row.collectivity == "" {
		return Suspended{}, nil
	}
	if err != nil {
		return Suspended{}, err
	}
	return s.people.SuspendedAt(r.Context(), row.collectivity, "")
}

// render forbids every copy of a page of sign-in or account.
func (s *Service) render(w http.ResponseWriter, r *http.Request, status int, name string, page web.Framed) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.renderer.Render(w, r, status, name, page)
}

func (s *Service) takeLogin(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	typed, next := strings.TrimSpace(r.PostFormValue("login")), SafeNext(r.PostFormValue("next"))
	under := flow{Next: next, Again: r.PostFormValue("again") != "", Second: r.PostFormValue("second") != "", Kiosk: r.PostFormValue("kiosk") != ""}
	if typed == "" {
		form, _ := web.FormErrors(r, portal.Invalid("login", "sso.error.login"))
		return s.renderLogin(w, r, http.StatusUnprocessableEntity,
			&loginPage{Form: form, Next: next, Again: under.Again, Second: under.Second, Kiosk: under.Kiosk})
	}
	return s.begin(w, r, typed, under)
}

func (s *Service) showPassword(w http.ResponseWriter, r *http.Request) error {
	under, ok := s.readFlow(r)
	if !ok {
		return web.Redirect(w, r, "/sign-in")
	}
	return s.renderPassword(w, r, http.StatusOK, under, web.Form{})
}

// renderPassword names the collectivity only when the domain of the address
// tells it: otherwise the page would say that there is such an account.
func (s *Service) renderPassword(w http.ResponseWriter, r *http.Request, status int, under flow, form web.Form) error {
	page := &loginPage{Form: form, Login: under.Typed, Next: under.Next, Kiosk: under.Kiosk}
	page.Title, page.Gate = web.Printer(r).T("sso.password.title"), true
	place, err := s.people.Locate(r.Context(), under.Login)
	if err != nil {
		return err
	}
	if page.Suspended, err = s.people.SuspendedAt(r.Context(), "", LoginDomain(under.Login)); err != nil {
		return err
	}
	if place.ByDomain {
		page.Wear(place.Collectivity)
	}
	if err := s.allowForms(w, r, under.Next); err != nil {
		return err
	}
	return s.render(w, r, status, "sso/password", page)
}

func (s *Service) takePassword(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	under, ok := s.readFlow(r)
	own := SafeNext(r.PostFormValue("next"))
	if !ok && web.IdentityOf(r) != nil {
		return web.Redirect(w, r, own) // she signed in in another tab meanwhile
	}
	if name := r.PostFormValue("username"); !ok || name != "" && name != under.Typed {
		return s.refuse(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}, own)
	}
	if r.PostForm.Has("next") {
		under.Next = own // each tab ends where it began
	}
	under.Kiosk = r.PostFormValue("kiosk") != ""
	who, err := s.judge(r.Context(), under.Login, r.PostFormValue("password"), web.ClientAddr(r))
	next := under.Next
	if err == nil {
		who.kiosk = under.Kiosk
		next, err = s.proceed(w, r, who, under)
	}
	if err == nil {
		return web.Redirect(w, r, next)
	}
	if journalled := s.journalRefusal(r, under.Login, err); journalled != nil {
		return errors.Join(err, journalled)
	}
	return s.refusePassword(w, r, under, err)
}

// refusePassword shows the form again with what happened. Trouble of a server
// is logged, and said where the person is.
func (s *Service) refusePassword(w http.ResponseWriter, r *http.Request, under flow, err error) error {
	var said portal.UserError
	if !errors.As(err, &said) {
		return err
	}
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(said, portal.ErrUnavailable):
		s.log.Warn("sign-in failed", "request", web.RequestID(r), "error", err)
		status = http.StatusServiceUnavailable
	case said.Key == waitKey:
		status = http.StatusTooManyRequests
	}
	said.Kind, said.Field = portal.ErrDenied, "password"
	form, _ := web.FormErrors(r, said)
	return s.renderPassword(w, r, status, under, form)
}

// sentencePage tells what happened, and what can be done.
type sentencePage struct {
	web.Page
	Sentence, Address, Label, Next string
}

// refuse ends a sign-in that can't go on with a sentence.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error, next string) error {
	var said portal.UserError
	if !errors.As(err, &said) {
		return err
	}
	status := web.StatusOf(said)
	if status >= http.StatusInternalServerError {
		s.log.Warn("sign-in failed", "request", web.RequestID(r), "error", err)
	} else {
		s.log.Info("sign-in refused", "request", web.RequestID(r), "error", err)
	}
	clearCookie(w, r, flowCookie)
	page := &sentencePage{Sentence: web.Sentence(r, said), Next: next}
	page.Title, page.Gate = web.Printer(r).T("sso.refused.title"), true
	return s.render(w, r, status, "sso/refused", page)
}
