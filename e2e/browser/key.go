package browser

import (
	"strings"

	"github.com/chromedp/chromedp"
)

// splitKey parts "Control+Shift+k" into its modifiers and its key.
func splitKey(name string) ([]chromedp.Modifier, string) {
	var modifiers []chromedp.Modifier
	for {
		modifier, rest, ok := strings.Cut(name, "+")
		code, known := modifierKeys[modifier]
		if !ok || !known || rest == "" {
			return modifiers, name
		}
		modifiers, name = append(modifiers, code), rest
	}
}

var modifierKeys = map[string]chromedp.Modifier{
	"Shift": chromedp.ModifierShift, "Control": chromedp.ModifierCtrl, "Alt": chromedp.ModifierAlt, "Meta": chromedp.ModifierMeta,
}
