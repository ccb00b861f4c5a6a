package bleveindex

import (
	"context"
	"math"
	"slices"

	index "github.com/blevesearch/bleve_index_api"

	"parvis/portal"
)

// The constants of the score, tuned on the judged collection (see
// docs/performance-search.md). Titles weigh twice a body, and words written as they
// were typed a little more than words of the same stem.
const (
	saturation   = 2.5 // k1 of BM25
	idfPower     = 0.8 // frequent words count a little more than BM25 gives them
	exactWeight  = 0.3
	phraseWeight = 0.7
	fixedWeight  = 0.85 // of a corrected word
	keyScore     = 30.0 // of a keyword typed whole: above what words reach
)

// scored is one field that words are looked up in.
type scored struct {
	field  string
	exact  bool // holds folded words, not stems
	title  bool
	weight float64
	b      float64 // how much a length above the average counts against
}

var scoredFields = []scored{
	{field: fieldTitle, title: true, weight: 2, b: 0.7},
	{field: fieldBody, weight: 1, b: 0.5},
	{field: fieldName, exact: true, title: true, weight: 2 * exactWeight, b: 0.7},
	{field: fieldWord, exact: true, weight: 1 * exactWeight, b: 0.5},
}

// scores accumulates what a question gives to each entry of a view.
type scores struct {
	points  []float32
	matched []uint32 // bit i: the term i was found
	touched []int    // entries with points
}

func newScores(size int) *scores {
	return &scores{points: make([]float32, size), matched: make([]uint32, size)}
}

func (s *scores) add(entry int, points float64, bits uint32) {
	if s.matched[entry] == 0 {
		s.touched = append(s.touched, entry)
	}
	s.points[entry] += float32(points)
	s.matched[entry] |= bits
}

func (s *scores) reset() {
	for _, entry := range s.touched {
		s.points[entry], s.matched[entry] = 0, 0
	}
	s.touched = s.touched[:0]
}

// idf is the weight of a word held by n of all entries: Robertson and Spärck
// Jones as in Lucene, never negative.
func idf(n, all float64) float64 {
	return math.Pow(math.Log(1+(all-n+0.5)/(n+0.5)), idfPower)
}

// asker answers one question of one caller in one view.
type asker struct {
	ctx     context.Context
	view    *view
	caller  portal.Caller
	allowed bitset
	scores  *scores
	idfs    []float64 // of the stem of each term

	whole    uint32   // terms that an entry must hold, all of them; 0: enough of them
	ofUnit   []uint32 // the terms that each unit's name holds, nil when that is no matter
	answered int      // entries that answer, whatever the query chooses
}

// score gives points to every entry that the caller may see and that holds
// one of the terms.
func (a *asker) score(q question) error {
	v := a.view
	if err := v.title.load(a.ctx, v, fieldTitle); err != nil {
		return err
	}
	if err := v.body.load(a.ctx, v, fieldBody); err != nil {
		return err
	}
	a.idfs = make([]float64, len(q.terms))
	for i, one := range q.terms {
		if err := a.scoreTerm(i, one); err != nil {
			return err
		}
	}
	return a.scoreKeys(q)
}

// scoreTerm looks a term up in each field. What holds its stem is weighed by
// how few entries do, and so is what holds the word itself.
func (a *asker) scoreTerm(number int, one term) error {
	var found [4]index.TermFieldReader // as scoredFields
	var stems, words float64           // entries that hold the stem, the word
	for i, field := range scoredFields {
		text := one.stem
		if field.exact {
			text = one.folded
		}
		if text == "" {
			continue
		}
		postings, err := a.view.reader.TermFieldReader(a.ctx, []byte(text), field.field, true, false, false)
		if err != nil {
			return err
		}
		defer postings.Close()
		found[i] = postings
		if field.exact {
			words = max(words, float64(postings.Count()))
		} else {
			stems = max(stems, float64(postings.Count()))
		}
	}
	ofStem, ofWord := idf(stems, a.view.docs), idf(words, a.view.docs)
	if one.stem == "" {
		ofStem = 0
	}
	a.idfs[number] = max(ofStem, ofWord*exactWeight) * one.weight
	for i, field := range scoredFields {
		weight := ofStem
		if field.exact {
			weight = ofWord
		}
		if found[i] == nil {
			continue
		}
		if err := a.scoreField(field, found[i], weight*one.weight*field.weight, 1<<number); err != nil {
			return err
		}
	}
	return nil
}

// scoreField is BM25 with the true lengths, which Bleve's own is not.
func (a *asker) scoreField(field scored, postings index.TermFieldReader, weight float64, bit uint32) error {
	lengths, average := a.view.body.lengths, a.view.body.average
	if field.title {
		lengths, average = a.view.title.lengths, a.view.title.average
	}
	flat, slope := saturation*(1-field.b), saturation*field.b/average
	weight *= saturation + 1
	var one index.TermFieldDoc
	for n := 1; ; n++ {
		posting, err := postings.Next(&one)
		if err != nil || posting == nil {
			return err
		}
		if n%4096 == 0 && a.ctx.Err() != nil {
			return a.ctx.Err()
		}
		entry := int(posting.ID.Value())
		if a.allowed.has(entry) {
			frequency := float64(posting.Freq)
			a.scores.add(entry, weight*frequency/(frequency+flat+slope*float64(lengths[entry])), bit)
		}
	}
}

