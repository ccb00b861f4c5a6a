// Package scim is SCIM 2.0 (RFC 7643, RFC 7644) over the directory of a collectivity:
// an identity provider, Entra ID or Okta for instance, adds agents, changes their
// cards, lets them in and out and fills groups. It goes through the same store, with
// the same rights and guards, as the pages; closing is what deletes, and can be undone.
package scim

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"parvis/directory"
	"parvis/directory/api"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Locales are the sentences of refusals.
//
//go:embed locales/*.json
var Locales embed.FS

// Prefix is the path of the service.
const Prefix = "/scim/v2"

const (
	media = "application/scim+json"
	// maxBody is ample for a group of ten thousand members.
	maxBody = 2 << 20
	// defaultCount and maxCount bound a page of resources.
	defaultCount = 100
	maxCount     = 200
	// maxOperations bounds those of a PATCH.
	maxOperations = 1000
)

// Options are what the service needs.
type Options struct {
	DB        *database.DB
	Store     *directory.Store
	Auth      api.Authenticator
	Catalogue *i18n.Catalogue
	Log       *slog.Logger
	URL       string // of the installation, "https://parvis.example"
}

// Service answers identity providers.
type Service struct{ Options }

// New returns the service.
func New(options Options) *Service { return &Service{options} }

// Routes are what it serves.
func (s *Service) Routes() []web.Route {
	open := func(path string, document func() any) web.Route {
		return web.Route{Method: http.MethodGet, Path: Prefix + path, Access: web.Protocol, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Cache-Control", "public, max-age=300")
			return answer(w, http.StatusOK, document())
		}}
	}
	routes := []web.Route{
		open("/ServiceProviderConfig", s.config), open("/ResourceTypes", func() any { return listOf(s.resourceTypes()) }), open("/Schemas", func() any { return listOf(schemas()) }),
		{Method: http.MethodGet, Path: Prefix + "/ResourceTypes/{id}", Access: web.Protocol, Handler: s.named(s.resourceTypes)},
		{Method: http.MethodGet, Path: Prefix + "/Schemas/{id}", Access: web.Protocol, Handler: s.named(schemas)},
	}
	for _, one := range []struct {
		method, path string
		scope        portal.Scope
		handle       func(a *asked) (any, error)
	}{
		{"GET", "/Users", portal.ScopeDirectoryRead, s.listUsers},
		{"POST", "/Users", portal.ScopeDirectory, s.createUser},
		{"GET", "/Users/{id}", portal.ScopeDirectoryRead, s.readUser},
		{"PUT", "/Users/{id}", portal.ScopeDirectory, s.replaceUser},
		{"PATCH", "/Users/{id}", portal.ScopeDirectory, s.patchUser},
		{"DELETE", "/Users/{id}", portal.ScopeDirectory, s.deleteUser},
		{"GET", "/Groups", portal.ScopeDirectoryRead, s.listGroups},
		{"POST", "/Groups", portal.ScopeDirectory, s.createGroup},
		{"GET", "/Groups/{id}", portal.ScopeDirectoryRead, s.readGroup},
		{"PUT", "/Groups/{id}", portal.ScopeDirectory, s.replaceGroup},
		{"PATCH", "/Groups/{id}", portal.ScopeDirectory, s.patchGroup},
		{"DELETE", "/Groups/{id}", portal.ScopeDirectory, s.deleteGroup},
	} {
		routes = append(routes, web.Route{
			Method: one.method, Path: Prefix + one.path, Access: web.Protocol, MaxBody: maxBody, Slow: true, Handler: s.serve(one.scope, one.handle),
		})
	}
	return append(routes, web.Route{Method: "*", Path: Prefix + "/{rest:.*}", Access: web.Protocol, Handler: func(w http.ResponseWriter, r *http.Request) error {
		rest := web.Var(r, "rest")
		if rest == "Bulk" || rest == "Me" || strings.HasSuffix(rest, ".search") { // RFC 7644 §3.7, §3.11, §3.4.3
			return s.refuse(w, r, refusal{http.StatusNotImplemented, "", "scim.error.absent", nil})
		}
		return s.refuse(w, r, portal.ErrNotFound)
	}})
}

// asked is a request of an identity provider.
type asked struct {
	*http.Request
	portal.Program
	address string
	body    []byte
	header  http.Header // of the answer
	status  int         // of the answer, 0 for 200
}

// id is what the address names.
func (a *asked) id() string { return web.Var(a.Request, "id") }

// decode reads the body into a value.
func (a *asked) decode(into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return refusal{http.StatusBadRequest, "invalidSyntax", "scim.error.syntax", nil}
	}
	return nil
}

// serve makes a route of what answers a program with a scope.
func (s *Service) serve(scope portal.Scope, handle func(a *asked) (any, error)) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		program, status, err := api.Admit(r, s.Auth, scope)
		if err != nil {
			return s.refuseAs(w, r, status, "", err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return s.refuseAs(w, r, http.StatusRequestEntityTooLarge, "", portal.UserError{Kind: portal.ErrTooLarge, Key: "web.error.toolarge"})
		}
		if !storable(r, body) {
			return s.refuse(w, r, refusal{http.StatusBadRequest, "invalidValue", "web.error.field.characters", nil})
		}
		a := &asked{Request: r, Program: program, address: web.ClientAddr(r), body: body, header: w.Header()}
		told, err := handle(a)
		switch {
		case err != nil:
			return s.refuse(w, r, err)
		case told == nil && a.status == 0:
			a.status = http.StatusNoContent
		case a.status == 0:
			a.status = http.StatusOK
		}
		if told == nil {
			w.WriteHeader(a.status)
			return nil
		}
		return answer(w, a.status, told)
	}
}

