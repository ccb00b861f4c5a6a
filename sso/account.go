package sso

import (
	"context"
	"fmt"
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
	Form                          web.Form
	Login, Agent, Server, Address string
	Language                      i18n.Language // her choice, "" for the collectivity's
	Session                       string
	Sessions                      []Session
	Apps                          []connected
	Held                          Held
	Typed                         typedDevice // for a new device
	Scopes                        []portal.Scope
	Clients                       []client
	Made                          *newDevice // the app password just made
}

// client is a program, or a kind of device, and how one connects it.
type client struct {
	Name  string
	Steps []string // keys
}

func steps(name string, count int) client {
	one := client{Name: name}
	for i := range count {
		one.Steps = append(one.Steps, fmt.Sprintf("sso.steps.%s.%d", name, i+1))
	}
	return one
}

var clients = []client{steps("apple", 4), steps("android", 4), steps("thunderbird", 4), steps("outlook", 4)}

// connected is an app password and how the device that has it fares.
type connected struct {
	AppPassword
	Syncs []Sync
}

// silentAfter is how long a device that synchronized says nothing before its person is told.
const silentAfter = 7 * 24 * time.Hour

// Silent says whether it used to synchronize and no longer does.
func (c connected) Silent(now time.Time) bool {
	return !c.Used.IsZero() && now.Sub(c.Used) >= silentAfter && !c.Ended(now) && c.Stopped == "" && !slices.ContainsFunc(c.Scopes, portal.Scope.Administrative)
}

// Trouble says whether something that it wants is not done.
func (c connected) Trouble() bool {
	return slices.ContainsFunc(c.Syncs, func(s Sync) bool { return s.Trouble != "" })
}

// newDevice is an app password as its page tells it, once.
type newDevice struct {
	Name, Password string
	Phone          string  // address for the telephone, "" when it is for no telephone
	Picture        picture // of that address
	Until          time.Time
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
	if page.Apps, err = s.connected(r.Context(), caller); err != nil {
		return err
	}
	if page.Held, err = s.Factors.Of(r.Context(), caller.Account); err != nil {
		return err
	}
	page.Scopes = portal.ScopesFor(caller)
	if page.Made != nil || len(page.Typed.Scopes) == 0 && page.Form.Error("scope") == "" {
		page.Typed.Scopes = portal.Scopes{portal.ScopeCalendar, portal.ScopeContacts}
	}
	page.Clients = clients
	page.Server, page.Address = strings.TrimPrefix(web.BaseURL(r), "https://"), web.BaseURL(r)+"/"
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
	made, err := s.forPhone(r, wanted, password)
	if err != nil {
		return err
	}
	return s.renderAccount(w, r, http.StatusCreated, &accountPage{Made: made})
}

// forPhone makes the picture by which a telephone finds a new app password, where it is for one.
func (s *Service) forPhone(r *http.Request, wanted AppPassword, password string) (*newDevice, error) {
	one := &newDevice{Name: wanted.Name, Password: password}
	if !wanted.Scopes.Read(portal.ScopeCalendar) && !wanted.Scopes.Read(portal.ScopeContacts) {
		return one, nil
	}
	identity := web.IdentityOf(r)
	login, err := s.people.LoginOf(r.Context(), identity.Caller.Account)
	if err != nil {
		return nil, err
	}
	secret, until := s.handOvers.add(handOver{
		collectivity: identity.Caller.Collectivity, account: identity.Caller.Account, wears: identity.Collectivity, login: login, password: password, scopes: wanted.Scopes,
	})
	if secret == "" {
		return one, nil
	}
	one.Phone, one.Until = phonePath+secret, until
	one.Picture, err = newPicture(web.BaseURL(r) + one.Phone)
	return one, err
}

// connected lists a person's app passwords, with how the devices fare.
func (s *Service) connected(ctx context.Context, caller portal.Caller) ([]connected, error) {
	passwords, err := s.AppPasswords.List(ctx, caller)
	if err != nil {
		return nil, err
	}
	syncs, err := s.Syncs.Of(ctx, caller)
	if err != nil {
		return nil, err
	}
	all := make([]connected, len(passwords))
	for i, one := range passwords {
		all[i] = connected{one, syncs[one.ID]}
	}
	return all, nil
}

// settleSync forgets the troubles of a device that its person took care of.
func (s *Service) settleSync(w http.ResponseWriter, r *http.Request) error {
	if err := s.Syncs.Settle(r.Context(), web.CallerOf(r), web.Var(r, "id")); err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.sync.settled")
	return web.Redirect(w, r, "/account#h-apps")
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
