package openid_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/e2e/servers"
	"parvis/server/servertest"
	"parvis/sso/openid"
)

func TestDescription(t *testing.T) {
	r := newRelying(t)
	for path, issuer := range map[string]string{"/oidc/bourg": r.URL + "/oidc/bourg", "": r.URL} {
		var said map[string]any
		body := r.Anonymous().Get(path+"/.well-known/openid-configuration").Want(t, 200).Body
		if err := json.Unmarshal([]byte(body), &said); err != nil || said["issuer"] != issuer || said["request_uri_parameter_supported"] != false {
			t.Errorf("%s: %v, %v", path, said, err)
		}
	}
	for _, path := range []string{"/oidc/agglo", "/oidc/nowhere", "/oidc/_"} {
		if answer := r.Anonymous().Get(path + "/.well-known/openid-configuration"); answer.Status != 404 {
			t.Errorf("%s: %d, want 404", path, answer.Status)
		}
	}
	r.issuer = "/oidc/_"
	answer := r.authorize()
	if values, err := url.Parse(answer.Header.Get("Location")); err != nil || values.Query().Get("iss") != r.URL || values.Query().Get("code") == "" {
		t.Errorf("the pool's issuer: %d to %q", answer.Status, answer.Header.Get("Location"))
	}
}

// TestACollectivityKeepsToItself: neither an issuer of another, nor an agent of
// another, reaches a client.
func TestACollectivityKeepsToItself(t *testing.T) {
	r := newRelying(t)
	r.register("agglo", "app", redirect)
	ctx := context.Background()
	if _, _, err := r.provider.SetClient(ctx, r.Caller("admin@agglo.example", "agglo"), openid.Client{Application: "app"}, false); err != nil {
		t.Fatal(err)
	}
	answer := r.browser.Get("/oidc/agglo/authorize?" + r.request().Encode())
	if answer.Status != 400 || answer.Header.Get("Location") != "" {
		t.Errorf("agglo's issuer answers for bourg's client: %d", answer.Status)
	}
	code := r.code()
	r.issuer = "/oidc/agglo"
	if status, _ := r.exchange(code); status != 401 {
		t.Errorf("agglo's issuer takes a code of bourg's: %d", status)
	}
	r.issuer = "/oidc/bourg"
	token := r.tokens()["access_token"].(string)
	if answer := r.Anonymous().Do("GET", "/oidc/agglo/userinfo", nil, "Authorization", "Bearer "+token); answer.Status != 401 {
		t.Errorf("agglo's userinfo takes a token of bourg's: %d", answer.Status)
	}
	r.browser = r.As("agent@agglo.example")
	if answer := r.authorize(); answer.Status != 403 || answer.Header.Get("Location") != "" {
		t.Errorf("an agent of agglo opens bourg's application: %d", answer.Status)
	}
	if got := r.fault("prompt", "none"); got != "access_denied" {
		t.Errorf("the same with prompt=none: %q", got)
	}
}

