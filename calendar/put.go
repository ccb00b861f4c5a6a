package calendar

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Condition is what must hold of the stored object for a write to happen; the zero value is no
// condition.
type Condition struct {
	// Match lists the ETags of which one must be the stored one; "*" stands for any object.
	Match []string
	// NoneMatch lists ETags that the stored object must not have; "*": there must be no object.
	NoneMatch []string
	// ScheduleTag must be the stored one, quoted; "" for no condition. Answers that others gave
	// since the client read the object are kept (RFC 6638 §3.2.10).
	ScheduleTag string
	// Quiet deletes an invitation without declining it, and writes a new object without inviting
	// anybody.
	Quiet bool
}

// certainKey marks the context of a write that a resource which declines refuses.
type certainKey struct{}

// Declining is what a resource says that declined, in the language of its collectivity. It is a portal.ErrConflict.
type Declining struct{ Why string }

func (d *Declining) Error() string { return "calendar: a resource declines: " + d.Why }

// Unwrap makes it portal.ErrConflict.
func (d *Declining) Unwrap() error { return portal.ErrConflict }

// holds says whether the condition allows a write over an object with this ETag and Schedule-Tag,
// both "" when there is none.
func (c Condition) holds(etag, tag string) bool {
	named := func(list []string) bool {
		return etag != "" && (slices.Contains(list, etag) || slices.Contains(list, "*"))
	}
	return (len(c.Match) == 0 || named(c.Match)) && !named(c.NoneMatch) && (c.ScheduleTag == "" || c.ScheduleTag == tag)
}

// ErrCondition: the object is not in the state that the Condition asks for. It is a
// portal.ErrConflict.
var ErrCondition = fmt.Errorf("calendar: %w: the object changed meanwhile", portal.ErrConflict)

// UIDTaken: another object of the calendar has the UID already, or an invitation in another
// calendar of the agent; or the object that would be written over has another UID. It is a portal.ErrConflict.
type UIDTaken struct {
	UID  string
	Name string // of the object that has it
	Slug string // of its calendar, "" for the same
}

func (e *UIDTaken) Error() string {
	return fmt.Sprintf("calendar: UID %.60q is that of %.60q", e.UID, e.Name)
}

// Unwrap makes it portal.ErrConflict.
func (e *UIDTaken) Unwrap() error { return portal.ErrConflict }

// MaxNameLength is the longest name of an object, in bytes.
const MaxNameLength = 255

// Written is what a write did.
type Written struct {
	ID          EventID
	ETag        string
	ScheduleTag string // "" for what nobody is invited to
	Created     bool
	// Changed says that what is stored is not what came: answers and how invitations went were
	// written into it.
	Changed bool
}

// stored is what a write needs to know of the object that it replaces.
type stored struct{ name, id, uid, etag, tag, class string }

// Put writes a client's octets under a name of a calendar, as they are. It is the one write path,
// of DAV, pages and mail. Errors: *Refusal for what is no calendar object, ErrCondition, *UIDTaken,
// portal.ErrDenied, portal.ErrNotFound for the calendar.
func (s *Store) Put(ctx context.Context, caller portal.Caller, id CalendarID, name string, octets []byte, condition Condition) (Written, error) {
	if err := checkName(name); err != nil {
		return Written{}, err
	}
	next, err := parsedAnew(octets)
	if err != nil {
		return Written{}, fmt.Errorf("calendar: put %.60q: %w", name, err)
	}
	var written Written
	err = s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		written, err = s.put(ctx, tx, caller, id, name, next(), octets, condition)
		return err
	})
	return written, wrap(duplicate(err), "calendar: put %.60q", name)
}

func checkName(name string) error {
	if name == "" || len(name) > MaxNameLength || strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
		return fmt.Errorf("calendar: name %.60q: %w", name, portal.ErrInvalid)
	}
	return nil
}

// parsedAnew parses octets before a transaction, which what is refused need not wait for. next is the
// object, another one at each call: invitations write answers into it, and a transaction that is tried
// again must not take them for what the client wrote.
func parsedAnew(octets []byte) (next func() *Object, err error) {
	parsed, err := Parse(octets)
	return func() *Object {
		object := parsed
		if parsed = nil; object == nil {
			object, _ = Parse(octets)
		}
		return object
	}, err
}

