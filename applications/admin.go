package applications

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/sso"
	"parvis/themes"
)

// People finds the agents as whom an administrator tries an application.
type People interface {
	// Find lists some agents of the caller's collectivity whose names begin so.
	Find(ctx context.Context, caller portal.Caller, text string) ([]Someone, error)
	// As is an agent of the caller's collectivity as she would ask, without any
	// right; portal.ErrNotFound for anyone else.
	As(ctx context.Context, caller portal.Caller, agent portal.AgentID) (portal.Caller, error)
}

// Someone is an agent that an administrator chooses.
type Someone struct {
	ID       portal.AgentID
	Name     string // "Camille Le Goff"
	Function string
}

func (h *Handler) adminRoutes() []web.Route {
	admin := web.Needs(portal.ManageApplications)
	return []web.Route{
		{Method: "GET", Path: "/admin/applications", Access: admin, Handler: h.all},
		{Method: "POST", Path: listPath + ".csv", Access: admin, Slow: true, Handler: h.exportAll},
		{Method: "GET", Path: "/admin/applications/new", Access: admin, Handler: h.newApplication},
		{Method: "POST", Path: "/admin/applications", Access: admin, Handler: h.create},
		{Method: "GET", Path: "/admin/applications/{id}", Access: admin, Handler: h.edit},
		{Method: "POST", Path: "/admin/applications/{id}", Access: admin, Handler: h.change},
		{Method: "GET", Path: "/admin/applications/{id}/try", Access: admin, Handler: h.try},
		{Method: "POST", Path: "/admin/applications/{id}/delete", Access: admin, Handler: h.remove},
		{Method: "POST", Path: "/admin/applications/{id}/restore", Access: admin, Handler: h.restore},
		{Method: "GET", Path: "/admin/applications/{id}/access", Access: admin, Handler: h.grants},
		{Method: "POST", Path: "/admin/applications/{id}/access.csv", Access: admin, Slow: true, Handler: h.exportGrants},
		{Method: "POST", Path: "/admin/applications/{id}/access", Access: admin, Handler: h.grant},
		{Method: "POST", Path: "/admin/applications/{id}/access/{agent}/revoke", Access: admin, Handler: h.revoke},
		{Method: "POST", Path: "/admin/applications/{id}/access/{agent}/restore", Access: admin, Handler: h.giveBack},
	}
}

type allPage struct {
	web.Page
	Text, Kind string
	Kinds      []sso.ApplicationKind
	Rows       []row
	Total      int // of all pages
	Links      themes.Pages
	Download   string
}

// Narrow says whether a filter is set.
func (p *allPage) Narrow() bool { return p.Text != "" || p.Kind != "" }

// row is an application with the names of those it is for.
type row struct {
	Application
	For string // "Encadrants, Services techniques"; "" for everyone
}

func (h *Handler) all(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.rows(r)
	if err != nil {
		return err
	}
	query := web.Query(r)
	page := &allPage{Text: query.Get("q"), Kind: query.Get("kind"), Kinds: Kinds, Total: len(rows), Download: web.Filtered(r, listPath+".csv")}
	number, pages := 0, 0
	page.Rows, number, pages = web.PageOf(rows, web.PageNumber(r), listSize)
	page.Links = web.PageLinks(r, web.Printer(r).T("applications.admin.pages"), number, pages)
	page.Title, page.Section = web.Printer(r).T("applications.admin.title"), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "applications/admin", page)
}

// matches says whether each word of a text begins a word of one of the others,
// accents and case aside.
func matches(text string, in ...string) bool {
	words := " " + i18n.Fold(strings.Join(in, " "))
	for word := range strings.FieldsSeq(i18n.Fold(text)) {
		if !strings.Contains(words, " "+word) {
			return false
		}
	}
	return true
}

// audienceNames are the names of the groups and units of a collectivity.
type audienceNames struct {
	groups map[portal.GroupID]string
	units  map[portal.UnitID]string
}

func (h *Handler) audienceNames(ctx context.Context, caller portal.Caller) (audienceNames, error) {
	names := audienceNames{map[portal.GroupID]string{}, map[portal.UnitID]string{}}
	groups, err := h.store.directory.Groups(ctx, caller)
	if err != nil {
		return names, err
	}
	for _, group := range groups {
		names.groups[group.ID] = group.Name
	}
	units, err := h.store.directory.Units(ctx, caller)
	for _, unit := range units {
		names.units[unit.ID] = unit.Name
	}
	return names, err
}

