package booking

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// lentBy is what one convention lends a caller.
type lentBy struct {
	Lending
	terms     Terms
	resources []Resource // with the rules of the terms
}

// lent is what conventions lend the caller on a day, "2026-12-01", or later: of those that are not over, and that her
// collectivity opens to her. What is withdrawn is left out. Nobody of her collectivity governs it, so that all see it.
func (s *Store) lent(ctx context.Context, caller portal.Caller, at time.Time) (all []lentBy, err error) {
	if caller.Agent == "" {
		return nil, fmt.Errorf("booking: list what is lent: %w", portal.ErrDenied)
	}
	lendings, err := s.lendings(ctx, s.db, caller.Collectivity)
	for _, l := range lendings {
		state := l.State(s.now().In(l.Zone).Format(time.DateOnly))
		if err != nil || l.Side != Borrower || state != LendingRunning && state != LendingToCome || !l.opens(caller) {
			continue
		}
		one := lentBy{Lending: l, terms: l.Current(at.In(l.Zone).Format(time.DateOnly))}
		among, args := database.Among([]any{string(l.Lender)}, one.terms.Resources)
		rows, failed := s.db.Query(ctx, ofCollectivity+` AND r.active AND r.id IN `+among, args...)
		one.resources, err = database.Collect(rows, failed, scan)
		slices.SortFunc(one.resources, byName)
		for i := range one.resources {
			r := &one.resources[i]
			one.terms.bind(r)
			r.LentBy, r.Lending, r.Photo, r.Vehicle = l.LenderName, l.ID, "", VehicleFacts{}
		}
		all = append(all, one)
	}
	return all, wrap(err, "list what is lent")
}

// LentPlan is Plan of what other collectivities lend the caller: of their bookings it tells when, and of those of her
// own colleagues who; what they are for as her colleagues' agendas tell her.
func (s *Store) LentPlan(ctx context.Context, caller portal.Caller, p *i18n.Printer, from, until time.Time) (Plan, error) {
	plan := Plan{Bookings: map[ResourceID][]Booking{}, Shut: map[ResourceID][]Shut{}}
	if until.Sub(from) > longestPlan || !until.After(from) {
		return plan, fmt.Errorf("booking: plan of what is lent: %w", portal.ErrInvalid)
	}
	all, err := s.lent(ctx, caller, from)
	for _, one := range all {
		if err == nil {
			err = s.planLent(ctx, caller, p, one, from, until, &plan)
		}
	}
	return plan, wrap(err, "plan what is lent")
}

func (s *Store) planLent(ctx context.Context, caller portal.Caller, p *i18n.Printer, one lentBy, from, until time.Time, plan *Plan) error {
	ruled, words, err := s.ruled(ctx, portal.Caller{Collectivity: one.Lender}, p, one.resources)
	if err != nil {
		return err
	}
	for i, r := range ruled {
		one.resources[i].Closings = r.Closings
		shut := append(one.outside(p, from, until), r.shut(words, from, until)...)
		if len(shut) > 0 {
			plan.Shut[r.ID] = shut
		}
	}
	plan.Resources = append(plan.Resources, one.resources...)
	found, err := s.bookedLent(ctx, caller, one, from, until)
	maps.Copy(plan.Bookings, found)
	return err
}

// outside are the times between two instants at which a convention does not hold.
func (l Lending) outside(p *i18n.Printer, from, until time.Time) (shut []Shut) {
	why := p.T("booking.lend.outside")
	if first := dayIn(l.First, l.Zone); first.After(from) {
		shut = append(shut, Shut{from, earliest(first, until), why})
	}
	if l.Last != "" {
		if over := dayIn(l.Last, l.Zone).AddDate(0, 0, 1); over.Before(until) {
			shut = append(shut, Shut{latest(over, from), until, why})
		}
	}
	return shut
}

// bookedLent are the bookings of what one convention lends.
func (s *Store) bookedLent(ctx context.Context, caller portal.Caller, one lentBy, from, until time.Time) (map[ResourceID][]Booking, error) {
	reader, err := s.reader(ctx, caller)
	if err != nil {
		return nil, err
	}
	ids := make([]ResourceID, len(one.resources))
	for i, r := range one.resources {
		ids[i] = r.ID
	}
	among, args := database.Among([]any{string(one.Lender), database.Millis(from), database.Millis(until), string(caller.Collectivity)}, ids)
	rows, err := s.db.Query(ctx, `
		SELECT b.resource, b.starts, b.ends, b.pending, COALESCE(t.agent, ''), COALESCE(a.given_name || ' ' || a.family_name, ''), COALESCE(u.name, ''),
			COALESCE(t.title, ''), COALESCE(o.id, ''), COALESCE(o.class, ''), COALESCE(o.calendar, '')
		FROM (`+takenDuring(`r.id IN `+among)+`) b
		LEFT JOIN lending_takers t ON t.collectivity = $4 AND t.loan = b.event
		LEFT JOIN agents a ON a.collectivity = $4 AND a.id = t.agent
		LEFT JOIN units u ON u.collectivity = $4 AND u.id = a.unit
		LEFT JOIN calendar_objects o ON o.collectivity = $4 AND o.id = t.event
		ORDER BY b.resource, b.starts, b.ends`, args...)
	found := map[ResourceID][]Booking{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var b Booking
		var starts, ends int64
		var class, in string
		err = rows.Scan(&b.Resource, &starts, &ends, &b.Pending, &b.Holder, &b.Name, &b.Unit, &b.Title, &b.Event, &class, &in)
		b.Start, b.End, b.Loan = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), true
		b.Mine = b.Holder == caller.Agent && caller.Agent != ""
		if opens := b.Mine || in != "" && reader.Reads(in, class); !opens {
			b.Event, b.Title = "", ""
		}
		found[b.Resource] = append(found[b.Resource], b)
		return none, err
	})
	return found, err
}

// LentFree is Free of what other collectivities lend the caller.
func (s *Store) LentFree(ctx context.Context, caller portal.Caller, p *i18n.Printer, need Need) (found []Found, err error) {
	all, err := s.lent(ctx, caller, need.From)
	for _, one := range all {
		one.resources = slices.DeleteFunc(one.resources, func(r Resource) bool { return !r.has(need) })
		if err != nil || len(one.resources) == 0 {
			continue
		}
		if _, holds := one.On(need.From.In(one.Zone).Format(time.DateOnly)); !holds {
			for _, r := range one.resources {
				found = append(found, Found{Resource: r, Why: p.T("booking.lend.error.day", "lender", one.LenderName)})
			}
			continue
		}
		var some []Found
		some, err = s.findAmong(ctx, portal.Caller{Collectivity: one.Lender}, p, one.resources, need)
		found = append(found, some...)
	}
	return found, err
}

// lentBy is the convention by which a resource is lent to the caller now, and its terms; portal.ErrNotFound.
func (s *Store) lentBy(ctx context.Context, caller portal.Caller, id ResourceID) (Lending, Terms, error) {
	all, err := s.lent(ctx, caller, s.now())
	for _, one := range all {
		if slices.ContainsFunc(one.resources, func(r Resource) bool { return r.ID == id }) {
			return one.Lending, one.terms, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("booking: read what is lent: %w", portal.ErrNotFound)
	}
	return Lending{}, Terms{}, err
}
