package calendar

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// Event is an event as a page shows and edits it.
type Event struct {
	Draft    // of the whole series; Calendar is where it lies
	ID       EventID
	Name     string // of the object in its calendar
	UID      string
	ETag     string // hand it back to ChangeEvent, so that nobody's change is lost
	Status   string // "CONFIRMED", "TENTATIVE", "CANCELLED" or ""
	Writable bool   // by the caller
	Hidden   bool   // the caller may only know when it happens
	Moved    int    // instances that were changed alone
	// ScheduleTag stays the same while only the answers of others change; "" for what nobody is
	// invited to.
	ScheduleTag string
}

// Instances lists what overlaps [from, to) in the named calendars, in all that the caller sees
// when none is named, sorted by start, all-day events first among those of one start. Both bounds
// are needed. Times come in from's zone; days in the calendar's own. Calendars that take too long
// to read, and more than 100,000 instances, are ErrTooMuchWork.
func (s *Store) Instances(ctx context.Context, caller portal.Caller, from, to time.Time, calendars ...CalendarID) ([]Instance, error) {
	if from.IsZero() || to.IsZero() || to.Sub(from) > 5*366*24*time.Hour {
		return nil, fmt.Errorf("calendar: instances from %v to %v: %w", from, to, portal.ErrInvalid)
	}
	visible, err := s.Calendars(ctx, caller)
	if err != nil {
		return nil, err
	}
	var all []Instance
	for _, c := range visible {
		if len(calendars) > 0 && !slices.Contains(calendars, c.ID) {
			continue
		}
		if all, err = s.instancesOf(ctx, caller, c, from, to, all); err != nil {
			return nil, fmt.Errorf("calendar: instances of %q: %w", c.ID, err)
		}
	}
	slices.SortStableFunc(all, func(a, b Instance) int {
		return cmp.Or(a.Start.Compare(b.Start), boolToInt(b.AllDay)-boolToInt(a.AllDay), a.End.Compare(b.End))
	})
	return all, nil
}

// instancesOf adds the instances of one calendar. Objects are read a batch at a time: a calendar
// may hold more octets than fit in memory.
func (s *Store) instancesOf(ctx context.Context, caller portal.Caller, c Calendar, from, to time.Time, all []Instance) ([]Instance, error) {
	begun := time.Now()
	names, err := s.candidates(ctx, caller, c, Filter{Component: EventComponent, Range: Range{from, to}})
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(names, batch) {
		entries, err := s.entries(ctx, caller, c, part)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if time.Since(begun) > maxWork {
				return nil, ErrTooMuchWork
			}
			if all = e.addInstances(c, from, to, all); len(all) > maxListed {
				return nil, ErrTooMuchWork
			}
		}
	}
	return all, nil
}

// addInstances adds those of one object of a calendar. What was stored under older limits and can't
// be parsed any more has none: one event must not hide the others.
func (e Entry) addInstances(c Calendar, from, to time.Time, all []Instance) []Instance {
	o, err := parseOnly(e.Octets, shown)
	if err != nil {
		return all
	}
	found, _ := o.Instances(from, to, c.Zone) // of more than MaxInstances the first are shown
	for _, in := range found {
		in.Calendar, in.Name, in.Event = c.ID, e.Name, e.ID
		if in.Hidden = e.Hidden; in.Hidden {
			in.Title = ""
		}
		if c.Level == LevelBusy && (in.Transparent || in.Status == "CANCELLED") {
			continue
		}
		if !in.AllDay {
			in.Start, in.End = in.Start.In(from.Location()), in.End.In(from.Location())
		}
		all = append(all, in)
	}
	return all
}

// maxListed is how many instances one list holds, some 30 MB: every object may have MaxInstances.
const maxListed = 100_000

// Event is one event that the caller sees. What is no event is portal.ErrNotFound.
func (s *Store) Event(ctx context.Context, caller portal.Caller, id EventID) (Event, error) {
	c, e, o, err := s.find(ctx, s.db, caller, id)
	if err != nil {
		return Event{}, fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	return eventOf(c, e, o), nil
}

// find is an event with its calendar.
func (s *Store) find(ctx context.Context, q querier, caller portal.Caller, id EventID) (Calendar, Entry, *Object, error) {
	return s.findOf(ctx, q, caller, id, EventComponent)
}

// findOf is an object of one kind with its calendar.
func (s *Store) findOf(ctx context.Context, q querier, caller portal.Caller, id EventID, component string) (Calendar, Entry, *Object, error) {
	rows, err := q.Query(ctx, `SELECT `+entryColumns+`, octets, calendar FROM calendar_objects
		WHERE collectivity = $1 AND id = $2 AND component = $3`, string(caller.Collectivity), string(id), component)
	var in CalendarID
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (Entry, error) {
		var octets []byte
		e, err := scanEntryAnd(rows, &octets, &in)
		e.Octets = octets
		return e, err
	})
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Calendar{}, Entry{}, nil, err
	}
	c, err := s.calendar(ctx, q, caller, in)
	if err != nil {
		return Calendar{}, Entry{}, nil, err
	}
	e, ok := c.seen(found[0])
	if !ok {
		return Calendar{}, Entry{}, nil, portal.ErrNotFound
	}
	o, err := Parse(e.Octets)
	return c, e, o, err
}

