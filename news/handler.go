package news

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the news pages.
//
//go:embed locales/*.json
var Locales embed.FS

// Groups knows the groups of the caller's collectivity, by name.
type Groups interface {
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
}

// Handler serves the news pages.
type Handler struct {
	store    *Store
	groups   Groups
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, groups Groups, renderer *web.Renderer) *Handler {
	return &Handler{store: store, groups: groups, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	editor := web.Needs(portal.EditNews)
	return []web.Route{
		{Method: "GET", Path: "/news", Access: web.SignedIn, Handler: h.list},
		{Method: "GET", Path: "/news/new", Access: editor, Handler: h.newArticle},
		{Method: "POST", Path: "/news", Access: editor, Handler: h.create},
		{Method: "GET", Path: "/news/{id}", Access: web.SignedIn, Handler: h.show},
		{Method: "GET", Path: "/news/{id}/edit", Access: editor, Handler: h.edit},
		{Method: "POST", Path: "/news/{id}", Access: editor, Handler: h.change},
		{Method: "POST", Path: "/news/{id}/delete", Access: editor, Handler: h.remove},
		{Method: "POST", Path: "/news/{id}/restore", Access: editor, Handler: h.restore},
	}
}

// pageLength is the number of articles on a page.
const pageLength = 12

type listPage struct {
	web.Page
	Shelf    Shelf
	Articles []listed
	Links    themes.Pages
	CanEdit  bool
}

type listed struct {
	Article
	Summary string
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	page := &listPage{Shelf: Current, CanEdit: caller.Can(portal.EditNews)}
	if shelf := Shelf(r.URL.Query().Get("shelf")); shelf != "" {
		page.Shelf = shelf
	}
	number := web.PageNumber(r)
	articles, total, err := h.store.List(r.Context(), caller, page.Shelf, pageLength, (number-1)*pageLength)
	if err != nil {
		return err
	}
	page.Links = web.PageLinks(r, web.Printer(r).T("news.pages"), number, (total+pageLength-1)/pageLength)
	for _, article := range articles {
		page.Articles = append(page.Articles, listed{article, summary(lead(article.Body))})
	}
	page.Title, page.Section = web.Printer(r).T("news.title"), "news"
	return h.renderer.Render(w, r, http.StatusOK, "news/list", page)
}

type showPage struct {
	web.Page
	Article
	HTML    template.HTML // cleaned by sanitiser
	LastDay time.Time
	Ended   bool
	Planned bool
	CanEdit bool
	// AudienceNames are the groups it is meant for, told to editors only.
	AudienceNames []string
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	article, err := h.store.Article(r.Context(), caller, ArticleID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	html, err := render(article.Body)
	if err != nil {
		return err
	}
	now := web.Now(r)
	page := &showPage{
		Article: article, HTML: html, CanEdit: caller.Can(portal.EditNews),
		LastDay: article.Ends.In(now.Location()).Add(-time.Second),
		Ended:   !article.Ends.After(now), Planned: article.Starts.After(now),
	}
	if page.CanEdit {
		if page.AudienceNames, err = h.names(r, article.Audience); err != nil {
			return err
		}
	}
	page.Page.Title, page.Section = article.Title, "news"
	return h.renderer.Render(w, r, http.StatusOK, "news/show", page)
}

func (h *Handler) names(r *http.Request, audience []portal.GroupID) ([]string, error) {
	if len(audience) == 0 {
		return nil, nil
	}
	groups, err := h.groups.Groups(r.Context(), web.CallerOf(r))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, group := range portal.WithDeleted(groups, audience, web.Printer(r).T("web.group.deleted")) {
		if slices.Contains(audience, group.ID) {
			names = append(names, group.Name)
		}
	}
	return names, nil
}

func (h *Handler) newArticle(w http.ResponseWriter, r *http.Request) error {
	now := web.Now(r)
	form := &articleForm{Starts: isoDate(now), Ends: isoDate(now.AddDate(0, 0, 14))}
	return h.showForm(w, r, http.StatusOK, form)
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	article, err := h.store.Article(r.Context(), web.CallerOf(r), ArticleID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	return h.showForm(w, r, http.StatusOK, formOf(article, web.Now(r).Location()))
}

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	if form.Preview {
		return h.showForm(w, r, http.StatusOK, form)
	}
	id, err := h.store.Create(r.Context(), web.CallerOf(r), web.IdentityOf(r).PersonName, form.draft(web.Now(r).Location()))
	if err != nil {
		return h.refuse(w, r, form, err)
	}
	web.SetFlash(w, r, "news.done.published")
	return web.Redirect(w, r, "/news/"+string(id))
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	form.ID = ArticleID(web.Var(r, "id"))
	if form.Preview {
		return h.showForm(w, r, http.StatusOK, form)
	}
	err = h.store.Change(r.Context(), web.CallerOf(r), form.ID, form.seen(), form.draft(web.Now(r).Location()))
	if err != nil {
		return h.refuse(w, r, form, err)
	}
	web.SetFlash(w, r, "news.done.changed")
	return web.Redirect(w, r, "/news/"+string(form.ID))
}

// refuse shows the form again with what was typed and what is wrong with it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, form *articleForm, err error) error {
	refused, ok := web.FormErrors(r, err)
	if !ok {
		return err
	}
	form.Form = refused
	return h.showForm(w, r, web.StatusOf(err), form)
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	id := ArticleID(web.Var(r, "id"))
	if err := h.store.Delete(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	web.SetUndo(w, r, "news.undo", "/news/"+string(id)+"/restore", "news.done.deleted")
	return web.Redirect(w, r, "/news")
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) error {
	id := ArticleID(web.Var(r, "id"))
	if err := h.store.Restore(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	web.SetFlash(w, r, "news.done.restored")
	return web.Redirect(w, r, "/news/"+string(id))
}

func isoDate(t time.Time) string { return t.Format(time.DateOnly) }
