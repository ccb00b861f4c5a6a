package applications

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
)

// refusals gathers what is wrong in a form, in the order of its checks.
type refusals struct{ errs portal.FieldErrors }

func (f *refusals) add(field, key string, args ...any) {
	f.errs = append(f.errs, portal.Invalid(field, key, args...))
}

func (f *refusals) orNil() error { return f.errs.OrNil() }

// text refuses a text that is missing though needed, longer than limit
// characters, or that holds what no line of text does.
func (f *refusals) text(field, value string, needed bool, limit int) {
	switch {
	case needed && strings.TrimSpace(value) == "":
		f.add(field, "applications.error.missing")
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		f.add(field, "applications.error.characters")
	case utf8.RuneCountInString(value) > limit:
		f.add(field, "applications.error.long", "limit", limit)
	}
}

// slug is what an identifier chosen by a person may be.
var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func (f *refusals) identifier(field, value string) {
	if !slug.MatchString(value) {
		f.add(field, "applications.error.identifier")
	}
}

// https refuses anything but an absolute https address without credentials.
func (f *refusals) https(field, value string) {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil || len(value) > 2000 {
		f.add(field, "applications.error.https")
	}
}

// releaseName is a name that is an XML element of CAS, a claim of OpenID and a
// header of a reverse proxy at once.
var releaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,59}$`)
