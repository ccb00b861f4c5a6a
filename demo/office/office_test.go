package office

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var day = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// rich has every kind of block, and characters that XML, HTML and cp1252 treat apart.
const rich = `Premier **gras & <fort>** « cité » – 12 000 €, l’œuvre ; − 5.

## Liste & titre

- un
- deux **mots**
suite

1. premier
2. second

### Tableau

| Poste | Montant | Taux |
|---|---|---|
| Eau <potable> | 2 418,60 € | |
| Total | 12 000 € | 3 % |`

func source(format string) Source {
	return Source{
		Format: format, Title: "Titre <d’essai> & œuvre", Issuer: "Commune d’Essai", Date: day, Body: rich,
		From: "Élodie Brûlé <elodie@essai.example>", To: "Zoé <zoe@essai.example>, Mairie <mairie@essai.example>",
	}
}

func TestParseReadsEachBlock(t *testing.T) {
	want := []block{
		{kind: paragraph, text: "Premier **gras & <fort>** « cité » – 12 000 €, l’œuvre ; − 5."},
		{kind: heading, level: 2, text: "Liste & titre"},
		{kind: bullets, items: []string{"un", "deux **mots** suite"}},
		{kind: numbers, items: []string{"premier", "second"}},
		{kind: heading, level: 3, text: "Tableau"},
		{kind: table, rows: [][]string{{"Poste", "Montant", "Taux"}, {"Eau <potable>", "2 418,60 €", ""}, {"Total", "12 000 €", "3 %"}}},
	}
	if diff := cmp.Diff(want, parse(rich), cmp.AllowUnexported(block{})); diff != "" {
		t.Errorf("parse (-want +got):\n%s", diff)
	}
	if got := parse("  \n\n"); got != nil {
		t.Errorf("parse of nothing = %v, want none", got)
	}
}

func TestNumbersAreReadAsFrenchWritesThem(t *testing.T) {
	for cell, want := range map[string]float64{"2\u202f418,60": 2418.6, "−8\u202f129,90": -8129.9, "+\u00a01": 1, "0,80": 0.8, "0": 0, "**12**": 12} {
		if got, ok := number(cell); !ok || got != want {
			t.Errorf("number(%q) = %v, %v, want %v", cell, got, ok, want)
		}
	}
	for _, cell := range []string{"", "011", "02 61 91 01 00", "A", "2,24 €", "8 janvier 2027", "1.2.3", "-"} {
		if got, ok := number(cell); ok {
			t.Errorf("number(%q) = %v, want none", cell, got)
		}
	}
}

func TestUnknownFormatIsRefused(t *testing.T) {
	if _, _, err := Render(source("doc")); err == nil {
		t.Error("Render of a doc = nil, want an error")
	}
}

func TestEveryFormatRendersHostileText(t *testing.T) {
	for _, format := range []string{"pdf", "docx", "odt", "xlsx", "html", "txt", "eml"} {
		for name, body := range map[string]string{"rich": rich, "empty": "", "odd": "|\n\n##\n\n**\n\n- \n\n😀 \u0000"} {
			s := source(format)
			s.Body = body
			if _, data, err := Render(s); err != nil || len(data) == 0 {
				t.Errorf("%s, %s: %d bytes, %v", format, name, len(data), err)
			}
		}
	}
}

func TestZippedFormatsAreWellFormed(t *testing.T) {
	for format, main := range map[string]string{"docx": "word/document.xml", "odt": "content.xml", "xlsx": "xl/worksheets/sheet1.xml"} {
		s := source(format)
		s.Body += "\n\nNul \x00 et cloche \a."
		_, data, err := Render(s)
		if err != nil {
			t.Fatal(err)
		}
		archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		parts := map[string]string{}
		for _, file := range archive.File {
			parts[file.Name] = readPart(t, file)
			if file.Flags&0x8 != 0 {
				t.Errorf("%s: %s has its size after it", format, file.Name)
			}
			if file.Name != "mimetype" {
				wantXML(t, format+" "+file.Name, parts[file.Name])
			}
		}
		for _, text := range []string{"gras &amp; &lt;fort&gt;", "« cité »", "Eau &lt;potable&gt;"} {
			if all := parts[main] + parts["xl/worksheets/sheet2.xml"]; !strings.Contains(all, text) {
				t.Errorf("%s: %s lacks %q", format, main, text)
			}
		}
	}
}

// A reader finds an ODT's type at a fixed place: the first file, stored (OpenDocument 1.3
// part 2, §3.3).
func TestODTStartsWithItsType(t *testing.T) {
	_, data, err := Render(source("odt"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "mimetypeapplication/vnd.oasis.opendocument.text"
	if got := string(data[30 : 30+len(want)]); got != want {
		t.Errorf("bytes 30 onwards = %q, want %q", got, want)
	}
}

func readPart(t *testing.T, file *zip.File) string {
	t.Helper()
	r, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", file.Name, err)
	}
	return string(text)
}

func wantXML(t *testing.T, name, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func TestWorkbookHoldsNumbers(t *testing.T) {
	_, data, err := Render(Source{Format: "xlsx", Title: "Titre", Date: day, Body: "## Un\n\n| A | B |\n|---|---|\n| x | 1\u202f486\u202f000 |\n| Total | −2,50 |\n\n## Deux\n\nTexte"})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	sheets := ""
	for _, file := range archive.File {
		if strings.HasPrefix(file.Name, "xl/worksheets/") || file.Name == "xl/workbook.xml" {
			sheets += readPart(t, file)
		}
	}
	for _, want := range []string{`<c r="B5" s="1"><v>1486000</v>`, `<c r="B6" s="5"><v>-2.5</v>`, `name="Deux" sheetId="2"`, ">Texte<"} {
		if !strings.Contains(sheets, want) {
			t.Errorf("workbook lacks %s in %s", want, sheets)
		}
	}
}

func TestLetterIsReadByStandardParsers(t *testing.T) {
	s := source("eml")
	s.Attachment = &Attachment{Name: "Tarifs d’été.pdf", Source: source("pdf")}
	_, data, err := Render(s)
	if err != nil {
		t.Fatal(err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject")); got != s.Title {
		t.Errorf("subject = %q, want %q", got, s.Title)
	}
	if to, err := message.Header.AddressList("To"); err != nil || len(to) != 2 {
		t.Errorf("to = %v, %v, want 2 addresses", to, err)
	}
	_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	mixed := multipart.NewReader(message.Body, parameters["boundary"])
	letter, err := mixed.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := multipart.NewReader(letter, "parvis-alternative").NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	plainText, err := io.ReadAll(quotedprintable.NewReader(text))
	if err != nil || !strings.Contains(string(plainText), "« cité »") {
		t.Errorf("text = %q, %v", plainText, err)
	}
	attached, err := mixed.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	if attached.FileName() != s.Attachment.Name {
		t.Errorf("attachment is named %q, want %q", attached.FileName(), s.Attachment.Name)
	}
}

func TestLetterWithoutAddressIsRefused(t *testing.T) {
	s := source("eml")
	s.To = "personne"
	if _, _, err := Render(s); err == nil {
		t.Error("Render of a letter to nobody = nil, want an error")
	}
}

func TestFoldKeepsUnbreakableSpaces(t *testing.T) {
	var out bytes.Buffer
	fold(&out, "- ", "  ", strings.Repeat("mot ", 18)+"12\u202f000\u00a0€ fin")
	want := "- " + strings.TrimSpace(strings.Repeat("mot ", 18)) + "\n  12\u202f000\u00a0€ fin\n"
	if got := out.String(); got != want {
		t.Errorf("fold = %q, want %q", got, want)
	}
}
