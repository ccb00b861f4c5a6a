// Package ldapdir asks directory servers over LDAP who a person is and whether
// her password is right: a search with a service account, exactly one entry,
// then a bind with its DN. It keeps nothing but connections.
package ldapdir

import (
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

// Locales holds the sentences about directory servers.
//
//go:embed locales/*.json
var Locales embed.FS

// What a person or an administrator reads when a directory server does not do
// its part. All are portal.ErrUnavailable: nothing was decided about her.
var (
	errSilent      = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.silent"}
	errCertificate = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.certificate"}
	errService     = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.service"}
	errSettings    = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.settings"}
	errBase        = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.base"}
	errKey         = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.key"}
	errRefused     = portal.UserError{Kind: portal.ErrDenied, Key: "ldapdir.error.refused"}
)

// Servers asks the directory servers of all collectivities.
type Servers struct {
	log *slog.Logger

	mu   sync.Mutex
	open map[portal.CollectivityID]*server
}

var _ sso.PasswordServer = (*Servers)(nil)

// New returns a Servers without connections.
func New(log *slog.Logger) *Servers {
	return &Servers{log: log, open: map[portal.CollectivityID]*server{}}
}

// Close ends every connection.
func (s *Servers) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, one := range s.open {
		one.close()
		delete(s.open, id)
	}
}

// server is the directory server of one collectivity.
type server struct {
	version  string
	settings Settings
	searches *pool // bound as the service account
	binds    *pool
	breaker  breaker
}

// of returns the server of a method, made anew when the method changed.
func (s *Servers) of(method sso.Method) (*server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.open[method.Collectivity]
	if known != nil && known.version == method.Version {
		return known, nil
	}
	made, err := newServer(method)
	if err != nil {
		return nil, errors.Join(errSettings, err)
	}
	if known != nil {
		known.close()
	}
	s.open[method.Collectivity] = made
	return made, nil
}

func newServer(method sso.Method) (*server, error) {
	settings, err := parse(method.Settings)
	if err != nil {
		return nil, err
	}
	dialer, err := newDialer(settings, method.CA)
	if err != nil {
		return nil, err
	}
	asService := func(ctx context.Context) (*ldap.Conn, error) {
		conn, err := dialer.dial(ctx)
		if err != nil || settings.BindDN == "" {
			return conn, err
		}
		if err := conn.Bind(settings.BindDN, method.Secret); err != nil {
			conn.Close()
			return nil, serviceError{err}
		}
		return conn, nil
	}
	return &server{version: method.Version, settings: settings, searches: newPool(asService), binds: newPool(dialer.dial)}, nil
}

// serviceError is a service account that may not even sign in.
type serviceError struct{ cause error }

func (e serviceError) Error() string { return "service account: " + e.cause.Error() }
func (e serviceError) Unwrap() error { return e.cause }

func (s *server) close() {
	s.searches.close()
	s.binds.close()
}

// Authenticate implements sso.PasswordServer. A login that names nobody, or
// several, costs a bind like any other and is answered in the same words.
func (s *Servers) Authenticate(ctx context.Context, method sso.Method, login, password string, attempt func(key string) error) (sso.Profile, error) {
	if password == "" {
		return sso.Profile{}, sso.ErrWrong // a bind without password is anonymous, and succeeds (RFC 4513 §5.1.2)
	}
	server, err := s.of(method)
	if err != nil {
		return sso.Profile{}, err
	}
	if err := server.breaker.allow(time.Now()); err != nil {
		return sso.Profile{}, errSilent
	}
	entries, err := server.find(ctx, login)
	if err := server.judge(err); err != nil {
		return sso.Profile{}, err
	}
	if len(entries) > 1 {
		s.log.Warn("login names several entries of the directory server", "collectivity", method.Collectivity)
	}
	if len(entries) != 1 {
		return sso.Profile{}, server.refuse(ctx, login, password, attempt)
	}
	profile, err := server.settings.Attributes.profile(entries[0])
	if err != nil {
		return sso.Profile{}, err
	}
	if err := attempt(profile.Key); err != nil {
		return sso.Profile{}, err
	}
	return profile, server.judge(server.bind(ctx, entries[0].DN, password))
}

