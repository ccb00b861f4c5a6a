package parvis_test

import (
	"os"
	"strings"
	"testing"
)

// TestTheWorkedExampleIsTheCode keeps CONTRIBUTING.md from teaching what no
// longer compiles.
func TestTheWorkedExampleIsTheCode(t *testing.T) {
	guide := readText(t, "CONTRIBUTING.md")
	blocks := strings.Split(guide, "```")
	sources := readText(t, "almanac/widget.go") + readText(t, "almanac/widget_test.go") + readText(t, "almanac/locales/fr.json")
	found := 0
	for _, block := range blocks {
		language, code, _ := strings.Cut(block, "\n")
		if language != "go" && language != "json" {
			continue
		}
		found++
		if !strings.Contains(sources, strings.TrimSpace(code)) {
			t.Errorf("this example is not in almanac/:\n%s", code)
		}
	}
	if found != 3 {
		t.Errorf("CONTRIBUTING.md shows %d examples, want the widget, its text and its test", found)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
