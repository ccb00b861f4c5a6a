package calendar

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Store keeps calendars and their objects. Every method takes the caller first and answers
// portal.ErrNotFound for what she may not see, portal.ErrDenied for what she sees and may not
// change. Pages, DAV and mail all write through it.
type Store struct {
	db    *database.DB
	queue search.Queue
	now   func() time.Time

	people  People // nil: nobody is invited
	courier Courier

	resources Resources // nil: nothing is booked
	turns     turns
	loads     loads

	changedFor func(portal.CollectivityID, ...portal.AgentID)
}

// NewStore opens the calendars of a pool.
func NewStore(db *database.DB) *Store { return &Store{db: db, now: time.Now} }

// querier is the part of *database.DB and *database.Tx that reads.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) database.Row
}

// Calendars lists what the caller sees and did not put away: her own first, then those of colleagues,
// then the collectivity's, each by order and name. It is never empty: every agent has a first calendar.
func (s *Store) Calendars(ctx context.Context, caller portal.Caller) ([]Calendar, error) {
	all, err := s.load(ctx, s.db, caller, "", "")
	if err != nil {
		return nil, fmt.Errorf("calendar: list: %w", err)
	}
	all = slices.DeleteFunc(all, func(c Calendar) bool { return c.Away })
	slices.SortStableFunc(all, func(a, b Calendar) int {
		return cmp.Or(a.rank()-b.rank(), a.Order-b.Order, strings.Compare(a.OwnerName, b.OwnerName), strings.Compare(a.Name, b.Name))
	})
	return all, nil
}

// Calendar is one that the caller sees.
func (s *Store) Calendar(ctx context.Context, caller portal.Caller, id CalendarID) (Calendar, error) {
	c, err := s.calendar(ctx, s.db, caller, id)
	if err != nil {
		return Calendar{}, fmt.Errorf("calendar: %q: %w", id, err)
	}
	return c, nil
}

// CalendarBySlug is one that the caller sees and did not put away, by the last part of its DAV address
// in her home.
func (s *Store) CalendarBySlug(ctx context.Context, caller portal.Caller, slug string) (Calendar, error) {
	found, err := s.load(ctx, s.db, caller, "", slug)
	if err == nil && (len(found) == 0 || found[0].Away) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Calendar{}, fmt.Errorf("calendar: %.60q: %w", slug, err)
	}
	return found[0], nil
}

func (s *Store) calendar(ctx context.Context, q querier, caller portal.Caller, id CalendarID) (Calendar, error) {
	found, err := s.load(ctx, q, caller, id, "")
	if err != nil {
		return Calendar{}, err
	}
	if len(found) == 0 || id == "" {
		return Calendar{}, portal.ErrNotFound
	}
	return found[0], nil
}

// writable is a calendar that the caller may write in.
func (s *Store) writable(ctx context.Context, q querier, caller portal.Caller, id CalendarID) (Calendar, error) {
	c, err := s.calendar(ctx, q, caller, id)
	if err == nil && !c.Writable {
		err = portal.ErrDenied
	}
	return c, err
}

const selectCalendars = `
	SELECT c.id, c.owner, c.slug, COALESCE(l.name, c.name), c.description,
	       COALESCE(l.color, c.color), COALESCE(l.position, c.position),
	       CASE c.zone WHEN '' THEN t.zone ELSE c.zone END, c.zone_text, c.components, c.busy,
	       c.epoch, c.sequence, c.forgotten, t.language, COALESCE(NOT l.listed, FALSE), COALESCE(g.group_id, ''), COALESCE(g.writes, FALSE)
	FROM calendars c
	JOIN collectivities t ON t.id = c.collectivity
	LEFT JOIN calendar_looks l ON l.collectivity = $1 AND l.calendar = c.id AND l.agent = $2
	LEFT JOIN calendar_groups g ON g.collectivity = $1 AND g.calendar = c.id
	WHERE c.collectivity = $1 AND c.owner IN ($2, '')`

