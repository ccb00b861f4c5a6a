package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"parvis/portal"
	"parvis/sso"
)

// Preset is a kind of issuer: what is asked of it, and what it must answer.
type Preset string

// The presets.
const (
	Generic    Preset = ""
	ProConnect Preset = "proconnect"
)

// Settings say how to sign in at one issuer. They are the JSON of a sso.Method;
// the client's secret is the method's.
type Settings struct {
	Preset   Preset   `json:"preset,omitempty"`
	Issuer   string   `json:"issuer"` // "https://auth.bourg.example", as it names itself
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes,omitempty"` // beside openid; nil is the preset's
	// Create lets in a person who is not known yet, when the issuer verified
	// an address of the collectivity's own domains.
	Create bool `json:"create,omitempty"`
	// TrustEmail takes an address as verified when the issuer says nothing about
	// it. One that it says is not verified never is.
	TrustEmail bool `json:"trust_email,omitempty"`
	// Algorithm signs ID tokens and what is said of the person, "RS256" or "ES256".
	// "" is any that the issuer announces, and lets it say that unsigned.
	Algorithm     string   `json:"algorithm,omitempty"`
	PlainUserinfo bool     `json:"plain_userinfo,omitempty"` // it says that unsigned all the same
	Level         string   `json:"level,omitempty"`          // acr that is reached at least, "eidas1"; "" asks for none
	SIRETs        []string `json:"sirets,omitempty"`         // of ProConnect: other establishments than the collectivity's own
	Providers     []string `json:"providers,omitempty"`      // of ProConnect: idp_id that are let in, none for any
	// Recheck asks the issuer for a refresh token, and asks it again about those who
	// entered. Consent has it ask the person too, as OpenID Connect Core §11 wants
	// and most issuers of an employer don't.
	Recheck    bool        `json:"recheck,omitempty"`
	Consent    bool        `json:"consent,omitempty"`
	Attributes Attributes  `json:"attributes,omitzero"`
	Groups     []GroupRule `json:"groups,omitempty"` // none: the issuer decides about no group
}

