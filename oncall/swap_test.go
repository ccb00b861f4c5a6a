package oncall

import (
	"errors"
	"testing"
	"time"

	"parvis/portal"
)

// offered is a part of anne's week that she offers to boris.
func offered(t testing.TB, s *Store, team Team, from, to time.Time) string {
	t.Helper()
	periods, err := s.Periods(t.Context(), boss, Query{Team: team.ID, Agent: "anne", From: from, To: to})
	must(t, err)
	id, err := s.Offer(t.Context(), person("anne"), periods[0].ID, "boris", from, to, "Concert de ma fille")
	must(t, err)
	return id
}

var (
	friday = day("2026-12-04", "17:00")
	next   = day("2026-12-11", "17:00")
)

func TestADayIsSwappedUndoneAndSwappedAgain(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", friday, next)
	whole := []string{"anne 12-04 17:00 – 12-11 17:00"}
	parts := []string{"anne 12-04 17:00 – 12-08 17:00", "boris 12-08 17:00 – 12-09 17:00", "anne 12-09 17:00 – 12-11 17:00"}
	id := offered(t, s, team, day("2026-12-08", "17:00"), day("2026-12-09", "17:00"))
	same(t, planning(t, s, team), whole)
	_, err := s.Answer(t.Context(), person("boris"), id, true, "")
	must(t, err)
	same(t, planning(t, s, team), parts)
	same(t, told(t, s, "anne"), []string{"assigned", "accepted"})
	same(t, told(t, s, "chief"), []string{"swapped"})

	if _, err := s.Undo(t.Context(), person("anne"), id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("who is no manager undoes: %v", err)
	}
	_, err = s.Undo(t.Context(), person("chief"), id, "")
	must(t, err)
	same(t, planning(t, s, team), whole)
	_, err = s.Undo(t.Context(), boss, id, "") // the other manager, at the same time
	refusedBy(t, err, "oncall.error.overruled")
	_, err = s.Redo(t.Context(), person("chief"), id, "")
	must(t, err)
	same(t, planning(t, s, team), parts)
	_, err = s.Redo(t.Context(), boss, id, "")
	refusedBy(t, err, "oncall.error.overruled")
	same(t, told(t, s, "boris"), []string{"undone", "redone"})

	periods, err := s.Periods(t.Context(), boss, Query{Team: team.ID, From: friday, To: next})
	must(t, err)
	for _, p := range periods {
		if p.Root != periods[0].Root {
			t.Errorf("%s is a part of %s, want of %s", p.Name, p.Root, periods[0].Root)
		}
	}
	history, err := s.Swaps(t.Context(), person("chief"), team.ID)
	if err != nil || len(history) != 1 || history[0].State != Accepted || history[0].DecidedBy != "chief" {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestASwapIsAnsweredOnce(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", friday, next)
	id := offered(t, s, team, friday, next)
	for _, other := range []string{"anne", "chloe", "chief"} {
		if _, err := s.Answer(t.Context(), person(other), id, true, ""); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s answers: %v", other, err)
		}
	}
	elsewhere := person("boris")
	elsewhere.Collectivity = "agglo"
	if _, err := s.Answer(t.Context(), elsewhere, id, true, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another collectivity answers: %v", err)
	}
	_, err := s.Answer(t.Context(), person("boris"), id, true, "")
	must(t, err)
	same(t, planning(t, s, team), []string{"boris 12-04 17:00 – 12-11 17:00"})
	_, err = s.Answer(t.Context(), person("boris"), id, true, "")
	refusedBy(t, err, "oncall.error.answered")
	_, err = s.Withdraw(t.Context(), person("anne"), id)
	refusedBy(t, err, "oncall.error.answered")
	_, err = s.TakeBack(t.Context(), person("boris"), id, "")
	must(t, err)
	same(t, planning(t, s, team), []string{"anne 12-04 17:00 – 12-11 17:00"})
	_, err = s.TakeBack(t.Context(), person("boris"), id, "")
	refusedBy(t, err, "oncall.error.undo")
	_, err = s.Answer(t.Context(), person("boris"), id, false, "")
	must(t, err)
	same(t, told(t, s, "anne"), []string{"assigned", "accepted", "undone", "refused"})
}

func TestAnOfferThatCantBe(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	id := assign(t, s, team, "anne", friday, next)
	over := assign(t, s, team, "anne", day("2026-11-20", "17:00"), day("2026-11-27", "17:00"))
	begun := assign(t, s, team, "anne", day("2026-11-27", "17:00"), friday)
	offer := func(period PeriodID, to portal.AgentID, from, until time.Time) error {
		_, err := s.Offer(t.Context(), person("anne"), period, to, from, until, "")
		return err
	}
	refusedBy(t, offer(over, "boris", day("2026-11-20", "17:00"), day("2026-11-27", "17:00")), "oncall.error.past")
	refusedBy(t, offer(begun, "boris", day("2026-11-27", "17:00"), friday), "oncall.error.past")
	refusedBy(t, offer(id, "anne", friday, next), "oncall.error.self")
	refusedBy(t, offer(id, "eve", friday, next), "oncall.error.member")
	refusedBy(t, offer(id, "boris", next, friday), "oncall.error.end")
	refusedBy(t, offer(id, "boris", friday, next.Add(time.Hour)), "oncall.error.outside")
	if _, err := s.Offer(t.Context(), person("boris"), id, "chloe", friday, next, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("boris offers what is anne's: %v", err)
	}
	must(t, offer(begun, "boris", day("2026-12-01", "17:00"), day("2026-12-02", "17:00"))) // what is to come of it
	must(t, offer(id, "boris", friday, day("2026-12-05", "17:00")))
	refusedBy(t, offer(id, "chloe", friday, next), "oncall.error.offered")
}

func TestAnOfferIsVoidOnceTheDutyIsAnother(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	id := assign(t, s, team, "anne", friday, next)
	swap := offered(t, s, team, friday, next)
	_, err := s.Remove(t.Context(), boss, id, "")
	must(t, err)
	_, err = s.Answer(t.Context(), person("boris"), swap, true, "")
	refusedBy(t, err, "oncall.error.answered")

	assign(t, s, team, "anne", friday, next)
	swap = offered(t, s, team, friday, next)
	_, err = s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 2, Agent: "boris", Starts: friday, Ends: next}, "")
	must(t, err)
	_, err = s.Answer(t.Context(), person("boris"), swap, true, "")
	refusedBy(t, err, "oncall.error.double")
	s.now = func() time.Time { return friday }
	_, err = s.Answer(t.Context(), person("boris"), swap, true, "")
	refusedBy(t, err, "oncall.error.begun")
}

