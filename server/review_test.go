package server_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/server/servertest"
)

// TestAReviewTellsWhatEachRoomDecides: what the review says of a person is what she
// meets on her own pages.
func TestAReviewTellsWhatEachRoomDecides(t *testing.T) {
	p := servertest.Demo(t)
	admin := p.As("admin@bourg.example")
	caller := p.Caller("admin@bourg.example", "bourg")
	for _, login := range []string{"agent@bourg.example", "admin@bourg.example"} {
		she := p.Caller(login, "bourg")
		review, err := p.Directory.ReviewOf(t.Context(), caller, she.Agent)
		if err != nil {
			t.Fatal(err)
		}
		told := map[string][]string{}
		for _, thing := range review.Things {
			told[thing.Kind] = append(told[thing.Kind], thing.ID+" "+string(thing.Does))
		}
		met := map[string][]string{}
		meet := func(kind, id string, writes bool, less portal.Deed) {
			if writes {
				less = portal.Writes
			}
			met[kind] = append(met[kind], id+" "+string(less))
		}
		apps, err := p.Applications.List(t.Context(), she)
		if err != nil {
			t.Fatal(err)
		}
		for _, app := range apps {
			meet("applications.mention", app.ID, false, portal.Opens)
		}
		folders, err := p.Documents.TopFolders(t.Context(), she)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			meet("documents.mention", string(folder.ID), folder.WritableBy(she), portal.Reads)
		}
		calendars, err := p.Calendar.Calendars(t.Context(), she)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range calendars {
			if one.Shared() {
				meet("calendar.mention", string(one.ID), one.Writable, portal.Reads)
			}
		}
		for kind, want := range met {
			if len(want) < 2 || !sameWords(told[kind], want) {
				t.Errorf("%s, %s: the review tells %v, she meets %v", login, kind, told[kind], want)
			}
		}
	}
	page := admin.Get("/admin/rights/review").Want(t, http.StatusOK, "Camille Le Goff", "confié par").Body
	if strings.Contains(page, "Mégane") {
		t.Error("who has no right is among those with one")
	}
	admin.Get("/admin/rights/review/rights").Want(t, http.StatusOK, "Administration de la collectivité", "Exploitation du parc")
	admin.Get("/admin/rights/review/things?kind=documents.mention").Want(t, http.StatusOK, "Budget", "Lire et écrire")
	admin.Get("/admin/rights/review/changes").Want(t, http.StatusOK, "confié par", "Accès à une application donné")
	admin.Get("/admin/rights/review/changes?since=2999-01-01").Want(t, http.StatusOK, "Rien n’a changé")
	for file, words := range map[string][]string{
		".csv":         {"Nom;Prénom", "confié par", "Actualités", ";lire et écrire;"},
		"/things.csv":  {"Budget", "groupe Finances"},
		"/changes.csv": {"gagne", "Portail famille"},
	} {
		admin.Post("/admin/rights/review"+file).Want(t, http.StatusOK, words...)
	}
	lender := p.Caller("secretaire@bourg.example", "bourg")
	admin.Get("/admin/rights/review/rights").Want(t, http.StatusOK, "confié par Marie-Ange")
	if err := p.Directory.SetRights(t.Context(), caller, lender.Agent, nil); err != nil {
		t.Fatal(err)
	}
	if body := admin.Get("/admin/rights/review/rights").Want(t, http.StatusOK).Body; strings.Contains(body, "confié par Marie-Ange") {
		t.Error("a loan is told of who may do it no more")
	}
	admin.Get("/admin/journal?action=review.exported").Want(t, http.StatusOK, "Revue des accès exportée", "Thierry")
}

// sameWords says whether two lists hold the same, in any order.
func sameWords(a, b []string) bool {
	counts := map[string]int{}
	for _, word := range a {
		counts[word]++
	}
	for _, word := range b {
		counts[word]--
	}
	for _, count := range counts {
		if count != 0 {
			return false
		}
	}
	return true
}
