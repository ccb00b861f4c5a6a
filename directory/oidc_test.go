package directory_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/sso"
	"parvis/sso/upstream"
)

// useOIDC makes a collectivity leave sign-in to the issuer.
func (h *house) useOIDC(t testing.TB, collectivity portal.CollectivityID, create bool) *servers.Provider {
	t.Helper()
	provider := servers.OIDC(t)
	client := provider.Register(t, []string{h.server.URL + "/sign-in/callback/" + string(collectivity)}, []string{h.server.URL + "/sign-in"})
	settings := got(json.Marshal(upstream.Settings{Issuer: provider.Issuer, ClientID: client.ID, Create: create}))(t)
	must(t, h.service.Methods.Set(context.Background(), sso.Method{Collectivity: collectivity, Kind: sso.OIDC, Settings: settings, Secret: client.Secret}))
	return provider
}

var goesOn = regexp.MustCompile(`^0; url=(.*)$`)

// toIssuer types a login and returns the issuer's address that the page leads to.
func (b *person) toIssuer(login, next string) string {
	b.t.Helper()
	form := url.Values{"login": {login}, "next": {next}}
	if b.kiosk {
		form.Set("kiosk", "1")
	}
	first := b.post("/sign-in", form)
	if first.location != "/sign-in/issuer" {
		b.t.Fatalf("login %q leads to %d %q", login, first.status, first.location)
	}
	page := b.get(first.location)
	found := goesOn.FindStringSubmatch(page.header.Get("Refresh"))
	if page.status != http.StatusOK || found == nil || !strings.Contains(html.UnescapeString(page.body), found[1]) {
		b.t.Fatalf("the page that leaves = %d, Refresh %q\n%s", page.status, page.header.Get("Refresh"), page.body)
	}
	return found[1]
}

// throughIssuer follows the issuer's redirects until it leads back to us.
func (b *person) throughIssuer(address string) (back string) {
	b.t.Helper()
	for range 10 {
		last := b.get(address)
		if last.location == "" {
			b.t.Fatalf("the issuer stops at %s: %d\n%s", address, last.status, last.body)
		}
		next := got(got(url.Parse(address))(b.t).Parse(last.location))(b.t).String()
		if strings.HasPrefix(next, b.house.server.URL) {
			return next
		}
		address = next
	}
	b.t.Fatal("the issuer redirects for ever")
	return ""
}

func TestAnIssuerSignsInTheAgentThatItVouchesFor(t *testing.T) {
	h := newHouse(t)
	h.useOIDC(t, "bourg", false)
	cecile := servers.PersonByUID("cecile.oconnor")
	h.hire(t, "bourg", cecile.Mail, directory.Agent{GivenName: cecile.GivenName, FamilyName: cecile.FamilyName})
	b := h.browser(t)
	back := b.throughIssuer(b.toIssuer(cecile.Mail, "/apps"))
	if last := b.get(back); last.status != http.StatusSeeOther || last.location != "/apps" {
		t.Fatalf("callback = %d to %q\n%s", last.status, last.location, last.body)
	}
	if got, want := b.home(), "home of "+cecile.Name()+" in bourg"; got != want {
		t.Errorf("home = %q, want %q", got, want)
	}
	// A second sign-in is linked by subject, whatever became of the address.
	again := h.browser(t)
	again.get(again.throughIssuer(again.toIssuer("CECILE.oconnor@bourg.example", ""))).want(t, http.StatusSeeOther)
	last := b.post("/sign-out", nil)
	found := goesOn.FindStringSubmatch(last.header.Get("Refresh"))
	if last.status != http.StatusOK || found == nil || !strings.Contains(found[1], "id_token_hint=") {
		t.Errorf("sign-out = %d, Refresh %q", last.status, last.header.Get("Refresh"))
	} else {
		b.get(found[1]).want(t, http.StatusOK) // the issuer asks whether to sign out
	}
	if last := b.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("after sign-out, home answers %d", last.status)
	}
}

func TestAnIssuerLetsInOnlyWhoIsKnownUnlessTold(t *testing.T) {
	h := newHouse(t)
	h.useOIDC(t, "bourg", false)
	marc := servers.PersonByUID("marc.dupont")
	b := h.browser(t)
	b.get(b.throughIssuer(b.toIssuer(marc.Mail, ""))).want(t, http.StatusForbidden, marc.Mail, "n’est pas celle d’un agent")
	h.useOIDC(t, "bourg", true)
	b = h.browser(t)
	b.get(b.throughIssuer(b.toIssuer(marc.Mail, ""))).want(t, http.StatusSeeOther)
	if got, want := b.home(), "home of "+marc.Name()+" in bourg"; got != want {
		t.Errorf("home = %q, want %q", got, want)
	}
}

