package mail

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Templates are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the mail pages.
//
//go:embed locales/*.json
var Locales embed.FS

// Handler serves the mail pages.
type Handler struct {
	store    *Store
	renderer *web.Renderer
	// changed tells the box of an agent that its content is not what it was.
	changed func(portal.Caller)
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, renderer *web.Renderer, changed func(portal.Caller)) *Handler {
	return &Handler{store: store, renderer: renderer, changed: changed}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/mail", Access: web.SignedIn, Handler: h.list},
		{Method: "GET", Path: "/mail/password", Access: web.SignedIn, Handler: h.askPassword},
		{Method: "POST", Path: "/mail/password", Access: web.SignedIn, Handler: h.givePassword},
		{Method: "POST", Path: "/mail/password/forget", Access: web.SignedIn, Handler: h.forgetPassword},
	}
}

// pageDeadline bounds how long a page waits for the mail server.
const pageDeadline = 8 * time.Second

// pageMessages is how many messages of each mailbox the page shows.
const pageMessages = 12

type listPage struct {
	web.Page
	Reading
	Configured  bool
	Trouble     string // why nothing could be read, "" when something was
	HasPassword bool   // a password of hers is kept
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), pageDeadline)
	defer cancel()
	page := &listPage{Configured: true}
	caller := web.CallerOf(r)
	reading, err := h.store.Mailboxes(ctx, caller, pageMessages)
	var refusal portal.UserError
	switch {
	case errors.Is(err, portal.ErrNotFound):
		page.Configured = false
	case errors.As(err, &refusal):
		page.Trouble = web.Sentence(r, err)
	case err != nil:
		return err
	}
	page.Reading = reading
	if server, err := h.store.Server(r.Context(), caller.Collectivity); err == nil {
		page.Webmail = server.Webmail
		page.HasPassword = server.SignIn == ByPassword && !reading.NeedsPassword
	}
	page.Title, page.Section = web.Printer(r).T("mail.title"), "mail"
	return h.renderer.Render(w, r, http.StatusOK, "mail/list", page)
}

type passwordPage struct {
	web.Page
	web.Form
	Login string
}

func (h *Handler) askPassword(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	server, err := h.store.Server(r.Context(), caller.Collectivity)
	if err != nil {
		return err
	}
	if server.SignIn != ByPassword {
		return portal.ErrNotFound
	}
	login, err := h.store.address(r.Context(), caller)
	if err != nil {
		return err
	}
	return h.showPassword(w, r, http.StatusOK, &passwordPage{Login: login})
}

func (h *Handler) showPassword(w http.ResponseWriter, r *http.Request, status int, page *passwordPage) error {
	page.Page.Title, page.Section = web.Printer(r).T("mail.password.title"), "mail"
	return h.renderer.Render(w, r, status, "mail/password", page)
}

func (h *Handler) givePassword(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageDeadline)
	defer cancel()
	login, caller := strings.TrimSpace(r.PostForm.Get("login")), web.CallerOf(r)
	err := h.store.GivePassword(ctx, caller, login, r.PostForm.Get("password"))
	if err == nil {
		h.changed(caller)
		web.SetFlash(w, r, "mail.done.given")
		return web.Redirect(w, r, "/mail")
	}
	var refusal portal.UserError
	if !errors.As(err, &refusal) && !errors.Is(err, portal.ErrInvalid) {
		return err
	}
	page := &passwordPage{Login: login}
	if form, ok := web.FormErrors(r, err); ok {
		page.Form = form
	} else {
		page.Form = web.OneError(web.Sentence(r, err))
	}
	return h.showPassword(w, r, web.StatusOf(err), page)
}

func (h *Handler) forgetPassword(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	if err := h.store.forgetPassword(r.Context(), caller); err != nil {
		return err
	}
	h.changed(caller)
	web.SetFlash(w, r, "mail.done.forgotten")
	return web.Redirect(w, r, "/mail")
}
