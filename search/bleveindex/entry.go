package bleveindex

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"parvis/portal"
	"parvis/search"
)

// formatVersion changes when an index written before can't be read as it is:
// it is then rebuilt.
const formatVersion = "1"

// maxBody is how much of a body is indexed, in bytes: about 700 pages. While
// it is indexed a text takes some fifty times its size.
const maxBody = 2 << 20

// The fields of an entry.
const (
	fieldTitle = "title" // stems, with positions and lengths
	fieldBody  = "body"  // stems, with positions and lengths; kept, for extracts
	fieldName  = "name"  // folded words of the title: suggestions, typing errors, exact words
	fieldWord  = "word"  // folded words of the body: typing errors, exact words
	fieldKey   = "key"   // keywords, telephone numbers, initials, whole
	fieldWho   = "who"   // who may see it
	fieldKind  = "kind"
	fieldUnit  = "unit"
	fieldDay   = "day"   // "20261121"
	fieldShown = "shown" // what a hit shows, kept and not searched
)

// everywhere is a word that each entry has in its title and its body: its
// postings give the lengths of all of them in one pass.
const everywhere = "\x01"

// Values of fieldWho.
const (
	whoAll   = "*"
	whoGroup = "g/"
	whoAgent = "a/"
)

// shown is what an entry keeps to show a hit.
type shown struct {
	Title, Summary, URL, Icon, Detail, Phone, Unit string           `json:",omitempty"`
	Date                                           time.Time        `json:",omitzero"`
	Audience                                       []portal.GroupID `json:",omitempty"`
	Agents                                         []portal.AgentID `json:",omitempty"`
}

// entryID names a document in its index. Kinds hold no slash.
func entryID(kind search.Kind, id string) string { return string(kind) + "/" + id }

// newEntry makes the index entry of a document.
func newEntry(doc search.Document) (*document.Document, error) {
	body := cutText(doc.Body, maxBody)
	kept, err := json.Marshal(shown{
		Title: doc.Title, Summary: doc.Summary, URL: doc.URL, Icon: doc.Icon, Detail: doc.Detail,
		Phone: doc.Phone, Unit: doc.Unit, Date: doc.Date, Audience: doc.Audience, Agents: doc.Agents,
	})
	if err != nil {
		return nil, fmt.Errorf("bleveindex: %s %q: %w", doc.Kind, doc.ID, err)
	}
	const (
		positions = index.IndexField | index.IncludeTermVectors
		whole     = index.IndexField | index.SkipFreqNorm
	)
	titleWords, bodyWords := analyse([]byte(doc.Title)), analyse([]byte(body))
	entry := document.NewDocument(entryID(doc.Kind, doc.ID))
	add := func(name, value string, options index.FieldIndexingOptions, tokens analysis.TokenStream) {
		entry.AddField(document.NewTextFieldCustom(name, nil, []byte(value), options, analysed(tokens)))
	}
	add(fieldTitle, "", positions, stemTokens(titleWords))
	add(fieldBody, body, positions|index.StoreField, stemTokens(bodyWords))
	add(fieldName, "", index.IndexField, foldedTokens(titleWords, true))
	add(fieldWord, "", index.IndexField, foldedTokens(bodyWords, false))
	add(fieldKey, "", whole, wholeTokens(keys(doc, titleWords)))
	add(fieldWho, "", whole, wholeTokens(who(doc)))
	add(fieldKind, "", whole, wholeTokens([]string{string(doc.Kind)}))
	if doc.Unit != "" {
		add(fieldUnit, "", whole, wholeTokens([]string{doc.Unit}))
	}
	if !doc.Date.IsZero() {
		add(fieldDay, "", whole, wholeTokens([]string{doc.Date.Format(dayFormat)}))
	}
	entry.AddField(document.NewTextFieldCustom(fieldShown, nil, kept, index.StoreField, nil))
	return entry, nil
}

const dayFormat = "20060102"

// analysed gives Bleve words that we found ourselves: its own analysis runs in
// goroutines where a panic would end the process.
type analysed analysis.TokenStream

