package oncall

import (
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

func printer(t testing.TB) *i18n.Printer {
	t.Helper()
	catalogue, err := i18n.Load(Locales, web.Locales)
	must(t, err)
	return catalogue.Printer(i18n.French)
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	request := widgets.Request{Caller: portal.Caller{Collectivity: "bourg"}}
	widgetstest.Conforms(t, NewWidget(newStore(t)), request, Locales)
}

// TestTheBoxAndTheGreetingSayWhomToCall, and no number that not everyone may read; a second call is no greeting.
func TestTheBoxAndTheGreetingSayWhomToCall(t *testing.T) {
	s := newStore(t)
	box := NewWidget(s)
	load := func() ([]widgets.Item, []widgets.Fact) {
		content, err := box.Load(t.Context(), widgets.Request{Caller: portal.Caller{Collectivity: "bourg"}, Printer: printer(t), Now: day("2026-11-30", "08:00")})
		must(t, err)
		return content.Items, box.Facts(content)
	}
	if configured, err := box.Configured(t.Context(), "bourg"); err != nil || configured {
		t.Errorf("a box where nobody takes turns: %v, %v", configured, err)
	}
	team := works(t, s)
	if items, facts := load(); len(items) != 0 || len(facts) != 0 {
		t.Error("somebody is on call before the first turn")
	}
	assign(t, s, team, "anne", day("2026-11-27", "17:00"), day("2026-12-04", "17:00"))
	_, err := s.Assign(t.Context(), boss, Period{Team: team.ID, Level: 2, Agent: "boris", Starts: day("2026-11-27", "17:00"), Ends: day("2026-12-04", "17:00")}, "")
	must(t, err)
	items, facts := load()
	if len(items) != 2 || items[0].Phone == "" || items[1].Title != "Voirie, 2e appel" {
		t.Errorf("the box has %+v", items)
	}
	same(t, facts, []widgets.Fact{{Icon: "phone", Text: "D’astreinte\u00a0: anne,", Phone: "06 39 98 01 24"}})
	team, err = s.Team(t.Context(), boss, team.ID)
	must(t, err)
	team.Phones = ForTeam
	must(t, s.ChangeTeam(t.Context(), boss, team, ""))
	if items, facts := load(); len(items) != 2 || items[0].Phone != "" || len(facts) != 0 {
		t.Errorf("numbers of the team alone are in the box: %+v, %v", items, facts)
	}
}

func TestHandsAreToldInFrench(t *testing.T) {
	p, now := printer(t), day("2026-11-30", "08:00")
	same(t, spanIn(p, day("2026-12-04", "17:00"), day("2026-12-11", "17:00"), now), "du vendredi 4\u00a0décembre, 17\u00a0h, au vendredi 11\u00a0décembre, 17\u00a0h")
	same(t, untilIn(p, now.Add(9*time.Hour), now), "jusqu’à 17\u00a0h")
}

func TestHoursBeginByTheClockOfTheirZone(t *testing.T) {
	marquesas := time.FixedZone("Marquesas", -(9*60+30)*60)
	now := time.Date(2026, 12, 4, 23, 40, 5, 0, marquesas)
	same(t, onTheHour(now, 0), time.Date(2026, 12, 4, 23, 0, 0, 0, marquesas))
	same(t, onTheHour(now, 1), time.Date(2026, 12, 5, 0, 0, 0, 0, marquesas))
}
