package openid

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parvis/sso"
)

const (
	modeQuery = "query"
	modeForm  = "form_post"
)

// request is an authorization request that was understood.
type request struct {
	Issuer    string   `json:"i"` // as it names itself
	Client    string   `json:"c"`
	Redirect  string   `json:"r"`
	Scopes    []string `json:"s"`
	State     string   `json:"-"`
	Nonce     string   `json:"n,omitempty"`
	Challenge string   `json:"x,omitempty"` // of PKCE, S256
	Claims    asked    `json:"k,omitzero"`
	Mode      string   `json:"-"` // "query" or "form_post"
	Prompt    []string `json:"-"`
	MaxAge    int      `json:"-"` // seconds; negative for none
	Hint      string   `json:"-"` // ID token
	LoginHint string   `json:"-"`
	Levels    []string `json:"l,omitempty"` // acr_values, or those that claims ask for
	Essential bool     `json:"-"`           // one of Levels must be reached
}

// asked is the claims parameter (OpenID Connect Core §5.5): claims by name that
// are asked for one by one.
type asked struct {
	Userinfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
}

const (
	maxParameter = 8 << 10 // bytes
	maxState     = 2 << 10
)

// single refuses a parameter that is there twice (RFC 6749 §3.1), or long
// beyond reason.
func single(values url.Values) error {
	for name, all := range values {
		if len(all) > 1 {
			return bad("invalid_request", "parameter "+name+" is there twice")
		}
		if len(all[0]) > maxParameter || strings.ContainsRune(all[0], 0) {
			return bad("invalid_request", "parameter "+name+" is too long, or holds what no text does")
		}
	}
	return nil
}

// redirectOf finds who asks and where the answer goes. Its errors are for the
// person alone: an address that is not the client's gets nothing.
func (p *Provider) redirectOf(ctx context.Context, from issuer, values url.Values) (Client, sso.Application, string, error) {
	if err := single(values); err != nil {
		return Client{}, sso.Application{}, "", err
	}
	client, err := p.clientByID(ctx, from, values.Get("client_id"))
	if err != nil {
		return Client{}, sso.Application{}, "", err
	}
	application, err := p.applications.Application(ctx, sso.KindOIDC, client.Collectivity, client.Application)
	if err != nil {
		return Client{}, sso.Application{}, "", err
	}
	redirect := values.Get("redirect_uri")
	if !registered(application, redirect) {
		return Client{}, sso.Application{}, "", bad("invalid_request", "redirect_uri is not registered")
	}
	return client, application, redirect, nil
}

// registered compares a redirect address exactly (RFC 9700 §2.1), after refusing
// what two readers could read differently.
func registered(application sso.Application, redirect string) bool {
	address, err := sso.ParseAddress(redirect)
	return err == nil && address.String() == redirect && slices.Contains(application.Addresses, address)
}

func originOf(redirect string) (string, error) {
	address, err := sso.ParseAddress(redirect)
	return address.Origin, err
}

// parse reads the rest of an authorization request. Its errors go to the client.
func parse(from issuer, values url.Values, client Client) (request, error) {
	asking := request{
		Issuer: from.url, Client: client.ID, Redirect: values.Get("redirect_uri"), Scopes: scopes(values.Get("scope")), State: values.Get("state"),
		Nonce: values.Get("nonce"), Mode: values.Get("response_mode"), Prompt: strings.Fields(values.Get("prompt")), MaxAge: -1,
		Hint: values.Get("id_token_hint"), LoginHint: values.Get("login_hint"), Levels: strings.Fields(values.Get("acr_values")),
	}
	if asking.Mode == "" {
		asking.Mode = modeQuery
	}
	switch {
	case values.Has("request"):
		return asking, bad("request_not_supported", "request objects are not supported")
	case values.Has("request_uri"):
		return asking, bad("request_uri_not_supported", "request objects are not supported")
	case values.Has("registration"):
		return asking, bad("registration_not_supported", "registration by request is not supported")
	case values.Get("response_type") == "":
		return asking, bad("invalid_request", "response_type is missing")
	case values.Get("response_type") != "code":
		return asking, bad("unsupported_response_type", "only code is supported")
	case asking.Mode != modeQuery && asking.Mode != modeForm:
		return asking, bad("invalid_request", "response_mode is query or form_post")
	case !slices.Contains(asking.Scopes, "openid"):
		return asking, bad("invalid_scope", "scope must hold openid")
	case len(asking.State) > maxState || len(asking.Nonce) > maxState:
		return asking, bad("invalid_request", "state or nonce is too long")
	case slices.Contains(asking.Prompt, "none") && len(asking.Prompt) > 1:
		return asking, bad("invalid_request", "prompt none stands alone")
	}
	if err := asking.readChallenge(values, client); err != nil {
		return asking, err
	}
	if text := values.Get("max_age"); text != "" {
		age, err := strconv.Atoi(text)
		if err != nil || age < 0 {
			return asking, bad("invalid_request", "max_age is a number of seconds")
		}
		asking.MaxAge = age
	}
	return asking, asking.readClaims(values.Get("claims"))
}

// readChallenge: PKCE by S256 alone, and without fail for a public client (RFC
// 9700 §2.1.1).
func (asking *request) readChallenge(values url.Values, client Client) error {
	asking.Challenge = values.Get("code_challenge")
	method := values.Get("code_challenge_method")
	switch {
	case asking.Challenge == "" && method != "":
		return bad("invalid_request", "code_challenge is missing")
	case asking.Challenge == "" && client.Public:
		return bad("invalid_request", "a public client needs PKCE")
	case asking.Challenge != "" && method != "S256":
		return bad("invalid_request", "code_challenge_method must be S256")
	case asking.Challenge != "" && len(asking.Challenge) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		return bad("invalid_request", "code_challenge is no SHA-256")
	}
	return nil
}

// member is a claim asked for: null, or how (OpenID Connect Core §5.5.1).
type member struct {
	Essential bool     `json:"essential"`
	Value     string   `json:"value"`
	Values    []string `json:"values"`
}

func (asking *request) readClaims(text string) error {
	if text == "" {
		return nil
	}
	var claims struct {
		Userinfo map[string]json.RawMessage `json:"userinfo"`
		IDToken  map[string]json.RawMessage `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		return bad("invalid_request", "claims is not a JSON object")
	}
	for name := range claims.Userinfo {
		asking.Claims.Userinfo = append(asking.Claims.Userinfo, name)
	}
	for name, raw := range claims.IDToken {
		asking.Claims.IDToken = append(asking.Claims.IDToken, name)
		var how member
		if name != "acr" || json.Unmarshal(raw, &how) != nil {
			continue
		}
		if how.Value != "" {
			how.Values = []string{how.Value}
		}
		asking.Levels, asking.Essential = how.Values, how.Essential
	}
	slices.Sort(asking.Claims.Userinfo)
	slices.Sort(asking.Claims.IDToken)
	return nil
}
