// Package upstream leaves sign-in to OpenID issuers: authorization code with
// PKCE, checked to the letter. It keeps nothing but what issuers publish about
// themselves.
package upstream

import (
	"context"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"parvis/portal"
	"parvis/sso"
)

// Locales holds the sentences about issuers.
//
//go:embed locales/*.json
var Locales embed.FS

var (
	errSilent      = portal.UserError{Kind: portal.ErrUnavailable, Key: "upstream.error.silent"}
	errCertificate = portal.UserError{Kind: portal.ErrUnavailable, Key: "upstream.error.certificate"}
	errSettings    = portal.UserError{Kind: portal.ErrUnavailable, Key: "upstream.error.settings"}
	errRefused     = portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.refused"}
	errForged      = portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.forged"}
	errElsewhere   = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}
)

// Issuers speaks to the issuers of all collectivities.
type Issuers struct {
	mu    sync.Mutex
	known map[portal.CollectivityID]*issuer
}

var _ sso.IssuerServer = (*Issuers)(nil)

// New returns an Issuers that has asked nothing yet.
func New() *Issuers { return &Issuers{known: map[portal.CollectivityID]*issuer{}} }

func (s *Issuers) of(method sso.Method) (*issuer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[method.Collectivity]; known != nil && known.version == method.Version {
		return known, nil
	}
	made, err := newIssuer(method)
	if err != nil {
		return nil, errors.Join(errSettings, err)
	}
	s.known[method.Collectivity] = made
	return made, nil
}

// Ask implements sso.IssuerServer.
func (s *Issuers) Ask(ctx context.Context, method sso.Method, question sso.Question) (string, error) {
	issuer, err := s.of(method)
	if err != nil {
		return "", err
	}
	provider, _, err := issuer.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(question.Verifier), oidc.Nonce(question.Nonce)}
	if question.Again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	if question.LoginHint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", question.LoginHint))
	}
	config := issuer.config(provider, question.Redirect)
	return config.AuthCodeURL(question.State, options...), nil
}

// Read implements sso.IssuerServer: the answer must be to this question, from
// this issuer, and its token signed by it for us, now.
func (s *Issuers) Read(ctx context.Context, method sso.Method, question sso.Question, query url.Values) (sso.Answer, error) {
	issuer, err := s.of(method)
	if err != nil {
		return sso.Answer{}, err
	}
	provider, described, err := issuer.discover(ctx)
	if err != nil {
		return sso.Answer{}, err
	}
	if err := issuer.checkAnswer(described, question, query); err != nil {
		return sso.Answer{}, err
	}
	ctx = oidc.ClientContext(ctx, issuer.client)
	config := issuer.config(provider, question.Redirect)
	token, err := config.Exchange(ctx, query.Get("code"), oauth2.VerifierOption(question.Verifier))
	if err != nil {
		return sso.Answer{}, exchangeError(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: issuer.settings.ClientID}).Verify(ctx, raw)
	if err != nil {
		return sso.Answer{}, errors.Join(errForged, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(question.Nonce)) != 1 {
		return sso.Answer{}, errors.Join(errForged, errors.New("upstream: nonce of another sign-in"))
	}
	person, err := issuer.person(ctx, provider, token, id)
	if err != nil {
		return sso.Answer{}, err
	}
	return sso.Answer{
		Issuer: id.Issuer, Subject: id.Subject, EmailVerified: bool(person.EmailVerified),
		Profile: person.profile(), IDToken: raw, Create: issuer.settings.Create,
	}, nil
}

// checkAnswer compares what the browser brought back with what it took along,
// before anything is asked of the issuer.
func (i *issuer) checkAnswer(described metadata, question sso.Question, query url.Values) error {
	states, names := query["state"], query["iss"]
	if len(states) != 1 || subtle.ConstantTimeCompare([]byte(states[0]), []byte(question.State)) != 1 {
		return errors.Join(errElsewhere, errors.New("upstream: state of another sign-in"))
	}
	// RFC 9207 §2.4: an answer that names another issuer is a mix-up.
	if len(names) > 1 || len(names) == 1 && names[0] != i.settings.Issuer || described.NamesItself && len(names) == 0 {
		return errors.Join(errForged, errors.New("upstream: answer of another issuer"))
	}
	if code := query.Get("error"); code != "" {
		return errors.Join(errRefused, fmt.Errorf("upstream: issuer answers %.40q", code))
	}
	if len(query["code"]) != 1 || query.Get("code") == "" {
		return errors.Join(errForged, errors.New("upstream: answer without code"))
	}
	return nil
}

// exchangeError tells an issuer that refuses the code from one that is silent.
func exchangeError(err error) error {
	var answered *oauth2.RetrieveError
	if !errors.As(err, &answered) {
		return unreachable(err)
	}
	if answered.ErrorCode == "invalid_client" || answered.ErrorCode == "unauthorized_client" {
		return errors.Join(errSettings, err)
	}
	if answered.Response != nil && answered.Response.StatusCode >= http.StatusInternalServerError {
		return errors.Join(errSilent, err)
	}
	return errors.Join(errForged, err)
}

func (l *loose) UnmarshalJSON(text []byte) error {
	*l = string(text) == "true" || string(text) == `"true"`
	return nil
}

// SignOut implements sso.IssuerServer.
func (s *Issuers) SignOut(ctx context.Context, method sso.Method, idToken, back string) string {
	issuer, err := s.of(method)
	if err != nil {
		return ""
	}
	_, described, err := issuer.discover(ctx)
	if err != nil || described.EndSession == "" {
		return "" // our own session ended all the same
	}
	address, err := url.Parse(described.EndSession)
	if err != nil || address.Scheme != "https" && !loopback(address.Hostname()) {
		return ""
	}
	query := address.Query()
	query.Set("id_token_hint", idToken)
	query.Set("post_logout_redirect_uri", back)
	query.Set("state", portal.NewID())
	address.RawQuery = query.Encode()
	return address.String()
}

// Check implements sso.IssuerServer: it reads the issuer's description.
func (s *Issuers) Check(ctx context.Context, method sso.Method) error {
	issuer, err := newIssuer(method)
	if err != nil {
		return errors.Join(errSettings, err)
	}
	_, _, err = issuer.discover(ctx)
	return err
}
