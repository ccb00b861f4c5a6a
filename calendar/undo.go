package calendar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// undoTime is how long a change can be taken back.
const undoTime = time.Hour

// UndoPath takes a change back when it is posted to.
func UndoPath(undo string) string { return "/calendar/undo/" + undo }

// Scope is how much of a series a change that begins with one of its dates is about.
type Scope string

// The scopes.
const (
	OneDate   Scope = "one"
	Following Scope = "following" // this date and those after it
	AllDates  Scope = "all"
)

var scopes = []Scope{OneDate, Following, AllDates}

// Target is what a person changes or deletes.
type Target struct {
	Event EventID
	ETag  string    // of the event when she opened it; "" for any
	At    time.Time // the Instance.Recurrence of the date that she chose; zero: the event as a whole
	Scope Scope     // of a Target with At
	UID   string    // of the series that Following cuts off, "" for any
}

// Changed is what a change left.
type Changed struct {
	Event EventID   // where the date is: another event when the series was cut in two
	At    time.Time // of the date that was changed alone, zero otherwise
	Undo  string    // for Undo
}

// trace is what a change left in the store: a way back is no way over what somebody wrote since.
type trace struct {
	etag           string // of the event, "" when it is gone
	made, madeETag string // the object that the change made, by its name
}

// Change changes an event, one date of it, or a date and those after it, and keeps all that a page
// doesn't show: alarms, attendees, X- properties. The draft's Calendar is not looked at; it is that
// of the date when the target has one. What is wrong in the draft comes back as portal.FieldErrors; an
// ETag that is no longer the event's as a UserError of kind portal.ErrConflict; a date that the series
// doesn't have any more is portal.ErrNotFound. For an hour Undo takes the change back.
func (s *Store) Change(ctx context.Context, caller portal.Caller, t Target, d Draft) (Changed, error) {
	if err := d.check(); err != nil {
		return Changed{}, err
	}
	var changed Changed
	undo, err := s.undoable(ctx, caller, t.Event, EventComponent, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, o *Object) (trace, error) {
		changed = Changed{Event: t.Event}
		if t.Scope == OneDate {
			changed.At = t.At
		}
		d, err := s.hosted(ctx, tx, caller, c, o, d)
		if err != nil {
			return trace{}, err
		}
		rest, err := o.changeAt(t, d, c.Zone, s.now())
		if err != nil {
			return trace{}, err
		}
		d.Guests.settle(o.root)
		left, err := s.rewrite(ctx, tx, caller, c, e, o, t.ETag)
		if err != nil || rest == nil {
			return left, err
		}
		d.Guests.settle(rest.root)
		left.made = rest.UID + ".ics"
		octets := encode(rest.root)
		if rest, err = Parse(octets); err != nil {
			return trace{}, err
		}
		written, err := s.put(ctx, tx, caller, c.ID, left.made, rest, octets, Condition{NoneMatch: []string{"*"}})
		changed.Event, left.madeETag = written.ID, written.ETag
		return left, err
	})
	changed.Undo = undo
	return changed, err
}

// Remove deletes an event, one date of it, or a date and those after it. Errors are those of Change.
func (s *Store) Remove(ctx context.Context, caller portal.Caller, t Target) (undo string, err error) {
	return s.undoable(ctx, caller, t.Event, EventComponent, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, o *Object) (trace, error) {
		some, err := o.removeAt(t, c.Zone, s.now())
		if err != nil {
			return trace{}, err
		}
		if !some {
			return trace{}, s.delete(ctx, tx, caller, c.ID, e.Name, conditionOf(t.ETag))
		}
		return s.rewrite(ctx, tx, caller, c, e, o, t.ETag)
	})
}

