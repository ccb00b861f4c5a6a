package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
	"parvis/server/servertest"
)

// ofAgents says whether a page is of who manages agents, of all or of some units.
func ofAgents(access web.Access) bool {
	return access == web.Needs(portal.ManageAgents) || access == web.NeedsSomewhere(portal.ManageAgents)
}

// manage hires somebody into a new unit of a collectivity, who manages the agents of a
// unit, "" for all of them, and nothing else.
func manage(p *servertest.Portal, t *testing.T, login string, id portal.CollectivityID, unit portal.UnitID) *servertest.Client {
	t.Helper()
	p.Hire(servertest.Person{Login: login, GivenName: "Gaël", FamilyName: "Gestion", Collectivities: []portal.CollectivityID{id}})
	given := directory.Given{Right: portal.ManageAgents, In: unit, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(p.Caller(login, id).Agent)}}
	if _, err := p.Directory.Give(t.Context(), directory.Installation(id), given, ""); err != nil {
		t.Fatal(err)
	}
	return p.As(login)
}

// TestWhoManagesAnotherUnitReachesNothingOfThisOne asks every page of who manages agents
// for what the isolation table says, as two people of the same collectivity: one
// manages all of its agents, one those of a unit where nobody is. A new page is asked as
// soon as it has its line there.
func TestWhoManagesAnotherUnitReachesNothingOfThisOne(t *testing.T) {
	w := newWorld(t)
	e := w.of("bourg")
	far := directory.Unit{ID: "lointain", Name: "Lointain"}
	if _, err := w.Directory.CreateUnit(t.Context(), directory.Installation(e.id), far); err != nil {
		t.Fatal(err)
	}
	all, narrowed := manage(w.Portal, t, "tout@bourg.example", e.id, ""), manage(w.Portal, t, "loin@bourg.example", e.id, far.ID)
	access := map[string]web.Access{}
	for _, route := range w.Router.Routes() {
		access[route.Method+" "+route.Path] = route.Access
	}
	asked := 0
	for _, v := range visits {
		if !ofAgents(access[v.route]) {
			continue
		}
		asked++
		path := v.place(e)
		before := dump(t, w.Portal)
		answer := v.ask(e, narrowed, path)
		if whole := access[v.route] == web.Needs(portal.ManageAgents); (whole || strings.Contains(v.route, "{") && !v.isPost()) && answer.Status < 400 && v.route != "GET /admin/agents/{id}/desk" {
			t.Errorf("%s %s: %d to who manages another unit, want it refused\n%.300s", v.route, path, answer.Status, answer.Body)
		}
		if strings.Contains(answer.Body, e.own) && v.route != "GET /admin/agents/{id}/desk" {
			t.Errorf("%s %s tells who manages another unit of an agent of this one", v.route, path)
		}
		if strings.Contains(v.route, "{") {
			if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
				t.Errorf("%s %s by who manages another unit changed the store:\n%s", v.route, path, diff)
			}
		}
		if answer := v.ask(e, all, path); answer.Status == http.StatusNotFound || answer.Status >= 500 {
			t.Errorf("%s %s: %d to who manages all agents", v.route, path, answer.Status)
		}
	}
	if asked < 40 {
		t.Errorf("%d pages asked, want all of those that manage agents", asked)
	}
}

