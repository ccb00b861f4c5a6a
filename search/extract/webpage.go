package extract

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// maxTag bounds one tag or comment, in bytes: pages with pictures in data: addresses have large ones.
const maxTag = 8 << 20

func (r *reading) webPage(content io.Reader) error {
	raw, err := r.all(content)
	if err != nil {
		return err
	}
	decoded, err := decodePage(raw)
	if err != nil {
		return err
	}
	page := &webPage{reading: r, tokens: html.NewTokenizer(decoded)}
	page.tokens.SetMaxBuf(maxTag)
	return page.read()
}

// decodePage finds the charset: bytes that are valid UTF-8 are UTF-8 whatever the page declares.
func decodePage(raw []byte) (io.Reader, error) {
	if utf8.Valid(raw) || marked16(raw) {
		return bytes.NewReader([]byte(decodeText(raw))), nil
	}
	return charset.NewReader(bytes.NewReader(raw), "text/html")
}

// webPage walks the tokens of a page. A tree isn't needed for its text, and tokens can't nest too deep.
type webPage struct {
	reading *reading
	tokens  *html.Tokenizer
	silent  atom.Atom // the element whose content isn't text, 0 when none
	inTitle bool
	title   string
}

func (p *webPage) read() error {
	for {
		switch kind := p.tokens.Next(); kind {
		case html.ErrorToken:
			return p.end()
		case html.TextToken:
			p.textToken(string(p.tokens.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			p.open(kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			p.close()
		}
		if p.reading.out.cut {
			return errCut
		}
	}
}

func (p *webPage) end() error {
	if p.reading.title == "" {
		p.reading.title = p.title
	}
	if err := p.tokens.Err(); err != io.EOF {
		return failure(ReasonDamaged, err)
	}
	return nil
}

func (p *webPage) textToken(text string) {
	switch {
	case p.inTitle && len(p.title) < 4*maxTitle:
		p.title += text
	case !p.inTitle && p.silent == 0:
		p.reading.out.write(text)
	}
}

func (p *webPage) open(selfClosing bool) {
	name, hasAttributes := p.tokens.TagName()
	tag := atom.Lookup(name)
	switch {
	case p.silent != 0:
		return
	case silentElement(tag) && !selfClosing:
		p.silent = tag
	case tag == atom.Title:
		p.inTitle = !selfClosing
	case tag == atom.Br || tag == atom.Hr:
		p.reading.out.newline()
	case tag == atom.Img && hasAttributes:
		p.reading.out.write(p.attribute("alt"))
	case tag == atom.Td || tag == atom.Th:
		p.reading.out.space()
	case !inlineElement(tag):
		p.reading.out.newline()
	}
}

func (p *webPage) close() {
	name, _ := p.tokens.TagName()
	tag := atom.Lookup(name)
	switch {
	case p.silent != 0 && tag == p.silent:
		p.silent = 0
	case tag == atom.Title:
		p.inTitle = false
	case tag == atom.Td || tag == atom.Th:
		p.reading.out.space()
	case p.silent == 0 && !inlineElement(tag):
		p.reading.out.newline()
	}
}

func (p *webPage) attribute(wanted string) string {
	for {
		name, value, more := p.tokens.TagAttr()
		if string(name) == wanted {
			return string(value)
		}
		if !more {
			return ""
		}
	}
}

// silentElement tells elements whose content nobody reads.
func silentElement(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Object:
		return true
	}
	return false
}

// inlineElement tells elements that don't break a line; unknown ones are taken as inline too.
func inlineElement(tag atom.Atom) bool {
	switch tag {
	case 0, atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Bdo, atom.Cite, atom.Code, atom.Data, atom.Del, atom.Dfn,
		atom.Em, atom.Font, atom.I, atom.Ins, atom.Kbd, atom.Label, atom.Mark, atom.Q, atom.S, atom.Samp, atom.Small,
		atom.Span, atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.U, atom.Var, atom.Wbr:
		return true
	}
	return false
}