// storable refuses what no store can hold: an octet 0, and what is no UTF-8.
func storable(r *http.Request, body []byte) bool {
	for name, values := range r.URL.Query() {
		for _, text := range append(values, name) {
			if strings.Contains(text, "\x00") || !utf8.ValidString(text) {
				return false
			}
		}
	}
	id := web.Var(r, "id")
	return !bytes.Contains(body, []byte(`\u0000`)) && utf8.Valid(body) && !bytes.ContainsRune(body, 0) && utf8.ValidString(id) && !strings.Contains(id, "\x00")
}

func answer(w http.ResponseWriter, status int, told any) error {
	text, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("scim: write answer: %w", err)
	}
	w.Header().Set("Content-Type", media)
	w.WriteHeader(status)
	_, err = w.Write(text)
	return err
}

// refusal is an error of RFC 7644 §3.12.
type refusal struct {
	status int
	kind   string // scimType, "" for none
	key    string // of the sentence
	args   []any
}

// Error is for logs.
func (r refusal) Error() string { return fmt.Sprintf("scim: %d %s (%s)", r.status, r.kind, r.key) }

var (
	errFilter  = refusal{http.StatusBadRequest, "invalidFilter", "scim.error.filter", nil}
	errSyntax  = refusal{http.StatusBadRequest, "invalidSyntax", "scim.error.syntax", nil}
	errVersion = refusal{http.StatusPreconditionFailed, "", "scim.error.version", nil}
)

func errPath(path string) error {
	return refusal{http.StatusBadRequest, "invalidPath", "scim.error.path", []any{"path", short(path)}}
}

func errValue(field string) error {
	return refusal{http.StatusBadRequest, "invalidValue", "scim.error.value", []any{"field", short(field)}}
}

func errReadOnly(path string) error {
	return refusal{http.StatusBadRequest, "mutability", "scim.error.readonly", []any{"path", short(path)}}
}

// short is what an answer repeats of what it was sent.
func short(text string) string {
	letters := []rune(text)
	return string(letters[:min(len(letters), 100)])
}

// errorBody is how it is sent.
type errorBody struct {
	Schemas []string `json:"schemas"`
	Status  string   `json:"status"`
	Type    string   `json:"scimType,omitempty"`
	Detail  string   `json:"detail,omitempty"`
}

// refuse answers by what an error is.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	var ours refusal
	var other directory.Meanwhile
	status := web.StatusOf(err)
	switch {
	case errors.As(err, &ours):
		return s.refuseAs(w, r, ours.status, ours.kind, portal.UserError{Kind: portal.ErrInvalid, Key: ours.key, Args: ours.args})
	case errors.As(err, &other):
		return s.refuse(w, r, errVersion)
	case status == http.StatusUnprocessableEntity:
		return s.refuseAs(w, r, http.StatusBadRequest, "invalidValue", err)
	}
	return s.refuseAs(w, r, status, "", err)
}

func (s *Service) refuseAs(w http.ResponseWriter, r *http.Request, status int, kind string, err error) error {
	printer := s.Catalogue.Printer(i18n.Match(r.Header.Get("Accept-Language")))
	body := errorBody{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, Status: fmt.Sprint(status), Type: kind}
	var fields portal.FieldErrors
	var one portal.UserError
	switch {
	case errors.As(err, &fields):
		for _, field := range fields {
			body.Detail += field.Field + ": " + printer.T(field.Key, field.Args...) + " "
		}
		body.Detail = strings.TrimSpace(body.Detail)
	case errors.As(err, &one):
		body.Detail = printer.T(one.Key, one.Args...)
	case status == http.StatusNotFound:
		body.Detail = printer.T("scim.error.notfound")
	case status == http.StatusForbidden:
		body.Detail = printer.T("api.error.right")
	case status == http.StatusServiceUnavailable:
		body.Detail = printer.T("web.error.unavailable")
	case status >= http.StatusInternalServerError:
		s.Log.Error("scim: request failed", "error", err)
		body.Detail = printer.T("api.error.ours")
	}
	if status == http.StatusUnauthorized {
		w.Header().Add("WWW-Authenticate", `Bearer realm="Parvis"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="Parvis", charset="UTF-8"`)
	}
	w.Header().Set("Content-Language", string(printer.Lang()))
	return answer(w, status, body)
}

// match refuses another version than the one that was read (RFC 7644 §3.14).
func (a *asked) match(version string) error {
	asked := a.Header.Get("If-Match")
	if asked == "" || asked == "*" {
		return nil
	}
	for one := range strings.SplitSeq(asked, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == strings.TrimPrefix(version, "W/") {
			return nil
		}
	}
	return errVersion
}