// put is Put inside a transaction, of octets that are parsed.
func (s *Store) put(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, name string, object *Object, octets []byte, condition Condition) (Written, error) {
	c, err := s.writable(ctx, tx, caller, id)
	if err != nil {
		return Written{}, err
	}
	if !slices.Contains(c.Components, object.Component) {
		return Written{}, refusal(UnsupportedComponent, "%s in this calendar", object.Component)
	}
	return s.putIn(ctx, tx, caller, c, name, object, octets, condition)
}

func (s *Store) putIn(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, name string, object *Object, octets []byte, condition Condition) (Written, error) {
	old, other, err := s.replaced(ctx, tx, caller, c.ID, name, object.UID)
	if err != nil {
		return Written{}, err
	}
	if old.name == "" && other.tag != "" && len(condition.Match) == 0 {
		// A client that read an invitation from a mail puts it beside the copy that was delivered.
		old, other, name, condition.NoneMatch = other, stored{}, other.name, nil
	}
	w := Written{ID: EventID(old.id), ETag: etagOf(octets), ScheduleTag: old.tag, Created: old.name == ""}
	if old.name != "" && c.hides(old.class) {
		return Written{}, portal.ErrDenied // nobody writes over what she may not read
	}
	switch {
	case !condition.holds(old.etag, old.tag):
		return Written{}, ErrCondition
	case other.name != "":
		return Written{}, &UIDTaken{UID: object.UID, Name: other.name}
	case old.name != "" && old.uid != object.UID: // another event does not take the place of one
		return Written{}, &UIDTaken{UID: old.uid, Name: old.name}
	case w.ETag == old.etag:
		return w, nil // nothing changed: other devices need not hear of it
	case w.Created:
		w.ID = EventID(portal.NewID())
	}
	before, err := s.before(ctx, tx, caller, c.ID, old)
	if err != nil {
		return Written{}, err
	}
	plan, err := s.scheduling(ctx, tx, caller.Collectivity, c, w.ID, before, object, octets, condition)
	if err != nil {
		return Written{}, err
	}
	if plan.tag != "" && old.tag == "" {
		if err := s.checkElsewhere(ctx, tx, plan, c.ID); err != nil {
			return Written{}, err
		}
	}
	if etag := etagOf(plan.octets); etag != w.ETag {
		w.ETag, w.Changed = etag, true
	}
	w.ScheduleTag = plan.tag
	if err := s.keep(ctx, tx, caller, c, name, w, plan); err != nil {
		return Written{}, err
	}
	return w, s.carryOut(ctx, tx, plan, before)
}

// keep writes an object, and says that it changed.
func (s *Store) keep(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, name string, w Written, plan schedule) error {
	if err := s.store(ctx, tx, caller, &c); err != nil {
		return err
	}
	if err := s.upsert(ctx, tx, caller, c.ID, name, w, plan); err != nil {
		return err
	}
	return s.changed(ctx, tx, caller, c.ID, name, string(w.ID), false)
}

// before is an object that people are invited to as it was before a write; nil for any other.
func (s *Store) before(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, old stored) (*Object, error) {
	if old.tag == "" {
		return nil, nil
	}
	var octets []byte
	err := tx.QueryRow(ctx, `SELECT octets FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND name = $3`,
		string(caller.Collectivity), string(id), old.name).Scan(&octets)
	if err != nil {
		return nil, err
	}
	object, _ := Parse(octets) // what can't be read any more told nobody anything
	return object, nil
}

// checkElsewhere refuses an invitation that another calendar of the agent has already.
func (s *Store) checkElsewhere(ctx context.Context, tx *database.Tx, plan schedule, id CalendarID) error {
	other, err := s.copyOf(ctx, tx, plan.owner, plan.object.UID)
	if err == nil && other.tag != "" && other.calendar != id {
		err = &UIDTaken{UID: plan.object.UID, Name: other.name, Slug: other.slug}
	}
	return err
}

