package booking

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Slot is an instance of an event, half-open [Start, End). Recurrence tells those of a series apart; it
// is zero for what happens once.
type Slot struct{ Recurrence, Start, End time.Time }

// Wish is what an event asks of one resource.
type Wish struct {
	Resource ResourceID
	Slots    []Slot    // sorted by start
	After    time.Time // the series has more of them after this start; zero: it has not
	// Exceptions is how many slots may be refused alone.
	Exceptions int
}

// Claim is what an event asks of all resources, in place of what it holds.
type Claim struct {
	Collectivity portal.CollectivityID
	Event        string // object of a calendar
	UID          string
	Holder       portal.AgentID // whose rights decide
	Wishes       []Wish
	MaxSlots     int // more asked of one resource, or five times as many of all, are refused
}

// Verdict is what a resource answers to a wish.
type Verdict struct {
	Resource ResourceID
	Why      string // all is refused, for this reason; "" when it is not
	Refused  []Refused
}

// Refused is a slot that a resource does not accept, and why.
type Refused struct {
	Slot
	Why string
}

// booked is a row of bookings.
type booked struct {
	resource                 ResourceID
	recurrence, starts, ends int64
	goesOn                   bool
}

// Decide books what is free in place of all that an event holds to come, and answers every wish in its
// order. What is past stays as it was. Events that want one resource are decided one after the other:
// each writes the row of the resource before it reads who has it, and in the order of their ids, so
// that no two wait for each other.
//
// A series is accepted without the dates on which the resource is taken, which are refused one by one,
// unless they are more than half of its dates or than Exceptions: then all is refused, so that nobody
// keeps a room for what is rather to be moved. Exchange refuses a whole series for one date, Google
// keeps whatever is left of it.
func (s *Store) Decide(ctx context.Context, tx *database.Tx, claim Claim) ([]Verdict, error) {
	verdicts, err := s.decide(ctx, tx, claim)
	if err != nil {
		return nil, fmt.Errorf("booking: decide for %q: %w", claim.Event, err)
	}
	return verdicts, nil
}

func (s *Store) decide(ctx context.Context, tx *database.Tx, claim Claim) ([]Verdict, error) {
	had, err := s.heldBy(ctx, tx, claim)
	if err != nil {
		return nil, err
	}
	turns := slices.Clone(claim.Wishes)
	slices.SortFunc(turns, func(a, b Wish) int { return cmp.Compare(a.Resource, b.Resource) })
	judged := map[ResourceID]Verdict{}
	var words *words
	asked := 0
	for _, wish := range turns {
		if asked += len(wish.Slots); asked > 5*claim.MaxSlots {
			claim.MaxSlots = 0
		}
		if words == nil {
			if words, err = s.wordsFor(ctx, tx, claim.Collectivity); err != nil {
				return nil, err
			}
		}
		verdict, err := s.judge(ctx, tx, claim, wish, had[wish.Resource], words)
		if err != nil {
			return nil, err
		}
		judged[wish.Resource] = verdict
		delete(had, wish.Resource)
	}
	for _, rows := range had { // of resources that it wants no more
		if err := s.drop(ctx, tx, claim, rows); err != nil {
			return nil, err
		}
	}
	verdicts := make([]Verdict, len(claim.Wishes))
	for i, wish := range claim.Wishes {
		verdicts[i] = judged[wish.Resource]
	}
	return verdicts, nil
}

// heldBy is what an event has of each resource, but for what is over.
func (s *Store) heldBy(ctx context.Context, tx *database.Tx, claim Claim) (map[ResourceID][]booked, error) {
	rows, err := tx.Query(ctx, `
		SELECT resource, recurrence, starts, ends, goes_on FROM bookings
		WHERE collectivity = $1 AND event = $2 AND ends > $3`, string(claim.Collectivity), claim.Event, database.Millis(s.now()))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (b booked, err error) {
		return b, rows.Scan(&b.resource, &b.recurrence, &b.starts, &b.ends, &b.goesOn)
	})
	had := map[ResourceID][]booked{}
	for _, one := range all {
		had[one.resource] = append(had[one.resource], one)
	}
	return had, err
}

// standing is a resource as who wants it meets it.
type standing struct{ active, allowed bool }

