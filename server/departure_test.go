package server_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/todo"
)

// leaver plans the departure of bourg's agent, with the colleague after her.
func leaver(t *testing.T, p *servertest.Portal, days int) (agent, successor portal.Caller) {
	t.Helper()
	agent, successor = p.Caller("agent@bourg.example", "bourg"), p.Caller("collegue@bourg.example", "bourg")
	plan := directory.Departure{LastDay: inDays(days), Successor: successor.Agent, Agenda: true}
	if err := p.Directory.PlanDeparture(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent.Agent, plan, "", ""); err != nil {
		t.Fatal(err)
	}
	return agent, successor
}

// pass lets the last day of every planned departure be over.
func pass(t *testing.T, p *servertest.Portal) {
	t.Helper()
	put(t, p, `UPDATE planned_departures SET due = 1, last_day = '2020-01-31'`)
}

// step does what is due, as the portal's own work may have done before.
func step(t *testing.T, p *servertest.Portal) {
	t.Helper()
	if _, err := p.Departures.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// isOpen says whether the card of an agent of bourg is.
func isOpen(t *testing.T, p *servertest.Portal, agent portal.AgentID) bool {
	t.Helper()
	return countWhere(t, p, `agents WHERE collectivity = 'bourg' AND active AND id = '`+string(agent)+`'`) == 1
}

// TestADepartureStaysInItsCollectivity: who administers another one neither reads, plans
// nor calls off a departure, and no successor is of another.
func TestADepartureStaysInItsCollectivity(t *testing.T) {
	p := servertest.New(t)
	agent, _ := leaver(t, p, 10)
	stranger := p.Caller("admin@agglo.example", "agglo")
	if d, err := p.Directory.Departure(t.Context(), stranger, agent.Agent); err != nil || d.ID != "" {
		t.Errorf("another administrator reads %+v, %v", d, err)
	}
	if err := p.Directory.PlanDeparture(t.Context(), stranger, agent.Agent, directory.Departure{LastDay: inDays(1)}, "", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another administrator plans: %v", err)
	}
	if err := p.Directory.CallOffDeparture(t.Context(), stranger, agent.Agent, "", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another administrator calls off: %v", err)
	}
	if _, err := p.Directory.LeftBy(t.Context(), stranger, agent.Agent); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another administrator reads what is left: %v", err)
	}
	body := p.As("admin@agglo.example").Get("/admin").Body + p.As("admin@agglo.example").Get("/admin/agents?state=leaving").Body
	if strings.Contains(body, "Le Goff") {
		t.Error("another administrator is told of the departure")
	}
	err := p.Directory.PlanDeparture(t.Context(), p.Caller("admin@bourg.example", "bourg"), p.Caller("redaction@bourg.example", "bourg").Agent,
		directory.Departure{LastDay: inDays(1), Successor: p.Caller("agent@agglo.example", "agglo").Agent}, "", "")
	if !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("an agent of another collectivity comes after ours: %v", err)
	}
}

