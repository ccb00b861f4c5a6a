package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	gomail "github.com/wneessen/go-mail"

	"parvis/portal"
	"parvis/portal/outgoing"
)

// Security is how the connection to the server is protected.
type Security string

// The ways. None falls back on a weaker one.
const (
	StartTLS Security = "starttls"
	TLS      Security = "tls"
	// Plain is for a relay inside of the network, without password.
	Plain Security = "none"
)

// Server is the pool's SMTP server. The zero value is none.
type Server struct {
	Address  string // "smtp.example:587"
	Security Security
	User     string // "" for a server that asks for none
	Password string
	From     string         // address of who has no other, "parvis@pool.example"
	Roots    *x509.CertPool // nil trusts those of the system
}

// Check says what no server can be reached with. A Server without address is
// fine: nothing is sent.
func (s Server) Check() error {
	if s.Address == "" {
		if s.User != "" || s.From != "" || s.Password != "" {
			return fmt.Errorf("%w: mail.server is missing: say where mail goes, such as server = \"smtp.example:587\"", portal.ErrInvalid)
		}
		return nil
	}
	if _, _, err := s.hostPort(); err != nil {
		return fmt.Errorf("%w: mail.server = %q must look like smtp.example:587", portal.ErrInvalid, s.Address)
	}
	if s.Security != StartTLS && s.Security != TLS && s.Security != Plain {
		return fmt.Errorf("%w: mail.security = %q must be starttls, tls or none", portal.ErrInvalid, s.Security)
	}
	if s.Security == Plain && s.User != "" {
		return fmt.Errorf("%w: mail.security = \"none\" would send the password of %q in clear; use starttls or tls", portal.ErrInvalid, s.User)
	}
	if _, err := CleanAddress(s.From); err != nil {
		return fmt.Errorf("%w: mail.from = %q must be an address that may write, such as parvis@pool.example", portal.ErrInvalid, s.From)
	}
	return nil
}

func (s Server) hostPort() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(s.Address)
	if err != nil {
		return "", 0, err
	}
	number, err := strconv.ParseUint(text, 10, 16)
	if err == nil && (host == "" || number == 0) {
		err = errors.New("no host, or no port")
	}
	return host, int(number), err
}

// exchange bounds each step with the server.
const exchange = 15 * time.Second

// dial opens a connection on which letters can be sent.
func (s Server) dial(ctx context.Context) (*gomail.Client, error) {
	host, port, err := s.hostPort()
	if err != nil {
		return nil, fault{"unreachable", false, err}
	}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(exchange), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}),
	}
	switch s.Security {
	case TLS:
		options = append(options, gomail.WithSSL())
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Plain:
		dialer := net.Dialer{Timeout: exchange, Control: insideOnly}
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithDialContextFunc(dialer.DialContext))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	client, err := gomail.NewClient(host, options...)
	if err == nil {
		err = client.DialWithContext(ctx)
	}
	if err != nil {
		return nil, dialFault(err)
	}
	return client, nil
}

var errClear = errors.New("a server outside of the network is written to by TLS alone")

// insideOnly is a net.Dialer.Control: links that open accounts don't cross the
// Internet in clear, whatever a name resolves to.
func insideOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !outgoing.IsInside(to.Addr()) {
		return fmt.Errorf("%w: %s", errClear, address)
	}
	return nil
}

// fault is why an attempt failed, in a word of the catalogue and for the log.
type fault struct {
	word  string // "unreachable", "certificate", "sign-in", "sender", "address", "refused"
	final bool   // another attempt would fail as well
	error
}

func (f fault) Unwrap() error { return f.error }

func dialFault(err error) fault {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var other x509.HostnameError
	var answer interface{ Temporary() bool }
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &other):
		return fault{"certificate", false, err}
	case errors.Is(err, errClear):
		return fault{"clear", false, err}
	case errors.As(err, &answer), errors.Is(err, context.DeadlineExceeded):
		return fault{"unreachable", false, err}
	}
	return fault{"sign-in", false, err}
}

// sendFault judges a letter that the server did not take.
func sendFault(err error) fault {
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return fault{"unreachable", false, err}
	}
	final := refused.ErrorCode() >= 500
	switch refused.Reason {
	case gomail.ErrSMTPMailFrom:
		return fault{"sender", final, err}
	case gomail.ErrSMTPRcptTo:
		return fault{"address", final, err}
	case gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return fault{"refused", final, err}
	}
	return fault{"unreachable", false, err}
}

// try opens a connection and closes it, and says in a sentence what is wrong.
func (s Server) try(ctx context.Context) error {
	client, err := s.dial(ctx)
	if err != nil {
		var why fault
		errors.As(err, &why)
		return fmt.Errorf("%w (%w)", said(why.word), err)
	}
	return client.Close()
}

// said is the sentence about a fault.
func said(word string) portal.UserError {
	return portal.UserError{Kind: portal.ErrUnavailable, Key: "post.fault." + word}
}
