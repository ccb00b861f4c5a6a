package sso

import (
	"errors"
	"net/http"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// passwordPage is where a person changes her password.
type passwordPage struct {
	web.Page
	Form  web.Form
	Login string
	Kind  Kind   // how she signs in
	Help  string // whom to ask, when Parvis does not keep her password
	Typed string // shown again when she asks to see it
	Shown bool
}

func (s *Service) showOwnPassword(w http.ResponseWriter, r *http.Request) error {
	return s.renderOwnPassword(w, r, http.StatusOK, &passwordPage{})
}

func (s *Service) renderOwnPassword(w http.ResponseWriter, r *http.Request, status int, page *passwordPage) error {
	who, err := s.herself(r)
	if err != nil {
		return err
	}
	page.Login, page.Kind, page.Help = who.login, who.kind, who.help
	page.Title, page.Section = web.Printer(r).T("sso.own"), "account"
	return s.render(w, r, status, "sso/own-password", page)
}

// herself is the person of a request, as whoever keeps her password knows her.
func (s *Service) herself(r *http.Request) (person, error) {
	account := web.CallerOf(r).Account
	login, err := s.people.LoginOf(r.Context(), account)
	if err != nil {
		return person{}, err
	}
	who, err := s.Resets.personOf(r.Context(), account, login)
	if err == nil && who.identity == nil {
		err = portal.ErrNotFound
	}
	return who, err
}

func (s *Service) takeOwnPassword(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if wantsToSee(r) {
		return s.renderOwnPassword(w, r, http.StatusOK, &passwordPage{Typed: r.PostFormValue("password"), Shown: true})
	}
	err := s.changeOwn(r, r.PostFormValue("old"), r.PostFormValue("password"))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		status := http.StatusUnprocessableEntity
		var said portal.UserError
		if errors.As(err, &said) && said.Key == waitKey {
			status = http.StatusTooManyRequests
		}
		return s.renderOwnPassword(w, r, status, &passwordPage{Form: form})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.own.changed")
	return web.Redirect(w, r, "/account")
}

// changeOwn replaces the password of a signed-in person, who gives the old one:
// a wrong one counts as it does at a sign-in. Her other sessions end.
func (s *Service) changeOwn(r *http.Request, old, typed string) error {
	ctx, identity := r.Context(), web.IdentityOf(r)
	who, err := s.herself(r)
	if err != nil {
		return err
	}
	if who.kind != Embedded {
		return portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.not-ours"}
	}
	mark, err := s.proveOld(r, who, old)
	if err != nil {
		return err
	}
	if typed == old {
		return portal.FieldErrors{portal.Invalid("password", "sso.error.same")}
	}
	hash, err := s.newHash(ctx, typed, who.ownWords())
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		return s.replace(ctx, tx, change{
			who: who, hash: hash, mark: mark, keep: identity.Session, detail: "own", device: DeviceOf(r.UserAgent()), address: web.ClientAddr(r),
		})
	})
	if err != nil {
		return err
	}
	s.changedPassword(identity.Caller.Account)
	return nil
}

// proveOld checks the old password and returns its mark. A wrong one is written
// into the journal.
func (s *Service) proveOld(r *http.Request, who person, old string) (mark string, err error) {
	ctx, account := r.Context(), who.identity.Caller.Account
	var proved entry
	err = s.fromAddress(ctx, web.ClientAddr(r), func() (about []string, err error) {
		proved, err = s.proveEmbedded(ctx, account, who.identity.Caller.Collectivity, who.login, old)
		return namesOf(account, who.login), err
	})
	if err == nil {
		defer s.throttle.land(proved.tries...)
		return proved.mark, s.throttle.forgive(ctx, s.db, proved.tries...)
	}
	var said portal.UserError
	if errors.Is(err, ErrWrong) {
		said = portal.Invalid("old", "sso.error.old")
	} else if !errors.As(err, &said) {
		return "", err
	}
	if journalled := s.journalFactor(r, account, who.identity.Caller.Collectivity, audit.PasswordChanged, "own", err); journalled != nil {
		return "", errors.Join(err, journalled)
	}
	said.Field = "old"
	return "", said
}
