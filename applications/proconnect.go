package applications

import "parvis/sso"

// proConnect is what ProConnect is as an application: the collectivity's agents
// sign in to the services of the State with the account that they have here. The
// names are those that it asks an identity provider for; the first five and the
// subject are what it refuses a person without.
func proConnect() Application {
	return Application{
		Name: "ProConnect", URL: "https://www.proconnect.gouv.fr/", Icon: "key", Kind: sso.KindOIDC, Subject: ID,
		Addresses: []sso.Address{{Origin: "https://auth.agentconnect.gouv.fr", Path: "/api/v2/oidc-callback"}},
		Releases: []Release{
			{"given_name", GivenName},
			{"usual_name", FamilyName},
			{"email", Email},
			{"uid", ID},
			{"siret", SIRET},
			{"siren", SIREN},
			{"phone_number", Phone},
			{"organizational_unit", UnitName},
			{"belonging_population", Population},
		},
	}
}
