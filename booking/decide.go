package booking

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
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
	MaxSlots     int     // more asked of one resource, or five times as many of all, are refused
	lent         *limits // it is a loan to another collectivity, by its convention; nil for the collectivity's own
}

// Verdict is what a resource answers to a wish.
type Verdict struct {
	Resource ResourceID
	Why      string // all is refused, for this reason; "" when it is not
	Refused  []Refused
	// Waiting are the slots that it holds until somebody accepts them, and Wait says so.
	Waiting []Slot
	Wait    string
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
	goesOn, pending          bool
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
	before := maps.Clone(had)
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
			if claim.lent != nil {
				words.speak(claim.lent.words)
			}
		}
		verdict, err := s.judge(ctx, tx, claim, wish, had[wish.Resource], words)
		if err != nil {
			return nil, err
		}
		judged[wish.Resource] = verdict
		delete(had, wish.Resource)
	}
	for resource, rows := range had { // of resources that it wants no more
		if err := s.drop(ctx, tx, claim, rows); err != nil {
			return nil, err
		}
		if err := s.keepRequest(ctx, tx, claim, resource, nil, false); err != nil {
			return nil, err
		}
	}
	if err := s.offerFreed(ctx, tx, claim.Collectivity, before, words); err != nil {
		return nil, err
	}
	if err := s.trace(ctx, tx, claim); err != nil {
		return nil, err
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
		SELECT resource, recurrence, starts, ends, goes_on, pending FROM bookings
		WHERE collectivity = $1 AND event = $2 AND ends > $3`, string(claim.Collectivity), claim.Event, database.Millis(s.now()))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (b booked, err error) {
		return b, rows.Scan(&b.resource, &b.recurrence, &b.starts, &b.ends, &b.goesOn, &b.pending)
	})
	had := map[ResourceID][]booked{}
	for _, one := range all {
		had[one.resource] = append(had[one.resource], one)
	}
	return had, err
}

// standing is a resource as who wants it meets it.
type standing struct {
	rules
	closes    bool // it has closed days
	allowed   bool // she may book it
	approving bool // she accepts its bookings herself
}

// turn waits until everybody who wanted a resource before has been answered.
func (s *Store) turn(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID) (is standing, err error) {
	var hours string
	var longest, notice int64
	err = tx.QueryRow(ctx, `
		UPDATE resources SET turn = turn + 1 WHERE collectivity = $1 AND id = $2
		RETURNING active, kind, hours, holidays_off, longest, ahead, notice, approval,
			EXISTS (SELECT 1 FROM resource_closings c WHERE c.collectivity = $1 AND c.resource = $2)`,
		string(claim.Collectivity), string(resource)).
		Scan(&is.Active, &is.Kind, &hours, &is.HolidaysOff, &longest, &is.Ahead, &notice, &is.Approval, &is.closes)
	if err != nil {
		return is, err
	}
	is.ID, is.Longest, is.Notice = resource, time.Duration(longest)*time.Minute, time.Duration(notice)*time.Minute
	if is.Hours, err = hoursOf(hours); err != nil {
		return is, err
	}
	if claim.lent != nil { // the convention says who may, and her collectivity
		claim.lent.bind(&is.Resource)
		is.allowed = true
		return is, nil
	}
	is.allowed, is.approving, err = s.mayBook(ctx, tx, claim.Collectivity, resource, claim.Holder)
	return is, err
}

// mayBook says whether an agent may book a resource: she is in one of its groups, if it has some, and sees it.
// approving: she accepts its bookings.
func (s *Store) mayBook(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, resource ResourceID, agent portal.AgentID) (allowed, approving bool, err error) {
	var barred, hides, seen bool
	err = from.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM resource_groups g WHERE g.collectivity = $1 AND g.resource = $2) AND NOT EXISTS (
				SELECT 1 FROM resource_groups g
				JOIN agent_group_members m ON m.collectivity = $1 AND m.group_id = g.group_id AND m.agent = $3
				WHERE g.collectivity = $1 AND g.resource = $2),
			EXISTS (SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = $2 AND p.does = 'see'),
			EXISTS (SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = $2 AND `+isHer+`),
			EXISTS (SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = $2 AND p.does = 'approve' AND `+isHer+`)`,
		string(collectivity), string(resource), string(agent)).Scan(&barred, &hides, &seen, &approving)
	return !barred && (!hides || seen), approving, err
}

