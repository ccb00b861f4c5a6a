package openid

import (
	"context"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/sso"
)

// scopeClaims are the claims that a scope asks for (OpenID Connect Core §5.4).
// An attribute that the application's administrator releases under a name of her
// own is told with any of them.
var scopeClaims = map[string][]string{
	"profile": {"name", "given_name", "family_name", "preferred_username", "usual_name", "uid", "locale", "zoneinfo"},
	"email":   {"email", "email_verified"},
	"phone":   {"phone_number"},
	"address": {"address"},
	"groups":  {"groups"},
}

// federationScopes are those of ProConnect, a claim each. What is released under
// these names is told anyway, as any name that the administrator chose.
var federationScopes = map[string][]string{
	"given_name": {"given_name"}, "usual_name": {"usual_name"}, "uid": {"uid"}, "siren": {"siren"}, "siret": {"siret"},
	"organizational_unit": {"organizational_unit"}, "belonging_population": {"belonging_population"},
}

// claimsOf are the claims that a scope asks for; not known for none of ours.
func claimsOf(scope string) (claims []string, known bool) {
	if claims, known = scopeClaims[scope]; known {
		return claims, true
	}
	claims, known = federationScopes[scope]
	return claims, known
}

// supportedClaims lists what may be asked for, for the description.
func supportedClaims() []string {
	all := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "siret", "given_name"}
	for _, scopes := range []map[string][]string{scopeClaims, federationScopes} {
		for _, claims := range scopes {
			all = append(all, claims...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// personClaims are what an application is told about a person: what its scopes
// and its claims parameter ask for, of what its administrator releases.
func (p *Provider) personClaims(ctx context.Context, identity *web.Identity, application sso.Application, granted []string, asked []string) (map[string]any, error) {
	released, err := p.applications.Release(ctx, identity.Caller, application)
	if err != nil {
		return nil, err
	}
	all := map[string]any{
		"name": identity.PersonName, "preferred_username": released.User,
		"locale": string(languageOf(identity)), "zoneinfo": identity.Collectivity.Zone.String(),
	}
	standard := map[string]bool{}
	for _, names := range scopeClaims {
		for _, name := range names {
			standard[name] = true
		}
	}
	told := map[string]any{}
	for _, attribute := range released.Attributes {
		all[attribute.Name] = valueOf(attribute)
		if !standard[attribute.Name] {
			told[attribute.Name] = valueOf(attribute) // the administrator chose it for this application
		}
	}
	if _, there := all["email"]; there {
		all["email_verified"] = true // it comes from the collectivity's own directory
	}
	wanted := slices.Clone(asked)
	for _, scope := range granted {
		claims, _ := claimsOf(scope)
		wanted = append(wanted, claims...)
	}
	for _, name := range wanted {
		if value, there := all[name]; there {
			told[name] = value
		}
	}
	return told, nil
}

func languageOf(identity *web.Identity) string {
	if identity.Language != "" {
		return string(identity.Language)
	}
	return string(identity.Collectivity.Language)
}

// listed are attributes that are lists whatever they hold.
var listed = []string{"groups"}

func valueOf(attribute sso.Attribute) any {
	if len(attribute.Values) == 1 && !slices.Contains(listed, attribute.Name) {
		return attribute.Values[0]
	}
	return attribute.Values
}

// The levels of authentication that we vouch for, the weaker first: one factor
// and two, under the names of ProConnect.
const (
	levelOne = "eidas1"
	levelTwo = "eidas1-mfa"
)

// levelOf is the level of what a person proved (RFC 8176 names).
func levelOf(factors string) string {
	if sso.HasSecond(factors) {
		return levelTwo
	}
	return levelOne
}

// methodsOf are what a person proved, with the word for several of them.
func methodsOf(factors string) []string {
	methods := strings.Fields(factors)
	if sso.HasSecond(factors) && !slices.Contains(methods, "mfa") {
		methods = append(methods, "mfa")
	}
	return methods
}

// reaches says whether a level is one of those asked for, or above one.
func reaches(level string, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(one string) bool { return sso.LevelReaches(level, one) })
}

// toldAs is how a level is told to who asked for some: as the highest of them that
// it reaches, since a client wants one of those that it named (OpenID Connect Core
// §5.5.1.1), else as it is.
func toldAs(level string, asked []string) string {
	if slices.Contains(asked, level) {
		return level
	}
	for _, lower := range slices.Backward(sso.Levels) {
		if slices.Contains(asked, lower) && sso.LevelReaches(level, lower) {
			return lower
		}
	}
	return level
}

// subject is what an application knows a person by: her agent, which is hers in
// one collectivity for ever, and tells nothing of the others.
func subject(agent portal.AgentID) string { return string(agent) }
