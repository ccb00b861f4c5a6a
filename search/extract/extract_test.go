package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// TestMain lets the test binary be the child that an Extractor runs.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract" {
		os.Exit(Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// pack makes an office file out of pairs of part name and content.
func pack(t testing.TB, parts ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for i := 0; i < len(parts); i += 2 {
		part, err := archive.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	wordHead = xmlHead + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	wordFoot = `</w:body></w:document>`
	coreHead = xmlHead + `<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>`
	coreFoot = `</dc:title><dc:creator>Mairie</dc:creator></cp:coreProperties>`
)

func wordFile(t testing.TB) []byte {
	return pack(t,
		"[Content_Types].xml", `<Types/>`,
		"docProps/core.xml", coreHead+"Délibération n° 12"+coreFoot,
		"word/document.xml", wordHead+
			`<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>Budget </w:t></w:r><w:r><w:t>primi</w:t></w:r><w:r><w:t>tif</w:t></w:r></w:p>`+
			`<w:p><w:r><w:delText>ancien montant</w:delText></w:r><w:r><w:instrText>PAGEREF _Toc</w:instrText></w:r><w:r><w:t>l’été</w:t><w:tab/><w:t>2&#160;418,60 €</w:t></w:r></w:p>`+
			`<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Chapitre</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>011</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`+
			`<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>encadré</w:t></w:r></w:p></mc:Choice><mc:Fallback><w:p><w:r><w:t>encadré</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>`+
			wordFoot,
		"word/header1.xml", wordHead+`<w:p><w:r><w:t>Ville de Bourg</w:t></w:r></w:p>`+wordFoot,
		"word/footer1.xml", wordHead+`<w:p><w:r><w:t>Page confidentielle</w:t></w:r></w:p>`+wordFoot,
		"word/footnotes.xml", wordHead+`<w:p><w:r><w:t>note de bas de page</w:t></w:r></w:p>`+wordFoot,
	)
}

const wordText = "Ville de Bourg\nBudget primitif\nl’été 2\u00a0418,60 €\nChapitre\n011\nencadré\nnote de bas de page\nPage confidentielle"

func openDocumentFile(t testing.TB, extra ...string) []byte {
	return pack(t, append([]string{
		"mimetype", "application/vnd.oasis.opendocument.text",
		"meta.xml", xmlHead + `<office:document-meta><office:meta><dc:title>Registre des délibérations</dc:title></office:meta></office:document-meta>`,
		"content.xml", xmlHead + `<office:document-content><office:automatic-styles><style:style style:name="P1"/></office:automatic-styles><office:body><office:text>` +
			`<text:tracked-changes><text:changed-region><text:p>supprimé</text:p></text:changed-region></text:tracked-changes>` +
			`<text:h text:outline-level="1">Conseil municipal</text:h>` +
			`<text:p>Séance<text:s text:c="3"/>du <text:span>mar</text:span><text:span>di</text:span><text:tab/>soir<text:line-break/>à 18 h<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>salle du conseil</text:p></text:note-body></text:note></text:p>` +
			`<table:table table:name="Votes"><table:table-row><table:table-cell><text:p>Pour</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000"><text:p>19</text:p></table:table-cell></table:table-row></table:table>` +
			`</office:text></office:body></office:document-content>`,
		"styles.xml", xmlHead + `<office:document-styles><office:master-styles><style:footer><text:p>Archives de la mairie</text:p></style:footer></office:master-styles></office:document-styles>`,
	}, extra...)...)
}

const openDocumentText = "Conseil municipal\nSéance du mardi soir\nà 18 h\nsalle du conseil\nVotes\nPour 19\nArchives de la mairie"

func sheetFile(t testing.TB) []byte {
	return pack(t,
		"xl/workbook.xml", xmlHead+`<workbook><sheets><sheet name="Budget 2026" sheetId="1"/></sheets></workbook>`,
		"xl/sharedStrings.xml", xmlHead+`<sst count="2"><si><t>Chapitre</t></si><si><r><t>Fonction</t></r><r><t>nement</t></r><rPh sb="0" eb="1"><t>ruby</t></rPh></si></sst>`,
		"xl/worksheets/sheet1.xml", xmlHead+`<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`+
			`<row><c><v>2418.6</v></c><c t="inlineStr"><is><t>voirie</t></is></c><c t="str"><f>A1</f><v>calculé</v></c><c t="b"><v>1</v></c><c t="s"><v>99</v></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet10.xml", xmlHead+`<worksheet><sheetData><row><c t="inlineStr"><is><t>dernière</t></is></c></row></sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml", xmlHead+`<worksheet><sheetData><row><c t="inlineStr"><is><t>deuxième</t></is></c></row></sheetData></worksheet>`,
		"xl/comments1.xml", xmlHead+`<comments><commentList><comment><text><r><t>à vérifier</t></r></text></comment></commentList></comments>`,
	)
}

const sheetText = "Budget 2026\nChapitre Fonctionnement\n2418.6 voirie calculé\ndeuxième\ndernière\nà vérifier"

func slidesFile(t testing.TB) []byte {
	slide := func(text string) string {
		return xmlHead + `<p:sld><p:cSld><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:cSld></p:sld>`
	}
	return pack(t, "ppt/presentation.xml", "<p/>", "ppt/slides/slide10.xml", slide("Merci"),
		"ppt/slides/slide2.xml", slide("Recettes"), "ppt/slides/slide1.xml", slide("Le budget"),
		"ppt/notesSlides/notesSlide1.xml", slide("parler lentement"))
}

func latin(t testing.TB, text string) []byte {
	t.Helper()
	encoded, err := charmap.Windows1252.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func wide(t testing.TB, text string, endianness unicode.Endianness, mark unicode.BOMPolicy) []byte {
	t.Helper()
	encoded, err := unicode.UTF16(endianness, mark).NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func pdfFile(t testing.TB, pages int, text string, prepare func(*fpdf.Fpdf)) []byte {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	if prepare != nil {
		prepare(pdf)
	}
	pdf.SetFont("Helvetica", "", 11)
	translate := pdf.UnicodeTranslatorFromDescriptor("")
	for range pages {
		pdf.AddPage()
		if text != "" {
			pdf.MultiCell(0, 6, translate(text), "", "", false)
		}
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const htmlFile = `<!doctype html><html><head><title>Fête de la  musique</title><style>p{}</style><script>var a="secret"</script></head>
<body><h1>Programme</h1><p>Place du <b>march</b>é,<br>dès 18&nbsp;h</p><noscript>sans</noscript><table><tr><td>Scène<td>Horaire</tr></table><img alt="Affiche"></body></html>`

const htmlText = "Programme\nPlace du marché,\ndès 18\u00a0h\nScène Horaire\nAffiche"

const eml = "From: =?iso-8859-1?Q?Ren=E9e?= <renee@bourg.example>\r\nTo: agent@bourg.example\r\nSubject: =?UTF-8?B?Q29udm9jYXRpb24gYXUgY29uc2VpbA==?=\r\n" +
	"Date: Mon, 2 Mar 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n" +
	"--B\r\nContent-Type: multipart/alternative; boundary=C\r\n\r\n--C\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nS=E9ance mardi=\r\n soir\r\n" +
	"--C\r\nContent-Type: text/html\r\n\r\n<p>doublon</p>\r\n--C--\r\n" +
	"--B\r\nContent-Type: text/plain; name=ordre.txt\r\nContent-Disposition: attachment; filename=\"=?UTF-8?Q?ordre_du_jour_=C3=A9t=C3=A9.txt?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\nQnVkZ2V0IHByaW1pdGlm\r\n" +
	"--B\r\nContent-Type: application/pdf; name=vide.pdf\r\nContent-Disposition: attachment; filename=vide.pdf\r\n\r\n\r\n--B--\r\n"

const emlText = "Convocation au conseil\nRenée <renee@bourg.example>\nagent@bourg.example\nMon, 2 Mar 2026 09:00:00 +0100\nSéance mardi soir\nordre du jour été.txt\nBudget primitif\nvide.pdf"

// testCacheDir outlives a run, so that only the first pays for compiling PDFium.
var testCacheDir = filepath.Join(os.TempDir(), "parvis-test-pdfium")

func newReader(t testing.TB, limits Limits) *Reader {
	t.Helper()
	reader := NewReader(limits, testCacheDir)
	t.Cleanup(func() {
		if err := reader.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return reader
}

func TestReadGivesTheTextOfEachKind(t *testing.T) {
	reader := newReader(t, Limits{})
	for _, test := range []struct {
		name    string
		content []byte
		want    Result
	}{
		{"délib.docx", wordFile(t), Result{Text: wordText, Title: "Délibération n° 12"}},
		{"en ligne.docx", pack(t, "word/document2.xml", wordHead+"<w:p><w:r><w:t>Écrit en ligne</w:t></w:r></w:p>"+wordFoot), Result{Text: "Écrit en ligne"}},
		{"registre.odt", openDocumentFile(t), Result{Text: openDocumentText, Title: "Registre des délibérations"}},
		{"budget.xlsx", sheetFile(t), Result{Text: sheetText}},
		{"vœux.pptx", slidesFile(t), Result{Text: "Le budget\nRecettes\nMerci\nparler lentement", Pages: 3}},
		{"fête.html", []byte(htmlFile), Result{Text: htmlText, Title: "Fête de la musique"}},
		{"page", latin(t, `<html><meta charset="iso-8859-1"><p>Été à la piscine`), Result{Text: "Été à la piscine"}},
		{"notes.txt", []byte("\xef\xbb\xbfLigne une\r\n\r\n ligne\t deux"), Result{Text: "Ligne une\nligne deux"}},
		{"ancien.txt", latin(t, "Élu à l’unanimité : 5 €"), Result{Text: "Élu à l’unanimité : 5 €"}},
		{"bloc.txt", wide(t, "Étang communal", unicode.LittleEndian, unicode.UseBOM), Result{Text: "Étang communal"}},
		{"sans-marque.txt", wide(t, "Etang communal", unicode.BigEndian, unicode.IgnoreBOM), Result{Text: "Etang communal"}},
		{"convocation.eml", []byte(eml), Result{Text: emlText, Title: "Convocation au conseil"}},
		{"brut.eml", latin(t, "Subject: Réunion d'été\n\nÀ demain"), Result{Text: "Réunion d'été\nÀ demain", Title: "Réunion d'été"}},
		{
			"budget.pdf", pdfFile(t, 2, "Délibération du conseil municipal", nil),
			Result{Text: "Délibération du conseil municipal\nDélibération du conseil municipal", Pages: 2},
		},
		{"mal nommé.docx", pdfFile(t, 1, "Un PDF que l’on a appelé docx", nil), Result{Text: "Un PDF que l’on a appelé docx", Pages: 1}},
		{
			"à imprimer seulement.pdf", pdfFile(t, 1, "Lisible sans mot de passe", func(pdf *fpdf.Fpdf) { pdf.SetProtection(fpdf.CnProtectPrint, "", "owner") }),
			Result{Text: "Lisible sans mot de passe", Pages: 1},
		},
		{"scan.pdf", pdfFile(t, 1, "", nil), Result{Pages: 1, Note: NoteScanned}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := reader.Read(t.Context(), bytes.NewReader(test.content), int64(len(test.content)), test.name)
			if err != nil || got != test.want {
				t.Errorf("Read(%s) = %+v, %v\nwant %+v", test.name, got, err, test.want)
			}
		})
	}
}

func TestReadSaysWhyAFileHasNoText(t *testing.T) {
	whole := wordFile(t)
	encryptedManifest := `<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>`
	encryptedPart := pack(t, "word/document.xml", wordHead+wordFoot)
	for at := bytes.Index(encryptedPart, []byte("PK\x01\x02")); at >= 0; at = -1 {
		encryptedPart[at+8] |= 1
	}
	oldWord := append(slices.Clone(oleMagic), make([]byte, 5000)...)
	wrapped := append(slices.Clone(oldWord), []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")...)
	reader := newReader(t, Limits{})
	for _, test := range []struct {
		name    string
		content []byte
		want    Reason
	}{
		{"vide.pdf", nil, ReasonEmpty},
		{"vide.docx", nil, ReasonEmpty},
		{"protégé.pdf", pdfFile(t, 1, "x", func(pdf *fpdf.Fpdf) { pdf.SetProtection(0, "secret", "owner") }), ReasonEncrypted},
		{"protégé.odt", openDocumentFile(t, "META-INF/manifest.xml", encryptedManifest), ReasonEncrypted},
		{"protégé.docx", wrapped, ReasonEncrypted},
		{"zip chiffré.docx", encryptedPart, ReasonEncrypted},
		{"1997.doc", oldWord, ReasonOldOffice},
		{"tronqué.pdf", []byte("%PDF-1.7\n1 0 obj"), ReasonDamaged},
		{"tronqué.docx", whole[:len(whole)/2], ReasonDamaged},
		{"xml.docx", pack(t, "word/document.xml", `<?xml version="1.0"?><w:p><w:t>ou<`), ReasonDamaged},
		{"photo.jpg", []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), ReasonUnsupported},
		{"archive.zip", pack(t, "a.txt", "a"), ReasonUnsupported},
		{"octets.txt", append([]byte("texte"), make([]byte, 40)...), ReasonUnsupported},
		{"cassé.eml", []byte("Subject: x\nContent-Type: multipart/mixed; boundary=B\nsans deux points\n\n"), ReasonDamaged},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := reader.Read(t.Context(), bytes.NewReader(test.content), int64(len(test.content)), test.name)
			var failed *Failure
			if !errors.As(err, &failed) || failed.Reason != test.want {
				t.Errorf("Read(%s) = %v, want reason %s", test.name, err, test.want)
			}
		})
	}
}

func TestBombsStopAtTheLimit(t *testing.T) {
	spaces := pack(t, "word/document.xml", wordHead+strings.Repeat(" ", 8<<20)+wordFoot)
	words := pack(t, "word/document.xml", wordHead+`<w:t>`+strings.Repeat("budget ", 1<<19)+`</w:t><w:t>`+strings.Repeat("voirie ", 1<<19)+`</w:t>`+wordFoot)
	references := pack(t, "xl/workbook.xml", "<workbook/>",
		"xl/sharedStrings.xml", "<sst><si><t>"+strings.Repeat("a ", 5000)+"</t></si></sst>",
		"xl/worksheets/sheet1.xml", strings.Repeat(`<c t="s"><v>0</v></c>`, 10_000))
	var parts []string
	for i := range 300 {
		parts = append(parts, fmt.Sprintf("word/header%d.xml", i), wordHead+wordFoot)
	}
	manyParts := pack(t, append(parts, "word/document.xml", wordHead+wordFoot)...)
	limits := Limits{Expanded: 4 << 20, Text: 1 << 20, Parts: 100}

	for name, content := range map[string][]byte{"espaces.docx": spaces, "parties.docx": manyParts} {
		_, err := newReader(t, limits).Read(t.Context(), bytes.NewReader(content), int64(len(content)), name)
		var failed *Failure
		if !errors.As(err, &failed) || failed.Reason != ReasonTooLarge {
			t.Errorf("Read(%s) = %v, want reason %s", name, err, ReasonTooLarge)
		}
	}
	bomb := pack(t, "word/document.xml", wordHead+strings.Repeat(`<w:p><w:r><w:t> </w:t></w:r></w:p>`, 1<<20)+wordFoot)
	begin := time.Now()
	_, err := newReader(t, Limits{}).Read(t.Context(), bytes.NewReader(bomb), int64(len(bomb)), "bombe.docx")
	var failed *Failure
	if !errors.As(err, &failed) || failed.Reason != ReasonTooLarge || failed.Cause.Error() != "a zip bomb" {
		t.Errorf("Read(a bomb of %d bytes) = %v after %v", len(bomb), err, time.Since(begin))
	}
	limits.Expanded = 64 << 20
	for name, content := range map[string][]byte{"mots.docx": words, "renvois.xlsx": references} {
		got, err := newReader(t, limits).Read(t.Context(), bytes.NewReader(content), int64(len(content)), name)
		if err != nil || got.Note != NoteCut || len(got.Text) > 1<<20 || len(got.Text) < 1<<19 {
			t.Errorf("Read(%s) = %d bytes, note %q, %v, want up to 1 MiB, cut", name, len(got.Text), got.Note, err)
		}
	}
}

func TestALongPDFGivesItsBeginning(t *testing.T) {
	content := pdfFile(t, 5, "Délibération du conseil municipal", nil)
	for name, limits := range map[string]Limits{"pages": {Pages: 2}, "time": {Time: 1}, "text": {Text: 40}} {
		got, err := newReader(t, limits).Read(t.Context(), bytes.NewReader(content), int64(len(content)), "long.pdf")
		if err != nil || got.Note != NoteCut || got.Pages != 5 || !strings.HasPrefix(got.Text, "Délibération du conseil") {
			t.Errorf("%s: Read = %+v, %v, want the beginning, cut", name, got, err)
		}
	}
}

func TestMessagesInMessagesEnd(t *testing.T) {
	nested := "Subject: fond\r\n\r\ntrésor\r\n"
	for i := range 60 {
		nested = fmt.Sprintf("Subject: niveau%d\r\nContent-Type: multipart/mixed; boundary=B%d\r\n\r\n--B%d\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--B%d--\r\n", i, i, i, nested, i)
	}
	got, err := newReader(t, Limits{}).Read(t.Context(), strings.NewReader(nested), int64(len(nested)), "poupée.eml")
	if err != nil || got.Note != NoteCut || !strings.Contains(got.Text, "niveau59\nniveau58\n") || strings.Contains(got.Text, "trésor") {
		t.Errorf("Read = %.80q, %q, %v, want the outer levels only, cut", got.Text, got.Note, err)
	}
}

func TestDamagedPDFNeverHangsOrPanics(t *testing.T) {
	whole := pdfFile(t, 3, strings.Repeat("Le conseil municipal adopte le budget. ", 40), nil)
	reader, random := newReader(t, Limits{}), rand.New(rand.NewPCG(1, 2))
	outcomes := map[Reason]int{}
	for range 60 {
		damaged := slices.Clone(whole)
		for range 1 + random.IntN(20) {
			damaged[random.IntN(len(damaged))] = byte(random.IntN(256))
		}
		if random.IntN(3) == 0 {
			damaged = damaged[:random.IntN(len(damaged))]
		}
		begin := time.Now()
		_, err := reader.Read(t.Context(), bytes.NewReader(damaged), int64(len(damaged)), "abîmé.pdf")
		if took := time.Since(begin); took > time.Minute { // of milliseconds
			t.Errorf("a damaged file took %v", took)
		}
		var failed *Failure
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("Read = %v, want a Failure", err)
		}
		if failed != nil {
			outcomes[failed.Reason]++
		}
	}
	if outcomes[ReasonDamaged] == 0 || outcomes[ReasonDamaged] == 60 {
		t.Errorf("outcomes = %v, want some read and some damaged", outcomes)
	}
}

func TestTitleIsOneShortLine(t *testing.T) {
	got := cleanTitle("  Budget\n2026\u202e\x00 " + strings.Repeat("é", 1000))
	if !strings.HasPrefix(got, "Budget 2026 é") || len([]rune(got)) != maxTitle {
		t.Errorf("cleanTitle = %q (%d runes)", got, len([]rune(got)))
	}
}

func TestEveryReasonHasItsSentence(t *testing.T) {
	for _, name := range []string{"locales/fr.json", "locales/en.json"} {
		content, err := fs.ReadFile(Locales, name)
		if err != nil {
			t.Fatal(err)
		}
		var sentences map[string]string
		if err := json.Unmarshal(content, &sentences); err != nil {
			t.Fatal(err)
		}
		for _, reason := range Reasons() {
			if sentences[reason.Key()] == "" {
				t.Errorf("%s has no %s", name, reason.Key())
			}
			delete(sentences, reason.Key())
		}
		if len(sentences) > 0 {
			t.Errorf("%s has sentences without a reason: %v", name, sentences)
		}
	}
}
