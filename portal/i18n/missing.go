package i18n

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"text/template/parse"
)

// Missing lists what the .html templates of source ask from the catalogue and don't get, as "file.html: key", in file
// order: a key of t, th or n that doesn't exist, or n used on a sentence without plural. Keys that a template computes
// are out of its reach. It is meant for each feature's tests.
func (c *Catalogue) Missing(source fs.FS) ([]string, error) {
	var missing []string
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".html" {
			return err
		}
		text, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		trees := map[string]*parse.Tree{}
		tree := parse.New(name)
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(string(text), "", "", trees); err != nil {
			return err
		}
		trees[name] = tree
		found := map[string]bool{}
		for _, tree := range trees {
			c.walk(reflect.ValueOf(tree.Root), func(key string) { found[key] = true })
		}
		for _, key := range slices.Sorted(maps.Keys(found)) {
			missing = append(missing, name+": "+key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("i18n: missing keys: %w", err)
	}
	return missing, nil
}

// walk follows every node below v and reports the keys that the catalogue lacks. Reflection follows nodes of any kind,
// so a new kind of block can't hide a key.
func (c *Catalogue) walk(v reflect.Value, report func(key string)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() || v.Type() == reflect.TypeFor[*parse.Tree]() {
			return
		}
		if command, ok := v.Interface().(*parse.CommandNode); ok {
			c.check(command, report)
		}
		c.walk(v.Elem(), report)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.walk(v.Field(i), report)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.walk(v.Index(i), report)
		}
	}
}

func (c *Catalogue) check(command *parse.CommandNode, report func(key string)) {
	if len(command.Args) < 2 {
		return
	}
	function, ok1 := command.Args[0].(*parse.IdentifierNode)
	key, ok2 := command.Args[1].(*parse.StringNode)
	if !ok1 || !ok2 {
		return
	}
	m := c.printers[French].messages[key.Text]
	switch function.Ident {
	case "t", "th":
		if m == nil {
			report(key.Text)
		}
	case "n":
		if m == nil || !m.plural {
			report(key.Text)
		}
	}
}
