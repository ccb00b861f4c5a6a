package openid

import (
	"net/http"
	"slices"

	"parvis/portal/web"
)

// description is what an issuer says of itself (OpenID Connect Discovery §3,
// RFC 8414).
type description struct {
	Issuer             string   `json:"issuer"`
	Authorization      string   `json:"authorization_endpoint"`
	Token              string   `json:"token_endpoint"`
	Userinfo           string   `json:"userinfo_endpoint"`
	Keys               string   `json:"jwks_uri"`
	Introspection      string   `json:"introspection_endpoint"`
	Revocation         string   `json:"revocation_endpoint"`
	EndSession         string   `json:"end_session_endpoint"`
	Scopes             []string `json:"scopes_supported"`
	ResponseTypes      []string `json:"response_types_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	GrantTypes         []string `json:"grant_types_supported"`
	SubjectTypes       []string `json:"subject_types_supported"`
	IDTokenAlgorithms  []string `json:"id_token_signing_alg_values_supported"`
	UserinfoAlgorithms []string `json:"userinfo_signing_alg_values_supported"`
	TokenAuth          []string `json:"token_endpoint_auth_methods_supported"`
	Claims             []string `json:"claims_supported"`
	Levels             []string `json:"acr_values_supported"`
	Challenges         []string `json:"code_challenge_methods_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	Locales            []string `json:"ui_locales_supported"`
	ClaimsParameter    bool     `json:"claims_parameter_supported"`
	RequestParameter   bool     `json:"request_parameter_supported"`
	RequestURI         bool     `json:"request_uri_parameter_supported"` // the default is true
	NamesItself        bool     `json:"authorization_response_iss_parameter_supported"`
	BackChannel        bool     `json:"backchannel_logout_supported"`
	BackChannelSession bool     `json:"backchannel_logout_session_supported"`
}

// describe answers with the description of an issuer; there is none for a
// collectivity without clients.
func (p *Provider) describe(w http.ResponseWriter, r *http.Request) error {
	from := issuerOf(r)
	if err := p.exists(r.Context(), from); err != nil || web.Var(r, "issuer") == pool {
		return answerMissing(w, err)
	}
	names := []string{"openid", offline}
	for scope := range scopeClaims {
		names = append(names, scope)
	}
	for scope := range federationScopes {
		names = append(names, scope)
	}
	slices.Sort(names)
	signing := []string{"RS256", "ES256"}
	w.Header().Set("Cache-Control", "public, max-age=300")
	return answerJSON(w, http.StatusOK, description{
		Issuer: from.url, Authorization: from.base + "/authorize", Token: from.base + "/token", Userinfo: from.base + "/userinfo",
		Keys: from.base + "/keys", Introspection: from.base + "/introspect", Revocation: from.base + "/revoke", EndSession: from.base + "/logout",
		Scopes: names, ResponseTypes: []string{"code"}, ResponseModes: []string{modeQuery, modeForm},
		GrantTypes: []string{"authorization_code", "refresh_token"}, SubjectTypes: []string{"public"},
		IDTokenAlgorithms: signing, UserinfoAlgorithms: signing,
		TokenAuth: []string{"client_secret_basic", "client_secret_post", "none"},
		Claims:    supportedClaims(), Levels: []string{levelOne, levelTwo}, Challenges: []string{"S256"},
		Prompts: []string{"none", "login", "consent", "select_account"}, Locales: []string{"fr", "en"},
		ClaimsParameter: true, NamesItself: true, BackChannel: true, BackChannelSession: true,
	})
}
