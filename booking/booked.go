package booking

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// reader is what the caller may read of events: nothing of others at a kiosk.
func (s *Store) reader(ctx context.Context, caller portal.Caller) (Reader, error) {
	if s.titles == nil || caller.AtKiosk {
		return Reader{Reads: func(string, string) bool { return false }}, nil
	}
	return s.titles(ctx, caller)
}

// booked are the bookings of some resources between two instants, each resource's by start. They come from the index
// alone; who has them, and what those are for that the caller is told of, is read once for all: a row joined with both
// costs four times as much, and a page of a hundred resources has thousands.
func (s *Store) booked(ctx context.Context, caller portal.Caller, resources []Resource, from, until time.Time) (map[ResourceID][]Booking, error) {
	reader, err := s.reader(ctx, caller)
	if err != nil {
		return nil, err
	}
	public := make(map[ResourceID]bool, len(resources))
	for _, r := range resources {
		public[r.ID] = r.TitlesPublic
	}
	rows, err := s.db.Query(ctx, `
		SELECT b.resource, b.starts, b.ends, b.pending, b.holder, b.event, b.recurrence FROM (`+takenDuring(`r.active`)+`) b
		ORDER BY b.resource, b.starts, b.ends`, string(caller.Collectivity), database.Millis(from), database.Millis(until))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (b Booking, err error) {
		var starts, ends, recurrence int64
		err = rows.Scan(&b.Resource, &starts, &ends, &b.Pending, &b.Holder, &b.Event, &recurrence)
		b.Start, b.End, b.Recurrence = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), database.FromMillis(recurrence)
		b.Mine, b.Loan = b.Holder == caller.Agent && caller.Agent != "", isLoan(b.Event)
		return b, err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(b Booking) bool { _, seen := public[b.Resource]; return !seen })
	if err := s.nameHolders(ctx, caller.Collectivity, all); err != nil {
		return nil, err
	}
	if err := s.nameMakers(ctx, caller, all); err != nil {
		return nil, err
	}
	told, err := s.toldOf(ctx, caller.Collectivity, all, func(b Booking) bool { return b.Mine || public[b.Resource] || reader.Owners[b.Holder] })
	found := make(map[ResourceID][]Booking, len(resources))
	for _, b := range all {
		of := told[b.Event]
		opens := b.Mine || reader.Reads(of.calendar, of.class)
		if opens || public[b.Resource] && of.class == "PUBLIC" {
			b.Title = of.summary
		}
		if !opens || caller.AtKiosk { // no page of an event opens there
			b.Event, b.Recurrence = "", time.Time{}
		}
		found[b.Resource] = append(found[b.Resource], b)
	}
	return found, err
}

// atOnce is how many ids one query asks about.
const atOnce = 4096

// distinct are the values that some bookings have, each once, in parts of atOnce.
func distinct[T ~string](all []Booking, of func(Booking) T) (parts [][]T) {
	var values []T
	for _, b := range all {
		if value := of(b); value != "" {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Collect(slices.Chunk(slices.Compact(values), atOnce))
}

// nameHolders fills in who has bookings: an agent, or who of another collectivity has a loan.
func (s *Store) nameHolders(ctx context.Context, collectivity portal.CollectivityID, all []Booking) error {
	type holder struct{ name, unit string }
	names := map[string]holder{}
	read := func(query string, ids []string) error {
		among, args := database.Among([]any{string(collectivity)}, ids)
		rows, err := s.db.Query(ctx, query+among, args...)
		_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
			var id string
			var one holder
			err = rows.Scan(&id, &one.name, &one.unit)
			names[id] = one
			return none, err
		})
		return err
	}
	for _, ids := range distinct(all, func(b Booking) string { return string(b.Holder) }) {
		err := read(`SELECT a.id, a.given_name || ' ' || a.family_name, COALESCE(u.name, '') FROM agents a
			LEFT JOIN units u ON u.collectivity = $1 AND u.id = a.unit WHERE a.collectivity = $1 AND a.id IN `, ids)
		if err != nil {
			return err
		}
	}
	loan := func(b Booking) string {
		if b.Loan {
			return b.Event
		}
		return ""
	}
	for _, ids := range distinct(all, loan) {
		if err := read(`SELECT o.id, `+borrowerOf+`, '' FROM lending_loans o `+withBorrower+` WHERE o.collectivity = $1 AND o.id IN `, ids); err != nil {
			return err
		}
	}
	for i := range all {
		who := names[string(all[i].Holder)]
		if all[i].Loan {
			who = names[all[i].Event]
		}
		all[i].Name, all[i].Unit = who.name, who.unit
	}
	return nil
}

// nameMakers fills in who made a booking for its holder, where the caller is one of both.
func (s *Store) nameMakers(ctx context.Context, caller portal.Caller, all []Booking) error {
	if caller.Agent == "" {
		return nil
	}
	mine := func(b Booking) string {
		if b.Mine {
			return b.Event
		}
		return ""
	}
	type made struct {
		event  string
		holder portal.AgentID
	}
	makers := map[made]string{}
	read := func(which string, args []any) error {
		rows, err := s.db.Query(ctx, `
			SELECT m.event, m.holder, COALESCE(f.given_name || ' ' || f.family_name, '') FROM booking_makers m
			LEFT JOIN agents f ON f.collectivity = $1 AND f.id = m.maker WHERE m.collectivity = $1 AND `+which, args...)
		_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
			var one made
			var name string
			err = rows.Scan(&one.event, &one.holder, &name)
			makers[one] = name
			return none, err
		})
		return err
	}
	own := []any{string(caller.Collectivity), string(caller.Agent)}
	if err := read(`m.maker = $2`, own); err != nil {
		return err
	}
	for _, ids := range distinct(all, mine) {
		among, args := database.Among(own, ids)
		if err := read(`m.holder = $2 AND m.event IN `+among, args); err != nil {
			return err
		}
	}
	for i := range all {
		all[i].By = makers[made{all[i].Event, all[i].Holder}]
	}
	return nil
}

// event is what an event is called, and where it is.
type event struct{ summary, class, calendar string }

// toldOf are the events of some bookings, by their ids: of those alone that may be told to the caller.
func (s *Store) toldOf(ctx context.Context, collectivity portal.CollectivityID, all []Booking, may func(Booking) bool) (map[string]event, error) {
	told := map[string]event{}
	id := func(b Booking) string {
		if may(b) {
			return b.Event
		}
		return ""
	}
	for _, ids := range distinct(all, id) {
		among, args := database.Among([]any{string(collectivity)}, ids)
		rows, err := s.db.Query(ctx, `SELECT o.id, o.summary, o.class, o.calendar FROM calendar_objects o WHERE o.collectivity = $1 AND o.id IN `+among, args...)
		_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
			var id string
			var one event
			err = rows.Scan(&id, &one.summary, &one.class, &one.calendar)
			told[id] = one
			return none, err
		})
		if err != nil {
			return nil, err
		}
	}
	return told, nil
}
