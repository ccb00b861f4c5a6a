package widgets_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// four opens a portal with the boxes a, b (locked), c and d (to be added).
func four(t *testing.T) *widgetstest.World {
	t.Helper()
	var all []widgets.Widget
	for _, id := range []string{"a", "b", "c", "d"} {
		all = append(all, newBox(id, widgets.ScopeAgent))
	}
	w := widgetstest.New(t, widgets.Config{Widgets: all, Pool: []widgets.Place{
		{Widget: "a", State: widgets.Suggested}, {Widget: "b", State: widgets.Locked}, {Widget: "c", State: widgets.Suggested},
	}})
	w.Agent("ada", "bourg")
	w.Agent("chief", "bourg", portal.Admin)
	return w
}

// said is the sentence announced by the next page.
func said(w *widgetstest.World, who string, response *http.Response) string {
	r := []string{}
	for _, cookie := range response.Cookies() {
		r = append(r, cookie.Name+"="+cookie.Value)
	}
	page := w.Get("/home/edit", who, "Cookie", strings.Join(r, "; "))
	found := regexp.MustCompile(`<div class="toast"[^>]*>\s*<p>([^<]*)</p>`).FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return found[1]
}

func TestAPageIsArrangedByButtonsAlone(t *testing.T) {
	w := four(t)
	steps := []struct{ do, boxes, leads, says string }{
		{"forward c", "a c b", "/home/edit#c-forward", "Accueil, position 2 sur 3"},
		{"forward c", "c a b", "/home/edit#c-forward", "Accueil, position 1 sur 3"},
		{"forward c", "c a b", "/home/edit#c-forward", "Accueil\u00a0: rien à changer"},
		{"back c", "a c b", "/home/edit#c-back", "Accueil, position 2 sur 3"},
		{"remove a", "c b", "/home/edit#add", "Accueil\u00a0: boîte retirée"},
		{"remove b", "c b", "/home/edit#b-remove", "Accueil\u00a0: rien à changer"},
		{"add d", "c b d", "/home/edit#box-d", "Accueil, position 3 sur 3"},
		{"undo", "c b", "/home/edit#undo", "Dernier changement annulé"},
		{"reset", "a b c", "/home/edit#reset", "Page de la collectivité rétablie"},
		{"undo", "c b", "/home/edit#undo", "Dernier changement annulé"},
		{"size c", "c b", "/home/edit#c-size", "Accueil, taille\u00a0: Large"},
	}
	for _, step := range steps {
		response := w.Do("POST", "/home/edit", "ada", url.Values{"do": {step.do}})
		if got := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther || got != step.leads {
			t.Errorf("%s: %d to %q, want 303 to %q", step.do, response.StatusCode, got, step.leads)
		}
		if got := said(w, "ada", response); got != step.says {
			t.Errorf("%s: says %q, want %q", step.do, got, step.says)
		}
		for _, target := range []string{"/", "/home/edit"} {
			if got := boxesOn(w.Get(target, "ada")); got != step.boxes {
				t.Errorf("%s: boxes on %s = %q, want %q", step.do, target, got, step.boxes)
			}
		}
	}
	if got := section(w.Get("/", "ada"), "c"); !strings.Contains(got, `data-size="m"`) {
		t.Errorf("the box is not wide:\n%s", got)
	}
}

func TestABoxFollowsItsHandle(t *testing.T) {
	w := four(t)
	if got := w.Post("/home/edit", "ada", "box", "a", "position", "3"); got != "/home/edit#a-forward" {
		t.Errorf("leads to %q", got)
	}
	if got := boxesOn(w.Get("/", "ada")); got != "b c a" {
		t.Errorf("boxes = %q, want a at position 3", got)
	}
}

func TestEveryButtonOfTheEditPageIsThere(t *testing.T) {
	w := four(t)
	page := w.Get("/home/edit", "ada")
	for _, want := range []string{
		`id="a-forward"`, `id="a-back"`, `id="a-size"`, `id="a-remove"`, `id="b-forward"`,
		"cette boîte reste sur la page", `<option value="d">`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the edit page lacks %q", want)
		}
	}
	for _, unwanted := range []string{`id="b-remove"`, `<option value="a">`, `name="do" value="undo"`, `name="do" value="reset"`} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the edit page has %q", unwanted)
		}
	}
	// A place where the redirect leads is a place in the page.
	w.Post("/home/edit", "ada", "do", "remove a")
	page = w.Get("/home/edit", "ada")
	for _, id := range []string{"add", "undo", "reset", "c-forward", "box-c"} {
		if !strings.Contains(page, `id="`+id+`"`) {
			t.Errorf("the edit page lacks the place %q", id)
		}
	}
}

