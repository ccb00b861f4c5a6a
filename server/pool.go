package server

import (
	"net/http"

	"parvis/directory"
	"parvis/portal/web"
)

// poolPages is what the operator of the pool sees: the collectivities, and
// nothing of what they hold.
type poolPages struct {
	directory *directory.Store
	renderer  *web.Renderer
}

func (p poolPages) routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/pool", Access: web.Operator, Handler: p.list}}
}

type poolPage struct {
	web.Page
	Rows []directory.Hosted
}

func (p poolPages) list(w http.ResponseWriter, r *http.Request) error {
	rows, err := p.directory.Pool(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &poolPage{Rows: rows}
	page.Title, page.Section = web.Printer(r).T("server.pool.title"), "pool"
	return p.renderer.Render(w, r, http.StatusOK, "server/pool", page)
}
