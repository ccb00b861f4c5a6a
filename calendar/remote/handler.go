package remote

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/web"
)

// Handler serves the pages of an agent's accounts on other servers.
type Handler struct {
	store    *Store
	agenda   Agenda
	renderer *web.Renderer
}

// NewHandler returns the pages over the store, which bring what is elsewhere into an agenda here.
func NewHandler(store *Store, agenda Agenda, renderer *web.Renderer) *Handler {
	return &Handler{store, agenda, renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/calendar/remote", Access: web.SignedIn, Handler: h.list},
		{Method: "POST", Path: "/calendar/remote", Access: web.SignedIn, Handler: h.add},
		{Method: "GET", Path: "/calendar/remote/events/{id}", Access: web.SignedIn, Handler: h.showEvent},
		{Method: "POST", Path: "/calendar/remote/{id}/refresh", Access: web.SignedIn, Handler: h.refresh},
		{Method: "GET", Path: "/calendar/remote/{id}/import", Access: web.SignedIn, Handler: h.bring},
		{Method: "POST", Path: "/calendar/remote/{id}/import", Access: web.SignedIn, Slow: true, Handler: h.takeBring},
		{Method: "POST", Path: "/calendar/remote/{id}/remove", Access: web.SignedIn, Handler: h.remove},
	}
}

// listPage is the accounts, and the form of another one.
type listPage struct {
	web.Page
	web.Form
	Accounts []Account
	Draft    Draft // as typed, without its password
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	return h.showList(w, r, http.StatusOK, &listPage{})
}

func (h *Handler) showList(w http.ResponseWriter, r *http.Request, status int, page *listPage) error {
	accounts, err := h.store.Accounts(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page.Accounts = accounts
	page.Page.Title, page.Section = web.Printer(r).T("remote.title"), "calendar"
	return h.renderer.Render(w, r, status, "remote/list", page)
}

func (h *Handler) add(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post := r.PostForm
	draft := Draft{Name: post.Get("name"), URL: post.Get("url"), Login: post.Get("login"), Password: post.Get("password")}
	_, err := h.store.Add(r.Context(), web.CallerOf(r), draft, web.Now(r).Location())
	if err == nil {
		web.SetFlash(w, r, "remote.done.added")
		return web.Redirect(w, r, "/calendar/remote")
	}
	form, status, ok := refusal(r, err)
	if !ok {
		return err
	}
	draft.Password = ""
	return h.showList(w, r, status, &listPage{Form: form, Draft: draft})
}

// refusal is what the form says; false for an error that is not about what was typed. A server that
// does not answer is the form's affair too: its address may be wrong.
func refusal(r *http.Request, err error) (web.Form, int, bool) {
	if form, ok := web.FormErrors(r, err); ok {
		return form, web.StatusOf(err), true
	}
	var fault *Fault
	if !errors.As(err, &fault) {
		return web.Form{}, 0, false
	}
	form, ok := web.FormErrors(r, portal.Invalid("url", fault.Key))
	return form, http.StatusUnprocessableEntity, ok
}

func (h *Handler) refresh(w http.ResponseWriter, r *http.Request) error {
	err := h.store.Refresh(r.Context(), web.CallerOf(r), AccountID(web.Var(r, "id")), web.Now(r).Location())
	switch {
	case err == nil:
		web.SetFlash(w, r, "remote.done.read")
	case !isFault(err):
		return err
	}
	return web.Redirect(w, r, "/calendar/remote") // which says the fault
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.Remove(r.Context(), web.CallerOf(r), AccountID(web.Var(r, "id"))); err != nil {
		return err
	}
	web.SetFlash(w, r, "remote.done.removed")
	return web.Redirect(w, r, "/calendar/remote")
}

type eventPage struct {
	web.Page
	Known
	To      time.Time // the last day when AllDay, zero when the event has no end
	SameDay bool
	Back    string
}

func (h *Handler) showEvent(w http.ResponseWriter, r *http.Request) error {
	zone := web.Now(r).Location()
	in, err := h.store.Instance(r.Context(), web.CallerOf(r), calendar.EventID(web.Var(r, "id")), zone)
	if err != nil {
		return err
	}
	page := &eventPage{Known: in, To: in.End, Back: "/calendar?view=week&date=" + in.Start.Format(time.DateOnly)}
	switch {
	case in.AllDay:
		page.To = in.End.AddDate(0, 0, -1)
	case in.End.Equal(in.Start):
		page.To = time.Time{}
	}
	page.SameDay = page.To.IsZero() || page.To.Format(time.DateOnly) == in.Start.Format(time.DateOnly)
	page.Page.Title, page.Section = in.Title, "calendar"
	if in.Title == "" {
		page.Page.Title = web.Printer(r).T("remote.untitled")
	}
	return h.renderer.Render(w, r, http.StatusOK, "remote/event", page)
}

// Lines are those of the description; nil without one.
func (p *eventPage) Lines() []string {
	text := strings.TrimSpace(p.Description)
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
