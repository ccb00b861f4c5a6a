package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"parvis/sso"
)

// claims are what an issuer says about a person, in the token or in userinfo
// (OpenID Connect Core §5.1; usual_name is ProConnect's family_name).
type claims struct {
	Issuer        string   `json:"iss"`
	Audience      audience `json:"aud"`
	Subject       string   `json:"sub"`
	Email         string   `json:"email"`
	EmailVerified loose    `json:"email_verified"`
	GivenName     string   `json:"given_name"`
	FamilyName    string   `json:"family_name"`
	UsualName     string   `json:"usual_name"`
	Phone         string   `json:"phone_number"`
}

func (c claims) profile() sso.Profile {
	family := c.FamilyName
	if family == "" {
		family = c.UsualName
	}
	return sso.Profile{GivenName: c.GivenName, FamilyName: family, Email: c.Email, Phone: c.Phone}
}

// audience is one text or several (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// loose is a boolean that some issuers write as a text.
type loose bool

// person reads userinfo when the issuer has it, else the token. go-oidc checks
// no more than a signature there: who it is about, from whom and for whom is
// checked here (OpenID Connect Core §5.3.2 and §5.3.4).
func (i *issuer) person(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, id *oidc.IDToken) (claims, error) {
	var person claims
	if provider.UserInfoEndpoint() == "" {
		if err := id.Claims(&person); err != nil {
			return claims{}, errors.Join(errForged, err)
		}
		return person, nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	var network *url.Error
	if errors.As(err, &network) {
		return claims{}, unreachable(err)
	}
	if err != nil {
		return claims{}, errors.Join(errForged, err)
	}
	if err := info.Claims(&person); err != nil {
		return claims{}, errors.Join(errForged, err)
	}
	return person, i.checkPerson(person, id.Subject)
}

func (i *issuer) checkPerson(person claims, subject string) error {
	switch {
	case person.Subject != subject:
		return errors.Join(errForged, errors.New("upstream: userinfo of another subject"))
	case person.Issuer != "" && person.Issuer != i.settings.Issuer:
		return errors.Join(errForged, errors.New("upstream: userinfo of another issuer"))
	case len(person.Audience) > 0 && !slices.Contains(person.Audience, i.settings.ClientID):
		return errors.Join(errForged, errors.New("upstream: userinfo for another client"))
	}
	return nil
}
