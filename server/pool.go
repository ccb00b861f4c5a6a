package server

import (
	"net/http"

	"parvis/directory"
	"parvis/portal/web"
	"parvis/sso"
)

// poolPages is what the operator of the pool sees: the collectivities, and
// nothing of what they hold.
type poolPages struct {
	directory *directory.Store
	factors   *sso.Factors
	renderer  *web.Renderer
}

func (p poolPages) routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/pool", Access: web.Operator, Handler: p.list}}
}

type poolPage struct {
	web.Page
	Rows []directory.Hosted
	Bare bool // she has no second factor
}

func (p poolPages) list(w http.ResponseWriter, r *http.Request) error {
	rows, err := p.directory.Pool(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	held, err := p.factors.Of(r.Context(), web.CallerOf(r).Account)
	if err != nil {
		return err
	}
	page := &poolPage{Rows: rows, Bare: !held.Any()}
	page.Title, page.Section = web.Printer(r).T("server.pool.title"), "pool"
	return p.renderer.Render(w, r, http.StatusOK, "server/pool", page)
}