// load reads the calendars that the caller sees, one when an id or a slug is given.
func (s *Store) load(ctx context.Context, q querier, caller portal.Caller, id CalendarID, slug string) ([]Calendar, error) {
	if caller.Agent == "" {
		return nil, portal.ErrNotFound
	}
	query, args := selectCalendars, []any{string(caller.Collectivity), string(caller.Agent)}
	switch {
	case id != "":
		query, args = query+` AND c.id = $3`, append(args, string(id))
	case slug != "":
		query, args = query+` AND c.slug = $3`, append(args, slug)
	}
	rows, err := q.Query(ctx, query+` ORDER BY c.owner DESC, c.id`, args...)
	found, err := database.Collect(rows, err, scanCalendar)
	if err != nil {
		return nil, err
	}
	found = mergeGroups(found)
	if asked := id == "" && slug == "" || id == CalendarID(caller.Agent) || slug == PersonalSlug; asked &&
		!slices.ContainsFunc(found, func(c Calendar) bool { return c.ID == CalendarID(caller.Agent) }) {
		first, err := s.unstored(ctx, q, caller)
		if err != nil {
			return nil, err
		}
		found = append([]Calendar{first}, found...)
	}
	if one := cmp.Or(id, CalendarID(slug)); one == "" || len(found) == 0 {
		others, err := s.loadShared(ctx, q, caller, one)
		if err != nil {
			return nil, err
		}
		found = append(found, others...)
	}
	found = slices.DeleteFunc(found, func(c Calendar) bool { return !c.visibleTo(caller) })
	for i := range found {
		found[i].Writable = found[i].writableBy(caller)
	}
	return found, nil
}

// scanCalendar reads one row of selectCalendars, which has at most one group.
func scanCalendar(rows *sql.Rows) (Calendar, error) {
	var group string
	var writes bool
	c, err := scanCalendarAnd(rows, &group, &writes)
	c.Level = LevelFull
	switch {
	case group == "":
	case writes:
		c.WriteGroups = []portal.GroupID{portal.GroupID(group)}
	default:
		c.ReadGroups = []portal.GroupID{portal.GroupID(group)}
	}
	return c, err
}

// scanCalendarAnd reads the columns of a calendar, and more after them.
func scanCalendarAnd(rows *sql.Rows, more ...any) (Calendar, error) {
	c := Calendar{stored: true}
	var zone, components string
	err := rows.Scan(append([]any{
		&c.ID, &c.Owner, &c.Slug, &c.Name, &c.Description, &c.Color, &c.Order, &zone, &c.ZoneText,
		&components, &c.Busy, &c.Sync.Epoch, &c.Sync.Sequence, &c.forgotten, &c.language, &c.Away,
	}, more...)...)
	c.Zone, c.Components = zoneNamed(zone), strings.Split(components, ",")
	return c, err
}

// mergeGroups makes one calendar of its rows, which follow each other.
func mergeGroups(rows []Calendar) []Calendar {
	var merged []Calendar
	for _, c := range rows {
		if n := len(merged); n > 0 && merged[n-1].ID == c.ID {
			merged[n-1].ReadGroups = append(merged[n-1].ReadGroups, c.ReadGroups...)
			merged[n-1].WriteGroups = append(merged[n-1].WriteGroups, c.WriteGroups...)
			continue
		}
		merged = append(merged, c)
	}
	return merged
}

// unstored is the caller's first calendar before anything was written in it: a page that is only
// read must not write.
func (s *Store) unstored(ctx context.Context, q querier, caller portal.Caller) (Calendar, error) {
	var zone string
	err := q.QueryRow(ctx, `SELECT zone FROM collectivities WHERE id = $1`, string(caller.Collectivity)).Scan(&zone)
	return Calendar{
		ID: CalendarID(caller.Agent), Owner: caller.Agent, Slug: PersonalSlug, Components: Components,
		Zone: zoneNamed(zone), Busy: true, Level: LevelFull, Sync: SyncToken{Epoch: unstoredEpoch},
	}, err
}

// zoneNamed is the zone of a collectivity, Paris when its name is unknown.
func zoneNamed(name string) *time.Location {
	if zone := ianaZone(name); zone != nil {
		return zone
	}
	return ianaZone("Europe/Paris")
}

// store writes the caller's first calendar before the first thing that is written in it.
func (s *Store) store(ctx context.Context, tx *database.Tx, caller portal.Caller, c *Calendar) error {
	if c.stored {
		return nil
	}
	c.Sync = SyncToken{Epoch: portal.NewID()}
	c.stored = true
	return s.insert(ctx, tx, caller, *c)
}

