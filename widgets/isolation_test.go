package widgets_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// everyScope has one widget of each cache scope.
func everyScope() (map[widgets.Scope]*box, []widgets.Widget) {
	byScope := map[widgets.Scope]*box{}
	var all []widgets.Widget
	for _, scope := range []widgets.Scope{widgets.ScopeNone, widgets.ScopeAgent, widgets.ScopeAudience, widgets.ScopeCollectivity} {
		byScope[scope] = newBox("box-"+string(scope), scope)
		all = append(all, byScope[scope])
	}
	return byScope, all
}

func TestAFragmentOfOneAgentNeverReachesAnother(t *testing.T) {
	_, all := everyScope()
	w := widgetstest.New(t, widgets.Config{Widgets: all})
	people := map[string]portal.CollectivityID{"ada": "bourg", "bea": "bourg", "cleo": "agglo"}
	for name, collectivity := range people {
		w.Agent(name, collectivity)
	}
	for range 3 { // cold, then warm
		for name, collectivity := range people {
			for _, headers := range [][]string{nil, {"Accept-Encoding", "gzip"}} {
				page := w.Get("/", name, headers...)
				for other, foreign := range people {
					if other != name && strings.Contains(page, "-"+other) {
						t.Errorf("the page of %s holds %s's content", name, other)
					}
					if foreign != collectivity && strings.Contains(page, "canary-"+string(foreign)) {
						t.Errorf("the page of %s, of %s, holds content of %s", name, collectivity, foreign)
					}
				}
				for _, scope := range []string{"none", "agent"} {
					if want := "canary-" + string(collectivity) + "-" + name; !strings.Contains(section(page, "box-"+scope), want) {
						t.Errorf("the box of scope %s of %s lacks %s", scope, name, want)
					}
				}
			}
		}
	}
}

func TestASharedBoxIsToldOfNoAgent(t *testing.T) {
	byScope, all := everyScope()
	w := widgetstest.New(t, widgets.Config{Widgets: all})
	w.Agent("ada", "bourg", portal.EditNews)
	w.Change("ada", func(identity *web.Identity) {
		identity.Caller.Unit, identity.Caller.Groups = "unit", []portal.GroupID{"group"}
	})
	w.Get("/", "ada")
	for scope, want := range map[widgets.Scope]portal.Caller{
		widgets.ScopeNone:         w.Caller("ada"),
		widgets.ScopeAgent:        w.Caller("ada"),
		widgets.ScopeAudience:     {Collectivity: "bourg", Groups: []portal.GroupID{"group"}, Rights: []portal.Right{portal.EditNews}},
		widgets.ScopeCollectivity: {Collectivity: "bourg"},
	} {
		got := byScope[scope].requests[0].Caller
		if got.Account != want.Account || got.Agent != want.Agent || got.Unit != want.Unit || got.Collectivity != want.Collectivity ||
			len(got.Groups) != len(want.Groups) || len(got.Rights) != len(want.Rights) {
			t.Errorf("a box of scope %s is told of %+v, want %+v", scope, got, want)
		}
	}
}

func TestASharedBoxIsLoadedOnceForAllWhoShareIt(t *testing.T) {
	byScope, all := everyScope()
	w := widgetstest.New(t, widgets.Config{Widgets: all})
	for _, name := range []string{"ada", "bea"} {
		w.Agent(name, "bourg")
		w.Get("/", name)
		w.Get("/", name)
	}
	w.Agent("cleo", "agglo")
	w.Get("/", "cleo")
	for scope, want := range map[widgets.Scope]int{
		widgets.ScopeNone: 5, widgets.ScopeAgent: 3, widgets.ScopeAudience: 2, widgets.ScopeCollectivity: 2,
	} {
		if got := byScope[scope].loads(); got != want {
			t.Errorf("scope %s was loaded %d times, want %d", scope, got, want)
		}
	}
}

func TestAWithdrawnRightHidesTheBoxAndWhatItShowed(t *testing.T) {
	private := newBox("private", widgets.ScopeAgent)
	private.manifest.Rights = []portal.Right{portal.EditNews}
	open := newBox("open", widgets.ScopeAgent)
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{private, open}})
	w.Agent("ada", "bourg", portal.EditNews)
	if got := boxesOn(w.Get("/", "ada")); got != "private open" {
		t.Fatalf("boxes = %q, want both", got)
	}
	w.Change("ada", func(identity *web.Identity) { identity.Caller.Rights = nil })
	if got := boxesOn(w.Get("/", "ada")); got != "open" {
		t.Errorf("boxes without the right = %q, want only the open one", got)
	}
	for _, target := range []string{"/boxes/private", "/home/boxes/private"} {
		if got := w.Do("GET", target, "ada", nil).StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s without the right = %d, want 404", target, got)
		}
	}
	if got := open.loads(); got != 2 {
		t.Errorf("the open box was loaded %d times, want 2: what it shows may depend on rights", got)
	}
}

func TestArrangingTouchesOnesOwnPageOnly(t *testing.T) {
	_, all := everyScope()
	w := widgetstest.New(t, widgets.Config{Widgets: all})
	w.Agent("ada", "bourg")
	w.Agent("bea", "bourg")
	w.Agent("cleo", "agglo")
	before := map[string]string{"bea": boxesOn(w.Get("/", "bea")), "cleo": boxesOn(w.Get("/", "cleo"))}
	w.Post("/home/edit", "ada", "do", "remove box-agent")
	if got, want := boxesOn(w.Get("/", "ada")), "box-none box-audience box-collectivity"; got != want {
		t.Errorf("boxes = %q, want %q", got, want)
	}
	for name, want := range before {
		if got := boxesOn(w.Get("/", name)); got != want {
			t.Errorf("the boxes of %s = %q, want %q still", name, got, want)
		}
	}
}
