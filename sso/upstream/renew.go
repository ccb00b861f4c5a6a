package upstream

import (
	"context"
	"errors"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"parvis/sso"
)

// Renew implements sso.IssuerServer. Whoever is disabled, deleted or let out at
// the issuer gets invalid_grant (RFC 6749 §5.2), and nothing else tells of that:
// not a client that is refused, nor an answer that can't be read.
func (s *Issuers) Renew(ctx context.Context, method sso.Method, held sso.Voucher) (token string, vouches bool, err error) {
	issuer, err := s.of(method)
	if err != nil {
		return "", false, err
	}
	if !issuer.settings.Recheck || held.Issuer != issuer.settings.Issuer {
		return held.Token, true, nil // nobody is asked any more
	}
	provider, described, err := issuer.discover(ctx)
	if err != nil {
		return "", false, err
	}
	ctx = oidc.ClientContext(ctx, issuer.client)
	config := issuer.config(provider, described, "")
	given, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: held.Token}).Token()
	var answered *oauth2.RetrieveError
	if errors.As(err, &answered) && answered.ErrorCode == "invalid_grant" {
		return "", false, nil
	}
	if err != nil {
		return "", false, exchangeError(err)
	}
	vouches, err = issuer.isAbout(ctx, provider, idTokenIn(given), held.Subject)
	return given.RefreshToken, vouches, err
}

// isAbout says whether the ID token that may come with a new access token is about
// the same person (OpenID Connect Core §12.2).
func (i *issuer) isAbout(ctx context.Context, provider *oidc.Provider, raw, subject string) (bool, error) {
	if raw == "" {
		return true, nil
	}
	id, err := i.verify(ctx, provider, raw)
	return err == nil && id.Subject == subject, err
}