func (s *Store) insert(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO calendars (collectivity, id, owner, slug, name, description, color, position,
			zone, zone_text, components, busy, epoch, sequence, forgotten, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, $14)
		ON CONFLICT (collectivity, id) DO NOTHING`, // an agent's first two writes may meet
		string(caller.Collectivity), string(c.ID), string(c.Owner), c.Slug, c.Name, c.Description, c.Color,
		c.Order, "", c.ZoneText, strings.Join(c.Components, ","), c.Busy, c.Sync.Epoch, database.Millis(s.now()))
	return err
}

// NewCalendar is what a calendar starts with.
type NewCalendar struct {
	Name        string
	Description string
	Color       string // "#rrggbb" or ""
	Order       int
	Slug        string   // last part of its DAV address; "" for the id
	Components  []string // nil for all
	ZoneText    string

	// Shared makes a calendar of the collectivity, for which portal.EditCalendars is needed; the
	// groups govern it. Else it is the caller's own.
	Shared                  bool
	ReadGroups, WriteGroups []portal.GroupID
}

// CreateCalendar makes a calendar. An address that is taken is portal.ErrConflict.
func (s *Store) CreateCalendar(ctx context.Context, caller portal.Caller, made NewCalendar) (Calendar, error) {
	c := Calendar{
		ID: CalendarID(portal.NewID()), Owner: caller.Agent, Slug: made.Slug, Name: made.Name, Description: made.Description,
		Color: made.Color, Order: made.Order, Components: made.Components, ZoneText: made.ZoneText, Busy: true,
		Sync: SyncToken{Epoch: portal.NewID()},
	}
	if c.Slug == "" || made.Shared {
		c.Slug = string(c.ID)
	}
	if len(c.Components) == 0 {
		c.Components = Components
	}
	if made.Shared {
		c.Owner, c.ReadGroups, c.WriteGroups = "", made.ReadGroups, made.WriteGroups
		if err := caller.Require(portal.EditCalendars); err != nil {
			return Calendar{}, fmt.Errorf("calendar: create: %w", err)
		}
	}
	if err := checkSlug(c.Slug); err != nil {
		return Calendar{}, err
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		taken, err := s.load(ctx, tx, caller, "", c.Slug)
		if err != nil {
			return err
		}
		if len(taken) > 0 {
			return portal.ErrConflict
		}
		if err := s.insert(ctx, tx, caller, c); err != nil {
			return err
		}
		return s.insertGroups(ctx, tx, caller, c)
	})
	if err != nil {
		return Calendar{}, fmt.Errorf("calendar: create %.60q: %w", c.Slug, duplicate(err))
	}
	return s.Calendar(ctx, caller, c.ID)
}

func checkSlug(slug string) error {
	if len(slug) > 200 || strings.ContainsAny(slug, "/\x00") || slices.Contains(takenSlugs, slug) {
		return fmt.Errorf("calendar: address %.60q: %w", slug, portal.ErrInvalid)
	}
	return nil
}

// takenSlugs are addresses of a home that are no calendar's.
var takenSlugs = []string{".", "..", InboxSlug, OutboxSlug}

func (s *Store) insertGroups(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar) error {
	for _, set := range []struct {
		groups []portal.GroupID
		writes bool
	}{{c.ReadGroups, false}, {c.WriteGroups, true}} {
		for _, group := range set.groups {
			_, err := tx.Exec(ctx, `
				INSERT INTO calendar_groups (collectivity, calendar, group_id, writes) VALUES ($1, $2, $3, $4)`,
				string(caller.Collectivity), string(c.ID), string(group), set.writes)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// SetGroups changes who sees and who writes a calendar of the collectivity; portal.EditCalendars
// is needed.
func (s *Store) SetGroups(ctx context.Context, caller portal.Caller, id CalendarID, read, write []portal.GroupID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		c, err := s.calendar(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if !c.Shared() || !caller.Can(portal.EditCalendars) {
			return portal.ErrDenied
		}
		_, err = tx.Exec(ctx, `DELETE FROM calendar_groups WHERE collectivity = $1 AND calendar = $2`,
			string(caller.Collectivity), string(id))
		if err != nil {
			return err
		}
		was := c
		c.ReadGroups, c.WriteGroups = read, write
		if err := s.insertGroups(ctx, tx, caller, c); err != nil {
			return err
		}
		line := audit.By(caller, audit.ReadersChanged)
		line.At, line.Object, line.ObjectID = s.now(), c.Name, string(c.ID)
		if err := audit.WriteAudience(ctx, tx, line, was.ReadGroups, read); err != nil {
			return err
		}
		line.Action = audit.WritersChanged
		if err := audit.WriteAudience(ctx, tx, line, was.WriteGroups, write); err != nil {
			return err
		}
		return s.searchAll(ctx, tx, caller, id)
	})
	return wrap(err, "calendar: groups of %q", id)
}

// searchAll has every event of a calendar indexed anew, as who may find it changed.
func (s *Store) searchAll(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID) error {
	rows, err := tx.Query(ctx, `SELECT id FROM calendar_objects WHERE collectivity = $1 AND calendar = $2`,
		string(caller.Collectivity), string(id))
	ids, err := database.Collect(rows, err, scanString)
	if err != nil {
		return err
	}
	return s.queue.Changed(ctx, tx, caller.Collectivity, search.KindEvent, ids...)
}

func scanString(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

// Look is how a calendar is shown; nil leaves a part as it is.
type Look struct {
	Name, Description, Color *string
	Order                    *int
	ZoneText                 *string // calendar-timezone, iCalendar text
	Zone                     *string // IANA name
	Busy                     *bool
}

// ChangeLook changes how a calendar is shown: for everyone when it is the caller's own, for the
// caller alone when it is not, of which only name, colour and order can change.
func (s *Store) ChangeLook(ctx context.Context, caller portal.Caller, id CalendarID, look Look) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		c, err := s.calendar(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if !c.Own() {
			return s.changeSharedLook(ctx, tx, caller, id, look)
		}
		if err := s.store(ctx, tx, caller, &c); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE calendars SET name = COALESCE($3, name), description = COALESCE($4, description),
				color = COALESCE($5, color), position = COALESCE($6, position),
				zone_text = COALESCE($7, zone_text), zone = COALESCE($8, zone), busy = COALESCE($9, busy)
			WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(id), look.Name, look.Description, look.Color, look.Order,
			look.ZoneText, look.Zone, look.Busy)
		return err
	})
	return wrap(err, "calendar: look of %q", id)
}

func (s *Store) changeSharedLook(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, look Look) error {
	if look.Description != nil || look.ZoneText != nil || look.Zone != nil || look.Busy != nil {
		return portal.ErrDenied
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO calendar_looks (collectivity, calendar, agent, name, color, position)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (collectivity, calendar, agent) DO UPDATE SET
			name = COALESCE(excluded.name, calendar_looks.name),
			color = COALESCE(excluded.color, calendar_looks.color),
			position = COALESCE(excluded.position, calendar_looks.position)`,
		string(caller.Collectivity), string(id), string(caller.Agent), look.Name, look.Color, look.Order)
	return err
}

