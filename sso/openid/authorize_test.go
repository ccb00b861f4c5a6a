package openid_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/sso/openid"
)

func TestResponseTypeMissing(t *testing.T) {
	r := newRelying(t)
	for kind, want := range map[string]string{
		"": "invalid_request", "token": "unsupported_response_type", "id_token": "unsupported_response_type", "code id_token": "unsupported_response_type",
	} {
		if got := r.fault("response_type", kind); got != want {
			t.Errorf("response_type %q: %s, want %s", kind, got, want)
		}
	}
}

func TestScopesAskForTheirClaims(t *testing.T) {
	r := newRelying(t)
	for scope, want := range map[string][]string{
		"openid":                       {},
		"openid profile":               {"name", "given_name", "family_name", "preferred_username", "locale"},
		"email openid":                 {"email", "email_verified"},
		"openid phone address":         {},
		"profile openid email unknown": {"name", "email"},
	} {
		_, person := r.userinfo(r.tokens("scope", scope)["access_token"])
		for _, name := range want {
			if person[name] == nil {
				t.Errorf("scope %q tells no %s: %v", scope, name, person)
			}
		}
		if !strings.Contains(scope, "email") && person["email"] != nil || !strings.Contains(scope, "profile") && person["name"] != nil {
			t.Errorf("scope %q tells more: %v", scope, person)
		}
	}
	if got := r.fault("scope", "profile"); got != "invalid_scope" {
		t.Errorf("without openid: %q", got)
	}
}

// TestParametersThatChangeNothing: display, ui_locales, claims_locales,
// acr_values, login_hint, unknown ones, no nonce.
func TestParametersThatChangeNothing(t *testing.T) {
	r := newRelying(t)
	for _, pairs := range [][]string{
		{"display", "page"},
		{"display", "popup"},
		{"ui_locales", "se"},
		{"claims_locales", "se"},
		{"acr_values", "eidas1 other"},
		{"login_hint", "somebody@bourg.example"},
		{"extra", "foobar"},
		{"prompt", "consent"},
		{"max_age", "10000"},
	} {
		r.tokens(pairs...)
	}
	if claims := r.claims(r.tokens("nonce", "")["id_token"]); claims["nonce"] != nil {
		t.Errorf("a nonce from nowhere: %v", claims["nonce"])
	}
}

func TestPromptNone(t *testing.T) {
	r := newRelying(t)
	r.tokens("prompt", "none")
	if got := r.fault("prompt", "none login"); got != "invalid_request" {
		t.Errorf("none and login: %q", got)
	}
	if got := r.fault("prompt", "none", "acr_values", "eidas3"); got != "login_required" {
		t.Errorf("none with a level that the session lacks: %q", got)
	}
	r.browser = r.Anonymous()
	if got := r.fault("prompt", "none"); got != "login_required" {
		t.Errorf("signed out: %q", got)
	}
}

// TestPromptLoginAndMaxAgeMoveAuthTime: both ask again, and the session goes on.
func TestPromptLoginAndMaxAgeMoveAuthTime(t *testing.T) {
	r := newRelying(t)
	first := r.authTime(r.authorize())
	time.Sleep(1100 * time.Millisecond)
	second := r.authTime(r.again(r.authorize("prompt", "login")))
	if second <= first {
		t.Errorf("prompt=login: auth_time %d after %d", second, first)
	}
	time.Sleep(2100 * time.Millisecond)
	third := r.authTime(r.again(r.authorize("max_age", "1")))
	if third <= second {
		t.Errorf("max_age=1: auth_time %d after %d", third, second)
	}
	if same := r.authTime(r.authorize("max_age", "10000")); same != third {
		t.Errorf("max_age=10000: auth_time %d, want %d", same, third)
	}
	for _, age := range []string{"-1", "x", "1.5", "99999999999999999999"} {
		if got := r.fault("max_age", age); got != "invalid_request" {
			t.Errorf("max_age %q: %q", age, got)
		}
	}
}

