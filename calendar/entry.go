package calendar

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Entry is an object of a calendar as a listing shows it.
type Entry struct {
	ID        EventID
	Name      string // last part of its DAV address
	ETag      string // quoted
	Size      int    // bytes
	Component string
	Modified  time.Time // UTC
	Octets    []byte    // as received; nil in listings that don't need them
	// ScheduleTag is quoted; "" for what nobody is invited to.
	ScheduleTag string
	// Hidden: the caller may only know when it happens. Its ETag and octets are made for that; Size is
	// 0 in listings without octets.
	Hidden bool

	class       string // "" when nobody read it yet
	free        bool   // it takes no time
	first, last int64  // bounds of its instances, UTC milliseconds
	exact       bool   // one instance, exactly within the bounds
}

// UnfoldedText is the octets as text for XML, where a line folded inside a character by an old
// client would be no text.
func (e Entry) UnfoldedText() []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(e.Octets, []byte("\r\n "), nil), []byte("\n "), nil)
}

const entryColumns = `id, name, etag, schedule_tag, size, component, modified, class, ` + takesNoTime + `, first_start, last_end, exact`

// takesNoTime is the condition on an object that its agent stays free; that of a series, of which one
// may be cancelled alone, is that all of it does.
const takesNoTime = `(transparent OR status = 'CANCELLED' AND NOT recurring)`

func scanEntryWithOctets(rows *sql.Rows) (e Entry, err error) {
	var octets []byte
	e, err = scanEntryAnd(rows, &octets)
	e.Octets = octets
	return e, err
}

func scanEntryAnd(rows *sql.Rows, more ...any) (e Entry, err error) {
	var modified int64
	err = rows.Scan(append([]any{&e.ID, &e.Name, &e.ETag, &e.ScheduleTag, &e.Size, &e.Component, &modified, &e.class, &e.free, &e.first, &e.last, &e.exact}, more...)...)
	e.Modified = database.FromMillis(modified)
	return e, err
}

// Entry is one object with its octets.
func (s *Store) Entry(ctx context.Context, caller portal.Caller, id CalendarID, name string) (Entry, error) {
	found, err := s.Entries(ctx, caller, id, []string{name})
	if err != nil {
		return Entry{}, err
	}
	e, ok := found[name]
	if !ok {
		return Entry{}, fmt.Errorf("calendar: object %.60q: %w", name, portal.ErrNotFound)
	}
	return e, nil
}

// batch is how many names one query asks for: always the same, so that it is prepared once.
const batch = 50

// Entries are the objects that exist under the names, with their octets, by name.
func (s *Store) Entries(ctx context.Context, caller portal.Caller, id CalendarID, names []string) (map[string]Entry, error) {
	c, err := s.Calendar(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Entry, len(names))
	for len(names) > 0 {
		n := min(batch, len(names))
		found, err := s.entriesSeen(ctx, caller, c, names[:n])
		if err != nil {
			return nil, fmt.Errorf("calendar: objects of %q: %w", id, err)
		}
		for _, e := range found {
			all[e.Name] = e
		}
		names = names[n:]
	}
	return all, nil
}

// entriesSeen are the objects under the names by which the caller knows them.
func (s *Store) entriesSeen(ctx context.Context, caller portal.Caller, c Calendar, names []string) ([]Entry, error) {
	if c.Level != LevelBusy {
		return s.entries(ctx, caller, c, names)
	}
	args := []any{string(caller.Collectivity), string(c.ID)}
	for i := range batch {
		args = append(args, strings.TrimSuffix(names[min(i, len(names)-1)], objectSuffix))
	}
	rows, err := s.db.Query(ctx, `SELECT `+entryColumns+`, octets FROM calendar_objects
		WHERE collectivity = $1 AND calendar = $2 AND id IN (`+database.Params(3, batch)+`)`, args...)
	found, err := database.Collect(rows, err, scanEntryWithOctets)
	return c.seenOf(found), err
}

