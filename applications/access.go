package applications

import (
	"net/http"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// grantsPage is who may open an application beside its audience.
type grantsPage struct {
	web.Page
	Form        web.Form
	Application Application
	For         string // whom it is open to anyway, "" for everyone
	Rows        []grantRow
	Who         string // words by which the list is narrowed
	Total       int    // of all pages
	Links       themes.Pages
	Download    string
	Text        string
	Found       []Someone
	Chosen      Someone // the agent who is about to be given access
	Until       string  // as typed, "2026-12-12"
	Today       time.Time
}

// grantRow is an access with its last day.
type grantRow struct {
	Grant
	LastDay time.Time // zero when it does not end
}

func (h *Handler) grants(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	return h.renderGrants(w, r, http.StatusOK, &grantsPage{Text: query.Get("q"), Chosen: Someone{ID: portal.AgentID(query.Get("agent"))}})
}

func (h *Handler) renderGrants(w http.ResponseWriter, r *http.Request, status int, page *grantsPage) (err error) {
	ctx, caller, id := r.Context(), web.CallerOf(r), web.Var(r, "id")
	if page.Application, err = h.store.Find(ctx, caller, id); err != nil {
		return err
	}
	grants, err := h.store.Grants(ctx, caller, id)
	if err != nil {
		return err
	}
	page.Who, page.Download = web.Query(r).Get("who"), web.Filtered(r, accessPath(id)+".csv")
	if chosen := slices.IndexFunc(grants, func(one Grant) bool { return one.Agent == page.Chosen.ID }); chosen >= 0 && page.Until == "" && !grants[chosen].Until.IsZero() {
		page.Until = lastDay(grants[chosen].Until, web.Now(r)).Format(time.DateOnly)
	}
	grants = among(grants, page.Who)
	page.Total = len(grants)
	shown, number, pages := web.PageOf(grants, web.PageNumber(r), listSize)
	page.Links = web.PageLinks(r, web.Printer(r).T("applications.access.pages"), number, pages)
	for _, grant := range shown {
		row := grantRow{Grant: grant}
		if !grant.Until.IsZero() {
			row.LastDay = lastDay(grant.Until, web.Now(r))
		}
		page.Rows = append(page.Rows, row)
	}
	if err := h.chooseAgent(r, page); err != nil {
		return err
	}
	names, err := h.audienceNames(ctx, caller)
	if err != nil {
		return err
	}
	page.For, page.Today = names.of(page.Application), web.Now(r)
	page.Title, page.Section = web.Printer(r).T("applications.access.title"), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "applications/access", page)
}

// chooseAgent finds who was chosen, or those among whom to choose.
func (h *Handler) chooseAgent(r *http.Request, page *grantsPage) (err error) {
	if page.Chosen.ID == "" {
		if page.Text != "" {
			page.Found, err = h.people.Find(r.Context(), web.CallerOf(r), page.Text)
		}
		return err
	}
	who, err := h.store.colleague(r.Context(), web.CallerOf(r), page.Chosen.ID)
	if err != nil {
		return err
	}
	page.Chosen = Someone{page.Chosen.ID, who.Name, who.Function}
	return nil
}

func (h *Handler) grant(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, agent, day := web.Var(r, "id"), portal.AgentID(r.PostForm.Get("agent")), r.PostForm.Get("until")
	who, err := h.store.colleague(r.Context(), web.CallerOf(r), agent)
	if err != nil {
		return err
	}
	var until time.Time
	if day != "" {
		until, err = endOf(day, web.Now(r))
	}
	if err == nil {
		err = h.store.Grant(r.Context(), web.CallerOf(r), id, agent, until, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); refused {
		return h.renderGrants(w, r, web.StatusOf(err), &grantsPage{Form: form, Chosen: Someone{ID: agent}, Until: day})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "applications.access.granted", "name", who.Name)
	return web.Redirect(w, r, accessPath(id))
}

func accessPath(id string) string { return "/admin/applications/" + id + "/access" }

func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	id, agent := web.Var(r, "id"), portal.AgentID(web.Var(r, "agent"))
	name, err := h.store.Revoke(r.Context(), web.CallerOf(r), id, agent, web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "applications.access.undo", web.Filtered(r, accessPath(id)+"/"+string(agent)+"/restore"), "applications.access.revoked", "name", name)
	return web.Redirect(w, r, web.Filtered(r, accessPath(id)))
}

func (h *Handler) giveBack(w http.ResponseWriter, r *http.Request) error {
	id, agent := web.Var(r, "id"), portal.AgentID(web.Var(r, "agent"))
	name, err := h.store.GiveBack(r.Context(), web.CallerOf(r), id, agent, web.ClientAddr(r))
	if err != nil && !web.FlashRefusal(w, r, err) {
		return err
	}
	if err == nil {
		web.SetFlash(w, r, "applications.access.restored", "name", name)
	}
	return web.Redirect(w, r, web.Filtered(r, accessPath(id)))
}
