package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parvis/portal/database"
	"parvis/server/servertest"
)

// giveToMany gives one right to a number of agents of the collectivity.
func giveToMany(t *testing.T, p *servertest.Portal, many int) {
	t.Helper()
	err := p.DB.Tx(t.Context(), func(tx *database.Tx) error {
		for n := range many {
			id := fmt.Sprintf("many-%d", n)
			name := fmt.Sprintf("Évrard %03d", n)
			if err := tx.Write(t.Context(), `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', $1, 'Zoé', $2, $2, 0)`, id, name); err != nil {
				return err
			}
			if err := tx.Write(t.Context(), `INSERT INTO rights_given (collectivity, id, kind, subject, right_name, created) VALUES ('bourg', $1, 'agent', $1, 'journal.read', 0)`, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestALongListOfRightsHasPages, filters and a file, and is come back to.
func TestALongListOfRightsHasPages(t *testing.T) {
	p := servertest.New(t)
	giveToMany(t, p, 120)
	admin := p.As("admin@bourg.example")
	rows := func(path string) (string, int) {
		body := admin.Get(path).Want(t, http.StatusOK).Body
		return body, strings.Count(body, `/take`)
	}
	body, count := rows("/admin/rights")
	if count != 50 || !strings.Contains(body, `id="h-applications.manage"`) {
		t.Errorf("the first page has %d rights of 50, or does not tell a right that nobody has", count)
	}
	if body, count = rows("/admin/rights?page=2"); count != 50 || strings.Contains(body, `id="h-applications.manage"`) || !strings.Contains(body, `aria-current="page"`) {
		t.Errorf("the second page has %d rights of 50, or tells again what nobody has", count)
	}
	body, count = rows("/admin/rights?who=evrard+119")
	if count != 1 || !strings.Contains(body, "1 droit donné · ") || !strings.Contains(body, "Évrard 119") {
		t.Errorf("%d rights answer a name with its number", count)
	}
	if _, count = rows("/admin/rights?who=evrard&only=admin"); count != 0 {
		t.Errorf("%d rights of the administration are given to whom it is not", count)
	}
	if body, count = rows("/admin/rights?only=admin"); count != 1 || strings.Contains(body, `id="h-journal.read"`) {
		t.Errorf("%d rights answer one right, or another one is told", count)
	}
	if body, _ = rows("/admin/rights?who=personne"); !strings.Contains(body, "Aucun droit donné ne correspond") {
		t.Error("an empty list does not say that nothing answers")
	}

	file := admin.Post("/admin/rights.csv?who=evrard&only=journal.read").Want(t, http.StatusOK, "Évrard 000", "Évrard 119").Body
	if lines := strings.Count(file, "\n"); lines != 121 {
		t.Errorf("the file of 120 rights has %d lines", lines)
	}
	admin.Get("/admin/journal?action=rights.exported").Want(t, http.StatusOK, "Liste des droits exportée")

	answer := admin.Post("/admin/rights/many-7/take?only=journal.read&page=2").Want(t, http.StatusSeeOther)
	back := answer.Header.Get("Location")
	if back != "/admin/rights?only=journal.read&page=2" {
		t.Errorf("who took a right away on the second page comes to %q", back)
	}
	admin.Get(back).Want(t, http.StatusOK, "/admin/rights/many-7/give-back?only=journal.read&amp;page=2")
	if back = admin.Post("/admin/rights/many-7/give-back?only=journal.read&page=2").Want(t, http.StatusSeeOther).Header.Get("Location"); back != "/admin/rights?only=journal.read&page=2" {
		t.Errorf("who gives it back comes to %q", back)
	}

	admin.Get("/admin/rights/review/rights").Want(t, http.StatusOK, "et 108 autres", "/admin/rights?only=journal.read")
}
