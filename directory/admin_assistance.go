package directory

import (
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// assistanceRoutes are what a collectivity decides about the pool's assistance.
func (h *Handler) assistanceRoutes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: "/admin/assistance", Access: admin, Handler: h.showAssistance},
		{Method: "POST", Path: "/admin/assistance", Access: admin, Handler: h.takeAssistance},
		{Method: "POST", Path: "/admin/assistance/invite", Access: admin, Handler: h.inviteAssistance},
		{Method: "POST", Path: "/admin/assistance/{id}/end", Access: admin, Handler: h.endAssistance},
	}
}

// assistancePage says who assists and who did, and what is allowed.
type assistancePage struct {
	web.Page
	Helpable
	Form web.Form
	Why  string
}

func (h *Handler) showAssistance(w http.ResponseWriter, r *http.Request) error {
	return h.renderAssistance(w, r, http.StatusOK, &assistancePage{})
}

func (h *Handler) renderAssistance(w http.ResponseWriter, r *http.Request, status int, page *assistancePage) (err error) {
	typed := page.Why
	if page.Helpable, err = h.store.Helpable(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	page.Why = typed
	page.Title, page.Section = web.Printer(r).T("directory.assist.title"), "admin"
	return h.renderer.Render(w, r, status, "directory/assistance", page)
}

func (h *Handler) takeAssistance(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	refused := r.PostFormValue("refuse") != ""
	if err := h.store.RefuseAssistance(r.Context(), web.CallerOf(r), refused, web.ClientAddr(r)); err != nil {
		return err
	}
	if refused {
		web.SetFlash(w, r, "directory.assist.now-refused")
	} else {
		web.SetFlash(w, r, "directory.assist.now-allowed")
	}
	return web.Redirect(w, r, "/admin/assistance")
}

func (h *Handler) inviteAssistance(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &assistancePage{Why: strings.TrimSpace(r.PostFormValue("why"))}
	withdrawn := r.PostFormValue("withdraw") != ""
	var err error
	switch {
	case withdrawn:
		err = h.store.InviteAssistance(r.Context(), web.CallerOf(r), "", web.ClientAddr(r))
	case page.Why == "":
		err = portal.FieldErrors{portal.Invalid("why", "web.error.field.missing")}
	default:
		err = h.store.InviteAssistance(r.Context(), web.CallerOf(r), page.Why, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.renderAssistance(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	if withdrawn {
		web.SetFlash(w, r, "directory.assist.uninvited")
	} else {
		web.SetFlash(w, r, "directory.assist.invited")
	}
	return web.Redirect(w, r, "/admin/assistance")
}

func (h *Handler) endAssistance(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.StopAssistance(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.assist.ended")
	return web.Redirect(w, r, "/admin/assistance")
}
