package booking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Wait is somebody's wish for a resource that is taken. When it becomes free it is kept for who asked first, until
// she takes it or Until: it is not written into her agenda unasked, as the meeting may have found another place
// since, and a room that nobody needs would stay empty.
type Wait struct {
	ID         string
	Resource   ResourceID
	Name       string // of the resource
	Start, End time.Time
	Title      string // of the event to be, "" for the resource's name
	Asked      time.Time
	Offered    time.Time // when it became free for her, zero while she waits
	Until      time.Time // it is kept for her before this
	Zone       *time.Location
}

const (
	maxWaits = 20
	// keptOffer is how long what became free is kept for who waited, but no longer than half of what is left
	// until it begins: the next one must have time as well.
	keptOffer = 24 * time.Hour
)

// WaitFor has the caller wait for a resource that is taken, and names her wait; of one that she waits for already
// it is the same one. What is free, closed then, or past is a portal.UserError.
func (s *Store) WaitFor(ctx context.Context, caller portal.Caller, resource ResourceID, start, end time.Time, title string) (id string, err error) {
	title = strings.TrimSpace(title)
	var wrong portal.Check
	wrong.Text("title", title, false, 200)
	if err := wrong.OrNil(); err != nil {
		return "", err
	}
	hidden, err := s.hidden(ctx, caller)
	if err == nil && (caller.Agent == "" || hidden[resource]) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return "", wrap(err, "wait")
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		r, err := s.read(ctx, tx, caller.Collectivity, resource)
		if err != nil {
			return err
		}
		slot := Slot{Start: start, End: end}
		if err := s.mayWait(ctx, tx, caller, r, slot); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			INSERT INTO booking_waits (collectivity, id, resource, agent, starts, ends, title, asked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (collectivity, agent, resource, starts, ends) DO UPDATE SET title = excluded.title RETURNING id`,
			string(caller.Collectivity), portal.NewID(), string(resource), string(caller.Agent), database.Millis(start), database.Millis(end), title,
			database.Millis(s.now())).Scan(&id)
	})
	return id, wrap(err, "wait")
}

// mayWait refuses to wait for what can't be had, or needs no waiting.
func (s *Store) mayWait(ctx context.Context, tx *database.Tx, caller portal.Caller, r Resource, slot Slot) error {
	refuse := func(key string, args ...any) error {
		return portal.UserError{Kind: portal.ErrConflict, Key: key, Args: args}
	}
	allowed, _, err := s.mayBook(ctx, tx, caller.Collectivity, r.ID, caller.Agent)
	switch {
	case err != nil:
		return err
	case !r.Active:
		return refuse("booking.refused.withdrawn")
	case !allowed:
		return refuse("booking.refused.barred")
	case !slot.End.After(slot.Start) || slot.End.Sub(slot.Start) > maxLongest:
		return refuse("booking.error.wait.times")
	case !slot.Start.After(s.now()):
		return refuse("booking.error.wait.past")
	}
	words, err := s.wordsFor(ctx, tx, caller.Collectivity)
	if err != nil {
		return err
	}
	holidays, err := s.holidaysOf(ctx, tx, caller.Collectivity)
	if err != nil {
		return err
	}
	if broken := (rules{r, holidays, words.zone, words.now}).broken(slot); broken != nil {
		return refuse("booking.error.wait.rule", "why", words.say(*broken, r))
	}
	var waits int
	err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM booking_waits WHERE collectivity = $1 AND agent = $2 AND ends > $3`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now())).Scan(&waits)
	if err == nil && waits >= maxWaits {
		return refuse("booking.error.wait.many", "max", maxWaits)
	}
	if err != nil {
		return err
	}
	free, err := s.isFree(ctx, tx, caller.Collectivity, r.ID, caller.Agent, slot)
	if err == nil && free {
		return refuse("booking.error.wait.free")
	}
	return err
}

