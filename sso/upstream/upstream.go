// Package upstream leaves sign-in to OpenID issuers: authorization code with
// PKCE, checked to the letter. It keeps nothing but what issuers publish about
// themselves.
package upstream

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
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

// Settings say how to sign in at one issuer. They are the JSON of a sso.Method;
// the client's secret is the method's.
type Settings struct {
	Issuer   string   `json:"issuer"` // "https://auth.bourg.example", as it names itself
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes,omitempty"` // beside openid; nil is email and profile
	// Create lets in a person who is not known yet, when the issuer verified
	// an address of the collectivity's own domains.
	Create bool `json:"create,omitempty"`
}

func parse(text json.RawMessage) (Settings, error) {
	settings := Settings{Scopes: []string{"email", "profile"}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("upstream: settings: %w: %w", portal.ErrInvalid, err)
	}
	address, err := url.Parse(settings.Issuer)
	safe := err == nil && address.Host != "" && (address.Scheme == "https" || address.Scheme == "http" && loopback(address.Hostname()))
	if !safe || address.RawQuery != "" || address.Fragment != "" {
		return Settings{}, fmt.Errorf("upstream: settings: %w: issuer %q must look like https://auth.bourg.example", portal.ErrInvalid, settings.Issuer)
	}
	if settings.ClientID == "" {
		return Settings{}, fmt.Errorf("upstream: settings: %w: client_id is missing", portal.ErrInvalid)
	}
	return settings, nil
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || (address != nil && address.IsLoopback())
}

// Issuers speaks to the issuers of all collectivities.
type Issuers struct {
	mu    sync.Mutex
	known map[portal.CollectivityID]*issuer
}

var _ sso.IssuerServer = (*Issuers)(nil)

// New returns an Issuers that has asked nothing yet.
func New() *Issuers { return &Issuers{known: map[portal.CollectivityID]*issuer{}} }

// issuer is the issuer of one collectivity, as it described itself.
type issuer struct {
	version  string
	settings Settings
	client   *http.Client
	secret   string

	mu   sync.Mutex
	last *reading
}

// reading is what an issuer said about itself once, or why it could not be
// asked. All but done is read once done is closed.
type reading struct {
	done     chan struct{}
	until    time.Time // when to ask again
	provider *oidc.Provider
	metadata metadata
	err      error
}

// metadata is what go-oidc leaves out of an issuer's description (OpenID
// Connect Discovery §3, RP-Initiated Logout §2.1, RFC 9207 §3).
type metadata struct {
	EndSession  string `json:"end_session_endpoint"`
	NamesItself bool   `json:"authorization_response_iss_parameter_supported"`
}

const (
	requestTimeout = 5 * time.Second
	// rereadAfter follows an issuer that moves its addresses; its keys are read
	// again by themselves when a signature asks for a new one.
	rereadAfter = time.Hour
	// retryAfter spares an issuer that failed, and those who wait for it.
	retryAfter = 10 * time.Second
	maxAnswer  = 1 << 20 // bytes of any answer of an issuer
)

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

func newIssuer(method sso.Method) (*issuer, error) {
	settings, err := parse(method.Settings)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if method.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(method.CA)) {
			return nil, fmt.Errorf("upstream: settings: %w: the authority's certificate is not PEM", portal.ErrInvalid)
		}
	}
	transport := &http.Transport{
		TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 3 * time.Second}).DialContext, TLSHandshakeTimeout: 3 * time.Second,
		MaxIdleConns: 4, IdleConnTimeout: time.Minute,
	}
	client := &http.Client{
		Timeout: requestTimeout, Transport: limited{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &issuer{version: method.Version, settings: settings, client: client, secret: method.Secret}, nil
}

// limited cuts answers that no issuer has reason to give.
type limited struct{ below http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.below.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, maxAnswer), response.Body}
	return response, nil
}

// discover returns the issuer's description, read at most once an hour, or at
// most every 10 seconds while the issuer fails. Those who ask while it is being
// read wait for the same answer.
func (i *issuer) discover(ctx context.Context) (*oidc.Provider, metadata, error) {
	current, mine := i.current()
	if mine {
		i.read(ctx, current)
	}
	select {
	case <-current.done:
		return current.provider, current.metadata, current.err
	case <-ctx.Done():
		return nil, metadata{}, fmt.Errorf("upstream: wait for the issuer: %w", ctx.Err())
	}
}

