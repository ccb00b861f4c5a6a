package search

import (
	"context"

	"parvis/portal"
)

// Source is how a feature offers its documents. The index is a cache of what
// the sources answer: it can be rebuilt from them at any time.
type Source interface {
	// Kind is the kind of all its documents.
	Kind() Kind
	// Load returns the documents as they are now, in any order. An id that is
	// missing from the answer is taken out of the index.
	Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]Document, error)
	// IDs returns at most limit ids that sort after the given one ("" at first),
	// in ascending byte order. Fewer than limit: there are no more.
	IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error)
}
