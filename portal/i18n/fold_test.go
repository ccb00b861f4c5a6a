package i18n_test

import (
	"strings"
	"testing"

	"parvis/portal/i18n"
)

func TestFoldedTextsHaveNoAccentCaseNorSign(t *testing.T) {
	for typed, want := range map[string]string{
		"":                     "",
		"  -- ":                "",
		"Le Goff":              "le goff",
		"O'BRIEN-Martin":       "o brien martin",
		"Élise Œuvrard":        "elise oeuvrard",
		"Cœur d’Alène":         "coeur d alene",
		"agent.42@bourg.fr":    "agent 42 bourg fr",
		" Bureau 12, 2e étage": "bureau 12 2e etage",
	} {
		if got := i18n.Fold(typed); got != want {
			t.Errorf("Fold(%q) = %q, want %q", typed, got, want)
		}
	}
}

// FuzzFold holds that a text without accent is folded as it is beside one with an
// accent, which takes the longer way.
func FuzzFold(f *testing.F) {
	for _, text := range []string{"", "Le Goff", "a--b", "-", "Z9 z", "\x00é", "Agent de MAÎTRISE"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := i18n.Fold(text)
		if beside := strings.TrimSuffix(i18n.Fold(text+" é"), "e"); strings.TrimSuffix(beside, " ") != folded {
			t.Errorf("Fold(%q) = %q, and %q beside an accent", text, folded, beside)
		}
		if i18n.Fold(folded) != folded {
			t.Errorf("Fold(%q) = %q is folded again to %q", text, folded, i18n.Fold(folded))
		}
	})
}
