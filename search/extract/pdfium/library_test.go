package pdfium

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
)

func TestFilesAreThoseThatWereReviewed(t *testing.T) {
	sums, err := os.Open("SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	defer sums.Close()
	checked := 0
	for lines := bufio.NewScanner(sums); lines.Scan(); checked++ {
		want, name, _ := strings.Cut(lines.Text(), "  ")
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("SHA-256 of %s = %s, want %s", name, got, want)
		}
	}
	if checked != 3 {
		t.Errorf("SHA256SUMS names %d files, want 3", checked)
	}
}

func newLibrary(t testing.TB) *Library {
	t.Helper()
	library, err := New(t.Context(), Options{CacheDir: filepath.Join(os.TempDir(), "parvis-test-pdfium")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { library.Close(t.Context()) })
	return library
}

func writePDF(t testing.TB, pages int, text string) []byte {
	t.Helper()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle("Budget primitif 2026 de la commune", true)
	toLatin := pdf.UnicodeTranslatorFromDescriptor("")
	for range pages {
		pdf.AddPage()
		pdf.SetFont("Helvetica", "", 11)
		pdf.MultiCell(0, 6, toLatin(text), "", "", false)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestDocument(t *testing.T) {
	library := newLibrary(t)
	const sentence = "Délibération du conseil municipal relative à l’été : 2 418,60 €"
	file := writePDF(t, 3, sentence)

	t.Run("gives title, pages and accented text", func(t *testing.T) {
		document, err := library.Open(t.Context(), bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		defer document.Close(t.Context())
		if pages, err := document.Pages(t.Context()); pages != 3 || err != nil {
			t.Errorf("Pages() = %d, %v, want 3", pages, err)
		}
		if title, err := document.Title(t.Context()); title != "Budget primitif 2026 de la commune" || err != nil {
			t.Errorf("Title() = %q, %v", title, err)
		}
		for page := range 3 {
			text, err := document.PageText(t.Context(), page)
			if err != nil || strings.TrimSpace(text) != sentence {
				t.Errorf("PageText(%d) = %q, %v, want %q", page, text, err, sentence)
			}
		}
		if _, err := document.PageText(t.Context(), 3); !errors.Is(err, ErrDamaged) {
			t.Errorf("PageText of a page that isn't there: %v, want ErrDamaged", err)
		}
	})
	t.Run("says that a password is needed", func(t *testing.T) {
		pdf := fpdf.New("P", "mm", "A4", "")
		pdf.SetProtection(fpdf.CnProtectPrint, "secret", "owner")
		pdf.AddPage()
		var out bytes.Buffer
		if err := pdf.Output(&out); err != nil {
			t.Fatal(err)
		}
		if _, err := library.Open(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len())); !errors.Is(err, ErrPassword) {
			t.Errorf("Open = %v, want ErrPassword", err)
		}
	})
	t.Run("says that a file is damaged", func(t *testing.T) {
		for _, content := range []string{"", "%PDF-1.7", "%PDF-1.7\n%%EOF", strings.Repeat("\xff", 4096)} {
			if _, err := library.Open(t.Context(), strings.NewReader(content), int64(len(content))); !errors.Is(err, ErrDamaged) {
				t.Errorf("Open(%.10q) = %v, want ErrDamaged", content, err)
			}
		}
	})
	t.Run("reads what is left of a truncated file", func(t *testing.T) {
		for cut := len(file) - 1; cut > 0; cut -= 97 {
			document, err := library.Open(t.Context(), bytes.NewReader(file[:cut]), int64(cut))
			if err != nil {
				continue // a refusal is fine: what counts is that nothing hangs or panics
			}
			pages, _ := document.Pages(t.Context())
			for page := range pages {
				_, _ = document.PageText(t.Context(), page)
			}
			document.Close(t.Context())
		}
	})
	t.Run("joins words cut at the end of a line", func(t *testing.T) {
		file := writePDF(t, 1, "admi-\nnistration")
		document, err := library.Open(t.Context(), bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		defer document.Close(t.Context())
		if text, err := document.PageText(t.Context(), 0); text != "administration" || err != nil {
			t.Errorf("PageText = %q, %v, want administration", text, err)
		}
	})
}
