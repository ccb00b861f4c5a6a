package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/oncall"
	"parvis/server/servertest"
)

// dutyTeam is a team that the author plans, and where she and a colleague take turns.
func (e *estate) dutyTeam() string {
	e.t.Helper()
	id, err := e.OnCall.CreateTeam(e.t.Context(), e.admin, oncall.Team{
		Name: e.text(), Kind: oncall.Operation, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: oncall.ForEveryone,
	}, "")
	e.must(err)
	e.must(e.OnCall.SetManager(e.t.Context(), e.admin, id, e.caller.Agent, true, ""))
	for _, login := range []string{e.author, e.colleague} {
		e.must(e.OnCall.AddMember(e.t.Context(), e.caller, id, e.Caller(login, e.id).Agent, "02 "+e.phone, ""))
	}
	return string(id)
}

// dutyMember is the author in a team of its own.
func (e *estate) dutyMember() string { return e.dutyTeam() + "/members/" + string(e.caller.Agent) }

// duty is a week to come of the author.
func (e *estate) duty() string {
	e.t.Helper()
	starts := time.Now().AddDate(0, 0, 8*(1+e.number)).Truncate(time.Hour) // nobody is on call twice at a time
	id, err := e.OnCall.Assign(e.t.Context(), e.caller, oncall.Period{
		Team: oncall.TeamID(e.dutyTeam()), Level: 1, Agent: e.caller.Agent, Starts: starts, Ends: starts.AddDate(0, 0, 7),
	}, "")
	e.must(err)
	return string(id)
}

// offered is such a week that she offers to the colleague.
func (e *estate) offered() string {
	e.t.Helper()
	duty, err := e.OnCall.Period(e.t.Context(), e.caller, oncall.PeriodID(e.duty()))
	e.must(err)
	id, err := e.OnCall.Offer(e.t.Context(), e.caller, duty.ID, e.Caller(e.colleague, e.id).Agent, duty.Starts, duty.Ends, e.text(e.own))
	e.must(err)
	return id
}

// swapped is one that the colleague took, and unswapped one that the author then undid.
func (e *estate) swapped() string {
	id := e.offered()
	_, err := e.OnCall.Answer(e.t.Context(), e.Caller(e.colleague, e.id), id, true, "")
	e.must(err)
	return id
}

func (e *estate) unswapped() string {
	id := e.swapped()
	_, err := e.OnCall.Undo(e.t.Context(), e.caller, id, "")
	e.must(err)
	return id
}

// callOut is what the author was called out for.
func (e *estate) callOut() string {
	e.t.Helper()
	begun := time.Now().Add(-time.Duration(e.number+2) * time.Hour).Truncate(time.Minute)
	team := oncall.TeamID(e.dutyTeam())
	_, err := e.OnCall.Assign(e.t.Context(), e.caller, oncall.Period{Team: team, Level: 1, Agent: e.caller.Agent, Starts: begun, Ends: begun.Add(time.Hour)}, "")
	e.must(err)
	e.must(e.OnCall.Record(e.t.Context(), e.caller, oncall.Intervention{Team: team, Agent: e.caller.Agent, Starts: begun, Ends: begun.Add(time.Minute), What: e.text(e.own)}, ""))
	calls, err := e.OnCall.Interventions(e.t.Context(), e.caller, begun, begun.Add(time.Minute))
	e.must(err)
	return calls[0].ID
}

// dutyLink is a link of the author's to her own duties.
func (e *estate) dutyLink() string {
	e.t.Helper()
	_, err := e.OnCall.MakeLink(e.t.Context(), e.caller, oncall.Link{Label: e.text(e.own)})
	e.must(err)
	links, err := e.OnCall.Links(e.t.Context(), e.caller)
	e.must(err)
	return links[0].ID
}

