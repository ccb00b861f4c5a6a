package booking

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

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
	square   Squarer
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, groups Groups, square Squarer, renderer *web.Renderer) *Handler {
	return &Handler{store: store, groups: groups, square: square, renderer: renderer}
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
		{Method: "POST", Path: "/admin/resources/{id}/photo", Access: admin, MaxBody: maxPhoto + 64<<10, Handler: h.takePhoto},
		{Method: "POST", Path: "/admin/resources/{id}/photo/remove", Access: admin, Handler: h.dropPhoto},
		{Method: "GET", Path: "/resources/{id}/photo", Access: web.SignedIn, Handler: h.photo},
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

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	page, err := h.typed(r)
	if err != nil {
		return err
	}
	var id ResourceID
	if err = page.wrong.OrNil(); err == nil {
		id, err = h.store.Create(r.Context(), web.CallerOf(r), page.Res, web.ClientAddr(r))
	}
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
	page, err := h.typed(r)
	if err != nil {
		return err
	}
	if err = page.wrong.OrNil(); err == nil {
		err = h.store.Change(r.Context(), web.CallerOf(r), page.Res, web.ClientAddr(r))
	}
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
