package todo

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Templates holds the page.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds its sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// Handler serves the page of all that waits.
type Handler struct {
	inbox    *Inbox
	renderer *web.Renderer
}

// NewHandler returns the page over the inbox.
func NewHandler(inbox *Inbox, renderer *web.Renderer) *Handler { return &Handler{inbox, renderer} }

// Routes lists the page and what its buttons post to.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/todo", Access: web.SignedIn, Handler: h.show},
		{Method: "POST", Path: "/todo/do/{collectivity}/{source}/{item}/{action}", Access: web.SignedIn, Handler: h.act},
		{Method: "POST", Path: "/todo/undo/{collectivity}/{source}/{token}", Access: web.SignedIn, Handler: h.undo},
	}
}

// onPage is how many items a page shows.
const onPage = 20

type page struct {
	web.Page
	Sheet
	Filter  string // the source that is shown, "" for all
	All     int    // what waits in all sources
	Lines   []line
	Traces  []trace
	Pages   themes.Pages
	Refused refusal
}

// refusal is a form that came back.
type refusal struct {
	web.Form
	id     string // of the form, see line.ID
	values Values
}

// line is an entry as the page shows it.
type line struct {
	Entry
	*page
}

// trace is something done, in the reader's words.
type trace struct {
	Trace
	Text string
}

// button is an action of a line.
type button struct {
	Action
	line
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	return h.render(w, r, http.StatusOK, refusal{})
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, refused refusal) error {
	number, filter := web.PageNumber(r), web.Query(r).Get("source")
	sheet, err := h.inbox.Load(r.Context(), requestOf(r), Query{Source: filter, Limit: number * onPage, Recent: true})
	if err != nil {
		return err
	}
	last := max(1, (sheet.Total+onPage-1)/onPage)
	if number > last && refused.id == "" {
		return web.Redirect(w, r, pageAt(filter, last)) // the last item of the page was done
	}
	made := &page{Sheet: sheet, Filter: filter, Refused: refused}
	for _, heap := range sheet.Sources {
		made.All += heap.Count
	}
	for _, entry := range sheet.Entries[min(len(sheet.Entries), (number-1)*onPage):] {
		made.Lines = append(made.Lines, line{entry, made})
	}
	for _, done := range sheet.Recent {
		made.Traces = append(made.Traces, trace{done, done.Said.in(web.Printer(r))})
	}
	made.Title, made.Section = web.Printer(r).T("todo.title"), "todo"
	made.Pages = web.PageLinks(r, web.Printer(r).T("todo.pages"), number, last)
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "todo/page", made)
}

// pageAt is the address of a page of the list.
func pageAt(filter string, number int) string {
	query := url.Values{}
	if filter != "" {
		query.Set("source", filter)
	}
	if number > 1 {
		query.Set("page", strconv.Itoa(number))
	}
	if len(query) == 0 {
		return "/todo"
	}
	return "/todo?" + query.Encode()
}

func requestOf(r *http.Request) Request {
	return Request{Caller: web.CallerOf(r), Printer: web.Printer(r), Now: web.Now(r), From: web.ClientAddr(r)}
}

func addressOf(r *http.Request) Address {
	return Address{portal.CollectivityID(web.Var(r, "collectivity")), web.Var(r, "source"), web.Var(r, "item")}
}

// act does what a button of a line says. What somebody else did first is told on
// the list, where that item waits no more.
func (h *Handler) act(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	at, action, form := addressOf(r), web.Var(r, "action"), Values{}
	for name := range r.PostForm {
		form[name] = r.PostForm.Get(name)
	}
	done, err := h.inbox.Act(r.Context(), requestOf(r), at, action, form)
	if refused, isForm := formErrors(r, at, action, err); isForm {
		refused.values = form
		return h.render(w, backRequest(r), http.StatusUnprocessableEntity, refused)
	}
	if err != nil && !web.FlashRefusal(w, r, err) {
		return err
	}
	switch {
	case err != nil:
	case done.Token == "":
		web.SetFlash(w, r, done.Said.Key, done.Said.Args...)
	default:
		web.SetUndo(w, r, "todo.undo", undoPath(at, done.Token), done.Said.Key, done.Said.Args...)
	}
	return web.Redirect(w, r, back(r))
}

