package directory

import (
	"cmp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ligatures are the letters that decomposition leaves whole but that people
// type as two.
var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "đ", "d")

// fold writes a text as searched: lower case, without accents, words of letters
// and digits separated by one space. "Élodie L’Hénoret-Œuf" is
// "elodie l henoret oeuf". What it returns holds no wildcard of LIKE.
func fold(text string) string {
	lower := ligatures.Replace(strings.ToLower(norm.NFKD.String(text)))
	var out strings.Builder
	gap := false
	for _, r := range lower {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && out.Len() > 0 {
				out.WriteByte(' ')
			}
			gap = false
			out.WriteRune(r)
		default:
			gap = true
		}
	}
	return out.String()
}

// byName orders names as a French reader looks them up, accents and case aside:
// "Élections" comes before "Vie associative". Engines would order their bytes.
func byName(a, b string) int {
	return cmp.Or(strings.Compare(fold(a), fold(b)), strings.Compare(a, b))
}

// initials are the first letters of the folded words of a text.
func initials(text string) string {
	var out strings.Builder
	for word := range strings.FieldsSeq(fold(text)) {
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
