package widgets

import (
	"context"
	"embed"
	"fmt"
	"log/slog"

	"github.com/maypok86/otter/v2"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Templates are the home page's: they need the frame's components.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales are the home page's sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// App is an application pinned to the home page.
type App struct {
	Name string // "État civil"
	URL  string // a path of ours or https
	Icon string // a noun of the sprite, without its prefix
}

// Pins knows the applications that the caller sees at the top of her home
// page, in order. Whoever implements it says TopicApplications when they change.
type Pins interface {
	Pinned(ctx context.Context, caller portal.Caller) ([]App, error)
}

// Config is what a Handler needs.
type Config struct {
	Widgets  []Widget // in the order in which boxes are offered
	Pool     []Place  // the pool's own home page; nil suggests every widget
	Pins     Pins     // nil: no pinned application
	Groups   Groups   // that may have a page of their own
	DB       *database.DB
	Renderer *web.Renderer
	Log      *slog.Logger
	Limits   Limits
}

// Handler is the home page.
type Handler struct {
	*Host
	pool     []Place
	pins     Pins
	groups   Groups
	layouts  *layoutStore
	renderer *web.Renderer
	log      *slog.Logger
	desks    *otter.Cache[deskKey, *desk]
	pages    *otter.Cache[deskKey, *page]
}

// deskKey names one agent's page in one language.
type deskKey struct {
	collectivity portal.CollectivityID
	agent        portal.AgentID
	lang         i18n.Language
}

// New returns the home page, with a host that is to be closed. A widget whose
// manifest can't be served is an error.
func New(config Config) (*Handler, error) {
	host, err := newHost(config.Limits, &settingsStore{config.DB}, config.Log, config.Widgets)
	if err != nil {
		return nil, err
	}
	h := &Handler{
		Host: host, pool: config.Pool, pins: config.Pins, groups: config.Groups, renderer: config.Renderer,
		layouts: &layoutStore{config.DB}, log: config.Log,
	}
	if h.pool == nil {
		for _, k := range host.catalogue.kinds {
			h.pool = append(h.pool, Place{Widget: k.manifest.ID, State: Suggested})
		}
	}
	h.desks, err = otter.New(&otter.Options[deskKey, *desk]{MaximumSize: 20_000})
	if err != nil {
		return nil, fmt.Errorf("widgets: desks: %w", err)
	}
	h.pages, err = otter.New(&otter.Options[deskKey, *page]{
		MaximumWeight: host.limits.Pages,
		Weigher:       func(_ deskKey, p *page) uint32 { return p.weight() },
	})
	if err != nil {
		return nil, fmt.Errorf("widgets: pages: %w", err)
	}
	return h, nil
}

// Routes are the addresses of the home page and of its boxes.
func (h *Handler) Routes() []web.Route {
	return append(h.frameRoutes(), []web.Route{
		{Method: "GET", Path: "/", Access: web.SignedIn, Handler: h.showHome},
		{Method: "GET", Path: "/home/edit", Access: web.SignedIn, Handler: h.showEdit},
		{Method: "POST", Path: "/home/edit", Access: web.SignedIn, Handler: h.arrange},
		{Method: "GET", Path: "/home/boxes/{id}", Access: web.SignedIn, Handler: h.showPreferences},
		{Method: "POST", Path: "/home/boxes/{id}", Access: web.SignedIn, Handler: h.savePreferences},
		{Method: "GET", Path: "/boxes/{id}", Access: web.SignedIn, Handler: h.showBox},
		{Method: "POST", Path: "/boxes/{id}/retry", Access: web.SignedIn, Handler: h.retryBox},
		{Method: "POST", Path: "/boxes/{id}/do/{action}", Access: web.SignedIn, Handler: h.act},
	}...)
}

// Close ends the host and the caches; see Host.Close.
func (h *Handler) Close(ctx context.Context) error {
	h.desks.StopAllGoroutines()
	h.pages.StopAllGoroutines()
	return h.Host.Close(ctx)
}
