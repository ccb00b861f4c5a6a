package sso

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Participant is an application that a session opened, and that is told when
// the session ends.
type Participant struct {
	Collectivity portal.CollectivityID
	ID           string // drawn when ""; one that is there already is not written again
	Session      string
	Account      portal.AccountID
	Application  string
	Protocol     string // "cas", "oidc", "forward"
	Reference    string // what the application knows the session by
	Address      string // where it is told; "" when it asks us by itself
}

// Notifier tells an application, by its protocol, that a session ended. The
// error is for the log: single logout is best effort (CAS 3.0.3 §2.3.3, OpenID
// Back-Channel Logout §2.8).
type Notifier func(ctx context.Context, participant Participant) error

// Participants are told when their sessions end, whichever way these do:
// sign-out, revocation, age, an account that was closed, or a stopped process.
type Participants struct {
	db  *database.DB
	log *slog.Logger
	now func() time.Time

	mu        sync.Mutex
	notifiers map[string]Notifier
	wake      chan struct{}
}

func newParticipants(db *database.DB, log *slog.Logger, now func() time.Time) *Participants {
	return &Participants{db: db, log: log, now: now, notifiers: map[string]Notifier{}, wake: make(chan struct{}, 1)}
}

// Handle says how the applications of a protocol are told. It is called before
// Run.
func (p *Participants) Handle(protocol string, notify Notifier) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notifiers[protocol] = notify
}

// Join records an application that a session opens, in the transaction that
// gives it what it asked for.
func (p *Participants) Join(ctx context.Context, to database.Writer, one Participant) error {
	if one.ID == "" {
		one.ID = portal.NewID()
	}
	err := to.Write(ctx, `
		INSERT INTO session_participants (collectivity, id, session, account, application, protocol, reference, address, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		string(one.Collectivity), one.ID, one.Session, string(one.Account), one.Application, one.Protocol,
		one.Reference, one.Address, database.Millis(p.now()))
	if err != nil {
		return fmt.Errorf("sso: join a session: %w", err)
	}
	return nil
}

// Opened lists the applications that a session opened, for the page that ends
// it to say so.
func (p *Participants) Opened(ctx context.Context, account portal.AccountID, session string) ([]Participant, error) {
	rows, err := p.db.Query(ctx, `
		SELECT collectivity, id, session, account, application, protocol, reference, address FROM session_participants
		WHERE account = $1 AND session = $2 ORDER BY created, id`, string(account), session)
	all, err := database.Collect(rows, err, scanParticipant)
	if err != nil {
		return nil, fmt.Errorf("sso: list participants: %w", err)
	}
	return all, nil
}

func scanParticipant(rows *sql.Rows) (one Participant, err error) {
	return one, rows.Scan(&one.Collectivity, &one.ID, &one.Session, &one.Account, &one.Application, &one.Protocol, &one.Reference, &one.Address)
}

// Wake has those told whose sessions ended just now.
func (p *Participants) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

const (
	// lookEvery finds the sessions that ended by themselves.
	lookEvery = time.Minute
	// notifyTimeout bounds what one application may take to be told.
	notifyTimeout = 5 * time.Second
	// notifyAtOnce bounds how many are told at the same time.
	notifyAtOnce = 8
	orphanBatch  = 64
)

// Run tells applications until the context ends.
func (p *Participants) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		for {
			told, err := p.tellOrphans(ctx)
			if err != nil && ctx.Err() == nil {
				p.log.Error("single logout", "error", err)
			}
			if err != nil || told < orphanBatch {
				break
			}
		}
		select {
		case <-p.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// tellOrphans tells a batch of those whose session is gone, then forgets them.
// A process stopped in between tells them again: applications expect that.
func (p *Participants) tellOrphans(ctx context.Context) (int, error) {
	rows, err := p.db.Query(ctx, `
		SELECT collectivity, id, session, account, application, protocol, reference, address FROM session_participants p
		WHERE NOT EXISTS (SELECT 1 FROM sessions s WHERE s.account = p.account AND s.id = p.session) LIMIT 64`)
	orphans, err := database.Collect(rows, err, scanParticipant)
	if err != nil {
		return 0, fmt.Errorf("sso: find ended sessions: %w", err)
	}
	slots := make(chan struct{}, notifyAtOnce)
	var waiting sync.WaitGroup
	for _, one := range orphans {
		slots <- struct{}{}
		waiting.Go(func() {
			defer func() { <-slots }()
			p.tell(ctx, one)
		})
	}
	waiting.Wait()
	if err := ctx.Err(); err != nil {
		return 0, err // they are told at the next start
	}
	var failures []error
	for _, one := range orphans {
		_, err := p.db.Exec(ctx, `DELETE FROM session_participants WHERE collectivity = $1 AND id = $2`, string(one.Collectivity), one.ID)
		failures = append(failures, err)
	}
	return len(orphans), errors.Join(failures...)
}

func (p *Participants) tell(ctx context.Context, one Participant) {
	p.mu.Lock()
	notify := p.notifiers[one.Protocol]
	p.mu.Unlock()
	if notify == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, notifyTimeout)
	defer cancel()
	if err := notify(ctx, one); err != nil {
		p.log.Info("an application was not told that a session ended",
			"collectivity", one.Collectivity, "application", one.Application, "protocol", one.Protocol, "error", err)
	}
}
