package sso

import (
	"net/url"
	"path"
	"strings"

	"parvis/portal/web"
)

// home is where a person goes when nowhere else is asked or safe.
const home = "/"

// maxNext bounds the address that a sign-in comes back to, in bytes.
const maxNext = 1024

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