func eventOf(c Calendar, e Entry, o *Object) Event {
	main := o.items[0]
	ev := Event{
		Draft: Draft{
			Calendar:    c.ID,
			Title:       propText(main.component, ical.PropSummary),
			Location:    propText(main.component, ical.PropLocation),
			Description: propText(main.component, ical.PropDescription),
			Links:       attachedOf(main.component),
		},
		ID: e.ID, Name: e.Name, UID: o.UID, ETag: e.ETag, Writable: c.Writable && !e.Hidden, Hidden: e.Hidden,
		Status: strings.ToUpper(propText(main.component, ical.PropStatus)),
		Moved:  len(o.items) - 1, ScheduleTag: e.ScheduleTag,
	}
	if e.Hidden {
		ev.Title = "" // that of veiled octets is for programs
	}
	start := main.firstMoment()
	if start == nil {
		return ev // a task or a note without a date, to which people can be invited all the same
	}
	ev.AllDay, ev.Start, ev.Repeat = start.isDate(), start.at(c.Zone).In(c.Zone), repeatOf(main.dated(), c.Zone)
	end := main.endOf(start.wall, ev.Start, start.place(c.Zone), nil).In(c.Zone)
	if main.end != nil || main.span != nil || ev.AllDay {
		ev.End = end
	}
	return ev
}

// show has an event say what one of its instances does; how it repeats stays that of the series.
func (e *Event) show(in Instance) {
	e.Title, e.Location, e.Description, e.Status, e.Links = in.Title, in.Location, in.Description, in.Status, in.Links
	e.AllDay, e.Start, e.End = in.AllDay, in.Start, in.End
	if in.Start.Equal(in.End) {
		e.End = time.Time{}
	}
}

// CreateEvent makes an event in the draft's calendar. What is wrong in the draft comes back as
// portal.FieldErrors.
func (s *Store) CreateEvent(ctx context.Context, caller portal.Caller, d Draft) (EventID, error) {
	if err := d.check(); err != nil {
		return "", err
	}
	c, err := s.writable(ctx, s.db, caller, d.Calendar)
	if err == nil {
		d, err = s.hosted(ctx, s.db, caller, c, nil, d)
	}
	if err != nil {
		return "", forForm(wrap(err, "calendar: make an event in %q", d.Calendar))
	}
	uid := portal.NewID() + portal.NewID()
	octets := encode(d.object(uid, s.now()))
	written, err := s.Put(ctx, caller, d.Calendar, uid+".ics", octets, Condition{NoneMatch: []string{"*"}})
	return written.ID, conflictForPage(err)
}

// ChangeEvent changes an event as Change does, the whole series when it repeats.
func (s *Store) ChangeEvent(ctx context.Context, caller portal.Caller, id EventID, etag string, d Draft) error {
	_, err := s.Change(ctx, caller, Target{Event: id, ETag: etag}, d)
	return err
}

// DeleteEvent deletes an event, the whole series when it repeats.
func (s *Store) DeleteEvent(ctx context.Context, caller portal.Caller, id EventID, etag string) error {
	c, e, _, err := s.find(ctx, s.db, caller, id)
	if err == nil {
		err = s.Delete(ctx, caller, c.ID, e.Name, conditionOf(etag))
	}
	return conflictForPage(wrap(err, "calendar: event %.40q", id))
}

// DeleteInstance takes one instance out of an event that repeats. recurrence is its
// Instance.Recurrence.
func (s *Store) DeleteInstance(ctx context.Context, caller portal.Caller, id EventID, recurrence time.Time, etag string) error {
	return s.edit(ctx, caller, id, etag, func(c Calendar, o *Object) error {
		return o.exclude(recurrence, c.Zone, s.now())
	})
}

// edit rewrites an event.
func (s *Store) edit(ctx context.Context, caller portal.Caller, id EventID, etag string, change func(Calendar, *Object) error) error {
	c, e, o, err := s.find(ctx, s.db, caller, id)
	if err != nil {
		return fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	if etag == "" {
		etag = e.ETag
	}
	if err := change(c, o); err != nil {
		return fmt.Errorf("calendar: event %.40q: %w", id, err)
	}
	_, err = s.Put(ctx, caller, c.ID, e.Name, encode(o.root), conditionOf(etag))
	return conflictForPage(err)
}

func conditionOf(etag string) Condition {
	if etag == "" {
		return Condition{}
	}
	return Condition{Match: []string{etag}}
}
