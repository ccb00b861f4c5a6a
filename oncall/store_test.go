package oncall

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
)

var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	return zone
}()

// day is an hour of a day in Paris.
func day(date, clock string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", date+" "+clock, paris)
	if err != nil {
		panic(err)
	}
	return t
}

// calm has no holiday but those of the whole country, and nobody away but who is said to be.
type calm struct{ away map[portal.AgentID][]Absence }

func (calm) Holidays(context.Context, portal.Caller) (func(time.Time) string, error) {
	return publicHoliday, nil
}

func publicHoliday(day time.Time) string {
	key, _ := i18n.HolidayOn(day, i18n.Region{})
	return key
}

func (c calm) Absent(context.Context, portal.Caller, []portal.AgentID, string, string) (map[portal.AgentID][]Absence, error) {
	return c.away, nil
}

// newStore is a store with two collectivities, bourg and agglo, on Monday 30 November 2026 at eight; each has
// the same agents.
func newStore(t testing.TB) *Store {
	t.Helper()
	db := databasetest.New(t)
	for _, id := range []string{"bourg", "agglo"} {
		_, err := db.Exec(t.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"anne", "boris", "chloe", "denis", "chief"} {
			_, err := db.Exec(t.Context(), `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ($1, $2, $2, '', $2, 0)`, id, name)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	s := New(db, calm{}, calm{})
	var asked atomic.Int64 // so that what happens after something else is later
	s.now = func() time.Time {
		return day("2026-11-30", "08:00").Add(time.Duration(asked.Add(1)) * time.Millisecond)
	}
	return s
}

func person(name string, rights ...portal.Right) portal.Caller {
	return portal.Caller{Account: portal.AccountID(name), Agent: portal.AgentID(name), Collectivity: "bourg", Rights: rights}
}

var boss = person("boss", portal.ManageDuties)

// works is a team that hands over on Friday at 17:00, of anne, boris, chloe and denis, whom chief manages.
func works(t testing.TB, s *Store) Team {
	t.Helper()
	return teamOf(t, s, "Voirie", "anne", "boris", "chloe", "denis")
}

func teamOf(t testing.TB, s *Store, name string, members ...portal.AgentID) Team {
	t.Helper()
	id, err := s.CreateTeam(t.Context(), boss, Team{
		Name: name, Kind: Operation, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: ForEveryone,
	}, "192.0.2.1")
	must(t, err)
	for _, member := range members {
		must(t, s.AddMember(t.Context(), boss, id, member, "06 39 98 01 24", ""))
	}
	must(t, s.SetManager(t.Context(), boss, id, "chief", true, ""))
	team, err := s.Team(t.Context(), boss, id)
	must(t, err)
	return team
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refusedBy says that an error refuses with a sentence of the catalogue.
func refusedBy(t testing.TB, err error, key string) {
	t.Helper()
	var fields portal.FieldErrors
	var one portal.UserError
	switch {
	case errors.As(err, &fields) && fields[0].Key == key:
	case errors.As(err, &one) && one.Key == key:
	default:
		t.Errorf("refused with %v, want %s", err, key)
	}
}

func assign(t testing.TB, s *Store, team Team, agent portal.AgentID, from, to time.Time) PeriodID {
	t.Helper()
	id, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 1, Agent: agent, Starts: from, Ends: to}, "")
	must(t, err)
	return id
}

// planning is the periods of a team as "anne 12-04 17:00 – 12-11 17:00".
func planning(t testing.TB, s *Store, team Team) (all []string) {
	t.Helper()
	periods, err := s.Periods(t.Context(), boss, Query{Team: team.ID, From: day("2026-11-01", "00:00"), To: day("2027-12-01", "00:00")})
	must(t, err)
	for _, p := range periods {
		all = append(all, string(p.Agent)+" "+p.Starts.In(paris).Format("01-02 15:04")+" – "+p.Ends.In(paris).Format("01-02 15:04"))
	}
	return all
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhoMayPlanATeam(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	p := Period{Team: team.ID, Level: 1, Agent: "anne", Starts: day("2026-12-04", "17:00"), Ends: day("2026-12-11", "17:00")}
	stranger := boss
	stranger.Collectivity = "agglo"
	for name, caller := range map[string]portal.Caller{"a member": person("anne"), "a colleague": person("eve"), "who manages another collectivity": stranger, "nobody": {Collectivity: "bourg"}} {
		if _, err := s.Assign(t.Context(), caller, p, ""); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s assigns: %v", name, err)
		}
		if _, err := s.PutRota(t.Context(), caller, team.ID, []Turn{{Level: 1, Agent: "anne", Starts: p.Starts, Ends: p.Ends}}, ""); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s keeps a rota: %v", name, err)
		}
		if err := s.AddMember(t.Context(), caller, team.ID, "anne", "", ""); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s adds a member: %v", name, err)
		}
	}
	if _, err := s.Team(t.Context(), stranger, team.ID); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another collectivity reads the team: %v", err)
	}
	id, err := s.Assign(t.Context(), person("chief"), p, "")
	must(t, err)
	if err := s.SetManager(t.Context(), person("chief"), team.ID, "anne", true, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who manages a team names others: %v", err)
	}
	if _, err := s.CreateTeam(t.Context(), person("chief"), team, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who manages a team makes another: %v", err)
	}
	if _, err := s.Remove(t.Context(), person("anne"), id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a member removes her duty: %v", err)
	}
	must(t, s.SetManager(t.Context(), boss, team.ID, "chief", false, ""))
	if _, err := s.Remove(t.Context(), person("chief"), id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("who manages no more removes a duty: %v", err)
	}
}

