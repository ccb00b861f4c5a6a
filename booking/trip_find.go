package booking

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Trip is one of the caller's, or of a vehicle that she governs; portal.ErrNotFound.
func (s *Store) Trip(ctx context.Context, caller portal.Caller, id string) (Trip, error) {
	trip, err := s.readTrip(ctx, s.db, caller.Collectivity, id)
	if err == nil && !trip.isOf(caller) {
		var governs bool
		if governs, err = s.governs(ctx, s.db, caller, trip.Resource); err == nil && !governs {
			err = portal.ErrNotFound
		}
	}
	return trip, wrap(err, "read a trip")
}

// out are the vehicles of a collectivity that are out, by one query: whoever may see them.
func (s *Store) out(ctx context.Context, collectivity portal.CollectivityID) (map[ResourceID]Trip, error) {
	rows, err := s.db.Query(ctx, tripColumns+` AND t.back_at = 0`, string(collectivity))
	out := map[ResourceID]Trip{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (t Trip, err error) {
		t, err = scanTrip(rows)
		out[t.Resource] = t
		return t, err
	})
	return out, wrap(err, "list what is out")
}

// MyTrips are the vehicles that the caller has out, the first that went first.
func (s *Store) MyTrips(ctx context.Context, caller portal.Caller) ([]Trip, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, tripColumns+` AND t.back_at = 0 AND t.driver = $2 ORDER BY t.out_at, t.id`, string(caller.Collectivity), string(caller.Agent))
	trips, err := database.Collect(rows, err, scanTrip)
	return trips, wrap(err, "list her trips")
}

// LogBook are some trips of a vehicle.
type LogBook struct {
	Vehicle     Resource // its facts alone
	Trips       []Trip   // the last to go out first
	Total       int
	Page, Pages int
}

// logSize is how many trips a page of a log book shows.
const logSize = 25

// LogBook reads the trips of a vehicle, a page from 1 on, or all of them for page 0, for who governs it;
// portal.ErrNotFound.
func (s *Store) LogBook(ctx context.Context, caller portal.Caller, id ResourceID, page int) (book LogBook, err error) {
	book, err = s.logBook(ctx, caller, id, page)
	return book, wrap(err, "read a log book")
}

func (s *Store) logBook(ctx context.Context, caller portal.Caller, id ResourceID, page int) (book LogBook, err error) {
	governs, err := s.governs(ctx, s.db, caller, id)
	if err == nil && !governs {
		err = portal.ErrNotFound
	}
	if err == nil {
		book.Vehicle, err = s.read(ctx, s.db, caller.Collectivity, id)
	}
	if err == nil && book.Vehicle.Kind != Vehicle {
		err = portal.ErrNotFound
	}
	if err != nil {
		return book, err
	}
	err = s.db.QueryRow(ctx, `SELECT COUNT(*) FROM vehicle_trips WHERE collectivity = $1 AND resource = $2`, string(caller.Collectivity), string(id)).Scan(&book.Total)
	if err != nil {
		return book, err
	}
	book.Pages = max(1, (book.Total+logSize-1)/logSize)
	skip, limit := 0, book.Total
	if page > 0 {
		book.Page, limit = min(page, book.Pages), logSize
		skip = (book.Page - 1) * logSize
	}
	rows, err := s.db.Query(ctx, tripColumns+` AND t.resource = $2 ORDER BY t.out_at DESC, t.id LIMIT 0 + $3 OFFSET 0 + $4`,
		string(caller.Collectivity), string(id), limit, skip)
	book.Trips, err = database.Collect(rows, err, scanTrip)
	return book, err
}

// governedTrips is the condition that a caller governs the vehicle of a trip t: she administers, $3, or accepts its
// bookings, $2.
const governedTrips = `($3 OR EXISTS (
	SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = t.resource AND p.does = 'approve' AND (
		p.kind = 'agent' AND p.subject = $2 OR p.kind = 'group' AND EXISTS (
			SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = p.subject AND m.agent = $2))))`

// governing are the arguments of governedTrips.
func governing(caller portal.Caller) []any {
	return []any{string(caller.Collectivity), string(caller.Agent), caller.Can(portal.Admin)}
}

// Incidents are the trips with one that nobody dealt with, of the vehicles that the caller governs, the oldest first.
func (s *Store) Incidents(ctx context.Context, caller portal.Caller) ([]Trip, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, tripColumns+` AND t.incident AND t.handled = 0 AND `+governedTrips+` ORDER BY t.back_at, t.id`, governing(caller)...)
	trips, err := database.Collect(rows, err, scanTrip)
	return trips, wrap(err, "list incidents")
}

