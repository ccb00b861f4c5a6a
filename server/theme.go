package server

import (
	"context"
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
// kept by browsers for a year. An old address leads to today's colours.
type themeServer struct {
	directory *directory.Store
	mu        sync.RWMutex
	byColour  map[string]*themes.Asset // brand colour → its style sheet
}

func newThemeServer(store *directory.Store) *themeServer {
	return &themeServer{directory: store, byColour: map[string]*themes.Asset{}}
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
	return "/theme/" + string(c.ID) + "-" + sheet.Sum + ".css"
}

func (t *themeServer) sheet(colour string) (*themes.Asset, error) {
	t.mu.RLock()
	found := t.byColour[colour]
	t.mu.RUnlock()
	if found != nil {
		return found, nil
	}
	palette, err := themes.NewPalette(colour)
	if err != nil {
		return nil, fmt.Errorf("server: theme: %w", err)
	}
	made, err := themes.NewAsset(".css", []byte(palette.CSS()))
	if err != nil {
		return nil, fmt.Errorf("server: theme: %w", err)
	}
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
	return []web.Route{
		{Method: "GET", Path: "/theme/{file}", Access: web.Public, Handler: t.serve},
		{Method: "GET", Path: themes.SamplePath + "{file}", Access: web.Account, Handler: t.sample},
	}
}

// sample is the stylesheet of a colour that is being chosen: no page may hold
// colours of its own.
func (t *themeServer) sample(w http.ResponseWriter, r *http.Request) error {
	name, isCSS := strings.CutSuffix(web.Var(r, "file"), ".css")
	palette, err := themes.NewPalette(name)
	if err != nil || !isCSS {
		return portal.ErrNotFound
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write([]byte(palette.Sample())) // a client that left is no fault of ours
	return nil
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
	if sheet.Sum != name[dash+1:] {
		http.Redirect(w, r, t.URL(c), http.StatusFound)
		return nil
	}
	sheet.Serve(w, r)
	return nil
}
