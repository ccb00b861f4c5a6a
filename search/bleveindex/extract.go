package bleveindex

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	index "github.com/blevesearch/bleve_index_api"

	"parvis/search"
)

// extractLength is about how long an extract is, in bytes: two lines.
const extractLength = 220

// place is where a term was found in a body.
type place struct {
	start, end int // bytes
	term       int
}

// show makes the hits of a page out of its entries, and the correction as they
// write it.
func (a *asker) show(q question, page []candidate) ([]search.Hit, string, error) {
	places, err := a.bodyPlaces(q, page)
	if err != nil {
		return nil, "", err
	}
	hits := make([]search.Hit, 0, len(page))
	written := map[string]string{}
	for _, one := range page {
		doc, body, err := a.view.kept(one.entry)
		if err != nil {
			return nil, "", err
		}
		hit := search.Hit{Document: doc, Collectivity: a.caller.Collectivity, Score: one.score}
		hit.Heading = q.mark(doc.Title)
		hit.Extract = a.extract(q, doc, body, places[one.entry])
		noteWriting(written, hit.Heading)
		noteWriting(written, hit.Extract)
		hits = append(hits, hit)
	}
	return hits, q.corrected(written), nil
}

// noteWriting records how the marked words are written.
func noteWriting(written map[string]string, segments []search.Segment) {
	for _, segment := range segments {
		if segment.Mark {
			folded := fold([]byte(segment.Text))
			if written[folded] == "" {
				written[folded] = strings.ToLower(segment.Text)
			}
		}
	}
}

// bodyPlaces returns where the terms stand in the bodies of some entries,
// sorted by start. The index knows: bodies are not analysed again.
func (a *asker) bodyPlaces(q question, page []candidate) (map[int][]place, error) {
	entries := make([]int, len(page))
	for i, one := range page {
		entries[i] = one.entry
	}
	slices.Sort(entries)
	places := map[int][]place{}
	for t, one := range q.terms {
		if one.stem == "" {
			continue
		}
		err := a.view.vectors(fieldBody, one.stem, slices.Values(entries), func(entry int, vectors []*index.TermFieldVector) {
			for _, vector := range vectors {
				places[entry] = append(places[entry], place{int(vector.Start), int(vector.End), t})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for _, found := range places {
		slices.SortFunc(found, func(x, y place) int {
			return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(y.end, x.end))
		})
	}
	return places, nil
}

// mark marks the terms in a short text, and what the unfinished word begins.
func (q question) mark(text string) []search.Segment {
	var marks []place
	for _, w := range analyse([]byte(text)) {
		for t, one := range q.terms {
			if w.folded == one.folded || (w.stem != "" && w.stem == one.stem) {
				marks = append(marks, place{w.start, w.end, t})
				break
			}
		}
		if n := len(marks); (n == 0 || marks[n-1].start != w.start) && len(q.prefix) >= 2 && strings.HasPrefix(w.folded, q.prefix) {
			marks = append(marks, place{w.start, w.end, len(q.terms) - 1})
		}
	}
	return segments(text, 0, len(text), marks)
}

// extract is the best passage of the body; without a word of the question in
// it, the summary or else the beginning of the body.
func (a *asker) extract(q question, doc search.Document, body []byte, places []place) []search.Segment {
	text := string(body)
	places = within(places, len(text))
	if len(places) == 0 {
		if doc.Summary != "" {
			return q.mark(doc.Summary)
		}
		return passage(text, 0, wordEnd(text, extractLength), nil)
	}
	start, end := bestWindow(places, a.idfs)
	start, end = widen(text, start, end)
	return passage(text, start, end, places)
}

// within drops what is not inside of a text: never so, unless an index is
// damaged.
func within(places []place, length int) []place {
	return slices.DeleteFunc(places, func(p place) bool { return p.start < 0 || p.end > length || p.start >= p.end })
}

// bestWindow returns the stretch of at most extractLength bytes whose terms
// weigh most together: each counts once in full, then little. Of equals, the
// first.
func bestWindow(places []place, weights []float64) (start, end int) {
	const again = 0.15 // of a term's weight, for each time after the first
	counts := make([]int, len(weights))
	sum, best, from := 0.0, -1.0, 0
	for to, last := range places {
		if counts[last.term]++; counts[last.term] == 1 {
			sum += weights[last.term]
		} else {
			sum += again * weights[last.term]
		}
		for from < to && last.end-places[from].start > extractLength {
			gone := places[from].term
			if counts[gone]--; counts[gone] == 0 {
				sum -= weights[gone]
			} else {
				sum -= again * weights[gone]
			}
			from++
		}
		if sum > best+1e-9 {
			best, start, end = sum, places[from].start, last.end
		}
	}
	return start, end
}

// widen grows a stretch to about extractLength: back to the beginning of its
// sentence when that is near, else a little, then forth; always between words.
func widen(text string, start, end int) (int, int) {
	room := max(0, extractLength-(end-start))
	back := start - room/2
	if sentence := sentenceStart(text, start); sentence >= start-room {
		back = sentence
	} else {
		back = wordStart(text, max(0, back))
	}
	forth := min(len(text), max(end, back+extractLength))
	return max(0, back), max(end, wordEnd(text, forth))
}

// sentenceStart is where the sentence that holds a byte begins.
func sentenceStart(text string, at int) int {
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:at])
		if r == '\n' || ((r == '.' || r == '!' || r == '?' || r == '…') && startsWord(text[at:])) {
			break
		}
		at -= size
	}
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !unicode.IsSpace(r) {
			break
		}
		at += size
	}
	return at
}

