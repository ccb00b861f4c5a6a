package openid_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso/openid"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const (
	redirect = "https://app.bourg.example/callback"
	verifier = "a-verifier-of-forty-three-characters-or-more-0"
)

// challengeOf is PKCE's S256 of a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// relying is an application of bourg and a browser in front of it.
type relying struct {
	*servertest.Portal
	t          testing.TB
	provider   *openid.Provider
	id, secret string
	browser    *servertest.Client
	issuer     string // "/oidc/bourg"
	back       *listener
}

// newRelying registers an application that everyone of bourg may open, and signs
// an agent in.
func newRelying(t testing.TB) *relying {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.Applications.AllowInside = true }) // where the listener is
	r := &relying{Portal: p, t: t, provider: p.OpenID, issuer: "/oidc/bourg", back: listen(t)}
	r.register("bourg", "app", redirect, redirect+"?kept=1")
	r.id, r.secret = r.client(openid.Client{Application: "app", PostLogout: []string{"https://app.bourg.example/bye"}, BackChannel: r.back.URL + "/logout"})
	r.browser = p.As("agent@bourg.example")
	return r
}

// client makes an application of bourg a client.
func (r *relying) client(client openid.Client) (id, secret string) {
	r.t.Helper()
	id, secret, err := r.provider.SetClient(r.t.Context(), r.Caller("admin@bourg.example", "bourg"), client, false)
	if err != nil {
		r.t.Fatal(err)
	}
	return id, secret
}

// request is an authorization request; pairs change it, "" takes a parameter out.
func (r *relying) request(pairs ...string) url.Values {
	values := url.Values{
		"client_id": {r.id}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {"the-state"}, "nonce": {"the-nonce"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			values.Del(pairs[i])
		} else {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values
}

func (r *relying) authorize(pairs ...string) servertest.Answer {
	r.t.Helper()
	return r.browser.Get(r.issuer + "/authorize?" + r.request(pairs...).Encode())
}

// answered is what the browser is sent back to the application with.
func (r *relying) answered(answer servertest.Answer) url.Values {
	r.t.Helper()
	location := answer.Header.Get("Location")
	if answer.Status != http.StatusSeeOther || !strings.HasPrefix(location, redirect) {
		r.t.Fatalf("status %d to %q, want a redirect to the application\n%.600s", answer.Status, location, answer.Body)
	}
	address, err := url.Parse(location)
	if err != nil {
		r.t.Fatal(err)
	}
	if got := address.Query().Get("iss"); got != r.URL+r.issuer {
		r.t.Errorf("iss = %q", got)
	}
	return address.Query()
}

func (r *relying) code(pairs ...string) string {
	r.t.Helper()
	values := r.answered(r.authorize(pairs...))
	if values.Get("code") == "" || values.Get("state") != "the-state" {
		r.t.Fatalf("no code, or another state: %v", values)
	}
	return values.Get("code")
}

// call posts to an endpoint as the client.
func (r *relying) call(endpoint string, form url.Values, headers ...string) (int, map[string]any) {
	r.t.Helper()
	headers = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)
	answer := r.Anonymous().Do("POST", r.issuer+endpoint, strings.NewReader(form.Encode()), headers...)
	var said map[string]any
	if len(answer.Body) > 0 {
		if err := json.Unmarshal([]byte(answer.Body), &said); err != nil {
			r.t.Fatalf("%s answers %q: %v", endpoint, answer.Body, err)
		}
	}
	return answer.Status, said
}

func (r *relying) basic() []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(r.id+":"+r.secret))}
}

func (r *relying) exchange(code string, pairs ...string) (int, map[string]any) {
	r.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return r.call("/token", form, r.basic()...)
}

// tokens goes all the way and fails unless tokens come.
func (r *relying) tokens(pairs ...string) map[string]any {
	r.t.Helper()
	status, said := r.exchange(r.code(pairs...))
	if status != http.StatusOK || said["token_type"] != "Bearer" {
		r.t.Fatalf("token endpoint: %d, %v", status, said)
	}
	return said
}

// claims verifies an ID token with the published keys.
func (r *relying) claims(text any) map[string]any {
	r.t.Helper()
	token, err := jwt.ParseSigned(text.(string), []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		r.t.Fatal(err)
	}
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(r.Anonymous().Get(r.issuer+"/keys").Want(r.t, 200).Body), &keys); err != nil {
		r.t.Fatal(err)
	}
	named := keys.Key(token.Headers[0].KeyID)
	if len(named) != 1 || !named[0].IsPublic() {
		r.t.Fatalf("key %q is published %d times, or with its private half", token.Headers[0].KeyID, len(named))
	}
	var claims map[string]any
	if err := token.Claims(named[0].Key, &claims); err != nil {
		r.t.Fatal(err)
	}
	return claims
}

