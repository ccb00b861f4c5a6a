package calendar

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Share opens one of an agent's own calendars to a subject of her collectivity.
type Share struct {
	ID       string
	Calendar CalendarID
	To       portal.Subject
	Name     string // of the subject, "Voirie"; "" for everyone
	Level    Level  // one of Levels
}

const (
	// maxShares bounds to how many subjects one calendar is open.
	maxShares = 100
	// takenBack is how long what was ended can be taken back.
	takenBack = time.Hour
)

// Share opens a calendar of the caller's, or changes how far it is open, and returns the id of the
// share. Only the owner shares: portal.ErrDenied for any other who sees the calendar. Everyone can't
// write in one. Errors of the fields "to" and "level" are portal.FieldErrors.
func (s *Store) Share(ctx context.Context, caller portal.Caller, share Share, client string) (id string, err error) {
	if err := share.check(caller); err != nil {
		return "", err
	}
	err = s.sharing(ctx, caller, share.Calendar, client, func(tx *database.Tx, c Calendar) error {
		if err := s.store(ctx, tx, caller, &c); err != nil {
			return err
		}
		if err := s.classify(ctx, tx, caller, c.ID); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `
			INSERT INTO calendar_shares (collectivity, id, calendar, kind, subject, level, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (collectivity, calendar, kind, subject) DO UPDATE SET level = excluded.level, ended = 0
			RETURNING id`,
			string(caller.Collectivity), portal.NewID(), string(c.ID), string(share.To.Kind), share.To.ID, string(share.Level),
			database.Millis(s.now())).Scan(&id)
		if err != nil {
			return err
		}
		all, err := s.shares(ctx, tx, caller, c.ID)
		at := slices.IndexFunc(all, func(one Share) bool { return one.ID == id })
		switch {
		case err != nil:
			return err
		case at < 0 || all[at].Name == "" && share.To.Kind != portal.Everyone:
			return portal.FieldErrors{portal.Invalid("to", "calendar.error.share.to")}
		case len(all) > maxShares:
			return portal.FieldErrors{portal.Invalid("to", "calendar.error.share.many", "max", maxShares)}
		}
		return nil
	})
	return id, wrap(err, "calendar: share %q", share.Calendar)
}

func (s Share) check(caller portal.Caller) error {
	var wrong portal.Check
	kinds := []portal.SubjectKind{portal.Everyone, portal.TheAgent, portal.TheGroup, portal.TheUnit}
	everyone := s.To.Kind == portal.Everyone
	switch {
	case !slices.Contains(kinds, s.To.Kind) || everyone != (s.To.ID == ""):
		wrong.Add("to", "calendar.error.share.to")
	case s.To.Kind == portal.TheAgent && s.To.ID == string(caller.Agent):
		wrong.Add("to", "calendar.error.share.self")
	}
	switch {
	case !slices.Contains(Levels, s.Level):
		wrong.Add("level", "calendar.error.share.level")
	case everyone && s.Level == LevelWrite:
		wrong.Add("level", "calendar.error.share.everyone")
	}
	return wrong.OrNil()
}

// EndShare closes a calendar of the caller's to whom it was open; it can be taken back for an hour.
func (s *Store) EndShare(ctx context.Context, caller portal.Caller, id, client string) error {
	err := s.changeShare(ctx, caller, id, client, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `UPDATE calendar_shares SET ended = $3 WHERE collectivity = $1 AND id = $2 AND ended = 0`,
			string(caller.Collectivity), id, database.Millis(s.now())))
	})
	return wrap(err, "calendar: end share %.40q", id)
}

// RestoreShare undoes EndShare, under the rights that the caller has now.
func (s *Store) RestoreShare(ctx context.Context, caller portal.Caller, id, client string) error {
	err := s.changeShare(ctx, caller, id, client, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `UPDATE calendar_shares SET ended = 0 WHERE collectivity = $1 AND id = $2 AND ended > $3`,
			string(caller.Collectivity), id, database.Millis(s.now().Add(-takenBack))))
	})
	return wrap(err, "calendar: restore share %.40q", id)
}

