package forwardauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/sso"
)

// start is where an unknown browser is sent: once signed in, she goes back to the
// application's host with a code.
func (g *Guard) start(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	to := r.URL.Query()["to"]
	if len(to) != 1 {
		return g.refuse(w, r, errAddress)
	}
	address, err := sso.ParseAddress(to[0])
	if err != nil {
		return g.refuse(w, r, errAddress)
	}
	all, err := g.Applications.At(r.Context(), sso.KindForward, address)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return g.refuse(w, r, errAddress)
	}
	signed, err := g.SSO.Sessions.Signed(r)
	if errors.Is(err, portal.ErrNotFound) {
		return web.Redirect(w, r, "/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode())
	}
	if err != nil {
		return err
	}
	return g.handCode(w, r, signed, all, address)
}

// formEnd says where a sign-in ends that goes on to an application.
func (g *Guard) formEnd(ctx context.Context, next string) (origin string, err error) {
	query, ours := strings.CutPrefix(next, "/forward/start?")
	if !ours {
		return "", nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", nil // that address will be refused
	}
	address, err := sso.ParseAddress(values.Get("to"))
	if err != nil {
		return "", nil // the same
	}
	all, err := g.Applications.At(ctx, sso.KindForward, address)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return address.Origin, nil
}

var errAddress = portal.UserError{Kind: portal.ErrDenied, Key: "forwardauth.error.address"}

// handCode gives a code for the first of the applications at an address whose
// collectivity the person is an agent of, her current one first.
func (g *Guard) handCode(w http.ResponseWriter, r *http.Request, signed sso.Signed, all []sso.Application, address sso.Address) error {
	caller, application, err := g.choose(r.Context(), signed.Identity, all)
	if errors.Is(err, portal.ErrDenied) {
		return g.refuse(w, r, err)
	}
	if err != nil {
		return err
	}
	if application.SecondFactor && !signed.SecondIn(application.Collectivity) {
		return g.SSO.StepUp(w, r, r.URL.RequestURI())
	}
	code := portal.NewSecret()
	if err := g.insert(r, signed, caller, application, address.Origin, code); err != nil {
		return err
	}
	back := url.Values{"code": {code}, "to": {address.String()}}
	http.Redirect(w, r, address.Origin+returnPath+"?"+back.Encode(), http.StatusSeeOther)
	return nil
}

func (g *Guard) choose(ctx context.Context, identity *web.Identity, all []sso.Application) (portal.Caller, sso.Application, error) {
	refusal := error(portal.UserError{Kind: portal.ErrDenied, Key: "forwardauth.error.elsewhere"})
	try := func(application sso.Application, identity *web.Identity) bool {
		err := g.Applications.Admit(ctx, identity.Caller, application)
		if err != nil {
			refusal = err
		}
		return err == nil
	}
	for _, application := range all {
		if application.Collectivity == identity.Caller.Collectivity && try(application, identity) {
			return identity.Caller, application, nil
		}
	}
	for _, application := range all {
		other, err := g.People.Identity(ctx, identity.Caller.Account, application.Collectivity)
		if err == nil && try(application, other) {
			return other.Caller, application, nil
		}
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return portal.Caller{}, sso.Application{}, err
		}
	}
	return portal.Caller{}, sso.Application{}, refusal
}

func (g *Guard) insert(r *http.Request, signed sso.Signed, caller portal.Caller, application sso.Application, origin, code string) error {
	sum, now := hashOf(code), g.Now()
	line := audit.By(caller, audit.ApplicationOpened)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = now, application.Name, application.ID, protocol, web.ClientAddr(r)
	err := g.DB.Tx(r.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(r.Context(), `
			INSERT INTO forward_sessions (hash, collectivity, application, origin, session, account, is_code, created)
			VALUES ($1, $2, $3, $4, $5, $6, TRUE, $7)`,
			sum[:], string(application.Collectivity), application.ID, origin, signed.Identity.Session, string(caller.Account), database.Millis(now))
		if err != nil {
			return err
		}
		err = g.SSO.Participants.Join(r.Context(), tx, sso.Participant{
			Collectivity: application.Collectivity, Session: signed.Identity.Session,
			Account: caller.Account, Application: application.ID, Protocol: protocol, Reference: signed.Identity.Session,
		})
		if err != nil {
			return err
		}
		return audit.Write(r.Context(), tx, line)
	})
	if err != nil {
		return fmt.Errorf("forwardauth: hand a code: %w", err)
	}
	return nil
}

func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	return g.SSO.Refuse(w, r, err)
}
