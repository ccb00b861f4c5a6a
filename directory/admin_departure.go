package directory

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// departureRoutes are the pages where an administrator says when somebody leaves.
func (h *Handler) departureRoutes() []web.Route {
	admin := web.NeedsSomewhere(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/agents/{id}/departure", Access: admin, Handler: h.showDeparture},
		{Method: "POST", Path: "/admin/agents/{id}/departure", Access: admin, Handler: h.takeDeparture},
		{Method: "POST", Path: "/admin/agents/{id}/departure/cancel", Access: admin, Handler: h.callOffDeparture},
	}
}

// dayOf is noon of a day, in UTC, so that it is the same day wherever it is read; zero for
// a text that is none.
func dayOf(text string) time.Time {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}
	}
	return day.Add(12 * time.Hour)
}

// departurePage says what follows before a departure is planned, and lets choose.
type departurePage struct {
	closePage
	Form       web.Form
	Departure  Departure // as planned
	LastDay    time.Time // of it, zero for none
	Day        string    // as written
	Today      string
	Successor  string  // as written
	Candidates []Agent // of whom one is meant
	Agenda     bool
	Left       []portal.Left // but for those that are none
}

func (h *Handler) showDeparture(w http.ResponseWriter, r *http.Request) error {
	planned, err := h.store.Departure(r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &departurePage{Day: planned.LastDay, Successor: planned.Name, Agenda: planned.Agenda}
	return h.renderDeparture(w, r, http.StatusOK, page)
}

func (h *Handler) renderDeparture(w http.ResponseWriter, r *http.Request, status int, page *departurePage) (err error) {
	ctx, caller, id := r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id"))
	if page.Row, err = h.store.Enrolled(ctx, caller, id); err != nil {
		return err
	}
	if page.Row.State == StateClosed {
		return web.Redirect(w, r, agentPath(id))
	}
	if page.Departure, err = h.store.Departure(ctx, caller, id); err != nil {
		return err
	}
	if page.Leaving, err = h.store.Leaving(ctx, caller, id); err != nil {
		return err
	}
	left, err := h.store.LeftBy(ctx, caller, id)
	if err != nil {
		return err
	}
	for _, one := range left {
		if one.Count > 0 {
			page.Left = append(page.Left, one)
		}
	}
	page.Own, page.Today, page.LastDay = id == caller.Agent, today(r), dayOf(page.Departure.LastDay)
	page.Title, page.Section = web.Printer(r).T("directory.departure.title", "name", page.Row.Name()), "admin"
	return h.renderer.Render(w, r, status, "directory/departure", page)
}

// takeDeparture plans a departure, or shows the form again with what was typed and why.
func (h *Handler) takeDeparture(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	ctx, caller, id := r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id"))
	planned, err := h.store.Departure(ctx, caller, id)
	if err != nil {
		return err
	}
	page := &departurePage{Day: r.PostFormValue("last_day"), Successor: strings.TrimSpace(r.PostFormValue("successor")), Agenda: r.PostFormValue("agenda") == "given"}
	plan := Departure{LastDay: page.Day, Agenda: page.Agenda}
	if plan.Successor, page.Candidates, err = h.meant(r, "successor", planned.Successor, page.Successor); err == nil {
		err = h.store.PlanDeparture(ctx, caller, id, plan, r.PostFormValue("was"), web.ClientAddr(r))
	}
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderDeparture(w, r, web.StatusOf(err), page)
	}
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, agentPath(id)+"/departure")
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.departure.planned", "day", web.Printer(r).Date(dayOf(plan.LastDay), web.Now(r)))
	return web.Redirect(w, r, agentPath(id))
}

func (h *Handler) callOffDeparture(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := portal.AgentID(web.Var(r, "id"))
	err := h.store.CallOffDeparture(r.Context(), web.CallerOf(r), id, r.PostFormValue("was"), web.ClientAddr(r))
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, agentPath(id))
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.departure.called-off")
	return web.Redirect(w, r, agentPath(id))
}