// isHer says whether a row of resource_people names an agent, $3, or a group of hers.
const isHer = `(p.kind = 'agent' AND p.subject = $3 OR p.kind = 'group' AND EXISTS (
	SELECT 1 FROM agent_group_members m WHERE m.collectivity = $1 AND m.group_id = p.subject AND m.agent = $3))`

// judge answers one wish, and writes what it grants. had is what the event has of the resource already:
// what of it is still wanted is its own.
func (s *Store) judge(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, had []booked, words *words) (Verdict, error) {
	is, err := s.turn(ctx, tx, claim, wish.Resource)
	if err != nil {
		return Verdict{}, err
	}
	asked, err := s.requestOf(ctx, tx, claim, wish.Resource)
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
	verdict, twins, err := s.answer(ctx, tx, claim, wish, is, asked, fresh, kept, words)
	if err != nil {
		return Verdict{}, err
	}
	if verdict.Why != "" {
		fresh, kept = nil, nil
		if len(had) > 0 && !asked.answers() {
			verdict.Why += " " + words.givenBack
		}
	}
	kept = slices.DeleteFunc(kept, func(b booked) bool {
		return slices.ContainsFunc(verdict.Refused, func(r Refused) bool { return r.Slot.is(b) })
	})
	waits := is.Approval && !is.approving
	has, err := s.rewrite(ctx, tx, claim, wish, had, kept, free(fresh, verdict.Refused), waits)
	if err != nil {
		return Verdict{}, err
	}
	if twins {
		if err := s.markTwins(ctx, tx, claim, wish.Resource); err != nil {
			return Verdict{}, err
		}
	}
	for _, slot := range wish.Slots {
		if slices.ContainsFunc(has, func(b booked) bool { return b.pending && slot.is(b) }) {
			verdict.Waiting, verdict.Wait = append(verdict.Waiting, slot), words.waiting
		}
	}
	return verdict, s.keepRequest(ctx, tx, claim, wish.Resource, has, len(fresh) > 0)
}

// answer says which of the slots are refused, or that all are: of those that an event does not have yet, and of
// those that somebody refused since. twins: some overlap what another object of the same holder and UID has.
func (s *Store) answer(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, is standing, asked request, fresh []Slot, kept []booked, words *words) (verdict Verdict, twins bool, err error) {
	verdict.Resource = wish.Resource
	most := "booking.refused.some"
	switch {
	case !is.Active:
		verdict.Why = words.withdrawn
	case len(wish.Slots) > claim.MaxSlots:
		verdict.Why = words.tooMany
	case len(wish.Slots) == 0 && asked.state == Waiting:
		verdict.Why = words.lapsed
	case len(fresh) == 0 && asked.answers() && asked.state == RefusedByHer:
		for _, slot := range wish.Slots {
			if slices.ContainsFunc(kept, func(b booked) bool { return b.pending && slot.is(b) }) {
				verdict.Refused = append(verdict.Refused, Refused{slot, words.refusedFor(asked.reason)})
			}
		}
		if len(verdict.Refused) == len(wish.Slots) && len(wish.Slots) > 0 {
			verdict.Why, verdict.Refused = verdict.Refused[0].Why, nil
			return verdict, false, nil
		}
	case len(fresh) == 0: // nothing to decide
	case !is.allowed:
		for _, slot := range fresh {
			verdict.Refused = append(verdict.Refused, Refused{slot, words.barred})
		}
	default:
		var ruled []Refused
		if ruled, err = s.ruledOut(ctx, tx, claim, is, fresh, words); err != nil {
			return verdict, false, err
		}
		rest := free(fresh, ruled)
		if verdict.Refused, twins, err = s.taken(ctx, tx, claim, wish.Resource, rest, words); err != nil {
			return verdict, false, err
		}
		if len(ruled) == 0 {
			most = "booking.refused.most"
		}
		verdict.Refused = append(verdict.Refused, ruled...)
		slices.SortStableFunc(verdict.Refused, func(a, b Refused) int { return a.Start.Compare(b.Start) })
	}
	if n := len(verdict.Refused); n > 0 && (n > wish.Exceptions || 2*n > len(wish.Slots)) {
		verdict.Why, verdict.Refused = words.ofAll(most, verdict.Refused, len(wish.Slots)), nil
	}
	return verdict, twins, nil
}

