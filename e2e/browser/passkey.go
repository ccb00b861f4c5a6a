package browser

import (
	"github.com/chromedp/cdproto/webauthn"
)

// Passkeys gives the window a device that keeps passkeys, as a telephone or a laptop does: it asks for the
// finger, and gets it, when verified is true.
func (p *Page) Passkeys(verified bool) {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: verified, IsUserVerified: verified, AutomaticPresenceSimulation: true,
	}})
}
