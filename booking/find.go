package booking

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Named is a resource as an invitation names it.
type Named struct {
	ID   ResourceID
	Kind Kind
	Name string
	Zone *time.Location // of its collectivity
	Idle string         // why it is not booked for an event that takes no time
}

// Among finds the resources of a collectivity, withdrawn ones too, by addresses in lower case and by
// their ids.
func (s *Store) Among(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, addresses []string, ids []ResourceID) (byAddress map[string]Named, byID map[ResourceID]Named, err error) {
	byAddress, byID = map[string]Named{}, map[ResourceID]Named{}
	addresses = slices.DeleteFunc(slices.Clone(addresses), func(address string) bool { return address == "" })
	listed, args := database.Among([]any{string(collectivity)}, addresses)
	named, args := database.Among(args, ids)
	rows, err := from.Query(ctx, `
		SELECT id, kind, name, address FROM resources WHERE collectivity = $1 AND (address IN `+listed+` OR id IN `+named+`)`, args...)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (r Resource, err error) {
		return r, rows.Scan(&r.ID, &r.Kind, &r.Name, &r.Address)
	})
	if err != nil || len(found) == 0 {
		return byAddress, byID, wrap(err, "find what is invited")
	}
	words, err := s.wordsFor(ctx, from, collectivity)
	if err != nil {
		return nil, nil, wrap(err, "find what is invited")
	}
	for _, one := range found {
		named := Named{one.ID, one.Kind, one.Name, words.zone, words.idle}
		if one.Address != "" && slices.Contains(addresses, one.Address) {
			byAddress[one.Address] = named
		}
		if slices.Contains(ids, one.ID) {
			byID[one.ID] = named
		}
	}
	return byAddress, byID, nil
}

// Time is when a resource is taken, half-open, in UTC.
type Time struct{ From, To time.Time }

// takenDuring selects the bookings of some resources r, by a condition, between two instants, $2 and $3, by the index
// of their ends. What is booked later costs nothing: bookings of a resource don't overlap, so that but one of those
// that end later can begin before; and twins, which may overlap, are few. CROSS tells SQLite to begin with resources, and
// the plus to look for twins among twins: by the index of ends it would read all that is booked later.
func takenDuring(some string) string {
	const columns = `b.collectivity, b.resource, b.event, b.recurrence, b.starts, b.ends, b.holder, b.uid, b.pending`
	return `
		WITH chosen AS (SELECT r.id FROM resources r WHERE r.collectivity = $1 AND ` + some + `)
		SELECT ` + columns + ` FROM chosen CROSS JOIN bookings b
		WHERE b.collectivity = $1 AND b.resource = chosen.id AND b.ends > $2 AND b.ends <= $3
		UNION ALL SELECT * FROM (
			SELECT ` + columns + ` FROM (
				SELECT chosen.id, (SELECT MIN(n.ends) FROM bookings n WHERE n.collectivity = $1 AND n.resource = chosen.id AND n.ends > $3) AS ends FROM chosen) later
			CROSS JOIN bookings b
			WHERE b.collectivity = $1 AND b.resource = later.id AND b.ends = later.ends AND b.starts < $3
			UNION SELECT ` + columns + ` FROM chosen CROSS JOIN bookings b
			WHERE b.collectivity = $1 AND b.resource = chosen.id AND b.twin AND +b.ends > $3 AND b.starts < $3) over`
}

// Taken tells when some resources of a collectivity are taken between two instants, each sorted and cut
// to them; nothing of what for. An event, by its UID, is not counted.
func (s *Store) Taken(ctx context.Context, collectivity portal.CollectivityID, resources []ResourceID, from, until time.Time, but string) (map[ResourceID][]Time, error) {
	list, args := database.Among([]any{string(collectivity), database.Millis(from), database.Millis(until), but}, resources)
	rows, err := s.db.Query(ctx, `SELECT b.resource, b.starts, b.ends FROM (`+takenDuring(`r.id IN `+list)+`) b WHERE b.uid <> $4 ORDER BY 1, 2, 3`, args...)
	taken := map[ResourceID][]Time{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var b booked
		err = rows.Scan(&b.resource, &b.starts, &b.ends)
		one := Time{time.UnixMilli(max(b.starts, database.Millis(from))).UTC(), time.UnixMilli(min(b.ends, database.Millis(until))).UTC()}
		taken[b.resource] = append(taken[b.resource], one)
		return none, err
	})
	return taken, wrap(err, "when resources are taken")
}

