package documents

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Folder is a place of the library. Readers and Writers are those of its top folder.
type Folder struct {
	ID      FolderID
	Parent  FolderID // "" for a top folder
	Top     FolderID // the top folder above, or ID
	Name    string
	Readers []portal.GroupID // sorted; none: everyone of the collectivity
	Writers []portal.GroupID // sorted; they read too
}

// IsTop tells a folder that carries rights.
func (f Folder) IsTop() bool { return f.Parent == "" }

func (f Folder) readableBy(caller portal.Caller) bool {
	return caller.InAudience(f.Readers) || slices.ContainsFunc(f.Writers, caller.In)
}

// WritableBy tells who adds, changes and deletes in the folder.
func (f Folder) WritableBy(caller portal.Caller) bool {
	return f.readableBy(caller) && (caller.Can(portal.EditDocuments) || slices.ContainsFunc(f.Writers, caller.In))
}

// audience is who finds the documents in it, for search: none is everyone.
func (f Folder) audience() []portal.GroupID {
	if len(f.Readers) == 0 {
		return nil
	}
	both := slices.Concat(f.Readers, f.Writers)
	slices.Sort(both)
	return slices.Compact(both)
}

// FolderDraft is what a person decides about a folder. Parent and the groups are taken at creation of a
// subfolder and of a top folder respectively.
type FolderDraft struct {
	Name    string
	Parent  FolderID         // "" for a top folder
	Readers []portal.GroupID // of a top folder only
	Writers []portal.GroupID // of a top folder only
	Client  string           // address of who asks, for the journal
}

const maxFolderName = 100 // runes

// MaxDepth is how deep folders can be: a tree that people find their way in, and that no loop can exhaust.
const MaxDepth = 8

func (d FolderDraft) check() error {
	switch name := cleanLine(d.Name); {
	case name == "":
		return portal.Invalid("name", "documents.error.foldername")
	case utf8.RuneCountInString(name) > maxFolderName:
		return portal.Invalid("name", "documents.error.longname", "max", maxFolderName)
	}
	return nil
}

const folderColumns = `f.id, f.parent, f.top, f.name`

func scanFolder(rows *sql.Rows) (Folder, error) {
	var f Folder
	err := rows.Scan(&f.ID, &f.Parent, &f.Top, &f.Name)
	return f, err
}

// TopFolders returns the top folders that the caller can read, by name.
func (s *Store) TopFolders(ctx context.Context, caller portal.Caller) ([]Folder, error) {
	folders, err := s.readable(ctx, caller, `f.parent = ''`)
	if err != nil {
		return nil, fmt.Errorf("documents: top folders: %w", err)
	}
	return folders, nil
}

// Folders returns every folder that the caller can read, by name, for a choice of place.
func (s *Store) Folders(ctx context.Context, caller portal.Caller) ([]Folder, error) {
	folders, err := s.readable(ctx, caller, `f.id <> ''`)
	if err != nil {
		return nil, fmt.Errorf("documents: folders: %w", err)
	}
	return folders, nil
}

// Subfolders returns the folders directly inside one, by name.
func (s *Store) Subfolders(ctx context.Context, caller portal.Caller, folder FolderID) ([]Folder, error) {
	if folder == "" {
		return s.TopFolders(ctx, caller)
	}
	folders, err := s.readable(ctx, caller, `f.parent = $2`, folder)
	if err != nil {
		return nil, fmt.Errorf("documents: folders in %q: %w", folder, err)
	}
	return folders, nil
}

// readable reads the folders that meet a condition of this file and that the caller can read.
func (s *Store) readable(ctx context.Context, caller portal.Caller, condition string, args ...any) ([]Folder, error) {
	args = append([]any{caller.Collectivity}, args...)
	rows, err := s.db.Query(ctx, `SELECT `+folderColumns+` FROM document_folders f
		WHERE f.collectivity = $1 AND f.deleted = 0 AND `+condition+` ORDER BY f.id`, args...)
	folders, err := database.Collect(rows, err, scanFolder)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(folders, func(a, b Folder) int { return cmp.Compare(sortKey(a.Name), sortKey(b.Name)) })
	rights, err := allRights(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rights.give(folders), func(f Folder) bool { return !f.readableBy(caller) }), nil
}

