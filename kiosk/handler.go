package kiosk

import (
	"net/http"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// Handler serves the pages where kiosks are opened, and where codes are chosen and given.
type Handler struct {
	store    *Store
	renderer *web.Renderer
	freshly  func(back string, serve web.Handler) web.Handler
}

// NewHandler returns the pages over the store. freshly lets pass who signed in a moment ago, and has others prove again
// who they are.
func NewHandler(store *Store, renderer *web.Renderer, freshly func(string, web.Handler) web.Handler) *Handler {
	return &Handler{store, renderer, freshly}
}

const (
	adminPath = "/admin/kiosks"
	ownPath   = "/account/pin"
)

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	admin, manages := web.Needs(portal.Admin), web.NeedsSomewhere(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: adminPath, Access: admin, Handler: h.list},
		{Method: "POST", Path: adminPath, Access: admin, Handler: h.create},
		{Method: "POST", Path: adminPath + "/{id}/code", Access: admin, Handler: h.recode},
		{Method: "POST", Path: adminPath + "/{id}/revoke", Access: admin, Handler: h.revoke},
		{Method: "GET", Path: ownPath, Access: web.SignedIn, Handler: h.freshly(ownPath, h.showOwn)},
		{Method: "POST", Path: ownPath, Access: web.SignedIn, MaxBody: maxForm, Handler: h.freshly(ownPath, h.choose)},
		{Method: "GET", Path: "/admin/agents/{id}/pin", Access: manages, Handler: h.showFor},
		{Method: "POST", Path: "/admin/agents/{id}/pin", Access: manages, MaxBody: maxForm, Handler: h.freshly("/admin/agents", h.give)},
		{Method: "POST", Path: "/admin/agents/{id}/pin/remove", Access: manages, MaxBody: maxForm, Handler: h.freshly("/admin/agents", h.remove)},
	}
}

type listPage struct {
	web.Page
	Form   web.Form
	Kiosks []Kiosk
	Uses   []Use
	Name   string
	Place  string
	For    string // "unit:voirie"
	Code   string // just made, with its Link and the name of its kiosk
	Link   string
	Made   string
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	return h.renderList(w, r, http.StatusOK, &listPage{})
}

func (h *Handler) renderList(w http.ResponseWriter, r *http.Request, status int, page *listPage) (err error) {
	caller := web.CallerOf(r)
	if page.Kiosks, err = h.store.List(r.Context(), caller); err != nil {
		return err
	}
	if page.Uses, err = h.store.people.Uses(r.Context(), caller); err != nil {
		return err
	}
	if page.Code != "" {
		page.Link = OpeningLink(web.BaseURL(r), page.Code)
		w.Header().Set("Cache-Control", "no-store")
	}
	page.Title, page.Section = web.Printer(r).T("kiosk.title"), "admin"
	return h.renderer.Render(w, r, status, "kiosk/list", page)
}

// Value names a unit or a group in a form.
func (u Use) Value() string { return string(u.Subject.Kind) + ":" + u.Subject.ID }

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &listPage{Name: strings.TrimSpace(r.PostForm.Get("name")), Place: strings.TrimSpace(r.PostForm.Get("place")), For: r.PostForm.Get("for")}
	kind, id, _ := strings.Cut(page.For, ":")
	k := Kiosk{Name: page.Name, Place: page.Place, For: portal.Subject{Kind: portal.SubjectKind(kind), ID: id}}
	_, code, err := h.store.Create(r.Context(), web.CallerOf(r), k, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.renderList(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return h.renderList(w, r, http.StatusCreated, &listPage{Code: code, Made: page.Name})
}

func (h *Handler) recode(w http.ResponseWriter, r *http.Request) error {
	id := ID(web.Var(r, "id"))
	code, err := h.store.Recode(r.Context(), web.CallerOf(r), id, web.ClientAddr(r))
	if err != nil {
		return err
	}
	page := &listPage{Code: code}
	return h.renderList(w, r, http.StatusCreated, page)
}

func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.Revoke(r.Context(), web.CallerOf(r), ID(web.Var(r, "id")), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "kiosk.done.revoked")
	return web.Redirect(w, r, adminPath)
}

// pinPage is where somebody chooses her code, or where another gives her one.
type pinPage struct {
	web.Page
	Form  web.Form
	PIN   PIN
	Agent portal.AgentID
	Name  string // of the other
	Given string // the code, told once
}

func (h *Handler) showOwn(w http.ResponseWriter, r *http.Request) error {
	return h.renderOwn(w, r, http.StatusOK, &pinPage{})
}

func (h *Handler) renderOwn(w http.ResponseWriter, r *http.Request, status int, page *pinPage) (err error) {
	if page.PIN, err = h.store.PINOf(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("kiosk.pin.own"), "account"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "kiosk/pin", page)
}

func (h *Handler) choose(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	err := h.store.Choose(r.Context(), web.CallerOf(r), r.PostForm.Get("pin"), r.PostForm.Get("again"), web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderOwn(w, r, http.StatusUnprocessableEntity, &pinPage{Form: form})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "kiosk.done.own")
	return web.Redirect(w, r, ownPath)
}

func (h *Handler) showFor(w http.ResponseWriter, r *http.Request) error {
	return h.renderFor(w, r, http.StatusOK, &pinPage{})
}

func (h *Handler) renderFor(w http.ResponseWriter, r *http.Request, status int, page *pinPage) (err error) {
	page.Agent = portal.AgentID(web.Var(r, "id"))
	if page.PIN, page.Name, err = h.store.PINFor(r.Context(), web.CallerOf(r), page.Agent); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("kiosk.pin.of", "name", page.Name), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "kiosk/give", page)
}

func (h *Handler) give(w http.ResponseWriter, r *http.Request) error {
	pin, err := h.store.Give(r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id")), web.ClientAddr(r))
	if err != nil {
		return err
	}
	return h.renderFor(w, r, http.StatusCreated, &pinPage{Given: pin})
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	agent := portal.AgentID(web.Var(r, "id"))
	if err := h.store.Remove(r.Context(), web.CallerOf(r), agent, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "kiosk.done.removed")
	return web.Redirect(w, r, "/admin/agents/"+url.PathEscape(string(agent))+"/pin")
}