func TestNumbersAreForWhomTheTeamSays(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", day("2026-11-27", "17:00"), day("2026-12-04", "17:00"))
	numbers := func(caller portal.Caller) (all []string) {
		now, err := s.Now(t.Context(), caller, s.now())
		must(t, err)
		read, err := s.Team(t.Context(), caller, team.ID)
		must(t, err)
		periods, err := s.Periods(t.Context(), caller, Query{Team: team.ID, From: s.now(), To: s.now().Add(time.Hour)})
		must(t, err)
		return []string{now[0].Phone, read.Members[0].Phone, periods[0].Phone}
	}
	const phone = "06 39 98 01 24"
	same(t, numbers(person("eve")), []string{phone, phone, phone})
	team.Phones = ForTeam
	team, _ = s.Team(t.Context(), boss, team.ID)
	team.Phones = ForTeam
	must(t, s.ChangeTeam(t.Context(), boss, team, ""))
	same(t, numbers(person("eve")), []string{"", "", ""})
	same(t, numbers(portal.Caller{Collectivity: "bourg"}), []string{"", "", ""}) // as the box asks
	for _, caller := range []portal.Caller{person("boris"), person("chief"), boss} {
		same(t, numbers(caller), []string{phone, phone, phone})
	}
}

func TestAPeriodThatCantBe(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	sound := Period{Team: team.ID, Level: 1, Agent: "anne", Starts: day("2026-12-04", "17:00"), Ends: day("2026-12-11", "17:00")}
	for key, change := range map[string]func(p *Period){
		"oncall.error.end":    func(p *Period) { p.Ends = p.Starts },
		"oncall.error.member": func(p *Period) { p.Agent = "eve" },
		"oncall.error.level":  func(p *Period) { p.Level = 6 },
		"oncall.error.moment": func(p *Period) { p.Starts = time.Time{} },
		"oncall.error.long":   func(p *Period) { p.Ends = p.Starts.AddDate(0, 0, 32) },
	} {
		p := sound
		change(&p)
		_, err := s.Assign(t.Context(), boss, p, "")
		refusedBy(t, err, key)
	}
	assign(t, s, team, "anne", sound.Starts, sound.Ends)
	other := sound
	other.Agent, other.Starts = "boris", day("2026-12-11", "16:00")
	other.Ends = day("2026-12-12", "08:00")
	_, err := s.Assign(t.Context(), boss, other, "")
	refusedBy(t, err, "oncall.error.overlap")
	other.Level = 2
	_, err = s.Assign(t.Context(), boss, other, "")
	must(t, err)
	other.Level, other.Starts = 1, sound.Ends // one begins as the other ends
	_, err = s.Assign(t.Context(), boss, other, "")
	must(t, err)
}

// TestTwoManagersAtOnce give the same nights to two people many times: one of them wins each time.
func TestTwoManagersAtOnce(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	for round := range 20 {
		from := day("2026-12-04", "17:00").AddDate(0, 0, round)
		var wait sync.WaitGroup
		won := make(chan portal.AgentID, 8)
		for i, agent := range []portal.AgentID{"anne", "boris", "chloe", "denis", "anne", "boris", "chloe", "denis"} {
			wait.Go(func() {
				p := Period{Team: team.ID, Level: 1, Agent: agent, Starts: from, Ends: from.Add(time.Duration(i+1) * time.Hour)}
				if _, err := s.Assign(context.Background(), boss, p, ""); err == nil {
					won <- agent
				} else {
					refusedBy(t, err, "oncall.error.overlap")
				}
			})
		}
		wait.Wait()
		if len(won) != 1 {
			t.Fatalf("round %d: %d have the same night", round, len(won))
		}
	}
}

