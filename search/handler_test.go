package search_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/search"
	"parvis/search/bleveindex"
	"parvis/themes"
)

// people are the callers of the tests, by the value of a header.
var people = map[string]portal.Caller{
	"clerk":    {Account: "1", Agent: "clerk", Collectivity: "bourg"},
	"hr":       {Account: "2", Agent: "hr", Collectivity: "bourg", Groups: []portal.GroupID{"hr"}},
	"stranger": {Account: "3", Agent: "clerk", Collectivity: "agglo", Groups: []portal.GroupID{"hr"}, Rights: []portal.Right{portal.Admin}},
}

type byHeader struct{}

// Identify implements web.Identifier.
func (byHeader) Identify(r *http.Request) (*web.Identity, error) {
	caller, ok := people[r.Header.Get("X-Who")]
	if !ok {
		return nil, nil
	}
	return &web.Identity{
		Caller:       caller,
		Collectivity: web.Collectivity{ID: caller.Collectivity, Name: string(caller.Collectivity), Language: i18n.French},
		Language:     i18n.Language(r.Header.Get("X-Language")),
	}, nil
}

// site serves the search pages over an index.
type site struct {
	*web.Router
	index *bleveindex.Index
	lent  lent
}

// lent are the people whom bourg lends to agglo, as they may be seen.
type lent map[string]search.Document

func (l lent) Readable(_ context.Context, caller portal.Caller) ([]search.Other, error) {
	if caller.Collectivity != "agglo" || l == nil {
		return nil, nil
	}
	return []search.Other{{Reader: portal.Caller{Collectivity: "bourg"}, Name: "Bourg-sur-Loire"}}, nil
}

func (l lent) People(_ context.Context, reader portal.Caller, ids []string) (people []search.Document, err error) {
	for _, id := range ids {
		if person, shown := l[id]; shown && reader.Collectivity == "bourg" {
			people = append(people, person)
		}
	}
	return people, nil
}

