package search

import (
	"time"

	"parvis/portal"
)

// PageSize is the number of hits on a page of results.
const PageSize = 10

// MaxPage is the last page that can be asked: nobody reads the hundredth, and
// the cost of a page grows with its number.
const MaxPage = 50

// Query is what a person asks. The zero Query finds nothing.
type Query struct {
	Text   string // as typed; words between "quotes" are a phrase
	Kind   Kind   // "" for all
	Unit   string // name of a unit, "" for all
	Period Period
	ByDate bool      // newest first, instead of best first
	Page   int       // 1 is the first; less is 1, more than MaxPage is MaxPage
	Now    time.Time // in the collectivity's zone: where its periods end
}

// Period narrows the dates of the documents.
type Period string

// The periods of a Query. AnyTime also finds what has no date.
const (
	AnyTime   Period = ""
	ThisYear  Period = "year"  // since 1 January
	LastMonth Period = "month" // since the same day of the month before
)

// Since is the first day of the period, at midnight in the zone of now; the
// zero time for AnyTime.
func (p Period) Since(now time.Time) time.Time {
	switch p {
	case ThisYear:
		return time.Date(now.Year(), time.January, 1, 0, 0, 0, 0, now.Location())
	case LastMonth:
		year, month, day := now.Date()
		return time.Date(year, month-1, day, 0, 0, 0, 0, now.Location())
	default:
		return time.Time{}
	}
}

// Results are what the caller may see of the answer: neither the hits, nor the
// counts, nor the correction know of anything else.
type Results struct {
	Total  int // hits on all pages
	Page   int // the page that Hits are, from 1
	Pages  int // 0 when there are no hits
	Hits   []Hit
	Facets Facets

	// Partial says that the index is being filled: more may be found soon.
	Partial bool

	// Correction is the text of the query in which the words that nothing holds
	// are replaced by their nearest neighbour, which is what was searched. ""
	// when every word was taken as typed.
	Correction string
}

// Facets count the hits by what can narrow them. Each counts what would be found
// if only that choice were changed, so that a choice can be left.
type Facets struct {
	All     int // hits whatever the kind
	Kinds   []Count
	Units   []Count // the most frequent first, at most 6
	Periods []Count
	AnyUnit int // hits whatever the unit
	AnyTime int // hits whatever the period
}

// Count is a number of hits that share a value.
type Count struct {
	Value string
	N     int
}

// Hit is a document that was found. Its Body is empty: Extract holds what is
// shown of it.
type Hit struct {
	Document
	Collectivity portal.CollectivityID
	Of           string // name of the collectivity that lends this person, "" for one's own
	Score        float64
	Heading      []Segment // the title
	Extract      []Segment // the best passage of the body, or the summary
}

// Segment is a run of plain text, marked when it is what was searched. A page
// escapes it like any other text.
type Segment struct {
	Text string
	Mark bool
}
