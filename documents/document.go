package documents

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
	"parvis/search/extract"
)

// Document is one entry of the library, as its current version is.
type Document struct {
	ID      DocumentID
	Folder  FolderID
	Title   string
	Added   time.Time // UTC, of the first version
	Changed time.Time // UTC
	Deleted time.Time // zero unless it is in the bin
	Version
}

// Version is one file that a document is or was.
type Version struct {
	Number     int // from 1
	FileName   string
	MediaType  string
	Size       int64  // bytes
	Sum        string // SHA-256, hexadecimal
	AuthorName string
	Since      time.Time // UTC
	Text       TextState
	Reason     string // why there is no text, or not all of it; see ReasonKey
	Pages      int    // 0 when the format has none
}

// TextState is how far a file is on its way into the index.
type TextState string

// The states, in order. A person reads them as "état d'indexation".
const (
	TextQueued   TextState = "queued"   // waits to be read
	TextRead     TextState = "read"     // read, the index will take it
	TextIndexed  TextState = "indexed"  // found by the words in it
	TextFailed   TextState = "failed"   // found by its name only, Reason says why
	TextReplaced TextState = "replaced" // was never read: a newer version came first
)

// reasonMissing is a file that the disk has lost.
const reasonMissing = "missing"

// ReasonKey is the catalogue's key of the reason's sentence, "" without reason.
func (v Version) ReasonKey() string {
	switch v.Reason {
	case "":
		return ""
	case reasonMissing:
		return "documents.reason.missing"
	}
	return extract.Reason(v.Reason).Key()
}

// Format is "PDF", "DOCX"…, "" when the name has no extension.
func (v Version) Format() string { return formatOf(v.FileName) }

// Icon is the name of the icon that stands for it.
func (v Version) Icon() string { return iconOf(v.MediaType, v.FileName) }

// ShownInline tells whether a browser may show it instead of saving it.
func (v Version) ShownInline() bool { return shownInline(v.MediaType) }

const (
	documentColumns = `d.id, d.folder, d.title, d.added, d.changed, d.deleted, ` + versionColumns
	versionColumns  = `v.number, v.file_name, v.media_type, v.size, v.sha256, v.author_name, v.added, v.text_state, v.text_reason, v.pages`
	fromDocuments   = ` FROM documents d JOIN document_versions v
		ON v.collectivity = d.collectivity AND v.document = d.id AND v.number = d.version `
)

func scanDocument(rows *sql.Rows) (Document, error) {
	var d Document
	var added, changed, deleted, since int64
	err := rows.Scan(&d.ID, &d.Folder, &d.Title, &added, &changed, &deleted, &d.Number, &d.FileName, &d.MediaType,
		&d.Size, &d.Sum, &d.AuthorName, &since, &d.Text, &d.Reason, &d.Pages)
	d.Added, d.Changed, d.Deleted = database.FromMillis(added), database.FromMillis(changed), database.FromMillis(deleted)
	d.Since = database.FromMillis(since)
	return d, err
}

func scanVersion(rows *sql.Rows) (Version, error) {
	var v Version
	var since int64
	err := rows.Scan(&v.Number, &v.FileName, &v.MediaType, &v.Size, &v.Sum, &v.AuthorName, &since, &v.Text, &v.Reason, &v.Pages)
	v.Since = database.FromMillis(since)
	return v, err
}

// Documents returns at most limit documents of a folder after skipping some, by title, and how many it holds.
func (s *Store) Documents(ctx context.Context, caller portal.Caller, folder FolderID, limit, skip int) ([]Document, int, error) {
	if _, err := s.Folder(ctx, caller, folder); err != nil {
		return nil, 0, err
	}
	var total int
	err := s.db.QueryRow(ctx, `SELECT count(*) FROM documents WHERE collectivity = $1 AND folder = $2 AND deleted = 0`,
		caller.Collectivity, folder).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("documents: count in %q: %w", folder, err)
	}
	rows, err := s.db.Query(ctx, `SELECT `+documentColumns+fromDocuments+`
		WHERE d.collectivity = $1 AND d.folder = $2 AND d.deleted = 0
		ORDER BY d.title_key, d.id LIMIT `+strconv.Itoa(limit)+` OFFSET `+strconv.Itoa(max(skip, 0)), caller.Collectivity, folder)
	found, err := database.Collect(rows, err, scanDocument)
	if err == nil {
		err = s.showProgress(ctx, caller.Collectivity, found)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("documents: list %q: %w", folder, err)
	}
	return found, total, nil
}

