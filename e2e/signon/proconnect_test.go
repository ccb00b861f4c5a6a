package signon_test

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/server"
	"parvis/server/servertest"
)

// TestProConnect is the journey of an agent and of her administrator, bourg being
// described as its operator would: in by ProConnect, out there too; then what it
// says is looked at, and nobody is signed in.
func TestProConnect(t *testing.T) {
	portal, state := servertest.New(t), servers.NewProConnect(t)
	client := state.Register(t, []string{portal.URL + "/sign-in/callback/bourg"}, []string{portal.URL + "/sign-in"})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(client.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := portal.Apply(t.Context(), server.Description{
		ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune", Domains: []string{"bourg.example"},
		SIREN: "999000102", SIRET: "999 000 102 00015",
		SignIn: &server.SignInDescription{Kind: "oidc", SecretFile: secret, OIDC: &server.OIDCDescription{
			Preset: "proconnect", Issuer: state.Issuer, ClientID: client.ID, Create: true,
			Scopes: []string{"given_name", "usual_name", "email", "uid", "siret", "idp_id", "organizational_unit", "custom"},
			Claims: server.ClaimsDescription{Groups: "custom.droits.profils"},
			Groups: []server.GroupDescription{{From: "Urbanisme", Group: "urbanisme", Name: "Urbanisme"}},
		}},
	})
	if err != nil {
		t.Fatal(portal.Sentence(err))
	}
	cecile := servers.PersonByUID("cecile.oconnor")
	page := browser.New(t)
	address, err := url.Parse(state.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	page.AllowHost(address.Host)
	page.Open(portal.URL + "/sign-in?next=%2Faccount")
	page.Fill("#login", cecile.Mail)
	page.Follow("button.main")
	page.Until(`location.pathname === '/account'`)
	page.MustSee(cecile.Mail)
	page.Follow(".leave button")
	page.Until(`location.pathname.endsWith('/session/end')`)
	page.Follow("button")
	page.Until(`location.pathname === '/sign-in' && location.search === ''`)
	page.MustSee("ici et chez votre organisme")

	state.Set(t, client, servers.Switch{Person: map[string]any{"email": "admin@bourg.example", "given_name": "Hélène", "usual_name": "D'Aumas"}})
	page.Fill("#login", "admin@bourg.example")
	page.Follow("button.main")
	page.Until(`location.pathname.startsWith('/interaction/')`)
	page.Fill("input[name=login]", servers.PersonByUID("helene.daumas").Mail)
	page.Follow("button")
	page.Until(`location.pathname === '/'`)
	state.Set(t, client, servers.Switch{})
	page.Open(portal.URL + "/admin/sign-in")
	page.MustSee("Essayer avec mon compte")
	page.JudgeAndKeep(t, "factors/proconnect-settings")
	page.Follow("form[action='/admin/sign-in/issuer'] button") // ProConnect knows who she is
	page.Until(`location.pathname === '/sign-in/callback/bourg'`)
	page.MustSee("Peut entrer")
	page.MustSee("déjà reconnue par ce fournisseur")
	page.JudgeAndKeep(t, "factors/proconnect-trial")
	page.Open(portal.URL + "/account")
	page.MustSee("admin@bourg.example")

	page.Open(portal.URL + "/admin/applications/new?preset=proconnect")
	page.MustSee("Remplir pour ProConnect")
	page.JudgeAndKeep(t, "factors/proconnect-application")
	page.Open(portal.URL + "/admin/sign-in/factors")
	page.JudgeAndKeep(t, "factors/proconnect-rule")
}
