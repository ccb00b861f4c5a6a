package ldapdir

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	dialTimeout      = 3 * time.Second
	operationTimeout = 5 * time.Second
)

// certificateError is a certificate that the collectivity's authority did not
// sign, or that is not the server's.
type certificateError struct{ cause error }

func (e certificateError) Error() string { return "certificate not trusted: " + e.cause.Error() }
func (e certificateError) Unwrap() error { return e.cause }

// dialer opens connections to one server.
type dialer struct {
	address   string // "dir.bourg.example:389"
	host      string
	secure    bool // TLS from the first octet
	plain     bool
	authority *x509.CertPool // nil trusts the system's
}

func newDialer(text string, plain bool, ca string) (dialer, error) {
	address, err := url.Parse(text)
	if err != nil {
		return dialer{}, err
	}
	d := dialer{host: address.Hostname(), secure: address.Scheme == "ldaps", plain: plain}
	port := address.Port()
	switch {
	case port != "":
	case d.secure:
		port = "636"
	default:
		port = "389"
	}
	d.address = net.JoinHostPort(d.host, port)
	if ca != "" {
		d.authority = x509.NewCertPool()
		if !d.authority.AppendCertsFromPEM([]byte(ca)) {
			return dialer{}, fmt.Errorf("the authority's certificate is not PEM")
		}
	}
	return d, nil
}

// dial connects and makes the connection safe. Errors: certificateError, or
// whatever the network says.
func (d dialer) dial(ctx context.Context) (*ldap.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, err
	}
	// A server may accept and then say nothing: the deadline covers TLS too.
	deadline, _ := ctx.Deadline()
	if err := raw.SetDeadline(deadline); err != nil {
		raw.Close()
		return nil, err
	}
	conn, err := d.protect(ctx, raw)
	if err != nil {
		raw.Close()
		return nil, err
	}
	return conn, raw.SetDeadline(time.Time{})
}

func (d dialer) protect(ctx context.Context, raw net.Conn) (*ldap.Conn, error) {
	var refused error
	config := d.config(&refused)
	if d.secure {
		protected := tls.Client(raw, config)
		if err := protected.HandshakeContext(ctx); err != nil {
			return nil, orRefused(refused, err)
		}
		return started(protected, true), nil
	}
	conn := started(raw, false)
	if d.plain {
		return conn, nil
	}
	if err := conn.StartTLS(config); err != nil {
		conn.Close()
		return nil, orRefused(refused, err)
	}
	return conn, nil
}

func started(conn net.Conn, secure bool) *ldap.Conn {
	made := ldap.NewConn(conn, secure)
	made.SetTimeout(operationTimeout)
	made.Start()
	return made
}

func orRefused(refused, err error) error {
	if refused != nil {
		return refused
	}
	return err
}

// config verifies the certificate as crypto/tls does, but by our own hand: the
// library's StartTLS turns the reason of a refusal into text, and an
// administrator must read whether it was the certificate.
func (d dialer) config(refused *error) *tls.Config {
	return &tls.Config{
		ServerName: d.host, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // verified on the next lines instead
		VerifyConnection: func(state tls.ConnectionState) error {
			if err := d.verify(state); err != nil {
				*refused = certificateError{err}
				return *refused
			}
			return nil
		},
	}
}

func (d dialer) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return fmt.Errorf("no certificate")
	}
	options := x509.VerifyOptions{Roots: d.authority, Intermediates: x509.NewCertPool()}
	for _, certificate := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(certificate)
	}
	var err error
	for _, options.DNSName = range certificateNames(d.host) {
		if _, err = state.PeerCertificates[0].Verify(options); err == nil {
			return nil
		}
	}
	return err
}

// certificateNames are the names that the certificate of a host may bear. As
// libldap does, "localhost" is the machine's own name too: no authority signs
// the other one.
func certificateNames(host string) []string {
	if !strings.EqualFold(host, "localhost") {
		return []string{host}
	}
	names := []string{host}
	own, err := os.Hostname()
	if err != nil || own == "" {
		return names
	}
	names = append(names, own)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if full, err := net.DefaultResolver.LookupCNAME(ctx, own); err == nil {
		names = append(names, strings.TrimSuffix(full, "."))
	}
	return names
}
