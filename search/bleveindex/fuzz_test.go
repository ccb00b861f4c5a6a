package bleveindex

import (
	"strings"
	"testing"
	"unicode/utf8"

	"parvis/search"
)

// FuzzParse reads any text as a question.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"salle des fêtes", `"salle des fêtes" budget`, "« conseil municipal", "l’eau d'Artagnan aujourd'hui O'Connor", "02 61 91 01 42",
		"\xff\xfe", "é\u0301", "ǆ ﬁ ẞ İ", "a\x00b", strings.Repeat("é", 600), `""""`, "“a” «b»", "ʼ’'", "العربية 中文 ไทย",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := parse(text)
		if len(q.terms) > maxTerms {
			t.Errorf("%d terms", len(q.terms))
		}
		for _, one := range q.terms {
			if one.start < 0 || one.end > len(q.text) || one.start >= one.end || q.text[one.start:one.end] != one.typed {
				t.Errorf("term %q is not at %d–%d of %q", one.typed, one.start, one.end, q.text)
			}
			if len(one.folded) > maxWord || !utf8.ValidString(one.folded) {
				t.Errorf("folded %q", one.folded)
			}
		}
		if again := parse(strings.ToUpper(text)); utf8.ValidString(text) && isPlainFrench(text) && !sameStems(q, again) {
			t.Errorf("%q and its capitals differ: %v, %v", text, q.terms, again.terms)
		}
	})
}

// isPlainFrench says whether a text has the letters of French alone: others
// have capitals that are no single letter.
func isPlainFrench(text string) bool {
	for _, r := range text {
		if r >= utf8.RuneSelf && frenchLetter(r) == "" || r == 'ß' {
			return false
		}
	}
	return len(text) < maxQuestion
}

func sameStems(a, b question) bool {
	if len(a.terms) != len(b.terms) {
		return false
	}
	for i := range a.terms {
		if a.terms[i].stem != b.terms[i].stem {
			return false
		}
	}
	return true
}

// FuzzExtract marks any words in any text, and must give back the text itself.
func FuzzExtract(f *testing.F) {
	f.Add("La salle des fêtes est fermée. Voir la mairie.", "salle mairie")
	f.Add("L’eau\n\n\tde   l’eau "+strings.Repeat("x", 500)+" eau", "eau")
	f.Add("\xff\xfe salle \x00 <b>salle</b>", "salle b")
	f.Add("", "")
	f.Add(strings.Repeat("é", 400)+" a", "a")
	f.Fuzz(func(t *testing.T, text, asked string) {
		text = strings.ToValidUTF8(text, "")
		q := parse(asked)
		var places []place
		for _, w := range analyse([]byte(text)) {
			for n, one := range q.terms {
				if w.stem != "" && w.stem == one.stem {
					places = append(places, place{w.start, w.end, n})
					break
				}
			}
		}
		a := &asker{idfs: make([]float64, len(q.terms))}
		for i := range a.idfs {
			a.idfs[i] = float64(i + 1)
		}
		extract := a.extract(q, search.Document{}, []byte(text), places)
		checkSegments(t, text, extract)
		if len(places) > 0 && !hasMark(extract) {
			t.Errorf("nothing is marked in %q of %q", marked(extract), text)
		}
		checkSegments(t, text, q.mark(text))
	})
}

func hasMark(segments []search.Segment) bool {
	for _, segment := range segments {
		if segment.Mark {
			return true
		}
	}
	return false
}

// checkSegments checks that segments hold nothing but a passage of the text,
// spaces apart.
func checkSegments(t *testing.T, text string, segments []search.Segment) {
	t.Helper()
	var joined strings.Builder
	for i, segment := range segments {
		if segment.Text == "" || !utf8.ValidString(segment.Text) {
			t.Errorf("segment %q", segment.Text)
		}
		if i > 0 && segments[i-1].Mark == segment.Mark && !segment.Mark {
			t.Errorf("two plain segments follow: %q, %q", segments[i-1].Text, segment.Text)
		}
		joined.WriteString(segment.Text)
	}
	squeeze := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
				return -1
			}
			return r
		}, s)
	}
	passage := strings.TrimSuffix(strings.TrimPrefix(squeeze(joined.String()), "…"), "…")
	if !strings.Contains(squeeze(text), passage) {
		t.Errorf("extract %q is not in the text %q", passage, text)
	}
	if len(passage) > 4*extractLength && len(segments) < 3 && len(text) > len(passage) {
		t.Errorf("an extract of %d bytes", len(passage))
	}
}
