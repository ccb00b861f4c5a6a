package applications

import (
	"context"
	"embed"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Templates holds the pages of applications.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// Handler serves the pages.
type Handler struct {
	store    *Store
	people   People
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, people People, renderer *web.Renderer) *Handler {
	return &Handler{store: store, people: people, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return append([]web.Route{
		{Method: "GET", Path: "/apps", Access: web.SignedIn, Handler: h.list},
		{Method: "POST", Path: "/apps/{id}/pin", Access: web.SignedIn, Handler: h.pin(true)},
		{Method: "POST", Path: "/apps/{id}/unpin", Access: web.SignedIn, Handler: h.pin(false)},
		{Method: "GET", Path: "/apps/{id}/ask", Access: web.SignedIn, Handler: h.showAsk},
		{Method: "POST", Path: "/apps/{id}/ask", Access: web.SignedIn, Handler: h.ask},
		{Method: "POST", Path: "/apps/{id}/withdraw", Access: web.SignedIn, Handler: h.withdraw},
	}, h.adminRoutes()...)
}

// category is the applications of one category.
type category struct {
	Name         string // "" for those without
	Applications []Application
}

type listPage struct {
	web.Page
	Categories []category
	Until      map[string]time.Time // the last moment of the accesses that end, by application
	Offers     []offer
}

// offer is an application that is not open to the person, with why.
type offer struct {
	Offer
	For string // groups and units that it is open to: "Finances, Direction"
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	apps, err := h.store.List(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &listPage{Categories: categories(apps)}
	if page.Until, err = h.store.Ends(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	offers, err := h.store.Offers(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	if page.Offers, err = h.withNames(r.Context(), web.CallerOf(r), offers...); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("applications.title"), "apps"
	return h.renderer.Render(w, r, http.StatusOK, "applications/list", page)
}

// withNames tells of offers whom they are open to.
func (h *Handler) withNames(ctx context.Context, caller portal.Caller, offers ...Offer) ([]offer, error) {
	if len(offers) == 0 {
		return nil, nil
	}
	names, err := h.audienceNames(ctx, caller)
	all := make([]offer, len(offers))
	for i, one := range offers {
		all[i] = offer{one, names.of(one.Application)}
	}
	return all, err
}

// categories cuts a list sorted by category.
func categories(apps []Application) []category {
	var all []category
	for _, app := range apps {
		if last := len(all) - 1; last >= 0 && all[last].Name == app.Category {
			all[last].Applications = append(all[last].Applications, app)
			continue
		}
		all = append(all, category{Name: app.Category, Applications: []Application{app}})
	}
	return all
}

func (h *Handler) pin(pinned bool) web.Handler {
	said := "applications.unpinned"
	if pinned {
		said = "applications.pinned"
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		app, err := h.store.Pin(r.Context(), web.CallerOf(r), web.Var(r, "id"), pinned)
		if err != nil {
			return err
		}
		web.SetFlash(w, r, said, "name", app.Name)
		return web.Redirect(w, r, "/apps#app-"+app.ID)
	}
}