func TestWhoLeftIsGivenNothingBack(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", friday, next)
	id := offered(t, s, team, friday, next)
	_, err := s.Answer(t.Context(), person("boris"), id, true, "")
	must(t, err)
	if _, err := s.db.Exec(t.Context(), `UPDATE agents SET active = FALSE WHERE collectivity = 'bourg' AND id = 'anne'`); err != nil {
		t.Fatal(err)
	}
	_, err = s.Undo(t.Context(), boss, id, "")
	refusedBy(t, err, "oncall.error.gone")
	same(t, planning(t, s, team), []string{"boris 12-04 17:00 – 12-11 17:00"})
}

// TestASwapStaysOneForItsPay: what two colleagues agreed is not imposed, and so never told late, whatever a manager writes
// beside it, and when she who has it by a swap has it back.
func TestASwapStaysOneForItsPay(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	told := day("2026-10-01", "08:00")
	night, morning := day("2026-12-07", "17:00"), day("2026-12-08", "08:00")
	_, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 1, Agent: "anne", Starts: night, Ends: morning, Told: told}, "")
	must(t, err)
	_, err = s.Answer(t.Context(), person("boris"), offered(t, s, team, night, morning), true, "")
	must(t, err)
	has := []string{"boris 7 night 1075", "boris 1075"}
	same(t, stated(t, s, person("boris"), "2026-12"), has)

	periods, err := s.Periods(t.Context(), boss, Query{Team: team.ID, From: night, To: morning})
	must(t, err)
	again := periods[0]
	again.Level, again.Told = 2, time.Time{}
	must(t, s.Change(t.Context(), boss, again, ""))
	same(t, stated(t, s, person("boris"), "2026-12"), has)
	again, err = s.Period(t.Context(), boss, again.ID)
	must(t, err)
	again.Level, again.Told = 1, time.Time{}
	must(t, s.Change(t.Context(), boss, again, ""))

	further, err := s.Offer(t.Context(), person("boris"), again.ID, "chloe", night, morning, "")
	must(t, err)
	_, err = s.Answer(t.Context(), person("chloe"), further, true, "")
	must(t, err)
	_, err = s.Undo(t.Context(), person("chief"), further, "")
	must(t, err)
	same(t, stated(t, s, person("boris"), "2026-12"), has)
}

func TestSwapsAreForThoseConcerned(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", friday, next)
	offered(t, s, team, friday, next)
	for caller, want := range map[string]int{"anne": 1, "boris": 1, "chief": 1, "chloe": 0, "": 0} { // "" assists: she is nobody's agent
		swaps, err := s.Swaps(t.Context(), person(caller), team.ID)
		if err != nil || len(swaps) != want {
			t.Errorf("%q sees %d swaps, %v; want %d", caller, len(swaps), err, want)
		}
	}
}

func TestWhoIsOutOfTheTeamTakesNothing(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", friday, next)
	id := offered(t, s, team, friday, next)
	must(t, s.RemoveMember(t.Context(), boss, team.ID, "boris", ""))
	_, err := s.Answer(t.Context(), person("boris"), id, true, "")
	refusedBy(t, err, "oncall.error.no-member")
	_, err = s.Answer(t.Context(), person("boris"), id, false, "")
	must(t, err)
}
