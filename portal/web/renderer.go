package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/themes"
)

// Renderer holds every template, parsed once for each language so that
// sentences are looked up in the right catalogue.
type Renderer struct {
	sets map[i18n.Language]*template.Template

	catalogue *i18n.Catalogue

	nav     []NavItem
	waiting func(ctx context.Context, caller portal.Caller) int // nil: nothing ever waits

	announcements Announcements // nil: nothing is announced
}

// Copy is a renderer of the same templates, that counts nothing and announces nothing yet.
func (rd *Renderer) Copy() *Renderer {
	return &Renderer{sets: rd.sets, catalogue: rd.catalogue, nav: rd.nav}
}

// CountWaiting makes pages show how much waits for their reader: count must cost
// next to nothing. Call it before the first request.
func (rd *Renderer) CountWaiting(count func(ctx context.Context, caller portal.Caller) int) {
	rd.waiting = count
}

// Waiting is how much waits for who asks, negative when nothing ever does: who
// operates the pool has no inbox.
func (rd *Renderer) Waiting(r *http.Request) int {
	caller := CallerOf(r)
	if rd.waiting == nil || caller.Agent == "" || IdentityOf(r).Seer != nil { // what waits for her is her own
		return -1
	}
	return rd.waiting(r.Context(), caller)
}

// NewRenderer parses all .html files of the sources. nav is the main
// navigation, its labels being catalogue keys; asset gives the address of a
// static file.
func NewRenderer(catalogue *i18n.Catalogue, asset func(name string) string, nav []NavItem, sources ...fs.FS) (*Renderer, error) {
	rd := &Renderer{sets: map[i18n.Language]*template.Template{}, catalogue: catalogue, nav: nav}
	for _, lang := range i18n.Languages() {
		set := template.New("").Funcs(catalogue.Printer(lang).Funcs()).Funcs(themes.Funcs()).Funcs(template.FuncMap{"asset": asset})
		for _, source := range append([]fs.FS{themes.Templates, Templates}, sources...) {
			if err := parseAll(set, source); err != nil {
				return nil, err
			}
		}
		rd.sets[lang] = set
	}
	return rd, nil
}

func parseAll(set *template.Template, source fs.FS) error {
	return fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		text, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		if _, err := set.New(path).Parse(string(text)); err != nil {
			return fmt.Errorf("web: template %s: %w", path, err)
		}
		return nil
	})
}

// Execute renders one template, a fragment, in a language.
func (rd *Renderer) Execute(lang i18n.Language, name string, data any) ([]byte, error) {
	out := pages.Get().(*bytes.Buffer)
	defer pages.Put(out)
	out.Reset()
	if err := rd.sets[lang].ExecuteTemplate(out, name, data); err != nil {
		return nil, fmt.Errorf("web: render %s: %w", name, err)
	}
	return bytes.Clone(out.Bytes()), nil
}

// pages are what templates write into: one that grows to the size of a page makes twice as much garbage.
var pages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render answers with a whole page: the template's content inside of the
// frame. Nothing is written when it returns an error. A page whose bytes the
// browser has already is answered by 304.
func (rd *Renderer) Render(w http.ResponseWriter, r *http.Request, status int, name string, page Framed) error {
	rd.fill(w, r, page.framed())
	content, err := rd.Execute(i18n.Language(page.framed().Lang), name, page)
	if err != nil {
		return err
	}
	// The content comes from html/template, which escaped it.
	page.framed().Content = template.HTML(content)
	whole, err := rd.frame(page.framed())
	if err != nil {
		return err
	}
	return rd.write(w, r, status, whole)
}

// RenderWhole answers with a page whose template is all of it, for a screen that nobody touches. It wears what it was
// given, whoever looks at it.
func (rd *Renderer) RenderWhole(w http.ResponseWriter, r *http.Request, status int, name string, page Framed) error {
	wears := page.framed().Wears
	rd.fill(w, r, page.framed())
	page.framed().Wear(wears)
	whole, err := rd.Execute(i18n.Language(page.framed().Lang), name, page)
	if err != nil {
		return err
	}
	return rd.write(w, r, status, whole)
}

func (rd *Renderer) frame(page *Page) ([]byte, error) {
	name := "frame"
	switch {
	case page.Kiosk != nil:
		name = "kiosk"
	case page.Gate:
		name = "gate"
	}
	return rd.Execute(i18n.Language(page.Lang), name, page)
}

