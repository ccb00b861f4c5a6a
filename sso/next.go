package sso

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"parvis/portal/web"
)

// home is where a person goes when nowhere else is asked or safe.
const home = "/"

// maxNext bounds the address that a sign-in comes back to, in bytes.
const maxNext = 1600

// SafeNext is web.LocalPath for an address that went through a sign-in, and
// stricter: the page of ours that next names, "/news/7?page=2", or "/" for
// anything else: other hosts in any spelling, schemes, control characters,
// backslashes, fragments, dots that climb, encoded slashes and dots, and the
// sign-in pages themselves.
func SafeNext(next string) string {
	strange := func(r rune) bool { return r == '#' || r > 0x7e }
	if len(next) > maxNext || web.LocalPath(next) != next || strings.ContainsFunc(next, strange) {
		return home
	}
	parsed, err := url.Parse(next)
	if err != nil || !plainPath(parsed) {
		return home
	}
	if query := parsed.RawQuery; query != "" {
		return parsed.EscapedPath() + "?" + query
	}
	return parsed.EscapedPath()
}

// plainPath says whether a path means the same to everybody who reads it.
func plainPath(address *url.URL) bool {
	raw := strings.ToLower(address.EscapedPath())
	for _, encoded := range []string{"%2e", "%2f", "%5c", "%25", "%00", "%0a", "%0d", "%09", ";"} {
		if strings.Contains(raw, encoded) {
			return false
		}
	}
	clean := path.Clean(address.Path)
	if clean != "/" && strings.HasSuffix(address.Path, "/") {
		clean += "/"
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(clean, "/"), "/")
	return clean == address.Path && first != "sign-in" && first != "sign-out"
}

// FormEnd says at which origin of an application a sign-in ends that goes on to
// next, a page of ours; "" when it ends at one of ours.
type FormEnd func(ctx context.Context, next string) (origin string, err error)

// OnForms adds a protocol that leads from a sign-in to applications. It is
// called before the first request.
func (s *Service) OnForms(end FormEnd) { s.formEnds = append(s.formEnds, end) }

// allowForms lets the form of this page end where next leads: browsers follow
// redirections from a form only to the origins that its page names.
func (s *Service) allowForms(w http.ResponseWriter, r *http.Request, next string) error {
	for _, end := range s.formEnds {
		origin, err := end(r.Context(), next)
		if err != nil {
			return fmt.Errorf("sso: where a sign-in ends: %w", err)
		}
		if origin != "" {
			web.AllowFormTo(w, origin)
		}
	}
	return nil
}