// Attributes name the claims to read: a name, a path ("realm_access.roles"), or
// several of them with spaces, of which the first that is there counts.
type Attributes struct {
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	Email      string `json:"email,omitempty"`
	Function   string `json:"function,omitempty"`
	Unit       string `json:"unit,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Mobile     string `json:"mobile,omitempty"`
	Office     string `json:"office,omitempty"`
	Groups     string `json:"groups,omitempty"`
}

// GroupRule puts those who have a value among their groups into one of ours.
type GroupRule struct {
	From string         `json:"from"` // "finances", exactly
	To   portal.GroupID `json:"to"`
}

// preset is what an administrator need not say, made anew for each caller.
func preset(name Preset) (settings Settings, ok bool) {
	attributes := Attributes{GivenName: "given_name", FamilyName: "family_name usual_name", Email: "email", Phone: "phone_number", Groups: "groups"}
	switch name {
	case Generic:
		return Settings{Scopes: []string{"email", "profile"}, Attributes: attributes}, true
	case ProConnect:
		attributes.FamilyName, attributes.Unit = "usual_name", "organizational_unit"
		return Settings{
			Preset: ProConnect, Scopes: []string{"given_name", "usual_name", "email", "uid", "siret", "idp_id"},
			TrustEmail: true, Algorithm: "RS256", Level: "eidas1", Attributes: attributes,
		}, true
	}
	return Settings{}, false
}

// Parse reads settings over those of their preset and says what in them can't
// work; portal.ErrInvalid.
func Parse(text json.RawMessage) (Settings, error) {
	var named struct {
		Preset Preset `json:"preset"`
	}
	if err := json.Unmarshal(text, &named); err != nil {
		return Settings{}, fmt.Errorf("upstream: settings: %w: %w", portal.ErrInvalid, err)
	}
	settings, known := preset(named.Preset)
	if !known {
		return Settings{}, fmt.Errorf("upstream: settings: %w: preset %q is not %s", portal.ErrInvalid, named.Preset, ProConnect)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("upstream: settings: %w: %w", portal.ErrInvalid, err)
	}
	if err := settings.check(); err != nil {
		return Settings{}, fmt.Errorf("upstream: settings: %w: %w", portal.ErrInvalid, err)
	}
	return settings, nil
}

const maxRules = 500

func (s *Settings) check() error {
	address, err := url.Parse(s.Issuer)
	safe := err == nil && address.Host != "" && (address.Scheme == "https" || address.Scheme == "http" && loopback(address.Hostname()))
	switch {
	case !safe || address.RawQuery != "" || address.Fragment != "":
		return fmt.Errorf("issuer %q must look like https://auth.bourg.example", s.Issuer)
	case s.ClientID == "":
		return errors.New("client_id is missing")
	case s.Algorithm != "" && s.Algorithm != "RS256" && s.Algorithm != "ES256":
		return fmt.Errorf("algorithm %q is neither RS256 nor ES256", s.Algorithm)
	case s.Preset == ProConnect && !slices.Contains(sso.Levels, s.Level):
		return fmt.Errorf("level %q is none of %s", s.Level, strings.Join(sso.Levels, ", "))
	case s.Preset != ProConnect && len(s.SIRETs)+len(s.Providers) > 0:
		return errors.New("sirets and providers are ProConnect's")
	case s.Preset == ProConnect && s.Recheck:
		return errors.New("recheck is not for ProConnect: it knows its own sessions, and not who left")
	case s.Consent && !s.Recheck:
		return errors.New("consent goes with recheck")
	case len(s.Groups) > maxRules:
		return fmt.Errorf("groups: %d at most", maxRules)
	case len(s.Groups) > 0 && s.Attributes.Groups == "":
		return errors.New("attributes.groups is missing: the claim that lists them")
	}
	for _, rule := range s.Groups {
		if strings.TrimSpace(rule.From) == "" || rule.To == "" {
			return errors.New("groups: each needs the issuer's value and our group")
		}
	}
	for i, text := range s.SIRETs {
		siret, ok := portal.SIRET(text)
		if !ok {
			return fmt.Errorf("sirets: %q is none", text)
		}
		s.SIRETs[i] = siret
	}
	return nil
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || (address != nil && address.IsLoopback())
}

// scopes are all that are asked for.
func (s Settings) scopes() []string {
	all := append([]string{oidc.ScopeOpenID}, s.Scopes...)
	if s.Recheck && !slices.Contains(all, oidc.ScopeOfflineAccess) {
		all = append(all, oidc.ScopeOfflineAccess)
	}
	return all
}

// signedUserinfo says whether what is said of the person must be signed.
func (s Settings) signedUserinfo() bool { return s.Algorithm != "" && !s.PlainUserinfo }

// algorithms are those that may sign, nil for those that the issuer announces.
func (s Settings) algorithms() []string {
	if s.Algorithm == "" {
		return nil
	}
	return []string{s.Algorithm}
}

// Describe implements sso.IssuerServer.
func (*Issuers) Describe(method sso.Method) ([]sso.Setting, error) {
	s, err := Parse(method.Settings)
	if err != nil {
		return nil, errors.Join(errSettings, err)
	}
	var all []sso.Setting
	add := func(key string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			all = append(all, sso.Setting{Key: "upstream.setting." + key, Value: text})
		}
	}
	if s.Preset == ProConnect {
		add("preset", "ProConnect")
	}
	add("issuer", s.Issuer)
	add("client", s.ClientID)
	add("scopes", strings.Join(s.scopes(), " "))
	add("level", s.Level)
	add("algorithm", s.Algorithm)
	add("sirets", s.SIRETs...)
	add("providers", s.Providers...)
	for _, rule := range s.Groups {
		add("group", rule.From+" → "+string(rule.To))
	}
	return all, nil
}
