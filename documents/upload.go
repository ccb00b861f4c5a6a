package documents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Incoming is a file that was received but belongs to no document yet. Drop it unless Add or Replace took it.
type Incoming struct {
	FileName string // cleaned
	Size     int64  // bytes
	blob     *blob
}

// Drop throws the file away; it does nothing after Add or Replace.
func (i *Incoming) Drop() { i.blob.drop() }

// Receive writes a file to disk, synced, for Add or Replace. limit is in bytes, 0 for the store's own; beyond it
// nothing is kept and the error is portal.ErrTooLarge. Memory does not grow with the file.
// The caller's right to write is asked by Add and Replace, and by CanWrite before a long upload.
func (s *Store) Receive(_ context.Context, caller portal.Caller, fileName string, content io.Reader, limit int64) (*Incoming, error) {
	if limit <= 0 {
		limit = s.max
	}
	name := cleanFileName(fileName)
	received, err := s.vault.receive(caller.Collectivity, content, limit)
	if errors.Is(err, errTooLarge) {
		return nil, fmt.Errorf("documents: receive: %w", s.TooLarge())
	}
	if err != nil {
		return nil, fmt.Errorf("documents: receive: %w", diskError(err))
	}
	return &Incoming{FileName: name, Size: received.size, blob: received}, nil
}

// TooLarge is the refusal of an upload beyond the limit.
func (s *Store) TooLarge() error {
	return portal.UserError{Kind: portal.ErrTooLarge, Key: "documents.error.large", Args: []any{"max", int(s.max >> 20)}, Field: "file"}
}

// CanWrite tells whether the caller may add to a folder, before she sends 200 MB for nothing.
func (s *Store) CanWrite(ctx context.Context, caller portal.Caller, folder FolderID) error {
	if _, err := s.writable(ctx, s.db, caller, folder); err != nil {
		return fmt.Errorf("documents: folder %q: %w", folder, err)
	}
	return nil
}

// Upload is a new document.
type Upload struct {
	File  *Incoming
	Title string    // "" takes the file's name
	Added time.Time // zero is now
}

// Add puts received files in a folder, all or none, signed by the name of their author, and returns their ids.
// When it returns, files and rows survive a power cut and their text will be read.
func (s *Store) Add(ctx context.Context, caller portal.Caller, authorName string, folder FolderID, uploads []Upload) ([]DocumentID, error) {
	if err := s.CanWrite(ctx, caller, folder); err != nil {
		return nil, err
	}
	s.vault.using.RLock()
	defer s.vault.using.RUnlock()
	if err := s.keepAll(caller, uploads); err != nil {
		return nil, fmt.Errorf("documents: add: %w", err)
	}
	var ids []DocumentID
	var name string
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := s.writable(ctx, tx, caller, folder); err != nil {
			return err
		}
		ids = nil
		for _, upload := range uploads {
			name = upload.File.FileName
			id, err := s.insert(ctx, tx, caller, authorName, folder, upload)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return room(ctx, tx, caller.Collectivity)
	})
	if err != nil {
		return nil, fmt.Errorf("documents: add: %w", sameName(err, "file", name))
	}
	s.wakeWorker()
	return ids, nil
}

func (s *Store) keepAll(caller portal.Caller, uploads []Upload) error {
	for _, upload := range uploads {
		if err := s.vault.keep(caller.Collectivity, upload.File.blob); err != nil {
			return diskError(err)
		}
	}
	return nil
}

func (s *Store) insert(ctx context.Context, tx *database.Tx, caller portal.Caller, authorName string, folder FolderID, upload Upload) (DocumentID, error) {
	id, added := DocumentID(portal.NewID()), upload.Added
	if added.IsZero() {
		added = s.now()
	}
	draft := Draft{Title: upload.Title}
	if draft.Title == "" {
		draft.Title = titleOf(upload.File.FileName)
	}
	if err := draft.check(); err != nil {
		return "", err
	}
	_, err := tx.Exec(ctx, `INSERT INTO documents (collectivity, id, folder, title, title_key, name_key, version, added, changed)
		VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7)`,
		caller.Collectivity, id, folder, cleanLine(draft.Title), sortKey(draft.Title), nameKey(upload.File.FileName), database.Millis(added))
	if err != nil {
		return "", err
	}
	return id, s.insertVersion(ctx, tx, caller, authorName, id, 1, upload.File, added)
}

func (s *Store) insertVersion(ctx context.Context, tx *database.Tx, caller portal.Caller, authorName string, id DocumentID, number int, file *Incoming, added time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO document_versions
		(collectivity, document, number, file_name, media_type, size, sha256, author, author_name, added, text_state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		caller.Collectivity, id, number, file.FileName, mediaTypeOf(file.FileName, file.blob.head), file.Size, file.blob.sum,
		caller.Agent, authorName, database.Millis(added), TextQueued)
	if err != nil {
		return err
	}
	return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindDocument, string(id))
}

// Replace makes a received file the new version of a document. The earlier one can still be opened.
func (s *Store) Replace(ctx context.Context, caller portal.Caller, authorName string, id DocumentID, file *Incoming) error {
	document, err := s.Document(ctx, caller, id)
	if err != nil {
		return err
	}
	if err := s.CanWrite(ctx, caller, document.Folder); err != nil {
		return err
	}
	s.vault.using.RLock()
	defer s.vault.using.RUnlock()
	if err := s.vault.keep(caller.Collectivity, file.blob); err != nil {
		return fmt.Errorf("documents: replace %q: %w", id, diskError(err))
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		document, _, err := s.writableDocument(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		now, number := s.now(), document.Number+1
		_, err = tx.Exec(ctx, `UPDATE documents SET version = $3, changed = $4, name_key = $5 WHERE collectivity = $1 AND id = $2`,
			caller.Collectivity, id, number, database.Millis(now), nameKey(file.FileName))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE document_versions SET text_state = $3
			WHERE collectivity = $1 AND document = $2 AND text_state = $4`, caller.Collectivity, id, TextReplaced, TextQueued)
		if err != nil {
			return err
		}
		if err := s.insertVersion(ctx, tx, caller, authorName, id, number, file, now); err != nil {
			return err
		}
		return room(ctx, tx, caller.Collectivity)
	})
	if err != nil {
		return fmt.Errorf("documents: replace %q: %w", id, sameName(err, "file", file.FileName))
	}
	s.wakeWorker()
	return nil
}

func (s *Store) wakeWorker() {
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}
