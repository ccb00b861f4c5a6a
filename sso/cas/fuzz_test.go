package cas

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/sso"
)

// FuzzService reads the parameters of a sign-in: what is accepted leads to the
// origin that was judged, and to no other ticket than ours.
func FuzzService(f *testing.F) {
	for _, seed := range []string{
		"service=https%3A%2F%2Fglpi.bourg.example%2F%3Fa%3D1&renew=true&gateway=&method=post", "service=https%3A%2F%2Fa%40b%2F", "service=%00&asked=x", "service=a&service=b",
		"service=http%3A%2F%2Fa%3F%26", "service=https%3A%2F%2Fa%2F%3Fticket%3DST-1", "service=https%3A%2F%2Fa%3B%2F..%3B%2F", ";", "%zz",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		a, err := askOf(values, false)
		if err != nil || a.text == "" {
			return
		}
		to, err := url.Parse(withTicket(a.text, "ST-ours"))
		if err != nil {
			t.Fatalf("%q leads nowhere: %v", a.text, err)
		}
		again, err := sso.ParseAddress(to.String())
		if err != nil || again.Origin != a.service.Origin || again.Path != a.service.Path {
			t.Fatalf("%q, judged as %v, leads to %v (%v)", a.text, a.service, again, err)
		}
		if tickets := to.Query()["ticket"]; len(tickets) != 1 || tickets[0] != "ST-ours" {
			t.Fatalf("%q carries %q", a.text, tickets)
		}
	})
}

// FuzzArtifact reads SOAP envelopes.
func FuzzArtifact(f *testing.F) {
	for _, seed := range []string{
		`<E><B><Request RequestID="_1"><AssertionArtifact>ST-1</AssertionArtifact></Request></B></E>`, `<!DOCTYPE a [<!ENTITY x "y">]><AssertionArtifact>&x;</AssertionArtifact>`,
		`<AssertionArtifact/><AssertionArtifact/>`, `<a><a><a>`, `<?xml version="1.0" encoding="UTF-16"?><a/>`, `</a>`, ``, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		secret, id, err := artifactOf(bytes.NewReader(body))
		if err != nil {
			if !errors.Is(err, errSAML) {
				t.Fatalf("%v", err)
			}
			return
		}
		if !bytes.Contains(body, []byte("AssertionArtifact")) || len(secret)+len(id) > 2*len(body) {
			t.Fatalf("%q, %q of %q", secret, id, body)
		}
	})
}

// FuzzAnswer writes what a directory may hold: the answer stays what a client
// can read, with the same texts.
func FuzzAnswer(f *testing.F) {
	f.Add("Éloïse", "mail", "a]]>&<b")
	f.Add("\x00\ufffe", "1:é b", "\xff")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, user, name, value string) {
		answer := succeeded(success{release: sso.Release{User: user, Attributes: []sso.Attribute{{Name: name, Values: []string{value, value}}}}})
		for _, write := range []write{writeXML, writeJSON} {
			w := httptest.NewRecorder()
			if err := write(w, answer); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
				continue
			}
			decoder := xml.NewDecoder(w.Body)
			for {
				if _, err := decoder.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%q %q %q: %v", user, name, value, err)
				}
			}
		}
	})
}
