package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// chart draws the organisation chart, "Services techniques > Voirie".
func (tw *town) chart(t testing.TB) string {
	t.Helper()
	var lines []string
	for _, unit := range got(tw.Units(context.Background(), directory.Installation("bourg")))(t) {
		lines = append(lines, strings.Repeat(">", unit.Depth)+unit.Name)
	}
	return strings.Join(lines, " ")
}

// TestUnitsOfAnotherCollectivityDoNotExist for who administers this one.
func TestUnitsOfAnotherCollectivityDoNotExist(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.luc)
	voirie := got(tw.AddUnit(ctx, directory.Installation("bourg"), directory.Unit{Name: "Voirie"}, ""))(t)
	got(tw.CreateAgent(ctx, directory.Installation("bourg"), directory.Agent{FamilyName: "Dupont", Unit: voirie}))(t)
	before := tw.chart(t)
	_, _, holds := tw.Holds(ctx, admin, voirie)
	_, empty := tw.EmptyUnit(ctx, admin, voirie, "", "")
	for operation, err := range map[string]error{
		"read": holds, "empty": empty,
		"change": tw.ChangeUnit(ctx, admin, directory.Unit{Name: "Voirie"}, directory.Unit{ID: voirie, Name: "x"}, ""),
		"shift":  tw.ShiftUnit(ctx, admin, voirie, -1, ""),
		"delete": tw.DeleteUnit(ctx, admin, voirie, ""),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("agglo's administrator may %s bourg's unit: %v, want ErrNotFound", operation, err)
		}
	}
	_, err := tw.AddUnit(ctx, admin, directory.Unit{Name: "Ponts", Parent: voirie}, "")
	wantFields(t, err, "parent")
	_, err = tw.EmptyUnit(ctx, admin, "technique", voirie, "")
	wantFields(t, err, "unit")
	wantFields(t, tw.ChangeUnit(ctx, admin, directory.Unit{Name: "Services techniques"}, directory.Unit{ID: "technique", Name: "Services techniques", Parent: voirie}, ""), "parent")
	if after := tw.chart(t); after != before {
		t.Errorf("bourg's chart = %q, was %q", after, before)
	}
}

func TestOnlyAnAdministratorDrawsTheChart(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	_, add := tw.AddUnit(ctx, tw.anne, directory.Unit{Name: "x"}, "")
	_, _, holds := tw.Holds(ctx, tw.anne, "technique")
	_, empty := tw.EmptyUnit(ctx, tw.anne, "technique", "", "")
	for operation, err := range map[string]error{
		"add": add, "read": holds, "empty": empty,
		"change": tw.ChangeUnit(ctx, tw.anne, directory.Unit{}, directory.Unit{ID: "technique", Name: "x"}, ""),
		"shift":  tw.ShiftUnit(ctx, tw.anne, "technique", 1, ""),
		"delete": tw.DeleteUnit(ctx, tw.anne, "technique", ""),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", operation, err)
		}
	}
}

func TestTheChartIsDrawnWithoutALoop(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	voirie := got(tw.AddUnit(ctx, admin, directory.Unit{Name: "Voirie", Parent: "technique"}, ""))(t)
	ponts := got(tw.AddUnit(ctx, admin, directory.Unit{Name: "Ponts", Parent: voirie}, ""))(t)
	got(tw.AddUnit(ctx, admin, directory.Unit{Name: "Accueil"}, ""))(t)
	technique := directory.Unit{ID: "technique", Name: "Services techniques"}
	for _, parent := range []portal.UnitID{"technique", voirie, ponts} {
		below := technique
		below.Parent = parent
		wantFields(t, tw.ChangeUnit(ctx, admin, technique, below, ""), "parent")
	}
	_, err := tw.EmptyUnit(ctx, admin, voirie, ponts, "")
	wantFields(t, err, "unit")
	if want := "Services techniques >Voirie >>Ponts Accueil"; tw.chart(t) != want {
		t.Errorf("chart = %q, want %q", tw.chart(t), want)
	}
	must(t, tw.ChangeUnit(ctx, admin, directory.Unit{Name: "Ponts", Parent: voirie}, directory.Unit{ID: ponts, Name: "Ouvrages d’art", Parent: ""}, ""))
	must(t, tw.ShiftUnit(ctx, admin, ponts, -1, ""))
	must(t, tw.ShiftUnit(ctx, admin, ponts, 5, "")) // further than there are: stays
	if want := "Services techniques >Voirie Ouvrages d’art Accueil"; tw.chart(t) != want {
		t.Errorf("chart = %q, want %q", tw.chart(t), want)
	}
}