func TestAnIssuerSpeaksForNoOtherDomain(t *testing.T) {
	h := newHouse(t)
	marc := servers.PersonByUID("marc.dupont")
	h.hire(t, "bourg", marc.Mail, directory.Agent{FamilyName: "Dupont"})
	h.useOIDC(t, "agglo", true) // agglo trusts an issuer that vouches for addresses of bourg
	b := h.browser(t)
	leave := got(url.Parse(b.toIssuer("luc@agglo.example", "")))(t)
	query := leave.Query()
	query.Set("login_hint", marc.Mail)
	leave.RawQuery = query.Encode()
	b.get(b.throughIssuer(leave.String())).want(t, http.StatusForbidden, "n’est pas celle d’un agent")
	if last := b.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("home answers %d", last.status)
	}
}

// TestAnIssuerIsNotHandedTheCodeOfAnother: that of agglo leads a browser, which came
// to sign in there, to bourg's, whose answer names no issuer.
func TestAnIssuerIsNotHandedTheCodeOfAnother(t *testing.T) {
	h := newHouse(t)
	var codes []string
	var rogue *httptest.Server
	rogue = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			codes = append(codes, r.PostFormValue("code"))
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		must(t, json.NewEncoder(w).Encode(map[string]string{
			"issuer": rogue.URL, "authorization_endpoint": rogue.URL + "/authorize", "token_endpoint": rogue.URL + "/token", "jwks_uri": rogue.URL + "/keys",
		}))
	}))
	t.Cleanup(rogue.Close)
	settings := got(json.Marshal(upstream.Settings{Issuer: rogue.URL, ClientID: "parvis"}))(t)
	must(t, h.service.Methods.Set(context.Background(), sso.Method{Collectivity: "agglo", Kind: sso.OIDC, Settings: settings, Secret: "secret"}))
	for _, at := range []string{"bourg", "agglo"} {
		b := h.browser(t)
		asked := got(url.Parse(b.toIssuer("luc@agglo.example", "")))(t).Query()
		if want := h.server.URL + "/sign-in/callback/agglo"; asked.Get("redirect_uri") != want {
			t.Errorf("redirect_uri %q, want %q", asked.Get("redirect_uri"), want)
		}
		b.get(h.server.URL+"/sign-in/callback/"+at+"?"+url.Values{"state": {asked.Get("state")}, "code": {"of " + at}}.Encode()).want(t, http.StatusForbidden)
	}
	if len(codes) != 1 || codes[0] != "of agglo" {
		t.Errorf("it was handed %q, want the code at its own address alone", codes)
	}
}

func TestAnIssuerOpensNoOtherCollectivity(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	h.useOIDC(t, "bourg", false)
	cecile := servers.PersonByUID("cecile.oconnor")
	caller := h.hire(t, "bourg", cecile.Mail, directory.Agent{GivenName: cecile.GivenName, FamilyName: cecile.FamilyName})
	got(h.CreateAgent(ctx, directory.Installation("agglo"), directory.Agent{Account: caller.Account, FamilyName: cecile.FamilyName}))(t)
	b := h.browser(t)
	b.get(b.throughIssuer(b.toIssuer(cecile.Mail, ""))).want(t, http.StatusSeeOther) // links her subject
	must(t, h.CloseAgent(ctx, directory.Installation("bourg"), caller.Agent, ""))
	b = h.browser(t)
	b.get(b.throughIssuer(b.toIssuer(cecile.Mail, ""))).want(t, http.StatusForbidden, closedText)
	if last := b.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("closed in bourg, bourg's issuer opens %q", last.body)
	}
}

func TestALoginOfNoDomainDoesNotShowItsAccount(t *testing.T) {
	h := newHouse(t)
	h.useOIDC(t, "bourg", false)
	h.hire(t, "bourg", "ag-0042", directory.Agent{FamilyName: "Sans adresse"})
	var pages []string
	for _, login := range []string{"ag-0042", "ag-0043"} { // the second is nobody's
		b := h.browser(t)
		if first := b.post("/sign-in", url.Values{"login": {login}}); first.location != "/sign-in/password" {
			t.Errorf("login %q leads to %q, want the page for the password", login, first.location)
		}
		asked := b.get("/sign-in/password")
		for range 4 {
			b.post("/sign-in/password", url.Values{"password": {password}}).want(t, http.StatusUnprocessableEntity, wrongText)
		}
		// Counted like a password that is judged, which also costs its time.
		b.post("/sign-in/password", url.Values{"password": {password}}).want(t, http.StatusTooManyRequests, waitText)
		pages = append(pages, strings.ReplaceAll(asked.body, login, "LOGIN"))
	}
	if pages[0] != pages[1] {
		t.Errorf("the pages for a known and an unknown login differ:\n%s\n%s", pages[0], pages[1])
	}
}

