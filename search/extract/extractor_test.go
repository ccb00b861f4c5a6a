package extract

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

func newExtractor(t testing.TB, options Options) *Extractor {
	t.Helper()
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.CacheDir == "" {
		options.CacheDir = testCacheDir
	}
	extractor, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { extractor.Close() })
	return extractor
}

func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// script is a child that greets, then does what the shell text says.
func script(text string) Options {
	return Options{Exe: "/bin/sh", Args: []string{"-c", `echo '{"parvis_extract":1}'; read line; ` + text}}
}

func wantReason(t *testing.T, err error, want Reason) {
	t.Helper()
	var failed *Failure
	if !errors.As(err, &failed) || failed.Reason != want {
		t.Errorf("error = %v, want reason %s", err, want)
	}
}

func TestExtractorReadsManyFilesInOneChild(t *testing.T) {
	extractor := newExtractor(t, Options{})
	word := writeFile(t, "a", wordFile(t))
	pdf := writeFile(t, "b", pdfFile(t, 3, "Délibération du conseil municipal", nil))
	empty := writeFile(t, "c", nil)
	for range 3 {
		if got, err := extractor.Text(t.Context(), word, "délib.docx"); err != nil || got.Text != wordText || got.Title != "Délibération n° 12" {
			t.Fatalf("Text(word) = %+v, %v", got, err)
		}
		if got, err := extractor.Text(t.Context(), pdf, "délib.pdf"); err != nil || got.Pages != 3 || !strings.HasPrefix(got.Text, "Délibération") {
			t.Fatalf("Text(pdf) = %+v, %v", got, err)
		}
		_, err := extractor.Text(t.Context(), empty, "vide.pdf")
		wantReason(t, err, ReasonEmpty)
	}
	if extractor.process == nil || extractor.process.served != 9 {
		t.Errorf("process = %+v, want one that served 9 files", extractor.process)
	}
}

func TestAFailureTellsNothingOfTheFile(t *testing.T) {
	path := writeFile(t, "a.eml", []byte("From: x@courriel.example\r\nle mot effraie\r\n\r\nx\r\n"))
	_, err := newExtractor(t, Options{}).Text(t.Context(), path, "a.eml")
	wantReason(t, err, ReasonDamaged)
	if err != nil && strings.Contains(err.Error(), "effraie") {
		t.Errorf("error = %v, which the log must not hold", err)
	}
}

func TestAFileThatIsNotThereIsOurError(t *testing.T) {
	_, err := newExtractor(t, Options{}).Text(t.Context(), filepath.Join(t.TempDir(), "absent"), "a.txt")
	var failed *Failure
	if err == nil || errors.As(err, &failed) {
		t.Errorf("Text = %v, want an error without a reason", err)
	}
}

func TestASlowFileIsStopped(t *testing.T) {
	options := script("exec sleep 60")
	options.Timeout = 100 * time.Millisecond
	extractor := newExtractor(t, options)
	begin := time.Now()
	_, err := extractor.Text(t.Context(), "x", "x")
	wantReason(t, err, ReasonTimeout)
	if took := time.Since(begin); took > 40*time.Second { // not stopped, it sleeps 60
		t.Errorf("took %v", took)
	}
	if extractor.process != nil {
		t.Error("the child of a slow file is kept")
	}
}

func TestADeadChildIsReplaced(t *testing.T) {
	extractor := newExtractor(t, script("exit 3"))
	for range 2 {
		_, err := extractor.Text(t.Context(), "x", "x")
		wantReason(t, err, ReasonCrashed)
	}
	lying := newExtractor(t, script(`echo '{"size":999999999}'`))
	if _, err := lying.Text(t.Context(), "x", "x"); err == nil || lying.process != nil {
		t.Errorf("an answer beyond the limit: %v, child kept: %v", err, lying.process != nil)
	}
}

