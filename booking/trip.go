package booking

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Leg is what is noted of a vehicle as it goes out, or as it comes back.
type Leg struct {
	At    time.Time // UTC; zero while it is out
	Km    int       // 0 where nobody counts
	Level int       // thousandths of the tank or the battery, NoLevel when unknown
	Said  string    // its condition in words, "" for none
	Photo bool      // there is one
	By    string    // who noted it: an agent's id
	Noted time.Time
}

// NoLevel is the level of what nobody looked at.
const NoLevel = -1

// Trip is a vehicle that somebody took.
type Trip struct {
	ID         string
	Resource   ResourceID
	Vehicle    string // its name
	Energy     string // one of Energies, "" when unknown
	Event      string // object of a calendar that holds its booking, "" for none
	Recurrence time.Time
	Driver     portal.AgentID
	Who        string    // the driver, "" when nobody is known any more
	Due        time.Time // when it is expected: the end of the booking as it is now
	Out, Back  Leg
	Incident   bool
	Handled    time.Time // when somebody dealt with the incident, zero while it waits
}

// IsBack says whether it came back.
func (t Trip) IsBack() bool { return !t.Back.At.IsZero() }

// Late says whether it should have been back lateAfter ago.
func (t Trip) Late(now time.Time) bool { return !t.IsBack() && now.After(t.Due.Add(lateAfter)) }

const (
	// early is how long before a booking begins one may take the vehicle.
	early = 30 * time.Minute
	// lateAfter is how long after the end of a booking the vehicle counts as not brought back.
	lateAfter = 30 * time.Minute
	// maxJump is how many km nobody drives in one trip, as a rule: more is asked about.
	maxJump = 2000
	// maxSaid bounds the words about a condition, in characters.
	maxSaid = 1000
	// oldestLeg is how long ago something may have happened that is noted only now.
	oldestLeg = 31 * 24 * time.Hour
)

// Taking is a vehicle that goes out.
type Taking struct {
	Resource   ResourceID
	Event      string // that holds it, of the driver's; "" for who governs the vehicle and takes it without a booking
	Recurrence time.Time
	Driver     portal.AgentID // where there is no booking: "" is the caller
	Leg        Leg            // At, Km, Level and Said; At zero is now, and by another than who governs it always
	Sure       bool           // of km that are many
	Picture    []byte         // JPEG, nil for none
}

// Returning is a vehicle that comes back.
type Returning struct {
	Leg      Leg // At, Km, Level and Said; At zero is now
	Sure     bool
	Incident bool // Said tells of it
	Picture  []byte
}

// garage is a vehicle in a transaction that alone writes what goes out of it.
type garage struct {
	Resource
	governs bool // the caller approves its bookings, or administers
	words   *words
	caller  portal.Caller
}

// enter waits until everybody who wanted the vehicle before is answered; portal.ErrNotFound for what is none.
func (s *Store) enter(ctx context.Context, tx *database.Tx, caller portal.Caller, id ResourceID) (g garage, err error) {
	g.caller, g.ID = caller, id
	var modified int64
	err = tx.QueryRow(ctx, `
		UPDATE resources SET turn = turn + 1 WHERE collectivity = $1 AND id = $2 AND kind = 'vehicle'
		RETURNING name, active, energy, odometer, insured, modified`, string(caller.Collectivity), string(id)).
		Scan(&g.Name, &g.Active, &g.Vehicle.Energy, &g.Vehicle.Odometer, &g.Vehicle.Insured, &modified)
	if err != nil {
		return g, err
	}
	g.Modified = database.FromMillis(modified)
	if g.words, err = s.wordsFor(ctx, tx, caller.Collectivity); err != nil {
		return g, err
	}
	g.governs, err = s.governs(ctx, tx, caller, id)
	return g, err
}