// turn waits until everybody who wanted a resource before has been answered.
func (s *Store) turn(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID) (is standing, err error) {
	err = tx.QueryRow(ctx, `
		UPDATE resources SET turn = turn + 1 WHERE collectivity = $1 AND id = $2 RETURNING active`,
		string(claim.Collectivity), string(resource)).Scan(&is.active)
	if err != nil {
		return is, err
	}
	err = tx.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT 1 FROM resource_groups g WHERE g.collectivity = $1 AND g.resource = $2) OR EXISTS (
			SELECT 1 FROM resource_groups g
			JOIN agent_group_members m ON m.collectivity = $1 AND m.group_id = g.group_id AND m.agent = $3
			WHERE g.collectivity = $1 AND g.resource = $2)`,
		string(claim.Collectivity), string(resource), string(claim.Holder)).Scan(&is.allowed)
	return is, err
}

// judge answers one wish, and writes what it grants. had is what the event has of the resource already:
// what of it is still wanted is its own.
func (s *Store) judge(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, had []booked, words *words) (Verdict, error) {
	is, err := s.turn(ctx, tx, claim, wish.Resource)
	if err != nil {
		return Verdict{}, err
	}
	var fresh []Slot
	var kept []booked
	for _, slot := range wish.Slots {
		if i := slices.IndexFunc(had, slot.is); i >= 0 {
			kept = append(kept, had[i])
		} else {
			fresh = append(fresh, slot)
		}
	}
	verdict, err := s.answer(ctx, tx, claim, wish, is, fresh, words)
	if err != nil {
		return Verdict{}, err
	}
	if verdict.Why != "" {
		fresh, kept = nil, nil
		if len(had) > 0 {
			verdict.Why += " " + words.givenBack
		}
	}
	return verdict, s.rewrite(ctx, tx, claim, wish, had, kept, free(fresh, verdict.Refused))
}

// answer says which of the slots that an event does not have yet are refused, or that all are.
func (s *Store) answer(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, is standing, fresh []Slot, words *words) (verdict Verdict, err error) {
	verdict.Resource = wish.Resource
	switch {
	case !is.active:
		verdict.Why = words.withdrawn
	case len(wish.Slots) > claim.MaxSlots:
		verdict.Why = words.tooMany
	case len(fresh) == 0: // nothing to decide
	case !is.allowed:
		for _, slot := range fresh {
			verdict.Refused = append(verdict.Refused, Refused{slot, words.barred})
		}
	default:
		verdict.Refused, err = s.taken(ctx, tx, claim, wish.Resource, fresh, words)
	}
	if n := len(verdict.Refused); n > 0 && (n > wish.Exceptions || 2*n > len(wish.Slots)) {
		verdict.Why, verdict.Refused = words.ofAll(verdict.Refused, len(wish.Slots)), nil
	}
	return verdict, err
}

// is says whether a row is a slot, or was by the same times.
func (slot Slot) is(b booked) bool {
	return b.starts == database.Millis(slot.Start) && b.ends == database.Millis(slot.End)
}

// free are the slots that were not refused.
func free(slots []Slot, refused []Refused) []Slot {
	return slices.DeleteFunc(slices.Clone(slots), func(slot Slot) bool {
		return slices.ContainsFunc(refused, func(r Refused) bool { return r.Slot == slot })
	})
}

// taken are the slots that overlap what other events have.
func (s *Store) taken(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID, slots []Slot, words *words) (refused []Refused, err error) {
	last := slots[0].End
	for _, slot := range slots {
		if slot.End.After(last) {
			last = slot.End
		}
	}
	rows, err := tx.Query(ctx, `
		SELECT starts, ends FROM bookings
		WHERE collectivity = $1 AND resource = $2 AND ends > $3 AND starts < $4 AND event <> $5 AND NOT (holder = $6 AND uid = $7)
		ORDER BY starts`,
		string(claim.Collectivity), string(resource), database.Millis(slots[0].Start), database.Millis(last), claim.Event, string(claim.Holder), claim.UID)
	others, err := database.Collect(rows, err, func(rows *sql.Rows) (b booked, err error) { return b, rows.Scan(&b.starts, &b.ends) })
	next := 0 // of others, the first that ends after the slot begins
	for _, slot := range slots {
		for next < len(others) && others[next].ends <= database.Millis(slot.Start) {
			next++
		}
		if next < len(others) && others[next].starts < database.Millis(slot.End) {
			refused = append(refused, Refused{slot, words.takenFrom(others[next])})
		}
	}
	return refused, err
}

// rewrite makes what an event has of a resource what it has now.
func (s *Store) rewrite(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, had, kept []booked, slots []Slot) error {
	gone := slices.DeleteFunc(slices.Clone(had), func(b booked) bool { return slices.Contains(kept, b) })
	if err := s.drop(ctx, tx, claim, gone); err != nil {
		return err
	}
	if len(kept) > 0 {
		err := tx.Write(ctx, `UPDATE bookings SET holder = $4 WHERE collectivity = $1 AND event = $2 AND resource = $3 AND holder <> $4`,
			string(claim.Collectivity), claim.Event, string(wish.Resource), string(claim.Holder))
		if err != nil {
			return err
		}
	}
	has := slices.Clone(kept)
	for _, slot := range slots {
		b := booked{wish.Resource, database.Millis(slot.Recurrence), database.Millis(slot.Start), database.Millis(slot.End), false}
		if err := s.insert(ctx, tx, claim, b); err != nil {
			return err
		}
		has = append(has, b)
	}
	last := lastOf(has, wish.After)
	if last == none && !slices.ContainsFunc(kept, func(b booked) bool { return b.goesOn }) {
		return nil
	}
	return tx.Write(ctx, `
		UPDATE bookings SET goes_on = (starts = $4)
		WHERE collectivity = $1 AND event = $2 AND resource = $3 AND goes_on <> (starts = $4)`,
		string(claim.Collectivity), claim.Event, string(wish.Resource), last)
}

// none is when no booking starts.
const none = math.MinInt64

// lastOf is the start of the row that says how far a series is booked: the last until after, as exceptions
// may be years later, or else the first. none for a series that has no more than its rows.
func lastOf(rows []booked, after time.Time) int64 {
	last, first := int64(none), int64(math.MaxInt64)
	for _, b := range rows {
		if first = min(first, b.starts); b.starts <= database.Millis(after) {
			last = max(last, b.starts)
		}
	}
	switch {
	case after.IsZero() || len(rows) == 0:
		return none
	case last == none:
		return first
	}
	return last
}

func (s *Store) insert(ctx context.Context, tx *database.Tx, claim Claim, b booked) error {
	return tx.Write(ctx, `
		INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE)
		ON CONFLICT (collectivity, resource, event, recurrence, starts) DO UPDATE SET ends = excluded.ends`,
		string(claim.Collectivity), string(b.resource), claim.Event, b.recurrence, b.starts, b.ends, string(claim.Holder), claim.UID)
}

func (s *Store) drop(ctx context.Context, tx *database.Tx, claim Claim, rows []booked) error {
	for _, b := range rows {
		err := tx.Write(ctx, `
			DELETE FROM bookings WHERE collectivity = $1 AND resource = $2 AND event = $3 AND recurrence = $4 AND starts = $5`,
			string(claim.Collectivity), string(b.resource), claim.Event, b.recurrence, b.starts)
		if err != nil {
			return err
		}
	}
	return nil
}

// words are why a resource is refused, as the people of a collectivity read it.
type words struct {
	printer                                     *i18n.Printer
	zone                                        *time.Location
	now                                         time.Time
	withdrawn, barred, tooMany, idle, givenBack string
}

func (s *Store) wordsFor(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (*words, error) {
	var language, zone string
	err := from.QueryRow(ctx, `SELECT language, zone FROM collectivities WHERE id = $1`, string(collectivity)).Scan(&language, &zone)
	if err != nil {
		return nil, err
	}
	p := s.catalogue.Printer(i18n.Language(language))
	w := &words{
		printer: p, zone: zoneOf(zone), withdrawn: p.T("booking.refused.withdrawn"), barred: p.T("booking.refused.barred"),
		tooMany: p.T("booking.refused.many"), idle: p.T("booking.refused.idle"), givenBack: p.T("booking.refused.given-back"),
	}
	w.now = s.now().In(w.zone)
	return w, nil
}

// zoneOf is the zone of a collectivity, Paris when its name is unknown.
func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" {
		zone, _ = time.LoadLocation("Europe/Paris")
	}
	return zone
}

// takenFrom tells when somebody else has a resource, and nothing of who.
func (w *words) takenFrom(b booked) string {
	from, until := time.UnixMilli(b.starts).In(w.zone), time.UnixMilli(b.ends).In(w.zone)
	if isMidnight(from) && isMidnight(until) {
		last := until.AddDate(0, 0, -1)
		if !last.After(from) {
			return w.printer.T("booking.refused.taken.day", "day", w.printer.Date(from, w.now))
		}
		return w.printer.T("booking.refused.taken.whole-days", "day", w.printer.Date(from, w.now), "last", w.printer.Date(last, w.now))
	}
	if from.Format(time.DateOnly) == until.Format(time.DateOnly) {
		return w.printer.T("booking.refused.taken", "day", w.printer.Date(from, w.now), "from", w.printer.Clock(from), "until", w.printer.Clock(until))
	}
	return w.printer.T("booking.refused.taken.days", "day", w.printer.Date(from, w.now), "from", w.printer.Clock(from), "last", w.printer.Date(until, w.now), "until", w.printer.Clock(until))
}

func isMidnight(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 }

// ofAll tells why a whole event is refused, by the first of what is.
func (w *words) ofAll(refused []Refused, dates int) string {
	if dates == 1 || refused[0].Why == w.barred {
		return refused[0].Why
	}
	return w.printer.N("booking.refused.most", len(refused), "dates", dates, "first", refused[0].Why)
}
