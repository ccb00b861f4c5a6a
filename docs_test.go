package parvis_test

import (
	"os"
	"path/filepath"
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

// TestEveryRecipeIsShownAndRun: the operator's guide leads to each file of
// docs/recipes, and the real servers of the tests start with it.
func TestEveryRecipeIsShownAndRun(t *testing.T) {
	guide, servers := readText(t, "docs/operator.md"), ""
	sources, err := filepath.Glob("e2e/servers/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		servers += readText(t, source)
	}
	recipes, err := filepath.Glob("docs/recipes/*")
	if err != nil || len(recipes) == 0 {
		t.Fatalf("%d recipes, %v", len(recipes), err)
	}
	for _, path := range recipes {
		name := filepath.Base(path)
		if !strings.Contains(guide, "(recipes/"+name+")") {
			t.Errorf("docs/operator.md does not lead to recipes/%s", name)
		}
		if !strings.Contains(servers, `recipe("`+name+`"`) {
			t.Errorf("no server of the tests runs recipes/%s", name)
		}
	}
}