// TestLogoutFromTheApplication ends the session it names, and no other.
func TestLogoutFromTheApplication(t *testing.T) {
	r := newRelying(t)
	said := r.tokens()
	leave := func(pairs ...string) servertest.Answer {
		values := url.Values{"post_logout_redirect_uri": {"https://app.bourg.example/bye"}, "state": {"s"}, "client_id": {r.id}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return r.browser.Get(r.issuer + "/logout?" + values.Encode())
	}
	leave().Want(t, 200, "Se déconnecter")
	r.browser.Get("/account").Want(t, 200)
	if answer := leave("post_logout_redirect_uri", "https://evil.example/"); answer.Status != 400 || answer.Header.Get("Location") != "" {
		t.Errorf("an address of nobody: %d", answer.Status)
	}
	answer := leave("id_token_hint", said["id_token"].(string)).Want(t, 303)
	if got := answer.Header.Get("Location"); got != "https://app.bourg.example/bye?state=s" {
		t.Errorf("back to %q", got)
	}
	r.browser.Get("/account").Want(t, 303)
}

// TestApplicationsAreToldWhenTheSessionEnds by a token that they can verify.
func TestApplicationsAreToldWhenTheSessionEnds(t *testing.T) {
	r := newRelying(t)
	said := r.tokens()
	session := r.claims(said["id_token"])["sid"]
	r.browser.Post("/sign-out").Want(t, 303)
	form := r.back.next(t)
	claims := r.claims(form.Get("logout_token"))
	events, _ := claims["events"].(map[string]any)
	if claims["sid"] != session || claims["aud"] != r.id || events["http://schemas.openid.net/event/backchannel-logout"] == nil || claims["nonce"] != nil || claims["jti"] == nil {
		t.Errorf("logout token: %v", claims)
	}
}

// TestARealClientIsServed drives npm's openid-client, which verifies what it is
// told: signature, issuer, audience, nonce, state, at_hash, subject of userinfo.
// opens has a real client sign the browser's person in.
func (r *relying) opens(real *servers.Relying) (told struct{ Claims, Userinfo map[string]any }) {
	r.t.Helper()
	var begun struct{ URL string }
	real.Ask(map[string]string{
		"do": "begin", "issuer": r.URL + "/oidc/bourg", "id": r.id, "secret": r.secret, "redirect": redirect,
		"scope": "openid profile email offline_access",
	}, &begun)
	address, err := url.Parse(begun.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	back := r.browser.Get(address.RequestURI()).Want(r.t, 303)
	real.Ask(map[string]string{"do": "finish", "url": back.Header.Get("Location")}, &told)
	return told
}

func TestARealClientIsServed(t *testing.T) {
	r, real := newRelying(t), servers.NewRelying(t)
	first := r.opens(real)
	if first.Userinfo["name"] != "Camille Le Goff" || first.Claims["sub"] != first.Userinfo["sub"] {
		t.Errorf("told %v, %v", first.Claims, first.Userinfo)
	}
	second := first
	real.Ask(map[string]string{"do": "refresh"}, &second)
	if second.Claims["sub"] != first.Claims["sub"] {
		t.Errorf("another person after a refresh: %v", second.Claims)
	}
}

// TestClockSkewOfAnApplicationIsTakenByItsTokens: a client whose clock is nine minutes
// away, before or behind, believes them; they say nothing of a beginning.
func TestClockSkewOfAnApplicationIsTakenByItsTokens(t *testing.T) {
	r, real := newRelying(t), servers.NewRelying(t)
	for _, ahead := range []string{"540", "-540"} {
		real.Ask(map[string]string{"do": "clock", "ahead": ahead}, &struct{}{})
		claims := r.opens(real).Claims
		issued, ends := claims["iat"].(float64), claims["exp"].(float64)
		if now := float64(time.Now().Unix()); claims["nbf"] != nil || issued > now || issued < now-60 || ends-issued != 600 {
			t.Errorf("clock %s s ahead: %v", ahead, claims)
		}
	}
}

// TestAnAdministratorMakesAClient by the page, reads its secret once, and the
// client works.
func TestAnAdministratorMakesAClient(t *testing.T) {
	r := newRelying(t)
	r.register("bourg", "wiki", redirect)
	admin := r.As("admin@bourg.example")
	admin.Get("/admin/applications/wiki/openid").Want(t, 200, r.URL+"/oidc/bourg", redirect)
	refused := admin.Post("/admin/applications/wiki/openid", "algorithm", "none", "post_logout", "javascript:alert(1)")
	if refused.Status != 422 || !strings.Contains(refused.Body, "javascript:alert(1)") {
		t.Errorf("a refused form: %d, without what was typed", refused.Status)
	}
	made := admin.Post("/admin/applications/wiki/openid", "algorithm", "ES256", "post_logout", "https://app.bourg.example/bye").Want(t, 200).Body
	read := func(before string) string {
		_, rest, _ := strings.Cut(made, before)
		text, _, _ := strings.Cut(rest, "</code>")
		return text
	}
	r.secret = read(`<code class="secret">`)
	if strings.Contains(admin.Get("/admin/applications/wiki/openid").Body, r.secret) {
		t.Error("the secret is shown again")
	}
	client, err := r.provider.ClientOf(t.Context(), r.Caller("admin@bourg.example", "bourg"), "wiki")
	if err != nil {
		t.Fatal(err)
	}
	r.id = client.ID
	r.tokens()
	r.As("agent@bourg.example").Get("/admin/applications/wiki/openid").Want(t, 404)
	r.As("admin@agglo.example").Get("/admin/applications/wiki/openid").Want(t, 404)
}
