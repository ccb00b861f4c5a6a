package territory

import (
	"cmp"
	"slices"
	"sort"
	"strings"

	"parvis/portal/i18n"
)

const (
	maxTyped  = 200 // bytes of a question; more is no name
	maxWanted = 50
)

// Find returns the places that a typed text means, the likeliest first and the
// most populated among equals, limit at the most: a name with or without its
// accents, hyphens and article, "St" for "Saint", a beginning or words of it, one
// letter wrong; with a département, "Saint-Denis (93)"; a code of INSEE, a postal
// code, a SIREN or a SIRET.
func Find(typed string, limit int) []Place {
	limit = min(limit, maxWanted)
	if len(typed) > maxTyped || limit <= 0 {
		return nil
	}
	a := shipped()
	if number := compact(typed); isNumber(number) {
		return a.byNumber(number, limit)
	}
	name, area := splitArea(typed)
	question := a.question(name, area)
	if question.fold == "" {
		return nil
	}
	best := top{limit: limit}
	a.match(question, &best)
	if len(best.hits) == 0 {
		a.resemble(question, &best)
	}
	return a.placesOf(best)
}

// compact leaves the spaces of a number out.
func compact(typed string) string {
	return strings.ToUpper(strings.Join(strings.Fields(strings.ReplaceAll(typed, "\u202f", " ")), ""))
}

// isNumber tells codes from names: five, nine or fourteen characters, of which
// the second may be the letter of Corsica.
func isNumber(text string) bool {
	if len(text) != 5 && len(text) != 9 && len(text) != 14 {
		return false
	}
	for i, r := range text {
		corsica := i == 1 && len(text) == 5 && (r == 'A' || r == 'B')
		if (r < '0' || r > '9') && !corsica {
			return false
		}
	}
	return true
}

func (a *atlas) byNumber(number string, limit int) []Place {
	if len(number) > 5 {
		if found, ok := BySIREN(number[:9]); ok {
			return []Place{found}
		}
		return nil
	}
	var all []Place
	if found, ok := ByINSEE(number); ok {
		all = append(all, found)
	}
	return append(all, a.byPostcode(number, limit-len(all))...)
}

// byPostcode lists communes, the most populated first.
func (a *atlas) byPostcode(code string, limit int) []Place {
	best, wanted := top{limit: limit}, count(code)
	from := sort.Search(len(a.posted), func(i int) bool { return a.posted[i].code >= wanted })
	for _, one := range a.posted[from:] {
		if one.code != wanted || wanted == 0 {
			break
		}
		best.add(hit{whole, a.records[one.record].population, one.record})
	}
	return a.placesOf(best)
}

func (a *atlas) placesOf(best top) []Place {
	found := make([]Place, len(best.hits))
	for i, one := range best.hits {
		found[i] = a.place(a.records[one.record])
	}
	return found
}

// splitArea takes a département at the end, "(93)" or "(Seine-Saint-Denis)", out
// of what was typed.
func splitArea(typed string) (name, area string) {
	name, rest, found := strings.Cut(typed, "(")
	if !found {
		return typed, ""
	}
	return name, strings.TrimRight(rest, ") ")
}

// question is a name as it is compared.
type question struct {
	fold   string   // "saint denis"
	tokens []string // " saint", " denis": words with the space before them
	area   string   // code of a département, "" for any
	none   bool     // there is no such département
}

func (a *atlas) question(name, area string) question {
	q := question{fold: canonical(name)}
	var small []string
	for token := range strings.FieldsSeq(q.fold) {
		if slices.Contains(smallWords, token) {
			small = append(small, " "+token)
		} else {
			q.tokens = append(q.tokens, " "+token)
		}
	}
	if len(q.tokens) == 0 {
		q.tokens = small // "La", "Les", "Y"
	}
	if area != "" {
		q.area = a.areaOf(area)
		q.none = q.area == ""
	}
	return q
}

func (a *atlas) areaOf(typed string) string {
	code := strings.ToUpper(strings.TrimSpace(typed))
	if len(code) == 1 {
		code = "0" + code
	}
	if a.areas[code] != "" {
		return code
	}
	for known, name := range a.areas {
		if i18n.Fold(name) == i18n.Fold(typed) {
			return known
		}
	}
	return ""
}

// smallWords need not be typed, nor be right.
var smallWords = []string{"a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "s", "sous", "ss", "sur"}

// canonical is a name folded, its abbreviations written in full.
func canonical(name string) string {
	words := strings.Fields(i18n.Fold(name))
	for i, one := range words {
		switch one {
		case "st":
			words[i] = "saint"
		case "ste":
			words[i] = "sainte"
		case "sts":
			words[i] = "saints"
		case "stes":
			words[i] = "saintes"
		}
	}
	return forms.Replace(strings.Join(words, " "))
}

// forms are those of intercommunalities, as the source abbreviates them.
var forms = strings.NewReplacer(
	"communaute de communes", "cc", "communaute d agglomeration", "ca", "communaute urbaine", "cu",
	"com com", "cc", "comcom", "cc",
)

// leading counts the bytes of a folded name that may be left out: its article, or
// the form of an intercommunality and the article after it.
func leading(fold string, kind byte) (article, title byte) {
	if kind == 'E' {
		for _, form := range []string{"cc ", "ca ", "cu ", "metropole "} {
			if strings.HasPrefix(fold, form) {
				title = byte(len(form))
			}
		}
		fold = fold[title:]
	}
	for _, small := range []string{"de la ", "de l ", "du ", "des ", "de ", "d ", "le ", "la ", "les ", "l "} {
		if strings.HasPrefix(fold, small) {
			return byte(len(small)), title
		}
	}
	return 0, title
}

// hit is a place that may be meant.
type hit struct {
	rank       int // the likeliest is 0
	population uint32
	record     uint32
}

// top keeps the best hits in their order.
type top struct {
	limit int
	hits  []hit
}

func compareHits(x, y hit) int {
	return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(y.population, x.population), cmp.Compare(x.record, y.record))
}

