// Package api is the administration of a collectivity over HTTP, for its own
// programs: agents, units, groups, rights and the journal; and the bookings of rooms, vehicles and equipment, for
// the programs of any agent. It goes through the
// same store, with the same rights, as the pages; its description in OpenAPI 3.1
// is made from the types below.
package api

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"parvis/directory"
	"parvis/directory/webhooks"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Locales are the sentences of refusals.
//
//go:embed locales/*.json
var Locales embed.FS

// Prefix is the path of the first version. What a version promises is never
// taken away: fields and operations are added.
const Prefix = "/api/v1"

// maxBody is ample for the longest card.
const maxBody = 64 << 10

// Authenticator checks a login and an app password: portal.ErrDenied for a wrong
// one, portal.ErrUnavailable when it can't tell.
type Authenticator interface {
	Authenticate(ctx context.Context, login, password, remoteAddr string) (portal.Program, error)
}

// Options are what the service needs.
type Options struct {
	Store     *directory.Store
	Journal   *audit.Journal
	Webhooks  *webhooks.Store
	Inviter   *directory.Inviter
	Bookings  Bookings
	Furnish   func(ctx context.Context, opened directory.Opened) error // what a new collectivity begins with
	Auth      Authenticator
	Catalogue *i18n.Catalogue
	Log       *slog.Logger
}

// Service answers programs.
type Service struct {
	Options
	api    huma.API
	routes []web.Route
}

// New describes every operation.
func New(options Options) *Service {
	s := &Service{Options: options}
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Parvis", Version: "1", Description: description},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{basic: {Type: "http", Scheme: "basic", Description: basicHow}},
			},
			Servers:  []*huma.Server{{URL: "/"}},
			Security: []map[string][]string{{basic: {}}},
		},
		Formats: map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}, DefaultFormat: "application/json",
		NoFormatFallback: false,
	}
	s.api = huma.NewAPI(config, s)
	s.me()
	s.agents()
	s.units()
	s.groups()
	s.rights()
	s.journal()
	s.webhooks()
	s.collectivities()
	s.bookings()
	s.routes = append(s.routes,
		web.Route{Method: http.MethodGet, Path: Prefix + "/openapi.json", Access: web.Protocol, Handler: s.describe},
		web.Route{Method: "*", Path: Prefix + "/{rest:.*}", Access: web.Protocol, Handler: s.nowhere})
	return s
}

const (
	basic       = "appPassword"
	basicHow    = "The login of an agent and one of her app passwords, which has the scope that the operation names and an end. The program may do what its person may, and no more."
	description = "The administration of one collectivity: that of the app password; the bookings of an agent; and the opening of others, for who operates the pool. Identifiers are opaque texts. Errors are problems of RFC 9457, in the language that Accept-Language asks for, French or English."
)

// Routes are those of every operation, and of their description.
func (s *Service) Routes() []web.Route { return s.routes }

// Description is the OpenAPI document.
func (s *Service) Description() ([]byte, error) { return json.MarshalIndent(s.api.OpenAPI(), "", "  ") }

func (s *Service) describe(w http.ResponseWriter, _ *http.Request) error {
	text, err := s.Description()
	if err != nil {
		return fmt.Errorf("api: describe: %w", err)
	}
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, err = w.Write(text)
	return err
}

// nowhere answers for an address that is none of the API: a program reads no page.
func (s *Service) nowhere(w http.ResponseWriter, r *http.Request) error {
	s.refuse(w, s.printer(r), http.StatusNotFound, portal.ErrNotFound)
	return nil
}

func (s *Service) printer(r *http.Request) *i18n.Printer {
	return s.Catalogue.Printer(i18n.Match(r.Header.Get("Accept-Language")))
}

// Handle makes a route of the house of an operation (huma.Adapter).
func (s *Service) Handle(op *huma.Operation, handle func(huma.Context)) {
	s.routes = append(s.routes, web.Route{
		Method: op.Method, Path: op.Path, Access: web.Protocol, MaxBody: maxBody,
		Handler: func(w http.ResponseWriter, r *http.Request) error {
			printer := s.printer(r)
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Language", string(printer.Lang()))
			by, status, err := s.admit(r, op)
			if err != nil {
				s.refuse(w, printer, status, err)
				return nil
			}
			if err := storable(r); err != nil {
				s.refuse(w, printer, web.StatusOf(err), err)
				return nil
			}
			by.printer = printer
			r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, by))
			for _, name := range variables(op.Path) {
				r.SetPathValue(name, web.Var(r, name))
			}
			handle(humago.NewContext(op, r, w))
			return nil
		},
	})
}

