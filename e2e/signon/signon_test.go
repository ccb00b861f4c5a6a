package signon_test

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
	"parvis/sso/ssotest"
)

// desk is a portal at a host of its own and applications of bourg at others, by
// each protocol: opening one leads to the sign-in, and from there to its page.
type desk struct {
	*servertest.Portal
	address string            // of the portal
	apps    map[string]string // "cas", "openid", "forward", and "strict …", which ask for a second factor
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	d := &desk{Portal: p, address: named(p), apps: map[string]string{}}
	for _, strict := range []bool{false, true} {
		prefix := map[bool]string{false: "", true: "strict "}[strict]
		for name, kind := range map[string]sso.ApplicationKind{"cas": sso.KindCAS, "openid": sso.KindOIDC, "forward": sso.KindForward} {
			id := strings.ReplaceAll(prefix, " ", "-") + name
			at := d.serve(t, id, kind)
			address := map[sso.ApplicationKind]string{sso.KindCAS: at + "/", sso.KindForward: at + "/", sso.KindOIDC: at + "/back"}[kind]
			p.Register(servertest.Application{Collectivity: "bourg", ID: id, Kind: kind, Addresses: []string{address}, SecondFactor: strict})
			d.apps[prefix+name] = at
		}
	}
	return d
}

// serve starts an application that sends who is new to the portal, and shows whom
// the portal sent.
func (d *desk) serve(t *testing.T, id string, kind sso.ApplicationKind) (at string) {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		back := r.URL.Query()
		switch {
		case r.URL.Path == "/favicon.ico":
		case kind == sso.KindForward || back.Has("ticket") || back.Has("code"):
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><html lang="fr"><title>%[1]s</title><link rel="icon" href="data:,"><p>Bienvenue dans %[1]s`, html.EscapeString(id))
		case kind == sso.KindCAS:
			http.Redirect(w, r, d.address+"/cas/login?"+url.Values{"service": {server.URL + "/"}}.Encode(), http.StatusFound)
		default:
			client, err := d.OpenID.ClientOf(r.Context(), d.Caller("admin@bourg.example", "bourg"), id)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			http.Redirect(w, r, d.address+"/oidc/bourg/authorize?"+url.Values{
				"client_id": {client.ID}, "redirect_uri": {server.URL + "/back"},
				"response_type": {"code"}, "scope": {"openid"},
			}.Encode(), http.StatusFound)
		}
	}))
	t.Cleanup(server.Close)
	if kind == sso.KindForward {
		return servers.Nginx(t, d.address, server.URL)
	}
	return server.URL
}

// clients makes those by OpenID known, once they are registered.
func (d *desk) clients(t *testing.T) {
	t.Helper()
	for _, id := range []string{"openid", "strict-openid"} {
		if _, _, err := d.OpenID.SetClient(t.Context(), d.Caller("admin@bourg.example", "bourg"), openid.Client{Application: id}, false); err != nil {
			t.Fatal(err)
		}
	}
}

// window is a private one that may ask every host of the story.
func (d *desk) window(t *testing.T) *browser.Page {
	t.Helper()
	page := browser.New(t)
	for _, at := range append(slices.Collect(maps.Values(d.apps)), d.address) {
		page.AllowHost(strings.TrimPrefix(at, "http://"))
	}
	return page
}

// passwordOn fills in both pages of a sign-in under way.
func passwordOn(page *browser.Page, login string) {
	page.Fill("#login", login)
	page.Follow("button.main")
	page.Fill("#password", servertest.Password)
	page.Follow("button.main")
}

// TestSignInsEndAtTheirApplication: browsers follow the redirects of a form only
// where its page allows it, so each protocol is tried with the form of the
// password, with that of the second factor, with and without JavaScript.
func TestSignInsEndAtTheirApplication(t *testing.T) {
	d := newDesk(t)
	d.clients(t)
	codes := d.addFactor(t, "collegue@bourg.example")
	for _, story := range []struct {
		protocol        string
		scripts, second bool
	}{
		{"cas", true, false}, {"cas", false, true}, {"openid", true, true}, {"openid", false, false}, {"forward", true, true}, {"forward", false, false},
	} {
		page := d.window(t)
		if !story.scripts {
			page.NoJavaScript()
		}
		if !story.second {
			page.Open(d.apps[story.protocol])
			passwordOn(page, "agent@bourg.example")
			page.MustSee("Bienvenue dans " + story.protocol)
			continue
		}
		page.Open(d.apps["strict "+story.protocol])
		passwordOn(page, "collegue@bourg.example")
		page.Follow("text=Donner un code de secours")
		page.Fill("#code", codes[0])
		codes = codes[1:]
		page.Follow("button.main")
		page.MustSee("Bienvenue dans strict-" + story.protocol)
	}
}

// TestWhoIsSignedInRaisesHerSession for an application that asks for a second
// factor, and ends there: here she makes one first.
func TestWhoIsSignedInRaisesHerSession(t *testing.T) {
	d := newDesk(t)
	d.clients(t)
	page := d.window(t)
	page.SignIn(d.address, "agent@bourg.example", servertest.Password)
	page.Open(d.apps["strict openid"])
	page.Fill("#code", ssotest.Code(t, page.Text("code.secret"), time.Now()))
	page.Follow("button.main")
	page.Follow("main a.button.main")
	page.MustSee("Bienvenue dans strict-openid")
	page.Open(d.apps["strict forward"])
	page.MustSee("Bienvenue dans strict-forward")
}

// addFactor gives a person an application that makes codes, and returns her
// recovery codes.
func (d *desk) addFactor(t *testing.T, login string) (codes []string) {
	t.Helper()
	page := d.window(t)
	page.SignIn(d.address, login, servertest.Password)
	page.Open(d.address + "/account/factors/app")
	page.Fill("#code", ssotest.Code(t, page.Text("code.secret"), time.Now()))
	page.Follow("button.main")
	page.Evaluate(`[...document.querySelectorAll('.codes li code')].map(e => e.textContent)`, &codes)
	return codes
}

// TestTwoTabsSignInAtOnce: each ends at the application that it began with; going
// back shows no form that signs in anew, and a sign-out in one tab is seen in the
// other.
func TestTwoTabsSignInAtOnce(t *testing.T) {
	d := newDesk(t)
	d.clients(t)
	first := d.window(t)
	second := first.Tab()
	first.Open(d.apps["cas"])
	second.Open(d.apps["openid"])
	first.Fill("#login", "agent@bourg.example")
	second.Fill("#login", "agent@bourg.example")
	first.Follow("button.main")
	second.Follow("button.main")
	second.Fill("#password", servertest.Password)
	second.Follow("button.main")
	second.MustSee("Bienvenue dans openid")
	first.Fill("#password", servertest.Password)
	first.Follow("button.main")
	first.MustSee("Bienvenue dans cas")

	first.Back()
	if strings.Contains(first.URL(), d.address) && strings.Contains(string(first.Source()), servertest.Password) {
		t.Error("the password is still in the page before")
	}
	second.Open(d.address + "/")
	first.Open(d.address + "/")
	first.Follow(".leave button")
	second.Reload()
	second.Wait("#login")
}

// TestTwoTabsAtTheSecondFactor: the form of the first is refused once the second
// began a sign-in anew. It says so, and ends where it began, as does the other.
func TestTwoTabsAtTheSecondFactor(t *testing.T) {
	d := newDesk(t)
	d.clients(t)
	codes := d.addFactor(t, "collegue@bourg.example")
	first := d.window(t)
	first.Allow("status of 4") // the form that is refused
	second := first.Tab()
	first.Open(d.apps["strict cas"])
	passwordOn(first, "collegue@bourg.example")
	second.Open(d.apps["strict openid"])
	passwordOn(second, "collegue@bourg.example")
	first.Fill("#code", "000000")
	first.Follow("button.main")
	first.MustSee("a repris dans un autre onglet")
	first.JudgeAndKeep(t, "factors/second-other-tab")
	first.Follow("text=Donner un code de secours")
	first.Fill("#code", codes[0])
	first.Follow("button.main")
	first.MustSee("Bienvenue dans strict-cas")
	second.Fill("#code", "000000")
	second.Follow("button.main") // she is in: nothing is asked of her anew
	second.MustSee("Bienvenue dans strict-openid")
}

// TestTwoTabsAtTheFirstFactor: who scanned the picture of one tab need not scan
// another.
func TestTwoTabsAtTheFirstFactor(t *testing.T) {
	d := newDesk(t)
	d.clients(t)
	first := d.window(t)
	first.Allow("status of 4") // the form that is refused
	second := first.Tab()
	first.Open(d.apps["strict cas"])
	passwordOn(first, "agent@bourg.example")
	secret := first.Text("code.secret")
	second.Open(d.apps["strict openid"]) // asks no password: the collectivity lets her in with one
	first.Fill("#code", "000000")
	first.Follow("button.main")
	first.MustSee("a repris dans un autre onglet")
	if again := first.Text("code.secret"); again != secret {
		t.Errorf("the picture is now %q, was %q", again, secret)
	}
	first.JudgeAndKeep(t, "factors/first-other-tab")
	first.Fill("#code", ssotest.Code(t, secret, time.Now()))
	first.Follow("button.main")
	first.Follow("main a.button.main")
	first.MustSee("Bienvenue dans strict-cas")
	second.Fill("#code", "000000")
	second.Follow("button.main")
	second.MustSee("Bienvenue dans strict-openid")
}
