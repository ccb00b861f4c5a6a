package calendar

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-ical"
)

// foldAt is the longest line in octets, its end not counted (RFC 5545 §3.1).
const foldAt = 75

// encode writes a component and its children. go-ical's encoder doesn't fold, and refuses
// components that clients send every day (a VEVENT without DTSTAMP): an event that came from a
// phone must stay editable.
func encode(root *ical.Component) []byte {
	var b bytes.Buffer
	encodeComponent(&b, root)
	return b.Bytes()
}

func encodeComponent(b *bytes.Buffer, c *ical.Component) {
	fold(b, "BEGIN:"+c.Name)
	for _, name := range slices.Sorted(maps.Keys(c.Props)) {
		for _, p := range c.Props[name] {
			fold(b, contentLine(p))
		}
	}
	for _, child := range c.Children {
		encodeComponent(b, child)
	}
	fold(b, "END:"+c.Name)
}

func contentLine(p ical.Prop) string {
	var b strings.Builder
	b.WriteString(p.Name)
	for _, name := range slices.Sorted(maps.Keys(p.Params)) {
		b.WriteString(";" + name + "=")
		for i, value := range p.Params[name] {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteParameter(value))
		}
	}
	b.WriteString(":" + p.Value)
	return oneLine.Replace(b.String())
}

// oneLine keeps a value from beginning another line: what is parsed has no break left, and what is made here
// may come from a form.
var oneLine = strings.NewReplacer("\r", "", "\n", " ")

func quoteParameter(value string) string {
	if strings.ContainsAny(value, ";:,") {
		return `"` + value + `"`
	}
	return value
}

// fold writes a line cut at foldAt octets, never inside a character.
func fold(b *bytes.Buffer, line string) {
	for room := foldAt; len(line) > room; room = foldAt - 1 {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut])
		b.WriteString("\r\n ")
		line = line[cut:]
	}
	b.WriteString(line)
	b.WriteString("\r\n")
}
