package portal

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check gathers what is wrong in a form, in the order of its checks.
type Check struct{ errs FieldErrors }

// Add refuses a field with a sentence of the catalogue.
func (c *Check) Add(field, key string, args ...any) {
	c.errs = append(c.errs, Invalid(field, key, args...))
}

// OrNil returns what was refused, as FieldErrors, or nil.
func (c *Check) OrNil() error { return c.errs.OrNil() }

// Text refuses a text that is missing though needed, longer than limit
// characters, or that holds what no line of text does.
func (c *Check) Text(field, value string, needed bool, limit int) {
	switch {
	case needed && strings.TrimSpace(value) == "":
		c.Add(field, "web.error.field.missing")
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		c.Add(field, "web.error.field.characters")
	case utf8.RuneCountInString(value) > limit:
		c.Add(field, "web.error.field.long", "limit", limit)
	}
}

// HTTPS refuses anything but an absolute https address without credentials.
func (c *Check) HTTPS(field, value string) {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil || len(value) > 2000 {
		c.Add(field, "web.error.field.https")
	}
}

// slug is what an identifier chosen by a person may be.
var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

// Identifier refuses what is none: "services-techniques" is one.
func (c *Check) Identifier(field, value string) {
	if !slug.MatchString(value) {
		c.Add(field, "web.error.field.identifier")
	}
}
