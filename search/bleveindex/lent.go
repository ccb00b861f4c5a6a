package bleveindex

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"parvis/portal"
	"parvis/search"
)

// lent is what other collectivities lend to an answer: their people, and no more.
type lent struct {
	hits       []search.Hit // the best of each, as many as the query's page may need
	weights    []float64    // of each hit: what the words of the question weigh there
	results    search.Results
	answered   int    // people who answer, whatever the query chooses of them
	typed      bool   // they answer the question as it was typed
	correction string // what they answer instead, "" for what was asked
	partial    bool   // one of the indexes is not filled, or can't be read
}

// lentBy asks each of the others. correct: a word that nobody holds is taken as its
// neighbour, and those who know the same one lend.
func (x *Index) lentBy(ctx context.Context, others []portal.Caller, query search.Query, correct bool) (lent, error) {
	var all lent
	for _, reader := range others {
		var one lent
		err := x.readLent(ctx, reader, func(v *view) (err error) {
			one, err = v.lend(ctx, reader, query, correct)
			return err
		})
		switch {
		case errors.Is(err, errLeftOut):
			all.partial = true
			continue
		case err != nil:
			return lent{}, err
		}
		all.partial = all.partial || one.partial
		if one.answered == 0 || all.answered > 0 && one.correction != all.correction {
			continue
		}
		all.correction = one.correction
		all.hits, all.weights = append(all.hits, one.hits...), append(all.weights, one.weights...)
		all.answered += one.answered
		addCounts(&all.results, one.results)
	}
	all.typed = all.answered > 0 && !correct
	return all, nil
}

// errLeftOut is said of another collectivity's index that can't be read: the search of
// one's own goes on without it.
var errLeftOut = errors.New("bleveindex: left out")

func (x *Index) readLent(ctx context.Context, reader portal.Caller, fn func(*view) error) error {
	err := x.read(reader.Collectivity, fn)
	if err == nil || ctx.Err() != nil {
		return err
	}
	x.log.Warn("search index of another collectivity can't be read", "collectivity", reader.Collectivity, "error", err)
	return errLeftOut
}

// askPeople begins an answer about the people alone. The caller ends it with done.
func (v *view) askPeople(ctx context.Context, reader portal.Caller) (*asker, error) {
	allowed, err := v.lent(ctx)
	return v.asker(ctx, reader, allowed), err
}

// lend finds the people of one view. Each must answer the whole question, her unit
// helping: what is asked of a library brings nobody.
func (v *view) lend(ctx context.Context, reader portal.Caller, query search.Query, correct bool) (lent, error) {
	a, err := v.askPeople(ctx, reader)
	defer a.done()
	if err == nil {
		err = v.labels.load(ctx, v)
	}
	if err != nil {
		return lent{}, err
	}
	q := parse(query.Text)
	a.askWhole(q)
	best, results, err := a.best(&q, query, correct)
	if err != nil {
		return lent{}, err
	}
	one := lent{results: results, answered: a.answered, partial: !v.state.Filled}
	page := max(1, min(query.Page, search.MaxPage))
	one.hits, one.correction, err = a.show(q, best[:min(len(best), page*search.PageSize)])
	one.weights = slices.Repeat([]float64{a.weight()}, len(one.hits))
	return one, err
}

// askWhole asks for entries that hold every term, in themselves or in the name of
// their unit.
func (a *asker) askWhole(q question) {
	a.whole = uint32(1)<<len(q.terms) - 1
	if len(q.terms) < 2 {
		return // a unit alone is nobody
	}
	a.ofUnit = make([]uint32, len(a.view.labels.units))
	for i, unit := range a.view.labels.units {
		for _, w := range analyse([]byte(unit)) {
			for t, one := range q.terms {
				if w.folded == one.folded || w.stem != "" && w.stem == one.stem {
					a.ofUnit[i] |= 1 << t
				}
			}
		}
	}
}

// weight is what the words of the question weigh where it is asked.
func (a *asker) weight() (sum float64) {
	for _, one := range a.idfs {
		sum += one
	}
	return sum
}

