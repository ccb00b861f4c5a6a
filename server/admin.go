package server

import (
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
)

// adminPage lists what the administrator of a collectivity decides.
type adminPage struct{ renderer *web.Renderer }

func (a adminPage) routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/admin", Access: web.Needs(portal.Admin), Handler: a.show}}
}

func (a adminPage) show(w http.ResponseWriter, r *http.Request) error {
	page := &web.Page{}
	page.Title, page.Section = web.Printer(r).T("server.admin.title"), "admin"
	return a.renderer.Render(w, r, http.StatusOK, "server/admin", page)
}
