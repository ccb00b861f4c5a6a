package extract

import (
	"encoding/xml"
	"strconv"
)

// openDocument reads odt, ods and odp (OASIS OpenDocument 1.3 part 3): body, then headers and footers,
// which live in the page styles.
func (a *archive) openDocument() error {
	if err := a.refuseEncrypted(); err != nil {
		return err
	}
	if err := a.readTitle("meta.xml"); err != nil {
		return err
	}
	reader := &paragraphReader{out: a.reading.out}
	if err := a.scanIfThere("content.xml", reader); err != nil {
		return err
	}
	a.reading.pages += reader.slides
	return a.scanIfThere("styles.xml", &paragraphReader{out: a.reading.out})
}

// refuseEncrypted looks for the mark of a password in the manifest (part 2, 4.8).
func (a *archive) refuseEncrypted() error {
	manifest := &manifestReader{}
	if err := a.scanIfThere("META-INF/manifest.xml", manifest); err != nil {
		return err
	}
	if manifest.encrypted {
		return failure(ReasonEncrypted, nil)
	}
	return nil
}

type manifestReader struct{ encrypted bool }

func (m *manifestReader) start(element xml.StartElement) {
	if element.Name.Local == "encryption-data" {
		m.encrypted = true
	}
}
func (m *manifestReader) end(string)   {}
func (m *manifestReader) chars([]byte) {}

// paragraphReader takes text:p and text:h with what is inside.
type paragraphReader struct {
	out        *buffer
	skipped    int
	paragraphs int // depth: a text box in a paragraph holds paragraphs
	cells      int
	slides     int
}

func (p *paragraphReader) start(element xml.StartElement) {
	if p.skipped > 0 {
		p.skipped++
		return
	}
	switch element.Name.Local {
	case "tracked-changes", "note-citation", "binary-data", "index-title-template": // deleted text; numbers of notes
		p.skipped = 1
	case "p", "h":
		p.separate()
		p.paragraphs++
	case "table-cell":
		p.cells++
	case "table":
		p.out.line(attribute(element, "name"))
	case "tab":
		p.out.space()
	case "line-break":
		p.separate()
	case "s":
		p.spaces(attribute(element, "c"))
	case "page":
		p.slides++
	}
}

func (p *paragraphReader) end(name string) {
	if p.skipped > 0 {
		p.skipped--
		return
	}
	switch name {
	case "p", "h":
		p.paragraphs = max(0, p.paragraphs-1)
		p.separate()
	case "table-cell":
		p.cells = max(0, p.cells-1)
		p.out.space()
	case "table-row":
		p.out.newline()
	}
}

func (p *paragraphReader) chars(text []byte) {
	if p.paragraphs > 0 && p.skipped == 0 {
		p.out.writeBytes(text)
	}
}

// separate ends a paragraph, or a line in the cell of a table, whose row stays one line.
func (p *paragraphReader) separate() {
	if p.cells > 0 {
		p.out.space()
		return
	}
	p.out.newline()
}

func (p *paragraphReader) spaces(count string) {
	wanted, err := strconv.Atoi(count)
	if err != nil {
		wanted = 1
	}
	if wanted > 0 {
		p.out.space()
	}
}
