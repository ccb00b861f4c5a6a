package bleveindex

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"parvis/portal"
	"parvis/search"
)

// shelf is the index of one collectivity.
type shelf struct {
	dir     string
	queue   *index.AnalysisQueue
	log     *slog.Logger
	empty   func() // told when the index opens empty
	users   int    // guarded by Index.mu
	touched int64  // when it was last asked for; guarded by Index.mu

	writing sync.Mutex // one writer at a time
	// overdue says that a batch still waits for the disk after its time: to
	// close the index would wait with it.
	overdue atomic.Bool

	mu      sync.Mutex
	store   index.Index // nil while closed
	current *view
	suspect bool // a search or a write failed in it: verify before it is used again
}

// Keys of what an index says of itself.
var (
	keyFormat = []byte("format")
	keyMaking = []byte("making") // drawn when it is made
	keyFilled = []byte("filled") // present when it is filled
)

// lockTimeout is how long to wait for another process, or for our own closing
// of the same folder.
const lockTimeout = 5 * time.Second

// staleAfter is how old a view may be before a search takes a new one, which
// gives back the files of segments merged since.
const staleAfter = time.Minute

// open opens the index, after it has checked every byte of it. What is damaged
// or of another format is removed, and the index starts empty and not filled.
func (s *shelf) open() error {
	err := s.tryOpen()
	if err == nil || isLocked(err) {
		return err
	}
	s.log.Warn("search index can't be read: it will be filled again", "folder", filepath.Base(s.dir), "error", err)
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("bleveindex: remove a damaged index: %w", err)
	}
	return s.tryOpen()
}

func (s *shelf) tryOpen() error {
	fresh, err := isFresh(s.dir)
	if err != nil {
		return err
	}
	if !fresh {
		if err := s.verify(); err != nil {
			return err
		}
	}
	store, err := s.openStore(false)
	if err != nil {
		return err
	}
	if fresh {
		err = guarded(func() error { return store.Batch(birth()) })
	}
	if err == nil {
		s.current, err = newView(store, time.Now())
	}
	if err != nil {
		return errors.Join(err, store.Close())
	}
	s.store, s.suspect = store, false
	if !s.current.state.Filled {
		s.empty()
	}
	return nil
}

// birth is the first batch of an index.
func birth() *index.Batch {
	batch := index.NewBatch()
	batch.SetInternal(keyFormat, []byte(formatVersion))
	batch.SetInternal(keyMaking, []byte(portal.NewID()))
	return batch
}

// openStore opens the folder with Scorch. Read only, nothing runs behind it.
func (s *shelf) openStore(readOnly bool) (index.Index, error) {
	store, err := scorch.NewScorch("parvis", map[string]any{
		"path":               s.dir,
		"read_only":          readOnly,
		"bolt_timeout":       lockTimeout.String(),
		"numSnapshotsToKeep": 1,
	}, s.queue)
	if err != nil {
		return nil, err
	}
	if err := guarded(store.Open); err != nil {
		// After a panic half of it is open, and holds the lock of the folder.
		return nil, errors.Join(err, guarded(store.Close))
	}
	return store, nil
}

// close gives everything back. Views that are in use stay readable. While a
// batch is overdue nothing is closed, and the error is portal.ErrUnavailable.
func (s *shelf) close() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closeLocked()
}

func (s *shelf) closeLocked() (err error) {
	defer guard(&err)
	if s.store == nil {
		return nil
	}
	if s.overdue.Load() {
		return fmt.Errorf("bleveindex: close %s: %w: %w", filepath.Base(s.dir), portal.ErrUnavailable, errTimeout)
	}
	store := s.store
	s.store = nil
	if s.current != nil {
		s.current.release()
		s.current = nil
	}
	return store.Close()
}

// ready opens the index when it is closed, and opens it again when something
// went wrong in it. It is called with mu held.
func (s *shelf) ready() error {
	if s.suspect {
		err := s.closeLocked()
		if s.store != nil {
			return err
		}
		if err != nil {
			s.log.Warn("search index did not close", "folder", filepath.Base(s.dir), "error", err)
		}
	}
	if s.store != nil {
		return nil
	}
	if err := s.open(); err != nil {
		return fmt.Errorf("bleveindex: open %s: %w: %w", filepath.Base(s.dir), portal.ErrUnavailable, err)
	}
	return nil
}