// current returns the reading that serves now, and whether it is for the caller
// to make.
func (i *issuer) current() (current *reading, mine bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.last != nil && i.last.serves(time.Now()) {
		return i.last, false
	}
	i.last = &reading{done: make(chan struct{})}
	return i.last, true
}

// serves says that a reading is under way or not too old.
func (r *reading) serves(now time.Time) bool {
	select {
	case <-r.done:
		return now.Before(r.until)
	default:
		return true
	}
}

// read asks the issuer. Who asked first may leave: the others wait for it.
func (i *issuer) read(ctx context.Context, into *reading) {
	into.err = errSilent // unless what follows says better
	defer func() {
		into.until = time.Now().Add(rereadAfter)
		if into.err != nil {
			into.until = time.Now().Add(retryAfter)
		}
		close(into.done)
	}()
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), i.client), i.settings.Issuer)
	if err != nil {
		into.err = unreachable(err)
		return
	}
	if err := provider.Claims(&into.metadata); err != nil {
		into.err = errors.Join(errSettings, err)
		return
	}
	into.provider, into.err = provider, nil
}

// unreachable says why an issuer can't be asked.
func unreachable(err error) error {
	var unverified *tls.CertificateVerificationError
	var mismatch *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &unverified):
		return errors.Join(errCertificate, err)
	case errors.As(err, &mismatch):
		return errors.Join(errSettings, err)
	}
	return errors.Join(errSilent, err)
}

func (i *issuer) config(provider *oidc.Provider, redirect string) oauth2.Config {
	return oauth2.Config{
		ClientID: i.settings.ClientID, ClientSecret: i.secret, Endpoint: provider.Endpoint(),
		RedirectURL: redirect, Scopes: append([]string{oidc.ScopeOpenID}, i.settings.Scopes...),
	}
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

// claims are what an issuer says about a person, in the token or in userinfo
// (OpenID Connect Core §5.1; usual_name is ProConnect's family_name).
type claims struct {
	Issuer        string   `json:"iss"`
	Audience      audience `json:"aud"`
	Subject       string   `json:"sub"`
	Email         string   `json:"email"`
	EmailVerified loose    `json:"email_verified"`
	GivenName     string   `json:"given_name"`
	FamilyName    string   `json:"family_name"`
	UsualName     string   `json:"usual_name"`
	Phone         string   `json:"phone_number"`
}

func (c claims) profile() sso.Profile {
	family := c.FamilyName
	if family == "" {
		family = c.UsualName
	}
	return sso.Profile{GivenName: c.GivenName, FamilyName: family, Email: c.Email, Phone: c.Phone}
}

// audience is one text or several (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// loose is a boolean that some issuers write as a text.
type loose bool

func (l *loose) UnmarshalJSON(text []byte) error {
	*l = string(text) == "true" || string(text) == `"true"`
	return nil
}

// person reads userinfo when the issuer has it, else the token. go-oidc checks
// no more than a signature there: who it is about, from whom and for whom is
// checked here (OpenID Connect Core §5.3.2 and §5.3.4).
func (i *issuer) person(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, id *oidc.IDToken) (claims, error) {
	var person claims
	if provider.UserInfoEndpoint() == "" {
		if err := id.Claims(&person); err != nil {
			return claims{}, errors.Join(errForged, err)
		}
		return person, nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	var network *url.Error
	if errors.As(err, &network) {
		return claims{}, unreachable(err)
	}
	if err != nil {
		return claims{}, errors.Join(errForged, err)
	}
	if err := info.Claims(&person); err != nil {
		return claims{}, errors.Join(errForged, err)
	}
	return person, i.checkPerson(person, id.Subject)
}

func (i *issuer) checkPerson(person claims, subject string) error {
	switch {
	case person.Subject != subject:
		return errors.Join(errForged, errors.New("upstream: userinfo of another subject"))
	case person.Issuer != "" && person.Issuer != i.settings.Issuer:
		return errors.Join(errForged, errors.New("upstream: userinfo of another issuer"))
	case len(person.Audience) > 0 && !slices.Contains(person.Audience, i.settings.ClientID):
		return errors.Join(errForged, errors.New("upstream: userinfo for another client"))
	}
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