// replaced finds the object under a name, and the other one that has the UID; empty when there is
// none.
func (s *Store) replaced(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, name, uid string) (old, other stored, err error) {
	rows, err := tx.Query(ctx, `
		SELECT name, id, uid, etag, schedule_tag, class FROM calendar_objects
		WHERE collectivity = $1 AND calendar = $2 AND (name = $3 OR uid = $4)`,
		string(caller.Collectivity), string(id), name, uid)
	if err != nil {
		return old, other, err
	}
	defer rows.Close()
	for rows.Next() {
		var o stored
		if err := rows.Scan(&o.name, &o.id, &o.uid, &o.etag, &o.tag, &o.class); err != nil {
			return old, other, err
		}
		if o.name == name {
			old = o
		} else {
			other = o
		}
	}
	return old, other, rows.Err()
}

func (s *Store) upsert(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, name string, w Written, plan schedule) error {
	row := plan.object.indexRow()
	_, err := tx.Exec(ctx, `
		INSERT INTO calendar_objects (collectivity, calendar, name, id, uid, etag, size, component, summary, status,
			first_start, last_end, exact, all_day, recurring, transparent, modified, octets, schedule_tag, class, asked)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
		ON CONFLICT (collectivity, calendar, name) DO UPDATE SET
			uid = excluded.uid, etag = excluded.etag, size = excluded.size, component = excluded.component,
			summary = excluded.summary, status = excluded.status, first_start = excluded.first_start,
			last_end = excluded.last_end, exact = excluded.exact, all_day = excluded.all_day,
			recurring = excluded.recurring, transparent = excluded.transparent,
			modified = excluded.modified, octets = excluded.octets, schedule_tag = excluded.schedule_tag, class = excluded.class, asked = excluded.asked`,
		string(caller.Collectivity), string(id), name, string(w.ID), row.uid, w.ETag, len(plan.octets), row.component,
		row.summary, row.status, row.first, row.last, row.simple, row.allDay, row.recurring, row.transparent,
		database.Millis(s.now()), plan.octets, plan.tag, row.class, plan.asked)
	return err
}

// changed numbers a change, records it for clients that synchronise, and queues it for search.
func (s *Store) changed(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, name, event string, deleted bool) error {
	var sequence int64
	err := tx.QueryRow(ctx, `
		UPDATE calendars SET sequence = sequence + 1 WHERE collectivity = $1 AND id = $2 RETURNING sequence`,
		string(caller.Collectivity), string(id)).Scan(&sequence)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO calendar_changes (collectivity, calendar, name, sequence, deleted, changed, object)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (collectivity, calendar, name) DO UPDATE SET object = excluded.object,
			sequence = excluded.sequence, deleted = excluded.deleted, changed = excluded.changed`,
		string(caller.Collectivity), string(id), name, sequence, deleted, database.Millis(s.now()), event)
	if err != nil {
		return err
	}
	return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindEvent, event)
}

// Delete deletes the object under a name. Errors: ErrCondition, portal.ErrDenied,
// portal.ErrNotFound.
func (s *Store) Delete(ctx context.Context, caller portal.Caller, id CalendarID, name string, condition Condition) error {
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.delete(ctx, tx, caller, id, name, condition)
	})
	return wrap(err, "calendar: delete %.60q", name)
}

// delete is Delete inside a transaction.
func (s *Store) delete(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, name string, condition Condition) error {
	c, err := s.writable(ctx, tx, caller, id)
	if err != nil {
		return err
	}
	old, _, err := s.replaced(ctx, tx, caller, id, name, "")
	if err != nil {
		return err
	}
	if old.name == "" {
		return portal.ErrNotFound
	}
	if c.hides(old.class) {
		return portal.ErrDenied
	}
	if !condition.holds(old.etag, old.tag) {
		return ErrCondition
	}
	before, err := s.before(ctx, tx, caller, id, old)
	if err != nil {
		return err
	}
	plan, err := s.scheduling(ctx, tx, caller.Collectivity, c, EventID(old.id), before, nil, nil, condition)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND name = $3`,
		string(caller.Collectivity), string(id), name)
	if err != nil {
		return err
	}
	if err := s.giveBack(ctx, tx, caller.Collectivity, EventID(old.id)); err != nil {
		return err
	}
	if err := s.changed(ctx, tx, caller, id, name, old.id, true); err != nil {
		return err
	}
	return s.carryOut(ctx, tx, plan, before)
}
