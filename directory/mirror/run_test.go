package mirror

import (
	"context"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database/databasetest"
)

// TestAServerThatHangsKeepsNoOtherCollectivityWaiting: its place is taken, by one run,
// and the others go on.
func TestAServerThatHangsKeepsNoOtherCollectivityWaiting(t *testing.T) {
	ctx, m := context.Background(), &Mirror{db: databasetest.New(t), now: time.Now}
	write := func(text string, args ...any) {
		t.Helper()
		if _, err := m.db.Exec(ctx, text, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"agglo", "bourg"} {
		write(`INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		write(`INSERT INTO mirrors (collectivity, settings, active, next) VALUES ($1, '{}', $2, 0)`, id, id == "bourg")
	}
	ran, ends := make(chan portal.CollectivityID, 10), make(chan struct{})
	crew := &crew{slots: make(chan struct{}, 2), busy: map[portal.CollectivityID]bool{}, run: func(_ context.Context, one due) {
		ran <- one.id
		if one.id == "bourg" {
			<-ends
		}
	}}
	looked := make(chan error)
	go func() {
		looked <- m.look(ctx, crew)
		write(`UPDATE mirrors SET active = TRUE`)
		looked <- m.look(ctx, crew)
	}()
	for range 2 {
		select {
		case err := <-looked:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a look waits for the server that hangs")
		}
	}
	close(ends)
	crew.workers.Wait()
	if first, second := <-ran, <-ran; min(first, second) != "agglo" || max(first, second) != "bourg" || len(ran) != 0 { // each by itself, in no order
		t.Errorf("ran %s, %s and %d more, want the two once each", first, second, len(ran))
	}
}
