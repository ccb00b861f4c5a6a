package server

import (
	"net/http"
	"slices"

	"parvis/portal"
	"parvis/portal/web"
)

// adminPage lists what the administrator of a collectivity decides.
type adminPage struct{ renderer *web.Renderer }

func (a adminPage) routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/admin", Access: web.Administrator, Handler: a.show}}
}

// adminShown is what the caller may govern.
type adminShown struct {
	web.Page
	Entries []adminEntry
}

// adminEntry leads to what a right governs.
type adminEntry struct {
	Key, Href, Icon string
	right           portal.Right
}

// adminEntries are in the order in which they are shown.
var adminEntries = []adminEntry{
	{"agents", "/admin/agents", "user", portal.ManageAgents},
	{"units", "/admin/units", "building", portal.ManageAgents},
	{"groups", "/admin/groups", "people", portal.ManageAgents},
	{"mirror", "/admin/mirror", "refresh", portal.Admin},
	{"cards", "/admin/directory", "eye", portal.ManageAgents},
	{"rights", "/admin/rights", "key", portal.Admin},
	{"applications", "/admin/applications", "apps", portal.ManageApplications},
	{"signin", "/admin/sign-in", "people", portal.Admin},
	{"factors", "/admin/sign-in/factors", "lock", portal.Admin},
	{"webhooks", "/admin/webhooks", "send", portal.Admin},
	{"journal", "/admin/journal", "list", portal.ReadJournal},
	{"export", "/admin/export", "download", portal.Admin},
	{"erasures", "/admin/erasures", "trash", portal.Admin},
	{"assistance", "/admin/assistance", "key", portal.Admin},
}

func (a adminPage) show(w http.ResponseWriter, r *http.Request) error {
	page := &adminShown{}
	for _, entry := range adminEntries {
		if helper := web.Assists(web.CallerOf(r)); helper && !slices.Contains(assisted, "GET "+entry.Href) {
			continue // a page that is not there for her
		}
		if web.CallerOf(r).Can(entry.right) {
			page.Entries = append(page.Entries, entry)
		}
	}
	page.Title, page.Section = web.Printer(r).T("server.admin.title"), "admin"
	return a.renderer.Render(w, r, http.StatusOK, "server/admin", page)
}