// changeAt changes what a target names, and returns the series that it cuts off, nil for none.
func (o *Object) changeAt(t Target, d Draft, zone *time.Location, now time.Time) (*Object, error) {
	if t.At.IsZero() {
		if main := o.items[0]; main.isOverride {
			o.writeOverride(main, d, zone, now)
			return nil, nil
		}
		return nil, o.change(d, zone, now)
	}
	shown, err := o.instanceAt(t.At, zone)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Scope == OneDate:
		return nil, o.changeOne(t.At, d, zone, now)
	case t.Scope == Following && o.startsBefore(t.At, zone):
		rest, err := o.split(t.At, cmp.Or(t.UID, portal.NewID()+portal.NewID()), zone, now)
		if err != nil {
			return nil, err
		}
		return rest.moved(shown, d, zone, now)
	case o.items[0].isOverride: // dates of a series that others keep
		return nil, o.changeOne(t.At, d, zone, now)
	default:
		return nil, o.changeSeries(shown, d, zone, now)
	}
}

// moved writes a draft over a series that was cut off another. Who said yes to the hour that it had is
// asked anew when it has another.
func (o *Object) moved(shown Instance, d Draft, zone *time.Location, now time.Time) (*Object, error) {
	before, err := Parse(encode(o.root))
	if err == nil {
		err = o.changeSeries(shown, d, zone, now)
	}
	if err != nil {
		return nil, err
	}
	after, err := Parse(encode(o.root))
	if err == nil && after.organizer() != "" {
		after.reschedule(before, parties{after.organizer()}, zone)
	}
	return after, err
}

// removeAt takes out what a target names; some is false when nothing is left.
func (o *Object) removeAt(t Target, zone *time.Location, now time.Time) (some bool, err error) {
	switch {
	case t.At.IsZero() || t.Scope == AllDates:
		return false, nil
	case t.Scope == OneDate:
		return true, o.exclude(t.At, zone, now)
	case !o.hasInstance(t.At, zone):
		return false, portal.ErrNotFound
	case !o.startsBefore(t.At, zone):
		return false, nil
	}
	at, _, ok := o.momentOf(t.At, zone)
	if !ok {
		return false, portal.ErrNotFound
	}
	return true, o.endBefore(at, zone, now)
}

// rewrite stores an event that was changed.
func (s *Store) rewrite(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, e Entry, o *Object, etag string) (trace, error) {
	octets := encode(o.root)
	object, err := Parse(octets)
	if err != nil {
		return trace{}, err
	}
	written, err := s.put(ctx, tx, caller, c.ID, e.Name, object, octets, conditionOf(cmp.Or(etag, e.ETag)))
	return trace{etag: written.ETag}, err
}

