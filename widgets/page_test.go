package widgets_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// fullContent uses every word of the vocabulary.
func fullContent(now time.Time) widgets.Content {
	return widgets.Content{
		At:      now.Add(-time.Hour),
		Badge:   widgets.Badge{Count: 5, Label: "non lus"},
		Notice:  widgets.Notice{Tone: widgets.Warn, Text: "Coupure d’eau demain", Link: widgets.Link{Text: "Détails", URL: "/news/1"}},
		Search:  &widgets.Search{Path: "/directory", Label: "Nom, fonction ou service"},
		Figures: []widgets.Figure{{Label: "Congés 2026", Value: "12,5", Unit: "j"}},
		Items: []widgets.Item{
			{Title: "Commission travaux", Detail: "Salle du conseil", Soon: "dans 25 min", Link: "/calendar/1", Time: now.Add(25 * time.Minute)},
			{Title: "Camille Le Goff", Detail: "Voirie", Phone: "06 39 98 01 24"},
			{Title: "Devis du portail", Link: "/mail/2", Unread: true, When: "hier"},
		},
		Table: &widgets.Table{Caption: "Repas", Columns: []string{"Jour", "Enfants"}, Rows: [][]string{{"Lundi", "148"}}, Numbers: true},
		Links: []widgets.Link{{Text: "Tout l’agenda", URL: "/calendar"}},
	}
}

// one opens a portal with boxes and one agent, ada of bourg.
func one(t testing.TB, boxes ...*box) *widgetstest.World {
	t.Helper()
	config := widgets.Config{}
	for _, b := range boxes {
		config.Widgets = append(config.Widgets, b)
	}
	w := widgetstest.New(t, config)
	w.Agent("ada", "bourg")
	return w
}

func TestTheGreetingSaysTheDay(t *testing.T) {
	w := one(t)
	w.Agent("eve", "bourg")
	w.Change("eve", func(identity *web.Identity) { identity.Language = "en" })
	for who, wants := range map[string][]string{
		"ada": {"<h1>Bonjour, nous sommes mardi 24\u00a0novembre</h1>", "Sainte Flora", "Aucune boîte sur cette page."},
		"eve": {"<h1>Hello, today is Tuesday 24\u00a0November</h1>", "No box on this page."},
	} {
		page := w.Get("/", who)
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("the page of %s lacks %q", who, want)
			}
		}
	}
}

