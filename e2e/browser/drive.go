package browser

import (
	"context"
	"fmt"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// do runs steps within patience.
func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.fail(what, err)
	}
}

// fail ends the test and tells what the page showed.
func (p *Page) fail(what string, err error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Second)
	defer cancel()
	seen, evalErr := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + '\n' + (document.body?.innerText ?? '').slice(0, 2000)`))
	if evalErr != nil {
		seen = evalErr.Error()
	}
	p.t.Fatalf("browser: %s: %v; the page shows:\n%s", what, err, seen)
}

// call sends one command to the tab.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.fail(command.Method, err)
	}
	return result
}

// value is the value of a JavaScript expression; a promise is awaited.
func value[T any](p *Page, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 4*patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.fail("evaluate "+shorten(expression), err)
	}
	return result
}

func shorten(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func evaluate(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](expression)
}

// until waits for a JavaScript expression to be true; a page that is being replaced is asked again.
func (p *Page) until(what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithDeadline(p.ctx, deadline)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		cancel()
		if err == nil && ok {
			return
		}
		if time.Now().After(deadline) {
			if err == nil {
				err = fmt.Errorf("not within %v", patience)
			}
			p.fail(what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *Page) wait(locator string) {
	p.t.Helper()
	p.until("find "+locator, visible(locator))
}

// focus gives an element the keyboard, as a click in it would.
func (p *Page) focus(locator string) {
	p.t.Helper()
	p.wait(locator)
	p.do("focus "+locator, evaluate(find(locator)+".focus()"))
}

// Focus gives an element the keyboard.
func (p *Page) Focus(locator string) {
	p.t.Helper()
	p.focus(locator)
}

// Focused describes the element that has the keyboard: `button "Déplacer vers le haut"`; "body" when
// none has.
func (p *Page) Focused() string {
	p.t.Helper()
	return value[string](p, `(e => e === document.body || !e ? 'body' : e.localName + ' ' +
		JSON.stringify((e.ariaLabel ?? e.labels?.[0]?.innerText ?? e.innerText ?? '').replace(/\s+/g, ' ').trim()))(document.activeElement)`)
}

// TabTo presses Tab until the element has the keyboard, at most 200 times.
func (p *Page) TabTo(locator string) {
	p.t.Helper()
	p.wait(locator)
	for range 200 {
		p.Press("Tab")
		if value[bool](p, find(locator)+" === document.activeElement") {
			return
		}
	}
	p.t.Fatalf("browser: Tab does not reach %s", locator)
}

// keys are the names of keys that type no character.
var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Space": " ", "Backspace": kb.Backspace, "Delete": kb.Delete,
	"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
	"Home": kb.Home, "End": kb.End, "PageUp": kb.PageUp, "PageDown": kb.PageDown,
}

// Press presses keys one after the other: "Tab", "Enter", "Shift+Tab", "Control+k", "é".
func (p *Page) Press(names ...string) {
	p.t.Helper()
	for _, name := range names {
		p.do("press "+name, p.key(name))
	}
}

// Type types a text where the keyboard is.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.do("type "+text, chromedp.KeyEvent(text))
}

func (p *Page) key(name string) chromedp.Action[chromedp.Void] {
	modifiers, key := splitKey(name)
	if code, ok := keys[key]; ok {
		key = code
	}
	return chromedp.KeyEvent(key, chromedp.KeyModifiers(modifiers...))
}
