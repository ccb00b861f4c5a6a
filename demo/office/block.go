package office

import (
	"regexp"
	"strings"
)

// block is a piece of the text: one heading, paragraph, list or table.
type block struct {
	kind  kind
	level int        // of a heading: 2 or 3
	text  string     // of a heading or a paragraph
	items []string   // of a list
	rows  [][]string // of a table, the header first
}

type kind int

const (
	heading kind = iota
	paragraph
	bullets
	numbers
	table
)

var numbered = regexp.MustCompile(`^\d+\. `)

// parse reads the Markdown subset: blocks are separated by an empty line, except headings,
// which are a line of their own.
func parse(body string) []block {
	var blocks []block
	for chunk := range strings.SplitSeq(strings.TrimSpace(body), "\n\n") {
		lines := strings.Split(strings.Trim(chunk, "\n"), "\n")
		for len(lines) > 0 && strings.HasPrefix(lines[0], "##") {
			mark, text, _ := strings.Cut(lines[0], " ")
			blocks = append(blocks, block{kind: heading, level: len(mark), text: text})
			lines = lines[1:]
		}
		if len(lines) > 0 && lines[0] != "" {
			blocks = append(blocks, parseChunk(lines))
		}
	}
	return blocks
}

func parseChunk(lines []string) block {
	switch {
	case strings.HasPrefix(lines[0], "|"):
		return block{kind: table, rows: parseRows(lines)}
	case strings.HasPrefix(lines[0], "- "):
		return block{kind: bullets, items: parseItems(lines, func(line string) (string, bool) { return strings.CutPrefix(line, "- ") })}
	case numbered.MatchString(lines[0]):
		return block{kind: numbers, items: parseItems(lines, func(line string) (string, bool) {
			mark := numbered.FindString(line)
			return line[len(mark):], mark != ""
		})}
	}
	return block{kind: paragraph, text: strings.Join(lines, " ")}
}

// parseItems starts an item at each mark; a line without one continues the item before.
func parseItems(lines []string, cut func(string) (string, bool)) []string {
	var items []string
	for _, line := range lines {
		if text, marked := cut(line); marked {
			items = append(items, text)
		} else {
			items[len(items)-1] += " " + strings.TrimSpace(line)
		}
	}
	return items
}

func parseRows(lines []string) [][]string {
	var rows [][]string
	for _, line := range lines {
		inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
		cells := strings.Split(inner, "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if strings.Trim(cells[0], "-:") == "" && cells[0] != "" {
			continue // the line of dashes under the header
		}
		rows = append(rows, cells)
	}
	return rows
}

// strong says whether a table's row is its header or its total.
func strong(rows [][]string, n int) bool { return n == 0 || plain(rows[n][0]) == "Total" }

// run is a stretch of text in one weight.
type run struct {
	text string
	bold bool
}

// runs cuts a text at its ** marks.
func runs(text string) []run {
	var all []run
	for i, part := range strings.Split(text, "**") {
		if part != "" {
			all = append(all, run{text: part, bold: i%2 == 1})
		}
	}
	return all
}

// plain is a text without its ** marks.
func plain(text string) string { return strings.ReplaceAll(text, "**", "") }