// tops returns the ids of the top folders that allowed says yes to, deleted ones too: the bin speaks of them.
func (s *Store) tops(ctx context.Context, caller portal.Caller, allowed func(Folder, portal.Caller) bool) ([]any, error) {
	rows, err := s.db.Query(ctx, `SELECT `+folderColumns+` FROM document_folders f
		WHERE f.collectivity = $1 AND f.parent = '' ORDER BY f.id`, caller.Collectivity)
	folders, err := database.Collect(rows, err, scanFolder)
	if err != nil {
		return nil, err
	}
	rights, err := allRights(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	var ids []any
	for _, folder := range rights.give(folders) {
		if allowed(folder, caller) {
			ids = append(ids, folder.ID)
		}
	}
	return ids, nil
}

// rights are the groups of top folders.
type rights map[FolderID]*groups

type groups struct{ readers, writers []portal.GroupID }

func (r rights) give(folders []Folder) []Folder {
	for i := range folders {
		if found := r[folders[i].Top]; found != nil {
			folders[i].Readers, folders[i].Writers = found.readers, found.writers
		}
	}
	return folders
}

func allRights(ctx context.Context, from reader, collectivity portal.CollectivityID) (rights, error) {
	rows, err := from.Query(ctx, `SELECT folder, group_id, writes FROM document_folder_groups
		WHERE collectivity = $1 ORDER BY folder, group_id`, collectivity)
	return collectRights(rows, err)
}

func rightsOf(ctx context.Context, from reader, collectivity portal.CollectivityID, top FolderID) (rights, error) {
	rows, err := from.Query(ctx, `SELECT folder, group_id, writes FROM document_folder_groups
		WHERE collectivity = $1 AND folder = $2 ORDER BY group_id`, collectivity, top)
	return collectRights(rows, err)
}

func collectRights(rows *sql.Rows, err error) (rights, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := rights{}
	for rows.Next() {
		var folder FolderID
		var group portal.GroupID
		var writes bool
		if err := rows.Scan(&folder, &group, &writes); err != nil {
			return nil, err
		}
		if found[folder] == nil {
			found[folder] = &groups{}
		}
		if writes {
			found[folder].writers = append(found[folder].writers, group)
		} else {
			found[folder].readers = append(found[folder].readers, group)
		}
	}
	return found, rows.Err()
}

// Folder returns a folder that the caller can read.
func (s *Store) Folder(ctx context.Context, caller portal.Caller, id FolderID) (Folder, error) {
	folder, err := s.folder(ctx, s.db, caller, id, false)
	if err != nil {
		return Folder{}, fmt.Errorf("documents: folder %q: %w", id, err)
	}
	return folder, nil
}

// folder reads one, deleted ones too when asked: the bin speaks of them.
func (s *Store) folder(ctx context.Context, from reader, caller portal.Caller, id FolderID, deleted bool) (Folder, error) {
	condition := ` AND f.deleted = 0`
	if deleted {
		condition = ``
	}
	rows, err := from.Query(ctx, `SELECT `+folderColumns+` FROM document_folders f
		WHERE f.collectivity = $1 AND f.id = $2`+condition, caller.Collectivity, id)
	folder, err := scanOne(rows, err, scanFolder)
	if err != nil {
		return Folder{}, err
	}
	found, err := rightsOf(ctx, from, caller.Collectivity, folder.Top)
	if err != nil {
		return Folder{}, err
	}
	folder = found.give([]Folder{folder})[0]
	if !folder.readableBy(caller) {
		return Folder{}, portal.ErrNotFound
	}
	return folder, nil
}

// writable reads a folder that the caller may change; portal.ErrDenied when she only reads it.
func (s *Store) writable(ctx context.Context, from reader, caller portal.Caller, id FolderID) (Folder, error) {
	folder, err := s.folder(ctx, from, caller, id, false)
	if err == nil && !folder.WritableBy(caller) {
		err = portal.ErrDenied
	}
	return folder, err
}

// Path returns the folders from the top down to this one, included.
func (s *Store) Path(ctx context.Context, caller portal.Caller, id FolderID) ([]Folder, error) {
	return s.path(ctx, s.db, caller, id)
}

func (s *Store) path(ctx context.Context, from reader, caller portal.Caller, id FolderID) ([]Folder, error) {
	var path []Folder
	for id != "" {
		folder, err := s.folder(ctx, from, caller, id, false)
		if err != nil {
			return nil, fmt.Errorf("documents: path of %q: %w", id, err)
		}
		path = append(path, folder)
		id = folder.Parent
		if len(path) > MaxDepth {
			break
		}
	}
	slices.Reverse(path)
	return path, nil
}

// CreateFolder makes a folder: a top one with the right documents.edit, a subfolder for who writes in its parent.
func (s *Store) CreateFolder(ctx context.Context, caller portal.Caller, draft FolderDraft) (FolderID, error) {
	folder := Folder{ID: FolderID(portal.NewID()), Parent: draft.Parent, Name: cleanLine(draft.Name)}
	folder.Top = folder.ID
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.allowFolder(ctx, tx, caller, draft, &folder); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO document_folders (collectivity, id, parent, top, name, name_key, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			caller.Collectivity, folder.ID, folder.Parent, folder.Top, folder.Name, nameKey(folder.Name), database.Millis(s.now()))
		if err != nil || !folder.IsTop() {
			return err
		}
		return setGroups(ctx, tx, caller.Collectivity, folder)
	})
	if err != nil {
		return "", fmt.Errorf("documents: create folder: %w", sameName(err, "name", folder.Name))
	}
	return folder.ID, nil
}

