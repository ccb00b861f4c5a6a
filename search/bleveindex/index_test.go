package bleveindex

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/search"
)

var clerk = portal.Caller{Collectivity: "bourg", Agent: "clerk", Groups: []portal.GroupID{"staff"}}

// ask returns what a caller finds.
func ask(t testing.TB, x *Index, caller portal.Caller, text string) search.Results {
	t.Helper()
	results, err := x.Search(t.Context(), caller, search.Query{Text: text, Now: noon})
	if err != nil {
		t.Fatalf("Search(%q): %v", text, err)
	}
	return results
}

// ids returns the ids of the hits, in their order.
func ids(hits []search.Hit) string {
	var found []string
	for _, hit := range hits {
		found = append(found, hit.ID)
	}
	return strings.Join(found, " ")
}

// marked writes segments with the marked ones between brackets.
func marked(segments []search.Segment) string {
	var text strings.Builder
	for _, segment := range segments {
		if segment.Mark {
			text.WriteString("[" + segment.Text + "]")
		} else {
			text.WriteString(segment.Text)
		}
	}
	return text.String()
}

var noon = time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)

func TestACollectivityFindsNothingOfAnother(t *testing.T) {
	x := newIndex(t)
	put(t, x, "bourg", search.Document{Kind: search.KindDocument, ID: "ours", Title: "Budget de la commune"})
	put(t, x, "agglo", search.Document{Kind: search.KindDocument, ID: "theirs", Title: "Budget zanzibar de l’agglomération"})
	stranger := portal.Caller{Collectivity: "agglo", Agent: clerk.Agent, Groups: clerk.Groups}

	if got := ids(ask(t, x, clerk, "budget").Hits); got != "ours" {
		t.Errorf("in bourg: %q, want ours alone", got)
	}
	if got := ids(ask(t, x, stranger, "budget").Hits); got != "theirs" {
		t.Errorf("in agglo: %q, want theirs alone", got)
	}
	// Not even by a correction, which would tell that the word is there.
	for _, text := range []string{"zanzibar", "zanzibra", "zanzi"} {
		results := ask(t, x, clerk, text)
		if results.Total != 0 || results.Correction != "" {
			t.Errorf("Search(%q) in bourg = %d hits, correction %q", text, results.Total, results.Correction)
		}
	}
	if hits, err := x.Suggest(t.Context(), clerk, "zanz", 5); err != nil || len(hits) != 0 {
		t.Errorf("Suggest in bourg = %v, %v", hits, err)
	}
	if results := ask(t, x, portal.Caller{Collectivity: "nowhere"}, "budget"); results.Total != 0 {
		t.Errorf("in an empty collectivity: %d hits", results.Total)
	}
	for _, name := range []portal.CollectivityID{"", "..", "../agglo", "a/b", "Bourg"} {
		_, err := x.Search(t.Context(), portal.Caller{Collectivity: name}, search.Query{Text: "budget"})
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("Search in %q = %v, want ErrNotFound", name, err)
		}
	}
}

