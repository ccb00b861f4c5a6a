package themes_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/themes"
)

func assets(t testing.TB) *themes.Assets {
	t.Helper()
	a, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(a *themes.Assets, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnAssetIsServedForeverAndCompressedOnce(t *testing.T) {
	a := assets(t)
	for name, kind := range map[string]string{
		"parvis.css": "text/css; charset=utf-8", "parvis.js": "text/javascript; charset=utf-8", "icons.svg": "image/svg+xml",
		"favicon.svg": "image/svg+xml", "theme.css": "text/css; charset=utf-8", "pages.css": "text/css; charset=utf-8", "agenda.css": "text/css; charset=utf-8", "wall.css": "text/css; charset=utf-8",
	} {
		url := a.URL(name)
		if !regexp.MustCompile(`^/assets/[a-z]+-[0-9a-f]{12}\.[a-z]+$`).MatchString(url) {
			t.Errorf("URL(%q) = %q", name, url)
		}
		plain, packed := get(a, "GET", url), get(a, "GET", url, "Accept-Encoding", "br, gzip;q=0.8")
		for header, want := range map[string]string{
			"Content-Type": kind, "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding",
		} {
			if got := plain.Header.Get(header); got != want {
				t.Errorf("%s: %s = %q, want %q", name, header, got, want)
			}
		}
		want := body(t, plain)
		reader, err := gzip.NewReader(bytes.NewReader(body(t, packed)))
		if packed.Header.Get("Content-Encoding") == "gzip" && err == nil {
			got, err := io.ReadAll(reader)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: the compressed file differs: %v", name, err)
			}
		} else if name != "favicon.svg" {
			t.Errorf("%s is not compressed: %v", name, err)
		}
		if head := get(a, "HEAD", url); len(body(t, head)) != 0 || head.ContentLength == 0 || head.StatusCode != 200 {
			t.Errorf("HEAD %s: %v", url, head.Status)
		}
		if *samples != "" {
			file := filepath.Join(*samples, url)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAnAssetAlreadyHeldIsNotSentAgain(t *testing.T) {
	a := assets(t)
	url := a.URL("parvis.css")
	etag := get(a, "GET", url).Header.Get("ETag")
	for header, want := range map[string]int{etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200, "": 200} {
		response := get(a, "GET", url, "If-None-Match", header)
		if response.StatusCode != want || want == 304 && len(body(t, response)) > 0 {
			t.Errorf("If-None-Match %s: %s, want %d", header, response.Status, want)
		}
	}
}

func TestOnlyKnownAddressesAndMethodsAreServed(t *testing.T) {
	a := assets(t)
	for _, path := range []string{"/assets/", "/assets/parvis.css", "/assets/parvis-000000000000.css", "/assets/../css/base.css", "/"} {
		if response := get(a, "GET", path); response.StatusCode != 404 {
			t.Errorf("GET %s: %s", path, response.Status)
		}
	}
	if response := get(a, "POST", a.URL("parvis.css")); response.StatusCode != 405 || response.Header.Get("Allow") == "" {
		t.Errorf("POST: %s", response.Status)
	}
	if url := a.URL("nothing.css"); url != "" {
		t.Errorf("URL of an unknown name = %q", url)
	}
}

func TestCompressionIsNegotiated(t *testing.T) {
	a := assets(t)
	for header, want := range map[string]string{
		"gzip": "gzip", "GZIP": "gzip", "x-gzip": "gzip", "*": "gzip", "br;q=1, gzip;q=0.2": "gzip",
		"": "", "br": "", "gzip;q=0": "", "gzip; q=0.0": "", "*;q=0": "", "*, gzip;q=0": "", "identity": "",
	} {
		if got := get(a, "GET", a.URL("parvis.css"), "Accept-Encoding", header).Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: %q, want %q", header, got, want)
		}
	}
}

func TestTheLookStaysWithinItsBudget(t *testing.T) {
	a := assets(t)
	for name, most := range map[string]int{"parvis.css": 7 << 10, "pages.css": 3 << 10, "agenda.css": 2 << 10, "wall.css": 1 << 10, "parvis.js": 8 << 10, "icons.svg": 4 << 10, "theme.css": 1 << 10} {
		size := len(body(t, get(a, "GET", a.URL(name), "Accept-Encoding", "gzip")))
		t.Logf("%s: %d bytes compressed", name, size)
		if size > most {
			t.Errorf("%s is %d bytes compressed, want %d at the most", name, size, most)
		}
	}
}

func TestTheStyleSheetsNameOnlyRolesOfThePalette(t *testing.T) {
	a := assets(t)
	sheet := styles(t, a)
	css := sheet + string(body(t, get(a, "GET", a.URL("theme.css"))))
	if !strings.HasPrefix(css, "@layer tokens, base, layout, components, print;") {
		t.Error("the order of the layers is not said first")
	}
	defined := map[string]bool{}
	for _, match := range regexp.MustCompile(`(--[a-z0-9-]+)\s*:`).FindAllStringSubmatch(css, -1) {
		defined[match[1]] = true
	}
	for _, match := range regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllStringSubmatch(css, -1) {
		if !defined[match[1]] {
			t.Errorf("%s is used and never given", match[1])
		}
	}
	if found := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|oklch|url\(`).FindString(sheet); found != "" {
		t.Errorf("a style sheet writes %s itself", found)
	}
	if strings.Count(css, "{") != strings.Count(css, "}") {
		t.Error("unbalanced braces")
	}
}

// styles is the product's style sheets in the order of a page.
func styles(t *testing.T, a *themes.Assets) string {
	t.Helper()
	all := ""
	for _, name := range []string{"parvis.css", "pages.css", "agenda.css", "wall.css"} {
		all += string(body(t, get(a, "GET", a.URL(name))))
	}
	return all
}

var selected = regexp.MustCompile(`\.([a-z][a-z0-9-]*)`)

// classes are those that a style sheet selects.
func classes(css string) map[string]bool {
	found := map[string]bool{}
	for _, match := range selected.FindAllStringSubmatch(regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(css, "{"), -1) {
		found[match[1]] = true
	}
	return found
}

// TestHomeDoesWithoutTheSheetOfOtherPages compares the classes of the home page's templates, and of its pictures, with
// those that only pages.css and agenda.css know: home does not load it.
func TestHomeDoesWithoutTheSheetOfOtherPages(t *testing.T) {
	a := assets(t)
	everywhere := classes(string(body(t, get(a, "GET", a.URL("parvis.css")))))
	elsewhere := classes(string(body(t, get(a, "GET", a.URL("pages.css")))) + string(body(t, get(a, "GET", a.URL("agenda.css")))))
	files, err := filepath.Glob("../widgets/templates/*.html")
	if err != nil || len(files) < 3 || len(elsewhere) < 20 {
		t.Fatalf("%v, %d classes, %v", files, len(elsewhere), err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == "admin.html" }) // pages of the administrator
	for _, file := range append(files, "templates/frame.html", "templates/components.html", "testdata/pages/home.html", "testdata/pages/home-edit.html") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			for _, class := range strings.Fields(match[1]) {
				if gate := class == "gate" || class == "who"; elsewhere[class] && !everywhere[class] && !gate {
					t.Errorf("%s: the class %s is styled by pages.css, which home does not load", file, class)
				}
			}
		}
	}
}
