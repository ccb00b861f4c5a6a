package server_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/server/servertest"
)

// TestARightOpensItsPagesAndNoOther: the matrix of rights and of what they govern.
func TestARightOpensItsPagesAndNoOther(t *testing.T) {
	pages := map[string]portal.Right{
		"/admin/agents": portal.ManageAgents, "/admin/agents/invite": portal.ManageAgents,
		"/admin/applications": portal.ManageApplications, "/admin/applications/new": portal.ManageApplications,
		"/admin/journal": portal.ReadJournal, "/news/new": portal.EditNews, "/documents/folders/new": portal.EditDocuments,
		"/admin/rights": portal.Admin, "/admin/rights/review": portal.Admin, "/admin/rights/review/changes": portal.Admin, "/admin/sign-in": portal.Admin, "/admin/sign-in/factors": portal.Admin, "/admin/mirror": portal.Admin, "/admin/webhooks": portal.Admin,
	}
	for _, right := range portal.CollectivityRights {
		t.Run(string(right), func(t *testing.T) {
			p := servertest.New(t)
			agent := p.Caller("agent@bourg.example", "bourg").Agent
			if err := p.Directory.SetRights(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent, []portal.Right{right}); err != nil {
				t.Fatal(err)
			}
			client := p.As("agent@bourg.example")
			for page, needs := range pages {
				opens := client.Get(page).Status == http.StatusOK
				if want := right == needs || right == portal.Admin; opens != want {
					t.Errorf("%s opens: %v, want %v", page, opens, want)
				}
			}
			administers := p.Caller("agent@bourg.example", "bourg").Administers()
			home := client.Get("/").Want(t, http.StatusOK).Body
			if shown := strings.Contains(home, `href="/admin"`); shown != administers {
				t.Errorf("the menu leads to the administration: %v, want %v", shown, administers)
			}
			if !administers {
				client.Get("/admin").Want(t, http.StatusNotFound)
				return
			}
			body := client.Get("/admin").Want(t, http.StatusOK).Body
			for page, needs := range pages {
				if !strings.HasPrefix(page, "/admin/") || strings.Count(page, "/") > 2 {
					continue
				}
				if shown := strings.Contains(body, `href="`+page+`"`); shown != (right == needs || right == portal.Admin) {
					t.Errorf("/admin leads to %s: %v", page, shown)
				}
			}
		})
	}
}

// TestRightsAreGivenAndTakenOnAPage, and taken back.
func TestRightsAreGivenAndTakenOnAPage(t *testing.T) {
	p := servertest.New(t)
	admin, agent := p.As("admin@bourg.example"), p.Caller("agent@bourg.example", "bourg").Agent
	if err := p.Directory.SetRights(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent, nil); err != nil {
		t.Fatal(err)
	}
	her := p.As("agent@bourg.example")
	her.Get("/admin/journal").Want(t, http.StatusNotFound)
	admin.Get("/admin/rights?to=agent:"+string(agent)).Want(t, http.StatusOK, `<option value="agent:`+string(agent)+`" selected>`)
	admin.Post("/admin/rights", "to", "agent:"+string(agent), "right", "journal.read", "until", "hier").Want(t, http.StatusUnprocessableEntity, "La fin doit être à venir")
	admin.Post("/admin/rights", "to", "agent:nobody", "right", "journal.read").Want(t, http.StatusUnprocessableEntity, "n’existe pas dans la collectivité")
	admin.Post("/admin/rights", "to", "agent:"+string(agent), "right", "pool.operate").Want(t, http.StatusUnprocessableEntity, "ne peut pas être donné ici")
	admin.Post("/admin/rights", "to", "agent:"+string(agent), "right", "journal.read").Want(t, http.StatusSeeOther)
	her.Get("/admin/journal").Want(t, http.StatusOK)
	body := admin.Get("/admin/rights").Want(t, http.StatusOK, "Droit donné").Body
	section := between(t, body, `id="h-journal.read"`, "</section>")
	take := between(t, section, `action="`, `"`)
	admin.Post(take).Want(t, http.StatusSeeOther)
	her.Get("/admin/journal").Want(t, http.StatusNotFound)
	body = admin.Get("/admin/rights").Want(t, http.StatusOK, "Droit retiré à", "Redonner").Body
	admin.Post(strings.Replace(take, "/take", "/give-back", 1)).Want(t, http.StatusSeeOther)
	her.Get("/admin/journal").Want(t, http.StatusOK)

	section = between(t, body, `id="h-admin"`, "</section>")
	admin.Post(between(t, section, `action="`, `"`)).Want(t, http.StatusConflict, "Il ne resterait personne pour administrer la collectivité")
	admin.Get("/admin/rights").Want(t, http.StatusOK)
	page := admin.Get("/admin/journal").Want(t, http.StatusOK).Body
	for _, told := range []string{"Droit donné", "Droit retiré", "journal"} {
		if !strings.Contains(page, told) {
			t.Errorf("the journal does not tell %q", told)
		}
	}
}

// TestWhoTakesHerOwnRightReadsWhatIsLeft, and no page that is hers no more.
func TestWhoTakesHerOwnRightReadsWhatIsLeft(t *testing.T) {
	p := servertest.New(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	if err := p.Directory.SetRights(t.Context(), admin, p.Caller("collegue@bourg.example", "bourg").Agent, []portal.Right{portal.Admin}); err != nil {
		t.Fatal(err)
	}
	given, err := p.Directory.RightsGiven(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	client := p.As("admin@bourg.example")
	for _, one := range given {
		if one.Right == portal.Admin && one.Subject.ID == string(admin.Agent) {
			answer := client.Post("/admin/rights/"+one.ID+"/take").Want(t, http.StatusSeeOther)
			client.Get(answer.Header.Get("Location")).Want(t, http.StatusOK, "Droit retiré", "Mes droits")
		}
	}
	client.Get("/admin/rights").Want(t, http.StatusNotFound)
}

// TestALinkToThePasswordOfWhoMayDoMoreIsRefused: it would give what she may do.
func TestALinkToThePasswordOfWhoMayDoMoreIsRefused(t *testing.T) {
	p := servertest.New(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	agent := p.Caller("agent@bourg.example", "bourg").Agent
	if err := p.Directory.SetRights(t.Context(), admin, agent, []portal.Right{portal.ManageAgents}); err != nil {
		t.Fatal(err)
	}
	client := p.As("agent@bourg.example")
	client.Post("/admin/agents/"+string(admin.Agent)+"/password").Want(t, http.StatusForbidden, "des droits que vous n’avez pas")
	colleague := p.Caller("collegue@bourg.example", "bourg").Agent
	client.Post("/admin/agents/"+string(colleague)+"/password").Want(t, http.StatusCreated)
}
