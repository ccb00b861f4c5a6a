// Package search finds things in one collectivity: people, applications,
// documents, articles and events. Features offer their documents through a
// Source and say what changed through a Queue, in the transaction of the
// change. An Indexer carries the changes to an Index, which filters every
// answer by its caller inside the query.
//
// The text of files is taken out by search/extract, and the index itself lives
// in search/bleveindex.
package search

import (
	"context"

	"parvis/portal"
)

// Index holds the documents of all collectivities, each apart from the others.
// It is a cache: what it loses comes back from the sources.
type Index interface {
	// Search answers a query with what the caller may see. An index that can't
	// be read is portal.ErrUnavailable.
	//
	// others are readers of collectivities that lend their people: those of them
	// who answer the whole query are among the hits. What else is in such a
	// collectivity is in no hit, count or correction. One whose index can't be
	// read is left out, and the answer Partial.
	Search(ctx context.Context, caller portal.Caller, query Query, others ...portal.Caller) (Results, error)
	// Suggest returns at most limit people, applications and other titles that
	// hold words beginning as the text's, best first. It is quick enough to be
	// called at each key. The people that others lend come after one's own, and
	// before documents.
	Suggest(ctx context.Context, caller portal.Caller, text string, limit int, others ...portal.Caller) ([]Hit, error)
	// Apply puts and deletes documents, all or none. When it returns nil they
	// are on disk and found by the next Search.
	Apply(ctx context.Context, collectivity portal.CollectivityID, changes []Change) error
	// State says which making of an index this is, and whether it is filled.
	State(ctx context.Context, collectivity portal.CollectivityID) (State, error)
	// SetFilled records that this making of the index has been given everything
	// that existed before it. Of another making it records nothing.
	SetFilled(ctx context.Context, collectivity portal.CollectivityID, making string) error
	// Purge removes from the disk the text of documents deleted or replaced
	// before, which an index otherwise keeps until it happens to merge.
	Purge(ctx context.Context, collectivity portal.CollectivityID) error
	// OnEmpty sets what is called, once each time, when an index turns out to be
	// new, lost or damaged, and so not filled. It is set before the first use.
	OnEmpty(func(collectivity portal.CollectivityID))
	// Remove forgets a collectivity, on disk too.
	Remove(ctx context.Context, collectivity portal.CollectivityID) error
}

// State is that of one collectivity's index.
type State struct {
	Making string // drawn when the index was made, anew after each loss
	Filled bool   // false while what existed before is on its way
}

// Change is what happened to one document.
type Change struct {
	Kind     Kind
	ID       string
	Document *Document // as it is now; nil when it is to be deleted
}
