package news

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// articleForm is what the editor's form holds, as typed.
type articleForm struct {
	web.Form
	ID       ArticleID // "" for a new article
	Headline string
	Body     string
	Starts   string // "2026-11-24", a day of the collectivity
	Ends     string // the last day it is shown
	Audience []portal.GroupID
	Seen     string // Changed when the form was opened, ms
	Preview  bool
}

func readForm(r *http.Request) (*articleForm, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	form := &articleForm{
		Headline: r.PostForm.Get("title"), Body: r.PostForm.Get("body"),
		Starts: r.PostForm.Get("starts"), Ends: r.PostForm.Get("ends"),
		Seen: r.PostForm.Get("seen"), Preview: r.PostForm.Get("do") == "preview",
	}
	for _, group := range r.PostForm["group"] {
		form.Audience = append(form.Audience, portal.GroupID(group))
	}
	return form, nil
}

func formOf(article Article, zone *time.Location) *articleForm {
	return &articleForm{
		ID: article.ID, Headline: article.Title, Body: article.Body,
		Starts: isoDate(article.Starts.In(zone)), Ends: isoDate(article.Ends.In(zone).Add(-time.Second)),
		Audience: article.Audience, Seen: strconv.FormatInt(article.Changed.UnixMilli(), 10),
	}
}

// draft reads the days in the collectivity's zone: an article is shown from
// the first instant of its first day to the last of its last one. A day that
// can't be read is the zero time, which the store refuses.
func (f *articleForm) draft(zone *time.Location) Draft {
	draft := Draft{Title: f.Headline, Body: f.Body, Audience: f.Audience}
	if day, err := time.ParseInLocation(time.DateOnly, f.Starts, zone); err == nil {
		draft.Starts = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, f.Ends, zone); err == nil {
		draft.Ends = day.AddDate(0, 0, 1)
	}
	return draft
}

func (f *articleForm) seen() time.Time {
	ms, _ := strconv.ParseInt(f.Seen, 10, 64) // a forged value only makes a conflict
	return time.UnixMilli(ms)
}

type formPage struct {
	web.Page
	*articleForm
	Groups      []groupChoice
	PreviewHTML template.HTML // cleaned by sanitiser
}

type groupChoice struct {
	portal.Group
	Chosen bool
}

func (h *Handler) showForm(w http.ResponseWriter, r *http.Request, status int, form *articleForm) error {
	groups, err := h.groups.Groups(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &formPage{articleForm: form}
	for _, group := range portal.WithDeleted(groups, form.Audience, web.Printer(r).T("web.group.deleted")) {
		page.Groups = append(page.Groups, groupChoice{group, slices.Contains(form.Audience, group.ID)})
	}
	if form.Preview {
		if page.PreviewHTML, err = render(form.Body); err != nil {
			return err
		}
	}
	title := "news.form.new"
	if form.ID != "" {
		title = "news.form.edit"
	}
	page.Title, page.Section = web.Printer(r).T(title), "news"
	return h.renderer.Render(w, r, status, "news/form", page)
}