// listLength is how many documents a list without pages shows.
const listLength = 200

// Recent returns the last documents that were added where the caller can read, last first.
func (s *Store) Recent(ctx context.Context, caller portal.Caller, limit int) ([]Document, error) {
	found, err := s.among(ctx, caller, Folder.readableBy, `d.deleted = 0`, `d.added`, limit)
	if err != nil {
		return nil, fmt.Errorf("documents: recent: %w", err)
	}
	return found, nil
}

// Unread returns the documents that search finds by their names only, where the caller could mend that, last
// changed first, at most 200.
func (s *Store) Unread(ctx context.Context, caller portal.Caller) ([]Document, error) {
	found, err := s.among(ctx, caller, Folder.WritableBy, `d.deleted = 0 AND v.text_state = $2`, `d.changed`, listLength, TextFailed)
	if err != nil {
		return nil, fmt.Errorf("documents: unread: %w", err)
	}
	return found, nil
}

// among reads the documents that meet a condition of this package, under the top folders that allowed says yes to,
// the highest in an order first. The rights are part of the query: what the caller can't see takes no room in it.
func (s *Store) among(ctx context.Context, caller portal.Caller, allowed func(Folder, portal.Caller) bool,
	condition, order string, limit int, args ...any,
) ([]Document, error) {
	tops, err := s.tops(ctx, caller, allowed)
	if err != nil || len(tops) == 0 {
		return nil, err
	}
	args = append([]any{caller.Collectivity}, args...)
	within := database.Params(len(args)+1, len(tops))
	rows, err := s.db.Query(ctx, `SELECT `+documentColumns+fromDocuments+`
		JOIN document_folders f ON f.collectivity = d.collectivity AND f.id = d.folder
		WHERE d.collectivity = $1 AND `+condition+` AND f.top IN (`+within+`)
		ORDER BY `+order+` DESC, d.id LIMIT `+strconv.Itoa(limit), append(args, tops...)...)
	return database.Collect(rows, err, scanDocument)
}

// Document returns a document that the caller can read. One in the bin is portal.ErrNotFound.
func (s *Store) Document(ctx context.Context, caller portal.Caller, id DocumentID) (Document, error) {
	document, _, err := s.document(ctx, s.db, caller, id)
	if err != nil {
		return Document{}, fmt.Errorf("documents: document %q: %w", id, err)
	}
	shown := []Document{document}
	if err := s.showProgress(ctx, caller.Collectivity, shown); err != nil {
		return Document{}, fmt.Errorf("documents: document %q: %w", id, err)
	}
	return shown[0], nil
}

func (s *Store) document(ctx context.Context, from reader, caller portal.Caller, id DocumentID) (Document, Folder, error) {
	rows, err := from.Query(ctx, `SELECT `+documentColumns+fromDocuments+`
		WHERE d.collectivity = $1 AND d.id = $2 AND d.deleted = 0`, caller.Collectivity, id)
	document, err := scanOne(rows, err, scanDocument)
	if err != nil {
		return Document{}, Folder{}, err
	}
	folder, err := s.folder(ctx, from, caller, document.Folder, false)
	return document, folder, err
}

func (s *Store) writableDocument(ctx context.Context, from reader, caller portal.Caller, id DocumentID) (Document, Folder, error) {
	document, folder, err := s.document(ctx, from, caller, id)
	if err == nil && !folder.WritableBy(caller) {
		err = portal.ErrDenied
	}
	return document, folder, err
}

