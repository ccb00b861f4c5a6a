package booking

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Foremen knows for whom somebody books: a foreman for his agents, who have no computer.
type Foremen interface {
	// Under lists them by name.
	Under(ctx context.Context, caller portal.Caller) ([]Someone, error)
	// ActsFor is how one of them asks herself, without any right; portal.ErrNotFound for anybody else.
	ActsFor(ctx context.Context, caller portal.Caller, agent portal.AgentID) (portal.Caller, error)
}

// Someone is an agent to choose.
type Someone struct {
	ID   portal.AgentID
	Name string
}

// OnForemen adds who books for whom; without it everybody books for herself alone. It is a step of set-up.
func (s *Store) OnForemen(foremen Foremen) { s.foremen = foremen }

// Under lists by name for whom the caller books beside herself.
func (s *Store) Under(ctx context.Context, caller portal.Caller) ([]Someone, error) {
	if s.foremen == nil {
		return nil, nil
	}
	under, err := s.foremen.Under(ctx, caller)
	return under, wrap(err, "for whom she books")
}

// holder is who asks when the caller books for an agent, "" for herself.
func (s *Store) holder(ctx context.Context, caller portal.Caller, agent portal.AgentID) (portal.Caller, error) {
	if agent == "" || agent == caller.Agent {
		return caller, nil
	}
	if s.foremen == nil {
		return portal.Caller{}, fmt.Errorf("booking: for %q: %w", agent, portal.ErrNotFound)
	}
	she, err := s.foremen.ActsFor(ctx, caller, agent)
	return she, wrap(err, "for another")
}

// maker is who books for another, and from where.
type maker struct {
	caller  portal.Caller
	address string
}

// makerKey carries one to the transaction of the event that the calendar writes, which is where the trace belongs.
type makerKey struct{}

// BookFor is Book for an agent whom the caller manages, "" or herself for the caller. The booking is that one's, in her
// agenda: her rights decide, so that a foreman opens to nobody what the collectivity does not. Its trace names who made
// it, and stands in the journal. portal.ErrNotFound for whom she does not book for.
func (s *Store) BookFor(ctx context.Context, caller portal.Caller, agent portal.AgentID, resource ResourceID, start, end time.Time, title, address string) (event string, err error) {
	she, err := s.holder(ctx, caller, agent)
	if err != nil {
		return "", err
	}
	if she.Agent != caller.Agent {
		ctx = context.WithValue(ctx, makerKey{}, maker{caller, address})
	}
	return s.Book(ctx, she, resource, start, end, title)
}

// trace writes who made a booking for another, in the transaction that decides about it.
func (s *Store) trace(ctx context.Context, tx *database.Tx, claim Claim) error {
	made, is := ctx.Value(makerKey{}).(maker)
	if !is || len(claim.Wishes) == 0 {
		return nil
	}
	err := tx.Write(ctx, `
		INSERT INTO booking_makers (collectivity, event, holder, maker, made) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		string(claim.Collectivity), claim.Event, string(claim.Holder), string(made.caller.Agent), database.Millis(s.now()))
	if err != nil {
		return err
	}
	return s.tellMade(ctx, tx, made, audit.BookedFor, claim.Wishes[0].Resource, claim.Holder)
}

func (s *Store) tellMade(ctx context.Context, tx *database.Tx, made maker, action audit.Action, resource ResourceID, holder portal.AgentID) error {
	line := audit.By(made.caller, action)
	line.At, line.ObjectID, line.Address = s.now(), string(resource), made.address
	err := tx.QueryRow(ctx, `
		SELECT r.name, COALESCE(a.given_name || ' ' || a.family_name, '') FROM resources r LEFT JOIN agents a ON a.collectivity = $1 AND a.id = $3
		WHERE r.collectivity = $1 AND r.id = $2`, string(made.caller.Collectivity), string(resource), string(holder)).Scan(&line.Object, &line.Detail)
	if err != nil {
		return err
	}
	return audit.Write(ctx, tx, line)
}

// Made is a booking to come that the caller made for another.
type Made struct {
	Own
	For string // "Kévin Vaudoit"
}

// MadeFor lists what the caller booked for others, to come, by start.
func (s *Store) MadeFor(ctx context.Context, caller portal.Caller) ([]Made, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, `
		SELECT r.id, r.kind, r.name, r.place, b.starts, b.ends, b.pending, b.event, b.recurrence, b.holder, COALESCE(a.given_name || ' ' || a.family_name, '')
		FROM booking_makers m JOIN bookings b ON b.collectivity = $1 AND b.event = m.event AND b.holder = m.holder AND b.ends > $3
		JOIN resources r ON r.collectivity = $1 AND r.id = b.resource
		LEFT JOIN agents a ON a.collectivity = $1 AND a.id = b.holder
		WHERE m.collectivity = $1 AND m.maker = $2 ORDER BY b.starts, r.name, b.event LIMIT 0 + $4`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now()), maxOwn)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (m Made, err error) {
		var starts, ends, recurrence int64
		err = rows.Scan(&m.Resource.ID, &m.Resource.Kind, &m.Resource.Name, &m.Resource.Place, &starts, &ends, &m.Pending, &m.Event, &recurrence, &m.Holder, &m.For)
		m.Booking.Resource = m.Resource.ID
		m.Start, m.End, m.Recurrence = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), database.FromMillis(recurrence)
		return m, err
	})
	return all, wrap(err, "list what she made for others")
}

// CancelMade gives back a booking that the caller made for an agent whom she still manages; portal.ErrNotFound for any
// other. The agenda it was in is another's, so that nothing takes it back.
func (s *Store) CancelMade(ctx context.Context, caller portal.Caller, event, address string) error {
	var holder portal.AgentID
	var resource ResourceID
	err := s.db.QueryRow(ctx, `
		SELECT b.holder, b.resource FROM booking_makers m JOIN bookings b ON b.collectivity = $1 AND b.event = m.event AND b.holder = m.holder AND b.ends > $4
		WHERE m.collectivity = $1 AND m.event = $2 AND m.maker = $3 LIMIT 1`,
		string(caller.Collectivity), event, string(caller.Agent), database.Millis(s.now())).Scan(&holder, &resource)
	if err == nil && (caller.Agent == "" || caller.AtKiosk) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return wrap(err, "cancel for another")
	}
	she, err := s.holder(ctx, caller, holder)
	if err != nil {
		return err
	}
	if _, err := s.cancel(ctx, she, event, time.Time{}); err != nil {
		return wrap(err, "cancel for another")
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		return s.tellMade(ctx, tx, maker{caller, address}, audit.CancelledFor, resource, holder)
	})
	return wrap(err, "cancel for another")
}
