package upstream

import "time"

// clockLeeway is how far ahead of an issuer's clock ours may be (OpenID Connect
// Core §3.1.3.7: "no more than a few minutes"). ProConnect's tokens live a minute.
// Of an issuer that is ahead of us go-oidc allows five minutes (nbf), less this
// one; when a token was issued (iat) decides nothing, since its nonce serves once.
const clockLeeway = time.Minute

// issuerNow is the earliest that it may be by an issuer's clock.
func issuerNow() time.Time { return time.Now().Add(-clockLeeway) }
