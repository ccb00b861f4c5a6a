package directory

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// brandingRoutes are the page of a collectivity's name, colour and logo, and the
// logo itself, which the page of sign-in shows too.
func (h *Handler) brandingRoutes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: "/logo/{file}", Access: web.Public, Handler: h.logo},
		{Method: "GET", Path: "/admin/identity", Access: admin, Handler: h.showBranding},
		{Method: "POST", Path: "/admin/identity", Access: admin, Handler: h.takeBranding},
		{Method: "POST", Path: "/admin/identity/logo", Access: admin, MaxBody: MaxPhoto + 64<<10, Handler: h.takeLogo},
		{Method: "POST", Path: "/admin/identity/logo/remove", Access: admin, Handler: h.dropLogo},
		{Method: "POST", Path: "/admin/identity/logo/restore/{version}", Access: admin, Handler: h.restoreLogo},
	}
}

// logo serves one. Its address changes with it, so a browser keeps it.
func (h *Handler) logo(w http.ResponseWriter, r *http.Request) error {
	name, isPNG := strings.CutSuffix(web.Var(r, "file"), ".png")
	dash := strings.LastIndexByte(name, '-')
	if !isPNG || dash < 0 {
		return portal.ErrNotFound
	}
	octets, err := h.store.LogoPicture(r.Context(), portal.CollectivityID(name[:dash]), name[dash+1:])
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Length", strconv.Itoa(len(octets)))
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Write(octets) // a client that left is no fault of ours
	return nil
}

// brandingPage is how a collectivity is shown, with what becomes of a colour.
type brandingPage struct {
	web.Page
	Form      web.Form
	Typed     Branding
	Was       string
	Look      themes.Look
	Logo      logoForm
	Languages []i18n.Language
}

// logoForm is where a logo is sent.
type logoForm struct {
	Form    web.Form
	Picture themes.Picture
	Max     int64 // bytes
}

func (h *Handler) showBranding(w http.ResponseWriter, r *http.Request) error {
	page := &brandingPage{}
	if query := web.Query(r); query.Has("colour") {
		page.Typed = typedBranding(query.Get)
	}
	return h.renderBranding(w, r, http.StatusOK, page)
}

func typedBranding(field func(name string) string) Branding {
	value := func(name string) string { return strings.TrimSpace(field(name)) }
	return Branding{value("name"), value("long_name"), value("colour"), value("phone"), i18n.Language(value("language"))}
}

// renderBranding shows what was typed, or what is.
func (h *Handler) renderBranding(w http.ResponseWriter, r *http.Request, status int, page *brandingPage) error {
	c, err := h.store.Collectivity(r.Context(), web.CallerOf(r).Collectivity)
	if err != nil {
		return err
	}
	page.Was = c.Branding().Stamp()
	if page.Typed == (Branding{}) {
		page.Typed = c.Branding()
	}
	page.Look = themes.FirstLook(page.Typed.Name, page.Typed.Colour, c.Colour)
	page.Logo.Picture, page.Logo.Max = c.logo(), MaxPhoto
	page.Look.Logo = page.Logo.Picture
	page.Languages = i18n.Languages()
	page.Title, page.Section = web.Printer(r).T("directory.branding"), "admin"
	return h.renderer.Render(w, r, status, "directory/branding", page)
}

func (h *Handler) takeBranding(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	typed := typedBranding(r.PostFormValue)
	err := h.store.SetBranding(r.Context(), web.CallerOf(r), r.PostFormValue("was"), typed, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderBranding(w, r, web.StatusOf(err), &brandingPage{Form: form, Typed: typed})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.branding.saved")
	return web.Redirect(w, r, "/admin/identity")
}

func (h *Handler) takeLogo(w http.ResponseWriter, r *http.Request) error {
	octets, err := readPhoto(r)
	var before Logo
	if err == nil {
		before, err = h.store.SetLogo(r.Context(), web.CallerOf(r), octets, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		w.Header().Set("Connection", "close") // the rest of the file may still come
		return h.renderBranding(w, r, web.StatusOf(err), &brandingPage{Logo: logoForm{Form: form}})
	}
	if err != nil {
		return err
	}
	return h.logoShown(w, r, "directory.logo.saved", before)
}

func (h *Handler) dropLogo(w http.ResponseWriter, r *http.Request) error {
	before, err := h.store.SetLogo(r.Context(), web.CallerOf(r), nil, web.ClientAddr(r))
	if err != nil {
		return err
	}
	return h.logoShown(w, r, "directory.logo.dropped", before)
}

// logoShown says what was done, and offers the logo before, where there was one.
func (h *Handler) logoShown(w http.ResponseWriter, r *http.Request, said string, before Logo) error {
	if before.Version != "" {
		web.SetUndo(w, r, "directory.logo.undo", "/admin/identity/logo/restore/"+before.Version, said)
	} else {
		web.SetFlash(w, r, said)
	}
	return web.Redirect(w, r, "/admin/identity")
}

func (h *Handler) restoreLogo(w http.ResponseWriter, r *http.Request) error {
	_, err := h.store.RestoreLogo(r.Context(), web.CallerOf(r), web.Var(r, "version"), web.ClientAddr(r))
	if errors.Is(err, portal.ErrNotFound) {
		err = portal.UserError{Kind: portal.ErrNotFound, Key: "directory.error.logo.gone"}
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.logo.restored")
	return web.Redirect(w, r, "/admin/identity")
}
