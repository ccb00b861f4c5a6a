package booking

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// Groups knows the groups of the caller's collectivity, by name.
type Groups interface {
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
}

// Handler serves the pages where an administrator keeps the resources.
type Handler struct {
	store    *Store
	groups   Groups
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, groups Groups, renderer *web.Renderer) *Handler {
	return &Handler{store: store, groups: groups, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: "/admin/resources", Access: admin, Handler: h.list},
		{Method: "GET", Path: "/admin/resources/new", Access: admin, Handler: h.newResource},
		{Method: "POST", Path: "/admin/resources", Access: admin, Handler: h.create},
		{Method: "GET", Path: "/admin/resources/{id}", Access: admin, Handler: h.edit},
		{Method: "POST", Path: "/admin/resources/{id}", Access: admin, Handler: h.change},
		{Method: "POST", Path: "/admin/resources/{id}/withdraw", Access: admin, Handler: h.withdraw},
		{Method: "POST", Path: "/admin/resources/{id}/restore", Access: admin, Handler: h.restore},
	}
}

// Icon is how lists show a kind.
func (k Kind) Icon() string {
	switch k {
	case Room:
		return "room"
	case Vehicle:
		return "car"
	default:
		return "laptop"
	}
}

type listPage struct {
	web.Page
	Found Page
	Query Query
	Kinds []Kind
	Links themes.Pages
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) (err error) {
	asked := web.Query(r)
	page := &listPage{Kinds: Kinds, Query: Query{Text: asked.Get("q"), Kind: asked.Get("kind"), State: asked.Get("state"), Page: web.PageNumber(r)}}
	if page.Found, err = h.store.List(r.Context(), web.CallerOf(r), page.Query); err != nil {
		return err
	}
	printer := web.Printer(r)
	page.Links = web.PageLinks(r, printer.T("booking.pages"), page.Found.Page, page.Found.Pages)
	page.Title, page.Section = printer.T("booking.resources"), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "booking/resources", page)
}

// formPage is one resource, as stored or as typed.
type formPage struct {
	web.Page
	Form   web.Form
	Res    Resource
	Seats  string
	Seen   string // Modified when the form was opened, ms
	Other  bool   // another administrator changed it meanwhile
	Kinds  []Kind
	Groups []groupChoice
	ToCome int
}

type groupChoice struct {
	portal.Group
	Chosen bool
}

func (h *Handler) newResource(w http.ResponseWriter, r *http.Request) error {
	return h.render(w, r, http.StatusOK, &formPage{Res: Resource{Kind: Room}})
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	res, err := h.store.Resource(r.Context(), web.CallerOf(r), ResourceID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &formPage{Res: res, Seen: strconv.FormatInt(res.Modified.UnixMilli(), 10)}
	if res.Seats > 0 {
		page.Seats = strconv.Itoa(res.Seats)
	}
	return h.render(w, r, http.StatusOK, page)
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, page *formPage) error {
	caller, printer := web.CallerOf(r), web.Printer(r)
	groups, err := h.groups.Groups(r.Context(), caller)
	if err != nil {
		return err
	}
	for _, group := range portal.WithDeleted(groups, page.Res.Groups, printer.T("web.group.deleted")) {
		page.Groups = append(page.Groups, groupChoice{group, slices.Contains(page.Res.Groups, group.ID)})
	}
	page.Title = printer.T("booking.resource.new")
	if page.Res.ID != "" {
		stored, err := h.store.Resource(r.Context(), caller, page.Res.ID)
		if err != nil {
			return err
		}
		if page.ToCome, err = h.store.ToCome(r.Context(), caller, stored); err != nil {
			return err
		}
		page.Title, page.Res.Active = stored.Name, stored.Active
	}
	page.Kinds, page.Section = Kinds, "admin"
	return h.renderer.Render(w, r, status, "booking/resource", page)
}

// typed is what a form holds.
func typed(r *http.Request) (*formPage, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post := r.PostForm
	page := &formPage{Seats: strings.TrimSpace(post.Get("seats")), Seen: post.Get("seen")}
	page.Res = Resource{
		ID: ResourceID(web.Var(r, "id")), Kind: Kind(post.Get("kind")), Name: post.Get("name"), Place: post.Get("place"), Address: post.Get("address"),
	}
	if page.Seats != "" {
		seats, err := strconv.Atoi(page.Seats)
		if err != nil {
			seats = -1 // refused by the store, in its sentence
		}
		page.Res.Seats = seats
	}
	ms, _ := strconv.ParseInt(page.Seen, 10, 64) // a forged value only makes a conflict
	page.Res.Modified = time.UnixMilli(ms)
	for _, group := range post["group"] {
		page.Res.Groups = append(page.Res.Groups, portal.GroupID(group))
	}
	return page, nil
}

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	page, err := typed(r)
	if err != nil {
		return err
	}
	id, err := h.store.Create(r.Context(), web.CallerOf(r), page.Res, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.render(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.resource.added", "name", strings.TrimSpace(page.Res.Name))
	return web.Redirect(w, r, resourcesPath+"#r-"+string(id))
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	page, err := typed(r)
	if err != nil {
		return err
	}
	err = h.store.Change(r.Context(), web.CallerOf(r), page.Res, web.ClientAddr(r))
	var other ResourceChanged
	if errors.As(err, &other) { // what was typed is kept: sent again, it is taken
		page.Other, page.Seen = true, strconv.FormatInt(other.Now.Modified.UnixMilli(), 10)
		return h.render(w, r, http.StatusConflict, page)
	}
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.render(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.resource.saved", "name", strings.TrimSpace(page.Res.Name))
	return web.Redirect(w, r, resourcesPath+"#r-"+string(page.Res.ID))
}

func (h *Handler) withdraw(w http.ResponseWriter, r *http.Request) error {
	return h.setActive(w, r, false, "booking.resource.withdrawn")
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) error {
	return h.setActive(w, r, true, "booking.resource.restored")
}

func (h *Handler) setActive(w http.ResponseWriter, r *http.Request, active bool, done string) error {
	id := ResourceID(web.Var(r, "id"))
	name, err := h.store.SetActive(r.Context(), web.CallerOf(r), id, active, web.ClientAddr(r))
	if err != nil {
		return err
	}
	if name != "" {
		web.SetFlash(w, r, done, "name", name)
	}
	return web.Redirect(w, r, resourcesPath+"/"+string(id))
}
