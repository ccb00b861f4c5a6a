package cas

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/sso"
)

// The kinds of tickets, by what they begin with (CAS 3.0.3 §3).
const (
	serviceTicket  = "ST"
	proxyTicket    = "PT"
	grantingTicket = "PGT"
)

// ticketLife is how long an application may take to validate a ticket.
const ticketLife = 20 * time.Second

// ticket is what the store keeps of one.
type ticket struct {
	collectivity portal.CollectivityID
	kind         string
	application  string
	service      string // sso.Address.String, or the address of a PGT's callback
	account      portal.AccountID
	session      string
	fresh        bool     // she proved who she is for this very ticket
	proxies      []string // the last first
	ends         time.Time
}

// newSecret is a ticket's text: "ST-" and 256 random bits in [a-z2-7].
func newSecret(kind string) string { return kind + "-" + portal.NewSecret() }

func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// isOne says whether a text can be a ticket of a kind at all.
func isOne(text, kind string) bool {
	return strings.HasPrefix(text, kind+"-") && len(text) == len(kind)+1+len(portal.NewSecret())
}

// writer is a store or a transaction of one.
type writer = audit.Writer

func (s *Server) insert(ctx context.Context, to writer, secret string, t ticket) error {
	_, err := to.Exec(ctx, `
		INSERT INTO cas_tickets (hash, collectivity, kind, application, service, account, session, fresh, proxies, ends)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		hashOf(secret), string(t.collectivity), t.kind, t.application, t.service, string(t.account), t.session, t.fresh,
		strings.Join(t.proxies, "\n"), database.Millis(t.ends))
	if err != nil {
		return fmt.Errorf("cas: write ticket: %w", err)
	}
	return nil
}

// issue gives an application a ticket for a person: the ticket, the session's
// memory of it and the journal's line are there together or not at all.
func (s *Server) issue(ctx context.Context, caller portal.Caller, application sso.Application, t ticket, client string) (secret string, err error) {
	secret = newSecret(t.kind)
	t.collectivity, t.application, t.account = application.Collectivity, application.ID, caller.Account
	t.ends = s.Now().Add(ticketLife)
	line := opened(caller, application, client)
	line.At = s.Now()
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		if err := s.insert(ctx, tx, secret, t); err != nil {
			return err
		}
		err := s.SSO.Participants.Join(ctx, tx, sso.Participant{
			Collectivity: t.collectivity, Session: t.session, Account: t.account, Application: t.application,
			Protocol: protocol, Reference: s.sealReference(t.collectivity, secret), Address: t.service,
		})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return "", fmt.Errorf("cas: issue ticket: %w", err)
	}
	return secret, nil
}

// opened is the journal's line about an application that a person opens.
func opened(caller portal.Caller, application sso.Application, client string) audit.Line {
	line := audit.By(caller, audit.ApplicationOpened)
	line.Object, line.ObjectID, line.Detail, line.Address = application.Name, application.ID, protocol, client
	return line
}

// burn takes a service or proxy ticket: whoever asks a second time gets
// portal.ErrNotFound, whatever the first was told. Of two at once, one is served.
func (s *Server) burn(ctx context.Context, secret string) (ticket, error) {
	return s.take(s.DB.Change(ctx, `
		UPDATE cas_tickets SET used = 1 WHERE hash = $1 AND used = 0
		RETURNING collectivity, kind, application, service, account, session, fresh, proxies, ends`, hashOf(secret)))
}

// replayed returns a burnt ticket that is shown again for the first time, so
// that the journal tells it once; portal.ErrNotFound for any other.
func (s *Server) replayed(ctx context.Context, secret string) (ticket, error) {
	return s.take(s.DB.Change(ctx, `
		UPDATE cas_tickets SET used = 2 WHERE hash = $1 AND used = 1
		RETURNING collectivity, kind, application, service, account, session, fresh, proxies, ends`, hashOf(secret)))
}

// granting reads a proxy-granting ticket, which serves again and again.
func (s *Server) granting(ctx context.Context, secret string) (ticket, error) {
	if !isOne(secret, grantingTicket) {
		return ticket{}, portal.ErrNotFound
	}
	return s.take(s.DB.QueryRow(ctx, `
		SELECT collectivity, kind, application, service, account, session, fresh, proxies, ends FROM cas_tickets WHERE hash = $1`,
		hashOf(secret)))
}

func (s *Server) take(row database.Row) (t ticket, err error) {
	var proxies string
	var ends int64
	err = row.Scan(&t.collectivity, &t.kind, &t.application, &t.service, &t.account, &t.session, &t.fresh, &proxies, &ends)
	if err != nil {
		return ticket{}, fmt.Errorf("cas: take ticket: %w", err)
	}
	if proxies != "" {
		t.proxies = strings.Split(proxies, "\n")
	}
	t.ends = database.FromMillis(ends)
	return t, nil
}

// forget removes a ticket that nobody got.
func (s *Server) forget(ctx context.Context, secret string) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM cas_tickets WHERE hash = $1`, hashOf(secret))
	return err
}

// keptEnded is how long an ended ticket is remembered, to know one that is
// shown again.
const keptEnded = 10 * time.Minute

// sweep removes the tickets that ended, and those whose session did.
func (s *Server) sweep(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM cas_tickets WHERE ends > 0 AND ends < $1`, database.Millis(s.Now().Add(-keptEnded)))
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `
		DELETE FROM cas_tickets WHERE ends = 0
		AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.account = cas_tickets.account AND s.id = cas_tickets.session)`)
	return err
}

// journalRefusal tells the collectivity's administrator that a ticket was
// refused for a reason that honest applications don't have.
func (s *Server) journalRefusal(ctx context.Context, t ticket, reason audit.Reason, client string) {
	line := audit.Line{
		At: s.Now(), Collectivity: t.collectivity, Account: t.account, Action: audit.TicketRefused, Refused: reason,
		Object: t.service, ObjectID: t.application, Detail: protocol, Address: client,
	}
	if caller, err := s.SSO.CallerIn(ctx, t.account, t.collectivity); err == nil {
		line.Agent = caller.Agent
	}
	if err := audit.Write(context.WithoutCancel(ctx), s.DB, line); err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Error("cas: journal", "error", err)
	}
}
