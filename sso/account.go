package sso

import (
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

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
