package documents

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
	"parvis/search/extract"
)

const (
	// lease is how long a version belongs to the worker that took it: longer than a file may take.
	lease = 5 * time.Minute
	// maxTries is how often a file is read that times out or kills its reader, this process included.
	maxTries   = 3
	retryPause = time.Minute
	batch      = 16
	// poll is how often the store is asked for what other processes added.
	poll      = 5 * time.Second
	ourPause  = 30 * time.Second
	tidyEvery = 6 * time.Hour
)

// Worker takes the text out of uploaded files, one after the other, at least once each: what was not finished
// when the process died is read again. One bad file never stops it.
type Worker struct {
	store     *Store
	extractor *extract.Extractor
	log       *slog.Logger
}

// NewWorker returns the worker over the store's queue.
func NewWorker(store *Store, extractor *extract.Extractor, log *slog.Logger) *Worker {
	return &Worker{store: store, extractor: extractor, log: log}
}

// Run works until ctx ends, and empties the bin of what is too old. It returns nil.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.resume(ctx); err != nil {
		w.log.Error("reading documents can't resume", "error", err)
	}
	tidied := time.Time{}
	for ctx.Err() == nil {
		if w.store.now().Sub(tidied) > tidyEvery {
			tidied = w.store.now()
			w.tidy(ctx)
		}
		w.pause(ctx, w.round(ctx))
	}
	return nil
}

// tidy empties the bin of what is too old, and the disk of what no row speaks of.
func (w *Worker) tidy(ctx context.Context) {
	_, err := w.store.Purge(ctx)
	if err = errors.Join(err, w.store.Sweep(ctx)); err != nil && ctx.Err() == nil {
		w.log.Error("the bin of documents can't be emptied", "error", err)
	}
}

// round reads what waits and says how long to rest.
func (w *Worker) round(ctx context.Context) time.Duration {
	read, err := w.ReadBatch(ctx)
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		w.log.Error("documents can't be read", "error", err)
	}
	switch {
	case read > 0:
		return 0
	case err != nil:
		return ourPause
	}
	return poll
}

func (w *Worker) pause(ctx context.Context, rest time.Duration) {
	if rest == 0 {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-w.store.wake:
	case <-timer.C:
	}
}

// resume gives back at once what this process was reading when it was killed: on SQLite there is no other one.
func (w *Worker) resume(ctx context.Context) error {
	if w.store.db.Engine() != database.SQLite {
		return nil
	}
	_, err := w.store.db.Exec(ctx, `UPDATE document_versions SET text_after = 0 WHERE text_state = $1`, TextQueued)
	return err
}

// waiting is a version whose text is to be read.
type waiting struct {
	collectivity portal.CollectivityID
	document     DocumentID
	number       int
	fileName     string
	sum          string
	tries        int
}

// ReadBatch takes up at most 16 files that wait and returns how many it settled. The errors are ours, never a
// file's, which are kept with the file; a file that meets one is tried again later and holds up no other.
func (w *Worker) ReadBatch(ctx context.Context) (int, error) {
	rows, err := w.store.db.Query(ctx, fmt.Sprintf(`SELECT collectivity, document, number, file_name, sha256, text_tries
		FROM document_versions WHERE text_state = $1 AND text_after <= $2 ORDER BY text_after, added LIMIT %d`, batch),
		TextQueued, database.Millis(w.store.now()))
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (v waiting, err error) {
		return v, rows.Scan(&v.collectivity, &v.document, &v.number, &v.fileName, &v.sum, &v.tries)
	})
	if err != nil {
		return 0, fmt.Errorf("documents: what waits: %w", err)
	}
	read := 0
	var troubles error
	for _, version := range found {
		if ctx.Err() != nil {
			break
		}
		if err := w.read(ctx, version); err != nil {
			troubles = errors.Join(troubles, fmt.Errorf("documents: read %q: %w", version.document, err))
			continue
		}
		read++
	}
	return read, troubles
}

