package forwardauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/sso"
)

// verdict is what a cookie opened a moment ago.
type verdict struct {
	origin  string
	headers http.Header
	paths   sso.Application
}

// check says whether a request may pass: 200 with who asks in headers, 403, or
// where to sign in, with the status that the proxy understands. On any doubt it
// may not.
func (g *Guard) check(asked telling, unknown int) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		address, err := asked(r)
		if err != nil || !g.Proxies.Peer(r) {
			http.Error(w, "this address can't be decided", http.StatusForbidden)
			return nil
		}
		found, err := g.judge(r.Context(), address, cookieOf(r, address))
		switch {
		case err == nil:
			for name, values := range found.headers {
				w.Header()[name] = values
			}
			w.WriteHeader(http.StatusOK)
			return nil
		case errors.Is(err, portal.ErrNotFound):
			w.Header().Set("Location", web.BaseURL(r)+"/forward/start?"+url.Values{"to": {address.String()}}.Encode())
			w.WriteHeader(unknown)
			return nil
		case errors.Is(err, portal.ErrDenied), errors.Is(err, portal.ErrInvalid):
			w.WriteHeader(http.StatusForbidden)
			return nil
		}
		return err
	}
}

// cookieOf is the secret of the application's own cookie, "" without. A cookie
// that is there twice is none: one of them was set by somebody else.
func cookieOf(r *http.Request, address sso.Address) string {
	value, count := "", 0
	for _, cookie := range r.Cookies() {
		if cookie.Name == nameFor(address.Origin) {
			value, count = cookie.Value, count+1
		}
	}
	if count != 1 || len(value) != len(portal.NewSecret()) {
		return ""
	}
	return value
}

func nameFor(origin string) string {
	if strings.HasPrefix(origin, "https://") {
		return "__Host-" + cookieName
	}
	return cookieName
}

// judge returns what a cookie opens; portal.ErrNotFound when the person must sign
// in, portal.ErrDenied when she may not.
func (g *Guard) judge(ctx context.Context, address sso.Address, secret string) (verdict, error) {
	if secret == "" {
		return verdict{}, g.protected(ctx, address)
	}
	sum := hashOf(secret)
	found, epoch, ok := g.known.Get(sum)
	if !ok {
		account, read, err := g.read(ctx, sum)
		if err != nil {
			return verdict{}, err
		}
		g.known.Keep(sum, account, read, epoch)
		found = read
	}
	if found.origin != address.Origin || !covers(found.paths, address) {
		return verdict{}, g.protected(ctx, address)
	}
	return found, nil
}

// protected is portal.ErrNotFound for an address of an application, which one may
// sign in for, and portal.ErrDenied for one of nobody.
func (g *Guard) protected(ctx context.Context, address sso.Address) error {
	all, err := g.Applications.At(ctx, sso.KindForward, address)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return portal.ErrDenied
	}
	return portal.ErrNotFound
}

// read asks the store what a cookie opens, and whether it still may.
func (g *Guard) read(ctx context.Context, sum hash) (account portal.AccountID, found verdict, err error) {
	var origin, id, session string
	var collectivity portal.CollectivityID
	err = g.DB.QueryRow(ctx, `
		SELECT origin, collectivity, application, session, account FROM forward_sessions WHERE hash = $1 AND NOT is_code`, sum[:]).Scan(&origin, &collectivity, &id, &session, &account)
	if err != nil {
		return "", verdict{}, fmt.Errorf("forwardauth: read: %w", err)
	}
	application, err := g.Applications.Application(ctx, sso.KindForward, collectivity, id)
	if err != nil {
		return "", verdict{}, err
	}
	signed, err := g.SSO.Sessions.Use(ctx, account, session, collectivity)
	if err != nil {
		return "", verdict{}, err
	}
	if application.SecondFactor && !signed.SecondIn(collectivity) {
		return "", verdict{}, portal.ErrNotFound // it asks for more since: to the start, which leads there
	}
	if err := g.Applications.Admit(ctx, signed.Identity.Caller, application); err != nil {
		return "", verdict{}, err
	}
	released, err := g.Applications.Release(ctx, signed.Identity.Caller, application)
	if err != nil {
		return "", verdict{}, err
	}
	return account, verdict{origin: origin, headers: headersOf(released), paths: application}, nil
}
