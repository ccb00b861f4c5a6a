package server_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/applications"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
)

// twoDesks is a portal where claire administers bourg and is an agent of syndicat,
// and yann the other way round. Each collectivity has a request that waits.
type twoDesks struct {
	*servertest.Portal
	t testing.TB
	// request is that of each collectivity.
	request map[portal.CollectivityID]string
}

const (
	claire = "claire@bourg.example"
	yann   = "yann@bourg.example"
)

func newTwoDesks(t *testing.T) *twoDesks {
	t.Helper()
	d := &twoDesks{Portal: servertest.New(t), t: t, request: map[portal.CollectivityID]string{}}
	both := []portal.CollectivityID{"bourg", "syndicat"}
	for login, home := range map[string]portal.CollectivityID{claire: "bourg", yann: "syndicat"} {
		d.Hire(servertest.Person{Login: login, GivenName: strings.ToUpper(login[:1]) + login[1:5], FamilyName: "Morvan", Collectivities: both})
		caller := d.Caller(login, home)
		d.must(d.Directory.SetRights(t.Context(), d.Caller("admin@"+string(home)+".example", home), caller.Agent, []portal.Right{portal.Admin}))
	}
	for _, id := range both {
		d.offer(id, "paie")
		d.request[id] = d.ask("collegue@"+string(id)+".example", id, "paie")
	}
	return d
}

func (d *twoDesks) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// offer adds an application that nobody may open and all may ask for.
func (d *twoDesks) offer(id portal.CollectivityID, app string) {
	d.t.Helper()
	admin := d.Caller("admin@"+string(id)+".example", id)
	_, err := d.Applications.Create(d.t.Context(), admin, applications.Application{
		ID: app, Name: "Paie de " + string(id), URL: "https://paie." + string(id) + ".example/", OnDemand: true, Units: []portal.UnitID{d.unit(id)},
	}, "")
	d.must(err)
}

// unit is one that nobody is in.
func (d *twoDesks) unit(id portal.CollectivityID) portal.UnitID {
	d.t.Helper()
	admin := d.Caller("admin@"+string(id)+".example", id)
	unit, err := d.Directory.CreateUnit(d.t.Context(), admin, directory.Unit{Name: "Finances"})
	d.must(err)
	return unit
}

func (d *twoDesks) ask(login string, id portal.CollectivityID, app string) string {
	d.t.Helper()
	caller := d.Caller(login, id)
	_, err := d.Applications.Ask(d.t.Context(), caller, app, "Pour "+string(id), "")
	d.must(err)
	offer, err := d.Applications.Offer(d.t.Context(), caller, app)
	d.must(err)
	return offer.Request.ID
}

func (d *twoDesks) place(id portal.CollectivityID, action string) string {
	return "/todo/do/" + string(id) + "/access-requests/" + d.request[id] + "/" + action
}

// state is where the request of a collectivity stands.
func (d *twoDesks) state(id portal.CollectivityID) applications.State {
	d.t.Helper()
	offer, err := d.Applications.Offer(d.t.Context(), d.Caller("collegue@"+string(id)+".example", id), "paie")
	d.must(err)
	return offer.Request.State
}

// waiting is what the header of a page says.
func waiting(page string) string {
	found := regexp.MustCompile(`href="/todo"[^>]*>.*?(?:<span class="badge">(\d+)</span>)?</a>`).FindStringSubmatch(page)
	if found == nil {
		return "no link"
	}
	return found[1]
}

