package demo

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"
)

// matter is a Markdown file of this package: lines "key: value" between two "---" lines, then
// the body.
type matter struct {
	path  string // inside the embedded folder: "documents/bourg/budget/note.txt.md"
	field map[string]string
	body  string
}

// matters reads every Markdown file under root, in path order. It panics on a malformed file:
// files are compiled in, so that is a mistake of ours which the tests find.
func matters(files fs.FS, root string) []matter {
	var all []matter
	err := fs.WalkDir(files, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".md" {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		m, err := parseMatter(name, string(text))
		all = append(all, m)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err))
	}
	return all
}

func parseMatter(name, text string) (matter, error) {
	rest, opened := strings.CutPrefix(text, "---\n")
	head, body, closed := strings.Cut(rest, "\n---\n")
	if !opened || !closed {
		return matter{}, fmt.Errorf("%s: no heading between two --- lines", name)
	}
	m := matter{path: name, field: map[string]string{}, body: strings.TrimSpace(body) + "\n"}
	for line := range strings.Lines(head) {
		key, value, found := strings.Cut(line, ":")
		if !found {
			return matter{}, fmt.Errorf("%s: heading line %q has no colon", name, line)
		}
		m.field[key] = strings.TrimSpace(value)
	}
	return m, nil
}

// day reads a field such as "date: 2026-10-08".
func (m matter) day(key string) time.Time {
	t, err := time.Parse(time.DateOnly, m.field[key])
	if err != nil {
		panic(fmt.Sprintf("demo: %s: %s: %v", m.path, key, err))
	}
	return t
}
