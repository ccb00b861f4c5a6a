package remote

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/database"
)

// When an account is read again behind the page that shows it, and when what is shown is called old.
const (
	readEvery  = 10 * time.Minute
	retryEvery = 2 * time.Minute
	oldAfter   = time.Hour
)

// eventPath is the page of an instance.
const eventPath = calendar.ElsewherePath

// calendarID names a calendar of an account, the same at each reading, so that a page that hides it
// goes on hiding it.
func calendarID(account AccountID, path string) calendar.CalendarID {
	sum := sha256.Sum256([]byte(path))
	return calendar.CalendarID("r-" + string(account) + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5])))
}

// Feeds is what was last read of the caller's accounts between two instants: calendar.Elsewhere. It
// starts reading again behind what is due, and waits for nothing.
func (s *Store) Feeds(ctx context.Context, caller portal.Caller, from, to time.Time) ([]calendar.Feed, error) {
	accounts, err := s.Accounts(ctx, caller)
	if err != nil {
		return nil, err
	}
	var feeds []calendar.Feed
	for _, a := range accounts {
		if s.due(a) {
			s.refreshBehind(caller, a.ID, from.Location())
		}
		found, err := s.feedsOf(ctx, caller, a, from, to)
		if err != nil {
			return nil, fmt.Errorf("remote: feeds of %.40q: %w", a.ID, err)
		}
		feeds = append(feeds, found...)
	}
	return feeds, nil
}

func (s *Store) due(a Account) bool {
	every := readEvery
	if a.Fault != "" {
		every = retryEvery
	}
	return s.Now().Sub(a.Tried) >= every
}

// state says what an account's feeds are worth.
func (s *Store) state(a Account) calendar.FeedState {
	switch {
	case a.Read.IsZero():
		return calendar.FeedUnread
	case a.Fault != "":
		return calendar.FeedLate
	case s.Now().Sub(a.Read) > oldAfter:
		return calendar.FeedOld
	}
	return calendar.FeedFresh
}

func (s *Store) feedsOf(ctx context.Context, caller portal.Caller, a Account, from, to time.Time) ([]calendar.Feed, error) {
	rows, err := s.DB.Query(ctx, `SELECT id, name FROM remote_calendars WHERE collectivity = $1 AND account = $2 ORDER BY name, id`,
		string(caller.Collectivity), string(a.ID))
	feeds, err := database.Collect(rows, err, func(rows *sql.Rows) (calendar.Feed, error) {
		var f calendar.Feed
		return f, rows.Scan(&f.ID, &f.Name)
	})
	if err != nil {
		return nil, err
	}
	for i := range feeds {
		f := &feeds[i]
		f.Path, f.State, f.At = eventPath, s.state(a), a.Read
		f.Name = shownName(a.Name, f.Name)
		if f.Instances, err = s.instances(ctx, caller, f.ID, from, to); err != nil {
			return nil, err
		}
	}
	return feeds, nil
}

const instanceColumns = `i.calendar, i.id, i.uid, i.starts, i.ends, i.all_day, i.title, i.location, i.description, i.status, i.transparent`

// scanInstance reads instanceColumns, in a zone.
func scanInstance(zone *time.Location) func(*sql.Rows) (calendar.Instance, error) {
	return func(rows *sql.Rows) (calendar.Instance, error) { return scanInstanceAnd(rows, zone) }
}

// scanInstanceAnd reads instanceColumns, and more after them.
func scanInstanceAnd(rows *sql.Rows, zone *time.Location, more ...any) (calendar.Instance, error) {
	var in calendar.Instance
	var starts, ends int64
	err := rows.Scan(append([]any{
		&in.Calendar, &in.Event, &in.UID, &starts, &ends, &in.AllDay, &in.Title, &in.Location, &in.Description, &in.Status, &in.Transparent,
	}, more...)...)
	in.Start, in.End = database.FromMillis(starts).In(zone), database.FromMillis(ends).In(zone)
	return in, err
}

