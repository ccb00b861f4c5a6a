package openid_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"parvis/e2e/servers"
	"parvis/sso/openid"
)

// module is what one module of the plan asks of a provider.
type module struct {
	name string
	run  func(r *relying)
}

// basicOP are the modules of the OpenID Foundation's conformance suite for a
// "Basic OP", oidcc-basic-certification-test-plan, in its order.
var basicOP = []module{
	{"oidcc-server", (*relying).wholeJourney},
	{"oidcc-response-type-missing", func(r *relying) {
		if got := r.fault("response_type", ""); got != "invalid_request" {
			r.t.Errorf("error %q", got)
		}
	}},
	{"oidcc-idtoken-signature", func(r *relying) {
		token, err := jwt.ParseSigned(r.tokens()["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
		if err != nil || token.Headers[0].KeyID == "" {
			r.t.Fatalf("not RS256 under a named key: %v", err)
		}
	}},
	{"oidcc-idtoken-unsigned", func(r *relying) {
		if slices.Contains(strs(r.described()["id_token_signing_alg_values_supported"]), "none") {
			r.t.Error("offers ID tokens without signature")
		}
		_, _, err := r.provider.SetClient(r.t.Context(), r.Caller("admin@bourg.example", "bourg"), openid.Client{Application: "app", Algorithm: "none"}, false)
		if err == nil {
			r.t.Error("makes a client whose ID tokens have no signature")
		}
	}},
	{"oidcc-userinfo-get", func(r *relying) {
		said := r.tokens()
		if status, person := r.userinfo(said["access_token"]); status != 200 || person["sub"] != r.claims(said["id_token"])["sub"] {
			r.t.Errorf("%d, %v", status, person)
		}
	}},
	{"oidcc-userinfo-post-header", func(r *relying) {
		token := r.tokens()["access_token"].(string)
		if status, said := r.call("/userinfo", url.Values{}, "Authorization", "Bearer "+token); status != 200 || said["sub"] == nil {
			r.t.Errorf("%d, %v", status, said)
		}
	}},
	{"oidcc-userinfo-post-body", func(r *relying) {
		token := r.tokens()["access_token"].(string)
		if status, said := r.call("/userinfo", url.Values{"access_token": {token}}); status != 200 || said["sub"] == nil {
			r.t.Errorf("%d, %v", status, said)
		}
	}},
	{"oidcc-ensure-request-without-nonce-succeeds-for-code-flow", func(r *relying) {
		if claims := r.claims(r.tokens("nonce", "")["id_token"]); claims["nonce"] != nil {
			r.t.Errorf("a nonce from nowhere: %v", claims["nonce"])
		}
	}},
	{"oidcc-scope-profile", func(r *relying) {
		r.tells("openid profile", []string{"name", "given_name", "family_name", "preferred_username", "locale"}, []string{"email"})
	}},
	{"oidcc-scope-email", func(r *relying) { r.tells("openid email", []string{"email", "email_verified"}, []string{"name"}) }},
	{"oidcc-scope-address", func(r *relying) { r.tells("openid address", nil, []string{"name", "email"}) }},
	{"oidcc-scope-phone", func(r *relying) { r.tells("openid phone", []string{"phone_number"}, []string{"name", "email"}) }},
	{"oidcc-scope-all", func(r *relying) {
		r.tells("openid profile email address phone", []string{"name", "email", "phone_number"}, nil)
	}},
	{"oidcc-ensure-other-scope-order-succeeds", func(r *relying) { r.tells("email openid", []string{"email"}, nil) }},
	{"oidcc-display-page", changesNothing("display", "page")},
	{"oidcc-display-popup", changesNothing("display", "popup")},
	{"oidcc-prompt-login", func(r *relying) {
		first := r.authTime(r.authorize())
		time.Sleep(1100 * time.Millisecond)
		if second := r.authTime(r.again(r.authorize("prompt", "login"))); second <= first {
			r.t.Errorf("auth_time %d after %d", second, first)
		}
	}},
	{"oidcc-prompt-none-not-logged-in", func(r *relying) {
		r.browser = r.Anonymous()
		if got := r.fault("prompt", "none"); got != "login_required" {
			r.t.Errorf("error %q", got)
		}
	}},
	{"oidcc-prompt-none-logged-in", func(r *relying) {
		if first, second := r.authTime(r.authorize()), r.authTime(r.authorize("prompt", "none")); first != second {
			r.t.Errorf("auth_time %d after %d", second, first)
		}
	}},
	{"oidcc-max-age-1", func(r *relying) {
		first := r.authTime(r.authorize())
		time.Sleep(2100 * time.Millisecond)
		second := r.authTime(r.again(r.authorize("max_age", "1")))
		if second <= first || time.Now().Unix()-second > 5 {
			r.t.Errorf("auth_time %d after %d", second, first)
		}
	}},
	{"oidcc-max-age-10000", func(r *relying) {
		if first, second := r.authTime(r.authorize()), r.authTime(r.authorize("max_age", "10000")); first != second {
			r.t.Errorf("auth_time %d after %d", second, first)
		}
	}},
	{"oidcc-ensure-request-with-unknown-parameter-succeeds", changesNothing("extra", "foobar")},
	{"oidcc-id-token-hint", func(r *relying) {
		first := r.tokens()["id_token"]
		second := r.tokens("prompt", "none", "id_token_hint", first.(string))["id_token"]
		if r.claims(first)["sub"] != r.claims(second)["sub"] {
			r.t.Error("another person")
		}
	}},
	{"oidcc-login-hint", func(r *relying) {
		r.browser = r.Anonymous()
		sent := r.authorize("login_hint", "agent@bourg.example").Want(r.t, http.StatusSeeOther)
		r.browser.Get(sent.Header.Get("Location")).Want(r.t, http.StatusOK, `value="agent@bourg.example"`)
		r.answered(r.again(sent))
	}},
	{"oidcc-ui-locales", changesNothing("ui_locales", "se")},
	{"oidcc-claims-locales", changesNothing("claims_locales", "se")},
	{"oidcc-ensure-request-with-acr-values-succeeds", func(r *relying) {
		if claims := r.claims(r.tokens("acr_values", "eidas1 other")["id_token"]); claims["acr"] != "eidas1" {
			r.t.Errorf("acr %v", claims["acr"])
		}
	}},
	{"oidcc-codereuse", func(r *relying) { r.reuse(0) }},
	{"oidcc-codereuse-30seconds", func(r *relying) { r.reuse(30 * time.Second) }},
	{"oidcc-ensure-registered-redirect-uri", func(r *relying) {
		answer := r.authorize("redirect_uri", redirect+"/other")
		if answer.Status != http.StatusBadRequest || answer.Header.Get("Location") != "" {
			r.t.Errorf("%d to %q, want a page", answer.Status, answer.Header.Get("Location"))
		}
	}},
	{"oidcc-ensure-post-request-succeeds", (*relying).byPost},
	{"oidcc-server-client-secret-post", func(r *relying) {
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {r.code()}, "redirect_uri": {redirect}, "code_verifier": {verifier},
			"client_id": {r.id}, "client_secret": {r.secret},
		}
		if status, said := r.call("/token", form); status != http.StatusOK || said["id_token"] == nil {
			r.t.Errorf("%d, %v", status, said)
		}
	}},
	{"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", func(r *relying) {
		if got := r.fault("request_uri", "https://app.bourg.example/request"); got != "request_uri_not_supported" || r.described()["request_uri_parameter_supported"] != false {
			r.t.Errorf("error %q", got)
		}
	}},
	{"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", func(r *relying) {
		if got := r.fault("request", requestObject(`{"nonce":"other"}`)); got != "request_not_supported" || r.described()["request_parameter_supported"] != false {
			r.t.Errorf("error %q", got)
		}
	}},
	{"oidcc-claims-essential", func(r *relying) {
		said := r.tokens("scope", "openid", "claims", `{"userinfo":{"name":{"essential":true}}}`)
		if _, person := r.userinfo(said["access_token"]); person["name"] != "Camille Le Goff" {
			r.t.Errorf("userinfo %v", person)
		}
	}},
	{"oidcc-ensure-request-object-with-redirect-uri", func(r *relying) {
		if got := r.fault("request", requestObject(`{"redirect_uri":"https://evil.example/"}`)); got != "request_not_supported" {
			r.t.Errorf("error %q", got)
		}
	}},
	{"oidcc-refresh-token", (*relying).refreshes},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", func(r *relying) { r.tokens("code_challenge", challengeOf(verifier), "code_challenge_method", "S256") }},
}

// TestBasicOP runs each module, which begins with a browser where the agent is
// signed in.
func TestBasicOP(t *testing.T) {
	r := newRelying(t)
	if _, err := r.DB.Exec(t.Context(), `UPDATE agents SET phone = '02 61 91 01 42' WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	for _, module := range basicOP {
		t.Run(module.name, func(t *testing.T) {
			one := *r
			one.t, one.browser = t, r.As("agent@bourg.example")
			module.run(&one)
		})
	}
}

// TestEveryModuleOfThePlanIsTested: docs/conformance.md lists the plan, and has a
// line for each.
func TestEveryModuleOfThePlanIsTested(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(servers.Root(), "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	var listed, tested []string
	for line := range strings.Lines(string(text)) {
		if name, ours := strings.CutPrefix(line, "| `oidcc-"); ours {
			name, _, _ = strings.Cut(name, "`")
			listed = append(listed, "oidcc-"+name)
		}
	}
	for _, module := range basicOP {
		tested = append(tested, module.name)
	}
	if diff := cmp.Diff(listed, tested); diff != "" || len(tested) != 38 {
		t.Errorf("%d modules are tested; -listed +tested:\n%s", len(tested), diff)
	}
}

