package documents

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Delete puts a document in the bin for BinDays. Nobody finds or opens it there; Restore brings it back.
func (s *Store) Delete(ctx context.Context, caller portal.Caller, id DocumentID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if _, _, err := s.writableDocument(ctx, tx, caller, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE documents SET deleted = $3 WHERE collectivity = $1 AND id = $2`,
			caller.Collectivity, id, database.Millis(s.now()))
		if err != nil {
			return err
		}
		return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindDocument, string(id))
	})
	if err != nil {
		return fmt.Errorf("documents: delete %q: %w", id, err)
	}
	return nil
}

// Bin returns the deleted documents that the caller could restore, last deleted first, at most 200.
func (s *Store) Bin(ctx context.Context, caller portal.Caller) ([]Document, error) {
	found, err := s.among(ctx, caller, Folder.WritableBy, `d.deleted > $2`, `d.deleted`, listLength, database.Millis(s.binLimit()))
	if err != nil {
		return nil, fmt.Errorf("documents: bin: %w", err)
	}
	return found, nil
}

func (s *Store) mayRestore(ctx context.Context, from reader, caller portal.Caller, id FolderID) (bool, error) {
	folder, err := s.folder(ctx, from, caller, id, true)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return err == nil && folder.WritableBy(caller), err
}

func (s *Store) binLimit() time.Time { return s.now().AddDate(0, 0, -BinDays) }

// Restore takes a document out of the bin, back to its folder, which comes back with it when it was deleted since.
func (s *Store) Restore(ctx context.Context, caller portal.Caller, id DocumentID) error {
	var name string
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+documentColumns+fromDocuments+`
			WHERE d.collectivity = $1 AND d.id = $2 AND d.deleted > $3`, caller.Collectivity, id, database.Millis(s.binLimit()))
		document, err := scanOne(rows, err, scanDocument)
		if err != nil {
			return err
		}
		name = document.FileName
		allowed, err := s.mayRestore(ctx, tx, caller, document.Folder)
		if err != nil {
			return err
		}
		if !allowed {
			return portal.ErrNotFound
		}
		if err := reviveFolders(ctx, tx, caller.Collectivity, document.Folder); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE documents SET deleted = 0 WHERE collectivity = $1 AND id = $2`, caller.Collectivity, id)
		if err != nil {
			return err
		}
		return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindDocument, string(id))
	})
	if err != nil {
		return fmt.Errorf("documents: restore %q: %w", id, sameName(err, "", name))
	}
	return nil
}

// reviveFolders brings back a folder and those above it.
func reviveFolders(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id FolderID) error {
	for depth := 0; id != "" && depth <= MaxDepth; depth++ {
		var parent FolderID
		err := tx.QueryRow(ctx, `SELECT parent FROM document_folders WHERE collectivity = $1 AND id = $2`, collectivity, id).Scan(&parent)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE document_folders SET deleted = 0 WHERE collectivity = $1 AND id = $2`, collectivity, id)
		if err != nil {
			return err
		}
		id = parent
	}
	return nil
}

// expired is a document whose time in the bin is over.
type expired struct {
	collectivity portal.CollectivityID
	id           DocumentID
}

// Purge removes for ever what has been in the bin for BinDays, with its versions, files and text, and tells how
// many documents that was. It runs for every collectivity, so it belongs to the worker and not to a caller.
func (s *Store) Purge(ctx context.Context) (int, error) {
	rows, err := s.db.Query(ctx, `SELECT collectivity, id FROM documents WHERE deleted > 0 AND deleted <= $1 LIMIT 500`,
		database.Millis(s.binLimit()))
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (e expired, err error) {
		return e, rows.Scan(&e.collectivity, &e.id)
	})
	if err != nil {
		return 0, fmt.Errorf("documents: purge: %w", err)
	}
	for i, document := range found {
		if err := s.purge(ctx, document); err != nil {
			return i, fmt.Errorf("documents: purge %q: %w", document.id, err)
		}
	}
	return len(found), nil
}

func (s *Store) purge(ctx context.Context, document expired) error {
	var sums []string
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		rows, err := tx.Query(ctx, `SELECT DISTINCT sha256 FROM document_versions WHERE collectivity = $1 AND document = $2`,
			document.collectivity, document.id)
		if sums, err = database.Collect(rows, err, scanText); err != nil {
			return err
		}
		for _, statement := range []string{
			`DELETE FROM document_versions WHERE collectivity = $1 AND document = $2`,
			`DELETE FROM documents WHERE collectivity = $1 AND id = $2`,
		} {
			if _, err := tx.Exec(ctx, statement, document.collectivity, document.id); err != nil {
				return err
			}
		}
		return s.queue.Changed(ctx, tx, document.collectivity, search.KindDocument, string(document.id))
	})
	if err != nil {
		return err
	}
	for _, sum := range sums {
		if err := s.removeUnused(ctx, document.collectivity, sum); err != nil {
			return err
		}
	}
	return nil
}

// removeUnused deletes a file that no version speaks of any more: another document may hold the same octets.
// An upload of them that is between its file and its row, in this process, makes it wait; one of another process
// makes the file newer than an hour: it is left alone.
func (s *Store) removeUnused(ctx context.Context, collectivity portal.CollectivityID, sum string) error {
	s.vault.using.Lock()
	defer s.vault.using.Unlock()
	var uses int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM document_versions WHERE collectivity = $1 AND sha256 = $2`,
		collectivity, sum).Scan(&uses)
	if err != nil || uses > 0 {
		return err
	}
	kept, err := s.vault.keptAt(collectivity, sum)
	if err != nil || s.now().Sub(kept) < time.Hour {
		return err
	}
	return s.vault.remove(collectivity, sum)
}

// Sweep removes files that no row speaks of, left by uploads that were refused or cut after their file was kept.
func (s *Store) Sweep(ctx context.Context) error {
	err := s.vault.each(func(collectivity portal.CollectivityID, sum string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return s.removeUnused(ctx, collectivity, sum)
	})
	if err != nil {
		return fmt.Errorf("documents: sweep: %w", err)
	}
	return nil
}
