package calendar

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-ical"
)

// Limits on what a client may hand us. go-ical's own decoder has none: its time is quadratic in
// the length of a parameter and it panics on a parameter that ends its line, so the decoder here
// fills go-ical's model in one pass instead.
const (
	MaxObjectSize     = 1 << 20  // bytes of one calendar object
	maxLineSize       = 64 << 10 // bytes of one unfolded content line
	maxParameterSize  = 8 << 10  // bytes of one parameter value
	maxComponentDepth = 6        // VCALENDAR > VTIMEZONE > STANDARD, VEVENT > VALARM
	maxComponents     = 10_000
)

// decoder reads content lines (RFC 5545 §3.1) into go-ical's components.
type decoder struct {
	rest       []byte
	line       int // of the last line returned, from 1
	components int
	only       map[string]bool // properties to read; nil: all
}

// decode reads one VCALENDAR; whatever follows it but empty lines is refused.
func decode(octets []byte) (*ical.Component, error) { return decodeOnly(octets, nil) }

// decodeOnly is decode without the properties that are not named in only; nil names all.
func decodeOnly(octets []byte, only map[string]bool) (*ical.Component, error) {
	if len(octets) > MaxObjectSize {
		return nil, refusal(TooLarge, "%d bytes", len(octets))
	}
	d := &decoder{rest: bytes.TrimPrefix(octets, []byte("\xef\xbb\xbf")), only: only}
	first, ok, err := d.property()
	if err != nil {
		return nil, err
	}
	if !ok || first.Name != "BEGIN" || !strings.EqualFold(first.Value, ical.CompCalendar) {
		return nil, refusal(Malformed, "BEGIN:VCALENDAR expected first")
	}
	root, err := d.component(ical.CompCalendar, 1)
	if err != nil {
		return nil, err
	}
	if _, more, err := d.property(); err != nil || more {
		return nil, refusal(Malformed, "line %d: text after END:VCALENDAR", d.line)
	}
	return root, nil
}

func (d *decoder) component(name string, depth int) (*ical.Component, error) {
	if d.components++; depth > maxComponentDepth || d.components > maxComponents {
		return nil, refusal(Malformed, "line %d: too many components", d.line)
	}
	expected := 0 // properties: room for those of an alarm or a zone is made when they come
	if d.only == nil && slices.Contains(Components, name) {
		expected = 16
	}
	c := &ical.Component{Name: name, Props: make(ical.Props, expected)}
	for {
		p, ok, err := d.property()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, refusal(Malformed, "END:%s missing", name)
		case p.Name == "BEGIN":
			child, err := d.component(strings.ToUpper(p.Value), depth+1)
			if err != nil {
				return nil, err
			}
			c.Children = append(c.Children, child)
		case p.Name == "END":
			if !strings.EqualFold(p.Value, name) {
				return nil, refusal(Malformed, "line %d: END:%s expected", d.line, name)
			}
			return c, nil
		default:
			c.Props[p.Name] = append(c.Props[p.Name], p)
		}
	}
}

// property returns the next content line; ok is false at the end of the text.
func (d *decoder) property() (p ical.Prop, ok bool, err error) {
	for {
		d.skip()
		line, ok, err := d.unfolded()
		if !ok || err != nil {
			return ical.Prop{}, false, err
		}
		if line == "" {
			continue
		}
		if p, ok = parseLine(line); !ok {
			return ical.Prop{}, false, refusal(Malformed, "line %d", d.line)
		}
		return p, true, nil
	}
}

// skip passes over the properties that nobody reads.
func (d *decoder) skip() {
	for d.only != nil && d.unread() {
		d.physical()
		for d.continued() {
			d.physical()
		}
	}
}

