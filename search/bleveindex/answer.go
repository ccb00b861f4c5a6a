package bleveindex

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/search"
)

// read runs fn in the current view of a collectivity.
func (x *Index) read(collectivity portal.CollectivityID, fn func(*view) error) error {
	shelf, done, err := x.use(collectivity)
	if err != nil {
		return err
	}
	defer done()
	return shelf.read(fn)
}

// Search implements search.Index.
func (x *Index) Search(ctx context.Context, caller portal.Caller, query search.Query, others ...portal.Caller) (search.Results, error) {
	lent, err := x.lentBy(ctx, others, query, false)
	if err != nil {
		return search.Results{}, err
	}
	results, answered, err := x.own(ctx, caller, query, lent)
	if err != nil || len(others) == 0 || lent.answered > 0 {
		return results, err
	}
	// Nobody of the others as it was typed: as what was found here is written, else
	// as they know a word near to it.
	switch {
	case results.Correction != "":
		corrected := query
		corrected.Text = results.Correction + " " // its last word is finished
		lent, err = x.lentBy(ctx, others, corrected, false)
		lent.typed = false
	case answered == 0:
		lent, err = x.lentBy(ctx, others, query, true)
	}
	if err != nil || lent.answered == 0 {
		return results, err
	}
	results, _, err = x.own(ctx, caller, query, lent)
	return results, err
}

// own answers a query in the caller's own collectivity, with what others lend among
// its hits. answered counts its own, whatever the query chooses of them.
func (x *Index) own(ctx context.Context, caller portal.Caller, query search.Query, lent lent) (results search.Results, answered int, err error) {
	err = x.read(caller.Collectivity, func(v *view) error {
		results, answered, err = v.search(ctx, caller, query, lent)
		return err
	})
	return results, answered, err
}

// search answers a query in one view.
func (v *view) search(ctx context.Context, caller portal.Caller, query search.Query, lent lent) (search.Results, int, error) {
	a, err := v.ask(ctx, caller)
	if err != nil {
		return search.Results{}, 0, err
	}
	defer a.done()
	q := parse(query.Text)
	best, results, err := a.best(&q, query, !lent.typed)
	if err != nil {
		return search.Results{}, 0, err
	}
	results.Partial = !v.state.Filled || lent.partial
	lent.count(&results, query)
	page, own := lent.page(best, results.Page, query.ByDate, a)
	shown, correction, err := a.show(q, own)
	if err != nil {
		return search.Results{}, 0, err
	}
	for _, hit := range page {
		if hit == nil {
			hit, shown = &shown[0], shown[1:]
		}
		results.Hits = append(results.Hits, *hit)
	}
	results.Correction = cmp.Or(correction, lent.correction)
	return results, a.answered, nil
}

// best answers a question with as many candidates as the query's page needs, the
// best first, and counts them.
func (a *asker) best(q *question, query search.Query, correct bool) ([]candidate, search.Results, error) {
	if err := a.match(q, correct); err != nil {
		return nil, search.Results{}, err
	}
	best, results, err := a.choose(query)
	if err != nil || query.ByDate {
		return best, results, err
	}
	top := best[:min(len(best), candidates)]
	if err := a.scorePhrases(*q, top); err != nil {
		return nil, search.Results{}, err
	}
	slices.SortFunc(top, a.view.labels.byScore)
	return best, results, nil
}

// ask begins an answer. The caller ends it with done.
func (v *view) ask(ctx context.Context, caller portal.Caller) (*asker, error) {
	allowed, err := v.allowedTo(ctx, caller)
	return v.asker(ctx, caller, allowed), err
}

func (v *view) asker(ctx context.Context, caller portal.Caller, allowed bitset) *asker {
	return &asker{ctx: ctx, view: v, caller: caller, allowed: allowed, scores: v.scratch.Get().(*scores)}
}

func (a *asker) done() {
	a.scores.reset()
	a.view.scratch.Put(a.scores)
}

// match corrects the question, unless it is to be taken as typed, then gives points
// to every entry that answers it.
func (a *asker) match(q *question, correct bool) error {
	if correct {
		if err := a.correct(q); err != nil {
			return err
		}
	}
	if err := a.score(*q); err != nil {
		return err
	}
	if err := a.scorePrefix(*q); err != nil {
		return err
	}
	return a.keepPhrases(*q)
}

// prefixScore is given for the beginning of a person's or an application's
// name, at most: less than for the whole word.
const prefixScore = 4.0

// scorePrefix finds people and applications by the beginning of a name, and
// anything when nothing else would be: the last word may be unfinished.
func (a *asker) scorePrefix(q question) error {
	if len(q.prefix) < 2 || len(q.terms) == 0 {
		return nil
	}
	last := len(q.terms) - 1
	return a.eachNamed(q.prefix, q.begins, func(entry int) {
		a.scores.add(entry, prefixScore, 1<<last)
	})
}

// maxNames bounds how many words a prefix stands for.
const maxNames = 64

// eachNamed calls fn with the visible people and applications, or documents of
// every kind, whose title has a word that begins with the prefix.
func (a *asker) eachNamed(prefix string, every bool, fn func(entry int)) error {
	labels := &a.view.labels
	if err := labels.load(a.ctx, a.view); err != nil {
		return err
	}
	names, err := a.view.reader.FieldDictPrefix(fieldName, []byte(prefix))
	if err != nil {
		return err
	}
	defer names.Close()
	n := 0
	return eachEntryOf(a.ctx, names, func(name string) error {
		if n++; n > maxNames {
			return nil
		}
		return a.view.eachEntry(a.ctx, fieldName, name, func(entry int) {
			kind := search.Kind(labels.kinds[labels.kind[entry]])
			if a.allowed.has(entry) && (every || kind == search.KindPerson || kind == search.KindApplication) {
				fn(entry)
			}
		})
	})
}

