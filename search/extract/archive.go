package extract

import (
	"archive/zip"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/net/html/charset"
)

// archive is an office document: XML parts in a zip file.
type archive struct {
	reading *reading
	file    *countedFile
	parts   []*zip.File
}

func (r *reading) archive(file io.ReaderAt, size int64, read func(*archive) error) error {
	counted := &countedFile{file: file}
	packed, err := zip.NewReader(counted, size)
	if err != nil {
		return failure(ReasonDamaged, err)
	}
	return read(&archive{reading: r, file: counted, parts: packed.File})
}

// countedFile counts the packed bytes that were read.
type countedFile struct {
	file io.ReaderAt
	read int64
}

func (c *countedFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.file.ReadAt(p, offset)
	c.read += int64(n)
	return n, err
}

const (
	// bombRatio is how many bytes one packed byte may give: office documents stay under 50, deflate can do 1,000.
	bombRatio = 150
	// bombStart lets small repetitive parts be: only beyond so many bytes is the ratio looked at.
	bombStart = 8 << 20
)

// unpacked counts what comes out of a part, and refuses a zip bomb long before its size does.
type unpacked struct {
	meter
	file  *countedFile
	total int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.meter.Read(p)
	u.total += int64(n)
	if u.total > bombStart && u.total > bombRatio*u.file.read {
		return n, failure(ReasonTooLarge, errors.New("a zip bomb"))
	}
	return n, err
}

// part gives the part of that exact name, or nil.
func (a *archive) part(name string) *zip.File {
	for _, part := range a.parts {
		if part.Name == name {
			return part
		}
	}
	return nil
}

// matching gives the parts whose name matches, in the order of the number in it: slide2 before slide10.
func (a *archive) matching(pattern *regexp.Regexp) []*zip.File {
	var found []*zip.File
	for _, part := range a.parts {
		if pattern.MatchString(part.Name) {
			found = append(found, part)
		}
	}
	slices.SortStableFunc(found, func(x, y *zip.File) int {
		return cmp.Or(cmp.Compare(partNumber(x.Name), partNumber(y.Name)), cmp.Compare(x.Name, y.Name))
	})
	return found
}

var lastNumber = regexp.MustCompile(`(\d{1,9})\.xml$`)

func partNumber(name string) int {
	match := lastNumber.FindStringSubmatch(name)
	if match == nil {
		return 0
	}
	number, _ := strconv.Atoi(match[1]) // at most nine digits, so no error
	return number
}

// tokenReader is told each token of a part.
type tokenReader interface {
	start(element xml.StartElement)
	end(name string)
	chars(text []byte)
}

// scan hands the tokens of a part to a reader. Raw tokens: prefixes are not resolved, for the local names of
// the formats are distinct enough, and unbalanced ends don't matter to text. No stack means no depth to exhaust.
func (a *archive) scan(part *zip.File, reader tokenReader) error {
	if err := a.reading.spendPart(); err != nil {
		return err
	}
	if part.Flags&1 != 0 {
		return failure(ReasonEncrypted, nil)
	}
	content, err := part.Open()
	if err != nil {
		return archiveFailure(err)
	}
	defer content.Close()
	decoder := xml.NewDecoder(&unpacked{meter: meter{reading: a.reading, content: content}, file: a.file})
	decoder.Strict = false
	decoder.CharsetReader = charset.NewReaderLabel
	return a.tokens(decoder, reader)
}

func (a *archive) tokens(decoder *xml.Decoder, reader tokenReader) error {
	for {
		token, err := decoder.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return archiveFailure(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			reader.start(token)
		case xml.EndElement:
			reader.end(token.Name.Local)
		case xml.CharData:
			reader.chars(token)
		}
		if a.reading.out.cut {
			return errCut
		}
	}
}

func archiveFailure(err error) error {
	var known *Failure
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, zip.ErrAlgorithm):
		return failure(ReasonUnsupported, err)
	}
	return failure(ReasonDamaged, err)
}

// scanIfThere scans the parts that a document may lack.
func (a *archive) scanIfThere(name string, reader tokenReader) error {
	part := a.part(name)
	if part == nil {
		return nil
	}
	return a.scan(part, reader)
}

func (a *archive) scanAll(pattern *regexp.Regexp, reader tokenReader) error {
	for _, part := range a.matching(pattern) {
		if err := a.scan(part, reader); err != nil {
			return err
		}
	}
	return nil
}

func attribute(element xml.StartElement, name string) string {
	for _, found := range element.Attr {
		if found.Name.Local == name {
			return found.Value
		}
	}
	return ""
}

// titleReader takes dc:title out of the document's properties.
type titleReader struct {
	title  string
	inside bool
}

func (t *titleReader) start(element xml.StartElement) {
	t.inside = element.Name.Local == "title" && t.title == ""
}
func (t *titleReader) end(string) { t.inside = false }
func (t *titleReader) chars(text []byte) {
	if t.inside && len(t.title) < 4*maxTitle {
		t.title += string(text)
	}
}

// readTitle looks for a title; a damaged properties part isn't worth losing the document for.
func (a *archive) readTitle(name string) error {
	reader := &titleReader{}
	err := a.scanIfThere(name, reader)
	if a.reading.title == "" {
		a.reading.title = reader.title
	}
	var known *Failure
	if errors.As(err, &known) && known.Reason == ReasonDamaged {
		return nil
	}
	return err
}
