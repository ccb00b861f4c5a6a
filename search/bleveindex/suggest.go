package bleveindex

import (
	"context"
	"slices"

	"parvis/portal"
	"parvis/search"
)

// Suggest implements search.Index. Every word must be found in the title or be
// a key of it, the last one by its beginning; a word that no title holds is
// taken as its neighbour. Of other collectivities, as typed unless nothing is.
func (x *Index) Suggest(ctx context.Context, caller portal.Caller, text string, limit int, others ...portal.Caller) ([]search.Hit, error) {
	var hits []search.Hit
	err := x.read(caller.Collectivity, func(v *view) error {
		a, err := v.ask(ctx, caller)
		if err != nil {
			return err
		}
		defer a.done()
		hits, err = a.suggest(text, limit, true)
		return err
	})
	if err != nil || len(others) == 0 {
		return hits, err
	}
	lent, err := x.suggestLent(ctx, others, text, limit, false)
	if err == nil && len(hits)+len(lent) == 0 {
		lent, err = x.suggestLent(ctx, others, text, limit, true)
	}
	return besideOwn(hits, lent, limit), err
}

// suggest makes suggestions of what is allowed. correct: a word that no title holds is
// taken as its neighbour.
func (a *asker) suggest(text string, limit int, correct bool) ([]search.Hit, error) {
	ctx, v := a.ctx, a.view
	if err := v.labels.load(ctx, v); err != nil {
		return nil, err
	}
	if err := v.title.load(ctx, v, fieldTitle); err != nil {
		return nil, err
	}
	q := parse(text)
	if len(q.terms) == 0 && q.phone == "" && len(q.keys) == 0 {
		return nil, nil
	}
	if err := a.suggestTerms(&q, correct); err != nil {
		return nil, err
	}
	best := a.suggested(q)
	hits, _, err := a.show(q, best[:min(limit, len(best))])
	return hits, err
}

// suggestTerms finds each term in the titles. The bit of a term is set where
// it was found.
func (a *asker) suggestTerms(q *question, correct bool) error {
	a.idfs = make([]float64, len(q.terms))
	for t := range q.terms {
		one := &q.terms[t]
		last := t == len(q.terms)-1 && q.prefix != ""
		found, err := a.suggestTerm(t, one.folded, last)
		if err != nil {
			return err
		}
		if found || !correct || len(one.folded) < leastCorrected || isNumber(one.folded) {
			continue
		}
		near, err := a.neighbour(one.folded)
		if err != nil {
			return err
		}
		if near != "" {
			one.folded, one.stem = near, stem(near)
			if _, err := a.suggestTerm(t, near, false); err != nil {
				return err
			}
		}
	}
	return a.scoreKeys(*q)
}

func (a *asker) suggestTerm(number int, folded string, prefix bool) (bool, error) {
	found := false
	add := func(points float64) func(entry int) {
		return func(entry int) {
			if a.allowed.has(entry) {
				found = true
				a.scores.add(entry, points, 1<<number)
			}
		}
	}
	if err := a.view.eachEntry(a.ctx, fieldName, folded, add(2)); err != nil || !prefix {
		return found, err
	}
	names, err := a.view.reader.FieldDictPrefix(fieldName, []byte(folded))
	if err != nil {
		return found, err
	}
	defer names.Close()
	n := 0
	err = eachEntryOf(a.ctx, names, func(name string) error {
		if n++; n > maxNames {
			return nil
		}
		return a.view.eachEntry(a.ctx, fieldName, name, add(1))
	})
	return found, err
}

// suggested returns the entries that hold all terms: people and applications
// first, then short titles.
func (a *asker) suggested(q question) []candidate {
	all := uint32(1)<<len(q.terms) - 1
	labels, lengths := &a.view.labels, a.view.title.lengths
	var best []candidate
	for _, entry := range a.scores.touched {
		if a.scores.matched[entry]&all != all || a.scores.points[entry] == 0 {
			continue
		}
		score := float64(a.scores.points[entry]) / (2 + float64(lengths[entry]))
		switch search.Kind(labels.kinds[labels.kind[entry]]) {
		case search.KindPerson, search.KindApplication:
			score += 100
		}
		best = append(best, candidate{entry, score})
	}
	slices.SortFunc(best, labels.byScore)
	return best
}
