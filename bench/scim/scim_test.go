// Package scim_test measures what an identity provider asks before each change, among
// ten thousand agents.
package scim_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// BenchmarkUsers asks for one agent by her name, for a page, and for what no index finds.
func BenchmarkUsers(b *testing.B) {
	p := servertest.New(b)
	state, err := p.Directory.MirrorState(b.Context(), "bourg")
	if err != nil {
		b.Fatal(err)
	}
	err = p.Directory.Mirror(b.Context(), "bourg", state, func(*database.Tx) (made directory.Mirroring, err error) {
		for i := range 10_000 {
			made.Create = append(made.Create, directory.Agent{
				ID: portal.AgentID(fmt.Sprint("m", i)), GivenName: "Anne", FamilyName: fmt.Sprint("Morel ", i), Email: fmt.Sprintf("m%d@x.example", i), Active: true,
			})
		}
		return made, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	const login = "admin@bourg.example"
	password, err := p.SSO.AppPasswords.Create(b.Context(), p.Caller(login, "bourg"), sso.AppPassword{Name: "Entra", Scopes: []portal.Scope{portal.ScopeDirectoryRead}, Ends: time.Now().AddDate(0, 1, 0)})
	if err != nil {
		b.Fatal(err)
	}
	client, token := p.Anonymous(), base64.StdEncoding.EncodeToString([]byte(login+":"+password))
	for _, c := range []struct{ name, query string }{
		{"name", "filter=" + url.QueryEscape(`userName eq "m7777@x.example"`)},
		{"page", "startIndex=5001&count=100"},
		{"contains", "filter=" + url.QueryEscape(`name.familyName co "777"`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				client.Do("GET", "/scim/v2/Users?"+c.query, strings.NewReader(""), "Authorization", "Bearer "+token).Want(b, http.StatusOK)
			}
		})
	}
}