// TestANarrowedRightOpensItsPagesAndNoOther: the narrowed manager in the matrix of
// rights, with what the pages offer her.
func TestANarrowedRightOpensItsPagesAndNoOther(t *testing.T) {
	p := servertest.New(t)
	install := directory.Installation("bourg")
	for _, unit := range []directory.Unit{{ID: "voirie", Name: "Voirie"}, {ID: "parcs", Name: "Parcs", Parent: "voirie"}, {ID: "accueil", Name: "Accueil du public"}} {
		if _, err := p.Directory.CreateUnit(t.Context(), install, unit); err != nil {
			t.Fatal(err)
		}
	}
	client := manage(p, t, "gestion@bourg.example", "bourg", "voirie")
	for page, opens := range map[string]bool{
		"/admin": true, "/admin/agents": true, "/admin/agents/invite": true, "/admin/agents/import": true, "/admin/units": true, "/admin/units/voirie": true, "/admin/units/parcs": true,
		"/admin/units/accueil": false, "/admin/groups": false, "/admin/directory": false, "/admin/applications": false, "/admin/journal": false, "/admin/rights": false,
		"/admin/rights/review": false, "/admin/sign-in/factors": false, "/admin/mirror": false, "/admin/export": false, "/news/new": false, "/documents/folders/new": false,
	} {
		if answer := client.Get(page); (answer.Status == http.StatusOK) != opens {
			t.Errorf("%s: %d, want it open = %v", page, answer.Status, opens)
		}
	}
	body := client.Get("/admin").Body
	for href, shown := range map[string]bool{"/admin/agents": true, "/admin/units": true, "/admin/groups": false, "/admin/directory": false, "/admin/rights": false} {
		if strings.Contains(body, `href="`+href+`"`) != shown {
			t.Errorf("/admin leads to %s: want %v", href, shown)
		}
	}
	client.Get("/admin/agents").Want(t, http.StatusOK, "Services confiés", "Voirie")
	units := client.Get("/admin/units").Want(t, http.StatusOK, "Parcs").Body
	if strings.Contains(units, "Accueil du public") {
		t.Error("/admin/units lists a unit that is not hers")
	}
	hers := manage(p, t, "voisine@bourg.example", "bourg", "voirie") // the same right, in her unit
	hers.Get("/admin/agents").Want(t, http.StatusOK)
	seen := p.Caller("voisine@bourg.example", "bourg").Agent
	put(t, p, `UPDATE agents SET unit = 'parcs' WHERE collectivity = 'bourg' AND id = '`+string(seen)+`'`)
	card := "/admin/agents/" + string(seen)
	for _, page := range []string{card, card + "/close", card + "/departure", card + "/portrait", card + "/desk"} {
		client.Get(page).Want(t, http.StatusOK)
	}
	client.Post(card+"/departure", "last_day", inDays(9)).Want(t, http.StatusSeeOther)
	client.Get(card).Want(t, http.StatusOK, "Modifier le départ")
	client.Post("/admin/units/parcs/empty", "unit", "voirie").Want(t, http.StatusSeeOther)
	undo := "/admin/units/moves/" + between(t, client.Get("/admin/units").Want(t, http.StatusOK, "Déplacements récents").Body, `/admin/units/moves/`, `"`)
	client.Post(undo).Want(t, http.StatusSeeOther)
	client.Get("/admin/units").Want(t, http.StatusOK, "Remis en place")
	agent := string(p.Caller("agent@bourg.example", "bourg").Agent)
	client.Get("/account/rights?to="+agent).Want(t, http.StatusOK, "limité à Voirie et à ce qui en dépend", `value="agents.manage@voirie"`)
	client.Post("/admin/units", "name", "Égouts", "parent", "voirie").Want(t, http.StatusSeeOther)
	client.Post("/admin/units", "name", "Égouts", "parent", "").Want(t, http.StatusUnprocessableEntity, "Choisissez un des services")
	client.Post("/admin/units/voirie", "name", "Autre", "was_name", "Voirie").Want(t, http.StatusUnprocessableEntity, "Votre droit commence à ce service")

	admin := p.As("admin@bourg.example")
	admin.Get("/admin/rights").Want(t, http.StatusOK, "limité à Voirie et à ce qui en dépend", "Vaut toujours dans toute la collectivité")
	admin.Post("/admin/rights", "to", "agent:"+agent, "right", "news.edit", "unit", "voirie").Want(t, http.StatusUnprocessableEntity, "il ne se limite pas à un service")
	admin.Post("/admin/rights", "to", "agent:"+agent, "right", "agents.manage", "unit", "nulle-part").Want(t, http.StatusUnprocessableEntity, `id="unit-error"`)
	admin.Post("/admin/rights", "to", "agent:"+agent, "right", "agents.manage", "unit", "parcs").Want(t, http.StatusSeeOther)
	admin.Get("/admin/rights/review?holds=agents.manage").Want(t, http.StatusOK, "limité à Parcs et à ce qui en dépend")
	admin.Post("/admin/rights/review.csv?holds=agents.manage").Want(t, http.StatusOK, "limité à Parcs et à ce qui en dépend", "Dans toute la collectivité")
	admin.Get("/admin/journal").Want(t, http.StatusOK, "(Parcs)")
	admin.Get("/admin/units/parcs").Want(t, http.StatusOK, "Il sera possible de le supprimer quand rien")
}
