package bleveindex

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// leastCorrected is the shortest word that is corrected, in letters.
const leastCorrected = 4

// maxNeighbours bounds the words that a correction chooses from, the most
// frequent first.
const maxNeighbours = 24

// leastOtherNumber is the shortest word that is corrected to the plural or the
// singular of what was meant, in letters: two letters of a shorter word make
// another one.
const leastOtherNumber = 6

// correct replaces each term that nothing visible holds by its nearest
// neighbour: one letter more, less, other, or two exchanged; of several, the
// one that most entries hold. A longer one that has none may have it in its
// other number: "elction" is "élections" where nothing holds "élection". It
// knows of visible entries alone, so that a correction can't tell a word of what
// the caller may not see.
func (a *asker) correct(q *question) error {
	for i := range q.terms {
		one := &q.terms[i]
		if utf8.RuneCountInString(one.folded) < leastCorrected || one.phrase > 0 || isNumber(one.folded) {
			continue
		}
		known, err := a.isKnown(*one)
		if err != nil {
			return err
		}
		if known || (i == len(q.terms)-1 && q.prefix != "" && a.beginsName(q.prefix)) {
			continue
		}
		best, err := a.correction(one.folded)
		if err != nil {
			return err
		}
		q.begins = best == "" && i == len(q.terms)-1
		if best != "" {
			one.folded, one.stem, one.weight, one.corrected = best, stem(best), fixedWeight, true
		}
	}
	if n := len(q.terms); n > 0 && q.terms[n-1].corrected {
		q.prefix = ""
	}
	return nil
}

func isNumber(word string) bool {
	return strings.Trim(word, "0123456789") == ""
}

// isKnown says whether a visible entry holds the term.
func (a *asker) isKnown(one term) (bool, error) {
	for _, place := range [][2]string{
		{fieldTitle, one.stem}, {fieldBody, one.stem}, {fieldKey, one.folded},
	} {
		if place[1] == "" {
			continue
		}
		n, err := a.visible(place[0], place[1], 1)
		if n > 0 || err != nil {
			return n > 0, err
		}
	}
	return false, nil
}

// visible counts the visible entries that hold a text, up to a limit.
func (a *asker) visible(field, text string, limit int) (int, error) {
	postings, err := a.view.reader.TermFieldReader(a.ctx, []byte(text), field, false, false, false)
	if err != nil {
		return 0, err
	}
	defer postings.Close()
	n := 0
	for n < limit {
		posting, err := postings.Next(nil)
		if err != nil || posting == nil {
			return n, err
		}
		if a.allowed.has(int(posting.ID.Value())) {
			n++
		}
	}
	return n, nil
}

// beginsName says whether the title of a visible person or application has a
// word that begins so: the word is unfinished, not wrong.
func (a *asker) beginsName(prefix string) bool {
	found := false
	err := a.eachNamed(prefix, false, func(int) { found = true })
	return err == nil && found
}

// correction is the neighbour of a word, or else of its other number.
func (a *asker) correction(folded string) (string, error) {
	best, err := a.neighbour(folded)
	if best != "" || err != nil || utf8.RuneCountInString(folded) < leastOtherNumber {
		return best, err
	}
	if singular, plural := strings.CutSuffix(folded, "s"); plural {
		return a.neighbour(singular)
	}
	return a.neighbour(folded + "s")
}

// neighbour is the word at distance 1 that most visible entries hold, "" for
// none.
func (a *asker) neighbour(folded string) (string, error) {
	all, err := a.neighbours(folded)
	if err != nil {
		return "", err
	}
	best, most := "", 0
	for _, one := range all {
		if one.holders <= most {
			break // sorted: no other can have more visible ones
		}
		n := 0
		for _, field := range []string{fieldName, fieldWord} {
			visible, err := a.visible(field, one.text, one.holders)
			if err != nil {
				return "", err
			}
			n = max(n, visible)
		}
		if n > most {
			best, most = one.text, n
		}
	}
	return best, nil
}

// neighbour is a word and how many entries hold it.
type neighbour struct {
	text    string
	holders int
}

// neighbours returns the words at distance 1, the most frequent first.
func (a *asker) neighbours(folded string) ([]neighbour, error) {
	texts := map[string]bool{}
	for _, field := range []string{fieldName, fieldWord} {
		words, err := a.view.reader.FieldDictFuzzy(field, folded, 1, "")
		if err != nil {
			return nil, err
		}
		err = eachEntryOf(a.ctx, words, func(word string) error {
			if word != folded && stem(word) != "" {
				texts[word] = true
			}
			return nil
		})
		words.Close()
		if err != nil {
			return nil, err
		}
	}
	var all []neighbour
	for text := range texts {
		inName, err := a.view.holders(a.ctx, fieldName, text)
		if err != nil {
			return nil, err
		}
		inBody, err := a.view.holders(a.ctx, fieldWord, text)
		if err != nil {
			return nil, err
		}
		all = append(all, neighbour{text, int(max(inName, inBody))})
	}
	slices.SortFunc(all, func(x, y neighbour) int {
		if x.holders != y.holders {
			return y.holders - x.holders
		}
		return strings.Compare(x.text, y.text)
	})
	return all[:min(len(all), maxNeighbours)], nil
}

// corrected is the text of the question with the corrected words in it, as the
// hits write them; "" when none was corrected. written gives for a folded word
// how a hit writes it, "associations" → "associations", "fetes" → "fêtes".
func (q question) corrected(written map[string]string) string {
	var text strings.Builder
	end, changed := 0, false
	for _, one := range q.terms {
		if !one.corrected {
			continue
		}
		changed = true
		replacement := written[one.folded]
		if replacement == "" {
			replacement = one.folded
		}
		text.WriteString(q.text[end:one.start])
		text.WriteString(replacement)
		end = one.end
	}
	if !changed {
		return ""
	}
	text.WriteString(q.text[end:])
	return strings.TrimSpace(text.String())
}
