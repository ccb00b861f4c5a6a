package i18n

import "html/template"

// Printer writes in one language. It never changes and is safe for use by many.
type Printer struct {
	lang     Language
	messages map[string]*message
	words    *words
}

func newPrinter(lang Language, messages map[string]*message) *Printer {
	return &Printer{lang: lang, messages: messages, words: wordsOf(lang)}
}

// Lang is the printer's language, for the lang attribute.
func (p *Printer) Lang() Language { return p.lang }

// T gives the sentence of key with its placeholders filled from name, value pairs: T("hello", "name", agent.Name).
// Whole numbers and floats are written as the language writes them. An unknown key comes back as ⟦key⟧, visible in tests.
// A plural sentence used without a number gives its "other" form.
func (p *Printer) T(key string, pairs ...any) string {
	m := p.messages[key]
	if m == nil {
		return unknown(key)
	}
	return p.write(m.other, pairs)
}

// TH is T for a sentence whose locale text holds mark-up of ours, such as <b>. Values are escaped, except template.HTML.
func (p *Printer) TH(key string, pairs ...any) template.HTML {
	m := p.messages[key]
	if m == nil {
		return template.HTML(template.HTMLEscapeString(unknown(key))) // escaped on this very line
	}
	return p.writeHTML(m.other, pairs)
}

// N gives the form of key for n things and fills {n} with the number: "1 article non lu", "2 418 articles non lus".
func (p *Printer) N(key string, n int, pairs ...any) string {
	m := p.messages[key]
	if m == nil {
		return unknown(key)
	}
	return p.write(m.form(p.lang, n), append([]any{"n", n}, pairs...))
}

// Has tells whether the key is known.
func (p *Printer) Has(key string) bool { return p.messages[key] != nil }

func unknown(key string) string { return "⟦" + key + "⟧" }
