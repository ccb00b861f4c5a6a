package directory

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"parvis/portal"
	"parvis/portal/i18n"
)

// question is what was typed to find people.
type question struct {
	words  []string // folded, each after a space, the first maxWords
	number string   // of a telephone or its middle, when nothing else was typed
	bad    bool     // only signs were typed, which no entry holds
}

// maxQuestion bounds what is looked at of a question: no name is longer.
const maxQuestion = 400

func ask(text string) question {
	if len(text) > maxQuestion {
		text = text[:maxQuestion] // a cut letter finds nobody
	}
	if number := digits(text); number != "" && !strings.ContainsFunc(text, unicode.IsLetter) {
		return question{number: number}
	}
	words := strings.Fields(i18n.Fold(text))
	q := question{bad: len(words) == 0 && strings.TrimSpace(text) != ""}
	for _, word := range words[:min(len(words), maxWords)] {
		q.words = append(q.words, " "+word)
	}
	return q
}

// empty says that nothing was typed: everybody is listed.
func (q question) empty() bool { return len(q.words) == 0 && q.number == "" && !q.bad }

// ranked is a person who answers a question.
type ranked struct {
	place int32 // in the roll
	rank  int   // less is better
}

// find looks for people, the best first, then in the order of names: as typed, and
// when nobody is found so, with errors of typing.
func (r *roll) find(q question, v veil, unit portal.UnitID) (found []ranked, near bool) {
	if q.bad {
		return nil, false
	}
	found = r.each(q, v, unit, (*rolled).rank)
	if len(found) == 0 && q.number == "" {
		found, near = r.each(q, v, unit, (*rolled).nearness), true
	}
	if slices.ContainsFunc(found, func(one ranked) bool { return one.rank != found[0].rank }) {
		slices.SortStableFunc(found, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	}
	return found, near && len(found) > 0
}

func (r *roll) each(q question, v veil, unit portal.UnitID, rank func(one *rolled, q question, shown [len(searched)]bool) (int, bool)) []ranked {
	var found []ranked
	opaque, shown := v.opaque(), [len(searched)]bool{}
	for i := range shown {
		shown[i] = true
	}
	for i := range r.people {
		one := &r.people[i]
		if unit != "" && one.unit != unit {
			continue
		}
		for f := range searched {
			shown[f] = !opaque || v.shows(searched[f], one.id, one.unit)
		}
		if value, answers := rank(one, q, shown); answers {
			found = append(found, ranked{int32(i), value})
		}
	}
	return found
}

// What a word costs by where it is found.
const (
	asFamily = iota // it begins the family name
	asName
	asInitials
	asRest
)

// rank says how well somebody answers, each word beginning a word of her entry.
func (p *rolled) rank(q question, shown [len(searched)]bool) (rank int, answers bool) {
	if q.number != "" {
		return 0, p.hasNumber(q.number, shown)
	}
	for _, word := range q.words {
		switch {
		case strings.HasPrefix(p.name, word):
			rank += asFamily
		case strings.Contains(p.name, word):
			rank += asName
		case p.hasInitials(word):
			rank += asInitials
		case p.hasText(word, shown), isDigits(word) && p.hasNumber(word[1:], shown):
			rank += asRest
		default:
			return 0, false
		}
	}
	return rank, true
}

// hasInitials says whether a word is her initials, whole.
func (p *rolled) hasInitials(word string) bool {
	return strings.HasPrefix(p.short, word+" ") || strings.HasSuffix(p.short, word)
}

func (p *rolled) hasText(word string, shown [len(searched)]bool) bool {
	if strings.Contains(p.place, word) {
		return true
	}
	for f, text := range p.texts[:numbers] {
		if shown[f] && strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// isDigits says whether a word is a part of a telephone number: one digit would be
// in all of them.
func isDigits(word string) bool {
	return len(word) > 2 && strings.Trim(word[1:], "0123456789") == ""
}

func (p *rolled) hasNumber(number string, shown [len(searched)]bool) bool {
	for f := numbers; f < len(searched); f++ {
		if shown[f] && strings.Contains(p.texts[f], number) {
			return true
		}
	}
	return false
}

// nearness says how far somebody is from an answer, when words may have errors.
func (p *rolled) nearness(q question, shown [len(searched)]bool) (far int, answers bool) {
	glued := strings.ReplaceAll(p.name, " ", "")
	for _, word := range q.words {
		if strings.Contains(p.name, word) || p.hasText(word, shown) || len(word) > 4 && strings.Contains(glued, word[1:]) {
			continue
		}
		best := wrongs(p.name, word[1:])
		best = min(best, wrongs(p.place, word[1:])+1)
		if shown[0] {
			best = min(best, wrongs(p.texts[0], word[1:])+1)
		}
		if best >= tooFar {
			return 0, false
		}
		far += best
	}
	return far, true
}

// tooFar is more errors than any word may have.
const tooFar = 10

// allowed is how many errors a word may have: short ones are too near to others.
func allowed(word string) int {
	switch {
	case len(word) < 4:
		return 0
	case len(word) < 8:
		return 1
	}
	return 2
}

// wrongs counts the errors by which a word is the nearest word of a text, or its
// beginning; tooFar when there are too many.
func wrongs(text, word string) int {
	best, most := tooFar, allowed(word)
	for most > 0 && text != "" {
		text = strings.TrimPrefix(text, " ")
		other, rest, _ := strings.Cut(text, " ")
		for end := max(1, len(word)-most); end <= min(len(other), len(word)+most); end++ {
			if d := distance(other[:end], word, most); d < best {
				best = d
			}
		}
		text = rest
	}
	if best > most {
		return tooFar
	}
	return best
}

// distance is how many letters are to add, to drop, to replace or to swap with the
// next (the optimal string alignment), or more than most.
func distance(a, b string, most int) int {
	const longest = 40
	if len(a) > longest || len(b) > longest || len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	var rows [3][longest + 1]int
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			least = min(least, now[j])
		}
		if least > most {
			return most + 1
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
