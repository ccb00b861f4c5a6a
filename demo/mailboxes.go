package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
)

// mailboxes are what the mail server keeps in memory, by address in lower case.
type mailboxes struct {
	all      *imapmemserver.Server
	password string // of the master user

	mu       sync.Mutex
	users    map[string]*imapmemserver.User
	received map[string][]string // by SMTP, as they came
}

func newMailboxes(password string) *mailboxes {
	return &mailboxes{all: imapmemserver.New(), password: password, users: map[string]*imapmemserver.User{}, received: map[string][]string{}}
}

// of is the mailbox of an address, made when there is none: who is invited has
// hers at once.
func (m *mailboxes) of(address string) (*imapmemserver.User, error) {
	address = strings.ToLower(address)
	if user := m.users[address]; user != nil {
		return user, nil
	}
	user := imapmemserver.NewUser(address+"*"+masterUser, m.password)
	if err := user.Create("INBOX", nil); err != nil {
		return nil, fmt.Errorf("mailbox %s: %w", address, err)
	}
	m.users[address] = user
	m.all.AddUser(user)
	return user, nil
}

// fill makes the mailboxes of addresses and what they hold.
func (m *mailboxes) fill(addresses []string, letters []Letter) error {
	for _, address := range addresses {
		if _, err := m.of(address); err != nil {
			return err
		}
	}
	for _, letter := range letters {
		options := &imap.AppendOptions{Time: letter.At}
		if letter.Read {
			options.Flags = []imap.Flag{imap.FlagSeen}
		}
		text, err := letter.message()
		if err != nil {
			return fmt.Errorf("letter to %s: %w", letter.To, err)
		}
		if err := m.put(letter.To, text, options); err != nil {
			return err
		}
	}
	return nil
}

func (m *mailboxes) put(address string, text []byte, options *imap.AppendOptions) error {
	user, err := m.of(address)
	if err == nil {
		_, err = user.Append("INBOX", literal{bytes.NewReader(text)}, options)
	}
	if err != nil {
		return fmt.Errorf("letter to %s: %w", address, err)
	}
	return nil
}

// maxReceived bounds a letter in bytes.
const maxReceived = 1 << 20

// receive serves SMTP on a free port of the loopback.
func (m *MailServer) receive() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m.doors = append(m.doors, listener)
	m.Delivery = listener.Addr().String()
	m.smtp = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{boxes: m.boxes}, nil }))
	m.smtp.Domain, m.smtp.MaxMessageBytes, m.smtp.EnableSMTPUTF8 = "localhost", maxReceived, true
	m.smtp.ReadTimeout, m.smtp.WriteTimeout = time.Minute, time.Minute
	go func() { m.ended <- m.smtp.Serve(listener) }()
	return nil
}

// Received are the letters that came by SMTP for an address, as they came.
func (m *MailServer) Received(address string) []string {
	m.boxes.mu.Lock()
	defer m.boxes.mu.Unlock()
	return append([]string{}, m.boxes.received[strings.ToLower(address)]...)
}

// delivery is one connection.
type delivery struct {
	boxes *mailboxes
	to    []string
}

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt refuses the addresses of RFC 2606's "invalid", so that a refusal can be
// seen in the demonstration too.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasSuffix(strings.ToLower(to), ".invalid") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	d.to = append(d.to, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.boxes.mu.Lock()
	defer d.boxes.mu.Unlock()
	var failures []error
	for _, to := range d.to {
		failures = append(failures, d.boxes.put(to, text, &imap.AppendOptions{Time: time.Now()}))
		d.boxes.received[strings.ToLower(to)] = append(d.boxes.received[strings.ToLower(to)], string(text))
	}
	return errors.Join(failures...)
}

func (d *delivery) Reset() { d.to = nil }

func (d *delivery) Logout() error { return nil }
