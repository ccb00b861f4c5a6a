package openid

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/sso"
)

// tokens is an answer of the token endpoint (OpenID Connect Core §3.1.3.3).
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"` // seconds
	Refresh string `json:"refresh_token,omitempty"`
	ID      string `json:"id_token"`
	Scope   string `json:"scope"`
}

// token exchanges a code or a refresh token.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return answerFault(w, err)
	}
	from := issuerOf(r)
	client, err := p.authenticate(r, from)
	if err != nil {
		return answerFault(w, err)
	}
	var g grant
	var refresh string
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		g, refresh, err = p.redeem(r.Context(), client, r.PostForm.Get("code"), p.takeCode(r.PostForm.Get("redirect_uri"), r.PostForm.Get("code_verifier")))
	case "refresh_token":
		g, refresh, err = p.redeem(r.Context(), client, r.PostForm.Get("refresh_token"), p.takeRefresh)
		if err == nil {
			err = narrow(&g, r.PostForm.Get("scope"))
		}
	case "":
		err = bad("invalid_request", "grant_type is missing")
	default:
		err = bad("unsupported_grant_type", "authorization_code and refresh_token are supported")
	}
	if err == nil && g.issuer != from.collectivity {
		err = errGrant
	}
	if err != nil {
		return answerFault(w, err)
	}
	answer, err := p.tokensOf(r.Context(), from, client, g, refresh)
	if err != nil {
		return answerFault(w, err)
	}
	return answerJSON(w, http.StatusOK, answer)
}

// parseForm reads a form and refuses what is in it twice.
func parseForm(r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return bad("invalid_request", "the form can't be read")
	}
	return single(r.PostForm)
}

// narrow keeps the scopes that a refresh asks for: fewer, never more (RFC 6749
// §6).
func narrow(g *grant, text string) error {
	if text == "" {
		return nil
	}
	var kept []string
	for scope := range strings.FieldsSeq(text) {
		if !contains(g.request.Scopes, scope) {
			return bad("invalid_scope", "scope asks for more than was granted")
		}
		kept = append(kept, scope)
	}
	g.request.Scopes = kept
	return nil
}

func (p *Provider) tokensOf(ctx context.Context, from issuer, client Client, g grant, refresh string) (tokens, error) {
	identity, application, err := p.holder(ctx, g)
	if err != nil {
		return tokens{}, err
	}
	bearer, err := p.sealAccess(g)
	if err != nil {
		return tokens{}, err
	}
	id, err := p.idToken(ctx, from, client, g, identity, application, bearer)
	if err != nil {
		return tokens{}, err
	}
	return tokens{
		Access: bearer, Type: "Bearer", Expires: int(tokenLife / time.Second), Refresh: refresh, ID: id,
		Scope: strings.Join(g.request.Scopes, " "),
	}, nil
}

// idToken says who signed in, and the claims that were asked for in it.
func (p *Provider) idToken(ctx context.Context, from issuer, client Client, g grant, identity *web.Identity, application sso.Application, bearer string) (string, error) {
	now := p.now()
	claims := map[string]any{}
	if len(g.request.Claims.IDToken) > 0 {
		told, err := p.personClaims(ctx, identity, application, nil, g.request.Claims.IDToken)
		if err != nil {
			return "", err
		}
		claims = told
	}
	sum := sha256.Sum256([]byte(bearer))
	for name, value := range map[string]any{
		"iss": from.url, "sub": subject(g.agent), "aud": client.ID, "exp": now.Add(tokenLife).Unix(), "iat": now.Unix(),
		"auth_time": g.authenticated.Unix(), "acr": toldAs(levelOf(g.factors), g.request.Levels), "sid": g.session,
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]),
	} {
		claims[name] = value
	}
	if g.request.Nonce != "" {
		claims["nonce"] = g.request.Nonce
	}
	if methods := methodsOf(g.factors); len(methods) > 0 {
		claims["amr"] = methods
	}
	return p.sign(ctx, from.collectivity, jose.SignatureAlgorithm(client.Algorithm), "", claims)
}