func (w *Worker) read(ctx context.Context, version waiting) error {
	mine, err := w.claim(ctx, version)
	if err != nil || !mine {
		return err
	}
	if version.tries >= maxTries { // it took this process down each time
		return w.fail(ctx, version, string(extract.ReasonCrashed))
	}
	path, err := w.store.vault.path(version.collectivity, version.sum, ".bin")
	if err != nil {
		return errors.Join(err, w.release(ctx, version))
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		w.log.Error("a document's file is missing", "collectivity", version.collectivity, "document", version.document)
		return w.fail(ctx, version, reasonMissing)
	}
	result, err := w.extractor.Text(ctx, path, version.fileName)
	var failed *extract.Failure
	switch {
	case err == nil:
		return w.done(ctx, version, result)
	case errors.As(err, &failed):
		return w.failed(ctx, version, failed)
	}
	return errors.Join(err, w.release(ctx, version))
}

// claim takes the version for a while; false when another worker was quicker.
func (w *Worker) claim(ctx context.Context, version waiting) (bool, error) {
	until := w.store.now().Add(lease)
	err := database.OneRow(w.store.db.Exec(ctx, `UPDATE document_versions SET text_tries = $5, text_after = $6
		WHERE collectivity = $1 AND document = $2 AND number = $3 AND text_state = $4 AND text_tries = $7`,
		version.collectivity, version.document, version.number, TextQueued, version.tries+1, database.Millis(until), version.tries))
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// release gives the version back after trouble of ours, which doesn't count as a try: at once when we are
// stopped, else for a while later, so that what waits behind it comes first.
func (w *Worker) release(ctx context.Context, version waiting) error {
	var after int64
	if ctx.Err() == nil {
		after = database.Millis(w.store.now().Add(retryPause))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := w.store.db.Exec(ctx, `UPDATE document_versions SET text_tries = $5, text_after = $6
		WHERE collectivity = $1 AND document = $2 AND number = $3 AND text_state = $4`,
		version.collectivity, version.document, version.number, TextQueued, version.tries, after)
	return err
}

// done keeps the text on disk first, then says so with the change of the index in one transaction.
func (w *Worker) done(ctx context.Context, version waiting, result extract.Result) error {
	if err := w.store.vault.keepText(version.collectivity, version.sum, searchText(result)); err != nil {
		return errors.Join(diskError(err), w.release(ctx, version))
	}
	return w.settle(ctx, version, TextRead, string(result.Note), result)
}

// searchText starts with the title that the file gives itself, which a web page or a PDF may say nowhere else.
func searchText(result extract.Result) string {
	if strings.Contains(result.Text, result.Title) {
		return result.Text
	}
	return strings.TrimSpace(result.Title + "\n" + result.Text)
}

func (w *Worker) failed(ctx context.Context, version waiting, failed *extract.Failure) error {
	w.log.Info("a document has no text", "collectivity", version.collectivity, "document", version.document,
		"reason", failed.Reason, "cause", failed.Cause)
	if failed.Reason.Final() || version.tries+1 >= maxTries {
		return w.fail(ctx, version, string(failed.Reason))
	}
	after := w.store.now().Add(retryPause << version.tries)
	_, err := w.store.db.Exec(ctx, `UPDATE document_versions SET text_after = $5
		WHERE collectivity = $1 AND document = $2 AND number = $3 AND text_state = $4`,
		version.collectivity, version.document, version.number, TextQueued, database.Millis(after))
	return err
}

func (w *Worker) fail(ctx context.Context, version waiting, reason string) error {
	return w.settle(ctx, version, TextFailed, reason, extract.Result{})
}

func (w *Worker) settle(ctx context.Context, version waiting, state TextState, reason string, result extract.Result) error {
	return w.store.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE document_versions SET text_state = $5, text_reason = $6, pages = $7
			WHERE collectivity = $1 AND document = $2 AND number = $3 AND text_state = $4`,
			version.collectivity, version.document, version.number, TextQueued, state, reason, result.Pages)
		if err != nil {
			return err
		}
		return w.store.queue.Changed(ctx, tx, version.collectivity, search.KindDocument, string(version.document))
	})
}

// Retry reads the current file of a document again, for who may change it.
func (s *Store) Retry(ctx context.Context, caller portal.Caller, id DocumentID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		document, _, err := s.writableDocument(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE document_versions SET text_state = $4, text_reason = '', text_tries = 0, text_after = 0
			WHERE collectivity = $1 AND document = $2 AND number = $3`, caller.Collectivity, id, document.Number, TextQueued)
		return err
	})
	if err != nil {
		return fmt.Errorf("documents: read %q again: %w", id, err)
	}
	s.wakeWorker()
	return nil
}