// ruledOut are the slots that the rules of a resource refuse.
func (s *Store) ruledOut(ctx context.Context, tx *database.Tx, claim Claim, is standing, slots []Slot, words *words) (refused []Refused, err error) {
	is.zone, is.now = words.zone, words.now
	if is.closes {
		closings, err := s.closings(ctx, tx, claim.Collectivity, is.ID)
		if err != nil {
			return nil, err
		}
		is.Closings = closings[is.ID]
	}
	if is.HolidaysOff {
		if is.holidays, err = s.holidaysOf(ctx, tx, claim.Collectivity); err != nil {
			return nil, err
		}
	}
	for _, slot := range slots {
		if broken := is.broken(slot); broken != nil {
			refused = append(refused, Refused{slot, words.say(*broken, is.Resource)})
		}
	}
	return refused, nil
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

// taken are the slots that overlap what other events have, or what is kept for somebody who waited. What another
// object of the same holder and UID has is no hindrance: a client that moves an object has it twice for a while.
func (s *Store) taken(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID, slots []Slot, words *words) (refused []Refused, twins bool, err error) {
	if len(slots) == 0 {
		return nil, false, nil
	}
	last := slots[0].End
	for _, slot := range slots {
		if slot.End.After(last) {
			last = slot.End
		}
	}
	rows, err := tx.Query(ctx, `
		SELECT starts, ends, holder = $6 AND uid = $7, CAST(0 AS BIGINT) FROM bookings
		WHERE collectivity = $1 AND resource = $2 AND ends > $3 AND starts < $4 AND event <> $5
		UNION ALL SELECT starts, ends, FALSE, until FROM booking_waits
		WHERE collectivity = $1 AND resource = $2 AND ends > $3 AND starts < $4 AND until > $8 AND agent <> $6
		ORDER BY 1`,
		string(claim.Collectivity), string(resource), database.Millis(slots[0].Start), database.Millis(last), claim.Event, string(claim.Holder), claim.UID,
		database.Millis(words.now))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (o other, err error) { return o, rows.Scan(&o.starts, &o.ends, &o.own, &o.until) })
	if err != nil {
		return nil, false, err
	}
	own, others := apart(all)
	for _, slot := range slots {
		twins = twins || slices.ContainsFunc(own, func(o other) bool {
			return o.starts < database.Millis(slot.End) && o.ends > database.Millis(slot.Start)
		})
	}
	next := 0 // of others, the first that ends after the slot begins
	for _, slot := range slots {
		for next < len(others) && others[next].ends <= database.Millis(slot.Start) {
			next++
		}
		if next < len(others) && others[next].starts < database.Millis(slot.End) {
			refused = append(refused, Refused{slot, words.hers(others[next])})
		}
	}
	return refused, twins, nil
}

// other is what stands in the way of a slot.
type other struct {
	starts, ends int64
	own          bool  // an object of the same holder and UID
	until        int64 // it is kept for who waited before this; 0: it is booked
}

func apart(all []other) (own, others []other) {
	for _, one := range all {
		if one.own {
			own = append(own, one)
		} else {
			others = append(others, one)
		}
	}
	return own, others
}

// markTwins marks what may overlap: all that the objects of one holder and UID have of a resource.
func (s *Store) markTwins(ctx context.Context, tx *database.Tx, claim Claim, resource ResourceID) error {
	return tx.Write(ctx, `UPDATE bookings SET twin = TRUE WHERE collectivity = $1 AND resource = $2 AND holder = $3 AND uid = $4 AND NOT twin`,
		string(claim.Collectivity), string(resource), string(claim.Holder), claim.UID)
}

