package sso

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
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
		{Method: "POST", Path: "/sign-in/second", Access: web.Public, MaxBody: 2 * maxAnswer, Handler: s.takeSecond},
		{Method: "GET", Path: "/sign-in/second/new", Access: web.Public, Handler: s.showFirstFactor},
		{Method: "POST", Path: "/sign-in/second/new", Access: web.Public, MaxBody: 2 * maxAnswer, Handler: s.takeFirstFactor},
		{Method: "POST", Path: "/sign-in/second/key/ask", Access: web.Public, MaxBody: maxForm, Handler: s.askSecondKey},
		{Method: "GET", Path: "/sign-in/issuer", Access: web.Public, Handler: s.leaveForIssuer},
		{Method: "GET", Path: "/sign-in/callback", Access: web.Public, Handler: s.backFromIssuer},
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
		{Method: "GET", Path: "/account/factors", Access: web.SignedIn, Handler: s.showFactors},
		{Method: "GET", Path: "/account/factors/app", Access: web.SignedIn, Handler: s.freshly("/account/factors/app", s.showNewApp)},
		{Method: "POST", Path: "/account/factors/app", Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly("/account/factors/app", s.takeNewApp)},
		{Method: "POST", Path: "/account/factors/app/remove", Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly("/account/factors", s.removeApp)},
		{Method: "GET", Path: "/account/factors/keys", Access: web.SignedIn, Handler: s.freshly("/account/factors/keys", s.showNewKey)},
		{Method: "POST", Path: "/account/factors/keys", Access: web.SignedIn, MaxBody: 2 * maxAnswer, Handler: s.freshly("/account/factors/keys", s.takeNewKey)},
		{Method: "POST", Path: "/account/factors/keys/ask", Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly("/account/factors/keys", s.askNewKey)},
		{Method: "POST", Path: "/account/factors/keys/{id}/remove", Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly("/account/factors", s.removeKey)},
		{Method: "POST", Path: "/account/factors/codes", Access: web.SignedIn, MaxBody: maxForm, Handler: s.freshly("/account/factors", s.renewCodes)},
		{Method: "GET", Path: "/admin/sign-in/factors", Access: web.Needs(portal.Admin), Handler: s.showStaff},
		{Method: "POST", Path: "/admin/sign-in/factors", Access: web.Needs(portal.Admin), Handler: s.freshly("/admin/sign-in/factors", s.savePolicy)},
		{Method: "POST", Path: "/admin/sign-in/factors/{id}/reset", Access: web.Needs(portal.Admin), Handler: s.freshly("/admin/sign-in/factors", s.resetFactors)},
		{Method: "POST", Path: "/admin/agents/{id}/password", Access: web.Needs(portal.Admin), Handler: s.freshly("/admin/agents", s.sendReset)},
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
	// Second says that an application asks for a second factor.
	Second bool
	Keys   bool // keys can be used here
}

