package search

import (
	"context"
	"slices"

	"parvis/portal"
)

// Other is a collectivity that lends its people: they are found beside one's own.
type Other struct {
	Reader portal.Caller // as whom the caller reads it
	Name   string        // "Bourg-sur-Loire"
}

// Others says which collectivities lend their people, and how they are seen there.
type Others interface {
	// Readable lists those that everyone of the caller's collectivity may read now.
	Readable(ctx context.Context, caller portal.Caller) ([]Other, error)
	// People are some people of one as its reader sees them now, in any order. Who is
	// not to be seen, and for whom the index is behind, is missing.
	People(ctx context.Context, reader portal.Caller, ids []string) ([]Document, error)
}

// finder asks an index, with the people whom others lend. The index only says who
// they are: what is shown is what may be seen of them now.
type finder struct {
	index  Index
	others Others
}

func (f finder) search(ctx context.Context, caller portal.Caller, query Query) (Results, error) {
	lenders, readers, err := f.lenders(ctx, caller)
	if err != nil {
		return Results{}, err
	}
	results, err := f.index.Search(ctx, caller, query, readers...)
	if err != nil {
		return Results{}, explained(err)
	}
	before := len(results.Hits)
	results.Hits, err = f.asSeen(ctx, lenders, results.Hits)
	results.leaveOut(before - len(results.Hits))
	return results, err
}

func (f finder) suggest(ctx context.Context, caller portal.Caller, text string, limit int) ([]Hit, error) {
	lenders, readers, err := f.lenders(ctx, caller)
	if err != nil {
		return nil, err
	}
	hits, err := f.index.Suggest(ctx, caller, text, limit, readers...)
	if err != nil {
		return nil, explained(err)
	}
	return f.asSeen(ctx, lenders, hits)
}

// lenders are the collectivities that lend their people, with their readers.
func (f finder) lenders(ctx context.Context, caller portal.Caller) ([]Other, []portal.Caller, error) {
	lenders, err := f.others.Readable(ctx, caller)
	readers := make([]portal.Caller, len(lenders))
	for i, one := range lenders {
		readers[i] = one.Reader
	}
	return lenders, readers, err
}

// asSeen puts what may be seen now of lent people in the place of what the index
// knows, and leaves out who may not be.
func (f finder) asSeen(ctx context.Context, lenders []Other, hits []Hit) ([]Hit, error) {
	for _, one := range lenders {
		var ids []string
		for _, hit := range hits {
			if hit.Collectivity == one.Reader.Collectivity {
				ids = append(ids, hit.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		people, err := f.others.People(ctx, one.Reader, ids)
		if err != nil {
			return nil, err
		}
		seen := make(map[string]Document, len(people))
		for _, person := range people {
			seen[person.ID] = person
		}
		hits = slices.DeleteFunc(hits, func(hit Hit) bool {
			_, shown := seen[hit.ID]
			return hit.Collectivity == one.Reader.Collectivity && !shown
		})
		for i := range hits {
			if hits[i].Collectivity == one.Reader.Collectivity {
				hits[i].show(seen[hits[i].ID], one.Name)
			}
		}
	}
	return hits, nil
}

// show shows a person of another collectivity as she is seen. What was marked in other
// words is not marked.
func (h *Hit) show(person Document, of string) {
	if person.Title != h.Title {
		h.Heading = []Segment{{Text: person.Title}}
	}
	if person.Summary != h.Summary {
		h.Extract = nil
	}
	h.Document, h.Of = person, of
}

// leaveOut takes people off the counts.
func (r *Results) leaveOut(people int) {
	r.Total -= people
	r.Facets.All -= people
	r.Facets.AnyUnit -= people
	r.Facets.AnyTime -= people
	for i := range r.Facets.Kinds {
		if r.Facets.Kinds[i].Value == string(KindPerson) {
			r.Facets.Kinds[i].N -= people
		}
	}
}
