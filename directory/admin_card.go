package directory

import (
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// policyPage is who sees each field of cards, and whether agents correct it.
type policyPage struct {
	web.Page
	Shares  bool // she may let others read the directory
	Form    web.Form
	Policy  Policy
	Was     string
	SeenBys []SeenBy
}

func (h *Handler) showPolicy(w http.ResponseWriter, r *http.Request) error {
	return h.renderPolicy(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) renderPolicy(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	policy, err := h.store.Policy(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &policyPage{Form: form, Policy: policy, Was: policy.Encode(), SeenBys: SeenBys, Shares: web.CallerOf(r).Can(portal.Admin)}
	page.Title, page.Section = web.Printer(r).T("directory.policy"), "admin"
	return h.renderer.Render(w, r, status, "directory/policy", page)
}

func (h *Handler) takePolicy(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	policy := undecided()
	for i, field := range Fields {
		policy[i].SeenBy = SeenBy(r.PostFormValue("seen_" + string(field)))
		policy[i].Own = field.Correctable() && slices.Contains(r.PostForm["own"], string(field))
	}
	err := h.store.SetPolicy(r.Context(), web.CallerOf(r), r.PostFormValue("was"), policy, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderPolicy(w, r, web.StatusOf(err), form)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.policy.saved")
	return web.Redirect(w, r, "/admin/directory")
}

// portraitPage is the photograph and the mandates of an agent, for who keeps the
// cards.
type portraitPage struct {
	web.Page
	Upload   photoForm
	Agent    face
	Mandates []mandateForm
	Typed    mandateForm // the one that was refused, or an empty one to add
}

// mandateForm is where a mandate is written.
type mandateForm struct {
	Mandate
	Action string
	Form   web.Form
}

func portraitPath(id portal.AgentID) string { return agentPath(id) + "/portrait" }

func (h *Handler) showPortrait(w http.ResponseWriter, r *http.Request) error {
	return h.renderPortrait(w, r, http.StatusOK, &portraitPage{})
}

func (h *Handler) renderPortrait(w http.ResponseWriter, r *http.Request, status int, page *portraitPage) error {
	caller := web.CallerOf(r)
	enrolled, err := h.store.Enrolled(r.Context(), caller, portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	mandates, err := h.store.Mandates(r.Context(), caller, enrolled.ID)
	if err != nil {
		return err
	}
	at := agentPath(enrolled.ID) + "/mandates"
	for _, mandate := range mandates {
		if mandate.ID != page.Typed.ID {
			page.Mandates = append(page.Mandates, mandateForm{Mandate: mandate, Action: at + "/" + mandate.ID})
		}
	}
	if page.Typed.Action = at; page.Typed.ID != "" {
		page.Typed.Action += "/" + page.Typed.ID
	}
	page.Agent = face{Agent: enrolled.Agent}
	page.Upload.Action, page.Upload.Photo, page.Upload.MaxPhoto = agentPath(enrolled.ID)+"/photo", enrolled.Photo, MaxPhoto
	page.Title, page.Section = web.Printer(r).T("directory.portrait"), "admin"
	return h.renderer.Render(w, r, status, "directory/portrait", page)
}

func (h *Handler) takePhoto(w http.ResponseWriter, r *http.Request) error {
	id := portal.AgentID(web.Var(r, "id"))
	octets, err := readPhoto(r)
	if err == nil {
		err = h.store.SetPhoto(r.Context(), web.CallerOf(r), id, octets, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		w.Header().Set("Connection", "close") // the rest of the file may still come
		return h.renderPortrait(w, r, web.StatusOf(err), &portraitPage{Upload: photoForm{Form: form}})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.photo.saved")
	return web.Redirect(w, r, portraitPath(id))
}

func (h *Handler) dropPhoto(w http.ResponseWriter, r *http.Request) error {
	id := portal.AgentID(web.Var(r, "id"))
	if err := h.store.SetPhoto(r.Context(), web.CallerOf(r), id, nil, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.photo.dropped")
	return web.Redirect(w, r, portraitPath(id))
}

// takeMandate adds a mandate, or changes the one of the address.
func (h *Handler) takeMandate(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := portal.AgentID(web.Var(r, "id"))
	field := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	typed := Mandate{ID: web.Var(r, "mandate"), Title: field("title"), Delegation: field("delegation"), First: field("first_day"), Last: field("last_day")}
	err := h.store.PutMandate(r.Context(), web.CallerOf(r), id, typed, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderPortrait(w, r, web.StatusOf(err), &portraitPage{Typed: mandateForm{Mandate: typed, Form: form}})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.mandate.saved")
	return web.Redirect(w, r, portraitPath(id))
}

func (h *Handler) dropMandate(w http.ResponseWriter, r *http.Request) error {
	id := portal.AgentID(web.Var(r, "id"))
	if err := h.store.DropMandate(r.Context(), web.CallerOf(r), id, web.Var(r, "mandate"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.mandate.dropped")
	return web.Redirect(w, r, portraitPath(id))
}
