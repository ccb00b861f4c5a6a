package widgets

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
)

// editPage is the home page while it is arranged.
type editPage struct {
	web.Page
	Boxes    []template.HTML // of the template "widgets/box"
	Addable  []choiceOfBox
	CanUndo  bool
	CanReset bool
}

// choiceOfBox is a box that can be added.
type choiceOfBox struct{ ID, Title, Help string }

// showEdit shows the boxes as they are, with the buttons that arrange them.
func (h *Handler) showEdit(w http.ResponseWriter, r *http.Request) error {
	rd := readerOf(r)
	arrangement, previous, err := h.arrangementWithPrevious(r)
	if err != nil {
		return err
	}
	boxes := arrangement.boxes()
	states := make([]shown, len(boxes))
	for i, box := range boxes {
		states[i] = h.peek(h.catalogue.byID[box.Widget], rd)
	}
	h.wait(r.Context(), states, h.limits.Page)
	page := &editPage{CanReset: arrangement.choices.Known != nil}
	page.CanUndo = page.CanReset || previous.Known != nil
	page.Title, page.Section = rd.printer.T("widgets.edit-title"), "home"
	for i, box := range boxes {
		k := h.catalogue.byID[box.Widget]
		box.Size = k.manifest.size(box.Size)
		view := k.view(box, states[i], rd)
		view.Edit, view.Late = true, false // nothing moves while she arranges
		html, err := h.renderer.Execute(rd.printer.Lang(), "widgets/box", view)
		if err != nil {
			return err
		}
		page.Boxes = append(page.Boxes, template.HTML(html)) // html/template escaped it
	}
	for _, place := range arrangement.frame {
		if slices.ContainsFunc(boxes, func(b Box) bool { return b.Widget == place.Widget }) {
			continue
		}
		manifest := h.catalogue.byID[place.Widget].manifest
		page.Addable = append(page.Addable, choiceOfBox{manifest.ID, rd.printer.T(manifest.Title), rd.printer.T(manifest.Help)})
	}
	return h.renderer.Render(w, r, http.StatusOK, "widgets/edit", page)
}

func (h *Handler) arrangementWithPrevious(r *http.Request) (arrangement, Choices, error) {
	caller := web.CallerOf(r)
	frame, err := h.frameOf(r.Context(), caller)
	if err != nil {
		return arrangement{}, Choices{}, err
	}
	choices, previous, err := scanChoices(h.layouts.db.QueryRow(r.Context(), selectChoices, caller.Collectivity, caller.Agent))
	return arrangement{frame: frame, choices: choices}, previous, err
}

// order is one change that the person asks for: "forward agenda".
type order struct {
	verb, box string
	position  int // for "move", from 1
}

// readOrder takes the change out of a form. A script that moves a box by its
// handle sends box and position; a list of boxes sends box beside the verb.
func readOrder(r *http.Request) (order, error) {
	if err := web.ParseForm(r); err != nil {
		return order{}, err
	}
	verb, box, found := strings.Cut(r.PostForm.Get("do"), " ")
	if !found {
		box = r.PostForm.Get("box")
	}
	asked := order{verb: verb, box: box}
	if verb == "" && r.PostForm.Has("position") {
		asked.verb = "move"
		position, err := strconv.Atoi(r.PostForm.Get("position"))
		if err != nil {
			return order{}, fmt.Errorf("widgets: arrange: %w: position %q", portal.ErrInvalid, r.PostForm.Get("position"))
		}
		asked.position = position
	}
	return asked, nil
}

// arrange does one change at once, and comes back to the same button.
func (h *Handler) arrange(w http.ResponseWriter, r *http.Request) error {
	asked, err := readOrder(r)
	if err != nil {
		return err
	}
	caller := web.CallerOf(r)
	frame, err := h.frameOf(r.Context(), caller)
	if err != nil {
		return err
	}
	if err := h.knows(asked, frame); err != nil {
		return err
	}
	now, changed, err := h.layouts.update(r.Context(), caller, func(now, previous Choices) (Choices, bool) {
		return h.apply(asked, arrangement{frame: frame, choices: now}, previous)
	})
	if err != nil {
		return err
	}
	if changed {
		h.Changed(caller.Collectivity, TopicHome, caller.Agent)
	}
	after := arrangement{frame: frame, choices: now}
	h.announce(w, r, asked, after, changed)
	return web.Redirect(w, r, destination(r, asked, after))
}

