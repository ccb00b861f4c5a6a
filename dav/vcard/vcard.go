// Package vcard reads and writes vCards, 4.0 (RFC 6350) and 3.0 (RFC 2426), line by line: what it does
// not know stays as the octets that came, folding and order included, so that a phone finds its own
// properties again. Where cards are kept, and who may see them, is in the features.
//
// go-vcard is not used: its Card is a map that forgets order, grouping and folding, and its decoder has
// no limits.
package vcard

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"parvis/portal"
)

// Limits on what a client may hand us.
const (
	MaxSize        = 1 << 20 // bytes of one card: a photograph is most of it
	maxLines       = 2_000   // properties of one card
	maxParameters  = 50      // values of parameters of one property
	maxParameter   = 8 << 10 // bytes of one parameter's value
	maxName        = 100     // bytes of a property's name, with its group
	maxUID         = 1_000   // bytes
	maxLineNoPhoto = 64 << 10
)

// Version of a card.
type Version string

// The versions that are read and written.
const (
	V3 Version = "3.0"
	V4 Version = "4.0"
)

// Card is one vCard.
type Card struct {
	Version Version
	UID     string
	Name    string // FN, unescaped; "" in a card of a group that has none
	lines   []line // between BEGIN and END
}

// line is a property and the octets that it came from.
type line struct {
	Property
	octets []byte // with folds and line end; nil for one that we wrote
}

// Property is a content line.
type Property struct {
	Group  string // "item1" of "item1.TEL", "" for none
	Name   string // upper case, "TEL"
	Params []Param
	Value  string // as written, escapes and all
}

// Param is a parameter and its values, without quotes.
type Param struct {
	Name   string // upper case
	Values []string
}

// Reason says which rule a card broke.
type Reason int

// The reasons, with the precondition of RFC 6352 §6.3.2.1 that each becomes.
const (
	Malformed   Reason = iota // valid-address-data
	Unsupported               // supported-address-data: another version
	TooLarge                  // max-resource-size
	Nameless                  // valid-address-data: it has no UID, and would do with one
)

// Refusal is why a card can't be taken. Its kind is portal.ErrInvalid.
type Refusal struct {
	Reason Reason
	Text   string // a sentence for the client's developer: "line 12: …"
}

func (r *Refusal) Error() string { return "vcard: " + r.Text }

// Unwrap makes a refusal portal.ErrInvalid.
func (r *Refusal) Unwrap() error { return portal.ErrInvalid }

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// Parse reads exactly one card, with a UID. What is refused is a *Refusal.
func Parse(octets []byte) (*Card, error) {
	if len(octets) > MaxSize {
		return nil, refuse(TooLarge, "the card has %d bytes; at most %d are taken", len(octets), MaxSize)
	}
	r := reader{rest: bytes.TrimPrefix(octets, []byte("\xef\xbb\xbf"))}
	first, ok, err := r.next()
	if err != nil {
		return nil, err
	}
	if !ok || !first.is("BEGIN", "VCARD") {
		return nil, refuse(Malformed, "a card starts with BEGIN:VCARD")
	}
	c := &Card{}
	for {
		l, ok, err := r.next()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, refuse(Malformed, "END:VCARD is missing")
		case l.Name == "BEGIN":
			return nil, refuse(Malformed, "line %d: a card inside of a card", r.line)
		case l.Name == "END":
			if !l.is("END", "VCARD") {
				return nil, refuse(Malformed, "line %d: END:VCARD expected", r.line)
			}
			if _, more, err := r.next(); err != nil || more {
				return nil, refuse(Malformed, "line %d: only one card is taken at a time", r.line)
			}
			return c, c.check()
		case len(c.lines) == maxLines:
			return nil, refuse(Malformed, "a card has at most %d properties", maxLines)
		}
		c.lines = append(c.lines, l)
	}
}

// is says whether a line is a mark such as BEGIN:VCARD.
func (p Property) is(name, value string) bool {
	return p.Name == name && p.Group == "" && strings.EqualFold(strings.TrimSpace(p.Value), value)
}

// check fills in what the card is known by.
func (c *Card) check() error {
	seen := map[string]int{}
	for _, l := range c.lines {
		seen[l.Name]++
		switch {
		case l.Name == "VERSION" && seen["VERSION"] == 1:
			c.Version = Version(strings.TrimSpace(l.Value))
		case l.Name == "UID" && seen["UID"] == 1:
			c.UID = strings.TrimSpace(Unescape(l.Value))
		case l.Name == "FN" && c.Name == "":
			c.Name = strings.TrimSpace(Unescape(l.Value))
		}
	}
	switch {
	case seen["VERSION"] != 1:
		return refuse(Malformed, "a card has one VERSION, this one has %d", seen["VERSION"])
	case c.Version != V3 && c.Version != V4:
		return refuse(Unsupported, "version %.20q is not taken, 3.0 and 4.0 are", c.Version)
	case seen["UID"] == 0:
		return refuse(Nameless, "a card has one UID, this one has none")
	case seen["UID"] != 1 || c.UID == "":
		return refuse(Malformed, "a card has one UID, this one has %d", seen["UID"])
	case len(c.UID) > maxUID:
		return refuse(Malformed, "a UID has at most %d bytes", maxUID)
	}
	return nil
}

// Properties are those of a name, upper case, in their order; all for "". VERSION is one of them.
func (c *Card) Properties(name string) []Property {
	var found []Property
	for _, l := range c.lines {
		if name == "" || l.Name == name {
			found = append(found, l.Property)
		}
	}
	return found
}

// Values are all values of a parameter, "," between quotes included: TYPE="voice,home" has two.
func (p Property) Values(param string) []string {
	var all []string
	for _, one := range p.Params {
		if one.Name == param {
			for _, value := range one.Values {
				all = append(all, strings.Split(value, ",")...)
			}
		}
	}
	return all
}

// HasType says whether TYPE names a kind, "CELL" or "cell".
func (p Property) HasType(kind string) bool {
	for _, value := range p.Values("TYPE") {
		if strings.EqualFold(value, kind) {
			return true
		}
	}
	return false
}

// Text is the value without escapes. A structured value keeps its ";" and ",", as one text.
func (p Property) Text() string { return Unescape(p.Value) }

// Unescape undoes the escapes of a value (RFC 6350 §3.4).
func Unescape(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	var b strings.Builder
	b.Grow(len(value))
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' || i+1 == len(value) {
			b.WriteByte(value[i])
			continue
		}
		i++
		switch next := value[i]; next {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ';', ',', ':':
			b.WriteByte(next)
		default: // "C:\Documents", as some write
			b.WriteByte('\\')
			b.WriteByte(next)
		}
	}
	return b.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

// Escape makes a text a value, or a part of a structured one.
func Escape(text string) string {
	return escaper.Replace(strings.Map(printable, strings.ToValidUTF8(text, "\uFFFD")))
}

// printable drops what no line may hold.
func printable(r rune) rune {
	if isControl(r) && r != '\n' && r != '\r' {
		return -1
	}
	return r
}

func isControl(r rune) bool { return r < 0x20 && r != '\t' || r == 0x7f }

// validText says whether a whole line, unfolded, is text.
func validText(text []byte) bool {
	return utf8.Valid(text) && bytes.IndexFunc(text, isControl) < 0
}