// scoreKeys gives points for keywords and telephone numbers. They count as if
// all words were found.
func (a *asker) scoreKeys(q question) error {
	const all = math.MaxUint32
	add := func(entry int) {
		if a.allowed.has(entry) {
			a.scores.add(entry, keyScore, all)
		}
	}
	for i, key := range q.keys {
		bits := add
		if i > 0 { // a piece of the text
			bits = func(entry int) {
				if a.allowed.has(entry) {
					a.scores.add(entry, keyScore/3, 1)
				}
			}
		}
		if err := a.view.eachEntry(a.ctx, fieldKey, key, bits); err != nil {
			return err
		}
	}
	if q.phone == "" {
		return nil
	}
	numbers, err := a.view.reader.FieldDictPrefix(fieldKey, []byte(q.phone))
	if err != nil {
		return err
	}
	defer numbers.Close()
	return eachEntryOf(a.ctx, numbers, func(number string) error {
		return a.view.eachEntry(a.ctx, fieldKey, number, add)
	})
}

// candidates is how many of the best entries are looked at for phrases. The
// pages after them follow in the order of their words alone.
const candidates = 100

// candidate is an entry and its score.
type candidate struct {
	entry int
	score float64
}

// scorePhrases adds to the candidates a bonus for each pair of neighbouring
// terms that they hold side by side, as the question has them.
func (a *asker) scorePhrases(q question, best []candidate) error {
	if len(q.terms) < 2 || len(best) == 0 {
		return nil
	}
	order := make([]int, len(best)) // postings are read in the order of entries
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return best[i].entry - best[j].entry })
	for _, field := range scoredFields[:2] {
		lengths, average := a.view.body.lengths, a.view.body.average
		if field.title {
			lengths, average = a.view.title.lengths, a.view.title.average
		}
		places, err := a.places(field.field, q, best, order)
		if err != nil {
			return err
		}
		for i := range best {
			norm := saturation * (1 - field.b + field.b*float64(lengths[best[i].entry])/average)
			for t := 1; t < len(q.terms); t++ {
				gap := q.terms[t].position - q.terms[t-1].position
				n := sideBySide(places[t-1][i], places[t][i], gap)
				if n > 0 {
					weight := phraseWeight * field.weight * min(a.idfs[t-1], a.idfs[t])
					best[i].score += weight * n * (saturation + 1) / (n + norm)
				}
			}
		}
	}
	return nil
}

// places returns the positions of each term in each candidate, sorted:
// places[term][candidate].
func (a *asker) places(field string, q question, best []candidate, order []int) ([][][]int, error) {
	places := make([][][]int, len(q.terms))
	for t, one := range q.terms {
		places[t] = make([][]int, len(best))
		if one.stem == "" {
			continue
		}
		err := a.view.vectors(field, one.stem, func(yield func(entry int) bool) {
			for _, i := range order {
				if a.scores.matched[best[i].entry]&(1<<t) != 0 && !yield(best[i].entry) {
					return
				}
			}
		}, func(entry int, vectors []*index.TermFieldVector) {
			i, _ := slices.BinarySearchFunc(order, entry, func(i, entry int) int { return best[i].entry - entry })
			positions := make([]int, len(vectors))
			for n, vector := range vectors {
				positions[n] = int(vector.Pos)
			}
			slices.Sort(positions)
			places[t][order[i]] = positions
		})
		if err != nil {
			return nil, err
		}
	}
	return places, nil
}

// vectors calls fn with the places of a term in those of the given entries
// (ascending) that hold it.
func (v *view) vectors(field, term string, entries func(yield func(int) bool), fn func(int, []*index.TermFieldVector)) (err error) {
	postings, err := v.reader.TermFieldReader(context.Background(), []byte(term), field, true, false, true)
	if err != nil {
		return err
	}
	defer postings.Close()
	var one index.TermFieldDoc
	last := -1
	entries(func(entry int) bool {
		if entry > last {
			var posting *index.TermFieldDoc
			posting, err = postings.Advance(index.NewIndexInternalID(nil, uint64(entry)), &one)
			if err != nil || posting == nil {
				return false
			}
			last = int(posting.ID.Value())
		}
		if last == entry {
			fn(entry, one.Vectors)
		}
		return true
	})
	return err
}

// sideBySide counts the positions of a that have one of b exactly gap after.
func sideBySide(a, b []int, gap int) float64 {
	n, j := 0.0, 0
	for _, position := range a {
		for j < len(b) && b[j] < position+gap {
			j++
		}
		if j == len(b) {
			break
		}
		if b[j] == position+gap {
			n++
		}
	}
	return n
}
