package i18n

import (
	"cmp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ligatures are the letters that decomposition leaves whole but that people
// type as two.
var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "đ", "d")

// Fold writes a text as searched: lower case, without accents, words of letters
// and digits separated by one space. "Élodie L’Hénoret-Œuf" is
// "elodie l henoret oeuf". What it returns holds no wildcard of LIKE.
func Fold(text string) string {
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

// ByName orders names as a French reader looks them up, accents and case aside:
// "Élections" comes before "Vie associative". Engines would order their bytes.
func ByName(a, b string) int {
	return cmp.Or(strings.Compare(Fold(a), Fold(b)), strings.Compare(a, b))
}
