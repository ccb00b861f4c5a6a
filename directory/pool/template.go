package pool

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
	"parvis/widgets"
)

// templateRoutes are the pages of what new collectivities begin with.
func (h *Handler) templateRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: templatesPath, Handler: h.templates},
		{Method: "GET", Path: templatesPath + "/new", Handler: h.showTemplate},
		{Method: "POST", Path: templatesPath, Handler: h.takeTemplate},
		{Method: "GET", Path: templatesPath + "/{id}", Handler: h.showTemplate},
		{Method: "POST", Path: templatesPath + "/{id}", Handler: h.takeTemplate},
		{Method: "POST", Path: templatesPath + "/{id}/drop", Handler: h.dropTemplate},
		{Method: "POST", Path: templatesPath + "/{id}/restore", Handler: h.restoreTemplate},
		{Method: "GET", Path: "/pool/drafts/{id}/template", Handler: h.showChoice},
		{Method: "POST", Path: "/pool/drafts/{id}/template", Handler: h.takeChoice},
	}
}

const templatesPath = "/pool/templates"

// templatesPage lists the pool's own, those of Parvis, and those that may come back.
type templatesPage struct {
	web.Page
	Own, Shipped, Dropped []directory.Template
}

func (h *Handler) templates(w http.ResponseWriter, r *http.Request) (err error) {
	page := &templatesPage{Shipped: directory.ShippedTemplates(web.Printer(r))}
	if page.Own, err = h.Store.Templates(r.Context(), web.CallerOf(r), false); err != nil {
		return err
	}
	if page.Dropped, err = h.Store.Templates(r.Context(), web.CallerOf(r), true); err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "pool/templates", "pool.templates", page, &page.Page)
}

// templatePage is one, changed or made.
type templatePage struct {
	web.Page
	Form   web.Form
	Of     directory.Template
	Most   string // as typed
	Kinds  []string
	Groups []groupRow
	Rights []portal.Right
	Board  widgets.Board
	Action string
}

// HasKind says whether the template is for a kind.
func (p *templatePage) HasKind(kind string) bool { return slices.Contains(p.Of.Kinds, kind) }

// groupRow is a group as it is typed; the last ones are empty.
type groupRow struct {
	directory.TemplateGroup
	Number int // from 1
}

// Has says whether the group may do something.
func (g groupRow) Has(right portal.Right) bool { return slices.Contains(g.Rights, right) }

// spareRows are offered for more groups.
const spareRows = 2

// showTemplate shows one as it is kept, a copy of another, or what the fields of the
// address have of it.
func (h *Handler) showTemplate(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	page := &templatePage{}
	id := directory.TemplateID(web.Var(r, "id"))
	if query.Has("widget") {
		of, pressed, err := typedTemplate(query)
		if err != nil {
			return err
		}
		of.ID, page.Most = id, query.Get("most")
		page.Of, page.Board.Pressed = of, pressed
		return h.renderTemplate(w, r, http.StatusOK, page)
	}
	from := id
	if from == "" {
		from = directory.TemplateID(query.Get("from"))
	}
	of, err := h.Store.ChooseTemplate(r.Context(), web.CallerOf(r), web.Printer(r), from)
	unknown := errors.Is(err, portal.ErrInvalid) || of != nil && of.Shipped && id != "" // what is shipped is copied, not changed
	switch {
	case unknown && id != "":
		return portal.ErrNotFound
	case err != nil && !unknown:
		return err
	case of != nil:
		page.Of = *of
	default:
		page.Of = directory.Template{Places: h.Home.Every()}
	}
	if id == "" { // a copy, whose name is to be chosen
		page.Of.ID, page.Of.Name, page.Of.Version = "", "", 0
	}
	return h.renderTemplate(w, r, http.StatusOK, page)
}

func (h *Handler) renderTemplate(w http.ResponseWriter, r *http.Request, status int, page *templatePage) error {
	page.Kinds, page.Rights = directory.Kinds, directory.TemplateRights
	page.Title, page.Action = web.Printer(r).T("pool.template.new"), templatesPath
	if page.Of.ID != "" {
		page.Title, page.Action = page.Of.Name, templatesPath+"/"+string(page.Of.ID)
	}
	if page.Most == "" && page.Of.Most > 0 {
		page.Most = strconv.Itoa(page.Of.Most)
	}
	for _, group := range append(slices.Clone(page.Of.Groups), make([]directory.TemplateGroup, spareRows)...) {
		page.Groups = append(page.Groups, groupRow{group, len(page.Groups) + 1})
	}
	pressed := page.Board.Pressed
	page.Board = h.Home.Board(web.Printer(r), h.Home.Filled(page.Of.Places), nil)
	page.Board.Pressed = pressed
	return h.render(w, r, status, "pool/template", "", page, &page.Page)
}