// choose counts what was found, by facet, and returns the best of what the
// query keeps, as many as its page needs.
func (a *asker) choose(query search.Query) ([]candidate, search.Results, error) {
	labels := &a.view.labels
	if err := labels.load(a.ctx, a.view); err != nil {
		return nil, search.Results{}, err
	}
	sieve := newSieve(labels, query)
	var kept []candidate
	for _, entry := range a.scores.touched {
		if !a.answers(entry) {
			continue
		}
		a.answered++
		if sieve.keeps(entry) {
			kept = append(kept, candidate{entry, float64(a.scores.points[entry])})
		}
	}
	order := labels.byScore
	if query.ByDate {
		order = func(x, y candidate) int {
			return cmp.Or(cmp.Compare(labels.day[y.entry], labels.day[x.entry]), labels.byScore(x, y))
		}
	}
	results := search.Results{Total: len(kept), Facets: sieve.facets()}
	paged(&results, query)
	keep := max(candidates, results.Page*search.PageSize)
	return bestOf(kept, keep, order), results, nil
}

// paged says which page of its total an answer is.
func paged(results *search.Results, query search.Query) {
	results.Pages = min((results.Total+search.PageSize-1)/search.PageSize, search.MaxPage)
	results.Page = max(1, min(query.Page, results.Pages))
}

// byScore puts the best first, of equals the newest, then follows the entries.
func (l *labels) byScore(x, y candidate) int {
	return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(l.day[y.entry], l.day[x.entry]), cmp.Compare(x.entry, y.entry))
}

// bestOf returns the n first in the order, in that order.
func bestOf(all []candidate, n int, order func(x, y candidate) int) []candidate {
	if len(all) > 4*n {
		all = quickSelect(all, n, order)
	}
	slices.SortFunc(all, order)
	return all[:min(n, len(all))]
}

// quickSelect returns some of the candidates, the n first in the order among
// them, fewer than 4n if it can.
func quickSelect(all []candidate, n int, order func(x, y candidate) int) []candidate {
	for len(all) > 4*n {
		pivot := medianOfThree(all, order)
		var first []candidate
		for _, one := range all {
			if order(one, pivot) <= 0 {
				first = append(first, one)
			}
		}
		if len(first) < n || len(first) == len(all) {
			break
		}
		all = first
	}
	return all
}

func medianOfThree(all []candidate, order func(x, y candidate) int) candidate {
	three := []candidate{all[0], all[len(all)/2], all[len(all)-1]}
	slices.SortFunc(three, order)
	return three[1]
}

// sieve narrows what was found by the choices of a query, and counts it by what
// it would be with each other choice.
type sieve struct {
	labels   *labels
	kind     search.Kind
	unit     string
	period   search.Period
	periods  []search.Period
	since    []uint32 // first day of each period
	chosen   int      // index of the query's period, -1 for any time
	all      int
	anyUnit  int
	anyTime  int
	byKind   []int
	byUnit   []int
	byPeriod []int
}

func newSieve(labels *labels, query search.Query) *sieve {
	s := &sieve{
		labels: labels, kind: query.Kind, unit: query.Unit, period: query.Period,
		periods: []search.Period{search.ThisYear, search.LastMonth}, chosen: -1,
		byKind: make([]int, len(labels.kinds)), byUnit: make([]int, len(labels.units)),
		byPeriod: make([]int, 2),
	}
	for i, period := range s.periods {
		s.since = append(s.since, dayNumber(period.Since(query.Now).Format(dayFormat)))
		if period == query.Period {
			s.chosen = i
		}
	}
	return s
}

// keeps counts an entry, and says whether it passes all choices.
func (s *sieve) keeps(entry int) bool {
	kind, unit, day := s.labels.kind[entry], s.labels.unit[entry], s.labels.day[entry]
	ofKind := s.kind == "" || s.labels.kinds[kind] == string(s.kind)
	ofUnit := s.unit == "" || s.labels.units[unit] == s.unit
	ofTime := s.chosen < 0 || day >= s.since[s.chosen]
	if ofUnit && ofTime {
		s.all++
		s.byKind[kind]++
	}
	if ofKind && ofTime {
		s.anyUnit++
		s.byUnit[unit]++
	}
	if ofKind && ofUnit {
		s.anyTime++
		for i, since := range s.since {
			if day >= since {
				s.byPeriod[i]++
			}
		}
	}
	return ofKind && ofUnit && ofTime
}

// maxUnits is how many units are offered to narrow by.
const maxUnits = 6

func (s *sieve) facets() search.Facets {
	facets := search.Facets{All: s.all, AnyUnit: s.anyUnit, AnyTime: s.anyTime}
	for i, n := range s.byKind {
		if n > 0 {
			facets.Kinds = append(facets.Kinds, search.Count{Value: s.labels.kinds[i], N: n})
		}
	}
	slices.SortStableFunc(facets.Kinds, byNumber)
	for i, n := range s.byUnit {
		if i > 0 && (n > 0 || s.labels.units[i] == s.unit) {
			facets.Units = append(facets.Units, search.Count{Value: s.labels.units[i], N: n})
		}
	}
	slices.SortStableFunc(facets.Units, byNumber)
	for i, n := range s.byPeriod {
		facets.Periods = append(facets.Periods, search.Count{Value: string(s.periods[i]), N: n})
	}
	return facets
}

// byNumber puts the largest count first, then follows the words.
func byNumber(x, y search.Count) int {
	return cmp.Or(y.N-x.N, strings.Compare(x.Value, y.Value))
}
