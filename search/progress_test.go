package search_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/search"
)

func TestWhatWaitsIsTold(t *testing.T) {
	ctx, db := context.Background(), databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	err := db.Tx(ctx, func(tx *database.Tx) error {
		return search.Queue{}.Changed(ctx, tx, "bourg", search.KindDocument, "a", "b")
	})
	if err != nil {
		t.Fatal(err)
	}
	progress := search.Progress{DB: db}
	if got, err := progress.Waiting(ctx, "bourg", search.KindDocument, []string{"b", "c"}); err != nil || !cmp.Equal(got, []string{"b"}) {
		t.Errorf("Waiting = %v, %v, want [b]", got, err)
	}
	if got, err := progress.Waiting(ctx, "agglo", search.KindDocument, []string{"a", "b"}); err != nil || got != nil {
		t.Errorf("agglo waits for %v, %v", got, err)
	}
}
