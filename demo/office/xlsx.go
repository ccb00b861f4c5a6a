package office

import (
	"fmt"
	"strconv"
	"strings"
)

const sheetNS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

// sheet is one tab: every block after a heading of level 2, cell by cell.
type sheet struct {
	name string
	rows [][]string
	head map[int]bool // rows in bold
}

// writeXLSX writes a workbook (ECMA-376 part 1, §12): each heading of level 2 opens a sheet,
// and what French would read as a number is one.
func writeXLSX(s Source) ([]byte, error) {
	sheets := parseSheets(s)
	types := []string{"xl/workbook.xml", "spreadsheetml.sheet.main", "xl/styles.xml", "spreadsheetml.styles"}
	links := []string{}
	parts := []part{}
	var tabs strings.Builder
	for i, sh := range sheets {
		file := fmt.Sprintf("worksheets/sheet%d.xml", i+1)
		types = append(types, "xl/"+file, "spreadsheetml.worksheet")
		links = append(links, "worksheet", file)
		parts = append(parts, part{name: "xl/" + file, content: sheetXML(sh)})
		fmt.Fprintf(&tabs, `<sheet name="%s" sheetId="%d" r:id="rId%[2]d"/>`, xmlText(sh.name), i+1)
	}
	links = append(links, "styles", "styles.xml")
	return writeZip(append([]part{
		{name: "[Content_Types].xml", content: contentTypes(types...)},
		{name: "_rels/.rels", content: relationships("officeDocument", "xl/workbook.xml",
			packageNS+"relationships/metadata/core-properties", "docProps/core.xml")},
		{name: "docProps/core.xml", content: coreProperties(s)},
		{name: "xl/workbook.xml", content: xmlHeader + `<workbook xmlns="` + sheetNS + `" xmlns:r="` + relationNS + `"><sheets>` + tabs.String() + `</sheets></workbook>`},
		{name: "xl/_rels/workbook.xml.rels", content: relationships(links...)},
		{name: "xl/styles.xml", content: sheetStyles},
	}, parts...)...)
}

// parseSheets puts the title, issuer and day at the top of the first sheet.
func parseSheets(s Source) []sheet {
	var sheets []sheet
	for _, b := range parse(s.Body) {
		if b.kind == heading && b.level == 2 || len(sheets) == 0 {
			sheets = append(sheets, sheet{name: b.text, head: map[int]bool{0: true}})
			if len(sheets) == 1 {
				sheets[0].rows = [][]string{{s.Title}, {s.Issuer + ", " + frenchDate(s.Date)}, {}}
			}
			if b.kind == heading {
				continue
			}
		}
		sheets[len(sheets)-1].add(b)
	}
	return sheets
}

func (sh *sheet) add(b block) {
	switch b.kind {
	case table:
		for i := range b.rows {
			sh.head[len(sh.rows)+i] = strong(b.rows, i)
		}
		sh.rows = append(sh.rows, b.rows...)
	case bullets, numbers:
		for _, item := range b.items {
			sh.rows = append(sh.rows, []string{item})
		}
	default:
		sh.rows = append(sh.rows, []string{b.text})
	}
	sh.rows = append(sh.rows, nil)
}

// Indices in cellXfs of sheetStyles; the strong ones follow the ordinary, in the same order.
const (
	styleText = iota
	styleWhole
	styleCents
	styleStrong
)

func sheetXML(sh sheet) string {
	var out strings.Builder
	out.WriteString(xmlHeader + `<worksheet xmlns="` + sheetNS + `"><cols><col min="1" max="1" width="46" customWidth="1"/><col min="2" max="12" width="18" customWidth="1"/></cols><sheetData>`)
	for r, row := range sh.rows {
		fmt.Fprintf(&out, `<row r="%d">`, r+1)
		for c, cell := range row {
			out.WriteString(cellXML(fmt.Sprintf("%c%d", 'A'+c, r+1), cell, sh.head[r]))
		}
		out.WriteString(`</row>`)
	}
	return out.String() + `</sheetData></worksheet>`
}

func cellXML(ref, cell string, strong bool) string {
	if cell == "" {
		return ""
	}
	shift := 0
	if strong {
		shift = styleStrong
	}
	n, ok := number(cell)
	if !ok {
		return fmt.Sprintf(`<c r="%s" s="%d" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, ref, styleText+shift, xmlText(plain(cell)))
	}
	style := styleWhole
	if strings.Contains(cell, ",") {
		style = styleCents
	}
	return fmt.Sprintf(`<c r="%s" s="%d"><v>%s</v></c>`, ref, style+shift, strconv.FormatFloat(n, 'f', -1, 64))
}

// sheetStyles: numFmtId 3 is "#,##0" and 4 is "#,##0.00" (ECMA-376 part 1, §18.8.30).
var sheetStyles = xmlHeader + `<styleSheet xmlns="` + sheetNS + `">` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="6">` + sheetFormats("0") + sheetFormats("1") + `</cellXfs></styleSheet>`

func sheetFormats(font string) string {
	var out strings.Builder
	for _, format := range []string{"0", "3", "4"} {
		out.WriteString(`<xf numFmtId="` + format + `" fontId="` + font + `" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>`)
	}
	return out.String()
}
