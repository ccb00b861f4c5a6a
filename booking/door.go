package booking

import (
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
	"parvis/portal/i18n"
)

// Screen is a tablet on a door, or a panel in a hall, that shows when resources are taken to whoever passes by. Its
// address is a secret, and the only key to it.
type Screen struct {
	ID        string
	Label     string // "Porte de la salle du conseil"
	Names     bool   // it tells who booked
	Resources []ResourceID
	Made      time.Time
	Seen      time.Time // when it was last read, to a few minutes; zero for never
}

// Bounds of screens, and how exactly the last reading is known.
const (
	maxScreens     = 200
	maxScreenLabel = 100
	maxOnScreen    = 12
	screenSeen     = 5 * time.Minute
)

// Screens lists the screens of the caller's collectivity, the newest first.
func (s *Store) Screens(ctx context.Context, caller portal.Caller) ([]Screen, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, wrap(err, "list screens")
	}
	rows, err := s.db.Query(ctx, `
		SELECT s.id, s.label, s.names, s.made, s.seen, COALESCE(d.resource, '') FROM door_screens s
		LEFT JOIN door_screen_resources d ON d.collectivity = $1 AND d.screen = s.id
		WHERE s.collectivity = $1 ORDER BY s.made DESC, s.id, d.resource`, string(caller.Collectivity))
	var all []Screen
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var one Screen
		var made, seen int64
		var resource ResourceID
		if err := rows.Scan(&one.ID, &one.Label, &one.Names, &made, &seen, &resource); err != nil {
			return none, err
		}
		if last := len(all) - 1; last < 0 || all[last].ID != one.ID {
			one.Made, one.Seen = database.FromMillis(made), database.FromMillis(seen)
			all = append(all, one)
		}
		last := &all[len(all)-1]
		last.Resources = append(last.Resources, resource)
		return none, nil
	})
	return all, wrap(err, "list screens")
}

// MakeScreen adds a screen, and returns the secret of its address, which is told this once. address is where the
// request came from, for the journal.
func (s *Store) MakeScreen(ctx context.Context, caller portal.Caller, made Screen, address string) (secret string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", wrap(err, "make a screen")
	}
	made.Label = strings.TrimSpace(made.Label)
	slices.Sort(made.Resources)
	made.Resources = slices.Compact(made.Resources)
	secret = portal.NewSecret()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.checkScreen(ctx, tx, caller.Collectivity, made); err != nil {
			return err
		}
		made.ID = portal.NewID()
		err := tx.Write(ctx, `INSERT INTO door_screens (collectivity, id, hash, label, names, made, seen) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			string(caller.Collectivity), made.ID, portal.HashSecret(secret), made.Label, made.Names, database.Millis(s.now()))
		for _, id := range made.Resources {
			if err == nil {
				err = tx.Write(ctx, `INSERT INTO door_screen_resources (collectivity, screen, resource) VALUES ($1, $2, $3)`, string(caller.Collectivity), made.ID, string(id))
			}
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ScreenMade, Resource{ID: ResourceID(made.ID), Name: made.Label}, address)
	})
	if err != nil {
		return "", wrap(err, "make a screen")
	}
	return secret, nil
}

func (s *Store) checkScreen(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, made Screen) error {
	var wrong portal.Check
	wrong.Text("label", made.Label, true, maxScreenLabel)
	switch n := len(made.Resources); {
	case n == 0:
		wrong.Add("resources", "booking.error.screen.none")
	case n > maxOnScreen:
		wrong.Add("resources", "booking.error.screen.many", "max", maxOnScreen)
	}
	if err := wrong.OrNil(); err != nil {
		return err
	}
	among, args := database.Among([]any{string(collectivity)}, made.Resources)
	var known, screens int
	err := tx.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM resources WHERE collectivity = $1 AND id IN `+among+`), (SELECT COUNT(*) FROM door_screens WHERE collectivity = $1)`, args...).
		Scan(&known, &screens)
	switch {
	case err != nil:
		return err
	case known < len(made.Resources):
		return portal.ErrNotFound
	case screens >= maxScreens:
		return portal.FieldErrors{portal.Invalid("label", "booking.error.screens", "max", maxScreens)}
	}
	return nil
}

