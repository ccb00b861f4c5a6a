package i18n

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ligatures are the letters that decomposition leaves whole but that people
// type as two.
var ligatures = strings.NewReplacer("œ", "oe", "æ", "ae", "ß", "ss", "ø", "o", "ł", "l", "đ", "d")

// Fold writes a text as searched: lower case, without accents, words of letters
// and digits separated by one space. "Élodie L’Hénoret-Œuf" is
// "elodie l henoret oeuf". What it returns holds no wildcard of LIKE.
func Fold(text string) string {
	if isASCII(text) {
		return foldASCII(text)
	}
	lower := ligatures.Replace(strings.ToLower(norm.NFKD.String(strings.ToValidUTF8(text, " "))))
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

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldASCII is Fold of what has no accent to take off: most of what is compared.
func foldASCII(text string) string {
	out := make([]byte, 0, len(text))
	gap := false
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			if gap && len(out) > 0 {
				out = append(out, ' ')
			}
			gap = false
			out = append(out, c)
			continue
		}
		gap = true
	}
	return string(out)
}

// ByName orders names as a French reader looks them up, accents and case aside:
// "Élections" comes before "Vie associative". Engines would order their bytes.
func ByName(a, b string) int {
	return cmp.Or(strings.Compare(Fold(a), Fold(b)), strings.Compare(a, b))
}