func startsWord(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(r)
}

// wordStart moves forward to the first word that begins at or after a byte,
// but never across a long run without spaces.
func wordStart(text string, at int) int {
	if at == 0 {
		return 0
	}
	for i := at; i < len(text) && i < at+30; i++ {
		if text[i] == ' ' || text[i] == '\n' || text[i] == '\t' {
			return i + 1
		}
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// wordEnd moves back to the end of the last word that ends before a byte.
func wordEnd(text string, at int) int {
	if at >= len(text) {
		return len(text)
	}
	for i := at; i > 0 && i > at-30; i-- {
		if text[i] == ' ' || text[i] == '\n' || text[i] == '\t' {
			return i
		}
	}
	for at > 0 && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// passage is text[start:end] in segments, with an ellipsis where it was cut.
func passage(text string, start, end int, places []place) []search.Segment {
	found := segments(text, start, end, places)
	if len(found) == 0 {
		return nil
	}
	if strings.TrimSpace(text[:start]) != "" {
		found = append([]search.Segment{{Text: "…"}}, found...)
	}
	if strings.TrimSpace(text[end:]) != "" {
		found = append(found, search.Segment{Text: "…"})
	}
	return joined(found)
}

// segments cuts text[start:end] at its marks, which are sorted; a mark that
// overlaps the one before is dropped. Runs of spaces become one.
func segments(text string, start, end int, marks []place) []search.Segment {
	var found []search.Segment
	add := func(part string, mark bool) {
		if part = spaced(part); part != "" {
			found = append(found, search.Segment{Text: part, Mark: mark})
		}
	}
	at := start
	for _, mark := range marks {
		if mark.start < at || mark.end > end {
			continue
		}
		add(text[at:mark.start], false)
		add(text[mark.start:mark.end], true)
		at = mark.end
	}
	add(text[at:end], false)
	trimEnds(found)
	return joined(found)
}

// spaced makes one space of each run of ordinary spaces, line ends and control
// characters. Unbreakable spaces stay: the typography needs them.
func spaced(text string) string {
	var out strings.Builder
	pending := false
	for _, r := range text {
		if r == ' ' || r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			pending = true
			continue
		}
		if pending {
			out.WriteByte(' ')
			pending = false
		}
		out.WriteRune(r)
	}
	if pending {
		out.WriteByte(' ')
	}
	return out.String()
}

func trimEnds(found []search.Segment) {
	if len(found) == 0 {
		return
	}
	first, last := &found[0], &found[len(found)-1]
	first.Text = strings.TrimLeft(first.Text, " ")
	last.Text = strings.TrimRight(last.Text, " ")
}

// joined puts neighbours of the same kind together and drops empty ones.
func joined(found []search.Segment) []search.Segment {
	kept := found[:0:0]
	for _, one := range found {
		n := len(kept)
		switch {
		case one.Text == "":
		case n > 0 && kept[n-1].Mark == one.Mark:
			kept[n-1].Text += one.Text
		default:
			kept = append(kept, one)
		}
	}
	return kept
}
