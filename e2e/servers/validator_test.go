package servers_test

import (
	"strings"
	"testing"

	"parvis/e2e/servers"
)

func TestValidatorTellsGoodPagesFromBadOnes(t *testing.T) {
	t.Parallel()
	validator := servers.HTMLValidator(t)
	const page = `<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Été</title></head><body><main><h1>Été</h1>%</main></body></html>`
	for _, c := range []struct {
		name, html, fault string // no fault: valid
	}{
		{"document", strings.Replace(page, "%", "<p>Bonjour</p>", 1), ""},
		{"document with a picture that says nothing", strings.Replace(page, "%", "<img src=a.png>", 1), "alt"},
		{"document with the same id twice", strings.Replace(page, "%", `<p id="a">1</p><p id="a">2</p>`, 1), "Duplicate ID"},
		{"fragment", `<section aria-labelledby="n"><h2 id="n">Actualités</h2><p>Rien de neuf.</p></section>`, ""},
		{"fragment with a stray end", `<section><h2>Actualités</h2></div></section>`, "Stray end tag"},
		{"fragment with a button in a link", `<a href="/"><button>Non</button></a>`, "must not appear as a descendant"},
	} {
		faults, err := validator.Check(t.Context(), []byte(c.html))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(faults, "\n")
		if c.fault == "" && got != "" || !strings.Contains(got, c.fault) {
			t.Errorf("%s: faults %q, want one with %q", c.name, got, c.fault)
		}
	}
}
