package openid

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/sso"
)

func contains(all []string, one string) bool { return slices.Contains(all, one) }

// authorize answers an authorization request by GET.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	return p.decide(w, r, r.URL.Query(), time.Time{})
}

// authorizeByPost goes on by GET: a form of another site brings no cookie of ours
// along (OpenID Connect Core §3.1.2.1 wants both methods).
func (p *Provider) authorizeByPost(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	return web.Redirect(w, r, "/oidc/"+issuerOf(r).segment()+"/authorize?"+r.PostForm.Encode())
}

// decide answers an authorization request: by a page when its address is not the
// client's, else by a redirect to it. asked is when the request first came, zero
// for now: whoever must prove anew who she is does it after that.
func (p *Provider) decide(w http.ResponseWriter, r *http.Request, values url.Values, asked time.Time) error {
	from := issuerOf(r)
	client, application, redirect, err := p.redirectOf(r.Context(), from, values)
	if err != nil {
		return p.refuseRequest(w, r, err)
	}
	asking, err := parse(from, values, client)
	var known fault
	if errors.As(err, &known) {
		return p.answerFault(w, r, from, redirect, asking, known)
	}
	if err != nil {
		return err
	}
	signed, next, err := p.person(r, from, client, application, asking, asked)
	if errors.As(err, &known) {
		return p.answerFault(w, r, from, redirect, asking, known)
	}
	if err != nil {
		return err
	}
	if next != "" {
		return p.sendToProve(w, r, from, values, next)
	}
	return p.answer(w, r, from, client, application, signed, asking)
}

// answer gives the code to the application.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, from issuer, client Client, application sso.Application, signed sso.Signed, asking request) error {
	ctx := r.Context()
	identity, err := p.agentFor(ctx, signed.Identity, client.Collectivity)
	if err == nil {
		err = p.applications.Admit(ctx, identity.Caller, application)
	}
	if errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrNotFound) {
		if contains(asking.Prompt, "none") {
			return p.answerFault(w, r, from, asking.Redirect, asking, bad("access_denied", "this person may not open the application"))
		}
		return p.refuse(w, r, err)
	}
	if err != nil {
		return err
	}
	code, err := p.give(ctx, from, client, application, signed, identity.Caller, asking, web.ClientAddr(r))
	if err != nil {
		return err
	}
	parameters := url.Values{"code": {code}}
	if asking.State != "" {
		parameters.Set("state", asking.State)
	}
	return p.answerTo(w, r, from, asking.Redirect, asking.Mode, parameters)
}

// agentFor is the agent that a signed-in account is in the client's
// collectivity; portal.ErrNotFound when it is none.
func (p *Provider) agentFor(ctx context.Context, identity *web.Identity, collectivity portal.CollectivityID) (*web.Identity, error) {
	if identity.Caller.Collectivity == collectivity {
		return identity, nil
	}
	return p.people.Identity(ctx, identity.Caller.Account, collectivity)
}

// What a person is sent to do before an application is answered.
const (
	proveAtAll   = "sign-in"
	proveAnew    = "again"
	proveTwofold = "second"
)

// person returns the session of a request when it satisfies it, or what must be
// done first. With prompt none nothing may be: the fault says what it was. An
// application that asks for a second factor is opened by no other session.
func (p *Provider) person(r *http.Request, from issuer, client Client, application sso.Application, asking request, asked time.Time) (signed sso.Signed, next string, err error) {
	signed, err = p.sso.Sessions.Signed(r)
	weak := application.SecondFactor && !signed.SecondIn(client.Collectivity)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		next = proveAtAll
	case err != nil:
		return signed, "", err
	case p.mustProveAnew(signed, asking, asked):
		next = proveAnew
	case weak, !reaches(levelOf(signed.FactorsIn(client.Collectivity)), asking.Levels):
		next = proveTwofold
	}
	if err := p.checkHint(r.Context(), from, client, asking, signed, next); err != nil {
		return signed, "", err
	}
	if next != "" && contains(asking.Prompt, "none") {
		return signed, "", bad("login_required", "the person must prove who she is")
	}
	if next == proveTwofold && !asked.IsZero() && !weak {
		return p.lowerLevel(signed, asking)
	}
	return signed, next, nil
}