// isFree says whether nobody has a resource at a time, and it is kept for nobody but an agent.
func (s *Store) isFree(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, resource ResourceID, agent portal.AgentID, slot Slot) (free bool, err error) {
	err = from.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT 1 FROM bookings WHERE collectivity = $1 AND resource = $2 AND ends > $3 AND starts < $4)
			AND NOT EXISTS (SELECT 1 FROM booking_waits WHERE collectivity = $1 AND resource = $2 AND ends > $3 AND starts < $4 AND until > $5 AND agent <> $6)`,
		string(collectivity), string(resource), database.Millis(slot.Start), database.Millis(slot.End), database.Millis(s.now()), string(agent)).Scan(&free)
	return free, err
}

const ofWaits = `SELECT w.id, w.resource, r.name, w.starts, w.ends, w.title, w.asked, w.offered, w.until, t.zone
	FROM booking_waits w JOIN resources r ON r.collectivity = $1 AND r.id = w.resource JOIN collectivities t ON t.id = $1
	WHERE w.collectivity = $1 AND w.agent = $2 AND w.ends > $3`

func scanWait(scan func(...any) error) (w Wait, err error) {
	var starts, ends, asked, offered, until int64
	var zone string
	err = scan(&w.ID, &w.Resource, &w.Name, &starts, &ends, &w.Title, &asked, &offered, &until, &zone)
	w.Zone = zoneOf(zone)
	w.Start, w.End = time.UnixMilli(starts).In(w.Zone), time.UnixMilli(ends).In(w.Zone)
	w.Asked, w.Offered, w.Until = database.FromMillis(asked), database.FromMillis(offered), database.FromMillis(until)
	return w, err
}

// MyWaits lists what the caller waits for, by start: what is kept for her has an Until to come.
func (s *Store) MyWaits(ctx context.Context, caller portal.Caller) ([]Wait, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, ofWaits+` AND (w.until = 0 OR w.until > $3) ORDER BY w.starts, w.id`, string(caller.Collectivity), string(caller.Agent), database.Millis(s.now()))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Wait, error) { return scanWait(rows.Scan) })
	return all, wrap(err, "list waits")
}

// Leave ends a wait of the caller's; what was kept for her goes to the next. portal.ErrNotFound for what is not
// hers.
func (s *Store) Leave(ctx context.Context, caller portal.Caller, id string) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var freed booked
		err := tx.QueryRow(ctx, `DELETE FROM booking_waits WHERE collectivity = $1 AND id = $2 AND agent = $3 RETURNING resource, starts, ends`,
			string(caller.Collectivity), id, string(caller.Agent)).Scan(&freed.resource, &freed.starts, &freed.ends)
		if err != nil {
			return err
		}
		return s.offerFreed(ctx, tx, caller.Collectivity, map[ResourceID][]booked{freed.resource: {freed}}, nil)
	})
	return wrap(err, "leave")
}

// Booker writes an event into the caller's agenda that invites a resource. refused is what the resource says, in the
// language of the collectivity; "" when it accepted, or holds the time until somebody does.
type Booker func(ctx context.Context, caller portal.Caller, wanted Wanted) (event, refused string, err error)

// Wanted is a booking to be made.
type Wanted struct {
	Resource   Resource
	Title      string
	Start, End time.Time // in the zone of the collectivity, of the first date of a series
	Series     Series
	Without    []time.Time // starts of the series that are not asked for
}

// OnBook adds how something is booked. It is a step of set-up.
func (s *Store) OnBook(book Booker) { s.book = book }

// Book books a resource for the caller, as if she invited it to an event in her agenda, and names the event. What
// the resource refuses is a portal.UserError that says why; nothing is left in her agenda then. portal.ErrNotFound
// for what she does not see.
func (s *Store) Book(ctx context.Context, caller portal.Caller, resource ResourceID, start, end time.Time, title string) (event string, err error) {
	return s.bookAll(ctx, caller, resource, Wanted{Title: title, Start: start, End: end})
}

// bookAll is Book for what may repeat, whose Resource is not filled in.
func (s *Store) bookAll(ctx context.Context, caller portal.Caller, resource ResourceID, wanted Wanted) (event string, err error) {
	all, err := s.Bookable(ctx, caller)
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(all, func(r Resource) bool { return r.ID == resource })
	switch {
	case at < 0:
		return "", fmt.Errorf("booking: book %q: %w", resource, portal.ErrNotFound)
	case !wanted.End.After(wanted.Start) || wanted.End.Sub(wanted.Start) > maxLongest:
		return "", portal.FieldErrors{portal.Invalid("end", "booking.error.wait.times")}
	case !wanted.End.After(s.now()):
		return "", portal.FieldErrors{portal.Invalid("start", "booking.error.wait.past")}
	}
	var wrong portal.Check
	if wanted.Title = strings.TrimSpace(wanted.Title); wanted.Title == "" {
		wanted.Title = all[at].Name
	}
	wrong.Text("title", wanted.Title, true, 200)
	if err := wrong.OrNil(); err != nil {
		return "", err
	}
	words, err := s.wordsFor(ctx, s.db, caller.Collectivity)
	if err != nil {
		return "", wrap(err, "book")
	}
	wanted.Resource, wanted.Start, wanted.End = all[at], wanted.Start.In(words.zone), wanted.End.In(words.zone)
	event, refused, err := s.book(ctx, caller, wanted)
	if err == nil && refused != "" {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "booking.error.refused", Args: []any{"why", refused}}
	}
	return event, wrap(err, "book")
}

// Canceller deletes an event of the caller's agenda: one date of a series, or all where date is zero. undo is the path
// that takes it back.
type Canceller func(ctx context.Context, caller portal.Caller, event string, date time.Time) (undo string, err error)

// OnCancel adds how what is booked is given back. It is a step of set-up.
func (s *Store) OnCancel(do Canceller) { s.cancel = do }

// Cancel deletes an event of the caller's own that holds a resource, or one date of it by its Recurrence, and returns
// the path that takes it back when it is posted to; portal.ErrNotFound for what she does not hold.
func (s *Store) Cancel(ctx context.Context, caller portal.Caller, event string, date time.Time) (undo string, err error) {
	var hers bool
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM bookings WHERE collectivity = $1 AND event = $2 AND holder = $3 AND ends > $4)`,
		string(caller.Collectivity), event, string(caller.Agent), database.Millis(s.now())).Scan(&hers)
	if err == nil && (!hers || caller.Agent == "") {
		err = portal.ErrNotFound
	}
	if err == nil {
		undo, err = s.cancel(ctx, caller, event, date)
	}
	return undo, wrap(err, "cancel")
}