func TestWhatSomebodyElseChangedIsNotWrittenOver(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	id := assign(t, s, team, "anne", day("2026-12-04", "17:00"), day("2026-12-11", "17:00"))
	seen, err := s.Period(t.Context(), boss, id)
	must(t, err)
	first, second := seen, seen
	first.Agent, second.Agent = "boris", "chloe"
	must(t, s.Change(t.Context(), boss, first, ""))
	var other PeriodChanged
	if err := s.Change(t.Context(), person("chief"), second, ""); !errors.As(err, &other) || other.Now.Agent != "boris" {
		t.Errorf("the second manager wrote over the first: %v", err)
	}
	team.Name = "Autre"
	must(t, s.ChangeTeam(t.Context(), boss, team, ""))
	var changed TeamChanged
	if err := s.ChangeTeam(t.Context(), person("chief"), team, ""); !errors.As(err, &changed) {
		t.Errorf("the second manager wrote over the team: %v", err)
	}
}

func TestWhoIsOnCallNow(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", day("2026-11-27", "17:00"), day("2026-12-04", "17:00"))
	assign(t, s, team, "boris", day("2026-12-04", "17:00"), day("2026-12-11", "17:00"))
	_, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 2, Agent: "denis", Starts: day("2026-11-20", "17:00"), Ends: day("2026-12-18", "17:00")}, "")
	must(t, err)
	names := func(now time.Time) (all []string) {
		found, err := s.Now(t.Context(), person("eve"), now)
		must(t, err)
		for _, one := range found {
			all = append(all, one.Name)
		}
		return all
	}
	same(t, names(day("2026-12-04", "16:59")), []string{"anne", "denis"})
	same(t, names(day("2026-12-04", "17:00")), []string{"boris", "denis"})
	if _, err := s.db.Exec(t.Context(), `UPDATE agents SET active = FALSE WHERE collectivity = 'bourg' AND id = 'boris'`); err != nil {
		t.Fatal(err)
	}
	same(t, names(day("2026-12-04", "17:00")), []string{"denis"})
	other := person("eve")
	other.Collectivity = "agglo"
	found, err := s.Now(t.Context(), other, day("2026-12-04", "16:59"))
	if err != nil || len(found) != 0 {
		t.Errorf("another collectivity is told %v, %v", found, err)
	}
	must(t, s.SetActive(t.Context(), boss, team.ID, false, ""))
	same(t, names(day("2026-12-04", "17:00")), []string(nil))
	_, err = s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 1, Agent: "anne", Starts: day("2027-01-01", "08:00"), Ends: day("2027-01-02", "08:00")}, "")
	refusedBy(t, err, "oncall.error.closed")
}

// told lists what an agent has to read, as "assigned 1".
func told(t testing.TB, s *Store, agent string) (all []string) {
	t.Helper()
	unread, _, err := s.notices(t.Context(), person(agent))
	must(t, err)
	for _, one := range unread {
		all = append(all, string(one.kind))
	}
	return all
}

func TestWhoIsConcernedIsTold(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	id := assign(t, s, team, "anne", day("2026-12-04", "17:00"), day("2026-12-11", "17:00"))
	p, err := s.Period(t.Context(), boss, id)
	must(t, err)
	p.Agent = "boris"
	must(t, s.Change(t.Context(), boss, p, ""))
	p, err = s.Period(t.Context(), boss, id)
	must(t, err)
	p.Ends = day("2026-12-10", "17:00")
	must(t, s.Change(t.Context(), boss, p, ""))
	_, err = s.Remove(t.Context(), boss, id, "")
	must(t, err)
	assign(t, s, team, "chloe", day("2026-11-01", "17:00"), day("2026-11-02", "17:00")) // over: nothing to tell
	same(t, told(t, s, "anne"), []string{"assigned", "removed"})
	same(t, told(t, s, "boris"), []string{"assigned", "moved", "removed"})
	same(t, told(t, s, "chloe"), []string(nil))
	turns := Rota(Wish{Team: team, Level: 1, From: day("2026-12-04", "17:00"), Weeks: 8, Now: s.now()})
	kept, err := s.PutRota(t.Context(), person("chief"), team.ID, turns, "")
	if err != nil || kept != 8 {
		t.Fatal(kept, err)
	}
	same(t, told(t, s, "denis"), []string{"assigned"}) // once for two weeks
	if _, err := s.PutRota(t.Context(), boss, team.ID, turns, ""); err == nil {
		t.Error("a rota was kept over another one")
	} else {
		refusedBy(t, err, "oncall.error.overlap")
	}
}

