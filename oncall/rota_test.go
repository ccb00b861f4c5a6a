package oncall

import (
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

func fourMembers() Team {
	return Team{ID: "t", HandoverDay: time.Friday, HandoverAt: 17 * 60, Managers: []Member{{Agent: "chief", Active: true}}, Members: []Member{
		{Agent: "anne", Name: "anne", Phone: "1", Active: true},
		{Agent: "boris", Name: "boris", Phone: "1", Active: true},
		{Agent: "chloe", Name: "chloe", Phone: "1", Active: true},
		{Agent: "denis", Name: "denis", Phone: "1", Active: true},
	}}
}

func wish(weeks int) Wish {
	return Wish{Team: fourMembers(), Level: 1, From: day("2026-12-04", "17:00"), Weeks: weeks, Holiday: publicHoliday, Now: day("2026-11-30", "08:00")}
}

// order is who has each week, "-" for a gap and "(anne)" for one that was hers already.
func order(turns []Turn) string {
	var names []string
	for _, turn := range turns {
		switch {
		case turn.Taken:
			names = append(names, "("+turn.Name+")")
		case turn.Agent == "":
			names = append(names, "-")
		default:
			names = append(names, turn.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestTurnsAreFair(t *testing.T) {
	week := func(n int) (from, to time.Time) {
		from = day("2026-12-04", "17:00").AddDate(0, 0, 7*n)
		return from, from.AddDate(0, 0, 7)
	}
	busy := func(team TeamID, agent portal.AgentID, n int) Period {
		from, to := week(n)
		return Period{ID: "x", Team: team, Level: 1, Agent: agent, Name: string(agent), Starts: from, Ends: to, Active: true}
	}
	for _, c := range []struct {
		about, want string
		weeks       int
		change      func(w *Wish)
	}{
		{"in the order of the team", "anne boris chloe denis anne boris", 6, func(*Wish) {}},
		{"who was free for the longest time is first", "chloe denis boris anne", 4, func(w *Wish) {
			w.Last = map[portal.AgentID]time.Time{"anne": day("2026-12-04", "17:00"), "boris": day("2026-11-27", "17:00")}
		}},
		{"who is away has the next week", "boris anne chloe denis boris", 5, func(w *Wish) {
			w.Absences = map[portal.AgentID][]Absence{"anne": {{"2026-12-06", "2026-12-08"}}}
		}},
		{"away on the day of the handover alone", "boris chloe anne denis", 4, func(w *Wish) {
			w.Absences = map[portal.AgentID][]Absence{"anne": {{"2026-12-11", "2026-12-11"}}}
		}},
		{"away until the day before", "anne boris chloe denis", 4, func(w *Wish) {
			w.Absences = map[portal.AgentID][]Absence{"anne": {{"2026-11-01", "2026-12-03"}}}
		}},
		{"who is on call elsewhere", "boris anne chloe denis", 4, func(w *Wish) { w.Busy = []Period{busy("other", "anne", 0)} }},
		{"what is planned stays", "anne (denis) boris chloe anne denis", 6, func(w *Wish) { w.Busy = []Period{busy("t", "denis", 1)} }},
		{"nobody there is a gap", "- anne boris", 3, func(w *Wish) {
			all := []Absence{{"2026-12-01", "2026-12-10"}}
			w.Absences = map[portal.AgentID][]Absence{"anne": all, "boris": all, "chloe": all, "denis": all}
		}},
		{"one alone has them all", "anne anne anne", 3, func(w *Wish) { w.Team.Members = w.Team.Members[:1] }},
		{"who left has none", "boris chloe denis boris", 4, func(w *Wish) { w.Team.Members[0].Active = false }},
		{"a team of nobody", "- -", 2, func(w *Wish) { w.Team.Members = nil }},
		{"never two running while another could", "anne boris anne boris", 4, func(w *Wish) {
			w.Team.Members = w.Team.Members[:2]
		}},
	} {
		w := wish(c.weeks)
		c.change(&w)
		if got := order(Rota(w)); got != c.want {
			t.Errorf("%s: %s, want %s", c.about, got, c.want)
		}
	}
	count := map[string]int{}
	for _, turn := range Rota(wish(52)) {
		count[turn.Name]++
	}
	for name, weeks := range count {
		if weeks != 13 {
			t.Errorf("%s has %d weeks of 52", name, weeks)
		}
	}
}

func TestAWeekWithAChangeOfTheHourHandsOverAtTheSameClock(t *testing.T) {
	w := wish(1)
	for from, hours := range map[string]float64{"2027-03-26": 167, "2026-10-23": 169, "2026-12-04": 168} {
		w.From = day(from, "17:00")
		turn := Rota(w)[0]
		if turn.Ends.Format("15:04") != "17:00" || turn.Ends.Sub(turn.Starts).Hours() != hours {
			t.Errorf("%s: ends %s after %v", from, turn.Ends, turn.Ends.Sub(turn.Starts))
		}
	}
}

func TestATurnSaysWhatIsToBeSeen(t *testing.T) {
	w := wish(4)
	w.Absences = map[portal.AgentID][]Absence{"anne": {{"2026-12-06", "2026-12-08"}}}
	turns := Rota(w)
	if len(turns[0].Skipped) != 1 || turns[0].Skipped[0] != (Skipped{"anne", Absence{"2026-12-06", "2026-12-08"}}) {
		t.Errorf("skipped %v", turns[0].Skipped)
	}
	if !turns[0].Late || !turns[1].Late || turns[2].Late { // 4 and 11 December are within 15 days of 30 November, 18 is not
		t.Errorf("late %v %v %v", turns[0].Late, turns[1].Late, turns[2].Late)
	}
	var holidays []string
	for _, turn := range turns {
		for _, holiday := range turn.Holidays {
			holidays = append(holidays, turn.Starts.Format("01-02 ")+holiday.Key)
		}
	}
	same(t, holidays, []string{"12-18 holiday.christmas", "12-25 holiday.christmas", "12-25 holiday.new-year"}) // handed over on Christmas Day
}

func TestTheNextHandover(t *testing.T) {
	team := fourMembers()
	for from, want := range map[string]string{
		"2026-11-30 08:00": "2026-12-04 17:00", "2026-12-04 17:00": "2026-12-04 17:00", "2026-12-04 17:01": "2026-12-11 17:00",
	} {
		moment, err := time.ParseInLocation("2006-01-02 15:04", from, paris)
		must(t, err)
		if got := team.NextHandover(moment).Format("2006-01-02 15:04"); got != want {
			t.Errorf("after %s: %s, want %s", from, got, want)
		}
	}
}

func TestTroublesAreFound(t *testing.T) {
	from := day("2026-12-04", "17:00")
	base := func() Outlook {
		o := Outlook{Team: fourMembers(), Names: map[TeamID]string{"t": "Voirie", "u": "Décision"}, From: from, To: from.AddDate(0, 0, 91)}
		for n, agent := range []portal.AgentID{"anne", "boris", "chloe", "denis", "anne", "boris"} {
			o.Periods = append(o.Periods, Period{
				ID: PeriodID(agent), Team: "t", Level: 1, Agent: agent, Name: string(agent), Active: true, Starts: from.AddDate(0, 0, 7*n), Ends: from.AddDate(0, 0, 7*n+7),
			})
		}
		return o
	}
	for _, c := range []struct {
		about  string
		change func(o *Outlook)
		want   []TroubleKind
	}{
		{"none", func(*Outlook) {}, nil},
		{"a gap", func(o *Outlook) { o.Periods[1].Starts = o.Periods[1].Starts.Add(time.Hour) }, []TroubleKind{Gap}},
		{"a gap now", func(o *Outlook) { o.Periods = o.Periods[1:] }, []TroubleKind{Gap}},
		{"who left with periods to come", func(o *Outlook) { o.Periods[2].Active = false }, []TroubleKind{LeftGap}},
		{"who is no member", func(o *Outlook) { o.Team.Members = o.Team.Members[:3] }, []TroubleKind{NoMember}},
		{"no number", func(o *Outlook) { o.Team.Members[3].Phone = "" }, []TroubleKind{NoPhone}},
		{"away", func(o *Outlook) { o.Absences = map[portal.AgentID][]Absence{"chloe": {{"2026-12-20", "2026-12-21"}}} }, []TroubleKind{Away}},
		{"two duties", func(o *Outlook) {
			o.Periods = append(o.Periods, Period{ID: "u", Team: "u", Level: 1, Agent: "boris", Active: true, Starts: from.AddDate(0, 0, 8), Ends: from.AddDate(0, 0, 9)})
		}, []TroubleKind{Double}},
		{"two levels of one team", func(o *Outlook) {
			o.Periods = append(o.Periods, Period{ID: "z", Team: "t", Level: 2, Agent: "anne", Active: true, Starts: from, Ends: from.AddDate(0, 0, 35)})
		}, []TroubleKind{Double, Double}},
		{"a manager who left", func(o *Outlook) { o.Team.Managers[0].Active = false }, []TroubleKind{NoManager}},
		{"ends soon", func(o *Outlook) { o.Periods = o.Periods[:3] }, []TroubleKind{Ending}},
		{"nothing", func(o *Outlook) { o.Periods = nil }, []TroubleKind{Empty}},
	} {
		o := base()
		c.change(&o)
		var kinds []TroubleKind
		for _, trouble := range o.Troubles() {
			kinds = append(kinds, trouble.Kind)
		}
		t.Run(c.about, func(t *testing.T) { same(t, kinds, c.want) })
	}
}
