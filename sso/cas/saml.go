package cas

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// maxDepth bounds the elements of a request that are open at once.
const maxDepth = 16

var errSAML = errors.New("cas: not a SAML 1.1 request with one artifact")

// artifactOf reads the ticket and the request's id out of a SOAP envelope
// (CAS 3.0.3 §4.2). Declarations, of entities or of a type, are refused.
func artifactOf(body io.Reader) (secret, id string, err error) {
	decoder := xml.NewDecoder(body)
	found := 0
	for depth := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && depth == 0 && found == 1 {
			return secret, id, nil
		}
		if err != nil {
			return "", "", fmt.Errorf("%w: %w", errSAML, err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return "", "", errSAML
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return "", "", errSAML
			}
			switch token.Name.Local {
			case "Request":
				id = attributeOf(token, "RequestID")
			case "AssertionArtifact":
				if err := decoder.DecodeElement(&secret, &token); err != nil {
					return "", "", fmt.Errorf("%w: %w", errSAML, err)
				}
				depth--
				found++
				secret = strings.TrimSpace(secret)
			}
		}
	}
}

func attributeOf(element xml.StartElement, name string) string {
	for _, attribute := range element.Attr {
		if attribute.Name.Local == name {
			return attribute.Value
		}
	}
	return ""
}

// validateSAML answers in SAML 1.1 (CAS 3.0.3 §4.2), which older applications
// ask for to get attributes.
func (s *Server) validateSAML(w http.ResponseWriter, r *http.Request) error {
	values := web.Query(r)
	q := question{service: values.Get("TARGET"), renew: values.Has("renew"), client: web.ClientAddr(r)}
	secret, id, err := artifactOf(r.Body)
	var answer success
	switch {
	case err != nil, len(values["TARGET"]) > 1:
		err = errRequest
	default:
		q.ticket = secret
		answer, err = s.validate(r.Context(), q)
	}
	envelope := &envelope{now: s.Now(), id: id, target: q.service, issuer: web.BaseURL(r)}
	if err != nil {
		envelope.fail(s.told(err))
	} else {
		envelope.succeed(answer)
	}
	return send(w, "text/xml; charset=utf-8", envelope.out.Bytes())
}

// envelope writes a SAML 1.1 response.
type envelope struct {
	out                bytes.Buffer
	now                time.Time
	id, target, issuer string
}

// write joins markup and texts: every second part is a text, and is escaped.
func (e *envelope) write(parts ...string) {
	for i, part := range parts {
		if i%2 == 0 {
			e.out.WriteString(part)
		} else {
			escape(&e.out, part)
		}
	}
}

const (
	saml1       = "urn:oasis:names:tc:SAML:1.0:"
	unspecified = saml1 + "am:unspecified"
	byArtifact  = saml1 + "cm:artifact"
)

func (e *envelope) begin(status, message string) {
	e.write(`<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>`+
		`<saml1p:Response xmlns:saml1p="`+saml1+`protocol" xmlns:saml1="`+saml1+`assertion" MajorVersion="1" MinorVersion="1" ResponseID="_`+
		portal.NewID()+`" IssueInstant="`+instant(e.now)+`" Recipient="`, e.target, `"`)
	if e.id != "" {
		e.write(` InResponseTo="`, e.id, `"`)
	}
	e.write(`><saml1p:Status><saml1p:StatusCode Value="saml1p:` + status + `"/>`)
	if message != "" {
		e.write(`<saml1p:StatusMessage>`, message, `</saml1p:StatusMessage>`)
	}
	e.write(`</saml1p:Status>`)
}

func (e *envelope) end() { e.write(`</saml1p:Response></SOAP-ENV:Body></SOAP-ENV:Envelope>`) }

func (e *envelope) fail(f failure) {
	e.begin("RequestDenied", f.code+": "+f.description)
	e.end()
}

func (e *envelope) succeed(s success) {
	e.begin("Success", "")
	e.write(`<saml1:Assertion MajorVersion="1" MinorVersion="1" AssertionID="_`+portal.NewID()+`" IssueInstant="`+instant(e.now)+`" Issuer="`, e.issuer, `">`+
		`<saml1:Conditions NotBefore="`+instant(e.now)+`" NotOnOrAfter="`+instant(e.now.Add(ticketLife))+`"><saml1:AudienceRestrictionCondition><saml1:Audience>`,
		e.target, `</saml1:Audience></saml1:AudienceRestrictionCondition></saml1:Conditions>`+
			`<saml1:AuthenticationStatement AuthenticationMethod="`+unspecified+`" AuthenticationInstant="`+instant(s.signed.Since)+`">`)
	e.subject(s)
	e.write(`</saml1:AuthenticationStatement><saml1:AttributeStatement>`)
	e.subject(s)
	for _, attribute := range released(s) {
		e.write(`<saml1:Attribute AttributeName="`, attribute.Name, `" AttributeNamespace="http://www.ja-sig.org/products/cas/">`)
		for _, value := range attribute.Values {
			e.write(`<saml1:AttributeValue>`, value, `</saml1:AttributeValue>`)
		}
		e.write(`</saml1:Attribute>`)
	}
	e.write(`</saml1:AttributeStatement></saml1:Assertion>`)
	e.end()
}

func (e *envelope) subject(s success) {
	e.write(`<saml1:Subject><saml1:NameIdentifier>`, s.release.User, `</saml1:NameIdentifier><saml1:SubjectConfirmation>`+
		`<saml1:ConfirmationMethod>`+byArtifact+`</saml1:ConfirmationMethod></saml1:SubjectConfirmation></saml1:Subject>`)
}
