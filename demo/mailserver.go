package demo

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"time"

	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-smtp"

	"parvis/mail"
	"parvis/portal"
	"parvis/server"
)

// masterUser opens every mailbox, as "address*parvis".
const masterUser = "parvis"

// MailServer is an IMAP server for a demo without one to install: the story's
// mailboxes in memory, on a free port of the loopback, by TLS. Its authority,
// its certificate and its master password live as long as it does. What is sent
// to it by SMTP arrives in these mailboxes.
type MailServer struct {
	Address        string // "127.0.0.1:41993"
	Delivery       string // "127.0.0.1:41994", SMTP in clear and without password
	Authority      string // PEM of the certificate authority
	MasterPassword string

	imap  *imapserver.Server
	smtp  *smtp.Server
	boxes *mailboxes
	doors []net.Listener
	ended chan error
}

// StartMail serves the mailboxes of a story as they stand at now. Close it.
func StartMail(story Story, now time.Time, log *slog.Logger) (*MailServer, error) {
	return ServeMail(story.addresses(), story.At(now).Letters, now, log)
}

// ServeMail serves the mailboxes of addresses, which hold letters. Close it.
func ServeMail(addresses []string, letters []Letter, now time.Time, log *slog.Logger) (*MailServer, error) {
	certificate, authority, err := certify(now)
	if err != nil {
		return nil, fmt.Errorf("demo: mail server: %w", err)
	}
	m := &MailServer{Authority: authority, MasterPassword: rand.Text(), ended: make(chan error, 2)}
	m.boxes = newMailboxes(m.MasterPassword)
	if err := m.boxes.fill(addresses, letters); err != nil {
		return nil, fmt.Errorf("demo: mail server: %w", err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13})
	if err != nil {
		return nil, fmt.Errorf("demo: mail server: %w", err)
	}
	m.doors = append(m.doors, listener)
	m.Address = listener.Addr().String()
	if err := m.receive(); err != nil {
		return nil, errors.Join(fmt.Errorf("demo: mail server: %w", err), listener.Close())
	}
	m.imap = imapserver.New(&imapserver.Options{
		Logger: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return m.boxes.all.NewSession(), nil, nil
		},
	})
	go func() { m.ended <- m.imap.Serve(listener) }()
	return m, nil
}

// Close ends the server and its connections.
func (m *MailServer) Close() error {
	err := errors.Join(m.imap.Close(), m.smtp.Close())
	for _, door := range m.doors {
		door.Close() // where a server had not begun to serve, it knew of none
	}
	for range m.doors {
		if ended := <-m.ended; !errors.Is(ended, smtp.ErrServerClosed) && !errors.Is(ended, net.ErrClosed) {
			err = errors.Join(err, ended)
		}
	}
	return err
}

// Server is how a collectivity reaches it.
func (m *MailServer) Server(webmail string) mail.Server {
	return mail.Server{
		Address: m.Address, Security: mail.TLS, CA: m.Authority, SignIn: mail.ByMaster,
		MasterUser: masterUser, Separator: "*", MasterPassword: m.MasterPassword, Webmail: webmail,
	}
}

// Outgoing is how an installation sends mail to it.
func (m *MailServer) Outgoing() server.MailConfig {
	return server.MailConfig{Server: m.Delivery, Security: "none", From: "parvis@pool.example"}
}

// Connect tells the collectivities of the story that this is their mail
// server: its address changes at every start.
func (m *MailServer) Connect(ctx context.Context, s *server.Server, story Story) error {
	for _, c := range story.Collectivities {
		admin := portal.Caller{Collectivity: portal.CollectivityID(c.ID), Rights: []portal.Right{portal.Admin}}
		err := s.Mail.SetServer(ctx, admin, m.Server("https://courriel."+c.Domain+"/"))
		if err != nil {
			return fmt.Errorf("demo: mail server of %s: %w", c.ID, err)
		}
	}
	return nil
}

// literal is a message as imapserver takes it.
type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// message writes the letter as an Internet message (RFC 5322).
func (l Letter) message() ([]byte, error) {
	var out bytes.Buffer
	from, to := netmail.Address{Name: l.From, Address: l.Address}, netmail.Address{Address: l.To}
	fmt.Fprintf(&out, "From: %s\r\nTo: %s\r\nDate: %s\r\n", from.String(), to.String(), l.At.Format(time.RFC1123Z))
	fmt.Fprintf(&out, "Subject: %s\r\nMIME-Version: 1.0\r\n", mime.QEncoding.Encode("utf-8", l.Subject))
	out.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&out)
	if _, err := body.Write([]byte(l.Body + "\r\n")); err != nil {
		return nil, err
	}
	return out.Bytes(), body.Close()
}

// certify makes an authority and a certificate of 127.0.0.1 signed by it.
func certify(now time.Time) (tls.Certificate, string, error) {
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Parvis demo authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Parvis demo mail"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})
	return tls.Certificate{Certificate: [][]byte{signed}, PrivateKey: key}, string(text), nil
}