func TestAColleagueWithoutTheRightFindsNothingAndLearnsNothing(t *testing.T) {
	x := newIndex(t)
	put(t, x, "bourg",
		search.Document{Kind: search.KindDocument, ID: "all", Title: "Compte rendu", Body: "Le conseil examine le projet.", Unit: "Mairie"},
		search.Document{
			Kind: search.KindDocument, ID: "group", Title: "Projet de licenciement", Body: "Indemnités confidentielles.",
			Unit: "Ressources humaines", Audience: []portal.GroupID{"hr"}, Date: noon,
		},
		search.Document{Kind: search.KindEvent, ID: "private", Title: "Projet chirurgical", Agents: []portal.AgentID{"boss"}},
		search.Document{Kind: search.KindArticle, ID: "both", Title: "Projet partagé", Audience: []portal.GroupID{"hr"}, Agents: []portal.AgentID{"boss"}},
	)
	for _, test := range []struct {
		name   string
		caller portal.Caller
		want   string
	}{
		{"without group", clerk, "all"},
		{"in the group", portal.Caller{Collectivity: "bourg", Agent: "hr1", Groups: []portal.GroupID{"hr", "staff"}}, "both group all"},
		{"the agent", portal.Caller{Collectivity: "bourg", Agent: "boss"}, "both private all"},
		{"an administrator is no reader", portal.Caller{Collectivity: "bourg", Agent: "admin", Rights: []portal.Right{portal.Admin}}, "all"},
		{"nobody", portal.Caller{Collectivity: "bourg"}, "all"},
	} {
		results := ask(t, x, test.caller, "projet")
		got := map[string]bool{}
		for _, hit := range results.Hits {
			got[hit.ID] = true
		}
		want := map[string]bool{}
		for _, id := range strings.Fields(test.want) {
			want[id] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
		if results.Total != len(want) || results.Facets.All != len(want) {
			t.Errorf("%s: total %d, all %d, want %d", test.name, results.Total, results.Facets.All, len(want))
		}
	}

	results := ask(t, x, clerk, "projet")
	want := search.Facets{
		All: 1, AnyUnit: 1, AnyTime: 1,
		Kinds:   []search.Count{{Value: "document", N: 1}},
		Units:   []search.Count{{Value: "Mairie", N: 1}},
		Periods: []search.Count{{Value: "year"}, {Value: "month"}},
	}
	if diff := cmp.Diff(want, results.Facets); diff != "" {
		t.Errorf("the counts tell what the clerk may not see: (-want +got)\n%s", diff)
	}
	for _, text := range []string{"licenciement", "lisenciement", "indemnités", "chirurgical", "chirurgicla", `"projet de licenciement"`} {
		results := ask(t, x, clerk, text)
		if strings.Contains(ids(results.Hits), "group") || strings.Contains(ids(results.Hits), "private") || results.Correction != "" {
			t.Errorf("Search(%q) = %q, correction %q", text, ids(results.Hits), results.Correction)
		}
	}
	if hits, err := x.Suggest(t.Context(), clerk, "proj", 9); err != nil || len(hits) != 0 {
		t.Errorf("Suggest = %q, %v, want nothing", ids(hits), err)
	}
}

func TestAChangedRightCountsAtTheNextSearch(t *testing.T) {
	x := newIndex(t)
	doc := search.Document{Kind: search.KindDocument, ID: "a", Title: "Note de service", Audience: []portal.GroupID{"staff"}}
	put(t, x, "bourg", doc)
	if got := ask(t, x, clerk, "note").Total; got != 1 {
		t.Fatalf("in the group: %d hits, want 1", got)
	}
	left := clerk
	left.Groups = nil
	if got := ask(t, x, left, "note").Total; got != 0 {
		t.Errorf("out of the group: %d hits, want 0", got)
	}
	doc.Audience = []portal.GroupID{"hr"}
	put(t, x, "bourg", doc)
	if got := ask(t, x, clerk, "note").Total; got != 0 {
		t.Errorf("after the audience changed: %d hits, want 0", got)
	}
}

func TestWordsAreFoundWhateverTheirAccentsFormsAndErrors(t *testing.T) {
	x := newIndex(t)
	put(t, x, "bourg",
		search.Document{Kind: search.KindDocument, ID: "fetes", Title: "Règlement de la salle des fêtes", Body: "L’occupant restitue la salle propre. La caution est rendue sous huit jours."},
		search.Document{Kind: search.KindDocument, ID: "conges", Title: "Congés annuels", Body: "L'agent pose ses congés auprès du responsable."},
		search.Document{Kind: search.KindDocument, ID: "oeuvre", Title: "Œuvres d'art", Body: "Le conseil de prud’hommes a visité le musée aujourd'hui."},
		search.Document{Kind: search.KindPerson, ID: "dupont", Title: "Marie Dupont", Detail: "Gardienne", Phone: "+33 2 61 91 01 42", Keywords: []string{"marie.dupont@bourg.example"}},
		search.Document{Kind: search.KindApplication, ID: "paie", Title: "Paie et carrières"},
	)
	for _, test := range []struct{ text, want, correction string }{
		{"salle des fêtes", "fetes", ""},
		{"SALLE DES FETES", "fetes", ""},
		{"salles fete", "fetes", ""},
		{"falle des fêtes", "fetes", "salle des fêtes"},
		{"conge", "conges", ""},
		{"congés", "conges", ""},
		{"cogés", "conges", "congés"},
		{"congsé", "conges", "congés"},
		{"carrire", "paie", "carrières"}, // an error, and the other number
		{"occupnts", "fetes", "occupant"},
		{"cogé", "", ""}, // short: two letters away is another word
		{"œuvre", "oeuvre", ""},
		{"oeuvres", "oeuvre", ""},
		{"prudhommes", "oeuvre", ""},
		{"prud'hommes", "oeuvre", ""},
		{"l’occupant", "fetes", ""},
		{"\"caution est rendue\"", "fetes", ""},
		{"\"rendue caution\"", "", ""},
		{"dup", "dupont", ""},
		{"Dupond", "dupont", "dupont"},
		{"02 61 91 01 42", "dupont", ""},
		{"+33261910142", "dupont", ""},
		{"0142", "dupont", ""},
		{"md", "dupont", ""},
		{"marie.dupont@bourg.example", "dupont", ""},
		{"carri", "paie", ""},
		{"annu", "conges", ""},
		{"propr", "fetes", "propre"},
		{"des", "fetes", ""},
		{"", "", ""},
		{"   ", "", ""},
		{"\"", "", ""},
		{"%!)(*\\", "", ""},
	} {
		results := ask(t, x, clerk, test.text)
		if got := ids(results.Hits); got != test.want || results.Correction != test.correction {
			t.Errorf("Search(%q) = %q, correction %q; want %q, %q", test.text, got, results.Correction, test.want, test.correction)
		}
	}
}

func TestWhatWasSearchedIsMarkedInTheBestPassage(t *testing.T) {
	x := newIndex(t)
	filler := strings.Repeat("Le présent texte ne parle de rien. ", 40)
	put(t, x, "bourg",
		search.Document{
			Kind: search.KindDocument, ID: "long", Title: "Règlement de l’<b>eau</b>",
			Body: filler + "L’agent relève les compteurs d’eau.\n\n  La caution de 500 € est rendue. " + filler + "Une caution.",
		},
		search.Document{Kind: search.KindDocument, ID: "short", Title: "Tarifs", Body: "Caution : 500 €"},
		search.Document{Kind: search.KindDocument, ID: "title", Title: "La caution", Body: filler, Summary: "Un résumé."},
	)
	results := ask(t, x, clerk, "cautions eaux compteur")
	got := map[string][2]string{}
	for _, hit := range results.Hits {
		got[hit.ID] = [2]string{marked(hit.Heading), marked(hit.Extract)}
	}
	want := map[string][2]string{
		"long": {
			"Règlement de l’<b>[eau]</b>",
			"…L’agent relève les [compteurs] d’[eau]. La [caution] de 500 € est rendue. Le présent texte ne parle de rien. Le présent texte ne parle de rien. Le présent texte ne parle de rien. Le présent texte ne parle de…",
		},
		"short": {"Tarifs", "[Caution] : 500 €"},
		"title": {"La [caution]", "Un résumé."},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestChoicesNarrowAndTheirCountsLetOneChooseAgain(t *testing.T) {
	x := newIndex(t)
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 9, 0, 0, 0, time.UTC)
	}
	put(t, x, "bourg",
		search.Document{Kind: search.KindDocument, ID: "d1", Title: "Budget", Unit: "Finances", Date: day(2026, 11, 2)},
		search.Document{Kind: search.KindDocument, ID: "d2", Title: "Budget annexe", Unit: "Finances", Date: day(2026, 2, 1)},
		search.Document{Kind: search.KindArticle, ID: "a1", Title: "Le budget est voté", Unit: "Mairie", Date: day(2025, 12, 31)},
		search.Document{Kind: search.KindPerson, ID: "p1", Title: "Budget Jean"},
	)
	query := search.Query{Text: "budget", Kind: search.KindDocument, Unit: "Finances", Period: search.ThisYear, ByDate: true, Now: noon}
	results, err := x.Search(t.Context(), clerk, query)
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(results.Hits); got != "d1 d2" {
		t.Errorf("hits %q, want d1 d2", got)
	}
	want := search.Facets{
		All: 2, AnyUnit: 2, AnyTime: 2,
		Kinds:   []search.Count{{Value: "document", N: 2}},
		Units:   []search.Count{{Value: "Finances", N: 2}},
		Periods: []search.Count{{Value: "year", N: 2}, {Value: "month", N: 1}},
	}
	if diff := cmp.Diff(want, results.Facets); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	query = search.Query{Text: "budget", Kind: search.KindDocument, Now: noon}
	if results, err = x.Search(t.Context(), clerk, query); err != nil {
		t.Fatal(err)
	}
	want = search.Facets{
		All: 4, AnyUnit: 2, AnyTime: 2,
		Kinds:   []search.Count{{Value: "document", N: 2}, {Value: "article", N: 1}, {Value: "person", N: 1}},
		Units:   []search.Count{{Value: "Finances", N: 2}},
		Periods: []search.Count{{Value: "year", N: 2}, {Value: "month", N: 1}},
	}
	if diff := cmp.Diff(want, results.Facets); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPagesHoldEachHitOnce(t *testing.T) {
	x := newIndex(t)
	var docs []search.Document
	for i := range 737 {
		docs = append(docs, search.Document{Kind: search.KindDocument, ID: fmt.Sprint(i), Title: "Délibération du conseil", Body: strings.Repeat("budget principal ", i%7+1)})
	}
	put(t, x, "bourg", docs...)
	seen := map[string]bool{}
	for page := 1; page <= 50; page++ {
		results, err := x.Search(t.Context(), clerk, search.Query{Text: "budget principal", Page: page})
		if err != nil {
			t.Fatal(err)
		}
		if results.Total != 737 || results.Pages != 50 || results.Page != page {
			t.Fatalf("page %d: total %d, pages %d, page %d", page, results.Total, results.Pages, results.Page)
		}
		for _, hit := range results.Hits {
			if seen[hit.ID] {
				t.Errorf("hit %s is on two pages", hit.ID)
			}
			seen[hit.ID] = true
		}
	}
	if len(seen) != 500 {
		t.Errorf("50 pages hold %d hits, want 500", len(seen))
	}
	if results, err := x.Search(t.Context(), clerk, search.Query{Text: "budget", Page: 9999}); err != nil || results.Page != 50 || len(results.Hits) != 10 {
		t.Errorf("page 9999 = page %d with %d hits, %v; want the last", results.Page, len(results.Hits), err)
	}
}

func TestSuggestionsComeWhileTyping(t *testing.T) {
	x := newIndex(t)
	put(t, x, "bourg",
		search.Document{Kind: search.KindPerson, ID: "marie", Title: "Marie Dupont Martin"},
		search.Document{Kind: search.KindPerson, ID: "jean", Title: "Jean Dupré"},
		search.Document{Kind: search.KindApplication, ID: "mairie", Title: "Mairie en ligne"},
		search.Document{Kind: search.KindDocument, ID: "doc", Title: "Dupliquer une délibération", Body: "marie"},
		search.Document{Kind: search.KindPerson, ID: "hidden", Title: "Dupuis Caché", Agents: []portal.AgentID{"boss"}},
	)
	for _, test := range []struct{ text, want string }{
		{"dup", "jean marie doc"},
		{"dupre", "jean"},
		{"mari dup", "marie"},
		{"marie dup", "marie"},
		{"dupont ma", "marie"},
		{"Dupotn", "marie"},
		{"dupui", ""},
		{"jd", "jean"},
		{"", ""},
	} {
		hits, err := x.Suggest(t.Context(), clerk, test.text, 5)
		if got := ids(hits); err != nil || got != test.want {
			t.Errorf("Suggest(%q) = %q, %v; want %q", test.text, got, err, test.want)
		}
	}
}

// filesHolding lists the files of a folder that hold a text.
func filesHolding(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		octets, err := os.ReadFile(path)
		if strings.Contains(string(octets), text) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestErasedTextLeavesTheDisk(t *testing.T) {
	for n := range 10 { // merges run behind: their order differs from time to time
		t.Run(fmt.Sprint(n), func(t *testing.T) { testErasedTextLeavesTheDisk(t, n) })
	}
}

func testErasedTextLeavesTheDisk(t *testing.T, n int) {
	x := newIndex(t)
	secret := search.Document{Kind: search.KindDocument, ID: "zq9secretid", Title: "Dossier zq8secrettitle", Body: "Le zq7secretbody.", Keywords: []string{"zq6secretkey"}}
	put(t, x, "bourg", secret)
	if n%2 == 0 {
		put(t, x, "bourg", search.Document{Kind: search.KindDocument, ID: "kept", Title: "Reste", Body: "Ce qui reste."})
	}
	canaries := []string{"zq9secretid", "zq8secrettitle", "zq7secretbody", "zq6secretkey"}
	if len(filesHolding(t, x.dir, "zq7secretbody")) == 0 {
		t.Fatal("the body is not on disk: this test proves nothing")
	}
	if err := x.Apply(t.Context(), "bourg", []search.Change{{Kind: secret.Kind, ID: secret.ID}}); err != nil {
		t.Fatal(err)
	}
	if err := x.Purge(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	for _, canary := range canaries {
		if files := filesHolding(t, x.dir, canary); len(files) > 0 {
			t.Errorf("%q is still in %v", canary, files)
		}
	}
	if got := ids(ask(t, x, clerk, "reste").Hits); n%2 == 0 && got != "kept" {
		t.Errorf("after the purge: %q, want kept", got)
	}
	if got := ask(t, x, clerk, "dossier").Total; got != 0 {
		t.Errorf("the erased document is found %d times", got)
	}
	if err := x.Remove(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	if files := filesHolding(t, x.dir, ""); len(files) > 0 {
		t.Errorf("a removed collectivity leaves %v", files)
	}
}

// fillUp says of bourg's index that it is filled.
func fillUp(t *testing.T, x *Index) {
	t.Helper()
	state, err := x.State(t.Context(), "bourg")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.SetFilled(t.Context(), "bourg", "another making"); err != nil {
		t.Fatal(err)
	}
	if state, err := x.State(t.Context(), "bourg"); err != nil || state.Filled {
		t.Errorf("State = %v, %v; want it not filled by the word of another making", state, err)
	}
	if err := x.SetFilled(t.Context(), "bourg", state.Making); err != nil {
		t.Fatal(err)
	}
}

func TestAFileThatShrinksUnderTheIndexIsNoCrash(t *testing.T) {
	x := newIndex(t)
	var docs []search.Document
	for i := range 300 {
		docs = append(docs, search.Document{Kind: search.KindDocument, ID: fmt.Sprint(i), Title: "Budget", Body: strings.Repeat("budget primitif ", 200)})
	}
	put(t, x, "bourg", docs...)
	fillUp(t, x)
	segments, err := filepath.Glob(filepath.Join(x.dir, "bourg", "*.zap"))
	if err != nil || len(segments) == 0 {
		t.Fatalf("segments %v, %v", segments, err)
	}
	for _, segment := range segments {
		if err := os.Truncate(segment, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := x.Search(t.Context(), clerk, search.Query{Text: "budget"}); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Search = %v, want ErrUnavailable", err)
	}
	if got := ask(t, x, clerk, "budget"); got.Total != 0 || !got.Partial {
		t.Errorf("then %d hits, partial %v; want an empty index that says so", got.Total, got.Partial)
	}
}

func TestADamagedIndexIsEmptiedAndAsksToBeFilled(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(octets []byte) []byte
	}{
		{"one bit", func(octets []byte) []byte { octets[len(octets)/3] ^= 4; return octets }},
		{"cut", func(octets []byte) []byte { return octets[:len(octets)/2] }},
		{"empty", func([]byte) []byte { return nil }},
		{"zeros", func(octets []byte) []byte { clear(octets); return octets }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			x := New(dir, slog.New(slog.DiscardHandler))
			put(t, x, "bourg", search.Document{Kind: search.KindDocument, ID: "a", Title: "Budget", Body: strings.Repeat("budget primitif ", 500)})
			fillUp(t, x)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			segments, err := filepath.Glob(filepath.Join(dir, "bourg", "*.zap"))
			if err != nil || len(segments) == 0 {
				t.Fatalf("segments %v, %v", segments, err)
			}
			octets, err := os.ReadFile(segments[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(segments[0], test.damage(octets), 0o600); err != nil {
				t.Fatal(err)
			}

			x = New(dir, slog.New(slog.DiscardHandler))
			defer x.Close()
			if state, err := x.State(t.Context(), "bourg"); err != nil || state.Filled {
				t.Errorf("State = %v, %v; want it not filled", state, err)
			}
			if got := ask(t, x, clerk, "budget").Total; got != 0 {
				t.Errorf("%d hits in the emptied index", got)
			}
			put(t, x, "bourg", search.Document{Kind: search.KindDocument, ID: "a", Title: "Budget"})
			if got := ask(t, x, clerk, "budget").Total; got != 1 {
				t.Errorf("%d hits once filled again, want 1", got)
			}
		})
	}
}

func TestAnIndexIsKeptAcrossARestart(t *testing.T) {
	dir := t.TempDir()
	x := New(dir, slog.New(slog.DiscardHandler))
	put(t, x, "bourg", search.Document{Kind: search.KindDocument, ID: "a", Title: "Budget"})
	fillUp(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = New(dir, slog.New(slog.DiscardHandler))
	defer x.Close()
	if state, err := x.State(t.Context(), "bourg"); err != nil || !state.Filled {
		t.Errorf("State = %v, %v; want it filled", state, err)
	}
	if got := ask(t, x, clerk, "budget").Total; got != 1 {
		t.Errorf("%d hits after the restart, want 1", got)
	}

	// Another process holds the folder: that is no damage, and costs no index.
	second := New(dir, slog.New(slog.DiscardHandler))
	defer second.Close()
	if _, err := second.Search(t.Context(), clerk, search.Query{Text: "budget"}); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("in a second process: %v, want ErrUnavailable", err)
	}
	if got := ask(t, x, clerk, "budget").Total; got != 1 {
		t.Errorf("%d hits after the second process, want 1", got)
	}
}

func TestManyCollectivitiesShareFewOpenIndexes(t *testing.T) {
	x := newIndex(t)
	x.limit = 3
	for round := range 2 {
		for i := range 8 {
			id := portal.CollectivityID(fmt.Sprint("c", i))
			put(t, x, id, search.Document{Kind: search.KindDocument, ID: fmt.Sprint(round), Title: fmt.Sprint("Budget ", id)})
		}
	}
	for i := range 8 {
		caller := portal.Caller{Collectivity: portal.CollectivityID(fmt.Sprint("c", i))}
		if got := ask(t, x, caller, "budget").Total; got != 2 {
			t.Errorf("collectivity %d: %d hits, want 2", i, got)
		}
	}
	if len(x.shelves) > 3 {
		t.Errorf("%d indexes are open, want at most 3", len(x.shelves))
	}
}