// wholeJourney is code, tokens, claims, userinfo.
func (r *relying) wholeJourney() {
	said := r.tokens()
	claims := r.claims(said["id_token"])
	agent := r.Caller("agent@bourg.example", "bourg")
	for name, want := range map[string]any{
		"iss": r.URL + "/oidc/bourg", "aud": r.id, "sub": string(agent.Agent), "nonce": "the-nonce", "acr": "eidas1",
	} {
		if claims[name] != want {
			r.t.Errorf("%s = %v, want %v", name, claims[name], want)
		}
	}
	now := time.Now().Unix()
	if exp, iat, at := claims["exp"].(float64), claims["iat"].(float64), claims["auth_time"].(float64); int64(exp) <= now || int64(iat) > now || int64(at) > now {
		r.t.Errorf("exp %v, iat %v, auth_time %v", exp, iat, at)
	}
	if claims["name"] != nil || said["refresh_token"] != nil {
		r.t.Errorf("more than was asked for: %v, %v", claims, said)
	}
	status, person := r.userinfo(said["access_token"])
	if status != 200 || person["sub"] != claims["sub"] || person["name"] != "Camille Le Goff" || person["preferred_username"] != "agent@bourg.example" {
		r.t.Errorf("userinfo = %d, %v", status, person)
	}
}