// TestADepartureIsPlannedReadAndCalledOff on pages, with what follows said before.
func TestADepartureIsPlannedReadAndCalledOff(t *testing.T) {
	p := servertest.New(t)
	admin, agent := p.As("admin@bourg.example"), p.Caller("agent@bourg.example", "bourg")
	if _, err := p.Calendar.CreateEvent(t.Context(), agent, draftOf(agent, "Réunion")); err != nil {
		t.Fatal(err)
	}
	p.AppPassword("agent@bourg.example", "bourg")
	path := "/admin/agents/" + string(agent.Agent)
	admin.Get(path).Want(t, http.StatusOK, "Prévoir son départ")
	admin.Get(path+"/departure").Want(t, http.StatusOK, "1 événement est dans son agenda", "1 mot de passe d’application ne sert plus", "Dernier jour")
	admin.Post(path+"/departure", "last_day", inDays(-2)).Want(t, http.StatusUnprocessableEntity, "Ce jour est passé")
	admin.Post(path+"/departure", "last_day", "demain").Want(t, http.StatusUnprocessableEntity, "Donnez le dernier jour")
	admin.Post(path+"/departure", "last_day", inDays(9000)).Want(t, http.StatusUnprocessableEntity, "cinq ans")
	admin.Post(path+"/departure", "last_day", inDays(5), "agenda", "given").Want(t, http.StatusUnprocessableEntity, "Dites à qui remettre")
	admin.Post(path+"/departure", "last_day", inDays(5), "successor", "Camille Le Goff").Want(t, http.StatusUnprocessableEntity, "Choisissez quelqu’un d’autre que la personne qui part")
	admin.Post(path+"/departure", "last_day", inDays(5), "successor", "Personne").Want(t, http.StatusUnprocessableEntity, "Personne ne correspond")
	admin.Post(path+"/departure", "last_day", inDays(5), "successor", "Noé Martin", "agenda", "given").Want(t, http.StatusSeeOther)
	admin.Get(path).Want(t, http.StatusOK, "Noé Martin prend la suite", "Modifier le départ")
	admin.Get("/admin/agents?state=leaving").Want(t, http.StatusOK, "Le Goff", "Dernier jour", "1 personne")
	admin.Get("/admin").Want(t, http.StatusOK, "1 départ d’ici trente jours", "Camille Le Goff")
	p.As("collegue@bourg.example").Get("/todo").Want(t, http.StatusOK, "Départ de Camille Le Goff", "vous prenez la suite")
	// Somebody else changed it since this form was shown.
	admin.Post(path+"/departure", "last_day", inDays(6)).Want(t, http.StatusConflict, "entre-temps")
	admin.Post(path+"/departure/cancel", "was", "autre").Want(t, http.StatusSeeOther)
	admin.Get("/admin/agents?state=leaving").Want(t, http.StatusOK, "Le Goff")
	was := between(t, admin.Get(path+"/departure").Body, `name="was" value="`, `"`)
	admin.Post(path+"/departure/cancel", "was", was).Want(t, http.StatusSeeOther)
	if body := admin.Get("/admin/agents?state=leaving").Body; strings.Contains(body, "Le Goff") {
		t.Error("a departure that was called off is still listed")
	}
	if body := p.As("collegue@bourg.example").Get("/todo").Body; strings.Contains(body, "Le Goff") {
		t.Error("the successor of a departure that was called off is still told")
	}
	admin.Get("/admin/journal").Want(t, http.StatusOK, "Départ d’un agent prévu", "Départ d’un agent annulé")
}

func draftOf(of portal.Caller, title string) calendar.Draft {
	start := time.Now().Add(48 * time.Hour).Truncate(time.Hour)
	return calendar.Draft{Calendar: calendar.CalendarID(of.Agent), Title: title, Start: start, End: start.Add(time.Hour)}
}

