package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message/charset"

	"parvis/portal"
)

// dialTimeout bounds the connection; the whole visit is bounded by its context.
const dialTimeout = 3 * time.Second

// maxHeader bounds what is shown of a subject or a sender, in characters:
// these come from anybody.
const maxHeader = 300

// visit opens a mailbox of the server and reads the unread count and the
// latest messages, changing nothing. A server that hangs is left when ctx ends.
func visit(ctx context.Context, server Server, who credentials, latest int) (Mailbox, error) {
	client, err := connect(ctx, server)
	if err != nil {
		return Mailbox{}, err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	box, err := read(client, who, latest)
	if ctx.Err() != nil {
		return Mailbox{}, unreachable(ctx.Err())
	}
	return box, err
}

func connect(ctx context.Context, server Server) (*imapclient.Client, error) {
	host, _, err := net.SplitHostPort(server.Address)
	if err != nil {
		return nil, fmt.Errorf("mail: address %q: %w", server.Address, portal.ErrInvalid)
	}
	secured := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if server.CA != "" {
		secured.RootCAs = x509.NewCertPool()
		if !secured.RootCAs.AppendCertsFromPEM([]byte(server.CA)) {
			return nil, untrusted(errors.New("the authority's PEM holds no certificate"))
		}
	}
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", server.Address)
	if err != nil {
		return nil, unreachable(err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	conn = &bounded{Conn: conn, left: maxVisit}
	options := &imapclient.Options{TLSConfig: secured, WordDecoder: &mime.WordDecoder{CharsetReader: charset.Reader}}
	if server.Security == TLS {
		secure := tls.Client(conn, secured)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, tlsFailure(err)
		}
		return imapclient.New(secure, options), nil
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := imapclient.NewStartTLS(conn, options)
	if err != nil {
		conn.Close()
		return nil, tlsFailure(err)
	}
	return client, nil
}

// maxVisit bounds what one visit reads, in bytes: the heads of thirty messages take some 100 KB, and
// the library holds a text of any size.
const maxVisit = 8 << 20

var errTooMuch = errors.New("mail: the server says too much")

// bounded is a connection that ends with errTooMuch.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func read(client *imapclient.Client, who credentials, latest int) (Mailbox, error) {
	if err := client.Login(who.login, who.password).Wait(); err != nil {
		return Mailbox{}, refusal(err)
	}
	status, err := client.Status("INBOX", &imap.StatusOptions{NumMessages: true, NumUnseen: true}).Wait()
	if err != nil {
		return Mailbox{}, unreachable(err)
	}
	box := Mailbox{}
	if status.NumUnseen != nil {
		box.Unread = int(*status.NumUnseen)
	}
	if latest == 0 || status.NumMessages == nil || *status.NumMessages == 0 {
		return box, nil
	}
	if _, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		return Mailbox{}, unreachable(err)
	}
	box.Messages, err = fetchLatest(client, *status.NumMessages, uint32(latest))
	return box, err
}

// window is how many of the last messages are looked at: a message that was
// moved in from another folder has a late number and an early date.
const window = 30

func fetchLatest(client *imapclient.Client, count, latest uint32) ([]Message, error) {
	first := uint32(1)
	if span := max(window, latest); count > span {
		first = count - span + 1
	}
	var numbers imap.SeqSet
	numbers.AddRange(first, 0) // to the last, also one that has just come in
	fetched, err := client.Fetch(numbers, &imap.FetchOptions{Envelope: true, Flags: true, InternalDate: true}).Collect()
	if err != nil {
		return nil, unreachable(err)
	}
	slices.SortFunc(fetched, func(a, b *imapclient.FetchMessageBuffer) int {
		return cmp.Or(b.InternalDate.Compare(a.InternalDate), cmp.Compare(b.SeqNum, a.SeqNum))
	})
	messages := make([]Message, 0, latest)
	for _, one := range fetched[:min(len(fetched), int(latest))] {
		messages = append(messages, messageOf(one))
	}
	return messages, nil
}

func messageOf(fetched *imapclient.FetchMessageBuffer) Message {
	message := Message{At: fetched.InternalDate, Unread: !slices.Contains(fetched.Flags, imap.FlagSeen)}
	if fetched.Envelope == nil {
		return message
	}
	message.Subject = oneLine(fetched.Envelope.Subject)
	if len(fetched.Envelope.From) > 0 {
		from := fetched.Envelope.From[0]
		message.From = oneLine(cmp.Or(from.Name, from.Addr()))
	}
	return message
}

// oneLine makes a header's text fit to show: no control characters, no marks
// that turn the direction of writing, no endless subject.
func oneLine(text string) string {
	text = strings.Map(func(char rune) rune {
		switch {
		case char < ' ' || char == 0x7f:
			return ' '
		case char >= 0x202a && char <= 0x202e || char >= 0x2066 && char <= 0x2069:
			return -1
		}
		return char
	}, strings.ToValidUTF8(text, "\ufffd"))
	text = strings.Join(strings.FieldsFunc(text, func(char rune) bool { return char == ' ' }), " ") // unbreakable spaces stay
	if runes := []rune(text); len(runes) > maxHeader {
		return string(runes[:maxHeader]) + "…"
	}
	return text
}

func unreachable(err error) error {
	return fmt.Errorf("mail: %w: %w", portal.UserError{Kind: portal.ErrUnavailable, Key: "mail.error.unreachable"}, err)
}

func masterRefused(err error) error {
	return fmt.Errorf("mail: master user: %w: %v", portal.UserError{Kind: portal.ErrUnavailable, Key: "mail.error.refused"}, err)
}

func untrusted(err error) error {
	return fmt.Errorf("mail: %w: %w", portal.UserError{Kind: portal.ErrUnavailable, Key: "mail.error.certificate"}, err)
}

// tlsFailure tells a certificate that nobody vouches for from a server that
// went away.
func tlsFailure(err error) error {
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		return untrusted(err)
	}
	return unreachable(err)
}

// refusal tells a wrong password from a server in trouble (RFC 9051 §6.2.3).
func refusal(err error) error {
	var answer *imap.Error
	wrong := errors.As(err, &answer) && answer.Type == imap.StatusResponseTypeNo &&
		(answer.Code == "" || answer.Code == imap.ResponseCodeAuthenticationFailed)
	if wrong {
		return fmt.Errorf("mail: %w: %w", portal.UserError{Kind: portal.ErrDenied, Key: "mail.error.refused"}, err)
	}
	return unreachable(err)
}

// masterRefusal is a refusal of the master user, who may be let in and still find no such mailbox
// (RFC 5530 §3).
func masterRefusal(err error) error {
	var answer *imap.Error
	if errors.As(err, &answer) && answer.Code == imap.ResponseCodeAuthorizationFailed {
		return fmt.Errorf("mail: %w: %w", portal.UserError{Kind: portal.ErrDenied, Key: "mail.error.refused"}, err)
	}
	return refusal(err)
}
