package bleveindex

import (
	"strings"
	"unicode/utf8"
)

// The bounds of a question: what is beyond is not looked at.
const (
	maxQuestion = 512 // bytes
	maxTerms    = 24  // words that are not stop words
)

// term is one word of a question.
type term struct {
	word
	typed  string  // as typed, "Congés"
	weight float64 // 1, less when it was corrected
	phrase int     // number of the quoted phrase that it is in, 0 for none

	corrected bool // folded and stem are those of its nearest neighbour
}

// question is what a text asks, in terms of the index.
type question struct {
	text  string
	terms []term
	// plain says that the text holds stop words alone ("sur"): they are then
	// looked up as they are in the titles.
	plain bool
	keys  []string // what could be a keyword: the whole text, its pieces
	phone string   // the digits, when the text is a telephone number
	// prefix is the last word, folded, when it may be still unfinished.
	prefix string
	// begins says that the last word is in no text and near to none: titles of
	// every kind are then searched for its beginning.
	begins bool
}

// parse reads a text. Words between "double quotes" or « guillemets » are a
// phrase: all of them, in that order. Any text can be read.
func parse(text string) question {
	text = strings.ToValidUTF8(cutText(text, maxQuestion), " ")
	q := question{text: text, phone: phoneDigits(strings.TrimSpace(text))}
	if len(q.phone) < 4 {
		q.phone = ""
	}
	q.keys = questionKeys(text)
	found := analyse([]byte(text))
	q.plain = !hasStem(found)
	phrases := phraseNumbers(text)
	for _, w := range found {
		if w.folded == "" || (w.stem == "" && !q.plain) || len(q.terms) == maxTerms {
			continue
		}
		q.terms = append(q.terms, term{
			word: w, typed: text[w.start:w.end], weight: 1, phrase: phrases[w.start],
		})
	}
	if n := len(found); n > 0 && found[n-1].end == len(text) && phrases[found[n-1].start] == 0 {
		q.prefix = found[n-1].folded
	}
	return q
}

func hasStem(words []word) bool {
	for _, w := range words {
		if w.stem != "" {
			return true
		}
	}
	return false
}

// phraseNumbers gives for each byte of the text the number of the quoted
// phrase that it is in. A quote that is not closed opens nothing.
func phraseNumbers(text string) []int {
	numbers := make([]int, len(text)+1)
	number, start, closing := 0, -1, rune(0)
	for i, r := range text {
		switch {
		case start >= 0 && r == closing:
			number++
			for j := start; j < i; j++ {
				numbers[j] = number
			}
			start = -1
		case start < 0 && closingQuote(r) != 0:
			start, closing = i+utf8.RuneLen(r), closingQuote(r)
		}
	}
	return numbers
}

func closingQuote(r rune) rune {
	switch r {
	case '"':
		return '"'
	case '«':
		return '»'
	case '“':
		return '”'
	}
	return 0
}

// questionKeys lists what a text may be as a keyword: the whole of it and,
// when there are several, its pieces between spaces.
func questionKeys(text string) []string {
	pieces := strings.Fields(text)
	if len(pieces) == 0 {
		return nil
	}
	keys := []string{foldKey(text)}
	if len(pieces) > 1 && len(pieces) <= maxTerms {
		for _, piece := range pieces {
			if len(piece) > 2 {
				keys = append(keys, foldKey(piece))
			}
		}
	}
	return keys
}
