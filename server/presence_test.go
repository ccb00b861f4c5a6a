package server_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
)

// workday is the next Tuesday at the earliest, so that no week-end is in the way.
func workday(after int) string {
	day := time.Now().AddDate(0, 0, 1+after)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format(time.DateOnly)
}

// sayWeek is the form of a week in which some half days are elsewhere than on site.
func sayWeek(since string, places map[int]string) []string {
	fields := []string{"since", since}
	for i := range 14 {
		place := places[i]
		if place == "" {
			place = "here"
		}
		fields = append(fields, "half-"+string(rune('a'+i)), place)
	}
	return fields
}

// halvesOn is what is stored of an agent on a day.
func halvesOn(t *testing.T, p *servertest.Portal, who portal.Caller, day string) string {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	said, err := p.Presence.On(t.Context(), who.Collectivity, []portal.AgentID{who.Agent}, at, at)
	if err != nil {
		t.Fatal(err)
	}
	if len(said[who.Agent]) == 0 {
		return "hh"
	}
	return string(said[who.Agent][0].Halves)
}

// TestAWeekRepeatsAndADayDiffers: who works at home on Tuesdays says so once, and a day that is otherwise alone.
func TestAWeekRepeatsAndADayDiffers(t *testing.T) {
	p := servertest.New(t)
	she, browser := p.Caller("agent@bourg.example", "bourg"), p.As("agent@bourg.example")
	tuesday, next, later := workday(0), workday(7), workday(14)
	browser.Post("/presence/week", sayWeek(time.Now().Format(time.DateOnly), map[int]string{2: "telework", 3: "telework"})...).Want(t, http.StatusSeeOther)
	browser.Get("/presence").Want(t, 200, "Semaine type enregistrée", "En télétravail")
	browser.Post("/presence/days", "first", next, "last", next, "half", "afternoon", "place", "elsewhere").Want(t, http.StatusSeeOther)
	browser.Get("/presence").Want(t, 200, "En télétravail le matin, En déplacement l’après-midi", "pas comme d’habitude")
	for day, want := range map[string]string{tuesday: "tt", next: "te", later: "tt"} {
		if got := halvesOn(t, p, she, day); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
	browser.Post("/presence/days", "first", next, "half", "morning", "place", "here").Want(t, http.StatusSeeOther)
	if got := halvesOn(t, p, she, next); got != "he" {
		t.Errorf("a morning changed alone: %q", got)
	}
	browser.Post("/presence/days", "first", next, "last", "", "place", "usual").Want(t, http.StatusSeeOther)
	if got := halvesOn(t, p, she, next); got != "tt" {
		t.Errorf("given back to the week: %q", got)
	}
	// Another week does not change those that were.
	browser.Post("/presence/week", sayWeek(later, nil)...).Want(t, http.StatusSeeOther)
	if before, from := halvesOn(t, p, she, next), halvesOn(t, p, she, later); before != "tt" || from != "hh" {
		t.Errorf("before the new week %q, from it on %q", before, from)
	}
}

// TestWhatIsNoDayIsRefusedWithItsSentence keeps what was typed.
func TestWhatIsNoDayIsRefusedWithItsSentence(t *testing.T) {
	p := servertest.New(t)
	browser := p.As("agent@bourg.example")
	for _, c := range []struct{ first, last, want string }{
		{"demain", "", "pas une date"},
		{"2020-01-07", "2020-01-07", "Ce jour est passé"},
		{workday(7), workday(0), "doit suivre le premier"},
		{workday(0), workday(120), "C’est trop long"},
		{"2999-01-01", "2999-01-01", "plus d’un an"},
	} {
		browser.Post("/presence/days", "first", c.first, "last", c.last, "place", "telework").Want(t, http.StatusUnprocessableEntity, c.want, `value="`+c.first+`"`)
	}
	browser.Post("/presence/days", "first", workday(0), "place", "à la plage").Want(t, http.StatusUnprocessableEntity)
	browser.Post("/presence/week", "since", workday(0)).Want(t, http.StatusUnprocessableEntity)
	browser.Post("/presence/week", sayWeek("hier", map[int]string{0: "elsewhere"})...).Want(t, http.StatusUnprocessableEntity, "pas une date", `value="elsewhere" selected`)
}

// TestWeekEndsAmongSeveralDaysStayAsTheyAre: a fortnight at home is ten days.
func TestWeekEndsAmongSeveralDaysStayAsTheyAre(t *testing.T) {
	p := servertest.New(t)
	she, browser := p.Caller("agent@bourg.example", "bourg"), p.As("agent@bourg.example")
	first, last := workday(0), workday(7)
	browser.Post("/presence/days", "first", first, "last", last, "place", "telework").Want(t, http.StatusSeeOther)
	from, _ := time.Parse(time.DateOnly, first)
	said, err := p.Presence.On(t.Context(), "bourg", []portal.AgentID{she.Agent}, from, from.AddDate(0, 0, 7))
	if err != nil || len(said[she.Agent]) != 6 {
		t.Errorf("%d days, %v; want the 6 that are worked", len(said[she.Agent]), err)
	}
	saturday := from.AddDate(0, 0, 4).Format(time.DateOnly)
	browser.Post("/presence/days", "first", saturday, "place", "elsewhere").Want(t, http.StatusSeeOther)
	if got := halvesOn(t, p, she, saturday); got != "ee" {
		t.Errorf("a Saturday by itself: %q", got)
	}
}

// TestAManagerSaysItForHerTeamWithATrace: for who has no computer; nobody else does.
func TestAManagerSaysItForHerTeamWithATrace(t *testing.T) {
	p := servertest.New(t)
	admin := directory.Installation("bourg")
	he, chief := p.Caller("collegue@bourg.example", "bourg"), p.Caller("agent@bourg.example", "bourg")
	path := "/presence?agent=" + url.QueryEscape(string(he.Agent))
	day := []string{"agent", string(he.Agent), "first", workday(0), "place", "telework"}
	p.As("agent@bourg.example").Get(path).Want(t, http.StatusNotFound)
	p.As("agent@bourg.example").Post("/presence/days", day...).Want(t, http.StatusNotFound)
	p.As("admin@agglo.example").Post("/presence/days", day...).Want(t, http.StatusNotFound)

	card, err := p.Directory.Agent(t.Context(), admin, he.Agent)
	if err != nil {
		t.Fatal(err)
	}
	under := card
	under.Manager = chief.Agent
	if err := p.Directory.ChangeAgent(t.Context(), admin, card, under, ""); err != nil {
		t.Fatal(err)
	}
	chiefs := p.As("agent@bourg.example")
	chiefs.Get("/directory/agents/"+string(he.Agent)).Want(t, 200, path)
	chiefs.Get(path).Want(t, 200, "Où travaille Noé Martin")
	chiefs.Post("/presence/days", day...).Want(t, http.StatusSeeOther)
	if got := halvesOn(t, p, he, workday(0)); got != "tt" {
		t.Errorf("said by the manager: %q", got)
	}
	p.As("admin@bourg.example").Get("/admin/journal?action=presence.changed").Want(t, 200, "Noé Martin", "Camille Le Goff")
	// The other way round it stays shut.
	p.As("collegue@bourg.example").Get("/presence?agent="+url.QueryEscape(string(chief.Agent))).Want(t, http.StatusNotFound)
}

// TestTheSwitchboardSeesWhoIsIn tells absence, places and times that are taken, never why, and nothing across
// collectivities or past the fields that somebody may see.
func TestTheSwitchboardSeesWhoIsIn(t *testing.T) {
	p := servertest.New(t)
	ctx := t.Context()
	she := p.Caller("agent@bourg.example", "bourg")
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	today := time.Now().In(zone).Format(time.DateOnly)
	p.As("collegue@bourg.example").Post("/presence/days", "first", today, "place", "telework").Want(t, http.StatusSeeOther)
	if err := p.Directory.StateAbsence(ctx, she, directory.Absence{First: today, Last: today}, today, ""); err != nil {
		t.Fatal(err)
	}
	reader := p.As("redaction@bourg.example")
	line := func(page, name string) string {
		_, after, _ := strings.Cut(page, name)
		line, _, _ := strings.Cut(after, "</tr>")
		return line
	}
	page := reader.Get("/presence/today").Want(t, 200, "Qui est là").Body
	for name, want := range map[string]string{"Noé Martin": "En télétravail", "Camille Le Goff": "Absence jusqu’au", "Paul Petit": "En principe sur place"} {
		if got := line(page, name); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	away := reader.Get("/presence/today?state=away").Want(t, 200, "Camille Le Goff").Body
	lacks(t, away, "Noé Martin")
	home := reader.Get("/presence/today?state=telework&q=martin").Want(t, 200, "Noé Martin").Body
	lacks(t, home, "Camille Le Goff")
	lacks(t, reader.Get("/presence/today?q=petit").Body, "Camille Le Goff")
	lacks(t, p.As("agent@agglo.example").Get("/presence/today").Want(t, 200).Body, "Noé Martin")

	hide(t, p, ctx)
	page = reader.Get("/presence/today").Want(t, 200).Body
	for _, name := range []string{"Noé Martin", "Camille Le Goff"} {
		if got := line(page, name); !strings.Contains(got, "Non communiqué") {
			t.Errorf("hidden, %s is %q", name, got)
		}
	}
	lacks(t, reader.Get("/presence/today?state=away").Body, "Camille Le Goff")
	lacks(t, reader.Get("/presence/today?state=telework").Body, "Noé Martin")
}

// hide has nobody see whether people are there.
func hide(t *testing.T, p *servertest.Portal, ctx context.Context) {
	t.Helper()
	admin := directory.Installation("bourg")
	policy, err := p.Directory.Policy(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	shown := policy.Encode()
	for i := range policy {
		if policy[i].Field == directory.FieldPresence {
			policy[i].SeenBy = directory.ByNobody
		}
	}
	if err := p.Directory.SetPolicy(ctx, admin, shown, policy, ""); err != nil {
		t.Fatal(err)
	}
}