func newSite(t testing.TB) *site {
	t.Helper()
	catalogue, err := i18n.Load(web.Locales, themes.Locales, search.Locales)
	if err != nil {
		t.Fatal(err)
	}
	missing, err := catalogue.Missing(search.Templates)
	if err != nil || len(missing) > 0 {
		t.Fatalf("sentences that nobody wrote: %v, %v", missing, err)
	}
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(catalogue, assets.URL, nil, search.Templates)
	if err != nil {
		t.Fatal(err)
	}
	router, err := web.NewRouter(web.Config{
		Identifier: byHeader{}, Renderer: renderer, Catalogue: catalogue, Log: quiet,
		Now: func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	index := bleveindex.New(t.TempDir(), quiet)
	t.Cleanup(func() {
		if err := index.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &site{router, index, lent{}}
	router.Mount(search.NewHandler(index, s.lent, renderer).Routes()...)
	return s
}

func (s *site) put(t testing.TB, collectivity portal.CollectivityID, docs ...search.Document) {
	t.Helper()
	var changes []search.Change
	for i := range docs {
		changes = append(changes, search.Change{Kind: docs[i].Kind, ID: docs[i].ID, Document: &docs[i]})
	}
	if err := s.index.Apply(t.Context(), collectivity, changes); err != nil {
		t.Fatal(err)
	}
	state, err := s.index.State(t.Context(), collectivity)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.index.SetFilled(t.Context(), collectivity, state.Making); err != nil {
		t.Fatal(err)
	}
}

// get returns a page as one person sees it.
func (s *site) get(t testing.TB, who, path string, header ...string) string {
	t.Helper()
	request := httptest.NewRequest("GET", path, nil)
	request.Header.Set("X-Who", who)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	text, err := io.ReadAll(recorder.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	if recorder.Code != http.StatusOK {
		t.Errorf("GET %s = %d: %s", path, recorder.Code, text)
	}
	return string(text)
}

func searchFor(text string, more ...string) string {
	values := url.Values{"q": {text}}
	for i := 0; i+1 < len(more); i += 2 {
		values.Set(more[i], more[i+1])
	}
	return "/search?" + values.Encode()
}

// holds says which of the texts a page should hold, and which, after "!", not.
func holds(t *testing.T, name, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		if not && strings.Contains(page, unwanted) {
			t.Errorf("%s holds %q", name, unwanted)
		}
		if !not && !strings.Contains(page, text) {
			t.Errorf("%s does not hold %q:\n%s", name, text, main(page))
		}
	}
}

// main is the inside of a page's <main>.
func main(page string) string {
	_, page, _ = strings.Cut(page, "<main")
	page, _, _ = strings.Cut(page, "</main>")
	return page
}

func town() []search.Document {
	return []search.Document{
		{
			Kind: search.KindDocument, ID: "rules", Title: "Règlement de la salle des fêtes", Unit: "Vie associative", Detail: "PDF, 6 pages",
			Body: "L’occupant restitue la salle propre. La caution est rendue sous huit jours.", URL: "/documents/rules", Icon: "i-file", Date: time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC),
		},
		{Kind: search.KindPerson, ID: "keeper", Title: "Paul Salle", Detail: "Gardien de salle", Body: "Gardien de salle", Phone: "+33261910142", Unit: "Services techniques", URL: "/directory/agents/keeper", Icon: "i-user"},
		{Kind: search.KindApplication, ID: "booking", Title: "Salles en ligne", URL: "https://salles.example/", Icon: "room", Summary: "Réserver une salle"},
		{Kind: search.KindDocument, ID: "secret", Title: "Salle blanche, dossier confidentiel", URL: "/documents/secret", Audience: []portal.GroupID{"hr"}, Unit: "Ressources secrètes"},
	}
}

func TestOneSearchPageShowsEverythingThatTheCallerMaySee(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", town()...)
	page := s.get(t, "clerk", searchFor("salle"))
	holds(t, "the page", page,
		"<h1>«\u00a0salle\u00a0»\u00a0: 3 résultats</h1>", `value="salle"`,
		"Règlement de la <mark>salle</mark> des fêtes", "L’occupant restitue la <mark>salle</mark> propre.",
		"Document · PDF, 6 pages · Vie associative · <time", "12\u00a0mars",
		`Paul <mark>Salle</mark>`, `Gardien de <mark>salle</mark> · <a class="nb"`, `href="tel:&#43;33261910142"`, "Appeler<span class=\"vh\"> Paul Salle</span>",
		`href="https://salles.example/" rel="noopener"`,
		`href="/search?kind=document&amp;q=salle"`, `href="/search?q=salle&amp;sort=date"`,
		"!confidentiel", "!secrètes", "!jamais")
	holds(t, "what the group sees", s.get(t, "hr", searchFor("salle")), "4 résultats", "confidentiel", "Ressources secrètes")
	holds(t, "one kind", s.get(t, "clerk", searchFor("salle", "kind", "person")), "1 résultat<", "Paul", "!Règlement", `aria-current="true">Personnes`)
	holds(t, "in English", s.get(t, "clerk", searchFor("salle"), "X-Language", "en"), "“salle”: 3 results", "Services techniques")
}

func TestAnotherCollectivityFindsNothingOnThePage(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", town()...)
	s.put(t, "agglo", search.Document{Kind: search.KindDocument, ID: "other", Title: "Tramway", URL: "/documents/other"})
	for _, text := range []string{"salle", "sallle", "confidentiel", "Paul", "02 61 91 01 42"} {
		holds(t, text, s.get(t, "stranger", searchFor(text)), "0 résultat<", "Rien de ce que vous pouvez consulter", "!rules", "!Vie associative", "!keeper")
		if got := s.get(t, "stranger", "/search/suggestions?q="+url.QueryEscape(text)); got != "" {
			t.Errorf("suggestions for %q: %s", text, got)
		}
	}
	holds(t, "agglo", s.get(t, "stranger", searchFor("tramway")), "1 résultat<", "/documents/other")
}

func TestATypingErrorIsCorrectedInASentence(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", town()...)
	holds(t, "a typing error", s.get(t, "clerk", searchFor("regelment des fetes")),
		"Résultats pour <a href=\"/search?q=r%C3%A8glement&#43;des&#43;fetes\"><b>règlement des fetes</b></a>, car rien ne correspond à «\u00a0regelment des fetes\u00a0».",
		"<mark>Règlement</mark>")
	holds(t, "accents", s.get(t, "clerk", searchFor("reglement")), "1 résultat<", "!Résultats pour")
	// "confidentiel" is a word that the clerk may not know of.
	holds(t, "a word of others", s.get(t, "clerk", searchFor("confidentil")), "0 résultat<", "!Résultats pour", "!confidentiel")
}

func TestNothingFoundSaysWhatToDo(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", town()...)
	holds(t, "nothing", s.get(t, "clerk", searchFor("tramway", "kind", "person")),
		"0 résultat<", `href="/search?q=tramway">Chercher partout`, "Tout l’annuaire", "!Affiner")
	holds(t, "no text", s.get(t, "clerk", "/search"), "<h1>Rechercher</h1>", `name="q"`, "!résultat<")
	holds(t, "an index being filled", s.get(t, "stranger", searchFor("salle")), "La recherche se reconstitue")
}

func TestPagesLinkToEachOtherAndKeepTheChoices(t *testing.T) {
	s := newSite(t)
	var docs []search.Document
	for i := range 25 {
		docs = append(docs, search.Document{Kind: search.KindArticle, ID: string(rune('a' + i)), Title: "Conseil municipal", URL: "/news/a"})
	}
	s.put(t, "bourg", docs...)
	holds(t, "page 3", s.get(t, "clerk", searchFor("conseil", "kind", "article", "page", "3")),
		"Résultats 21 à 25", `href="/search?kind=article&amp;page=2&amp;q=conseil" rel="prev"`, `aria-current="page"`,
		`href="/search?q=conseil"`, "!rel=\"next\"")
	holds(t, "a page too far", s.get(t, "clerk", searchFor("conseil", "page", "999")), "Résultats 21 à 25")
}

func TestSuggestionsAreAFragment(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", town()...)
	holds(t, "suggestions", s.get(t, "clerk", "/search/suggestions?q=sal"),
		`<ul class="suggestions">`, `href="/directory/agents/keeper"`, "Paul <mark>Salle</mark>", "!confidentiel", "!<html")
}

func TestSuggestionsAreKeptByNoBrowser(t *testing.T) {
	s := newSite(t)
	request := httptest.NewRequest("GET", "/search/suggestions?q=sal", nil)
	request.Header.Set("X-Who", "clerk")
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	if got := recorder.Header().Get("Cache-Control"); recorder.Code != http.StatusOK || got != "private, no-store" {
		t.Errorf("status %d, Cache-Control %q, want private, no-store: the next person at this desk may see less", recorder.Code, got)
	}
}

func TestHostileTextsShowAPage(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", search.Document{
		Kind: search.KindDocument, ID: "x", URL: "javascript:alert(1)",
		Title: `<script>alert("titre")</script> fête`, Body: `<img src=x onerror=alert(1)> fête </mark><b>`, Unit: `<i>unité</i>`,
	})
	holds(t, "hostile document", s.get(t, "clerk", searchFor("fête")), "1 résultat<", "&lt;script&gt;",
		"!<script>alert", "!<img", "!</mark><b>", "!<i>unité", "!href=\"javascript:")
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x>`, "é*(\\", "😀", strings.Repeat("é", 4096), "\x00\x01", "\xff\xfe", `"`, "«", "' OR 1=1 --",
		strings.Repeat("mot ", 2000), "%", "\u202e", "a\nb",
	} {
		holds(t, text, s.get(t, "clerk", searchFor(text)), "<h1>", "!<script>alert", "!<img src=x")
	}
	for _, path := range []string{
		"/search?q=fete&page=-1", "/search?q=fete&page=zzz", "/search?q=fete&kind=nothing", "/search?q=fete&period=never&sort=up", "/search?q=fete&unit=%00",
	} {
		holds(t, path, s.get(t, "clerk", path), "<h1>")
	}
}

func TestSearchIsForThoseWhoSignedIn(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/search?q=salle", "/search/suggestions?q=salle"} {
		recorder := httptest.NewRecorder()
		s.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
		if recorder.Code == http.StatusOK {
			t.Errorf("GET %s = 200 without a session", path)
		}
	}
}
