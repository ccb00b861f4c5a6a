package openid_test

import (
	"html"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/sso/openid"
)

var (
	formField   = regexp.MustCompile(`name="(release-\w+|name|url)"[^>]*value="([^"]*)"`)
	formPlaces  = regexp.MustCompile(`(?s)name="addresses"[^>]*>([^<]*)</textarea>`)
	federation  = "https://auth.agentconnect.gouv.fr/api/v2/oidc-callback"
	federations = "openid given_name usual_name email uid siren siret organizational_unit belonging_population phone chorusdt custom"
)

// newFederation has an administrator add ProConnect by the form that is filled in
// for it, as she would, and make it a client.
func newFederation(t *testing.T) *relying {
	t.Helper()
	r := newRelying(t)
	bourg, err := r.Directory.Collectivity(t.Context(), "bourg")
	if err != nil {
		t.Fatal(err)
	}
	bourg.SIREN, bourg.SIRET = "999000102", servers.SIRET
	if err := r.Directory.ChangeCollectivity(t.Context(), bourg); err != nil {
		t.Fatal(err)
	}
	admin := r.As("admin@bourg.example")
	filled := admin.Get("/admin/applications/new?preset=proconnect").Want(t, 200).Body
	form := []string{"kind", "oidc", "subject", "id", "icon", "key"}
	for _, field := range formField.FindAllStringSubmatch(filled, -1) {
		form = append(form, field[1], html.UnescapeString(field[2]))
	}
	places := formPlaces.FindStringSubmatch(filled)
	if places == nil || strings.TrimSpace(places[1]) != federation {
		t.Fatalf("addresses = %q", places)
	}
	admin.Post("/admin/applications", append(form, "addresses", places[1])...).Want(t, 303)
	id := r.applicationNamed("ProConnect")
	client := admin.Get("/admin/applications/"+id+"/openid").Want(t, 200, "que ProConnect attend", "https://auth.agentconnect.gouv.fr/api/v2/client/logout-callback").Body
	if !strings.Contains(client, `<option value="RS256" selected`) {
		t.Error("the answer about the person is not signed for ProConnect")
	}
	r.id, r.secret = r.client(openid.Client{Application: id, UserinfoAlgorithm: "RS256", PostLogout: []string{"https://auth.agentconnect.gouv.fr/api/v2/client/logout-callback"}})
	return r
}

func (r *relying) applicationNamed(name string) string {
	r.t.Helper()
	all, err := r.Applications.All(r.t.Context(), r.Caller("admin@bourg.example", "bourg"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, app := range all {
		if app.Name == name {
			return app.ID
		}
	}
	r.t.Fatalf("no application is named %q", name)
	return ""
}

// proves makes the browser's session one in which a person proved so much.
func (r *relying) proves(factors string) {
	r.t.Helper()
	account := r.Caller("agent@bourg.example", "bourg").Account
	if _, err := r.DB.Exec(r.t.Context(), `UPDATE sessions SET factors = $1 WHERE account = $2`, factors, string(account)); err != nil {
		r.t.Fatal(err)
	}
	r.SSO.Forget(account)
}

// asksAs goes all the way as ProConnect does with an identity provider.
func (r *relying) asksAs(real *servers.Relying, claims string) (token, person map[string]any) {
	r.t.Helper()
	var begun struct{ URL string }
	real.Ask(map[string]string{
		"do": "begin", "strict": "1", "issuer": r.URL + "/oidc/bourg", "id": r.id, "secret": r.secret, "redirect": federation,
		"scope": federations, "claims": claims,
	}, &begun)
	address, err := url.Parse(begun.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	back := r.browser.Get(address.RequestURI()).Want(r.t, 303)
	var told struct{ Claims, Userinfo map[string]any }
	real.Ask(map[string]string{"do": "finish", "url": back.Header.Get("Location")}, &told)
	return told.Claims, told.Userinfo
}

// TestParvisIsAnIdentityProviderOfProConnect: npm's openid-client asks as ProConnect
// does and verifies every signature; what it is told passes what ProConnect checks
// (base-identity.dto of its federation): present, at most 256 characters, sub and
// uid in ASCII, a SIRET with its key.
func TestParvisIsAnIdentityProviderOfProConnect(t *testing.T) {
	r, real := newFederation(t), servers.NewRelying(t)
	r.proves("pwd")
	token, person := r.asksAs(real, `{"id_token":{"amr":{"essential":true},"acr":null}}`)
	text := func(name string) string {
		value, _ := person[name].(string)
		return value
	}
	for _, name := range []string{"sub", "given_name", "usual_name", "email", "uid", "siret"} {
		if value := text(name); value == "" || len(value) > 256 {
			t.Errorf("%s = %v", name, person[name])
		}
	}
	for _, name := range []string{"sub", "uid"} {
		if strings.ContainsFunc(text(name), func(r rune) bool { return r > 0x7e || r < 0x20 }) {
			t.Errorf("%s = %q is not ASCII", name, text(name))
		}
	}
	if _, err := mail.ParseAddress(text("email")); err != nil {
		t.Errorf("email: %v", err)
	}
	if siret, ok := portal.SIRET(text("siret")); !ok || siret != servers.SIRET || text("siren") != "999000102" {
		t.Errorf("siret = %q, siren = %q", text("siret"), text("siren"))
	}
	if text("usual_name") != "Le Goff" || text("belonging_population") != "agent" || person["chorusdt"] != nil {
		t.Errorf("told %v", person)
	}
	for name, value := range person {
		if value == "" || value == nil {
			t.Errorf("%s is told empty: ProConnect refuses the person", name)
		}
	}
	if token["acr"] != "eidas1" || !slices.Equal(listOf(token["amr"]), []string{"pwd"}) {
		t.Errorf("acr = %v, amr = %v", token["acr"], token["amr"])
	}
}

func listOf(value any) (texts []string) {
	all, _ := value.([]any)
	for _, one := range all {
		texts = append(texts, one.(string))
	}
	return texts
}

// TestProConnectIsToldOneOfTheLevelsThatItNames: a service that wants two factors
// has it ask for these, and no other is accepted.
func TestProConnectIsToldOneOfTheLevelsThatItNames(t *testing.T) {
	r, real := newFederation(t), servers.NewRelying(t)
	r.proves("pwd otp")
	for claims, want := range map[string]string{
		`{"id_token":{"acr":{"essential":true,"values":["eidas0-mfa","eidas1-mfa","eidas2","eidas3"]}}}`: "eidas1-mfa",
		`{"id_token":{"acr":{"essential":true,"values":["eidas0-mfa"]}}}`:                                "eidas0-mfa",
		`{"id_token":{"acr":{"essential":true,"value":"eidas1"}}}`:                                       "eidas1",
		`{"id_token":{"acr":null,"amr":null}}`:                                                           "eidas1-mfa",
	} {
		token, _ := r.asksAs(real, claims)
		if token["acr"] != want || !slices.Equal(listOf(token["amr"]), []string{"pwd", "otp", "mfa"}) {
			t.Errorf("%s: acr = %v, amr = %v, want %s", claims, token["acr"], token["amr"], want)
		}
	}
	r.proves("pwd")
	sent := r.browser.Get(r.issuer + "/authorize?" + r.request("redirect_uri", federation, "scope", federations,
		"claims", `{"id_token":{"acr":{"essential":true,"values":["eidas1-mfa","eidas2","eidas3"]}}}`).Encode())
	if !strings.HasPrefix(sent.Header.Get("Location"), "/sign-in/second?") {
		t.Errorf("one factor where two are essential: %d to %q", sent.Status, sent.Header.Get("Location"))
	}
}
