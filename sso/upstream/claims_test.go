package upstream

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parvis/portal"
	"parvis/sso"
)

const example = `{
	"sub": "s", "nonce": "n", "email": "  anne@bourg.example ", "usual_name": "Petit", "empty": " ", "age": 41, "admin": true,
	"realm_access": {"roles": ["agent", "chef", 7, ["deep"], {"x": 1}]}, "https://bourg.example/unit": "Voirie",
	"resource.access": {"a.b": {"c": "found"}}, "nothing": null
}`

func read(t testing.TB, text string) claims {
	t.Helper()
	found, err := readClaims([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAClaimIsFoundByItsPath(t *testing.T) {
	said := read(t, example)
	for paths, want := range map[string]string{
		"email": "anne@bourg.example", "family_name usual_name": "Petit", "empty usual_name": "Petit", "age": "41", "admin": "true",
		"realm_access.roles": "agent", "https://bourg.example/unit": "Voirie", "resource.access.a.b.c": "found",
		"realm_access": "", "realm_access.none": "", "nothing": "", "": "", ".": "", "email.x": "", "realm_access.": "",
	} {
		if got := said.text(paths); got != want {
			t.Errorf("text(%q) = %q, want %q", paths, got, want)
		}
	}
	if _, got := said.first("realm_access.roles"); !slices.Equal(got, []string{"agent", "chef", "7"}) {
		t.Errorf("roles = %q", got)
	}
	if shown := said.list(); slices.ContainsFunc(shown, func(c sso.Claim) bool { return c.Name == "nonce" }) ||
		!slices.Contains(shown, sso.Claim{Name: "resource.access.a.b.c", Value: "found"}) {
		t.Errorf("shown = %v", shown)
	}
}

// TestGroupsFollowTheirClaim: no value is no group; a claim that the issuer says
// it keeps elsewhere changes nothing.
func TestGroupsFollowTheirClaim(t *testing.T) {
	settings := Settings{Attributes: Attributes{Groups: "groups"}, Groups: []GroupRule{{"chef", "encadrants"}, {"elu", "elus"}}}
	for text, want := range map[string][2]string{
		`{"groups":["chef","x"]}`:            {"encadrants elus", "encadrants"},
		`{"groups":"elu"}`:                   {"encadrants elus", "elus"},
		`{"groups":["Chef","chef "]}`:        {"encadrants elus", ""},
		`{}`:                                 {"encadrants elus", ""},
		`{"_claim_names":{"groups":"src1"}}`: {"", ""},
		`{"_claim_names":{"groups":"s"},"groups":[]}`: {"encadrants elus", ""},
	} {
		profile := settings.profile(read(t, text))
		join := func(groups []portal.GroupID) string {
			var texts []string
			for _, group := range groups {
				texts = append(texts, string(group))
			}
			return strings.Join(texts, " ")
		}
		if got := [2]string{join(profile.Managed), join(profile.Groups)}; got != want {
			t.Errorf("%s: managed and groups = %q, want %q", text, got, want)
		}
	}
}

func TestAnAddressIsTrustedOnlyWhereTheSettingsSaySo(t *testing.T) {
	for _, test := range []struct {
		text             string
		trusted          bool
		verified, wantOK bool
	}{
		{`{}`, false, false, true},
		{`{}`, true, true, true},
		{`{"email_verified":false}`, true, false, true},
		{`{"email_verified":"false"}`, true, false, true},
		{`{"email_verified":true}`, false, true, true},
		{`{"email_verified":null}`, true, false, false},
		{`{"email_verified":1}`, true, false, false},
	} {
		if verified, ok := read(t, test.text).verified(test.trusted); verified != test.verified || ok != test.wantOK {
			t.Errorf("%s trusted %v: %v, %v", test.text, test.trusted, verified, ok)
		}
	}
}

func TestWhatAnIssuerSaysOfFactors(t *testing.T) {
	for _, test := range []struct {
		level, methods, want string
	}{
		{"eidas1", "pwd", "pwd"},
		{"eidas1-mfa", "pwd", "pwd mfa"},
		{"eidas2", "", "mfa"},
		{"https://proconnect.gouv.fr/assurance/self-asserted-2fa", "", "mfa"},
		{"", "pwd totp", "pwd otp"},
		{"", "pop", "swk"},
		{"", "sc pin", "hwk pin"},
		{"", "otp", ""}, // by mail, for all that is known
		{"", "mail", ""},
		{"", "pwd pwd unknown", "pwd"},
	} {
		if got := factorsOf(test.level, strings.Fields(test.methods)); got != test.want {
			t.Errorf("factorsOf(%q, %q) = %q, want %q", test.level, test.methods, got, test.want)
		}
	}
}

func TestSettingsThatCantWorkAreRefused(t *testing.T) {
	base := func(more string) string {
		return `{"issuer":"https://auth.bourg.example","client_id":"x"` + more + `}`
	}
	for text, want := range map[string]bool{
		base(""):                       true,
		base(`,"preset":"proconnect"`): true,
		base(`,"preset":"proconnect","sirets":["999 000 102 00015"],"level":"eidas3"`): true,
		base(`,"preset":"proconnect","sirets":["99900010200016"]`):                     false,
		base(`,"preset":"proconnect","level":"eidas9"`):                                false,
		base(`,"preset":"proconnet"`):                                                  false,
		base(`,"algorithm":"none"`):                                                    false,
		base(`,"algorithm":"HS256"`):                                                   false,
		base(`,"recheck":true`):                                                        true,
		base(`,"recheck":true,"consent":true`):                                         true,
		base(`,"consent":true`):                                                        false,
		base(`,"preset":"proconnect","recheck":true`):                                  false,
		base(`,"sirets":["99900010200015"]`):                                           false,
		base(`,"groups":[{"from":"","to":"x"}]`):                                       false,
		base(`,"misspelt":1`):                                                          false,
		`{"issuer":"http://auth.bourg.example","client_id":"x"}`:                       false,
	} {
		if _, err := Parse(json.RawMessage(text)); (err == nil) != want {
			t.Errorf("Parse(%s) = %v", text, err)
		}
	}
	first, err := Parse(json.RawMessage(base(`,"preset":"proconnect","scopes":["x","y"]`)))
	second, err2 := Parse(json.RawMessage(base(`,"preset":"proconnect"`)))
	if err != nil || err2 != nil || first.Scopes[0] != "x" || second.Scopes[0] != "given_name" {
		t.Errorf("the settings of one change those of another: %q, %q", first.Scopes, second.Scopes)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(example, "realm_access.roles email")
	f.Add(`{"a":{"b":{"c":[1,null,"\ud800"]}}}`, "a.b.c")
	f.Add(`[]`, "..a..")
	f.Fuzz(func(t *testing.T, text, paths string) {
		said, err := readClaims([]byte(text))
		if err != nil {
			return
		}
		settings := Settings{Attributes: Attributes{Email: paths, Groups: paths}, Groups: []GroupRule{{"x", "y"}}}
		settings.profile(said)
		settings.Attributes.shown(said)
		for _, claim := range said.list() {
			if len(claim.Value) > maxValue+len("…") || utf8.ValidString(text) && !utf8.ValidString(claim.Value) {
				t.Errorf("shown %q", claim.Value)
			}
		}
	})
}