// changeShare changes a share of one of the caller's calendars.
func (s *Store) changeShare(ctx context.Context, caller portal.Caller, id, client string, change func(*database.Tx) error) error {
	var calendar CalendarID
	err := s.db.QueryRow(ctx, `
		SELECT s.calendar FROM calendar_shares s JOIN calendars c ON c.collectivity = $1 AND c.id = s.calendar
		WHERE s.collectivity = $1 AND s.id = $2 AND c.owner = $3`,
		string(caller.Collectivity), id, string(caller.Agent)).Scan(&calendar)
	if err != nil {
		return err
	}
	return s.sharing(ctx, caller, calendar, client, func(tx *database.Tx, _ Calendar) error { return change(tx) })
}

// sharing makes a change to whom a calendar of the caller's is open, and tells the journal.
func (s *Store) sharing(ctx context.Context, caller portal.Caller, id CalendarID, client string, change func(*database.Tx, Calendar) error) error {
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		c, err := s.calendar(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if !c.Own() {
			return portal.ErrDenied
		}
		before, err := s.shares(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if err := change(tx, c); err != nil {
			return err
		}
		after, err := s.shares(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, string(id), client, audiencesOf(before), audiencesOf(after))
	})
}

// audience are the names of those who read, and of those who write.
type audience struct{ readers, writers []string }

// noAudience stands for nobody in the journal, where an empty text is everybody.
const noAudience = "–"

func audiencesOf(shares []Share) (a audience) {
	for _, one := range shares {
		into := &a.readers
		if one.Level.Writes() {
			into = &a.writers
		}
		*into = append(*into, one.Name)
	}
	return a
}

func told(names []string) string {
	switch {
	case len(names) == 0:
		return noAudience
	case slices.Contains(names, ""):
		return "" // everyone
	}
	names = slices.SortedFunc(slices.Values(names), i18n.ByName)
	return strings.Join(slices.Compact(names), ", ")
}

