package sso

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/applications"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
)

// BenchmarkOpenID is a whole opening of an application by somebody who is signed
// in: authorize, token, userinfo.
func BenchmarkOpenID(b *testing.B) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		b.Run(algorithm, func(b *testing.B) {
			p := servertest.New(b)
			id, secret := relyingParty(b, p, algorithm)
			request, _ := session(b, p)
			query := url.Values{"client_id": {id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email"}, "state": {"s"}, "nonce": {"n"}}
			basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
			measure(b, func() {
				asking := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/oidc/bourg/authorize?"+query.Encode(), nil)
				asking.AddCookie(request.Cookies()[0])
				back, err := url.Parse(answer(b, p, asking, http.StatusSeeOther).Header.Get("Location"))
				if err != nil {
					b.Fatal(err)
				}
				exchange := form("/oidc/bourg/token", url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback}})
				exchange.Header.Set("Authorization", basic)
				var tokens struct {
					Access string `json:"access_token"`
				}
				if err := json.NewDecoder(answer(b, p, exchange, http.StatusOK).Body).Decode(&tokens); err != nil {
					b.Fatal(err)
				}
				info := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/oidc/bourg/userinfo", strings.NewReader(""))
				info.Header.Set("Authorization", "Bearer "+tokens.Access)
				answer(b, p, info, http.StatusOK)
			})
		})
	}
}

const callback = "https://app.bourg.example/callback"

// relyingParty registers an application of bourg as a client.
func relyingParty(b *testing.B, p *servertest.Portal, algorithm string) (id, secret string) {
	b.Helper()
	admin := p.Caller("admin@bourg.example", "bourg")
	address, err := sso.ParseAddress(callback)
	if err != nil {
		b.Fatal(err)
	}
	_, err = p.Applications.Create(context.Background(), admin, applications.Application{
		ID: "app", Name: "App", URL: "https://app.bourg.example/",
		Kind: sso.KindOIDC, Addresses: []sso.Address{address},
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	id, secret, err = p.OpenID.SetClient(context.Background(), admin, openid.Client{Application: "app", Algorithm: algorithm}, false)
	if err != nil {
		b.Fatal(err)
	}
	return id, secret
}
