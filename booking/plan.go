package booking

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Booking is a time at which a resource is taken, as a caller sees it.
type Booking struct {
	Resource   ResourceID
	Start, End time.Time // UTC
	Pending    bool      // nobody accepted it yet; it holds the time all the same
	Holder     portal.AgentID
	Name       string // of the holder, "Camille Le Goff"; "" when she is there no more
	Unit       string // of the holder, "Voirie"; "" for none
	Mine       bool
	// Event is the object of a calendar, for the page of the event, and Recurrence its instance, zero for what
	// happens once; both are zero where the caller may not read what it is for.
	Event      string
	Recurrence time.Time
	Title      string // of the event, "" where the caller may not read it
	By         string // who made it for its holder, told to both: "Bruno Lhermitte"; "" for the holder
	Loan       bool   // it is lent to another collectivity: Name is "Bourg — Camille Le Goff (Voirie)"
}

// Shut is a time at which a resource can't be booked by its own rules, half-open, in the zone of its
// collectivity.
type Shut struct {
	From, To time.Time
	Why      string // a sentence, "" outside of its hours
}

// Plan is what the resources that a caller sees are booked for.
type Plan struct {
	Resources []Resource // by name; Groups, Seers and Approvers are not filled in
	Bookings  map[ResourceID][]Booking
	Shut      map[ResourceID][]Shut
	Barred    map[ResourceID]bool // the caller may see it, and not book it
	Zone      *time.Location      // of the collectivity
}

// longestPlan bounds what a page shows.
const longestPlan = 62 * 24 * time.Hour

// Plan lists the bookings of all resources that the caller sees and that are not withdrawn, between two
// instants, each resource's by start. Bookings come by one query. What they are for is told to their holder;
// to who may read the holder's event in her agenda; and, of a resource whose titles are public, to everybody
// who sees it, but for what is private.
func (s *Store) Plan(ctx context.Context, caller portal.Caller, p *i18n.Printer, from, until time.Time) (Plan, error) {
	if until.Sub(from) > longestPlan || !until.After(from) {
		return Plan{}, fmt.Errorf("booking: plan from %v to %v: %w", from, until, portal.ErrInvalid)
	}
	all, err := s.Bookable(ctx, caller)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Resources: all, Shut: map[ResourceID][]Shut{}}
	ruled, words, err := s.ruled(ctx, caller, p, plan.Resources)
	if err != nil {
		return Plan{}, wrap(err, "plan")
	}
	plan.Zone = words.zone
	for i, r := range ruled {
		plan.Resources[i].Closings = r.Closings
		if shut := r.shut(words, from, until); len(shut) > 0 {
			plan.Shut[r.ID] = shut
		}
	}
	if plan.Bookings, err = s.booked(ctx, caller, plan.Resources, from, until); err != nil {
		return Plan{}, wrap(err, "plan")
	}
	plan.Barred, err = s.Barred(ctx, caller.Collectivity, caller.Agent)
	return plan, err
}

// Wall is what hangs on a wall between two instants: the resources that everybody sees, or a group of the caller's, each
// with its bookings by start. The caller is nobody's agent, and is told public titles alone.
func (s *Store) Wall(ctx context.Context, caller portal.Caller, from, until time.Time) ([]Resource, map[ResourceID][]Booking, error) {
	all, err := s.shownTo(ctx, caller)
	if err != nil {
		return nil, nil, err
	}
	caller.AtKiosk = true
	taken, err := s.booked(ctx, caller, all, from, until)
	return all, taken, wrap(err, "show a wall")
}

// ruled are resources with all that decides when they are booked, in their order.
func (s *Store) ruled(ctx context.Context, caller portal.Caller, p *i18n.Printer, resources []Resource) ([]rules, *words, error) {
	words, err := s.wordsFor(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, nil, err
	}
	if p != nil {
		words.printer = p
	}
	closings, err := s.closings(ctx, s.db, caller.Collectivity, "")
	if err != nil {
		return nil, nil, err
	}
	holidays, err := s.holidaysOf(ctx, s.db, caller.Collectivity)
	all := make([]rules, len(resources))
	for i, r := range resources {
		r.Closings = closings[r.ID]
		all[i] = rules{r, holidays, words.zone, words.now}
	}
	return all, words, err
}

// shut are the times between two instants at which the rules of a resource let nobody have it: days on which
// it is closed, and what is outside of its hours.
func (r rules) shut(words *words, from, until time.Time) (all []Shut) {
	add := func(start, end time.Time, why string) {
		start, end = latest(start, from), earliest(end, until)
		if last := len(all) - 1; last >= 0 && all[last].To.Equal(start) && all[last].Why == why && end.After(start) {
			all[last].To = end
		} else if end.After(start) {
			all = append(all, Shut{start, end, why})
		}
	}
	from, until = from.In(r.zone), until.In(r.zone)
	for day := midnight(from); day.Before(until); day = day.AddDate(0, 0, 1) {
		next := day.AddDate(0, 0, 1)
		if closed := r.closedOn(day); closed != nil {
			add(day, next, words.say(*closed, r.Resource))
			continue
		}
		if r.Hours.Always() {
			continue
		}
		opens := day
		for _, one := range r.Hours[day.Weekday()] {
			add(opens, atMinute(day, one.From), "")
			opens = atMinute(day, one.Until)
		}
		add(opens, next, "")
	}
	return all
}