func (t *top) add(one hit) {
	if t.limit <= 0 || len(t.hits) == t.limit && compareHits(one, t.hits[t.limit-1]) >= 0 {
		return
	}
	i, there := slices.BinarySearchFunc(t.hits, one, compareHits)
	if there {
		return // by another of its words
	}
	if len(t.hits) == t.limit {
		t.hits = t.hits[:t.limit-1]
	}
	t.hits = slices.Insert(t.hits, i, one)
}

// The ranks, from the likeliest.
const (
	whole      = iota // the name
	unarticled        // the name but for its article
	beginning         // the name goes on after it
	everyWord         // all words are in the name, or it is that of an EPCI but for "CC du"
	wordStarts        // words of the name begin with them
	nearly            // one letter is wrong
)

// match looks at the names that have the rarest word of a question.
func (a *atlas) match(q question, best *top) {
	if q.none {
		return
	}
	var rarest []word
	for i, token := range q.tokens {
		if len(token) < 3 && len(q.tokens) > 1 {
			continue // one letter
		}
		if len(q.fold) == 1 {
			token += " " // the commune of Y
		}
		if having := a.having(token); i == 0 || rarest == nil || len(having) < len(rarest) {
			rarest = having
		}
	}
	for _, one := range rarest {
		record := a.records[one.record]
		if q.area != "" && a.areaOfRecord(record) != q.area {
			continue
		}
		if rank, ok := a.rank(record, q); ok {
			best.add(hit{rank, record.population, one.record})
		}
	}
}

func (a *atlas) areaOfRecord(one record) string {
	switch one.kind {
	case 'C':
		return departementOf(a.cell(one, 1))
	case 'E':
		return a.cell(one, 3)
	case 'D':
		return a.cell(one, 1)
	}
	return ""
}

// having are the words that begin as a token.
func (a *atlas) having(token string) []word {
	from := sort.Search(len(a.words), func(i int) bool { return a.from(a.words[i]) >= token })
	rest := a.words[from:]
	to := sort.Search(len(rest), func(i int) bool { return !strings.HasPrefix(a.from(rest[i]), token) })
	return rest[:to]
}

func (a *atlas) rank(one record, q question) (rank int, ok bool) {
	name := a.folded[one.fold:one.foldEnd]
	rank = everyWord
	for _, token := range q.tokens {
		at := strings.Index(name, token)
		if at < 0 {
			return 0, false
		}
		if !hasWord(name, token) {
			rank = wordStarts
		}
	}
	bare := name[1 : len(name)-1]
	untitled := bare[one.title:]
	plain := untitled[one.article:]
	begun := strings.HasPrefix(bare, q.fold) || strings.HasPrefix(untitled, q.fold) || strings.HasPrefix(plain, q.fold)
	switch {
	case q.fold == bare:
		return whole, true
	case one.title > 0 && begun && len(q.fold) <= len(untitled):
		return everyWord, true // the commune of the name is meant first
	case q.fold == plain:
		return unarticled, true
	case begun:
		return beginning, true
	}
	return rank, true
}

// hasWord says whether a name between spaces has a word, which a space precedes.
func hasWord(name, token string) bool {
	for {
		at := strings.Index(name, token)
		if at < 0 {
			return false
		}
		if name = name[at+len(token):]; name[0] == ' ' {
			return true
		}
	}
}

// resemble looks for names of which one letter is wrong, missing or too many, or
// two are exchanged.
func (a *atlas) resemble(q question, best *top) {
	const short = 4 // other names are one letter apart by nature
	if len(q.fold) < short || q.none {
		return
	}
	for i, one := range a.records {
		length := int(one.foldEnd-one.fold) - 2
		if length-int(one.title)-int(one.article) > len(q.fold)+1 || length < len(q.fold)-1 {
			continue
		}
		if q.area != "" && a.areaOfRecord(one) != q.area {
			continue
		}
		bare := a.folded[one.fold+1 : one.foldEnd-1]
		untitled := bare[one.title:]
		if near(bare, q.fold) || one.title > 0 && near(untitled, q.fold) || one.article > 0 && near(untitled[one.article:], q.fold) {
			best.add(hit{nearly, one.population, uint32(i)})
		}
	}
}

// near says whether two texts are one letter apart.
func near(x, y string) bool {
	if len(x) < len(y) {
		x, y = y, x
	}
	if len(x)-len(y) > 1 {
		return false
	}
	i := 0
	for i < len(y) && x[i] == y[i] {
		i++
	}
	if len(x) > len(y) {
		return x[i+1:] == y[i:]
	}
	if i == len(x) {
		return true
	}
	exchanged := i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && x[i+2:] == y[i+2:]
	return exchanged || x[i+1:] == y[i+1:]
}
