package documents

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/search"
	"parvis/search/extract"
)

var quiet = slog.New(slog.DiscardHandler)

func newExtractor(t testing.TB, options extract.Options) *extract.Extractor {
	t.Helper()
	options.Log, options.CacheDir = quiet, filepath.Join(os.TempDir(), "parvis-test-pdfium")
	extractor, err := extract.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { extractor.Close() })
	return extractor
}

func pdf(t testing.TB, text string) string {
	t.Helper()
	file := fpdf.New("P", "mm", "A4", "")
	file.AddPage()
	file.SetFont("Helvetica", "", 12)
	file.MultiCell(0, 6, file.UnicodeTranslatorFromDescriptor("")(text), "", "", false)
	var out bytes.Buffer
	if err := file.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func word(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	part, err := archive.Create("word/document.xml")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(part, `<w:document><w:body><w:p><w:r><w:t>%s</w:t></w:r></w:p></w:body></w:document>`, text)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// readAll reads until nothing waits.
func readAll(t testing.TB, worker *Worker) {
	t.Helper()
	for {
		read, err := worker.ReadBatch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if read == 0 {
			return
		}
	}
}

func TestEachFileGetsItsTextOrItsReason(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	worker := NewWorker(d.Store, newExtractor(t, extract.Options{}), quiet)
	tests := []struct {
		name, content string
		state         TextState
		reason, body  string
	}{
		{"vide.pdf", "", TextFailed, "empty", ""},
		{"délibération.pdf", pdf(t, "Délibération sur le budget"), TextIndexed, "", "Délibération sur le budget"},
		{"tronqué.docx", "PK\x03\x04tronqué", TextFailed, "damaged", ""},
		{"compte rendu.docx", word(t, "Séance levée à 20 h"), TextIndexed, "", "Séance levée à 20 h"},
		{"photo.jpg", "\xff\xd8\xff\xe0\x00\x10JFIF", TextFailed, "unsupported", ""},
		{"note.txt", "un mot", TextIndexed, "", "un mot"},
		{"page.html", "<title>Horaires</title><p>La mairie ouvre", TextIndexed, "", "Horaires\nLa mairie ouvre"},
	}
	ids := make([]DocumentID, len(tests))
	for i, test := range tests {
		ids[i] = d.add(t, editor, folder, test.name, test.content)
	}
	d.queued(t)
	readAll(t, worker)
	if queued := d.queued(t); len(queued) != len(tests) {
		t.Errorf("search is told of %d documents, want %d", len(queued), len(tests))
	}
	for i, test := range tests {
		document, err := d.Document(t.Context(), editor, ids[i])
		if err != nil || document.Text != test.state || document.Reason != test.reason {
			t.Errorf("%s: %s %q, %v, want %s %q", test.name, document.Text, document.Reason, err, test.state, test.reason)
		}
		found, err := d.Source().Load(t.Context(), "bourg", []string{string(ids[i])})
		if err != nil || len(found) != 1 || found[0].Body != test.body {
			t.Errorf("%s: search gets %+v, %v, want body %q", test.name, found, err, test.body)
		}
	}
	if err := d.Retry(t.Context(), editor, ids[0]); err != nil {
		t.Fatal(err)
	}
	if document, _ := d.Document(t.Context(), editor, ids[0]); document.Text != TextQueued {
		t.Errorf("after Retry: %s", document.Text)
	}
}

func TestANewVersionReplacesTheTextOfTheOld(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	worker := NewWorker(d.Store, newExtractor(t, extract.Options{}), quiet)
	id := d.add(t, editor, folder, "note.txt", "ancien mot")
	readAll(t, worker)
	if err := d.Replace(t.Context(), editor, "x", id, d.receive(t, editor, "note.txt", "nouveau mot")); err != nil {
		t.Fatal(err)
	}
	body := func() string {
		found, err := d.Source().Load(t.Context(), "bourg", []string{string(id)})
		if err != nil || len(found) != 1 {
			t.Fatalf("Load = %v, %v", found, err)
		}
		return found[0].Body
	}
	if got := body(); got != "" {
		t.Errorf("before reading the new version search gets %q, want nothing of the old", got)
	}
	readAll(t, worker)
	if got := body(); got != "nouveau mot" {
		t.Errorf("search gets %q", got)
	}
}

func TestAFileThatKillsItsReaderIsGivenUp(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	extractor := newExtractor(t, extract.Options{Exe: "/bin/sh", Args: []string{"-c", `echo '{"parvis_extract":1}'; read line; exit 3`}})
	worker := NewWorker(d.Store, extractor, quiet)
	id := d.add(t, editor, folder, "poison.pdf", "%PDF-")
	for try := 1; ; try++ {
		readAll(t, worker)
		document, err := d.Document(t.Context(), editor, id)
		if err != nil {
			t.Fatal(err)
		}
		if document.Text == TextFailed {
			if try != maxTries || document.Reason != "crashed" {
				t.Errorf("given up after %d tries with %q, want %d, crashed", try, document.Reason, maxTries)
			}
			return
		}
		if try > maxTries {
			t.Fatalf("still %s after %d tries", document.Text, try)
		}
		d.clock = d.clock.Add(time.Hour)
	}
}

func TestOurOwnTroubleIsNotTheFiles(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	id := d.add(t, editor, folder, "note.txt", "un mot")
	broken := NewWorker(d.Store, newExtractor(t, extract.Options{Exe: "/nonexistent"}), quiet)
	for range maxTries + 2 {
		if _, err := broken.ReadBatch(t.Context()); err == nil {
			t.Fatal("a reader that can't start gives no error")
		}
		d.clock = d.clock.Add(retryPause)
	}
	readAll(t, NewWorker(d.Store, newExtractor(t, extract.Options{}), quiet))
	if document, err := d.Document(t.Context(), editor, id); err != nil || document.Text != TextIndexed {
		t.Errorf("%s, %v, want indexed once the reader works", document.Text, err)
	}
}

func TestTroubleWithOneFileHoldsUpNoOther(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	worker := NewWorker(d.Store, newExtractor(t, extract.Options{}), quiet)
	bad := d.add(t, editor, folder, "a.txt", "dont le texte ne peut être gardé")
	good := d.add(t, editor, folder, "b.txt", "un mot")
	document, err := d.Document(t.Context(), editor, bad)
	if err != nil {
		t.Fatal(err)
	}
	inTheWay, err := d.vault.path("bourg", document.Sum, ".txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(inTheWay, 0o700); err != nil {
		t.Fatal(err)
	}
	if read, err := worker.ReadBatch(t.Context()); read != 1 || err == nil {
		t.Errorf("ReadBatch = %d, %v, want 1 and the trouble with the other", read, err)
	}
	if document, err := d.Document(t.Context(), editor, good); err != nil || document.Text != TextIndexed {
		t.Errorf("the good file: %s, %v, want indexed", document.Text, err)
	}
	if read, err := worker.ReadBatch(t.Context()); read != 0 || err != nil {
		t.Errorf("at once again: ReadBatch = %d, %v, want the bad file to wait", read, err)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	d.clock = d.clock.Add(retryPause)
	readAll(t, worker)
	if document, err := d.Document(t.Context(), editor, bad); err != nil || document.Text != TextIndexed {
		t.Errorf("the bad file once mended: %s, %v, want indexed", document.Text, err)
	}
}

// progress says that some documents wait for the index.
type progress []string

func (p progress) Waiting(context.Context, portal.CollectivityID, search.Kind, []string) ([]string, error) {
	return p, nil
}

func TestReadIsNotYetIndexed(t *testing.T) {
	d := newDesk(t)
	folder := d.folder(t, FolderDraft{Name: "Conseil"})
	id := d.add(t, editor, folder, "note.txt", "un mot")
	readAll(t, NewWorker(d.Store, newExtractor(t, extract.Options{}), quiet))
	d.Store.progress = progress{string(id)}
	if document, err := d.Document(t.Context(), editor, id); err != nil || document.Text != TextRead {
		t.Errorf("%s, %v, want read", document.Text, err)
	}
}

// liveUntilKilled adds documents and reads them, and prints the name of each once it is acknowledged.
func liveUntilKilled(url, dir string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	db, err := database.Open(ctx, url, quiet)
	fail(err)
	store, err := New(db, Options{Dir: dir, Log: quiet})
	fail(err)
	extractor, err := extract.New(extract.Options{Log: quiet})
	fail(err)
	go NewWorker(store, extractor, quiet).Run(ctx)
	folders, err := store.TopFolders(ctx, editor)
	fail(err)
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d-%d.txt", os.Getpid(), i)
		file, err := store.Receive(ctx, editor, name, strings.NewReader("contenu de "+name), 0)
		fail(err)
		ids, err := store.Add(ctx, editor, "x", folders[0].ID, []Upload{{File: file}})
		fail(err)
		fmt.Println(ids[0], name)
	}
}

func TestNothingAcknowledgedIsLostByAKill(t *testing.T) {
	if os.Getenv("PARVIS_TEST_POSTGRES") != "" {
		return // what is at stake, files and resuming a lease, is the embedded store's
	}
	url, dir := "sqlite:"+filepath.Join(t.TempDir(), "parvis.db"), t.TempDir()
	open := func() *Store {
		t.Helper()
		store, err := New(databasetest.Open(t, url), Options{Dir: dir, Log: quiet})
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	store := open()
	addCollectivity(t, store.db, "bourg")
	folder, err := store.CreateFolder(t.Context(), editor, FolderDraft{Name: "Conseil"})
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := map[DocumentID]string{}
	for range 4 {
		killAfter(t, url, dir, time.Duration(200+rand.IntN(400))*time.Millisecond, acknowledged)
	}
	worker := NewWorker(store, newExtractor(t, extract.Options{}), quiet)
	if err := worker.resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	readAll(t, worker)
	if len(acknowledged) < 10 {
		t.Fatalf("only %d documents were acknowledged", len(acknowledged))
	}
	t.Logf("%d documents acknowledged over 4 kills", len(acknowledged))
	for id, name := range acknowledged {
		found, err := store.Source().Load(t.Context(), "bourg", []string{string(id)})
		if err != nil || len(found) != 1 || found[0].Body != "contenu de "+name {
			t.Fatalf("%s: search gets %+v, %v", name, found, err)
		}
	}
	if _, total, err := store.Documents(t.Context(), editor, folder, 1, 0); err != nil || total < len(acknowledged) {
		t.Errorf("%d documents, %v, want at least the %d acknowledged", total, err, len(acknowledged))
	}
}

// killAfter runs a process on the store, kills it without warning, and notes what it had acknowledged.
func killAfter(t *testing.T, url, dir string, after time.Duration, acknowledged map[DocumentID]string) {
	t.Helper()
	command := exec.Command(os.Args[0], "killed", url, dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var trouble strings.Builder
	command.Stderr = &trouble
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines, started := bufio.NewScanner(out), false
	for lines.Scan() {
		if !started {
			started = true
			time.AfterFunc(after, func() { command.Process.Kill() })
		}
		if id, name, whole := strings.Cut(lines.Text(), " "); whole && strings.HasSuffix(name, ".txt") {
			acknowledged[DocumentID(id)] = name
		}
	}
	_ = command.Wait() // killed
	if !started {
		t.Fatalf("the process acknowledged nothing: %s", trouble.String())
	}
}

func BenchmarkReceive(b *testing.B) {
	d := newDesk(b)
	d.Store.max = 1 << 30
	const size = 64 << 20
	b.SetBytes(size)
	for b.Loop() {
		file, err := d.Receive(b.Context(), editor, "gros.bin", io.LimitReader(letters{}, size), 0)
		if err != nil {
			b.Fatal(err)
		}
		file.Drop()
	}
}