// typedTemplate reads a template's form. Rows of groups without a name are left out.
func typedTemplate(form url.Values) (t directory.Template, pressed string, err error) {
	t = directory.Template{Name: strings.TrimSpace(form.Get("name")), About: strings.TrimSpace(form.Get("about")), Kinds: form["kind"]}
	t.Version, _ = strconv.Atoi(form.Get("version")) // none is the version of none
	if most := strings.Join(strings.Fields(form.Get("most")), ""); most != "" {
		if t.Most, err = strconv.Atoi(most); err != nil {
			t.Most = -1 // refused when it is kept
		}
	}
	for i, name := range form["group"] {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		group := directory.TemplateGroup{Name: name}
		for _, right := range form["rights-"+strconv.Itoa(i+1)] {
			group.Rights = append(group.Rights, portal.Right(right))
		}
		t.Groups = append(t.Groups, group)
	}
	t.Places, pressed, err = widgets.ReadBoard(form)
	return t, pressed, err
}

func (h *Handler) takeTemplate(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	of, _, err := typedTemplate(r.PostForm)
	if err != nil {
		return err
	}
	of.ID = directory.TemplateID(web.Var(r, "id"))
	_, err = h.Store.KeepTemplate(r.Context(), web.CallerOf(r), of, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		if errors.Is(err, portal.ErrConflict) { // who was told of it may save hers over it
			now, err := h.Store.Template(r.Context(), web.CallerOf(r), of.ID)
			if err != nil {
				return err
			}
			of.Version = now.Version
		}
		return h.renderTemplate(w, r, web.StatusOf(err), &templatePage{Form: form, Of: of, Most: r.PostForm.Get("most")})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "pool.template.saved", "name", of.Name)
	return web.Redirect(w, r, templatesPath)
}

func (h *Handler) dropTemplate(w http.ResponseWriter, r *http.Request) error {
	id := directory.TemplateID(web.Var(r, "id"))
	if err := h.Store.DropTemplate(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetUndo(w, r, "pool.undo", templatesPath+"/"+string(id)+"/restore", "pool.template.dropped")
	return web.Redirect(w, r, templatesPath)
}

func (h *Handler) restoreTemplate(w http.ResponseWriter, r *http.Request) error {
	id := directory.TemplateID(web.Var(r, "id"))
	if err := h.Store.RestoreTemplate(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "pool.template.restored")
	return web.Redirect(w, r, templatesPath)
}

// choicePage asks what a new collectivity begins with.
type choicePage struct {
	draftPage
	Choices []choice
	None    bool // nothing is chosen
}

// choice is a template to choose.
type choice struct {
	directory.Template
	Chosen bool
	Suits  bool // it is made for such a body
	Boxes  []string
}

func (h *Handler) showChoice(w http.ResponseWriter, r *http.Request) error {
	return h.renderChoice(w, r, http.StatusOK, &choicePage{})
}

// renderChoice offers first what suits the body; the first of it is chosen as long as
// nothing was.
func (h *Handler) renderChoice(w http.ResponseWriter, r *http.Request, status int, page *choicePage) error {
	if err := h.begin(r, &page.draftPage, "template"); err != nil {
		return err
	}
	all, err := h.Store.AllTemplates(r.Context(), web.CallerOf(r), web.Printer(r))
	if err != nil {
		return err
	}
	d := page.Draft
	place, _ := placeOf(d.Collectivity)
	for _, template := range all {
		one := choice{Template: template, Suits: template.Suits(d.Collectivity.Kind, place.Population)}
		one.Boxes = h.Home.Titles(web.Printer(r), template.Places)
		page.Choices = append(page.Choices, one)
	}
	slices.SortStableFunc(page.Choices, func(a, b choice) int { return len(strconv.FormatBool(a.Suits)) - len(strconv.FormatBool(b.Suits)) })
	wanted := directory.TemplateID("")
	switch {
	case d.Template != nil:
		wanted = d.Template.ID
	case !d.Chosen && len(page.Choices) > 0 && page.Choices[0].Suits:
		wanted = page.Choices[0].ID
	}
	page.None = true
	for i := range page.Choices {
		if page.Choices[i].Chosen = page.Choices[i].ID == wanted; page.Choices[i].Chosen {
			page.None = false
		}
	}
	return h.render(w, r, status, "pool/choice", "", page, &page.Page)
}

func (h *Handler) takeChoice(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, caller := directory.DraftID(web.Var(r, "id")), web.CallerOf(r)
	chosen, err := h.Store.ChooseTemplate(r.Context(), caller, web.Printer(r), directory.TemplateID(r.PostFormValue("template")))
	if err == nil {
		err = h.Store.SaveTemplate(r.Context(), caller, id, chosen)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page := &choicePage{}
		page.Form = form
		return h.renderChoice(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return after(w, r, id, "template")
}
