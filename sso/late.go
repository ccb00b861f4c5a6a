package sso

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"parvis/portal/database"
)

// lateBy is how late what devices did may be written.
const lateBy = 2 * time.Second

// late writes what requests leave behind that nobody waits for, in one transaction for all of them: a
// thousand telephones that ask whether something changed need no thousand turns at the disk. What is not
// written when a node falls is lost.
type late struct {
	db  *database.DB
	log *slog.Logger

	writing sync.Mutex // one at a time, so that who flushes reads what was put before

	mu      sync.Mutex
	pending map[string]lateWrite
	timer   *time.Timer // nil: nothing is pending
}

type lateWrite func(ctx context.Context, to database.Writer) error

func newLate(db *database.DB, log *slog.Logger) *late { return &late{db: db, log: log} }

// put has a write done soon; one of the same key that is still pending is not.
func (l *late) put(key string, write lateWrite) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil {
		l.pending = map[string]lateWrite{}
		l.timer = time.AfterFunc(lateBy, func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			if err := l.flush(ctx); err != nil {
				l.log.Warn("what devices did is not written", "error", err)
			}
		})
	}
	l.pending[key] = write
}

// flush writes now what is pending.
func (l *late) flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	pending := l.pending
	l.pending = nil
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	if len(pending) == 0 {
		return nil
	}
	return l.db.Tx(ctx, func(tx *database.Tx) error {
		for _, key := range slices.Sorted(maps.Keys(pending)) { // two nodes lock rows in one order
			if err := pending[key](ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}