func (n audienceNames) of(app Application) string {
	var all []string
	for _, group := range app.Audience {
		all = append(all, n.groups[group])
	}
	for _, unit := range app.Units {
		all = append(all, n.units[unit])
	}
	return strings.Join(all, ", ")
}

func (h *Handler) newApplication(w http.ResponseWriter, r *http.Request) error {
	app := Application{Kind: sso.KindLink, Subject: Login, Icon: "apps"}
	if r.URL.Query().Get("preset") == "proconnect" {
		app = proConnect()
	}
	return h.showForm(w, r, http.StatusOK, formOf(app))
}

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	if err = form.unread(); err == nil {
		_, err = h.store.Create(r.Context(), web.CallerOf(r), form.Application, web.ClientAddr(r))
	}
	if err != nil {
		return h.refuse(w, r, form, err)
	}
	web.SetFlash(w, r, "applications.admin.created", "name", form.Name)
	return web.Redirect(w, r, "/admin/applications")
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	app, err := h.store.Find(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	return h.showForm(w, r, http.StatusOK, formOf(app))
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if _, err := h.store.Find(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	form, err := readForm(r)
	if err != nil {
		return err
	}
	form.ID = id
	if err = form.unread(); err == nil {
		err = h.store.Change(r.Context(), web.CallerOf(r), form.seen(), form.Application, web.ClientAddr(r))
	}
	if err != nil {
		return h.refuse(w, r, form, err)
	}
	web.SetFlash(w, r, "applications.admin.changed", "name", form.Name)
	return web.Redirect(w, r, "/admin/applications")
}

// refuse shows the form again with what was typed and what is wrong with it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, form *applicationForm, err error) error {
	refused, ok := web.FormErrors(r, err)
	if !ok {
		return err
	}
	form.Form = refused
	return h.showForm(w, r, web.StatusOf(err), form)
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	app, err := h.store.Delete(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "applications.admin.undo", "/admin/applications/"+app.ID+"/restore", "applications.admin.deleted", "name", app.Name)
	return web.Redirect(w, r, "/admin/applications")
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) error {
	app, err := h.store.Restore(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "applications.admin.restored", "name", app.Name)
	return web.Redirect(w, r, "/admin/applications")
}

// tryPage is what one agent would get of an application.
type tryPage struct {
	web.Page
	Application Application
	Text        string
	Found       []Someone
	Name        string // of the agent who is tried, "" for none yet
	Refused     string // why she may not open it, or would not be known there
	Release     sso.Release
}

func (h *Handler) try(w http.ResponseWriter, r *http.Request) (err error) {
	ctx, caller, query := r.Context(), web.CallerOf(r), web.Query(r)
	page := &tryPage{Text: query.Get("q")}
	if page.Application, err = h.store.Find(ctx, caller, web.Var(r, "id")); err != nil {
		return err
	}
	if agent := portal.AgentID(query.Get("agent")); agent != "" {
		err = h.tryAs(r, page, agent)
	} else if page.Text != "" {
		page.Found, err = h.people.Find(ctx, caller, page.Text)
	}
	if err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("applications.try.title"), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, http.StatusOK, "applications/try", page)
}

// tryAs asks what the protocols would ask, and writes down the answers.
func (h *Handler) tryAs(r *http.Request, page *tryPage, agent portal.AgentID) error {
	ctx, app := r.Context(), page.Application
	she, err := h.people.As(ctx, web.CallerOf(r), agent)
	if err != nil {
		return err
	}
	names, err := h.store.directory.Names(ctx, web.CallerOf(r), []portal.AgentID{agent})
	if err != nil {
		return err
	}
	page.Name = names[agent]
	if err = h.store.Admit(ctx, she, app.signOn(she.Collectivity)); err == nil && app.Kind != sso.KindLink {
		page.Release, err = h.store.release(ctx, she, app)
	}
	if errors.Is(err, portal.ErrDenied) {
		page.Refused, err = web.Sentence(r, err), nil
	}
	return err
}
