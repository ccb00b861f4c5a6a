package directory_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
)

var seenField = regexp.MustCompile(`name="seen" value="([0-9a-f]+)"`)

// rule is a form of conditions, three words each.
func rule(do string, conditions ...[3]string) url.Values {
	form := url.Values{"do": {do}, "any": {"0"}}
	for _, c := range conditions {
		form.Add("field", c[0])
		form.Add("test", c[1])
		form.Add("value", c[2])
	}
	return form
}

// TestRulesAreKeptFromTheirPages: a group is made for a rule, the rule is written,
// shown, confirmed and kept, and given up again.
func TestRulesAreKeptFromTheirPages(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := h.appoint(t, h.anne)
	browser := h.as(t, admin)
	added := browser.post("/admin/groups", url.Values{"name": {"Techniciens"}, "by": {"rule"}})
	added.want(t, http.StatusSeeOther)
	path := added.location
	group := strings.TrimSuffix(path, "/rule")
	browser.get(path).want(t, http.StatusOK, `name="field" value="unit"`, "Services techniques", "Ajouter une condition")
	unit, word := [3]string{"unit", "within", "technique"}, [3]string{"function", "contains", "Référente"}
	browser.post(path, rule("add:function", unit)).want(t, http.StatusOK, `id="value-1"`, "autofocus", `value="technique" selected`)
	browser.post(path, rule("remove:0", unit, word)).want(t, http.StatusOK, `id="value-0"`, `value="Référente"`)
	browser.post(path, rule("preview", unit, [3]string{"function", "contains", ""})).want(t, http.StatusUnprocessableEntity, `id="value-1-error"`, "Écrivez au moins un mot")
	browser.post(path, rule("preview")).want(t, http.StatusUnprocessableEntity, "Ajoutez au moins une condition")
	shown := browser.post(path, rule("preview", unit, word))
	shown.want(t, http.StatusOK, "1 personne entre dans le groupe", "Anne-Élodie L’Hénoret", "Enregistrer la règle", "Service Services techniques ou en dessous, et fonction avec « Référente ».")
	browser.post(path, rule("save", unit, word)).want(t, http.StatusConflict, "Rien n’est encore enregistré", "1 personne entre dans le groupe")
	keep := rule("save", unit, word)
	keep.Set("seen", seenField.FindStringSubmatch(shown.body)[1])
	browser.post(path, keep).want(t, http.StatusSeeOther)
	page := browser.get(group)
	page.want(t, http.StatusOK, "Rempli par une règle", "fonction avec « Référente »", "L’Hénoret")
	if strings.Contains(page.body, "/remove") || strings.Contains(page.body, `id="h-find"`) {
		t.Error("members of a rule are offered to be placed by hand")
	}
	browser.get("/admin/groups").want(t, http.StatusOK, "par règle")
	browser.get("/admin/agents/"+string(h.anne.Agent)).want(t, http.StatusOK, "Par leur règle", group)
	if invite := browser.get("/admin/agents/invite"); strings.Contains(invite.body, "Techniciens") {
		t.Error("a group by rule is offered to place guests in")
	}
	browser.post(group+"/members/"+string(h.both.Agent)+"/add", nil).want(t, http.StatusSeeOther)
	browser.get(group).want(t, http.StatusOK, "suivent une règle : changez la fiche")
	browser.post("/admin/agents/"+string(h.both.Agent)+"/groups", url.Values{"was": {""}, "groups": {strings.TrimPrefix(group, "/admin/groups/")}}).want(t, http.StatusSeeOther)
	browser.get("/admin/agents/"+string(h.both.Agent)).want(t, http.StatusOK, "suivent une règle : changez la fiche")

	everyone := [3]string{"kind", "is", "agent"}
	shown = browser.post(path, rule("preview", everyone))
	shown.want(t, http.StatusOK, "toute la collectivité", `name="sure"`, "2 personnes")
	keep = rule("save", everyone)
	keep.Set("seen", seenField.FindStringSubmatch(shown.body)[1])
	browser.post(path, keep).want(t, http.StatusUnprocessableEntity, `id="sure-error"`, "Cochez cette case")
	keep.Set("sure", "1")
	browser.post(path, keep).want(t, http.StatusSeeOther)
	browser.post(path, rule("preview", [3]string{"kind", "is", "partner"})).want(t, http.StatusOK, "ne désigne personne", "2 personnes sortent du groupe")
	got(h.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheGroup, ID: strings.TrimPrefix(group, "/admin/groups/")}, Right: portal.EditNews}, ""))(t)
	browser.post(path, rule("preview", unit)).want(t, http.StatusOK, "Ce groupe donne des droits", h.printer.T("directory.right.news.edit"), "Je confirme qui reçoit et qui perd ces droits")
	browser.post(group+"/by-hand", nil).want(t, http.StatusSeeOther)
	browser.get(group).want(t, http.StatusOK, "garde ses membres", "2 personnes", "reprendre la règle de ce groupe", "/remove")
	browser.get(path).want(t, http.StatusOK, `<option value="agent" selected>`)
}