func TestOrdersThatMakeNoSenseAreRefused(t *testing.T) {
	w := four(t)
	for do, want := range map[string]int{
		"forward nothing": http.StatusNotFound, "explode a": http.StatusUnprocessableEntity, "": http.StatusUnprocessableEntity,
	} {
		if got := w.Do("POST", "/home/edit", "ada", url.Values{"do": {do}}).StatusCode; got != want {
			t.Errorf("%q = %d, want %d", do, got, want)
		}
	}
	if got := w.Do("POST", "/home/edit", "ada", url.Values{"box": {"a"}, "position": {"x"}}).StatusCode; got != http.StatusUnprocessableEntity {
		t.Errorf("a position that is no number = %d, want 422", got)
	}
	if got := w.Do("POST", "/home/edit", "ada", url.Values{"do": {"remove a"}}, "Sec-Fetch-Site", "cross-site").StatusCode; got != http.StatusForbidden {
		t.Errorf("from another site = %d, want 403", got)
	}
	if got := boxesOn(w.Get("/", "ada")); got != "a b c" {
		t.Errorf("boxes = %q, want as before", got)
	}
}

func TestTheAdministratorsPageReachesThoseWhoArranged(t *testing.T) {
	w := four(t)
	w.Post("/home/edit", "ada", "do", "forward c")
	err := w.Home.SetHome(context.Background(), w.Caller("chief"), widgets.HomePage{Places: []widgets.Place{
		{Widget: "d", State: widgets.Suggested, Size: widgets.Large}, {Widget: "a", State: widgets.Suggested},
	}})
	if err != nil {
		t.Fatal(err)
	}
	page := w.Get("/", "ada")
	if got := boxesOn(page); got != "d a c b" {
		t.Errorf("boxes = %q, want the new one in its place and her order kept", got)
	}
	news := section(page, "d")
	for _, want := range []string{"Nouvelle boîte", `value="keep d"`, `value="remove d"`, `data-size="l"`} {
		if !strings.Contains(news, want) {
			t.Errorf("the new box lacks %q:\n%s", want, news)
		}
	}
	w.Agent("bea", "bourg")
	if page := w.Get("/", "bea"); strings.Contains(page, "Nouvelle boîte") || boxesOn(page) != "d a b c" {
		t.Errorf("who never arranged sees %q, want the administrator's page without marks", boxesOn(page))
	}
	if got := w.Post("/home/edit", "ada", "do", "keep d", "back", "home"); got != "/#box-d" {
		t.Errorf("keeping leads to %q", got)
	}
	if page := w.Get("/", "ada"); strings.Contains(page, "Nouvelle boîte") || boxesOn(page) != "d a c b" {
		t.Errorf("a kept box is still marked, or moved: %q", boxesOn(page))
	}
}

func TestOnlyTheAdministratorDecidesForAll(t *testing.T) {
	w := four(t)
	ctx := context.Background()
	page := widgets.HomePage{Places: []widgets.Place{{Widget: "a", State: widgets.Locked}}}
	for name, do := range map[string]func(caller portal.Caller) error{
		"SetHome":   func(caller portal.Caller) error { return w.Home.SetHome(ctx, caller, page) },
		"Configure": func(caller portal.Caller) error { return w.Home.Configure(ctx, caller, "a", nil) },
		"Check": func(caller portal.Caller) error {
			return w.Home.Check(ctx, widgets.Request{Caller: caller}, "a")
		},
	} {
		if err := do(w.Caller("ada")); !isKind(err, portal.ErrDenied) {
			t.Errorf("%s by an agent: %v, want ErrDenied", name, err)
		}
		if err := do(w.Caller("chief")); err != nil {
			t.Errorf("%s by the administrator: %v", name, err)
		}
	}
	for name, places := range map[string][]widgets.Place{
		"widget": {{Widget: "z", State: widgets.Locked}}, "state": {{Widget: "a", State: "x"}}, "size": {{Widget: "a", State: widgets.Locked, Size: "x"}},
	} {
		if err := w.Home.SetHome(ctx, w.Caller("chief"), widgets.HomePage{Places: places}); !isKind(err, portal.ErrInvalid) {
			t.Errorf("an unknown %s: %v, want ErrInvalid", name, err)
		}
	}
}
