package bleveindex

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/search"
)

// person is somebody of a directory.
func person(id, name, function, unit, phone string, keywords ...string) search.Document {
	return search.Document{Kind: search.KindPerson, ID: id, Title: name, Body: function, Summary: function, Detail: function, Unit: unit, Phone: phone, Keywords: keywords}
}

var (
	ofBourg = portal.Caller{Collectivity: "bourg"} // nobody in particular
	ofCCAS  = portal.Caller{Collectivity: "ccas", Agent: "rose"}
)

// newSatellite has a town and its satellite, each with people and documents.
func newSatellite(t *testing.T) *Index {
	x := newIndex(t)
	put(t, x, "bourg",
		person("zelie", "Zélie Quintard", "Fontainière", "Voirie", "02 61 91 01 77", "zelie@bourg.example"),
		person("marie", "Marie Lebrun", "Agente d’accueil", "Mairie", ""),
		search.Document{Kind: search.KindPerson, ID: "hidden", Title: "Quintard Cachée", Audience: []portal.GroupID{"hr"}},
		search.Document{Kind: search.KindPerson, ID: "own", Title: "Quintard Privée", Agents: []portal.AgentID{"boss"}},
		search.Document{Kind: search.KindDocument, ID: "note", Title: "Note de Quintard", Body: "Le zanzibar communal.", Unit: "Archives"},
	)
	put(t, x, "ccas",
		person("rose", "Rose Lebrun", "Aide à domicile", "Aides", "02 61 91 02 00"),
		search.Document{Kind: search.KindDocument, ID: "plan", Title: "Plan canicule", Body: "Les agents de la mairie appellent les personnes isolées.", Date: noon},
	)
	return x
}

