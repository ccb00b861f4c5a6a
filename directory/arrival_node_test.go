package directory

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database/databasetest"
)

// TestTwoNodesAtOneImport: what one of them did while the other one looked away is
// neither done again nor deleted.
func TestTwoNodesAtOneImport(t *testing.T) {
	s, ctx, admin := New(databasetest.New(t)), context.Background(), Installation("bourg")
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	try(s.CreateCollectivity(ctx, Collectivity{ID: "bourg", Name: "Bourg", LongName: "Mairie de Bourg", Kind: "commune"}))
	arrivals := NewArrivals(s, nil, slog.New(slog.DiscardHandler))
	id, err := arrivals.Bring(ctx, admin, "a.csv", []byte("Nom\nUn\nDeux\nTrois\n"))
	try(err)
	try(arrivals.Plan(ctx, admin, id, []Column{FamilyColumn}, LeaveNamesakes))
	read := func() Arrival {
		t.Helper()
		a, err := arrivals.read(ctx, s.db, "bourg", id)
		try(err)
		return a
	}
	ready := read()
	try(arrivals.Begin(ctx, admin, id, ready.Plan(), time.Time{}, ""))
	if err := arrivals.remove(ctx, ready); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a file is dropped whose import began: %v", err)
	}
	first := read()
	try(arrivals.batch(ctx, admin, first, 2))
	try(arrivals.passOver(ctx, first)) // the other node could not write the first line
	if now := read(); now.reached != 3 {
		t.Errorf("it went back to line %d, want 3", now.reached)
	}
	for more := true; more; {
		more, err = arrivals.Work(ctx)
		try(err)
	}
	if tally, err := arrivals.Tally(ctx, read()); err != nil || tally.Outcomes["done"] != 3 {
		t.Errorf("outcomes: %+v, %v", tally.Outcomes, err)
	}
}