// handledBy are the incidents with which the caller dealt within the last hour, the last first.
func (s *Store) handledBy(ctx context.Context, caller portal.Caller) ([]Trip, error) {
	rows, err := s.db.Query(ctx, tripColumns+` AND t.incident AND t.handled_by = $2 AND t.handled > $3 ORDER BY t.handled DESC, t.id`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now().Add(-takenBack)))
	trips, err := database.Collect(rows, err, scanTrip)
	return trips, wrap(err, "list what was dealt with")
}

// LateTrips are those that should be back: the caller's, and of the vehicles that she governs, the first due first.
func (s *Store) LateTrips(ctx context.Context, caller portal.Caller) ([]Trip, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, tripColumns+` AND t.back_at = 0 AND (t.driver = $2 OR `+governedTrips+`)`, governing(caller)...)
	trips, err := database.Collect(rows, err, scanTrip)
	trips = slices.DeleteFunc(trips, func(t Trip) bool { return !t.Late(s.now()) })
	slices.SortFunc(trips, func(a, b Trip) int { return a.Due.Compare(b.Due) })
	return trips, wrap(err, "list what is late")
}

// soon is how long before its day one is reminded of a paper.
const soon = 30

// Paper is a day of a vehicle that comes near, or is past.
type Paper struct {
	Resource ResourceID
	Vehicle  string // its name
	Kind     string // "inspection" or "insured"
	Day      string // "2027-05-31"
	Past     bool
}

// Papers are the inspections and insurances of the vehicles that the caller governs which end within a month, or are
// past, the first first. What is withdrawn needs none.
func (s *Store) Papers(ctx context.Context, caller portal.Caller) (papers []Paper, err error) {
	if caller.Agent == "" && !caller.Can(portal.Admin) {
		return nil, nil
	}
	words, err := s.wordsFor(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, wrap(err, "list papers")
	}
	today, until := words.now.Format(time.DateOnly), words.now.AddDate(0, 0, soon).Format(time.DateOnly)
	rows, err := s.db.Query(ctx, `
		SELECT t.resource, t.name, t.paper, t.day FROM (
			SELECT id AS resource, name, 'inspection' AS paper, inspection AS day FROM resources WHERE collectivity = $1 AND kind = 'vehicle' AND active
			UNION ALL SELECT id, name, 'insured', insured FROM resources WHERE collectivity = $1 AND kind = 'vehicle' AND active) t
		WHERE t.day <> '' AND t.day <= $4 AND `+governedTrips+` ORDER BY t.day, t.name, t.resource, t.paper`, append(governing(caller), until)...)
	papers, err = database.Collect(rows, err, func(rows *sql.Rows) (p Paper, err error) {
		err = rows.Scan(&p.Resource, &p.Vehicle, &p.Kind, &p.Day)
		p.Past = p.Day < today
		return p, err
	})
	return papers, wrap(err, "list papers")
}

// Warns tells what of a vehicle's papers is past before a booking ends, in sentences.
func (v VehicleFacts) Warns(p *i18n.Printer, end, now time.Time) (warnings []string) {
	last := end.Add(-time.Millisecond).Format(time.DateOnly)
	for _, one := range []struct{ key, day string }{{"booking.warn.inspection", v.Inspection}, {"booking.warn.insured", v.Insured}} {
		if day, err := time.ParseInLocation(time.DateOnly, one.day, now.Location()); err == nil && last > one.day {
			warnings = append(warnings, p.T(one.key, "day", p.Date(day, now)))
		}
	}
	return warnings
}

// stateWords says of what is out since when, and until when: "Sorti, attendu à 17 h", "En retard, attendu à 17 h".
func (t Trip) stateWords(p *i18n.Printer, now time.Time) string {
	if t.Late(now) {
		return p.T("booking.trip.state.late", "at", t.dueWords(p, now))
	}
	return p.T("booking.trip.state.out", "at", t.dueWords(p, now))
}

// dueWords says when it is expected: "à 17 h", "ce soir", "hier à 17 h".
func (t Trip) dueWords(p *i18n.Printer, now time.Time) string {
	due := t.Due.In(now.Location())
	last := due.Add(-time.Millisecond)
	switch {
	case isMidnight(due) && sameDay(last, now):
		return p.T("booking.trip.due.tonight")
	case isMidnight(due):
		return p.NearDay(last, now)
	case sameDay(due, now):
		return p.T("booking.trip.due.at", "at", p.Clock(due))
	}
	return p.T("booking.trip.due.day", "day", p.NearDay(due, now), "at", p.Clock(due))
}

// levelWords says how full a tank or a battery is: "3/8", "plein", "80 %"; "" when nobody looked.
func levelWords(p *i18n.Printer, energy string, level int) string {
	switch {
	case level == NoLevel:
		return ""
	case energy == electric:
		return p.T("booking.level.percent", "n", level/10)
	case level <= 0:
		return p.T("booking.level.empty")
	case level >= 1000:
		return p.T("booking.level.full")
	}
	return p.T("booking.level.eighths", "n", (level+62)/125)
}