// contentMark stands for the content while a frame is cut in two; it holds
// nothing that html/template would change.
const contentMark = "\x02parvis-content\x03"

// Frame renders what stands before and after the content, for pages that are
// put together from cached parts.
func (rd *Renderer) Frame(w http.ResponseWriter, r *http.Request, page *Page) (head, tail []byte, err error) {
	rd.fill(w, r, page)
	page.Content = contentMark
	whole, err := rd.frame(page)
	if err != nil {
		return nil, nil, err
	}
	head, tail, found := bytes.Cut(whole, []byte(contentMark))
	if !found {
		return nil, nil, fmt.Errorf("web: the frame shows no content")
	}
	return head, tail, nil
}

// fill completes a page from its request.
func (rd *Renderer) fill(w http.ResponseWriter, r *http.Request, page *Page) {
	about := requestOf(r)
	page.Lang, page.Now = string(about.printer.Lang()), about.now
	page.Path = r.URL.RequestURI()
	page.Flash = takeFlash(w, r, about.printer)
	identity := about.identity
	page.Notices = rd.notices(about, page.Wears)
	if identity == nil {
		page.Gate = true
		return
	}
	page.SignedIn = true
	page.Scheme, page.PersonName, page.Memberships = identity.Scheme, identity.PersonName, identity.Memberships
	page.ThemeURL, page.Logo = identity.Collectivity.ThemeURL, identity.Collectivity.Logo
	page.CollectivityName, page.CollectivityLongName = identity.Collectivity.Name, identity.Collectivity.LongName
	page.CollectivityPhone = identity.Collectivity.Phone
	page.Help, page.Helper = helpShown(about), Assists(identity.Caller)
	if kiosk := identity.Kiosk; kiosk != nil {
		page.Kiosk = &themes.Kiosk{Person: identity.PersonName, Text: about.printer.N("frame.kiosk.idle", int(kiosk.Idle/time.Minute))}
		return
	}
	page.Nav, page.Waiting = rd.navigation(about), rd.Waiting(r)
	if seer := identity.Seer; seer != nil {
		until := about.printer.Clock(seer.Until.In(about.now.Location()))
		page.Seeing = about.printer.T("frame.seeing", "name", identity.PersonName, "until", until)
	}
}

// navigation is what the caller may open: the desk for an agent, and what her
// rights add to it.
func (rd *Renderer) navigation(about *request) []themes.NavItem {
	caller := about.identity.Caller
	var items []themes.NavItem
	for _, item := range rd.nav {
		if len(item.Rights) == 0 && caller.Agent == "" || len(item.Rights) > 0 && !slices.ContainsFunc(item.Rights, caller.CanSomewhere) {
			continue
		}
		item.Label = about.printer.T(item.Label)
		items = append(items, item.NavItem)
	}
	return items
}

var gzipWriters = sync.Pool{New: func() any {
	writer, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level exists
	return writer
}}

// minGzip is the size in bytes under which compression saves no packet.
const minGzip = 1200

func (rd *Renderer) write(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Add("Vary", "Accept-Encoding, Cookie")
	if status == http.StatusOK && header.Get("Set-Cookie") == "" {
		sum := sha256.Sum256(body)
		etag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
		header.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if len(body) < minGzip || !AcceptsGzip(r) {
		w.WriteHeader(status)
		w.Write(body) // a client that left is no fault of ours
		return nil
	}
	header.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	writer := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(writer)
	writer.Reset(w)
	writer.Write(body)
	writer.Close()
	return nil
}

// AcceptsGzip says whether the client takes gzip (RFC 9110 §12.5.3): it names
// it, or all those it does not name, with a quality that is not zero.
func AcceptsGzip(r *http.Request) bool {
	others := false
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, parameter, _ := strings.Cut(part, ";")
		_, quality, _ := strings.Cut(parameter, "=")
		wanted := strings.Trim(quality, " 0.") != "" || quality == ""
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip":
			return wanted
		case "*":
			others = wanted
		}
	}
	return others
}

// Printer speaks a language: for what a page shows of another than its reader's.
func (rd *Renderer) Printer(lang i18n.Language) *i18n.Printer { return rd.catalogue.Printer(lang) }
