package office

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

func writeHTML(s Source) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n</head>\n<body>\n<header><p>%s, %s</p></header>\n<main>\n<h1>%[1]s</h1>\n",
		html.EscapeString(s.Title), html.EscapeString(s.Issuer), frenchDate(s.Date))
	htmlBlocks(&out, s.Body)
	out.WriteString("</main>\n</body>\n</html>\n")
	return out.Bytes()
}

func htmlBlocks(out *bytes.Buffer, body string) {
	for _, b := range parse(body) {
		switch b.kind {
		case heading:
			fmt.Fprintf(out, "<h%d>%s</h%[1]d>\n", b.level, htmlText(b.text))
		case paragraph:
			fmt.Fprintf(out, "<p>%s</p>\n", htmlText(b.text))
		case bullets:
			htmlList(out, "ul", b.items)
		case numbers:
			htmlList(out, "ol", b.items)
		case table:
			htmlTable(out, b.rows)
		}
	}
}

func htmlList(out *bytes.Buffer, tag string, items []string) {
	fmt.Fprintf(out, "<%s>\n", tag)
	for _, item := range items {
		fmt.Fprintf(out, "<li>%s</li>\n", htmlText(item))
	}
	fmt.Fprintf(out, "</%s>\n", tag)
}

func htmlTable(out *bytes.Buffer, rows [][]string) {
	out.WriteString("<table>\n")
	for i, row := range rows {
		open, shut := "<td>", "</td>"
		if i == 0 {
			open, shut = `<th scope="col">`, "</th>"
		}
		out.WriteString("<tr>")
		for _, cell := range row {
			out.WriteString(open + htmlText(cell) + shut)
		}
		out.WriteString("</tr>\n")
	}
	out.WriteString("</table>\n")
}

func htmlText(text string) string {
	var out strings.Builder
	for _, r := range runs(text) {
		if r.bold {
			out.WriteString("<strong>" + html.EscapeString(r.text) + "</strong>")
		} else {
			out.WriteString(html.EscapeString(r.text))
		}
	}
	return out.String()
}