func TestABinaryThatIsNotOursIsOurError(t *testing.T) {
	for _, exe := range []string{"/bin/true", "/nonexistent"} {
		_, err := newExtractor(t, Options{Exe: exe}).Text(t.Context(), "x", "x")
		var failed *Failure
		if err == nil || errors.As(err, &failed) {
			t.Errorf("Text with %s = %v, want an error without a reason", exe, err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	// An attribute of 150 MB: the XML reader must hold it whole, the child may not.
	var stored bytes.Buffer
	archive := zip.NewWriter(&stored)
	part, err := archive.CreateHeader(&zip.FileHeader{Name: "word/document.xml", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(part, wordHead+"<w:t a='"+strings.Repeat("a", 150<<20)+"'>"+wordFoot)
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := writeFile(t, "bomb", stored.Bytes())
	extractor := newExtractor(t, Options{Memory: 192 << 20})
	_, err = extractor.Text(t.Context(), bomb, "bombe.docx")
	wantReason(t, err, ReasonCrashed)
	word := writeFile(t, "a", wordFile(t))
	if got, err := extractor.Text(t.Context(), word, "a.docx"); err != nil || got.Text != wordText {
		t.Errorf("the next file: %+v, %v", got, err)
	}
}

// The most that a child ever holds is while it compiles PDFium, before the first PDF of an installation. VmHWM is the
// kernel's own record of it: 69 or 82 MB, as the collector comes before or after wazero writes its cache, and 117 MB
// with PDFium whole.
func TestAChildStaysSmallWhileItCompilesPDFium(t *testing.T) {
	extractor := newExtractor(t, Options{CacheDir: t.TempDir()})
	pdf := writeFile(t, "a", pdfFile(t, 3, "Délibération du conseil municipal", nil))
	for range 3 {
		if _, err := extractor.Text(t.Context(), pdf, "a.pdf"); err != nil {
			t.Fatal(err)
		}
	}
	const most = 100 << 10 // kB
	if peak := highWater(t, extractor.process.command.Process.Pid); peak > most {
		t.Errorf("the child held %d kB, want at most %d", peak, most)
	}
}

// highWater is the most memory that a process ever had resident, in kB.
func highWater(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var peak int
	if _, err := fmt.Sscan(line, &peak); err != nil {
		t.Fatalf("VmHWM of the child: %v", err)
	}
	return peak
}

func TestCancelStopsTheChild(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	extractor := newExtractor(t, script("exec sleep 60"))
	if _, err := extractor.Text(ctx, "x", "x"); !errors.Is(err, context.Canceled) || extractor.process != nil {
		t.Errorf("Text = %v, child kept: %v", err, extractor.process != nil)
	}
}

func TestIdleChildEnds(t *testing.T) {
	extractor := newExtractor(t, Options{Idle: 20 * time.Millisecond})
	word := writeFile(t, "a", wordFile(t))
	if _, err := extractor.Text(t.Context(), word, "a.docx"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		extractor.mutex.Lock()
		ended := extractor.process == nil
		extractor.mutex.Unlock()
		if ended {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an idle child is still there")
		}
	}
	if _, err := extractor.Text(t.Context(), word, "a.docx"); err != nil {
		t.Errorf("after idling: %v", err)
	}
}

func TestCommandPrintsTheText(t *testing.T) {
	path := writeFile(t, "a.docx", wordFile(t))
	got, err := exec.Command(os.Args[0], "extract", path).Output()
	if err != nil || strings.TrimSpace(string(got)) != wordText {
		t.Errorf("extract %s = %q, %v", path, got, err)
	}
	if got, err := exec.Command(os.Args[0], "extract").Output(); err == nil {
		t.Errorf("extract without a file = %q, want a failure", got)
	}
}

func BenchmarkPDFPages(b *testing.B) {
	const pages = 50
	paragraph := strings.Repeat("Le conseil municipal, après en avoir délibéré, adopte le budget primitif de la commune. ", 25)
	content := pdfFile(b, pages, paragraph, func(pdf *fpdf.Fpdf) { pdf.SetCompression(true) })
	reader := newReader(b, Limits{})
	for b.Loop() {
		if _, err := reader.Read(b.Context(), bytes.NewReader(content), int64(len(content)), "a.pdf"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*pages)/b.Elapsed().Seconds(), "pages/s")
}
