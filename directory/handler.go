package directory

import (
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// Handler serves the pages of people and applications.
type Handler struct {
	store    *Store
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, renderer *web.Renderer) *Handler {
	return &Handler{store: store, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/directory", Access: web.SignedIn, Handler: h.people},
		{Method: "GET", Path: "/directory/agents/{id}", Access: web.SignedIn, Handler: h.card},
		{Method: "GET", Path: "/apps", Access: web.SignedIn, Handler: h.applications},
		{Method: "POST", Path: "/apps/{id}/pin", Access: web.SignedIn, Handler: h.pin(true)},
		{Method: "POST", Path: "/apps/{id}/unpin", Access: web.SignedIn, Handler: h.pin(false)},
	}
}

// peoplePage is a page of agents and what narrows the list.
type peoplePage struct {
	web.Page
	Text   string
	Unit   string
	Units  []UnitNode
	People People
	Links  themes.Pages
}

func (h *Handler) people(w http.ResponseWriter, r *http.Request) (err error) {
	query, caller := web.Query(r), web.CallerOf(r)
	page := &peoplePage{Text: query.Get("q"), Unit: query.Get("unit")}
	if page.Units, err = h.store.Units(r.Context(), caller); err != nil {
		return err
	}
	page.People, err = h.store.People(r.Context(), caller, PeopleQuery{Text: page.Text, Unit: portal.UnitID(page.Unit), Page: web.PageNumber(r)})
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	page.Links = web.PageLinks(r, printer.T("directory.pages"), page.People.Page, page.People.Pages)
	page.Title, page.Section = printer.T("directory.title"), "directory"
	return h.renderer.Render(w, r, http.StatusOK, "directory/people", page)
}

// cardPage is one agent.
type cardPage struct {
	web.Page
	Agent Agent
	Own   bool
}

func (h *Handler) card(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	agent, err := h.store.Agent(r.Context(), caller, portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &cardPage{Agent: agent, Own: agent.ID == caller.Agent}
	page.Title, page.Section = agent.Name(), "directory"
	return h.renderer.Render(w, r, http.StatusOK, "directory/card", page)
}

// shelf is a category of applications.
type shelf struct {
	Name         string // "" for those without category
	Applications []Application
}

type applicationsPage struct {
	web.Page
	Shelves []shelf
}

func (h *Handler) applications(w http.ResponseWriter, r *http.Request) error {
	apps, err := h.store.Applications(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &applicationsPage{Shelves: shelves(apps)}
	page.Title, page.Section = web.Printer(r).T("directory.apps.title"), "apps"
	return h.renderer.Render(w, r, http.StatusOK, "directory/apps", page)
}

// shelves cuts a list sorted by category.
func shelves(apps []Application) []shelf {
	var all []shelf
	for _, app := range apps {
		if last := len(all) - 1; last >= 0 && all[last].Name == app.Category {
			all[last].Applications = append(all[last].Applications, app)
			continue
		}
		all = append(all, shelf{Name: app.Category, Applications: []Application{app}})
	}
	return all
}

func (h *Handler) pin(pinned bool) web.Handler {
	said := "directory.apps.unpinned"
	if pinned {
		said = "directory.apps.pinned"
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
