package forwardauth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/sso"
)

// handOver answers on the application's own host, through its proxy: it turns the
// code into the application's cookie, once, and sends the browser to where she
// wanted to go.
func (g *Guard) handOver(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	query := r.URL.Query()
	to, err := sso.ParseAddress(query.Get("to"))
	origin, hereErr := here(r)
	if err != nil || hereErr != nil || origin != to.Origin || !g.Proxies.Peer(r) {
		http.Error(w, "this address can't be decided", http.StatusForbidden)
		return nil
	}
	secret := portal.NewSecret()
	err = g.redeem(r.Context(), query.Get("code"), secret, to.Origin)
	if errors.Is(err, portal.ErrNotFound) {
		http.Redirect(w, r, to.String(), http.StatusSeeOther) // used or old: the proxy asks again
		return nil
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: nameFor(to.Origin), Value: secret, Path: "/", HttpOnly: true,
		Secure: strings.HasPrefix(to.Origin, "https://"), SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

// redeem turns a code into a cookie's secret; portal.ErrNotFound when it is not
// of this host, was used, or is old.
func (g *Guard) redeem(ctx context.Context, code, secret, origin string) error {
	from, to := hashOf(code), hashOf(secret)
	err := database.OneRow(g.DB.Exec(ctx, `UPDATE forward_sessions SET hash = $1, is_code = FALSE
		WHERE hash = $2 AND is_code AND origin = $3 AND created > $4`, to[:], from[:], origin, database.Millis(g.Now().Add(-codeLife))))
	if err != nil {
		return fmt.Errorf("forwardauth: redeem: %w", err)
	}
	return nil
}

// Sweep removes the codes that nobody used.
func (g *Guard) Sweep(ctx context.Context) error {
	_, err := g.DB.Exec(ctx, `DELETE FROM forward_sessions WHERE is_code AND created < $1`, database.Millis(g.Now().Add(-codeLife)))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("forwardauth: sweep: %w", err)
	}
	return nil
}
