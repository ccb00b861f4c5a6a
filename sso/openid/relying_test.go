package openid_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

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
