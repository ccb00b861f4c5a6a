package sso

import (
	_ "embed"
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"parvis/portal"
)

// What a password must be (CNIL, délibération 2022-100): 80 bits of entropy,
// which 12 characters of four kinds have, 14 of three, or 7 words. None expires.
// A password that is made of what is tried first is refused whatever its length.
const (
	fullLength  = 12 // with upper case, lower case, digits and signs
	plainLength = 14 // without signs
	enoughBits  = 80 // for any other shape, words being counted as words
	leastBits   = 50 // once what anybody guesses is taken out
)

// checkStrength refuses a password that is too weak, or built on what others
// know of its person: own are her names, her login, her commune.
func checkStrength(password string, own ...string) error {
	if len(password) > maxPassword {
		return portal.FieldErrors{portal.Invalid("password", "sso.error.long")}
	}
	found := estimate(password, own)
	length, shape := utf8.RuneCountInString(password), kindsOf(password)
	shaped := length >= fullLength && shape.count() == 4 || length >= plainLength && shape.upper && shape.lower && shape.digit
	switch {
	case found.lenient < leastBits && found.own:
		return portal.FieldErrors{portal.Invalid("password", "sso.error.own")}
	case found.lenient < leastBits && found.common:
		return portal.FieldErrors{portal.Invalid("password", "sso.error.common")}
	case found.lenient < leastBits, !shaped && found.strict < enoughBits:
		return portal.FieldErrors{portal.Invalid("password", "sso.error.weak")}
	}
	return nil
}

// shape says which kinds of characters a password holds.
type shape struct{ upper, lower, digit, sign bool }

func kindsOf(password string) (s shape) {
	for _, r := range password {
		switch {
		case unicode.IsUpper(r):
			s.upper = true
		case unicode.IsLower(r):
			s.lower = true
		case unicode.IsDigit(r):
			s.digit = true
		default:
			s.sign = true
		}
	}
	return s
}

func (s shape) count() (n int) {
	for _, has := range []bool{s.upper, s.lower, s.digit, s.sign} {
		if has {
			n++
		}
	}
	return n
}

// alphabet is how many characters the password seems drawn from.
func (s shape) alphabet() float64 {
	size := 0.0
	for _, kind := range []struct {
		has  bool
		size float64
	}{{s.upper, 26}, {s.lower, 26}, {s.digit, 10}, {s.sign, 33}} {
		if kind.has {
			size += kind.size
		}
	}
	return max(size, 2)
}

// bits are two estimates of a password's entropy: lenient takes letters that
// make no known word for random ones, strict takes each run of letters for words
// of a dictionary. common and own say what was found in it.
type bits struct {
	lenient, strict float64
	common, own     bool
}

// What each part is worth, in bits.
const (
	ownBits      = 3  // one of a handful of names
	yearBits     = 7  // 1900 to 2099
	sequenceBits = 6  // where it begins, its direction and length
	wordBits     = 13 // one of 7,776 words, those of a thrown die
	wordLetters  = 8  // longer runs are several words
	betweenBits  = 1  // a space between words, or a hyphen
	maxEstimated = 128
)

//go:embed common.txt
var commonList string

var common, longestCommon = wordSet(commonList)

var commonBits = math.Log2(float64(len(common))) + 1 // and how it is written

func wordSet(text string) (set map[string]bool, longest int) {
	set = map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		if len(word) >= 3 {
			set[word], longest = true, max(longest, len(word))
		}
	}
	return set, longest
}

// estimate finds the cheapest way to say a password as words that are tried
// first, names, years, sequences, repetitions and characters. What is beyond
// maxEstimated characters adds nothing.
func estimate(password string, own []string) bits {
	runes := []rune(norm.NFC.String(password))
	if len(runes) > maxEstimated {
		runes = runes[:maxEstimated]
	}
	scan := newScan(runes, own)
	lenient, common, known := scan.cheapest(false)
	strict, _, _ := scan.cheapest(true)
	return bits{lenient, strict, common, known}
}

type scan struct {
	runes       []rune
	plain, leet []rune // folded; with 3 for e and the like undone
	own         map[string]bool
	longest     int
	perRune     float64
}