// TakenFor is Taken of the resources that a caller sees: each of them is in the answer, and none else.
func (s *Store) TakenFor(ctx context.Context, caller portal.Caller, resources []ResourceID, from, until time.Time, but string) (map[ResourceID][]Time, error) {
	hidden, err := s.hidden(ctx, caller)
	if err != nil {
		return nil, wrap(err, "when resources are taken")
	}
	seen := slices.DeleteFunc(slices.Clone(resources), func(id ResourceID) bool { return hidden[id] })
	taken, err := s.Taken(ctx, caller.Collectivity, seen, from, until, but)
	for _, id := range seen {
		if _, has := taken[id]; !has && err == nil {
			taken[id] = nil
		}
	}
	return taken, err
}

// Held is an event that has booked something, and in whose calendar it is.
type Held struct {
	Event  string
	Holder portal.AgentID
	Again  []ResourceID // that declined, and are asked again
}

// Due lists the events of series that are not booked until an instant though they go on, and those that
// have booked what was withdrawn since; those of which a request was answered that they don't know of, or that
// nobody answered in time.
func (s *Store) Due(ctx context.Context, collectivity portal.CollectivityID, until time.Time) ([]Held, error) {
	rows, err := s.db.Query(ctx, `
		SELECT event, holder FROM bookings WHERE collectivity = $1 AND goes_on AND starts < $2
		UNION SELECT q.event, q.holder FROM booking_requests q JOIN resources r ON r.collectivity = $1 AND r.id = q.resource
		WHERE q.collectivity = $1 AND q.event NOT LIKE 'loan-%' AND (q.state = 'waiting' AND (NOT r.approval OR NOT EXISTS (
			SELECT 1 FROM bookings b WHERE b.collectivity = $1 AND b.event = q.event AND b.resource = q.resource AND b.pending AND b.ends > $3))
			OR q.state IN ('accepted', 'refused') AND NOT q.told)
		UNION SELECT b.event, b.holder FROM bookings b JOIN resources r ON r.collectivity = $1 AND r.id = b.resource
		WHERE b.collectivity = $1 AND b.event NOT LIKE 'loan-%' AND NOT r.active AND b.ends > $3 ORDER BY 1`,
		string(collectivity), database.Millis(until), database.Millis(s.now()))
	due, err := database.Collect(rows, err, func(rows *sql.Rows) (h Held, err error) { return h, rows.Scan(&h.Event, &h.Holder) })
	return due, wrap(err, "list what is due")
}

// Held lists the events that have booked something to come.
func (s *Store) Held(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) ([]string, error) {
	rows, err := from.Query(ctx, `SELECT DISTINCT event FROM bookings WHERE collectivity = $1 AND ends > $2 AND event NOT LIKE 'loan-%' ORDER BY event`,
		string(collectivity), database.Millis(s.now()))
	held, err := database.Collect(rows, err, func(rows *sql.Rows) (event string, err error) { return event, rows.Scan(&event) })
	return held, wrap(err, "list what is held")
}

