package vcard

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// lineWidth is where lines are folded, in bytes without the line end (RFC 6350 §3.2).
const lineWidth = 75

// New makes a card of properties; VERSION is not among them.
func New(version Version, properties ...Property) *Card {
	c := &Card{Version: version, lines: []line{{Property: Property{Name: "VERSION", Value: string(version)}}}}
	for _, p := range properties {
		c.lines = append(c.lines, line{Property: p})
	}
	_ = c.check() // what we write of others' text is what a card is known by; it may lack a UID
	return c
}

// Structured is the value of N, ADR or ORG.
func Structured(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = Escape(part)
	}
	return strings.Join(escaped, ";")
}

// Encode writes the card: lines that came as they came, ours folded.
func (c *Card) Encode() []byte { return c.encode(nil) }

// Only writes the properties whose names it is given, upper case, and what makes them a card; of those
// named true the name and parameters alone (RFC 6352 §10.4.2).
func (c *Card) Only(names map[string]bool) []byte { return c.encode(names) }

func (c *Card) encode(names map[string]bool) []byte {
	var b bytes.Buffer
	b.WriteString("BEGIN:VCARD\r\n")
	for _, l := range c.lines {
		bare, wanted := names[l.Name]
		switch {
		case names != nil && !wanted && l.Name != "VERSION":
		case bare:
			l.Value = ""
			l.write(&b)
		case l.octets == nil:
			l.write(&b)
		default:
			b.Write(l.octets)
			if !bytes.HasSuffix(l.octets, []byte("\n")) {
				b.WriteString("\r\n")
			}
		}
	}
	b.WriteString("END:VCARD\r\n")
	return b.Bytes()
}

// write writes a property of ours, folded between characters.
func (p Property) write(b *bytes.Buffer) {
	text := p.String()
	for width := lineWidth; len(text) > width; width = lineWidth - 1 { // the space of a fold counts
		cut := width
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		b.WriteString(text[:cut])
		b.WriteString("\r\n ")
		text = text[cut:]
	}
	b.WriteString(text)
	b.WriteString("\r\n")
}

// String is the content line, unfolded.
func (p Property) String() string {
	var b strings.Builder
	if p.Group != "" {
		b.WriteString(p.Group + ".")
	}
	b.WriteString(p.Name)
	for _, param := range p.Params {
		b.WriteString(";" + param.Name + "=")
		for i, value := range param.Values {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoted(value))
		}
	}
	b.WriteByte(':')
	b.WriteString(p.Value)
	return b.String()
}

// quoted puts a parameter's value between quotes when it needs them.
func quoted(value string) string {
	value = strings.Map(func(r rune) rune {
		if r == '"' || isControl(r) {
			return -1
		}
		return r
	}, value)
	if strings.ContainsAny(value, ";:,") {
		return `"` + value + `"`
	}
	return value
}

// UnfoldedText is octets as text for XML, where a line folded inside of a character by an old client
// would be no text.
func UnfoldedText(octets []byte) []byte {
	if utf8.Valid(octets) {
		return octets
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(octets, []byte("\r\n "), nil), []byte("\n "), nil)
}