// errCharacters refuses what no store can hold.
var errCharacters = portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.field.characters"}

// storable refuses a request that speaks of what no store can hold: PostgreSQL knows
// no text with an octet 0, nor with what is no UTF-8. A body that is too long is left
// to who reads it.
func storable(r *http.Request) error {
	for name, values := range r.URL.Query() {
		for _, text := range append(values, name) {
			if strings.Contains(text, "\x00") || !utf8.ValidString(text) {
				return errCharacters
			}
		}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("api: read body: %w", err)
	}
	if bytes.Contains(body, []byte(`\u0000`)) || !utf8.Valid(body) && len(body) < maxBody {
		return errCharacters
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	return nil
}

// ServeHTTP is huma.Adapter's, for those who have no router.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }

// variables are the names in a path, "id" of "/agents/{id}".
func variables(path string) []string {
	var names []string
	for _, part := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

// session is who asks, and from where.
type session struct {
	portal.Program
	address string
	printer *i18n.Printer
}

type sessionKey struct{}

func sessionOf(ctx context.Context) session { return ctx.Value(sessionKey{}).(session) }

// errUnknown is for who gives no app password.
var errUnknown = portal.UserError{Kind: portal.ErrDenied, Key: "api.error.sign-in"}

// admit says who asks, and whether her program may ask this; status is the
// refusal's.
func (s *Service) admit(r *http.Request, op *huma.Operation) (by session, status int, err error) {
	scope, _ := op.Metadata[scopeOf].(portal.Scope)
	program, status, err := Admit(r, s.Auth, scope)
	return session{Program: program, address: web.ClientAddr(r)}, status, err
}

// Admit says whose program asks, and whether it has a scope; status is the refusal's.
// Who can give no login beside a password gives both as one token (RFC 6750): the
// base64 that Basic has.
func Admit(r *http.Request, auth Authenticator, scope portal.Scope) (program portal.Program, status int, err error) {
	if kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(kind, "bearer") {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Basic "+strings.TrimSpace(token))
	}
	login, password, given := r.BasicAuth()
	if !given {
		return portal.Program{}, http.StatusUnauthorized, errUnknown
	}
	program, err = auth.Authenticate(r.Context(), login, password, web.ClientAddr(r))
	switch {
	case errors.Is(err, portal.ErrDenied):
		return portal.Program{}, http.StatusUnauthorized, err
	case errors.Is(err, portal.ErrNotFound), errors.Is(err, portal.ErrInvalid):
		return portal.Program{}, http.StatusUnauthorized, errUnknown
	case err != nil:
		return portal.Program{}, web.StatusOf(err), err
	}
	if !covers(program.Scopes, scope) {
		err := portal.UserError{Kind: portal.ErrDenied, Key: "api.error.scope", Args: []any{"scope", string(scope)}}
		return portal.Program{}, http.StatusForbidden, err
	}
	return program, 0, nil
}

// covers says whether scopes hold what an operation asks for: "" is any of
// administration.
func covers(held portal.Scopes, asked portal.Scope) bool {
	switch {
	case asked == "":
		return slices.ContainsFunc(held, portal.Scope.Administrative)
	case asked == asked.ReadOnly():
		return held.Read(portal.Scope(strings.TrimSuffix(string(asked), ":read")))
	}
	return held.Write(asked)
}

// scopeOf is where an operation keeps the scope that it asks for.
const scopeOf = "scope"

// operation registers one operation; run gets who asks.
func operation[I, O any](s *Service, op huma.Operation, scope portal.Scope, run func(ctx context.Context, by session, in *I) (*O, error)) {
	op.Path = Prefix + op.Path
	op.Metadata = map[string]any{scopeOf: scope}
	op.Description = strings.TrimSpace(op.Description + " Scope: `" + cmp.Or(string(scope), "any") + "`.")
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable)
	if op.Method == http.MethodPost || op.Method == http.MethodPatch || op.Method == http.MethodPut {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge)
	}
	op.MaxBodyBytes = maxBody
	// Bodies are read before, in the time that the house gives them: huma's five seconds would go on while the store
	// works, end the connection's context, and with it all that a client asks by it later.
	op.BodyReadTimeout = -1
	op.RejectUnknownQueryParameters = true
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		by := sessionOf(ctx)
		out, err := run(ctx, by, in)
		if err != nil {
			return nil, s.problem(by.printer, statusOf(err), err)
		}
		return out, nil
	})
}
