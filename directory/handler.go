package directory

import (
	"cmp"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// Handler serves the pages of people.
type Handler struct {
	store    *Store
	renderer *web.Renderer
	inviter  *Inviter
	arrivals *Arrivals
	desks    Desks
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, renderer *web.Renderer, inviter *Inviter, arrivals *Arrivals, desks Desks) *Handler {
	return &Handler{store: store, renderer: renderer, inviter: inviter, arrivals: arrivals, desks: desks}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return append(slices.Concat(h.adminRoutes(), h.departureRoutes(), h.unitRoutes(), h.groupRoutes(), h.ruleRoutes(), h.rightsRoutes(), h.arrivalRoutes(), h.reviewRoutes(), h.deskRoutes(), h.cardRoutes(), h.assistanceRoutes(), h.brandingRoutes(), h.sharingRoutes()), []web.Route{
		{Method: "GET", Path: "/directory", Access: web.SignedIn, Handler: h.people},
		{Method: "GET", Path: "/directory/chart", Access: web.SignedIn, Handler: h.chart},
		{Method: "GET", Path: "/directory/agents/{id}", Access: web.SignedIn, Handler: h.card},
		{Method: "GET", Path: "/directory/agents/{id}/photo", Access: web.SignedIn, Handler: h.photo},
	}...)
}

// face is a person in a list: her card, and whether she is away today.
type face struct {
	Agent
	Away time.Time // her last day away, zero when she is there
	base string    // of the directory that she is in
	Of   string    // name of the collectivity, among people of several; "" for one's own
}

// Href is the address of her card.
func (f face) Href() string { return cmp.Or(f.base, "/directory") + "/agents/" + string(f.ID) }

// Tone is one of a few calm colours, always the same for a person.
func (f face) Tone() int {
	sum := fnv.New32a()
	sum.Write([]byte(f.ID)) // a hash never fails
	return int(sum.Sum32()%4) + 1
}

// faces says who of some people is away.
func (h *Handler) faces(r *http.Request, in whose, agents []Agent) ([]face, error) {
	away, err := h.store.Away(r.Context(), in.Caller, agents, today(r))
	faces := make([]face, len(agents))
	for i, agent := range agents {
		faces[i] = face{agent, away[agent.ID].LastDay(), in.Base, ""}
	}
	return faces, err
}

// today is the day in the collectivity.
func today(r *http.Request) string { return web.Now(r).Format(time.DateOnly) }

// peoplePage is a page of agents and what narrows the list.
type peoplePage struct {
	web.Page
	In     whose
	Others []Share // directories of others that may be read
	Text   string
	Unit   string
	Units  []UnitNode
	People People
	Faces  []face
	Links  themes.Pages

	Elsewhere []elsewhere // what was asked of one's own, asked of the others
}

func (h *Handler) people(w http.ResponseWriter, r *http.Request) (err error) {
	query, page := web.Query(r), &peoplePage{}
	if page.In, err = h.whose(r); err != nil {
		return err
	}
	caller := page.In.Caller
	page.Text, page.Unit = query.Get("q"), query.Get("unit")
	if page.Others, err = h.store.Readable(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	if page.Units, err = h.store.Units(r.Context(), caller); err != nil {
		return err
	}
	page.People, err = h.store.People(r.Context(), caller, PeopleQuery{Text: page.Text, Unit: portal.UnitID(page.Unit), Page: web.PageNumber(r)})
	if err == nil {
		page.Faces, err = h.faces(r, page.In, page.People.Agents)
	}
	if err == nil && page.In.Town == "" && strings.TrimSpace(page.Text) != "" && page.Unit == "" && page.People.Page == 1 {
		err = h.askElsewhere(r, page)
	}
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	page.Links = web.PageLinks(r, printer.T("directory.pages"), page.People.Page, page.People.Pages)
	page.Title, page.Section = printer.T("directory.title"), "directory"
	if page.In.Town != "" {
		page.Title = printer.T("directory.of", "name", page.In.Town)
	}
	return h.renderer.Render(w, r, http.StatusOK, "directory/people", page)
}