// One inbox for both: each item with its collectivity, and under the rights of
// that one's agent.
func TestTheInboxMergesWithoutMixing(t *testing.T) {
	d := newTwoDesks(t)
	hers, his := d.AsIn(claire, "syndicat"), d.AsIn(yann, "bourg")
	page := hers.Get("/todo").Want(t, 200, "Paie de bourg", "Bourg-sur-Loire", "Pour bourg").Body
	if strings.Contains(page, "Pour syndicat") || waiting(page) != "1" {
		t.Errorf("claire, who administers bourg alone, counts %q:\n%s", waiting(page), page)
	}
	if page := his.Get("/todo").Body; strings.Contains(page, "Pour bourg") || !strings.Contains(page, "Pour syndicat") {
		t.Errorf("yann, who administers syndicat alone, reads:\n%s", page)
	}
	his.Post(d.place("bourg", "grant")).Want(t, 404)
	his.Post("/todo/do/syndicat/access-requests/"+d.request["bourg"]+"/grant").Want(t, 404)
	his.Post("/todo/do/agglo/access-requests/"+d.request["bourg"]+"/grant").Want(t, 404)
	his.Post("/todo/do/bourg/nothing/"+d.request["bourg"]+"/grant").Want(t, 404)
	his.Post("/todo/do/syndicat/access-requests/"+d.request["syndicat"]+"/forged").Want(t, 404)
	d.As("admin@agglo.example").Post(d.place("bourg", "grant")).Want(t, 404)
	if state := d.state("bourg"); state != applications.Waiting {
		t.Fatalf("bourg's request is %s", state)
	}
	hers.Post(d.place("bourg", "grant")).Want(t, 303)
	if page := hers.Get("/").Want(t, 200, "a maintenant accès", `action="/todo/undo/bourg/access-requests/`+d.request["bourg"]).Body; waiting(page) != "" {
		t.Errorf("answered, and the header counts %q", waiting(page))
	}
	his.Post("/todo/undo/bourg/access-requests/"+d.request["bourg"]).Want(t, 404)
	his.Post("/todo/undo/syndicat/access-requests/"+d.request["bourg"]).Want(t, 404)
	hers.Post("/todo/undo/bourg/access-requests/"+d.request["bourg"]).Want(t, 303)
	if state := d.state("bourg"); state != applications.Waiting {
		t.Errorf("taken back, bourg's request is %s", state)
	}
}

// A collectivity that asks for a second factor shows nothing to who has not
// entered it.
func TestTheInboxDoesNotGoRoundASecondFactor(t *testing.T) {
	d := newTwoDesks(t)
	d.must(d.SSO.Policies.Set(t.Context(), d.Caller("admin@bourg.example", "bourg"), sso.Policy{Who: sso.Administrators}, ""))
	hers := d.AsIn(claire, "syndicat")
	page := hers.Get("/todo").Want(t, 200, "Bourg-sur-Loire demande la double authentification").Body
	if strings.Contains(page, "Pour bourg") || waiting(page) != "" {
		t.Errorf("she reads, from elsewhere, and counts %q:\n%s", waiting(page), page)
	}
	if home := hers.Get("/").Body; strings.Contains(home, "Pour bourg") {
		t.Error("the box tells it")
	}
	hers.Post(d.place("bourg", "grant")).Want(t, 404)
	if state := d.state("bourg"); state != applications.Waiting {
		t.Errorf("bourg's request is %s", state)
	}
}

// What changes in one collectivity shows at once wherever its people are.
func TestTheCountFollowsEveryChange(t *testing.T) {
	d := newTwoDesks(t)
	hers := d.AsIn(claire, "syndicat")
	sees := func(what, want string) {
		t.Helper()
		for _, path := range []string{"/", "/news", "/todo", "/"} {
			if got := waiting(hers.Get(path).Want(t, 200).Body); got != want {
				t.Errorf("%s: %s counts %q, want %q", what, path, got, want)
			}
		}
		if got := strings.Count(hers.Get("/").Body, `value="access-requests"`); want != "" && got == 0 {
			t.Errorf("%s: the box shows nothing", what)
		}
	}
	sees("one request", "1")
	d.ask("agent@bourg.example", "bourg", "paie")
	sees("two requests", "2")
	_, err := d.Applications.Withdraw(t.Context(), d.Caller("agent@bourg.example", "bourg"), "paie", "")
	d.must(err)
	sees("one was withdrawn", "1")
	_, err = d.Applications.Answer(t.Context(), d.Caller("admin@bourg.example", "bourg"), d.request["bourg"], applications.Answer{Grant: true}, "")
	d.must(err)
	sees("the other was answered", "")
}

