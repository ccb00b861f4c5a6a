package sso

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxLogin is the longest login in bytes, that of an e-mail address
// (RFC 5321 §4.5.3.1).
const maxLogin = 254

// CanonicalLogin writes a login in the one form in which it is stored, compared
// and throttled: compatibility forms resolved, case folded, no space around.
// "  Accueil@BOURG.example" is "accueil@bourg.example". Not ok: empty, too long,
// or holding spaces, control or invisible characters.
func CanonicalLogin(login string) (canonical string, ok bool) {
	if len(login) > 4*maxLogin || !utf8.ValidString(login) {
		return "", false
	}
	folded := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(login))))
	if folded == "" || len(folded) > maxLogin || strings.ContainsFunc(folded, unfit) {
		return "", false
	}
	return folded, true
}

func unfit(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Noncharacter_Code_Point) || r == utf8.RuneError
}

// LoginDomain is the part of a canonical login after its last @, "" for a login
// that is not an address.
func LoginDomain(canonical string) string {
	at := strings.LastIndexByte(canonical, '@')
	if at <= 0 {
		return ""
	}
	return canonical[at+1:]
}
