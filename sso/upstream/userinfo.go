package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

var (
	errLevel    = portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.level"}
	errStale    = portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.stale"}
	errProvider = portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.provider"}
)

// person is all that an issuer says of a person: the ID token's claims, under
// those of userinfo where it has one.
func (i *issuer) person(ctx context.Context, provider *oidc.Provider, access string, id *oidc.IDToken) (claims, error) {
	said, err := idClaims(id)
	if err != nil {
		return nil, forged(err)
	}
	if provider.UserInfoEndpoint() == "" {
		if i.settings.signedUserinfo() {
			return nil, errors.Join(errSettings, errors.New("upstream: the issuer has no userinfo"))
		}
		return said, nil
	}
	info, err := i.userinfo(ctx, provider, access)
	if err != nil {
		return nil, err
	}
	if err := i.checkPerson(info, id.Subject); err != nil {
		return nil, err
	}
	maps.Copy(said, info)
	return said, nil
}

func idClaims(id *oidc.IDToken) (claims, error) {
	var read claims
	return read, id.Claims(&read)
}

// userinfo asks for the person. go-oidc would take an unsigned answer for a signed
// one, and checks no more than a signature.
func (i *issuer) userinfo(ctx context.Context, provider *oidc.Provider, access string) (claims, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, provider.UserInfoEndpoint(), nil)
	if err != nil {
		return nil, errors.Join(errSettings, err)
	}
	request.Header.Set("Authorization", "Bearer "+access)
	request.Header.Set("Accept", "application/jwt, application/json")
	response, err := i.client.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, unreachable(err)
	case response.StatusCode >= http.StatusInternalServerError:
		return nil, errors.Join(errSilent, fmt.Errorf("upstream: userinfo answers %s", response.Status))
	case response.StatusCode != http.StatusOK:
		return nil, forged(fmt.Errorf("upstream: userinfo answers %s", response.Status))
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "application/jwt" {
		return i.signedPerson(ctx, provider, string(body))
	}
	if i.settings.signedUserinfo() {
		return nil, forged(errors.New("upstream: userinfo is not signed"))
	}
	read, err := readClaims(body)
	if err != nil {
		return nil, forged(err)
	}
	return read, nil
}

// signedPerson reads userinfo that is a token: its signature and algorithm. Who
// it is about, from whom and for whom is checkPerson's.
func (i *issuer) signedPerson(ctx context.Context, provider *oidc.Provider, token string) (claims, error) {
	verifier := provider.Verifier(&oidc.Config{
		SupportedSigningAlgs: i.settings.algorithms(), SkipClientIDCheck: true, SkipIssuerCheck: true, SkipExpiryCheck: true,
	})
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, errors.Join(keysError(err), err)
	}
	read, err := idClaims(verified)
	if err != nil {
		return nil, forged(err)
	}
	expired := !verified.Expiry.IsZero() && issuerNow().After(verified.Expiry)
	switch {
	case expired:
		return nil, forged(errors.New("upstream: userinfo has expired"))
	case i.settings.signedUserinfo() && (verified.Issuer == "" || len(verified.Audience) == 0):
		return nil, forged(errors.New("upstream: signed userinfo of nobody, or for nobody"))
	}
	return read, nil
}

// checkPerson says whether userinfo is about the person of the ID token, from this
// issuer and for us (OpenID Connect Core §5.3.2 and §5.3.4).
func (i *issuer) checkPerson(info claims, subject string) error {
	issuers, audience := textsOf(info["iss"]), textsOf(info["aud"])
	switch {
	case info["sub"] != subject:
		return forged(errors.New("upstream: userinfo of another subject"))
	case info["iss"] != nil && !slices.Equal(issuers, []string{i.settings.Issuer}):
		return forged(errors.New("upstream: userinfo of another issuer"))
	case info["aud"] != nil && !slices.Contains(audience, i.settings.ClientID):
		return forged(errors.New("upstream: userinfo for another client"))
	}
	return nil
}

// refusal is why a sound answer does not let in, nil when it does: the level, the
// establishment, who identified the person.
func (i *issuer) refusal(question sso.Question, said claims, level string) error {
	s := i.settings
	if s.Level != "" && !sso.LevelReaches(level, s.Level) {
		return sso.Because(errLevel, audit.Weak)
	}
	if s.Preset != ProConnect {
		return nil
	}
	siret, ok := portal.SIRET(said.text("siret"))
	if !ok || siret != question.SIRET && !slices.Contains(s.SIRETs, siret) {
		refused := portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.siret", Args: []any{"siret", shorten(said.text("siret"))}}
		if !ok {
			refused = portal.UserError{Kind: portal.ErrDenied, Key: "upstream.error.no-siret"}
		}
		return sso.Because(refused, audit.Elsewhere)
	}
	if len(s.Providers) > 0 && !slices.Contains(s.Providers, said.text("idp_id")) {
		return sso.Because(errProvider, audit.Elsewhere)
	}
	return nil
}

// anewWithin is how long ago a person may have proved who she is, by an issuer
// that was told to ask her again and says when it did.
const anewWithin = 5 * time.Minute

// checkAnew refuses an answer about an old proof where a new one was asked for.
func checkAnew(question sso.Question, id *oidc.IDToken, now time.Time) error {
	var said struct {
		At int64 `json:"auth_time"`
	}
	if !question.Again || id.Claims(&said) != nil || said.At == 0 {
		return nil
	}
	if now.Sub(time.Unix(said.At, 0)) > anewWithin {
		return sso.Because(errStale, audit.Expired)
	}
	return nil
}

// forged is an answer that can't be believed.
func forged(err error) error { return errors.Join(errForged, err) }

// keysError tells an issuer whose keys can't be read from a token that none of
// them signed.
func keysError(err error) error {
	var network *url.Error
	if errors.As(err, &network) {
		return errSilent
	}
	return errForged
}
