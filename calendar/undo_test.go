package calendar

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNothingIsDeletedWithoutItsWayBack(t *testing.T) {
	ctx, s := context.Background(), newStore(t)
	caller := agent("bourg", "claire")
	d := meeting(caller, "Point", 24)
	d.Repeat = Repeat{Every: Daily, Until: d.Start.AddDate(0, 0, 1)}
	id := mustCreate(t, s, caller, d)
	want := titles(t, s, caller)
	if _, err := s.db.Exec(ctx, `DROP TABLE calendar_undo`); err != nil { // the way back can't be kept
		t.Fatal(err)
	}
	if undo, err := s.Remove(ctx, caller, Target{Event: id, At: d.Start, Scope: OneDate}); err == nil {
		t.Errorf("an instance was removed with the way back %q", undo)
	}
	if undo, err := s.Remove(ctx, caller, Target{Event: id}); err == nil {
		t.Errorf("an event was removed with the way back %q", undo)
	}
	if got := titles(t, s, caller); !cmp.Equal(got, want) || len(want) != 2 {
		t.Errorf("what is left: %q, want %q", got, want)
	}
}
