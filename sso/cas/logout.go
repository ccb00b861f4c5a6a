package cas

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/portal/outgoing"
	"parvis/sso"
)

// A ticket that was validated is what the application knows the session by: it is
// told that one when the session ends, and whoever else knows it could end the
// session there. The store holds it sealed.
const aboutReference = "cas/reference/"

func (s *Server) sealReference(collectivity portal.CollectivityID, secret string) string {
	return base64.RawStdEncoding.EncodeToString(s.Sealer.Seal(aboutReference+string(collectivity), []byte(secret)))
}

func (s *Server) openReference(collectivity portal.CollectivityID, reference string) (string, error) {
	sealed, err := base64.RawStdEncoding.DecodeString(reference)
	if err != nil {
		return "", err
	}
	secret, err := s.Sealer.Open(aboutReference+string(collectivity), sealed)
	return string(secret), err
}

// tellEnd tells an application that the session of a ticket ended (CAS 3.0.3
// §2.3.3). The application may be gone: the error is for the log.
func (s *Server) tellEnd(ctx context.Context, one sso.Participant) error {
	secret, err := s.openReference(one.Collectivity, one.Reference)
	if err != nil {
		return err
	}
	form := url.Values{"logoutRequest": {s.logoutRequest(secret)}}
	request, err := http.NewRequestWithContext(outgoing.In(ctx, one.Collectivity), http.MethodPost, one.Address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return withoutQuery(s.send(request, 0))
}

// logoutRequest is a SAML 2.0 LogoutRequest as applications expect it.
func (s *Server) logoutRequest(secret string) string {
	var out bytes.Buffer
	out.WriteString(`<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_` +
		portal.NewID() + `" Version="2.0" IssueInstant="` + instant(s.Now()) + `"><saml:NameID>@NOT_USED@</saml:NameID><samlp:SessionIndex>`)
	escape(&out, secret)
	out.WriteString(`</samlp:SessionIndex></samlp:LogoutRequest>`)
	return out.String()
}