func newScan(runes []rune, own []string) scan {
	s := scan{runes: runes, perRune: math.Log2(kindsOf(string(runes)).alphabet())}
	for _, r := range runes {
		folded := foldRune(r)
		s.plain = append(s.plain, folded)
		if letter, ok := leet[folded]; ok {
			folded = letter
		}
		s.leet = append(s.leet, folded)
	}
	var words strings.Builder
	for _, text := range own {
		for _, r := range text {
			if folded := foldRune(r); unicode.IsLetter(folded) || unicode.IsDigit(folded) {
				words.WriteRune(folded)
			} else {
				words.WriteByte(' ')
			}
		}
		words.WriteByte(' ')
	}
	s.own, s.longest = wordSet(words.String())
	s.longest = max(s.longest, longestCommon)
	return s
}

var leet = map[rune]rune{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', '$': 's', '!': 'i', '€': 'e'}

// foldRune is a letter in lower case without its accent.
func foldRune(r rune) rune {
	for _, base := range norm.NFD.String(string(r)) {
		return unicode.ToLower(base)
	}
	return r
}

// step is the cheapest way to a position.
type step struct {
	cost        float64
	common, own bool
}

func (s scan) cheapest(strict bool) (cost float64, usesCommon, usesOwn bool) {
	best := make([]step, len(s.runes)+1)
	for i := range best[1:] {
		best[i+1].cost = math.Inf(1)
	}
	for i := range s.runes {
		reach := func(length int, cost float64, common, own bool) {
			if to := &best[i+length]; best[i].cost+cost < to.cost {
				*to = step{best[i].cost + cost, best[i].common || common, best[i].own || own}
			}
		}
		one := s.perRune
		if strict && i > 0 && (s.runes[i] == ' ' || s.runes[i] == '-') && unicode.IsLetter(s.plain[i-1]) {
			one = betweenBits
		}
		reach(1, one, false, false)
		for length := 3; length <= min(s.longest, len(s.runes)-i); length++ {
			for _, text := range [][]rune{s.plain, s.leet} {
				word := string(text[i : i+length])
				if s.own[word] {
					reach(length, ownBits, false, true)
				}
				if common[word] {
					reach(length, commonBits, true, false)
				}
			}
		}
		if length := s.sequence(i); length >= 3 {
			reach(length, sequenceBits, true, false)
		}
		if year.MatchString(string(s.runes[i:min(i+4, len(s.runes))])) {
			reach(4, yearBits, false, false)
		}
		if length := s.letters(i); strict && length >= 3 {
			reach(length, wordBits*math.Ceil(float64(length)/wordLetters), false, false)
		}
	}
	last := best[len(s.runes)]
	return last.cost, last.common, last.own
}

var year = regexp.MustCompile(`^(19|20)[0-9]{2}$`)

// rows are the keys of the keyboards, in the order of fingers.
var rows = []string{"azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "&é\"'(-è_çà)="}

// sequence is how long a run from i is that goes on in a way that one guesses:
// the same again, the next in the alphabet, the next key.
func (s scan) sequence(i int) int {
	longest := 1
	for _, next := range []func(a, b rune) bool{
		func(a, b rune) bool { return a == b },
		func(a, b rune) bool { return b == a+1 },
		func(a, b rune) bool { return b == a-1 },
		nextKey,
		func(a, b rune) bool { return nextKey(b, a) },
	} {
		length := 1
		for i+length < len(s.plain) && next(s.plain[i+length-1], s.plain[i+length]) {
			length++
		}
		longest = max(longest, length)
	}
	return longest
}

func nextKey(a, b rune) bool {
	pair := string([]rune{a, b})
	for _, row := range rows {
		if strings.Contains(row, pair) {
			return true
		}
	}
	return false
}

// letters is how long the run of letters from i is, 0 inside of one.
func (s scan) letters(i int) int {
	if i > 0 && unicode.IsLetter(s.plain[i-1]) {
		return 0
	}
	length := 0
	for i+length < len(s.plain) && unicode.IsLetter(s.plain[i+length]) {
		length++
	}
	return length
}