// view returns the current state, to be released.
func (s *shelf) view() (*view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return nil, err
	}
	if now := time.Now(); now.Sub(s.current.since) > staleAfter {
		if err := s.renew(now); err != nil {
			return nil, err
		}
	}
	s.current.users.Add(1)
	return s.current, nil
}

// renew makes the newest state the current one, unless it is already. It is
// called with mu held.
func (s *shelf) renew(now time.Time) error {
	next, err := newView(s.store, now)
	if err != nil {
		return err
	}
	if next.reader == s.current.reader {
		next.release()
		s.current.since = now
		return nil
	}
	s.current.release()
	s.current = next
	return nil
}

// writer returns the open index, for a caller that holds writing.
func (s *shelf) writer() (index.Index, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ready(); err != nil {
		return nil, err
	}
	return s.store, nil
}

// write applies a batch: when it returns nil the batch is on disk and in the
// current view.
func (s *shelf) write(batch *index.Batch) (err error) {
	defer func() {
		if err != nil {
			s.distrust()
		}
	}()
	store, err := s.writer()
	if err != nil {
		return err
	}
	if err := s.batchWithin(writeTimeout, store, batch); err != nil {
		return fmt.Errorf("bleveindex: write: %w: %w", portal.ErrUnavailable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renew(time.Now())
}

// writeTimeout is how long a batch may wait for the disk: Bleve tries again for
// ever when it is full.
const writeTimeout = 2 * time.Minute

var errTimeout = errors.New("the disk did not take the batch in time")

func (s *shelf) batchWithin(limit time.Duration, store index.Index, batch *index.Batch) error {
	done := make(chan error, 1)
	go func() { done <- guarded(func() error { return store.Batch(batch) }) }()
	select {
	case err := <-done:
		return err
	case <-time.After(limit):
		s.overdue.Store(true)
		go func() {
			<-done
			s.overdue.Store(false)
		}()
		return errTimeout
	}
}

// distrust has the index verified before it is used again.
func (s *shelf) distrust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suspect = true
}

// read runs fn in the current view. A panic in it (Bleve may panic on a
// damaged file) is an error, and has the index verified.
func (s *shelf) read(fn func(*view) error) error {
	v, err := s.view()
	if err != nil {
		return err
	}
	defer v.release()
	err = guarded(func() error { return fn(v) })
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	s.distrust()
	return fmt.Errorf("bleveindex: read %s: %w: %w", filepath.Base(s.dir), portal.ErrUnavailable, err)
}

// setFilled is called with writing held.
func (s *shelf) setFilled(making string) error {
	var state search.State
	err := s.read(func(v *view) error {
		state = v.state
		return nil
	})
	if err != nil || state.Making != making || state.Filled {
		return err
	}
	batch := index.NewBatch()
	batch.SetInternal(keyFilled, []byte{1})
	return s.write(batch)
}

// The bounds of one batch: what they hold is in memory until it is on disk.
const (
	batchDocs  = 500
	batchBytes = 2 << 20
)

// apply writes changes in batches.
func (s *shelf) apply(ctx context.Context, changes []search.Change) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	for len(changes) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := batchLength(changes)
		if err := s.applyBatch(changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

func (s *shelf) applyBatch(changes []search.Change) (err error) {
	batch := index.NewBatch()
	defer guard(&err)
	for _, change := range changes {
		if change.Document == nil {
			batch.Delete(entryID(change.Kind, change.ID))
			continue
		}
		entry, err := newEntry(*change.Document)
		if err != nil {
			return err
		}
		batch.Update(entry)
	}
	return s.write(batch)
}

// batchLength is how many of the changes make one batch, at least 1.
func batchLength(changes []search.Change) int {
	bytes := 0
	for i, change := range changes {
		if change.Document != nil {
			bytes += len(change.Document.Body)
		}
		if i > 0 && (bytes > batchBytes || i == batchDocs) {
			return i
		}
	}
	return len(changes)
}
