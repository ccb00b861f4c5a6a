package widgets

import (
	"context"
	"fmt"
	"html/template"
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
)

// boxPage is one box alone: the plain link of a late box.
type boxPage struct {
	web.Page
	ID  string
	Box template.HTML // of the template "widgets/box"
}

// readerOf is who a request's page is made for.
func readerOf(r *http.Request) reader {
	caller := web.CallerOf(r)
	return reader{caller: caller, audience: caller.Audience(), printer: web.Printer(r), now: web.Now(r), seen: web.IdentityOf(r).Seer != nil}
}

// showBox answers with one box, waited for until its own deadline: as a
// fragment for a script, as a page for a link.
func (h *Handler) showBox(w http.ResponseWriter, r *http.Request) error {
	rd := readerOf(r)
	box, err := h.boxOf(r.Context(), rd.caller, web.Var(r, "id"))
	if err != nil {
		return err
	}
	states := []shown{h.peek(box.kind, rd)}
	h.wait(r.Context(), states, box.kind.boxBudget())
	made, err := h.fragment(box, states[0], rd)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("fragment") {
		header := w.Header()
		header["Content-Type"], header["Cache-Control"] = htmlType, []string{"private, no-store"}
		w.Write(made.html) // a client that left is no fault of ours
		return nil
	}
	page := &boxPage{ID: box.Widget, Box: template.HTML(made.html)} // html/template escaped it
	page.Title, page.Section = rd.printer.T(box.kind.manifest.Title), "home"
	return h.renderer.Render(w, r, http.StatusOK, "widgets/one", page)
}

// boxOf is a box as it stands on the caller's page, or as it would.
func (h *Handler) boxOf(ctx context.Context, caller portal.Caller, id string) (placed, error) {
	k, err := h.find(ctx, caller, id)
	if err != nil {
		return placed{}, err
	}
	arrangement, err := h.arrangementOf(ctx, caller)
	if err != nil {
		return placed{}, err
	}
	box, _, ok := arrangement.box(id)
	if !ok {
		box = Box{Widget: id, State: Available}
	}
	box.Size = k.manifest.size(box.Size)
	return placed{box, k}, nil
}

// retryBox makes the next page load a box again, whatever is known of it.
func (h *Handler) retryBox(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	k, err := h.find(r.Context(), caller, web.Var(r, "id"))
	if err != nil {
		return err
	}
	h.Changed(caller.Collectivity, k.manifest.ID, caller.Agent)
	return web.Redirect(w, r, "/#box-"+k.manifest.ID)
}

// act does what a button of a box says, then shows the box again.
func (h *Handler) act(w http.ResponseWriter, r *http.Request) error {
	rd := readerOf(r)
	k, err := h.find(r.Context(), rd.caller, web.Var(r, "id"))
	if err != nil {
		return err
	}
	declared, ok := k.manifest.action(web.Var(r, "action"))
	actor, acts := k.widget.(Actor)
	if !ok || !acts {
		return fmt.Errorf("widgets: action %q of %s: %w", web.Var(r, "action"), k.manifest.ID, portal.ErrNotFound)
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	values, err := Read(declared.Fields, r.PostForm)
	if err != nil {
		return err
	}
	settings, err := h.settings.values(r.Context(), k, rd.caller)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), k.manifest.Deadline)
	defer cancel()
	request := Request{Caller: rd.caller, Printer: rd.printer, Now: rd.now, Settings: settings, From: web.ClientAddr(r)}
	done, err := actor.Act(ctx, request, declared.Name, values)
	h.Changed(rd.caller.Collectivity, k.manifest.ID, rd.caller.Agent)
	switch {
	case err != nil && !web.FlashRefusal(w, r, err):
		return fmt.Errorf("widgets: action %s of %s: %w", declared.Name, k.manifest.ID, err)
	case err != nil: // the page says what somebody else did first
	case done.Undo != "":
		web.SetUndo(w, r, "widgets.take-back", done.Undo, done.Key, done.Args...)
	default:
		web.SetFlash(w, r, done.Key, done.Args...)
	}
	return web.Redirect(w, r, "/#box-"+k.manifest.ID)
}
