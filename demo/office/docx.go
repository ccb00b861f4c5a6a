package office

import (
	"fmt"
	"strings"
	"time"
)

const (
	wordNS     = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	relationNS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageNS  = "http://schemas.openxmlformats.org/package/2006/"
)

// writeDOCX writes a word-processing package (ECMA-376 part 1, §11).
func writeDOCX(s Source) ([]byte, error) {
	return writeZip(
		part{name: "[Content_Types].xml", content: contentTypes(
			"word/document.xml", "wordprocessingml.document.main",
			"word/styles.xml", "wordprocessingml.styles",
			"word/numbering.xml", "wordprocessingml.numbering",
			"word/header1.xml", "wordprocessingml.header",
			"word/footer1.xml", "wordprocessingml.footer")},
		part{name: "_rels/.rels", content: relationships(
			"officeDocument", "word/document.xml",
			packageNS+"relationships/metadata/core-properties", "docProps/core.xml")},
		part{name: "docProps/core.xml", content: coreProperties(s)},
		part{name: "word/document.xml", content: docxDocument(s)},
		part{name: "word/_rels/document.xml.rels", content: relationships(
			"styles", "styles.xml", "numbering", "numbering.xml", "header", "header1.xml", "footer", "footer1.xml")},
		part{name: "word/styles.xml", content: docxStyles},
		part{name: "word/numbering.xml", content: docxNumbering(s)},
		part{name: "word/header1.xml", content: docxHeader(s)},
		part{name: "word/footer1.xml", content: docxFooter},
	)
}

