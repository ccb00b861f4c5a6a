package server

import (
	"log/slog"
	"net/http"
	"slices"

	"parvis/portal"
	"parvis/portal/web"
)

// adminPage tells the administrator of a collectivity what asks for her attention, and
// lists what she decides.
type adminPage struct {
	renderer *web.Renderer
	sources  []concernSource
	log      *slog.Logger
}

func (a adminPage) routes() []web.Route {
	return []web.Route{{Method: "GET", Path: "/admin", Access: web.Administrator, Handler: a.show}}
}

// adminShown is what the caller may govern.
type adminShown struct {
	web.Page
	attention
	Shelves []adminShelf
}

// adminShelf is a part of what is governed, under one heading.
type adminShelf struct {
	Key     string
	Entries []adminEntry
}

// adminShelves are the entries of each heading, by their keys. An entry that is on none
// stands under the last.
var adminShelves = []struct {
	key     string
	entries []string
}{
	{"people", []string{"agents", "units", "groups", "cards", "mirror", "webhooks"}},
	{"access", []string{"rights", "applications", "signin", "factors", "kiosks"}},
	{"look", []string{"home", "identity"}},
	{"life", []string{"resources", "lendings", "journal", "assistance", "export", "erasures"}},
	{"more", nil},
}

// adminEntry leads to what a right governs.
type adminEntry struct {
	Key, Href, Icon string
	right           portal.Right
}

// adminEntries are in the order in which they are shown.
var adminEntries = []adminEntry{
	{"identity", "/admin/identity", "image", portal.Admin},
	{"home", "/admin/home", "home", portal.Admin},
	{"agents", "/admin/agents", "user", portal.ManageAgents},
	{"units", "/admin/units", "building", portal.ManageAgents},
	{"groups", "/admin/groups", "people", portal.ManageAgents},
	{"mirror", "/admin/mirror", "refresh", portal.Admin},
	{"cards", "/admin/directory", "eye", portal.ManageAgents},
	{"rights", "/admin/rights", "key", portal.Admin},
	{"applications", "/admin/applications", "apps", portal.ManageApplications},
	{"resources", "/admin/resources", "room", portal.Admin},
	{"lendings", "/admin/lendings", "repeat", portal.Admin},
	{"signin", "/admin/sign-in", "people", portal.Admin},
	{"factors", "/admin/sign-in/factors", "lock", portal.Admin},
	{"kiosks", "/admin/kiosks", "mobile", portal.Admin},
	{"webhooks", "/admin/webhooks", "send", portal.Admin},
	{"journal", "/admin/journal", "list", portal.ReadJournal},
	{"export", "/admin/export", "download", portal.Admin},
	{"erasures", "/admin/erasures", "trash", portal.Admin},
	{"assistance", "/admin/assistance", "key", portal.Admin},
}

// narrowed are the entries that are also there for who holds their right in some units.
var narrowed = []string{"agents", "units"}

func (e adminEntry) opens(caller portal.Caller) bool {
	return caller.Can(e.right) || slices.Contains(narrowed, e.Key) && caller.CanSomewhere(e.right)
}

func (a adminPage) show(w http.ResponseWriter, r *http.Request) error {
	page := &adminShown{attention: a.attend(r), Shelves: shelvesFor(web.CallerOf(r))}
	page.Title, page.Section = web.Printer(r).T("server.admin.title"), "admin"
	return a.renderer.Render(w, r, http.StatusOK, "server/admin", page)
}

// shelvesFor puts what the caller may govern under its headings.
func shelvesFor(caller portal.Caller) []adminShelf {
	opens, placed := opensFor(caller), map[string]bool{}
	shelf := func(key string, wanted func(entry adminEntry) bool) adminShelf {
		one := adminShelf{Key: key}
		for _, entry := range adminEntries {
			if !placed[entry.Key] && entry.opens(caller) && opens(entry.Href) && wanted(entry) {
				one.Entries, placed[entry.Key] = append(one.Entries, entry), true
			}
		}
		return one
	}
	var shelves []adminShelf
	for _, heading := range adminShelves {
		one := shelf(heading.key, func(entry adminEntry) bool {
			return heading.entries == nil || slices.Contains(heading.entries, entry.Key)
		})
		if len(one.Entries) > 0 {
			shelves = append(shelves, one)
		}
	}
	return shelves
}
