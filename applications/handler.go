package applications

import (
	"embed"
	"net/http"

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
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	apps, err := h.store.List(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &listPage{Categories: categories(apps)}
	page.Title, page.Section = web.Printer(r).T("applications.title"), "apps"
	return h.renderer.Render(w, r, http.StatusOK, "applications/list", page)
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
