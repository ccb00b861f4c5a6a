package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parvis/portal/database"
	"parvis/server/servertest"
)

// TestLongListsOfApplicationsHavePages, filters and files, the list of who has access too.
func TestLongListsOfApplicationsHavePages(t *testing.T) {
	p := servertest.New(t)
	admin := p.As("admin@bourg.example")
	for n := range 60 {
		kind, addresses := "link", ""
		if n == 7 {
			kind, addresses = "cas", "https://app7.example/"
		}
		admin.Post("/admin/applications", "name", fmt.Sprintf("Métier %02d", n), "url", fmt.Sprintf("https://app%d.example/", n), "kind", kind, "addresses", addresses,
			"icon", "apps", "subject", "login").Want(t, http.StatusSeeOther)
	}
	rows := func(path, of string) (string, int) {
		body := admin.Get(path).Want(t, http.StatusOK).Body
		return body, strings.Count(body, of)
	}
	const each = `<th scope="row">`
	if body, count := rows("/admin/applications", each); count != 50 || !strings.Contains(body, `href="/admin/applications?page=2"`) {
		t.Errorf("the first page has %d applications of 50, or leads to no other", count)
	}
	if _, count := rows("/admin/applications?page=2&q=metier", each); count != 10 {
		t.Errorf("the second page has %d applications of 10", count)
	}
	if body, count := rows("/admin/applications?kind=cas&q=metier", each); count != 1 || !strings.Contains(body, "Métier 07") {
		t.Errorf("%d applications are opened by CAS, want 1", count)
	}
	if file := admin.Post("/admin/applications.csv?q=metier").Want(t, http.StatusOK, "Métier 00", "https://app59.example/").Body; strings.Count(file, "\n") != 61 {
		t.Errorf("the file of 60 applications has %d lines", strings.Count(file, "\n"))
	}

	giveToMany(t, p, 70)
	err := p.DB.Tx(t.Context(), func(tx *database.Tx) error {
		return tx.Write(t.Context(), `INSERT INTO application_grants (collectivity, application, agent, since)
			SELECT 'bourg', 'metier-00', id, 1767225600000 FROM agents WHERE collectivity = 'bourg' AND id LIKE 'many-%'`)
	})
	if err != nil {
		t.Fatal(err)
	}
	access := "/admin/applications/metier-00/access"
	if body, count := rows(access, each); count != 50 || !strings.Contains(body, "70 accès personnels") {
		t.Errorf("the first page has %d accesses of 50, or does not count all", count)
	}
	if _, count := rows(access+"?page=2", each); count != 20 {
		t.Errorf("the second page has %d accesses of 20", count)
	}
	if body, count := rows(access+"?who=evrard+069", each); count != 1 || !strings.Contains(body, "Zoé Évrard 069") {
		t.Errorf("%d accesses answer a name", count)
	}
	if back := admin.Post(access+"/many-69/revoke?who=evrard+069").Want(t, http.StatusSeeOther).Header.Get("Location"); back != access+"?who=evrard+069" {
		t.Errorf("who takes an access away from what she searched comes to %q", back)
	}
	admin.Post(access+"/many-69/restore?who=evrard+069").Want(t, http.StatusSeeOther)
	admin.Get(access+"?who=personne").Want(t, http.StatusOK, "Aucun accès personnel ne correspond")
	if file := admin.Post("/admin/applications/metier-00/access.csv?who=evrard").Want(t, http.StatusOK, "Zoé Évrard 069;2026-01-01;").Body; strings.Count(file, "\n") != 71 {
		t.Errorf("the file of 70 accesses has %d lines", strings.Count(file, "\n"))
	}
	admin.Get("/admin/journal?action=applications.exported").Want(t, http.StatusOK, "Liste d’applications ou d’accès exportée", "Métier 00")
}
