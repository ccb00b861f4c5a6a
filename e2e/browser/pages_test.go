package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// goodStyle is plain and keeps every rule.
const goodStyle = `body{font:1rem/1.5 sans-serif;margin:1rem;color:#222;background:#fff}
a{color:#0b4f9e}button,input,select{font:inherit;min-height:2.5rem;max-width:100%}
a:focus-visible,button:focus-visible,input:focus-visible,select:focus-visible,summary:focus-visible{outline:3px solid #0b4f9e;outline-offset:2px}
.skip{position:absolute;left:-100vw}.skip:focus{left:1rem}
@media (prefers-color-scheme:dark){body{color:#eee;background:#111}a{color:#9cf}}`

const goodBody = `<a class="skip" href="#main">Aller au contenu</a>
<header><p>Mairie de Bourg, <a href="/other">un lien</a> dans une phrase.</p></header>
<main id="main"><h1>Bonjour Hélène</h1>
<form action="/saved" method="post">
<p><label for="name">Nom</label> <input id="name" name="name" autocomplete="name"></p>
<p><label for="unit">Service</label> <select id="unit" name="unit"><option>Finances</option><option>Urbanisme</option></select></p>
<p><label for="day">Jour</label> <input id="day" name="day" type="date"></p>
<p><label for="file">Pièce</label> <input id="file" name="file" type="file"></p>
<p><input type="checkbox" id="ok" name="ok"> <label for="ok">D’accord</label></p>
<p><button>Enregistrer</button> <button type="button" id="count">Compter</button> <output id="n">0</output></p>
</form></main>`

// site serves the pages of the tests under a strict policy: the good page at /, what a test gives at
// /bad, the form's values at /saved.
func site(t *testing.T, body, style string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, document(goodBody, "good.css")) })
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, document(body, "bad.css")) })
	mux.HandleFunc("GET /other", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, document("<main><h1>Ailleurs en "+r.Header.Get("Accept-Language")+"</h1></main>", "good.css"))
	})
	mux.HandleFunc("POST /saved", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, document(fmt.Sprintf("<main><h1>%s, %s, %s, %s</h1></main>", r.FormValue("name"), r.FormValue("unit"), r.FormValue("day"), r.FormValue("ok")), "good.css"))
	})
	for name, text := range map[string]string{"good.css": goodStyle, "bad.css": goodStyle + style} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprint(w, text)
		})
	}
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /script.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `document.querySelector('#count')?.addEventListener('click', () => document.querySelector('#n').value++);
			if (document.querySelector('#log')) console.error('oups', 3); if (document.querySelector('#throw')) throw new Error('cassé')`)
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' http:")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func document(body, style string) string {
	return `<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Page</title><link rel="stylesheet" href="/` + style + `"><script src="/script.js" defer></script></head><body>` + body + `</body></html>`
}

func TestGoodPageHasNoFault(t *testing.T) {
	t.Parallel()
	for _, dark := range []bool{false, true} {
		p := New(t)
		p.Scheme(dark)
		p.Open(site(t, "", ""))
		p.Axe(t)
		p.Geometry(t)
		HTML(t, p.Source())
		if got := value[int](p, "innerWidth"); got != 1366 {
			t.Errorf("width after Geometry = %d, want 1366", got)
		}
	}
}

func TestBadPagesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body, style string
		faults            func(*Page) []string
		want              string
	}{
		{"picture without text", `<main><h1>A</h1><img src="/favicon.ico"></main>`, "", axe(t), "image-alt"},
		{"weak contrast", `<main><h1>A</h1><p id="p">pâle</p></main>`, "#p{color:#bbb}", axe(t), "color-contrast"},
		{"no heading", `<main><p>A</p></main>`, "", axe(t), "page-has-heading-one"},
		{"RGAA criterion named", `<main><h1>A</h1><input></main>`, "", axe(t), "RGAA-11.1.1"},
		{"wide box", `<main><h1>A</h1><div id="w">x</div></main>`, "#w{width:40rem}", (*Page).geometryFaults, `reflow at 320 × 256`},
		{
			"fixed height", `<main><h1>A</h1><p id="h">Une phrase qui tient tout juste</p></main>`,
			"#h{height:1.25rem;line-height:1.25rem;overflow:hidden}", (*Page).geometryFaults, "text spacing: text cut off in <p#h>",
		},
		{
			"fixed width", `<main><h1>A</h1><p id="h">Une phrase</p></main>`,
			"#h{width:90px;white-space:nowrap;overflow:hidden}", (*Page).geometryFaults, "text at 200 %: text cut off in <p#h>",
		},
		{
			"small target", `<main><h1>A</h1><button id="b">×</button></main>`,
			"#b{min-height:0;height:20px;width:20px;padding:0}", (*Page).geometryFaults, "under 24: <button#b>",
		},
		{
			"no focus ring", `<main><h1>A</h1><button id="b">Ici</button></main>`,
			"#b:focus-visible{outline:none}", (*Page).geometryFaults, "focus not visible: <button#b>",
		},
		{
			"focus under a bar", `<main><h1>A</h1><a href="/" id="a">Ici</a><div id="bar">Barre</div></main>`,
			"#bar{position:fixed;inset:0;background:#eee}", (*Page).geometryFaults, "focus covered by <div#bar>",
		},
		{"inline script", `<main><h1>A</h1></main><script>document.title = 'x'</script>`, "", (*Page).Problems, "Content Security Policy"},
		{"console error", `<main><h1 id="log">A</h1></main>`, "", (*Page).Problems, "console error: oups 3"},
		{"exception", `<main><h1 id="throw">A</h1></main>`, "", (*Page).Problems, "cassé"},
		{"missing picture", `<main><h1>A</h1><img src="/none.png" alt="x"></main>`, "", (*Page).Problems, "/none.png: status 404"},
		{"other host", `<main><h1>A</h1><img src="http://127.0.0.3:9/a.png" alt="x"></main>`, "", (*Page).Problems, "another host: http://127.0.0.3:9/a.png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := New(t)
			p.Open(site(t, c.body, c.style) + "/bad")
			found := strings.Join(c.faults(p), "\n")
			if !strings.Contains(found, c.want) {
				t.Errorf("faults = %q, want one with %q", found, c.want)
			}
			p.Allow("") // what is wrong here is meant to be
		})
	}
}

func axe(t *testing.T) func(*Page) []string {
	return func(p *Page) []string { return p.violations(t) }
}