// The box answers in one press and offers the way back, which another page that is
// loaded later still has.
func TestTheBoxAnswersAndTheWayBackSurvivesAReload(t *testing.T) {
	d := newTwoDesks(t)
	admin := d.As("admin@bourg.example")
	admin.Get("/").Want(t, 200, "À traiter", "Accorder", `action="/boxes/todo/do/decide"`)
	values := []string{"collectivity", "bourg", "source", "access-requests", "item", d.request["bourg"], "action", "grant"}
	admin.Post("/boxes/todo/do/decide", values...).Want(t, 303)
	admin.Get("/").Want(t, 200, "Annuler", "/todo/undo/bourg/access-requests/"+d.request["bourg"], "Rien ne vous attend")
	if page := admin.Get("/").Body; strings.Contains(page, "/todo/undo/") {
		t.Error("the sentence is shown twice")
	}
	admin.Get("/todo").Want(t, 200, "/todo/undo/bourg/access-requests/"+d.request["bourg"])
	again := d.As("admin@bourg.example")
	again.Post("/boxes/todo/do/decide", values...).Want(t, 303)
	again.Get("/").Want(t, 200, "a déjà accordé")
	admin.Post("/todo/undo/bourg/access-requests/"+d.request["bourg"]).Want(t, 303)
	admin.Get("/todo").Want(t, 200, "attend de nouveau", "Accorder")
	d.As("collegue@bourg.example").Post("/boxes/todo/do/decide", values...).Want(t, 404)
}

func TestARefusalWithoutAReasonComesBack(t *testing.T) {
	d := newTwoDesks(t)
	admin := d.As("admin@bourg.example")
	field := "on-bourg-access-requests-" + d.request["bourg"] + "-refuse-reason"
	admin.Post(d.place("bourg", "refuse"), "reason", " ").Want(t, 422, `href="#`+field+`"`, `id="`+field+`-error"`, "<details class=\"more\" open>")
	admin.Post(d.place("bourg", "grant-until"), "until", "2020-01-01").Want(t, 422, `value="2020-01-01"`, "doit être à venir")
	admin.Post(d.place("bourg", "refuse"), "reason", "<b>Non</b>", "back", "https://voleur.example/").Want(t, 303)
	if her := d.As("collegue@bourg.example").Get("/apps").Want(t, 200, "Refusé le", html.EscapeString("<b>Non</b>")).Body; strings.Contains(her, "<b>Non") {
		t.Error("the reason is mark-up")
	}
}

// An access that ended closes the application in the middle of a session.
func TestAnAccessThatEndsClosesTheApplication(t *testing.T) {
	d := newTwoDesks(t)
	d.Register(servertest.Application{Collectivity: "bourg", ID: "glpi", Kind: sso.KindCAS, Addresses: []string{"https://glpi.bourg.example/"}, Groups: []portal.GroupID{"accueil"}})
	ctx, admin, her := t.Context(), d.Caller("admin@bourg.example", "bourg"), d.Caller("collegue@bourg.example", "bourg")
	d.must(d.Applications.Grant(ctx, admin, "glpi", her.Agent, time.Now().Add(time.Hour), ""))
	client := d.As("collegue@bourg.example")
	client.Get("/cas/login?service=https%3A%2F%2Fglpi.bourg.example%2F").Want(t, 302)
	_, err := d.DB.Exec(ctx, `UPDATE application_grants SET until = $1 WHERE collectivity = 'bourg' AND agent = $2`, database.Millis(time.Now()), string(her.Agent))
	d.must(err)
	client.Get("/cas/login?service=https%3A%2F%2Fglpi.bourg.example%2F").Want(t, 403, "a pris fin", `href="/apps/glpi/ask?in=bourg"`)
	client.Get("/apps/glpi/ask?in=bourg").Want(t, 200, "Demander l’accès", "Réservée à")
	d.AsIn(yann, "syndicat").Get("/apps/glpi/ask?in=bourg").Want(t, 404, "autre de vos collectivités")
}