// across is what a caller finds with those of bourg.
func across(t *testing.T, x *Index, query search.Query) search.Results {
	t.Helper()
	query.Now = noon
	results, err := x.Search(t.Context(), ofCCAS, query, ofBourg)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestPeopleAreLentAndNothingElse(t *testing.T) {
	x := newSatellite(t)
	for text, want := range map[string]string{
		"quintard":            "zelie",
		"quintar":             "zelie",
		"quintrad":            "zelie",
		"0261910177":          "zelie",
		"zelie@bourg.example": "zelie",
		"quintard voirie":     "zelie",
		"fontainière voirie":  "zelie",
		"lebrun":              "rose marie",
		"zanzibar":            "",
		"zanzibra":            "",
		"archives":            "",
		"voirie":              "",
		"cachee":              "",
		"privee":              "",
		"canicule quintard":   "plan",
	} {
		results := across(t, x, search.Query{Text: text})
		if got := ids(results.Hits); got != want || results.Total != len(strings.Fields(want)) {
			t.Errorf("Search(%q) = %q, %d in all, want %q", text, got, results.Total, want)
		}
		if strings.Contains(results.Correction, "zanz") {
			t.Errorf("Search(%q) is corrected to %q, of a document of another", text, results.Correction)
		}
	}
	results := across(t, x, search.Query{Text: "quintrad"})
	if results.Correction != "quintard" || results.Hits[0].Collectivity != "bourg" || marked(results.Hits[0].Heading) != "Zélie [Quintard]" {
		t.Errorf("Search(quintrad): %+v", results)
	}
	if got := ids(ask(t, x, ofCCAS, "quintard").Hits); got != "" {
		t.Errorf("nothing is lent: %q", got)
	}
	back, err := x.Search(t.Context(), clerk, search.Query{Text: "lebrun"}, portal.Caller{Collectivity: "nowhere"})
	if err != nil || ids(back.Hits) != "marie" || !back.Partial {
		t.Errorf("from an index that is not there yet: %q, partial %v, %v", ids(back.Hits), back.Partial, err)
	}
}

// TestOnesOwnWordIsNotCorrectedWhereItIsANameOfOthers: "marie" is "mairie" only where no
// Marie is to be found.
func TestOnesOwnWordIsNotCorrectedWhereItIsANameOfOthers(t *testing.T) {
	x := newSatellite(t)
	if results := ask(t, x, ofCCAS, "marie"); results.Correction != "mairie" || ids(results.Hits) != "plan" {
		t.Errorf("alone: %q, %q", results.Correction, ids(results.Hits))
	}
	if results := across(t, x, search.Query{Text: "marie"}); results.Correction != "" || ids(results.Hits) != "marie" {
		t.Errorf("with others: %q, %q", results.Correction, ids(results.Hits))
	}
	// What is corrected to a word of one's own is looked for so among the others as well.
	if results := across(t, x, search.Query{Text: "lebrum"}); results.Correction != "lebrun" || ids(results.Hits) != "rose marie" {
		t.Errorf("corrected: %q, %q", results.Correction, ids(results.Hits))
	}
}

func TestCountsAndPagesHoldWhatIsLent(t *testing.T) {
	x := newSatellite(t)
	var own, theirs []search.Document
	for i := range 14 {
		own = append(own, person(fmt.Sprintf("a%02d", i), "Aline Dupont", "Aide", "Aides", ""))
		theirs = append(theirs, person(fmt.Sprintf("b%02d", i), "Aline Dupont", "Peintre", "Voirie", ""))
	}
	put(t, x, "ccas", own...)
	put(t, x, "bourg", theirs...)
	seen := map[string]int{}
	for page := 1; page <= 3; page++ {
		results := across(t, x, search.Query{Text: "aline dupont", Page: page})
		if results.Total != 28 || results.Pages != 3 || results.Page != page {
			t.Fatalf("page %d: %d in all, page %d of %d", page, results.Total, results.Page, results.Pages)
		}
		for i, hit := range results.Hits {
			seen[hit.ID]++
			if mine := (page-1)*search.PageSize+i < 14; mine != (hit.Collectivity == "ccas") {
				t.Errorf("page %d, %d: %s of %s", page, i, hit.ID, hit.Collectivity)
			}
		}
	}
	if len(seen) != 28 {
		t.Errorf("three pages show %d of 28", len(seen))
	}
	facets := across(t, x, search.Query{Text: "aline dupont", Unit: "Voirie"}).Facets
	if facets.All != 14 || facets.AnyUnit != 28 || !slices.Equal(facets.Units, []search.Count{{Value: "Aides", N: 14}, {Value: "Voirie", N: 14}}) {
		t.Errorf("by unit: %+v", facets)
	}
	if results := across(t, x, search.Query{Text: "aline", Kind: search.KindDocument}); results.Total != 0 || results.Facets.All != 28 {
		t.Errorf("of another kind: %+v", results)
	}
	if results := across(t, x, search.Query{Text: "aline canicule", Period: search.ThisYear}); ids(results.Hits) != "plan" {
		t.Errorf("of this year: %q", ids(results.Hits))
	}
	if results := across(t, x, search.Query{Text: "mairie", ByDate: true}); ids(results.Hits) != "plan" {
		t.Errorf("by date: %q", ids(results.Hits))
	}
}

func TestSuggestionsHoldWhoIsLent(t *testing.T) {
	x := newSatellite(t)
	put(t, x, "ccas", search.Document{Kind: search.KindDocument, ID: "letter", Title: "Lettre à Lebrun"})
	suggest := func(text string, limit int, others ...portal.Caller) string {
		t.Helper()
		hits, err := x.Suggest(t.Context(), ofCCAS, text, limit, others...)
		if err != nil {
			t.Fatal(err)
		}
		return ids(hits)
	}
	for text, want := range map[string]string{
		"lebr": "rose marie letter", "quin": "zelie", "quintrad": "zelie", "zanz": "", "note": "", "0261910177": "zelie",
	} {
		if got := suggest(text, 7, ofBourg); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", text, got, want)
		}
	}
	if got := suggest("lebr", 2, ofBourg); got != "rose marie" {
		t.Errorf("of two places: %q", got)
	}
	if got := suggest("quin", 7); got != "" {
		t.Errorf("nothing is lent: %q", got)
	}
}

// TestADamagedIndexOfAnotherTakesNothingAway: one's own search goes on.
func TestADamagedIndexOfAnotherTakesNothingAway(t *testing.T) {
	x := newSatellite(t)
	damaged := portal.Caller{Collectivity: "../bourg"} // cannot be opened
	state, err := x.State(t.Context(), "ccas")
	if err == nil {
		err = x.SetFilled(t.Context(), "ccas", state.Making)
	}
	if own := ask(t, x, ofCCAS, "lebrun"); err != nil || own.Partial {
		t.Fatalf("alone: partial %v, %v", own.Partial, err)
	}
	results, err := x.Search(t.Context(), ofCCAS, search.Query{Text: "lebrun", Now: noon}, damaged)
	if err != nil || ids(results.Hits) != "rose" || !results.Partial {
		t.Errorf("Search = %q, partial %v, %v", ids(results.Hits), results.Partial, err)
	}
	if hits, err := x.Suggest(t.Context(), ofCCAS, "lebr", 7, damaged); err != nil || ids(hits) != "rose" {
		t.Errorf("Suggest = %q, %v", ids(hits), err)
	}
}
