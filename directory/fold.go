package directory

import (
	"strings"

	"parvis/portal/i18n"
)

// initials are the first letters of the folded words of a text.
func initials(text string) string {
	var out strings.Builder
	for word := range strings.FieldsSeq(i18n.Fold(text)) {
		for _, r := range word {
			out.WriteRune(r)
			break
		}
	}
	return out.String()
}

// digits keeps the digits of a telephone number, in the national form for a
// French one: "+33 (0)2 61 91 01 42" is "0261910142".
func digits(number string) string {
	kept := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	if strings.HasPrefix(strings.TrimSpace(number), "+") {
		kept = "00" + kept
	}
	if rest, french := strings.CutPrefix(kept, "0033"); french {
		return "0" + strings.TrimPrefix(rest, "0")
	}
	return kept
}
