package server

import (
	"net/http"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// assisted are the pages of a collectivity that who operates the pool opens while she
// assists it. Any other route is not there for her, a new one included: mail, agendas,
// documents, news and the directory of the desk are content; links to a password,
// invitations, the address of a card and the method of sign-in would let her in as
// somebody who reads it; exports carry data away.
var assisted = []string{
	"GET /admin",
	"GET /admin/agents", "GET /admin/agents/{id}", "POST /admin/agents/{id}/groups",
	"GET /admin/agents/{id}/close", "POST /admin/agents/{id}/close", "POST /admin/agents/{id}/reopen",
	"GET /admin/units", "GET /admin/units/new", "POST /admin/units", "GET /admin/units/{id}", "POST /admin/units/{id}",
	"POST /admin/units/{id}/shift", "GET /admin/units/{id}/empty", "POST /admin/units/{id}/empty", "POST /admin/units/{id}/delete",
	"GET /admin/groups", "POST /admin/groups", "GET /admin/groups/{id}", "POST /admin/groups/{id}",
	"POST /admin/groups/{id}/delete", "POST /admin/groups/{id}/restore",
	"POST /admin/groups/{id}/members/{agent}/add", "POST /admin/groups/{id}/members/{agent}/remove",
	"GET /admin/rights", "POST /admin/rights", "POST /admin/rights/{id}/take", "POST /admin/rights/{id}/give-back",
	"GET /admin/applications", "GET /admin/applications/new", "POST /admin/applications",
	"GET /admin/applications/{id}", "POST /admin/applications/{id}", "POST /admin/applications/{id}/delete", "POST /admin/applications/{id}/restore",
	"GET /admin/applications/{id}/access", "POST /admin/applications/{id}/access",
	"POST /admin/applications/{id}/access/{agent}/revoke", "POST /admin/applications/{id}/access/{agent}/restore",
	"GET /admin/home", "GET /admin/home/everyone", "POST /admin/home/everyone", "POST /admin/home/everyone/reset", "POST /admin/home/everyone/restore",
	"GET /admin/home/groups/{group}", "POST /admin/home/groups/{group}", "POST /admin/home/groups/{group}/reset",
	"POST /admin/home/groups/{group}/restore", "POST /admin/home/groups/{group}/first",
	"GET /admin/identity", "POST /admin/identity", "POST /admin/identity/logo", "POST /admin/identity/logo/remove",
	"POST /admin/identity/logo/restore/{version}",
	"GET /admin/sign-in", "GET /admin/sign-in/factors", "GET /admin/journal",
}

// assisting is the list with the journal: each page that is opened is a line there,
// by the login of who opens it.
func (s *Server) assisting() web.Assisting {
	routes := map[string]bool{}
	for _, route := range assisted {
		routes[route] = true
	}
	return web.Assisting{Routes: routes, Tell: func(r *http.Request, caller portal.Caller) error {
		line := audit.By(caller, audit.AssistanceSaw)
		if r.Method == http.MethodPost {
			line.Action = audit.AssistanceDid
		}
		line.Object, line.Address = r.URL.Path, web.ClientAddr(r)
		return audit.Write(r.Context(), s.DB, line)
	}}
}