// TestATeamIsMadePlannedAndSwapped is the way of a duty through its pages: a team, its members, its rota, a
// day offered, taken from the inbox, undone.
func TestATeamIsMadePlannedAndSwapped(t *testing.T) {
	p := servertest.New(t)
	boss, chief, anne, boris := p.As("admin@bourg.example"), p.As("redaction@bourg.example"), p.As("agent@bourg.example"), p.As("collegue@bourg.example")
	id := func(login string) string { return string(p.Caller(login, "bourg").Agent) }

	refused := boss.Post("/oncall/teams", "name", " ", "kind", "operation", "handover_day", "5", "handover_at", "17h", "morning", "8:00", "evening", "17:00", "phones", "everyone")
	if refused.Status != http.StatusUnprocessableEntity || !strings.Contains(refused.Body, `value="17h"`) {
		t.Errorf("a team without a name: %d", refused.Status)
	}
	made := boss.Post("/oncall/teams", "name", "Voirie et réseaux", "kind", "operation", "handover_day", "5", "handover_at", "17:00", "morning", "08:00", "evening", "17:00", "phones", "everyone")
	team := strings.TrimSuffix(made.Header.Get("Location"), "/settings#members")
	if made.Status != http.StatusSeeOther || !strings.HasPrefix(team, "/oncall/teams/") {
		t.Fatalf("%d %s", made.Status, made.Header.Get("Location"))
	}
	if found := boss.Get(team + "/settings?for=members&q=camille").Body; !strings.Contains(found, "Camille Le Goff") || !strings.Contains(found, id("agent@bourg.example")) {
		t.Error("an agent is not found by her name")
	}
	if wrong := boss.Post(team+"/members", "agent", id("agent@bourg.example"), "phone", "chez elle", "q", "camille"); wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(wrong.Body, "chez elle") {
		t.Errorf("a number that is none: %d", wrong.Status)
	}
	for _, login := range []string{"agent@bourg.example", "collegue@bourg.example"} {
		leadsTo(t, boss.Post(team+"/members", "agent", id(login), "phone", "06 39 98 01 24"), team+"/settings#members")
	}
	if status := chief.Get(team + "/rota").Status; status != http.StatusNotFound {
		t.Errorf("who plans nothing sees a rota: %d", status)
	}
	leadsTo(t, boss.Post(team+"/managers", "agent", id("redaction@bourg.example")), team+"/settings#managers")

	preview := chief.Get(team + "/rota?level=1&weeks=4")
	plan := between(t, preview.Body, `name="plan" value="`, `"`)
	from := between(t, preview.Body, `name="from" value="`, `"`)
	if kept := chief.Post(team+"/rota", "level", "1", "weeks", "4", "from", from, "plan", "another"); kept.Status != http.StatusConflict {
		t.Errorf("another rota than was shown is kept: %d", kept.Status)
	}
	leadsTo(t, chief.Post(team+"/rota", "level", "1", "weeks", "4", "from", from, "plan", plan), team)
	if body := anne.Get("/todo").Body; !strings.Contains(body, "Vous êtes d’astreinte 2 fois") {
		t.Error("who has two weeks is not told")
	}
	if body := boris.Get("/oncall").Body; !strings.Contains(body, "Camille Le Goff") || !strings.Contains(body, `href="tel:&#43;33639980124"`) {
		t.Error("a colleague does not see whom to call")
	}

	offers := anne.Get("/oncall/mine").Body
	period := between(t, offers, `/oncall/periods/`, `/offer`)
	form := anne.Get("/oncall/periods/" + period + "/offer").Body
	starts, ends := between(t, form, `id="starts" name="starts" type="datetime-local" value="`, `"`), between(t, form, `id="ends" name="ends" type="datetime-local" value="`, `"`)
	if back := anne.Post("/oncall/periods/"+period+"/offer", "taker", id("collegue@bourg.example"), "starts", ends, "ends", starts); back.Status != http.StatusUnprocessableEntity {
		t.Errorf("an offer that ends before it begins: %d", back.Status)
	}
	leadsTo(t, anne.Post("/oncall/periods/"+period+"/offer", "taker", id("collegue@bourg.example"), "starts", starts, "ends", ends, "message", "Concert"), "/oncall/mine")
	inbox := boris.Get("/todo").Body
	accept := between(t, inbox, `action="/todo/do/bourg/duty-swaps/`, `"`)
	if !strings.Contains(inbox, "Camille Le Goff vous propose son astreinte") || !strings.Contains(inbox, "Concert") {
		t.Error("the offer is not told")
	}
	if taken := boris.Post("/todo/do/bourg/duty-swaps/" + accept); taken.Status != http.StatusSeeOther {
		t.Errorf("accepting: %d", taken.Status)
	}
	if again := boris.Post("/todo/do/bourg/duty-swaps/" + accept); again.Status != http.StatusSeeOther || !strings.Contains(boris.Get("/todo").Body, "a déjà reçu une réponse") {
		t.Error("accepted twice")
	}
	if body := anne.Get("/todo").Body; !strings.Contains(body, "Noé Martin prend votre astreinte") {
		t.Error("who offered is not told of the answer")
	}
	if body := chief.Get("/todo").Body; !strings.Contains(body, "Noé Martin remplace Camille Le Goff") {
		t.Error("who plans the team is not told")
	}
	swap := between(t, chief.Get(team).Body, `action="/oncall/swaps/`, `/undo`)
	leadsTo(t, chief.Post("/oncall/swaps/"+swap+"/undo"), team+"#swaps")
	chief.Post("/oncall/swaps/" + swap + "/undo")
	if body := chief.Get(team).Body; !strings.Contains(body, "déjà décidé autrement") || !strings.Contains(body, "/oncall/swaps/"+swap+"/redo") {
		t.Error("undone twice")
	}
	if lines := boss.Get("/admin/journal?action=duty.swapped").Body; !strings.Contains(lines, "Camille Le Goff → Noé Martin") {
		t.Error("the journal does not tell who swapped")
	}
}

