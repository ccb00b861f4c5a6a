package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"parvis/portal"
	"parvis/sso"
)

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
	EndSession  string   `json:"end_session_endpoint"`
	NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
	TokenAuth   []string `json:"token_endpoint_auth_methods_supported"`
	Challenges  []string `json:"code_challenge_methods_supported"`
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

func newIssuer(method sso.Method) (*issuer, error) {
	settings, err := Parse(method.Settings)
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

func (i *issuer) config(provider *oidc.Provider, described metadata, redirect string) oauth2.Config {
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = i.authStyle(described)
	return oauth2.Config{
		ClientID: i.settings.ClientID, ClientSecret: i.secret, Endpoint: endpoint,
		RedirectURL: redirect, Scopes: i.settings.scopes(),
	}
}

// authStyle is how the secret is sent. Both ways are never tried one after the
// other: a code serves once. The header is the default (Discovery §3).
func (i *issuer) authStyle(described metadata) oauth2.AuthStyle {
	basic := len(described.TokenAuth) == 0 || slices.Contains(described.TokenAuth, "client_secret_basic")
	if i.settings.Preset != ProConnect && basic {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// challenges says whether PKCE goes along. ProConnect refuses what it does not
// know, and may not know it.
func (i *issuer) challenges(described metadata) bool {
	return i.settings.Preset != ProConnect || slices.Contains(described.Challenges, "S256")
}

// usable says whether an answer could let anybody in.
func (i *issuer) usable(question sso.Question) error {
	if i.settings.Preset == ProConnect && question.SIRET == "" && len(i.settings.SIRETs) == 0 {
		return errors.Join(errSettings, errors.New("upstream: the collectivity has no SIRET"))
	}
	return nil
}
