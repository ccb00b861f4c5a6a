package documents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/search"
	"parvis/search/extract"
)

// TestMain lets the test binary be the child that reads files, and the process that a test kills.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract" {
		os.Exit(extract.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	if len(os.Args) > 1 && os.Args[1] == "killed" {
		liveUntilKilled(os.Args[2], os.Args[3])
	}
	os.Exit(m.Run())
}

// desk is a library with its clock.
type desk struct {
	*Store
	db    *database.DB
	dir   string
	clock time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{db: databasetest.New(t), dir: t.TempDir(), clock: time.Now()}
	for _, id := range []string{"bourg", "agglo"} {
		addCollectivity(t, d.db, id)
	}
	store, err := New(d.db, Options{Dir: d.dir, MaxUpload: 1 << 20, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return d.clock }})
	if err != nil {
		t.Fatal(err)
	}
	d.Store = store
	return d
}

func addCollectivity(t testing.TB, db *database.DB, id string) {
	t.Helper()
	_, err := db.Exec(t.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
	if err != nil {
		t.Fatal(err)
	}
}

var (
	editor  = portal.Caller{Account: "e", Agent: "editor", Collectivity: "bourg", Groups: []portal.GroupID{"finances"}, Rights: []portal.Right{portal.EditDocuments}}
	finance = portal.Caller{Account: "f", Agent: "finance", Collectivity: "bourg", Groups: []portal.GroupID{"finances"}}
	elected = portal.Caller{Account: "u", Agent: "elected", Collectivity: "bourg", Groups: []portal.GroupID{"elus"}}
	other   = portal.Caller{Account: "o", Agent: "other", Collectivity: "bourg"}
	// foreign is another collectivity's editor, with groups of the same names.
	foreign = portal.Caller{Account: "e", Agent: "foreign", Collectivity: "agglo", Groups: []portal.GroupID{"elus", "finances"}, Rights: []portal.Right{portal.Admin, portal.EditDocuments}}
)

func (d *desk) folder(t testing.TB, draft FolderDraft) FolderID {
	t.Helper()
	id, err := d.CreateFolder(t.Context(), editor, draft)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (d *desk) receive(t testing.TB, caller portal.Caller, name, content string) *Incoming {
	t.Helper()
	file, err := d.Receive(t.Context(), caller, name, strings.NewReader(content), 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func (d *desk) add(t testing.TB, caller portal.Caller, folder FolderID, name, content string) DocumentID {
	t.Helper()
	ids, err := d.Add(t.Context(), caller, "Camille Le Goff", folder, []Upload{{File: d.receive(t, caller, name, content)}})
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}

func (d *desk) content(t testing.TB, caller portal.Caller, id DocumentID, number int) string {
	t.Helper()
	_, file, err := d.Open(t.Context(), caller, id, number)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// kept lists the files on disk, relative to the data folder.
func (d *desk) kept(t testing.TB) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(d.dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, entry.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// queued lists what search is told to index, and forgets it.
func (d *desk) queued(t testing.TB) []string {
	t.Helper()
	rows, err := d.db.Query(t.Context(), `SELECT collectivity || '/' || kind || '/' || id FROM search_queue ORDER BY collectivity, id`)
	ids, err := database.Collect(rows, err, scanText)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.Exec(t.Context(), `DELETE FROM search_queue`); err != nil {
		t.Fatal(err)
	}
	return ids
}

// refusals calls every method that takes a document or a folder.
func (d *desk) refusals(t testing.TB, caller portal.Caller, folder FolderID, document DocumentID) map[string]error {
	ctx := t.Context()
	file := d.receive(t, caller, "intrus.txt", "intrus")
	defer file.Drop()
	open := func(number int) error {
		_, file, err := d.Open(ctx, caller, document, number)
		if err == nil {
			file.Close()
		}
		return err
	}
	first := func(_ any, err error) error { return err }
	_, _, listed := d.Documents(ctx, caller, folder, 10, 0)
	return map[string]error{
		"Folder": first(d.Folder(ctx, caller, folder)), "Path": first(d.Path(ctx, caller, folder)),
		"Documents": listed, "Document": first(d.Document(ctx, caller, document)),
		"Versions": first(d.Versions(ctx, caller, document)), "Open": open(0), "Open version": open(1),
		"CanWrite": d.CanWrite(ctx, caller, folder),
		"Add":      first(d.Add(ctx, caller, "x", folder, []Upload{{File: file}})),
		"Replace":  d.Replace(ctx, caller, "x", document, file),
		"Change":   d.Change(ctx, caller, document, Draft{Title: "pris", Folder: folder}),
		"Delete":   d.Delete(ctx, caller, document), "Restore": d.Restore(ctx, caller, document),
		"Retry":        d.Retry(ctx, caller, document),
		"CreateFolder": first(d.CreateFolder(ctx, caller, FolderDraft{Name: "pris", Parent: folder})),
		"ChangeFolder": d.ChangeFolder(ctx, caller, folder, FolderDraft{Name: "pris"}),
		"DeleteFolder": d.DeleteFolder(ctx, caller, folder),
	}
}

func TestAnotherCollectivityFindsNothing(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Délibérations"})
	document := d.add(t, editor, folder, "délibération.txt", "canari")
	if _, err := d.db.Exec(t.Context(), `UPDATE document_versions SET text_state = 'failed', text_reason = 'empty'`); err != nil {
		t.Fatal(err)
	}
	d.queued(t)
	for method, err := range d.refusals(t, foreign, folder, document) {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s from another collectivity = %v, want NotFound", method, err)
		}
	}
	if err := d.Delete(t.Context(), editor, document); err != nil {
		t.Fatal(err)
	}
	if err := d.Restore(t.Context(), foreign, document); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("Restore from another collectivity = %v, want NotFound", err)
	}
	if err := d.Restore(t.Context(), editor, document); err != nil {
		t.Fatal(err)
	}
	tops, err := d.TopFolders(t.Context(), foreign)
	all, errAll := d.Folders(t.Context(), foreign)
	recent, errRecent := d.Recent(t.Context(), foreign, 10)
	bin, errBin := d.Bin(t.Context(), foreign)
	below, errBelow := d.Subfolders(t.Context(), foreign, folder)
	unread, errUnread := d.Unread(t.Context(), foreign)
	if err := errors.Join(err, errAll, errRecent, errBin, errBelow, errUnread); err != nil || len(tops)+len(all)+len(recent)+len(bin)+len(below)+len(unread) > 0 {
		t.Errorf("lists from another collectivity: %v %v %v %v %v %v, %v, want nothing", tops, all, recent, bin, below, unread, err)
	}
	found, err := d.Source().Load(t.Context(), "agglo", []string{string(document)})
	ids, errIDs := d.Source().IDs(t.Context(), "agglo", "", 10)
	if err != nil || errIDs != nil || len(found)+len(ids) > 0 {
		t.Errorf("search of another collectivity: %v %v, %v %v", found, ids, err, errIDs)
	}
	for _, id := range d.queued(t) {
		if !strings.HasPrefix(id, "bourg/") {
			t.Errorf("queued %s", id)
		}
	}
	if got := d.content(t, editor, document, 0); got != "canari" {
		t.Errorf("content = %q after the refusals", got)
	}
}

func TestWhatMayNotBeReadDoesNotExist(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Budget", Readers: []portal.GroupID{"elus", "finances"}, Writers: []portal.GroupID{"finances"}})
	inside := d.folder(t, FolderDraft{Name: "2026", Parent: folder})
	document := d.add(t, finance, inside, "budget.txt", "montants")
	for method, err := range d.refusals(t, other, inside, document) {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s for who may not read = %v, want NotFound", method, err)
		}
	}
	writes := map[string]bool{
		"CanWrite": true, "Add": true, "Replace": true, "Change": true, "Delete": true, "Retry": true,
		"CreateFolder": true, "ChangeFolder": true, "DeleteFolder": true,
	}
	for method, err := range d.refusals(t, elected, inside, document) {
		want := error(nil)
		switch {
		case writes[method]:
			want = portal.ErrDenied
		case method == "Restore": // it is not in the bin
			want = portal.ErrNotFound
		}
		if !errors.Is(err, want) {
			t.Errorf("%s for who may only read = %v, want %v", method, err, want)
		}
	}
	recent, err := d.Recent(t.Context(), other, 10)
	tops, errTops := d.TopFolders(t.Context(), other)
	if err != nil || errTops != nil || len(recent)+len(tops) > 0 {
		t.Errorf("lists for who may not read: %v %v, %v %v", recent, tops, err, errTops)
	}
	if recent, err := d.Recent(t.Context(), elected, 10); err != nil || len(recent) != 1 {
		t.Errorf("Recent for who may read = %v, %v, want one", recent, err)
	}
}

func TestSearchKnowsTheAudience(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Budget", Readers: []portal.GroupID{"elus"}, Writers: []portal.GroupID{"finances"}})
	inside := d.folder(t, FolderDraft{Name: "2026", Parent: folder})
	id := d.add(t, finance, inside, "Budget primitif.txt", "montants")
	load := func() search.Document {
		t.Helper()
		found, err := d.Source().Load(t.Context(), "bourg", []string{string(id), "absent"})
		if err != nil || len(found) != 1 {
			t.Fatalf("Load = %v, %v", found, err)
		}
		return found[0]
	}
	want := search.Document{
		Kind: search.KindDocument, ID: string(id), Title: "Budget primitif", Keywords: []string{"Budget primitif.txt"},
		URL: "/documents/" + string(id), Icon: "i-file", Detail: "TXT · Budget", Date: database.FromMillis(d.clock.UnixMilli()),
		Audience: []portal.GroupID{"elus", "finances"},
	}
	if diff := cmp.Diff(want, load()); diff != "" {
		t.Errorf("search document (-want +got):\n%s", diff)
	}
	d.queued(t)
	if err := d.ChangeFolder(t.Context(), editor, folder, FolderDraft{Name: "Finances"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"bourg/document/" + string(id)}, d.queued(t)); diff != "" {
		t.Errorf("a change of rights queues (-want +got):\n%s", diff)
	}
	if got := load(); got.Audience != nil || got.Detail != "TXT · Finances" {
		t.Errorf("after the change: audience %v, detail %q", got.Audience, got.Detail)
	}
	if err := d.Delete(t.Context(), editor, id); err != nil {
		t.Fatal(err)
	}
	if found, err := d.Source().Load(t.Context(), "bourg", []string{string(id)}); err != nil || len(found) != 0 {
		t.Errorf("Load of a deleted document = %v, %v", found, err)
	}
	if len(d.queued(t)) != 1 {
		t.Error("deleting does not tell search")
	}
}

func TestIDsComeInOrderByPages(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Tout"})
	for i := range 5 {
		d.add(t, editor, folder, fmt.Sprintf("%d.txt", i), "x")
	}
	var all []string
	for after := ""; ; {
		ids, err := d.Source().IDs(t.Context(), "bourg", after, 2)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ids...)
		if len(ids) < 2 {
			break
		}
		after = ids[1]
	}
	if len(all) != 5 {
		t.Errorf("IDs gave %v", all)
	}
	for i := 1; i < len(all); i++ {
		if all[i-1] >= all[i] {
			t.Errorf("IDs are not ascending: %v", all)
		}
	}
}

func TestFoldersRefuseWhatCantStand(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Marchés"})
	deep := folder
	for i := 1; i < MaxDepth; i++ {
		deep = d.folder(t, FolderDraft{Name: "niveau", Parent: deep})
	}
	d.add(t, editor, deep, "fond.txt", "x")
	for name, test := range map[string]struct {
		draft FolderDraft
		who   portal.Caller
		kind  error
		key   string
	}{
		"no name":           {FolderDraft{Name: " \u202e\n"}, editor, portal.ErrInvalid, "documents.error.foldername"},
		"long name":         {FolderDraft{Name: strings.Repeat("é", 101)}, editor, portal.ErrInvalid, "documents.error.longname"},
		"same name":         {FolderDraft{Name: "MARCHÉS"}, editor, portal.ErrConflict, "documents.error.samename"},
		"too deep":          {FolderDraft{Name: "x", Parent: deep}, editor, portal.ErrInvalid, "documents.error.deep"},
		"shut out":          {FolderDraft{Name: "RH", Readers: []portal.GroupID{"rh"}}, editor, portal.ErrInvalid, "documents.error.shutout"},
		"without the right": {FolderDraft{Name: "RH"}, finance, portal.ErrDenied, ""},
		"no parent":         {FolderDraft{Name: "x", Parent: "absent"}, editor, portal.ErrNotFound, ""},
	} {
		_, err := d.CreateFolder(t.Context(), test.who, test.draft)
		var refusal portal.UserError
		errors.As(err, &refusal)
		if !errors.Is(err, test.kind) || refusal.Key != test.key {
			t.Errorf("%s: %v, want %v with %q", name, err, test.kind, test.key)
		}
	}
	if err := d.DeleteFolder(t.Context(), editor, deep); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("DeleteFolder with a document in it = %v, want Conflict", err)
	}
	if path, err := d.Path(t.Context(), editor, deep); err != nil || len(path) != MaxDepth || path[0].ID != folder {
		t.Errorf("Path = %v, %v", path, err)
	}
}

func TestNamesSortAsReadersLook(t *testing.T) {
	d := newDesk(t)
	for _, name := range []string{"Zones", "État civil", "arrêtés", "Œuvres sociales", "Délibérations"} {
		d.folder(t, FolderDraft{Name: name})
	}
	folders, err := d.TopFolders(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, folder := range folders {
		got = append(got, folder.Name)
	}
	if diff := cmp.Diff([]string{"arrêtés", "Délibérations", "État civil", "Œuvres sociales", "Zones"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnUploadIsAllOrNothing(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Vie associative"})
	d.add(t, editor, folder, "statuts.txt", "anciens")
	_, err := d.Add(t.Context(), editor, "x", folder, []Upload{
		{File: d.receive(t, editor, "nouveau.txt", "n")}, {File: d.receive(t, editor, "STATUTS.txt", "autres")},
	})
	var refusal portal.UserError
	if !errors.As(err, &refusal) || refusal.Key != "documents.error.samename" || refusal.Field != "file" {
		t.Errorf("Add of a name that is taken = %v", err)
	}
	if _, total, err := d.Documents(t.Context(), editor, folder, 10, 0); err != nil || total != 1 {
		t.Errorf("%d documents, %v, want the first one only", total, err)
	}
	d.clock = d.clock.Add(2 * time.Hour)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept := d.kept(t); len(kept) != 1 {
		t.Errorf("on disk: %v, want the first file only", kept)
	}
}

func TestALargeFileLeavesNothing(t *testing.T) {
	d := newDesk(t)
	endless := io.MultiReader(strings.NewReader("%PDF-"), &letters{})
	_, err := d.Receive(t.Context(), editor, "énorme.pdf", endless, 0)
	var refusal portal.UserError
	if !errors.Is(err, portal.ErrTooLarge) || !errors.As(err, &refusal) || refusal.Key != "documents.error.large" {
		t.Errorf("Receive = %v, want TooLarge", err)
	}
	if kept := d.kept(t); len(kept) > 0 {
		t.Errorf("on disk: %v, want nothing", kept)
	}
}

// letters never ends.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestVersionsAreKept(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Règlements", Writers: []portal.GroupID{"finances"}})
	id := d.add(t, finance, folder, "règlement.txt", "première")
	if err := d.Replace(t.Context(), finance, "Yann", id, d.receive(t, finance, "règlement v2.txt", "seconde")); err != nil {
		t.Fatal(err)
	}
	document, err := d.Document(t.Context(), other, id)
	if err != nil || document.Number != 2 || document.FileName != "règlement v2.txt" || document.Title != "règlement" || document.AuthorName != "Yann" {
		t.Errorf("Document = %+v, %v", document, err)
	}
	versions, err := d.Versions(t.Context(), other, id)
	if err != nil || len(versions) != 2 || versions[1].Text != TextReplaced || versions[0].Text != TextQueued {
		t.Errorf("Versions = %+v, %v", versions, err)
	}
	if first, second := d.content(t, other, id, 1), d.content(t, other, id, 0); first != "première" || second != "seconde" {
		t.Errorf("contents = %q, %q", first, second)
	}
	if _, _, err := d.Open(t.Context(), other, id, 3); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("Open of a version that isn't = %v", err)
	}
}

func TestMoveNeedsBothFolders(t *testing.T) {
	d := newDesk(t)
	mine := d.folder(t, FolderDraft{Name: "Finances", Writers: []portal.GroupID{"finances"}})
	theirs := d.folder(t, FolderDraft{Name: "Cabinet"})
	id := d.add(t, finance, mine, "note.txt", "x")
	err := d.Change(t.Context(), finance, id, Draft{Title: "Note", Folder: theirs})
	var refusal portal.UserError
	if !errors.As(err, &refusal) || refusal.Field != "folder" {
		t.Errorf("move into a folder that is only read = %v, want a refusal at the field", err)
	}
	if err := d.Change(t.Context(), editor, id, Draft{Title: "Note de synthèse", Folder: theirs}); err != nil {
		t.Error(err)
	}
	if document, err := d.Document(t.Context(), other, id); err != nil || document.Folder != theirs || document.Title != "Note de synthèse" {
		t.Errorf("Document = %+v, %v", document, err)
	}
}

func TestTheBinKeepsThirtyDays(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Archives", Writers: []portal.GroupID{"finances"}})
	inside := d.folder(t, FolderDraft{Name: "2025", Parent: folder})
	first, second := d.add(t, finance, inside, "un.txt", "mêmes octets"), d.add(t, finance, folder, "deux.txt", "mêmes octets")
	erased := d.add(t, finance, folder, "trois.txt", "autres octets")
	for _, id := range []DocumentID{first, erased} {
		if err := d.Delete(t.Context(), finance, id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Document(t.Context(), finance, first); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a deleted document is still read: %v", err)
	}
	if bin, err := d.Bin(t.Context(), other); err != nil || len(bin) != 0 {
		t.Errorf("Bin of who only reads = %v, %v", bin, err)
	}
	if bin, err := d.Bin(t.Context(), finance); err != nil || len(bin) != 2 {
		t.Errorf("Bin = %v, %v, want two", bin, err)
	}
	if err := d.DeleteFolder(t.Context(), finance, inside); err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.AddDate(0, 0, BinDays-1)
	if err := d.Restore(t.Context(), finance, first); err != nil {
		t.Fatalf("Restore on day %d: %v", BinDays-1, err)
	}
	if got := d.content(t, other, first, 0); got != "mêmes octets" {
		t.Errorf("restored content = %q", got)
	}
	if _, err := d.Folder(t.Context(), other, inside); err != nil {
		t.Errorf("the folder did not come back with it: %v", err)
	}
	if err := d.Delete(t.Context(), finance, first); err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.AddDate(0, 0, BinDays+1)
	if err := d.Restore(t.Context(), finance, erased); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("Restore after the delay = %v", err)
	}
	d.queued(t)
	if count, err := d.Purge(t.Context()); err != nil || count != 2 {
		t.Errorf("Purge = %d, %v, want 2", count, err)
	}
	if got := d.queued(t); len(got) != 2 {
		t.Errorf("purging tells search of %v, want both", got)
	}
	if kept := d.kept(t); len(kept) != 1 {
		t.Errorf("on disk: %v, want only the octets that a document still uses", kept)
	}
	if got := d.content(t, other, second, 0); got != "mêmes octets" {
		t.Errorf("the other document's content = %q", got)
	}
}

func TestAFileThatTheDiskLostIsSaid(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Plans"})
	id := d.add(t, editor, folder, "plan.txt", "x")
	if err := os.RemoveAll(filepath.Join(d.dir, "bourg")); err != nil {
		t.Fatal(err)
	}
	_, _, err := d.Open(t.Context(), editor, id, 0)
	var refusal portal.UserError
	if !errors.Is(err, portal.ErrUnavailable) || !errors.As(err, &refusal) || refusal.Key != "documents.reason.missing" {
		t.Errorf("Open = %v", err)
	}
}

func TestAFullDiskIsSaidPlainly(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT, syscall.EMFILE} {
		err := diskError(&os.PathError{Op: "write", Path: "x", Err: cause})
		var refusal portal.UserError
		if !errors.Is(err, portal.ErrUnavailable) || !errors.As(err, &refusal) || refusal.Key != "documents.error.disk" {
			t.Errorf("diskError(%v) = %v", cause, err)
		}
	}
	if err := diskError(os.ErrClosed); errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("diskError of another trouble = %v", err)
	}
}

func TestFileNamesAreHarmless(t *testing.T) {
	for given, want := range map[string]string{
		"Budget 2026.pdf":                 "Budget 2026.pdf",
		`C:\Users\maire\note.docx`:        "note.docx",
		"../../etc/passwd":                "passwd",
		"a\x00b\r\n.txt":                  "ab  .txt",
		"facture\u202efdp.exe":            "facturefdp.exe",
		"e\u0301te\u0301.pdf":             "été.pdf",
		"":                                "document",
		"..":                              "document",
		"   ":                             "document",
		"\xff\xfe.pdf":                    ".pdf",
		strings.Repeat("é", 300) + ".pdf": strings.Repeat("é", 125) + ".pdf",
		"nom.":                            "nom",
	} {
		if got := cleanFileName(given); got != want {
			t.Errorf("cleanFileName(%q) = %q, want %q", given, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("../é\x00\u202e.pdf")
	f.Add(strings.Repeat("a", 400))
	f.Fuzz(func(t *testing.T, given string) {
		got := cleanFileName(given)
		if got == "" || len(got) > maxNameBytes || strings.ContainsAny(got, "/\\\x00\r\n\u202e\u2066") || got == "." || got == ".." {
			t.Errorf("cleanFileName(%q) = %q", given, got)
		}
		if again := cleanFileName(got); again != got {
			t.Errorf("cleanFileName is not stable: %q, then %q", got, again)
		}
	})
}

func TestMediaTypesComeFromTheContent(t *testing.T) {
	for _, test := range []struct {
		name, head, want string
		inline           bool
	}{
		{"a.pdf", "%PDF-1.7", "application/pdf", true},
		{"a.pdf", "<html><script>", octets, false},
		{"a.svg", `<?xml version="1.0"?><svg onload="x">`, octets, false},
		{"a.png", "\x89PNG\r\n\x1a\n", "image/png", true},
		{"a.txt", "été", "text/plain; charset=utf-8", true},
		{"a.txt", "\xe9t\xe9", "text/plain; charset=windows-1252", true},
		{"a.html", "bonjour", octets, false},
		{"a.svg", "<svg onload='x'>", octets, false},
		{"a.docx", "PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false},
		{"a.exe", "MZ\x00\x01", octets, false},
	} {
		got := mediaTypeOf(test.name, []byte(test.head))
		if got != test.want || shownInline(got) != test.inline {
			t.Errorf("mediaTypeOf(%s, %q) = %s, inline %v, want %s, %v", test.name, test.head, got, shownInline(got), test.want, test.inline)
		}
	}
}

func TestASweepSparesAnUploadThatHasNoRowYet(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	file := d.receive(t, editor, "acte.txt", "exécutoire")
	path, err := d.vault.path("bourg", file.blob.sum, ".bin")
	if err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.Add(2 * time.Hour) // the file is of an age to be swept
	added, swept := make(chan error, 1), make(chan error, 1)
	err = d.db.Tx(t.Context(), func(*database.Tx) error { // on SQLite no row is written meanwhile
		go func() {
			_, err := d.Add(t.Context(), editor, "x", folder, []Upload{{File: file}})
			added <- err
		}()
		for _, err := os.Stat(path); err != nil; _, err = os.Stat(path) {
			time.Sleep(time.Millisecond)
		}
		go func() { swept <- d.Sweep(t.Context()) }()
		select {
		case err := <-swept:
			swept <- err
		case <-time.After(200 * time.Millisecond):
		}
		return nil
	})
	if err := errors.Join(err, <-added, <-swept); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the octets of an acknowledged document are gone: %v", err)
	}
}

func TestAnUploadThatWaitedIsKeptAsNew(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	file := d.receive(t, editor, "acte.txt", "exécutoire")
	old := time.Now().Add(-3 * time.Hour)
	if err := os.Chtimes(file.blob.temp, old, old); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Add(t.Context(), editor, "x", folder, []Upload{{File: file}}); err != nil {
		t.Fatal(err)
	}
	if kept, err := d.vault.keptAt("bourg", file.blob.sum); err != nil || time.Since(kept) > time.Hour {
		t.Errorf("kept at %v, %v, want now", kept, err)
	}
}

// crowd puts documents in a folder, all newer than what is there, without their files.
func (d *desk) crowd(t testing.TB, folder FolderID, count int) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO documents (collectivity, id, folder, title, title_key, name_key, version, added, changed)
			SELECT 'bourg', 'crowd-' || i, CAST($1 AS TEXT), 'Acte', 'acte', 'acte-' || i, 1, CAST($2 AS BIGINT), CAST($2 AS BIGINT) FROM`,
		`INSERT INTO document_versions (collectivity, document, number, file_name, media_type, size, sha256, author, author_name, added, text_state)
			SELECT 'bourg', 'crowd-' || i, 1, CAST($1 AS TEXT), 'text/plain', 1, '', 'a', 'A', CAST($2 AS BIGINT), 'failed' FROM`,
	} {
		statement += ` (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ` + strconv.Itoa(count) + `) SELECT i FROM n) AS crowd`
		if _, err := d.db.Exec(t.Context(), statement, folder, database.Millis(d.clock.Add(time.Minute))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACrowdThatOneCannotReadHidesNothing(t *testing.T) {
	d := newDesk(t)
	closed := d.folder(t, FolderDraft{Name: "Finances", Readers: []portal.GroupID{"finances"}})
	open := d.folder(t, FolderDraft{Name: "Conseil", Writers: []portal.GroupID{"elus"}})
	below := d.folder(t, FolderDraft{Name: "2026", Parent: open})
	id := d.add(t, editor, below, "acte.txt", "exécutoire")
	d.crowd(t, closed, 5001)
	alone := func(list string, found []Document, err error) {
		t.Helper()
		if err != nil || len(found) != 1 || found[0].ID != id {
			t.Errorf("%s: %d documents, %v, want the one that she reads", list, len(found), err)
		}
	}
	recent, err := d.Recent(t.Context(), elected, 10)
	alone("recent", recent, err)
	if _, err := d.db.Exec(t.Context(), `UPDATE document_versions SET text_state = 'failed' WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	unread, err := d.Unread(t.Context(), elected)
	alone("unread", unread, err)
	if err := d.Delete(t.Context(), elected, id); err != nil {
		t.Fatal(err)
	}
	later := database.Millis(d.clock.Add(time.Minute))
	if _, err := d.db.Exec(t.Context(), `UPDATE documents SET deleted = $1 WHERE collectivity = 'bourg' AND deleted = 0`, later); err != nil {
		t.Fatal(err)
	}
	bin, err := d.Bin(t.Context(), elected)
	alone("bin", bin, err)
	if bin, err := d.Bin(t.Context(), editor); err != nil || len(bin) != listLength {
		t.Errorf("the editor's bin: %d documents, %v, want the last %d", len(bin), err, listLength)
	}
}