// leadsTo says that a form was taken, and where one is sent.
func leadsTo(t *testing.T, answer servertest.Answer, path string) {
	t.Helper()
	if at := answer.Header.Get("Location"); answer.Status != http.StatusSeeOther || at != path {
		t.Errorf("%d to %q, want 303 to %q", answer.Status, at, path)
	}
}

// TestAMonthIsStatedByDatedRates reads a month in its page and as a file, before and after a rate of its own.
func TestAMonthIsStatedByDatedRates(t *testing.T) {
	p := servertest.New(t)
	boss, anne := p.As("admin@bourg.example"), p.As("agent@bourg.example")
	admin, agent := p.Caller("admin@bourg.example", "bourg"), p.Caller("agent@bourg.example", "bourg").Agent
	team, err := p.OnCall.CreateTeam(t.Context(), admin, oncall.Team{Name: "=Voirie", Kind: oncall.Operation, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: oncall.ForEveryone}, "")
	if err == nil {
		err = p.OnCall.AddMember(t.Context(), admin, team, agent, "", "")
	}
	paris, zoneErr := time.LoadLocation("Europe/Paris")
	if err != nil || zoneErr != nil {
		t.Fatal(err, zoneErr)
	}
	from := time.Date(2025, 10, 3, 17, 0, 0, 0, paris)
	for week := range 2 {
		starts := from.AddDate(0, 0, 14*week)
		if _, err := p.OnCall.Assign(t.Context(), admin, oncall.Period{Team: team, Level: 1, Agent: agent, Starts: starts, Ends: starts.AddDate(0, 0, 7), Told: from.AddDate(0, -1, 0)}, ""); err != nil {
			t.Fatal(err)
		}
	}
	anne.Get("/oncall/statement?month=2025-10").Want(t, http.StatusOK, "État des astreintes, octobre 2025", "318,40\u00a0€", "Semaine complète", "Arrêté du 14 avril 2015")
	leadsTo(t, boss.Post("/oncall/rates", "kind", "operation", "unit", "week", "amount", "160", "from", "2025-10-10", "source", "Délibération 2025-31"), "/oncall/rates")
	boss.Post("/oncall/rates", "kind", "operation", "unit", "week", "amount", "beaucoup", "from", "2025-10-10", "source", "x").Want(t, http.StatusUnprocessableEntity, "Écrivez un montant", `value="beaucoup"`)
	anne.Get("/oncall/statement?month=2025-10").Want(t, http.StatusOK, "319,20\u00a0€", "159,20\u00a0€", "160,00\u00a0€", "Délibération 2025-31")
	boss.Get("/oncall/rates").Want(t, http.StatusOK, "Délibération 2025-31", "Taux à vérifier", "depuis le vendredi 17 avril 2015")
	table := boss.Post("/oncall/statement.csv", "month", "2025-10").Want(t, http.StatusOK).Body
	for _, want := range []string{"Camille Le Goff;'=Voirie;Exploitation;1;2025-10-03 17:00;2025-10-10 17:00;Semaine complète;159,20;159,20;", "160,00;160,00;Délibération 2025-31;"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if _, err := p.OnCall.Assign(t.Context(), admin, oncall.Period{Team: team, Level: 2, Agent: agent, Starts: from, Ends: from.Add(15 * time.Hour), Told: from.AddDate(0, -1, 0)}, ""); err != nil {
		t.Fatal(err)
	}
	if err := p.Directory.CloseAgent(t.Context(), admin, agent, ""); err != nil {
		t.Fatal(err)
	}
	doubts := []string{"Deux astreintes en même temps ce mois-ci", "Ce compte est fermé"}
	boss.Get("/oncall/statement?month=2025-10").Want(t, http.StatusOK, doubts...)
	boss.Post("/oncall/statement.csv", "month", "2025-10").Want(t, http.StatusOK, doubts...)
	boss.Get("/admin/journal?action=duty.exported").Want(t, http.StatusOK, "2025-10")
	if body := p.As("collegue@bourg.example").Get("/oncall/statement?month=2025-10").Body; strings.Contains(body, "318") || strings.Contains(body, "Camille") {
		t.Error("a colleague reads what another earns")
	}
}

// TestDutiesComeIntoOtherAgendas by a link that ends with its owner.
func TestDutiesComeIntoOtherAgendas(t *testing.T) {
	p := servertest.New(t)
	admin, agent := p.Caller("admin@bourg.example", "bourg"), p.Caller("agent@bourg.example", "bourg").Agent
	team, err := p.OnCall.CreateTeam(t.Context(), admin, oncall.Team{Name: "Voirie, réseaux", Kind: oncall.Operation, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: oncall.ForEveryone}, "")
	if err == nil {
		err = p.OnCall.AddMember(t.Context(), admin, team, agent, "06 39 98 01 24", "")
	}
	starts := time.Now().AddDate(0, 0, 3).Truncate(time.Hour).UTC()
	if err == nil {
		_, err = p.OnCall.Assign(t.Context(), admin, oncall.Period{Team: team, Level: 1, Agent: agent, Starts: starts, Ends: starts.AddDate(0, 0, 7)}, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	anne := p.As("agent@bourg.example")
	anne.Post("/oncall/links", "label", " ").Want(t, http.StatusUnprocessableEntity)
	link := func(of string) string {
		page := anne.Post("/oncall/links", "label", "Téléphone", "team", of).Want(t, http.StatusCreated).Body
		return "/oncall/feed.ics?key=" + between(t, page, "/oncall/feed.ics?key=", "<")
	}
	own, whole := link(""), link(string(team))
	read := p.Anonymous().Get(own).Want(t, http.StatusOK, "BEGIN:VEVENT", "SUMMARY:Astreinte Voirie\\, réseaux\\, 1er appel", "DTSTART:"+starts.Format("20060102T150405Z"), "TRANSP:TRANSPARENT")
	if strings.Contains(read.Body, "06 39 98") {
		t.Error("a number leaves by a link without password")
	}
	p.Anonymous().Get(whole).Want(t, http.StatusOK, "SUMMARY:Camille Le Goff\\, 1er appel")
	empty, err := p.OnCall.CreateTeam(t.Context(), admin, oncall.Team{Name: "Neige", Kind: oncall.Operation, Morning: 8 * 60, Evening: 17 * 60, Phones: oncall.ForEveryone}, "")
	if err != nil {
		t.Fatal(err)
	}
	toCome := link(string(empty))
	p.Anonymous().Get(toCome).Want(t, http.StatusOK, "Astreintes de Neige")
	anne.Post("/oncall/links/" + between(t, anne.Get("/oncall/links").Body, `action="/oncall/links/`, `/revoke`) + "/revoke")
	if again := p.Anonymous().Do("GET", own, nil, "If-None-Match", read.Header.Get("ETag")); again.Status != http.StatusNotModified {
		t.Errorf("read again: %d", again.Status)
	}
	anne.Get("/oncall/links").Want(t, http.StatusOK, "lu aujourd’hui")
	id := between(t, anne.Get("/oncall/links").Body, `action="/oncall/links/`, `/revoke`)
	anne.Post("/oncall/links/" + id + "/revoke")
	statuses := p.Anonymous().Get(own).Status + p.Anonymous().Get(whole).Status
	if statuses != http.StatusOK+http.StatusNotFound {
		t.Error("a link that was deleted is read")
	}
	if err := p.Directory.CloseAgent(t.Context(), admin, agent, ""); err != nil {
		t.Fatal(err)
	}
	if p.Anonymous().Get(own).Status != http.StatusNotFound || p.Anonymous().Get(whole).Status != http.StatusNotFound { // whichever was left
		t.Error("a link is read after its owner left")
	}
}