// governs says whether a caller accepts the bookings of a resource, or administers. At a kiosk everybody is a driver
// like any other: a short code opens nothing of colleagues.
func (s *Store) governs(ctx context.Context, from database.Reader, caller portal.Caller, id ResourceID) (governs bool, err error) {
	if caller.AtKiosk || caller.Can(portal.Admin) {
		return !caller.AtKiosk, nil
	}
	err = from.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = $2 AND p.does = 'approve' AND `+isHer+`)`,
		string(caller.Collectivity), string(id), string(caller.Agent)).Scan(&governs)
	return governs, err
}

// CheckOut notes that a vehicle goes out, from half an hour before its booking begins until it ends: by its holder, or
// by who governs the vehicle, who is not held to these hours and may note it afterwards. What is wrong in what was
// typed is portal.FieldErrors; portal.ErrNotFound for what is not hers. address is where the request came from.
func (s *Store) CheckOut(ctx context.Context, caller portal.Caller, taking Taking, address string) (Trip, error) {
	id := portal.NewID()
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		g, err := s.enter(ctx, tx, caller, taking.Resource)
		if err != nil {
			return err
		}
		due, err := s.allowOut(ctx, tx, g, &taking)
		if err != nil {
			return err
		}
		if err := s.checkOut(ctx, tx, g, &taking); err != nil {
			return err
		}
		leg := taking.Leg
		result, err := tx.Exec(ctx, `
			INSERT INTO vehicle_trips (collectivity, id, resource, event, recurrence, driver, due, out_at, out_km, out_level, out_said, out_by, out_noted)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
			string(caller.Collectivity), id, string(g.ID), taking.Event, database.Millis(taking.Recurrence), string(taking.Driver), database.Millis(due),
			database.Millis(leg.At), leg.Km, leg.Level, leg.Said, string(caller.Agent), database.Millis(s.now()))
		if err := database.OneRow(result, err); errors.Is(err, portal.ErrNotFound) {
			return portal.UserError{Kind: portal.ErrConflict, Key: "booking.trip.error.out", Args: []any{"name", g.Name}}
		} else if err != nil {
			return err
		}
		if err := s.keepPicture(ctx, tx, caller, id, momentOut, taking.Picture); err != nil {
			return err
		}
		return s.tellTrip(ctx, tx, g, audit.TripOut, taking.Driver, address)
	})
	if err != nil {
		return Trip{}, wrap(err, "check out")
	}
	s.tripsChanged(caller.Collectivity)
	return s.Trip(ctx, caller, id)
}

// allowOut finds the booking of what goes out and says until when it is taken, names the driver, and refuses who may
// not take it.
func (s *Store) allowOut(ctx context.Context, tx *database.Tx, g garage, taking *Taking) (due time.Time, err error) {
	now, zone := s.now(), g.words.zone
	if !g.governs || taking.Leg.At.IsZero() {
		taking.Leg.At = now
	}
	if taking.Event == "" {
		due, err = s.allowWithout(ctx, tx, g, taking)
	} else {
		due, err = s.allowBooked(ctx, tx, g, taking)
	}
	if err != nil {
		return due, err
	}
	switch last := g.Vehicle.Insured; {
	case !g.Active:
		return due, portal.UserError{Kind: portal.ErrConflict, Key: "booking.trip.error.withdrawn", Args: []any{"name", g.Name}}
	case last != "" && taking.Leg.At.In(zone).Format(time.DateOnly) > last:
		return due, portal.UserError{Kind: portal.ErrConflict, Key: "booking.trip.error.uninsured", Args: []any{"name", g.Name, "day", g.words.day(last)}}
	}
	return due, nil
}