// readIDToken verifies an ID token of ours, also one that has ended: it is a
// hint of who is meant, not a proof.
func (p *Provider) readIDToken(ctx context.Context, from issuer, text string) (idClaims, error) {
	token, err := jwt.ParseSigned(text, algorithms)
	if err != nil || len(token.Headers) != 1 {
		return idClaims{}, fmt.Errorf("openid: read ID token: %w", portal.ErrInvalid)
	}
	keys, err := p.ring(ctx, from.collectivity)
	if err != nil {
		return idClaims{}, err
	}
	for _, k := range keys.keys {
		var claims idClaims
		if k.id == token.Headers[0].KeyID && token.Claims(k.private.Public(), &claims) == nil && claims.Issuer == from.url {
			return claims, nil
		}
	}
	return idClaims{}, fmt.Errorf("openid: read ID token: %w", portal.ErrInvalid)
}

// bearerOf is the access token of a request: in the header, or in the form (RFC
// 6750 §2); never in the address, which ends up in logs.
func bearerOf(r *http.Request) string {
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if r.Method == http.MethodPost && r.ParseForm() == nil {
		return r.PostForm.Get("access_token")
	}
	return ""
}

// userinfo tells an application what it may know of the person (OpenID Connect
// Core §5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	from := issuerOf(r)
	g, _, err := p.openAccess(r.Context(), from, bearerOf(r))
	var identity *web.Identity
	var application sso.Application
	if err == nil {
		identity, application, err = p.holder(r.Context(), g)
	}
	if errors.Is(err, errGrant) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Parvis", error="invalid_token"`)
		return answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token", "error_description": "this token is not valid, or has ended"})
	}
	if err != nil {
		return err
	}
	claims, err := p.personClaims(r.Context(), identity, application, g.request.Scopes, g.request.Claims.Userinfo)
	if err != nil {
		return err
	}
	claims["sub"] = subject(g.agent)
	client, err := p.clientByID(r.Context(), from, g.client)
	if err != nil {
		return err
	}
	if client.UserinfoAlgorithm == "" {
		return answerJSON(w, http.StatusOK, claims)
	}
	claims["iss"], claims["aud"] = from.url, client.ID
	signed, err := p.sign(r.Context(), from.collectivity, jose.SignatureAlgorithm(client.UserinfoAlgorithm), "", claims)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/jwt")
	w.Write([]byte(signed)) // who asked may have left
	return nil
}

// introspect says whether a token of the client that asks still counts (RFC
// 7662). Of those of others it says no more than that they don't.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return answerFault(w, err)
	}
	from := issuerOf(r)
	client, err := p.authenticate(r, from)
	if err == nil && client.Public {
		err = errClient
	}
	if err != nil {
		return answerFault(w, err)
	}
	g, said, err := p.openAccess(r.Context(), from, r.PostForm.Get("token"))
	var identity *web.Identity
	if err == nil {
		identity, _, err = p.holder(r.Context(), g)
	}
	if errors.Is(err, errGrant) || err == nil && g.client != client.ID {
		return answerJSON(w, http.StatusOK, map[string]any{"active": false})
	}
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, map[string]any{
		"active": true, "client_id": client.ID, "sub": subject(g.agent), "iss": from.url, "scope": strings.Join(g.request.Scopes, " "),
		"token_type": "Bearer", "exp": said.Expires / 1000, "username": identity.PersonName,
	})
}

// revoke ends all that was given with a token of the client (RFC 7009). What it
// does not know is as good as revoked.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return answerFault(w, err)
	}
	from := issuerOf(r)
	client, err := p.authenticate(r, from)
	if err != nil {
		return answerFault(w, err)
	}
	token := r.PostForm.Get("token")
	if id, secret, ok := split(token); ok {
		g, err := findGrant(r.Context(), p.db, client.Collectivity, id)
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return err
		}
		if err == nil && g.client == client.ID && string(g.refresh) == string(portal.HashSecret(secret)) {
			return p.revokeGrant(r.Context(), g.collectivity, g.id)
		}
		return nil
	}
	g, _, err := p.openAccess(r.Context(), from, token)
	if errors.Is(err, errGrant) || err == nil && g.client != client.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return p.revokeGrant(r.Context(), g.collectivity, g.id)
}
