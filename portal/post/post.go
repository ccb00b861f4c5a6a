// Package post sends mail: a letter is put in a queue in the transaction of what
// it tells, and a worker hands it over to the pool's SMTP server, at least once,
// until it was taken or tells nothing useful any more. What letters say belongs
// to the features that write them; reading mailboxes is the room mail.
package post

import (
	"embed"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Locales holds what is said about letters that don't leave.
//
//go:embed locales/*.json
var Locales embed.FS

// Letter is one message to one person, in her language.
type Letter struct {
	Collectivity portal.CollectivityID // in whose name; "" for the installation
	Sender       string                // name, where the collectivity set none: "Mairie de Bourg-sur-Loire"
	Name         string                // of who receives it, "Camille Le Goff"; may be ""
	Address      string                // "camille.legoff@bourg.example"
	Language     i18n.Language
	Subject      string
	Before       []string // paragraphs
	Link         string   // address, "" without
	Label        string   // of the link, "Choisir mon mot de passe"
	After        []string // paragraphs
	Expires      time.Time
	ReplyTo      string      // address of who answers, "" for nobody
	Invitation   *Invitation // that calendar programs read, nil for none
}

// Invitation is a message to calendar programs (RFC 6047): the letter's other form.
type Invitation struct {
	Method string // "REQUEST", "CANCEL", "REPLY"
	Text   []byte // iCalendar
}

// life is how long a letter that says nothing else is tried.
const life = 24 * time.Hour

// Bounds of what is written in a header, in bytes.
const (
	maxName    = 120
	maxSubject = 200
)

// clean makes a letter safe to send: names and subject are one line each.
// portal.ErrInvalid when its address is none.
func (l Letter) clean(now time.Time) (Letter, error) {
	address, err := CleanAddress(l.Address)
	if err != nil {
		return Letter{}, err
	}
	l.Address, l.Name, l.Sender, l.Subject = address, oneLine(l.Name, maxName), oneLine(l.Sender, maxName), oneLine(l.Subject, maxSubject)
	if l.ReplyTo != "" {
		if l.ReplyTo, err = CleanAddress(l.ReplyTo); err != nil {
			return Letter{}, err
		}
	}
	if l.Expires.IsZero() {
		l.Expires = now.Add(life)
	}
	return l, nil
}

// oneLine is a text without what could end a header's line or hide in it.
func oneLine(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\u2028' || r == '\u2029'
	}), " ")
	for len(text) > limit {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// maxAddress is the longest address in bytes (RFC 5321 §4.5.3.1).
const maxAddress = 254

var errAddress = errors.New("no address that mail can be sent to")

// CleanAddress is an address as it goes into an envelope: nothing but the
// address, its domain in letters that every server reads. portal.ErrInvalid for
// anything else.
func CleanAddress(text string) (string, error) {
	parsed, err := netmail.ParseAddress(text)
	if err != nil || parsed.Address != text || parsed.Name != "" || len(text) > maxAddress || strings.ContainsFunc(text, unfit) {
		return "", fmt.Errorf("post: %w: %w", portal.ErrInvalid, errAddress)
	}
	at := strings.LastIndexByte(text, '@')
	domain, err := idna.Lookup.ToASCII(text[at+1:])
	if err != nil || !strings.Contains(domain, ".") {
		return "", fmt.Errorf("post: %w: %w", portal.ErrInvalid, errAddress)
	}
	return text[:at+1] + domain, nil
}

// unfit are letters of addresses that are rightly written and that nobody has.
func unfit(r rune) bool {
	return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`"<>()[],;:\`, r)
}
