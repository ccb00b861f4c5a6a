package calendar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// undoTime is how long a deletion can be taken back.
const undoTime = time.Hour

// RemoveEvent deletes an event as DeleteEvent does, the whole series when it repeats, and keeps its
// octets for an hour: the caller can have it back by the returned id.
func (s *Store) RemoveEvent(ctx context.Context, caller portal.Caller, id EventID, etag string) (undo string, err error) {
	return s.undoable(ctx, caller, id, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, _ *Object) (string, error) {
		return "", s.delete(ctx, tx, caller, c.ID, e.Name, conditionOf(etag))
	})
}

// RemoveInstance is DeleteInstance with a way back.
func (s *Store) RemoveInstance(ctx context.Context, caller portal.Caller, id EventID, recurrence time.Time, etag string) (undo string, err error) {
	return s.undoable(ctx, caller, id, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, o *Object) (string, error) {
		if err := o.exclude(recurrence, c.Zone, s.now()); err != nil {
			return "", err
		}
		octets := encode(o.root)
		left, err := Parse(octets)
		if err != nil {
			return "", err
		}
		written, err := s.put(ctx, tx, caller, c.ID, e.Name, left, octets, conditionOf(cmp.Or(etag, e.ETag)))
		return written.ETag, err
	})
}

// undoable makes a change and keeps the octets that the event had before it, in one transaction:
// nothing is deleted without its way back. change returns the ETag that it left, "" for none: a way
// back is no way over what somebody wrote since.
func (s *Store) undoable(ctx context.Context, caller portal.Caller, id EventID, change func(context.Context, *database.Tx, Calendar, Entry, *Object) (string, error)) (string, error) {
	undo := portal.NewID()
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, e, o, err := s.find(ctx, tx, caller, id)
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
			INSERT INTO calendar_undo (collectivity, id, agent, calendar, name, etag, kept, octets)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(caller.Collectivity), undo, string(caller.Agent), string(c.ID), e.Name,
			left, database.Millis(s.now()), e.Octets)
		return err
	})
	if err != nil {
		return "", conflictForPage(wrap(err, "calendar: remove event %.40q", id))
	}
	return undo, nil
}

// Undo puts back what RemoveEvent or RemoveInstance took away, under the rights that the caller has
// now, and returns where it is. What is too old, or was another's, is portal.ErrNotFound; over what
// somebody wrote since, a UserError of kind portal.ErrConflict.
func (s *Store) Undo(ctx context.Context, caller portal.Caller, undo string) (EventID, error) {
	var id CalendarID
	var name, etag string
	var octets []byte
	err := s.db.QueryRow(ctx, `
		SELECT calendar, name, etag, octets FROM calendar_undo
		WHERE collectivity = $1 AND id = $2 AND agent = $3 AND kept >= $4`,
		string(caller.Collectivity), undo, string(caller.Agent), database.Millis(s.now().Add(-undoTime))).Scan(&id, &name, &etag, &octets)
	if errors.Is(err, portal.ErrNotFound) {
		return "", portal.UserError{Kind: portal.ErrNotFound, Key: "calendar.error.undo-gone"}
	}
	if err != nil {
		return "", fmt.Errorf("calendar: undo %.40q: %w", undo, err)
	}
	condition := Condition{NoneMatch: []string{"*"}}
	if etag != "" {
		condition = conditionOf(etag)
	}
	written, err := s.Put(ctx, caller, id, name, octets, condition)
	return written.ID, conflictForPage(err)
}

// Occurrence is one instance of an event that repeats, by its Instance.Recurrence, where it was
// moved to; portal.ErrNotFound when there is none, or the event is none that the caller sees.
func (s *Store) Occurrence(ctx context.Context, caller portal.Caller, id EventID, recurrence time.Time) (Instance, error) {
	c, e, o, err := s.find(ctx, s.db, caller, id)
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	from := recurrence
	for _, it := range o.items {
		if it.isOverride && it.start != nil && it.recurrenceID.at(c.Zone).Equal(recurrence) {
			from = it.start.at(c.Zone)
		}
	}
	return s.pick(c, e, o, from, from.Add(time.Second), func(in Instance) bool { return in.Recurrence.Equal(recurrence) })
}

// NextOccurrence is the first instance that ends after an instant, within a year;
// portal.ErrNotFound when there is none.
func (s *Store) NextOccurrence(ctx context.Context, caller portal.Caller, id EventID, after time.Time) (Instance, error) {
	c, e, o, err := s.find(ctx, s.db, caller, id)
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	return s.pick(c, e, o, after, after.AddDate(1, 0, 1), func(Instance) bool { return true })
}

// pick is the first instance of an object between two instants that is wanted.
func (s *Store) pick(c Calendar, e Entry, o *Object, from, to time.Time, wanted func(Instance) bool) (Instance, error) {
	found, err := o.Instances(from, to, c.Zone)
	if err != nil {
		return Instance{}, fmt.Errorf("calendar: event %.40q: %w", e.ID, err)
	}
	for _, in := range found {
		if wanted(in) {
			in.Calendar, in.Name, in.Event = c.ID, e.Name, e.ID
			if in.Hidden = e.Hidden; in.Hidden {
				in.Title = ""
			}
			return in, nil
		}
	}
	return Instance{}, fmt.Errorf("calendar: no such instance of %.40q: %w", e.ID, portal.ErrNotFound)
}
