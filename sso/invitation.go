package sso

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// Invitation is an agent who was asked to open her account.
type Invitation struct {
	Collectivity web.Collectivity // that she is asked into
	Agent        portal.AgentID
	Login        string // canonical, of the account that she will have
	Name         string // "Camille Le Goff"
	// Account is whose the login is already, "" for nobody's.
	Account portal.AccountID
	// Vouched: the collectivity vouches for the login, so that its link may lead
	// to a first password. Otherwise the account is somebody's who proves it.
	Vouched bool
}

// Invitations is what opening an invitation asks of the directory.
type Invitations interface {
	// Invitation returns the one whose link holds a secret; portal.ErrNotFound
	// when it serves no more.
	Invitation(ctx context.Context, secret string) (Invitation, error)
	// Accept uses it up: the account, made when it is "", becomes the agent.
	// portal.ErrConflict when the account can't be.
	Accept(ctx context.Context, tx *database.Tx, secret string, account portal.AccountID) (portal.AccountID, error)
}

// acceptPage is where one joins a collectivity with an account that one has.
const acceptPage = "/account/invitation"

// invited is the invitation of this browser's link.
func (s *Service) invited(r *http.Request) (Invitation, error) {
	if err := sameLink(r); err != nil {
		return Invitation{}, err
	}
	secret := linkOf(r)
	if secret == "" || s.invitations == nil {
		return Invitation{}, errDeadLink
	}
	found, err := s.invitations.Invitation(r.Context(), secret)
	if errors.Is(err, portal.ErrNotFound) {
		err = errDeadLink
	}
	return found, err
}

// invitedHere is the invitation of this browser's link, and whether it leads to a
// first password.
func (s *Service) invitedHere(r *http.Request) (one Invitation, first bool, err error) {
	if one, err = s.invited(r); err == nil {
		first, err = s.choosesFirst(r.Context(), one)
	}
	return one, first, err
}

// choosesFirst says whether an invitation leads to a first password: its account
// is new, or the collectivity vouches for it and it has none.
func (s *Service) choosesFirst(ctx context.Context, one Invitation) (bool, error) {
	if !one.Vouched {
		return false, nil
	}
	if one.Account == "" {
		return true, nil
	}
	has, err := s.Passwords.Has(ctx, one.Account)
	return !has, err
}

func (s *Service) showInvitation(w http.ResponseWriter, r *http.Request) error {
	if kept, err := keepLink(w, r); kept {
		return err
	}
	one, first, err := s.invitedHere(r)
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	if first {
		return s.renderChoose(w, r, http.StatusOK, invitationPage(r, one))
	}
	page := invitationPage(r, one)
	page.Title, page.Gate = web.Printer(r).T("sso.invited.title", "name", one.Collectivity.Name), true
	page.Action = "/sign-in?again=1&login=" + url.QueryEscape(one.Login) + "&next=" + url.QueryEscape(acceptPage)
	return s.render(w, r, http.StatusOK, "sso/invited", page)
}

func invitationPage(r *http.Request, one Invitation) *choosePage {
	page := &choosePage{
		Action: "/sign-in/invitation", Link: linkTag(linkOf(r)), Login: one.Login, First: true,
		Lead: web.Printer(r).T("sso.choose.invited", "name", one.Name),
	}
	page.Wear(one.Collectivity)
	return page
}

// takeInvitation opens the account of who chose her first password.
func (s *Service) takeInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	one, first, err := s.invitedHere(r)
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	if !first {
		return web.Redirect(w, r, "/sign-in/invitation")
	}
	typed, page := r.PostFormValue("password"), invitationPage(r, one)
	if wantsToSee(r) {
		page.Typed, page.Shown = typed, true
		return s.renderChoose(w, r, http.StatusOK, page)
	}
	account, err := s.openAccount(r, one, typed)
	if form, refused := web.FormErrors(r, err); err != nil && refused && !isDead(err) {
		page.Form = form
		return s.renderChoose(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	who, err := s.Resets.personOf(r.Context(), account, one.Login)
	if err == nil && who.identity == nil {
		err = errDeadLink // closed meanwhile
	}
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	return s.enterAfter(w, r, who)
}

// openAccount gives an invited person her account and its first password.
func (s *Service) openAccount(r *http.Request, one Invitation, typed string) (account portal.AccountID, err error) {
	ctx := r.Context()
	hash, err := s.newHash(ctx, typed, []string{one.Name, one.Login, one.Collectivity.Name, one.Collectivity.LongName})
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if account, err = s.invitations.Accept(ctx, tx, linkOf(r), one.Account); err != nil {
			return err
		}
		if err := putHash(ctx, tx, account, hash); err != nil {
			return err
		}
		return s.journalAccepted(ctx, tx, r, one, account)
	})
	if errors.Is(err, portal.ErrNotFound) {
		err = errDeadLink // somebody was first
	}
	if err != nil {
		return "", err
	}
	s.Forget(account)
	return account, nil
}

func (s *Service) journalAccepted(ctx context.Context, tx *database.Tx, r *http.Request, one Invitation, account portal.AccountID) error {
	return audit.Write(ctx, tx, audit.Line{
		At: s.now(), Collectivity: one.Collectivity.ID, Account: account, Agent: one.Agent,
		Action: audit.InvitationAccepted, Address: web.ClientAddr(r),
	})
}

// showAccept asks a signed-in person whether she joins.
func (s *Service) showAccept(w http.ResponseWriter, r *http.Request) error {
	one, err := s.invited(r)
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	if !s.isHers(r, one) {
		return web.Redirect(w, r, "/sign-in/invitation")
	}
	page := invitationPage(r, one)
	page.Title, page.Gate, page.Action = web.Printer(r).T("sso.invited.title", "name", one.Collectivity.Name), true, acceptPage
	return s.render(w, r, http.StatusOK, "sso/accept", page)
}

// isHers says whether an invitation is for the account of a request.
func (s *Service) isHers(r *http.Request, one Invitation) bool {
	return one.Account != "" && one.Account == web.CallerOf(r).Account
}

// takeAccept makes a signed-in person an agent of one more collectivity. She has
// opened the letter and proved her account: the two sign-ins that a link of two
// agents asks for.
func (s *Service) takeAccept(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	one, err := s.invited(r)
	if err == nil && !s.isHers(r, one) {
		err = errDeadLink
	}
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	err = s.db.Tx(r.Context(), func(tx *database.Tx) error {
		if _, err := s.invitations.Accept(r.Context(), tx, linkOf(r), one.Account); err != nil {
			return err
		}
		return s.journalAccepted(r.Context(), tx, r, one, one.Account)
	})
	if errors.Is(err, portal.ErrNotFound) {
		err = errDeadLink
	}
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	s.Forget(one.Account)
	clearCookie(w, r, linkCookie)
	web.SetFlash(w, r, "sso.invited.joined", "name", one.Collectivity.Name)
	return web.Redirect(w, r, home)
}