// unread says whether the next line is a property that nobody reads. One whose name is folded is read.
func (d *decoder) unread() bool {
	var name [len(zoneLocation)]byte // the longest of timing
	for i, c := range d.rest {
		switch {
		case c == ';' || c == ':':
			return !d.only[string(name[:i])]
		case c == '\r' || c == '\n':
			return false
		case i == len(name):
			return true
		case c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		name[i] = c
	}
	return false
}

// unfolded joins a line with its continuations. A fold may cut a UTF-8 sequence, so validity is
// checked on the whole.
func (d *decoder) unfolded() (line string, ok bool, err error) {
	if len(d.rest) == 0 {
		return "", false, nil
	}
	text := d.physical()
	if d.continued() {
		text = bytes.Clone(text)
		for d.continued() {
			d.rest = d.rest[1:]
			if text = append(text, d.physical()...); len(text) > maxLineSize {
				break
			}
		}
	}
	if len(text) > maxLineSize {
		return "", false, refusal(Malformed, "line %d: longer than %d bytes", d.line, maxLineSize)
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return "", false, refusal(Malformed, "line %d: not UTF-8 text", d.line)
	}
	if bytes.IndexByte(text, '\r') >= 0 { // a break that ends no line, which none that we write holds
		text = bytes.ReplaceAll(text, []byte("\r"), nil)
	}
	return string(text), true, nil
}

func (d *decoder) continued() bool {
	return len(d.rest) > 0 && (d.rest[0] == ' ' || d.rest[0] == '\t')
}

// physical takes the text up to the next line end, CRLF or a bare LF.
func (d *decoder) physical() []byte {
	text, rest, _ := bytes.Cut(d.rest, []byte("\n"))
	d.rest = rest
	d.line++
	return bytes.TrimSuffix(text, []byte("\r"))
}

// parseLine splits name *(";" param) ":" value.
func parseLine(line string) (ical.Prop, bool) {
	end := strings.IndexAny(line, ";:")
	if end <= 0 || !isName(line[:end]) {
		return ical.Prop{}, false
	}
	p := ical.Prop{Name: strings.ToUpper(line[:end])}
	rest := line[end:]
	for rest != "" && rest[0] == ';' {
		name, values, after, ok := parseParameter(rest[1:])
		if !ok {
			return ical.Prop{}, false
		}
		if p.Params == nil {
			p.Params = make(ical.Params, 2)
		}
		p.Params[name] = append(p.Params[name], values...)
		rest = after
	}
	if rest == "" || rest[0] != ':' {
		return ical.Prop{}, false // DTSTART;TZID=Europe/Paris, without its colon
	}
	p.Value = rest[1:]
	return p, true
}

// parseParameter reads NAME=value{,value} and returns what follows, which starts with ';' or ':'.
func parseParameter(text string) (name string, values []string, rest string, ok bool) {
	eq := strings.IndexByte(text, '=')
	if eq <= 0 || !isName(text[:eq]) {
		return "", nil, "", false
	}
	name, rest = strings.ToUpper(text[:eq]), text[eq+1:]
	for {
		value, after, ok := parseParameterValue(rest)
		if !ok {
			return "", nil, "", false
		}
		values = append(values, value)
		if after == "" || after[0] != ',' {
			return name, values, after, true
		}
		rest = after[1:]
	}
}

func parseParameterValue(text string) (value, rest string, ok bool) {
	if strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text[1:], '"')
		if end < 0 || end > maxParameterSize {
			return "", "", false
		}
		return text[1 : end+1], text[end+2:], true
	}
	end := strings.IndexAny(text, `;:,"`)
	if end < 0 || end > maxParameterSize || text[end] == '"' {
		return "", "", false
	}
	return text[:end], text[end:], true
}

// isName holds for IANA and X- names; "_" is no part of the standard and seen in the wild.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// text undoes the escapes of a TEXT value (RFC 5545 §3.3.11). A backslash before anything else
// stays, as clients write "C:\Documents".
func text(value string) string {
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
		switch next := value[i+1]; next {
		case 'n', 'N':
			b.WriteByte('\n')
		case '\\', ';', ',', ':', '"':
			b.WriteByte(next)
		default:
			b.WriteByte('\\')
			continue
		}
		i++
	}
	return b.String()
}

var textEscaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`, "\x00", "")

// escapeText is the inverse of text.
func escapeText(s string) string { return textEscaper.Replace(strings.ToValidUTF8(s, "\uFFFD")) }
