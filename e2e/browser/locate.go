package browser

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// byLabel finds the field of a label, by its text or its aria-label.
const byLabel = `(text => { const fold = s => (s ?? '').replace(/\s+/g, ' ').trim();
	const label = [...document.querySelectorAll('label')].find(l => fold(l.innerText) === text) ??
		[...document.querySelectorAll('label')].find(l => fold(l.innerText).startsWith(text));
	return label?.control ?? [...document.querySelectorAll('input,select,textarea')].find(e => fold(e.ariaLabel) === text) ?? null;
})`

// byText finds what can be pressed by its name: first those in view of a person, exact before partial.
const byText = `(text => { const fold = s => (s ?? '').replace(/\s+/g, ' ').trim();
	const all = [...document.querySelectorAll('a,button,summary,input[type=submit],[role=button],[role=link],[role=tab],[role=menuitem],[role=option]')]
		.filter(e => e.checkVisibility());
	const names = e => [fold(e.ariaLabel), fold(e.innerText), fold(e.value), fold(e.title)];
	return all.find(e => names(e).includes(text)) ?? all.find(e => names(e).some(n => n.includes(text))) ?? null;
})`

// find is a JavaScript expression for the element of a locator, null when it is not there.
func find(locator string) string {
	if text, ok := strings.CutPrefix(locator, "label="); ok {
		return fmt.Sprintf("(%s(%s))", byLabel, quote(text))
	}
	if text, ok := strings.CutPrefix(locator, "text="); ok {
		return fmt.Sprintf("(%s(%s))", byText, quote(text))
	}
	return fmt.Sprintf("document.querySelector(%s)", quote(locator))
}

// visible is a JavaScript expression that tells whether a person can see the element.
func visible(locator string) string {
	return fmt.Sprintf("(%s?.checkVisibility() ?? false)", find(locator))
}

func selector(locator string) chromedp.JSPath { return chromedp.JSPath(find(locator)) }

// quote is a JavaScript string literal.
func quote(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(literal)
}