// changesNothing is for a parameter that we take and that changes nothing.
func changesNothing(pairs ...string) func(r *relying) {
	return func(r *relying) { r.tokens(pairs...) }
}

// tells says that a scope asks for claims in userinfo, and for none of others.
func (r *relying) tells(scope string, want, not []string) {
	r.t.Helper()
	_, person := r.userinfo(r.tokens("scope", scope)["access_token"])
	for _, name := range want {
		if person[name] == nil {
			r.t.Errorf("scope %q tells no %s: %v", scope, name, person)
		}
	}
	for _, name := range not {
		if person[name] != nil {
			r.t.Errorf("scope %q tells %s: %v", scope, name, person)
		}
	}
}

// reuse gives a code twice: the second time revokes what the first gave.
func (r *relying) reuse(after time.Duration) {
	r.t.Helper()
	code := r.code("scope", "openid offline_access")
	status, said := r.exchange(code)
	if status != 200 {
		r.t.Fatalf("%d, %v", status, said)
	}
	if _, err := r.DB.Exec(r.t.Context(), `UPDATE openid_grants SET created = created - $1 WHERE collectivity = 'bourg'`, after.Milliseconds()); err != nil {
		r.t.Fatal(err)
	}
	if status, again := r.exchange(code); status != 400 || again["error"] != "invalid_grant" {
		r.t.Errorf("the code again: %d, %v", status, again)
	}
	if status, _ := r.userinfo(said["access_token"]); status != 401 {
		r.t.Errorf("the access token after a replay: %d, want 401", status)
	}
	if status, _ := r.refresh(said["refresh_token"]); status != 400 {
		r.t.Errorf("the refresh token after a replay: %d, want 400", status)
	}
}