// TestARenamedUnitFindsItsAgents by its new name, and no more by the old one.
func TestARenamedUnitFindsItsAgents(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	must(t, tw.ChangeUnit(ctx, admin, directory.Unit{Name: "Services techniques"}, directory.Unit{ID: "technique", Name: "Cadre de vie"}, ""))
	for text, want := range map[string]int{"cadre de vie": 1, "techniques": 0} {
		if people := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Text: text}))(t); people.Total != want {
			t.Errorf("People(%q) finds %d, want %d", text, people.Total, want)
		}
	}
	var other directory.UnitChanged
	err := tw.ChangeUnit(ctx, admin, directory.Unit{Name: "Services techniques"}, directory.Unit{ID: "technique", Name: "Technique"}, "")
	if !errors.As(err, &other) || other.Now.Name != "Cadre de vie" {
		t.Errorf("a change over what another changed: %v", err)
	}
}

// TestAUnitIsDeletedOnceNothingHoldsIt: neither an agent, closed or not, nor a
// unit, nor what a feature shows to it.
func TestAUnitIsDeletedOnceNothingHoldsIt(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	var mentions []portal.Mention
	tw.Mentioning(func(context.Context, database.Reader, portal.Caller, portal.UnitID) ([]portal.Mention, error) {
		return mentions, nil
	}, nil)
	redrawn := 0
	tw.OnChart(func(portal.CollectivityID) { redrawn++ })
	got(tw.AddUnit(ctx, admin, directory.Unit{Name: "Voirie", Parent: "technique"}, ""))(t)
	must(t, tw.CloseAgent(ctx, admin, tw.anne.Agent, ""))
	refused := func(why string) {
		t.Helper()
		if err := tw.DeleteUnit(ctx, admin, "technique", ""); !errors.Is(err, portal.ErrConflict) {
			t.Errorf("deleted with %s: %v", why, err)
		}
	}
	refused("a closed agent and a unit below")
	accueil := got(tw.AddUnit(ctx, admin, directory.Unit{Name: "Accueil"}, ""))(t)
	got(tw.EmptyUnit(ctx, admin, "technique", accueil, ""))(t)
	mentions = []portal.Mention{{Kind: "applications.mention", Name: "Tickets"}}
	refused("an application")
	mentions = nil
	must(t, tw.DeleteUnit(ctx, admin, "technique", ""))
	if want := "Accueil >Voirie"; tw.chart(t) != want {
		t.Errorf("chart = %q, want %q", tw.chart(t), want)
	}
	if redrawn != 4 {
		t.Errorf("told of %d changes, want 4", redrawn)
	}
	must(t, tw.ReopenAgent(ctx, admin, tw.anne.Agent, ""))
	if card := got(tw.Agent(ctx, tw.both, tw.anne.Agent))(t); card.UnitName != "Accueil" {
		t.Errorf("reopened in %q, want where she was moved", card.UnitName)
	}
}

// TestALargeUnitIsRenamedAndEmptied: everybody is found by the new name, is queued
// once and says who moved her; the journal says from where to where.
func TestALargeUnitIsRenamedAndEmptied(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	for n := range 130 {
		got(c.CreateAgent(ctx, c.admin, directory.Agent{GivenName: "Nora", FamilyName: fmt.Sprintf("Agent %03d", n), Unit: "voirie"}))(t)
	}
	count := func(query string, args ...any) (count int) {
		t.Helper()
		must(t, c.db.QueryRow(ctx, query, args...).Scan(&count))
		return count
	}
	c.exec(t, `DELETE FROM search_queue WHERE collectivity = 'bourg'`)
	must(t, c.ChangeUnit(ctx, c.admin, directory.Unit{Name: "Voirie", Parent: "technique"}, directory.Unit{ID: "voirie", Name: "Chaussées", Parent: "technique"}, ""))
	if people := got(c.People(ctx, c.admin, directory.PeopleQuery{Text: "chaussees agent 129"}))(t); people.Total != 1 {
		t.Errorf("%d people are found by the new name, want 1", people.Total)
	}
	if people := got(c.People(ctx, c.admin, directory.PeopleQuery{Text: "chaussees"}))(t); people.Total != 130 {
		t.Errorf("%d people are found by the new name, want 130", people.Total)
	}
	if queued := count(`SELECT COUNT(*) FROM search_queue WHERE collectivity = 'bourg' AND kind = 'person'`); queued != 130 {
		t.Errorf("%d agents are to be indexed, want 130", queued)
	}
	move := got(c.EmptyUnit(ctx, c.admin, "voirie", "", ""))(t)
	if by := count(`SELECT COUNT(*) FROM agents WHERE collectivity = 'bourg' AND unit = '' AND changed_by = $1 AND changed > 0`, string(c.admin.Agent)); by != 130 {
		t.Errorf("%d cards say who moved them, want 130", by)
	}
	if lines := count(`SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND detail = 'Chaussées → –'`); lines != 1 {
		t.Errorf("%d lines of the journal say from where to where, want 1", lines)
	}
	back, kept, err := c.UndoMove(ctx, c.admin, move, "") // more than one transaction brings back
	if err != nil || back != 130 || kept != 0 {
		t.Errorf("%d agents are back and %d stay, %v; want 130 and none", back, kept, err)
	}
	if there := count(`SELECT COUNT(*) FROM agents WHERE collectivity = 'bourg' AND unit = 'voirie'`); there != 130 {
		t.Errorf("%d agents are in the unit again, want 130", there)
	}
	if people := got(c.People(ctx, c.admin, directory.PeopleQuery{Text: "chaussees"}))(t); people.Total != 130 {
		t.Errorf("%d people are found by the unit where they are back, want 130", people.Total)
	}
}

