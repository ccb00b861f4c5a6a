package themes_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTheGuideNamesEveryIconAndClass(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	guide := read("../docs/interface.md")
	for _, match := range regexp.MustCompile(`id="i-([a-z-]+)"`).FindAllStringSubmatch(read("icons.svg"), -1) {
		if !regexp.MustCompile(`\b` + match[1] + `\b`).MatchString(guide) {
			t.Errorf("docs/interface.md doesn't name the icon %s", match[1])
		}
	}
	// The frame's own classes are no business of a page's author; c3 and c4 follow from c2.
	own := " seeing top town find tools nav skip foot links leave everywhere narrow-only key icon error grip held "
	for class := range classes(styles(t, assets(t))) {
		if !strings.Contains(own, " "+class+" ") && !regexp.MustCompile(`[^a-z-]`+class+`\b`).MatchString(guide) {
			t.Errorf("docs/interface.md doesn't name the class %s", class)
		}
	}
}