func TestATeamIsWellFormed(t *testing.T) {
	s := newStore(t)
	sound := Team{Name: "Voirie", Kind: Operation, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: ForEveryone}
	for key, change := range map[string]func(team *Team){
		"web.error.field.missing": func(team *Team) { team.Name = " " },
		"oncall.error.kind":       func(team *Team) { team.Kind = "medical" },
		"oncall.error.day":        func(team *Team) { team.HandoverDay = 7 },
		"oncall.error.hour":       func(team *Team) { team.HandoverAt = 24 * 60 },
		"oncall.error.evening":    func(team *Team) { team.Evening = 7 * 60 },
		"oncall.error.phones":     func(team *Team) { team.Phones = "" },
		"oncall.error.unit":       func(team *Team) { team.Unit = "nowhere" },
	} {
		team := sound
		change(&team)
		_, err := s.CreateTeam(t.Context(), boss, team, "")
		refusedBy(t, err, key)
	}
	team := works(t, s)
	refusedBy(t, s.AddMember(t.Context(), boss, team.ID, "anne", "appeler chez elle", ""), "oncall.error.phone")
	refusedBy(t, s.AddMember(t.Context(), boss, team.ID, "nobody", "", ""), "oncall.error.agent")
	must(t, s.MoveMember(t.Context(), boss, team.ID, "anne", true, ""))
	must(t, s.MoveMember(t.Context(), boss, team.ID, "denis", true, "")) // last already
	must(t, s.RemoveMember(t.Context(), boss, team.ID, "chloe", ""))
	team, err := s.Team(t.Context(), boss, team.ID)
	must(t, err)
	var order []string
	for _, m := range team.Members {
		order = append(order, m.Name)
	}
	if !slices.Equal(order, []string{"boris", "anne", "denis"}) {
		t.Errorf("order %v", order)
	}
}

// TestATeamThatClosesHasNothingToCome: nobody is paid for what was planned after it, nor kept from a duty elsewhere by it.
func TestATeamThatClosesHasNothingToCome(t *testing.T) {
	s := newStore(t)
	team, other := works(t, s), teamOf(t, s, "Autre", "anne", "boris")
	begun, to := day("2026-11-27", "17:00"), day("2026-12-11", "17:00")
	for _, agent := range []portal.AgentID{"anne", "boris"} {
		level := map[portal.AgentID]int{"anne": 1, "boris": 2}[agent]
		_, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: level, Agent: agent, Starts: begun, Ends: to, Told: day("2026-10-01", "08:00")}, "")
		must(t, err)
	}
	assign(t, s, team, "anne", to, to.AddDate(0, 0, 7))
	waits := offered(t, s, team, to, to.AddDate(0, 0, 7))
	must(t, s.SetActive(t.Context(), boss, team.ID, false, ""))
	same(t, stated(t, s, person("anne"), "2026-12"), []string(nil))
	same(t, stated(t, s, person("anne"), "2026-11"), []string{"anne 27 weekend 11620", "anne 11620"}) // closed on Monday at eight
	same(t, told(t, s, "anne"), []string{"assigned", "assigned", "removed"})
	same(t, told(t, s, "boris"), []string{"assigned", "removed"})
	turns, err := s.MakeRota(t.Context(), boss, other, 1, day("2026-12-04", "17:00"), 1, nil)
	must(t, err)
	if len(turns[0].Skipped) != 0 {
		t.Errorf("skipped for a team that is closed: %v", turns[0].Skipped)
	}
	must(t, s.SetActive(t.Context(), boss, team.ID, true, ""))
	_, err = s.Answer(t.Context(), person("boris"), waits, true, "")
	refusedBy(t, err, "oncall.error.answered")
}

func TestWhoLeftIsNotCalledAndNotPaidUnseen(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	id := assign(t, s, team, "anne", day("2026-12-04", "17:00"), day("2026-12-11", "17:00"))
	if _, err := s.db.Exec(t.Context(), `UPDATE agents SET active = FALSE WHERE collectivity = 'bourg' AND id = 'anne'`); err != nil {
		t.Fatal(err)
	}
	team, err := s.Team(t.Context(), person("eve"), team.ID)
	must(t, err)
	p, err := s.Period(t.Context(), boss, id)
	must(t, err)
	periods, err := s.Periods(t.Context(), boss, Query{From: p.Starts, To: p.Ends})
	must(t, err)
	if team.Members[0].Phone != "" || p.Phone != "" || periods[0].Phone != "" {
		t.Error("the number of who left is still read")
	}
	made, err := s.Statement(t.Context(), boss, day("2026-12-01", "00:00"))
	if err != nil || len(made.Agents) != 1 || !made.Agents[0].Left {
		t.Errorf("nothing says that she left: %+v, %v", made.Agents, err)
	}
}
