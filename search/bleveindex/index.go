package bleveindex

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	index "github.com/blevesearch/bleve_index_api"

	"parvis/portal"
	"parvis/search"
)

// maxOpen is how many indexes stay open. 200 of 250 documents are 20 MB and
// 400 file descriptors, and opening one takes a millisecond.
const maxOpen = 200

// analysisWorkers is how many goroutines turn documents into postings. The
// words are found before, so that they have little to do.
const analysisWorkers = 2

// Index is the search.Index on Bleve.
type Index struct {
	dir   string
	limit int // of open indexes
	queue *index.AnalysisQueue
	log   *slog.Logger
	empty func(portal.CollectivityID)

	mu      sync.Mutex
	clock   int64 // counts the uses, to know the least recent
	shelves map[portal.CollectivityID]*shelf
}

var _ search.Index = (*Index)(nil)

// New returns the index in a folder, which is made when something is put in
// it. Nothing is opened yet. The process holds the folder until Close.
func New(dir string, log *slog.Logger) *Index {
	return &Index{
		dir: dir, limit: maxOpen, log: log, empty: func(portal.CollectivityID) {},
		queue:   index.NewAnalysisQueue(analysisWorkers),
		shelves: map[portal.CollectivityID]*shelf{},
	}
}

// OnEmpty implements search.Index.
func (x *Index) OnEmpty(fn func(portal.CollectivityID)) { x.empty = fn }

// Close waits for the writes under way and gives every folder back.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var errs []error
	for id, shelf := range x.shelves {
		shelf.writing.Lock()
		errs = append(errs, shelf.close())
		shelf.writing.Unlock()
		delete(x.shelves, id)
	}
	x.queue.Close()
	return errors.Join(errs...)
}

// use returns the shelf of a collectivity, which stays until done is called.
func (x *Index) use(collectivity portal.CollectivityID) (found *shelf, done func(), err error) {
	if !isFolderName(string(collectivity)) {
		return nil, nil, fmt.Errorf("bleveindex: collectivity %q: %w", collectivity, portal.ErrNotFound)
	}
	x.mu.Lock()
	found, ok := x.shelves[collectivity]
	if !ok {
		found = &shelf{
			dir: filepath.Join(x.dir, string(collectivity)), queue: x.queue, log: x.log,
			empty: func() { x.empty(collectivity) },
		}
		x.shelves[collectivity] = found
	}
	found.users++
	x.clock++
	found.touched = x.clock
	idle := x.takeIdle()
	x.mu.Unlock()
	for _, shelf := range idle {
		if err := shelf.close(); err != nil {
			x.log.Warn("search index did not close", "folder", filepath.Base(shelf.dir), "error", err)
		}
	}
	return found, func() { x.done(found) }, nil
}

func (x *Index) done(s *shelf) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.users--
}

// takeIdle takes out the least recently used shelves above the limit that
// nobody uses and that can be closed. It is called with mu held.
func (x *Index) takeIdle() []*shelf {
	var idle []*shelf
	for len(x.shelves) > x.limit {
		var oldest portal.CollectivityID
		for id, shelf := range x.shelves {
			if shelf.users == 0 && !shelf.overdue.Load() && (oldest == "" || shelf.touched < x.shelves[oldest].touched) {
				oldest = id
			}
		}
		if oldest == "" {
			break
		}
		idle = append(idle, x.shelves[oldest])
		delete(x.shelves, oldest)
	}
	return idle
}

// isFolderName says whether a collectivity's name can be that of a folder.
func isFolderName(name string) bool {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return name != "" && len(name) <= 100
}

// Apply implements search.Index.
func (x *Index) Apply(ctx context.Context, collectivity portal.CollectivityID, changes []search.Change) error {
	shelf, done, err := x.use(collectivity)
	if err != nil {
		return err
	}
	defer done()
	return shelf.apply(ctx, changes)
}

// State implements search.Index.
func (x *Index) State(_ context.Context, collectivity portal.CollectivityID) (search.State, error) {
	shelf, done, err := x.use(collectivity)
	if err != nil {
		return search.State{}, err
	}
	defer done()
	var state search.State
	err = shelf.read(func(v *view) error {
		state = v.state
		return nil
	})
	return state, err
}

// SetFilled implements search.Index.
func (x *Index) SetFilled(ctx context.Context, collectivity portal.CollectivityID, making string) error {
	shelf, done, err := x.use(collectivity)
	if err != nil {
		return err
	}
	defer done()
	shelf.writing.Lock()
	defer shelf.writing.Unlock()
	return shelf.setFilled(making)
}

// Remove implements search.Index.
func (x *Index) Remove(_ context.Context, collectivity portal.CollectivityID) error {
	shelf, done, err := x.use(collectivity)
	if err != nil {
		return err
	}
	defer done()
	shelf.writing.Lock()
	defer shelf.writing.Unlock()
	if err := shelf.sweep(); err != nil {
		return fmt.Errorf("bleveindex: remove %s: %w", collectivity, err)
	}
	return nil
}
