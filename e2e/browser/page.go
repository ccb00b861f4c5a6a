package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// patience is how long a page may take to show what a test waits for.
const patience = 30 * time.Second

// Page is a private window with its own cookies: a person at a desk. Its methods fail the test that made
// it. At the end of that test, a console error, a refused resource or a request to a host that was never
// opened fails it too.
//
// A locator names an element as a person would, or by CSS:
//
//	"label=Adresse électronique"  the field with that label
//	"text=Se connecter"           the link, button or summary with that text or accessible name
//	"main > h1"                   the first element that a CSS selector finds
type Page struct {
	t      testing.TB
	ctx    context.Context
	width  int64
	height int64
	script bool // JavaScript runs
	events *events
}

// New opens a private window of 1366 × 768 CSS pixels, in French, light, with JavaScript, without
// animations.
func New(t testing.TB) *Page {
	t.Helper()
	p := &Page{t: t, events: newEvents(), script: true}
	ctx, cancel := chromedp.NewContext(start(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.events.listen))
	p.ctx = ctx
	t.Cleanup(func() {
		for _, problem := range p.Problems() {
			t.Errorf("browser: %s", problem)
		}
		cancel()
	})
	// the window lives as long as the context of its first action: here the test's, without a time limit
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("browser: open a window: %v", err)
	}
	p.Size(1366, 768)
	p.Scheme(false)
	p.Language("fr")
	return p
}

// Tab opens another tab of the same window: it shares the cookies, and the complaints.
func (p *Page) Tab() *Page {
	p.t.Helper()
	tab := *p
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithListener(p.events.listen))
	p.t.Cleanup(cancel)
	tab.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		p.t.Fatalf("browser: open a tab: %v", err)
	}
	tab.Size(1366, 768)
	tab.Scheme(false)
	tab.Language("fr")
	return &tab
}

// Open goes to an address and waits until it is loaded. Its host becomes one that the page may ask.
func (p *Page) Open(address string) {
	p.t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		p.t.Fatalf("browser: open %q: %v", address, err)
	}
	p.AllowHost(parsed.Host)
	p.do("open "+address, chromedp.Navigate(address))
}

// AllowHost lets pages ask a host beside those opened: a sign-in elsewhere, "127.0.0.1:40128".
func (p *Page) AllowHost(host string) { p.events.allowHost(host) }

// Allow forgives the problems that contain text: those that a test provokes.
func (p *Page) Allow(text string) { p.events.allow(text) }

// Problems are what went wrong so far in the pages seen: console errors and exceptions, violations of the
// content security policy, resources that failed, requests to other hosts.
func (p *Page) Problems() []string { return p.events.list() }

// Requests are the addresses that the window asked so far, in order.
func (p *Page) Requests() []string { return p.events.asked() }

// Size sets the window, in CSS pixels.
func (p *Page) Size(width, height int) {
	p.t.Helper()
	p.width, p.height = int64(width), int64(height)
	p.do("resize", chromedp.EmulateViewport(p.width, p.height))
}

// Scheme sets the preference for dark or light colours; animations stay off.
func (p *Page) Scheme(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// Language sets what the browser asks for: "fr" or "en".
func (p *Page) Language(tag string) {
	p.t.Helper()
	call(p, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": tag}})
}

// NoJavaScript turns scripts off for the pages opened from now on.
func (p *Page) NoJavaScript() {
	p.t.Helper()
	p.script = false
	p.setScripts(false)
}

func (p *Page) setScripts(run bool) {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
}

// Fill replaces a field's value by typing.
func (p *Page) Fill(locator, value string) {
	p.t.Helper()
	p.focus(locator)
	p.do("fill "+locator, evaluate(`document.activeElement.select && document.activeElement.select()`))
	if value == "" {
		p.Press("Delete")
		return
	}
	p.do("fill "+locator, chromedp.KeyEvent(value))
}

// Set gives a field a value that is not typed as text: a date "2026-11-21", a time "14:30", a colour.
func (p *Page) Set(locator, value string) {
	p.t.Helper()
	p.wait(locator)
	p.do("set "+locator, evaluate(fmt.Sprintf(`(e => { e.value = %s;
		e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); })(%s)`,
		quote(value), find(locator))))
}

// Select chooses an option of a list by its text.
func (p *Page) Select(locator, option string) {
	p.t.Helper()
	p.wait(locator)
	chosen := value[bool](p, fmt.Sprintf(`(e => { const o = [...e.options].find(o => o.label.trim() === %s);
		if (!o) return false; o.selected = true; e.dispatchEvent(new Event('input', {bubbles: true}));
		e.dispatchEvent(new Event('change', {bubbles: true})); return true; })(%s)`, quote(option), find(locator)))
	if !chosen {
		p.t.Fatalf("browser: %s has no option %q", locator, option)
	}
}

// Upload puts files in a file field.
func (p *Page) Upload(locator string, paths ...string) {
	p.t.Helper()
	p.do("upload in "+locator, chromedp.SetUploadFiles(selector(locator), paths))
}

// Click presses the mouse on the middle of an element, scrolled into view first.
func (p *Page) Click(locator string) {
	p.t.Helper()
	p.do("click "+locator, chromedp.Click(selector(locator), chromedp.NodeVisible))
}

// Follow clicks a link or a button that leads to another page and waits until that is loaded.
func (p *Page) Follow(locator string) {
	p.t.Helper()
	p.awaitLoad("follow "+locator, chromedp.Click(selector(locator), chromedp.NodeVisible))
}

// DragAndFollow takes an element by its upper left corner with the mouse, lets go of it where the column of one
// element and the row of another cross, and waits until the page that this leads to is loaded.
func (p *Page) DragAndFollow(from, column, row string) {
	p.t.Helper()
	p.wait(from)
	p.do("scroll to "+from, evaluate(find(from)+".scrollIntoView({block: 'center', inline: 'center'})"))
	corner := func(locator string) (box struct{ X, Y, Width, Height float64 }) {
		p.Evaluate(find(locator)+".getBoundingClientRect().toJSON()", &box)
		return box
	}
	taken, over, beside := corner(from), corner(column), corner(row)
	x, y := over.X+over.Width/2, beside.Y+beside.Height/2
	left := chromedp.ButtonType(input.MouseButtonLeft)
	p.do("take "+from, chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, taken.X+4, taken.Y+4, left, chromedp.ClickCount(1)))
	for _, part := range []float64{0.2, 0.6, 1, 1} { // a drag is begun, and each move answered, after a while
		time.Sleep(100 * time.Millisecond)
		p.do("drag "+from, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, taken.X+(x-taken.X)*part, taken.Y+(y-taken.Y)*part, left))
	}
	p.awaitLoad("let go of "+from, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x, y, left, chromedp.ClickCount(1)))
}

