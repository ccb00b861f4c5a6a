package extract

import (
	"encoding/xml"
	"regexp"
)

var (
	wordBody  = regexp.MustCompile(`^word/document\d*\.xml$`) // document2.xml from Word on the web
	wordHeads = regexp.MustCompile(`^word/header\d*\.xml$`)
	wordNotes = regexp.MustCompile(`^word/(footnotes|endnotes|comments)\.xml$`)
	wordFeet  = regexp.MustCompile(`^word/footer\d*\.xml$`)
)

// word reads a docx (ECMA-376 part 1, 17): headers, body, notes and comments, footers.
func (a *archive) word() error {
	if err := a.readTitle("docProps/core.xml"); err != nil {
		return err
	}
	reader := &markupReader{out: a.reading.out}
	if err := a.scanAll(wordHeads, reader); err != nil {
		return err
	}
	if err := a.scanAll(wordBody, reader); err != nil {
		return err
	}
	if err := a.scanAll(wordNotes, reader); err != nil {
		return err
	}
	return a.scanAll(wordFeet, reader)
}

// markupReader takes the text runs (w:t, a:t, m:t) of WordprocessingML and DrawingML.
// Deleted text (w:delText), field codes (w:instrText) have other names and stay out.
type markupReader struct {
	out     *buffer
	skipped int // depth inside an element that holds no text of its own
	inText  bool
}

func (m *markupReader) start(element xml.StartElement) {
	if m.skipped > 0 {
		m.skipped++
		return
	}
	switch element.Name.Local {
	case "pPr", "rPr", "tblPr", "sectPr", "Fallback": // tab stops; the copy for old readers
		m.skipped = 1
	case "t":
		m.inText = true
	case "tab":
		m.out.space()
	case "br", "cr":
		m.out.newline()
	case "noBreakHyphen":
		m.out.write("\u2011")
	case "docPr": // the text that stands for a picture
		m.out.line(attribute(element, "descr"))
	}
}

func (m *markupReader) end(name string) {
	if m.skipped > 0 {
		m.skipped--
		return
	}
	switch name {
	case "t":
		m.inText = false
	case "p":
		m.out.newline()
	case "tc":
		m.out.space()
	}
}

func (m *markupReader) chars(text []byte) {
	if m.inText && m.skipped == 0 {
		m.out.writeBytes(text)
	}
}
