package oncall

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

// told is long before, unless a case says otherwise.
func period(agent portal.AgentID, from, to string) Period {
	clock := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
		if err != nil {
			panic(err)
		}
		return moment
	}
	p := Period{ID: PeriodID(from), Team: "t", Level: 1, Agent: agent, Starts: clock(from), Ends: clock(to), Active: true, Origin: FromRota}
	p.Root, p.Told = p.ID, p.Starts.AddDate(0, -2, 0)
	return p
}

// TestWorkedExamples are figures that one can do by hand from the arrêté of 14 April 2015.
func TestWorkedExamples(t *testing.T) {
	one := func(from, to string) []Period { return []Period{period("anne", from, to)} }
	with := func(change func(p *Period), periods ...Period) []Period {
		for i := range periods {
			change(&periods[i])
		}
		return periods
	}
	toldDays := func(days int) func(p *Period) {
		return func(p *Period) { p.Told = p.Starts.AddDate(0, 0, -days) }
	}
	week := one("2026-11-13 17:00", "2026-11-20 17:00")
	for _, c := range []struct {
		about   string
		kind    Kind
		periods []Period
		want    string // unit × times, in the order of their beginning
		cents   int64  // of anne
	}{
		{"a full week of operation", Operation, week, "week", 15920},
		{"a full week of security", Security, week, "week", 14948},
		{"a full week of decision", Decision, week, "week", 12100},
		{"from Monday to Monday", Operation, one("2026-11-16 08:00", "2026-11-23 08:00"), "week", 15920},
		{"two weeks running", Operation, one("2026-11-06 17:00", "2026-11-20 17:00"), "week week-holiday week", 31840},
		{"a week with a public holiday is flat", Operation, one("2026-11-06 17:00", "2026-11-13 17:00"), "week week-holiday", 15920},
		{"a weekend", Operation, one("2026-11-13 17:00", "2026-11-16 08:00"), "weekend", 11620},
		{"a weekend of security", Security, one("2026-11-13 17:00", "2026-11-16 08:00"), "weekend", 10928},
		{"a weekend of decision", Decision, one("2026-11-13 17:00", "2026-11-16 08:00"), "weekend", 7600},
		{"a night of the week", Operation, one("2026-11-17 17:00", "2026-11-18 08:00"), "night", 1075},
		{"three nights, the days between are worked", Operation, one("2026-11-16 17:00", "2026-11-19 08:00"), "night night night", 3225},
		{"a night of ten hours", Operation, one("2026-11-17 22:00", "2026-11-18 08:00"), "night", 1075},
		{"a night of less than ten hours", Operation, one("2026-11-17 22:30", "2026-11-18 08:00"), "night-part", 860},
		{"the same of security", Security, one("2026-11-17 22:30", "2026-11-18 08:00"), "night-part", 808},
		{"the same of decision, for which there is no rate", Decision, one("2026-11-17 22:30", "2026-11-18 08:00"), "night-part?", 0},
		{"a Saturday, without its nights", Operation, one("2026-11-14 08:00", "2026-11-14 17:00"), "saturday", 3740},
		{"a Sunday", Operation, one("2026-11-15 08:00", "2026-11-15 17:00"), "sunday", 4655},
		{"the 11th of November, with the night before", Operation, one("2026-11-10 17:00", "2026-11-11 17:00"), "night sunday", 5730},
		{"the 15th of August, a Saturday", Operation, one("2026-08-15 08:00", "2026-08-15 17:00"), "sunday", 4655},
		{"a weekend and its Easter Monday", Operation, one("2026-04-03 17:00", "2026-04-07 08:00"), "weekend sunday night", 17350},
		{"nine days: a week and two nights", Operation, one("2026-11-13 17:00", "2026-11-22 17:00"), "week night saturday night sunday", 26465},
		{"a Saturday morning alone is told", Operation, one("2026-11-14 08:00", "2026-11-14 12:00"), "saturday~", 3740},
		{"a working day is worth nothing", Operation, one("2026-11-17 08:00", "2026-11-17 17:00"), "", 0},
		{"the night when the hour comes twice is one", Operation, one("2026-10-24 22:00", "2026-10-25 08:00"), "night", 1075},
		{"the night that lacks an hour is one", Operation, one("2026-03-28 22:00", "2026-03-29 08:00"), "night", 1075},
		{"a week that lacks an hour is one", Operation, one("2026-03-27 17:00", "2026-04-03 17:00"), "week", 15920},
		{"told 14 days before", Operation, with(toldDays(14), period("anne", "2026-11-13 17:00", "2026-11-20 17:00")), "week late", 15920 + 7960},
		{"told 15 days before, which leaves 14 clear days", Operation, with(toldDays(15), period("anne", "2026-11-13 17:00", "2026-11-20 17:00")), "week late", 15920 + 7960},
		{"told 16 days before", Operation, with(toldDays(16), period("anne", "2026-11-13 17:00", "2026-11-20 17:00")), "week", 15920},
		{
			"told late in the evening 16 days before", Operation, with(func(p *Period) { p.Told = day("2026-10-28", "23:30") }, period("anne", "2026-11-13 17:00", "2026-11-20 17:00")),
			"week", 15920,
		},
		{"decision knows no raise", Decision, with(toldDays(1), period("anne", "2026-11-13 17:00", "2026-11-20 17:00")), "week", 12100},
		{"half a cent is rounded", Operation, with(toldDays(1), period("anne", "2026-11-17 17:00", "2026-11-18 08:00")), "night late", 1075 + 538},
		{"a swap agreed late is not raised", Operation, with(func(p *Period) { p.Origin, p.Told = BySwap, p.Starts.AddDate(0, 0, -1) }, period("anne", "2026-11-17 17:00", "2026-11-18 08:00")), "night", 1075},
		{
			"a week of which one night was swapped", Operation, with(func(p *Period) { p.Root, p.Told = "week", day("2026-10-01", "08:00") },
				period("anne", "2026-11-13 17:00", "2026-11-17 17:00"), period("boris", "2026-11-17 17:00", "2026-11-18 17:00"), period("anne", "2026-11-18 17:00", "2026-11-20 17:00")),
			"weekend night night night", 11620 + 3*1075,
		},
		{"parts that are hers again are a week", Operation, with(func(p *Period) { p.Root, p.Told = "week", day("2026-10-01", "08:00") },
			period("anne", "2026-11-13 17:00", "2026-11-17 17:00"), period("anne", "2026-11-17 17:00", "2026-11-20 17:00")), "week", 15920},
		{"two weeks of two rotas are no fortnight", Operation, []Period{period("anne", "2026-11-13 17:00", "2026-11-16 08:00"), period("anne", "2026-11-16 08:00", "2026-11-20 17:00")}, "weekend night night night night", 15920},
	} {
		team := Team{ID: "t", Kind: c.kind, Morning: 8 * 60, Evening: 17 * 60}
		lines := Pay{Rates: ratesOf(nil), Holiday: publicHoliday, Zone: paris}.Lines(team, c.periods)
		var units []string
		var cents int64
		for _, line := range lines {
			if line.Agent != "anne" {
				continue
			}
			mark := map[string]string{NoRate: "?", PartOfDay: "~"}[line.Note]
			units, cents = append(units, string(line.Unit)+mark), cents+line.Amount
		}
		if got := strings.Join(units, " "); got != c.want || cents != c.cents {
			t.Errorf("%s: %s, %d cents; want %s, %d", c.about, got, cents, c.want, c.cents)
		}
	}
}

