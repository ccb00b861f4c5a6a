package i18n_test

import (
	"html/template"
	"strings"
	"testing"

	"parvis/portal/i18n"
)

func render(t *testing.T, p *i18n.Printer, page string, data any) string {
	t.Helper()
	tmpl, err := template.New("page").Funcs(p.Funcs()).Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
