package sso

import (
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
)

// firstForm asks for a first factor at a sign-in.
type firstForm struct {
	web.Page
	Form  web.Form
	Flow  string
	App   newApp
	Keys  bool // she may make a key here
	Next  string
	Asked bool // by an application, not by the collectivity
}

func (s *Service) showFirstFactor(w http.ResponseWriter, r *http.Request, under flow, _ Held) error {
	return s.renderFirst(w, r, http.StatusOK, under, nil, web.Form{})
}

func (s *Service) renderFirst(w http.ResponseWriter, r *http.Request, status int, under flow, secret []byte, form web.Form) (err error) {
	page := &firstForm{
		Form: form, Flow: under.Proved.ID, Next: under.Next,
		Keys: !under.Proved.Kiosk && takesKeys(web.BaseURL(r)), Asked: under.Second || under.Proved.Session != "",
	}
	login, err := s.people.LoginOf(r.Context(), under.Proved.Account)
	if err != nil {
		return err
	}
	if page.App, err = s.offerApp(under.Proved.Account, login, secret); err != nil {
		return err
	}
	page.Title, page.Gate = web.Printer(r).T("sso.first.title"), true
	if err := s.dress(r, &page.Page, under); err != nil {
		return err
	}
	if err := s.allowForms(w, r, under.Next); err != nil {
		return err
	}
	return s.render(w, r, status, "sso/first", page)
}

// takeFirstFactor adds a first factor, which also ends the sign-in. Who has one
// must give it: a password alone adds none beside.
func (s *Service) takeFirstFactor(w http.ResponseWriter, r *http.Request, under flow, _ Held) error {
	there, err := s.people.Identity(r.Context(), under.Proved.Account, under.Proved.Into)
	if err != nil {
		return s.refuse(w, r, errNotAllowed(err), under.Next)
	}
	made, secret, err := s.addFirst(r, there.Caller, under.Proved.Kiosk)
	if err == nil {
		err = s.letIn(w, r, under, made.second)
	}
	if err == nil {
		return s.renderCodes(w, r, http.StatusCreated, made.codes, under.Next, true)
	}
	if form, refused := web.FormErrors(r, err); refused {
		return s.renderFirst(w, r, http.StatusUnprocessableEntity, under, secret, form)
	}
	return err
}

// made is a factor just added.
type made struct {
	second
	codes []string // to be shown once, none but with the first factor
}

// addFirst adds the factor of a form. It returns the secret of an application
// whose code was wrong, to show the same one again.
func (s *Service) addFirst(r *http.Request, caller portal.Caller, kiosk bool) (made, []byte, error) {
	what := addition{first: true, address: web.ClientAddr(r)}
	if r.PostFormValue("use") == useKey && !kiosk {
		done, err := s.addKeyOf(r, caller, web.Printer(r).T("sso.key.first"), what)
		return done, nil, err
	}
	return s.addAppOf(r, caller, what)
}