// TestAWeekIsTheSumOfItsParts as the figures of operation are made.
func TestAWeekIsTheSumOfItsParts(t *testing.T) {
	rates := ratesOf(nil)
	amount := func(unit Unit) int64 {
		rate, _ := rates.On(Operation, unit, "2026-11-13")
		return rate.Amount
	}
	if amount(Week) != 7*amount(Night)+amount(Saturday)+amount(Sunday) || amount(Weekend) != 3*amount(Night)+amount(Saturday)+amount(Sunday) {
		t.Error("a week of operation is not the sum of its nights and days")
	}
	for _, unit := range Units {
		rate, known := rates.On(Operation, unit, "2026-11-13")
		checked := unit == Week || unit == Weekend || unit == Night || unit == Saturday || unit == Sunday
		if known && rate.Checked != checked {
			t.Errorf("%s is said to be checked: %v", unit, rate.Checked)
		}
	}
	for _, rate := range rates {
		if err := rate.check(); err != nil {
			t.Errorf("shipped %s %s: %v", rate.Kind, rate.Unit, err)
		}
		if rate.Kind != Operation && rate.Checked {
			t.Errorf("%s %s is said to be checked", rate.Kind, rate.Unit)
		}
	}
}

// stated is a month of anne as "13 week 15920".
func stated(t testing.TB, s *Store, caller portal.Caller, month string) (all []string) {
	t.Helper()
	made, err := s.Statement(t.Context(), caller, day(month+"-01", "00:00"))
	must(t, err)
	for _, agent := range made.Agents {
		for _, line := range agent.Lines {
			all = append(all, fmt.Sprintf("%s %s %s %d", agent.Name, line.Starts.Format("2"), line.Unit, line.Amount))
		}
		all = append(all, fmt.Sprintf("%s %d", agent.Name, agent.Total))
	}
	return all
}

