package webhooks

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/outbox"
	"parvis/portal/web"
)

// Handler serves the pages of an administrator.
type Handler struct {
	store    *Store
	renderer *web.Renderer
}

// NewHandler returns the pages over the webhooks.
func NewHandler(store *Store, renderer *web.Renderer) *Handler { return &Handler{store, renderer} }

// base is the page of all webhooks.
const base = "/admin/webhooks"

// pageSize is how many deliveries a page lists.
const pageSize = 25

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: base, Access: admin, Handler: h.list},
		{Method: "POST", Path: base, Access: admin, Handler: h.add},
		{Method: "GET", Path: base + "/{id}", Access: admin, Handler: h.show},
		{Method: "POST", Path: base + "/{id}", Access: admin, Handler: h.change},
		{Method: "POST", Path: base + "/{id}/try", Access: admin, Slow: true, Handler: h.try},
		{Method: "POST", Path: base + "/{id}/rotate", Access: admin, Handler: h.rotate},
		{Method: "POST", Path: base + "/{id}/pause", Access: admin, Handler: h.pause},
		{Method: "POST", Path: base + "/{id}/resume", Access: admin, Handler: h.resume},
		{Method: "POST", Path: base + "/{id}/remove", Access: admin, Handler: h.remove},
		{Method: "POST", Path: base + "/{id}/restore", Access: admin, Handler: h.restore},
		{Method: "POST", Path: base + "/{id}/deliveries/{message}/resend", Access: admin, Handler: h.resend},
	}
}

// listPage lists the webhooks, and adds one.
type listPage struct {
	web.Page
	Form     web.Form
	Typed    Webhook
	Kinds    []kindGroup
	Webhooks []Webhook
	Removed  []Webhook // that can be had again
	Full     bool
}

// kindGroup are the kinds about one thing.
type kindGroup struct {
	About string // "agent"
	Kinds []outbox.Kind
}

func kindGroups() (groups []kindGroup) {
	for _, kind := range outbox.Kinds {
		about, _, _ := strings.Cut(string(kind), ".")
		if len(groups) == 0 || groups[len(groups)-1].About != about {
			groups = append(groups, kindGroup{About: about})
		}
		last := &groups[len(groups)-1]
		last.Kinds = append(last.Kinds, kind)
	}
	return groups
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	return h.renderList(w, r, http.StatusOK, &listPage{})
}

func (h *Handler) renderList(w http.ResponseWriter, r *http.Request, status int, page *listPage) error {
	all, err := h.store.All(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.State == Removed {
			page.Removed = append(page.Removed, one)
		} else {
			page.Webhooks = append(page.Webhooks, one)
		}
	}
	page.Full, page.Kinds = len(page.Webhooks) >= maxWebhooks, kindGroups()
	page.Title, page.Section = web.Printer(r).T("webhooks.title"), "admin"
	return h.renderer.Render(w, r, status, "webhooks/list", page)
}

// typed reads a form: no kind is all of them.
func typed(r *http.Request) Webhook {
	w := Webhook{Address: strings.TrimSpace(r.PostFormValue("address")), Label: strings.TrimSpace(r.PostFormValue("label"))}
	for _, kind := range r.PostForm["kinds"] {
		w.Kinds = append(w.Kinds, outbox.Kind(kind))
	}
	return w
}

func (h *Handler) add(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &listPage{Typed: typed(r)}
	added, secret, err := h.store.Add(r.Context(), web.CallerOf(r), page.Typed, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderList(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, added.ID, &showPage{Secret: secret})
}

// showPage is one webhook with its deliveries.
type showPage struct {
	web.Page
	Form       web.Form
	Webhook    Webhook
	Typed      Webhook
	Kinds      []kindGroup
	Secret     string // just made
	Outcome    *Outcome
	Said       string // what a try was answered, as a sentence
	State      DeliveryState
	States     []DeliveryState
	Deliveries []shown
	Older      string // address of those before
	First      string // address of the newest, when these are not
}

// shown is a delivery with the words for its answer.
type shown struct {
	Delivery
	Words string
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	return h.render(w, r, http.StatusOK, web.Var(r, "id"), &showPage{})
}

// words are what an answer said, or why there was none.
func words(r *http.Request, answer string) string {
	if strings.HasPrefix(answer, "webhooks.fault.") {
		return web.Printer(r).T(answer)
	}
	return answer
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, id string, page *showPage) (err error) {
	ctx, caller := r.Context(), web.CallerOf(r)
	if page.Webhook, err = h.store.Get(ctx, caller, id); err != nil {
		return err
	}
	if len(page.Form.Problems) == 0 {
		page.Typed = page.Webhook
	}
	query := web.Query(r)
	page.States, page.Kinds = DeliveryStates, kindGroups()
	if state := DeliveryState(query.Get("state")); slices.Contains(DeliveryStates, state) {
		page.State = state
	}
	found, err := h.store.Deliveries(ctx, caller, id, page.State, query.Get("before"), pageSize+1)
	if err != nil {
		return err
	}
	address := func(before string) string {
		values := url.Values{}
		if page.State != "" {
			values.Set("state", string(page.State))
		}
		if before != "" {
			values.Set("before", before)
		}
		return strings.TrimSuffix(base+"/"+url.PathEscape(id)+"?"+values.Encode(), "?") + "#deliveries"
	}
	if len(found) > pageSize {
		found = found[:pageSize]
		page.Older = address(found[pageSize-1].ID)
	}
	if query.Get("before") != "" {
		page.First = address("")
	}
	for _, one := range found {
		page.Deliveries = append(page.Deliveries, shown{one, words(r, one.Answer)})
	}
	if page.Outcome != nil {
		page.Said = words(r, page.Outcome.Answer)
	}
	page.Title, page.Section = page.Webhook.Label, "admin"
	return h.renderer.Render(w, r, status, "webhooks/show", page)
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, page := web.Var(r, "id"), &showPage{Typed: typed(r)}
	err := h.store.Change(r.Context(), web.CallerOf(r), id, page.Typed, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.render(w, r, http.StatusUnprocessableEntity, id, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "webhooks.saved")
	return web.Redirect(w, r, base+"/"+id)
}

func (h *Handler) try(w http.ResponseWriter, r *http.Request) error {
	outcome, err := h.store.Try(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, web.Var(r, "id"), &showPage{Outcome: &outcome})
}

func (h *Handler) rotate(w http.ResponseWriter, r *http.Request) error {
	secret, err := h.store.Rotate(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, web.Var(r, "id"), &showPage{Secret: secret})
}

func (h *Handler) pause(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.Pause(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "webhooks.paused")
	return web.Redirect(w, r, base+"/"+id)
}

func (h *Handler) resume(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.Resume(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "webhooks.resumed")
	return web.Redirect(w, r, base+"/"+id)
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	was, err := h.store.Get(r.Context(), web.CallerOf(r), id)
	if err == nil {
		err = h.store.Remove(r.Context(), web.CallerOf(r), id, web.ClientAddr(r))
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "webhooks.undo", base+"/"+id+"/restore", "webhooks.removed", "name", was.Label)
	return web.Redirect(w, r, base)
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	err := h.store.Restore(r.Context(), web.CallerOf(r), id, web.ClientAddr(r))
	if err != nil && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, base)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "webhooks.restored")
	return web.Redirect(w, r, base+"/"+id)
}

func (h *Handler) resend(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.Resend(r.Context(), web.CallerOf(r), id, web.Var(r, "message")); err != nil {
		return err
	}
	web.SetFlash(w, r, "webhooks.resent")
	return web.Redirect(w, r, base+"/"+id+"#deliveries")
}
