package server_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/leaving"
	"parvis/portal"
)

// TestArchivesLeaveNothingBehind: what a stopped process or another node left goes, what
// is being written and what can be taken stays.
func TestArchivesLeaveNothingBehind(t *testing.T) {
	w := newWorld(t)
	e := w.of("bourg")
	kept := e.archive()
	dir := filepath.Join(w.Config.Data, "exports", "bourg")
	old := time.Now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{"stray.zip": old, kept + ".1.part": old, "new.zip": time.Now(), kept + ".2.part": time.Now()} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte("x"), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	e.must(os.Chtimes(filepath.Join(dir, kept+".zip"), old, old))
	e.must(w.Leaving.Step(t.Context()))
	entries, err := os.ReadDir(dir)
	e.must(err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	want := []string{kept + ".2.part", kept + ".zip", "new.zip"}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("left are %q, want %q", names, want)
	}
}

// TestAnErasureTakesTheArchivesAlong: they tell of her, and no page leads to one that is
// gone.
func TestAnErasureTakesTheArchivesAlong(t *testing.T) {
	w := newWorld(t)
	e := w.of("bourg")
	archive := e.archive()
	e.erased()
	if all, err := w.Leaving.Archives(t.Context(), e.admin); err != nil || len(all) > 0 {
		t.Errorf("archives of before an erasure: %+v, %v", all, err)
	}
	if _, err := os.Stat(filepath.Join(w.Config.Data, "exports", "bourg", archive+".zip")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of an archive of before an erasure: %v", err)
	}
}

// slowFiles counts the documents that archives read, and takes its time.
type slowFiles struct {
	leaving.Files
	opened atomic.Int64
}

func (f *slowFiles) OpenFile(collectivity portal.CollectivityID, sum string) (io.ReadCloser, error) {
	f.opened.Add(1)
	time.Sleep(20 * time.Millisecond)
	return f.Files.OpenFile(collectivity, sum)
}

// TestAnArchiveIsMadeOnce, whatever nodes look for work at the same moment.
func TestAnArchiveIsMadeOnce(t *testing.T) {
	p := newWorld(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	files := &slowFiles{Files: p.Leaving.Files}
	options := p.Leaving.Options
	options.Files = files
	// the portal's own worker finds nothing: this one is asked for by nobody it hears
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO collectivity_exports (collectivity, id, agent, state, asked) VALUES ('bourg', 'once', $1, 'waiting', 1)`, string(admin.Agent)); err != nil {
		t.Fatal(err)
	}
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			if err := leaving.New(options).Step(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	var documents int64
	if err := p.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM document_versions WHERE collectivity = 'bourg'`).Scan(&documents); err != nil {
		t.Fatal(err)
	}
	if opened := files.opened.Load(); documents == 0 || opened != documents {
		t.Errorf("%d documents were read for an archive of %d", opened, documents)
	}
}