// allowFolder checks a draft and fills in the folder's top and groups.
func (s *Store) allowFolder(ctx context.Context, tx *database.Tx, caller portal.Caller, draft FolderDraft, folder *Folder) error {
	if folder.IsTop() {
		if err := caller.Require(portal.EditDocuments); err != nil {
			return err
		}
		folder.Readers, folder.Writers = tidy(draft.Readers), tidy(draft.Writers)
		return checkFolder(caller, draft, *folder)
	}
	parent, err := s.writable(ctx, tx, caller, draft.Parent)
	if err != nil {
		return err
	}
	folder.Top = parent.Top
	above, err := s.path(ctx, tx, caller, parent.ID)
	if err != nil {
		return err
	}
	if len(above) >= MaxDepth {
		return portal.Invalid("name", "documents.error.deep", "max", MaxDepth)
	}
	return draft.check()
}

// checkFolder refuses a top folder that its own author couldn't see any more.
func checkFolder(caller portal.Caller, draft FolderDraft, folder Folder) error {
	if err := draft.check(); err != nil {
		return err
	}
	if !folder.readableBy(caller) {
		return portal.Invalid("readers", "documents.error.shutout")
	}
	return nil
}

func tidy(ids []portal.GroupID) []portal.GroupID {
	sorted := slices.Sorted(slices.Values(ids))
	return slices.DeleteFunc(slices.Compact(sorted), func(id portal.GroupID) bool { return id == "" })
}

