package calendar

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database"
)

// Link is a secret address under which a calendar is read without signing in.
type Link struct {
	ID       string
	Calendar CalendarID
	Label    string    // whom it is for, 1 to 100 characters
	Busy     bool      // it tells when its owner is busy, and nothing of what
	Made     time.Time // UTC
	Seen     time.Time // when it was last read, to a few minutes; zero for never
}

// maxLinks is how many links an agent has; maxLabel the longest label, in characters.
const (
	maxLinks = 50
	maxLabel = 100
)

// seenEvery is how exactly the last reading is known: programs read every few minutes.
const seenEvery = 5 * time.Minute

// Links lists the caller's links, the newest first.
func (s *Store) Links(ctx context.Context, caller portal.Caller) ([]Link, error) {
	rows, err := s.db.Query(ctx, `
		SELECT id, calendar, label, busy, made, seen FROM calendar_feeds
		WHERE collectivity = $1 AND agent = $2 ORDER BY made DESC, id`, string(caller.Collectivity), string(caller.Agent))
	links, err := database.Collect(rows, err, func(rows *sql.Rows) (l Link, err error) {
		var made, seen int64
		err = rows.Scan(&l.ID, &l.Calendar, &l.Label, &l.Busy, &made, &seen)
		l.Made = database.FromMillis(made)
		if seen > 0 {
			l.Seen = database.FromMillis(seen)
		}
		return l, err
	})
	return links, wrap(err, "calendar: links")
}

// MakeLink makes a link to a calendar of the caller's own and returns its secret, which is told this
// once. Others' calendars are portal.ErrDenied: who else reads them is not hers to say.
func (s *Store) MakeLink(ctx context.Context, caller portal.Caller, made Link) (secret string, err error) {
	made.Label = strings.TrimSpace(made.Label)
	switch n := utf8.RuneCountInString(made.Label); {
	case n == 0:
		return "", portal.FieldErrors{portal.Invalid("label", "calendar.error.label-missing")}
	case n > maxLabel:
		return "", portal.FieldErrors{portal.Invalid("label", "calendar.error.too-long", "max", maxLabel)}
	}
	secret = portal.NewSecret()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		c, err := s.calendar(ctx, tx, caller, made.Calendar)
		if err != nil {
			return err
		}
		if c.Owner != caller.Agent {
			return portal.ErrDenied
		}
		var n int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM calendar_feeds WHERE collectivity = $1 AND agent = $2`,
			string(caller.Collectivity), string(caller.Agent)).Scan(&n)
		if err != nil {
			return err
		}
		if n >= maxLinks {
			return portal.FieldErrors{portal.Invalid("label", "calendar.error.many-links", "max", maxLinks)}
		}
		return tx.Write(ctx, `
			INSERT INTO calendar_feeds (collectivity, id, calendar, agent, account, hash, label, busy, made, seen)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
			string(caller.Collectivity), portal.NewID(), string(c.ID), string(caller.Agent), string(caller.Account),
			portal.HashSecret(secret), made.Label, made.Busy, database.Millis(s.now()))
	})
	if err != nil {
		return "", forForm(wrap(err, "calendar: make a link to %q", made.Calendar))
	}
	return secret, nil
}

// RenewLink gives a link another secret, which is told this once: the old address ends.
func (s *Store) RenewLink(ctx context.Context, caller portal.Caller, id string) (secret string, err error) {
	secret = portal.NewSecret()
	err = database.OneRow(s.db.Exec(ctx, `UPDATE calendar_feeds SET hash = $4, seen = 0 WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id, portal.HashSecret(secret)))
	return secret, wrap(err, "calendar: renew link %.40q", id)
}

// RevokeLink ends a link.
func (s *Store) RevokeLink(ctx context.Context, caller portal.Caller, id string) error {
	err := database.OneRow(s.db.Exec(ctx, `DELETE FROM calendar_feeds WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id))
	return wrap(err, "calendar: revoke link %.40q", id)
}

// Callers says who an account is in a collectivity now; portal.ErrNotFound when it is nobody's agent
// there any more, or the collectivity is closed.
type Callers interface {
	CallerFor(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error)
}

// opened is a link that somebody reads.
type opened struct {
	Link
	caller   portal.Caller // who gave it, as she may act now
	calendar Calendar
}

// openLink finds a link by its secret; portal.ErrNotFound when there is none, when who gave it is gone
// or when she does not own the calendar any more.
func (s *Store) openLink(ctx context.Context, callers Callers, secret string) (opened, error) {
	var o opened
	var collectivity portal.CollectivityID
	var account portal.AccountID
	var agent portal.AgentID
	err := s.db.QueryRow(ctx, `SELECT collectivity, id, calendar, agent, account, busy FROM calendar_feeds WHERE hash = $1`,
		portal.HashSecret(secret)).Scan(&collectivity, &o.ID, &o.Calendar, &agent, &account, &o.Busy)
	if err != nil {
		return opened{}, fmt.Errorf("calendar: open a link: %w", err)
	}
	if o.caller, err = callers.CallerFor(ctx, account, collectivity); err != nil {
		return opened{}, fmt.Errorf("calendar: open a link: %w", err)
	}
	o.calendar, err = s.calendar(ctx, s.db, o.caller, o.Calendar)
	if err == nil && (o.caller.Agent != agent || o.calendar.Owner != agent) {
		err = portal.ErrNotFound
	}
	return o, wrap(err, "calendar: open a link")
}

// noteSeen remembers when a link was read.
func (s *Store) noteSeen(ctx context.Context, o opened) error {
	now := s.now()
	_, err := s.db.Exec(ctx, `UPDATE calendar_feeds SET seen = $3 WHERE collectivity = $1 AND id = $2 AND seen < $4`,
		string(o.caller.Collectivity), o.ID, database.Millis(now), database.Millis(now.Add(-seenEvery)))
	if errors.Is(err, portal.ErrUnavailable) {
		return nil // what is read is worth more than when
	}
	return wrap(err, "calendar: note the reading of a link")
}
