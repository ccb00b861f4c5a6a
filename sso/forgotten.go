package sso

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// forgottenPage is for who forgot her password. It says the same to everybody:
// nothing on it depends on whether there is an account.
type forgottenPage struct {
	web.Page
	Form  web.Form
	Login string
	Asked bool   // the form was sent
	Sends bool   // there is a server to send mail by
	Kind  Kind   // of the collectivity that the domain leads to; "" when none is known
	Help  string // what its administrator wrote
}

// showForgotten knows the login of the sign-in under way.
func (s *Service) showForgotten(w http.ResponseWriter, r *http.Request) error {
	page := &forgottenPage{}
	if under, ok := s.readFlow(r); ok {
		page.Login = under.Typed
	}
	return s.renderForgotten(w, r, http.StatusOK, page)
}

// renderForgotten tells how the collectivity signs in that the domain of the
// address leads to.
func (s *Service) renderForgotten(w http.ResponseWriter, r *http.Request, status int, page *forgottenPage) error {
	page.Title = web.Printer(r).T("sso.forgotten")
	place, err := s.dressForgotten(r, page)
	if err != nil {
		return err
	}
	if place.ByDomain {
		method, err := s.Methods.Of(r.Context(), place.Collectivity.ID)
		if err != nil {
			return err
		}
		page.Kind = method.Kind
		if page.Help, err = s.Resets.help(r.Context(), place.Collectivity.ID); err != nil {
			return err
		}
	}
	return s.render(w, r, status, "sso/forgotten", page)
}

// dressForgotten gives a page the colours and the telephone of the collectivity
// that the domain of its address leads to, which anybody may know.
func (s *Service) dressForgotten(r *http.Request, page *forgottenPage) (Place, error) {
	page.Gate, page.Sends = true, s.post.Sends()
	login, ok := CanonicalLogin(page.Login)
	if !ok || LoginDomain(login) == "" {
		return Place{}, nil
	}
	place, err := s.people.Locate(r.Context(), login)
	if err != nil || !place.ByDomain {
		return Place{}, err
	}
	page.Wear(place.Collectivity)
	return place, nil
}

func (s *Service) takeForgotten(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &forgottenPage{Login: strings.TrimSpace(r.PostFormValue("login")), Asked: true}
	login, ok := CanonicalLogin(page.Login)
	var err error
	switch {
	case !ok:
		err = portal.Invalid("login", "sso.error.login")
	case s.post.Sends():
		err = s.Resets.ask(r.Context(), login, web.ClientAddr(r))
	}
	var said portal.UserError
	if errors.As(err, &said) {
		status := http.StatusUnprocessableEntity
		if said.Key == waitKey {
			status = http.StatusTooManyRequests
		}
		said.Kind, said.Field = portal.ErrInvalid, "login"
		page.Asked = false
		page.Form, _ = web.FormErrors(r, said)
		return s.renderForgotten(w, r, status, page)
	}
	if err != nil {
		return err
	}
	page = &forgottenPage{Login: page.Login, Asked: true}
	page.Title = web.Printer(r).T("sso.forgotten.asked")
	if _, err := s.dressForgotten(r, page); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "sso/asked", page)
}

// saveHelp keeps whom to ask about passwords that Parvis does not keep.
func (s *Service) saveHelp(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	text := strings.TrimSpace(r.PostFormValue("help"))
	err := s.Resets.setHelp(r.Context(), web.CallerOf(r), text)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return s.renderMethod(w, r, http.StatusUnprocessableEntity, &methodPage{Form: form, Help: text})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.admin.help.saved")
	return web.Redirect(w, r, "/admin/sign-in")
}