func TestARateChangedInMidMonthShowsBoth(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	for _, from := range []string{"2026-11-02", "2026-11-16", "2026-11-23"} {
		begins := day(from, "17:00")
		_, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 1, Agent: "anne", Starts: begins, Ends: begins.Add(15 * time.Hour), Told: day("2026-10-01", "08:00")}, "")
		must(t, err)
	}
	same(t, stated(t, s, boss, "2026-11"), []string{"anne 2 night 1075", "anne 16 night 1075", "anne 23 night 1075", "anne 3225"})
	decide := func(amount int64, from, until string) {
		must(t, s.AddRate(t.Context(), boss, Rate{Kind: Operation, Unit: Night, Amount: amount, From: from, Until: until, Source: "Délibération 12"}, ""))
	}
	decide(1200, "2026-11-16", "")
	same(t, stated(t, s, boss, "2026-11"), []string{"anne 2 night 1075", "anne 16 night 1200", "anne 23 night 1200", "anne 3475"})
	decide(1300, "2026-11-16", "2026-11-20") // corrects the one before, until a day
	same(t, stated(t, s, boss, "2026-11"), []string{"anne 2 night 1075", "anne 16 night 1300", "anne 23 night 1200", "anne 3575"})
	decide(1100, "2026-11-01", "") // what is decided last of an earlier day leaves the later ones
	same(t, stated(t, s, boss, "2026-11"), []string{"anne 2 night 1100", "anne 16 night 1300", "anne 23 night 1200", "anne 3600"})
	rates, err := s.Rates(t.Context(), boss)
	if err != nil || len(rates) != len(Shipped)+3 {
		t.Errorf("%d rates, %v: what was decided before is not kept", len(rates), err)
	}
}

func TestARateThatCantBe(t *testing.T) {
	s := newStore(t)
	sound := Rate{Kind: Operation, Unit: Week, Amount: 16000, From: "2026-01-01", Source: "Délibération 12"}
	for key, change := range map[string]func(r *Rate){
		"oncall.error.kind":         func(r *Rate) { r.Kind = "" },
		"oncall.error.unit-of-rate": func(r *Rate) { r.Unit = "hour" },
		"oncall.error.amount":       func(r *Rate) { r.Amount = -1 },
		"oncall.error.date":         func(r *Rate) { r.From = "2026-02-30" },
		"oncall.error.until":        func(r *Rate) { r.Until = "2025-12-31" },
		"web.error.field.missing":   func(r *Rate) { r.Source = "" },
	} {
		rate := sound
		change(&rate)
		refusedBy(t, s.AddRate(t.Context(), boss, rate, ""), key)
	}
	if err := s.AddRate(t.Context(), person("chief"), sound, ""); err == nil {
		t.Error("who plans a team decides what it is worth")
	}
}

func TestAMonthHasWhatBeginsInIt(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	id, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 1, Agent: "anne", Starts: day("2026-11-27", "17:00"), Ends: day("2026-12-06", "17:00"), Told: day("2026-10-01", "08:00")}, "")
	must(t, err)
	same(t, stated(t, s, boss, "2026-11"), []string{"anne 27 week 15920", "anne 15920"})
	same(t, stated(t, s, boss, "2026-12"), []string{"anne 4 night 1075", "anne 5 saturday 3740", "anne 5 night 1075", "anne 6 sunday 4655", "anne 10545"})
	swap, err := s.Offer(t.Context(), person("anne"), id, "boris", day("2026-12-05", "08:00"), day("2026-12-06", "17:00"), "")
	must(t, err)
	_, err = s.Answer(t.Context(), person("boris"), swap, true, "")
	must(t, err)
	same(t, stated(t, s, boss, "2026-12"), []string{"anne 4 night 1075", "anne 1075", "boris 5 saturday 3740", "boris 5 night 1075", "boris 6 sunday 4655", "boris 9470"})
	same(t, stated(t, s, person("boris"), "2026-12"), []string{"boris 5 saturday 3740", "boris 5 night 1075", "boris 6 sunday 4655", "boris 9470"})
	same(t, stated(t, s, person("eve"), "2026-12"), []string(nil))
	other := boss
	other.Collectivity = "agglo"
	same(t, stated(t, s, other, "2026-12"), []string(nil))
	_, err = s.Undo(t.Context(), person("chief"), swap, "")
	must(t, err)
	same(t, stated(t, s, person("chief"), "2026-12"), []string{"anne 4 night 1075", "anne 5 saturday 3740", "anne 5 night 1075", "anne 6 sunday 4655", "anne 10545"})
}