// TestAnAccountClosesOnceAtTheEndOfItsLastDay, however many nodes look, and what was
// handed over comes back with who comes back.
func TestAnAccountClosesOnceAtTheEndOfItsLastDay(t *testing.T) {
	p := servertest.New(t)
	agent, successor := leaver(t, p, 1)
	id, err := p.Calendar.CreateEvent(t.Context(), agent, draftOf(agent, "Marché public"))
	if err != nil {
		t.Fatal(err)
	}
	if step(t, p); !isOpen(t, p, agent.Agent) {
		t.Fatal("her account is closed before the day is over")
	}
	p.As("agent@bourg.example").Get("/").Want(t, http.StatusOK)
	pass(t, p)
	var nodes sync.WaitGroup
	counts := make([]int, 4)
	for i := range counts {
		nodes.Go(func() {
			other := directory.New(p.DB) // as another node has its own
			other.Departing(p.Calendar)
			closed, err := directory.NewDepartures(other, nil).Step(t.Context())
			if counts[i] = closed; err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	total := 0
	for _, count := range counts {
		total += count
	}
	if total > 1 || isOpen(t, p, agent.Agent) { // the portal's own work may have been the one
		t.Errorf("four nodes closed %d accounts, and hers is open: %v", total, isOpen(t, p, agent.Agent))
	}
	step(t, p)
	if got := countWhere(t, p, `audit_lines WHERE action = 'agent.closed' AND collectivity = 'bourg'`); got != 1 {
		t.Errorf("the journal tells it %d times", got)
	}
	if _, err := p.Directory.CallerFor(t.Context(), agent.Account, "bourg"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("she may still enter: %v", err)
	}
	event, err := p.Calendar.Event(t.Context(), successor, id)
	if err != nil || event.Title != "Marché public" {
		t.Errorf("the successor reads %+v, %v", event, err)
	}
	calendars, err := p.Calendar.Calendars(t.Context(), successor)
	if err != nil || len(calendars) < 2 || !strings.Contains(calendars[0].Name+calendars[1].Name, "Camille Le Goff") {
		t.Errorf("the successor has %+v, %v", calendars, err)
	}
	p.As("collegue@bourg.example").Get("/todo").Want(t, http.StatusOK, "Départ de Camille Le Goff")
	if err := p.Directory.ForgetDepartures(t.Context(), "bourg"); err != nil { // that of a month ago
		t.Fatal(err)
	}
	if err := p.Directory.ReopenAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent.Agent, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Calendar.Event(t.Context(), successor, id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the successor still reads her event: %v", err)
	}
	if event, err := p.Calendar.Event(t.Context(), p.Caller("agent@bourg.example", "bourg"), id); err != nil || event.Title != "Marché public" {
		t.Errorf("back, she reads %+v, %v", event, err)
	}
	if got := countWhere(t, p, `planned_departures`); got != 0 {
		t.Errorf("%d departures are left of who is back", got)
	}
}

func countWhere(t *testing.T, p *servertest.Portal, what string) (rows int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM `+what).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestTheLastAdministratorStays: her departure is refused, said on the first page, and
// done once another was named.
func TestTheLastAdministratorStays(t *testing.T) {
	p := servertest.New(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	if err := p.Directory.PlanDeparture(t.Context(), admin, admin.Agent, directory.Departure{LastDay: inDays(1)}, "", ""); err != nil {
		t.Fatal(err)
	}
	p.As("admin@bourg.example").Get("/admin/agents/"+string(admin.Agent)+"/departure").Want(t, http.StatusOK, "seule personne qui administre")
	pass(t, p)
	if step(t, p); !isOpen(t, p, admin.Agent) {
		t.Fatal("the last administrator was closed")
	}
	p.As("admin@bourg.example").Get("/admin").Want(t, http.StatusOK, "1 départ prévu n’a pas pu se faire")
	if got := countWhere(t, p, `planned_departures WHERE due > 1 AND done = 0`); got != 1 {
		t.Error("it is tried again at once")
	}
	other := p.Caller("agent@bourg.example", "bourg").Agent
	if err := p.Directory.SetRights(t.Context(), admin, other, []portal.Right{portal.Admin}); err != nil {
		t.Fatal(err)
	}
	put(t, p, `UPDATE planned_departures SET due = 1`)
	if step(t, p); isOpen(t, p, admin.Agent) {
		t.Error("she is not closed once another administers")
	}
}

// TestWhoGovernsAgentsClosesNobodyAboveHer, neither now nor later.
func TestWhoGovernsAgentsClosesNobodyAboveHer(t *testing.T) {
	p := servertest.New(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	clerk, climber := p.Caller("agent@bourg.example", "bourg").Agent, p.Caller("collegue@bourg.example", "bourg").Agent
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(p.Directory.SetRights(t.Context(), admin, clerk, []portal.Right{portal.ManageAgents}))
	caller := p.Caller("agent@bourg.example", "bourg")
	if err := p.Directory.PlanDeparture(t.Context(), caller, admin.Agent, directory.Departure{LastDay: inDays(1)}, "", ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("she plans the departure of the administrator: %v", err)
	}
	must(p.Directory.PlanDeparture(t.Context(), caller, climber, directory.Departure{LastDay: inDays(1)}, "", ""))
	must(p.Directory.SetRights(t.Context(), admin, climber, []portal.Right{portal.Admin})) // meanwhile
	pass(t, p)
	if step(t, p); !isOpen(t, p, climber) {
		t.Error("an administrator was closed by what somebody below planned")
	}
	p.As("admin@bourg.example").Get("/admin").Want(t, http.StatusOK, "1 départ prévu n’a pas pu se faire")
}

// TestTheDayEndsWhereTheCollectivityIs: a departure is due at midnight there.
func TestTheDayEndsWhereTheCollectivityIs(t *testing.T) {
	p := servertest.New(t)
	put(t, p, `UPDATE collectivities SET zone = 'Pacific/Noumea' WHERE id = 'bourg'`)
	agent, _ := leaver(t, p, 20)
	var due int64
	var day string
	if err := p.DB.QueryRow(t.Context(), `SELECT due, last_day FROM planned_departures WHERE agent = $1`, string(agent.Agent)).Scan(&due, &day); err != nil {
		t.Fatal(err)
	}
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	if want := date.AddDate(0, 0, 1).Add(-11 * time.Hour); !time.UnixMilli(due).Equal(want) { // Nouméa is eleven hours ahead, all year round
		t.Errorf("due at %v, want %v", time.UnixMilli(due).UTC(), want)
	}
	// The zone changed since: the hour that was kept is looked at again.
	put(t, p, `UPDATE planned_departures SET due = 1`)
	if step(t, p); !isOpen(t, p, agent.Agent) {
		t.Error("closed before its day is over")
	}
	if got := countWhere(t, p, `planned_departures WHERE due > 1 AND done = 0`); got != 1 {
		t.Error("the hour was not corrected")
	}
}

// TestClosedByHandTheAgendaGoesAsPlanned, and nothing is left to be done.
func TestClosedByHandTheAgendaGoesAsPlanned(t *testing.T) {
	p := servertest.New(t)
	agent, successor := leaver(t, p, 10)
	id, err := p.Calendar.CreateEvent(t.Context(), agent, draftOf(agent, "Conseil"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Directory.CloseAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent.Agent, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Calendar.Event(t.Context(), successor, id); err != nil {
		t.Errorf("the successor does not read what was handed over: %v", err)
	}
	pass(t, p)
	step(t, p)
	if got := countWhere(t, p, `audit_lines WHERE action = 'agent.closed' AND collectivity = 'bourg'`); got != 1 {
		t.Errorf("she is closed %d times", got)
	}
}

// TestASuccessorWhoLeavesIsReplacedInTime: the administrator is told as long as nobody
// comes after, and what was handed over goes back though its holder left in her turn.
func TestASuccessorWhoLeavesIsReplacedInTime(t *testing.T) {
	p := servertest.New(t)
	agent, successor := leaver(t, p, 10)
	admin, third := p.Caller("admin@bourg.example", "bourg"), p.Caller("redaction@bourg.example", "bourg")
	told, page := "1 départ prévu n’a plus personne pour la suite", "/admin/agents/"+string(agent.Agent)
	client := p.As("admin@bourg.example")
	if strings.Contains(client.Get("/admin").Body, told) {
		t.Error("a successor who stays is missed")
	}
	sooner := directory.Departure{LastDay: inDays(5), Successor: third.Agent, Agenda: true}
	if err := p.Directory.PlanDeparture(t.Context(), admin, successor.Agent, sooner, "", ""); err != nil {
		t.Fatal(err)
	}
	if body := client.Get("/admin").Want(t, http.StatusOK, told).Body; strings.Count(body, "Camille Le Goff</a>") != 2 { // she leaves, and nobody comes after
		t.Error("the page does not name her")
	}
	list, mark := "/admin/agents?state=leaving", "Plus personne ne lui succède"
	if body := client.Get(list).Want(t, http.StatusOK, "Le Goff").Body; strings.Count(body, mark) != 1 {
		t.Errorf("the list marks %d of those who leave, want her alone", strings.Count(body, mark))
	}
	client.Get(page).Want(t, http.StatusOK, "choisissez quelqu’un d’autre")
	client.Get(page+"/departure").Want(t, http.StatusOK, "choisissez quelqu’un d’autre")
	put(t, p, `UPDATE planned_departures SET last_day = '`+inDays(15)+`' WHERE agent = '`+string(successor.Agent)+`'`)
	if strings.Contains(client.Get("/admin").Body, told) || strings.Contains(client.Get(list).Body, mark) {
		t.Error("a successor who leaves later is missed")
	}
	id, err := p.Calendar.CreateEvent(t.Context(), agent, draftOf(agent, "Conseil"))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []portal.AgentID{agent.Agent, successor.Agent} { // one after the other
		if err := p.Directory.CloseAgent(t.Context(), admin, one, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Calendar.Event(t.Context(), third, id); err != nil {
		t.Errorf("the last of the line does not read it: %v", err)
	}
	if err := p.Directory.ReopenAgent(t.Context(), admin, agent.Agent, ""); err != nil {
		t.Fatal(err)
	}
	if event, err := p.Calendar.Event(t.Context(), p.Caller("agent@bourg.example", "bourg"), id); err != nil || event.Title != "Conseil" {
		t.Errorf("back, she reads %+v, %v", event, err)
	}
}

// TestASuccessorIsToldOncePerPlan: she says that she knows, and is told anew when the day is
// another one.
func TestASuccessorIsToldOncePerPlan(t *testing.T) {
	p, ctx := servertest.New(t), t.Context()
	agent, successor := leaver(t, p, 10)
	source := directory.SuccessionSource{Store: p.Directory}
	told := func(want int) {
		t.Helper()
		if count, err := source.Count(ctx, successor); err != nil || count != want {
			t.Errorf("%d successions wait, %v; want %d", count, err, want)
		}
	}
	told(1)
	request := todo.Request{Caller: successor, Now: time.Now()}
	if _, err := source.Act(ctx, request, string(agent.Agent), "known", nil); err != nil {
		t.Fatal(err)
	}
	told(0)
	admin := p.Caller("admin@bourg.example", "bourg")
	now, err := p.Directory.Departure(ctx, admin, agent.Agent)
	if err == nil {
		now.LastDay = inDays(12)
		err = p.Directory.PlanDeparture(ctx, admin, agent.Agent, now, now.ID, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	told(1)
	if _, err := source.Act(ctx, todo.Request{Caller: admin, Now: time.Now()}, string(agent.Agent), "known", nil); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another says that she knows: %v", err)
	}
	if err := p.Directory.ForgetDepartures(ctx, "bourg"); err != nil {
		t.Fatal(err)
	}
	told(1)
}
