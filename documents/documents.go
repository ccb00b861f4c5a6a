// Package documents is the library of a collectivity: folders, files with their earlier versions, a bin, and
// the state of each file's indexing.
//
// Rights are set on the top folders and hold for all that is below, so that who reads a document can be told
// by reading one line: groups that read (none: everyone), groups that also write. The right documents.edit
// writes in every folder that its holder can see. What a caller may not read does not exist for her.
//
// The octets of a file are on disk under their SHA-256, synced before its row is committed; the text that
// search needs is kept beside them. Reading that text is the business of search/extract, called by Worker.
package documents

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// FolderID names a folder of a collectivity's library, "k3v9m2p7q4r8s6t2".
type FolderID string

// DocumentID names a document of a collectivity's library.
type DocumentID string

// DefaultMaxUpload is the largest upload in bytes when the configuration doesn't say: 200 MiB.
const DefaultMaxUpload = 200 << 20

// BinDays is how long a deleted document can be brought back.
const BinDays = 30

// Options of a Store.
type Options struct {
	// Dir holds the files, in a folder a collectivity. It must be on a disk that backups cover.
	Dir string
	// MaxUpload is the largest upload in bytes, all its files together; 0 is DefaultMaxUpload.
	MaxUpload int64
	// Progress tells what the index has not taken yet; nil: what is read counts as indexed.
	Progress Progress
	Log      *slog.Logger // required
	Now      func() time.Time
}

// Progress tells which changes still wait to be indexed.
type Progress interface {
	// Waiting returns those of the ids that the index is behind for.
	Waiting(ctx context.Context, collectivity portal.CollectivityID, kind search.Kind, ids []string) ([]string, error)
}

// Store keeps the library. Every method takes who asks; what she may not see is portal.ErrNotFound,
// what she sees but may not change is portal.ErrDenied.
type Store struct {
	db       *database.DB
	vault    *vault
	queue    search.Queue
	progress Progress
	log      *slog.Logger
	now      func() time.Time
	max      int64
	wake     chan struct{} // tells the Worker of this process that there is something to read
}

// New returns the library kept in db and in options.Dir, which it makes when needed.
func New(db *database.DB, options Options) (*Store, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.MaxUpload == 0 {
		options.MaxUpload = DefaultMaxUpload
	}
	vault, err := openVault(options.Dir, options.Now())
	if err != nil {
		return nil, fmt.Errorf("documents: open the files: %w", err)
	}
	return &Store{
		db: db, vault: vault, progress: options.Progress, log: options.Log, now: options.Now,
		max: options.MaxUpload, wake: make(chan struct{}, 1),
	}, nil
}

// MaxUpload is the largest upload in bytes, all its files together.
func (s *Store) MaxUpload() int64 { return s.max }

// reader is what *database.DB and *database.Tx share: reading inside or outside of a transaction.
type reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) database.Row
}

func scanOne[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) (T, error) {
	found, err := database.Collect(rows, err, scan)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

// diskError says in a sentence that the disk takes nothing more: reading goes on.
func diskError(err error) error {
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, full) {
			refusal := portal.UserError{Kind: portal.ErrUnavailable, Key: "documents.error.disk"}
			return fmt.Errorf("%w: %w", refusal, err)
		}
	}
	return err
}