func TestInterventionsAreOfWhoWasOnCall(t *testing.T) {
	s := newStore(t)
	team := works(t, s)
	assign(t, s, team, "anne", day("2026-11-20", "17:00"), day("2026-11-27", "17:00"))
	sound := Intervention{Team: team.ID, Agent: "anne", Starts: day("2026-11-21", "02:00"), Ends: day("2026-11-21", "03:30"), What: "Arbre sur la chaussée", Moved: true}
	for key, change := range map[string]func(one *Intervention){
		"oncall.error.end":          func(one *Intervention) { one.Ends = one.Starts },
		"oncall.error.moment":       func(one *Intervention) { one.Starts = time.Time{} },
		"oncall.error.call-out.off": func(one *Intervention) { one.Starts, one.Ends = day("2026-11-28", "02:00"), day("2026-11-28", "03:00") },
		"oncall.error.call-out.future": func(one *Intervention) {
			one.Ends = day("2026-11-30", "09:00")
			one.Starts = day("2026-11-30", "07:00")
		},
		"oncall.error.call-out.long": func(one *Intervention) { one.Ends = day("2026-11-24", "02:00") },
		"web.error.field.missing":    func(one *Intervention) { one.What = " " },
	} {
		one := sound
		change(&one)
		refusedBy(t, s.Record(t.Context(), person("anne"), one, ""), key)
	}
	if err := s.Record(t.Context(), person("boris"), sound, ""); err == nil {
		t.Error("a colleague records what is anne's")
	}
	must(t, s.Record(t.Context(), person("anne"), sound, ""))
	refusedBy(t, s.Record(t.Context(), person("anne"), sound, ""), "oncall.error.call-out.twice")
	sound.Starts, sound.Ends, sound.Moved = day("2026-11-22", "02:00"), day("2026-11-22", "02:20"), false
	must(t, s.Record(t.Context(), person("chief"), sound, ""))
	made, err := s.Statement(t.Context(), person("anne"), day("2026-11-01", "00:00"))
	must(t, err)
	anne := made.Agents[0]
	if len(anne.CallOuts) != 2 || anne.Moved != 90*time.Minute || anne.ByPhone != 20*time.Minute {
		t.Errorf("%d interventions, %v and %v", len(anne.CallOuts), anne.Moved, anne.ByPhone)
	}
	if err := s.Forget(t.Context(), person("boris"), anne.CallOuts[0].ID, ""); err == nil {
		t.Error("a colleague takes out what is anne's")
	}
	must(t, s.Forget(t.Context(), person("anne"), anne.CallOuts[0].ID, ""))
	must(t, s.Forget(t.Context(), boss, anne.CallOuts[1].ID, ""))
}

// FuzzClock reads hours as people type them.
func FuzzClock(f *testing.F) {
	for _, text := range []string{"17:00", "17 h", "8h05", "24:00", "", "-1", "9:99", "１７"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		minutes := clockOf(text)
		if minutes < -1 || minutes >= minutesOfDay {
			t.Errorf("%q is %d", text, minutes)
		}
		if minutes >= 0 && clockOf(clockText(minutes)) != minutes {
			t.Errorf("%q is %d, written %s", text, minutes, clockText(minutes))
		}
	})
}

// FuzzMoment reads moments and days as forms and addresses hold them.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"2026-12-04T17:00", "2027-03-28T02:30", "0000-01-01T00:00", "x", "2026-12-04"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		momentOf(text, paris)
		if day := dayOr(text, day("2026-12-04", "17:00"), time.Time{}); !day.IsZero() && (day.Year() < 2000 || day.Year() > 2100) {
			t.Errorf("%q is %v", text, day)
		}
	})
}

// FuzzAmount reads amounts as people type them.
func FuzzAmount(f *testing.F) {
	for _, text := range []string{"159,20", "159.2 €", "1 240", "50 %", "-1", "1,2,3", "0,005", "99999999999"} {
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, money bool) {
		unit := Week
		if !money {
			unit = Late
		}
		if amount := amountOf(text, unit); amount < -1 {
			t.Errorf("%q is %d", text, amount)
		}
	})
}

func TestAmountsAreReadAsTyped(t *testing.T) {
	for text, want := range map[string]int64{"159,20": 15920, "159.2 €": 15920, "1 240": 124000, "10": 1000, "": -1, "abc": -1, "1,234": -1, "-5": -1} {
		if got := amountOf(text, Week); got != want {
			t.Errorf("%q is %d cents, want %d", text, got, want)
		}
	}
	if amountOf("50 %", Late) != 50 || amountOf("1,5", NoticeDays) != -1 {
		t.Error("percents and days are whole")
	}
}