// allowWithout is of who takes a vehicle without a booking, or gives its keys to somebody: who governs it.
func (s *Store) allowWithout(ctx context.Context, tx *database.Tx, g garage, taking *Taking) (due time.Time, err error) {
	if !g.governs {
		return due, portal.ErrNotFound
	}
	if taking.Driver == "" {
		taking.Driver = g.caller.Agent
	}
	var known bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM agents WHERE collectivity = $1 AND id = $2 AND active)`,
		string(g.caller.Collectivity), string(taking.Driver)).Scan(&known)
	if err == nil && !known {
		err = portal.FieldErrors{portal.Invalid("driver", "booking.error.people")}
	}
	return midnight(taking.Leg.At.In(g.words.zone)).AddDate(0, 0, 1), err
}

// allowBooked is of what is booked.
func (s *Store) allowBooked(ctx context.Context, tx *database.Tx, g garage, taking *Taking) (due time.Time, err error) {
	var starts, ends int64
	var pending bool
	err = tx.QueryRow(ctx, `
		SELECT starts, ends, holder, pending FROM bookings WHERE collectivity = $1 AND resource = $2 AND event = $3 AND recurrence = $4
		ORDER BY ends DESC LIMIT 1`, string(g.caller.Collectivity), string(g.ID), taking.Event, database.Millis(taking.Recurrence)).
		Scan(&starts, &ends, &taking.Driver, &pending)
	if err == nil && !g.governs && (taking.Driver != g.caller.Agent || taking.Driver == "") {
		err = portal.ErrNotFound
	}
	if err != nil {
		return due, err
	}
	start, due := time.UnixMilli(starts).In(g.words.zone), time.UnixMilli(ends).In(g.words.zone)
	refuse := func(key string, args ...any) (time.Time, error) {
		return due, portal.UserError{Kind: portal.ErrConflict, Key: key, Args: append(args, "name", g.Name)}
	}
	switch now := s.now(); {
	case pending:
		return refuse("booking.trip.error.pending")
	case g.governs:
	case now.Before(start.Add(-early)):
		from := start.Add(-early)
		return refuse("booking.trip.error.early", "day", g.words.printer.NearDay(from, now.In(g.words.zone)), "from", g.words.printer.Clock(from))
	case !now.Before(due):
		return refuse("booking.trip.error.over")
	}
	return due, nil
}

// checkOut refuses what can't be so of what goes out.
func (s *Store) checkOut(ctx context.Context, tx *database.Tx, g garage, taking *Taking) error {
	var wrong portal.Check
	var last int64
	err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(back_at), 0) FROM vehicle_trips WHERE collectivity = $1 AND resource = $2`,
		string(g.caller.Collectivity), string(g.ID)).Scan(&last)
	if err != nil {
		return err
	}
	s.checkLeg(g, &taking.Leg, "booking.trip.error.km.out", g.Vehicle.Odometer, taking.Sure, &wrong)
	if back := database.FromMillis(last); taking.Leg.At.Before(back) {
		wrong.Add("at", "booking.trip.error.before.back", "at", g.words.moment(back))
	}
	return wrong.OrNil()
}

// checkLeg refuses what can't be so at any end of a trip. least is what the vehicle counted before, 0 when nobody knows.
func (s *Store) checkLeg(g garage, leg *Leg, lessKey string, least int, sure bool, wrong *portal.Check) {
	now := s.now()
	if leg.At.After(now) {
		wrong.Add("at", "booking.trip.error.future")
	} else if leg.At.Before(now.Add(-oldestLeg)) {
		wrong.Add("at", "booking.trip.error.old")
	}
	number := g.words.printer.Number
	switch counts := g.Vehicle.Energy != muscle; {
	case !counts:
		leg.Km = 0
	case leg.Km <= 0 || leg.Km > maxOdometer:
		wrong.Add("km", "booking.trip.error.km")
	case leg.Km < least:
		wrong.Add("km", lessKey, "km", number(least))
	case least > 0 && leg.Km-least > maxJump && !sure:
		wrong.Add("sure", "booking.trip.error.jump", "km", number(leg.Km-least))
	}
	if leg.Level != NoLevel && (leg.Level < 0 || leg.Level > 1000) {
		wrong.Add("level", "booking.trip.error.level")
	}
	leg.Said = strings.TrimSpace(strings.ReplaceAll(leg.Said, "\r", ""))
	checkLines(wrong, "said", leg.Said, maxSaid)
}

