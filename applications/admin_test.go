package applications_test

import (
	"strings"
	"testing"

	"parvis/applications"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
	"parvis/sso"
)

// filled are the fields of a form for a CAS application.
func filled(more ...string) []string {
	return append([]string{
		"name", "Assistance", "url", "https://aide.example/", "icon", "info", "category", "Quotidien", "position", "2",
		"kind", "cas", "subject", "login", "release-email", "mail", "release-groups", "memberOf groupes",
	}, more...)
}

func TestAnAdministratorAddsChangesAndDeletesAnApplication(t *testing.T) {
	p := servertest.New(t)
	she, admin := p.As(administrator), p.Caller(administrator, "bourg")
	she.Get("/").Want(t, 200, `href="/admin"`)
	she.Get("/admin").Want(t, 200, `href="/admin/applications"`, `href="/admin/journal"`)
	she.Get("/admin/applications").Want(t, 200, "Aucune application pour l’instant.")
	she.Post("/admin/applications", filled("addresses", "https://aide.example/\r\n\r\nhttps://aide.example/bis ", "group", "accueil", "second_factor", "1")...).Want(t, 303)
	she.Get("/admin/applications").Want(t, 200, "Assistance est ajoutée.", "CAS", "double authentification", "Accueil", "1 application")
	app := must(p.Applications.Find(t.Context(), admin, "assistance"))(t)
	if len(app.Addresses) != 2 || len(app.Releases) != 3 || app.Releases[2].Name != "groupes" || app.Position != 2 || !app.SecondFactor {
		t.Errorf("stored %+v", app)
	}

	form := she.Get("/admin/applications/assistance").Want(t, 200, "https://aide.example/\nhttps://aide.example/bis", `value="memberOf groupes"`).Body
	seen := between(t, form, `name="seen" value="`, `"`)
	change := filled("addresses", "https://aide.example/", "seen", seen)
	change[1] = "Aide"
	she.Post("/admin/applications/assistance", change...).Want(t, 303)
	she.Post("/admin/applications/assistance", change...).Want(t, 409, "Quelqu’un d’autre a modifié")
	she.Get("/admin/applications?q=quoti+aid").Want(t, 200, "Aide", "Tous les agents")
	she.Get("/admin/applications?q=xyz").Want(t, 200, "Aucune application ne correspond.")

	she.Post("/admin/applications/assistance/delete").Want(t, 303)
	she.Get("/admin/applications").Want(t, 200, "Aide est supprimée.", "/admin/applications/assistance/restore")
	she.Get("/admin/applications/assistance").Want(t, 404)
	she.Post("/admin/applications/assistance/restore").Want(t, 303)
	she.Get("/admin/applications").Want(t, 200, "Aide est rétablie.")

	lines, _, err := p.Journal.Lines(t.Context(), admin, audit.Query{Action: audit.ApplicationChanged})
	if err != nil || len(lines) != 1 || lines[0].Object != "Aide" || lines[0].Address == "" {
		t.Errorf("journal of changes: %+v, %v", lines, err)
	}
}

func TestARefusedApplicationComesBackAsTyped(t *testing.T) {
	p := servertest.New(t)
	she := p.As(administrator)
	for sentence, fields := range map[string][]string{
		"n’est pas une adresse sûre":    filled("addresses", "https://aide.example/../x"),
		"Indiquez au moins une adresse": filled("addresses", " \n"),
		"est là deux fois":              filled("addresses", "https://aide.example/", "release-login", "mail"),
		"ne peut pas nommer":            filled("addresses", "https://aide.example/", "release-login", "é"),
		"Le rang est un nombre":         replaced(filled("addresses", "https://aide.example/"), "position", "premier"),
		"Ce groupe n’existe pas":        filled("addresses", "https://aide.example/", "group", "nobody"),
	} {
		she.Post("/admin/applications", fields...).Want(t, 422, sentence, `value="Assistance"`, `value="memberOf groupes"`)
	}
	if all := must(p.Applications.All(t.Context(), p.Caller(administrator, "bourg")))(t); len(all) != 0 {
		t.Errorf("a refused form stored %+v", all)
	}
}

// replaced sets the first value of a field.
func replaced(fields []string, name, value string) []string {
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == name {
			fields[i+1] = value
			break
		}
	}
	return fields
}

func TestAnAdministratorTriesAnApplicationAsAnAgent(t *testing.T) {
	p := servertest.New(t)
	she, place := p.As(administrator), must(sso.ParseAddress("https://rh.example/"))(t)
	add(t, p, applications.Application{
		ID: "rh", Name: "RH", URL: "https://rh.example/", Kind: sso.KindCAS, Addresses: []sso.Address{place},
		Releases: []applications.Release{{Name: "mail", Attribute: applications.Email}, {Name: "cn", Attribute: applications.DisplayName}},
	})
	add(t, p, applications.Application{ID: "lien", Name: "Lien", URL: "https://lien.example/"})
	admin := p.Caller(administrator, "bourg")
	must(p.Directory.CreateGroup(t.Context(), admin, portal.Group{ID: "elus", Name: "Élus"}))(t)
	add(t, p, applications.Application{ID: "paie", Name: "Paie", URL: "https://paie.example/", Audience: []portal.GroupID{"elus"}})
	agent := string(p.Caller(colleague, "bourg").Agent)
	name := must(p.Directory.Agent(t.Context(), admin, p.Caller(colleague, "bourg").Agent))(t)
	she.Get("/admin/applications/rh/try?q="+strings.ToLower(name.FamilyName)).Want(t, 200, "try?agent="+agent)
	she.Get("/admin/applications/rh/try?q=xyzzyx").Want(t, 200, "Personne ne correspond")
	she.Get("/admin/applications/rh/try?agent="+agent).Want(t, 200, "Ouverte", colleague, "<code>cn</code>", name.Name())
	she.Get("/admin/applications/paie/try?agent="+agent).Want(t, 200, "Non ouverte", "n’est ouverte ni à vos groupes ni à votre service")
	she.Get("/admin/applications/lien/try?agent="+agent).Want(t, 200, "rien n’est transmis")
	she.Get("/admin/applications/rh/try?agent="+string(p.Caller("collegue@agglo.example", "agglo").Agent)).Want(t, 404)
}

func between(t testing.TB, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	value, _, closed := strings.Cut(rest, after)
	if !found || !closed {
		t.Fatalf("no %s…%s in the page", before, after)
	}
	return value
}
