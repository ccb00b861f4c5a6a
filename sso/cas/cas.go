// Package cas is a CAS 3.0.3 server: it gives applications tickets for people
// who are signed in, says whose a ticket is, and tells applications that a
// session ended. Who is signed in is sso's business, and which applications
// there are the catalogue's, asked through sso.Applications.
package cas

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"parvis/portal/database"
	"parvis/portal/seal"
	"parvis/portal/web"
	"parvis/sso"
)

// Templates holds the pages of a refusal and of an answer by POST.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// Options are what the server needs.
type Options struct {
	DB           *database.DB
	SSO          *sso.Service
	Applications sso.Applications
	Renderer     *web.Renderer
	Sealer       *seal.Sealer
	Client       *http.Client // tells and asks applications, see outgoing.NewClient
	Log          *slog.Logger
	Now          func() time.Time // nil is time.Now
}

// Server answers applications and the browsers that they send.
type Server struct{ Options }

// New returns the server, and has it called when sessions end and where forms
// of the sign-in may end.
func New(options Options) *Server {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Server{options}
	options.SSO.Participants.Handle(protocol, s.tellEnd)
	options.SSO.OnForms(s.formEnd)
	return s
}

// protocol names what this package speaks, among participants and in journals.
const protocol = "cas"

// maxForm bounds the parameters of a sign-in in bytes, maxSAML the request of a
// validation.
const (
	maxForm = 16 << 10
	maxSAML = 64 << 10
)

// Routes are the addresses of CAS 3.0.3 §2. Programs call all but the first
// three, without cookies.
func (s *Server) Routes() []web.Route {
	routes := []web.Route{
		{Method: "GET", Path: "/cas/login", Access: web.Public, Handler: s.login},
		{Method: "POST", Path: "/cas/login", Access: web.Public, MaxBody: maxForm, Handler: s.login},
		{Method: "GET", Path: "/cas/logout", Access: web.Public, Handler: s.logout},
		{Method: "GET", Path: "/cas/validate", Access: web.Protocol, Handler: s.validatePlain},
		{Method: "GET", Path: "/cas/proxy", Access: web.Protocol, Handler: s.proxy},
		{Method: "POST", Path: "/cas/samlValidate", Access: web.Protocol, MaxBody: maxSAML, Handler: s.validateSAML},
	}
	for path, proxied := range map[string]bool{"serviceValidate": false, "proxyValidate": true} {
		for _, version := range []string{"/cas/", "/cas/p3/"} {
			routes = append(routes, web.Route{Method: "GET", Path: version + path, Access: web.Protocol, Handler: s.validateXML(proxied)})
		}
	}
	return routes
}

// sweepEvery is how often ended tickets are removed.
const sweepEvery = time.Minute

// Run removes ended tickets until the context ends.
func (s *Server) Run(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := s.sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.Log.Error("cas: sweep tickets", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}
