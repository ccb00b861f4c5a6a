package sso

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/applications"
	"parvis/directory"
	"parvis/server/servertest"
	"parvis/sso"
)

// opener is a portal with a CAS application, and the request of a signed-in
// agent for it.
func opener(b *testing.B) (p *servertest.Portal, open func() *http.Request, service string) {
	b.Helper()
	p, service = servertest.New(b), "https://finances.bourg.example/app"
	address, err := sso.ParseAddress(service)
	if err != nil {
		b.Fatal(err)
	}
	_, err = p.Applications.Create(b.Context(), directory.Installation("bourg"), applications.Application{
		ID: "finances", Name: "Finances", URL: service, Kind: sso.KindCAS, Addresses: []sso.Address{address},
		Releases: []applications.Release{{Name: "mail", Attribute: applications.Email}, {Name: "sn", Attribute: applications.FamilyName}},
	}, "")
	if err != nil {
		b.Fatal(err)
	}
	signed, _ := session(b, p)
	path := "/cas/login?" + url.Values{"service": {service}}.Encode()
	return p, func() *http.Request { return ask(http.MethodGet, path, nil, signed.Cookies()...) }, service
}

// ticket opens the application and returns the request that validates.
func ticket(b *testing.B, p *servertest.Portal, open *http.Request, service string) *http.Request {
	b.Helper()
	location := answer(b, p, open, http.StatusFound).Header.Get("Location")
	_, secret, _ := strings.Cut(location, "ticket=")
	return ask(http.MethodGet, "/cas/p3/serviceValidate?"+url.Values{"service": {service}, "ticket": {secret}}.Encode(), nil)
}

func validated(b *testing.B, p *servertest.Portal, request *http.Request) {
	b.Helper()
	recorder := httptest.NewRecorder()
	p.Router.ServeHTTP(recorder, request)
	if !strings.Contains(recorder.Body.String(), "<cas:user>agent@bourg.example</cas:user>") {
		b.Fatal(recorder.Body)
	}
}

// BenchmarkCASTicket is the opening of an application by a signed-in agent: the
// ticket, and its validation.
func BenchmarkCASTicket(b *testing.B) {
	p, open, service := opener(b)
	both(b, func() { validated(b, p, ticket(b, p, open(), service)) })
}

// BenchmarkCASLogin is the ticket alone. Validation is the rest of
// BenchmarkCASTicket: it can't be measured apart for long, a ticket lives 20 s.
func BenchmarkCASLogin(b *testing.B) {
	p, open, service := opener(b)
	both(b, func() { ticket(b, p, open(), service) })
}
