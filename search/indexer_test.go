package search_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/search"
	"parvis/search/bleveindex"
)

var quiet = slog.New(slog.DiscardHandler)

// notes is a feature in small: notes in a table, offered to search.
type notes struct {
	db     *database.DB
	refuse string // the id that Load fails on
	panics string // the id that Load panics on
}

func newNotes(t testing.TB, db *database.DB) *notes {
	t.Helper()
	_, err := db.Exec(context.Background(), `CREATE TABLE IF NOT EXISTS test_notes (
		collectivity TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, PRIMARY KEY (collectivity, id))`)
	if err != nil {
		t.Fatal(err)
	}
	return &notes{db: db}
}

// Kind implements search.Source.
func (n *notes) Kind() search.Kind { return search.KindArticle }

// Load implements search.Source.
func (n *notes) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	args := []any{string(collectivity)}
	for _, id := range ids {
		if id == n.panics {
			panic("this note breaks its reader")
		}
		if id == n.refuse {
			return nil, errors.New("this note can't be read")
		}
		args = append(args, id)
	}
	rows, err := n.db.Query(ctx, `SELECT id, title FROM test_notes WHERE collectivity = $1 AND id IN (`+database.Params(2, len(ids))+`)`, args...)
	return database.Collect(rows, err, func(rows *sql.Rows) (search.Document, error) {
		doc := search.Document{Kind: search.KindArticle, URL: "/notes"}
		return doc, rows.Scan(&doc.ID, &doc.Title)
	})
}

// IDs implements search.Source.
func (n *notes) IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	rows, err := n.db.Query(ctx, `SELECT id FROM test_notes WHERE collectivity = $1 AND id > $2 ORDER BY id LIMIT $3`, string(collectivity), after, limit)
	return database.Collect(rows, err, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
}

