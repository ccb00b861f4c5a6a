package ldapdir

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
	"parvis/sso"
)

// server is the directory server of one collectivity: one, or several that
// hold the same entries.
type server struct {
	version  string
	settings Settings
	replicas []*replica // in the order of the settings

	mu    sync.Mutex
	rules *rules // nil until needed
}

// replica is one of the servers that hold a directory.
type replica struct {
	address  string // "ldap://dir.bourg.example", for the administrator
	searches *pool  // bound as the service account
	binds    *pool
	breaker  breaker
}

func newServer(method sso.Method) (*server, error) {
	settings, err := Parse(method.Settings)
	if err != nil {
		return nil, err
	}
	made := &server{version: method.Version, settings: settings}
	for _, address := range settings.addresses() {
		dialer, err := newDialer(address, settings.Plain, method.CA)
		if err != nil {
			return nil, err
		}
		made.replicas = append(made.replicas, newReplica(address, dialer, settings.BindDN, method.Secret))
	}
	return made, nil
}

func newReplica(address string, dialer dialer, bindDN, secret string) *replica {
	asService := func(ctx context.Context) (*ldap.Conn, error) {
		conn, err := dialer.dial(ctx)
		if err != nil || bindDN == "" {
			return conn, err
		}
		if err := conn.Bind(bindDN, secret); err != nil {
			conn.Close()
			return nil, serviceError{err}
		}
		return conn, nil
	}
	return &replica{address: address, searches: newPool(asService), binds: newPool(dialer.dial)}
}

// serviceError is a service account that may not even sign in.
type serviceError struct{ cause error }

func (e serviceError) Error() string { return "service account: " + e.cause.Error() }
func (e serviceError) Unwrap() error { return e.cause }

func (s *server) close() {
	for _, one := range s.replicas {
		one.searches.close()
		one.binds.close()
	}
}

// ask has the first server that answers do an operation. What a server
// answered, whatever it is, is never asked of another one: a wrong password
// would be counted twice.
func (s *server) ask(ctx context.Context, operation func(*replica) error) error {
	err := error(errSilent)
	for one := range s.order() {
		tried := operation(one)
		answered := !silent(tried)
		if !answered && ctx.Err() != nil {
			return tried // whoever asked left, which says nothing about the server
		}
		one.breaker.note(answered, time.Now())
		if answered {
			return tried
		}
		if untrusted := (certificateError{}); !errors.As(err, &untrusted) {
			err = tried // a certificate is what an administrator can do something about
		}
	}
	return err
}

// search is ask for what needs the service account.
func (s *server) search(ctx context.Context, operation func(conn *ldap.Conn) error) error {
	return s.ask(ctx, func(one *replica) error { return one.searches.use(ctx, operation) })
}

// order is the order of the settings, but for those that did not answer a
// moment ago: they come last, and not at all after some failures.
func (s *server) order() iter.Seq[*replica] {
	return func(yield func(*replica) bool) {
		var left []*replica
		for _, one := range s.replicas {
			if !one.breaker.allow(1, time.Now()) {
				left = append(left, one)
			} else if !yield(one) {
				return
			}
		}
		for _, one := range left {
			if one.breaker.allow(breakerFailures, time.Now()) && !yield(one) {
				return
			}
		}
	}
}

// silent tells a server that did not answer from one that refused, and from a
// refusal of ours.
func silent(err error) bool {
	var answer *ldap.Error
	var said portal.UserError
	if errors.As(err, &said) {
		return false
	}
	return err != nil && (!errors.As(err, &answer) || broken(err))
}

const (
	breakerFailures = 3
	breakerPause    = 15 * time.Second
)

// breaker remembers that a server does not answer, so that agents who sign in
// need not wait to learn it again.
type breaker struct {
	mu       sync.Mutex
	failures int
	retryAt  time.Time
}

// allow says whether to ask a server: not after so many failures, but one may
// try at the end of each pause.
func (b *breaker) allow(failures int, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < failures {
		return true
	}
	if now.Before(b.retryAt) {
		return false
	}
	b.retryAt = now.Add(breakerPause)
	return true
}

// note records whether the server answered, whatever it answered.
func (b *breaker) note(answered bool, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answered {
		b.failures = 0
		return
	}
	b.failures++
	b.retryAt = now.Add(breakerPause)
}
