package directory_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"testing"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/browser"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/sso"
	"parvis/sso/upstream"
	"parvis/themes"
)

// furnish gives a house enough to show on every page.
func (h *house) furnish(t testing.TB) {
	t.Helper()
	ctx, admin := context.Background(), directory.Installation("bourg")
	for _, name := range []string{"Brossard", "N’Diaye", "de La Rochefoucauld-Montbel d’Anglejan"} {
		got(h.CreateAgent(ctx, admin, directory.Agent{
			GivenName: "Jean-Pierre", FamilyName: name, Function: "Chef d’équipe voirie",
			Unit: "technique", Phone: "02 61 91 01 01", Mobile: "06 39 98 01 24", Email: "jean-pierre.delarochefoucauld@bourg.example",
		}))(t)
	}
	got(h.service.AppPasswords.Create(ctx, h.anne, phone))(t)
}

func TestWhatNoStoreCanHoldFindsNobody(t *testing.T) {
	h := newHouse(t)
	for _, query := range []string{"unit=%00", "unit=%ff", "q=%00", "q=%ff%fe&unit=technique%00"} {
		h.as(t, h.anne).get("/directory?"+query).want(t, http.StatusOK)
	}
}

// judging looks at the page that is open, wide and narrow, light and dark.
func judging(t *testing.T, p *browser.Page) func(name string) {
	return func(name string) {
		t.Helper()
		for _, size := range []struct{ width, height int }{{1366, 768}, {360, 740}} {
			p.Size(size.width, size.height)
			p.Axe(t)
			p.Screenshot(fmt.Sprintf("directory/%s-%d", name, size.width))
		}
		p.Geometry(t)
		p.Scheme(true)
		p.Axe(t)
		p.Screenshot(fmt.Sprintf("directory/%s-dark", name))
		p.Scheme(false)
		p.Size(1366, 768)
	}
}

// TestPagesOfAdministrationAreAccessible, also where a form was refused, where
// somebody else was faster, and before something is closed or deleted.
func TestPagesOfAdministrationAreAccessible(t *testing.T) {
	h := newHouse(t)
	h.furnish(t)
	ctx, bourg := context.Background(), directory.Installation("bourg")
	admin := h.appoint(t, h.anne)
	must(t, h.AddMember(ctx, bourg, "encadrants", h.both.Agent))
	for _, name := range []string{"Direction générale", "Enfance et vie scolaire"} {
		got(h.AddUnit(ctx, admin, directory.Unit{Name: name}, ""))(t)
	}
	below := got(h.AddUnit(ctx, admin, directory.Unit{Name: "Voirie, réseaux et éclairage public", Parent: "technique"}, ""))(t)
	got(h.AddUnit(ctx, admin, directory.Unit{Name: "Atelier mécanique", Parent: below}, ""))(t)
	p := browser.New(t)
	p.Allow("422")
	p.Allow("409")
	judge := judging(t, p)
	p.Open(h.server.URL + "/sign-in?next=/admin/agents")
	p.Fill("#login", "anne@bourg.example")
	p.Follow("text=Continuer")
	p.Fill("#password", password)
	p.Follow("text=Se connecter")
	p.MustSee("Jean-Pierre Brossard")
	judge("admin-agents")
	her := h.server.URL + "/admin/agents/" + string(h.both.Agent)
	p.Open(her)
	judge("admin-agent")
	shown := got(h.Enrolled(ctx, admin, h.both.Agent))(t).Agent
	other := shown
	other.Function, other.Office = "Secrétaire de mairie", "Bureau 4"
	must(t, h.ChangeAgent(ctx, admin, shown, other, ""))
	p.Fill("#function", "Secrétaire générale")
	p.Follow("text=Enregistrer")
	p.MustSee("entre-temps")
	judge("admin-agent-other")
	p.Fill("#phone", "appelez-moi")
	p.Fill("#manager", "Jean-Pierre")
	p.Follow("text=Enregistrer")
	p.MustSee("Plusieurs personnes")
	judge("admin-agent-refused")
	p.Open(her + "/close")
	judge("admin-agent-close")
	p.Follow("main .danger")
	p.MustSee("Fiche fermée")
	p.Open(her) // without the sentence that covers its end
	judge("admin-agent-closed")
	p.Open(h.server.URL + "/admin/agents/" + string(h.anne.Agent) + "/close")
	judge("admin-agent-last")
	p.Open(h.server.URL + "/admin/units")
	judge("admin-units")
	p.Open(h.server.URL + "/admin/units/technique")
	judge("admin-unit")
	deleted := got(h.AddGroup(ctx, admin, "Comité des fêtes", ""))(t)
	must(t, h.DeleteGroup(ctx, admin, deleted, ""))
	p.Open(h.server.URL + "/admin/groups")
	judge("admin-groups")
	must(t, h.AddMember(ctx, bourg, "encadrants", h.anne.Agent))
	p.Open(h.server.URL + "/admin/groups/encadrants?q=jean-pierre")
	judge("admin-group")
	p.Open(h.server.URL + "/admin/units/new?parent=technique")
	judge("admin-unit-new")
	for _, problem := range p.Problems() {
		t.Error(problem)
	}
}

