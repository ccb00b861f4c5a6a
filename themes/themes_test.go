package themes_test

import (
	"bytes"
	"html/template"
	"testing"

	"parvis/portal/i18n"
	"parvis/themes"
)

// look is the templates of one language, as a renderer makes them.
func look(t testing.TB, lang i18n.Language) (*template.Template, *themes.Assets) {
	t.Helper()
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	cat, err := i18n.Load(themes.Locales)
	if err != nil {
		t.Fatal(err)
	}
	missing, err := cat.Missing(themes.Templates)
	if err != nil || len(missing) > 0 {
		t.Fatalf("templates ask for %v, %v", missing, err)
	}
	tmpl := template.New("").Funcs(cat.Printer(lang).Funcs()).Funcs(themes.Funcs()).Funcs(template.FuncMap{"asset": assets.URL})
	tmpl, err = tmpl.ParseFS(themes.Templates, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	return tmpl, assets
}

func execute(t testing.TB, tmpl *template.Template, name string, data any) string {
	t.Helper()
	var b bytes.Buffer
	if err := tmpl.ExecuteTemplate(&b, name, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// safe marks a literal of these tests as mark-up.
func safe(html string) template.HTML { return template.HTML(html) }
