package directory

import (
	"net/http"
	"slices"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// Handler serves the pages of people.
type Handler struct {
	store    *Store
	renderer *web.Renderer
	inviter  *Inviter
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, renderer *web.Renderer, inviter *Inviter) *Handler {
	return &Handler{store: store, renderer: renderer, inviter: inviter}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return append(slices.Concat(h.adminRoutes(), h.unitRoutes(), h.groupRoutes(), h.rightsRoutes(), h.assistanceRoutes()), []web.Route{
		{Method: "GET", Path: "/directory", Access: web.SignedIn, Handler: h.people},
		{Method: "GET", Path: "/directory/agents/{id}", Access: web.SignedIn, Handler: h.card},
	}...)
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
