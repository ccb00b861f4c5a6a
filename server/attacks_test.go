package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
	"parvis/sso/ssotest"
)

// gate is a portal with one application at ssotest.Registered by each protocol,
// and a browser where an agent who may open them is signed in.
type gate struct {
	*servertest.Portal
	t       testing.TB
	browser *servertest.Client
	client  string // client_id
}

func newGate(t testing.TB) *gate {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) {
		c.TrustedProxies, c.Applications.AllowInside = []string{"127.0.0.1"}, true // where listeners are
	})
	g := &gate{Portal: p, t: t, browser: p.As("agent@bourg.example")}
	for _, kind := range []sso.ApplicationKind{sso.KindCAS, sso.KindOIDC, sso.KindForward} {
		p.Register(servertest.Application{Collectivity: "bourg", ID: "finances-" + string(kind), Kind: kind, Addresses: []string{ssotest.Registered}})
	}
	id, _, err := p.OpenID.SetClient(t.Context(), p.Caller("admin@bourg.example", "bourg"),
		openid.Client{Application: "finances-" + string(sso.KindOIDC), PostLogout: []string{ssotest.Registered}}, false)
	if err != nil {
		t.Fatal(err)
	}
	g.client = id
	return g
}

// doors are the addresses of ours that lead to an address that somebody else
// wrote, and the status of a refusal.
func (g *gate) doors(to string) map[string]int {
	with := func(name string, pairs ...string) string {
		values := url.Values{name: {to}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values.Encode()
	}
	return map[string]int{
		"/cas/login?" + with("service"):                    http.StatusForbidden,
		"/cas/login?" + with("service", "gateway", "true"): http.StatusForbidden,
		"/oidc/bourg/authorize?" + with("redirect_uri", "client_id", g.client, "response_type", "code", "scope", "openid"): http.StatusBadRequest,
		"/oidc/bourg/logout?" + with("post_logout_redirect_uri", "client_id", g.client):                                    http.StatusBadRequest,
		"/forward/start?" + with("to"): http.StatusForbidden,
	}
}

// refuses fails the test when a door leads to one of the addresses, or anywhere.
func (g *gate) refuses(addresses []string) {
	g.t.Helper()
	for _, address := range addresses {
		for door, want := range g.doors(address) {
			answer := g.browser.Get(door)
			if answer.Status != want || answer.Header.Get("Location") != "" || answer.Header.Get("Refresh") != "" {
				g.t.Errorf("%s: %d to %q, want a page with %d", door, answer.Status, answer.Header.Get("Location"), want)
			}
		}
		if to := g.browser.Get("/sign-in?" + url.Values{"next": {address}}.Encode()).Header.Get("Location"); address != "/finances" && to != "/" {
			g.t.Errorf("next=%q leads to %q", address, to)
		}
	}
	if given := count(g.t, g.Portal, `SELECT (SELECT count(*) FROM openid_grants) + (SELECT count(*) FROM forward_sessions)`); given != 0 {
		g.t.Errorf("%d codes or cookies were given", given)
	}
}

func count(t testing.TB, p *servertest.Portal, query string) (rows int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), query).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestLookAlikesOfAnApplicationOpenNothing, whatever leads to it; its own address
// opens it.
func TestLookAlikesOfAnApplicationOpenNothing(t *testing.T) {
	g := newGate(t)
	g.refuses(ssotest.LookAlikes())
	for door := range g.doors(ssotest.Registered) {
		answer := g.browser.Get(door)
		if leads := answer.Header.Get("Location"); !strings.HasPrefix(leads, "https://app.bourg.example/") && !strings.Contains(answer.Body, ssotest.Registered) && !strings.Contains(door, "logout") {
			t.Errorf("%s: %d to %q", door, answer.Status, leads)
		}
	}
}

// TestCVE_2026_7504_SeveralAtSignsHideNoHost (Keycloak).
func TestCVE_2026_7504_SeveralAtSignsHideNoHost(t *testing.T) { newGate(t).refuses(ssotest.AtSigns()) }

// TestCVE_2026_3872_NoPathClimbsOutOfAnApplication (Keycloak).
func TestCVE_2026_3872_NoPathClimbsOutOfAnApplication(t *testing.T) {
	newGate(t).refuses(ssotest.Climbing())
}

// TestCVE_2022_39369_AHostThatABrowserChoosesGetsNoTicket (phpCAS, whose client
// took its service from such headers): nor do ours decide where a ticket goes.
func TestCVE_2022_39369_AHostThatABrowserChoosesGetsNoTicket(t *testing.T) {
	g := newGate(t)
	for _, header := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "Forwarded", "X-Original-URL"} {
		answer := g.browser.Do("GET", "/cas/login?"+url.Values{"service": {ssotest.Registered}}.Encode(), nil, header, "evil.example")
		if to := answer.Header.Get("Location"); !strings.HasPrefix(to, ssotest.Registered+"?ticket=ST-") {
			t.Errorf("%s leads the ticket to %q", header, to)
		}
	}
}

