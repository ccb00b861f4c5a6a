// Package forwardauth lets a reverse proxy ask, before each request to a business
// application that knows no single sign-on, who the person is and whether she may:
// nginx by auth_request, Traefik and Caddy by forward auth, Apache by mod_lua.
// Each application has a cookie of its own on its own host, got by a code that is
// handed over once: a cookie for the whole domain would let any application act as
// the person in all of them.
package forwardauth

import (
	"context"
	"crypto/sha256"
	"embed"
	"log/slog"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/sso"
)

// Locales holds its sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// People tells who an account is.
type People interface {
	// Identity is who an account is in a collectivity; portal.ErrNotFound when it
	// may not enter.
	Identity(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error)
}

// Options are what the guard needs.
type Options struct {
	DB           *database.DB
	SSO          *sso.Service
	Applications sso.Applications
	People       People
	Proxies      web.Networks // the reverse proxies that may ask
	Log          *slog.Logger
	Now          func() time.Time // nil is time.Now
}

// Guard answers reverse proxies.
type Guard struct {
	Options

	known *sso.Memory[hash, verdict]
}

type hash [sha256.Size]byte

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

const (
	protocol   = "forward"
	codeLife   = time.Minute
	maxKnown   = 20_000
	cookieName = "parvis-app"
)

// New returns the guard.
func New(options Options) *Guard {
	if options.Now == nil {
		options.Now = time.Now
	}
	g := &Guard{Options: options, known: sso.NewMemory[hash, verdict](maxKnown, options.Now)}
	options.SSO.Sessions.OnForget(func(in portal.CollectivityID, account portal.AccountID) {
		if in == "" {
			g.known.Forget(account)
			return
		}
		g.known.ForgetThose(func(one verdict) bool { return one.paths.Collectivity == in })
	})
	options.SSO.Participants.Handle(protocol, g.forgetSession)
	options.SSO.OnForms(g.formEnd)
	return g
}

// Routes lists the endpoints. The proxy asks the first two; the browser goes
// through /forward/start here and /.parvis/return on the application's host.
func (g *Guard) Routes() []web.Route {
	return []web.Route{
		{Method: "*", Path: "/forward/nginx", Access: web.Protocol, Handler: g.check(whole, http.StatusUnauthorized)},
		{Method: "*", Path: "/forward/auth", Access: web.Protocol, Handler: g.check(inParts, http.StatusFound)},
		{Method: "GET", Path: "/forward/start", Access: web.Public, Handler: g.start},
		{Method: "GET", Path: returnPath, Access: web.Protocol, Handler: g.handOver},
	}
}

// returnPath is where the proxy of an application hands a browser to us.
const returnPath = "/.parvis/return"

// forgetSession removes what an ended session opened.
func (g *Guard) forgetSession(ctx context.Context, participant sso.Participant) error {
	_, err := g.DB.Exec(ctx, `DELETE FROM forward_sessions WHERE collectivity = $1 AND account = $2 AND session = $3`,
		string(participant.Collectivity), string(participant.Account), participant.Session)
	return err
}
