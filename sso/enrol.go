package sso

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// freshFor is how long after a sign-in a person may change her factors.
const freshFor = 5 * time.Minute

// freshly serves who proved a moment ago who she is, with her second factor if
// she has one; others prove it again and come back to a page. A session left open
// changes nothing about how its person signs in.
func (s *Service) freshly(back string, serve web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		signed, err := s.Sessions.Signed(r)
		if err != nil {
			return err
		}
		held, err := s.Factors.Of(r.Context(), signed.Identity.Caller.Account)
		if err != nil {
			return err
		}
		if s.now().Sub(signed.Since) > freshFor || held.Any() && !signed.Second() {
			return web.Redirect(w, r, "/sign-in?again=1&next="+url.QueryEscape(back))
		}
		return serve(w, r)
	}
}

// factorsPage is what a person has beside her password.
type factorsPage struct {
	web.Page
	Held  Held
	Must  bool
	Kiosk bool
	Keys  bool // the installation takes keys
}

func (s *Service) showFactors(w http.ResponseWriter, r *http.Request) (err error) {
	page := &factorsPage{Keys: takesKeys(web.BaseURL(r))}
	var policy Policy
	if page.Held, policy, err = s.heldAnd(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	page.Must = policy.Binds(web.CallerOf(r), s.now())
	if page.Kiosk, err = s.onKiosk(r); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("sso.factors"), "account"
	return s.render(w, r, http.StatusOK, "sso/factors", page)
}

// onKiosk says whether the session is on a computer that several people share.
func (s *Service) onKiosk(r *http.Request) (bool, error) {
	signed, err := s.Sessions.Signed(r)
	return signed.Kiosk, err
}

// errKiosk: what is kept on a shared computer is everybody's.
var errKiosk = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.kiosk"}

// mayMakeKey says why no key can be made by this request, nil when one can.
func (s *Service) mayMakeKey(r *http.Request) error {
	kiosk, err := s.onKiosk(r)
	switch {
	case err != nil:
		return err
	case kiosk:
		return errKiosk
	case !takesKeys(web.BaseURL(r)):
		return errKeyHost
	}
	return nil
}

// newFactorPage adds an application or a key.
type newFactorPage struct {
	web.Page
	Form web.Form
	App  newApp
	Name string // typed for a key
}

func (s *Service) showNewApp(w http.ResponseWriter, r *http.Request) error {
	return s.renderNewApp(w, r, http.StatusOK, nil, web.Form{})
}

func (s *Service) renderNewApp(w http.ResponseWriter, r *http.Request, status int, secret []byte, form web.Form) error {
	account := web.CallerOf(r).Account
	login, err := s.people.LoginOf(r.Context(), account)
	if err != nil {
		return err
	}
	page := &newFactorPage{Form: form}
	if page.App, err = s.offerApp(account, login, secret); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("sso.app.title"), "account"
	return s.render(w, r, status, "sso/new-app", page)
}

func (s *Service) takeNewApp(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	done, secret, err := s.addAppOf(r, web.CallerOf(r), addition{address: web.ClientAddr(r)})
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return s.renderNewApp(w, r, http.StatusUnprocessableEntity, secret, form)
	}
	if err != nil {
		return err
	}
	return s.added(w, r, done)
}

// added raises the session by the factor that was just made, shows the recovery
// codes when there are new ones, and otherwise goes back to the list.
func (s *Service) added(w http.ResponseWriter, r *http.Request, done made) error {
	signed, err := s.Sessions.Signed(r)
	if err != nil {
		return err
	}
	caller := signed.Identity.Caller
	if err := s.raise(w, r, proved{ID: portal.NewID(), Account: caller.Account, Into: caller.Collectivity, Factors: signed.Factors}, done.second); err != nil {
		return err
	}
	if len(done.codes) > 0 {
		return s.renderCodes(w, r, http.StatusCreated, done.codes, "/account/factors", false)
	}
	web.SetFlash(w, r, "sso.factors.added")
	return web.Redirect(w, r, "/account/factors")
}

// codesPage shows recovery codes, once: no redirect should carry them.
type codesPage struct {
	web.Page
	Codes []string
	Next  string
}

func (s *Service) renderCodes(w http.ResponseWriter, r *http.Request, status int, codes []string, next string, gate bool) error {
	page := &codesPage{Codes: codes, Next: next}
	page.Title, page.Section, page.Gate = web.Printer(r).T("sso.codes.title"), "account", gate
	return s.render(w, r, status, "sso/codes", page)
}

func (s *Service) renewCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := s.Factors.renewCodes(r.Context(), web.CallerOf(r), web.ClientAddr(r))
	if err != nil {
		return err
	}
	return s.renderCodes(w, r, http.StatusCreated, codes, "/account/factors", false)
}

func (s *Service) removeApp(w http.ResponseWriter, r *http.Request) error {
	if err := s.Factors.removeApp(r.Context(), web.CallerOf(r), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.factors.removed")
	return web.Redirect(w, r, "/account/factors")
}

func (s *Service) removeKey(w http.ResponseWriter, r *http.Request) error {
	if err := s.Factors.removeKey(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.factors.removed")
	return web.Redirect(w, r, "/account/factors")
}

func (s *Service) showNewKey(w http.ResponseWriter, r *http.Request) error {
	return s.renderNewKey(w, r, http.StatusOK, "", web.Form{})
}

func (s *Service) renderNewKey(w http.ResponseWriter, r *http.Request, status int, name string, form web.Form) error {
	if err := s.mayMakeKey(r); err != nil {
		return err
	}
	page := &newFactorPage{Form: form, Name: name}
	page.Title, page.Section = web.Printer(r).T("sso.key.title"), "account"
	return s.render(w, r, status, "sso/new-key", page)
}

func (s *Service) askNewKey(w http.ResponseWriter, r *http.Request) error {
	if err := s.mayMakeKey(r); err != nil {
		return err
	}
	user, err := s.keyUserOf(r.Context(), web.CallerOf(r).Account, web.IdentityOf(r).PersonName)
	if err != nil {
		return err
	}
	return s.askKey(w, r, keyNew, user)
}

func (s *Service) takeNewKey(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if err := s.mayMakeKey(r); err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostFormValue("name"))
	done, err := s.addKeyOf(r, web.CallerOf(r), name, addition{address: web.ClientAddr(r)})
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return s.renderNewKey(w, r, http.StatusUnprocessableEntity, name, form)
	}
	if err != nil {
		return err
	}
	return s.added(w, r, done)
}

// Freshly is how other rooms ask the same before an act that can't be taken back, or
// that hands over everything: back is a page of ours.
func (s *Service) Freshly(back string, serve web.Handler) web.Handler {
	return s.freshly(SafeNext(back), serve)
}
