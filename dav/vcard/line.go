package vcard

import (
	"bytes"
	"strings"
)

// reader cuts a card into lines.
type reader struct {
	rest []byte
	line int // of the last one returned, from 1
}

// next is the next property; ok is false at the end of the text. Empty lines between properties are
// part of the octets of the one before.
func (r *reader) next() (l line, ok bool, err error) {
	for r.blank() {
		r.physical()
	}
	if len(r.rest) == 0 {
		return line{}, false, nil
	}
	from := r.rest
	text := r.unfolded()
	for r.blank() {
		r.physical()
	}
	if !validText(text) {
		return line{}, false, refuse(Malformed, "line %d: no UTF-8 text", r.line)
	}
	p, ok := parseLine(string(text))
	switch {
	case !ok:
		return line{}, false, refuse(Malformed, "line %d: no property", r.line)
	case len(text) > maxLineNoPhoto && !isLong(p.Name):
		return line{}, false, refuse(Malformed, "line %d: %s has more than %d bytes", r.line, p.Name, maxLineNoPhoto)
	}
	return line{p, from[:len(from)-len(r.rest)]}, true, nil
}

// isLong holds for the properties that may carry a file.
func isLong(name string) bool {
	switch name {
	case "PHOTO", "LOGO", "SOUND", "KEY", "NOTE":
		return true
	}
	return strings.HasPrefix(name, "X-")
}

// blank says whether an empty line is next.
func (r *reader) blank() bool {
	return bytes.HasPrefix(r.rest, []byte("\n")) || bytes.HasPrefix(r.rest, []byte("\r\n"))
}

// unfolded joins a line with its continuations. A fold may cut a UTF-8 sequence.
func (r *reader) unfolded() []byte {
	text := r.physical()
	if !r.continued() {
		return text
	}
	text = bytes.Clone(text)
	for r.continued() {
		r.rest = r.rest[1:]
		text = append(text, r.physical()...)
	}
	return text
}

func (r *reader) continued() bool {
	return len(r.rest) > 0 && (r.rest[0] == ' ' || r.rest[0] == '\t')
}

// physical takes the text up to the next line end, CRLF or a bare LF.
func (r *reader) physical() []byte {
	text, rest, _ := bytes.Cut(r.rest, []byte("\n"))
	r.rest = rest
	r.line++
	return bytes.TrimSuffix(text, []byte("\r"))
}

// parseLine splits [group "."] name *(";" param) ":" value.
func parseLine(text string) (p Property, ok bool) {
	end := strings.IndexAny(text, ";:")
	if end <= 0 || end > maxName {
		return p, false
	}
	name := text[:end]
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		if p.Group, name = name[:dot], name[dot+1:]; !isName(p.Group) {
			return p, false
		}
	}
	if !isName(name) {
		return p, false
	}
	p.Name = strings.ToUpper(name)
	rest, values := text[end:], 0
	for rest != "" && rest[0] == ';' {
		param, after, ok := parseParam(rest[1:])
		if values += len(param.Values); !ok || values > maxParameters {
			return p, false
		}
		p.Params, rest = append(p.Params, param), after
	}
	if rest == "" || rest[0] != ':' {
		return p, false
	}
	p.Value = rest[1:]
	return p, true
}

// parseParam reads NAME=value{,value}, or the bare value of a 2.1 card that calls itself 3.0, which is
// a TYPE. What follows starts with ';' or ':'.
func parseParam(text string) (p Param, rest string, ok bool) {
	end := strings.IndexAny(text, "=;:")
	if end <= 0 || !isName(text[:end]) {
		return p, "", false
	}
	p.Name = strings.ToUpper(text[:end])
	if text[end] != '=' {
		return Param{Name: "TYPE", Values: []string{text[:end]}}, text[end:], true
	}
	rest = text[end+1:]
	for {
		value, after, ok := parseValue(rest)
		if !ok || len(p.Values) == maxParameters {
			return p, "", false
		}
		p.Values = append(p.Values, value)
		if after == "" || after[0] != ',' {
			return p, after, true
		}
		rest = after[1:]
	}
}

func parseValue(text string) (value, rest string, ok bool) {
	if strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text[1:], '"')
		if end < 0 || end > maxParameter {
			return "", "", false
		}
		return text[1 : end+1], text[end+2:], true
	}
	end := strings.IndexAny(text, `;:,"`)
	if end < 0 || end > maxParameter || text[end] == '"' {
		return "", "", false
	}
	return text[:end], text[end:], true
}

// isName holds for IANA and X- names; "_" is no part of the standard and seen in the wild.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}