// CheckIn notes that a vehicle is back: by its driver, by who noted that it went, or by who governs it. Its odometer
// is moved. It may have come back some time ago. Another's word meanwhile is portal.ErrConflict.
func (s *Store) CheckIn(ctx context.Context, caller portal.Caller, id string, back Returning, address string) (Trip, error) {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		g, trip, err := s.enterTrip(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if trip.IsBack() {
			return portal.UserError{Kind: portal.ErrConflict, Key: "booking.trip.error.back", Args: []any{"name", g.Name}}
		}
		if err := s.checkBack(g, trip, &back); err != nil {
			return err
		}
		leg := back.Leg
		err = tx.Write(ctx, `
			UPDATE vehicle_trips SET back_at = $3, back_km = $4, back_level = $5, back_said = $6, back_by = $7, back_noted = $8, incident = $9, odometer_was = $10
			WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id, database.Millis(leg.At), leg.Km, leg.Level, leg.Said, string(caller.Agent),
			database.Millis(s.now()), back.Incident, g.Vehicle.Odometer)
		if err == nil && leg.Km > 0 {
			err = s.moveOdometer(ctx, tx, g, leg.Km)
		}
		if err == nil {
			err = s.keepPicture(ctx, tx, caller, id, momentBack, back.Picture)
		}
		if err != nil {
			return err
		}
		return s.tellTrip(ctx, tx, g, audit.TripBack, trip.Driver, address)
	})
	if err != nil {
		return Trip{}, wrap(err, "check in")
	}
	s.tripsChanged(caller.Collectivity)
	return s.Trip(ctx, caller, id)
}

// enterTrip enters the garage of a trip that the caller may end.
func (s *Store) enterTrip(ctx context.Context, tx *database.Tx, caller portal.Caller, id string) (g garage, trip Trip, err error) {
	trip, err = s.readTrip(ctx, tx, caller.Collectivity, id)
	if err == nil {
		g, err = s.enter(ctx, tx, caller, trip.Resource)
	}
	if err == nil { // as it is now that nobody else writes it
		trip, err = s.readTrip(ctx, tx, caller.Collectivity, id)
	}
	if err == nil && !g.governs && !trip.isOf(caller) {
		err = portal.ErrNotFound
	}
	return g, trip, err
}

// isOf says whether the caller drives, or noted that it went.
func (t Trip) isOf(caller portal.Caller) bool {
	return caller.Agent != "" && (t.Driver == caller.Agent || t.Out.By == string(caller.Agent))
}

func (s *Store) checkBack(g garage, trip Trip, back *Returning) error {
	var wrong portal.Check
	if back.Leg.At.IsZero() {
		back.Leg.At = s.now()
	}
	s.checkLeg(g, &back.Leg, "booking.trip.error.km.back", trip.Out.Km, back.Sure, &wrong)
	if back.Leg.At.Before(trip.Out.At) {
		wrong.Add("at", "booking.trip.error.before.out", "at", g.words.moment(trip.Out.At))
	}
	if back.Incident && back.Leg.Said == "" {
		wrong.Add("said", "booking.trip.error.incident")
	}
	return wrong.OrNil()
}

// moveOdometer writes what the vehicle counts. Who changes the resource at this moment is told that it changed.
func (s *Store) moveOdometer(ctx context.Context, tx *database.Tx, g garage, km int) error {
	return tx.Write(ctx, `UPDATE resources SET odometer = $3, modified = $4 WHERE collectivity = $1 AND id = $2`,
		string(g.caller.Collectivity), string(g.ID), km, s.after(g.Resource))
}

// Undo takes back what was noted last of a trip, within an hour, by who noted it or who governs the vehicle: that it is
// back; or, of what is out, that it ever went. It is portal.ErrConflict once the vehicle went out again.
func (s *Store) Undo(ctx context.Context, caller portal.Caller, id, address string) (trip Trip, err error) {
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var g garage
		if g, trip, err = s.enterTrip(ctx, tx, caller, id); err != nil {
			return err
		}
		last := trip.Out
		if trip.IsBack() {
			last = trip.Back
		}
		if !g.governs && last.By != string(caller.Agent) {
			return portal.ErrNotFound
		}
		if s.now().After(last.Noted.Add(takenBack)) {
			return portal.UserError{Kind: portal.ErrConflict, Key: "booking.trip.error.undo.late"}
		}
		if trip.IsBack() {
			err = s.reopen(ctx, tx, g, trip)
		} else {
			err = tx.Write(ctx, `DELETE FROM vehicle_trip_photos WHERE collectivity = $1 AND trip = $2`, string(caller.Collectivity), id)
			if err == nil {
				err = tx.Write(ctx, `DELETE FROM vehicle_trips WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id)
			}
		}
		if err != nil {
			return err
		}
		return s.tellTrip(ctx, tx, g, audit.TripUndone, trip.Driver, address)
	})
	if err == nil {
		s.tripsChanged(caller.Collectivity)
	}
	return trip, wrap(err, "undo a trip")
}