// TestALoginThatWasNotAskedAgainDoesNotCount: the address that comes back is
// not a proof (Keycloak CVE-2026-7504, a re-authentication that is skipped).
func TestALoginThatWasNotAskedAgainDoesNotCount(t *testing.T) {
	r := newRelying(t)
	sent, err := url.Parse(r.authorize("prompt", "login").Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	answer := r.browser.Get(sent.Query().Get("next"))
	if location := answer.Header.Get("Location"); !strings.HasPrefix(location, "/sign-in") {
		t.Errorf("went on to %q without a new proof", location)
	}
}

func TestIDTokenHint(t *testing.T) {
	r := newRelying(t)
	hint := r.tokens()["id_token"].(string)
	r.tokens("prompt", "none", "id_token_hint", hint)
	r.browser = r.As("collegue@bourg.example")
	if got := r.fault("prompt", "none", "id_token_hint", hint); got != "login_required" {
		t.Errorf("another person: %q", got)
	}
	for _, forged := range []string{"x", hint[:len(hint)-4] + "AAAA", "eyJhbGciOiJub25lIn0.e30."} {
		if got := r.fault("id_token_hint", forged); got != "invalid_request" {
			t.Errorf("a forged hint: %q", got)
		}
	}
}

// TestRedirectAddressesAreCompared exactly, and get nothing when they are not
// the client's.
func TestRedirectAddressesAreCompared(t *testing.T) {
	r := newRelying(t)
	if answer := r.authorize("redirect_uri", redirect+"?kept=1"); !strings.HasPrefix(answer.Header.Get("Location"), redirect+"?") || !strings.Contains(answer.Header.Get("Location"), "kept=1") {
		t.Errorf("a registered query is lost: %q", answer.Header.Get("Location"))
	}
	for _, address := range []string{
		"", redirect + "/", redirect + "?other=1", redirect + "#x", "https://app.bourg.example/", "https://app.bourg.example/callback/../callback",
		"https://app.bourg.example@evil.example/callback", "https://APP.bourg.example/callback", "http://app.bourg.example/callback",
		"https://app.bourg.example:443/callback", "javascript:alert(1)", "https://app.bourg.example/%63allback",
	} {
		answer := r.authorize("redirect_uri", address)
		if answer.Status != 400 || answer.Header.Get("Location") != "" {
			t.Errorf("redirect_uri %q: %d to %q, want a page", address, answer.Status, answer.Header.Get("Location"))
		}
	}
	if answer := r.authorize("client_id", "nobody"); answer.Status != 400 || answer.Header.Get("Location") != "" {
		t.Errorf("an unknown client: %d", answer.Status)
	}
	twice := r.browser.Get(r.issuer + "/authorize?" + r.request().Encode() + "&redirect_uri=https://evil.example/")
	if twice.Status != 400 || twice.Header.Get("Location") != "" {
		t.Errorf("two redirect addresses: %d to %q", twice.Status, twice.Header.Get("Location"))
	}
}

func TestRequestObjectsAreRefused(t *testing.T) {
	r := newRelying(t)
	if got := r.fault("request", "eyJhbGciOiJub25lIn0.e30."); got != "request_not_supported" {
		t.Errorf("request: %q", got)
	}
	if got := r.fault("request_uri", "https://app.bourg.example/r"); got != "request_uri_not_supported" {
		t.Errorf("request_uri: %q", got)
	}
}

func TestPKCE(t *testing.T) {
	r := newRelying(t)
	if got := r.fault("code_challenge_method", "plain"); got != "invalid_request" {
		t.Errorf("plain: %q", got)
	}
	if got := r.fault("code_challenge_method", ""); got != "invalid_request" {
		t.Errorf("no method means plain: %q", got)
	}
	if got := r.fault("code_challenge", "short"); got != "invalid_request" {
		t.Errorf("a short challenge: %q", got)
	}
	code := r.code("code_challenge", "", "code_challenge_method", "")
	if status, said := r.exchange(code); status != 400 {
		t.Errorf("a verifier that nothing announced: %d, %v", status, said)
	}
	r.register("bourg", "phone", redirect)
	r.id, r.secret = r.client(openid.Client{Application: "phone", Public: true})
	if r.secret != "" {
		t.Error("a public client has a secret")
	}
	if got := r.fault("code_challenge", "", "code_challenge_method", ""); got != "invalid_request" {
		t.Errorf("a public client without PKCE: %q", got)
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {r.code()}, "redirect_uri": {redirect}, "code_verifier": {verifier}, "client_id": {r.id}}
	if status, said := r.call("/token", form); status != 200 {
		t.Errorf("a public client: %d, %v", status, said)
	}
}

// TestAuthorizeByPost: a form of another site brings no cookie; the browser goes
// on by GET with it.
func TestAuthorizeByPost(t *testing.T) {
	r := newRelying(t)
	answer := r.Anonymous().Do("POST", r.issuer+"/authorize", strings.NewReader(r.request().Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://app.bourg.example", "Sec-Fetch-Site", "cross-site").Want(t, 303)
	if code := r.answered(r.browser.Get(answer.Header.Get("Location"))).Get("code"); code == "" {
		t.Error("no code")
	}
}

func TestAnswerByForm(t *testing.T) {
	r := newRelying(t)
	answer := r.authorize("response_mode", "form_post").Want(t, 200, `action="`+redirect+`"`, `name="code"`, `value="the-state"`)
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://app.bourg.example;") {
		t.Errorf("policy %q", policy)
	}
	if got := r.fault("response_mode", "fragment"); got != "invalid_request" {
		t.Errorf("fragment: %q", got)
	}
}

func TestClaimsParameter(t *testing.T) {
	r := newRelying(t)
	said := r.tokens("scope", "openid", "claims", `{"userinfo":{"name":{"essential":true},"absent":null},"id_token":{"email":null,"acr":{"value":"eidas1"}}}`)
	if claims := r.claims(said["id_token"]); claims["email"] != "agent@bourg.example" || claims["acr"] != "eidas1" {
		t.Errorf("ID token: %v", claims)
	}
	if _, person := r.userinfo(said["access_token"]); person["name"] != "Camille Le Goff" || person["email"] != nil {
		t.Errorf("userinfo: %v", person)
	}
	for _, text := range []string{"x", "[]", `{"userinfo":3}`, strings.Repeat("[", 4000)} {
		if got := r.fault("claims", text); got != "invalid_request" {
			t.Errorf("claims %.20q: %q", text, got)
		}
	}
}

// FuzzAuthorize: whatever is asked, the answer is a page of ours or a redirect to
// the registered address or a page of ours, and never a failure.
func FuzzAuthorize(f *testing.F) {
	r := newRelying(f)
	f.Add(r.request().Encode())
	f.Add("client_id=" + r.id + "&redirect_uri=" + url.QueryEscape(redirect) + `&claims={"id_token":{"acr":{"values":[1]}}}&scope=openid&response_type=code`)
	f.Add("%%%&client_id=\x00&redirect_uri=https://a@b")
	f.Fuzz(func(t *testing.T, query string) {
		address := &url.URL{Path: "/oidc/bourg/authorize", RawQuery: query}
		if strings.ContainsAny(query, " \x00\r\n\t#\x7f") {
			return
		}
		asking, err := http.NewRequest("GET", address.String(), nil)
		if err != nil {
			return // not an address that a client can send
		}
		asking.Host, asking.RemoteAddr = "127.0.0.1", "127.0.0.1:1"
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, asking)
		location := answer.Header().Get("Location")
		if answer.Code >= 500 || location != "" && !strings.HasPrefix(location, redirect) && !strings.HasPrefix(location, "/") {
			t.Fatalf("%q: %d to %q", query, answer.Code, location)
		}
	})
}
