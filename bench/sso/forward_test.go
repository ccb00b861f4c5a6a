package sso

import (
	"net/http"
	"net/url"
	"testing"

	"parvis/applications"
	"parvis/directory"
	"parvis/server/servertest"
	"parvis/sso"
)

// BenchmarkForwardAuth is what nginx asks at each request for a page of an
// application that it protects.
func BenchmarkForwardAuth(b *testing.B) {
	p := servertest.NewWith(b, func(c *servertest.Config) { c.TrustedProxies = []string{"192.0.2.1"} })
	origin := "https://gestion.bourg.example"
	address, err := sso.ParseAddress(origin + "/")
	if err != nil {
		b.Fatal(err)
	}
	_, err = p.Applications.Create(b.Context(), directory.Installation("bourg"), applications.Application{
		ID: "gestion", Name: "Gestion", URL: origin + "/", Kind: sso.KindForward, Addresses: []sso.Address{address},
		Releases: []applications.Release{{Name: "mail", Attribute: applications.Email}},
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	signed, account := session(b, p)
	start := ask(http.MethodGet, "/forward/start?"+url.Values{"to": {origin + "/dossiers?id=4"}}.Encode(), nil, signed.Cookies()...)
	back, err := url.Parse(answer(b, p, start, http.StatusSeeOther).Header.Get("Location"))
	if err != nil {
		b.Fatal(err)
	}
	handed := ask(http.MethodGet, back.RequestURI(), nil)
	handed.Host = back.Host
	handed.Header.Set("X-Original-URL", back.String())
	cookies := answer(b, p, handed, http.StatusSeeOther).Cookies()
	check := func() {
		asked := ask(http.MethodGet, "/forward/nginx", nil, cookies...)
		asked.Header.Set("X-Original-URL", origin+"/dossiers?id=4")
		answer(b, p, asked, http.StatusOK)
	}
	b.Run("warm", func(b *testing.B) { both(b, check) })
	b.Run("read-anew", func(b *testing.B) {
		both(b, func() {
			p.SSO.Forget(account)
			check()
		})
	})
}
