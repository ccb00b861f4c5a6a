package directory

import (
	"net/http"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// deskRoutes let an administrator see the desk of an agent, and the agent know it.
func (h *Handler) deskRoutes() []web.Route {
	manages := web.NeedsSomewhere(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/agents/{id}/desk", Access: manages, Handler: h.askDesk},
		{Method: "POST", Path: "/admin/agents/{id}/desk", Access: manages, Handler: h.seeDesk},
		{Method: "POST", Path: "/desk/leave", Access: web.SignedIn, Leaves: true, Handler: h.leaveDesk},
		{Method: "GET", Path: "/account/desk", Access: web.SignedIn, Handler: h.deskViews},
	}
}

// deskPage says what will be seen, and asks why.
type deskPage struct {
	web.Page
	Form    web.Form
	Agent   Agent
	Reason  string
	Refusal string // the sentence that says why not, "" when she may
	Minutes int
}

func (h *Handler) askDesk(w http.ResponseWriter, r *http.Request) error {
	return h.renderDesk(w, r, http.StatusOK, &deskPage{})
}

func (h *Handler) renderDesk(w http.ResponseWriter, r *http.Request, status int, page *deskPage) (err error) {
	ctx, caller := r.Context(), web.CallerOf(r)
	if page.Agent, err = h.store.Agent(ctx, caller, portal.AgentID(web.Var(r, "id"))); err != nil {
		return err
	}
	if err := h.store.MaySeeDesk(ctx, caller, page.Agent.ID); err != nil {
		if web.StatusOf(err) >= http.StatusInternalServerError {
			return err
		}
		page.Refusal = web.Sentence(r, err)
	}
	page.Minutes = int(deskTime / time.Minute)
	page.Title, page.Section = web.Printer(r).T("directory.desk", "name", page.Agent.Name()), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "directory/desk", page)
}

func (h *Handler) seeDesk(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	err := h.store.SeeDesk(r.Context(), h.desks, web.CallerOf(r), web.IdentityOf(r).Session, portal.AgentID(web.Var(r, "id")), reason, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); refused {
		return h.renderDesk(w, r, web.StatusOf(err), &deskPage{Form: form, Reason: reason})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/")
}

func (h *Handler) leaveDesk(w http.ResponseWriter, r *http.Request) error {
	identity := web.IdentityOf(r)
	if identity.Seer == nil {
		return web.Redirect(w, r, "/") // it ended by itself meanwhile
	}
	agent := identity.Caller.Agent
	seer, err := h.store.Agent(r.Context(), identity.Caller, identity.Seer.Agent)
	if err != nil {
		return err
	}
	own := portal.Caller{Account: seer.Account, Agent: seer.ID, Collectivity: identity.Caller.Collectivity}
	if err := h.store.LeaveDesk(r.Context(), h.desks, own, identity.Session, agent, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.desk.left", "name", identity.PersonName)
	return web.Redirect(w, r, agentPath(agent))
}

// deskViewsPage tells an agent who saw her desk.
type deskViewsPage struct {
	web.Page
	Views []DeskView
}

func (h *Handler) deskViews(w http.ResponseWriter, r *http.Request) (err error) {
	page := &deskViewsPage{}
	if page.Views, err = h.store.DeskViews(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("directory.desk.views"), "account"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, http.StatusOK, "directory/desk-views", page)
}
