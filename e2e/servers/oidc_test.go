package servers_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"parvis/e2e/servers"
)

// relyingParty is a client of the provider, whose callback keeps the last answer's query.
type relyingParty struct {
	provider *oidc.Provider
	config   oauth2.Config
	browser  *http.Client
	answer   url.Values
	home     string
}

func newRelyingParty(t *testing.T) *relyingParty {
	t.Helper()
	rp := &relyingParty{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { rp.answer = r.URL.Query() }))
	t.Cleanup(server.Close)
	issuer := servers.OIDC(t)
	client := issuer.Register(t, []string{server.URL + "/callback"}, []string{server.URL + "/bye"})
	provider, err := oidc.NewProvider(t.Context(), issuer.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	rp.provider, rp.browser, rp.home = provider, &http.Client{Jar: jar}, server.URL
	rp.config = oauth2.Config{
		ClientID: client.ID, ClientSecret: client.Secret, Endpoint: provider.Endpoint(),
		RedirectURL: server.URL + "/callback", Scopes: []string{"openid", "email", "profile"},
	}
	return rp
}

func TestOIDCSignsInTheHintedPerson(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	verifier := oauth2.GenerateVerifier()
	rp.get(t, rp.config.AuthCodeURL("state", oidc.Nonce("once"), oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("login_hint", "cecile.oconnor@bourg.example")))
	if rp.answer.Get("state") != "state" {
		t.Fatalf("callback = %v, want a code", rp.answer)
	}
	token, err := rp.config.Exchange(t.Context(), rp.answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := rp.provider.Verifier(&oidc.Config{ClientID: rp.config.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "once" {
		t.Errorf("nonce = %q, want %q", id.Nonce, "once")
	}
	wantClaims(t, rp, token, id.Subject)
	rp.signOut(t, raw)
}

func wantClaims(t *testing.T, rp *relyingParty, token *oauth2.Token, subject string) {
	t.Helper()
	info, err := rp.provider.UserInfo(context.Background(), oauth2.StaticTokenSource(token))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	if err := info.Claims(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"sub": subject, "email": "cecile.oconnor@bourg.example", "email_verified": true, "name": "Cécile O’Connor",
		"given_name": "Cécile", "family_name": "O’Connor", "preferred_username": "cecile.oconnor",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestOIDCFormWantsTheRightPassword(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	marc := servers.PersonByUID("marc.dupont")
	verifier := oauth2.GenerateVerifier()
	form := rp.get(t, rp.config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
	rp.post(t, form, url.Values{"login": {marc.Mail}, "password": {"wrong"}})
	if rp.answer != nil {
		t.Fatalf("a wrong password signs in: %v", rp.answer)
	}
	rp.post(t, form, url.Values{"login": {marc.Mail}, "password": {marc.Password}})
	if rp.answer.Get("code") == "" {
		t.Fatalf("callback = %v, want a code", rp.answer)
	}
}

func TestOIDCTellsOfARefusal(t *testing.T) {
	t.Parallel()
	rp := newRelyingParty(t)
	form := rp.get(t, rp.config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	rp.post(t, form, url.Values{"action": {"refuse"}})
	if got, want := rp.answer.Get("error"), "access_denied"; got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
}

// get follows redirects and returns the address where they end.
func (rp *relyingParty) get(t *testing.T, address string) string {
	t.Helper()
	response, err := rp.browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s = %s", address, response.Status)
	}
	return response.Request.URL.String()
}

func (rp *relyingParty) post(t *testing.T, address string, form url.Values) {
	t.Helper()
	response, err := rp.browser.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// signOut ends the provider's session: the next request without a hint asks for a password again.
func (rp *relyingParty) signOut(t *testing.T, idToken string) {
	t.Helper()
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := rp.provider.Claims(&metadata); err != nil {
		t.Fatal(err)
	}
	query := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {rp.home + "/bye"}}
	response, err := rp.browser.Get(metadata.EndSession + "?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	action, secret := between(string(body), `action="`, `"`), between(string(body), `name="xsrf" value="`, `"`)
	rp.post(t, action, url.Values{"xsrf": {secret}, "logout": {"yes"}})
	end := rp.get(t, rp.config.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	if !strings.Contains(end, "/interaction/") {
		t.Errorf("after signing out, authorization ends at %s, want the sign-in form", end)
	}
}

// between is the text after start up to end, "" when start is missing.
func between(text, start, end string) string {
	_, rest, _ := strings.Cut(text, start)
	found, _, _ := strings.Cut(rest, end)
	return found
}
