package server_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
)

// told is what each protocol tells an application about a person.
type told struct {
	*servertest.Portal
	t       testing.TB
	browser *servertest.Client
	id      string
	secret  string
}

const (
	casApp     = "https://cas.bourg.example/"
	oidcApp    = "https://oidc.bourg.example/callback"
	forwardApp = "https://forward.bourg.example/"
)

// newTold registers an application by each protocol that is told everything.
func newTold(t testing.TB, login string, people ...servertest.Person) *told {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	for _, person := range people {
		p.Hire(person)
	}
	names := map[string]string{"given_name": "given_name", "family_name": "family_name", "groups": "groups", "display_name": "display_name"}
	for address, kind := range map[string]sso.ApplicationKind{casApp: sso.KindCAS, oidcApp: sso.KindOIDC, forwardApp: sso.KindForward} {
		p.Register(servertest.Application{Collectivity: "bourg", ID: "all-" + string(kind), Kind: kind, Addresses: []string{address}, Releases: names})
	}
	w := &told{Portal: p, t: t, browser: p.As(login)}
	var err error
	w.id, w.secret, err = p.OpenID.SetClient(t.Context(), p.Caller("admin@bourg.example", "bourg"), openid.Client{Application: "all-" + string(sso.KindOIDC)}, false)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// sent is where the browser is led, as an address.
func (w *told) sent(path string, pairs ...string) *url.URL {
	w.t.Helper()
	answer := w.browser.Get(path + "?" + values(pairs...).Encode())
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || to.Host == "" {
		w.t.Fatalf("%s: %d to %q, %v\n%.500s", path, answer.Status, to, err, answer.Body)
	}
	return to
}

func values(pairs ...string) url.Values {
	all := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		all.Set(pairs[i], pairs[i+1])
	}
	return all
}

// cas validates a ticket in XML, in JSON and in SAML, and returns the texts of the
// elements of an attribute in each.
func (w *told) cas(name string) [3][]string {
	w.t.Helper()
	ticket := func() string { return w.sent("/cas/login", "service", casApp).Query().Get("ticket") }
	ask := func(pairs ...string) string {
		return w.Anonymous().Get("/cas/p3/serviceValidate?"+values(pairs...).Encode()).Want(w.t, http.StatusOK).Body
	}
	var read struct {
		Response struct {
			Success struct{ Attributes map[string]json.RawMessage } `json:"authenticationSuccess"`
		} `json:"serviceResponse"`
	}
	if err := json.Unmarshal([]byte(ask("service", casApp, "ticket", ticket(), "format", "JSON")), &read); err != nil {
		w.t.Fatal(err)
	}
	var inJSON []string
	if err := json.Unmarshal(read.Response.Success.Attributes[name], &inJSON); err != nil {
		w.t.Fatalf("%s of %s: %v", name, read.Response.Success.Attributes[name], err)
	}
	saml := w.Anonymous().Do("POST", "/cas/samlValidate?"+values("TARGET", casApp).Encode(), strings.NewReader(
		`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Request xmlns="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" MinorVersion="1" RequestID="_1" IssueInstant="2026-06-19T17:03:44Z"><AssertionArtifact>`+
			ticket()+`</AssertionArtifact></Request></Body></Envelope>`), "Content-Type", "text/xml").Want(w.t, http.StatusOK).Body
	return [3][]string{elements(w.t, ask("service", casApp, "ticket", ticket()), name, ""), inJSON, elements(w.t, saml, "AttributeValue", name)}
}

// elements are the texts of the elements so named, under one whose AttributeName
// is as given, if it is.
func elements(t testing.TB, text, name, under string) (texts []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	inside := under == ""
	for {
		token, err := decoder.Token()
		if token == nil {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, attribute := range start.Attr {
			if under != "" && attribute.Name.Local == "AttributeName" {
				inside = attribute.Value == under
			}
		}
		if inside && start.Name.Local == name {
			var one string
			if err := decoder.DecodeElement(&one, &start); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, one)
		}
	}
}

// oidc returns the claims of the ID token, where they are asked for by name, and
// of userinfo.
func (w *told) oidc(claim string) (idToken, userinfo map[string]any) {
	w.t.Helper()
	code := w.sent("/oidc/bourg/authorize", "client_id", w.id, "redirect_uri", oidcApp, "response_type", "code", "scope", "openid profile groups",
		"claims", `{"id_token":{"`+claim+`":null}}`).Query().Get("code")
	form := values("grant_type", "authorization_code", "code", code, "redirect_uri", oidcApp, "client_id", w.id, "client_secret", w.secret)
	answer := w.Anonymous().Do("POST", "/oidc/bourg/token", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded").Want(w.t, http.StatusOK)
	var tokens struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(answer.Body), &tokens); err != nil {
		w.t.Fatal(err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(tokens.ID, ".")[1])
	if err != nil {
		w.t.Fatal(err)
	}
	info := w.Anonymous().Do("GET", "/oidc/bourg/userinfo", nil, "Authorization", "Bearer "+tokens.Access).Want(w.t, http.StatusOK).Body
	for text, into := range map[string]*map[string]any{string(payload): &idToken, info: &userinfo} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			w.t.Fatal(err)
		}
	}
	return idToken, userinfo
}

