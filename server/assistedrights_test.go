package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestWhatIsGivenUnderAssistanceEndsWithIt, unless the collectivity's own administrator
// gives it for good.
func TestWhatIsGivenUnderAssistanceEndsWithIt(t *testing.T) {
	p := servertest.New(t)
	admin, op := p.As("admin@bourg.example"), p.As("pool@pool.example")
	agent := p.Caller("agent@bourg.example", "bourg").Agent
	if err := p.Directory.SetRights(t.Context(), directory.Installation("bourg"), agent, nil); err != nil {
		t.Fatal(err)
	}
	holds := func() bool { return p.Caller("agent@bourg.example", "bourg").Can(portal.ReadJournal) }
	give := []string{"to", "agent:" + string(agent), "right", "journal.read"}
	for name, end := range map[string]func(){
		"left": func() { op.Post("/pool/assistance/end").Want(t, http.StatusSeeOther) },
		"stopped": func() {
			page := admin.Get("/admin/assistance").Want(t, http.StatusOK).Body
			admin.Post("/admin/assistance/"+between(t, page, `action="/admin/assistance/`, `"`)).Want(t, http.StatusSeeOther)
		},
	} {
		op.Post("/pool/collectivities/bourg/assist", "reason", "Essai", "minutes", "30").Want(t, http.StatusSeeOther)
		op.Get("/admin/rights").Want(t, http.StatusOK, "prendra fin avec votre assistance")
		op.Post("/admin/rights", give...).Want(t, http.StatusSeeOther)
		admin.Get("/admin/rights").Want(t, http.StatusOK, "donné pendant une assistance, finit avec elle", "Donner pour de bon")
		if !holds() {
			t.Errorf("%s: nothing was given", name)
		}
		end()
		if holds() {
			t.Errorf("%s: what was given outlasts the assistance", name)
		}
	}
	op.Post("/pool/collectivities/bourg/assist", "reason", "Essai", "minutes", "30").Want(t, http.StatusSeeOther)
	op.Post("/admin/rights", give...).Want(t, http.StatusSeeOther)
	admin.Post("/admin/rights", give...).Want(t, http.StatusSeeOther)
	op.Post("/pool/assistance/end").Want(t, http.StatusSeeOther)
	if !holds() {
		t.Error("what the collectivity gave for good ended with the assistance")
	}
}

// TestWhoAssistsOpensNothingThatLasts: what the collectivity took away, a group that
// opens something, an application.
func TestWhoAssistsOpensNothingThatLasts(t *testing.T) {
	p := servertest.New(t)
	install := directory.Installation("bourg")
	agent := p.Caller("collegue@bourg.example", "bourg").Agent
	given := directory.Given{Right: portal.ReadJournal, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(agent)}}
	id, err := p.Directory.Give(t.Context(), install, given, "")
	if err != nil {
		t.Fatal(err)
	}
	given.Subject = portal.Subject{Kind: portal.TheGroup, ID: "accueil"}
	if _, err := p.Directory.Give(t.Context(), install, given, ""); err != nil {
		t.Fatal(err)
	}
	admin, op := p.As("admin@bourg.example"), p.As("pool@pool.example")
	admin.Post("/admin/applications", "name", "Finances", "url", "https://finances.example/", "kind", "link", "subject", "login").Want(t, http.StatusSeeOther)
	admin.Post("/admin/rights/"+id+"/take").Want(t, http.StatusSeeOther)

	op.Post("/pool/collectivities/bourg/assist", "reason", "Essai", "minutes", "30").Want(t, http.StatusSeeOther)
	op.Post("/admin/rights/"+id+"/give-back").Want(t, http.StatusForbidden, "La collectivité a retiré ce droit elle-même")
	if p.Caller("collegue@bourg.example", "bourg").Can(portal.ReadJournal) {
		t.Error("who assists gave back what the collectivity took away")
	}
	op.Post("/admin/groups/accueil/members/"+string(agent)+"/add", "q", "x")
	if p.Caller("collegue@bourg.example", "bourg").In("accueil") {
		t.Error("who assists filled a group that gives a right")
	}
	op.Post("/admin/applications/finances/access", "agent", string(agent)).Want(t, http.StatusForbidden, "c’est la collectivité qui en décide")
	form := op.Get("/admin/applications/finances").Want(t, http.StatusOK).Body
	changed := between(t, form, `name="seen" value="`, `"`)
	fields := []string{"seen", changed, "name", "Finances", "url", "https://finances.example/", "kind", "link", "subject", "login"}
	op.Post("/admin/applications/finances", append(fields, "group", "accueil")...).Want(t, http.StatusForbidden, "c’est la collectivité qui en décide")
	op.Post("/admin/applications/finances", append(fields, "description", "Budget")...).Want(t, http.StatusSeeOther)

	left := p.Caller("redaction@bourg.example", "bourg").Agent // who writes the news
	for who, may := range map[portal.AgentID]bool{left: false, agent: true} {
		path := "/admin/agents/" + string(who)
		admin.Post(path+"/close").Want(t, http.StatusSeeOther)
		if may {
			op.Post(path+"/reopen").Want(t, http.StatusSeeOther)
		} else {
			op.Post(path+"/reopen").Want(t, http.StatusForbidden, "plus que votre assistance")
		}
		if isOpen(t, p, who) != may {
			t.Errorf("%s is open again: want %v", who, may)
		}
	}

	for _, unit := range []directory.Unit{{ID: "ouvert", Name: "Ouvert"}, {ID: "dessous", Name: "Dessous", Parent: "ouvert"}, {ID: "ferme", Name: "Fermé"}} {
		if _, err := p.Directory.CreateUnit(t.Context(), install, unit); err != nil {
			t.Fatal(err)
		}
	}
	admin.Post("/admin/applications", "name", "Voirie", "url", "https://voirie.example/", "kind", "link", "subject", "login", "unit", "ouvert").Want(t, http.StatusSeeOther)
	helper := portal.Caller{Account: announcing(t, p).Account, Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	for unit, may := range map[portal.UnitID]bool{"ouvert": false, "dessous": false, "ferme": true} {
		card, err := p.Directory.Enrolled(t.Context(), install, agent)
		if err != nil {
			t.Fatal(err)
		}
		moved := card.Agent
		moved.Unit = unit
		err = p.Directory.ChangeAgent(t.Context(), helper, card.Agent, moved, "")
		if may != (err == nil) || err != nil && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("who assists moves her to %s: %v", unit, err)
		}
		if _, err := p.Directory.AddAgent(t.Context(), helper, directory.Agent{FamilyName: "Venue", Unit: unit}, ""); may != (err == nil) {
			t.Errorf("who assists adds an agent to %s: %v", unit, err)
		}
	}

	for _, err := range []error{
		p.Directory.ChangeUnit(t.Context(), helper, directory.Unit{ID: "ferme", Name: "Fermé"}, directory.Unit{ID: "ferme", Name: "Fermé", Parent: "dessous"}, ""),
		func() error { _, err := p.Directory.EmptyUnit(t.Context(), helper, "ferme", "ouvert", ""); return err }(),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("who assists brings a whole unit where an application is open: %v", err)
		}
	}

	take := func() string {
		page := op.Get("/admin/rights").Want(t, http.StatusOK).Body
		return between(t, page[strings.Index(page, `id="h-journal.read"`):], `action="`, `"`)
	}()
	op.Post(take).Want(t, http.StatusSeeOther)
	op.Post(strings.Replace(take, "/take", "/give-back", 1)).Want(t, http.StatusSeeOther)
	op.Get("/admin/rights").Want(t, http.StatusOK, "Droit donné")
}