// rewrite makes what an event has of a resource what it has now. What waits for somebody to accept it is pending,
// but for the dates of a series that was accepted, which come near as time passes.
func (s *Store) rewrite(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, had, kept []booked, slots []Slot, waits bool) (has []booked, err error) {
	gone := slices.DeleteFunc(slices.Clone(had), func(b booked) bool { return slices.Contains(kept, b) })
	if err := s.drop(ctx, tx, claim, gone); err != nil {
		return nil, err
	}
	if len(kept) > 0 {
		err := tx.Write(ctx, `UPDATE bookings SET holder = $4 WHERE collectivity = $1 AND event = $2 AND resource = $3 AND holder <> $4`,
			string(claim.Collectivity), claim.Event, string(wish.Resource), string(claim.Holder))
		if err != nil {
			return nil, err
		}
	}
	has = slices.Clone(kept)
	if !waits && slices.ContainsFunc(kept, func(b booked) bool { return b.pending }) {
		err := tx.Write(ctx, `UPDATE bookings SET pending = FALSE WHERE collectivity = $1 AND event = $2 AND resource = $3 AND pending`,
			string(claim.Collectivity), claim.Event, string(wish.Resource))
		if err != nil {
			return nil, err
		}
		for i := range has {
			has[i].pending = false
		}
	}
	accepted := slices.IndexFunc(kept, func(b booked) bool { return b.goesOn && !b.pending })
	for _, slot := range slots {
		b := booked{resource: wish.Resource, recurrence: database.Millis(slot.Recurrence), starts: database.Millis(slot.Start), ends: database.Millis(slot.End)}
		b.pending = waits && (accepted < 0 || len(gone) > 0 || b.starts < kept[accepted].starts)
		if err := s.insert(ctx, tx, claim, b); err != nil {
			return nil, err
		}
		has = append(has, b)
	}
	if err := s.served(ctx, tx, claim, wish.Resource, slots); err != nil {
		return nil, err
	}
	return has, s.markLast(ctx, tx, claim, wish, kept, has)
}

// markLast marks how far a series is booked.
func (s *Store) markLast(ctx context.Context, tx *database.Tx, claim Claim, wish Wish, kept, has []booked) error {
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
		INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on, pending)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, $9)
		ON CONFLICT (collectivity, resource, event, recurrence, starts) DO UPDATE SET ends = excluded.ends, pending = excluded.pending`,
		string(claim.Collectivity), string(b.resource), claim.Event, b.recurrence, b.starts, b.ends, string(claim.Holder), claim.UID, b.pending)
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
	waiting, lapsed                             string
}

func (s *Store) wordsFor(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (*words, error) {
	var language, zone string
	err := from.QueryRow(ctx, `SELECT language, zone FROM collectivities WHERE id = $1`, string(collectivity)).Scan(&language, &zone)
	if err != nil {
		return nil, err
	}
	w := &words{zone: zoneOf(zone)}
	w.speak(s.catalogue.Printer(i18n.Language(language)))
	w.now = s.now().In(w.zone)
	return w, nil
}

// speak has them be of a language.
func (w *words) speak(p *i18n.Printer) {
	w.printer = p
	w.withdrawn, w.barred = p.T("booking.refused.withdrawn"), p.T("booking.refused.barred")
	w.tooMany, w.idle, w.givenBack = p.T("booking.refused.many"), p.T("booking.refused.idle"), p.T("booking.refused.given-back")
	w.waiting, w.lapsed = p.T("booking.waiting"), p.T("booking.refused.lapsed")
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

// hers tells when somebody has a resource, or until when it is kept for her.
func (w *words) hers(o other) string {
	if o.until == 0 {
		return w.takenFrom(booked{starts: o.starts, ends: o.ends})
	}
	until := time.UnixMilli(o.until).In(w.zone)
	return w.printer.T("booking.refused.offered", "day", w.printer.Date(until, w.now), "until", w.printer.Clock(until))
}

// refusedFor tells why somebody refused a booking.
func (w *words) refusedFor(reason string) string {
	if reason == "" {
		return w.printer.T("booking.refused.by-her")
	}
	return w.printer.T("booking.refused.by-her.reason", "reason", reason)
}

// ofAll tells why a whole event is refused, by the first of what is.
func (w *words) ofAll(most string, refused []Refused, dates int) string {
	if dates == 1 || refused[0].Why == w.barred {
		return refused[0].Why
	}
	return w.printer.N(most, len(refused), "dates", dates, "first", refused[0].Why)
}