// entries are the objects under their own names, as the caller may see them.
func (s *Store) entries(ctx context.Context, caller portal.Caller, c Calendar, names []string) ([]Entry, error) {
	found, err := s.stored(ctx, caller, c.ID, names)
	return c.seenOf(found), err
}

// stored are the objects under the names as they are.
func (s *Store) stored(ctx context.Context, caller portal.Caller, id CalendarID, names []string) ([]Entry, error) {
	if len(names) == 1 {
		rows, err := s.db.Query(ctx, `SELECT `+entryColumns+`, octets FROM calendar_objects
			WHERE collectivity = $1 AND calendar = $2 AND name = $3`, string(caller.Collectivity), string(id), names[0])
		return database.Collect(rows, err, scanEntryWithOctets)
	}
	args := []any{string(caller.Collectivity), string(id)}
	for i := range batch {
		args = append(args, names[min(i, len(names)-1)])
	}
	rows, err := s.db.Query(ctx, `SELECT `+entryColumns+`, octets FROM calendar_objects
		WHERE collectivity = $1 AND calendar = $2 AND name IN (`+database.Params(3, batch)+`)`, args...)
	return database.Collect(rows, err, scanEntryWithOctets)
}

// List is every object of a calendar without octets and id, by name.
func (s *Store) List(ctx context.Context, caller portal.Caller, id CalendarID) (all []Entry, err error) {
	err = s.Each(ctx, caller, id, func(e Entry) { all = append(all, e) })
	return all, err
}

// listPage is how many objects of a listing are read at once: what takes them may be slow, and meanwhile
// nothing of the store is held.
const listPage = 500

// Each yields what List answers, a page at a time. What changes between two pages, the log of changes
// tells too.
func (s *Store) Each(ctx context.Context, caller portal.Caller, id CalendarID, yield func(Entry)) error {
	c, err := s.Calendar(ctx, caller, id)
	if err != nil {
		return err
	}
	listed := make([]listing, 0, listPage)
	for after := ""; ; after = listed[listPage-1].Name {
		if listed, err = s.listAfter(ctx, caller, c, after, listed[:0]); err != nil {
			return fmt.Errorf("calendar: list %q: %w", id, err)
		}
		for _, l := range listed {
			if e, ok := c.seen(l.entry()); ok {
				yield(e)
			}
		}
		if len(listed) < listPage {
			return nil
		}
	}
}

// listing is the row of an object in a listing: of thousands every column and every allocation counts.
type listing struct {
	Entry
	modified int64
}

func (l listing) entry() Entry {
	l.Entry.Modified = database.FromMillis(l.modified)
	return l.Entry
}

