package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
)

// counted are those of groups, joined.
func counted(groups []directory.CountedGroup) string {
	all := make([]string, len(groups))
	for i, group := range groups {
		all[i] = fmt.Sprint(group.Name, " ", group.Members)
	}
	return strings.Join(all, ", ")
}

// TestGroupsAreSearchedAndPaged in one collectivity, by its administrator alone.
func TestGroupsAreSearchedAndPaged(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	other := tw.appoint(t, tw.luc)
	if _, err := tw.ListGroups(ctx, tw.anne, directory.GroupQuery{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent lists groups: %v", err)
	}
	tw.ruled(t, admin, "Élus du conseil", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	must(t, tw.AddMember(ctx, admin, "encadrants", tw.both.Agent))
	for i := range 30 {
		got(tw.AddGroup(ctx, admin, fmt.Sprintf("Équipe %02d", i), ""))(t)
	}
	for _, c := range []struct {
		query directory.GroupQuery
		want  string
		total int
	}{
		{directory.GroupQuery{Text: "elus"}, "Élus du conseil 1", 1},
		{directory.GroupQuery{Text: "CONS él"}, "Élus du conseil 1", 1},
		{directory.GroupQuery{Text: "lus"}, "", 0},
		{directory.GroupQuery{Text: "%"}, "", 0},
		{directory.GroupQuery{State: "rule"}, "Élus du conseil 1", 1},
		{directory.GroupQuery{State: "hand", Text: "enc"}, "Encadrants 1", 1},
		{directory.GroupQuery{State: "empty", Text: "equipe 07"}, "Équipe 07 0", 1},
		{directory.GroupQuery{State: "empty", Text: "encadrants"}, "", 0},
		{directory.GroupQuery{State: "x"}, "", 0},
		{directory.GroupQuery{Page: 99}, "Équipe 23 0, Équipe 24 0, Équipe 25 0, Équipe 26 0, Équipe 27 0, Équipe 28 0, Équipe 29 0", 32},
	} {
		page := got(tw.ListGroups(ctx, admin, c.query))(t)
		if found := counted(page.Groups); found != c.want || page.Total != c.total {
			t.Errorf("%+v finds %d: %q, want %d: %q", c.query, page.Total, found, c.total, c.want)
		}
	}
	if page := got(tw.ListGroups(ctx, other, directory.GroupQuery{}))(t); counted(page.Groups) != "Encadrants 0" {
		t.Errorf("agglo lists %q", counted(page.Groups))
	}
}

// TestListsOfGroupsAndUnitsAreNarrowedAndTakenAway as files.
func TestListsOfGroupsAndUnitsAreNarrowedAndTakenAway(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := h.appoint(t, h.anne)
	browser := h.as(t, admin)
	h.ruled(t, admin, "Élus", allOf(when(directory.RuleKind, directory.TestIs, "elected")))
	browser.get("/admin/groups?q=elus").want(t, http.StatusOK, "Élus", "1 groupe", `action="/admin/groups.csv?q=elus"`)
	browser.get("/admin/groups?q=xyzzyx").want(t, http.StatusOK, "Aucun groupe ne correspond", `value="xyzzyx"`)
	file := browser.post("/admin/groups.csv", nil)
	file.want(t, http.StatusOK, "Encadrants;0;Remplis à la main;", "Élus;0;Remplis par une règle;Type Élu(e).")
	if file := browser.post("/admin/groups.csv?state=hand", nil); strings.Contains(file.body, "Élus") {
		t.Error("the file has what the page does not list")
	}
	below := got(h.AddUnit(ctx, admin, directory.Unit{Name: "Voirie", Parent: "technique"}, ""))(t)
	for i := range 60 {
		got(h.CreateUnit(ctx, admin, directory.Unit{ID: portal.UnitID(fmt.Sprintf("u%02d", i)), Name: fmt.Sprintf("Unité %02d", i), Position: 10}))(t)
	}
	browser.get("/admin/units?q=voir").want(t, http.StatusOK, "Voirie", "Services techniques", `action="/admin/units.csv?q=voir"`)
	browser.get("/admin/units?q=xyzzyx").want(t, http.StatusOK, "Aucun service ne correspond")
	if page := browser.get("/admin/units?state=empty"); strings.Contains(page.body, `id="u-technique"`) || !strings.Contains(page.body, `id="u-`+string(below)+`"`) {
		t.Error("units without agents are not those that are listed")
	}
	shifted := browser.post("/admin/units/u59/shift", map[string][]string{"do": {"up"}})
	shifted.want(t, http.StatusSeeOther)
	browser.get(shifted.location).want(t, http.StatusOK, `id="u-u59"`)
	if first := browser.get("/admin/units"); strings.Contains(first.body, `id="u-u59"`) || !strings.Contains(first.body, "page=2") {
		t.Error("the chart is not paged")
	}
	browser.post("/admin/units.csv?q=voir", nil).want(t, http.StatusOK, "Voirie;Services techniques;0")
}
