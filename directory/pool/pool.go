// Package pool is what the operator of the pool sees: the collectivities, and
// nothing of what they hold; their suspension; the screens that write down a new
// one. What these do is in the directory's store.
package pool

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"slices"

	"parvis/directory"
	"parvis/portal/audit"
	"parvis/portal/outgoing"
	"parvis/portal/quota"
	"parvis/portal/web"
	"parvis/sso"
	"parvis/themes"
	"parvis/widgets"
)

// Templates holds the pages.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// Options are what the pages ask of others.
type Options struct {
	Store     *directory.Store
	Inviter   *directory.Inviter
	Journal   *audit.Journal
	Methods   *sso.Methods
	Factors   *sso.Factors
	Passwords *sso.Passwords
	Sessions  *sso.Sessions
	// Freshly asks who a person is again before she enters a collectivity.
	Freshly  func(back string, serve web.Handler) web.Handler
	Renderer *web.Renderer
	Home     *widgets.Handler

	Announcements *directory.Announcements
	Quotas        *quota.Store
	Networks      *outgoing.Networks

	Log      *slog.Logger
	Sizes    Sizes
	Troubles []Trouble // in the order in which they are shown
	// Furnish gives a new collectivity what every one begins with, in the name of
	// its first administrator.
	Furnish func(ctx context.Context, opened directory.Opened) error
	// Try asks each service for a sign of life.
	Try func(ctx context.Context, services directory.Services) []Trial
}

// Handler serves the pages.
type Handler struct{ Options }

// NewHandler returns the pages.
func NewHandler(options Options) *Handler { return &Handler{options} }

// Routes lists the pages. All are for who operates the pool, and are not there for
// anybody else, but for what a person does with an announcement.
func (h *Handler) Routes() []web.Route {
	routes := []web.Route{
		{Method: "GET", Path: "/pool", Handler: h.list},
		{Method: "POST", Path: "/pool/collectivities.csv", Slow: true, Handler: h.export},
		{Method: "GET", Path: "/pool/collectivities/{id}", Handler: h.show},
		{Method: "GET", Path: "/pool/collectivities/{id}/suspend", Handler: h.askSuspend},
		{Method: "POST", Path: "/pool/collectivities/{id}/suspend", Handler: h.suspend},
		{Method: "POST", Path: "/pool/collectivities/{id}/resume", Handler: h.resume},
		{Method: "GET", Path: "/pool/collectivities/{id}/assist", Handler: h.askAssist},
		{Method: "POST", Path: "/pool/collectivities/{id}/assist", Handler: h.provedAssist},
		{Method: "POST", Path: "/pool/collectivities/{id}/rejoin", Handler: h.rejoin},
		{Method: "POST", Path: "/pool/assistance/end", Handler: h.leave},
		{Method: "GET", Path: "/pool/journal", Handler: h.journal},
		{Method: "GET", Path: "/pool/new", Handler: h.showIdentity},
		{Method: "POST", Path: "/pool/new", Handler: h.takeIdentity},
		{Method: "GET", Path: "/pool/drafts/{id}/identity", Handler: h.showIdentity},
		{Method: "POST", Path: "/pool/drafts/{id}/identity", Handler: h.takeIdentity},
		{Method: "GET", Path: "/pool/drafts/{id}/look", Handler: h.showLook},
		{Method: "POST", Path: "/pool/drafts/{id}/look", Handler: h.takeLook},
		{Method: "GET", Path: "/pool/drafts/{id}/sign-in", Handler: h.showSignIn},
		{Method: "POST", Path: "/pool/drafts/{id}/sign-in", Handler: h.takeSignIn},
		{Method: "GET", Path: "/pool/drafts/{id}/first", Handler: h.showFirst},
		{Method: "POST", Path: "/pool/drafts/{id}/first", Handler: h.takeFirst},
		{Method: "GET", Path: "/pool/drafts/{id}/services", Handler: h.showServices},
		{Method: "POST", Path: "/pool/drafts/{id}/services", Slow: true, Handler: h.takeServices},
		{Method: "GET", Path: "/pool/drafts/{id}/open", Handler: h.showOpen},
		{Method: "POST", Path: "/pool/drafts/{id}/open", Handler: h.open},
		{Method: "POST", Path: "/pool/drafts/{id}/drop", Handler: h.drop},
		{Method: "POST", Path: "/pool/drafts/{id}/restore", Handler: h.restore},
	}
	routes = append(routes, slices.Concat(h.announcementRoutes(), h.quotaRoutes(), h.networkRoutes(), h.templateRoutes())...)
	for i := range routes {
		if routes[i].Access == (web.Access{}) {
			routes[i].Access = web.Operator
		}
	}
	return routes
}

// listPage is a page of the collectivities and what is being written down.
type listPage struct {
	web.Page
	List          rows
	Drafts        []directory.Draft
	Dropped       []directory.Draft
	Calls         []directory.Call
	Text          string
	Kind, State   string
	Kinds, States []string
	Links         themes.Pages
	Download      string
	Bare          bool // she has no second factor
	Near          []crowded
	MoreNear      int // than these
}

// Narrowed says whether the list shows a part only.
func (p *listPage) Narrowed() bool { return p.Text != "" || p.Kind != "" || p.State != "" }

func queryOf(r *http.Request) directory.PoolQuery {
	query := web.Query(r)
	return directory.PoolQuery{Text: query.Get("q"), Kind: query.Get("kind"), State: query.Get("state"), Page: web.PageNumber(r)}
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) (err error) {
	caller, query := web.CallerOf(r), queryOf(r)
	page := &listPage{
		Text: query.Text, Kind: query.Kind, State: query.State, Kinds: directory.Kinds,
		States: []string{directory.CollectivityOpen, directory.CollectivitySuspended, troubled, quiet},
	}
	if page.List, err = h.find(r, query); err != nil {
		return err
	}
	if page.Drafts, err = h.Store.Drafts(r.Context(), caller); err != nil {
		return err
	}
	if page.Dropped, err = h.Store.Dropped(r.Context(), caller); err != nil {
		return err
	}
	if page.Calls, err = h.Store.Calls(r.Context(), caller); err != nil {
		return err
	}
	held, err := h.Factors.Of(r.Context(), caller.Account)
	if err != nil {
		return err
	}
	page.Bare = !held.Any()
	if page.Near, page.MoreNear, err = h.crowded(r); err != nil {
		return err
	}
	page.Links = web.PageLinks(r, web.Printer(r).T("pool.pages"), page.List.Page, page.List.Pages)
	page.Download = web.Filtered(r, "/pool/collectivities.csv")
	return h.render(w, r, http.StatusOK, "pool/list", "pool.title", page, &page.Page)
}

// render shows a page of the pool; its frame is part of it.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, name, title string, page web.Framed, frame *web.Page) error {
	if frame.Title == "" {
		frame.Title = web.Printer(r).T(title)
	}
	frame.Section = "pool"
	return h.Renderer.Render(w, r, status, name, page)
}
