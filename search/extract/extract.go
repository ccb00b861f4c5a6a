// Package extract takes the text out of files, so that it can be searched: PDF, Word, OpenDocument,
// spreadsheets, slides, web pages, plain text and messages.
//
// Files come from outside and some are hostile, so reading happens in a child process of our own binary
// with limits on memory, CPU and time: Extractor is the parent's side, Main the child's, Reader what the
// child does. One bad file costs its own answer, a Failure whose Reason says why in a sentence, and never
// the next one's. What is done with the text lives in the features and in search.
package extract

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/search/extract/pdfium"
)

// Locales are the sentences of Reason, French and English, in the catalogue's format.
//
//go:embed locales/*.json
var Locales embed.FS

// Result is what was read in one file.
type Result struct {
	// Text is UTF-8 without control characters; paragraphs and table rows end with one line feed,
	// runs of spaces are one space.
	Text string
	// Title is what the file itself says, not its name; "" when it says nothing.
	Title string
	// Pages counts the pages of a PDF or the slides of a presentation; 0 for other kinds.
	Pages int
	// Note is NoteCut when only the beginning was read, NoteScanned when a PDF holds pictures of
	// text only, "" otherwise.
	Note Reason
}

// Limits bound what is read in one file. Zero fields take the default.
type Limits struct {
	Text     int   // bytes of text kept; 4 MiB, some 1,200 full pages
	Pages    int   // pages read in a PDF; 3,000
	Expanded int64 // bytes unpacked out of zip parts and attachments; 192 MiB
	Parts    int   // parts of an archive or a message; 20,000
	Depth    int   // messages in messages; 20
	Memory   int64 // bytes that PDFium may use; 256 MiB
	// Time after which no further page of a PDF is begun: what was read is kept. 0 means none.
	Time time.Duration
}

func (l Limits) withDefaults() Limits {
	l.Text = orDefault(l.Text, 4<<20)
	l.Pages = orDefault(l.Pages, 3000)
	l.Expanded = orDefault(l.Expanded, 192<<20)
	l.Parts = orDefault(l.Parts, 20_000)
	l.Depth = orDefault(l.Depth, 20)
	l.Memory = orDefault(l.Memory, 256<<20)
	return l
}

func orDefault[N int | int64](value, otherwise N) N {
	if value == 0 {
		return otherwise
	}
	return value
}

// loadMemory is what Go may use while PDFium is loaded, in bytes: a goal, not a wall. Compiling it needs nearly that
// much at its end, and without the goal its garbage would always come on top.
const loadMemory = 40 << 20

// Reader reads files in this process. PDFium is loaded at the first PDF. It is not safe for concurrent use.
type Reader struct {
	limits   Limits
	cacheDir string
	pdf      *pdfium.Library
}

// NewReader makes a Reader; cacheDir keeps PDFium compiled, see pdfium.Options.
func NewReader(limits Limits, cacheDir string) *Reader {
	return &Reader{limits: limits.withDefaults(), cacheDir: cacheDir}
}

// Close frees PDFium.
func (r *Reader) Close(ctx context.Context) error {
	if r.pdf == nil {
		return nil
	}
	return r.pdf.Close(ctx)
}

// Read gives the text of a file of size bytes. The name ("budget.docx") helps only where content can't tell.
// Its errors are Failures, except when ctx ends or PDFium can't be loaded.
func (r *Reader) Read(ctx context.Context, file io.ReaderAt, size int64, name string) (Result, error) {
	reading := &reading{
		ctx: ctx, reader: r, limits: r.limits,
		out:      &buffer{limit: r.limits.Text},
		expanded: r.limits.Expanded, parts: r.limits.Parts, begun: time.Now(),
	}
	err := reading.file(file, size, name)
	if errors.Is(err, errCut) {
		err, reading.note = nil, NoteCut
	}
	if err != nil {
		return Result{}, asFailure(err)
	}
	if reading.out.cut {
		reading.note = NoteCut
	}
	return Result{
		Text:  reading.out.text(),
		Title: cleanTitle(reading.title),
		Pages: reading.pages,
		Note:  reading.note,
	}, nil
}

func (r *Reader) pdfium(ctx context.Context) (*pdfium.Library, error) {
	if r.pdf != nil {
		return r.pdf, nil
	}
	library, err := r.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("extract: %w", err)
	}
	r.pdf = library
	return library, nil
}

// load keeps the peak of compiling low. It costs CPU that one time: 4 s rather than 2.6 s.
func (r *Reader) load(ctx context.Context) (*pdfium.Library, error) {
	debug.FreeOSMemory() // of the files before
	defer debug.FreeOSMemory()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(loadMemory))
	return pdfium.New(ctx, pdfium.Options{CacheDir: r.cacheDir, Memory: r.limits.Memory})
}

// reading is one file being read: the limits left and the text so far, through all its nested parts.
type reading struct {
	ctx      context.Context // of one Read call, so that each parser needn't hand it down
	reader   *Reader
	limits   Limits
	out      *buffer
	expanded int64
	parts    int
	depth    int
	begun    time.Time
	title    string
	pages    int
	note     Reason
}

// errCut ends a reading at its limit of text, pages or time: what was read is kept.
var errCut = errors.New("extract: limit reached")

func (r *reading) late() bool {
	return r.limits.Time > 0 && time.Since(r.begun) > r.limits.Time
}

func (r *reading) file(file io.ReaderAt, size int64, name string) error {
	if size == 0 {
		return failure(ReasonEmpty, nil)
	}
	kind, err := detect(file, size, name)
	if err != nil {
		return err
	}
	return r.parse(kind, file, size)
}

func (r *reading) parse(kind Kind, file io.ReaderAt, size int64) error {
	content := io.NewSectionReader(file, 0, size)
	switch kind {
	case KindPDF:
		return r.pdfFile(file, size)
	case KindWord:
		return r.archive(file, size, (*archive).word)
	case KindSheet:
		return r.archive(file, size, (*archive).workbook)
	case KindSlides:
		return r.archive(file, size, (*archive).slides)
	case KindOpenDocument:
		return r.archive(file, size, (*archive).openDocument)
	case KindHTML:
		return r.webPage(content)
	case KindMessage:
		return r.message(content)
	case KindText:
		return r.plainText(content)
	}
	return failure(ReasonUnsupported, nil)
}

// spend takes one part and n bytes out of what may still be unpacked.
func (r *reading) spend(n int64) error {
	r.expanded -= n
	if r.expanded < 0 {
		return failure(ReasonTooLarge, errors.New("unpacked bytes"))
	}
	return nil
}

func (r *reading) spendPart() error {
	r.parts--
	if r.parts < 0 {
		return failure(ReasonTooLarge, errors.New("number of parts"))
	}
	return nil
}

// all reads content whole, at the expense of what may still be unpacked.
func (r *reading) all(content io.Reader) ([]byte, error) {
	data, err := io.ReadAll(&meter{reading: r, content: content})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// meter counts what is unpacked while it is unpacked, so that a zip bomb stops early whatever its header says.
type meter struct {
	reading *reading
	content io.Reader
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.content.Read(p)
	if spent := m.reading.spend(int64(n)); spent != nil {
		return n, spent
	}
	return n, err
}

const maxTitle = 300 // runes

func cleanTitle(title string) string {
	line := &buffer{limit: 4 * maxTitle}
	line.write(strings.ReplaceAll(title, "\n", " "))
	cleaned := line.text()
	if utf8.RuneCountInString(cleaned) > maxTitle {
		cleaned = string([]rune(cleaned)[:maxTitle])
	}
	return cleaned
}
