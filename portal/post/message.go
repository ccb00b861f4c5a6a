package post

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

//go:embed templates/letter.html
var templates embed.FS

var page = template.Must(template.ParseFS(templates, "templates/letter.html"))

// message writes a letter: plain text, and the same in simple HTML. Its
// identifier is that of its row, so that a letter that had to be sent twice is
// shown once by programs that look.
func (l Letter) message(id string, from Sender, created time.Time) (*gomail.Msg, error) {
	html := bytes.Buffer{}
	if err := page.Execute(&html, l); err != nil {
		return nil, fmt.Errorf("post: write letter: %w", err)
	}
	m := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(&netmail.Address{Name: from.Name, Address: from.Address})
	m.SetAddrHeaderFromMailAddress(gomail.HeaderTo, &netmail.Address{Name: l.Name, Address: l.Address})
	m.Subject(l.Subject)
	m.SetDateWithValue(created)
	m.SetMessageIDWithValue(id + "@" + from.Address[strings.LastIndexByte(from.Address, '@')+1:])
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answer by a machine
	m.SetGenHeader("Content-Language", string(l.Language))
	m.SetBodyString(gomail.TypeTextPlain, l.text())
	m.AddAlternativeString(gomail.TypeTextHTML, html.String())
	if l.ReplyTo != "" {
		m.SetAddrHeaderFromMailAddress(gomail.HeaderReplyTo, &netmail.Address{Address: l.ReplyTo})
	}
	if l.Invitation != nil {
		// Programs look for it among the alternatives; people whose program knows none get a file to open.
		form := gomail.ContentType("text/calendar; method=" + l.Invitation.Method)
		m.AddAlternativeString(form, string(l.Invitation.Text))
		if err := m.AttachReader("invitation.ics", bytes.NewReader(l.Invitation.Text), gomail.WithFileContentType("application/ics")); err != nil {
			return nil, fmt.Errorf("post: write letter: %w", err)
		}
	}
	return m, nil
}

// text is the letter for who reads no HTML; its link stands alone on its line.
func (l Letter) text() string {
	parts := append([]string{}, l.Before...)
	if l.Link != "" {
		parts = append(parts, l.Label+":\r\n"+l.Link)
		if l.Language == "fr" {
			parts[len(parts)-1] = l.Label + "\u00a0:\r\n" + l.Link
		}
	}
	return strings.Join(append(parts, l.After...), "\r\n\r\n") + "\r\n"
}
