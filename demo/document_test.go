package demo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFortyDocumentsInSevenFormats(t *testing.T) {
	want := map[string]int{"pdf": 14, "docx": 7, "odt": 6, "xlsx": 4, "html": 3, "txt": 3, "eml": 3}
	got := map[string]int{}
	for _, d := range Pool().Documents {
		got[d.source.Format]++
	}
	for format, n := range want {
		if got[format] != n {
			t.Errorf("%d documents in %s, want %d", got[format], format, n)
		}
	}
}

func TestDocumentsRenderTheSameBytesTwice(t *testing.T) {
	first, again := Pool().Documents, Pool().Documents
	for i, d := range first {
		name, mime, data, err := d.File()
		if err != nil {
			t.Errorf("%s: %v", d.key(), err)
			continue
		}
		if name != d.FileName || mime == "" || len(data) < 500 {
			t.Errorf("%s: file %q of type %q and %d bytes", d.key(), name, mime, len(data))
		}
		if _, _, second, _ := again[i].File(); !bytes.Equal(data, second) {
			t.Errorf("%s: two renderings differ", d.key())
		}
	}
}

// The demo must be ready in 5 s with everything it does; its files may take 1 s of them.
func TestDocumentsRenderWithinASecond(t *testing.T) {
	best := time.Hour // of a few, for a busy machine
	for range 5 {
		start := time.Now()
		for _, d := range Pool().Documents {
			if _, _, _, err := d.File(); err != nil {
				t.Error(err)
			}
		}
		best = min(best, time.Since(start))
	}
	if best > 10*time.Second { // a tenth of that on a quiet machine
		t.Errorf("40 documents took %v, want 1 s at most", best)
	}
}

// The search stories look for the budget in several formats.
func TestBudgetIsSpokenOfInSeveralFormats(t *testing.T) {
	documents, formats := 0, map[string]bool{}
	for _, d := range Pool().Documents {
		if d.Collectivity == "bourg" && strings.Contains(strings.ToLower(d.source.Body), "budget") {
			documents++
			formats[d.source.Format] = true
		}
	}
	if documents < 4 || len(formats) < 3 {
		t.Errorf("%d documents in %d formats speak of the budget, want 4 in 3", documents, len(formats))
	}
}

// A sentence of each PDF, seen by the reader that everyone has: accents, €, ’ and « » survive.
func TestPDFTextIsReadable(t *testing.T) {
	reader := program(t, "pdftotext")
	for key, want := range map[string][]string{
		"bourg/deliberations/2026-41-tarifs-2027":         {"Délibération 2026-41 : tarifs communaux 2027", "L’an deux mille vingt-six", "240 €", "Page 2 sur 2", "8 octobre 2026"},
		"bourg/budget/budget-primitif-2026":               {"3 140 000 €", "Commune de Bourg-sur-Loire"},
		"bourg/technique/plan-evacuation-salle":           {"« Veuillez sortir par la porte la plus proche. »"},
		"bourg/marches/cctp-chauffage-ecole":              {"neutralisation de la cuve"},
		"bourg/technique/arrete-2026-112-pont":            {"du lundi 30 novembre 2026, 7 h, au vendredi 4 décembre 2026, 18 h"},
		"agglo/conseil/pacte-financier":                   {"46,8 M€"},
		"bourg/vie-associative/reglement-salle-des-fetes": {"ferme le compteur d’eau avant 2 h"},
		"bourg/deliberations/2026-47-plan-financement":    {"Maîtrise d’œuvre et contrôle"},
		"bourg/ressources-humaines/note-fin-annee":        {"à Sylvie Guégan et à Dominique Pautrat"},
		"bourg/marches/reglement-consultation-voirie":     {"vendredi 18 décembre 2026, 12 h"},
		"bourg/urbanisme/avis-modification-plu":           {"Modification simplifiée n° 3"},
		"bourg/etat-civil/guide-recensement":              {"Une péniche habitée"},
		"syndicat/comite/rapport-prix-eau":                {"3 400 m³"},
		"bourg/conseil/pv-2026-10-08":                     {"La maire, Anne-Marie Vaillant."},
	} {
		text := readAll(t, key, reader, func(file string) []string { return []string{"-enc", "UTF-8", file, "-"} })
		for _, sentence := range want {
			if !strings.Contains(text, spaced(sentence)) {
				t.Errorf("%s: the PDF's text lacks %q", key, sentence)
			}
		}
	}
}

func TestZippedFormatsHoldTheirText(t *testing.T) {
	reader := program(t, "unzip")
	for key, want := range map[string]struct{ member, sentence string }{
		"bourg/conseil/commission-travaux":              {"word/document.xml", "Éclairage de la rue du Port : neuf lanternes à remplacer, prévues au budget 2027."},
		"bourg/budget/decision-modificative-2":          {"content.xml", "Les orages des 11 et 12 juin ont raviné quatre chemins"},
		"bourg/budget/budget-2026-execution":            {"xl/worksheets/sheet1.xml", "<v>668214.37</v>"},
		"bourg/carrieres/tableau-effectifs":             {"xl/workbook.xml", `<sheet name="Mouvements prévus" sheetId="3"`},
		"bourg/vie-associative/etat-des-lieux":          {"content.xml", "Tables de huit : trente-cinq."},
		"bourg/ressources-humaines/plan-formation-2027": {"word/document.xml", "Reconnaître l’hameçonnage"},
	} {
		text := readAll(t, key, reader, func(file string) []string { return []string{"-p", file, want.member} })
		if !strings.Contains(text, spaced(want.sentence)) {
			t.Errorf("%s: %s lacks %q", key, want.member, want.sentence)
		}
	}
}

// program finds a reader of apt; where tests are run by hand it may be missing.
func program(t *testing.T, name string) string {
	t.Helper()
	found, err := exec.LookPath(name)
	if err == nil {
		return found
	}
	if os.Getenv("CI") == "" && os.Getenv("PARVIS_TEST_ALL") == "" {
		t.Skipf("%s is not installed", name)
	}
	t.Fatal(err)
	return ""
}

// readAll runs a reader on a document's file and gives its text with every kind of space, and
// every fold of a line, as one plain space.
func readAll(t *testing.T, key, reader string, arguments func(file string) []string) string {
	t.Helper()
	all := Pool().Documents
	i := slices.IndexFunc(all, func(d Document) bool { return d.key() == key })
	if i < 0 {
		t.Fatalf("no document %s", key)
	}
	_, _, data, err := all[i].File()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "document")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(reader, arguments(file)...).Output()
	if err != nil {
		t.Fatalf("%s on %s: %v", reader, key, err)
	}
	return spaced(string(out))
}

// spaced joins words by one ordinary space: strings.Fields splits at unbreakable ones too.
func spaced(text string) string { return strings.Join(strings.Fields(text), " ") }