func TestPagesAreValidAndAccessible(t *testing.T) {
	h := newHouse(t)
	h.furnish(t)
	p := browser.New(t)
	p.Allow("422")
	judge := judging(t, p)
	p.Open(h.server.URL + "/sign-in?next=/directory")
	judge("sign-in")
	p.Fill("#login", "anne@bourg.example")
	p.Follow("text=Continuer")
	p.Fill("#password", "wrong")
	p.Follow("text=Se connecter")
	p.MustSee(wrongText)
	judge("password-refused")
	p.Fill("#password", password)
	p.Follow("text=Se connecter")
	p.MustSee("Jean-Pierre Brossard")
	judge("directory")
	p.Open(h.server.URL + "/directory/agents/" + string(h.anne.Agent))
	judge("card")
	p.Open(h.server.URL + "/account")
	judge("account")
	p.Fill("label=Nom de l’appareil", "Ordinateur")
	p.Follow("text=Créer le mot de passe")
	p.MustSee("Ordinateur est prêt")
	judge("new-app-password")
	for _, problem := range p.Problems() {
		t.Error(problem)
	}
}

func TestPagesAreValidHTML(t *testing.T) {
	h := newHouse(t)
	h.furnish(t)
	visitor, anne := h.browser(t), h.as(t, h.anne)
	visitor.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
	h.appoint(t, h.anne)
	for _, page := range []answer{
		anne.get("/admin/agents"), anne.get("/admin/agents/" + string(h.both.Agent)), anne.get("/admin/agents/" + string(h.both.Agent) + "/close"),
		anne.post("/admin/agents/"+string(h.both.Agent), url.Values{"phone": {"x"}}), anne.get("/admin/units"), anne.get("/admin/units/new"),
		anne.get("/admin/units/technique"), anne.post("/admin/units", nil),
		anne.get("/admin/groups"), anne.get("/admin/groups/encadrants?q=petit"), anne.post("/admin/groups/encadrants", nil),
		visitor.get("/sign-in"), visitor.post("/sign-in", url.Values{"login": {""}}), visitor.get("/sign-in/password"),
		visitor.post("/sign-in/password", url.Values{"password": {"wrong"}}), h.browser(t).post("/sign-in/password", nil),
		anne.get("/directory"), anne.get("/directory?q=nobody"), anne.get("/directory/agents/" + string(h.anne.Agent)),
		anne.get("/account"), anne.post("/account/app-passwords", url.Values{"name": {"x<y"}}),
		anne.post("/account/app-passwords", url.Values{"name": {""}}), anne.get("/directory/agents/nobody"),
	} {
		browser.HTML(t, []byte(page.body))
		if page.status >= http.StatusInternalServerError {
			t.Errorf("status %d\n%s", page.status, page.body)
		}
	}
}

func TestTemplatesAskForSentencesThatExist(t *testing.T) {
	catalogue := got(i18n.Load(themes.Locales, web.Locales, audit.Locales, sso.Locales, upstream.Locales, directory.Locales, ldapdir.Locales))(t)
	for _, templates := range []fs.FS{sso.Templates, directory.Templates} {
		if missing := got(catalogue.Missing(templates))(t); len(missing) > 0 {
			t.Errorf("missing sentences: %v", missing)
		}
	}
}