// Holds says whether an event has booked something to come.
func (s *Store) Holds(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, event string) (holds bool, err error) {
	err = from.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM bookings WHERE collectivity = $1 AND event = $2 AND ends > $3)`,
		string(collectivity), event, database.Millis(s.now())).Scan(&holds)
	return holds, wrap(err, "what an event holds")
}

// HandOver makes an agent the holder of what some events have booked, in the transaction that gives her
// their calendar: what is left in the name of who has gone would go with her.
func (s *Store) HandOver(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, events []string, to portal.AgentID) error {
	for part := range slices.Chunk(events, 4096) {
		list, args := database.Among([]any{string(collectivity), string(to)}, part)
		if err := tx.Write(ctx, `UPDATE bookings SET holder = $2 WHERE collectivity = $1 AND event IN `+list, args...); err != nil {
			return wrap(err, "hand over")
		}
		if err := tx.Write(ctx, `UPDATE booking_requests SET holder = $2 WHERE collectivity = $1 AND event IN `+list, args...); err != nil {
			return wrap(err, "hand over")
		}
	}
	return nil
}

// keptFor is how long one sees when something was taken.
const keptFor = 366 * 24 * time.Hour

// Clean forgets the bookings of a collectivity that are over for a year, those that nobody accepted as soon as
// they are over, the answers that can't be taken back any more, and what vehicles looked like a year ago.
func (s *Store) Clean(ctx context.Context, collectivity portal.CollectivityID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.Write(ctx, `DELETE FROM bookings WHERE collectivity = $1 AND (ends < $2 OR pending AND ends < $3)`,
			string(collectivity), database.Millis(s.now().Add(-keptFor)), database.Millis(s.now()))
		if err == nil { // of conventions that a collectivity did not bring along from another pool
			err = tx.Write(ctx, `DELETE FROM bookings WHERE collectivity = $1 AND event LIKE 'loan-%' AND NOT EXISTS (
				SELECT 1 FROM lending_loans o WHERE o.collectivity = $1 AND o.id = bookings.event)`, string(collectivity))
		}
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM booking_requests WHERE collectivity = $1 AND state <> 'waiting' AND told AND decided < $2`,
				string(collectivity), database.Millis(s.now().Add(-takenBack)))
		}
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM booking_makers WHERE collectivity = $1 AND NOT EXISTS (
				SELECT 1 FROM bookings b WHERE b.collectivity = $1 AND b.event = booking_makers.event)`, string(collectivity))
		}
		if err == nil {
			err = tx.Write(ctx, `
				DELETE FROM vehicle_trip_photos WHERE collectivity = $1 AND trip IN (
					SELECT id FROM vehicle_trips WHERE collectivity = $1 AND back_at > 0 AND back_at < $2 AND (NOT incident OR handled > 0))`,
				string(collectivity), database.Millis(s.now().Add(-keptFor)))
		}
		return err
	})
	return wrap(err, "clean")
}

const ofCollectivity = `
	SELECT r.id, r.kind, r.name, r.place, r.seats, r.address, r.active, r.category, r.description, r.features, r.photo, r.hours, r.holidays_off,
	r.longest, r.ahead, r.notice, r.approval, r.titles_public, r.plate, r.energy, r.odometer, r.inspection, r.insured, r.modified
	FROM resources r WHERE r.collectivity = $1`

func scan(rows *sql.Rows) (r Resource, err error) {
	var modified, longest, notice int64
	var features, hours string
	v := &r.Vehicle
	err = rows.Scan(&r.ID, &r.Kind, &r.Name, &r.Place, &r.Seats, &r.Address, &r.Active, &r.Category, &r.Description, &features, &r.Photo, &hours, &r.HolidaysOff,
		&longest, &r.Ahead, &notice, &r.Approval, &r.TitlesPublic, &v.Plate, &v.Energy, &v.Odometer, &v.Inspection, &v.Insured, &modified)
	if err != nil {
		return r, err
	}
	r.Longest, r.Notice = time.Duration(longest)*time.Minute, time.Duration(notice)*time.Minute
	r.Modified = database.FromMillis(modified)
	if features != "" {
		r.Features = strings.Split(features, "\n")
	}
	r.Hours, err = hoursOf(hours)
	return r, err
}

// Bookable are the resources of the caller's collectivity that are not withdrawn and that she sees, by name.
func (s *Store) Bookable(ctx context.Context, caller portal.Caller) ([]Resource, error) {
	if caller.Agent == "" {
		return nil, fmt.Errorf("booking: list: %w", portal.ErrDenied)
	}
	return s.shownTo(ctx, caller)
}

// shownTo is Bookable also for nobody's agent: what hangs on a wall.
func (s *Store) shownTo(ctx context.Context, caller portal.Caller) ([]Resource, error) {
	all, err := s.active(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	hidden, err := s.hidden(ctx, caller)
	return slices.DeleteFunc(all, func(r Resource) bool { return hidden[r.ID] }), wrap(err, "list")
}

// active are the resources of a collectivity that are not withdrawn, by name.
func (s *Store) active(ctx context.Context, collectivity portal.CollectivityID) ([]Resource, error) {
	rows, err := s.db.Query(ctx, ofCollectivity+` AND r.active`, string(collectivity))
	all, err := database.Collect(rows, err, scan)
	slices.SortFunc(all, byName)
	return all, wrap(err, "list")
}

// hidden are the resources that only some see, of whom the caller is none. Who accepts bookings of one, and
// who administers the collectivity, sees it.
func (s *Store) hidden(ctx context.Context, caller portal.Caller) (map[ResourceID]bool, error) {
	if caller.Can(portal.Admin) {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, `SELECT resource, does, kind, subject FROM resource_people WHERE collectivity = $1`, string(caller.Collectivity))
	hidden, seen := map[ResourceID]bool{}, map[ResourceID]bool{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id ResourceID
		var does string
		var to portal.Subject
		err = rows.Scan(&id, &does, &to.Kind, &to.ID)
		hidden[id] = hidden[id] || does == sees
		seen[id] = seen[id] || caller.Is(to)
		return none, err
	})
	for id := range seen {
		hidden[id] = hidden[id] && !seen[id]
	}
	return hidden, err
}

// What people of resource_people do.
const (
	sees     = "see"
	approves = "approve"
)

func byName(a, b Resource) int {
	if order := i18n.ByName(a.Name, b.Name); order != 0 {
		return order
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

// Find are the bookable resources of the caller's collectivity whose name, place, address, category,
// plate or features hold each word of a text, without regard to accents; at most limit. An empty text finds all.
func (s *Store) Find(ctx context.Context, caller portal.Caller, text string, limit int) ([]Resource, error) {
	all, err := s.Bookable(ctx, caller)
	all = slices.DeleteFunc(all, func(r Resource) bool { return !r.holds(text) })
	return all[:min(limit, len(all))], err
}

// Barred are the resources of a collectivity that only groups may book of which an agent is no member, or that
// only some see of whom she is none.
func (s *Store) Barred(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID) (map[ResourceID]bool, error) {
	rows, err := s.db.Query(ctx, `
		SELECT DISTINCT resource FROM resource_groups WHERE collectivity = $1 AND resource NOT IN (
			SELECT g.resource FROM resource_groups g
			JOIN agent_group_members m ON m.collectivity = $1 AND m.group_id = g.group_id AND m.agent = $2
			WHERE g.collectivity = $1)
		UNION SELECT resource FROM resource_people WHERE collectivity = $1 AND does = 'see' AND resource NOT IN (
			SELECT p.resource FROM resource_people p WHERE p.collectivity = $1 AND (p.kind = 'agent' AND p.subject = $2 OR p.kind = 'group' AND EXISTS (
				SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = p.subject AND m.agent = $2)))`,
		string(collectivity), string(agent))
	barred := map[ResourceID]bool{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (id ResourceID, err error) {
		err = rows.Scan(&id)
		barred[id] = true
		return id, err
	})
	return barred, wrap(err, "what is barred")
}

func (r Resource) holds(text string) bool {
	in := i18n.Fold(strings.Join(append([]string{r.Name, r.Place, r.Address, r.Category, r.Vehicle.Plate}, r.Features...), " "))
	return !slices.ContainsFunc(strings.Fields(i18n.Fold(text)), func(word string) bool { return !strings.Contains(in, word) })
}

func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("booking: %s: %w", doing, err)
}
