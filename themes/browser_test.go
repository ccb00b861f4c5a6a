package themes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"parvis/themes"
)

// browser opens a tab of headless Chromium. On a developer's machine without one the test is skipped, in CI it fails.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		if os.Getenv("CI") == "" && os.Getenv("PARVIS_TEST_ALL") == "" {
			t.Skip("no Chromium")
		}
		t.Fatal("no Chromium")
	}
	flags := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// value evaluates a JavaScript expression, a promise too.
func value[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	wait := true
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, func(p *runtime.EvaluateParams) { p.AwaitPromise = &wait }))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func run(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eventually waits for a JavaScript expression to be true, ten seconds at the most: late.js pauses.
func eventually(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for range 200 {
		if value[bool](t, ctx, "!!("+expression+")") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("never true: %s\nfocus on %s\nstatus %s", expression,
		value[string](t, ctx, `document.activeElement.outerHTML.slice(0, 200)`), value[string](t, ctx, `document.querySelector(".toast").outerHTML`))
}

// desk is a home page of three boxes that can be moved, kept by the server as a feature would.
type desk struct {
	t      *testing.T
	mu     sync.Mutex
	order  []string
	status string
	posts  int
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Header().Set("Content-Security-Policy", "default-src 'self'")
	switch r.URL.Path {
	case "/move":
		d.move(r)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case "/boxes/late":
		fmt.Fprint(w, `<section class="box" aria-labelledby="late-h"><h2 id="late-h">Météo</h2><p id="came">9 °C</p></section>`)
	case "/":
		fmt.Fprint(w, d.page())
	default:
		http.NotFound(w, r)
	}
}

func (d *desk) move(r *http.Request) {
	d.posts++
	box := r.PostFormValue("box")
	at := slices.Index(d.order, box)
	to := at
	switch r.PostFormValue("direction") {
	case "up":
		to--
	case "down":
		to++
	default:
		fmt.Sscan(r.PostFormValue("position"), &to)
		to--
	}
	d.order = slices.Insert(slices.Delete(d.order, at, at+1), to, box)
	d.status = fmt.Sprintf("%s, position %d sur 3", box, to+1)
}

func (d *desk) page() string {
	tmpl, _ := look(d.t, "fr")
	var b strings.Builder
	b.WriteString(`<div class="wrap"><h1>Accueil</h1><div class="desk editing"><div class="boxes" data-move="/move">`)
	for i, box := range d.order {
		disabled := map[bool]string{true: " disabled"}
		fmt.Fprintf(&b, `<section class="box" data-size="s" data-box="%[1]s" aria-labelledby="h-%[1]s"><div class="box-head"><h2 id="h-%[1]s">%[1]s</h2></div><p>…</p>
<form class="box-edit" method="post" action="/move" data-swap=".boxes"><input type="hidden" name="box" value="%[1]s"><button class="button" id="up-%[1]s" name="direction" value="up"%[2]s>Avancer</button><button class="button" id="down-%[1]s" name="direction" value="down"%[3]s>Reculer</button></form></section>`,
			box, disabled[i == 0], disabled[i == len(d.order)-1])
	}
	b.WriteString(`</div></div><section class="box" data-late="/boxes/late" aria-busy="true" aria-labelledby="l1"><h2 id="l1">Météo</h2></section>
<section class="box" id="never" data-late="/boxes/gone" aria-busy="true" aria-labelledby="l2"><h2 id="l2">Perdue</h2></section></div>`)
	frame := sampleFrame("home")
	if d.status != "" {
		frame.Flash = &themes.Flash{Text: d.status}
	}
	frame.Content = safe(b.String())
	return execute(d.t, tmpl, "frame", frame)
}

func TestThePageHelpsThoseWithJavaScript(t *testing.T) {
	d := &desk{t: t, order: []string{"agenda", "mail", "news"}}
	mux := http.NewServeMux()
	mux.Handle("/", d)
	mux.Handle(themes.Prefix, assets(t))
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx := browser(t)
	order := func(want string) string {
		return `[...document.querySelectorAll("[data-box]")].map(b => b.dataset.box).join(" ") === "` + want + `"`
	}
	run(t, ctx, chromedp.Navigate(server.URL))
	value[bool](t, ctx, `window.same = true`)

	t.Log("late boxes come, lost ones stop looking busy")
	eventually(t, ctx, `document.getElementById("came")`)

	t.Log("Ctrl+K goes to the search field; Escape closes the menu and gives focus back")
	run(t, ctx, chromedp.KeyEvent("k", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	eventually(t, ctx, `document.activeElement.id === "search"`)
	run(t, ctx, chromedp.Click("details.menu summary"), chromedp.KeyEvent(kb.Escape))
	eventually(t, ctx, `!document.querySelector("details.menu").open && document.activeElement.matches("summary")`)

	t.Log("a move keeps the page, the focus and says what happened")
	run(t, ctx, chromedp.Focus("#down-agenda"), chromedp.KeyEvent(kb.Enter))
	eventually(t, ctx, order("mail agenda news")+` && document.activeElement.id === "down-agenda" && window.same`)
	eventually(t, ctx, `document.querySelector(".toast p").textContent === "agenda, position 2 sur 3"`)

	t.Log("a button that has become useless hands its focus to its neighbour")
	run(t, ctx, chromedp.KeyEvent(kb.Enter))
	eventually(t, ctx, order("mail news agenda")+` && document.activeElement.id === "up-agenda"`)

	t.Log("a box follows the mouse by its handle")
	value[any](t, ctx, `(() => {
		const grip = document.querySelector("[data-box=agenda] .grip"), over = document.querySelector("[data-box=mail]"), transfer = new DataTransfer();
		const fire = (node, type) => node.dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: transfer}));
		fire(grip, "dragstart"); fire(over, "dragover"); fire(over, "drop"); fire(grip, "dragend");
	})()`)
	eventually(t, ctx, order("agenda mail news")+` && document.querySelector(".toast p").textContent === "agenda, position 1 sur 3" && window.same`)
	eventually(t, ctx, `document.querySelectorAll(".grip").length === 3 && !document.querySelector("body > form")`)

	t.Log("Escape closes the sentence")
	run(t, ctx, chromedp.KeyEvent(kb.Escape))
	eventually(t, ctx, `!document.querySelector(".toast").hasChildNodes()`)
	eventually(t, ctx, `!document.getElementById("never").hasAttribute("aria-busy")`)
	if d.posts != 3 {
		t.Errorf("%d posts, want 3", d.posts)
	}
}

func TestEveryPageFitsThePhoneAndPassesAxe(t *testing.T) {
	axe, err := os.ReadFile("../e2e/node_modules/axe-core/axe.min.js")
	if err != nil && (os.Getenv("CI") != "" || os.Getenv("PARVIS_TEST_ALL") != "") {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, file := range samplePages(t) {
		pages["/"+filepath.Base(file)] = renderSample(t, file, func(f *themes.Frame) {
			f.Flash = &themes.Flash{Text: "Congé accordé.", ActionLabel: "Annuler", ActionHref: "/undo"}
		})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		fmt.Fprint(w, strings.Replace(pages[r.URL.Path], `lang="fr"`, `lang="fr" data-scheme="`+r.URL.RawQuery+`"`, 1))
	})
	mux.Handle(themes.Prefix, assets(t))
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx := browser(t)
	for path := range pages {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{320, 768, 1366} {
				run(t, ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(server.URL+path+"?"+scheme))
				if wide := value[string](t, ctx, overflow); wide != "" {
					t.Errorf("%s at %d px scrolls sideways: %s", path, width, wide)
				}
				if axe == nil || width == 768 {
					continue
				}
				eventually(t, ctx, `document.querySelector(".toast button")`)
				value[any](t, ctx, `for (const menu of document.querySelectorAll("details")) menu.open = true`)
				for _, violation := range violations(t, ctx, string(axe)) {
					t.Errorf("%s %s at %d px: %s", path, scheme, width, violation)
				}
			}
		}
	}
}

// overflow names the first element that sticks out of the window outside a scrolling region.
const overflow = `document.documentElement.scrollWidth <= innerWidth ? "" : ([...document.querySelectorAll("main *, header *, footer *")]
	.find(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .vh"))?.outerHTML ?? "?").slice(0, 200)`

func violations(t *testing.T, ctx context.Context, axe string) []string {
	t.Helper()
	value[any](t, ctx, axe+"; null")
	answer := value[string](t, ctx, `axe.run().then(r => JSON.stringify(r.violations.map(v =>
		v.id + ": " + v.nodes.map(n => n.html.slice(0, 120) + " " + (n.any[0]?.message ?? "")).slice(0, 3).join(" | "))))`)
	var list []string
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		t.Fatal(err)
	}
	return list
}
