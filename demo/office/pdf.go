package office

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
)

// Lengths in millimetres, type sizes in points.
const (
	margin     = 22.0
	bodySize   = 10.5
	lineHeight = 5.4
	cellSize   = 9.0
	cellLine   = 4.6
)

// page writes one PDF. The core fonts keep files small; their encoding is cp1252, which holds
// every character of French but the narrow space and the true minus.
type page struct {
	*fpdf.Fpdf
	encode func(string) string
	text   float64 // width between the margins
}

func writePDF(s Source) ([]byte, error) {
	p := newPage(s)
	p.AddPage()
	p.title(s.Title)
	for _, b := range parse(s.Body) {
		p.block(b)
	}
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("office: pdf: %w", err)
	}
	return out.Bytes(), nil
}

func newPage(s Source) *page {
	pdf := fpdf.New("P", "mm", "A4", "")
	winansi := pdf.UnicodeTranslatorFromDescriptor("cp1252")
	p := &page{Fpdf: pdf, encode: func(text string) string { return winansi(cp1252.Replace(text)) }}
	width, _ := pdf.GetPageSize()
	p.text = width - 2*margin
	pdf.SetMargins(margin, 28, margin)
	pdf.SetAutoPageBreak(true, 24)
	pdf.AliasNbPages("{nb}")
	pdf.SetTitle(s.Title, true)
	pdf.SetAuthor(s.Issuer, true)
	pdf.SetLang("fr-FR")
	pdf.SetProducer("Parvis", true)
	pdf.SetCreationDate(s.Date) // the same bytes at each run
	pdf.SetModificationDate(s.Date)
	pdf.SetCatalogSort(true)
	pdf.SetHeaderFunc(func() { p.header(s) })
	pdf.SetFooterFunc(p.footer)
	return p
}

var cp1252 = strings.NewReplacer("\u202f", "\u00a0", "−", "–")

func (p *page) header(s Source) {
	p.SetXY(margin, 12)
	p.SetFont("Helvetica", "", 8.5)
	p.CellFormat(p.text/2, 5, p.encode(s.Issuer), "", 0, "L", false, 0, "")
	p.CellFormat(p.text/2, 5, p.encode(frenchDate(s.Date)), "", 1, "R", false, 0, "")
	p.Line(margin, 18.5, margin+p.text, 18.5)
	p.SetXY(margin, 28)
}

func (p *page) footer() {
	p.SetXY(margin, -16)
	p.SetFont("Helvetica", "", 8.5)
	p.CellFormat(p.text, 5, p.encode(fmt.Sprintf("Page %d sur {nb}", p.PageNo())), "", 0, "L", false, 0, "")
}

func (p *page) title(text string) {
	p.SetFont("Times", "B", 17)
	p.MultiCell(p.text, 7.5, p.encode(text), "", "L", false)
	p.Ln(4)
}

func (p *page) block(b block) {
	switch b.kind {
	case heading:
		p.heading(b)
	case paragraph:
		p.runs(b.text)
		p.Ln(lineHeight + 2.2)
	case bullets:
		p.list(b.items, func(int) string { return "\u2022" })
	case numbers:
		p.list(b.items, func(i int) string { return fmt.Sprintf("%d.", i+1) })
	case table:
		p.table(b.rows)
	}
}

// heading stays with the first lines of what it opens.
func (p *page) heading(b block) {
	p.room(24)
	p.Ln(2)
	size := 13.0
	if b.level > 2 {
		size = 11
	}
	p.SetFont("Times", "B", size)
	p.MultiCell(p.text, 6, p.encode(b.text), "", "L", false)
	p.Ln(1.2)
}

// room starts a new page when less than height is left on this one.
func (p *page) room(height float64) {
	_, bottom := p.GetPageSize()
	if p.GetY()+height > bottom-24 {
		p.AddPage()
	}
}

func (p *page) runs(text string) {
	for _, r := range runs(text) {
		style := ""
		if r.bold {
			style = "B"
		}
		p.SetFont("Times", style, bodySize)
		p.Write(lineHeight, p.encode(r.text))
	}
}

func (p *page) list(items []string, mark func(int) string) {
	for i, item := range items {
		p.SetFont("Times", "", bodySize)
		p.SetX(margin + 2)
		p.CellFormat(6, lineHeight, p.encode(mark(i)), "", 0, "L", false, 0, "")
		p.SetLeftMargin(margin + 8)
		p.runs(item)
		p.Ln(lineHeight + 0.8)
		p.SetLeftMargin(margin)
		p.SetX(margin)
	}
	p.Ln(1.6)
}

func (p *page) table(rows [][]string) {
	widths, end := p.widths(rows), atEnd(rows)
	for i, row := range rows {
		p.row(row, widths, end, strong(rows, i))
	}
	p.Ln(3)
}

// widths shares the line between columns by their longest text, the short ones served first.
func (p *page) widths(rows [][]string) []float64 {
	wanted, total := make([]float64, columns(rows)), 0.0
	for _, row := range rows {
		for i, cell := range row {
			wanted[i] = max(wanted[i], float64(min(utf8.RuneCountInString(cell), 45)+3))
		}
	}
	for _, w := range wanted {
		total += w
	}
	for i := range wanted {
		wanted[i] *= p.text / total
	}
	return wanted
}

// align is where a cell of a column sits, by whether the column is of numbers.
var align = map[bool]string{false: "L", true: "R"}

func (p *page) row(row []string, widths []float64, end []bool, strong bool) {
	style := ""
	if strong {
		style = "B"
	}
	p.SetFont("Helvetica", style, cellSize)
	cells, height := make([][][]byte, len(row)), 1
	for i, cell := range row {
		cells[i] = p.SplitLines([]byte(p.encode(plain(cell))), widths[i]-2)
		height = max(height, len(cells[i]))
	}
	p.room(float64(height)*cellLine + 2)
	p.SetFont("Helvetica", style, cellSize) // room's header may have changed it
	x, y := margin, p.GetY()
	for i, lines := range cells {
		for n, line := range lines {
			p.SetXY(x, y+1+float64(n)*cellLine)
			p.CellFormat(widths[i], cellLine, string(line), "", 0, align[end[i]], false, 0, "")
		}
		x += widths[i]
	}
	bottom := y + float64(height)*cellLine + 2
	p.Line(margin, bottom, margin+p.text, bottom)
	p.SetXY(margin, bottom)
}
