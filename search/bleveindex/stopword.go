package bleveindex

import (
	"sync"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
)

// stopWords are the French words that say nothing of a subject, folded: the
// snowball list that Bleve ships.
var stopWords = sync.OnceValue(func() map[string]bool {
	list := analysis.NewTokenMap()
	if err := list.LoadBytes(fr.FrenchStopWords); err != nil {
		panic(err) // the list is compiled in
	}
	folded := make(map[string]bool, len(list))
	for word := range list {
		folded[fold([]byte(word))] = true
	}
	return folded
})

// isStopWord says whether a folded word is dropped from texts and queries.
func isStopWord(folded string) bool { return stopWords()[folded] }
