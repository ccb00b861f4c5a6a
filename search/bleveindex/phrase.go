package bleveindex

import (
	"math/bits"
	"slices"
)

// keepPhrases drops the entries that hold none of a quoted phrase's runs: all
// its terms, in their order and at their distances, in the title or the body.
func (a *asker) keepPhrases(q question) error {
	phrases := map[int][]int{} // number of the phrase → its terms
	for i, one := range q.terms {
		if one.phrase > 0 {
			phrases[one.phrase] = append(phrases[one.phrase], i)
		}
	}
	for _, terms := range phrases {
		if err := a.keepPhrase(q, terms); err != nil {
			return err
		}
	}
	return nil
}

func (a *asker) keepPhrase(q question, terms []int) error {
	var all uint32
	for _, t := range terms {
		all |= 1 << t
	}
	var holders []candidate
	for _, entry := range a.scores.touched {
		if a.scores.matched[entry]&all == all {
			holders = append(holders, candidate{entry: entry})
		}
	}
	slices.SortFunc(holders, func(x, y candidate) int { return x.entry - y.entry })
	holds, err := a.holdPhrase(q, terms, holders)
	if err != nil {
		return err
	}
	for _, entry := range a.scores.touched {
		if !holds[entry] {
			a.scores.matched[entry], a.scores.points[entry] = 0, 0
		}
	}
	return nil
}

func (a *asker) holdPhrase(q question, terms []int, holders []candidate) (map[int]bool, error) {
	holds := map[int]bool{}
	if len(terms) == 1 {
		for _, one := range holders {
			holds[one.entry] = true
		}
		return holds, nil
	}
	order := make([]int, len(holders))
	for i := range order {
		order[i] = i
	}
	for _, field := range []string{fieldTitle, fieldBody} {
		places, err := a.places(field, q, holders, order)
		if err != nil {
			return nil, err
		}
		for i, one := range holders {
			if hasRun(q, terms, places, i) {
				holds[one.entry] = true
			}
		}
	}
	return holds, nil
}

// hasRun says whether the terms stand at their distances in a candidate.
func hasRun(q question, terms []int, places [][][]int, candidate int) bool {
	first := terms[0]
	for _, start := range places[first][candidate] {
		found := true
		for _, t := range terms[1:] {
			want := start + q.terms[t].position - q.terms[first].position
			if _, ok := slices.BinarySearch(places[t][candidate], want); !ok {
				found = false
				break
			}
		}
		if found {
			return true
		}
	}
	return false
}

// leastMatch is the share of a question's weight that an entry must hold to be
// found at all, unless it holds a third of its words: of five words, one that
// half of the entries hold is no answer.
const leastMatch = 0.25

// answers says whether an entry holds enough of the question.
func (a *asker) answers(entry int) bool {
	matched := a.scores.matched[entry]
	if matched == 0 {
		return false
	}
	if a.ofUnit != nil {
		matched |= a.ofUnit[a.view.labels.unit[entry]]
	}
	if a.whole != 0 {
		return matched&a.whole == a.whole
	}
	if 3*bits.OnesCount32(matched) >= len(a.idfs) {
		return true
	}
	var held, whole float64
	for i, weight := range a.idfs {
		whole += weight
		if matched&(1<<i) != 0 {
			held += weight
		}
	}
	return held >= leastMatch*whole
}
