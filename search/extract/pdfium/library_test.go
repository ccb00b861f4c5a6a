package pdfium

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
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
		if name == "pdfium.wasm" {
			content, err = unpack()
		}
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

func TestTrimTouchesOnlyTheModuleThatItKnows(t *testing.T) {
	module, err := unpack()
	if err != nil {
		t.Fatal(err)
	}
	published := bytes.Clone(module)
	if err := trim(module); err != nil {
		t.Fatal(err)
	}
	changed, known := 0, 0
	for i := range module {
		if module[i] != published[i] {
			changed++
		}
	}
	for _, function := range drawing {
		known += function.size
	}
	if changed == 0 || changed > known {
		t.Errorf("trim changed %d bytes, want some of %d", changed, known)
	}
	for _, other := range [][]byte{nil, published[:4], published[:len(published)/4], published[:headerSize]} {
		if err := trim(bytes.Clone(other)); !errors.Is(err, errOtherModule) {
			t.Errorf("trim of %d bytes = %v, want errOtherModule", len(other), err)
		}
	}
	drawing[0].size++
	defer func() { drawing[0].size-- }()
	if err := trim(published); !errors.Is(err, errOtherModule) {
		t.Errorf("trim of a function of another size = %v, want errOtherModule", err)
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

// picture is 8 × 8 grey pixels in JPEG 2000, base64.
const picture = "/0//UQApAAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAABBwEB/1IADAAAAAEAAAQEAAH/XAAEQED/ZAAlAAFDcmVh" +
	"dGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjD/kAAKAAAAAABLAAH/k9+B0BIrZqAFvt6UzU9eIyAsp4WJrfdwp9CImhM697QK" +
	"b25DH5ke0CsBuGbG83zjiBP/XA0Y7B+mKqrwsk//2Q=="

// picturedPage is a PDF of one sentence and the picture. It has no table of references: PDFium builds it anew.
func picturedPage(t *testing.T) string {
	t.Helper()
	pixels, err := base64.StdEncoding.DecodeString(picture)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`%%PDF-1.5
1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj
3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R
 /Resources << /Font << /F 5 0 R >> /XObject << /P 6 0 R >> >> >> endobj
4 0 obj << /Length 78 >> stream
q 200 0 0 200 50 50 cm /P Do Q BT /F 12 Tf 50 700 Td (Plan de la mairie) Tj ET
endstream endobj
5 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> endobj
6 0 obj << /Type /XObject /Subtype /Image /Width 8 /Height 8 /Filter /JPXDecode /Length %d >> stream
%s
endstream endobj
trailer << /Root 1 0 R >>
%%%%EOF`, len(pixels), pixels)
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
	t.Run("reads the text around a JPEG 2000 picture", func(t *testing.T) {
		file := picturedPage(t)
		document, err := library.Open(t.Context(), strings.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		defer document.Close(t.Context())
		if text, err := document.PageText(t.Context(), 0); text != "Plan de la mairie" || err != nil {
			t.Errorf("PageText = %q, %v, want Plan de la mairie", text, err)
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
