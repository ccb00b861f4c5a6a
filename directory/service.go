package directory

import (
	"context"
	"net"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
)

// Services are what a new collectivity uses from its first day, by their addresses
// alone. Any of them may be missing.
type Services struct {
	Mail    string    // IMAP by TLS, "imap.bourg.example:993"; each signs in with her own password
	Webmail string    // "https://courriel.bourg.example/"
	Links   []Service // the applications of every day
}

// Service is one application.
type Service struct{ Name, URL string }

// Any says whether there is one.
func (s Services) Any() bool { return s.Mail != "" || s.Webmail != "" || len(s.Links) > 0 }

// maxServices bounds the applications of a first day.
const maxServices = 20

// imapPort is the port of IMAP by TLS (RFC 8314 §3.2).
const imapPort = "993"

// ParseServices reads applications as people write them, one a line: the name, then
// the address, whatever stands between them. The name of a bare address is its host.
func ParseServices(text string) (links []Service) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		address := words[len(words)-1]
		name := strings.TrimRight(strings.Join(words[:len(words)-1], " "), " |;:,–-")
		switch parsed, err := url.Parse(address); {
		case err != nil || !strings.Contains(address, ".") && parsed.Host == "": // no address at all: all of it is the name
			name, address = strings.Join(words, " "), ""
		case parsed.Scheme == "":
			address = "https://" + address
		}
		if parsed, err := url.Parse(address); name == "" && err == nil {
			name = strings.TrimPrefix(parsed.Hostname(), "www.")
		}
		links = append(links, Service{name, address})
	}
	return links
}

// Text is what ParseServices reads.
func (s Services) Text() string {
	var text strings.Builder
	for _, link := range s.Links {
		text.WriteString(link.Name + " " + link.URL + "\n")
	}
	return text.String()
}

// Cleaned is with the port of the mail server, or portal.FieldErrors.
func (s Services) Cleaned() (Services, error) {
	var wrong portal.Check
	if s.Mail != "" {
		if !strings.Contains(s.Mail, ":") {
			s.Mail = net.JoinHostPort(s.Mail, imapPort)
		}
		host, _, err := net.SplitHostPort(s.Mail)
		if err != nil || !domainPattern.MatchString(strings.ToLower(host)) || len(s.Mail) > 260 {
			wrong.Add("mail", "directory.error.service.mail")
		}
	}
	if s.Webmail != "" {
		wrong.HTTPS("webmail", s.Webmail)
	}
	if s.Webmail != "" && s.Mail == "" {
		wrong.Add("mail", "directory.error.service.webmail")
	}
	if len(s.Links) > maxServices {
		wrong.Add("links", "directory.error.service.many", "most", maxServices)
	}
	for _, link := range s.Links {
		var one portal.Check
		one.Text("links", link.Name, true, 80)
		one.HTTPS("links", link.URL)
		if one.OrNil() != nil {
			wrong.Add("links", "directory.error.service.line", "line", strings.TrimSpace(link.Name+" "+link.URL))
			break // the first tells how all are written
		}
	}
	return s, wrong.OrNil()
}

// SaveServices writes down the services of a draft.
func (s *Store) SaveServices(ctx context.Context, caller portal.Caller, id DraftID, services Services) error {
	services, err := services.Cleaned()
	if err != nil {
		return err
	}
	_, err = s.saveDraft(ctx, caller, id, func(_ *database.Tx, d *Draft) error {
		d.Services = services
		return nil
	})
	return err
}
