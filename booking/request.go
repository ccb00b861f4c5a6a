package booking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// RequestState is what became of a request.
type RequestState string

// The states.
const (
	Waiting      RequestState = "waiting"
	Accepted     RequestState = "accepted"
	RefusedByHer RequestState = "refused"
)

// request is what an event asked of who accepts the bookings of a resource; without an id there is none.
type request struct {
	id, event   string
	resource    ResourceID
	holder      portal.AgentID
	state       RequestState
	reason      string
	told        bool
	starts      int64
	ends, dates int64
}

// answers says that a request was answered and its event does not know it yet.
func (r request) answers() bool { return r.id != "" && r.state != Waiting && !r.told }

const ofRequests = `SELECT id, event, resource, holder, state, reason, told, starts, ends, dates FROM booking_requests WHERE collectivity = $1`

func scanRequest(scan func(...any) error) (r request, err error) {
	return r, scan(&r.id, &r.event, &r.resource, &r.holder, &r.state, &r.reason, &r.told, &r.starts, &r.ends, &r.dates)
}

// requestOf is the request of an event for a resource.
func (s *Store) requestOf(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID) (request, error) {
	r, err := scanRequest(tx.QueryRow(ctx, ofRequests+` AND event = $2 AND resource = $3`, string(claim.Collectivity), claim.Event, string(resource)).Scan)
	if errors.Is(err, portal.ErrNotFound) {
		return request{}, nil
	}
	return r, err
}

// keepRequest makes the request of an event what its pending rows ask: anew where it has fresh ones. What was
// answered stays for who may take the answer back, and is told from now on.
func (s *Store) keepRequest(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID, has []booked, fresh bool) error {
	var first booked
	dates := 0
	for _, b := range has {
		if !b.pending {
			continue
		}
		if dates++; dates == 1 || b.starts < first.starts {
			first = b
		}
	}
	args := []any{string(claim.Collectivity), claim.Event, string(resource)}
	if dates == 0 {
		err := tx.Write(ctx, `DELETE FROM booking_requests WHERE collectivity = $1 AND event = $2 AND resource = $3 AND state = 'waiting'`, args...)
		if err == nil {
			err = tx.Write(ctx, `UPDATE booking_requests SET told = TRUE WHERE collectivity = $1 AND event = $2 AND resource = $3 AND NOT told`, args...)
		}
		return err
	}
	return tx.Write(ctx, `
		INSERT INTO booking_requests (collectivity, event, resource, id, holder, state, asked, starts, ends, dates)
		VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8, $9)
		ON CONFLICT (collectivity, event, resource) DO UPDATE SET holder = excluded.holder, state = 'waiting', starts = excluded.starts,
			ends = excluded.ends, dates = excluded.dates, told = FALSE, decided = 0, decided_by = '', reason = '',
			asked = CASE WHEN booking_requests.state = 'waiting' AND NOT $10 THEN booking_requests.asked ELSE excluded.asked END`,
		append(args, portal.NewID(), string(claim.Holder), database.Millis(s.now()), first.starts, first.ends, dates, fresh)...)
}

// Asked is a request that waits for the caller.
type Asked struct {
	ID         string
	Resource   ResourceID
	Name       string    // of the resource
	Who        string    // "Camille Le Goff, Voirie"
	Title      string    // of the event, "" for what is private
	Start, End time.Time // of the first date that waits
	Dates      int
	Since      time.Time
	Zone       *time.Location
}

// answered is the condition that a caller answers a request q for a resource r: she accepts its bookings; or she
// administers, $3 = TRUE, and nobody who does is left. Nobody answers her own but as one who accepts.
const answered = `(EXISTS (
		SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = q.resource AND p.does = 'approve' AND (
			p.kind = 'agent' AND p.subject = $2 OR p.kind = 'group' AND EXISTS (
				SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = p.subject AND m.agent = $2)))
	OR $3 AND NOT EXISTS (
		SELECT 1 FROM resource_people p JOIN agents a ON a.collectivity = $1 AND a.active AND a.account IS NOT NULL AND (
			p.kind = 'agent' AND p.subject = a.id OR p.kind = 'group' AND EXISTS (
				SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = p.subject AND m.agent = a.id))
		WHERE p.collectivity = $1 AND p.resource = q.resource AND p.does = 'approve'))`

