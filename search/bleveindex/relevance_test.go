package bleveindex

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"parvis/portal"
	"parvis/search"
)

// collection is judged French text: see its README.
type collection struct {
	docs    []search.Document
	queries []judged
}

// judged is a request as typed, and the documents that answer it.
type judged struct {
	text    string
	answers map[string]bool
}

// readCollection reads the judged collection that lies beside the repository.
// It is not part of it: without it the test says so, and fails in CI.
func readCollection(t testing.TB) collection {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", "relevance")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if os.Getenv("CI") == "" && os.Getenv("PARVIS_TEST_ALL") == "" {
			t.Skip("the judged collection is not beside the repository")
		}
		t.Fatal("the judged collection is not beside the repository")
	}
	var c collection
	for line := range readLines(t, filepath.Join(dir, "corpus.tsv.gz")) {
		fields := strings.SplitN(line, "\t", 3)
		c.docs = append(c.docs, search.Document{
			Kind: search.KindDocument, ID: fields[0], Title: fields[1], Body: fields[2],
		})
	}
	answers := map[string]map[string]bool{}
	for line := range readLines(t, filepath.Join(dir, "qrels.tsv")) {
		fields := strings.Split(line, "\t")
		if answers[fields[0]] == nil {
			answers[fields[0]] = map[string]bool{}
		}
		answers[fields[0]][fields[1]] = true
	}
	for line := range readLines(t, filepath.Join(dir, "queries.tsv")) {
		fields := strings.Split(line, "\t")
		if len(answers[fields[0]]) > 0 {
			c.queries = append(c.queries, judged{fields[1], answers[fields[0]]})
		}
	}
	return c
}

func readLines(t testing.TB, path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		if strings.HasSuffix(path, ".gz") {
			unzipped, err := gzip.NewReader(file)
			if err != nil {
				t.Fatal(err)
			}
			lines = bufio.NewScanner(unzipped)
		}
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if !yield(lines.Text()) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// newIndex returns an empty index that ends with the test.
func newIndex(t testing.TB) *Index {
	t.Helper()
	x := New(t.TempDir(), slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

// put indexes documents.
func put(t testing.TB, x *Index, collectivity portal.CollectivityID, docs ...search.Document) {
	t.Helper()
	changes := make([]search.Change, len(docs))
	for i := range docs {
		changes[i] = search.Change{Kind: docs[i].Kind, ID: docs[i].ID, Document: &docs[i]}
	}
	if err := x.Apply(t.Context(), collectivity, changes); err != nil {
		t.Fatal(err)
	}
}

// meanNDCG is the mean of the nDCG@10 (binary gains) of the queries, each
// typed as the writer does it.
func (c collection) meanNDCG(t testing.TB, x *Index, typed func(string) string) float64 {
	t.Helper()
	caller := portal.Caller{Collectivity: "bourg"}
	var sum float64
	for _, query := range c.queries {
		results, err := x.Search(t.Context(), caller, search.Query{Text: typed(query.text)})
		if err != nil {
			t.Fatal(err)
		}
		var gain, ideal float64
		for rank, hit := range results.Hits {
			if query.answers[hit.ID] {
				gain += 1 / math.Log2(float64(rank)+2)
			}
		}
		for rank := range min(10, len(query.answers)) {
			ideal += 1 / math.Log2(float64(rank)+2)
		}
		sum += gain / ideal
	}
	return sum / float64(len(c.queries))
}

func TestTheJudgedCollectionIsAnsweredAsWellAsMeasured(t *testing.T) {
	c := readCollection(t)
	x := newIndex(t)
	put(t, x, "bourg", c.docs...)

	plain := c.meanNDCG(t, x, func(text string) string { return text })
	unaccented := c.meanNDCG(t, x, withoutAccents)
	dice := rand.New(rand.NewSource(7))
	mistyped := c.meanNDCG(t, x, func(text string) string { return mistype(text, dice) })
	t.Logf("nDCG@10: %.4f; without accents %.4f; with one typing error %.4f (%d queries)",
		plain, unaccented, mistyped, len(c.queries))
	if plain < 0.55 {
		t.Errorf("nDCG@10 = %.4f, want at least 0.55", plain)
	}
	if unaccented != plain {
		t.Errorf("nDCG@10 without accents = %.4f, want %.4f as with them", unaccented, plain)
	}
	if mistyped < 0.53 {
		t.Errorf("nDCG@10 with one typing error = %.4f, want at least 0.53", mistyped)
	}
}

func withoutAccents(text string) string {
	return strings.Map(func(r rune) rune {
		if plain := frenchLetter(r); len(plain) == 1 {
			return rune(plain[0])
		}
		return r
	}, text)
}

// mistype puts one error in a word of at least four letters, not in its first
// letter: one left out, one too many, one wrong, two exchanged.
func mistype(text string, dice *rand.Rand) string {
	words := strings.Fields(text)
	var long []int
	for i, word := range words {
		if utf8.RuneCountInString(word) >= 4 {
			long = append(long, i)
		}
	}
	if len(long) == 0 {
		return text
	}
	chosen := long[dice.Intn(len(long))]
	letters := []rune(words[chosen])
	at := 1 + dice.Intn(len(letters)-1)
	letter := rune('a' + dice.Intn(26))
	switch dice.Intn(4) {
	case 0:
		letters = append(letters[:at:at], letters[at+1:]...)
	case 1:
		letters = append(letters[:at:at], append([]rune{letter}, letters[at:]...)...)
	case 2:
		letters[at] = letter
	case 3:
		letters[at], letters[at-1] = letters[at-1], letters[at]
	}
	words[chosen] = string(letters)
	return strings.Join(words, " ")
}
