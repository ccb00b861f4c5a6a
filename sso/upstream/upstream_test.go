package upstream_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/sso"
	"parvis/sso/upstream"
)

// rogue is an issuer that can be told to break each rule.
type rogue struct {
	server   *httptest.Server
	key      *rsa.PrivateKey
	signWith *rsa.PrivateKey
	header   map[string]any
	claims   map[string]any
	userinfo map[string]any
	signed   bool // userinfo
	metadata map[string]any
	form     url.Values // what the token endpoint was sent
}

func must[T any](t testing.TB, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func newRogue(t *testing.T) *rogue {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	r := &rogue{key: must(t, key, err)}
	mux := http.NewServeMux()
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	issuer := r.server.URL
	r.metadata = map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/auth", "token_endpoint": issuer + "/token", "jwks_uri": issuer + "/jwks",
		"userinfo_endpoint": issuer + "/userinfo", "end_session_endpoint": issuer + "/end",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "authorization_response_iss_parameter_supported": true,
	}
	r.reset()
	serve := func(path string, answer func(*http.Request) any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if err := json.NewEncoder(w).Encode(answer(request)); err != nil {
				t.Error(err)
			}
		})
	}
	serve("/.well-known/openid-configuration", func(*http.Request) any { return r.metadata })
	serve("/jwks", func(*http.Request) any { return map[string]any{"keys": []any{r.jwk()}} })
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		if r.signed {
			w.Header().Set("Content-Type", "application/jwt")
			io.WriteString(w, r.sign(t, r.userinfo))
		} else if err := json.NewEncoder(w).Encode(r.userinfo); err != nil {
			t.Error(err)
		}
	})
	serve("/token", func(request *http.Request) any {
		if err := request.ParseForm(); err != nil {
			t.Error(err)
		}
		r.form = request.PostForm
		return map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": r.token(t)}
	})
	return r
}

// reset makes the issuer honest again.
func (r *rogue) reset() {
	now := time.Now().Unix()
	r.signWith, r.signed = r.key, false
	r.header = map[string]any{"alg": "RS256", "kid": "1"}
	r.claims = map[string]any{"iss": r.server.URL, "sub": "s", "aud": "client", "exp": now + 60, "iat": now, "nonce": "nonce"}
	r.userinfo = map[string]any{"sub": "s", "email": "anne@bourg.example", "email_verified": true, "given_name": "Anne", "usual_name": "Petit"}
}

func (r *rogue) jwk() map[string]any {
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]any{
		"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig",
		"n": encode(r.key.N.Bytes()), "e": encode(big.NewInt(int64(r.key.E)).Bytes()),
	}
}

func (r *rogue) token(t *testing.T) string { return r.sign(t, r.claims) }

func (r *rogue) sign(t *testing.T, claims map[string]any) string {
	encode := func(value map[string]any) string {
		text, err := json.Marshal(value)
		return base64.RawURLEncoding.EncodeToString(must(t, text, err))
	}
	signed := encode(r.header) + "." + encode(claims)
	if r.header["alg"] == "none" {
		return signed + "."
	}
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, r.signWith, crypto.SHA256, sum[:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(must(t, signature, err))
}

func (r *rogue) method() sso.Method {
	return sso.Method{
		Collectivity: "bourg", Kind: sso.OIDC, Secret: "secret", Version: portal.NewID(),
		Settings: json.RawMessage(`{"issuer":"` + r.server.URL + `","client_id":"client"}`),
	}
}

var question = sso.Question{
	State: "state", Nonce: "nonce", Verifier: strings.Repeat("v", 43),
	Redirect: "https://parvis.example/sign-in/callback", LoginHint: "anne@bourg.example",
}

func (r *rogue) answer() url.Values {
	return url.Values{"state": {"state"}, "iss": {r.server.URL}, "code": {"code"}}
}

func TestAnHonestAnswerIsRead(t *testing.T) {
	r, ctx := newRogue(t), context.Background()
	issuers, method := upstream.New(), r.method()
	address, err := issuers.Ask(ctx, method, question)
	asked, err2 := url.Parse(must(t, address, err))
	query := must(t, asked, err2).Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "client", "state": "state", "nonce": "nonce", "code_challenge_method": "S256",
		"redirect_uri": question.Redirect, "scope": "openid email profile", "login_hint": question.LoginHint,
	} {
		if got := query.Get(name); got != want {
			t.Errorf("asked %s = %q, want %q", name, got, want)
		}
	}
	answer, err := issuers.Read(ctx, method, question, r.answer())
	must(t, answer, err)
	if answer.Subject != "s" || answer.Issuer != r.server.URL || !answer.EmailVerified || answer.Profile.Email != "anne@bourg.example" || answer.Profile.FamilyName != "Petit" {
		t.Errorf("answer = %+v", answer)
	}
	if got := r.form.Get("code_verifier"); got != question.Verifier {
		t.Errorf("code_verifier = %q, want %q", got, question.Verifier)
	}
	end := issuers.SignOut(ctx, method, answer.IDToken, "https://parvis.example/sign-in", "the-state")
	if !strings.HasPrefix(end, r.server.URL+"/end?") || !strings.Contains(end, "post_logout_redirect_uri=https%3A%2F%2Fparvis.example%2Fsign-in") {
		t.Errorf("sign-out = %q", end)
	}
}