// contentTypes lists pairs of part name and type; both formats of the family share it.
func contentTypes(pairs ...string) string {
	var out strings.Builder
	out.WriteString(xmlHeader + `<Types xmlns="` + packageNS + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>`)
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&out, `<Override PartName="/%s" ContentType="application/vnd.openxmlformats-officedocument.%s+xml"/>`, pairs[i], pairs[i+1])
	}
	return out.String() + `</Types>`
}

// relationships lists pairs of kind and target, numbered rId1 onwards.
func relationships(pairs ...string) string {
	var out strings.Builder
	out.WriteString(xmlHeader + `<Relationships xmlns="` + packageNS + `relationships">`)
	for i := 0; i < len(pairs); i += 2 {
		kind := pairs[i]
		if !strings.HasPrefix(kind, "http") {
			kind = relationNS + "/" + kind
		}
		fmt.Fprintf(&out, `<Relationship Id="rId%d" Type="%s" Target="%s"/>`, i/2+1, kind, pairs[i+1])
	}
	return out.String() + `</Relationships>`
}

func coreProperties(s Source) string {
	return xmlHeader + `<cp:coreProperties xmlns:cp="` + packageNS + `metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<dc:title>` + xmlText(s.Title) + `</dc:title><dc:creator>` + xmlText(s.Issuer) + `</dc:creator><dc:language>fr-FR</dc:language>` +
		`<dcterms:created xsi:type="dcterms:W3CDTF">` + s.Date.UTC().Format(time.RFC3339) + `</dcterms:created></cp:coreProperties>`
}

func docxDocument(s Source) string {
	var out strings.Builder
	out.WriteString(xmlHeader + `<w:document xmlns:w="` + wordNS + `" xmlns:r="` + relationNS + `"><w:body>`)
	out.WriteString(docxParagraph(`<w:pStyle w:val="Title"/>`, s.Title))
	list := 0
	for _, b := range parse(s.Body) {
		switch b.kind {
		case heading:
			out.WriteString(docxParagraph(fmt.Sprintf(`<w:pStyle w:val="Heading%d"/>`, b.level-1), b.text))
		case paragraph:
			out.WriteString(docxParagraph("", b.text))
		case bullets, numbers:
			list++
			for _, item := range b.items {
				out.WriteString(docxParagraph(fmt.Sprintf(`<w:pStyle w:val="ListParagraph"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="%d"/></w:numPr>`, list), item))
			}
		case table:
			out.WriteString(docxTable(b.rows))
		}
	}
	out.WriteString(`<w:sectPr><w:headerReference w:type="default" r:id="rId3"/><w:footerReference w:type="default" r:id="rId4"/>` +
		`<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1417" w:right="1247" w:bottom="1417" w:left="1247" w:header="709" w:footer="709" w:gutter="0"/></w:sectPr></w:body></w:document>`)
	return out.String()
}

func docxParagraph(properties, text string) string {
	if properties != "" {
		properties = "<w:pPr>" + properties + "</w:pPr>"
	}
	return "<w:p>" + properties + docxRuns(text, false) + "</w:p>"
}

func docxRuns(text string, bold bool) string {
	var out strings.Builder
	for _, r := range runs(text) {
		weight := ""
		if r.bold || bold {
			weight = "<w:rPr><w:b/></w:rPr>"
		}
		out.WriteString("<w:r>" + weight + `<w:t xml:space="preserve">` + xmlText(r.text) + "</w:t></w:r>")
	}
	return out.String()
}

func docxTable(rows [][]string) string {
	var out strings.Builder
	out.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>`)
	for _, side := range []string{"top", "bottom", "insideH"} {
		out.WriteString(`<w:` + side + ` w:val="single" w:sz="4" w:space="0" w:color="888888"/>`)
	}
	out.WriteString(`</w:tblBorders></w:tblPr><w:tblGrid>`)
	n := columns(rows)
	out.WriteString(strings.Repeat(fmt.Sprintf(`<w:gridCol w:w="%d"/>`, 9412/n), n) + `</w:tblGrid>`)
	end := atEnd(rows)
	for i, row := range rows {
		out.WriteString("<w:tr>")
		for c := range n {
			cell := ""
			if c < len(row) {
				cell = row[c]
			}
			side := ""
			if end[c] {
				side = `<w:pPr><w:jc w:val="right"/></w:pPr>`
			}
			out.WriteString("<w:tc><w:p>" + side + docxRuns(cell, strong(rows, i)) + "</w:p></w:tc>")
		}
		out.WriteString("</w:tr>")
	}
	return out.String() + "</w:tbl><w:p/>"
}

// docxNumbering gives each list its own numbering, so that each starts at 1.
func docxNumbering(s Source) string {
	level := func(id int, format, text string) string {
		return fmt.Sprintf(`<w:abstractNum w:abstractNumId="%d"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="%s"/><w:lvlText w:val="%s"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="567" w:hanging="283"/></w:pPr></w:lvl></w:abstractNum>`, id, format, text)
	}
	var kinds, lists strings.Builder
	n := 0
	for _, b := range parse(s.Body) {
		format, text := "bullet", "•"
		switch b.kind {
		case numbers:
			format, text = "decimal", "%1."
		case bullets:
		default:
			continue
		}
		n++
		kinds.WriteString(level(n, format, text))
		fmt.Fprintf(&lists, `<w:num w:numId="%d"><w:abstractNumId w:val="%[1]d"/></w:num>`, n)
	}
	return xmlHeader + `<w:numbering xmlns:w="` + wordNS + `">` + kinds.String() + lists.String() + `</w:numbering>`
}

func docxHeader(s Source) string {
	return xmlHeader + `<w:hdr xmlns:w="` + wordNS + `">` +
		docxParagraph("", s.Issuer+", "+frenchDate(s.Date)) + `</w:hdr>`
}

const docxFooter = xmlHeader + `<w:ftr xmlns:w="` + wordNS + `"><w:p><w:pPr><w:jc w:val="right"/></w:pPr>` +
	`<w:r><w:t xml:space="preserve">Page </w:t></w:r><w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple></w:p></w:ftr>`

const docxStyles = xmlHeader + `<w:styles xmlns:w="` + wordNS + `">` +
	`<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/><w:sz w:val="22"/><w:lang w:val="fr-FR"/></w:rPr></w:rPrDefault>` +
	`<w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="240"/></w:pPr><w:rPr><w:b/><w:sz w:val="36"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="240"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/><w:sz w:val="28"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="160"/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/><w:sz w:val="24"/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="ListParagraph"><w:name w:val="List Paragraph"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="60"/></w:pPr></w:style>` +
	`</w:styles>`