// TestCVE_2026_9086_NoScriptIsRegisteredAsAnAddress (Keycloak), in any case of its
// scheme, wherever an administrator writes an address.
func TestCVE_2026_9086_NoScriptIsRegisteredAsAnAddress(t *testing.T) {
	g := newGate(t)
	admin := g.As("admin@bourg.example")
	page := "/admin/applications/finances-" + string(sso.KindOIDC)
	for _, script := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", "DATA:text/html,x", "vbscript:x", "java\tscript:alert(1)", "javascript://app.bourg.example/%0aalert(1)"} {
		for _, form := range [][]string{
			{page + "/openid", "algorithm", "RS256", "post_logout", script},
			{page + "/openid", "algorithm", "RS256", "back_channel", script},
			{"/admin/applications", "name", "Piège", "url", script, "kind", "link", "subject", "login", "position", "0"},
			{"/admin/applications", "name", "Piège", "url", ssotest.Registered, "kind", "oidc", "addresses", script, "subject", "login", "position", "0"},
		} {
			if answer := admin.Post(form[0], form[1:]...); answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("%v: %d", form, answer.Status)
			}
		}
	}
	admin.Post("/admin/applications", "name", "Honnête", "url", ssotest.Registered, "kind", "oidc", "addresses", ssotest.Registered, "subject", "login", "position", "0").
		Want(t, http.StatusSeeOther)
}

// TestCVE_2023_44469_NothingIsFetchedForAStranger (LemonLDAP::NG): an
// authorization request makes us ask no address, nor does a pgtUrl of no
// application.
func TestCVE_2023_44469_NothingIsFetchedForAStranger(t *testing.T) {
	g := newGate(t)
	var asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(inside.Close)
	request := url.Values{"client_id": {g.client}, "redirect_uri": {ssotest.Registered}, "response_type": {"code"}, "scope": {"openid"}}
	for _, name := range []string{"request_uri", "registration", "policy_uri", "jwks_uri", "logo_uri", "sector_identifier_uri"} {
		values := url.Values{name: {inside.URL + "/secret"}}
		for key, value := range request {
			values[key] = value
		}
		for _, client := range []*servertest.Client{g.browser, g.Anonymous()} {
			if answer := client.Get("/oidc/bourg/authorize?" + values.Encode()); answer.Status != http.StatusSeeOther {
				t.Errorf("%s: %d", name, answer.Status)
			}
		}
	}
	ticket, err := url.Parse(g.browser.Get("/cas/login?" + url.Values{"service": {ssotest.Registered}}.Encode()).Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	validate := url.Values{"service": {ssotest.Registered}, "ticket": {ticket.Query().Get("ticket")}, "pgtUrl": {inside.URL + "/secret"}}
	g.Anonymous().Get("/cas/serviceValidate?"+validate.Encode()).Want(t, http.StatusOK, "INVALID_PROXY_CALLBACK")
	if asked.Load() != 0 {
		t.Errorf("an address inside was asked %d times", asked.Load())
	}
}

// TestCVE_2022_39222_WhoBeganARequestGetsNoCode (Dex), nor does who sent its link
// to the person who signs in (Keycloak CVE-2026-7507): the code goes to the
// browser that signed in, and to the application's own address.
func TestCVE_2022_39222_WhoBeganARequestGetsNoCode(t *testing.T) {
	g := newGate(t)
	thief, victim := g.Anonymous(), g.Anonymous()
	request := url.Values{"client_id": {g.client}, "redirect_uri": {ssotest.Registered}, "response_type": {"code"}, "scope": {"openid"}, "state": {"of-the-thief"}}
	sent, err := url.Parse(thief.Get("/oidc/bourg/authorize?"+request.Encode()).Want(t, http.StatusSeeOther).Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	waits := sent.Query().Get("next")
	polls := func(when string) {
		t.Helper()
		if to := thief.Get(waits).Header.Get("Location"); !strings.HasPrefix(to, "/sign-in?") {
			t.Errorf("%s, who began the request is led to %q", when, to)
		}
	}
	polls("before")
	victim.Post("/sign-in", "login", "agent@bourg.example", "next", waits).Want(t, http.StatusSeeOther)
	polls("between the steps")
	back := victim.Post("/sign-in/password", "password", servertest.Password).Want(t, http.StatusSeeOther)
	polls("after the sign-in")
	if to := victim.Get(back.Header.Get("Location")).Header.Get("Location"); !strings.HasPrefix(to, ssotest.Registered+"?code=") {
		t.Errorf("who signed in is led to %q", to)
	}
	polls("after the code")
	thief.Get("/account").Want(t, http.StatusSeeOther)
}