// knows refuses an order about a box that the caller can't have, and one that
// does not exist.
func (h *Handler) knows(asked order, frame []Place) error {
	if asked.verb == "undo" || asked.verb == "reset" {
		return nil
	}
	if !slices.Contains([]string{"forward", "back", "move", "size", "remove", "add", "keep"}, asked.verb) {
		return fmt.Errorf("widgets: arrange: %w: order %q", portal.ErrInvalid, asked.verb)
	}
	if !slices.ContainsFunc(frame, func(p Place) bool { return p.Widget == asked.box }) {
		return fmt.Errorf("widgets: arrange: box %q: %w", asked.box, portal.ErrNotFound)
	}
	return nil
}

// apply is the change itself; it has no effect outside of what it returns.
func (h *Handler) apply(asked order, a arrangement, previous Choices) (Choices, bool) {
	switch asked.verb {
	case "forward":
		return a.step(asked.box, -1)
	case "back":
		return a.step(asked.box, +1)
	case "move":
		return a.move(asked.box, asked.position-1)
	case "size":
		sizes := h.catalogue.byID[asked.box].manifest.Sizes
		box, _, _ := a.box(asked.box)
		return a.resize(asked.box, h.catalogue.byID[asked.box].manifest.size(box.Size).next(sizes))
	case "remove":
		return a.remove(asked.box)
	case "add":
		return a.add(asked.box)
	case "keep":
		return a.keep(asked.box)
	case "undo":
		return previous, true
	case "reset":
		return Choices{}, a.choices.Known != nil
	}
	return a.choices, false
}

// announce says the result in one sentence: "Agenda, position 2 sur 15".
func (h *Handler) announce(w http.ResponseWriter, r *http.Request, asked order, a arrangement, changed bool) {
	printer := web.Printer(r)
	if asked.verb == "undo" || asked.verb == "reset" {
		web.SetFlash(w, r, "widgets.said-"+asked.verb)
		return
	}
	title := printer.T(h.catalogue.byID[asked.box].manifest.Title)
	box, rank, there := a.box(asked.box)
	switch {
	case !changed:
		web.SetFlash(w, r, "widgets.said-nothing", "box", title)
	case asked.verb == "remove":
		web.SetFlash(w, r, "widgets.said-remove", "box", title)
	case asked.verb == "keep":
		web.SetFlash(w, r, "widgets.said-keep", "box", title)
	case asked.verb == "size":
		web.SetFlash(w, r, "widgets.said-size", "box", title, "size", printer.T(sizeNames[box.Size]))
	case there:
		web.SetFlash(w, r, "widgets.said-position", "box", title, "rank", strconv.Itoa(rank+1), "total", strconv.Itoa(len(a.boxes())))
	}
}

// destination is where the person goes on: the button that she pressed, or
// what took its place. A fragment that names a button moves the focus there.
func destination(r *http.Request, asked order, a arrangement) string {
	if r.PostForm.Get("back") == "home" {
		if _, _, there := a.box(asked.box); there {
			return "/#box-" + asked.box
		}
		return "/"
	}
	_, _, there := a.box(asked.box)
	switch {
	case asked.verb == "undo" || asked.verb == "reset":
		return "/home/edit#" + asked.verb
	case asked.verb == "add" && there:
		return "/home/edit#box-" + asked.box
	case !there:
		return "/home/edit#add"
	case asked.verb == "move":
		return "/home/edit#" + asked.box + "-forward"
	}
	return "/home/edit#" + asked.box + "-" + asked.verb
}
