package i18n

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
)

// message is one sentence of one language, parsed. A sentence without plural has only its other form.
type message struct {
	one, other pattern
	plural     bool
}

// pattern is a sentence cut at its placeholders: "Bonjour {name}" is {"Bonjour ", "", false}, {"", "name", true}.
type pattern []part

type part struct {
	text string // literal text, or the placeholder's name
	hole bool
}

// parsePattern cuts s at its placeholders. A name is made of a–z, A–Z, 0–9 and _; "{{" and "}}" stand for the braces.
func parsePattern(s string) (pattern, error) {
	var out pattern
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case (c == '{' || c == '}') && i+1 < len(s) && s[i+1] == c:
			text.WriteByte(c)
			i++
		case c == '}':
			return nil, fmt.Errorf("stray } at byte %d of %q", i, s)
		case c == '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 || !isName(s[i+1:i+end]) {
				return nil, fmt.Errorf("bad placeholder at byte %d of %q", i, s)
			}
			if text.Len() > 0 {
				out = append(out, part{text: text.String()})
				text.Reset()
			}
			out = append(out, part{text: s[i+1 : i+end], hole: true})
			i += end
		default:
			text.WriteByte(c)
		}
	}
	if text.Len() > 0 {
		out = append(out, part{text: text.String()})
	}
	return out, nil
}

func isName(s string) bool {
	for _, c := range s {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != ""
}

// source is the pattern written back; parsing it again gives the same pattern.
func (p pattern) source() string {
	var b strings.Builder
	for _, part := range p {
		if part.hole {
			b.WriteString("{" + part.text + "}")
			continue
		}
		b.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(part.text))
	}
	return b.String()
}

// holes lists the placeholders of every form, sorted, each once.
func (m *message) holes() []string {
	var names []string
	for _, form := range []pattern{m.one, m.other} {
		for _, part := range form {
			if part.hole {
				names = append(names, part.text)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// form picks the plural form for n by the rules of CLDR: in French 0 and 1 are "one", in English only 1.
func (m *message) form(lang Language, n int) pattern {
	if !m.plural {
		return m.other
	}
	if n < 0 {
		n = -n
	}
	// MatchPlural takes the integer modulo 10,000,000 (its own documentation); the rest is zero for an integer.
	if plural.Cardinal.MatchPlural(lang.tag(), n%10_000_000, 0, 0, 0, 0) == plural.One && n < 10_000_000 {
		return m.one
	}
	return m.other
}

// write fills the pattern. pairs are name, value, name, value…; a placeholder without a value stays visible as {name}.
func (p *Printer) write(form pattern, pairs []any) string {
	if len(form) == 1 && !form[0].hole {
		return form[0].text
	}
	var b strings.Builder
	for _, part := range form {
		if !part.hole {
			b.WriteString(part.text)
			continue
		}
		b.WriteString(p.value(part.text, pairs))
	}
	return b.String()
}

// writeHTML is write for a sentence that holds our own mark-up: values are escaped, except template.HTML.
func (p *Printer) writeHTML(form pattern, pairs []any) template.HTML {
	var b strings.Builder
	for _, part := range form {
		if !part.hole {
			b.WriteString(part.text)
			continue
		}
		if html, ok := find(part.text, pairs).(template.HTML); ok {
			b.WriteString(string(html))
			continue
		}
		b.WriteString(template.HTMLEscapeString(p.value(part.text, pairs)))
	}
	return template.HTML(b.String()) // literal parts come from our locale files; values were escaped above
}

func (p *Printer) value(name string, pairs []any) string {
	switch v := find(name, pairs).(type) {
	case nil:
		return "{" + name + "}"
	case string:
		return v
	case int:
		return p.Number(v)
	case int64, float64:
		return p.Number(v)
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

func find(name string, pairs []any) any {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return nil
}
