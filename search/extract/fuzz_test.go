package extract

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzzRead checks what every parser promises for any input: a result of clean text or a Failure, within limits.
func fuzzRead(f *testing.F, name string, seeds ...[]byte) {
	for _, seed := range seeds {
		f.Add(seed)
		f.Add(seed[:len(seed)/2])
	}
	reader := NewReader(Limits{Text: 64 << 10, Expanded: 1 << 20, Parts: 200}, testCacheDir)
	f.Fuzz(func(t *testing.T, content []byte) {
		if bytes.Contains(content[:min(len(content), 1024)], []byte("%PDF-")) {
			return // PDFium has its own sandbox; fuzzing it here would only measure it
		}
		got, err := reader.Read(t.Context(), bytes.NewReader(content), int64(len(content)), name)
		var failed *Failure
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("Read = %v, want a Failure", err)
		}
		if !utf8.ValidString(got.Text) || strings.ContainsAny(got.Text, "\x00\r\u202e") || len(got.Text) > 64<<10 {
			t.Errorf("Read gave text that isn't clean: %.100q", got.Text)
		}
	})
}

func FuzzOfficeArchives(f *testing.F) {
	fuzzRead(f, "a.docx", wordFile(f), openDocumentFile(f), sheetFile(f), slidesFile(f))
}

// FuzzOfficeMarkup fuzzes the XML itself: mutated zip files rarely get past their checksums.
func FuzzOfficeMarkup(f *testing.F) {
	f.Add("word/document.xml", wordHead+`<w:p><w:t>é</w:t></w:p>`+wordFoot)
	f.Add("content.xml", `<text:p>a<text:s text:c="9999999999"/></text:p>`)
	f.Add("xl/sharedStrings.xml", `<sst><si><t>a</t></si></sst>`)
	f.Add("xl/worksheets/sheet1.xml", `<c t="s"><v>-1</v></c><c t="s"><v>1e9</v></c>`)
	f.Add("ppt/slides/slide1.xml", `<a:t>x`)
	reader := NewReader(Limits{Text: 64 << 10, Expanded: 1 << 20}, testCacheDir)
	f.Fuzz(func(t *testing.T, part, markup string) {
		if strings.Contains(markup, "%PDF-") || len(part) > 100 {
			return
		}
		main := map[string]string{"w": "word/document.xml", "x": "xl/workbook.xml", "p": "ppt/presentation.xml"}[part[:min(1, len(part))]]
		if main == "" {
			main = "content.xml"
		}
		content := pack(t, main, markup, part, markup)
		_, err := reader.Read(t.Context(), bytes.NewReader(content), int64(len(content)), "a.docx")
		var failed *Failure
		if err != nil && !errors.As(err, &failed) {
			t.Errorf("Read = %v, want a Failure", err)
		}
	})
}

func FuzzWebPage(f *testing.F) { fuzzRead(f, "a.html", []byte(htmlFile)) }

func FuzzMessage(f *testing.F) { fuzzRead(f, "a.eml", []byte(eml)) }

func FuzzText(f *testing.F) {
	fuzzRead(f, "a.txt", []byte("é\u202e\xff"), latin(f, "été"), []byte("\xff\xfea\x00b\x00"))
}