// TestEachForgeryIsRefused is the table of reliability.md 17 for issuers.
func TestEachForgeryIsRefused(t *testing.T) {
	r, ctx := newRogue(t), context.Background()
	otherKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, otherKey, err)
	claim := func(name string, value any) func(url.Values) {
		return func(url.Values) { r.claims[name] = value }
	}
	for name, forge := range map[string]func(query url.Values){
		"nonce of another sign-in":   claim("nonce", "x"),
		"no nonce":                   func(url.Values) { delete(r.claims, "nonce") },
		"another issuer's token":     claim("iss", "https://evil.example"),
		"another client's token":     claim("aud", "other"),
		"expired":                    claim("exp", time.Now().Add(-time.Hour).Unix()),
		"alg none":                   func(url.Values) { r.header["alg"] = "none" },
		"another alg":                func(url.Values) { r.header["alg"] = "HS256" },
		"another key":                func(url.Values) { r.signWith = otherKey },
		"another key, named":         func(url.Values) { r.signWith, r.header["kid"] = otherKey, "2" },
		"userinfo of another":        func(url.Values) { r.userinfo["sub"] = "t" },
		"userinfo of nobody":         func(url.Values) { delete(r.userinfo, "sub") },
		"userinfo of another issuer": func(url.Values) { r.userinfo["iss"] = "https://evil.example" },
		"userinfo for another":       func(url.Values) { r.userinfo["aud"] = []string{"other"} },
		"another state":              func(query url.Values) { query.Set("state", "x") },
		"two states":                 func(query url.Values) { query.Add("state", "x") },
		"no state":                   func(query url.Values) { query.Del("state") },
		"mix-up":                     func(query url.Values) { query.Set("iss", "https://evil.example") },
		"no iss though promised":     func(query url.Values) { query.Del("iss") },
		"no code":                    func(query url.Values) { query.Del("code") },
		"two codes":                  func(query url.Values) { query.Add("code", "x") },
		"refused":                    func(query url.Values) { query.Set("error", "access_denied") },
	} {
		r.reset()
		query := maps.Clone(r.answer())
		forge(query)
		if answer, err := upstream.New().Read(ctx, r.method(), question, query); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: Read = %+v, %v, want ErrDenied", name, answer, err)
		}
	}
}

// TestClockSkewOfAnIssuerIsAMinute: of one that is behind, and a little more of one
// that is ahead.
func TestClockSkewOfAnIssuerIsAMinute(t *testing.T) {
	r, ctx := newRogue(t), context.Background()
	for _, test := range []struct {
		claim string
		away  time.Duration
		want  bool
	}{
		{"exp", -50 * time.Second, true},
		{"exp", -70 * time.Second, false},
		{"nbf", 3*time.Minute + 50*time.Second, true},
		{"nbf", 4*time.Minute + 10*time.Second, false},
		{"iat", time.Hour, true},
		{"iat", -time.Hour, true},
		{"userinfo", -50 * time.Second, true},
		{"userinfo", -70 * time.Second, false},
	} {
		r.reset()
		if at := time.Now().Add(test.away).Unix(); test.claim == "userinfo" {
			r.signed, r.userinfo["exp"] = true, at
		} else {
			r.claims[test.claim] = at
		}
		if _, err := upstream.New().Read(ctx, r.method(), question, r.answer()); (err == nil) != test.want || err != nil && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s %v from now: %v", test.claim, test.away, err)
		}
	}
}

func TestAnAddressIsVerifiedOnlyWhenTheIssuerSaysSo(t *testing.T) {
	r, ctx := newRogue(t), context.Background()
	for _, test := range []struct {
		value any
		want  bool
	}{{true, true}, {"true", true}, {false, false}, {"false", false}} {
		r.reset()
		r.userinfo["email_verified"] = test.value
		answer, err := upstream.New().Read(ctx, r.method(), question, r.answer())
		if must(t, answer, err).EmailVerified != test.want {
			t.Errorf("email_verified %v reads %v", test.value, answer.EmailVerified)
		}
	}
	for _, value := range []any{nil, 1, "yes"} {
		r.reset()
		r.userinfo["email_verified"] = value
		if answer, err := upstream.New().Read(ctx, r.method(), question, r.answer()); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("email_verified %v reads %+v, %v", value, answer, err)
		}
	}
	r.reset()
	delete(r.metadata, "userinfo_endpoint")
	r.claims["email"], r.claims["email_verified"] = "anne@bourg.example", true
	answer, err := upstream.New().Read(ctx, r.method(), question, r.answer())
	if must(t, answer, err).Profile.Email != "anne@bourg.example" || !answer.EmailVerified {
		t.Errorf("without userinfo: %+v", answer)
	}
}

func TestAnIssuerMustBeTheOneItSaysItIs(t *testing.T) {
	r, ctx := newRogue(t), context.Background()
	r.metadata["issuer"] = "https://evil.example"
	var said portal.UserError
	if err := upstream.New().Check(ctx, r.method()); !errors.As(err, &said) || said.Key != "upstream.error.settings" {
		t.Errorf("Check = %v, want the sentence about settings", err)
	}
	if address, err := upstream.New().Ask(ctx, r.method(), question); err == nil {
		t.Errorf("Ask = %q", address)
	}
}

func TestACertificateOfNobodyIsSaid(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is what is wanted
	server.StartTLS()
	t.Cleanup(server.Close)
	method := sso.Method{Collectivity: "bourg", Settings: json.RawMessage(`{"issuer":"` + server.URL + `","client_id":"client"}`)}
	var said portal.UserError
	if err := upstream.New().Check(context.Background(), method); !errors.As(err, &said) || said.Key != "upstream.error.certificate" {
		t.Errorf("Check = %v, want the sentence about certificates", err)
	}
}

func TestAHugeAnswerIsCut(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 64 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	method := sso.Method{Collectivity: "bourg", Settings: json.RawMessage(`{"issuer":"` + server.URL + `","client_id":"client"}`)}
	if err := upstream.New().Check(context.Background(), method); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Check = %v, want ErrUnavailable", err)
	}
}
