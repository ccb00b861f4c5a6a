package calendar

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// TaskDraft is what a person writes in the form of a task.
type TaskDraft struct {
	Calendar           CalendarID
	Title, Description string
	Due                time.Time // zero for none; with WholeDay a midnight
	WholeDay           bool
	Priority           int   // 0 for none, 1 the highest to 9 (RFC 5545 §3.8.1.9)
	Every              Every // a repetition needs a Due
}

// Task is a task that a person sees: of one that repeats, the first time that is not done.
type Task struct {
	TaskDraft
	ID       EventID
	ETag     string
	At       time.Time // names the time of one that repeats, zero otherwise
	Done     bool
	Writable bool
}

// Late says that a task should be done by now: one of a day is late when the day is over.
func (t Task) Late(now time.Time) bool {
	if t.Done || t.Due.IsZero() {
		return false
	}
	if t.WholeDay {
		return t.Due.Before(midnight(now))
	}
	return t.Due.Before(now)
}

// High and Low are priorities as people name them.
func (t Task) High() bool { return t.Priority >= 1 && t.Priority <= 4 }

// Low is that of what can wait.
func (t Task) Low() bool { return t.Priority >= 6 }

// Tasks lists the tasks of the calendars that the caller sees, those to do first, by when they are
// due. Times are in now's zone.
func (s *Store) Tasks(ctx context.Context, caller portal.Caller, now time.Time) ([]Task, error) {
	calendars, err := s.Calendars(ctx, caller)
	if err != nil {
		return nil, err
	}
	var all []Task
	for _, c := range calendars {
		err := s.Find(ctx, caller, c.ID, Filter{Component: TodoComponent}, nil, func(e Entry) error {
			if o, err := Parse(e.Octets); err == nil {
				all = append(all, taskOf(c, e, o, now))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("calendar: tasks: %w", err)
		}
	}
	slices.SortStableFunc(all, func(a, b Task) int {
		return cmp.Or(boolToInt(a.Done)-boolToInt(b.Done), boolToInt(a.Due.IsZero())-boolToInt(b.Due.IsZero()), a.Due.Compare(b.Due), strings.Compare(a.Title, b.Title))
	})
	return all, nil
}

// taskOf is an object as a task; of a series the first instance that is not done, the last one when
// all are.
func taskOf(c Calendar, e Entry, o *Object, now time.Time) Task {
	it, at := o.items[0], time.Time{}
	repeats := it.repeats()
	if repeats {
		it, at = o.nextToDo(c.Zone, now)
	}
	t := Task{ID: e.ID, ETag: e.ETag, At: at, Done: isDone(it.component) || repeats && at.IsZero(), Writable: c.Writable}
	t.Calendar, t.Title, t.Description = c.ID, propText(it.component, ical.PropSummary), propText(it.component, ical.PropDescription)
	t.Priority, _ = strconv.Atoi(propText(it.component, ical.PropPriority))
	if o.items[0].rule != nil {
		t.Every = repeatOf(o.items[0].dated(), c.Zone).Every
	}
	due := it.end
	if due == nil && it.start != nil && it.span != nil {
		m := *it.start
		m.wall = wallOf(it.span.after(m.wall, m.place(c.Zone)), m.place(c.Zone))
		due = &m
	}
	if due == nil {
		return t
	}
	t.WholeDay, t.Due = due.isDate(), due.at(c.Zone).In(now.Location())
	if t.WholeDay {
		t.Due = sameDate(due.wall.in(time.UTC), now.Location())
	}
	if !at.IsZero() && !it.isOverride {
		t.Due = t.Due.Add(at.Sub(it.firstMoment().at(c.Zone)))
		if t.WholeDay {
			t.Due = sameDate(t.Due.Add(12*time.Hour), now.Location()) // over the night when clocks change
		}
	}
	return t
}

// dated is the item with a start, which a task that repeats may lack.
func (it *item) dated() *item {
	if it.start != nil {
		return it
	}
	copied := *it
	copied.start = it.end
	return &copied
}

func isDone(c *ical.Component) bool {
	status := strings.ToUpper(propText(c, ical.PropStatus))
	return status == "COMPLETED" || status == "CANCELLED" || status == "" && c.Props.Get(ical.PropCompleted) != nil
}

// nextToDo is the first instance of a series that nobody has done, within five years from now.
func (o *Object) nextToDo(zone *time.Location, now time.Time) (found *item, at time.Time) {
	found = o.items[0]
	_ = o.occurrences(time.Time{}, now.AddDate(5, 0, 0), zone, func(occ occurrence) error {
		if isDone(occ.item.component) || !at.IsZero() && !occ.recurrence.Before(at) {
			return nil
		}
		found, at = occ.item, occ.recurrence
		return nil
	})
	return found, at
}

// Task is one task that the caller sees, portal.ErrNotFound for what is none.
func (s *Store) Task(ctx context.Context, caller portal.Caller, id EventID, now time.Time) (Task, error) {
	c, e, o, err := s.findOf(ctx, s.db, caller, id, TodoComponent)
	if err != nil {
		return Task{}, fmt.Errorf("calendar: task %.40q: %w", id, err)
	}
	return taskOf(c, e, o, now), nil
}

// check refuses a draft, in the order of the form's fields.
func (d TaskDraft) check(stored Every) error {
	var errs portal.FieldErrors
	refuse := func(field, key string, args ...any) {
		errs = append(errs, portal.Invalid(field, "calendar.error."+key, args...))
	}
	switch {
	case strings.TrimSpace(d.Title) == "":
		refuse("title", "task-title-missing")
	case utf8.RuneCountInString(d.Title) > maxTitle:
		refuse("title", "too-long", "max", maxTitle)
	}
	if year := d.Due.Year(); !d.Due.IsZero() && (year < 1900 || year >= lastYear-1) {
		refuse("due", "date-far")
	}
	switch {
	case d.Every == Otherwise && stored == Otherwise:
	case !slices.Contains(rhythms, d.Every):
		refuse("repeat", "repeat-unknown")
	case d.Every != Once && d.Due.IsZero():
		refuse("due", "repeat-undated")
	case !d.Every.fits(d.Due):
		refuse("repeat", "repeat-weekend")
	}
	if d.Priority < 0 || d.Priority > 9 {
		refuse("priority", "priority-unknown")
	}
	if utf8.RuneCountInString(d.Description) > maxDescription {
		refuse("description", "too-long", "max", maxDescription)
	}
	return errs.OrNil()
}

// write puts what the form shows into a task, and returns when it is due. A series begins when it is
// first due (RFC 5545 §3.8.5.3).
func (d TaskDraft) write(c *ical.Component, now time.Time) moment {
	setText(c, ical.PropSummary, strings.TrimSpace(d.Title))
	setText(c, ical.PropDescription, strings.TrimSpace(d.Description))
	setOrDrop(c, ical.PropPriority, strings.TrimPrefix(strconv.Itoa(d.Priority), "0"))
	due := Draft{AllDay: d.WholeDay}.moment(d.Due, nil)
	for _, name := range []string{ical.PropDue, ical.PropDuration, ical.PropDateTimeStart} {
		c.Props.Del(name)
	}
	if !d.Due.IsZero() {
		setMoment(c, ical.PropDue, due)
	}
	switch d.Every {
	case Otherwise:
	case Once:
		c.Props.Del(ical.PropRecurrenceRule)
	default:
		set(c, ical.PropRecurrenceRule, Repeat{Every: d.Every}.value(due))
	}
	if d.Every != Once {
		setMoment(c, ical.PropDateTimeStart, due)
	}
	touch(c, now)
	return due
}

// CreateTask makes a task. What is wrong in the draft comes back as portal.FieldErrors.
func (s *Store) CreateTask(ctx context.Context, caller portal.Caller, d TaskDraft) (EventID, error) {
	if err := d.check(Once); err != nil {
		return "", err
	}
	uid := portal.NewID() + portal.NewID()
	c := ical.NewComponent(TodoComponent)
	setText(c, ical.PropUID, uid)
	set(c, ical.PropCreated, stamp(s.now()))
	set(c, ical.PropStatus, "NEEDS-ACTION")
	root := newRoot()
	root.Children = []*ical.Component{c}
	if due := d.write(c, s.now()); !d.Due.IsZero() {
		addZone(root, due, d.Due.Year())
	}
	written, err := s.Put(ctx, caller, d.Calendar, uid+".ics", encode(root), Condition{NoneMatch: []string{"*"}})
	return written.ID, err
}

// ChangeTask changes a task, the whole series when it repeats, and keeps what the form doesn't show. A
// task whose days stay as they are keeps its start. Errors are those of Change.
func (s *Store) ChangeTask(ctx context.Context, caller portal.Caller, id EventID, etag string, d TaskDraft) (undo string, err error) {
	return s.undoable(ctx, caller, id, TodoComponent, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, o *Object) (trace, error) {
		was := taskOf(c, e, o, s.now().In(locationOf(d.Due, c.Zone)))
		if err := d.check(was.Every); err != nil {
			return trace{}, err
		}
		main := o.items[0].component
		if was.Due.Equal(d.Due) && was.WholeDay == d.WholeDay && was.Every == d.Every {
			setText(main, ical.PropSummary, strings.TrimSpace(d.Title))
			setText(main, ical.PropDescription, strings.TrimSpace(d.Description))
			setOrDrop(main, ical.PropPriority, strings.TrimPrefix(strconv.Itoa(d.Priority), "0"))
			touch(main, s.now())
			return s.rewrite(ctx, tx, caller, c, e, o, etag)
		}
		if due := d.write(main, s.now()); !d.Due.IsZero() {
			addZone(o.root, due, d.Due.Year())
		}
		if err := o.dropStrays(Draft{Repeat: Repeat{Every: d.Every}}, c.Zone); err != nil {
			return trace{}, err
		}
		return s.rewrite(ctx, tx, caller, c, e, o, etag)
	})
}

func locationOf(t time.Time, zone *time.Location) *time.Location {
	if t.IsZero() {
		return zone
	}
	return t.Location()
}

// FinishTask says that a task is done, or that it is not; of a series, one instance by its Task.At.
func (s *Store) FinishTask(ctx context.Context, caller portal.Caller, id EventID, at time.Time, etag string, done bool) (undo string, err error) {
	return s.undoable(ctx, caller, id, TodoComponent, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, o *Object) (trace, error) {
		it := o.items[0]
		if !at.IsZero() {
			if it = o.override(at, c.Zone); it == nil {
				var err error
				if it, err = o.makeOverride(at, c.Zone); err != nil {
					return trace{}, err
				}
			}
		}
		finish(it.component, done, s.now())
		return s.rewrite(ctx, tx, caller, c, e, o, etag)
	})
}

func finish(c *ical.Component, done bool, now time.Time) {
	if done {
		set(c, ical.PropStatus, "COMPLETED")
		set(c, ical.PropCompleted, stamp(now))
		set(c, ical.PropPercentComplete, "100")
	} else {
		set(c, ical.PropStatus, "NEEDS-ACTION")
		c.Props.Del(ical.PropCompleted)
		c.Props.Del(ical.PropPercentComplete)
	}
	touch(c, now)
}

// RemoveTask deletes a task, the whole series when it repeats.
func (s *Store) RemoveTask(ctx context.Context, caller portal.Caller, id EventID, etag string) (undo string, err error) {
	return s.undoable(ctx, caller, id, TodoComponent, func(ctx context.Context, tx *database.Tx, c Calendar, e Entry, _ *Object) (trace, error) {
		return trace{}, s.delete(ctx, tx, caller, c.ID, e.Name, conditionOf(etag))
	})
}