// Analyze implements analysis.Analyzer.
func (a analysed) Analyze([]byte) analysis.TokenStream { return analysis.TokenStream(a) }

func stemTokens(words []word) analysis.TokenStream {
	tokens := make([]analysis.Token, 1, len(words)+1)
	tokens[0] = analysis.Token{Term: []byte(everywhere)}
	for _, w := range words {
		if w.stem != "" {
			tokens = append(tokens, analysis.Token{
				Start: w.start, End: w.end, Position: w.position, Term: []byte(w.stem),
			})
		}
	}
	return pointers(tokens)
}

func foldedTokens(words []word, stopWords bool) analysis.TokenStream {
	tokens := make([]analysis.Token, 0, len(words))
	for _, w := range words {
		if w.folded != "" && (stopWords || w.stem != "") {
			tokens = append(tokens, analysis.Token{Term: []byte(w.folded), Position: w.position})
		}
	}
	return pointers(tokens)
}

func wholeTokens(terms []string) analysis.TokenStream {
	tokens := make([]analysis.Token, 0, len(terms))
	for i, term := range terms {
		tokens = append(tokens, analysis.Token{Term: []byte(term), Position: i + 1})
	}
	return pointers(tokens)
}

func pointers(tokens []analysis.Token) analysis.TokenStream {
	stream := make(analysis.TokenStream, len(tokens))
	for i := range tokens {
		stream[i] = &tokens[i]
	}
	return stream
}

// who lists who may see a document.
func who(doc search.Document) []string {
	if len(doc.Audience) == 0 && len(doc.Agents) == 0 {
		return []string{whoAll}
	}
	var terms []string
	for _, group := range doc.Audience {
		terms = append(terms, whoGroup+string(group))
	}
	for _, agent := range doc.Agents {
		terms = append(terms, whoAgent+string(agent))
	}
	return terms
}

// keys lists what finds a document when it is typed whole: its keywords, its
// telephone number and the last four digits of it, a person's initials.
func keys(doc search.Document, title []word) []string {
	var keys []string
	for _, keyword := range doc.Keywords {
		if key := foldKey(keyword); key != "" {
			keys = append(keys, key)
		}
	}
	if digits := phoneDigits(doc.Phone); len(digits) >= 4 {
		keys = append(keys, digits, digits[len(digits)-4:])
	}
	if doc.Kind == search.KindPerson {
		keys = append(keys, initials(title))
	}
	return keys
}

// foldKey folds a keyword whole, spaces and signs kept: "marie.dupont@bourg.example".
func foldKey(keyword string) string {
	folded := foldUnicode(nil, []byte(strings.Join(strings.Fields(keyword), " ")))
	return string(folded[:min(len(folded), 200)])
}

func initials(title []word) string {
	var letters []byte
	for _, w := range title {
		if w.folded != "" {
			_, size := utf8.DecodeRuneInString(w.folded)
			letters = append(letters, w.folded[:size]...)
		}
	}
	return string(letters)
}

// phoneDigits returns the digits of a telephone number as dialled in France:
// "+33 2 61 91 01 42" is "0261910142". It is "" for what is no number.
func phoneDigits(text string) string {
	var digits []byte
	plus := false
	for _, r := range text {
		switch {
		case '0' <= r && r <= '9':
			digits = append(digits, byte(r))
		case r == '+' && len(digits) == 0:
			plus = true
		case !strings.ContainsRune(" .-()/\u00a0\u202f", r):
			return ""
		}
	}
	number := string(digits)
	if plus {
		number = "00" + number
	}
	if national, ok := strings.CutPrefix(number, "0033"); ok {
		return "0" + strings.TrimPrefix(national, "0")
	}
	return number
}

// cutText shortens a text to at most limit bytes, between two characters.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// emptyEntry is an entry without words, which nobody may see.
func emptyEntry(id string) *document.Document {
	entry := document.NewDocument(id)
	entry.AddField(document.NewTextFieldCustom(fieldKind, nil, nil, index.IndexField|index.SkipFreqNorm,
		analysed(wholeTokens([]string{"purge"}))))
	return entry
}