// listAfter adds the page of a calendar's objects that come after a name.
func (s *Store) listAfter(ctx context.Context, caller portal.Caller, c Calendar, after string, all []listing) ([]listing, error) {
	var l listing
	columns, into := `name, etag, schedule_tag, size, component, modified`, []any{&l.Name, &l.ETag, &l.ScheduleTag, &l.Size, &l.Component, &l.modified}
	if c.Level != LevelFull {
		columns, into = columns+`, id, class, `+takesNoTime, append(into, &l.ID, &l.class, &l.free)
	}
	rows, err := s.db.Query(ctx, `SELECT `+columns+` FROM calendar_objects
		WHERE collectivity = $1 AND calendar = $2 AND name > $3 ORDER BY name LIMIT `+strconv.Itoa(listPage),
		string(caller.Collectivity), string(c.ID), after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, rows.Err()
}

// Changes is what happened in a calendar since a token.
type Changes struct {
	Changed []Entry  // without octets; as they are now
	Deleted []string // names
	Token   SyncToken
	More    bool // there are changes after Token
}

// ErrSyncToken: the token is of another epoch, of the future, or older than the log. The client
// must read everything again.
var ErrSyncToken = fmt.Errorf("calendar: sync token: %w", portal.ErrInvalid)

// ChangesSince lists at most limit (0: all) changes since a token, oldest first; with the zero
// token, every object. Errors: ErrSyncToken, portal.ErrNotFound for the calendar.
func (s *Store) ChangesSince(ctx context.Context, caller portal.Caller, id CalendarID, since SyncToken, limit int) (Changes, error) {
	c, err := s.Calendar(ctx, caller, id)
	if err != nil {
		return Changes{}, err
	}
	first := since == SyncToken{} || since == SyncToken{Epoch: unstoredEpoch}
	if !first && (since.Epoch != c.Sync.Epoch || since.Sequence > c.Sync.Sequence || !since.outlives(c.forgotten)) {
		return Changes{}, ErrSyncToken
	}
	changes := Changes{Token: c.Sync}
	if !first && since.Sequence == c.Sync.Sequence {
		return changes, nil
	}
	if limit <= 0 {
		limit = 1 << 30
	}
	rows, err := s.db.Query(ctx, `
		SELECT h.name, h.sequence, h.deleted, h.object, COALESCE(o.etag, ''), COALESCE(o.schedule_tag, ''), COALESCE(o.size, 0),
		       COALESCE(o.component, ''), COALESCE(o.modified, 0), COALESCE(o.class, ''),
		       COALESCE(o.transparent OR o.status = 'CANCELLED' AND NOT o.recurring, FALSE)
		FROM calendar_changes h
		LEFT JOIN calendar_objects o ON o.collectivity = $1 AND o.calendar = $2 AND o.name = h.name
		WHERE h.collectivity = $1 AND h.calendar = $2 AND h.sequence > $3 AND h.sequence <= $4
		ORDER BY h.sequence LIMIT 0 + $5`,
		string(caller.Collectivity), string(id), since.Sequence, c.Sync.Sequence, limit+1)
	if err != nil {
		return Changes{}, fmt.Errorf("calendar: changes of %q: %w", id, err)
	}
	defer rows.Close()
	last := since.Sequence
	for n := 0; rows.Next(); n++ {
		if n == limit {
			changes.More, changes.Token.Sequence = true, last
			if last < c.forgotten { // a first reading, whose next page the log must still answer
				changes.Token.forgotten = c.forgotten
			}
			break
		}
		var e Entry
		var deleted bool
		var modified int64
		if err := rows.Scan(&e.Name, &last, &deleted, &e.ID, &e.ETag, &e.ScheduleTag, &e.Size, &e.Component, &modified, &e.class, &e.free); err != nil {
			return Changes{}, fmt.Errorf("calendar: changes of %q: %w", id, err)
		}
		e.Modified = database.FromMillis(modified)
		as, shown := c.seen(e)
		switch {
		case !deleted && e.ETag != "" && shown:
			changes.Changed = append(changes.Changed, as)
		case !first && (c.Level != LevelBusy || e.ID != ""):
			changes.Deleted = append(changes.Deleted, c.nameOf(e))
		}
	}
	return changes, wrap(rows.Err(), "calendar: changes of %q", id)
}

// ForgetChanges drops deletions older than an instant from a collectivity's logs, six months by
// default; clients with older tokens read everything again.
func (s *Store) ForgetChanges(ctx context.Context, collectivity portal.CollectivityID, before time.Time) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE calendars SET forgotten = COALESCE((
				SELECT max(sequence) FROM calendar_changes h
				WHERE h.collectivity = $1 AND h.calendar = calendars.id AND h.deleted AND h.changed < $2), forgotten)
			WHERE collectivity = $1`, string(collectivity), database.Millis(before))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM calendar_changes WHERE collectivity = $1 AND deleted AND changed < $2`,
			string(collectivity), database.Millis(before))
		return err
	})
	return wrap(err, "calendar: forget changes of %q", collectivity)
}
