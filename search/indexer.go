package search

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Indexer carries what changed from the sources to the index. One runs for an
// index; it may be stopped or killed at any instant, and goes on where it was.
type Indexer struct {
	db      *database.DB
	index   Index
	queue   Queue
	sources map[Kind]Source
	log     *slog.Logger
	now     func() time.Time

	mu    sync.Mutex
	empty map[portal.CollectivityID]bool // indexes to fill
}

// NewIndexer returns an indexer over the sources, one a kind.
func NewIndexer(db *database.DB, index Index, log *slog.Logger, sources ...Source) *Indexer {
	x := &Indexer{
		db: db, index: index, log: log, now: time.Now,
		sources: map[Kind]Source{}, empty: map[portal.CollectivityID]bool{},
	}
	for _, source := range sources {
		x.sources[source.Kind()] = source
	}
	index.OnEmpty(x.noteEmpty)
	return x
}

const (
	// pollEvery is how long a change may wait unseen.
	pollEvery = 400 * time.Millisecond
	// restAfterFailure is how long to wait when the store or the disk fails.
	restAfterFailure = 5 * time.Second
	// batchRows is how many rows of the queue are taken at a time.
	batchRows = 500
	// loadAtOnce and enoughBytes bound the texts in memory before they are
	// indexed: a load goes on until there is enough for one write to the disk.
	loadAtOnce  = 16
	enoughBytes = 2 << 20
	// What was deleted leaves the disk within the hour, what was replaced
	// within the day: a purge rewrites the whole index.
	purgeDeletedAfter  = time.Hour
	purgeReplacedAfter = 24 * time.Hour
)

// Run indexes until the context ends. A failure is logged and tried again.
func (x *Indexer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := x.Step(ctx)
		wait := pollEvery
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			x.log.Error("search: indexing failed", "error", err)
			wait = restAfterFailure
		case n > 0:
			wait = 0
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// Step fills the indexes that are empty, then indexes the oldest changes. It
// returns how many rows of the queue it took up: 0 when nothing waits.
func (x *Indexer) Step(ctx context.Context) (int, error) {
	if err := x.fillEmpty(ctx); err != nil {
		return 0, err
	}
	rows, err := x.queue.next(ctx, x.db, x.now(), batchRows)
	if err != nil {
		return 0, err
	}
	for _, group := range grouped(rows) {
		if err := x.indexGroup(ctx, group); err != nil {
			return len(rows), err
		}
	}
	return len(rows), nil
}

// Pending counts the documents that are not indexed yet.
func (x *Indexer) Pending(ctx context.Context) (int, error) { return x.queue.pending(ctx, x.db) }

// grouped cuts rows into runs of one collectivity and kind.
func grouped(rows []queued) [][]queued {
	type key struct {
		collectivity portal.CollectivityID
		kind         Kind
	}
	places := map[key]int{}
	var groups [][]queued
	for _, row := range rows {
		k := key{row.collectivity, row.kind}
		place, ok := places[k]
		if !ok {
			place = len(groups)
			places[k] = place
			groups = append(groups, nil)
		}
		groups[place] = append(groups[place], row)
	}
	return groups
}

// indexGroup indexes rows of one collectivity and kind. When that fails, each
// row is tried alone, so that one bad document holds up no other.
func (x *Indexer) indexGroup(ctx context.Context, rows []queued) error {
	err := x.indexRows(ctx, rows)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if len(rows) == 1 || errors.Is(err, portal.ErrUnavailable) {
		x.log.Warn("search: documents not indexed, will be tried again", "collectivity", rows[0].collectivity,
			"kind", rows[0].kind, "first", rows[0].id, "documents", len(rows), "tries", rows[0].tries+1, "error", err)
		return x.queue.postpone(ctx, x.db, rows, x.now())
	}
	for _, row := range rows {
		if err := x.indexGroup(ctx, []queued{row}); err != nil {
			return err
		}
	}
	return nil
}

// indexRows loads documents, puts them in the index and, once they are on
// disk, takes their rows out of the queue. Killed in between, it does so again.
// A panic of a source is an error: one bad document takes nothing else down.
func (x *Indexer) indexRows(ctx context.Context, rows []queued) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("search: index %s: panic: %v\n%s", rows[0].kind, r, debug.Stack())
		}
	}()
	collectivity, kind := rows[0].collectivity, rows[0].kind
	switch kind {
	case kindPurge:
		return x.purge(ctx, rows)
	case kindFilled:
		return x.endFill(ctx, rows)
	}
	source, ok := x.sources[kind]
	if !ok {
		x.log.Error("search: no source for a kind, its documents leave the index", "kind", kind)
		source = noSource{kind}
	}
	for len(rows) > 0 {
		changes, err := loadEnough(ctx, source, collectivity, rows)
		if err != nil {
			return err
		}
		if err := x.askForPurge(ctx, collectivity, changes); err != nil {
			return err
		}
		if err := x.index.Apply(ctx, collectivity, changes); err != nil {
			return err
		}
		if err := x.queue.done(ctx, x.db, rows[:len(changes)]); err != nil {
			return err
		}
		rows = rows[len(changes):]
	}
	return nil
}