func (r *relying) userinfo(token any) (int, map[string]any) {
	r.t.Helper()
	answer := r.Anonymous().Do("GET", r.issuer+"/userinfo", nil, "Authorization", "Bearer "+token.(string))
	var said map[string]any
	if err := json.Unmarshal([]byte(answer.Body), &said); err != nil {
		r.t.Fatalf("userinfo answers %d %q", answer.Status, answer.Body)
	}
	return answer.Status, said
}

// fault is the error that the browser takes back to the application.
func (r *relying) fault(pairs ...string) string {
	r.t.Helper()
	values := r.answered(r.authorize(pairs...))
	if values.Get("code") != "" || values.Get("state") != "the-state" && !slices.Contains(pairs, "state") {
		r.t.Errorf("a code, or another state, with a fault: %v", values)
	}
	return values.Get("error")
}

// TestServer is the whole journey: code, tokens, claims, userinfo.
func TestServer(t *testing.T) {
	r := newRelying(t)
	said := r.tokens()
	claims := r.claims(said["id_token"])
	agent := r.Caller("agent@bourg.example", "bourg")
	for name, want := range map[string]any{
		"iss": r.URL + "/oidc/bourg", "aud": r.id, "sub": string(agent.Agent), "nonce": "the-nonce", "acr": "eidas1",
	} {
		if claims[name] != want {
			t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	now := time.Now().Unix()
	if exp, iat, at := claims["exp"].(float64), claims["iat"].(float64), claims["auth_time"].(float64); int64(exp) <= now || int64(iat) > now || int64(at) > now {
		t.Errorf("exp %v, iat %v, auth_time %v", exp, iat, at)
	}
	if claims["name"] != nil || said["refresh_token"] != nil {
		t.Errorf("more than was asked for: %v, %v", claims, said)
	}
	status, person := r.userinfo(said["access_token"])
	if status != 200 || person["sub"] != claims["sub"] || person["name"] != "Camille Le Goff" || person["preferred_username"] != "agent@bourg.example" {
		t.Errorf("userinfo = %d, %v", status, person)
	}
}

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

func TestUserinfoByHeaderAndForm(t *testing.T) {
	r := newRelying(t)
	token := r.tokens()["access_token"].(string)
	if status, said := r.call("/userinfo", url.Values{"access_token": {token}}); status != 200 || said["sub"] == nil {
		t.Errorf("POST with the token in the form: %d, %v", status, said)
	}
	if status, said := r.call("/userinfo", url.Values{}, "Authorization", "bearer "+token); status != 200 || said["sub"] == nil {
		t.Errorf("POST with the token in the header: %d, %v", status, said)
	}
	answer := r.Anonymous().Get(r.issuer + "/userinfo?access_token=" + token)
	if answer.Status != 401 || !strings.Contains(answer.Header.Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("the token in the address: %d, want 401", answer.Status)
	}
	for _, wrong := range []string{"", "x", token[:len(token)-2], strings.Repeat("A", 4000)} {
		if answer := r.Anonymous().Do("GET", r.issuer+"/userinfo", nil, "Authorization", "Bearer "+wrong); answer.Status != 401 {
			t.Errorf("token %.20q: %d", wrong, answer.Status)
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

// again signs in with a password from where the browser was sent, and returns
// the answer of where it comes back to.
func (r *relying) again(sent servertest.Answer) servertest.Answer {
	r.t.Helper()
	location, err := url.Parse(sent.Header.Get("Location"))
	if err != nil || sent.Status != http.StatusSeeOther || location.Path != "/sign-in" {
		r.t.Fatalf("sent to %q (%d), want the sign-in", sent.Header.Get("Location"), sent.Status)
	}
	r.browser.Get(location.String()).Want(r.t, 200)
	r.browser.Post("/sign-in", "login", "agent@bourg.example", "next", location.Query().Get("next"), "again", location.Query().Get("again")).Want(r.t, 303)
	back := r.browser.Post("/sign-in/password", "password", servertest.Password).Want(r.t, 303)
	return r.browser.Get(back.Header.Get("Location"))
}

// authTime is when the person proved who she is, by a code's ID token.
func (r *relying) authTime(answer servertest.Answer) int64 {
	r.t.Helper()
	status, said := r.exchange(r.answered(answer).Get("code"))
	if status != 200 {
		r.t.Fatalf("token endpoint: %d, %v", status, said)
	}
	return int64(r.claims(said["id_token"])["auth_time"].(float64))
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

// TestACodeServesOnce: the second time revokes what the first gave.
func TestACodeServesOnce(t *testing.T) {
	r := newRelying(t)
	code := r.code("scope", "openid offline_access")
	status, said := r.exchange(code)
	if status != 200 {
		t.Fatalf("%d, %v", status, said)
	}
	if status, again := r.exchange(code); status != 400 || again["error"] != "invalid_grant" {
		t.Errorf("the code again: %d, %v", status, again)
	}
	if status, _ := r.userinfo(said["access_token"]); status != 401 {
		t.Errorf("the access token after a replay: %d, want 401", status)
	}
	if status, _ := r.call("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {said["refresh_token"].(string)}}, r.basic()...); status != 400 {
		t.Errorf("the refresh token after a replay: %d, want 400", status)
	}
}

func TestACodeIsBoundToItsRequest(t *testing.T) {
	r := newRelying(t)
	r.register("bourg", "other", "https://other.bourg.example/")
	other, otherSecret := r.client(openid.Client{Application: "other"})
	for name, try := range map[string]func(code string) (int, map[string]any){
		"another redirect address": func(code string) (int, map[string]any) { return r.exchange(code, "redirect_uri", redirect+"?kept=1") },
		"another verifier": func(code string) (int, map[string]any) {
			return r.exchange(code, "code_verifier", strings.Repeat("x", 50))
		},
		"no verifier": func(code string) (int, map[string]any) { return r.exchange(code, "code_verifier", "") },
		"another client": func(code string) (int, map[string]any) {
			form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}, "client_id": {other}, "client_secret": {otherSecret}}
			return r.call("/token", form)
		},
		"a code cut short": func(code string) (int, map[string]any) { return r.exchange(code[:len(code)-1]) },
		"another secret":   func(code string) (int, map[string]any) { return r.exchange(code[:17] + portal.NewSecret()) },
	} {
		if status, said := try(r.code()); status != 400 || said["error"] != "invalid_grant" {
			t.Errorf("%s: %d, %v", name, status, said)
		}
	}
}

func TestTheClientProvesItself(t *testing.T) {
	r := newRelying(t)
	form := func(pairs ...string) url.Values {
		values := url.Values{"grant_type": {"authorization_code"}, "code": {r.code()}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values
	}
	if status, said := r.call("/token", form("client_id", r.id, "client_secret", r.secret)); status != 200 {
		t.Errorf("client_secret_post: %d, %v", status, said)
	}
	for name, try := range map[string]url.Values{
		"nothing":      form(),
		"wrong secret": form("client_id", r.id, "client_secret", portal.NewSecret()),
		"no secret":    form("client_id", r.id),
		"nobody":       form("client_id", "nobody", "client_secret", r.secret),
	} {
		if status, said := r.call("/token", try); status != 401 || said["error"] != "invalid_client" {
			t.Errorf("%s: %d, %v", name, status, said)
		}
	}
	if status, _ := r.call("/token", form("client_secret", r.secret), r.basic()...); status != 401 {
		t.Errorf("two ways at once: %d, want 401", status)
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

// TestRefreshTokensRotate, and one that comes twice revokes the family.
func TestRefreshTokensRotate(t *testing.T) {
	r := newRelying(t)
	said := r.tokens("scope", "openid profile offline_access")
	refresh := func(token any, pairs ...string) (int, map[string]any) {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return r.call("/token", form, r.basic()...)
	}
	status, second := refresh(said["refresh_token"])
	if status != 200 || second["refresh_token"] == said["refresh_token"] {
		t.Fatalf("%d, %v", status, second)
	}
	before, after := r.claims(said["id_token"]), r.claims(second["id_token"])
	if before["sub"] != after["sub"] || before["auth_time"] != after["auth_time"] {
		t.Errorf("the ID token is of another person or time: %v, %v", before, after)
	}
	if status, third := refresh(second["refresh_token"], "scope", "openid email"); status != 400 || third["error"] != "invalid_scope" {
		t.Errorf("more scopes: %d, %v", status, third)
	}
	if status, _ := refresh(said["refresh_token"]); status != 400 {
		t.Errorf("the first refresh token again: %d", status)
	}
	if status, _ := r.userinfo(second["access_token"]); status != 401 {
		t.Errorf("what the family held after a replay: %d, want 401", status)
	}
}

// TestTokensEndWithTheSession at once, also one that was just shown, but for those
// given for longer.
func TestTokensEndWithTheSession(t *testing.T) {
	r := newRelying(t)
	ordinary, lasting := r.tokens(), r.tokens("scope", "openid offline_access")
	if status, _ := r.userinfo(ordinary["access_token"]); status != 200 {
		t.Fatalf("a token of a session: %d", status)
	}
	r.browser.Post("/sign-out").Want(t, 303)
	if status, _ := r.userinfo(ordinary["access_token"]); status != 401 {
		t.Errorf("a token of the ended session: %d", status)
	}
	if status, _ := r.userinfo(lasting["access_token"]); status != 200 {
		t.Errorf("a token given for longer: %d", status)
	}
	r.close("agent@bourg.example")
	if status, _ := r.userinfo(lasting["access_token"]); status != 401 {
		t.Errorf("a token of an agent who is out: %d", status)
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

func TestIntrospectionAndRevocation(t *testing.T) {
	r := newRelying(t)
	said := r.tokens()
	token := url.Values{"token": {said["access_token"].(string)}}
	if status, told := r.call("/introspect", token, r.basic()...); status != 200 || told["active"] != true || told["client_id"] != r.id {
		t.Errorf("introspect: %d, %v", status, told)
	}
	if status, _ := r.call("/introspect", token); status != 401 {
		t.Errorf("introspect by nobody: %d", status)
	}
	r.register("bourg", "other", "https://other.bourg.example/")
	other, secret := r.client(openid.Client{Application: "other"})
	asOther := url.Values{"token": token["token"], "client_id": {other}, "client_secret": {secret}}
	if _, told := r.call("/introspect", asOther); told["active"] != false || len(told) != 1 {
		t.Errorf("introspect by another client: %v", told)
	}
	if status, _ := r.call("/revoke", asOther); status != 200 {
		t.Errorf("revoke by another client: %d", status)
	}
	if status, _ := r.userinfo(said["access_token"]); status != 200 {
		t.Error("another client revoked it")
	}
	if status, _ := r.call("/revoke", token, r.basic()...); status != 200 {
		t.Errorf("revoke: %d", status)
	}
	if status, _ := r.userinfo(said["access_token"]); status != 401 {
		t.Error("a revoked token counts")
	}
}

func TestSignatureByClient(t *testing.T) {
	r := newRelying(t)
	r.id, r.secret = r.client(openid.Client{Application: "app", Algorithm: "ES256", UserinfoAlgorithm: "RS256"})
	r.secret = r.renew("app", openid.Client{Application: "app", Algorithm: "ES256", UserinfoAlgorithm: "RS256"})
	said := r.tokens()
	r.claims(said["id_token"])
	if token, err := jwt.ParseSigned(said["id_token"].(string), []jose.SignatureAlgorithm{jose.ES256}); err != nil || token == nil {
		t.Errorf("not ES256: %v", err)
	}
	answer := r.Anonymous().Do("GET", r.issuer+"/userinfo", nil, "Authorization", "Bearer "+said["access_token"].(string)).Want(t, 200)
	if person := r.claims(answer.Body); answer.Header.Get("Content-Type") != "application/jwt" || person["aud"] != r.id || person["iss"] != r.URL+r.issuer {
		t.Errorf("userinfo as a token: %v", person)
	}
}

// TestKeysAreReplaced by a command: old tokens are still verified, new ones
// carry another key.
func TestKeysAreReplaced(t *testing.T) {
	r := newRelying(t)
	before := r.tokens()["id_token"]
	if err := r.provider.RotateKeys(t.Context(), "bourg"); err != nil {
		t.Fatal(err)
	}
	after := r.tokens()["id_token"]
	r.claims(before)
	r.claims(after)
	kid := func(text any) string {
		token, err := jwt.ParseSigned(text.(string), []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		return token.Headers[0].KeyID
	}
	if kid(before) == kid(after) {
		t.Error("the same key signs")
	}
	r.tokens("prompt", "none", "id_token_hint", before.(string))
}

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

// TestARealClientIsServed drives npm's openid-client, which verifies what it is
// told: signature, issuer, audience, nonce, state, at_hash, subject of userinfo.
func TestARealClientIsServed(t *testing.T) {
	r, real := newRelying(t), servers.NewRelying(t)
	var begun struct{ URL string }
	real.Ask(map[string]string{
		"do": "begin", "issuer": r.URL + "/oidc/bourg", "id": r.id, "secret": r.secret, "redirect": redirect,
		"scope": "openid profile email offline_access",
	}, &begun)
	address, err := url.Parse(begun.URL)
	if err != nil {
		t.Fatal(err)
	}
	back := r.browser.Get(address.RequestURI()).Want(t, 303)
	var first, second struct{ Claims, Userinfo map[string]any }
	real.Ask(map[string]string{"do": "finish", "url": back.Header.Get("Location")}, &first)
	if first.Userinfo["name"] != "Camille Le Goff" || first.Claims["sub"] != first.Userinfo["sub"] {
		t.Errorf("told %v, %v", first.Claims, first.Userinfo)
	}
	real.Ask(map[string]string{"do": "refresh"}, &second)
	if second.Claims["sub"] != first.Claims["sub"] {
		t.Errorf("another person after a refresh: %v", second.Claims)
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