// tell writes into the journal who reads and who writes the caller's calendars from now on. It names
// them by their owner: what she calls them is hers.
func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, object, client string, before, after audience) error {
	line := audit.By(caller, audit.ReadersChanged)
	line.At, line.ObjectID, line.Address = s.now(), object, client
	rows, err := tx.Query(ctx, `SELECT given_name || ' ' || family_name FROM agents WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), string(caller.Agent))
	names, err := database.Collect(rows, err, scanString)
	if err != nil {
		return err
	}
	line.Object = strings.Join(names, "")
	for _, part := range []struct {
		action  audit.Action
		was, is string
	}{{audit.ReadersChanged, told(before.readers), told(after.readers)}, {audit.WritersChanged, told(before.writers), told(after.writers)}} {
		if part.was == part.is {
			continue
		}
		line.Action, line.Detail = part.action, audit.Became(part.was, part.is)
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
	}
	return nil
}

// Shares lists to whom the caller's own calendars are open, by the names of the subjects. A group or
// unit that is there no more is left out: it opens to nobody.
func (s *Store) Shares(ctx context.Context, caller portal.Caller) ([]Share, error) {
	all, err := s.shares(ctx, s.db, caller, "")
	return all, wrap(err, "calendar: list shares")
}

func (s *Store) shares(ctx context.Context, q querier, caller portal.Caller, id CalendarID) ([]Share, error) {
	rows, err := q.Query(ctx, `
		SELECT s.id, s.calendar, s.kind, s.subject, s.level,
		       COALESCE(u.name, g.name, a.given_name || ' ' || a.family_name, '')
		FROM calendars c
		JOIN calendar_shares s ON s.collectivity = $1 AND s.calendar = c.id AND s.ended = 0
		LEFT JOIN agents a ON a.collectivity = $1 AND s.kind = 'agent' AND a.id = s.subject AND a.active
		LEFT JOIN agent_groups g ON g.collectivity = $1 AND s.kind = 'group' AND g.id = s.subject
		LEFT JOIN units u ON u.collectivity = $1 AND s.kind = 'unit' AND u.id = s.subject
		WHERE c.collectivity = $1 AND c.owner = $2 AND ($3 = '' OR c.id = $3)`,
		string(caller.Collectivity), string(caller.Agent), string(id))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Share, err error) {
		return one, rows.Scan(&one.ID, &one.Calendar, &one.To.Kind, &one.To.ID, &one.Level, &one.Name)
	})
	all = slices.DeleteFunc(all, func(one Share) bool { return one.Name == "" && one.To.Kind != portal.Everyone })
	slices.SortFunc(all, func(a, b Share) int { return i18n.ByName(a.Name, b.Name) })
	return all, err
}

// classify reads the class of what was stored before anybody asked for it, so that what is not private
// is shown to whom the calendar is opened. What can't be parsed any more stays private.
func (s *Store) classify(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID) error {
	const some = 200 // octets of a whole calendar may not fit in memory
	for {
		rows, err := tx.Query(ctx, `
			SELECT name, octets FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND class = '' LIMIT 200`,
			string(caller.Collectivity), string(id))
		found, err := database.Collect(rows, err, func(rows *sql.Rows) (e Entry, err error) { return e, rows.Scan(&e.Name, &e.Octets) })
		if err != nil || len(found) == 0 {
			return err
		}
		for _, e := range found {
			class := classPrivate
			if o, err := Parse(e.Octets); err == nil {
				class = o.class()
			}
			err := tx.Write(ctx, `UPDATE calendar_objects SET class = $4 WHERE collectivity = $1 AND calendar = $2 AND name = $3`,
				string(caller.Collectivity), string(id), e.Name, class)
			if err != nil {
				return err
			}
		}
		if len(found) < some {
			return nil
		}
	}
}

// PutAway takes a calendar that is not the caller's own out of her agenda and off her phone, and
// TakeBack puts it there again, or for the first time: what is open to everyone is in nobody's agenda
// before. Neither changes what she may see. Her own is portal.ErrDenied.
func (s *Store) PutAway(ctx context.Context, caller portal.Caller, id CalendarID) error {
	return s.list(ctx, caller, id, false)
}

// TakeBack undoes PutAway.
func (s *Store) TakeBack(ctx context.Context, caller portal.Caller, id CalendarID) error {
	return s.list(ctx, caller, id, true)
}

func (s *Store) list(ctx context.Context, caller portal.Caller, id CalendarID, listed bool) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		c, err := s.calendar(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if c.Own() {
			return portal.ErrDenied
		}
		return tx.Write(ctx, `
			INSERT INTO calendar_looks (collectivity, calendar, agent, listed) VALUES ($1, $2, $3, $4)
			ON CONFLICT (collectivity, calendar, agent) DO UPDATE SET listed = excluded.listed`,
			string(caller.Collectivity), string(id), string(caller.Agent), listed)
	})
	return wrap(err, "calendar: put away %q", id)
}

// OpenToAll lists calendars of colleagues that are open to everyone of the collectivity, and not in the
// caller's agenda: those whose owner's name holds a text, at most limit, by that name.
func (s *Store) OpenToAll(ctx context.Context, caller portal.Caller, text string, limit int) ([]Calendar, error) {
	rows, err := s.db.Query(ctx, sharedColumns+`
		SELECT s.calendar, s.level FROM calendar_shares s
		WHERE s.collectivity = $1 AND s.kind = 'everyone' AND s.subject = '' AND s.ended = 0`+sharedTables+`
		AND COALESCE(NOT l.listed, TRUE) AND a.active AND ' ' || a.sort_name LIKE '% ' || $3 || '%'
		ORDER BY a.sort_name, c.id LIMIT 0 + $4`,
		string(caller.Collectivity), string(caller.Agent), strings.NewReplacer("%", "", "_", "").Replace(i18n.Fold(text)), limit)
	found, err := database.Collect(rows, err, scanShared)
	return highest(found), wrap(err, "calendar: list what is open to all")
}

// AwayFrom lists the calendars that the caller put away, by owner and name.
func (s *Store) AwayFrom(ctx context.Context, caller portal.Caller) ([]Calendar, error) {
	all, err := s.load(ctx, s.db, caller, "", "")
	all = slices.DeleteFunc(all, func(c Calendar) bool { return !c.Away })
	slices.SortStableFunc(all, func(a, b Calendar) int { return i18n.ByName(a.OwnerName+" "+a.Name, b.OwnerName+" "+b.Name) })
	return all, wrap(err, "calendar: list what is away")
}