// atMinute is a time of a day by its clock.
func atMinute(day time.Time, minutes int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, minutes, 0, 0, day.Location())
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Need is what somebody looks for.
type Need struct {
	From, To time.Time
	Kind     Kind     // "" for any
	Category string   // "" for any
	Seats    int      // at least
	Features []string // all of them, without regard to accents and capitals
	Text     string   // each word in its name, place, category or features
}

// Found is a resource that has what is needed.
type Found struct {
	Resource
	Free bool
	Why  string      // it can't be had then: a sentence
	Next []time.Time // when it can be had next for as long, at most three; not filled in where it is free
}

// searched is how far ahead one looks for another time.
const searched = 14 * 24 * time.Hour

// Free finds what the caller may book that has what is needed: first what is free then, the one with the
// fewest seats first; then the others, with the next times at which each is. A need without a length is
// portal.ErrInvalid.
func (s *Store) Free(ctx context.Context, caller portal.Caller, p *i18n.Printer, need Need) ([]Found, error) {
	length := need.To.Sub(need.From)
	if length <= 0 || length > maxLongest {
		return nil, fmt.Errorf("booking: find from %v to %v: %w", need.From, need.To, portal.ErrInvalid)
	}
	all, err := s.candidates(ctx, caller, need)
	if err != nil {
		return nil, err
	}
	found, err := s.findAmong(ctx, caller, p, all, need)
	slices.SortStableFunc(found, byFree)
	return found, err
}

// findAmong says of each of some resources of the caller's collectivity whether it is free then.
func (s *Store) findAmong(ctx context.Context, caller portal.Caller, p *i18n.Printer, all []Resource, need Need) ([]Found, error) {
	ruled, words, err := s.ruled(ctx, caller, p, all)
	if err != nil {
		return nil, wrap(err, "find")
	}
	taken, err := s.Taken(ctx, caller.Collectivity, idsOf(all), need.From, need.To.Add(searched), "")
	if err != nil {
		return nil, err
	}
	found := make([]Found, len(ruled))
	for i, r := range ruled {
		found[i] = r.find(words, taken[r.ID], need.From, need.To.Sub(need.From))
	}
	return found, nil
}

// byFree sorts what is free first, by seats; then the rest by when it is free next.
func byFree(a, b Found) int {
	switch {
	case a.Free != b.Free:
		return boolToInt(b.Free) - boolToInt(a.Free)
	case a.Free:
		return a.Seats - b.Seats
	case len(a.Next) == 0 || len(b.Next) == 0:
		return len(b.Next) - len(a.Next)
	}
	return a.Next[0].Compare(b.Next[0])
}

