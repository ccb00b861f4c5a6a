// Package ldapdir asks directory servers over LDAP who a person is and whether
// her password is right: a search with a service account, exactly one entry,
// then a bind with its DN. It keeps nothing but connections.
package ldapdir

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"time"

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
	entries, err := server.find(ctx, login)
	if err := server.judge(err); err != nil {
		return sso.Profile{}, err
	}
	if len(entries) > 1 {
		s.log.Warn("login names several entries of the directory server", "collectivity", method.Collectivity)
		return sso.Profile{}, server.refuse(ctx, login, password, audit.Ambiguous, attempt)
	}
	if len(entries) == 0 {
		return sso.Profile{}, server.refuse(ctx, login, password, audit.Unknown, attempt)
	}
	profile, err := server.settings.Attributes.profile(entries[0])
	if err != nil {
		return sso.Profile{}, err
	}
	if err := attempt(profile.Key); err != nil {
		return sso.Profile{}, err
	}
	if err := server.judge(server.bind(ctx, entries[0].DN, password)); err != nil {
		return sso.Profile{}, err
	}
	return profile, s.join(ctx, server, entries[0].DN, &profile)
}

// join fills in the groups that the directory decides about. That costs
// something in the collectivities that have rules alone, and only after the
// password was right.
func (s *Servers) join(ctx context.Context, server *server, dn string, profile *sso.Profile) error {
	if len(server.settings.Groups) == 0 {
		return nil
	}
	rules, err := server.rulesOf(ctx)
	if err != nil {
		return server.judge(err)
	}
	found, err := server.groupsOf(ctx, dn, rules)
	if err != nil {
		return server.judge(err)
	}
	if found.cut {
		s.log.Warn("not all groups of a person were read of the directory server", "dn", dn, "read", len(found.ids))
	}
	profile.Managed, profile.Groups = server.settings.managed(), rules.ours(found)
	return nil
}

// find searches the entries that a login names: none, one, or more than one.
func (s *server) find(ctx context.Context, login string) ([]*ldap.Entry, error) {
	const two = 2 // enough to know that it isn't one
	request := ldap.NewSearchRequest(s.settings.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, two,
		int(operationTimeout/time.Second), false, s.settings.filter(login), s.settings.Attributes.names(), nil)
	var entries []*ldap.Entry
	err := s.search(ctx, func(conn *ldap.Conn) error {
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
	return s.ask(ctx, func(one *replica) error {
		return one.binds.use(ctx, func(conn *ldap.Conn) error { return conn.Bind(dn, password) })
	})
}

// refuse takes the time of a bind for a login of nobody.
func (s *server) refuse(ctx context.Context, login, password string, reason audit.Reason, attempt func(key string) error) error {
	if err := attempt("login:" + login); err != nil {
		return err
	}
	err := s.judge(s.bind(ctx, "cn="+portal.NewID()+","+s.settings.BaseDN, password))
	if errors.Is(err, portal.ErrUnavailable) {
		return err
	}
	return sso.Because(sso.ErrWrong, reason)
}

// judge turns what the server answered into what a person reads.
func (s *server) judge(err error) error {
	var certificate certificateError
	var service serviceError
	var answer *ldap.Error
	var said portal.UserError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &certificate):
		return errors.Join(errCertificate, err)
	case errors.As(err, &said):
		return err
	case silent(err):
		return errors.Join(errSilent, err)
	case errors.As(err, &service):
		return errors.Join(errService, err)
	case !errors.As(err, &answer): // silent has judged what is none
		return err
	}
	switch answer.ResultCode {
	case ldap.LDAPResultInvalidCredentials:
		return s.refusal(answer)
	case ldap.LDAPResultNoSuchObject, ldap.LDAPResultReferral: // referrals are not followed: they lead out of the settings
		return errors.Join(errBase, err)
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultInvalidDNSyntax:
		return errors.Join(errSettings, err)
	}
	return errors.Join(errRefused, err)
}

// profile reads an entry. Without its key a renamed person would be another
// one, and a new one with her name would be her.
func (a Attributes) profile(entry *ldap.Entry) (sso.Profile, error) {
	key := a.key(entry)
	if key == "" {
		return sso.Profile{}, errKey
	}
	return sso.Profile{
		Key: key, GivenName: entry.GetAttributeValue(a.GivenName), FamilyName: entry.GetAttributeValue(a.FamilyName),
		Email: entry.GetAttributeValue(a.Email), Function: entry.GetAttributeValue(a.Function),
		Phone: entry.GetAttributeValue(a.Phone), Mobile: entry.GetAttributeValue(a.Mobile), Office: entry.GetAttributeValue(a.Office),
	}, nil
}

// Check implements sso.PasswordServer: on new connections to each server, it
// signs the service account in and reads the base; then it looks for the groups
// of the rules.
func (s *Servers) Check(ctx context.Context, method sso.Method) error {
	server, err := newServer(method)
	if err != nil {
		return errors.Join(errSettings, err)
	}
	defer server.close()
	base := server.base(server.settings.BaseDN, noAttribute)
	for _, one := range server.replicas {
		err := one.searches.use(ctx, func(conn *ldap.Conn) error {
			_, err := conn.Search(base)
			return err
		})
		err = server.judge(err)
		if len(server.replicas) > 1 && says(err, errSilent) {
			return errors.Join(portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.silent-one", Args: []any{"server", one.address}}, err)
		}
		if err != nil {
			return err
		}
	}
	rules, err := server.rulesOf(ctx)
	if err != nil {
		return server.judge(err)
	}
	if len(rules.unknown) > 0 {
		return portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.group", Args: []any{"group", rules.unknown[0]}}
	}
	return nil
}

// says tells whether an error is one of our sentences.
func says(err error, sentence portal.UserError) bool {
	var said portal.UserError
	return errors.As(err, &said) && said.Key == sentence.Key
}

// noAttribute asks for none (RFC 4511 §4.5.1.8).
const noAttribute = "1.1"

// base reads one entry by its DN.
func (s *server) base(dn string, attributes ...string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1,
		int(operationTimeout/time.Second), false, "(objectClass=*)", attributes, nil)
}
