package directory

import (
	"net/mail"
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
		f.add(field, "directory.error.missing")
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		f.add(field, "directory.error.characters")
	case utf8.RuneCountInString(value) > limit:
		f.add(field, "directory.error.long", "limit", limit)
	}
}

// slug is what an identifier chosen by a person may be.
var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func (f *refusals) identifier(field, value string) {
	if !slug.MatchString(value) {
		f.add(field, "directory.error.identifier")
	}
}

func (f *refusals) phone(field, value string) {
	f.text(field, value, false, 40)
	allowed := func(r rune) bool {
		return unicode.IsDigit(r) || unicode.IsSpace(r) || strings.ContainsRune("+().-/", r)
	}
	if value != "" && (len(digits(value)) < 2 || strings.ContainsFunc(value, func(r rune) bool { return !allowed(r) })) {
		f.add(field, "directory.error.phone")
	}
}

func (f *refusals) email(field, value string) {
	if value == "" {
		return
	}
	parsed, err := mail.ParseAddress(value)
	if err != nil || parsed.Address != value || len(value) > 254 {
		f.add(field, "directory.error.email")
	}
}