// lentWeight puts one's own before others who answer as well.
const lentWeight = 0.9

// page is one page of the candidates and the hits that are lent, the best first: nil
// stands for the next of own, which are those candidates that are on it. A word is
// rarer in a larger index and would weigh more: it weighs as here.
func (l lent) page(best []candidate, page int, byDate bool, a *asker) (hits []*search.Hit, own []candidate) {
	type ranked struct {
		candidate
		day uint32
		hit *search.Hit
	}
	weight, days := a.weight(), a.view.labels.day
	all := make([]ranked, 0, len(best)+len(l.hits))
	for _, one := range best {
		all = append(all, ranked{candidate: one, day: days[one.entry]})
	}
	for i := range l.hits {
		hit := l.hits[i]
		hit.Score *= lentWeight
		if l.weights[i] > weight {
			hit.Score *= weight / l.weights[i]
		}
		all = append(all, ranked{candidate: candidate{score: hit.Score}, hit: &hit})
	}
	if len(l.hits) > 0 {
		slices.SortStableFunc(all, func(x, y ranked) int {
			if byDate && x.day != y.day {
				return cmp.Compare(y.day, x.day)
			}
			return cmp.Compare(y.score, x.score)
		})
	}
	first := (page - 1) * search.PageSize
	for _, one := range all[min(first, len(all)):min(first+search.PageSize, len(all))] {
		if hits = append(hits, one.hit); one.hit == nil {
			own = append(own, one.candidate)
		}
	}
	return hits, own
}

// count adds what is lent to the counts of one's own.
func (l lent) count(results *search.Results, query search.Query) {
	addCounts(results, l.results)
	results.Facets.Units = results.Facets.Units[:min(maxUnits, len(results.Facets.Units))]
	paged(results, query)
}

func addCounts(to *search.Results, from search.Results) {
	to.Total += from.Total
	facets, more := &to.Facets, from.Facets
	facets.All, facets.AnyUnit, facets.AnyTime = facets.All+more.All, facets.AnyUnit+more.AnyUnit, facets.AnyTime+more.AnyTime
	for _, one := range []struct {
		to   *[]search.Count
		from []search.Count
		sort bool
	}{{&facets.Kinds, more.Kinds, true}, {&facets.Units, more.Units, true}, {&facets.Periods, more.Periods, false}} {
		for _, count := range one.from {
			if i := slices.IndexFunc(*one.to, func(c search.Count) bool { return c.Value == count.Value }); i >= 0 {
				(*one.to)[i].N += count.N
			} else {
				*one.to = append(*one.to, count)
			}
		}
		if one.sort && len(one.from) > 0 {
			slices.SortStableFunc(*one.to, byNumber)
		}
	}
}

// suggestLent makes suggestions of the people of others, the best first.
func (x *Index) suggestLent(ctx context.Context, others []portal.Caller, text string, limit int, correct bool) ([]search.Hit, error) {
	var all []search.Hit
	for _, reader := range others {
		err := x.readLent(ctx, reader, func(v *view) error {
			a, err := v.askPeople(ctx, reader)
			defer a.done()
			if err != nil {
				return err
			}
			hits, err := a.suggest(text, limit, correct)
			all = append(all, hits...)
			return err
		})
		if err != nil && !errors.Is(err, errLeftOut) {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(x, y search.Hit) int { return cmp.Compare(y.Score, x.Score) })
	return all, nil
}

// besideOwn puts suggestions of other collectivities' people after one's own people and
// applications, and before titles, to which it leaves half of the places.
func besideOwn(own, lent []search.Hit, limit int) []search.Hit {
	named := slices.IndexFunc(own, func(hit search.Hit) bool {
		return hit.Kind != search.KindPerson && hit.Kind != search.KindApplication
	})
	if named < 0 {
		named = len(own)
	}
	lent = lent[:min(len(lent), max(limit/2, limit-len(own)))]
	all := slices.Concat(own[:named], lent, own[named:])
	return all[:min(limit, len(all))]
}