// PressAndFollow presses a key that leads to another page, as Enter in a form does, and waits until that
// is loaded.
func (p *Page) PressAndFollow(key string) {
	p.t.Helper()
	p.awaitLoad("press "+key, p.key(key))
}

func (p *Page) awaitLoad(what string, trigger chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, trigger)); err != nil {
		p.fail(what, err)
	}
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.do("reload", chromedp.Reload())
}

// Back goes to the page before.
func (p *Page) Back() {
	p.t.Helper()
	p.do("back", chromedp.NavigateBack())
}

// Text is what a person reads in an element: hidden text left out, white space folded.
func (p *Page) Text(locator string) string {
	p.t.Helper()
	p.wait(locator)
	return value[string](p, fmt.Sprintf(`%s.innerText.replace(/\s+/g, ' ').trim()`, find(locator)))
}

// Value is what a field holds.
func (p *Page) Value(locator string) string {
	p.t.Helper()
	p.wait(locator)
	return value[string](p, find(locator)+".value")
}

// Attribute is an attribute of an element, "" when it lacks it.
func (p *Page) Attribute(locator, name string) string {
	p.t.Helper()
	p.wait(locator)
	return value[string](p, fmt.Sprintf(`%s.getAttribute(%s) ?? ''`, find(locator), quote(name)))
}

// Count is how many elements a CSS selector finds.
func (p *Page) Count(css string) int {
	p.t.Helper()
	return value[int](p, fmt.Sprintf(`document.querySelectorAll(%s).length`, quote(css)))
}

// URL is the page's address.
func (p *Page) URL() string {
	p.t.Helper()
	return value[string](p, `location.href`)
}

// Title is the page's title.
func (p *Page) Title() string {
	p.t.Helper()
	return value[string](p, `document.title`)
}

// Source is the page's HTML as it stands now, scripts' changes included.
func (p *Page) Source() []byte {
	p.t.Helper()
	return []byte("<!DOCTYPE html>" + value[string](p, `document.documentElement.outerHTML`))
}

// MustSee waits until the page shows a text, white space folded.
func (p *Page) MustSee(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("see %q", text), sees(text))
}

// MustNotSee waits until the page does not show a text, which it may at first.
func (p *Page) MustNotSee(text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("no longer see %q", text), "!"+sees(text))
}

func sees(text string) string {
	return fmt.Sprintf(`(document.body?.innerText ?? '').replace(/\s+/g, ' ').includes(%s)`, quote(strings.Join(strings.Fields(text), " ")))
}

// Wait waits until an element is there and visible.
func (p *Page) Wait(locator string) {
	p.t.Helper()
	p.wait(locator)
}

// Gone waits until an element is not there, or not visible.
func (p *Page) Gone(locator string) {
	p.t.Helper()
	p.until(locator+" gone", "!"+visible(locator))
}

// Until waits until a JavaScript expression is true.
func (p *Page) Until(expression string) {
	p.t.Helper()
	p.until(expression, expression)
}

// Evaluate is the value of a JavaScript expression, decoded from JSON; a promise is awaited.
func (p *Page) Evaluate(expression string, into any) {
	p.t.Helper()
	raw := value[[]byte](p, expression)
	if err := json.Unmarshal(raw, into); err != nil {
		p.t.Fatalf("browser: %s: %v in %s", expression, err, raw)
	}
}

// Pictures is the folder where pictures of pages are kept, "" when nobody asks for any:
// no test reads them.
func Pictures() string { return os.Getenv("PARVIS_SHOTS") }

// Screenshot keeps the whole page as name.png in the folder Pictures, if there is one.
func (p *Page) Screenshot(name string) {
	p.t.Helper()
	if Pictures() == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.fail("screenshot "+name, err)
	}
	path := filepath.Join(Pictures(), name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		p.t.Fatalf("browser: %v", err)
	}
}
