package widgets_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// someGroups are the groups of the tests' collectivity.
type someGroups []portal.Group

func (s someGroups) Groups(_ context.Context, caller portal.Caller) ([]portal.Group, error) {
	if caller.Collectivity != "bourg" {
		return nil, nil
	}
	return s, nil
}

// grouped is four with groups: ada is in both, bea in the second, cleo in none.
func grouped(t *testing.T) *widgetstest.World {
	t.Helper()
	var all []widgets.Widget
	for _, id := range []string{"a", "b", "c", "d"} {
		all = append(all, newBox(id, widgets.ScopeAgent))
	}
	w := widgetstest.New(t, widgets.Config{
		Widgets: all,
		Pool: []widgets.Place{
			{Widget: "a", State: widgets.Suggested}, {Widget: "b", State: widgets.Locked}, {Widget: "c", State: widgets.Suggested},
		},
		Groups: someGroups{{ID: "elus", Name: "Élus"}, {ID: "terrain", Name: "Agents de terrain"}},
	})
	for name, groups := range map[string][]portal.GroupID{"ada": {"elus", "terrain"}, "bea": {"terrain"}, "cleo": nil} {
		w.Agent(name, "bourg")
		w.Change(name, func(identity *web.Identity) { identity.Caller.Groups = groups })
	}
	w.Agent("chief", "bourg", portal.Admin)
	w.Agent("other", "agglo", portal.Admin)
	return w
}

// decides saves a page: "a:suggested:s" for each box, in order.
func decides(t *testing.T, w *widgetstest.World, path string, boxes ...string) {
	t.Helper()
	if got := w.Post(path, "chief", board(w, path, boxes...)...); got != "/admin/home" {
		t.Errorf("saving %s leads to %q", path, got)
	}
}

var wasPattern = regexp.MustCompile(`name="was" value="([^"]*)"`)

// board is the form of a page as it is shown, with other boxes.
func board(w *widgetstest.World, path string, boxes ...string) []string {
	pairs := []string{"was", wasPattern.FindStringSubmatch(w.Get(path, "chief"))[1]}
	for _, box := range boxes {
		parts := strings.Split(box, ":")
		pairs = append(pairs, "widget", parts[0], "state", parts[1], "size", parts[2])
	}
	return pairs
}

const elus, terrain = "/admin/home/groups/elus", "/admin/home/groups/terrain"

func homes(w *widgetstest.World) string {
	return boxesOn(w.Get("/", "ada")) + " | " + boxesOn(w.Get("/", "bea")) + " | " + boxesOn(w.Get("/", "cleo"))
}

func TestAGroupsPageCountsForItsMembers(t *testing.T) {
	w := grouped(t)
	decides(t, w, terrain, "d:suggested:l", "a:suggested:s", "b:locked:s", "c:available:s")
	decides(t, w, elus, "c:fixed:s", "b:locked:s", "a:suggested:s", "d:available:s")
	if got, want := homes(w), "d a b c | d a b | a b c"; got != want {
		t.Errorf("homes = %q, want %q: the first group composed decides", got, want)
	}
	if page := w.Get("/", "bea"); !strings.Contains(section(page, "d"), `data-size="l"`) {
		t.Error("the size that the group's page gives is not on the page")
	}
	if got := w.Post(elus+"/first", "chief"); got != "/admin/home" {
		t.Errorf("put first leads to %q", got)
	}
	if got, want := homes(w), "c b a d | d a b | a b c"; got != want {
		t.Errorf("homes = %q, want %q once the other group is first", got, want)
	}
	decides(t, w, "/admin/home/everyone", "b:locked:s", "a:locked:s", "c:suggested:s", "d:available:s")
	if got, want := homes(w), "c b a d | d a b | b a c"; got != want {
		t.Errorf("homes = %q, want %q: everyone's page changed", got, want)
	}
}

