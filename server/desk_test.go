package server_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/server/servertest"
)

// TestADeskIsSeenAndNothingElse: every route of the portal, asked by an administrator
// who sees the desk of an agent. Nothing is written, and what is not said to be shown
// is refused.
func TestADeskIsSeenAndNothingElse(t *testing.T) {
	p := servertest.New(t)
	admin, she := p.As("admin@bourg.example"), p.Caller("agent@bourg.example", "bourg")
	desk := "/admin/agents/" + string(she.Agent) + "/desk"
	admin.Get(desk).Want(t, http.StatusOK, "Voir comme Camille", "Motif")
	admin.Post(desk, "reason", " ").Want(t, http.StatusUnprocessableEntity)
	admin.Get("/admin").Want(t, http.StatusOK)
	admin.Post(desk, "reason", "Ne trouve pas Finances").Want(t, http.StatusSeeOther)
	home := admin.Get("/").Want(t, http.StatusOK, "Bureau de Camille", "Quitter ce bureau", "Non montré").Body
	for _, refused := range []string{"/home/edit", "/todo", "/mail"} {
		if strings.Contains(home, `href="`+refused+`"`) {
			t.Errorf("the desk leads to %s, which is refused", refused)
		}
	}
	if strings.Contains(home, `href="/admin"`) || strings.Contains(home, "/sign-out") {
		t.Error("the desk shows what is the administrator's own")
	}
	admin.Get("/boxes/agenda?fragment=1").Want(t, http.StatusOK, "Non montré")
	admin.Get("/boxes/todo?fragment=1").Want(t, http.StatusOK, "Non montré")
	if body := admin.Get("/boxes/applications?fragment=1").Want(t, http.StatusOK).Body; strings.Contains(body, "Non montré") {
		t.Error("her applications are not shown")
	}
	shown := []string{"/", "/boxes/{id}", "/apps", "/news", "/news/{id}", "/directory", "/directory/agents/{id}", "/directory/agents/{id}/photo", "/directory/chart", "/help", "/sitemap", "/accessibility", "/legal", "/privacy", "/theme/{file}"}
	variable := regexp.MustCompile(`\{[a-z]+\}`)
	before := dump(t, p)
	asked := 0
	for _, route := range p.Router.Routes() {
		if route.Access == web.Protocol || route.Path == "/desk/leave" {
			continue
		}
		path, method := variable.ReplaceAllString(strings.TrimSuffix(route.Path, "*"), "x"), route.Method
		if method == "*" {
			method = "POST"
		}
		answer := admin.Do(method, path, nil, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/x-www-form-urlencoded")
		seen := method == "GET" && slices.Contains(shown, route.Path)
		if refused := answer.Status == http.StatusForbidden && strings.Contains(answer.Body, "Quitter ce bureau"); refused == seen {
			t.Errorf("%s %s: %d, shown: %v", method, path, answer.Status, seen)
		}
		asked++
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "PROPFIND"} {
		if status := admin.Do(method, "/news", nil, "Sec-Fetch-Site", "same-origin").Status; status != http.StatusForbidden {
			t.Errorf("%s: %d", method, status)
		}
	}
	if asked < 150 {
		t.Errorf("%d routes asked", asked)
	}
	if diff := cmp.Diff(before, dump(t, p)); diff != "" {
		t.Errorf("seeing a desk changed the store:\n%s", diff)
	}
	admin.Post("/news", "title", "x").Want(t, http.StatusForbidden, "rien n’a été enregistré")
	her := p.As("agent@bourg.example")
	if body := her.Get("/").Want(t, http.StatusOK).Body; strings.Contains(body, "Quitter ce bureau") || strings.Contains(body, "Non montré") {
		t.Error("the agent is shown the page of who sees her desk")
	}
	seer, err := p.Directory.Agent(t.Context(), she, p.Caller("admin@bourg.example", "bourg").Agent)
	if err != nil {
		t.Fatal(err)
	}
	her.Get("/account/desk").Want(t, http.StatusOK, "Ne trouve pas Finances", seer.Name())
	admin.Post("/desk/leave").Want(t, http.StatusSeeOther)
	admin.Get("/admin/agents").Want(t, http.StatusOK, "Vous avez quitté le bureau de Camille")
	admin.Post("/desk/leave").Want(t, http.StatusSeeOther)
	admin.Get("/admin/journal?action=desk.seen").Want(t, http.StatusOK, "Bureau d’un agent vu", "Ne trouve pas Finances", "Camille")
	admin.Get("/admin/journal?action=desk.left").Want(t, http.StatusOK, "Bureau d’un agent quitté")
}

// TestADeskIsLeftByItself, and as soon as its seer may not see it any more.
func TestADeskIsLeftByItself(t *testing.T) {
	p := servertest.New(t)
	admin, she := p.As("admin@bourg.example"), p.Caller("agent@bourg.example", "bourg")
	see := func(client *servertest.Client, id portal.AgentID) servertest.Answer {
		return client.Post("/admin/agents/"+string(id)+"/desk", "reason", "Essai")
	}
	see(admin, she.Agent).Want(t, http.StatusSeeOther)
	admin.Get("/").Want(t, http.StatusOK, "Quitter ce bureau")
	caller := p.Caller("admin@bourg.example", "bourg")
	if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET desk_until = $1 WHERE account = $2`, time.Now().Add(-time.Second).UnixMilli(), string(caller.Account)); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget(caller.Account)
	if body := admin.Get("/").Want(t, http.StatusOK).Body; strings.Contains(body, "Quitter ce bureau") {
		t.Error("the desk does not end")
	}

	helper := p.Caller("collegue@bourg.example", "bourg")
	give := func(agent portal.AgentID, rights ...portal.Right) {
		t.Helper()
		if err := p.Directory.SetRights(t.Context(), caller, agent, rights); err != nil {
			t.Fatal(err)
		}
	}
	give(helper.Agent, portal.ManageAgents)
	give(she.Agent)
	client := p.As("collegue@bourg.example")
	see(client, caller.Agent).Want(t, http.StatusForbidden, "des droits que vous n’avez pas")
	see(client, helper.Agent).Want(t, http.StatusConflict, "votre propre bureau")
	see(client, she.Agent).Want(t, http.StatusSeeOther)
	client.Get("/").Want(t, http.StatusOK, "Quitter ce bureau")
	give(she.Agent, portal.EditNews)
	if body := client.Get("/").Want(t, http.StatusOK).Body; strings.Contains(body, "Quitter ce bureau") {
		t.Error("who wins a right that the seer has not is still seen")
	}
	give(she.Agent)
	client.Get("/").Want(t, http.StatusOK, "Quitter ce bureau")
	give(helper.Agent)
	if body := client.Get("/").Want(t, http.StatusOK).Body; strings.Contains(body, "Quitter ce bureau") {
		t.Error("who lost the right to see desks still does")
	}

	secretary := p.Caller("secretaire@bourg.example", "bourg")
	give(secretary.Agent, portal.ManageAgents)
	both := p.As("secretaire@bourg.example")
	see(both, she.Agent).Want(t, http.StatusSeeOther)
	give(she.Agent, portal.EditNews)
	both.Post("/account/switch", "agent", string(p.Caller("secretaire@bourg.example", "syndicat").Agent)).Want(t, http.StatusSeeOther)
	var desk string
	err := p.DB.QueryRow(t.Context(), `SELECT desk FROM sessions WHERE account = $1 AND collectivity = 'syndicat'`, string(secretary.Account)).Scan(&desk)
	if err != nil || desk != "" {
		t.Errorf("a session that moved on sees %q there, %v: want nobody's desk", desk, err)
	}
	give(she.Agent)

	account, err := p.Directory.AccountByLogin(t.Context(), "agent@bourg.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO account_rights (account, right_name) VALUES ($1, 'pool.operate')`, string(account.ID)); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget("")
	see(admin, she.Agent).Want(t, http.StatusForbidden, "des droits que vous n’avez pas")
	give(she.Agent, portal.Admin)
	see(p.As("agent@bourg.example"), helper.Agent).Want(t, http.StatusForbidden, "exploite le parc")
}
