package directory

import (
	"net/mail"
	"strings"
	"unicode"

	"parvis/portal"
)

func checkPhone(check *portal.Check, field, value string) {
	check.Text(field, value, false, 40)
	allowed := func(r rune) bool {
		return unicode.IsDigit(r) || unicode.IsSpace(r) || strings.ContainsRune("+().-/", r)
	}
	if value != "" && (len(digits(value)) < 2 || strings.ContainsFunc(value, func(r rune) bool { return !allowed(r) })) {
		check.Add(field, "directory.error.phone")
	}
}

func checkEmail(check *portal.Check, field, value string) {
	if value == "" {
		return
	}
	parsed, err := mail.ParseAddress(value)
	if err != nil || parsed.Address != value || len(value) > 254 {
		check.Add(field, "directory.error.email")
	}
}
