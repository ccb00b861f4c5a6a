package pool

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/outgoing"
	"parvis/portal/web"
)

// networkRoutes are which addresses inside of the network a collectivity's settings may
// lead to.
func (h *Handler) networkRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/pool/collectivities/{id}/outgoing", Handler: h.showNetworks},
		{Method: "POST", Path: "/pool/collectivities/{id}/outgoing", Handler: h.takeNetworks},
	}
}

// networkPage asks for networks, and tries an address.
type networkPage struct {
	web.Page
	Form    web.Form
	ID      portal.CollectivityID
	Name    string
	Typed   string // networks, one a line
	Shown   string // those that hold, as outgoing.Shown
	Address string // to try
	Outcome string // of outgoing, "" for none tried
}

func (h *Handler) networks(r *http.Request) (*networkPage, error) {
	page := &networkPage{ID: portal.CollectivityID(web.Var(r, "id"))}
	c, err := h.Store.Collectivity(r.Context(), page.ID)
	if err != nil {
		return nil, err
	}
	all, err := h.Networks.Of(r.Context(), web.CallerOf(r), page.ID)
	for _, network := range all {
		text := network.String()
		if network.IsSingleIP() {
			text = network.Addr().String()
		}
		page.Typed += text + "\n"
	}
	page.Shown = outgoing.Shown(all)
	page.Name, page.Title = c.Name, web.Printer(r).T("pool.networks.of", "name", c.Name)
	return page, err
}

func (h *Handler) showNetworks(w http.ResponseWriter, r *http.Request) error {
	page, err := h.networks(r)
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "pool/networks", "", page, &page.Page)
}

// takeNetworks keeps what was typed, or tries an address with what holds now.
func (h *Handler) takeNetworks(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page, err := h.networks(r)
	if err != nil {
		return err
	}
	if r.PostFormValue("do") == "test" {
		page.Address = strings.TrimSpace(r.PostFormValue("address"))
		page.Outcome, err = h.Networks.Test(r.Context(), web.CallerOf(r), page.ID, page.Address)
	} else {
		page.Typed = r.PostFormValue("networks")
		shown := r.PostFormValue("shown")
		networks, refused := outgoing.ParseNetworks(lines(page.Typed))
		if err = refused; err == nil {
			err = h.Networks.Set(r.Context(), web.CallerOf(r), page.ID, shown, networks, web.ClientAddr(r))
		}
		if !errors.Is(err, portal.ErrConflict) { // who was told of another's change may save hers over it
			page.Shown = shown
		}
		if err == nil {
			web.SetFlash(w, r, "pool.networks.set")
			return web.Redirect(w, r, addressOf(page.ID)+"/outgoing")
		}
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.render(w, r, web.StatusOf(err), "pool/networks", "", page, &page.Page)
	}
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "pool/networks", "", page, &page.Page)
}
