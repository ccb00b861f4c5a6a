package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSearchKnowsNoWordOfOthers asks for the words of each collectivity as
// agents of the others: the answer is that to a word which is nowhere, and words
// that come near bring up none.
func TestSearchKnowsNoWordOfOthers(t *testing.T) {
	w := newWorld(t)
	w.WaitForIndex()
	w.waitForSearch(t)
	const nowhere = "zzzzzzzzzzzzzzz"
	for _, p := range w.people(w.of("bourg")) {
		if p.in == "" {
			continue
		}
		client, here := w.client(p), w.of(p.in)
		client.Get("/search?q="+here.every).Want(t, http.StatusOK, "<mark>"+here.every+"</mark>")
		for _, path := range []string{"/search?q=", "/search/suggestions?q=", "/directory?q="} {
			want := strings.ReplaceAll(client.Get(path+nowhere).Want(t, http.StatusOK).Body, nowhere, "?")
			for _, word := range w.foreign(p) {
				if !slices.Contains(w.searchable(), word) {
					continue
				}
				got := client.Get(path+word).Want(t, http.StatusOK).Body
				if diff := cmp.Diff(want, strings.ReplaceAll(got, word, "?")); diff != "" {
					t.Errorf("%s: %s%s is not answered as what is nowhere:\n%s", p.who, path, word, diff)
				}
				begun := word[:len(word)-1]
				w.silent(t, p, path+begun+"*", "", client.Get(path+begun+"*"))
				w.silent(t, p, path+begun+"x", "", client.Get(path+begun+"x"))
			}
		}
	}
	w.silentLog(t)
}

// waitForSearch waits until no page says that search is being filled.
func (w *world) waitForSearch(t *testing.T) {
	t.Helper()
	for _, e := range w.estates {
		client := w.As(e.author)
		for range 100 {
			if !strings.Contains(client.Get("/search?q=zz").Body, "alert warn") {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// searchable are the words that stand in what search finds.
func (w *world) searchable() (words []string) {
	for _, e := range w.estates {
		words = append(words, e.every, e.group, e.own)
	}
	return words
}
