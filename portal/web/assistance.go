package web

import (
	"net/http"
	"time"

	"parvis/portal"
	"parvis/themes"
)

// Assistance is the help that who operates the pool gives to a collectivity, as its
// administrator, for a limited time that the collectivity sees.
type Assistance struct {
	ID      string
	Account portal.AccountID // whose
	Login   string           // of that account
	Reason  string
	Ends    time.Time
}

// Assists says whether a caller administers a collectivity without being one of its
// agents: she operates the pool, and assists it.
func Assists(caller portal.Caller) bool { return caller.Assists() }

// Assisting are the routes that who assists may open, "GET /admin/agents", and what
// tells the collectivity of each, before it is opened: what can't be told is not done.
type Assisting struct {
	Routes map[string]bool
	Tell   func(r *http.Request, caller portal.Caller) error
}

// admitHelper answers for who assists: she opens what is on the list, and for the
// rest there is no such page. Once her time is over she is back in the pool.
func (rt *Router) admitHelper(w *recorder, r *http.Request, route *Route, identity *Identity) (refused bool) {
	help := identity.Collectivity.Assistance
	switch {
	case help == nil || !rt.config.Now().Before(help.Ends), r.URL.Path == "/" && r.Method == http.MethodGet:
		to := "/admin"
		if help == nil || !rt.config.Now().Before(help.Ends) {
			to = "/pool"
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return true
	case !rt.config.Assisting.Routes[route.Method+" "+route.Path]:
		rt.failAs(w, r, portal.ErrNotFound)
		return true
	}
	if err := rt.config.Assisting.Tell(r, identity.Caller); err != nil {
		rt.fail(w, r, err)
		return true
	}
	return false
}

// helpShown is what pages say of an assistance: to who gives it, and to those who
// govern the collectivity.
func helpShown(about *request) *themes.Help {
	help, caller := about.identity.Collectivity.Assistance, about.identity.Caller
	if help == nil || !about.now.Before(help.Ends) || !caller.Can(portal.Admin) {
		return nil
	}
	ends := about.printer.Clock(help.Ends.In(about.now.Location()))
	if Assists(caller) {
		return &themes.Help{
			Text:   about.printer.T("web.assist.given", "name", about.identity.Collectivity.Name, "until", ends),
			Action: "/pool/assistance/end",
		}
	}
	return &themes.Help{
		Text:   about.printer.T("web.assist.taken", "who", help.Login, "until", ends, "reason", help.Reason),
		Action: "/admin/assistance/" + help.ID + "/end", Href: "/admin/assistance",
	}
}
