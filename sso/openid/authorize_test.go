package openid_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
)

func TestOtherResponseTypesAreRefused(t *testing.T) {
	r := newRelying(t)
	for _, kind := range []string{"token", "id_token", "code id_token"} {
		if got := r.fault("response_type", kind); got != "unsupported_response_type" {
			t.Errorf("response_type %q: %s", kind, got)
		}
	}
}

func TestUnknownScopesAreLeftOut(t *testing.T) {
	r := newRelying(t)
	r.tells("profile openid email unknown", []string{"name", "email"}, nil)
	r.tells("openid", nil, []string{"name", "email"})
	if got := r.fault("scope", "profile"); got != "invalid_scope" {
		t.Errorf("without openid: %q", got)
	}
}

func TestPromptNoneAsksNothing(t *testing.T) {
	r := newRelying(t)
	r.tokens("prompt", "consent")
	if got := r.fault("prompt", "none login"); got != "invalid_request" {
		t.Errorf("none and login: %q", got)
	}
	if got := r.fault("prompt", "none", "acr_values", "eidas3"); got != "login_required" {
		t.Errorf("none with a level that the session lacks: %q", got)
	}
}

func TestMaxAgeIsANumberOfSeconds(t *testing.T) {
	r := newRelying(t)
	for _, age := range []string{"-1", "x", "1.5", "99999999999999999999"} {
		if got := r.fault("max_age", age); got != "invalid_request" {
			t.Errorf("max_age %q: %q", age, got)
		}
	}
}

// TestALoginThatWasNotAskedAgainDoesNotCount: the address that comes back is
// not a proof.
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

// TestRequestsOfStrangersCostTheStoreNothing: they wait in the address that comes
// back, sealed; long ones are counted.
func TestRequestsOfStrangersCostTheStoreNothing(t *testing.T) {
	r := newRelying(t)
	rows := func() (count int) {
		if err := r.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM openid_requests`).Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	ask := func(pairs ...string) servertest.Answer {
		return r.Anonymous().Get(r.issuer + "/authorize?" + r.request(pairs...).Encode())
	}
	next := func(answer servertest.Answer) string {
		to, err := url.Parse(answer.Want(t, 303).Header.Get("Location"))
		if err != nil || to.Path != "/sign-in" {
			t.Fatalf("sent to %s, %v", to, err)
		}
		return to.Query().Get("next")
	}
	waits := ""
	for range 10 {
		waits = next(ask())
	}
	if count := rows(); count != 0 {
		t.Errorf("%d rows of requests that wait", count)
	}
	if got := r.answered(r.browser.Get(waits)).Get("code"); got == "" {
		t.Error("who signed in gets no code")
	}
	for name, forged := range map[string]string{
		"another issuer's": strings.Replace(waits, "/oidc/bourg/", "/oidc/_/", 1),
		"changed":          waits[:len(waits)-40] + "AAAA" + waits[len(waits)-36:],
		"none":             r.issuer + "/continue/x",
		"no row":           r.issuer + "/continue/" + strings.Repeat("a", len(portal.NewSecret())),
	} {
		r.browser.Get(forged).Want(t, 403)
		if t.Failed() {
			t.Fatalf("%s request goes on", name)
		}
	}
	long := []string{"state", strings.Repeat("x", 2000)}
	waits = next(ask(long...))
	if got := r.answered(r.browser.Get(waits)).Get("state"); got != long[1] {
		t.Errorf("a long request comes back with the state %.20q", got)
	}
	const bound = 100
	for range bound - 1 {
		ask(long...).Want(t, 303)
	}
	ask(long...).Want(t, 403, "Trop de demandes")
	if count := rows(); count != bound {
		t.Errorf("%d rows of long requests, want %d", count, bound)
	}
	next(ask()) // the others are served
}

// TestAnApplicationThatAsksForASecondFactorIsOpenedByNoOtherSession, also by who
// comes back without having given one.
func TestAnApplicationThatAsksForASecondFactorIsOpenedByNoOtherSession(t *testing.T) {
	r := newRelying(t)
	r.Register(servertest.Application{Collectivity: "bourg", ID: "strict", Kind: sso.KindOIDC, Addresses: []string{redirect}, SecondFactor: true})
	r.id, r.secret = r.client(openid.Client{Application: "strict"})
	sent, err := url.Parse(r.authorize().Header.Get("Location"))
	if err != nil || sent.Path != "/sign-in/second" {
		t.Fatalf("sent to %q, want the second factor", sent)
	}
	if again := r.browser.Get(sent.Query().Get("next")).Header.Get("Location"); !strings.HasPrefix(again, "/sign-in/second?") {
		t.Errorf("who comes back without one is led to %q", again)
	}
	if got := r.fault("prompt", "none"); got != "login_required" {
		t.Errorf("prompt=none: %q", got)
	}
	if _, err := r.DB.Exec(t.Context(), `UPDATE sessions SET factors = 'pwd otp'`); err != nil {
		t.Fatal(err)
	}
	r.SSO.Forget("")
	if claims := r.claims(r.tokens()["id_token"]); claims["acr"] != "eidas1-mfa" {
		t.Errorf("acr %v", claims["acr"])
	}
}

// TestASecondFactorAskedForLaterEndsWhatWasGivenWithout one, however long it was
// given for.
func TestASecondFactorAskedForLaterEndsWhatWasGivenWithout(t *testing.T) {
	r := newRelying(t)
	r.Register(servertest.Application{Collectivity: "bourg", ID: "later", Kind: sso.KindOIDC, Addresses: []string{redirect}})
	r.id, r.secret = r.client(openid.Client{Application: "later"})
	said := r.tokens("scope", "openid offline_access")
	r.AskSecondFactor("bourg", "later")
	r.SSO.Forget("")
	if status, _ := r.refresh(said["refresh_token"]); status != 400 {
		t.Errorf("refresh: %d, want 400", status)
	}
}

func TestAHintOfAnotherPersonAnswersNobody(t *testing.T) {
	r := newRelying(t)
	hint := r.tokens()["id_token"].(string)
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
