package directory_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"parvis/directory"
	"parvis/portal"
)

// depart lets the last day of every planned departure be over, and does what is due.
func (d *division) depart(t testing.TB) {
	t.Helper()
	d.exec(t, `UPDATE planned_departures SET due = 1, last_day = '2020-01-31'`)
	got(directory.NewDepartures(d.Store, slog.New(slog.DiscardHandler)).Step(context.Background()))(t)
}

// TestADepartureIsByWhoManagedTheUnit: it is done as she might have done it, whatever
// right she holds by then, unless who leaves went elsewhere or may do more.
func TestADepartureIsByWhoManagedTheUnit(t *testing.T) {
	for what, test := range map[string]struct {
		meanwhile func(t *testing.T, d *division)
		fault     string // "" when she leaves
	}{
		"as planned":        {func(*testing.T, *division) {}, ""},
		"the right taken":   {func(t *testing.T, d *division) { got(d.Take(context.Background(), d.admin, d.right, ""))(t) }, ""},
		"below another one": {func(t *testing.T, d *division) { must(t, d.move(d.admin, d.below, "technique")) }, ""},
		"elsewhere":         {func(t *testing.T, d *division) { must(t, d.move(d.admin, d.below, "accueil")) }, "directory.error.departure.moved"},
		"with a right to news": {func(t *testing.T, d *division) {
			d.give(t, portal.EditNews, portal.TheAgent, string(d.below.Agent))
		}, "directory.error.outranked"},
	} {
		d, ctx := newDivision(t), context.Background()
		must(t, d.PlanDeparture(ctx, d.manager, d.below.Agent, directory.Departure{LastDay: soon}, "", ""))
		test.meanwhile(t, d)
		d.depart(t)
		stays := got(d.Enrolled(ctx, d.admin, d.below.Agent))(t).Active
		planned := got(d.Departure(ctx, d.admin, d.below.Agent))(t)
		if stays != (test.fault != "") || planned.Fault != test.fault {
			t.Errorf("%s: stays = %v for %q, want %q", what, stays, planned.Fault, test.fault)
		}
	}
}

// TestWhoComesAfterIsOfHerUnits, but whom the administrator chose.
func TestWhoComesAfterIsOfHerUnits(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	plan := func(by portal.Caller, who portal.Caller, agenda bool) error {
		shown := got(d.Departure(ctx, d.admin, d.inside.Agent))(t).ID
		return d.PlanDeparture(ctx, by, d.inside.Agent, directory.Departure{LastDay: soon, Successor: who.Agent, Agenda: agenda}, shown, "")
	}
	must(t, plan(d.manager, d.below, true))
	wantFields(t, plan(d.manager, d.beside, false), "successor")
	must(t, plan(d.admin, d.beside, false))
	must(t, plan(d.manager, d.beside, false))
	wantFields(t, plan(d.manager, d.beside, true), "successor")
}

// TestWhoManagesAUnitPutsBackWhatWasMovedWithinIt, and reads of nothing else.
func TestWhoManagesAUnitPutsBackWhatWasMovedWithinIt(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	parcs := got(d.AddUnit(ctx, d.admin, directory.Unit{Name: "Parcs", Parent: "technique"}, ""))(t)
	must(t, d.move(d.admin, d.both, "technique"))
	d.give(t, portal.EditNews, portal.TheAgent, string(d.both.Agent)) // above her, in a unit of hers
	within := got(d.EmptyUnit(ctx, d.manager, "voirie", "technique", ""))(t)
	beside := got(d.EmptyUnit(ctx, d.admin, "accueil", parcs, ""))(t)
	away := got(d.EmptyUnit(ctx, d.admin, parcs, "accueil", ""))(t)
	var listed []string
	for _, move := range got(d.Moves(ctx, d.manager))(t) {
		listed = append(listed, move.ID)
	}
	if !slices.Equal(listed, []string{within}) {
		t.Errorf("she is told of %v, want %v alone", listed, within)
	}
	if all := got(d.Moves(ctx, d.admin))(t); len(all) != 3 {
		t.Errorf("the administrator is told of %d, want 3", len(all))
	}
	for _, move := range []string{beside, away} {
		if _, _, err := d.UndoMove(ctx, d.manager, move, ""); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("of another unit: %v, want ErrDenied", err)
		}
	}
	must(t, d.DeleteUnit(ctx, d.manager, "voirie", ""))
	if back, kept, err := d.UndoMove(ctx, d.manager, within, ""); err != nil || back != 1 || kept != 0 {
		t.Errorf("back %d, kept %d, %v, want 1 back", back, kept, err)
	}
	if card := got(d.Agent(ctx, d.admin, d.below.Agent))(t); card.Unit != "voirie" {
		t.Errorf("she is in %q, want voirie", card.Unit)
	}
}

// TestWhoHoldsMoreIsPutBackByNobodyBelow her, and keeps nobody else where he is.
func TestWhoHoldsMoreIsPutBackByNobodyBelow(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	move := got(d.EmptyUnit(ctx, d.manager, "voirie", "technique", ""))(t)
	id := d.give(t, portal.EditNews, portal.TheAgent, string(d.below.Agent))
	if _, _, err := d.UndoMove(ctx, d.manager, move, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("with who holds more: %v, want ErrDenied", err)
	}
	got(d.Take(ctx, d.admin, id, ""))(t)
	d.give(t, portal.EditNews, portal.TheAgent, string(d.inside.Agent))
	if back, _, err := d.UndoMove(ctx, d.manager, move, ""); err != nil || back != 1 {
		t.Errorf("beside who holds more: %d back, %v, want 1", back, err)
	}
}