// reopen makes a trip one that is out again.
func (s *Store) reopen(ctx context.Context, tx *database.Tx, g garage, trip Trip) error {
	var since bool
	var was int
	err := tx.QueryRow(ctx, `
		SELECT odometer_was, EXISTS (SELECT 1 FROM vehicle_trips o WHERE o.collectivity = $1 AND o.resource = t.resource AND o.id <> t.id AND o.out_at >= t.out_at)
		FROM vehicle_trips t WHERE t.collectivity = $1 AND t.id = $2`, string(g.caller.Collectivity), trip.ID).Scan(&was, &since)
	if err == nil && since {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "booking.trip.error.undo.again", Args: []any{"name", g.Name}}
	}
	if err == nil {
		err = tx.Write(ctx, `
			UPDATE vehicle_trips SET back_at = 0, back_km = 0, back_level = -1, back_said = '', back_by = '', back_noted = 0, odometer_was = 0,
				incident = FALSE, handled = 0, handled_by = '' WHERE collectivity = $1 AND id = $2`, string(g.caller.Collectivity), trip.ID)
	}
	if err == nil {
		err = tx.Write(ctx, `DELETE FROM vehicle_trip_photos WHERE collectivity = $1 AND trip = $2 AND moment = 'back'`, string(g.caller.Collectivity), trip.ID)
	}
	if err == nil && trip.Back.Km > 0 && g.Vehicle.Odometer == trip.Back.Km { // nobody wrote another since
		err = s.moveOdometer(ctx, tx, g, was)
	}
	return err
}

// tellTrip writes into the journal what somebody noted of another's trip.
func (s *Store) tellTrip(ctx context.Context, tx *database.Tx, g garage, action audit.Action, driver portal.AgentID, address string) error {
	if driver == g.caller.Agent {
		return nil
	}
	names, err := s.namesOf(ctx, tx, g.caller.Collectivity, []portal.Subject{{Kind: portal.TheAgent, ID: string(driver)}})
	if err != nil {
		return err
	}
	line := s.line(g.caller, action, g.Resource, address)
	line.Detail = strings.Join(names, "")
	return audit.Write(ctx, tx, line)
}

// The moments at which a photograph is taken.
const (
	momentOut  = "out"
	momentBack = "back"
)

func (s *Store) keepPicture(ctx context.Context, tx *database.Tx, caller portal.Caller, id, moment string, octets []byte) error {
	if octets == nil {
		return nil
	}
	return tx.Write(ctx, `INSERT INTO vehicle_trip_photos (collectivity, trip, moment, octets) VALUES ($1, $2, $3, $4)`,
		string(caller.Collectivity), id, moment, octets)
}

// TripPhoto is a photograph of a vehicle as it went out or came back, as JPEG, for its driver and who governs it;
// portal.ErrNotFound.
func (s *Store) TripPhoto(ctx context.Context, caller portal.Caller, id, moment string) (octets []byte, err error) {
	if _, err = s.Trip(ctx, caller, id); err == nil {
		err = s.db.QueryRow(ctx, `SELECT octets FROM vehicle_trip_photos WHERE collectivity = $1 AND trip = $2 AND moment = $3`,
			string(caller.Collectivity), id, moment).Scan(&octets)
	}
	return octets, wrap(err, "read the photo of a trip")
}