// find searches the entries that a login names: none, one, or more than one.
func (s *server) find(ctx context.Context, login string) ([]*ldap.Entry, error) {
	const two = 2 // enough to know that it isn't one
	request := ldap.NewSearchRequest(s.settings.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, two,
		int(operationTimeout/time.Second), false, s.settings.filter(login), s.settings.Attributes.names(), nil)
	var entries []*ldap.Entry
	err := s.searches.use(ctx, func(conn *ldap.Conn) error {
		result, err := conn.Search(request)
		if result != nil {
			entries = result.Entries
		}
		if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
			return nil
		}
		return err
	})
	return entries, err
}

// bind checks a password. The DN comes from the server, so it needs no escape.
func (s *server) bind(ctx context.Context, dn, password string) error {
	return s.binds.use(ctx, func(conn *ldap.Conn) error { return conn.Bind(dn, password) })
}

// refuse takes the time of a bind for a login of nobody.
func (s *server) refuse(ctx context.Context, login, password string, attempt func(key string) error) error {
	if err := attempt("login:" + login); err != nil {
		return err
	}
	err := s.judge(s.bind(ctx, "cn="+portal.NewID()+","+s.settings.BaseDN, password))
	if errors.Is(err, portal.ErrUnavailable) {
		return err
	}
	return sso.Because(sso.ErrWrong, audit.Unknown)
}

// judge turns what the server answered into what a person reads, and notes for
// the breaker whether it answered at all.
func (s *server) judge(err error) error {
	var certificate certificateError
	var service serviceError
	var answer *ldap.Error
	silent := err != nil && (!errors.As(err, &answer) || broken(err))
	s.breaker.note(!silent, time.Now())
	switch {
	case err == nil:
		return nil
	case errors.As(err, &certificate):
		return errors.Join(errCertificate, err)
	case errors.As(err, &service) && !silent:
		return errors.Join(errService, err)
	case silent:
		return errors.Join(errSilent, err)
	}
	switch answer.ResultCode {
	case ldap.LDAPResultInvalidCredentials:
		return sso.ErrWrong
	case ldap.LDAPResultNoSuchObject:
		return errors.Join(errBase, err)
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultInvalidDNSyntax:
		return errors.Join(errSettings, err)
	}
	return errors.Join(errRefused, err)
}

// profile reads an entry. Without its key a renamed person would be another
// one, and a new one with her name would be her.
func (a Attributes) profile(entry *ldap.Entry) (sso.Profile, error) {
	key := text(entry.GetRawAttributeValue(a.Key))
	if key == "" {
		return sso.Profile{}, errKey
	}
	return sso.Profile{
		Key: key, GivenName: entry.GetAttributeValue(a.GivenName), FamilyName: entry.GetAttributeValue(a.FamilyName),
		Email: entry.GetAttributeValue(a.Email), Function: entry.GetAttributeValue(a.Function),
		Phone: entry.GetAttributeValue(a.Phone), Mobile: entry.GetAttributeValue(a.Mobile), Office: entry.GetAttributeValue(a.Office),
	}, nil
}

// text is a key as it is stored: octets that are no text are written in hex.
func text(value []byte) string {
	if utf8.Valid(value) {
		return string(value)
	}
	return hex.EncodeToString(value)
}

// Check implements sso.PasswordServer: it connects, signs the service account
// in and reads the base, on new connections.
func (s *Servers) Check(ctx context.Context, method sso.Method) error {
	server, err := newServer(method)
	if err != nil {
		return errors.Join(errSettings, err)
	}
	defer server.close()
	base := ldap.NewSearchRequest(server.settings.BaseDN, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1,
		int(operationTimeout/time.Second), false, "(objectClass=*)", []string{"1.1"}, nil)
	return server.judge(server.searches.use(ctx, func(conn *ldap.Conn) error {
		_, err := conn.Search(base)
		return err
	}))
}
