package i18n

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
)

//go:embed locales/*.json
var locales embed.FS

// Catalogue holds every sentence of the product, parsed. It never changes after Load and is safe for use by many.
type Catalogue struct {
	printers map[Language]*Printer
}

// Load reads fr.json and en.json of each source, at its root or in its folder locales/, and this package's own.
// A file is one flat object: "news.title": "Actualités", or "news.unread": {"one": "…", "other": "…"}.
// A key given twice, a key that one language lacks, a broken placeholder, a placeholder or a plural that only one
// language uses are errors; all of them are reported together, each naming its key.
func Load(sources ...fs.FS) (*Catalogue, error) {
	cat := &Catalogue{printers: map[Language]*Printer{}}
	var problems []error
	for _, lang := range Languages() {
		messages := map[string]*message{}
		for _, source := range append([]fs.FS{locales}, sources...) {
			problems = append(problems, loadFile(source, lang, messages)...)
		}
		cat.printers[lang] = newPrinter(lang, messages)
	}
	problems = append(problems, cat.compare()...)
	if len(problems) > 0 {
		return nil, fmt.Errorf("i18n: load: %w", errors.Join(problems...))
	}
	return cat, nil
}

// Printer gives the printer of a language; French for a language we don't speak.
func (c *Catalogue) Printer(lang Language) *Printer {
	if p, ok := c.printers[lang]; ok {
		return p
	}
	return c.printers[French]
}

// Has tells whether the catalogue knows the key.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.printers[French].messages[key]
	return ok
}

// Keys lists every key, sorted.
func (c *Catalogue) Keys() []string {
	return slices.Sorted(maps.Keys(c.printers[French].messages))
}

func loadFile(source fs.FS, lang Language, into map[string]*message) []error {
	name := string(lang) + ".json"
	file, err := source.Open("locales/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = source.Open(name)
	}
	if err != nil {
		return []error{fmt.Errorf("%s: %w", name, err)}
	}
	defer file.Close() // only read: nothing to lose
	return decode(json.NewDecoder(file), name, into)
}

// decode reads token by token: encoding/json alone would keep the last of two equal keys and say nothing.
func decode(dec *json.Decoder, name string, into map[string]*message) []error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return []error{fmt.Errorf("%s: want one JSON object: %v", name, err)}
	}
	var problems []error
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return append(problems, fmt.Errorf("%s: %w", name, err))
		}
		key, _ := t.(string) // the decoder gives only strings here
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return append(problems, fmt.Errorf("%s: %s: %w", name, key, err))
		}
		m, err := parseMessage(raw)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %s: %w", name, key, err))
		case into[key] != nil:
			problems = append(problems, fmt.Errorf("%s: %s: key given twice", name, key))
		default:
			into[key] = m
		}
	}
	if _, err := dec.Token(); err != nil {
		return append(problems, fmt.Errorf("%s: %w", name, err))
	}
	if _, err := dec.Token(); err != io.EOF {
		return append(problems, fmt.Errorf("%s: text after the object", name))
	}
	return problems
}

func parseMessage(raw json.RawMessage) (*message, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		other, err := parsePattern(text)
		return &message{other: other}, err
	}
	var forms map[string]string
	if err := json.Unmarshal(raw, &forms); err != nil {
		return nil, errors.New(`want a string or {"one": …, "other": …}`)
	}
	one, hasOne := forms["one"]
	other, hasOther := forms["other"]
	if !hasOne || !hasOther || len(forms) != 2 {
		return nil, errors.New(`want exactly the forms "one" and "other"`)
	}
	m := &message{plural: true}
	var err1, err2 error
	m.one, err1 = parsePattern(one)
	m.other, err2 = parsePattern(other)
	return m, errors.Join(err1, err2)
}

// compare finds what one language has and the other lacks.
func (c *Catalogue) compare() []error {
	var problems []error
	french, english := c.printers[French].messages, c.printers[English].messages
	for _, key := range slices.Sorted(maps.Keys(french)) {
		en, ok := english[key]
		switch fr := french[key]; {
		case !ok:
			problems = append(problems, fmt.Errorf("en.json: %s: missing", key))
		case fr.plural != en.plural:
			problems = append(problems, fmt.Errorf("%s: a plural in one language only", key))
		case !slices.Equal(fr.holes(), en.holes()):
			problems = append(problems, fmt.Errorf("%s: placeholders %v in French, %v in English", key, fr.holes(), en.holes()))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(english)) {
		if french[key] == nil {
			problems = append(problems, fmt.Errorf("fr.json: %s: missing", key))
		}
	}
	return problems
}