func TestABoxSaysEverythingOfItsContent(t *testing.T) {
	b := newBox("full", widgets.ScopeAgent)
	b.load = func(_ context.Context, request widgets.Request) (widgets.Content, error) {
		return fullContent(request.Now), nil
	}
	w := one(t, b)
	got := section(w.Get("/", "ada"), "full")
	for _, want := range []string{
		`<span class="badge">5<span class="vh"> non lus</span></span>`, "<p class=\"hour\">à 8\u00a0h\u00a035</p>",
		`Coupure d’eau demain <a href="/news/1">Détails</a>`, `<form class="filters" action="/directory">`,
		`<dt>Congés 2026</dt><dd>12,5 <small>j</small></dd>`, "10\u00a0h</time>",
		`<span class="d">Salle du conseil · <b>dans 25 min</b></span>`, "<a class=\"when\" href=\"tel:&#43;33639980124\">06\u00a039\u00a098\u00a001\u00a024</a>",
		`<a class="t dot" href="/mail/2">Devis du portail<span class="vh"> (non lu)</span></a>`, `<span class="when">hier</span>`,
		`<caption>Repas</caption>`, `<th scope="row">Lundi</th><td class="num">148</td>`, `<a href="/calendar">Tout l’agenda</a>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the box lacks %q:\n%s", want, got)
		}
	}
}

func TestPinnedApplicationsStandAboveTheBoxes(t *testing.T) {
	pins := &pinned{apps: []widgets.App{
		{Name: "État civil", URL: "https://etat-civil.example/", Icon: "people"},
		{Name: "Piège", URL: "javascript:alert(1)"},
	}}
	w := widgetstest.New(t, widgets.Config{Pins: pins})
	w.Agent("ada", "bourg")
	page := w.Get("/", "ada")
	if !strings.Contains(page, `<a href="https://etat-civil.example/">`) || strings.Contains(page, "Piège") {
		t.Errorf("pinned applications are wrong:\n%s", page)
	}
	w.Get("/", "ada")
	if pins.asked != 1 {
		t.Errorf("pins were asked %d times for two warm pages, want 1", pins.asked)
	}
	pins.apps = nil
	w.Home.Changed("bourg", widgets.TopicApplications, "ada")
	if page := w.Get("/", "ada"); strings.Contains(page, "etat-civil") {
		t.Error("an application that is no longer pinned stays on the page")
	}
}

type pinned struct {
	apps  []widgets.App
	asked int
}

func (p *pinned) Pinned(context.Context, portal.Caller) ([]widgets.App, error) {
	p.asked++
	return p.apps, nil
}

func TestNothingIsSentAgainWhenNothingChanged(t *testing.T) {
	b := newBox("news", widgets.ScopeAgent)
	w := one(t, b)
	first := w.Do("GET", "/", "ada", nil)
	etag := first.Header.Get("ETag")
	again := func(when string, want int) string {
		t.Helper()
		response := w.Do("GET", "/", "ada", nil, "If-None-Match", etag)
		if response.StatusCode != want {
			t.Errorf("%s: %d, want %d", when, response.StatusCode, want)
		}
		etag = response.Header.Get("ETag")
		return widgetstest.Read(t, response)
	}
	if body := again("nothing changed", http.StatusNotModified); body != "" {
		t.Errorf("304 with a body: %q", body)
	}
	w.Home.Changed("bourg", "news")
	again("loaded again, the same", http.StatusNotModified)
	b.become(says("another"))
	w.Home.Changed("bourg", "news")
	again("another content", http.StatusOK)
	again("then nothing", http.StatusNotModified)
	w.Change("ada", func(identity *web.Identity) { identity.PersonName = "Ada Lovelace" })
	if body := again("another name in the frame", http.StatusOK); !strings.Contains(body, "Ada Lovelace") {
		t.Error("the frame keeps the old name")
	}
	w.At(time.Date(2026, 11, 25, 7, 0, 0, 0, time.UTC))
	if body := again("another day", http.StatusOK); !strings.Contains(body, "mercredi") {
		t.Error("the greeting keeps yesterday's date")
	}
}

func TestPlainAndCompressedPagesAreTheSame(t *testing.T) {
	b := newBox("full", widgets.ScopeAgent)
	b.load = func(_ context.Context, request widgets.Request) (widgets.Content, error) {
		return fullContent(request.Now), nil
	}
	w := one(t, b, newBox("other", widgets.ScopeCollectivity))
	plain := w.Get("/", "ada")
	response := w.Do("GET", "/", "ada", nil, "Accept-Encoding", "gzip, br")
	if got := response.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding = %q, want gzip", got)
	}
	if packed := widgetstest.Read(t, response); packed != plain {
		t.Error("the compressed page is not the plain one")
	}
	if head := w.Do("HEAD", "/", "ada", nil); head.StatusCode != http.StatusOK || head.Header.Get("ETag") == "" {
		t.Errorf("HEAD = %d with ETag %q", head.StatusCode, head.Header.Get("ETag"))
	}
}

func TestALateBoxComesAfter(t *testing.T) {
	release := make(chan struct{})
	slow := newBox("slow", widgets.ScopeAgent)
	slow.become(func(ctx context.Context, _ widgets.Request) (widgets.Content, error) {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return widgets.Content{Items: []widgets.Item{{Title: "at last"}}}, ctx.Err()
	})
	w := widgetstest.New(t, widgets.Config{
		Widgets: []widgets.Widget{slow, newBox("quick", widgets.ScopeAgent)},
		Limits:  widgets.Limits{Page: 150 * time.Millisecond},
	})
	w.Agent("ada", "bourg")
	var page string
	best := time.Hour // of a few, for a busy machine
	for range 5 {
		began := time.Now()
		got := w.Get("/", "ada")
		if took := time.Since(began); took < best {
			page, best = got, took
		}
	}
	if best > 250*time.Millisecond {
		t.Errorf("the page with a hung box took %v, want at most 250 ms", best)
	}
	late := section(page, "slow")
	for _, want := range []string{`data-late="/boxes/slow?fragment=1"`, `aria-busy="true"`, `<a href="/boxes/slow">Afficher Accueil</a>`} {
		if !strings.Contains(late, want) {
			t.Errorf("the late box lacks %q:\n%s", want, late)
		}
	}
	if !strings.Contains(section(page, "quick"), "canary-bourg-ada") {
		t.Error("the other box is not there")
	}
	close(release)
	fragment := w.Get("/boxes/slow?fragment=1", "ada")
	if !strings.HasPrefix(fragment, "<section") || !strings.Contains(fragment, "at last") || strings.Contains(fragment, "data-late") {
		t.Errorf("the fragment of the late box is wrong:\n%s", fragment)
	}
	if alone := w.Get("/boxes/slow", "ada"); !strings.Contains(alone, "at last") || !strings.Contains(alone, "<h1>") {
		t.Error("the page of the box alone lacks its content or its title")
	}
	if page := w.Get("/", "ada"); !strings.Contains(section(page, "slow"), "at last") {
		t.Error("the next page does not show what was loaded behind")
	}
}

func TestAFailingBoxKeepsItsContentAndOffersToTryAgain(t *testing.T) {
	b := newBox("mail", widgets.ScopeAgent)
	b.become(says("last known"))
	w := one(t, b)
	w.Get("/", "ada")
	b.become(func(context.Context, widgets.Request) (widgets.Content, error) {
		return widgets.Content{}, errors.New("imap: secret detail")
	})
	w.Home.Changed("bourg", "mail", "ada")
	got := section(w.Get("/", "ada"), "mail")
	for _, want := range []string{
		"last known", "<p class=\"hour\">à 9\u00a0h\u00a035</p>", "Ce service ne répond pas depuis 9\u00a0h\u00a035.",
		`<form method="post" action="/boxes/mail/retry">`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the failing box lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret detail") {
		t.Error("the box shows the error of the machine")
	}
	b.become(func(context.Context, widgets.Request) (widgets.Content, error) {
		return widgets.Content{}, portal.UserError{Kind: portal.ErrDenied, Key: "widgets.field.required"}
	})
	if got := w.Post("/boxes/mail/retry", "ada"); got != "/#box-mail" {
		t.Errorf("retry leads to %q, want back to the box", got)
	}
	if got := section(w.Get("/", "ada"), "mail"); !strings.Contains(got, "Cette réponse est nécessaire.") {
		t.Errorf("the box does not show the widget's own sentence:\n%s", got)
	}
	b.become(says("back"))
	w.Post("/boxes/mail/retry", "ada")
	if got := section(w.Get("/", "ada"), "mail"); !strings.Contains(got, "back") || strings.Contains(got, "retry") {
		t.Errorf("the box did not recover:\n%s", got)
	}
}

func TestAStaleBoxShowsItsHour(t *testing.T) {
	b := newBox("news", widgets.ScopeAgent)
	b.manifest.Fresh = time.Nanosecond
	w := one(t, b)
	w.Get("/", "ada")
	w.At(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	if got := section(w.Get("/", "ada"), "news"); !strings.Contains(got, "<p class=\"hour\">à 9\u00a0h\u00a035</p>") {
		t.Errorf("the stale box lacks its hour:\n%s", got)
	}
	eventually(t, "the stale box is loaded again behind", func() bool { return b.loads() >= 2 })
}

func TestABoxWithoutSourceIsAbsent(t *testing.T) {
	weather := &configured{box: newBox("weather", widgets.ScopeCollectivity)}
	broken := &configured{box: newBox("broken", widgets.ScopeCollectivity), err: errors.New("no answer")}
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{weather, broken, newBox("news", widgets.ScopeAgent)}})
	w.Agent("ada", "bourg")
	if got := boxesOn(w.Get("/", "ada")); got != "news" {
		t.Errorf("boxes = %q, want only those with a source", got)
	}
	if page := w.Get("/home/edit", "ada"); strings.Contains(page, `value="weather"`) {
		t.Error("a box without source can be added")
	}
	weather.yes = true
	w.Home.Changed("bourg", widgets.TopicHome)
	if got := boxesOn(w.Get("/", "ada")); got != "weather news" {
		t.Errorf("boxes once configured = %q, want the weather too", got)
	}
}

type configured struct {
	*box
	yes bool
	err error
}

func (c *configured) Configured(context.Context, portal.CollectivityID) (bool, error) {
	return c.yes, c.err
}

func TestFactsGreetEvenWithoutTheirBox(t *testing.T) {
	weather := greeter{newBox("weather", widgets.ScopeCollectivity)}
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{weather}})
	w.Agent("ada", "bourg")
	w.Post("/home/edit", "ada", "do", "remove weather")
	w.Get("/", "ada") // the sentence of the removal
	page := w.Get("/", "ada")
	if !strings.Contains(page, "9 °C, pluie de 15 h à 17 h") || boxesOn(page) != "" {
		t.Errorf("the greeting lacks the weather, or its box is there:\n%s", page)
	}
}

type greeter struct{ *box }

func (greeter) Facts(widgets.Content) []widgets.Fact {
	return []widgets.Fact{{Icon: "rain", Text: "9 °C, pluie de 15 h à 17 h"}}
}

func TestAnActionIsTypedAndDoneForTheCaller(t *testing.T) {
	b := &actor{box: newBox("leave", widgets.ScopeCollectivity)}
	b.manifest.Actions = []widgets.ActionType{{Name: "approve", Fields: []widgets.Field{{Name: "days", Kind: widgets.Number, Required: true, Max: 30}}}}
	b.load = func(context.Context, widgets.Request) (widgets.Content, error) {
		return widgets.Content{Items: []widgets.Item{{Title: "Congé", Actions: []widgets.Action{
			{Name: "approve", Text: "Accorder", About: "le congé de Léa", Main: true, Values: widgets.Values{"days": "4", "other": "x"}},
			{Name: "undeclared", Text: "Piège"},
		}}}}, nil
	}
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{b}})
	w.Agent("ada", "bourg")
	got := section(w.Get("/", "ada"), "leave")
	if want := `<form method="post" action="/boxes/leave/do/approve"><input type="hidden" name="days" value="4"><button class="button main">Accorder<span class="vh"> le congé de Léa</span></button></form>`; !strings.Contains(got, want) || strings.Contains(got, "Piège") {
		t.Errorf("the box lacks its button, or has another:\n%s", got)
	}
	if got := w.Post("/boxes/leave/do/approve", "ada", "days", "4"); got != "/#box-leave" || b.did != "ada 4" {
		t.Errorf("the action leads to %q and did %q", got, b.did)
	}
	for target, want := range map[string]int{
		"/boxes/leave/do/undeclared": http.StatusNotFound,
		"/boxes/nothing/do/approve":  http.StatusNotFound,
		"/boxes/leave/do/approve":    http.StatusUnprocessableEntity,
	} {
		response := w.Do("POST", target, "ada", url.Values{"days": {"31"}})
		if response.StatusCode != want {
			t.Errorf("POST %s = %d, want %d", target, response.StatusCode, want)
		}
	}
}

type actor struct {
	*box
	did string
}

func (a *actor) Act(_ context.Context, request widgets.Request, _ string, values widgets.Values) (widgets.Sentence, error) {
	a.did = fmt.Sprintf("%s %d", request.Caller.Agent, values.Number("days"))
	return widgets.Sentence{Key: "widgets.said-undo"}, nil
}

func TestThePageOutlivesTheStore(t *testing.T) {
	w := one(t, newBox("news", widgets.ScopeAgent))
	before := boxesOn(w.Get("/", "ada"))
	if err := w.DB.Close(); err != nil {
		t.Fatal(err)
	}
	w.Home.Changed("bourg", widgets.TopicHome)
	if got := boxesOn(w.Get("/", "ada")); got != before {
		t.Errorf("without the store, boxes = %q, want %q still", got, before)
	}
	w.Agent("bea", "bourg")
	if got := w.Do("GET", "/", "bea", nil).StatusCode; got < 500 {
		t.Errorf("a page never made before = %d without the store, want an error", got)
	}
}

func TestWhatWaitsIsTheOneRaisedSheet(t *testing.T) {
	waiting := newBox("todo", widgets.ScopeAgent)
	waiting.manifest.First = true
	page := one(t, waiting, newBox("news", widgets.ScopeAgent)).Get("/", "ada")
	for id, class := range map[string]string{"todo": "box first", "news": "box"} {
		if !strings.Contains(page, `class="`+class+`" id="box-`+id+`"`) {
			t.Errorf("the box %s is not a %q", id, class)
		}
	}
}

func TestEverySentenceOfTheTemplatesIsWritten(t *testing.T) {
	missing, err := one(t).Catalogue.Missing(widgets.Templates)
	if err != nil || len(missing) > 0 {
		t.Errorf("missing sentences: %v, %v", missing, err)
	}
}
