package forwardauth

import "testing"

func TestHeaderText(t *testing.T) {
	for text, want := range map[string]string{
		"agent@bourg.example": "agent@bourg.example",
		"Zoé Le Goff":         "Zo%C3%A9 Le Goff",
		"Voirie, Espaces":     "Voirie%2C Espaces", // a comma divides values
		"100 %":               "100 %25",
		"a\r\nParvis-User: b": "a%0D%0AParvis-User: b", // a line's end would begin another header
		"tab\tnul\x00del\x7f": "tab%09nul%00del%7F",
		"":                    "",
	} {
		if got := headerText(text); got != want {
			t.Errorf("headerText(%q) = %q, want %q", text, got, want)
		}
	}
}
