package leaving

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Handler serves the pages of leaving.
type Handler struct {
	store    *Store
	renderer *web.Renderer
	// freshly asks who a person is again before she takes everything, or erases.
	freshly func(back string, serve web.Handler) web.Handler
}

// NewHandler returns the pages.
func NewHandler(store *Store, renderer *web.Renderer, freshly func(back string, serve web.Handler) web.Handler) *Handler {
	return &Handler{store, renderer, freshly}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: "/admin/export", Access: admin, Handler: h.showExport},
		{Method: "POST", Path: "/admin/export", Access: admin, Handler: h.freshly("/admin/export", h.ask)},
		{Method: "GET", Path: "/admin/export/{id}", Access: admin, Slow: true, Handler: h.download},
		{Method: "GET", Path: "/admin/agents/{id}/erase", Access: admin, Handler: h.askPerson},
		{Method: "POST", Path: "/admin/agents/{id}/erase", Access: admin, Handler: h.erasePerson},
		{Method: "GET", Path: "/admin/erasures", Access: admin, Handler: h.personErasures},
		{Method: "GET", Path: "/admin/erasures/{id}", Access: admin, Handler: h.personCertificate},
		{Method: "GET", Path: "/pool/collectivities/{id}/erase", Access: web.Operator, Handler: h.askCollectivity},
		{Method: "POST", Path: "/pool/collectivities/{id}/erase", Access: web.Operator, Handler: h.eraseCollectivity},
		{Method: "POST", Path: "/pool/collectivities/{id}/recall", Access: web.Operator, Handler: h.recall},
		{Method: "GET", Path: "/pool/erasures", Access: web.Operator, Handler: h.poolErasures},
		{Method: "GET", Path: "/pool/erasures/{id}", Access: web.Operator, Handler: h.poolCertificate},
	}
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, name string, page web.Framed, frame *web.Page, section string) error {
	frame.Section = section
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, name, page)
}

type exportPage struct {
	web.Page
	Archives []Waiting
	Making   bool
}

func (h *Handler) showExport(w http.ResponseWriter, r *http.Request) (err error) {
	page := &exportPage{}
	if page.Archives, err = h.store.Archives(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	for _, one := range page.Archives {
		page.Making = page.Making || one.State == stateWaiting
	}
	page.Title = web.Printer(r).T("leaving.export")
	return h.render(w, r, http.StatusOK, "leaving/export", page, &page.Page, "admin")
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.Ask(r.Context(), web.CallerOf(r), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "leaving.export.asked")
	return web.Redirect(w, r, "/admin/export")
}

// download hands over an archive to who proved a moment ago who she is. What she may
// not have is not there, before anything is asked of her.
func (h *Handler) download(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), web.Var(r, "id")
	all, err := h.store.Archives(r.Context(), caller)
	if err != nil {
		return err
	}
	there := false
	for _, one := range all {
		there = there || one.ID == id && one.State == stateReady
	}
	if !there {
		return portal.ErrNotFound
	}
	return h.freshly("/admin/export", func(w http.ResponseWriter, r *http.Request) error {
		file, one, err := h.store.Take(r.Context(), caller, id, web.ClientAddr(r))
		if err != nil {
			return err
		}
		defer file.Close()
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Length", strconv.FormatInt(one.Size, 10))
		w.Header().Set("Content-Disposition", `attachment; filename="`+string(caller.Collectivity)+"-"+one.Asked.Format(time.DateOnly)+`.zip"`)
		w.Header().Set("Cache-Control", "no-store")
		io.Copy(w, file) // a reader who left is no fault of ours
		return nil
	})(w, r)
}

// erasePage says what an erasure does before it is done.
type erasePage struct {
	web.Page
	ID      string
	Name    string
	Form    web.Form
	Pending Erasure // of a collectivity
	Days    int
}

func (h *Handler) askPerson(w http.ResponseWriter, r *http.Request) error {
	return h.showPerson(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) showPerson(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	page := &erasePage{ID: web.Var(r, "id"), Form: form}
	name, err := h.store.NameOf(r.Context(), web.CallerOf(r), portal.AgentID(page.ID))
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, "/admin/agents/"+page.ID)
	}
	if err != nil {
		return err
	}
	page.Name, page.Title = name, web.Printer(r).T("leaving.person.title", "name", name)
	return h.render(w, r, status, "leaving/person", page, &page.Page, "admin")
}

func (h *Handler) erasePerson(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.AgentID(web.Var(r, "id"))
	name, err := h.store.NameOf(r.Context(), caller, id)
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, "/admin/agents/"+string(id))
	}
	if err != nil {
		return err
	}
	return h.freshly("/admin/agents/"+string(id)+"/erase", func(w http.ResponseWriter, r *http.Request) error {
		if form, wrong := retyped(r, name); wrong {
			return h.showPerson(w, r, http.StatusUnprocessableEntity, form)
		}
		if _, err := h.store.ErasePerson(r.Context(), caller, id, web.ClientAddr(r)); err != nil {
			return err
		}
		web.SetFlash(w, r, "leaving.person.done")
		return web.Redirect(w, r, "/admin/erasures")
	})(w, r)
}

