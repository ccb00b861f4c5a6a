// Package i18n speaks to people: it holds the sentences of every room in French and English, and writes dates, hours,
// numbers, sums and telephone numbers as each language prints them. It reads the sentences once, at start, and refuses
// a catalogue with a hole in it. It knows nothing of requests, accounts or pages: a caller picks a Printer and uses it.
package i18n

import (
	"golang.org/x/text/language"
)

// Language is a language that Parvis speaks: "fr" or "en".
type Language string

// The languages of Parvis. French comes first, everywhere; English is complete.
const (
	French  Language = "fr"
	English Language = "en"
)

// Languages lists every language, the default first. The slice is the caller's own.
func Languages() []Language { return []Language{French, English} }

// Parse gives the language of a stored or submitted code; ok is false, and the language French, for any other code.
func Parse(code string) (lang Language, ok bool) {
	switch Language(code) {
	case French:
		return French, true
	case English:
		return English, true
	}
	return French, false
}

// Match picks a language from an Accept-Language header, such as "en-GB,en;q=0.9". An empty or broken header is French.
func Match(accept string) Language {
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return French
	}
	for _, tag := range tags {
		base, _ := tag.Base()
		if lang, ok := Parse(base.String()); ok {
			return lang
		}
	}
	return French
}

// tag is the CLDR name of the language, for plural rules.
func (l Language) tag() language.Tag {
	if l == English {
		return language.English
	}
	return language.French
}