const waitingForHer = ` FROM booking_requests q JOIN resources r ON r.collectivity = $1 AND r.id = q.resource AND r.active
	WHERE q.collectivity = $1 AND q.state = 'waiting' AND (q.holder <> '' OR q.event LIKE 'loan-%') AND EXISTS (
		SELECT 1 FROM bookings b WHERE b.collectivity = $1 AND b.event = q.event AND b.resource = q.resource AND b.pending AND b.ends > $4)
	AND ` + answered

func (s *Store) askedArgs(caller portal.Caller) []any {
	return []any{string(caller.Collectivity), string(caller.Agent), caller.Can(portal.Admin), database.Millis(s.now())}
}

// CountAsked is how many requests wait for the caller.
func (s *Store) CountAsked(ctx context.Context, caller portal.Caller) (count int, err error) {
	if caller.Agent == "" {
		return 0, nil
	}
	err = s.db.QueryRow(ctx, `SELECT COUNT(*)`+waitingForHer, s.askedArgs(caller)...).Scan(&count)
	return count, wrap(err, "count requests")
}

// Asked lists the requests that wait for the caller, the first to begin first, at most limit.
func (s *Store) Asked(ctx context.Context, caller portal.Caller, limit int) ([]Asked, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, `
		SELECT q.id, q.resource, r.name, q.starts, q.ends, q.dates, q.asked, t.zone,
			COALESCE((SELECT a.given_name || ' ' || a.family_name || CASE WHEN u.name IS NULL THEN '' ELSE ', ' || u.name END
				FROM agents a LEFT JOIN units u ON u.collectivity = $1 AND u.id = a.unit WHERE a.collectivity = $1 AND a.id = q.holder),
				(SELECT `+borrowerOf+` FROM lending_loans o `+withBorrower+` WHERE o.collectivity = $1 AND o.id = q.event), ''),
			COALESCE((SELECT o.summary FROM calendar_objects o WHERE o.collectivity = $1 AND o.id = q.event AND o.class = 'PUBLIC'), '')
		FROM (SELECT q.*`+waitingForHer+`) q
		JOIN resources r ON r.collectivity = $1 AND r.id = q.resource
		JOIN collectivities t ON t.id = $1
		ORDER BY q.starts, q.id LIMIT 0 + $5`, append(s.askedArgs(caller), limit)...)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (a Asked, err error) {
		var starts, ends, since int64
		var zone string
		err = rows.Scan(&a.ID, &a.Resource, &a.Name, &starts, &ends, &a.Dates, &since, &zone, &a.Who, &a.Title)
		a.Zone = zoneOf(zone)
		a.Start, a.End, a.Since = time.UnixMilli(starts).In(a.Zone), time.UnixMilli(ends).In(a.Zone), database.FromMillis(since)
		return a, err
	})
	return all, wrap(err, "list requests")
}

// ErrAnswered: somebody else answered a request meanwhile, or nobody asks any more. It is a portal.ErrConflict.
var ErrAnswered = fmt.Errorf("booking: %w: the request is answered", portal.ErrConflict)

