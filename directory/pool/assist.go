package pool

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
)

// assistPage asks why an operator comes in, and for how long.
type assistPage struct {
	*collectivityPage
	Form    web.Form
	Reason  string
	Minutes int
	Choices []int
}

func (h *Handler) assisting(r *http.Request) (*assistPage, error) {
	of, err := h.read(r)
	if err != nil {
		return nil, err
	}
	page := &assistPage{collectivityPage: of, Choices: directory.AssistanceMinutes, Minutes: directory.AssistanceMinutes[0]}
	page.Title = web.Printer(r).T("pool.assist.title", "name", page.Name)
	return page, nil
}

func (h *Handler) askAssist(w http.ResponseWriter, r *http.Request) error {
	page, err := h.assisting(r)
	if err != nil {
		return err
	}
	query := web.Query(r)
	page.Reason = query.Get("reason")
	if minutes, err := strconv.Atoi(query.Get("minutes")); err == nil && slices.Contains(page.Choices, minutes) {
		page.Minutes = minutes
	}
	return h.render(w, r, http.StatusOK, "pool/assist", "", page, &page.Page)
}

// provedAssist asks her who she is again before she enters a collectivity, if she signed in
// a while ago: a session left open opens none. What she typed comes back with her.
func (h *Handler) provedAssist(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	typed := url.Values{"reason": {r.PostFormValue("reason")}, "minutes": {r.PostFormValue("minutes")}}
	return h.Freshly(addressOf(portal.CollectivityID(web.Var(r, "id")))+"/assist?"+typed.Encode(), h.assist)(w, r)
}

// assist lets her in, and her session with her.
func (h *Handler) assist(w http.ResponseWriter, r *http.Request) error {
	page, err := h.assisting(r)
	if err != nil {
		return err
	}
	page.Reason = strings.TrimSpace(r.PostFormValue("reason"))
	page.Minutes, _ = strconv.Atoi(r.PostFormValue("minutes")) // 0 is refused
	caller := web.CallerOf(r)
	err = h.Store.Assist(r.Context(), caller, page.ID, page.Reason, page.Minutes, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.render(w, r, web.StatusOf(err), "pool/assist", "", page, &page.Page)
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.MoveTo(r, caller, page.ID); err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin")
}

// rejoin leads back into an assistance that she left for the pool.
func (h *Handler) rejoin(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.CollectivityID(web.Var(r, "id"))
	helpable, err := h.Store.HelpableBy(r.Context(), caller, id)
	if err != nil {
		return err
	}
	if helpable.Going == nil || helpable.Going.Account != caller.Account {
		return portal.ErrNotFound
	}
	if err := h.Sessions.MoveTo(r, caller, id); err != nil {
		return err
	}
	return web.Redirect(w, r, "/admin")
}

// leave ends what she gives and brings her back to the pool.
func (h *Handler) leave(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	if err := h.Store.LeaveAssistance(r.Context(), caller, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "pool.assist.left")
	return web.Redirect(w, r, addressOf(caller.Collectivity))
}