func (s *Store) instances(ctx context.Context, caller portal.Caller, id calendar.CalendarID, from, to time.Time) ([]calendar.Instance, error) {
	rows, err := s.DB.Query(ctx, `SELECT `+instanceColumns+` FROM remote_instances i
		WHERE i.collectivity = $1 AND i.calendar = $2 AND i.starts < $4 AND (i.ends > $3 OR i.ends = i.starts AND i.ends = $3)
		ORDER BY i.starts, i.id`,
		string(caller.Collectivity), string(id), database.Millis(from), database.Millis(to))
	return database.Collect(rows, err, scanInstance(from.Location()))
}

// shownName is how pages call a calendar of an account.
func shownName(account, name string) string { return account + " – " + name }

// Known is an instance as it was last read, with where it is.
type Known struct {
	calendar.Instance // Name is the path of its object, "" when unknown; Recurrence which date it is
	Account           Account
	CalendarName      string
	Meeting           bool // people are invited to it
	Writable          bool // its calendar is
}

// May says whether it can be changed from here.
func (k Known) May() bool { return k.Writable && !k.Meeting && k.Name != "" }

// Instance is one that the caller keeps elsewhere, its times in a zone.
func (s *Store) Instance(ctx context.Context, caller portal.Caller, id calendar.EventID, zone *time.Location) (Known, error) {
	rows, err := s.DB.Query(ctx, `SELECT `+instanceColumns+`, i.object, i.recurrence, i.meeting, c.name, c.writable, c.account
		FROM remote_accounts a
		JOIN remote_calendars c ON c.collectivity = a.collectivity AND c.account = a.id
		JOIN remote_instances i ON i.collectivity = a.collectivity AND i.calendar = c.id
		WHERE a.collectivity = $1 AND a.agent = $2 AND i.id = $3`,
		string(caller.Collectivity), string(caller.Agent), string(id))
	var account AccountID
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (k Known, err error) {
		var name string
		var recurrence sql.NullInt64
		k.Instance, err = scanInstanceAnd(rows, zone, &name, &recurrence, &k.Meeting, &k.CalendarName, &k.Writable, &account)
		k.Name = name
		if recurrence.Valid {
			k.Recurrence = database.FromMillis(recurrence.Int64).In(zone)
		}
		return k, err
	})
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Known{}, fmt.Errorf("remote: instance %.40q: %w", id, err)
	}
	found[0].Account, err = s.account(ctx, caller, account)
	return found[0], err
}

// refreshBehind reads an account without making anybody wait, once at a time. When all slots are
// taken it does nothing: the next page will ask again.
func (s *Store) refreshBehind(caller portal.Caller, id AccountID, zone *time.Location) {
	key := accountKey{caller.Collectivity, id}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.busy[key] {
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return
	}
	s.busy[key] = true
	s.wait.Add(1)
	go func() {
		defer s.wait.Done()
		defer func() {
			<-s.slots
			s.mu.Lock()
			delete(s.busy, key)
			s.mu.Unlock()
		}()
		err := s.refreshSafely(caller, id, zone)
		if err != nil && s.running.Err() == nil && !errors.Is(err, portal.ErrNotFound) {
			s.Log.Warn("remote agenda not read", "collectivity", caller.Collectivity, "account", id, "error", err)
		}
	}()
}

// refreshSafely is Refresh behind a page, where a panic would end the server: it is the fault of one
// account, which is asked again after retryEvery.
func (s *Store) refreshSafely(caller portal.Caller, id AccountID, zone *time.Location) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("remote: panic: %v\n%s", fault, debug.Stack())
			err = errors.Join(err, s.keepFault(context.WithoutCancel(s.running), caller, id, "remote.fault.unreadable"))
		}
	}()
	return s.Refresh(s.running, caller, id, zone)
}
