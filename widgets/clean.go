package widgets

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxText bounds a text of a content, in characters.
const maxText = 500

// clean returns a content that holds only what the contract allows, without
// keeping the memory of what it leaves out.
func clean(content Content, manifest Manifest) Content {
	content.Badge.Label = cleanText(content.Badge.Label)
	content.Badge.Count = max(0, content.Badge.Count)
	content.Notice.Text = cleanText(content.Notice.Text)
	content.Notice.Link = cleanLink(content.Notice.Link)
	if !slices.Contains([]Tone{Plain, Warn, Danger, Good}, content.Notice.Tone) {
		content.Notice.Tone = Plain
	}
	if !slices.Contains([]Layout{List, Times, Tiles}, content.Layout) {
		content.Layout = List
	}
	content.Figures = mapFirst(content.Figures, func(f Figure) Figure {
		return Figure{cleanText(f.Label), cleanText(f.Value), cleanText(f.Unit)}
	})
	content.Items = mapFirst(content.Items, func(i Item) Item { return cleanItem(i, manifest) })
	for i := range content.Items {
		if content.Layout == Tiles && content.Items[i].Icon == "" {
			content.Items[i].Icon = "apps"
		}
	}
	content.Table = cleanTable(content.Table)
	content.Search = cleanSearch(content.Search)
	content.Empty = Empty{cleanText(content.Empty.Title), cleanText(content.Empty.Text)}
	content.Links = slices.DeleteFunc(mapFirst(content.Links, cleanLink), func(l Link) bool { return l.URL == "" })
	content.Actions = cleanActions(content.Actions, manifest)
	return content
}

func cleanItem(item Item, manifest Manifest) Item {
	item.Title, item.Detail, item.Soon = cleanText(item.Title), cleanText(item.Detail), cleanText(item.Soon)
	item.When, item.Phone = cleanText(item.When), cleanText(item.Phone)
	if !safeLink(item.Link) {
		item.Link = ""
	}
	if !idPattern.MatchString(item.Icon) {
		item.Icon = ""
	}
	item.Actions = cleanActions(item.Actions, manifest)
	return item
}

func cleanTable(table *Table) *Table {
	if table == nil || len(table.Rows) == 0 {
		return nil
	}
	kept := &Table{Caption: cleanText(table.Caption), Columns: mapFirst(table.Columns, cleanText), Numbers: table.Numbers}
	for _, row := range table.Rows[:min(len(table.Rows), MaxItems)] {
		if len(row) == len(table.Columns) {
			kept.Rows = append(kept.Rows, mapFirst(row, cleanText))
		}
	}
	return kept
}

func cleanSearch(search *Search) *Search {
	if search == nil || !strings.HasPrefix(search.Path, "/") || !safeLink(search.Path) {
		return nil
	}
	return &Search{Path: search.Path, Label: cleanText(search.Label)}
}

func cleanLink(link Link) Link {
	if !safeLink(link.URL) {
		return Link{}
	}
	return Link{Text: cleanText(link.Text), URL: link.URL}
}

// cleanActions keeps the declared actions, with their declared fields.
func cleanActions(actions []Action, manifest Manifest) []Action {
	var kept []Action
	for _, action := range actions[:min(len(actions), MaxItems)] {
		declared, ok := manifest.action(action.Name)
		if !ok {
			continue
		}
		action.Text, action.About = cleanText(action.Text), cleanText(action.About)
		action.Values = Values{}.with(declared.Fields, action.Values)
		kept = append(kept, action)
	}
	return kept
}

// cleanText makes one line of valid text, without control characters and
// without the marks that turn the direction of what follows.
func cleanText(text string) string {
	if len(text) > utf8.UTFMax*maxText {
		text = text[:utf8.UTFMax*maxText]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if utf8.RuneCountInString(text) > maxText {
		text = string([]rune(text)[:maxText-1]) + "…"
	}
	return strings.TrimSpace(text)
}

// mapFirst applies f to at most MaxItems of a list, in a new one.
func mapFirst[T any](list []T, f func(T) T) []T {
	if len(list) == 0 {
		return nil
	}
	kept := make([]T, min(len(list), MaxItems))
	for i := range kept {
		kept[i] = f(list[i])
	}
	return kept
}

// empty says whether a content shows nothing but its title.
func (c Content) empty() bool {
	return c.Notice.Text == "" && len(c.Figures) == 0 && len(c.Items) == 0 && c.Table == nil && c.Search == nil
}

// weight is a rough size in bytes of a content with the fragment made of it,
// for the bound of the cache: structures, then texts as they are, as HTML and
// compressed.
func (c Content) weight() uint32 {
	size := 1500
	for _, item := range c.Items {
		size += 650 + 2*(len(item.Title)+len(item.Detail)+len(item.Link)) + 400*len(item.Actions)
	}
	for _, link := range c.Links {
		size += 100 + 2*(len(link.Text)+len(link.URL))
	}
	if c.Table != nil {
		size += 100 * len(c.Table.Rows) * len(c.Table.Columns)
	}
	return uint32(size)
}
