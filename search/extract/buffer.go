package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// buffer gathers text up to a limit in bytes and tidies it: one space between words, one line feed between
// paragraphs, no control character, no soft hyphen, valid UTF-8.
type buffer struct {
	limit   int
	content strings.Builder
	gap     byte // separator due before the next word: 0, ' ' or '\n'
	cut     bool
}

func (b *buffer) write(text string) {
	for _, char := range text {
		b.add(char)
	}
}

// writeBytes is write without a copy of the text, which a hostile file makes large.
func (b *buffer) writeBytes(text []byte) {
	for len(text) > 0 && !b.cut {
		char, size := utf8.DecodeRune(text)
		b.add(char)
		text = text[size:]
	}
}

func (b *buffer) add(char rune) {
	switch {
	case char == '\n' || char == '\r' || char == '\v' || char == '\f' || char == '\u2028' || char == '\u2029' || char == '\u0085':
		b.newline()
	case char == ' ' || char == '\t':
		b.space()
	case dropped(char):
	default:
		b.put(char)
	}
}

// dropped tells what no reader sees: controls, marks of direction, soft hyphens, what wasn't UTF-8, private use.
func dropped(char rune) bool {
	if char < utf8.RuneSelf {
		return char < ' ' || char == 0x7f
	}
	return char == utf8.RuneError || char == '\u00ad' || char == '\ufeff' || unicode.Is(unicode.Cc, char) ||
		unicode.Is(unicode.Bidi_Control, char) || unicode.Is(unicode.Co, char)
}

func (b *buffer) put(char rune) {
	if b.content.Len()+utf8.UTFMax+1 > b.limit {
		b.cut = true
		return
	}
	if b.gap != 0 && b.content.Len() > 0 {
		b.content.WriteByte(b.gap)
	}
	b.gap = 0
	b.content.WriteRune(char)
}

func (b *buffer) space() {
	if b.gap == 0 {
		b.gap = ' '
	}
}

func (b *buffer) newline() { b.gap = '\n' }

// line writes text as a paragraph of its own.
func (b *buffer) line(text string) {
	b.newline()
	b.write(text)
	b.newline()
}

func (b *buffer) text() string { return b.content.String() }