// Broken tells, for each of some resources whose rules refuse a time, why.
func (s *Store) Broken(ctx context.Context, caller portal.Caller, resources []ResourceID, start, end time.Time) (map[ResourceID]string, error) {
	among, args := database.Among([]any{string(caller.Collectivity)}, resources)
	rows, err := s.db.Query(ctx, ofCollectivity+` AND r.id IN `+among, args...)
	all, err := database.Collect(rows, err, scan)
	why := map[ResourceID]string{}
	if err != nil {
		return nil, wrap(err, "ask rules")
	}
	ruled, words, err := s.ruled(ctx, caller, nil, all)
	for _, r := range ruled {
		if broken := r.broken(Slot{Start: start, End: end}); broken != nil {
			why[r.ID] = words.say(*broken, r.Resource)
		}
	}
	return why, wrap(err, "ask rules")
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// has says whether a resource is what is needed, whenever.
func (r Resource) has(need Need) bool {
	if need.Kind != "" && r.Kind != need.Kind || need.Category != "" && r.Category != need.Category || r.Seats < need.Seats || !r.holds(need.Text) {
		return false
	}
	return !slices.ContainsFunc(need.Features, func(one string) bool {
		return !slices.ContainsFunc(r.Features, func(has string) bool { return i18n.Fold(has) == i18n.Fold(one) })
	})
}

// find says whether a resource can be had from an instant on, or when it can be next: when somebody gives it
// back, or when it opens.
func (r rules) find(words *words, taken []Time, from time.Time, length time.Duration) Found {
	found := Found{Resource: r.Resource}
	if found.Why = r.refuses(words, taken, Slot{Start: from, End: from.Add(length)}); found.Why == "" {
		found.Free = true
		return found
	}
	var begins []time.Time
	for _, one := range taken {
		begins = append(begins, one.To)
	}
	if r.Notice > 0 {
		begins = append(begins, quarterAfter(r.now.Add(r.Notice)))
	}
	for day := midnight(from.In(r.zone)); day.Before(from.Add(searched)); day = day.AddDate(0, 0, 1) {
		for _, one := range r.Hours[day.Weekday()] {
			begins = append(begins, atMinute(day, one.From))
		}
		begins = append(begins, atMinute(day, minuteOf(from.In(r.zone)))) // the same hour of another day
	}
	slices.SortFunc(begins, time.Time.Compare)
	begins = slices.CompactFunc(begins, time.Time.Equal)
	for _, begin := range begins {
		if len(found.Next) == 3 {
			break
		}
		if last := len(found.Next) - 1; last >= 0 && begin.Before(found.Next[last].Add(length)) {
			continue
		}
		if begin.After(from) && !begin.Before(r.now) && r.refuses(words, taken, Slot{Start: begin, End: begin.Add(length)}) == "" {
			found.Next = append(found.Next, begin.In(r.zone))
		}
	}
	return found
}

func quarterAfter(t time.Time) time.Time {
	const quarter = 15 * time.Minute
	return t.Truncate(quarter).Add(quarter)
}

// refuses tells why a resource can't be had at a time, "" when it can.
func (r rules) refuses(words *words, taken []Time, slot Slot) string {
	if broken := r.broken(slot); broken != nil {
		return words.say(*broken, r.Resource)
	}
	for _, one := range taken {
		if one.From.Before(slot.End) && one.To.After(slot.Start) {
			return words.takenFrom(booked{starts: database.Millis(one.From), ends: database.Millis(one.To)})
		}
	}
	return ""
}

// FreeTimes are when a resource of the plan can be had between two instants, by its rules and by what is booked: those
// that have begun are left out.
func (p Plan) FreeTimes(id ResourceID, from, until time.Time) (free []Time) {
	var taken []Time
	for _, one := range p.Bookings[id] {
		taken = append(taken, Time{one.Start, one.End})
	}
	for _, one := range p.Shut[id] {
		taken = append(taken, Time{one.From, one.To})
	}
	slices.SortFunc(taken, func(a, b Time) int { return a.From.Compare(b.From) })
	at := from
	for _, one := range append(taken, Time{until, until}) {
		if one.From.After(at) {
			free = append(free, Time{at.UTC(), earliest(one.From, until).UTC()})
		}
		at = latest(at, one.To)
	}
	return free
}

// Own is a booking of the caller's.
type Own struct {
	Booking
	Resource Resource // ID, Kind, Name, Place and Vehicle but its plate
}

// maxOwn bounds how many bookings of her own one reads.
const maxOwn = 500

// Mine lists the caller's bookings to come, by start.
func (s *Store) Mine(ctx context.Context, caller portal.Caller) ([]Own, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, ofOwn+` AND b.ends > $3 ORDER BY b.starts, r.name, b.event LIMIT 0 + $4`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now()), maxOwn)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Own, error) { return scanOwn(rows.Scan, caller) })
	return all, wrap(err, "list her bookings")
}

// OwnOf is the first date for which an event of the caller's holds a resource; portal.ErrNotFound.
func (s *Store) OwnOf(ctx context.Context, caller portal.Caller, event string) (Own, error) {
	own, err := scanOwn(s.db.QueryRow(ctx, ofOwn+` AND b.event = $3 ORDER BY b.starts LIMIT 1`, string(caller.Collectivity), string(caller.Agent), event).Scan, caller)
	return own, wrap(err, "read her booking")
}

const ofOwn = `
	SELECT r.id, r.kind, r.name, r.place, r.energy, r.odometer, r.inspection, r.insured, b.starts, b.ends, b.pending, b.event, b.recurrence,
		COALESCE(o.summary, ''), COALESCE(f.given_name || ' ' || f.family_name, '')
	FROM bookings b JOIN resources r ON r.collectivity = $1 AND r.id = b.resource
	LEFT JOIN calendar_objects o ON o.collectivity = $1 AND o.id = b.event
	LEFT JOIN booking_makers m ON m.collectivity = $1 AND m.event = b.event AND m.holder = b.holder
	LEFT JOIN agents f ON f.collectivity = $1 AND f.id = m.maker
	WHERE b.collectivity = $1 AND b.holder = $2`

func scanOwn(scan func(...any) error, caller portal.Caller) (o Own, err error) {
	var starts, ends, recurrence int64
	v := &o.Resource.Vehicle
	err = scan(&o.Resource.ID, &o.Resource.Kind, &o.Resource.Name, &o.Resource.Place, &v.Energy, &v.Odometer, &v.Inspection, &v.Insured, &starts, &ends, &o.Pending,
		&o.Event, &recurrence, &o.Title, &o.By)
	o.Booking.Resource, o.Holder, o.Booking.Mine = o.Resource.ID, caller.Agent, true
	o.Start, o.End, o.Recurrence = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), database.FromMillis(recurrence)
	return o, err
}
