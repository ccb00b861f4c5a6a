package themes_test

import (
	"flag"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parvis/themes"
)

var samples = flag.String("samples", "", "folder where the sample pages are written, to be looked at in a browser")

// The pages of testdata show every component at work. They are read by authors of pages as much as by the tests.
func samplePages(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/pages/*.html")
	if err != nil || len(files) < 10 {
		t.Fatalf("sample pages: %d, %v", len(files), err)
	}
	return files
}

func sampleFrame(section string) themes.Frame {
	return themes.Frame{
		Title: "Accueil", Section: section, Lang: "fr", CollectivityName: "Bourg-sur-Loire", CollectivityLongName: "Mairie de Bourg-sur-Loire",
		Memberships: []themes.Membership{{ID: "aaaa", Name: "Bourg-sur-Loire", Current: true}, {ID: "bbbb", Name: "Syndicat des eaux du Val"}},
		PersonName:  "Claire Martin", SignedIn: true, Path: "/?a=1&b=2", UnreadTitle: "(6) ",
		Nav: []themes.NavItem{
			{Section: "home", Href: "/", Label: "Accueil", Icon: "home", Key: true},
			{Section: "calendar", Href: "/calendar", Label: "Agenda", Icon: "calendar", Key: true},
			{Section: "directory", Href: "/directory", Label: "Annuaire", Icon: "people", Key: true},
			{Section: "news", Href: "/news", Label: "Actualités", Icon: "news"},
			{Section: "documents", Href: "/documents", Label: "Documents", Icon: "folder"},
			{Section: "apps", Href: "/apps", Label: "Applications", Icon: "apps"},
		},
	}
}

func sectionOf(page string) string {
	for _, section := range []string{"calendar", "directory", "documents"} {
		if strings.HasPrefix(page, section) {
			return section
		}
	}
	if page == "article" {
		return "news"
	}
	if strings.HasPrefix(page, "home") {
		return "home"
	}
	return page
}

// renderSample gives a whole page as the renderer would send it.
func renderSample(t *testing.T, file string, change func(*themes.Frame)) string {
	t.Helper()
	tmpl, _ := look(t, "fr")
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if tmpl, err = tmpl.New("content").Parse(string(body)); err != nil {
		t.Fatal(err)
	}
	content := execute(t, tmpl, "content", map[string]any{
		"Summary": themes.Summary{Problems: []themes.Problem{{Field: "name", Text: "Donner un nom à l’appareil."}}},
		"Pages":   themes.Pages{Label: "Pages de la liste", Next: "/documents?page=2", Pages: []themes.Page{{1, "/documents", true}, {2, "/documents?page=2", false}}},
	})
	name := strings.TrimSuffix(filepath.Base(file), ".html")
	frame := sampleFrame(sectionOf(name))
	frame.Content = template.HTML(content)
	if change != nil {
		change(&frame)
	}
	if name == "sign-in" {
		frame.Nav, frame.SignedIn = nil, false
		return execute(t, tmpl, "gate", frame)
	}
	return execute(t, tmpl, "frame", frame)
}

func TestEveryPageIsStrictAboutWhatItLoads(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|<script[^>]*>[^<]|\son[a-z]+="|javascript:|https?://`)
	asset := regexp.MustCompile(`(?:src|href)="(/assets/[^"#]*)[#"]`)
	_, assets := look(t, "fr")
	known := map[string]bool{}
	for _, name := range assets.Names() {
		known[assets.URL(name)] = true
	}
	for _, file := range samplePages(t) {
		page := renderSample(t, file, nil)
		if found := inline.FindString(page); found != "" {
			t.Errorf("%s holds %q", file, found)
		}
		for _, match := range asset.FindAllStringSubmatch(page, -1) {
			if !known[match[1]] {
				t.Errorf("%s asks for %q, which is not served", file, match[1])
			}
		}
		if strings.Contains(page, "⟦") || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s holds a missing sentence or a refused address", file)
		}
		write(t, filepath.Base(file), page)
	}
}

func TestEveryIconThatAPageNamesIsDrawn(t *testing.T) {
	sprite, err := os.ReadFile("icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`#i-([a-z-]+)"`)
	for _, file := range samplePages(t) {
		for _, match := range used.FindAllStringSubmatch(renderSample(t, file, nil), -1) {
			if !strings.Contains(string(sprite), `id="i-`+match[1]+`"`) {
				t.Errorf("%s uses the icon %q", file, match[1])
			}
		}
	}
}

func TestTheFrameShowsWhereAndWhoOneIs(t *testing.T) {
	page := renderSample(t, "testdata/pages/home.html", func(f *themes.Frame) {
		f.Scheme, f.Query, f.Flash = "dark", `"><script>`, &themes.Flash{Text: "Boîte ajoutée.", ActionLabel: "Annuler", ActionHref: "/undo"}
		f.PersonName = "<b>Zoé</b>"
	})
	for _, want := range []string{
		`<html lang="fr" data-scheme="dark">`, `<title>(6) Accueil – Bourg-sur-Loire</title>`, `<a href="/" aria-current="page">`,
		`value="&#34;&gt;&lt;script&gt;"`, `&lt;b&gt;Zoé&lt;/b&gt;`, `role="status"`, `Boîte ajoutée.`, `<form method="post" action="/undo"><button class="button quiet">Annuler</button></form>`,
		`name="agent" value="bbbb"`, `action="/account/switch"`, `name="next" value="/?a=1&amp;b=2"`, `href="#content"`, `href="#search"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the frame lacks %s", want)
		}
	}
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("%d h1", n)
	}
}

func TestTheFrameHoldsWithNothingAndWithHostileData(t *testing.T) {
	for _, lang := range []string{"fr", "en"} {
		for _, name := range []string{"frame", "gate"} {
			tmpl, _ := look(t, "fr")
			if page := execute(t, tmpl, name, themes.Frame{Lang: lang}); !strings.Contains(page, "</html>") {
				t.Errorf("%s with nothing: %s", name, page)
			}
			evil := `"><img src=x onerror=alert(1)>{{`
			page := execute(t, tmpl, name, themes.Frame{
				Title: evil, Lang: lang, ThemeURL: "javascript:alert(1)", CollectivityName: evil, CollectivityLongName: evil, PersonName: evil, SignedIn: true,
				Path: evil, Query: evil, Nav: []themes.NavItem{{Href: "javascript:alert(1)", Label: evil, Icon: evil}},
				Memberships: []themes.Membership{{ID: evil, Name: evil}, {}}, Flash: &themes.Flash{Text: evil, ActionLabel: evil, ActionHref: "javascript:alert(1)"},
			})
			if strings.Contains(page, "<img") || strings.Contains(page, "javascript:") {
				t.Errorf("%s lets mark-up through", name)
			}
		}
	}
}

func TestComponentsWriteNothingWhenThereIsNothingToSay(t *testing.T) {
	tmpl, _ := look(t, "en")
	for name, data := range map[string]any{"summary": themes.Summary{}, "field-error": themes.FieldError{Field: "x"}, "pages": themes.Pages{Label: "x"}} {
		if got := strings.TrimSpace(execute(t, tmpl, name, data)); got != "" {
			t.Errorf("%s = %q", name, got)
		}
	}
	got := execute(t, tmpl, "summary", themes.Summary{Problems: []themes.Problem{{"a", "A is empty."}, {"", "B < A."}}})
	for _, want := range []string{"2 answers need correcting", `<a href="#a">A is empty.</a>`, "<li>B &lt; A.</li>"} {
		if !strings.Contains(got, want) {
			t.Errorf("summary lacks %s: %s", want, got)
		}
	}
	if got := execute(t, tmpl, "pill", themes.Pill{Kind: "good", Icon: "check", Text: "Free"}); !strings.Contains(got, `<span class="pill good">`) {
		t.Error(got)
	}
}

// write keeps a page and the assets it asks for when -samples names a folder.
func write(t *testing.T, name, page string) {
	t.Helper()
	if *samples == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*samples, name), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}