// TestAGroupsPageKeepsOnlyWhatDiffers: what everyone's page decides later reaches the group.
func TestAGroupsPageKeepsOnlyWhatDiffers(t *testing.T) {
	w := grouped(t)
	decides(t, w, terrain, "a:suggested:m", "b:locked:s", "c:suggested:s", "d:available:s")
	var stored string
	if err := w.DB.QueryRow(t.Context(), `SELECT places FROM home_frames WHERE group_id = 'terrain'`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if want := `[{"widget":"a","size":"m"}]`; stored != want {
		t.Errorf("stored %s, want %s", stored, want)
	}
	decides(t, w, "/admin/home/everyone", "d:suggested:s", "c:suggested:s", "b:locked:s", "a:suggested:s")
	if got, want := boxesOn(w.Get("/", "bea")), "d c b a"; got != want {
		t.Errorf("the group has %q, want %q", got, want)
	}
	if page := w.Get("/", "bea"); !strings.Contains(section(page, "a"), `data-size="m"`) {
		t.Error("what the group's page decided is lost")
	}
	form := w.Get(terrain, "chief")
	if state := form[strings.Index(form, `id="state-b"`):]; strings.Contains(state[:strings.Index(state, "</select>")], `value="suggested"`) {
		t.Error("a box that the page above keeps can be given back")
	}
	decides(t, w, terrain, "d:suggested:s", "c:suggested:s", "b:available:s", "a:suggested:s")
	if got, want := boxesOn(w.Get("/", "bea")), "d c b a"; got != want {
		t.Errorf("the group has %q, want %q: the locked box stays", got, want)
	}
}

func TestAPageIsComposedByButtonsAndSavedAtTheEnd(t *testing.T) {
	w := grouped(t)
	form := url.Values{"was": {""}, "do": {"up c"}, "widget": {"a", "b", "c", "d"}, "state": {"suggested", "locked", "suggested", "available"}, "size": {"s", "s", "l", "s"}}
	page := w.Get(terrain+"?"+form.Encode(), "chief")
	var order []string
	for _, found := range regexp.MustCompile(`name="widget" value="([a-z])"`).FindAllStringSubmatch(page, -1) {
		order = append(order, found[1])
	}
	if got := strings.Join(order, " "); got != "a c b d" {
		t.Errorf("order = %q, want the box before the one it followed", got)
	}
	if !regexp.MustCompile(`id="up-c"[^>]* autofocus`).MatchString(page) {
		t.Error("the focus is not on the button that was pressed")
	}
	if !strings.Contains(page, `<li data-size="l">`) {
		t.Error("the sketch has not the size that was chosen")
	}
	if got := boxesOn(w.Get("/", "bea")); got != "a b c" {
		t.Errorf("looking saved %q", got)
	}
	for name, change := range map[string]func(){
		"no boxes":         func() { form.Del("widget") },
		"fewer states":     func() { form["state"] = form["state"][1:] },
		"an unknown state": func() { form["state"] = []string{"x", "locked", "suggested", "available"} },
		"an unknown size":  func() { form["size"] = []string{"x", "s", "s", "s"} },
		"a box twice":      func() { form["widget"] = []string{"a", "a", "c", "d"} },
		"an unknown box":   func() { form["widget"] = []string{"a", "b", "c", "zz"} },
	} {
		form = url.Values{"widget": {"a", "b", "c", "d"}, "state": {"suggested", "locked", "suggested", "available"}, "size": {"s", "s", "l", "s"}}
		change()
		if got := w.Do("POST", terrain, "chief", form).StatusCode; got != http.StatusUnprocessableEntity {
			t.Errorf("%s = %d, want 422", name, got)
		}
	}
}

func TestTwoAdministratorsDoNotOverwriteOneAnother(t *testing.T) {
	w := grouped(t)
	first := board(w, terrain, "d:suggested:s", "a:suggested:s", "b:locked:s", "c:suggested:s")
	second := board(w, terrain, "c:suggested:s", "a:suggested:s", "b:locked:s", "d:available:s")
	w.Post(terrain, "chief", first...)
	form := url.Values{}
	for i := 0; i < len(second); i += 2 {
		form.Add(second[i], second[i+1])
	}
	response := w.Do("POST", terrain, "chief", form)
	page := widgetstest.Read(t, response)
	if response.StatusCode != http.StatusConflict || !strings.Contains(page, "Un autre administrateur") {
		t.Errorf("the second = %d, want 409 with its sentence", response.StatusCode)
	}
	if got := boxesOn(w.Get("/", "bea")); got != "d a b c" {
		t.Errorf("the first is overwritten: %q", got)
	}
	if i, j := strings.Index(page, `value="c"`), strings.Index(page, `value="a"`); i < 0 || i > j {
		t.Error("what the second composed is lost")
	}
	second[1] = wasPattern.FindStringSubmatch(page)[1]
	w.Post(terrain, "chief", second...)
	if got := boxesOn(w.Get("/", "bea")); got != "c a b" {
		t.Errorf("saved once more, the group has %q", got)
	}
}

func TestAPageComesBackForThirtyDays(t *testing.T) {
	w := grouped(t)
	decides(t, w, terrain, "d:suggested:s", "a:suggested:s", "b:locked:s", "c:suggested:s")
	decides(t, w, terrain, "c:suggested:s", "d:suggested:s", "a:suggested:s", "b:locked:s")
	steps := []struct{ post, boxes string }{
		{"/restore", "d a b c"}, {"/restore", "c d a b"}, {"/reset", "a b c"}, {"/restore", "c d a b"}, {"/reset", "a b c"},
	}
	for _, step := range steps {
		w.Post(terrain+step.post, "chief")
		if got := boxesOn(w.Get("/", "bea")); got != step.boxes {
			t.Errorf("after %s the group has %q, want %q", step.post, got, step.boxes)
		}
	}
	if page := w.Get("/admin/home", "chief"); !strings.Contains(page, terrain+"/restore") {
		t.Error("a page taken away is not offered")
	}
	_, err := w.DB.Exec(t.Context(), `UPDATE home_frames SET changed = $1`, database.Millis(time.Now().Add(-31*24*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	if page := w.Get("/admin/home", "chief"); strings.Contains(page, terrain+"/restore") {
		t.Error("a page taken away long ago is offered")
	}
	if response := w.Do("POST", terrain+"/restore", "chief", url.Values{}); response.StatusCode != http.StatusNotFound {
		t.Errorf("restored after 31 days = %d, want 404", response.StatusCode)
	}
}

func TestAGroupWithAPageIsNamed(t *testing.T) {
	w := grouped(t)
	named := func(who string) int {
		mentions, err := w.Home.NamingGroup(t.Context(), w.DB, w.Caller(who), "terrain")
		if err != nil {
			t.Fatal(err)
		}
		return len(mentions)
	}
	if named("chief") != 0 {
		t.Error("a group without a page is named")
	}
	decides(t, w, terrain, "d:suggested:s", "a:suggested:s", "b:locked:s", "c:suggested:s")
	if named("chief") != 1 || named("other") != 0 {
		t.Errorf("named %d and %d times, want by its own collectivity alone", named("chief"), named("other"))
	}
	w.Post(terrain+"/reset", "chief")
	if named("chief") != 0 {
		t.Error("a page taken away keeps its group")
	}
}

// TestAPageIsOfOneCollectivity: what another one decides, or asks for, is not there.
func TestAPageIsOfOneCollectivity(t *testing.T) {
	w := grouped(t)
	for _, path := range []string{terrain, terrain + "/reset", terrain + "/restore", terrain + "/first"} {
		form := url.Values{"widget": {"a"}, "state": {"suggested"}, "size": {"s"}}
		if got := w.Do("POST", path, "other", form).StatusCode; got != http.StatusNotFound {
			t.Errorf("POST %s by another collectivity = %d, want 404", path, got)
		}
		for _, who := range []string{"ada", ""} {
			if got := w.Do("POST", path, who, form).StatusCode; got < 300 || got == http.StatusOK {
				t.Errorf("POST %s by %q = %d", path, who, got)
			}
		}
	}
	before := homes(w)
	w.Post("/admin/home/everyone", "other", "was", "", "widget", "d", "state", "fixed", "size", "s")
	if got := homes(w); got != before {
		t.Errorf("homes = %q after another collectivity decided, want %q", got, before)
	}
}

func TestOnlySoManyGroupsHaveAPage(t *testing.T) {
	w := grouped(t)
	page := widgets.HomePage{Places: []widgets.Place{{Widget: "d", State: widgets.Fixed}}}
	for i := range 31 {
		page.Group = portal.Group{ID: portal.GroupID("g" + string(rune('a'+i))), Name: "x"}
		err := w.Home.SetHome(t.Context(), w.Caller("chief"), page)
		if refused := err != nil; refused != (i == 30) {
			t.Fatalf("page %d: %v", i+1, err)
		}
	}
}