// lowerLevel is for a person who came back without what the application hopes
// for: a hope is not fulfilled, a need is a fault (OpenID Connect Core §5.5.1.1).
func (p *Provider) lowerLevel(signed sso.Signed, asking request) (sso.Signed, string, error) {
	if asking.Essential {
		return signed, "", fault{"unmet_authentication_requirements", "the level that was asked for is not reached", http.StatusBadRequest}
	}
	return signed, "", nil
}

// proofLife is how long a proof serves the request that it was given for: the
// address of one that was kept may stay in a browser's history, or come from another
// browser.
const proofLife = 5 * time.Minute

// mustProveAnew: prompt=login, select_account, or a session older than max_age.
// A proof made just now, after the request was asked, is new enough for all of them.
func (p *Provider) mustProveAnew(signed sso.Signed, asking request, asked time.Time) bool {
	if !asked.IsZero() && !signed.Since.Before(asked.Truncate(time.Millisecond)) && p.now().Sub(signed.Since) <= proofLife {
		return false
	}
	old := asking.MaxAge >= 0 && p.now().Sub(signed.Since) > time.Duration(asking.MaxAge)*time.Second
	return old || contains(asking.Prompt, "login") || contains(asking.Prompt, "select_account")
}

// checkHint compares the person with the one that id_token_hint names (OpenID
// Connect Core §3.1.2.1).
func (p *Provider) checkHint(ctx context.Context, from issuer, client Client, asking request, signed sso.Signed, next string) error {
	if asking.Hint == "" || next == proveAtAll {
		return nil
	}
	hinted, err := p.readIDToken(ctx, from, asking.Hint)
	if err != nil {
		return bad("invalid_request", "id_token_hint is no token of ours")
	}
	identity, err := p.agentFor(ctx, signed.Identity, client.Collectivity)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	if identity == nil || subject(identity.Caller.Agent) != hinted.Subject {
		return bad("login_required", "another person is signed in")
	}
	return nil
}

// sendToProve keeps the request and sends its person to prove who she is.
func (p *Provider) sendToProve(w http.ResponseWriter, r *http.Request, from issuer, values url.Values, what string) error {
	back, err := p.keep(r, from, values)
	if errors.Is(err, portal.ErrDenied) {
		return p.refuse(w, r, err)
	}
	if err != nil {
		return err
	}
	query := url.Values{"next": {back}}
	switch what {
	case proveAnew:
		query.Set("again", "1")
	case proveTwofold:
		return web.Redirect(w, r, "/sign-in/second?"+query.Encode())
	}
	if hint := values.Get("login_hint"); hint != "" {
		query.Set("login", hint)
	}
	return web.Redirect(w, r, "/sign-in?"+query.Encode())
}

// answerFault tells the application what is wrong with its request.
func (p *Provider) answerFault(w http.ResponseWriter, r *http.Request, from issuer, redirect string, asking request, known fault) error {
	mode := asking.Mode
	if mode != modeForm {
		mode = modeQuery
	}
	parameters := url.Values{"error": {known.code}, "error_description": {known.description}}
	if asking.State != "" && len(asking.State) <= maxState {
		parameters.Set("state", asking.State)
	}
	return p.answerTo(w, r, from, redirect, mode, parameters)
}

// refuseRequest is for a request that can't be answered to its client: nobody
// knows where it comes from.
func (p *Provider) refuseRequest(w http.ResponseWriter, r *http.Request, err error) error {
	var known fault
	switch {
	case errors.As(err, &known):
	case errors.Is(err, portal.ErrNotFound):
		known = bad("invalid_request", "client_id is not registered here")
	default:
		return err
	}
	return p.sso.RefuseRequest(w, r, web.Printer(r).T("openid.error.request"), known.code+": "+known.description)
}

func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	var said portal.UserError
	if !errors.As(err, &said) {
		err = portal.UserError{Kind: portal.ErrDenied, Key: "openid.error.elsewhere"}
	}
	return p.sso.Refuse(w, r, err)
}

// idClaims are those of an ID token (OpenID Connect Core §2).
type idClaims struct {
	Issuer   string           `json:"iss"`
	Subject  string           `json:"sub"`
	Audience string           `json:"aud"`
	Expires  *jwt.NumericDate `json:"exp"`
	Issued   *jwt.NumericDate `json:"iat"`
	AuthTime *jwt.NumericDate `json:"auth_time"`
	Nonce    string           `json:"nonce,omitempty"`
	ACR      string           `json:"acr"`
	AMR      []string         `json:"amr,omitempty"`
	AtHash   string           `json:"at_hash,omitempty"`
	Session  string           `json:"sid"`
}