// undoable makes a change and keeps the octets that the event had before it, in one transaction:
// nothing is changed without its way back.
func (s *Store) undoable(ctx context.Context, caller portal.Caller, id EventID, component string, change func(context.Context, *database.Tx, Calendar, Entry, *Object) (trace, error)) (string, error) {
	undo := portal.NewID()
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, e, o, err := s.findOf(ctx, tx, caller, id, component)
		if err != nil {
			return err
		}
		left, err := change(ctx, tx, c, e, o)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM calendar_undo WHERE collectivity = $1 AND kept < $2`,
			string(caller.Collectivity), database.Millis(s.now().Add(-undoTime)))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO calendar_undo (collectivity, id, agent, calendar, name, etag, kept, octets, made, made_etag)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(caller.Collectivity), undo, string(caller.Agent), string(c.ID), e.Name,
			left.etag, database.Millis(s.now()), e.Octets, left.made, left.madeETag)
		return err
	})
	if err != nil {
		return "", forForm(conflictForPage(wrap(duplicate(err), "calendar: change event %.40q", id)))
	}
	return undo, nil
}

// forForm hands on what is about the fields of a form as it is.
func forForm(err error) error {
	var fields portal.FieldErrors
	if errors.As(err, &fields) {
		return fields
	}
	return err
}

// Undo puts back what Change or Remove took away, under the rights that the caller has now, and
// returns where it is. What is too old, or was another's, is portal.ErrNotFound; over what somebody
// wrote since, a UserError of kind portal.ErrConflict.
func (s *Store) Undo(ctx context.Context, caller portal.Caller, undo string) (EventID, error) {
	var id CalendarID
	var name string
	var octets []byte
	var left trace
	err := s.db.QueryRow(ctx, `
		SELECT calendar, name, etag, octets, made, made_etag FROM calendar_undo
		WHERE collectivity = $1 AND id = $2 AND agent = $3 AND kept >= $4`,
		string(caller.Collectivity), undo, string(caller.Agent), database.Millis(s.now().Add(-undoTime))).Scan(&id, &name, &left.etag, &octets, &left.made, &left.madeETag)
	if errors.Is(err, portal.ErrNotFound) {
		return "", portal.UserError{Kind: portal.ErrNotFound, Key: "calendar.error.undo-gone"}
	}
	if err != nil {
		return "", fmt.Errorf("calendar: undo %.40q: %w", undo, err)
	}
	condition := Condition{NoneMatch: []string{"*"}}
	if left.etag != "" {
		condition = conditionOf(left.etag)
	}
	next, err := parsedAnew(octets)
	if err != nil {
		return "", fmt.Errorf("calendar: undo %.40q: %w", undo, err)
	}
	var written Written
	err = s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := s.unmake(ctx, tx, caller, id, left); err != nil {
			return err
		}
		object, octets := next(), octets
		if left.etag == "" {
			invites, err := s.invites(ctx, tx, caller, id, object)
			if err != nil {
				return err
			}
			if invites {
				octets = object.afterCancellation()
			}
		}
		written, err = s.put(ctx, tx, caller, id, name, object, octets, condition)
		return err
	})
	return written.ID, conflictForPage(wrap(duplicate(err), "calendar: undo %.40q", undo))
}

// invites says whether it is the owner of a calendar who invites to an object.
func (s *Store) invites(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, object *Object) (bool, error) {
	c, err := s.writable(ctx, tx, caller, id)
	if err != nil || s.people == nil || c.Shared() {
		return false, err
	}
	owner, err := s.people.AgentNamed(ctx, tx, caller.Collectivity, c.Owner)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return object.sideOf(owner.parties()) == organizing, err
}

// afterCancellation numbers an event that was called off, and is put back, after its cancellation: who
// heard of that takes what is older for old news (RFC 5546 §2.1.5).
func (o *Object) afterCancellation() []byte {
	for _, it := range o.items {
		set(it.component, ical.PropSequence, strconv.Itoa(sequenceOf(it.component)+2))
	}
	return encode(o.root)
}

// unmake deletes the object that a change made, ErrCondition when it is no more as it was left.
func (s *Store) unmake(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, left trace) error {
	if left.made == "" {
		return nil
	}
	err := s.delete(ctx, tx, caller, id, left.made, conditionOf(left.madeETag))
	if errors.Is(err, portal.ErrNotFound) {
		return ErrCondition
	}
	return err
}

// Occurrence is one instance of an event that repeats, by its Instance.Recurrence, where it was
// moved to; portal.ErrNotFound when there is none, or the event is none that the caller sees.
func (s *Store) Occurrence(ctx context.Context, caller portal.Caller, id EventID, recurrence time.Time) (Instance, error) {
	c, e, o, err := s.find(ctx, s.db, caller, id)
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	in, err := o.instanceAt(recurrence, c.Zone)
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: instance of %.40q: %w", id, err)
	}
	in.Calendar, in.Name, in.Event = c.ID, e.Name, e.ID
	return in, nil
}

// NextOccurrence is the first instance that ends after an instant, within a year;
// portal.ErrNotFound when there is none.
func (s *Store) NextOccurrence(ctx context.Context, caller portal.Caller, id EventID, after time.Time) (Instance, error) {
	c, e, o, err := s.find(ctx, s.db, caller, id)
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	found, err := o.Instances(after, after.AddDate(1, 0, 1), c.Zone)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: next instance of %.40q: %w", id, err)
	}
	next := found[0]
	next.Calendar, next.Name, next.Event = c.ID, e.Name, e.ID
	if next.Hidden = e.Hidden; next.Hidden {
		next.Title = ""
	}
	return next, nil
}
