package parvis_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// otherNames are what a thing of ours is never called in English.
var otherNames = map[string]string{
	"public bod": "collectivity", "local authorit": "collectivity", "town hall": "collectivity", "organization": "organisation", "agenda": "calendar",
}

// TestOneThingHasOneName in English; and an organisation is what vouches for a
// person elsewhere, "organisme", never a collectivity.
func TestOneThingHasOneName(t *testing.T) {
	read := 0
	for _, pattern := range []string{"*/locales/en.json", "*/*/locales/en.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			read++
			french := sentences(t, strings.Replace(file, "en.json", "fr.json", 1))
			for key, english := range sentences(t, file) {
				for other, name := range otherNames {
					if strings.Contains(english, other) {
						t.Errorf("%s: %s says %q, want %q", file, key, other, name)
					}
				}
				if strings.Contains(english, "organisation") && !strings.Contains(french[key], "organisme") {
					t.Errorf("%s: %s says organisation where the French does not say organisme", file, key)
				}
			}
		}
	}
	if read < 20 {
		t.Errorf("%d catalogues, want those of all features", read)
	}
}

// loose is punctuation that a line may begin with, away from its word.
var loose = regexp.MustCompile(`« | »| [;?!]| :(\s|$)`)

// TestFrenchPunctuationStaysWithItsWord: within quotation marks and before a colon
// stands a space that does not break, before ; ? and ! a narrow one.
func TestFrenchPunctuationStaysWithItsWord(t *testing.T) {
	for _, pattern := range []string{"*/locales/fr.json", "*/*/locales/fr.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			for key, sentence := range sentences(t, file) {
				if at := loose.FindStringIndex(sentence); at != nil {
					t.Errorf("%s: %s breaks a line at %q", file, key, sentence[max(0, at[0]-20):min(len(sentence), at[1]+20)])
				}
			}
		}
	}
}

// sentences are those of a catalogue in lower case, by key; the forms of a plural
// are one.
func sentences(t *testing.T, path string) map[string]string {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(readText(t, path)), &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for key, text := range raw {
		all[key] = strings.ToLower(string(text))
	}
	return all
}
