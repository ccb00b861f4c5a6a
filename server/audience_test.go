package server_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/calendar"
	"parvis/directory"
	"parvis/documents"
	"parvis/mail"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestWhoReadsAThingIsToldWhenItChanges, in the journal and among who won and lost what; a
// form that is sent again tells nothing.
func TestWhoReadsAThingIsToldWhenItChanges(t *testing.T) {
	p := servertest.New(t)
	caller := p.Caller("admin@bourg.example", "bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := p.Directory.CreateGroup(t.Context(), caller, directory.Group{ID: "finances", Name: "Finances"})
	must(err)
	folder, err := p.Documents.CreateFolder(t.Context(), caller, documents.FolderDraft{Name: "Marchés", Readers: []portal.GroupID{"accueil"}})
	must(err)
	agenda, err := p.Calendar.CreateCalendar(t.Context(), caller, calendar.NewCalendar{Name: "Commissions", Shared: true})
	must(err)
	mailbox := mail.Shared{Address: "mairie@bourg.example", Name: "Mairie", Audience: []portal.GroupID{"accueil"}}
	must(p.Mail.SetShared(t.Context(), caller, mailbox))

	admin := p.As("admin@bourg.example")
	told := func(what string) int {
		return strings.Count(admin.Get("/admin/rights/review/changes").Want(t, http.StatusOK).Body, what)
	}
	if n := told("Marchés") + told("Commissions") + told("Mairie"); n > 0 {
		t.Errorf("%d lines tell of what was only made", n)
	}
	for range 2 { // the second time changes nothing
		admin.Post("/documents/folders/"+string(folder), "name", "Marchés publics", "readers", "accueil", "readers", "finances", "writers", "finances").Want(t, http.StatusSeeOther)
		must(p.Calendar.SetGroups(t.Context(), caller, agenda.ID, []portal.GroupID{"finances"}, nil))
		mailbox.Audience = []portal.GroupID{"finances"}
		must(p.Mail.SetShared(t.Context(), caller, mailbox))
	}
	page := admin.Get("/admin/rights/review/changes").Want(t, http.StatusOK, "Accès en lecture modifié", "Accès en écriture modifié").Body
	for what, times := range map[string]int{
		"Accueil → Accueil, Finances": 1, "toute la collectivité → Finances": 1, "Accueil → Finances": 1,
		"les gestionnaires des documents ou des agendas → Finances": 1, ">Marchés<": 2, ">Commissions<": 1, ">Mairie<": 1,
	} {
		if n := strings.Count(page, what); n != times {
			t.Errorf("%q is told %d times, want %d", what, n, times)
		}
	}
	admin.Get("/admin/journal?action=thing.readers").Want(t, http.StatusOK, "Marchés", "127.0.0.1")
	if elsewhere := p.As("admin@agglo.example").Get("/admin/rights/review/changes").Want(t, http.StatusOK).Body; strings.Contains(elsewhere, "Marchés") {
		t.Error("another collectivity is told")
	}
}