// forward returns the identity headers that a proxy hands on.
func (w *told) forward() http.Header {
	w.t.Helper()
	back := w.sent("/forward/start", "to", forwardApp)
	set := w.Anonymous().Do("GET", back.RequestURI(), nil, "X-Original-URL", back.String()).Want(w.t, http.StatusSeeOther).Header.Get("Set-Cookie")
	cookie, _, _ := strings.Cut(set, ";")
	return w.Anonymous().Do("GET", "/forward/nginx", nil, "X-Original-URL", forwardApp, "Cookie", cookie).Want(w.t, http.StatusOK).Header
}

// TestNamesReachApplicationsAsTheyAre: apostrophes, accents, markup, 200
// characters, through each protocol.
func TestNamesReachApplicationsAsTheyAre(t *testing.T) {
	var people []servertest.Person
	names := []string{"O’Connor-d'Été", `<b>&amp;"]]>`, "Ðặng 山田 👩‍💻", strings.Repeat("é", 100), "a, b%2C; c\\"}
	for i, name := range names {
		people = append(people, servertest.Person{Login: fmt.Sprintf("nom%d@bourg.example", i), GivenName: name, FamilyName: name, Collectivities: []portal.CollectivityID{"bourg"}})
	}
	w := newTold(t, "agent@bourg.example", people...)
	for i, name := range names {
		w.browser, name = w.As(people[i].Login), name+" "+name
		for form, got := range w.cas("display_name") {
			if !slices.Equal(got, []string{name}) {
				t.Errorf("CAS, form %d: %q, want %q", form, got, name)
			}
		}
		idToken, userinfo := w.oidc("display_name")
		if idToken["display_name"] != name || userinfo["display_name"] != name || userinfo["name"] != name {
			t.Errorf("OpenID: %q, %q, %q, want %q", idToken["display_name"], userinfo["display_name"], userinfo["name"], name)
		}
		header := w.forward().Get("Parvis-Display-Name")
		if got, err := url.PathUnescape(header); err != nil || got != name || strings.ContainsFunc(header, func(r rune) bool { return r > '~' || r == ',' }) {
			t.Errorf("header %q is %q, %v, want %q", header, got, err, name)
		}
	}
}

// TestTenThousandGroupsOfOnePerson: she signs in, reads her pages, and applications
// are told all of her groups, but in headers, where that many don't fit.
func TestTenThousandGroupsOfOnePerson(t *testing.T) {
	const many = 10_000
	w := newTold(t, "agent@bourg.example")
	agent := w.Caller("agent@bourg.example", "bourg").Agent
	err := w.DB.Tx(t.Context(), func(tx *database.Tx) error {
		for from := 0; from < many; from += 500 {
			var groups, members []string
			for i := from; i < from+500; i++ {
				groups = append(groups, fmt.Sprintf("('bourg', 'g%05d', 'Groupe d’agents n° %05d')", i, i))
				members = append(members, fmt.Sprintf("('bourg', 'g%05d', '%s')", i, agent))
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO agent_groups (collectivity, id, name) VALUES `+strings.Join(groups, ", ")); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES `+strings.Join(members, ", ")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.SSO.Forget("")
	w.browser = w.Anonymous()
	w.browser.SignIn("agent@bourg.example", servertest.Password).Want(t, http.StatusSeeOther)
	w.browser.Get("/").Want(t, http.StatusOK)
	w.browser.Get("/account").Want(t, http.StatusOK)
	for form, got := range w.cas("groups") {
		if len(got) != many+1 || got[len(got)-1] != "Groupe d’agents n° 09999" {
			t.Errorf("CAS, form %d: %d groups", form, len(got))
		}
	}
	idToken, userinfo := w.oidc("groups")
	if a, b := idToken["groups"].([]any), userinfo["groups"].([]any); len(a) != many+1 || len(b) != many+1 {
		t.Errorf("OpenID: %d and %d groups", len(a), len(b))
	}
	headers, size := w.forward(), 0
	for name, values := range headers {
		size += len(name) + len(strings.Join(values, ""))
	}
	if size > 4<<10 || headers.Get("Parvis-Groups") != "" || headers.Get("Parvis-Left-Out") != "groups" || headers.Get("Parvis-Family-Name") != "Le Goff" {
		t.Errorf("%d bytes of headers, left out %q, family name %q", size, headers.Get("Parvis-Left-Out"), headers.Get("Parvis-Family-Name"))
	}
}