// Take books for the caller what is kept for her, and names the event.
func (s *Store) Take(ctx context.Context, caller portal.Caller, id string) (event string, w Wait, err error) {
	w, err = scanWait(s.db.QueryRow(ctx, ofWaits+` AND w.id = $4 AND w.until > $3`, string(caller.Collectivity), string(caller.Agent), database.Millis(s.now()), id).Scan)
	if err != nil {
		return "", w, wrap(err, "take what was kept")
	}
	event, err = s.Book(ctx, caller, w.Resource, w.Start, w.End, w.Title)
	return event, w, err
}

// served ends the waits of who has what she waited for.
func (s *Store) served(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID, slots []Slot) error {
	if len(slots) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT id, starts, ends FROM booking_waits WHERE collectivity = $1 AND resource = $2 AND agent = $3 AND ends > $4`,
		string(claim.Collectivity), string(resource), string(claim.Holder), database.Millis(slots[0].Start))
	type wait struct {
		id           string
		starts, ends int64
	}
	hers, err := database.Collect(rows, err, func(rows *sql.Rows) (w wait, err error) { return w, rows.Scan(&w.id, &w.starts, &w.ends) })
	for _, w := range hers {
		if err == nil && slices.ContainsFunc(slots, func(slot Slot) bool {
			return w.starts < database.Millis(slot.End) && w.ends > database.Millis(slot.Start)
		}) {
			err = tx.Write(ctx, `DELETE FROM booking_waits WHERE collectivity = $1 AND id = $2`, string(claim.Collectivity), w.id)
		}
	}
	return err
}

// waiting is somebody who waits, as what became free meets her.
type waiting struct {
	id           string
	agent        portal.AgentID
	starts, ends int64
}

// offerFreed keeps for who waits what became free of some resources: for each time the first who asked, still may
// have it, and finds all of it free. freed are rows that may be gone.
func (s *Store) offerFreed(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, freed map[ResourceID][]booked, words *words) error {
	for resource, rows := range freed {
		starts, ends := rows[0].starts, rows[0].ends
		for _, one := range rows {
			starts, ends = min(starts, one.starts), max(ends, one.ends)
		}
		if err := s.offer(ctx, tx, collectivity, resource, starts, ends, words); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) offer(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, resource ResourceID, starts, ends int64, words *words) error {
	now := s.now()
	rows, err := tx.Query(ctx, `
		SELECT w.id, w.agent, w.starts, w.ends FROM booking_waits w JOIN agents a ON a.collectivity = $1 AND a.id = w.agent AND a.active
		WHERE w.collectivity = $1 AND w.resource = $2 AND w.ends > $3 AND w.starts < $4 AND w.until = 0 AND w.starts > $5 ORDER BY w.asked, w.id`,
		string(collectivity), string(resource), starts, ends, database.Millis(now))
	queue, err := database.Collect(rows, err, func(rows *sql.Rows) (w waiting, err error) { return w, rows.Scan(&w.id, &w.agent, &w.starts, &w.ends) })
	if err != nil || len(queue) == 0 {
		return err
	}
	r, err := s.read(ctx, tx, collectivity, resource)
	if errors.Is(err, portal.ErrNotFound) || err == nil && !r.Active {
		return nil
	}
	if err != nil {
		return err
	}
	if words == nil {
		if words, err = s.wordsFor(ctx, tx, collectivity); err != nil {
			return err
		}
	}
	holidays, err := s.holidaysOf(ctx, tx, collectivity)
	if err != nil {
		return err
	}
	ruled := rules{r, holidays, words.zone, words.now}
	for _, w := range queue {
		slot := Slot{Start: time.UnixMilli(w.starts), End: time.UnixMilli(w.ends)}
		free, err := s.isFree(ctx, tx, collectivity, resource, "", slot)
		if err != nil {
			return err
		}
		allowed, _, err := s.mayBook(ctx, tx, collectivity, resource, w.agent)
		if err != nil {
			return err
		}
		if !free || !allowed || ruled.broken(slot) != nil {
			continue
		}
		until := earliest(now.Add(keptOffer), now.Add(slot.Start.Sub(now)/2))
		err = tx.Write(ctx, `UPDATE booking_waits SET offered = $3, until = $4 WHERE collectivity = $1 AND id = $2`,
			string(collectivity), w.id, database.Millis(now), database.Millis(until))
		if err != nil {
			return err
		}
	}
	return nil
}

// Sweep passes on what was kept for somebody who did not take it in time, and keeps for who waits what became free
// otherwise. Waits for what is past end. changed: somebody is to be told.
func (s *Store) Sweep(ctx context.Context, collectivity portal.CollectivityID) (changed bool, err error) {
	now := database.Millis(s.now())
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var before, after int
		if err := s.countOffers(ctx, tx, collectivity, &before); err != nil {
			return err
		}
		err := tx.Write(ctx, `DELETE FROM booking_waits WHERE collectivity = $1 AND (starts <= $2 OR until > 0 AND until <= $2)`, string(collectivity), now)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT resource, starts, ends FROM booking_waits WHERE collectivity = $1 AND until = 0 ORDER BY asked, id`, string(collectivity))
		queue, err := database.Collect(rows, err, func(rows *sql.Rows) (b booked, err error) { return b, rows.Scan(&b.resource, &b.starts, &b.ends) })
		for _, one := range queue {
			if err == nil {
				err = s.offer(ctx, tx, collectivity, one.resource, one.starts, one.ends, nil)
			}
		}
		if err != nil {
			return err
		}
		err = s.countOffers(ctx, tx, collectivity, &after)
		changed = before != after
		return err
	})
	return changed, wrap(err, "sweep")
}

// Waiting lists the collectivities in which somebody waits for a resource.
func (s *Store) Waiting(ctx context.Context) ([]portal.CollectivityID, error) {
	rows, err := s.db.Query(ctx, `SELECT DISTINCT collectivity FROM booking_waits`)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (id portal.CollectivityID, err error) { return id, rows.Scan(&id) })
	return all, wrap(err, "list where somebody waits")
}

func (s *Store) countOffers(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, count *int) error {
	return tx.QueryRow(ctx, `SELECT COUNT(*) FROM booking_waits WHERE collectivity = $1 AND until > 0`, string(collectivity)).Scan(count)
}
