package pool

import (
	"net/http"
	"strings"

	"parvis/directory"
	"parvis/portal/web"
)

// Trial is what a service answered.
type Trial struct {
	Name string
	Err  error // nil when it answers
}

// servicesPage asks for the addresses of what is used every day.
type servicesPage struct {
	draftPage
	Typed directory.Services
	Links string // as typed
	Tried []tried
}

// tried is a trial in the reader's language.
type tried struct {
	Trial
	Fault string // "" when it answers
}

func (h *Handler) showServices(w http.ResponseWriter, r *http.Request) error {
	page := &servicesPage{}
	if err := h.begin(r, &page.draftPage, "services"); err != nil {
		return err
	}
	page.Typed, page.Links = page.Draft.Services, page.Draft.Services.Text()
	return h.render(w, r, http.StatusOK, "pool/services", "", page, &page.Page)
}

// takeServices keeps what was typed, or tries it and keeps nothing.
func (h *Handler) takeServices(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, value := directory.DraftID(web.Var(r, "id")), func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	page := &servicesPage{Links: r.PostFormValue("links")}
	page.Typed = directory.Services{Mail: value("mail"), Webmail: value("webmail"), Links: directory.ParseServices(page.Links)}
	tries := r.PostFormValue("do") == "try"
	services, err := page.Typed.Cleaned()
	if err == nil && !tries {
		err = h.Store.SaveServices(r.Context(), web.CallerOf(r), id, services)
	}
	form, refused := web.FormErrors(r, err)
	if err != nil && !refused {
		return err
	}
	if err == nil && !tries {
		return after(w, r, id, "services")
	}
	status := http.StatusOK
	if refused {
		status = http.StatusUnprocessableEntity
	}
	if page.Form = form; err == nil {
		page.Typed.Mail, page.Tried = services.Mail, h.try(r, services)
	}
	if err := h.begin(r, &page.draftPage, "services"); err != nil {
		return err
	}
	return h.render(w, r, status, "pool/services", "", page, &page.Page)
}

func (h *Handler) try(r *http.Request, services directory.Services) (all []tried) {
	for _, trial := range h.Try(r.Context(), services) {
		one := tried{Trial: trial}
		if trial.Err != nil {
			one.Fault = web.Sentence(r, trial.Err)
		}
		all = append(all, one)
	}
	return all
}
