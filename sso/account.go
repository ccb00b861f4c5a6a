package sso

import (
	"net/http"
	"slices"
	"strings"
	"time"

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
	Typed                typedDevice // for a new device
	Scopes               []portal.Scope
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
	page.Scopes = portal.ScopesFor(caller)
	if page.NewPassword != "" || len(page.Typed.Scopes) == 0 && page.Form.Error("scope") == "" {
		page.Typed.Scopes = portal.Scopes{portal.ScopeCalendar, portal.ScopeContacts}
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

// typedDevice is what a person types to connect a device.
type typedDevice struct {
	Name   string
	Scopes portal.Scopes
	Ends   string // the last day, "2026-12-31", "" for no end
}

// Has says whether a scope is ticked.
func (d typedDevice) Has(scope portal.Scope) bool { return slices.Contains(d.Scopes, scope) }

// password is the one that she asks for, in her time zone.
func (d typedDevice) password(zone *time.Location) (AppPassword, error) {
	wanted := AppPassword{Name: d.Name, Scopes: d.Scopes.Tidy()}
	if d.Ends == "" {
		return wanted, nil
	}
	last, err := time.ParseInLocation(time.DateOnly, d.Ends, zone)
	if err != nil {
		return wanted, portal.FieldErrors{portal.Invalid("ends", "sso.error.app-date")}
	}
	wanted.Ends = last.AddDate(0, 0, 1)
	return wanted, nil
}

// createAppPassword shows the password in its own answer: it can't be shown
// later, and no redirect should carry it.
func (s *Service) createAppPassword(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	typed := typedDevice{Name: strings.TrimSpace(r.PostFormValue("name")), Ends: r.PostFormValue("ends")}
	for _, scope := range r.PostForm["scope"] {
		typed.Scopes = append(typed.Scopes, portal.Scope(scope))
	}
	wanted, err := typed.password(web.Now(r).Location())
	var password string
	if err == nil {
		password, err = s.AppPasswords.Create(r.Context(), web.CallerOf(r), wanted)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return s.renderAccount(w, r, http.StatusUnprocessableEntity, &accountPage{Form: form, Typed: typed})
	}
	if err != nil {
		return err
	}
	return s.renderAccount(w, r, http.StatusCreated, &accountPage{NewName: typed.Name, NewPassword: password})
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
