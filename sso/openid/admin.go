package openid

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/sso"
)

// adminRoutes are the pages by which an administrator makes an application a
// client.
func (p *Provider) adminRoutes() []web.Route {
	const at = "/admin/applications/{application}/openid"
	return []web.Route{
		{Method: "GET", Path: at, Access: web.Needs(portal.ManageApplications), Handler: p.showClient},
		{Method: "POST", Path: at, Access: web.Needs(portal.ManageApplications), MaxBody: maxForm, Handler: p.saveClient},
	}
}

// clientPage is what whoever sets an application up copies into it.
type clientPage struct {
	web.Page
	Form        web.Form
	Application sso.Application
	Client      Client
	Issuer      string
	Secret      string // just drawn; it can't be read later
	PostLogout  string // one a line
	ProConnect  bool   // the fields hold what ProConnect wants
}

func (p *Provider) showClient(w http.ResponseWriter, r *http.Request) error {
	client, err := p.ClientOf(r.Context(), web.CallerOf(r), web.Var(r, "application"))
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	page := &clientPage{Client: client, PostLogout: strings.Join(client.PostLogout, "\n")}
	if err == nil {
		return p.renderClient(w, r, http.StatusOK, page)
	}
	application, err := p.applications.Application(r.Context(), sso.KindOIDC, web.CallerOf(r).Collectivity, web.Var(r, "application"))
	if err != nil {
		return err
	}
	page.offerProConnect(application)
	return p.renderClient(w, r, http.StatusOK, page)
}

// offerProConnect fills in what ProConnect wants of an identity provider, for an
// application that answers at its address and is no client yet.
func (page *clientPage) offerProConnect(application sso.Application) {
	for _, address := range application.Addresses {
		if address.Path == "/api/v2/oidc-callback" {
			page.ProConnect, page.Client.UserinfoAlgorithm = true, "RS256"
			page.PostLogout = strings.TrimSpace(page.PostLogout + "\n" + address.Origin + "/api/v2/client/logout-callback")
		}
	}
}

func (p *Provider) renderClient(w http.ResponseWriter, r *http.Request, status int, page *clientPage) (err error) {
	caller := web.CallerOf(r)
	page.Application, err = p.applications.Application(r.Context(), sso.KindOIDC, caller.Collectivity, web.Var(r, "application"))
	if err != nil {
		return err
	}
	page.Issuer = web.BaseURL(r) + "/oidc/" + string(caller.Collectivity)
	page.Title, page.Section = web.Printer(r).T("openid.client.title", "name", page.Application.Name), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return p.renderer.Render(w, r, status, "openid/client", page)
}

// saveClient shows a new secret in its own answer: no redirect should carry it.
func (p *Provider) saveClient(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	typed := r.PostFormValue("post_logout")
	client := Client{
		Application: web.Var(r, "application"), Public: r.PostFormValue("public") != "", Algorithm: r.PostFormValue("algorithm"),
		UserinfoAlgorithm: r.PostFormValue("userinfo_algorithm"), PostLogout: strings.Fields(typed), BackChannel: strings.TrimSpace(r.PostFormValue("back_channel")),
	}
	id, secret, err := p.SetClient(r.Context(), web.CallerOf(r), client, r.PostFormValue("do") == "renew")
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return p.renderClient(w, r, http.StatusUnprocessableEntity, &clientPage{Form: form, Client: client, PostLogout: typed})
	}
	if err != nil {
		return err
	}
	if secret == "" {
		web.SetFlash(w, r, "openid.client.saved")
		return web.Redirect(w, r, r.URL.Path)
	}
	client.ID = id
	return p.renderClient(w, r, http.StatusOK, &clientPage{Client: client, Secret: secret, PostLogout: typed})
}
