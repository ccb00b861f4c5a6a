package dav

import (
	"bufio"
	"encoding/xml"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Writer writes XML in the prefixes that every answer declares. What it writes is always
// well-formed: text is escaped, and characters that XML can't carry become U+FFFD. Errors of the
// connection are kept for the end.
type Writer struct {
	out  *bufio.Writer
	href func(href string) // hears of each address that is written; nil: nobody does
}

// buffers are those of answers: large, as each time that one is full costs system calls, and used again,
// as most answers are small.
var buffers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 64<<10) }}

func newWriter(w io.Writer) *Writer {
	out := buffers.Get().(*bufio.Writer)
	out.Reset(w)
	return &Writer{out: out}
}

// end sends what is left. Nothing can be written after it.
func (w *Writer) end() error {
	err := w.out.Flush()
	w.out.Reset(nil)
	buffers.Put(w.out)
	w.out = nil
	return err
}

// hrefsIn are the addresses that a value holds.
func hrefsIn(value Value) (hrefs []string) {
	value(&Writer{bufio.NewWriterSize(io.Discard, 512), func(href string) { hrefs = append(hrefs, href) }})
	return hrefs
}

// textIn is what a value writes, marked up.
func textIn(value Value) string {
	var text strings.Builder
	w := &Writer{out: bufio.NewWriterSize(&text, 512)}
	value(w)
	_ = w.out.Flush() // a builder takes everything
	return text.String()
}

// Element writes an element with what inside writes.
func (w *Writer) Element(name xml.Name, inside func()) {
	w.open(name)
	inside()
	w.close(name)
}

// Document writes the outermost element, in which all prefixes are declared.
func (w *Writer) Document(name xml.Name, inside func()) {
	w.out.WriteString("<" + prefix(name.Space) + name.Local + declareAllSpaces + ">")
	inside()
	w.close(name)
}

// Text writes an element that holds text.
func (w *Writer) Text(name xml.Name, text string) {
	w.open(name)
	escape(w.out, text)
	w.close(name)
}

// Empty writes an element without content; attributes come as name, value, …
func (w *Writer) Empty(name xml.Name, attributes ...string) {
	w.start(name, attributes)
	w.out.WriteString("/>")
}

// Href writes a DAV:href.
func (w *Writer) Href(href string) {
	if w.href != nil {
		w.href(href)
	}
	w.Text(Name("href"), href)
}

func (w *Writer) open(name xml.Name) {
	w.start(name, nil)
	w.out.WriteByte('>')
}

func (w *Writer) start(name xml.Name, attributes []string) {
	w.out.WriteByte('<')
	p := prefix(name.Space)
	if p == "" && name.Space != "" {
		p = "X:"
	}
	w.out.WriteString(p)
	w.out.WriteString(name.Local)
	if p == "X:" {
		w.out.WriteString(` xmlns:X="`)
		escapeAttribute(w.out, name.Space)
		w.out.WriteByte('"')
	}
	for i := 0; i+1 < len(attributes); i += 2 {
		w.out.WriteByte(' ')
		w.out.WriteString(attributes[i])
		w.out.WriteString(`="`)
		escapeAttribute(w.out, attributes[i+1])
		w.out.WriteByte('"')
	}
}

func (w *Writer) close(name xml.Name) {
	w.out.WriteString("</")
	if p := prefix(name.Space); p != "" {
		w.out.WriteString(p)
	} else if name.Space != "" {
		w.out.WriteString("X:")
	}
	w.out.WriteString(name.Local)
	w.out.WriteByte('>')
}

// Raw escapes bytes as text.
func (w *Writer) Raw(text []byte) { escape(w.out, text) }

// escapeAttribute is escape for between quotes.
func escapeAttribute(out *bufio.Writer, text string) {
	for i, part := range strings.Split(text, `"`) {
		if i > 0 {
			out.WriteString("&#34;")
		}
		escape(out, part)
	}
}

// plain are the characters that stay as they are, nearly all of a text.
var plain = func() (plain [256]bool) {
	for c := range utf8.RuneSelf {
		plain[c] = c >= ' ' && !strings.ContainsRune("<>&", rune(c)) || c == '\t' || c == '\n'
	}
	return plain
}()

// escape writes text with its markup escaped. CR is kept as a reference, else a parser would drop
// it from the CRLF of iCalendar.
func escape[T string | []byte](out *bufio.Writer, text T) {
	from := 0
	replace := func(i, width int, with string) {
		write(out, text[from:i])
		out.WriteString(with)
		from = i + width
	}
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case plain[c]:
		case c == '<':
			replace(i, 1, "&lt;")
		case c == '>':
			replace(i, 1, "&gt;")
		case c == '&':
			replace(i, 1, "&amp;")
		case c == '\r':
			replace(i, 1, "&#13;")
		case c >= utf8.RuneSelf:
			r, width := utf8.DecodeRuneInString(string(text[i:min(i+4, len(text))]))
			if r == utf8.RuneError && width == 1 || r == 0xFFFE || r == 0xFFFF {
				replace(i, width, "\uFFFD")
			}
			i += width
			continue
		default:
			replace(i, 1, "\uFFFD")
		}
		i++
	}
	write(out, text[from:])
}

func write[T string | []byte](out *bufio.Writer, text T) {
	switch t := any(text).(type) {
	case string:
		out.WriteString(t)
	case []byte:
		out.Write(t)
	}
}