// Handle says that somebody dealt with the incident of a trip, or takes it back, for who governs its vehicle.
func (s *Store) Handle(ctx context.Context, caller portal.Caller, id string, handled bool) (trip Trip, err error) {
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var g garage
		if g, trip, err = s.enterTrip(ctx, tx, caller, id); err == nil && (!g.governs || !trip.Incident) {
			err = portal.ErrNotFound
		}
		at, by := int64(0), ""
		if handled {
			at, by = database.Millis(s.now()), string(caller.Agent)
		}
		if err != nil || handled == !trip.Handled.IsZero() {
			return err
		}
		return tx.Write(ctx, `UPDATE vehicle_trips SET handled = $3, handled_by = $4 WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id, at, by)
	})
	if err == nil {
		s.tripsChanged(caller.Collectivity)
	}
	return trip, wrap(err, "handle an incident")
}

// OnTrip adds what is done after a vehicle of a collectivity went out or came back. It is a step of set-up.
func (s *Store) OnTrip(do func(portal.CollectivityID)) { s.onTrip = do }

func (s *Store) tripsChanged(id portal.CollectivityID) {
	if s.onTrip != nil {
		s.onTrip(id)
	}
}

// tripColumns are those of trips t that scanTrip reads, of a collectivity, $1.
const tripColumns = `
	SELECT t.id, t.resource, r.name, r.energy, t.event, t.recurrence, t.driver, COALESCE(a.given_name || ' ' || a.family_name, ''),
		COALESCE((SELECT MAX(b.ends) FROM bookings b WHERE b.collectivity = $1 AND b.event = t.event AND b.resource = t.resource AND b.recurrence = t.recurrence), t.due),
		t.out_at, t.out_km, t.out_level, t.out_said, t.out_by, t.out_noted, t.back_at, t.back_km, t.back_level, t.back_said, t.back_by, t.back_noted,
		t.incident, t.handled,
		EXISTS (SELECT 1 FROM vehicle_trip_photos p WHERE p.collectivity = $1 AND p.trip = t.id AND p.moment = 'out'),
		EXISTS (SELECT 1 FROM vehicle_trip_photos p WHERE p.collectivity = $1 AND p.trip = t.id AND p.moment = 'back')
	FROM vehicle_trips t JOIN resources r ON r.collectivity = $1 AND r.id = t.resource
	LEFT JOIN agents a ON a.collectivity = $1 AND a.id = t.driver
	WHERE t.collectivity = $1`

func scanTrip(rows *sql.Rows) (t Trip, err error) {
	var recurrence, due, outAt, outNoted, backAt, backNoted, handled int64
	err = rows.Scan(&t.ID, &t.Resource, &t.Vehicle, &t.Energy, &t.Event, &recurrence, &t.Driver, &t.Who, &due,
		&outAt, &t.Out.Km, &t.Out.Level, &t.Out.Said, &t.Out.By, &outNoted, &backAt, &t.Back.Km, &t.Back.Level, &t.Back.Said, &t.Back.By, &backNoted,
		&t.Incident, &handled, &t.Out.Photo, &t.Back.Photo)
	t.Recurrence, t.Due, t.Handled = database.FromMillis(recurrence), database.FromMillis(due), database.FromMillis(handled)
	t.Out.At, t.Out.Noted = database.FromMillis(outAt), database.FromMillis(outNoted)
	t.Back.At, t.Back.Noted = database.FromMillis(backAt), database.FromMillis(backNoted)
	return t, err
}

func (s *Store) readTrip(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id string) (Trip, error) {
	rows, err := from.Query(ctx, tripColumns+` AND t.id = $2`, string(collectivity), id)
	found, err := database.Collect(rows, err, scanTrip)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Trip{}, err
	}
	return found[0], nil
}

// day writes a day, "2027-05-31", in words.
func (w *words) day(text string) string {
	day, err := time.ParseInLocation(time.DateOnly, text, w.zone)
	if err != nil {
		return text
	}
	return w.printer.Date(day, w.now)
}

// moment writes an instant, "24 novembre, 9 h 30".
func (w *words) moment(at time.Time) string {
	at = at.In(w.zone)
	return w.printer.Date(at, w.now) + ", " + w.printer.Clock(at)
}
