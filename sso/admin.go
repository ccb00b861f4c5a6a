package sso

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// adminRoutes are the pages about a collectivity's way of signing in.
func (s *Service) adminRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/admin/sign-in", Access: web.Needs(portal.Admin), Handler: s.showMethod},
		{Method: "POST", Path: "/admin/sign-in", Access: web.Needs(portal.Admin), MaxBody: maxForm, Slow: true, Handler: s.tryLogin},
		{Method: "POST", Path: "/admin/sign-in/issuer", Access: web.Needs(portal.Admin), MaxBody: maxForm, Handler: s.tryIssuer},
		{Method: "POST", Path: "/admin/sign-in/help", Access: web.Needs(portal.Admin), MaxBody: maxForm, Handler: s.saveHelp},
	}
}

// methodPage shows how agents sign in, and what one of them would get.
type methodPage struct {
	web.Page
	Form     web.Form
	Kind     Kind
	Settings []Setting
	Fault    string // why the settings can't be read, "" when they can
	Login    string
	Tried    *Preview
	Trial    *Trial
	Refused  string // why she would not enter
	Callback string // where an issuer answers, to register with it
	Left     string // where it comes back to after a sign-out
	Help     string // whom to ask about forgotten passwords
}

func (s *Service) showMethod(w http.ResponseWriter, r *http.Request) error {
	return s.renderMethod(w, r, http.StatusOK, &methodPage{})
}

func (s *Service) renderMethod(w http.ResponseWriter, r *http.Request, status int, page *methodPage) error {
	method, err := s.Methods.Of(r.Context(), web.CallerOf(r).Collectivity)
	if err != nil {
		return err
	}
	page.Kind = method.Kind
	page.Settings, err = s.describe(method)
	if said, ok := sentenceOf(r, err); ok {
		page.Fault, err = said, nil
	}
	if err != nil {
		return err
	}
	page.Callback, page.Left = callbackOf(r, method.Collectivity), web.BaseURL(r)+"/sign-in"
	if page.Help == "" {
		if page.Help, err = s.Resets.help(r.Context(), method.Collectivity); err != nil {
			return err
		}
	}
	page.Title, page.Section = web.Printer(r).T("sso.admin.title"), "admin"
	return s.render(w, r, status, "sso/method", page)
}

// describe lists the settings of a method, none for embedded passwords.
func (s *Service) describe(method Method) ([]Setting, error) {
	switch {
	case method.Kind == LDAP && s.registry != nil:
		return s.registry.Describe(method)
	case method.Kind == OIDC && s.issuers != nil:
		return s.issuers.Describe(method)
	}
	return nil, nil
}

func (s *Service) tryLogin(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &methodPage{Login: strings.TrimSpace(r.PostFormValue("login"))}
	if page.Login == "" {
		page.Form, _ = web.FormErrors(r, portal.Invalid("login", "sso.error.login"))
		return s.renderMethod(w, r, http.StatusUnprocessableEntity, page)
	}
	tried, err := s.Preview(r.Context(), web.CallerOf(r), page.Login, web.ClientAddr(r))
	if err != nil {
		return err
	}
	page.Tried = &tried
	if tried.Refused != "" {
		printer := web.Printer(r)
		page.Refused = printer.T("sso.admin.try.why", "why", printer.T("audit.reason."+string(tried.Refused)))
	}
	if said, ok := sentenceOf(r, tried.Fault); ok {
		page.Refused = said
	}
	return s.renderMethod(w, r, http.StatusOK, page)
}

// sentenceOf is what a refusal says, not ok for any other error.
func sentenceOf(r *http.Request, err error) (sentence string, ok bool) {
	var said portal.UserError
	if !errors.As(err, &said) {
		return "", false
	}
	return web.Sentence(r, said), true
}
