package extract

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

var (
	sheetParts    = regexp.MustCompile(`^xl/worksheets/[^/]+\.xml$`)
	sheetComments = regexp.MustCompile(`^xl/(comments\d*|comments/comment\d+|threadedComments/[^/]+|drawings/drawing\d+)\.xml$`)
)

// workbook reads an xlsx (ECMA-376 part 1, 18): names of the sheets, cells row by row, comments.
// Numbers are kept as stored; dates are numbers of days there, which nobody searches.
func (a *archive) workbook() error {
	if err := a.readTitle("docProps/core.xml"); err != nil {
		return err
	}
	names := &sheetNames{out: a.reading.out}
	if err := a.scanIfThere("xl/workbook.xml", names); err != nil {
		return err
	}
	shared := &sharedStrings{}
	if err := a.scanIfThere("xl/sharedStrings.xml", shared); err != nil {
		return err
	}
	if err := a.scanAll(sheetParts, &cellReader{out: a.reading.out, shared: shared.texts}); err != nil {
		return err
	}
	return a.scanAll(sheetComments, &markupReader{out: a.reading.out})
}

type sheetNames struct{ out *buffer }

func (s *sheetNames) start(element xml.StartElement) {
	if element.Name.Local == "sheet" {
		s.out.line(attribute(element, "name"))
	}
}
func (s *sheetNames) end(string)   {}
func (s *sheetNames) chars([]byte) {}

// sharedStrings gathers the table of texts that cells point into (18.4). Its size is bounded by Limits.Expanded.
type sharedStrings struct {
	texts   []string
	current strings.Builder
	inText  bool
	inRuby  bool // rPh: how to pronounce Japanese, not text of the cell
}

func (s *sharedStrings) start(element xml.StartElement) {
	switch element.Name.Local {
	case "si":
		s.current.Reset()
	case "rPh":
		s.inRuby = true
	case "t":
		s.inText = !s.inRuby
	}
}

func (s *sharedStrings) end(name string) {
	switch name {
	case "si":
		s.texts = append(s.texts, s.current.String())
	case "rPh":
		s.inRuby = false
	case "t":
		s.inText = false
	}
}

func (s *sharedStrings) chars(text []byte) {
	if s.inText {
		s.current.Write(text)
	}
}

// cellReader writes the value of each cell: a shared text, an inline text, a formula's text or a number.
type cellReader struct {
	out    *buffer
	shared []string
	kind   string // attribute t of the cell: "s" shared, "inlineStr", "str", "b", "e", "n" or ""
	value  strings.Builder
	inside bool
}

func (c *cellReader) start(element xml.StartElement) {
	switch element.Name.Local {
	case "c":
		c.kind = attribute(element, "t")
		c.value.Reset()
	case "v", "t":
		c.inside = true
	}
}

func (c *cellReader) end(name string) {
	switch name {
	case "v", "t":
		c.inside = false
	case "c":
		c.out.write(c.cell())
		c.out.space()
	case "row":
		c.out.newline()
	}
}

func (c *cellReader) chars(text []byte) {
	if c.inside {
		c.value.Write(text)
	}
}

func (c *cellReader) cell() string {
	switch c.kind {
	case "s":
		index, err := strconv.Atoi(strings.TrimSpace(c.value.String()))
		if err != nil || index < 0 || index >= len(c.shared) {
			return ""
		}
		return c.shared[index]
	case "b", "e": // true, false and #REF! are no words of the author's
		return ""
	}
	return c.value.String()
}
