package openid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"parvis/portal"
	"parvis/portal/outgoing"
	"parvis/portal/web"
	"parvis/sso"
)

// logout ends the session that an application names by its ID token, and goes
// back to an address that it registered (RP-Initiated Logout 1.0). Without a
// token of this session the person is asked: a link of anybody's must not sign
// her out.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) error {
	from, values := issuerOf(r), r.URL.Query()
	if err := single(values); err != nil {
		return p.refuseRequest(w, r, err)
	}
	hinted, back, err := p.leaving(r.Context(), from, values)
	if err != nil {
		return p.refuseRequest(w, r, err)
	}
	signed, err := p.sso.Sessions.Signed(r)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	if err == nil {
		if hinted.Session != signed.Identity.Session {
			return p.askToLeave(w, r, back)
		}
		return p.sso.SignOut(w, r, func() error { return goBack(w, r, back) })
	}
	return goBack(w, r, back)
}

// goBack ends a sign-out where the application asked, or at ours.
func goBack(w http.ResponseWriter, r *http.Request, back string) error {
	if back == "" {
		back = "/sign-in"
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// logoutByPost goes on by GET, with the cookie that a form of another site does
// not bring.
func (p *Provider) logoutByPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	return web.Redirect(w, r, "/oidc/"+issuerOf(r).segment()+"/logout?"+r.PostForm.Encode())
}

// leaving reads who leaves, zero when nobody is named, and where she goes then,
// "" for nowhere.
func (p *Provider) leaving(ctx context.Context, from issuer, values url.Values) (hinted idClaims, back string, err error) {
	id := values.Get("client_id")
	if hint := values.Get("id_token_hint"); hint != "" {
		hinted, err = p.readIDToken(ctx, from, hint)
		if errors.Is(err, portal.ErrInvalid) || err == nil && id != "" && id != hinted.Audience {
			return idClaims{}, "", bad("invalid_request", "id_token_hint is no token of this client")
		}
		if err != nil {
			return idClaims{}, "", err
		}
		id = hinted.Audience
	}
	back = values.Get("post_logout_redirect_uri")
	if back == "" {
		return hinted, "", nil
	}
	client, err := p.clientByID(ctx, from, id)
	if err != nil {
		return idClaims{}, "", err
	}
	if !slices.Contains(client.PostLogout, back) {
		return idClaims{}, "", bad("invalid_request", "post_logout_redirect_uri is not registered")
	}
	if state := values.Get("state"); state != "" {
		address, err := url.Parse(back)
		if err != nil {
			return idClaims{}, "", err
		}
		query := address.Query()
		query.Set("state", state)
		address.RawQuery = query.Encode()
		back = address.String()
	}
	return hinted, back, nil
}

// leavePage asks whether to sign out.
type leavePage struct {
	web.Page
	Back string
}

func (p *Provider) askToLeave(w http.ResponseWriter, r *http.Request, back string) error {
	page := &leavePage{Back: back}
	page.Title, page.Gate = web.Printer(r).T("openid.leave.title"), true
	w.Header().Set("Cache-Control", "no-store")
	return p.renderer.Render(w, r, http.StatusOK, "openid/leave", page)
}

// logoutToken tells a client that a session ended (Back-Channel Logout §2.4).
type logoutToken struct {
	Issuer   string                    `json:"iss"`
	Subject  string                    `json:"sub"`
	Audience string                    `json:"aud"`
	Issued   int64                     `json:"iat"`
	Expires  int64                     `json:"exp"`
	ID       string                    `json:"jti"`
	Session  string                    `json:"sid"`
	Events   map[string]map[string]any `json:"events"`
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// notify tells a client that a session ended. What it was given in it counts no
// more by itself, unless it was given for longer.
func (p *Provider) notify(ctx context.Context, participant sso.Participant) error {
	if participant.Address == "" {
		return nil
	}
	client, err := p.clientByID(ctx, issuer{}, participant.Reference)
	if err != nil {
		return err
	}
	g, err := scanGrant(p.db.QueryRow(ctx, `SELECT `+grantColumns+` FROM openid_grants
		WHERE collectivity = $1 AND account = $2 AND session = $3 AND client = $4 ORDER BY created DESC LIMIT 1`,
		string(participant.Collectivity), string(participant.Account), participant.Session, client.ID))
	if err != nil {
		return err
	}
	now := p.now()
	signed, err := p.sign(ctx, g.issuer, jose.SignatureAlgorithm(client.Algorithm), "logout+jwt", logoutToken{
		Issuer: g.request.Issuer, Subject: subject(g.agent), Audience: client.ID, Issued: now.Unix(), Expires: now.Add(2 * time.Minute).Unix(),
		ID: portal.NewID(), Session: g.session, Events: map[string]map[string]any{logoutEvent: {}},
	})
	if err != nil {
		return err
	}
	return p.post(outgoing.In(ctx, participant.Collectivity), participant.Address, url.Values{"logout_token": {signed}})
}

// post sends a form to an application and wants no more than a 200 (§2.8).
func (p *Provider) post(ctx context.Context, address string, form url.Values) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, io.LimitReader(response.Body, maxForm))
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("openid: the application answers %s", response.Status)
	}
	return nil
}