// byPost: a form of another site brings no cookie; the browser goes on by GET
// with it.
func (r *relying) byPost() {
	answer := r.Anonymous().Do("POST", r.issuer+"/authorize", strings.NewReader(r.request().Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://app.bourg.example", "Sec-Fetch-Site", "cross-site").Want(r.t, 303)
	if code := r.answered(r.browser.Get(answer.Header.Get("Location"))).Get("code"); code == "" {
		r.t.Error("no code")
	}
}

// refresh asks for new tokens as the client.
func (r *relying) refresh(token any, pairs ...string) (int, map[string]any) {
	r.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return r.call("/token", form, r.basic()...)
}

// refreshes: new tokens are of the same person and sign-in, another client gets
// none, and a refresh token that comes twice revokes the family.
func (r *relying) refreshes() {
	said := r.tokens("scope", "openid profile offline_access")
	r.register("bourg", "refreshing", "https://refreshing.bourg.example/")
	other, secret := r.client(openid.Client{Application: "refreshing"})
	theirs := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {said["refresh_token"].(string)}, "client_id": {other}, "client_secret": {secret}}
	if status, got := r.call("/token", theirs); status != 400 || got["error"] != "invalid_grant" {
		r.t.Errorf("another client: %d, %v", status, got)
	}
	status, second := r.refresh(said["refresh_token"])
	if status != 200 || second["refresh_token"] == said["refresh_token"] {
		r.t.Fatalf("%d, %v", status, second)
	}
	before, after := r.claims(said["id_token"]), r.claims(second["id_token"])
	for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
		if before[name] != after[name] {
			r.t.Errorf("%s is %v after %v", name, after[name], before[name])
		}
	}
	if status, third := r.refresh(second["refresh_token"], "scope", "openid email"); status != 400 || third["error"] != "invalid_scope" {
		r.t.Errorf("more scopes: %d, %v", status, third)
	}
	if status, _ := r.refresh(said["refresh_token"]); status != 400 {
		r.t.Errorf("the first refresh token again: %d", status)
	}
	if status, _ := r.userinfo(second["access_token"]); status != 401 {
		r.t.Errorf("what the family held after a replay: %d, want 401", status)
	}
}

// described is what the issuer says of itself.
func (r *relying) described() (said map[string]any) {
	r.t.Helper()
	body := r.Anonymous().Get(r.issuer+"/.well-known/openid-configuration").Want(r.t, http.StatusOK).Body
	if err := json.Unmarshal([]byte(body), &said); err != nil {
		r.t.Fatal(err)
	}
	return said
}

func strs(list any) (all []string) {
	for _, one := range list.([]any) {
		all = append(all, one.(string))
	}
	return all
}

// requestObject is one without signature (OpenID Connect Core §6.1).
func requestObject(claims string) string {
	return rawURL(`{"alg":"none"}`) + "." + rawURL(claims) + "."
}
