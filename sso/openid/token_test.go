package openid_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"parvis/portal"
	"parvis/sso/openid"
)

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
