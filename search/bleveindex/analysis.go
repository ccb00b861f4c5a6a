package bleveindex

import (
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest word that is indexed, in bytes once folded. Longer
// ones (keys, encoded data) are cut: nobody types them whole.
const maxWord = 48

// word is one word of a text.
type word struct {
	start, end int    // bytes of the text, without the elided article: what a page marks
	position   int    // 1 is the first; stop words count, so that a phrase knows of its gaps
	folded     string // "elevations"
	stem       string // "elev"; "" for a stop word
}

// analyse turns text into words such that "L’Élévation", "elevations" and
// "ÉLÉVATION" have one stem: lower case, elision dropped, stop words dropped,
// accents folded, then the light stemmer of Savoy. Folding comes before
// stemming, so that what is typed without accents finds exactly the same.
//
// One pass does what Bleve's chain of filters does in five.
func analyse(text []byte) []word {
	found := make([]word, 0, len(text)/7+1)
	known := make(map[string]*word, len(text)/20+1)
	scan(text, func(start, end int) {
		one := word{start: start, end: end, position: len(found) + 1}
		same, ok := known[string(text[start:end])]
		if !ok {
			one.folded = fold(text[start:end])
			one.stem = stem(one.folded)
			found = append(found, one)
			known[string(text[start:end])] = &word{folded: one.folded, stem: one.stem}
			return
		}
		one.folded, one.stem = same.folded, same.stem
		found = append(found, one)
	})
	return found
}

var stemmer = fr.NewFrenchLightStemmerFilter()

// stem is the stem of a folded word, "" for a stop word.
func stem(folded string) string {
	if folded == "" || isStopWord(folded) {
		return ""
	}
	token := analysis.Token{Term: []byte(folded)}
	stemmer.Filter(analysis.TokenStream{&token})
	return string(token.Term)
}

// scan calls word with the bytes [start, end) of each word of the text: a run
// of letters, digits and marks. An apostrophe parts an elided article or a
// particle from its word ("l’eau", "d'Artagnan", "O'Connor") and stays inside
// a longer one ("aujourd'hui", "prud’hommes"). Invalid UTF-8 parts words.
func scan(text []byte, word func(start, end int)) {
	const none = -1
	start, letters, apostrophe := none, 0, false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case isWordRune(r) && !(r == utf8.RuneError && size == 1):
			if start == none {
				start, letters = i, 0
			}
			letters++
		case start != none && isApostrophe(r) && !apostrophe && followedByLetter(text[i+size:]):
			if letters < 4 || isElided(text[start:i]) {
				if !isElided(text[start:i]) {
					word(start, i)
				}
				start = none
			} else {
				apostrophe = true
			}
		case start != none:
			word(start, i)
			start, apostrophe = none, false
		}
		i += size
	}
	if start != none {
		word(start, len(text))
	}
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

func followedByLetter(text []byte) bool {
	r, _ := utf8.DecodeRune(text)
	return unicode.IsLetter(r)
}

// isElided says whether the letters before an apostrophe stand for a word of
// their own: "l", "qu", "jusqu".
func isElided(before []byte) bool {
	if len(before) > len("quoiqu") {
		return false
	}
	var lower [8]byte
	for i, b := range before {
		lower[i] = b | 0x20 // the elided words are ASCII letters
	}
	switch string(lower[:len(before)]) {
	case "l", "d", "j", "m", "n", "s", "t", "c", "qu",
		"jusqu", "lorsqu", "puisqu", "quoiqu", "quelqu":
		return true
	}
	return false
}

// fold returns the word in lower case, without accents, ligatures opened,
// apostrophes dropped, and at most maxWord bytes of it.
func fold(word []byte) string {
	folded := make([]byte, 0, len(word)+2)
	for i, b := range word {
		if b >= utf8.RuneSelf {
			return string(cut(foldUnicode(folded, word[i:])))
		}
		folded = appendASCII(folded, b)
	}
	return string(cut(folded))
}

func appendASCII(folded []byte, b byte) []byte {
	if 'A' <= b && b <= 'Z' {
		b |= 0x20
	}
	if b == '\'' {
		return folded
	}
	return append(folded, b)
}

// foldUnicode goes on from the first letter that is not ASCII. Most are the
// few of French, which need no decomposition.
func foldUnicode(folded, rest []byte) []byte {
	for len(rest) > 0 {
		r, size := utf8.DecodeRune(rest)
		switch plain := frenchLetter(r); {
		case plain != "":
			folded = append(folded, plain...)
		case isApostrophe(r) || unicode.Is(unicode.Mn, r):
		case r < utf8.RuneSelf:
			folded = appendASCII(folded, byte(r))
		default:
			folded = foldRune(folded, rest[:size])
		}
		rest = rest[size:]
	}
	return folded
}

// foldRune decomposes one letter for compatibility (NFKD: "ﬁ" is "fi") and
// keeps what is not a mark.
func foldRune(folded, letter []byte) []byte {
	for _, part := range string(norm.NFKD.Bytes(letter)) {
		if !unicode.Is(unicode.Mn, part) {
			folded = utf8.AppendRune(folded, unicode.ToLower(part))
		}
	}
	return folded
}

func frenchLetter(r rune) string {
	switch r {
	case 'é', 'è', 'ê', 'ë', 'É', 'È', 'Ê', 'Ë':
		return "e"
	case 'à', 'â', 'ä', 'À', 'Â', 'Ä':
		return "a"
	case 'ù', 'û', 'ü', 'Ù', 'Û', 'Ü':
		return "u"
	case 'î', 'ï', 'Î', 'Ï':
		return "i"
	case 'ô', 'ö', 'Ô', 'Ö':
		return "o"
	case 'ç', 'Ç':
		return "c"
	case 'œ', 'Œ':
		return "oe"
	case 'æ', 'Æ':
		return "ae"
	case 'ß':
		return "ss"
	}
	return ""
}

// cut shortens a word to maxWord bytes without cutting a letter.
func cut(word []byte) []byte {
	if len(word) <= maxWord {
		return word
	}
	end := maxWord
	for end > 0 && !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}
