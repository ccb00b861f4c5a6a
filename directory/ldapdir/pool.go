package ldapdir

import (
	"context"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	maxIdle = 8
	maxOpen = 16 // connections of one kind at the same time
	// idleLife is shorter than the idle timeouts that administrators set.
	idleLife = time.Minute
)

// pool keeps connections of one kind: those that search stay bound as the
// service account, those that check passwords are bound as anybody.
type pool struct {
	dial  func(ctx context.Context) (*ldap.Conn, error)
	slots chan struct{}

	mu     sync.Mutex
	idle   []idleConn // the most recently used last
	closed bool
}

type idleConn struct {
	conn  *ldap.Conn
	since time.Time
}

func newPool(dial func(ctx context.Context) (*ldap.Conn, error)) *pool {
	return &pool{dial: dial, slots: make(chan struct{}, maxOpen)}
}

// use runs an operation on a connection. One that a network error touched is
// dropped; when it had been idle, the server may simply have closed it, so the
// operation is tried once more on a new one.
func (p *pool) use(ctx context.Context, operation func(conn *ldap.Conn) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if conn := p.take(); conn != nil {
		err := operation(conn)
		if !broken(err) {
			p.put(conn)
			return err
		}
		conn.Close()
		if !closedByServer(conn, err) {
			return err
		}
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return err
	}
	err = operation(conn)
	if broken(err) {
		conn.Close()
		return err
	}
	p.put(conn)
	return err
}

// broken says whether an error leaves the connection in an unknown state.
func broken(err error) bool {
	return err != nil && ldap.IsErrorAnyOf(err, ldap.ErrorNetwork, ldap.ErrorUnexpectedMessage, ldap.ErrorUnexpectedResponse,
		ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultUnavailable, ldap.LDAPResultBusy)
}

// closedByServer tells a connection that had ended from a server that is slow:
// asking again what took too long would only double the wait.
func closedByServer(conn *ldap.Conn, err error) bool {
	return ldap.IsErrorWithCode(err, ldap.ErrorNetwork) && conn.GetLastError() != nil
}

func (p *pool) take() *ldap.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !last.conn.IsClosing() && time.Since(last.since) < idleLife {
			return last.conn
		}
		last.conn.Close()
	}
	return nil
}

func (p *pool) put(conn *ldap.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= maxIdle {
		conn.Close()
		return
	}
	p.idle = append(p.idle, idleConn{conn, time.Now()})
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, one := range p.idle {
		one.conn.Close()
	}
	p.idle = nil
}
