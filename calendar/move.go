package calendar

import (
	"context"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
)

// Transfer is how an object is copied or moved.
type Transfer struct {
	Copy      bool
	Overwrite bool // the object of the same UID that has the name already
	// Condition is about the object that is copied or moved.
	Condition Condition
}

// Move puts an object of a calendar under a name of another, or of the same one, and takes it from where
// it was but for a copy. Octets and ETag stay. Between calendars of one owner a move tells nobody: who is
// invited, or invites, stays the same. Errors: ErrCondition, also for a name that is taken, *UIDTaken,
// *Refusal, portal.ErrDenied for what the caller may not read, take away or write over,
// portal.ErrNotFound.
func (s *Store) Move(ctx context.Context, caller portal.Caller, from CalendarID, name string, to CalendarID, as string, how Transfer) (Written, error) {
	if err := checkName(as); err != nil {
		return Written{}, err
	}
	var written Written
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		m, err := s.moving(ctx, tx, caller, from, name, to, as, how)
		if err == nil {
			written, err = m.carryOut(ctx, s, tx)
		}
		return err
	})
	return written, wrap(duplicate(err), "calendar: move %.60q", name)
}

// moving is an object on its way.
type moving struct {
	Transfer
	caller   portal.Caller
	from, to Calendar
	what     stored
	octets   []byte
	object   *Object
	as       string
	over     stored // what has the name already; empty for nothing
}

// moving finds what is moved, and refuses what can't be.
func (s *Store) moving(ctx context.Context, tx *database.Tx, caller portal.Caller, from CalendarID, name string, to CalendarID, as string, how Transfer) (m moving, err error) {
	m = moving{Transfer: how, caller: caller, as: as}
	if m.from, err = s.calendar(ctx, tx, caller, from); err != nil {
		return m, err
	}
	if m.what, _, err = s.replaced(ctx, tx, caller, from, name, ""); err != nil {
		return m, err
	}
	switch {
	case m.from.Level == LevelBusy, m.from.hides(m.what.class):
		return m, portal.ErrDenied // what is veiled can't be had by copying it
	case m.what.name == "":
		return m, portal.ErrNotFound
	case !how.Copy && !m.from.Writable:
		return m, portal.ErrDenied
	case !how.Condition.holds(m.what.etag, m.what.tag):
		return m, ErrCondition
	}
	if m.to, err = s.writable(ctx, tx, caller, to); err != nil {
		return m, err
	}
	err = tx.QueryRow(ctx, `SELECT octets FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND name = $3`,
		string(caller.Collectivity), string(from), name).Scan(&m.octets)
	if err != nil {
		return m, err
	}
	if m.object, err = Parse(m.octets); err != nil {
		return m, err
	}
	if !slices.Contains(m.to.Components, m.object.Component) {
		return m, refusal(UnsupportedComponent, "%s in this calendar", m.object.Component)
	}
	return m, m.meet(ctx, s, tx)
}

// meet looks at what is where the object goes.
func (m *moving) meet(ctx context.Context, s *Store, tx *database.Tx) error {
	over, other, err := s.replaced(ctx, tx, m.caller, m.to.ID, m.as, m.object.UID)
	if err != nil {
		return err
	}
	if !m.Copy && m.from.ID == m.to.ID && other.name == m.what.name {
		other = stored{} // it is what gets another name
	}
	switch {
	case over.name != "" && m.to.hides(over.class):
		return portal.ErrDenied
	case over.name != "" && !m.Overwrite:
		return ErrCondition
	case over.name != "" && over.uid != m.object.UID:
		return &UIDTaken{UID: over.uid, Name: over.name}
	case other.name != "":
		return &UIDTaken{UID: m.object.UID, Name: other.name}
	}
	m.over = over
	return nil
}

func (m *moving) carryOut(ctx context.Context, s *Store, tx *database.Tx) (Written, error) {
	condition := Condition{Quiet: !m.Copy}
	switch {
	case m.Copy:
		return s.putIn(ctx, tx, m.caller, m.to, m.as, m.object, m.octets, condition)
	case m.from.Owner != m.to.Owner && m.what.tag != "":
		return Written{}, m.changesHands(ctx, s, tx)
	case m.from.Owner == m.to.Owner && m.over.tag == "":
		return m.rename(ctx, s, tx)
	}
	written, err := s.putIn(ctx, tx, m.caller, m.to, m.as, m.object, m.octets, condition)
	if err != nil {
		return Written{}, err
	}
	holds := false
	if s.resources != nil && m.from.Owner == m.to.Owner {
		if holds, err = s.resources.Holds(ctx, tx, m.caller.Collectivity, EventID(m.what.id)); err != nil {
			return Written{}, err
		}
	}
	if err := m.leave(ctx, s, tx); err != nil || !holds {
		return written, err
	}
	// What it took the place of holds what it held.
	return written, s.rebook(ctx, tx, m.caller.Collectivity, Held{Event: written.ID, Holder: m.to.Owner})
}

// changesHands refuses to give a meeting to another owner: it would be called off, or declined, by a
// change of place.
func (m *moving) changesHands(ctx context.Context, s *Store, tx *database.Tx) error {
	reason := AttendeeChange
	if s.people != nil {
		owner, err := s.people.AgentNamed(ctx, tx, m.caller.Collectivity, m.from.Owner)
		if err != nil {
			return err
		}
		if m.object.sideOf(owner.parties()) == organizing {
			reason = OrganizerChange
		}
	}
	return refusal(reason, "a meeting stays among the calendars of one owner")
}

// rename gives the object its new place, with all that is known of it.
func (m *moving) rename(ctx context.Context, s *Store, tx *database.Tx) (Written, error) {
	w := Written{ID: EventID(m.what.id), ETag: m.what.etag, ScheduleTag: m.what.tag, Created: m.over.name == ""}
	if err := s.store(ctx, tx, m.caller, &m.to); err != nil {
		return Written{}, err
	}
	if m.over.name != "" {
		if err := m.remove(ctx, s, tx, m.to.ID, m.over); err != nil {
			return Written{}, err
		}
	}
	// Its class may not be read yet, and must be where others look.
	err := tx.Write(ctx, `UPDATE calendar_objects SET calendar = $4, name = $5, class = $6 WHERE collectivity = $1 AND calendar = $2 AND name = $3`,
		string(m.caller.Collectivity), string(m.from.ID), m.what.name, string(m.to.ID), m.as, m.object.class())
	if err != nil {
		return Written{}, err
	}
	if err := s.changed(ctx, tx, m.caller, m.from.ID, m.what.name, m.what.id, true); err != nil {
		return Written{}, err
	}
	return w, s.changed(ctx, tx, m.caller, m.to.ID, m.as, m.what.id, false)
}

// leave takes the object away without a word to anybody: it is elsewhere.
func (m *moving) leave(ctx context.Context, s *Store, tx *database.Tx) error {
	if err := m.remove(ctx, s, tx, m.from.ID, m.what); err != nil {
		return err
	}
	return s.changed(ctx, tx, m.caller, m.from.ID, m.what.name, m.what.id, true)
}

// remove deletes an object, which holds nothing any more.
func (m *moving) remove(ctx context.Context, s *Store, tx *database.Tx, id CalendarID, what stored) error {
	err := tx.Write(ctx, `DELETE FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND name = $3`,
		string(m.caller.Collectivity), string(id), what.name)
	if err != nil {
		return err
	}
	return s.giveBack(ctx, tx, m.caller.Collectivity, EventID(what.id))
}
