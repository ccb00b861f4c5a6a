// Package openid lets business applications leave sign-in to Parvis by OpenID
// Connect: authorization code with PKCE, one issuer for each collectivity and
// one for the pool. It implements OpenID Connect Core, Discovery, RP-Initiated
// and Back-Channel Logout, OAuth 2.0 with token revocation (RFC 7009) and
// introspection (RFC 7662), PKCE (RFC 7636, S256 alone) and issuer
// identification (RFC 9207). There is no implicit flow, no password grant, no
// unsigned token; request objects are refused as the specification says.
package openid

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/seal"
	"parvis/portal/web"
	"parvis/sso"
)

// Templates holds the pages of the provider.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// People tells the provider about an account.
type People interface {
	// Identity is who an account is in a collectivity; portal.ErrNotFound when it
	// may not enter, which ends what applications were given.
	Identity(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error)
	// Collectivities lists the agents of an account.
	Collectivities(ctx context.Context, account portal.AccountID) ([]sso.Agency, error)
}

// Options are what the provider needs.
type Options struct {
	DB           *database.DB
	Sealer       *seal.Sealer
	SSO          *sso.Service
	Applications sso.Applications
	People       People
	Renderer     *web.Renderer
	Client       *http.Client // tells applications that a session ended, see outgoing.NewClient
	Log          *slog.Logger
	Now          func() time.Time // nil is time.Now
}

// Provider is the OpenID provider of an installation.
type Provider struct {
	db           *database.DB
	sealer       *seal.Sealer
	sso          *sso.Service
	applications sso.Applications
	people       People
	renderer     *web.Renderer
	client       *http.Client
	log          *slog.Logger
	now          func() time.Time

	holdings *sso.Memory[string, holding] // by grant

	mu      sync.Mutex
	rings   map[portal.CollectivityID]*ring
	clients map[string]knownClient
}

// New returns the provider and has it tell applications when sessions end.
func New(options Options) *Provider {
	if options.Now == nil {
		options.Now = time.Now
	}
	p := &Provider{
		db: options.DB, sealer: options.Sealer, sso: options.SSO, applications: options.Applications, people: options.People, renderer: options.Renderer, client: options.Client,
		log: options.Log, now: options.Now, rings: map[portal.CollectivityID]*ring{}, clients: map[string]knownClient{},
	}
	p.holdings = sso.NewMemory[string, holding](maxHoldings, p.now)
	p.sso.Sessions.OnForget(func(in portal.CollectivityID, account portal.AccountID) {
		if in == "" {
			p.holdings.Forget(account)
			return
		}
		p.holdings.ForgetThose(func(one holding) bool { return one.identity.Caller.Collectivity == in })
	})
	p.sso.Participants.Handle(protocol, p.notify)
	p.sso.OnForms(p.formEnd)
	return p
}

// protocol names the provider's participants in a session.
const protocol = "oidc"

const (
	codeLife    = time.Minute
	tokenLife   = 10 * time.Minute // of access and ID tokens
	requestLife = 15 * time.Minute // of a person who signs in
	refreshIdle = 30 * 24 * time.Hour
	cacheLife   = 5 * time.Second
)

// pool is the segment of the pool's issuer in addresses, which no collectivity
// can be named.
const pool = "_"

// Routes lists the endpoints. {issuer} is a collectivity's identifier, or "_".
func (p *Provider) Routes() []web.Route {
	const at = "/oidc/{issuer}"
	return append(p.adminRoutes(), []web.Route{
		{Method: "GET", Path: "/.well-known/openid-configuration", Access: web.Protocol, Handler: p.open(p.describe)},
		{Method: "GET", Path: at + "/.well-known/openid-configuration", Access: web.Protocol, Handler: p.open(p.describe)},
		{Method: "GET", Path: at + "/keys", Access: web.Protocol, Handler: p.open(p.publishKeys)},
		{Method: "GET", Path: at + "/authorize", Access: web.Public, Handler: p.authorize},
		{Method: "POST", Path: at + "/authorize", Access: web.Protocol, MaxBody: maxForm, Handler: p.authorizeByPost},
		{Method: "GET", Path: at + "/continue/{request}", Access: web.Public, Handler: p.resume},
		{Method: "POST", Path: at + "/token", Access: web.Protocol, MaxBody: maxForm, Handler: p.open(p.token)},
		{Method: "GET", Path: at + "/userinfo", Access: web.Protocol, Handler: p.open(p.userinfo)},
		{Method: "POST", Path: at + "/userinfo", Access: web.Protocol, MaxBody: maxForm, Handler: p.open(p.userinfo)},
		{Method: "POST", Path: at + "/introspect", Access: web.Protocol, MaxBody: maxForm, Handler: p.open(p.introspect)},
		{Method: "POST", Path: at + "/revoke", Access: web.Protocol, MaxBody: maxForm, Handler: p.open(p.revoke)},
		{Method: "GET", Path: at + "/logout", Access: web.Public, Handler: p.logout},
		{Method: "POST", Path: at + "/logout", Access: web.Protocol, MaxBody: maxForm, Handler: p.logoutByPost},
	}...)
}

// maxForm bounds what clients post, in bytes.
const maxForm = 16 << 10

// issuer is one of the provider's issuers, as a request addresses it.
type issuer struct {
	collectivity portal.CollectivityID // "" for the pool's
	url          string                // as it names itself
	base         string                // begins its endpoints
}

// issuerOf reads the issuer of a request's address.
func issuerOf(r *http.Request) issuer {
	base := web.BaseURL(r)
	name := web.Var(r, "issuer")
	if name == "" || name == pool {
		return issuer{url: base, base: base + "/oidc/" + pool}
	}
	return issuer{collectivity: portal.CollectivityID(name), url: base + "/oidc/" + name, base: base + "/oidc/" + name}
}

// segment is the issuer in a path of ours.
func (i issuer) segment() string {
	if i.collectivity == "" {
		return pool
	}
	return string(i.collectivity)
}

// owns says whether an issuer answers for a client of a collectivity: its own,
// or any when it is the pool's.
func (i issuer) owns(collectivity portal.CollectivityID) bool {
	return i.collectivity == "" || i.collectivity == collectivity
}

// open lets pages of any site read an answer: it is public, or its reader holds
// a token. No cookie counts here.
func (p *Provider) open(handler web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Cache-Control", "no-store")
		return handler(w, r)
	}
}

// scopes are those that mean something here.
func scopes(text string) []string {
	var known []string
	for scope := range strings.FieldsSeq(text) {
		if _, found := claimsOf(scope); found || scope == "openid" || scope == offline {
			known = append(known, scope)
		}
	}
	return known
}

const offline = "offline_access"