// RevokeScreen ends a screen, and returns what it was called.
func (s *Store) RevokeScreen(ctx context.Context, caller portal.Caller, id, address string) (label string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", wrap(err, "revoke a screen")
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.QueryRow(ctx, `DELETE FROM door_screens WHERE collectivity = $1 AND id = $2 RETURNING label`, string(caller.Collectivity), id).Scan(&label)
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM door_screen_resources WHERE collectivity = $1 AND screen = $2`, string(caller.Collectivity), id)
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ScreenRevoked, Resource{ID: ResourceID(id), Name: label}, address)
	})
	return label, wrap(err, "revoke a screen")
}

// Door is what a screen shows.
type Door struct {
	Screen       // without its Resources
	Collectivity portal.CollectivityID
	Now          time.Time // in the zone of the collectivity
	Rooms        []DoorRoom
}

// DoorRoom is one resource on a screen: its Bookings, by start, told as the screen may, and when it can't
// be had by its own rules.
type DoorRoom struct {
	Resource
	Bookings []Booking
	Shut     []Shut
}

// OpenScreen shows what a screen shows from so many days before today until so many after, by its secret: today alone
// is 0 and 1. portal.ErrNotFound when there is none.
func (s *Store) OpenScreen(ctx context.Context, secret string, before, after int) (door Door, err error) {
	var seen int64
	err = s.db.QueryRow(ctx, `SELECT collectivity, id, label, names, seen FROM door_screens WHERE hash = $1`, portal.HashSecret(secret)).
		Scan(&door.Collectivity, &door.ID, &door.Label, &door.Names, &seen)
	if err != nil {
		return Door{}, wrap(err, "open a screen")
	}
	door.Seen = database.FromMillis(seen)
	caller := portal.Caller{Collectivity: door.Collectivity}
	rows, err := s.db.Query(ctx, ofCollectivity+` AND r.active AND `+onScreen, string(door.Collectivity), door.ID)
	all, err := database.Collect(rows, err, scan)
	if err != nil {
		return Door{}, wrap(err, "read a screen")
	}
	slices.SortFunc(all, byName)
	ruled, words, err := s.ruled(ctx, caller, nil, all)
	if err != nil {
		return Door{}, wrap(err, "read a screen")
	}
	door.Now = words.now
	from, until := midnight(words.now).AddDate(0, 0, -before), midnight(words.now).AddDate(0, 0, after)
	taken, err := s.onDoor(ctx, door, from, until)
	if err != nil {
		return Door{}, wrap(err, "read a screen")
	}
	for _, r := range ruled {
		door.Rooms = append(door.Rooms, DoorRoom{r.Resource, taken[r.ID], r.shut(words, from, until)})
	}
	return door, s.sawScreen(ctx, door)
}

// onScreen is the condition that a resource r is on a screen, $2.
const onScreen = `EXISTS (SELECT 1 FROM door_screen_resources d WHERE d.collectivity = $1 AND d.screen = $2 AND d.resource = r.id)`

// onDoor are the bookings between two instants: what they are for where titles are public, and who has them where
// the screen tells names.
func (s *Store) onDoor(ctx context.Context, door Door, from, until time.Time) (map[ResourceID][]Booking, error) {
	chosen := strings.ReplaceAll(`r.active AND `+onScreen, "$2", "$4") // $2 and $3 are the instants
	rows, err := s.db.Query(ctx, `
		SELECT b.resource, b.starts, b.ends, b.pending, b.event, b.recurrence, CASE WHEN $5 THEN COALESCE(a.given_name || ' ' || a.family_name, '') ELSE '' END,
			CASE WHEN r.titles_public AND o.class = 'PUBLIC' THEN o.summary ELSE '' END
		FROM (`+takenDuring(chosen)+`) b
		JOIN resources r ON r.collectivity = $1 AND r.id = b.resource
		LEFT JOIN agents a ON a.collectivity = $1 AND a.id = b.holder
		LEFT JOIN calendar_objects o ON o.collectivity = $1 AND o.id = b.event
		ORDER BY b.resource, b.starts, b.ends`, string(door.Collectivity), database.Millis(from), database.Millis(until), door.ID, door.Names)
	found := map[ResourceID][]Booking{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var b Booking
		var starts, ends, recurrence int64
		err = rows.Scan(&b.Resource, &starts, &ends, &b.Pending, &b.Event, &recurrence, &b.Name, &b.Title)
		b.Recurrence = database.FromMillis(recurrence)
		b.Start, b.End = time.UnixMilli(starts).In(door.Now.Location()), time.UnixMilli(ends).In(door.Now.Location())
		found[b.Resource] = append(found[b.Resource], b)
		return none, err
	})
	return found, err
}

// sawScreen notes that a screen was read: what it shows is worth more than when.
func (s *Store) sawScreen(ctx context.Context, door Door) error {
	if s.now().Sub(door.Seen) < screenSeen {
		return nil
	}
	_, err := s.db.Exec(ctx, `UPDATE door_screens SET seen = $3 WHERE collectivity = $1 AND id = $2`,
		string(door.Collectivity), door.ID, database.Millis(s.now()))
	if err != nil && !errors.Is(err, portal.ErrUnavailable) {
		return fmt.Errorf("booking: note the reading of a screen: %w", err)
	}
	return nil
}

// State is what a resource is at an instant, and until when: what follows without a gap is one with it. Until is zero
// where nothing changes that day.
type State struct {
	Now   *Booking // it is taken; nil when it is not
	Shut  *Shut    // it can't be had
	Until time.Time
	Next  *Booking // the first that begins later
}

// At says what a resource on a screen is at an instant.
func (r DoorRoom) At(now time.Time) (state State) {
	for i := range r.Bookings {
		b := &r.Bookings[i]
		switch {
		case state.Now == nil && !b.Start.After(now) && b.End.After(now):
			state.Now, state.Until = b, b.End
		case state.Now != nil && !b.Start.After(state.Until) && b.End.After(state.Until):
			state.Until = b.End
		case state.Next == nil && b.Start.After(now):
			state.Next = b
		}
	}
	if state.Now != nil {
		return state
	}
	if state.Next != nil {
		state.Until = state.Next.Start
	}
	for i := range r.Shut {
		one := &r.Shut[i]
		switch {
		case !one.From.After(now) && one.To.After(now):
			state.Shut, state.Until = one, one.To
		case state.Shut == nil && one.From.After(now) && (state.Until.IsZero() || one.From.Before(state.Until)):
			state.Until = one.From
		}
	}
	return state
}

// StateWords tells a state in a sentence, "Libre jusqu’à 14 h".
func (r DoorRoom) StateWords(p *i18n.Printer, state State, now time.Time) string {
	key := "free"
	switch {
	case state.Now != nil:
		key = "taken"
	case state.Shut != nil:
		key = "shut"
	}
	if state.Until.IsZero() || !sameDay(state.Until.In(now.Location()), now) {
		return p.T("booking.door." + key + ".day")
	}
	return p.T("booking.door."+key+".until", "hour", p.Clock(state.Until.In(now.Location())))
}
