package search

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/search"
	"parvis/search/bleveindex"
)

// BenchmarkLent asks a satellite of 250 documents, alone, with the 10,000 people whom
// its town lends, and so among 100 other collectivities.
func BenchmarkLent(b *testing.B) {
	x := bleveindex.New(b.TempDir(), slog.New(slog.DiscardHandler))
	defer x.Close()
	docs := documents(b, 250)
	for i := range docs {
		docs[i].Body = strings.ToValidUTF8(docs[i].Body[:min(1200, len(docs[i].Body))], "")
	}
	fill(b, x, "ccas", docs)
	given, family := strings.Fields("Anne Marie Paul Zoé Luc Camille Nadia Hugo Inès Marc"), strings.Fields("Le Goff Martin Quintard Dupont Roy Abel Lebrun Petit Moreau Faure")
	people := make([]search.Document, 10_000)
	for i := range people {
		function := fmt.Sprint("Agent du service ", i%97)
		people[i] = search.Document{
			Kind: search.KindPerson, ID: fmt.Sprintf("p%05d", i), Title: fmt.Sprintf("%s %s%d", given[i%10], family[i/10%11], i/110), Body: function, Summary: function,
			Phone: fmt.Sprintf("02 61 %02d %02d %02d", i/10000, i/100%100, i%100), Unit: fmt.Sprint("Service ", i%97),
		}
	}
	fill(b, x, "bourg", people)
	all, texts := callers("ccas"), queries(b)
	ask := func(b *testing.B, others ...portal.Caller) {
		b.Helper()
		timed(b, func(i int) error {
			text := texts[i%len(texts)]
			if i%2 == 0 {
				text = people[i*37%len(people)].Title
			}
			_, err := x.Search(context.Background(), all[i%len(all)], search.Query{Text: text}, others...)
			return err
		})
	}
	town := portal.Caller{Collectivity: "bourg"}
	b.Run("alone", func(b *testing.B) { ask(b) })
	b.Run("lent", func(b *testing.B) { ask(b, town) })
	b.Run("suggestions", func(b *testing.B) {
		timed(b, func(i int) error {
			text := people[i*37%len(people)].Title
			_, err := x.Suggest(context.Background(), all[i%len(all)], text[:min(len(text), 3+i%5)], 7, town)
			return err
		})
	})
	for i := range 100 {
		fill(b, x, name(i), docs)
		if _, err := x.Search(context.Background(), portal.Caller{Collectivity: name(i)}, search.Query{Text: "mairie"}); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("lent, 100 others", func(b *testing.B) { ask(b, town) })
}
