// Package upstream leaves sign-in to OpenID issuers: authorization code with
// PKCE, checked to the letter. It keeps nothing but what issuers publish about
// themselves.
package upstream

import (
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

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
	if err := issuer.usable(question); err != nil {
		return "", err
	}
	provider, described, err := issuer.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(question.Nonce)}
	if issuer.challenges(described) {
		options = append(options, oauth2.S256ChallengeOption(question.Verifier))
	}
	for name, value := range issuer.parameters(question) {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	config := issuer.config(provider, described, question.Redirect)
	return config.AuthCodeURL(question.State, options...), nil
}

// parameters are those that not every question has.
func (i *issuer) parameters(question sso.Question) map[string]string {
	all := map[string]string{}
	if prompt := i.prompt(question); prompt != "" {
		all["prompt"] = prompt
	}
	// ProConnect refuses a hint that is no plain address.
	if hint, err := mail.ParseAddress(question.LoginHint); err == nil && hint.Address == question.LoginHint {
		all["login_hint"] = question.LoginHint
	}
	if i.settings.Level != "" || i.settings.Preset == ProConnect {
		i.askLevel(all)
	}
	if len(i.settings.Providers) == 1 {
		all["idp_hint"] = i.settings.Providers[0]
	}
	return all
}

// prompt is what the issuer must ask of the person, whatever it knows of her.
func (i *issuer) prompt(question sso.Question) string {
	var all []string
	if question.Again {
		all = append(all, "login")
	}
	if i.settings.Consent {
		all = append(all, "consent")
	}
	return strings.Join(all, " ")
}

// askLevel asks for a level, and how it was reached. ProConnect does not say what
// it makes of acr_values beside an essential acr: one or the other.
func (i *issuer) askLevel(all map[string]string) {
	type member struct {
		Essential bool     `json:"essential"`
		Values    []string `json:"values"`
	}
	wanted := map[string]*member{"amr": nil} // ProConnect tells it to who asks alone
	if sso.LevelIsTwofold(i.settings.Level) {
		wanted["acr"] = &member{true, sso.LevelsFrom(i.settings.Level)}
	} else {
		all["acr_values"] = i.settings.Level
	}
	text, err := json.Marshal(map[string]any{"id_token": wanted})
	if err == nil { // which texts always are
		all["claims"] = string(text)
	}
}

// Read implements sso.IssuerServer: the answer must be to this question, from
// this issuer, and its token signed by it for us, now.
func (s *Issuers) Read(ctx context.Context, method sso.Method, question sso.Question, query url.Values) (sso.Answer, error) {
	issuer, err := s.of(method)
	if err != nil {
		return sso.Answer{}, err
	}
	if err := issuer.usable(question); err != nil {
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
	given, err := issuer.exchange(ctx, provider, described, question, query.Get("code"))
	if err != nil {
		return sso.Answer{}, err
	}
	raw := idTokenIn(given)
	id, err := issuer.verify(ctx, provider, raw)
	if err != nil {
		return sso.Answer{}, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(question.Nonce)) != 1 {
		return sso.Answer{}, forged(errors.New("upstream: nonce of another sign-in"))
	}
	if err := checkAnew(question, id, time.Now()); err != nil {
		return sso.Answer{}, err
	}
	said, err := issuer.person(ctx, provider, given.AccessToken, id)
	if err != nil {
		return sso.Answer{}, err
	}
	answer, err := issuer.answer(question, id, said)
	answer.IDToken = raw
	if issuer.settings.Recheck {
		answer.Refresh = given.RefreshToken
	}
	return answer, err
}

// verify reads an ID token of the issuer's for us, that serves now.
func (i *issuer) verify(ctx context.Context, provider *oidc.Provider, raw string) (*oidc.IDToken, error) {
	verifier := provider.Verifier(&oidc.Config{
		ClientID: i.settings.ClientID, SupportedSigningAlgs: i.settings.algorithms(), Now: issuerNow,
	})
	id, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, errors.Join(keysError(err), err)
	}
	return id, nil
}

// idTokenIn is the ID token beside an access token, "" without.
func idTokenIn(given *oauth2.Token) string {
	raw, _ := given.Extra("id_token").(string)
	return raw
}

// exchange turns the code into tokens.
func (i *issuer) exchange(ctx context.Context, provider *oidc.Provider, described metadata, question sso.Question, code string) (*oauth2.Token, error) {
	var options []oauth2.AuthCodeOption
	if i.challenges(described) {
		options = append(options, oauth2.VerifierOption(question.Verifier))
	}
	config := i.config(provider, described, question.Redirect)
	given, err := config.Exchange(ctx, code, options...)
	if err != nil {
		return nil, exchangeError(err)
	}
	return given, nil
}

// answer is what sound claims vouch for.
func (i *issuer) answer(question sso.Question, id *oidc.IDToken, said claims) (sso.Answer, error) {
	own, err := idClaims(id) // how she signed in is the ID token's to say
	if err != nil {
		return sso.Answer{}, forged(err)
	}
	verified, ok := said.verified(i.settings.TrustEmail)
	if !ok {
		return sso.Answer{}, forged(errors.New("upstream: email_verified is no truth"))
	}
	level := own.text("acr")
	answer := sso.Answer{
		Issuer: id.Issuer, Subject: id.Subject, EmailVerified: verified, Profile: i.settings.profile(said), Create: i.settings.Create,
		Level: level, Factors: factorsOf(level, textsOf(own["amr"])), Refused: i.refusal(question, said, level),
		Claims: said.list(), Fields: i.settings.Attributes.shown(said),
	}
	return answer, nil
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
		return forged(errors.New("upstream: answer of another issuer"))
	}
	if code := query.Get("error"); code != "" {
		return errors.Join(errRefused, fmt.Errorf("upstream: issuer answers %.40q", code))
	}
	if len(query["code"]) != 1 || query.Get("code") == "" {
		return forged(errors.New("upstream: answer without code"))
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
	return forged(err)
}

// SignOut implements sso.IssuerServer.
func (s *Issuers) SignOut(ctx context.Context, method sso.Method, idToken, back, state string) string {
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
	query.Set("state", state)
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