func (x *Indexer) purge(ctx context.Context, rows []queued) error {
	if err := x.index.Purge(ctx, rows[0].collectivity); err != nil {
		return err
	}
	return x.queue.done(ctx, x.db, rows)
}

// endFill comes after everything that was queued to fill an index.
func (x *Indexer) endFill(ctx context.Context, rows []queued) error {
	for _, row := range rows {
		if err := x.index.SetFilled(ctx, row.collectivity, row.id); err != nil {
			return err
		}
	}
	return x.queue.done(ctx, x.db, rows)
}

// askForPurge queues the purge before the change, so that it can't be lost.
func (x *Indexer) askForPurge(ctx context.Context, collectivity portal.CollectivityID, changes []Change) error {
	after := purgeReplacedAfter
	for _, change := range changes {
		if change.Document == nil {
			after = purgeDeletedAfter
		}
	}
	return x.queue.purgeAt(ctx, x.db, collectivity, x.now().Add(after))
}

// loadEnough loads the first of the rows, until they make a good batch.
func loadEnough(ctx context.Context, source Source, collectivity portal.CollectivityID, rows []queued) ([]Change, error) {
	var changes []Change
	for bytes := 0; len(changes) < len(rows) && bytes < enoughBytes; {
		next := rows[len(changes):min(len(rows), len(changes)+loadAtOnce)]
		loaded, err := loadChanges(ctx, source, collectivity, next)
		if err != nil {
			return nil, err
		}
		for _, change := range loaded {
			if change.Document != nil {
				bytes += len(change.Document.Body)
			}
		}
		changes = append(changes, loaded...)
	}
	return changes, nil
}

// loadChanges asks a source for documents. Those that it does not answer with
// are to be deleted.
func loadChanges(ctx context.Context, source Source, collectivity portal.CollectivityID, rows []queued) ([]Change, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.id
	}
	documents, err := source.Load(ctx, collectivity, ids)
	if err != nil {
		return nil, fmt.Errorf("search: load %s: %w", source.Kind(), err)
	}
	found := make(map[string]*Document, len(documents))
	for i := range documents {
		if documents[i].Kind != source.Kind() {
			return nil, fmt.Errorf("search: source of %s offers a %s", source.Kind(), documents[i].Kind)
		}
		found[documents[i].ID] = &documents[i]
	}
	changes := make([]Change, len(ids))
	for i, id := range ids {
		changes[i] = Change{Kind: source.Kind(), ID: id, Document: found[id]}
	}
	return changes, nil
}

// noSource has no documents: those of a feature that is there no more.
type noSource struct{ kind Kind }

func (n noSource) Kind() Kind { return n.kind }

func (noSource) Load(context.Context, portal.CollectivityID, []string) ([]Document, error) {
	return nil, nil
}

func (noSource) IDs(context.Context, portal.CollectivityID, string, int) ([]string, error) {
	return nil, nil
}

func (x *Indexer) noteEmpty(collectivity portal.CollectivityID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.empty[collectivity] = true
}

func (x *Indexer) takeEmpty() (portal.CollectivityID, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for collectivity := range x.empty {
		delete(x.empty, collectivity)
		return collectivity, true
	}
	return "", false
}

func (x *Indexer) fillEmpty(ctx context.Context) error {
	for {
		collectivity, ok := x.takeEmpty()
		if !ok {
			return nil
		}
		if err := x.Fill(ctx, collectivity); err != nil {
			x.noteEmpty(collectivity)
			return err
		}
	}
}

// Fill queues everything that the sources have for a collectivity, unless its
// index is filled or being filled.
func (x *Indexer) Fill(ctx context.Context, collectivity portal.CollectivityID) error {
	state, err := x.index.State(ctx, collectivity)
	if state.Filled || err != nil {
		return err
	}
	if filling, err := x.queue.isFilling(ctx, x.db, collectivity, state.Making); filling || err != nil {
		return err
	}
	n := 0
	for _, source := range x.sources {
		queued, err := x.queueAll(ctx, source, collectivity)
		if err != nil {
			return err
		}
		n += queued
	}
	x.log.Info("search: index to be filled", "collectivity", collectivity, "documents", n)
	return x.db.Tx(ctx, func(tx *database.Tx) error {
		return x.queue.markFill(ctx, tx, collectivity, state.Making)
	})
}

// Rebuild empties the index of a collectivity and queues everything for it.
func (x *Indexer) Rebuild(ctx context.Context, collectivity portal.CollectivityID) error {
	if err := x.index.Remove(ctx, collectivity); err != nil {
		return err
	}
	return x.Fill(ctx, collectivity)
}

func (x *Indexer) queueAll(ctx context.Context, source Source, collectivity portal.CollectivityID) (int, error) {
	after, n := "", 0
	for {
		ids, err := source.IDs(ctx, collectivity, after, batchRows)
		if err != nil {
			return n, fmt.Errorf("search: list %s: %w", source.Kind(), err)
		}
		if len(ids) == 0 {
			return n, nil
		}
		err = x.db.Tx(ctx, func(tx *database.Tx) error {
			return x.queue.Changed(ctx, tx, collectivity, source.Kind(), ids...)
		})
		if err != nil {
			return n, err
		}
		n += len(ids)
		if len(ids) < batchRows {
			return n, nil
		}
		after = ids[len(ids)-1]
	}
}