// Answer accepts a request that waits for the caller, or refuses it with a reason; ErrAnswered when it waits no
// more, portal.ErrNotFound for one that is not hers. The event is told by the calendar, at once or, should that
// fail, by the next housekeeping.
func (s *Store) Answer(ctx context.Context, caller portal.Caller, id string, state RequestState, reason string) (name string, err error) {
	var held Held
	var borrower portal.CollectivityID
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var now RequestState
		err := tx.QueryRow(ctx, `
			SELECT q.event, q.holder, q.state, r.name FROM booking_requests q JOIN resources r ON r.collectivity = $1 AND r.id = q.resource
			WHERE q.collectivity = $1 AND q.id = $4 AND `+answered,
			string(caller.Collectivity), string(caller.Agent), caller.Can(portal.Admin), id).Scan(&held.Event, &held.Holder, &now, &name)
		if err != nil {
			return err
		}
		if now != Waiting {
			return ErrAnswered
		}
		if err := tx.Write(ctx, `
			UPDATE booking_requests SET state = $3, reason = $4, decided = $5, decided_by = $6, told = FALSE WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), id, string(state), reason, database.Millis(s.now()), string(caller.Agent)); err != nil {
			return err
		}
		if state == Accepted {
			err = tx.Write(ctx, `
				UPDATE bookings SET pending = FALSE WHERE collectivity = $1 AND pending AND (event, resource) IN (
					SELECT event, resource FROM booking_requests WHERE collectivity = $1 AND id = $2)`, string(caller.Collectivity), id)
		}
		if err == nil && isLoan(held.Event) {
			borrower, err = s.answerLoan(ctx, tx, caller.Collectivity, held.Event, state, reason)
		}
		return err // the time of an event is free once it has the answer
	})
	if err != nil {
		return "", wrap(err, "answer a request")
	}
	if isLoan(held.Event) {
		s.changedFor(borrower)
		s.tidyAgendas(ctx, borrower)
		return name, nil
	}
	return name, s.tellEvent(ctx, caller.Collectivity, held)
}

// Answered is a request that the caller answered within the last hour.
type Answered struct {
	ID    string
	Name  string // of the resource
	State RequestState
	At    time.Time
}

// takeable is the condition that the answer of a request q can be taken back: who was refused a loan was told, and a
// convention may say something else meanwhile.
const takeable = `(q.event NOT LIKE 'loan-%' OR q.state = 'accepted')`

// takenBack is how long an answer can be taken back.
const takenBack = time.Hour

// Answered lists what the caller answered within the last hour, the last first.
func (s *Store) Answered(ctx context.Context, caller portal.Caller) ([]Answered, error) {
	rows, err := s.db.Query(ctx, `
		SELECT q.id, r.name, q.state, q.decided FROM booking_requests q JOIN resources r ON r.collectivity = $1 AND r.id = q.resource
		WHERE q.collectivity = $1 AND q.decided_by = $2 AND q.decided > $3 AND `+takeable+` ORDER BY q.decided DESC, q.id`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now().Add(-takenBack)))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (a Answered, err error) {
		var at int64
		err = rows.Scan(&a.ID, &a.Name, &a.State, &at)
		a.At = database.FromMillis(at)
		return a, err
	})
	return all, wrap(err, "list answers")
}

// TakeBack takes back what the caller answered within the last hour: the request waits again. Of what was refused
// the time may be somebody else's meanwhile, and the request is gone: waits is FALSE then.
func (s *Store) TakeBack(ctx context.Context, caller portal.Caller, id string) (name string, waits bool, err error) {
	var held Held
	var borrower portal.CollectivityID
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var resource string
		var state RequestState
		err := tx.QueryRow(ctx, `
			SELECT q.event, q.holder, q.resource, q.state, r.name FROM booking_requests q JOIN resources r ON r.collectivity = $1 AND r.id = q.resource
			WHERE q.collectivity = $1 AND q.id = $2 AND q.decided_by = $3 AND q.decided > $4 AND `+takeable,
			string(caller.Collectivity), id, string(caller.Agent), database.Millis(s.now().Add(-takenBack))).
			Scan(&held.Event, &held.Holder, &resource, &state, &name)
		if err != nil {
			return err
		}
		err = tx.Write(ctx, `
			UPDATE booking_requests SET state = 'waiting', reason = '', decided = 0, decided_by = '', told = FALSE WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), id)
		if err != nil || state != Accepted {
			held.Again = []ResourceID{ResourceID(resource)}
			return err
		}
		err = tx.Write(ctx, `UPDATE bookings SET pending = TRUE WHERE collectivity = $1 AND event = $2 AND resource = $3 AND ends > $4`,
			string(caller.Collectivity), held.Event, resource, database.Millis(s.now()))
		if err == nil && isLoan(held.Event) {
			borrower, err = s.answerLoan(ctx, tx, caller.Collectivity, held.Event, Waiting, "")
		}
		return err
	})
	if err != nil {
		return "", false, wrap(err, "take back an answer")
	}
	if isLoan(held.Event) {
		s.changedFor(borrower)
		return name, true, nil
	}
	if err := s.tellEvent(ctx, caller.Collectivity, held); err != nil {
		return "", false, err
	}
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM booking_requests WHERE collectivity = $1 AND id = $2 AND state = 'waiting')`,
		string(caller.Collectivity), id).Scan(&waits)
	return name, waits, wrap(err, "take back an answer")
}

// OnAnswered adds what has an event decided anew, after somebody answered its request. It is a step of set-up.
func (s *Store) OnAnswered(do func(context.Context, portal.CollectivityID, Held) error) {
	s.answered = do
}

func (s *Store) tellEvent(ctx context.Context, collectivity portal.CollectivityID, held Held) error {
	if s.answered == nil {
		return nil
	}
	return wrap(s.answered(ctx, collectivity, held), "tell an event")
}