// DeleteCalendar deletes a calendar with all that is in it: one of the caller's own, or one of the
// collectivity with portal.EditCalendars. An agent's first calendar can't be deleted.
func (s *Store) DeleteCalendar(ctx context.Context, caller portal.Caller, id CalendarID) error {
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, err := s.writable(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if c.ID == CalendarID(caller.Agent) || c.lent || c.Shared() && !caller.Can(portal.EditCalendars) {
			return portal.ErrDenied
		}
		if err := s.searchAll(ctx, tx, caller, id); err != nil {
			return err
		}
		if err := s.callOff(ctx, tx, caller, id); err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM calendar_objects WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendar_changes WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendar_groups WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendar_looks WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendar_shares WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendar_feeds WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendars WHERE collectivity = $1 AND id = $2`,
		} {
			if _, err := tx.Exec(ctx, text, string(caller.Collectivity), string(id)); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "calendar: delete %q", id)
}

// callOff deletes what people are invited to one by one, so that they hear of it, and gives back what
// the rest holds.
func (s *Store) callOff(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID) error {
	rows, err := tx.Query(ctx, `SELECT name FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND schedule_tag <> '' ORDER BY name`,
		string(caller.Collectivity), string(id))
	names, err := database.Collect(rows, err, scanString)
	for _, name := range names {
		if err == nil {
			err = s.delete(ctx, tx, caller, id, name, Condition{})
		}
	}
	if err != nil || s.resources == nil {
		return err
	}
	rows, err = tx.Query(ctx, `SELECT id FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 ORDER BY id`, string(caller.Collectivity), string(id))
	rest, err := database.Collect(rows, err, scanString)
	if err != nil || len(rest) == 0 {
		return err
	}
	held, err := s.resources.Held(ctx, tx, caller.Collectivity)
	for _, event := range held {
		if _, here := slices.BinarySearch(rest, string(event)); here && err == nil {
			err = s.giveBack(ctx, tx, caller.Collectivity, event)
		}
	}
	return err
}

// duplicate is a portal.ErrConflict for a write that lost a race for a name or a UID.
func duplicate(err error) error {
	if database.IsDuplicate(err) {
		return fmt.Errorf("%w: %w", portal.ErrConflict, err)
	}
	return err
}

// wrap adds the operation to an error that is not one the caller must see as it is.
func wrap(err error, format string, args ...any) error {
	var user portal.UserError
	if err == nil || errors.As(err, &user) {
		return err
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// Restored draws new epochs for the calendars of a collectivity whose data came back from a backup,
// so that clients, which saw later changes, read everything again.
func (s *Store) Restored(ctx context.Context, collectivity portal.CollectivityID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM calendars WHERE collectivity = $1`, string(collectivity))
		ids, err := database.Collect(rows, err, scanString)
		if err != nil {
			return err
		}
		for _, id := range ids {
			_, err := tx.Exec(ctx, `UPDATE calendars SET epoch = $3 WHERE collectivity = $1 AND id = $2`,
				string(collectivity), id, portal.NewID())
			if err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "calendar: restored %q", collectivity)
}