// retyped refuses a form whose field "name" is not what is to be erased: a click is
// not enough for what can't be taken back.
func retyped(r *http.Request, name string) (web.Form, bool) {
	if err := web.ParseForm(r); err == nil && strings.EqualFold(strings.Join(strings.Fields(r.PostFormValue("name")), " "), name) {
		return web.Form{}, false
	}
	form, _ := web.FormErrors(r, portal.FieldErrors{portal.Invalid("name", "leaving.error.retype", "name", name)})
	return form, true
}

type erasuresPage struct {
	web.Page
	Erasures []Erasure
	Base     string
}

// Rows is how many rows a certificate counts as deleted.
func (e Erasure) Rows() (total int) {
	c, err := ReadCertificate(e.Certificate, e.SHA256)
	if err != nil {
		return 0 // it was changed: what it says is worth nothing
	}
	for _, count := range c.Deleted {
		total += int(count)
	}
	return total
}

func (h *Handler) personErasures(w http.ResponseWriter, r *http.Request) error {
	all, err := h.store.PersonErasures(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &erasuresPage{Erasures: all, Base: "/admin"}
	page.Title = web.Printer(r).T("leaving.erasures")
	return h.render(w, r, http.StatusOK, "leaving/erasures", page, &page.Page, "admin")
}

func (h *Handler) poolErasures(w http.ResponseWriter, r *http.Request) error {
	all, err := h.store.Erasures(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &erasuresPage{Erasures: all, Base: "/pool"}
	page.Title = web.Printer(r).T("leaving.erasures")
	return h.render(w, r, http.StatusOK, "leaving/erasures", page, &page.Page, "pool")
}

func (h *Handler) personCertificate(w http.ResponseWriter, r *http.Request) error {
	all, err := h.store.PersonErasures(r.Context(), web.CallerOf(r))
	return sendCertificate(w, r, all, err)
}

func (h *Handler) poolCertificate(w http.ResponseWriter, r *http.Request) error {
	all, err := h.store.Erasures(r.Context(), web.CallerOf(r))
	return sendCertificate(w, r, all, err)
}

// sendCertificate is the text that the sum is of, octet for octet.
func sendCertificate(w http.ResponseWriter, r *http.Request, all []Erasure, err error) error {
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Number == web.Var(r, "id") {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Disposition", `attachment; filename="`+one.Number+`.json"`)
			w.Header().Set("Cache-Control", "no-store")
			io.WriteString(w, one.Certificate) // a reader who left is no fault of ours
			return nil
		}
	}
	return portal.ErrNotFound
}

func (h *Handler) askCollectivity(w http.ResponseWriter, r *http.Request) error {
	return h.showCollectivity(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) showCollectivity(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	page := &erasePage{ID: web.Var(r, "id"), Form: form, Days: int(Respite.Hours() / 24)}
	body, err := readBody(r.Context(), h.store.DB, portal.CollectivityID(page.ID))
	if err != nil {
		return err
	}
	page.Pending, err = h.store.Pending(r.Context(), web.CallerOf(r), body.ID)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	page.Name, page.Title = body.Name, web.Printer(r).T("leaving.collectivity.title", "name", body.Name)
	return h.render(w, r, status, "leaving/collectivity", page, &page.Page, "pool")
}

func (h *Handler) eraseCollectivity(w http.ResponseWriter, r *http.Request) error {
	id := portal.CollectivityID(web.Var(r, "id"))
	body, err := readBody(r.Context(), h.store.DB, id)
	if err != nil {
		return err
	}
	return h.freshly("/pool/collectivities/"+string(id)+"/erase", func(w http.ResponseWriter, r *http.Request) error {
		if form, wrong := retyped(r, body.Name); wrong {
			return h.showCollectivity(w, r, http.StatusUnprocessableEntity, form)
		}
		if _, err := h.store.AskErasure(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
			return err
		}
		web.SetUndo(w, r, "leaving.collectivity.recall", "/pool/collectivities/"+string(id)+"/recall", "leaving.collectivity.asked")
		return web.Redirect(w, r, "/pool/collectivities/"+string(id)+"/erase")
	})(w, r)
}

func (h *Handler) recall(w http.ResponseWriter, r *http.Request) error {
	id := portal.CollectivityID(web.Var(r, "id"))
	if err := h.store.RecallErasure(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "leaving.collectivity.recalled")
	return web.Redirect(w, r, "/pool/collectivities/"+string(id))
}
