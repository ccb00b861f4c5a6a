package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// themeServer serves the colours of each collectivity, at an address that
// holds their checksum: a new colour is a new address, so the old one may be
// kept by browsers for a year.
type themeServer struct {
	directory *directory.Store
	mu        sync.RWMutex
	byColour  map[string]sheet // brand colour → its style sheet
}

type sheet struct {
	css []byte
	sum string // 12 hexadecimal digits
}

func newThemeServer(store *directory.Store) *themeServer {
	return &themeServer{directory: store, byColour: map[string]sheet{}}
}

// URL is the address of a collectivity's colours, "" for the product's own.
func (t *themeServer) URL(c directory.Collectivity) string {
	if c.Colour == "" {
		return ""
	}
	sheet, err := t.sheet(c.Colour)
	if err != nil {
		return ""
	}
	return "/theme/" + string(c.ID) + "-" + sheet.sum + ".css"
}

func (t *themeServer) sheet(colour string) (sheet, error) {
	t.mu.RLock()
	found, ok := t.byColour[colour]
	t.mu.RUnlock()
	if ok {
		return found, nil
	}
	palette, err := themes.NewPalette(colour)
	if err != nil {
		return sheet{}, fmt.Errorf("server: theme: %w", err)
	}
	css := []byte(palette.CSS())
	sum := sha256.Sum256(css)
	made := sheet{css, hex.EncodeToString(sum[:6])}
	t.mu.Lock()
	t.byColour[colour] = made
	t.mu.Unlock()
	return made, nil
}

// warm derives the colours of every collectivity once, so that the first page
// does not wait for it.
func (t *themeServer) warm(ctx context.Context) error {
	all, err := t.directory.Collectivities(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		t.URL(c)
	}
	return nil
}

func (t *themeServer) routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/theme/{file}", Access: web.Public, Handler: t.serve}}
}

func (t *themeServer) serve(w http.ResponseWriter, r *http.Request) error {
	name, isCSS := strings.CutSuffix(web.Var(r, "file"), ".css")
	dash := strings.LastIndexByte(name, '-')
	if !isCSS || dash < 0 {
		return fmt.Errorf("server: theme %q: %w", name, portal.ErrNotFound)
	}
	c, err := t.directory.Collectivity(r.Context(), portal.CollectivityID(name[:dash]))
	if err != nil {
		return err
	}
	sheet, err := t.sheet(c.Colour)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/css; charset=utf-8")
	if sheet.sum == name[dash+1:] {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, err = w.Write(sheet.css)
	return err
}