// write saves a note; an empty title deletes it.
func (n *notes) write(ctx context.Context, collectivity portal.CollectivityID, id, title string) error {
	return n.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM test_notes WHERE collectivity = $1 AND id = $2`, string(collectivity), id); err != nil {
			return err
		}
		if title != "" {
			if _, err := tx.Exec(ctx, `INSERT INTO test_notes (collectivity, id, title) VALUES ($1, $2, $3)`, string(collectivity), id, title); err != nil {
				return err
			}
		}
		return search.Queue{}.Changed(ctx, tx, collectivity, search.KindArticle, id)
	})
}

// desk is a store, an index and their indexer.
type desk struct {
	*notes
	index   *bleveindex.Index
	indexer *search.Indexer
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	index := bleveindex.New(t.TempDir(), quiet)
	t.Cleanup(func() {
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	})
	n := newNotes(t, db)
	return &desk{n, index, search.NewIndexer(db, index, quiet, n)}
}

func (d *desk) mustWrite(t testing.TB, collectivity portal.CollectivityID, id, title string) {
	t.Helper()
	if err := d.write(t.Context(), collectivity, id, title); err != nil {
		t.Fatal(err)
	}
}

// settle indexes until nothing waits.
func (d *desk) settle(t testing.TB) {
	t.Helper()
	for {
		n, err := d.indexer.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// find returns the ids that a plain agent of the collectivity finds.
func (d *desk) find(t testing.TB, collectivity portal.CollectivityID, text string) string {
	t.Helper()
	results, err := d.index.Search(t.Context(), portal.Caller{Collectivity: collectivity, Agent: "a"}, search.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, hit := range results.Hits {
		ids = append(ids, hit.ID)
	}
	return strings.Join(ids, " ")
}

func TestWhatChangesIsFoundAndWhatIsDeletedIsNot(t *testing.T) {
	d := newDesk(t)
	d.mustWrite(t, "bourg", "n1", "Travaux du pont")
	d.mustWrite(t, "agglo", "n1", "Travaux du tramway")
	if n, err := d.indexer.Pending(t.Context()); n != 2 || err != nil {
		t.Errorf("Pending = %d, %v; want 2", n, err)
	}
	d.settle(t)
	if got := d.find(t, "bourg", "travaux pont"); got != "n1" {
		t.Errorf("found %q, want n1", got)
	}
	if got := d.find(t, "bourg", "tramway"); got != "" {
		t.Errorf("bourg finds %q of agglo", got)
	}
	d.mustWrite(t, "bourg", "n1", "Fermeture de la mairie")
	d.settle(t)
	if old, new := d.find(t, "bourg", "pont"), d.find(t, "bourg", "fermetures"); old != "" || new != "n1" {
		t.Errorf("after a change: old words find %q, new ones %q", old, new)
	}
	d.mustWrite(t, "bourg", "n1", "")
	d.settle(t)
	if got := d.find(t, "bourg", "fermeture"); got != "" {
		t.Errorf("after deletion: %q", got)
	}
	if n, err := d.indexer.Pending(t.Context()); n != 0 || err != nil {
		t.Errorf("Pending = %d, %v; want 0", n, err)
	}
}

func TestAChangeThatWasRolledBackIsNotQueued(t *testing.T) {
	d := newDesk(t)
	failure := errors.New("second thoughts")
	err := d.db.Tx(t.Context(), func(tx *database.Tx) error {
		if err := (search.Queue{}).Changed(t.Context(), tx, "bourg", search.KindArticle, "n1"); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if n, err := d.indexer.Pending(t.Context()); n != 0 || err != nil {
		t.Errorf("Pending = %d, %v; want 0", n, err)
	}
}

func TestOneBadDocumentHoldsUpNoOther(t *testing.T) {
	d := newDesk(t)
	for i := range 5 {
		d.mustWrite(t, "bourg", fmt.Sprint("n", i), "Arrêté municipal")
	}
	d.refuse = "n2"
	d.settle(t)
	if got := len(strings.Fields(d.find(t, "bourg", "arrêté"))); got != 4 {
		t.Errorf("%d found, want the 4 good ones", got)
	}
	if n, err := d.indexer.Pending(t.Context()); n != 1 || err != nil {
		t.Errorf("Pending = %d, %v; want the bad one", n, err)
	}
	d.refuse = ""
	d.mustWrite(t, "bourg", "n2", "Arrêté municipal") // a change is tried at once
	d.settle(t)
	if got := len(strings.Fields(d.find(t, "bourg", "arrêté"))); got != 5 {
		t.Errorf("%d found once mended, want 5", got)
	}
}

func TestADocumentThatPanicsHoldsUpNoOther(t *testing.T) {
	d := newDesk(t)
	for i := range 3 {
		d.mustWrite(t, "bourg", fmt.Sprint("n", i), "Arrêté municipal")
	}
	d.panics = "n1"
	d.settle(t)
	if got := d.find(t, "bourg", "arrêté"); len(strings.Fields(got)) != 2 || strings.Contains(got, "n1") {
		t.Errorf("found %q, want the 2 good ones", got)
	}
	if n, err := d.indexer.Pending(t.Context()); n != 1 || err != nil {
		t.Errorf("Pending = %d, %v; want the bad one", n, err)
	}
}

func TestALostIndexIsFilledFromTheSources(t *testing.T) {
	d := newDesk(t)
	for i := range 7 {
		d.mustWrite(t, "bourg", fmt.Sprint("n", i), "Conseil municipal")
	}
	d.settle(t)
	if err := d.index.Remove(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	results, err := d.index.Search(t.Context(), portal.Caller{Collectivity: "bourg"}, search.Query{Text: "conseil"})
	if err != nil || results.Total != 0 || !results.Partial {
		t.Errorf("a lost index answers %d hits, partial %v, %v; want none, and to say so", results.Total, results.Partial, err)
	}
	if n, err := d.indexer.Step(t.Context()); n == 0 || err != nil { // the first takes all
		t.Fatal(n, err)
	}
	results, err = d.index.Search(t.Context(), portal.Caller{Collectivity: "bourg"}, search.Query{Text: "conseil"})
	if err != nil || results.Total != 7 || results.Partial {
		t.Errorf("filled: %d hits, partial %v, %v; want 7", results.Total, results.Partial, err)
	}
	if err := d.indexer.Rebuild(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	if got := len(strings.Fields(d.find(t, "bourg", "conseil"))); got != 7 {
		t.Errorf("rebuilt: %d hits, want 7", got)
	}
}

func TestDeletedTextIsPurgedInTime(t *testing.T) {
	d := newDesk(t)
	d.mustWrite(t, "bourg", "n1", "Dossier confidentiel")
	d.settle(t)
	d.mustWrite(t, "bourg", "n1", "")
	d.settle(t)
	var due int64
	err := d.db.QueryRow(t.Context(), `SELECT not_before FROM search_queue WHERE collectivity = 'bourg' AND kind = 'purge'`).Scan(&due)
	if err != nil {
		t.Fatal(err)
	}
	if wait := time.Until(database.FromMillis(due)); wait > time.Hour || wait < 50*time.Minute {
		t.Errorf("the purge waits %v, want an hour", wait)
	}
	_, err = d.db.Exec(t.Context(), `UPDATE search_queue SET not_before = 0 WHERE collectivity = 'bourg' AND kind = 'purge'`)
	if err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	if err := d.db.QueryRow(t.Context(), `SELECT not_before FROM search_queue WHERE collectivity = 'bourg'`).Scan(&due); !errors.Is(err, portal.ErrNotFound) && !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("the purge is still queued: %v", err)
	}
}

// writerFolder tells this test binary to be the process that is killed.
const writerFolder = "PARVIS_SEARCH_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerFolder); dir != "" {
		writeUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

// complaints tells the test what is logged: killing must damage nothing.
type complaints struct{}

// Write implements io.Writer.
func (complaints) Write(line []byte) (int, error) {
	fmt.Printf("! %s", line)
	return len(line), nil
}

// writeUntilKilled writes and deletes notes, printing each once it is saved,
// while the indexer runs beside.
func writeUntilKilled(dir string) {
	ctx := context.Background()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(dir, "parvis.db"), quiet)
	if err != nil {
		fmt.Println("!", err)
		os.Exit(1)
	}
	n := &notes{db: db}
	log := slog.New(slog.NewTextHandler(complaints{}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	go search.NewIndexer(db, bleveindex.New(filepath.Join(dir, "index"), log), log, n).Run(ctx)
	dice := rand.New(rand.NewSource(time.Now().UnixNano()))
	for {
		id, title := fmt.Sprint("n", dice.Intn(300)), "Permis de construire"
		if dice.Intn(4) == 0 {
			title = ""
		}
		if err := n.write(ctx, "bourg", id, title); err != nil {
			fmt.Println("!", err)
			os.Exit(1)
		}
		fmt.Println(id, title)
	}
}

func TestNothingAcknowledgedIsLostByKilling(t *testing.T) {
	const rounds = 12
	dir := t.TempDir()
	url := "sqlite:" + filepath.Join(dir, "parvis.db")
	db, err := database.Open(t.Context(), url, quiet)
	if err != nil {
		t.Fatal(err)
	}
	databasetest.AddCollectivities(t, db, "bourg")
	newNotes(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	written := 0
	for round := range rounds {
		written += killedWriter(t, dir, time.Duration(150+round*60)*time.Millisecond)
	}

	db = databasetest.Open(t, url)
	index := bleveindex.New(filepath.Join(dir, "index"), quiet)
	defer index.Close()
	n := newNotes(t, db)
	d := &desk{n, index, search.NewIndexer(db, index, quiet, n)}
	d.settle(t)
	want, err := n.IDs(t.Context(), "bourg", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	caller := portal.Caller{Collectivity: "bourg"}
	found := map[string]bool{}
	for page := 1; page <= search.MaxPage; page++ {
		results, err := index.Search(t.Context(), caller, search.Query{Text: "permis", Page: page})
		if err != nil {
			t.Fatal(err)
		}
		if results.Page < page {
			break
		}
		for _, hit := range results.Hits {
			found[hit.ID] = true
		}
	}
	for _, id := range want {
		if !found[id] {
			t.Errorf("note %s is in the store and is not found", id)
		}
		delete(found, id)
	}
	for id := range found {
		t.Errorf("note %s was deleted and is found", id)
	}
	t.Logf("%d kills, %d writes acknowledged, %d notes", rounds, written, len(want))
	if written < 20*rounds {
		t.Errorf("only %d writes in %d rounds: this test proves little", written, rounds)
	}
}

// killedWriter runs the writer, kills it after a time, and returns how many
// writes it acknowledged.
func killedWriter(t *testing.T, dir string, after time.Duration) int {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-test.run=^$")
	command.Env = append(os.Environ(), writerFolder+"="+dir)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	written := 0
	var kill *time.Timer
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "!") {
			t.Errorf("writer: %s", lines.Text())
		}
		if written++; written == 1 {
			kill = time.AfterFunc(after, func() { command.Process.Kill() })
		}
	}
	command.Wait()
	if kill != nil {
		kill.Stop()
	}
	return written
}