// undoPath is where one posts to take something back, "" without a token.
func undoPath(at Address, token string) string {
	if token == "" {
		return ""
	}
	return "/todo/undo/" + url.PathEscape(string(at.Collectivity)) + "/" + url.PathEscape(at.Source) + "/" + url.PathEscape(token)
}

func (h *Handler) undo(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	said, err := h.inbox.Undo(r.Context(), requestOf(r), addressOf(r), web.Var(r, "token"))
	if err == nil {
		web.SetFlash(w, r, said.Key, said.Args...)
	} else if !web.FlashRefusal(w, r, err) {
		return err
	}
	return web.Redirect(w, r, back(r))
}

// back is the page of the list that a form was on.
func back(r *http.Request) string {
	if path := web.LocalPath(r.PostForm.Get("back")); path == "/todo" || strings.HasPrefix(path, "/todo?") {
		return path
	}
	return "/todo"
}

// backRequest is the request for that page.
func backRequest(r *http.Request) *http.Request {
	plain := r.Clone(r.Context())
	plain.URL, _ = url.Parse(back(r)) // LocalPath parsed it
	return plain
}

// formErrors are what is wrong in the form of an action, at its fields' places in
// the page.
func formErrors(r *http.Request, at Address, action string, err error) (refusal, bool) {
	var fields portal.FieldErrors
	if !errors.As(err, &fields) {
		return refusal{}, false
	}
	refused := refusal{id: formID(at, action)}
	refused.Form, _ = web.FormErrors(r, err)
	for n := range refused.Problems {
		refused.Problems[n].Field = refused.id + "-" + refused.Problems[n].Field
	}
	return refused, true
}

// in is the sentence in a language.
func (s Sentence) in(p *i18n.Printer) string {
	args := make([]any, len(s.Args))
	for n, arg := range s.Args {
		args[n] = arg
	}
	return p.T(s.Key, args...)
}

// Anchor is the entry's place in the page.
func (e Entry) Anchor() string {
	return "on-" + string(e.Place.Caller.Collectivity) + "-" + e.Source.ID + "-" + e.ID
}

func (e Entry) address() Address { return Address{e.Place.Caller.Collectivity, e.Source.ID, e.ID} }

// Late says whether it should have been done by now.
func (e Entry) Late(now time.Time) bool { return !e.Due.IsZero() && e.Due.Before(now) }

func formID(at Address, action string) string {
	return Entry{Item: Item{ID: at.Item}, Source: Manifest{ID: at.Source}, Place: Place{Caller: portal.Caller{Collectivity: at.Collectivity}}}.Anchor() + "-" + action
}

// Buttons are the line's actions.
func (l line) Buttons() []button {
	var all []button
	for _, action := range l.Entry.Buttons() {
		all = append(all, button{action, l})
	}
	return all
}

// Path is what the button posts to.
func (b button) Path() string {
	at := b.address()
	return "/todo/do/" + url.PathEscape(string(at.Collectivity)) + "/" + url.PathEscape(at.Source) + "/" + url.PathEscape(at.Item) + "/" + b.Name
}

// Back is the page that the button is on.
func (b button) Back() string { return b.page.Page.Path }

// FormID names the button's form in the page.
func (b button) FormID() string { return formID(b.address(), b.Name) }

// Open says whether the form came back refused.
func (b button) Open() bool { return b.page.Refused.id == b.FormID() }

// Value is what was typed into a field of a form that came back.
func (b button) Value(field string) string {
	if !b.Open() {
		return ""
	}
	return b.page.Refused.values[field]
}

// Problem is what is wrong with a field.
func (b button) Problem(field string) string {
	if !b.Open() {
		return ""
	}
	return b.page.Refused.Error(b.FormID() + "-" + field)
}

// UndoPath is what takes a trace back.
func (t Trace) UndoPath() string {
	return undoPath(Address{Collectivity: t.Place.Caller.Collectivity, Source: t.Source.ID}, t.Token)
}
