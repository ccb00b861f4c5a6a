package office

import (
	"fmt"
	"strings"
	"time"
)

const odfNS = "urn:oasis:names:tc:opendocument:xmlns:"

var odfNamespaces = fmt.Sprintf(`xmlns:office="%[1]soffice:1.0" xmlns:text="%[1]stext:1.0" xmlns:table="%[1]stable:1.0" xmlns:style="%[1]sstyle:1.0" xmlns:fo="%[1]sxsl-fo-compatible:1.0" xmlns:meta="%[1]smeta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3"`, odfNS)

// writeODT writes a text document (OpenDocument 1.3 part 2, §3).
func writeODT(s Source) ([]byte, error) {
	const mime = "application/vnd.oasis.opendocument.text"
	return writeZip(
		part{name: "mimetype", content: mime, stored: true},
		part{name: "META-INF/manifest.xml", content: xmlHeader + `<manifest:manifest xmlns:manifest="` + odfNS + `manifest:1.0" manifest:version="1.3">` +
			`<manifest:file-entry manifest:full-path="/" manifest:media-type="` + mime + `"/>` +
			`<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>` +
			`<manifest:file-entry manifest:full-path="styles.xml" manifest:media-type="text/xml"/>` +
			`<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/></manifest:manifest>`},
		part{name: "content.xml", content: odtContent(s)},
		part{name: "styles.xml", content: odtStyles(s)},
		part{name: "meta.xml", content: xmlHeader + `<office:document-meta ` + odfNamespaces + `><office:meta><dc:title>` + xmlText(s.Title) + `</dc:title><dc:creator>` + xmlText(s.Issuer) +
			`</dc:creator><dc:date>` + s.Date.UTC().Format(time.RFC3339) + `</dc:date><dc:language>fr-FR</dc:language></office:meta></office:document-meta>`},
	)
}

func odtContent(s Source) string {
	var out strings.Builder
	out.WriteString(xmlHeader + `<office:document-content ` + odfNamespaces + `><office:automatic-styles>` +
		`<style:style style:name="Bold" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>` +
		`<style:style style:name="Cell" style:family="table-cell"><style:table-cell-properties fo:padding="0.1cm" fo:border-bottom="0.5pt solid #888888"/></style:style>` +
		`<text:list-style style:name="Bullets"><text:list-level-style-bullet text:level="1" text:bullet-char="•"><style:list-level-properties text:space-before="0.5cm" text:min-label-width="0.5cm"/></text:list-level-style-bullet></text:list-style>` +
		`<text:list-style style:name="Numbers"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."><style:list-level-properties text:space-before="0.5cm" text:min-label-width="0.6cm"/></text:list-level-style-number></text:list-style>` +
		`</office:automatic-styles><office:body><office:text>`)
	out.WriteString(`<text:p text:style-name="Title">` + xmlText(s.Title) + `</text:p>`)
	for i, b := range parse(s.Body) {
		odtBlock(&out, b, i)
	}
	return out.String() + `</office:text></office:body></office:document-content>`
}

func odtBlock(out *strings.Builder, b block, n int) {
	switch b.kind {
	case heading:
		level := b.level - 1
		fmt.Fprintf(out, `<text:h text:style-name="Heading_20_%d" text:outline-level="%[1]d">%s</text:h>`, level, odtRuns(b.text))
	case paragraph:
		out.WriteString(odtParagraph(b.text))
	case bullets, numbers:
		style := map[kind]string{bullets: "Bullets", numbers: "Numbers"}[b.kind]
		out.WriteString(`<text:list text:style-name="` + style + `">`)
		for _, item := range b.items {
			out.WriteString(`<text:list-item>` + odtParagraph(item) + `</text:list-item>`)
		}
		out.WriteString(`</text:list>`)
	case table:
		odtTable(out, b.rows, n)
	}
}

func odtTable(out *strings.Builder, rows [][]string, n int) {
	fmt.Fprintf(out, `<table:table table:name="Table%d"><table:table-column table:number-columns-repeated="%d"/>`, n, columns(rows))
	for i, row := range rows {
		out.WriteString(`<table:table-row>`)
		for c := range columns(rows) {
			cell := ""
			if c < len(row) {
				cell = row[c]
			}
			if strong(rows, i) && cell != "" {
				cell = "**" + plain(cell) + "**"
			}
			out.WriteString(`<table:table-cell table:style-name="Cell" office:value-type="string">` + odtParagraph(cell) + `</table:table-cell>`)
		}
		out.WriteString(`</table:table-row>`)
	}
	out.WriteString(`</table:table><text:p text:style-name="Standard"/>`)
}

func odtParagraph(text string) string {
	return `<text:p text:style-name="Standard">` + odtRuns(text) + `</text:p>`
}

func odtRuns(text string) string {
	var out strings.Builder
	for _, r := range runs(text) {
		if r.bold {
			out.WriteString(`<text:span text:style-name="Bold">` + xmlText(r.text) + `</text:span>`)
		} else {
			out.WriteString(xmlText(r.text))
		}
	}
	return out.String()
}

func odtStyles(s Source) string {
	style := func(name, display, margin, text string) string {
		return `<style:style style:name="` + name + `" style:display-name="` + display + `" style:family="paragraph"><style:paragraph-properties ` + margin + `/><style:text-properties ` + text + `/></style:style>`
	}
	return xmlHeader + `<office:document-styles ` + odfNamespaces + `><office:styles>` +
		style("Standard", "Standard", `fo:margin-bottom="0.2cm"`, `fo:font-size="11pt" fo:language="fr" fo:country="FR"`) +
		style("Title", "Title", `fo:margin-bottom="0.5cm"`, `fo:font-size="18pt" fo:font-weight="bold" fo:language="fr" fo:country="FR"`) +
		style("Heading_20_1", "Heading 1", `fo:margin-top="0.5cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"`, `fo:font-size="14pt" fo:font-weight="bold"`) +
		style("Heading_20_2", "Heading 2", `fo:margin-top="0.4cm" fo:margin-bottom="0.2cm" fo:keep-with-next="always"`, `fo:font-size="12pt" fo:font-weight="bold"`) +
		`</office:styles><office:automatic-styles><style:page-layout style:name="A4"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm" fo:margin="2.2cm"/><style:header-style/><style:footer-style/></style:page-layout></office:automatic-styles>` +
		`<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A4">` +
		`<style:header>` + odtParagraph(s.Issuer+", "+frenchDate(s.Date)) + `</style:header>` +
		`<style:footer><text:p text:style-name="Standard">Page <text:page-number text:select-page="current">1</text:page-number></text:p></style:footer>` +
		`</style:master-page></office:master-styles></office:document-styles>`
}
