package server_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

// reading is a run of the collectivity's mirror that speaks of its people.
func (e *estate) reading() string {
	e.t.Helper()
	id, name := portal.NewID(), e.text()
	for _, write := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO mirror_runs (collectivity, id, began, took, outcome, server, counts) VALUES ($1, $2, 1, 1, 'done', $3, '{"create":1}')`, []any{id, name}},
		{`INSERT INTO mirror_lines (collectivity, run, position, kind, name, search_text, detail) VALUES ($1, $2, 0, 'create', $3, '', '{}')`, []any{id, name}},
	} {
		_, err := e.DB.Exec(e.t.Context(), write.text, append([]any{string(e.id)}, write.args...)...)
		e.must(err)
	}
	return id
}

// mirrored is a portal whose town signs in by a real directory server.
func mirrored(t *testing.T) (*servertest.Portal, *servertest.Client, *servers.Directory) {
	t.Helper()
	p, server := servertest.New(t), servers.LDAP(t)
	authority, err := os.ReadFile(server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(ldapdir.Settings{URL: server.URL, BindDN: server.BindDN, BaseDN: "ou=agents," + server.BaseDN})
	if err != nil {
		t.Fatal(err)
	}
	admin := p.As("admin@bourg.example")
	err = p.SSO.Methods.Set(t.Context(), sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Settings: settings, Secret: server.BindPassword, CA: string(authority)})
	if err != nil {
		t.Fatal(err)
	}
	return p, admin, server
}

// mirrorForm is what the page sends, but for some fields.
func mirrorForm(other ...string) []string {
	return append(other, []string{
		"people_base", "ou=agents," + servers.BaseDN, "people_filter", "(objectClass=person)", "groups_base", servers.BaseDN,
		"groups_filter", "(objectClass=groupOfNames)", "given_name", "givenName", "family_name", "sn", "function", "title", "email", "mail", "phone", "telephoneNumber",
		"units", "attribute", "unit", "ou", "with_groups", "1", "every", "15", "share", "10",
	}...)
}

// TestAnAdministratorMirrorsHerDirectory from the first settings to departures
// that ask her, on her pages and in her inbox.
func TestAnAdministratorMirrorsHerDirectory(t *testing.T) {
	p, admin, server := mirrored(t)
	admin.Get("/admin/mirror").Want(t, http.StatusOK, "ou=agents,"+servers.BaseDN, "givenName", "Enregistrer les réglages")
	admin.Post("/admin/mirror", mirrorForm("do", "save", "people_filter", "(objectClass=", "function", "x y")...).Want(t, http.StatusUnprocessableEntity, "Ce filtre ne s’écrit pas ainsi", "Un attribut s’écrit")
	admin.Post("/admin/mirror", mirrorForm("do", "show", "who", "marc.dupont")...).Want(t, http.StatusOK, "Telle qu’elle arriverait", "Marc", "Arrivée")
	admin.Post("/admin/mirror", mirrorForm("do", "show", "who", "accueil@bourg.example")...).Want(t, http.StatusOK, "Plusieurs personnes répondent")
	admin.Post("/admin/mirror", mirrorForm("do", "show", "who", "*")...).Want(t, http.StatusOK, "ne montre personne")
	admin.Post("/admin/mirror", mirrorForm("do", "save")...).Want(t, http.StatusSeeOther)
	admin.Get("/admin/mirror").Want(t, http.StatusOK, "Réglages enregistrés")
	before := admin.Get("/admin/agents").Body
	dry := admin.Post("/admin/mirror/try").Want(t, http.StatusSeeOther).Header.Get("Location")
	admin.Get(dry).Want(t, http.StatusOK, "Rien n’a été écrit", "Mettre en marche", "Marc Dupont", "Arrivées")
	admin.Get(dry+"?kind=create&q=dup").Want(t, http.StatusOK, "Marc Dupont")
	if body := admin.Get(dry + "?kind=create&q=dup").Body; strings.Contains(body, "Châtelain") {
		t.Error("a search shows everybody")
	}
	if after := admin.Get("/admin/agents").Body; before != after {
		t.Error("a dry run changed something")
	}
	admin.Post("/admin/mirror/turn", "on", "1").Want(t, http.StatusSeeOther)
	admin.Post("/admin/mirror/run").Want(t, http.StatusSeeOther)
	admin.Get("/admin/agents?q=dupont").Want(t, http.StatusOK, "Marc Dupont")
	marc, err := p.Mirror.Links(t.Context(), p.Caller("admin@bourg.example", "bourg"))
	if err != nil || len(marc) != 0 {
		t.Errorf("links = %v, %v", marc, err)
	}
	for _, person := range servers.People()[:8] {
		server.Modify(t, "dn: "+person.DN()+"\nchangetype: delete\n")
	}
	admin.Post("/admin/mirror/run").Want(t, http.StatusSeeOther)
	page := admin.Get("/admin/mirror").Want(t, http.StatusOK, "8 personnes quitteraient", "Voir qui partirait").Body
	admin.Get("/todo").Want(t, http.StatusOK, "8 départs à confirmer")
	_, rest, _ := strings.Cut(page, `/admin/mirror/runs/`)
	id, _, _ := strings.Cut(rest, `"`)
	question := admin.Get("/admin/mirror/runs/"+id).Want(t, http.StatusOK, "Confirmer ces départs", "absent de l’annuaire").Body
	_, rest, _ = strings.Cut(question, `name="closings" value="`)
	closings, _, _ := strings.Cut(rest, `"`)
	admin.Post("/admin/mirror/allow", "closings", closings).Want(t, http.StatusSeeOther)
	admin.Get("/admin/mirror").Want(t, http.StatusOK, "8 départs")
	if body := admin.Get("/todo").Body; strings.Contains(body, "à confirmer") {
		t.Error("an answered question still waits")
	}
	for _, person := range servers.People()[8:14] { // the service account reads it no more
		server.Modify(t, "dn: "+person.DN()+"\nchangetype: modify\ndelete: title\n")
	}
	admin.Post("/admin/mirror/run").Want(t, http.StatusSeeOther)
	page = admin.Get("/admin/mirror").Want(t, http.StatusOK, "perdraient d’un coup", "Voir ce qui serait perdu").Body
	admin.Get("/todo").Want(t, http.StatusOK, "Des changements de l’annuaire à confirmer")
	_, rest, _ = strings.Cut(page, `/admin/mirror/runs/`)
	id, _, _ = strings.Cut(rest, `"`)
	question = admin.Get("/admin/mirror/runs/"+id).Want(t, http.StatusOK, "Confirmer ces changements", "les fiches et les groupes le suivront").Body
	_, rest, _ = strings.Cut(question, `name="closings" value="`)
	closings, _, _ = strings.Cut(rest, `"`)
	admin.Post("/admin/mirror/allow", "closings", closings).Want(t, http.StatusSeeOther)
	admin.Get("/admin/mirror").Want(t, http.StatusOK, "Votre réponse est enregistrée", "6 fiches modifiées")
	admin.Get("/admin/journal").Want(t, http.StatusOK, "Annuaire suivi", "8 départs", "Départs confirmés", "absent de l’annuaire")
	server.Stop(t)
	admin.Post("/admin/mirror/run").Want(t, http.StatusSeeOther)
	admin.Get("/admin/mirror").Want(t, http.StatusOK, "L’annuaire n’est plus suivi depuis", "Aucune fiche n’a été fermée")
	admin.Get("/todo").Want(t, http.StatusOK, "L’annuaire n’est plus suivi")
	admin.Post("/admin/mirror/turn").Want(t, http.StatusSeeOther)
}