// showProgress tells apart what is read and what is indexed.
func (s *Store) showProgress(ctx context.Context, collectivity portal.CollectivityID, found []Document) error {
	waiting := map[string]bool{}
	if s.progress != nil && len(found) > 0 {
		ids := make([]string, len(found))
		for i, document := range found {
			ids[i] = string(document.ID)
		}
		behind, err := s.progress.Waiting(ctx, collectivity, search.KindDocument, ids)
		if err != nil {
			return err
		}
		for _, id := range behind {
			waiting[id] = true
		}
	}
	for i := range found {
		if found[i].Text == TextRead && !waiting[string(found[i].ID)] {
			found[i].Text = TextIndexed
		}
	}
	return nil
}

// Versions returns the files that a document was, newest first, the current one included.
func (s *Store) Versions(ctx context.Context, caller portal.Caller, id DocumentID) ([]Version, error) {
	if _, err := s.Document(ctx, caller, id); err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, `SELECT `+versionColumns+` FROM document_versions v
		WHERE v.collectivity = $1 AND v.document = $2 ORDER BY v.number DESC LIMIT 100`, caller.Collectivity, id)
	versions, err := database.Collect(rows, err, scanVersion)
	if err != nil {
		return nil, fmt.Errorf("documents: versions of %q: %w", id, err)
	}
	return versions, nil
}

// Open returns a version of a document and its octets; number 0 is the current one. The caller closes the file.
// A file that the disk has lost is portal.ErrUnavailable.
func (s *Store) Open(ctx context.Context, caller portal.Caller, id DocumentID, number int) (Version, *os.File, error) {
	document, err := s.Document(ctx, caller, id)
	if err != nil {
		return Version{}, nil, err
	}
	version := document.Version
	if number != 0 && number != version.Number {
		rows, err := s.db.Query(ctx, `SELECT `+versionColumns+` FROM document_versions v
			WHERE v.collectivity = $1 AND v.document = $2 AND v.number = $3`, caller.Collectivity, id, number)
		if version, err = scanOne(rows, err, scanVersion); err != nil {
			return Version{}, nil, fmt.Errorf("documents: version %d of %q: %w", number, id, err)
		}
	}
	file, err := s.vault.open(caller.Collectivity, version.Sum)
	if errors.Is(err, os.ErrNotExist) {
		refusal := portal.UserError{Kind: portal.ErrUnavailable, Key: "documents.reason.missing"}
		return Version{}, nil, fmt.Errorf("documents: open %q: %w: %w", id, refusal, err)
	}
	if err != nil {
		return Version{}, nil, fmt.Errorf("documents: open %q: %w", id, diskError(err))
	}
	return version, file, nil
}

// Draft is what a person decides about a document that is there.
type Draft struct {
	Title  string
	Folder FolderID // where it is to be
}

func (d Draft) check() error {
	switch title := cleanLine(d.Title); {
	case title == "":
		return portal.Invalid("title", "documents.error.title")
	case utf8.RuneCountInString(title) > maxTitleRunes:
		return portal.Invalid("title", "documents.error.longname", "max", maxTitleRunes)
	}
	return nil
}

// Change renames a document and moves it to another folder that the caller writes in.
func (s *Store) Change(ctx context.Context, caller portal.Caller, id DocumentID, draft Draft) error {
	var name string
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		document, _, err := s.writableDocument(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		name = document.FileName
		if _, err := s.writable(ctx, tx, caller, draft.Folder); err != nil {
			if errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrDenied) {
				return portal.Invalid("folder", "documents.error.folder")
			}
			return err
		}
		if err := draft.check(); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE documents SET title = $3, title_key = $4, folder = $5, changed = $6 WHERE collectivity = $1 AND id = $2`,
			caller.Collectivity, id, cleanLine(draft.Title), sortKey(draft.Title), draft.Folder, database.Millis(s.now()))
		if err != nil {
			return err
		}
		return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindDocument, string(id))
	})
	if err != nil {
		return fmt.Errorf("documents: change %q: %w", id, sameName(err, "folder", name))
	}
	return nil
}
