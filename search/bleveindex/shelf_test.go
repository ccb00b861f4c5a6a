package bleveindex

import (
	"errors"
	"testing"
	"time"

	index "github.com/blevesearch/bleve_index_api"

	"parvis/portal"
	"parvis/search"
)

// fullDisk is an index whose batches wait until there is room.
type fullDisk struct {
	index.Index
	room chan struct{}
}

// Batch implements index.Index.
func (f fullDisk) Batch(batch *index.Batch) error {
	<-f.room
	return f.Index.Batch(batch)
}

func TestAnIndexIsNotClosedUnderAnOverdueBatch(t *testing.T) {
	x := newIndex(t)
	put(t, x, "bourg", search.Document{Kind: search.KindArticle, ID: "a", Title: "Budget"})
	shelf, done, err := x.use("bourg")
	if err != nil {
		t.Fatal(err)
	}
	done()
	entry, err := newEntry(search.Document{Kind: search.KindArticle, ID: "b", Title: "Budget annexe"})
	if err != nil {
		t.Fatal(err)
	}
	batch := index.NewBatch()
	batch.Update(entry)
	store, err := shelf.writer()
	if err != nil {
		t.Fatal(err)
	}
	disk := fullDisk{store, make(chan struct{})}
	if err := shelf.batchWithin(time.Millisecond, disk, batch); !errors.Is(err, errTimeout) {
		t.Fatalf("batchWithin = %v, want %v", err, errTimeout)
	}
	shelf.distrust()

	find := func() (search.Results, error) {
		return x.Search(t.Context(), clerk, search.Query{Text: "budget", Now: noon})
	}
	if _, err := find(); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Search meanwhile: %v, want ErrUnavailable", err)
	}
	if err := x.Remove(t.Context(), "bourg"); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Remove meanwhile: %v, want ErrUnavailable", err)
	}
	x.mu.Lock()
	limit := x.limit
	x.limit = 0
	if idle := x.takeIdle(); len(idle) != 0 {
		t.Errorf("%d shelves are taken for idle, want none", len(idle))
	}
	x.limit = limit
	x.mu.Unlock()

	close(disk.room)
	results, err := find()
	for deadline := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(deadline); results, err = find() {
		time.Sleep(time.Millisecond)
	}
	if err != nil || results.Total != 2 {
		t.Errorf("once there is room: %d hits, %v, want both documents", results.Total, err)
	}
}