// TestNobodyIsToldOfWhatConcernsNoSession: a card without an account, and the order
// of the chart.
func TestNobodyIsToldOfWhatConcernsNoSession(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	got(c.CreateUnit(ctx, c.admin, directory.Unit{ID: "accueil", Name: "Accueil"}))(t)
	told := 0
	c.OnChange(func(portal.CollectivityID, portal.AccountID) { told++ })
	id := got(c.CreateAgent(ctx, c.admin, directory.Agent{FamilyName: "Sol"}))(t)
	must(t, c.move(c.admin, portal.Caller{Agent: id}, "voirie"))
	must(t, c.CloseAgent(ctx, c.admin, id, ""))
	must(t, c.ShiftUnit(ctx, c.admin, "accueil", -1, ""))
	if told != 0 {
		t.Errorf("told %d times", told)
	}
	must(t, c.move(c.admin, c.anne, "voirie"))
	if told != 1 {
		t.Errorf("told %d times of a move of somebody who signs in, want once", told)
	}
}

// TestTheChartIsDrawnFromItsPages, each refusal with the sentence at its field.
func TestTheChartIsDrawnFromItsPages(t *testing.T) {
	h := newHouse(t)
	h.appoint(t, h.anne)
	browser := h.as(t, h.anne)
	browser.post("/admin/units", url.Values{"name": {" "}}).want(t, http.StatusUnprocessableEntity, `id="name-error"`)
	browser.post("/admin/units", url.Values{"name": {"Voirie"}, "parent": {"technique"}}).want(t, http.StatusSeeOther)
	browser.get("/admin/units").want(t, http.StatusOK, "Voirie", "Service Voirie ajouté")
	units := got(h.Units(context.Background(), directory.Installation("bourg")))(t)
	path := "/admin/units/" + string(units[1].ID)
	browser.get(path).want(t, http.StatusOK, "est vide")
	browser.get("/admin/units/technique").want(t, http.StatusOK, "1 personne", "Tout déplacer")
	was := url.Values{"was_name": {"Voirie"}, "was_parent": {"technique"}, "parent": {"technique"}}
	was.Set("name", "Routes")
	browser.post(path, was).want(t, http.StatusSeeOther)
	was.Set("name", "Voirie et réseaux")
	browser.post(path, was).want(t, http.StatusConflict, "Routes", `value="Voirie et réseaux"`)
	browser.post("/admin/units/technique", url.Values{"was_name": {"Services techniques"}, "name": {"Services techniques"}, "parent": {string(units[1].ID)}}).
		want(t, http.StatusUnprocessableEntity, `id="parent-error"`)
	browser.post("/admin/units/technique/delete", nil).want(t, http.StatusSeeOther)
	browser.get("/admin/units/technique").want(t, http.StatusOK, "rien n’a été supprimé")
	browser.get("/admin/units/technique/empty?unit="+string(units[1].ID)).want(t, http.StatusOK, "1 personne quitte ce service", "Routes", "dans le service « Routes »", `name="unit" value="`+string(units[1].ID)+`"`)
	browser.get("/admin/units/technique/empty?unit=nowhere").want(t, http.StatusNotFound)
	browser.post("/admin/units/technique/empty", url.Values{"unit": {""}}).want(t, http.StatusSeeOther)
	browser.post("/admin/units/technique/delete", nil).want(t, http.StatusSeeOther)
	if diff := cmp.Diff("Routes", h.chart(t)); diff != "" {
		t.Errorf("chart (-want +got):\n%s", diff)
	}
}