func (s *Service) showLogin(w http.ResponseWriter, r *http.Request) error {
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
	return s.render(w, r, status, "sso/login", page)
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
	again, second := r.PostFormValue("again") != "", r.PostFormValue("second") != ""
	if typed == "" {
		form, _ := web.FormErrors(r, portal.Invalid("login", "sso.error.login"))
		return s.renderLogin(w, r, http.StatusUnprocessableEntity, &loginPage{Form: form, Next: next, Again: again, Second: second})
	}
	return s.begin(w, r, typed, flow{Next: next, Again: again, Second: second})
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
	page := &loginPage{Form: form, Login: under.Typed, Next: under.Next}
	page.Title, page.Gate = web.Printer(r).T("sso.password.title"), true
	place, err := s.people.Locate(r.Context(), under.Login)
	if err != nil {
		return err
	}
	if place.ByDomain {
		page.CollectivityName, page.CollectivityLongName = place.Collectivity.Name, place.Collectivity.LongName
		page.CollectivityPhone, page.ThemeURL = place.Collectivity.Phone, place.Collectivity.ThemeURL
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
	if !ok {
		return s.refuse(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}, home)
	}
	who, err := s.judge(r.Context(), under.Login, r.PostFormValue("password"), web.ClientAddr(r))
	next := under.Next
	if err == nil {
		who.kiosk = r.PostFormValue("kiosk") != ""
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

// issuerOf returns the sign-in under way and the method of its collectivity.
func (s *Service) issuerOf(r *http.Request) (under flow, place Place, method Method, err error) {
	under, ok := s.readFlow(r)
	if !ok || under.State == "" {
		return under, Place{}, Method{}, portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}
	}
	if place, err = s.people.Locate(r.Context(), under.Login); err != nil {
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

func question(r *http.Request, under flow) Question {
	return Question{
		State: under.State, Nonce: under.Nonce, Verifier: under.Verifier,
		Redirect: web.BaseURL(r) + "/sign-in/callback", LoginHint: under.Login, Again: under.Again,
	}
}

// leaveForIssuer answers with a page that goes on by itself: a redirect would
// follow from our form, which the page's policy keeps on our own pages.
func (s *Service) leaveForIssuer(w http.ResponseWriter, r *http.Request) error {
	under, _, method, err := s.issuerOf(r)
	if err != nil {
		return s.refuse(w, r, err, home)
	}
	address, err := s.issuers.Ask(r.Context(), method, question(r, under))
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
	if err != nil {
		return s.refuse(w, r, err, home)
	}
	answer, err := s.issuers.Read(r.Context(), method, question(r, under), r.URL.Query())
	if err != nil {
		return s.refuseIssuer(w, r, under, Because(err, issuerReason(err)))
	}
	account, err := s.linked(r.Context(), place, answer)
	next := under.Next
	if err == nil {
		next, err = s.proceed(w, r, entry{account: account, home: place.Collectivity.ID, kind: OIDC, idToken: answer.IDToken}, under)
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
	if address := s.issuerSignOut(r, was.home, was.idToken); address != "" {
		page := &sentencePage{Address: address}
		printer := web.Printer(r)
		page.Title, page.Sentence, page.Label = printer.T("sso.left.title"), printer.T("sso.left.how"), printer.T("sso.left.go")
		return s.goOn(w, r, page)
	}
	return next()
}

// leave ends the session of this browser and has its applications told. It
// returns what the session was; portal.ErrNotFound when there was none.
func (s *Service) leave(w http.ResponseWriter, r *http.Request) (was ended, err error) {
	hash, ok := hashOf(r)
	clearCookie(w, r, sessionCookie)
	clearCookie(w, r, flowCookie)
	clearCookie(w, r, keyCookie)
	w.Header().Set("Clear-Site-Data", `"cache"`)
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

// issuerSignOut is where the issuer's own session ends, "" when it has none.
func (s *Service) issuerSignOut(r *http.Request, from portal.CollectivityID, idToken string) string {
	if idToken == "" || s.issuers == nil {
		return ""
	}
	method, err := s.Methods.Of(r.Context(), from)
	if err != nil || method.Kind != OIDC {
		return "" // ours ended, which is what was asked
	}
	return s.issuers.SignOut(r.Context(), method, idToken, web.BaseURL(r)+"/sign-in")
}

// accountPage is everything that a person settles about herself.
type accountPage struct {
	web.Page
	Form                 web.Form
	Login, Agent, Server string
	Language             i18n.Language // her choice, "" for the collectivity's
	Session              string
	Sessions             []Session
	Apps                 []AppPassword
	Held                 Held
	Name                 string // typed for a new device
	NewName, NewPassword string // of the one just made
}

func (s *Service) showAccount(w http.ResponseWriter, r *http.Request) error {
	return s.renderAccount(w, r, http.StatusOK, &accountPage{})
}

func (s *Service) renderAccount(w http.ResponseWriter, r *http.Request, status int, page *accountPage) (err error) {
	identity := web.IdentityOf(r)
	caller := identity.Caller
	page.Title, page.Section = web.Printer(r).T("sso.account"), "account"
	page.Agent, page.Language, page.Session = string(caller.Agent), identity.Language, identity.Session
	if page.Login, err = s.people.LoginOf(r.Context(), caller.Account); err != nil {
		return err
	}
	if page.Sessions, err = s.Sessions.List(r.Context(), caller); err != nil {
		return err
	}
	if page.Apps, err = s.AppPasswords.List(r.Context(), caller); err != nil {
		return err
	}
	if page.Held, err = s.Factors.Of(r.Context(), caller.Account); err != nil {
		return err
	}
	page.Server = strings.TrimPrefix(web.BaseURL(r), "https://")
	return s.render(w, r, status, "sso/account", page)
}

// switchCollectivity goes on as another agent of the same account, on its home
// page: the page that one was on may not exist there.
func (s *Service) switchCollectivity(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller := web.CallerOf(r)
	agencies, err := s.people.Collectivities(r.Context(), caller.Account)
	if err != nil {
		return err
	}
	hash, ok := hashOf(r)
	for _, agency := range agencies {
		if ok && string(agency.Agent) == r.PostFormValue("agent") {
			if led, err := s.leadToSecond(w, r, agency.Collectivity); led || err != nil {
				return err
			}
			if err := s.Sessions.move(r.Context(), hash, caller, agency.Collectivity); err != nil {
				return err
			}
			return web.Redirect(w, r, home)
		}
	}
	return portal.ErrNotFound
}

func (s *Service) savePreferences(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	language, scheme := i18n.Language(r.PostFormValue("language")), r.PostFormValue("scheme")
	if err := s.people.SetPreferences(r.Context(), web.CallerOf(r).Account, language, scheme); err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.account.saved")
	return web.Redirect(w, r, "/account")
}

// createAppPassword shows the password in its own answer: it can't be shown
// later, and no redirect should carry it.
func (s *Service) createAppPassword(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	password, err := s.AppPasswords.Create(r.Context(), web.CallerOf(r), name)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return s.renderAccount(w, r, http.StatusUnprocessableEntity, &accountPage{Form: form, Name: name})
	}
	if err != nil {
		return err
	}
	return s.renderAccount(w, r, http.StatusCreated, &accountPage{NewName: name, NewPassword: password})
}

func (s *Service) revokeAppPassword(w http.ResponseWriter, r *http.Request) error {
	if err := s.AppPasswords.Revoke(r.Context(), web.CallerOf(r), web.Var(r, "id")); err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.apps.revoked")
	return web.Redirect(w, r, "/account")
}

func (s *Service) revokeSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.Sessions.Revoke(r.Context(), web.CallerOf(r), web.Var(r, "id")); err != nil {
		return err
	}
	s.Participants.Wake()
	web.SetFlash(w, r, "sso.sessions.closed")
	return web.Redirect(w, r, "/account")
}

func (s *Service) revokeOtherSessions(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.Sessions.RevokeOthers(r.Context(), web.CallerOf(r), web.IdentityOf(r).Session); err != nil {
		return err
	}
	s.Participants.Wake()
	web.SetFlash(w, r, "sso.sessions.others-closed")
	return web.Redirect(w, r, "/account")
}
