package looks_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/e2e/browser"
	"parvis/oncall"
	"parvis/server/servertest"
)

// dutyStory is a team of bourg that the editor plans, where the agent and the colleague take turns, with a swap, a
// call-out, a gap and a rate.
func dutyStory(t *testing.T, p *servertest.Portal) oncall.TeamID {
	t.Helper()
	admin := p.Caller("admin@bourg.example", "bourg")
	id := func(login string) oncall.Member { return oncall.Member{Agent: p.Caller(login, "bourg").Agent} }
	anne, boris, chief := id("agent@bourg.example").Agent, id("collegue@bourg.example").Agent, id("redaction@bourg.example").Agent
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	team, err := p.OnCall.CreateTeam(t.Context(), admin, oncall.Team{
		Name: "Voirie, réseaux et bâtiments communaux", Kind: oncall.Security, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: oncall.ForEveryone,
	}, "")
	must(err)
	must(p.OnCall.AddMember(t.Context(), admin, team, anne, "06 39 98 01 24", ""))
	must(p.OnCall.AddMember(t.Context(), admin, team, boris, "", ""))
	must(p.OnCall.SetManager(t.Context(), admin, team, chief, true, ""))
	now := time.Now().Truncate(time.Hour)
	_, err = p.OnCall.Assign(t.Context(), admin, oncall.Period{Team: team, Level: 1, Agent: anne, Starts: now.Add(-20 * time.Hour), Ends: now.AddDate(0, 0, 5)}, "")
	must(err)
	duty, err := p.OnCall.Assign(t.Context(), admin, oncall.Period{Team: team, Level: 1, Agent: anne, Starts: now.AddDate(0, 0, 7), Ends: now.AddDate(0, 0, 14)}, "")
	must(err)
	_, err = p.OnCall.Offer(t.Context(), p.Caller("agent@bourg.example", "bourg"), duty, boris, now.AddDate(0, 0, 8), now.AddDate(0, 0, 9), "Concert")
	must(err)
	must(p.OnCall.Record(t.Context(), p.Caller("agent@bourg.example", "bourg"), oncall.Intervention{Team: team, Agent: anne, Starts: now.Add(-3 * time.Hour), Ends: now.Add(-2 * time.Hour), What: "Arbre sur la chaussée, rue du Port", Moved: true}, ""))
	return team
}

// TestDutiesAreForEveryone judges the pages of duties as who plans meets them, in light and dark, wide and narrow.
func TestDutiesAreForEveryone(t *testing.T) {
	p := servertest.New(t)
	at := "/oncall/teams/" + string(dutyStory(t, p))
	page := browser.New(t)
	page.SignIn(p.URL, "admin@bourg.example", servertest.Password)
	for _, size := range [][2]int{{1366, 768}, {360, 740}} {
		page.Size(size[0], size[1])
		for _, dark := range []bool{false, true} {
			for _, path := range []string{"/oncall", "/oncall/mine", at, at + "/settings?for=members&q=a", at + "/rota?weeks=3", at + "/periods/new", "/oncall/teams/new", "/oncall/statement?open=1", "/oncall/rates", "/oncall/links", "/oncall/call-outs/new"} {
				page.Judge(t, p.URL+path, dark)
			}
		}
	}
	anne := browser.New(t)
	anne.SignIn(p.URL, "agent@bourg.example", servertest.Password)
	anne.Size(360, 740)
	anne.Judge(t, p.URL+"/oncall/mine", false)
	anne.Follow(`a[href$="/offer"]`)
	anne.JudgeAsItStands(t)
}

// TestTheDutyPageIsReadWithoutNetwork once its reader chose so; a sign-out takes it away.
func TestTheDutyPageIsReadWithoutNetwork(t *testing.T) {
	p := servertest.New(t)
	dutyStory(t, p)
	page := browser.New(t)
	page.SignIn(p.URL, "agent@bourg.example", servertest.Password)
	kept := func() (count int) {
		page.Evaluate(`caches.keys().then(names => names.length)`, &count)
		return count
	}
	page.Open(p.URL + "/oncall")
	if kept() != 0 {
		t.Error("the page is kept before anybody chose so")
	}
	page.Click("[data-keep]")
	page.Until(`document.querySelector('[data-keep]').textContent.includes('Ne plus garder')`)
	page.Until(`(async () => { window.kept = (await (await caches.open('oncall')).keys()).length })() && window.kept > 3`)
	page.Open(p.URL + "/oncall/mine")
	page.Open(p.URL + "/oncall") // by the worker, from now on
	p.Stop()
	page.Allow("ERR_CONNECTION_REFUSED")
	page.Allow("Failed to load resource")
	page.Open(p.URL + "/oncall")
	page.MustSee("Camille Le Goff")
	page.MustSee("06 39 98 01 24")
	page.MustSee("À jour le")
	if style := page.Count(`link[rel="stylesheet"]`); style == 0 {
		t.Error("the page that is kept has no style")
	}
}

// TestASignOutTakesTheKeptPageAway: what one chose to keep is gone with one's session.
func TestASignOutTakesTheKeptPageAway(t *testing.T) {
	p := servertest.New(t)
	dutyStory(t, p)
	page := browser.New(t)
	page.SignIn(p.URL, "agent@bourg.example", servertest.Password)
	page.Open(p.URL + "/oncall")
	page.Click("[data-keep]")
	page.Until(`(async () => { window.kept = (await caches.keys()).length })() && window.kept > 0`)
	page.Follow(`form[action="/sign-out"] button`)
	var left struct{ Caches, Workers int }
	page.Evaluate(`Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations()]).then(([a, b]) => ({Caches: a.length, Workers: b.length}))`, &left)
	if left.Caches != 0 || left.Workers != 0 {
		t.Errorf("after the sign-out %d pages and %d workers are left", left.Caches, left.Workers)
	}
}

// TestASharedComputerKeepsNothing: the page neither offers it, nor allows it.
func TestASharedComputerKeepsNothing(t *testing.T) {
	p := servertest.New(t)
	mine := p.As("agent@bourg.example")
	if answer := mine.Get("/oncall"); answer.Header.Get("X-May-Keep") == "" || !strings.Contains(answer.Body, "data-keep") {
		t.Error("one's own telephone may not keep the page")
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET kiosk = TRUE`); err != nil {
		t.Fatal(err)
	}
	p.SSO.Sessions.Forget("")
	if answer := mine.Get("/oncall"); answer.Status != http.StatusOK || answer.Header.Get("X-May-Keep") != "" || strings.Contains(answer.Body, "data-keep") {
		t.Error("a shared computer may keep the page")
	}
}
