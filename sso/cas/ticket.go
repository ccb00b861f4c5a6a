package cas

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"parvis/portal"
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

// ticket is what a service or proxy ticket says. It is sealed into the ticket's
// own text, so that nothing is written before an application shows it.
type ticket struct {
	kind         string // serviceTicket or proxyTicket
	collectivity portal.CollectivityID
	application  string
	service      digest // of sso.Address.String
	account      portal.AccountID
	session      string
	granting     digest   // of the proxy-granting ticket that gave a proxy ticket
	proxies      []string // the last first
	fresh        bool     // she proved who she is for this very ticket
	client       string   // address of the browser, for the journal
	ends         time.Time
	hash         digest // of the ticket's text, once shown
}

// digest is half of a SHA-256: it stands for an address or a ticket.
type digest [sha256.Size / 2]byte

func digestOf(text string) digest {
	sum := sha256.Sum256([]byte(text))
	return digest(sum[:])
}

// shown reads a ticket that is shown; portal.ErrNotFound for a text that is none
// of ours, and for a proxy ticket whose proxy-granting ticket is gone.
func (s *Server) shown(ctx context.Context, text string) (ticket, error) {
	t, ok := s.unseal(text)
	if !ok {
		return ticket{}, portal.ErrNotFound
	}
	if t.kind == serviceTicket {
		return t, nil
	}
	from, err := s.granted(ctx, t.granting)
	if err == nil {
		_, err = s.Applications.Application(ctx, sso.KindCAS, from.collectivity, from.application)
	}
	if err != nil {
		return ticket{}, err
	}
	t.account, t.session, t.proxies = from.account, from.session, from.proxies
	return t, nil
}

// burn marks a ticket as judged; portal.ErrNotFound when it was before. Of two
// at once, one is served.
func burn(ctx context.Context, tx *database.Tx, t ticket) error {
	return database.OneRow(tx.Exec(ctx, `INSERT INTO cas_spent (hash, collectivity, ends) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		t.hash[:], string(t.collectivity), database.Millis(t.ends)))
}

// shownAgain is nil for a ticket that was judged and is shown a second time,
// portal.ErrNotFound for any other: the journal tells it once.
func (s *Server) shownAgain(ctx context.Context, t ticket) error {
	return database.OneRow(s.DB.Exec(ctx, `UPDATE cas_spent SET shown = 2 WHERE hash = $1 AND shown = 1`, t.hash[:]))
}

// granting is what the store keeps of a proxy-granting ticket, which serves as
// long as its session.
type granting struct {
	hash         digest
	collectivity portal.CollectivityID
	application  string
	account      portal.AccountID
	session      string
	proxies      []string // callbacks, its own first
}

func (s *Server) insert(ctx context.Context, g granting) error {
	_, err := s.DB.Exec(ctx, `
		INSERT INTO cas_grantings (hash, collectivity, application, account, session, proxies)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		g.hash[:], string(g.collectivity), g.application, string(g.account), g.session, strings.Join(g.proxies, "\n"))
	if err != nil {
		return fmt.Errorf("cas: write proxy-granting ticket: %w", err)
	}
	return nil
}

// granted reads a proxy-granting ticket; portal.ErrNotFound for none.
func (s *Server) granted(ctx context.Context, hash digest) (granting, error) {
	g, proxies := granting{hash: hash}, ""
	err := s.DB.QueryRow(ctx, `SELECT collectivity, application, account, session, proxies FROM cas_grantings WHERE hash = $1`, hash[:]).
		Scan(&g.collectivity, &g.application, &g.account, &g.session, &proxies)
	if err != nil {
		return granting{}, fmt.Errorf("cas: read proxy-granting ticket: %w", err)
	}
	g.proxies = strings.Split(proxies, "\n")
	return g, nil
}

// forget removes a proxy-granting ticket that nobody got.
func (s *Server) forget(ctx context.Context, hash digest) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM cas_grantings WHERE hash = $1`, hash[:])
	return err
}

// keptEnded is how long an ended ticket is remembered, to know one that is
// shown again.
const keptEnded = 10 * time.Minute

// sweep removes what is known of tickets that ended, and the proxy-granting ones
// whose session did.
func (s *Server) sweep(ctx context.Context) error {
	_, err := s.DB.Exec(ctx, `DELETE FROM cas_spent WHERE ends < $1`, database.Millis(s.Now().Add(-keptEnded)))
	if err != nil {
		return err
	}
	_, err = s.DB.Exec(ctx, `
		DELETE FROM cas_grantings
		WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.account = cas_grantings.account AND s.id = cas_grantings.session)`)
	return err
}
