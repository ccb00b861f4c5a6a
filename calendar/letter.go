package calendar

import (
	"cmp"
	"context"
	"strings"
	"sync/atomic"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/post"
)

// Mailer writes to people who have no agenda here (RFC 6047): a letter that they read, with the
// message that their programs read.
type Mailer struct {
	post      *post.Queue
	catalogue *i18n.Catalogue
	url       string
	waits     atomic.Bool // a letter was queued since the last look
}

// NewMailer sends by a queue; url is the address of the installation, without a slash at its end.
func NewMailer(queue *post.Queue, catalogue *i18n.Catalogue, url string) *Mailer {
	return &Mailer{post: queue, catalogue: catalogue, url: url}
}

// Sends implements Courier.
func (m *Mailer) Sends(portal.CollectivityID) bool { return m.post.Sends() }

// maxQuoted is how much of a description a letter shows, in characters.
const maxQuoted = 600

// Carry implements Courier.
func (m *Mailer) Carry(ctx context.Context, tx *database.Tx, letter Letter) error {
	var name, language, zone string
	err := tx.QueryRow(ctx, `SELECT long_name, language, zone FROM collectivities WHERE id = $1`, string(letter.From.Collectivity)).Scan(&name, &language, &zone)
	if err != nil {
		return err
	}
	p := m.catalogue.Printer(i18n.Language(language))
	title := cmp.Or(letter.Event.Title, p.T("calendar.untitled"))
	when := letter.Event.whenWords(p, zoneNamed(zone))
	kind := strings.ToLower(letter.Method)
	if letter.Method == methodReply {
		kind = strings.ToLower(letter.Answer)
	}
	if letter.Answer == "DELEGATED" { // the one whom she sends answers in her turn
		kind = "declined"
	}
	one := post.Letter{
		Collectivity: letter.From.Collectivity, Sender: name, Address: letter.To, Language: p.Lang(), ReplyTo: letter.From.Address,
		Subject: p.T("calendar.letter."+kind+".subject", "title", title, "when", when),
		Before: []string{
			p.T("calendar.letter.hello"),
			p.T("calendar.letter."+kind, "name", letter.From.Name, "from", name, "title", title),
			p.T("calendar.letter.when", "when", when),
		},
		Invitation: &post.Invitation{Method: letter.Method, Text: letter.Octets},
		Expires:    time.Now().Add(3 * 24 * time.Hour),
	}
	if letter.Method == methodRequest {
		if letter.Event.Location != "" {
			one.Before = append(one.Before, p.T("calendar.letter.where", "place", letter.Event.Location))
		}
		if words := cut(letter.Event.Description, maxQuoted); words != "" {
			one.Before = append(one.Before, words)
		}
	}
	if letter.Secret != "" {
		one.Link, one.Label = m.url+"/invitations/"+letter.Secret, p.T("calendar.letter.answer")
		one.After = []string{p.T("calendar.letter.personal")}
	}
	_, err = m.post.Put(ctx, tx, one)
	m.waits.Store(true)
	return err
}

// Leave implements Courier.
func (m *Mailer) Leave() {
	if m.waits.Swap(false) {
		m.post.Wake()
	}
}

// cut is the beginning of a text, at most limit characters.
func cut(text string, limit int) string {
	letters := []rune(strings.TrimSpace(text))
	if len(letters) <= limit {
		return string(letters)
	}
	return strings.TrimSpace(string(letters[:limit])) + "…"
}

// whenWords says when an event is, as one reads it in a zone: "mardi 24 novembre 2026, 9 h – 10 h".
func (e Event) whenWords(p *i18n.Printer, zone *time.Location) string {
	if e.Start.IsZero() {
		return p.T("calendar.tasks.undated")
	}
	if e.AllDay {
		last := addDays(e.End, -1)
		if !last.After(e.Start) {
			return p.DateLong(e.Start, time.Time{})
		}
		return p.T("calendar.event.from-to", "from", p.Date(e.Start, time.Time{}), "to", p.Date(last, time.Time{}))
	}
	start, end := e.Start.In(zone), inZone(e.End, time.Now().In(zone))
	words := p.DateLong(start, time.Time{}) + ", "
	switch {
	case end.IsZero() || end.Equal(start):
		words += p.Clock(start)
	case sameDay(start, end):
		words += p.ClockRange(start, end)
	default:
		return p.T("calendar.event.from-to", "from", words+p.Clock(start), "to", p.DateLong(end, time.Time{})+", "+p.Clock(end))
	}
	if repeat := repeatWords(p, e.Repeat, start, time.Time{}); repeat != "" {
		words += " (" + repeat + ")"
	}
	return words
}