func TestAnAnswerOfAnotherSignInIsRefused(t *testing.T) {
	h := newHouse(t)
	provider := h.useOIDC(t, "bourg", true)
	marc := servers.PersonByUID("marc.dupont")
	thief, victim := h.browser(t), h.browser(t)
	stolen := thief.throughIssuer(thief.toIssuer(marc.Mail, ""))
	// Without a sign-in under way, and with another one: login fixation.
	victim.get(stolen).want(t, http.StatusForbidden, "autre navigateur")
	victim.toIssuer(marc.Mail, "")
	victim.get(stolen).want(t, http.StatusForbidden, "autre navigateur")

	change := func(name, value string) string {
		b := h.browser(t)
		back := got(url.Parse(b.throughIssuer(b.toIssuer(marc.Mail, ""))))(t)
		query := back.Query()
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
		back.RawQuery = query.Encode()
		last := b.get(back.String())
		if last.status != http.StatusForbidden {
			t.Errorf("%s=%q answers %d", name, value, last.status)
		}
		return last.body
	}
	change("state", "x")
	change("state", "")
	change("iss", "https://evil.example")
	change("code", "x")
	change("code", "")
	change("error", "access_denied")
	_ = provider

	b := h.browser(t)
	back := b.throughIssuer(b.toIssuer(marc.Mail, ""))
	b.get(back).want(t, http.StatusSeeOther)
	b.get(back).want(t, http.StatusForbidden) // replayed
}

// TestCVE_2026_2603_AnIssuerThatWasLeftLetsNobodyIn (Keycloak, which went on taking
// answers of an issuer that its administrator had disabled): also an answer to a
// question that was asked before.
func TestCVE_2026_2603_AnIssuerThatWasLeftLetsNobodyIn(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	h.useOIDC(t, "bourg", false)
	cecile := servers.PersonByUID("cecile.oconnor")
	h.hire(t, "bourg", cecile.Mail, directory.Agent{FamilyName: cecile.FamilyName})
	linked := h.browser(t)
	linked.get(linked.throughIssuer(linked.toIssuer(cecile.Mail, ""))).want(t, http.StatusSeeOther)
	for name, leave := range map[string]func(){
		"for passwords": func() { must(t, h.service.Methods.Set(ctx, sso.Method{Collectivity: "bourg", Kind: sso.Embedded})) },
		"for another issuer": func() {
			settings := got(json.Marshal(upstream.Settings{Issuer: "http://127.0.0.1:9", ClientID: "x"}))(t)
			must(t, h.service.Methods.Set(ctx, sso.Method{Collectivity: "bourg", Kind: sso.OIDC, Settings: settings}))
		},
	} {
		h.useOIDC(t, "bourg", false)
		b := h.browser(t)
		back := b.throughIssuer(b.toIssuer(cecile.Mail, ""))
		leave()
		if last := b.get(back); last.status == http.StatusSeeOther {
			t.Errorf("left %s, it leads to %q", name, last.location)
		}
		if home := b.get("/"); home.status != http.StatusSeeOther {
			t.Errorf("left %s, home answers %d", name, home.status)
		}
	}
}

func TestAnIssuerThatDoesNotAnswerIsSaidInASentence(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	for _, test := range []struct{ settings, says string }{
		{`{"issuer":"http://127.0.0.1:9","client_id":"x"}`, "ne répond pas"},
		{`{"issuer":"http://auth.bourg.example","client_id":"x"}`, "Les réglages du service de connexion"},
		{`{"issuer":"https://auth.bourg.example"}`, "Les réglages du service de connexion"},
		{`{"issuer":"https://auth.bourg.example","client_id":"x","misspelt":1}`, "Les réglages du service de connexion"},
	} {
		must(t, h.service.Methods.Set(ctx, sso.Method{Collectivity: "bourg", Kind: sso.OIDC, Settings: json.RawMessage(test.settings)}))
		b := h.browser(t)
		first := b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
		b.get(first.location).want(t, http.StatusServiceUnavailable, test.says)
		if err := h.service.Check(ctx, "bourg"); err == nil {
			t.Errorf("Check of %s finds nothing wrong", test.settings)
		}
	}
	h.useOIDC(t, "bourg", false)
	must(t, h.service.Check(ctx, "bourg"))
	h.browser(t).signIn("anne@bourg.example", password) // leads to the issuer
	b := h.browser(t)
	b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
	b.post("/sign-in/password", url.Values{"password": {password}}).want(t, http.StatusUnprocessableEntity, wrongText)
}
