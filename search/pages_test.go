package search_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parvis/e2e/browser"
	"parvis/search"
	"parvis/themes"
)

// serve gives the site an address, where everybody is the clerk.
func (s *site) serve(t testing.TB) string {
	t.Helper()
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			assets.ServeHTTP(w, r)
			return
		}
		r.Header.Set("X-Who", "clerk")
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// library is the town and enough documents for three pages, some with long words.
func library() []search.Document {
	docs := town()
	for i := range 24 {
		docs = append(docs, search.Document{
			Kind: search.KindDocument, ID: fmt.Sprint("d", i), URL: "/documents/d" + fmt.Sprint(i),
			Title: fmt.Sprintf("Location de la salle polyvalente intercommunale Saint-Symphorien-sur-Coise, n° %d", i),
			Body:  strings.Repeat("La salle est louée aux associations. https://exemple.example/"+strings.Repeat("tres-long-chemin", 8)+" ", 3),
			Unit:  fmt.Sprint("Direction de l’éducation, de la jeunesse et de la vie associative ", i%9),
			Date:  time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC), Icon: "i-file", Detail: "PDF, 12 pages",
		})
	}
	return docs
}

func TestPagesAreValidAndAccessible(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", library()...)
	address := s.serve(t)
	p := browser.New(t)
	for _, page := range []struct{ name, path string }{
		{"start", "/search"},
		{"results", searchFor("salle")},
		{"corrected", searchFor("locaton", "kind", "document", "page", "2")},
		{"nothing", searchFor("tramway", "kind", "person")},
	} {
		p.Open(address + page.path)
		for _, size := range []struct{ width, height int }{{1366, 768}, {360, 740}} {
			p.Size(size.width, size.height)
			p.Axe(t)
			p.Screenshot(fmt.Sprintf("search/%s-%d", page.name, size.width))
		}
		p.Geometry(t)
		p.Scheme(true)
		p.Axe(t)
		p.Scheme(false)
		p.Size(1366, 768)
	}
}

func TestPagesAreValidHTML(t *testing.T) {
	s := newSite(t)
	s.put(t, "bourg", library()...)
	for _, path := range []string{
		"/search", searchFor("salle"), searchFor("salle", "kind", "person"), searchFor("sallex", "page", "2", "sort", "date"),
		searchFor("tramway"), searchFor(`<b>"&`), searchFor("salle", "unit", "Vie associative", "period", "year"),
		"/search/suggestions?q=sal",
	} {
		browser.HTML(t, []byte(s.get(t, "clerk", path)))
		browser.HTML(t, []byte(s.get(t, "clerk", path, "X-Language", "en")))
	}
}
