package server

import (
	"embed"
	"net/http"

	"parvis/portal/i18n"
	"parvis/portal/web"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed locales/*.json
var locales embed.FS

// standing serves the pages that the law or plain courtesy wants on every
// site: help, site map, accessibility, legal notice, personal data. They are
// open to all, in the frame of who asks.
type standing struct{ renderer *web.Renderer }

var standingPages = []string{"help", "sitemap", "accessibility", "legal", "privacy"}

func (s standing) routes() []web.Route {
	routes := []web.Route{{Method: "POST", Path: "/language", Access: web.Public, Handler: s.setLanguage}}
	for _, name := range standingPages {
		routes = append(routes, web.Route{Method: "GET", Path: "/" + name, Access: web.Public, Handler: s.page(name)})
	}
	return routes
}

func (s standing) page(name string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		page := &web.Page{}
		page.Title, page.Section = web.Printer(r).T("server."+name+".title"), name
		return s.renderer.Render(w, r, http.StatusOK, "server/"+name, page)
	}
}

// setLanguage is the link at the foot of every page. It holds for this
// browser; an account's own choice, made on its page, goes first.
func (s standing) setLanguage(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if lang, ok := i18n.Parse(r.PostForm.Get("language")); ok {
		web.SetLanguage(w, r, lang)
	}
	return web.Redirect(w, r, web.LocalPath(r.PostForm.Get("next")))
}
