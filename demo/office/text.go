package office

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// width is where lines of plain text are folded, in characters.
const width = 78

var months = [12]string{
	"janvier", "février", "mars", "avril", "mai", "juin", "juillet",
	"août", "septembre", "octobre", "novembre", "décembre",
}

// frenchDate writes "8 octobre 2026" and "1er octobre 2026".
func frenchDate(t time.Time) string {
	ordinal := ""
	if t.Day() == 1 {
		ordinal = "er"
	}
	return fmt.Sprintf("%d%s %s %d", t.Day(), ordinal, months[t.Month()-1], t.Year())
}

func writeTXT(s Source) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s\n%s\n\n%s, %s\n\n", s.Title, strings.Repeat("=", utf8.RuneCountInString(s.Title)), s.Issuer, frenchDate(s.Date))
	textBlocks(&out, s.Body)
	return out.Bytes()
}

func textBlocks(out *bytes.Buffer, body string) {
	for _, b := range parse(body) {
		switch b.kind {
		case heading:
			fmt.Fprintf(out, "%s\n%s\n\n", b.text, strings.Repeat("-", utf8.RuneCountInString(b.text)))
		case paragraph:
			fold(out, "", "", plain(b.text))
			out.WriteString("\n")
		case bullets:
			for _, item := range b.items {
				fold(out, "- ", "  ", plain(item))
			}
			out.WriteString("\n")
		case numbers:
			for i, item := range b.items {
				fold(out, fmt.Sprintf("%d. ", i+1), "   ", plain(item))
			}
			out.WriteString("\n")
		case table:
			textTable(out, b.rows)
		}
	}
}

// fold writes a text in lines of at most width characters, cut at ordinary spaces only: the
// unbreakable ones of French typography hold.
func fold(out *bytes.Buffer, first, next, text string) {
	line, indent := first, true
	for word := range strings.SplitSeq(text, " ") {
		if !indent && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			out.WriteString(line + "\n")
			line, indent = next, true
		}
		if !indent {
			line += " "
		}
		line += word
		indent = false
	}
	out.WriteString(line + "\n")
}

func textTable(out *bytes.Buffer, rows [][]string) {
	widths := make([]int, columns(rows))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(plain(cell)))
		}
	}
	end := atEnd(rows)
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			text := plain(cell)
			blank := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if end[i] {
				text, blank = blank+text, ""
			}
			line += text + blank + "  "
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	out.WriteString("\n")
}

// columns is the length of the longest row.
func columns(rows [][]string) int {
	n := 0
	for _, row := range rows {
		n = max(n, len(row))
	}
	return n
}
