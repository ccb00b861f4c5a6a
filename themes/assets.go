package themes

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:embed css
var styles embed.FS

//go:embed js/*.js
var scripts embed.FS

//go:embed icons.svg favicon.svg
var pictures embed.FS

// Prefix is where Assets must be mounted.
const Prefix = "/assets/"

// Assets is the product's static files, compressed once, each at an address that holds its checksum: an address never
// changes its content, so a browser keeps it for a year and asks again for nothing.
type Assets struct {
	byName map[string]*Asset // "parvis.css"
	byPath map[string]*Asset // "/assets/parvis-0123456789ab.css"
}

// Asset is one static file, compressed once.
type Asset struct {
	Sum           string // of its content, 12 hexadecimal digits
	kind          string
	plain, packed []byte // packed is gzip, nil when it would not be smaller
}

// NewAssets joins the style sheets of every page into parvis.css, those that home does without into pages.css, those of
// the agenda alone into agenda.css, those of screens on walls into wall.css, and the modules into parvis.js (one request each), adds theme.css, the palette of a portal without a colour of its own, and
// compresses everything.
func NewAssets() (*Assets, error) {
	css, err := join(styles, "css", "%s")
	if err != nil {
		return nil, err
	}
	pages, err := join(styles, "css/pages", "%s")
	if err != nil {
		return nil, err
	}
	agenda, err := join(styles, "css/agenda", "%s")
	if err != nil {
		return nil, err
	}
	wall, err := join(styles, "css/wall", "%s")
	if err != nil {
		return nil, err
	}
	js, err := join(scripts, "js", "{\n%s}\n") // a block keeps each module's names its own
	if err != nil {
		return nil, err
	}
	icons, err := pictures.ReadFile("icons.svg")
	if err != nil {
		return nil, fmt.Errorf("themes: assets: %w", err)
	}
	favicon, err := pictures.ReadFile("favicon.svg")
	if err != nil {
		return nil, fmt.Errorf("themes: assets: %w", err)
	}
	palette, err := NewPalette(DefaultBrand)
	if err != nil {
		return nil, fmt.Errorf("themes: assets: %w", err)
	}
	a := &Assets{map[string]*Asset{}, map[string]*Asset{}}
	for name, body := range map[string][]byte{
		"parvis.css": squeeze(css), "pages.css": squeeze(pages), "agenda.css": squeeze(agenda), "wall.css": squeeze(wall), "theme.css": []byte(palette.CSS()),
		"parvis.js": js, "icons.svg": icons, "favicon.svg": favicon,
	} {
		asset, err := NewAsset(path.Ext(name), body)
		if err != nil {
			return nil, err
		}
		a.byName[name], a.byPath[asset.address(name)] = asset, asset
	}
	return a, nil
}

// URL is the address of a file: URL("parvis.css") is "/assets/parvis-0123456789ab.css". An unknown name gives "":
// the tests of the templates refuse it.
func (a *Assets) URL(name string) string {
	if asset := a.byName[name]; asset != nil {
		return asset.address(name)
	}
	return ""
}

// Names lists what URL knows, in no order.
func (a *Assets) Names() []string {
	names := make([]string, 0, len(a.byName))
	for name := range a.byName {
		names = append(names, name)
	}
	return names
}

// ServeHTTP answers GET and HEAD for the addresses that URL gives; any other path is 404, so an old page never gets
// a new style under an old address.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	asset := a.byPath[r.URL.Path]
	if asset == nil {
		http.NotFound(w, r)
		return
	}
	asset.Serve(w, r)
}

// NewAsset compresses a file; ext says what it is: ".css".
func NewAsset(ext string, body []byte) (*Asset, error) {
	packed, err := pack(body)
	if err != nil {
		return nil, fmt.Errorf("themes: asset: %w", err)
	}
	return &Asset{hex.EncodeToString(sha256Of(body))[:12], contentType(ext), body, packed}, nil
}

func (a *Asset) address(name string) string {
	ext := path.Ext(name)
	return Prefix + strings.TrimSuffix(name, ext) + "-" + a.Sum + ext
}

// Serve answers GET and HEAD at an address that holds Sum.
func (a *Asset) Serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	etag := `"` + a.Sum + `"`
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", etag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if matches(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.kind)
	body := a.plain
	if a.packed != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.packed
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the reader has gone: nobody is left to tell
}

// matches compares weakly, as If-None-Match must (RFC 9110 §13.1.2).
func matches(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3): gzip named, or *, and not refused by q=0.
func acceptsGzip(header string) bool {
	star := false
	for item := range strings.SplitSeq(header, ",") {
		coding, q, _ := strings.Cut(item, ";")
		_, weight, _ := strings.Cut(strings.ReplaceAll(q, " ", ""), "q=")
		wanted := strings.Trim(weight, "0.") != "" || weight == ""
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			star = wanted
		}
	}
	return star
}

func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// join concatenates a folder's files in order of name, and leaves its folders alone.
func join(files fs.FS, folder, format string) ([]byte, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fmt.Errorf("themes: assets: %w", err)
	}
	var b bytes.Buffer
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		body, err := fs.ReadFile(files, folder+"/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("themes: assets: %w", err)
		}
		fmt.Fprintf(&b, format, body)
	}
	return b.Bytes(), nil
}

// squeeze leaves comments and indentation out of a style sheet: they help who reads the source, not the browser.
// Our sheets have no comment sign inside a string.
func squeeze(css []byte) []byte {
	var out []byte
	for {
		before, rest, found := bytes.Cut(css, []byte("/*"))
		out = append(out, before...)
		if !found {
			break
		}
		_, css, _ = bytes.Cut(rest, []byte("*/"))
	}
	var lines []byte
	for line := range bytes.Lines(out) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(append(lines, line...), '\n')
		}
	}
	return lines
}

func pack(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() >= len(body) {
		return nil, nil
	}
	return b.Bytes(), nil
}

func sha256Of(body []byte) []byte {
	sum := sha256.Sum256(body)
	return sum[:]
}
