package signon_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/e2e/servers"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
)

// TestApacheAsksOpenID: mod_auth_openidc lets an agent in by her sign-in, knows
// her and her claims, leads to the sign-out and back, and is told of one that
// happened elsewhere.
func TestApacheAsksOpenID(t *testing.T) {
	authority := servers.NewAuthority(t)
	p, address := overTLS(t, authority)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "headers: %s, %s", r.Header["Oidc_claim_email"], r.Header["Oidc_claim_family_name"])
	}))
	t.Cleanup(backend.Close)
	apache := servers.OpenIDApache(t, address, backend.URL, authority, func(url string) (id, secret string) {
		p.Register(servertest.Application{
			Collectivity: "bourg", ID: "finances", Kind: sso.KindOIDC, Addresses: []string{url + "/callback"},
			Releases: map[string]string{"email": "email", "family_name": "family_name", "groups": "groups"},
		})
		id, secret, err := p.OpenID.SetClient(t.Context(), p.Caller("admin@bourg.example", "bourg"),
			openid.Client{Application: "finances", PostLogout: []string{url + "/bye"}, BackChannel: url + "/callback?logout=backchannel"}, false)
		if err != nil {
			t.Fatal(err)
		}
		return id, secret
	})
	v := newVisitor(t, authority)
	shown := v.signInFor(address, apache+"/app", "agent@bourg.example")
	for _, want := range []string{
		"REMOTE_USER=agent@bourg.example\n", "OIDC_CLAIM_email=agent@bourg.example\n", "OIDC_CLAIM_family_name=Le Goff\n", "OIDC_CLAIM_groups=Accueil\n",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the application does not see %q:\n%s", want, shown)
		}
	}
	if _, shown := v.open(apache + "/behind/"); shown != "headers: [agent@bourg.example], [Le Goff]" {
		t.Errorf("an application behind Apache sees %q", shown)
	}
	at, _ := v.open(apache + "/callback?logout=" + url.QueryEscape(apache+"/bye"))
	if at.String() != apache+"/bye" {
		t.Errorf("the application's sign-out ends at %s", at)
	}
	if at, _ := v.open(address + "/account"); at.Path != "/sign-in" {
		t.Errorf("the application's sign-out leaves the portal open: %s", at)
	}

	v.signInFor(address, apache+"/app", "agent@bourg.example")
	v.send(address+"/sign-out", nil)
	deadline := time.Now().Add(20 * time.Second)
	for {
		at, _ := v.open(apache + "/app")
		if at.Path == "/sign-in" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("her session in the application outlives that of the portal")
		}
		time.Sleep(50 * time.Millisecond)
	}
}