func setGroups(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, folder Folder) error {
	_, err := tx.Exec(ctx, `DELETE FROM document_folder_groups WHERE collectivity = $1 AND folder = $2`, collectivity, folder.ID)
	if err != nil {
		return err
	}
	for writes, ids := range map[bool][]portal.GroupID{false: folder.Readers, true: folder.Writers} {
		for _, id := range ids {
			_, err := tx.Exec(ctx, `INSERT INTO document_folder_groups (collectivity, folder, group_id, writes)
				VALUES ($1, $2, $3, $4)`, collectivity, folder.ID, id, writes)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// tellAudience tells the journal who reads and who writes from now on.
func (s *Store) tellAudience(ctx context.Context, tx *database.Tx, caller portal.Caller, was, is Folder, client string) error {
	line := audit.By(caller, audit.ReadersChanged)
	line.At, line.Object, line.ObjectID, line.Address = s.now(), was.Name, string(was.ID), client
	if err := audit.WriteAudience(ctx, tx, line, was.Readers, is.Readers); err != nil {
		return err
	}
	line.Action = audit.WritersChanged
	return audit.WriteAudience(ctx, tx, line, was.Writers, is.Writers)
}

// sameName turns a refusal of the store into the sentence about a name that is taken.
func sameName(err error, field, name string) error {
	if !database.IsDuplicate(err) {
		return err
	}
	return portal.UserError{Kind: portal.ErrConflict, Key: "documents.error.samename", Args: []any{"name", name}, Field: field}
}

// ChangeFolder renames a folder; with the right documents.edit it also changes the groups of a top one.
// Search follows: what lies below is queued again, without reading the files again.
func (s *Store) ChangeFolder(ctx context.Context, caller portal.Caller, id FolderID, draft FolderDraft) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		folder, err := s.writable(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if folder.IsTop() && caller.Can(portal.EditDocuments) {
			was := folder
			folder.Readers, folder.Writers = tidy(draft.Readers), tidy(draft.Writers)
			if err := setGroups(ctx, tx, caller.Collectivity, folder); err != nil {
				return err
			}
			if err := s.tellAudience(ctx, tx, caller, was, folder, draft.Client); err != nil {
				return err
			}
		}
		if err := checkFolder(caller, draft, folder); err != nil {
			return err
		}
		name := cleanLine(draft.Name)
		err = database.OneRow(tx.Exec(ctx, `UPDATE document_folders SET name = $3, name_key = $4
			WHERE collectivity = $1 AND id = $2`, caller.Collectivity, id, name, nameKey(name)))
		if err != nil {
			return err
		}
		return s.queueBelow(ctx, tx, caller.Collectivity, folder)
	})
	if err != nil {
		return fmt.Errorf("documents: change folder %q: %w", id, sameName(err, "name", cleanLine(draft.Name)))
	}
	return nil
}

// queueBelow tells search of every document under a top folder: its audience and its folder's name are part of them.
func (s *Store) queueBelow(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, folder Folder) error {
	if !folder.IsTop() {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT d.id FROM documents d
		JOIN document_folders f ON f.collectivity = d.collectivity AND f.id = d.folder
		WHERE d.collectivity = $1 AND f.top = $2 AND d.deleted = 0`, collectivity, folder.ID)
	ids, err := database.Collect(rows, err, scanText)
	if err != nil {
		return err
	}
	return s.queue.Changed(ctx, tx, collectivity, search.KindDocument, ids...)
}

func scanText(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

// DeleteFolder removes an empty folder; portal.ErrConflict when something is left in it.
func (s *Store) DeleteFolder(ctx context.Context, caller portal.Caller, id FolderID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		folder, err := s.writable(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if folder.IsTop() {
			if err := caller.Require(portal.EditDocuments); err != nil {
				return err
			}
		}
		var left int
		err = tx.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM document_folders WHERE collectivity = $1 AND parent = $2 AND deleted = 0) +
			(SELECT count(*) FROM documents WHERE collectivity = $1 AND folder = $2 AND deleted = 0)`,
			caller.Collectivity, id).Scan(&left)
		if err != nil {
			return err
		}
		if left > 0 {
			return portal.UserError{Kind: portal.ErrConflict, Key: "documents.error.notempty", Args: []any{"name", folder.Name}}
		}
		_, err = tx.Exec(ctx, `UPDATE document_folders SET deleted = $3 WHERE collectivity = $1 AND id = $2`,
			caller.Collectivity, id, database.Millis(s.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("documents: delete folder %q: %w", id, err)
	}
	return nil
}

// pathName writes folders as "Budget / 2026".
func pathName(path []Folder) string {
	names := make([]string, len(path))
	for i, folder := range path {
		names[i] = folder.Name
	}
	return strings.Join(names, " / ")
}
