package applications

import (
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

type askPage struct {
	web.Page
	Form web.Form
	offer
	LastDay time.Time // of the access that she has, zero when it does not end
	Reason  string    // as it was typed
}

// showAsk is where one asks for an application: a list leads there, and the page
// that refuses to open it.
func (h *Handler) showAsk(w http.ResponseWriter, r *http.Request) error {
	in := portal.CollectivityID(web.Query(r).Get("in"))
	if in != "" && in != web.CallerOf(r).Collectivity {
		return portal.UserError{Kind: portal.ErrNotFound, Key: "applications.ask.elsewhere"}
	}
	return h.renderAsk(w, r, http.StatusOK, &askPage{})
}

func (h *Handler) renderAsk(w http.ResponseWriter, r *http.Request, status int, page *askPage) error {
	found, err := h.store.Offer(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	if found.Open && !found.MayAsk() && found.Request.State != Waiting {
		return web.Redirect(w, r, "/apps#app-"+found.ID)
	}
	offers, err := h.withNames(r.Context(), web.CallerOf(r), found)
	if err != nil {
		return err
	}
	page.offer = offers[0]
	if !found.Until.IsZero() {
		page.LastDay = lastDay(found.Until, web.Now(r))
	}
	page.Title, page.Section = web.Printer(r).T("applications.ask.title", "name", found.Name), "apps"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "applications/ask", page)
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &askPage{Reason: r.PostForm.Get("reason")}
	offer, err := h.store.Ask(r.Context(), web.CallerOf(r), web.Var(r, "id"), page.Reason, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); refused {
		page.Form = form
		return h.renderAsk(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "applications.ask.done", "name", offer.Name)
	return web.Redirect(w, r, "/apps#app-"+offer.ID)
}

func (h *Handler) withdraw(w http.ResponseWriter, r *http.Request) error {
	app, err := h.store.Withdraw(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "applications.ask.withdrawn", "name", app.Name)
	return web.Redirect(w, r, "/apps#app-"+app.ID)
}
